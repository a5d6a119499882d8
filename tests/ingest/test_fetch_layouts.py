"""What each service's index, listing or answer comes to: no network here."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpora
from ingest.errors import FetchError
from ingest.fetch.layouts import LAYOUTS, dailymed, openfda, pmc, pubmed, trials
from ingest.fetch.layouts.listing import rows
from ingest.fetch.plan import Item, Plan, Service, Wanted, expected, services
from tests.ingest.fetching import service

DAY = "2026-11-21"
BASE = "https://ftp.example/folder/"


def answers(**told: object) -> Callable[[str, Mapping[str, str]], bytes]:
    """Answers by the last part of the URL's path; what is asked besides is an error."""

    def ask(url: str, _parameters: Mapping[str, str]) -> bytes:
        value = told[urlsplit(url).path.rstrip("/").rpartition("/")[2].partition(".")[0] or "bucket"]
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    return ask


def plan(command: str, wanted: Wanted, **told: object) -> Plan:
    return LAYOUTS[service(command).layout](service(command), wanted, answers(**told), DAY)


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_every_description_can_be_fetched_and_paced() -> None:
    found = services(corpora.sources())
    assert set(found) == {"openfda", "dailymed", "pubmed", "pmc", "trials"}
    for one in found.values():
        assert one.layout in LAYOUTS
        assert 0 < one.rate <= 1
        places = [value for value in (*one.bulk.values(), *one.api.values()) if "://" in value]
        assert places
        assert {urlsplit(url).hostname for url in places} <= set(one.rates)
        assert all(url.startswith("https://") for url in places)
        assert all(way in one.advice for way in {"drugs", "query", "since"} - set(one.selects))


@pytest.mark.parametrize("drug", ['a"b', "a\\b", "a\nb", "a[b", " ", "{x}"])
def test_a_drug_that_would_change_the_query_is_refused(drug: str) -> None:
    with pytest.raises(FetchError, match="cannot be a drug's name"):
        service("openfda").check(Wanted(drugs=(drug,)))


def test_what_a_source_cannot_select_is_said_with_what_to_do() -> None:
    with pytest.raises(FetchError, match=r"dailymed cannot select by --query: .*openfda takes a --query"):
        service("dailymed").check(Wanted(query="colchicine"))


def test_a_selection_has_one_name_whatever_the_order() -> None:
    one, other = Wanted(("b", "a"), "q"), Wanted(("a", "b"), "q")
    assert one.key == other.key != Wanted(("a",), "q").key
    assert Wanted().key == ""


def index(*partitions: dict[str, object], total: int | None = None) -> dict[str, object]:
    told = sum(int(str(one.get("records", 0))) for one in partitions) if total is None else total
    label = {"export_date": "2026-11-20", "total_records": told, "partitions": list(partitions)}
    return {"meta": {}, "results": {"drug": {"label": label}}}


PART = {
    "file": "https://download.open.fda.gov/drug/label/drug-label-0001-of-0001.json.zip",
    "size_mb": "120.25",
    "records": 20000,
}


def test_openfda_partitions_have_size_and_records() -> None:
    found = plan("openfda", Wanted(), download=index(PART))
    (item,) = found.items
    assert (item.name, item.url, item.records) == ("drug-label-0001-of-0001.json.zip", PART["file"], 20000)
    assert item.size
    for actual in (120.25 * 2**20, 120.25e6):  # whichever MB is meant
        assert item.size[0] <= actual <= item.size[1]
    other = plan("openfda", Wanted(), download=index({**PART, "size_mb": "120.26"}))
    assert other.items[0].stamp != item.stamp


@pytest.mark.parametrize(
    "told",
    [
        index(PART, total=1),
        index(),
        index({**PART, "records": "many"}, total=0),
        index({**PART, "file": "https://download.open.fda.gov/..."}),
        index({"file": "x"}),
        {"results": {}},
        b"<html>",
        b"[]",
    ],
)
def test_an_index_that_is_wrong_is_refused(told: object) -> None:
    with pytest.raises(FetchError):
        plan("openfda", Wanted(), download=told)


def test_openfda_searches_for_drugs_query_and_day() -> None:
    wanted = Wanted(("colchicine", "St. John's wort"), "_exists_:boxed_warning", date(2024, 5, 1))
    pages = plan("openfda", wanted).pages
    assert pages
    (search,) = query(pages.first)["search"]
    assert search.startswith('(_exists_:boxed_warning) AND ((openfda.generic_name:"colchicine" OR ')
    assert '"St. John\'s wort")) AND effective_time:[20240501 TO 99991231]' in search
    assert query(pages.first)["limit"] == ["1000"]


def test_openfda_pages_follow_the_link_but_to_no_other_host() -> None:
    body = json.dumps({"meta": {"results": {"total": 3}}, "results": [{}, {}]}).encode()
    link = {"link": '<https://evil.example/x?search=a&search_after=0%3Dz>; rel="next"'}
    pages = openfda.search(service("openfda"), Wanted(("a",)))
    page = pages.read(body, link, pages.first)
    assert (page.records, page.total) == (2, 3)
    assert page.following == "https://api.fda.gov/drug/label.json?search=a&search_after=0%3Dz"
    assert pages.read(body, {}, pages.first).following == ""


def listed(*names: str) -> list[Item]:
    return [Item(f"https://d.example/{name}", name, "m", md5="m") for name in names]


def test_dailymed_updates_cover_the_days_with_the_fewest_bytes() -> None:
    releases = listed(
        *(f"dm_spl_daily_update_{day}.zip" for day in ("11162026", "11172026", "11182026", "11192026", "11202026")),
        "dm_spl_weekly_update_111626_112026.zip",
        "dm_spl_weekly_update_110926_111326.zip",
        "dm_spl_weekly_update_110226_110626.zip",
        "dm_spl_monthly_update_oct2026.zip",
        "dm_spl_release_human_rx_part1.zip",
    )

    def taken(since: date) -> list[str]:
        return [item.name.removeprefix("dm_spl_")[:-4] for item in dailymed.updates(releases, since, BASE)]

    assert taken(date(2026, 11, 19)) == ["daily_update_11192026", "daily_update_11202026"]
    assert taken(date(2026, 11, 13)) == [
        "weekly_update_110926_111326",
        *(f"daily_update_111{n}2026" for n in "6789"),
        "daily_update_11202026",
    ]
    assert taken(date(2026, 10, 30))[0] == "monthly_update_oct2026"
    assert taken(date(2026, 10, 31))[0] == "weekly_update_110226_110626"  # a Saturday
    with pytest.raises(FetchError, match="reach back to 2026-10-01, not to 2026-09-30: fetch the full release"):
        taken(date(2026, 9, 30))


@pytest.mark.parametrize("name", ["dm_spl_daily_update_99992026.zip", "dm_spl_monthly_update_xyz2026.zip"])
def test_dailymed_update_without_a_date_is_refused(name: str) -> None:
    with pytest.raises(FetchError, match="no date in the name"):
        list(dailymed.updates(listed(name), date(2026, 1, 1), BASE))


def test_dailymed_page_gives_each_zip_its_own_md5() -> None:
    page = (
        b'<li><a href="/files/dm_spl_release_human_rx_part1.zip">HTTPS</a> <a href="ftp://x/dm_spl_release_human_rx_part1.zip">'
        b"</a><li>MD5 checksum: " + b"A" * 32 + b'</li><a href="https://d.example/dm_spl_release_animal.zip">x</a>'
        b"<b>MD5 Checksum:</b> <i>" + b"b" * 32 + b"</i>"
    )
    found = dailymed.releases(page, "https://d.example/page.cfm")
    assert [(item.name, item.md5, item.url) for item in found] == [
        ("dm_spl_release_human_rx_part1.zip", "a" * 32, "https://d.example/files/dm_spl_release_human_rx_part1.zip"),
        ("dm_spl_release_animal.zip", "b" * 32, "https://d.example/dm_spl_release_animal.zip"),
    ]


@pytest.mark.parametrize("page", [b"", b'<a href="/dm_spl_release_human_rx_part1.zip">x</a>'])
def test_dailymed_page_without_files_or_checksums_is_refused(page: bytes) -> None:
    with pytest.raises(FetchError, match="layout may have changed"):
        dailymed.releases(page, BASE)


def test_dailymed_page_without_the_full_release_is_refused() -> None:
    page = b'<a href="/dm_spl_release_animal.zip">x</a> MD5: ' + b"0" * 32
    told = {"spl-resources-all-drug-labels": page}
    with pytest.raises(FetchError, match="no file like dm_spl_release_human_rx"):
        LAYOUTS["dailymed"](service("dailymed"), Wanted(), answers(**told), DAY)


def setid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def found_labels(*labels: tuple[int, str]) -> dict[str, object]:
    data = [{"setid": setid(number), "spl_version": 3, "published_date": day} for number, day in labels]
    return {"data": data, "metadata": {"total_pages": 1, "total_elements": len(data)}}


def test_dailymed_labels_of_drugs_come_once_and_since_a_day() -> None:
    told = found_labels((1, "Mar 05, 2024"), (2, "Dec 31, 2019"), (1, "Mar 05, 2024"))
    names = [item.name for item in plan("dailymed", Wanted(("a", "b")), spls=told).items]
    assert names == [f"labels/{setid(1)}.xml", f"labels/{setid(2)}.xml"]
    (item,) = plan("dailymed", Wanted(("a",), since=date(2024, 3, 5)), spls=told).items
    assert item.url.endswith(f"/v2/spls/{setid(1)}.xml")
    assert item.stamp == "3 Mar 05, 2024"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (found_labels(), "no label of 'a'"),
        ({"data": [{"setid": "../../x"}], "metadata": {"total_pages": 1}}, "no set id"),
        (found_labels((1, "Foo 40, 2024")), "no date"),
        ({"data": []}, "metadata"),
    ],
)
def test_dailymed_answers_that_are_wrong_are_refused(told: object, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        plan("dailymed", Wanted(("a",), since=date(2020, 1, 1)), spls=told)


APACHE = b"""<html><pre>Name  Last modified  Size<hr><a href="?C=N;O=D">Name</a>
<a href="/pubmed/">Parent Directory</a>   -
<a href="pubmed26n0010.xml.gz">pubmed26n0010.xml.gz</a>   2026-01-30 14:48   19M
<a href="pubmed26n0010.xml.gz.md5">pubmed26n0010.xml.gz.md5</a>   2026-01-30 14:48   64
<a href="pubmed26n0009.xml.gz">pubmed26n0009.xml.gz</a>   2026-01-29 14:48   18M
<a href="pubmed26n10000.xml.gz">x</a>   2026-01-31 14:48   18M
<a href="README.txt">README.txt</a>  2026-01-29 1K</pre>"""
TABLE = b"""<table><tr><td><a href="pubmed26n0009.xml.gz">pubmed26n0009.xml.gz</a></td><td>2026-01-29 14:48  </td>
<td>18M</td></tr><tr><td><a href='x'>x</a></td></tr></table>"""


def test_a_listing_is_read_in_the_order_of_the_numbers() -> None:
    found = rows(APACHE, BASE, r"pubmed\d\dn\d{4,5}\.xml\.gz")
    assert [row.name for row in found] == ["pubmed26n0009.xml.gz", "pubmed26n0010.xml.gz", "pubmed26n10000.xml.gz"]
    assert found[0].day == date(2026, 1, 29)
    assert found[0].told == "2026-01-29 14:48 18M"
    assert found[0].url == f"{BASE}pubmed26n0009.xml.gz"
    assert rows(TABLE, BASE, r"pubmed\d\dn\d{4}\.xml\.gz")[0].day == date(2026, 1, 29)
    with pytest.raises(FetchError, match="the listing names no file"):
        rows(b"<html>moved</html>", BASE, r"pubmed\d\dn\d{4}\.xml\.gz")


@given(st.binary(max_size=300), st.sampled_from([b"", b'<a href="', b'<a href="x.zip">', b"<pre>"]))
def test_no_listing_makes_a_reader_fail_otherwise(page: bytes, front: bytes) -> None:
    for read in (lambda data: rows(data, BASE, r".+"), lambda data: dailymed.releases(data, BASE)):
        with suppress(FetchError):
            read(front + page)


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(
        ["results", "drug", "label", "partitions", "export_date", "total_records", "meta", "total", "data", "metadata",
         "total_pages", "setid", "studies", "nextPageToken", "totalCount", "esearchresult", "count", "idlist",
         "errorlist", "phrasesnotfound", "file", "size_mb", "records"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.parametrize("command", ["openfda", "dailymed", "pubmed", "pmc", "trials"])
@given(value=ANSWERS, wanted=st.sampled_from([Wanted(), Wanted(("a",)), Wanted(query="a")]))
def test_no_answer_makes_a_reader_fail_otherwise(command: str, value: object, wanted: Wanted) -> None:
    told = json.dumps(value).encode()
    with suppress(FetchError), expected("an answer", BASE):
        made = LAYOUTS[service(command).layout](service(command), wanted, lambda _url, _parameters: told, DAY)
        if made.pages:
            page = made.pages.read(told, {}, made.pages.first)
            assert page.total is None or page.total >= 0


@pytest.mark.parametrize(
    "page",
    [b'<a href="x">' * 100_000, b'<a href="' * 100_000, b'<a ' + b" " * 1_000_000, b"MD5 " + b" " * 1_000_000,
     b"MD5<b>" + b"<i> " * 300_000, b'href="' * 200_000, b"<a href='x'>" + b"<" * 1_000_000],
)  # fmt: skip
def test_no_page_keeps_its_reader_busy(page: bytes) -> None:
    started = time.monotonic()
    for read in (lambda data: rows(data, BASE, r".+"), lambda data: dailymed.releases(data, BASE)):
        with suppress(FetchError):
            read(page)
    with suppress(FetchError):
        openfda.search(service("openfda"), Wanted(("a",))).read(b"{}", {"link": page.decode()}, BASE)
    assert time.monotonic() - started < 10


def test_pubmed_takes_the_baseline_and_then_the_updates() -> None:
    updates = APACHE.replace(b"n00", b"n13").replace(b"n10000", b"n1311").replace(b"2026-01", b"2026-05")
    found = plan("pubmed", Wanted(), baseline=APACHE, updatefiles=updates)
    names = [item.name for item in found.items]
    assert names[0] == "baseline/pubmed26n0009.xml.gz"
    assert names[3:] == [f"updatefiles/pubmed26n13{n}.xml.gz" for n in ("09", "10", "11")]
    assert names == [name for name, _ in sorted((name, 0) for name in names[:2])] + names[2:]
    assert all(item.beside == f"{item.url}.md5" for item in found.items)
    since = plan("pubmed", Wanted(since=date(2026, 1, 30)), baseline=APACHE, updatefiles=updates)
    assert len(since.items) == 5
    none = plan("pubmed", Wanted(since=date(2027, 1, 1)), baseline=APACHE, updatefiles=updates)
    assert not none.items
    assert none.notes


def test_pubmed_md5_files_speak_of_their_own_file() -> None:
    item = Item("u", "baseline/pubmed26n0001.xml.gz", beside="u.md5")
    digest = "0123456789abcdef" * 2
    for told in (f"MD5(pubmed26n0001.xml.gz)= {digest}\n", f"MD5 (pubmed26n0001.xml.gz) = {digest.upper()}", digest):
        assert pubmed.with_checksum(item, told.encode()).md5 == digest
    for told in (f"MD5(pubmed26n0002.xml.gz)= {digest}", "deadbeef", "", "<html>"):
        with pytest.raises(FetchError, match="no MD5 of pubmed26n0001"):
            pubmed.with_checksum(item, told.encode())


def searched(count: int, ids: list[str], **more: object) -> dict[str, object]:
    return {"esearchresult": {"count": str(count), "idlist": ids, **more}}


def test_pubmed_records_of_a_query_come_in_pages_of_known_size() -> None:
    ids = [str(number) for number in range(450, 0, -1)]
    wanted = Wanted(query="testol", drugs=("a",), since=date(2026, 1, 2))
    asked: list[Mapping[str, str]] = []

    def ask(_url: str, parameters: Mapping[str, str]) -> bytes:
        asked.append(parameters)
        return json.dumps(searched(450, ids)).encode()

    found = pubmed.plan(service("pubmed"), wanted, ask, DAY)
    assert [item.records for item in found.items] == [200, 200, 50]
    assert query(found.items[0].url)["id"][0].startswith("1,2,3,")
    assert found.items[2].name == f"{wanted.key}/page-0003.xml"
    assert len(found.items[0].url) < 4000
    (parameters,) = asked
    assert parameters["term"] == '(testol) AND (("a"[MeSH Terms] OR "a"[Title/Abstract]))'
    assert (parameters["datetype"], parameters["mindate"], parameters["maxdate"]) == ("mdat", "2026/01/02", "3000")
    assert pubmed.plan(service("pubmed"), wanted, ask, "2026-11-22").items[0].stamp != found.items[0].stamp


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (searched(0, []), "finds nothing"),
        (searched(10_000, []), "10000 records found, 9999 are given out"),
        (searched(3, ["1", "2"]), "2 ids came, 3 were told of"),
        (searched(1, ["1;x"]), "ids came"),
        (searched(0, [], ERROR="bad"), "does not understand the query .bad"),
        (searched(0, [], errorlist={"phrasesnotfound": ["testoll"]}), "does not know 'testoll'"),
        ({"error": "API rate limit exceeded"}, "no esearchresult"),
    ],
)
def test_pubmed_searches_that_come_to_nothing_say_why(told: object, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        plan("pubmed", Wanted(query="x"), esearch=told)


def test_pmc_packages_have_their_lists() -> None:
    page = b"""<pre><a href="oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.tar.gz">x</a> 2026-06-18 10:00 43M
<a href="oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.filelist.csv">x</a> 2026-06-18 10:00 400K
<a href="oa_comm_xml.incr.2026-07-02.tar.gz">x</a> 2026-07-02 10:00 3M</pre>"""
    found = plan("pmc", Wanted(), xml=page)
    assert [item.name for item in found.items] == [
        "oa_comm_xml.incr.2026-07-02.tar.gz",
        "oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.tar.gz",
    ]
    assert found.items[1].beside.endswith("/oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.filelist.csv")
    (item,) = plan("pmc", Wanted(since=date(2026, 7, 1)), xml=page).items
    told = b'\xef\xbb\xbfArticle File,Article Citation\nPMC1/1.xml,"J. 1, 2\nand more"\nPMC1/2.xml,J\n\n'
    assert pmc.with_number(item, told).records == 2
    for wrong in (b"", b"<html>", b"Name,Size\n"):
        with pytest.raises(FetchError, match="no list of articles"):
            pmc.with_number(item, wrong)


def bucket(*keys: tuple[str, str]) -> bytes:
    entries = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{tag}&quot;</ETag>"
        "<Size>1234</Size></Contents>"
        for key, tag in keys
    )
    return f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{entries}</ListBucketResult>'.encode()


def test_pmc_articles_of_a_query_come_in_their_newest_version() -> None:
    md5 = "0123456789abcdef" * 2
    listing = bucket(
        ("PMC7.9/PMC7.9.xml", "old"), ("PMC7.10/PMC7.10.xml", md5), ("PMC7.10/PMC7.10.pdf", "p"),
        ("PMC7.10/x.xml", "x"),
        ("PMC77.11/PMC77.11.xml", "other"),
    )  # fmt: skip
    wanted = Wanted(query="x")
    found = plan("pmc", wanted, esearch=searched(1, ["7"]), bucket=listing)
    (item,) = found.items
    assert item.name == f"{wanted.key}/PMC7.10.xml"
    assert (item.md5, item.size) == (md5, (1234, 1234))
    assert item.url == "https://pmc-oa-opendata.s3.amazonaws.com/PMC7.10/PMC7.10.xml"
    parts = pmc.newest(bucket(("PMC7.1/PMC7.1.xml", f"{md5}-4")), "PMC7", BASE)
    assert parts
    assert parts.md5 == ""
    none = plan("pmc", wanted, esearch=searched(1, ["7"]), bucket=bucket())
    assert not none.items
    assert "1 of 1 articles found are not in the cloud service" in none.notes
    with pytest.raises(FetchError, match="no XML"):
        plan("pmc", wanted, esearch=searched(1, ["7"]), bucket=b"no")


def test_a_bucket_cannot_make_the_reader_open_files() -> None:
    hostile = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x><Contents><Key>&a;</Key></Contents></x>'
    assert pmc.newest(hostile, "PMC7", BASE) is None


def test_pmc_says_what_to_do_when_its_packages_are_gone() -> None:
    def gone(url: str, _parameters: Mapping[str, str]) -> bytes:
        raise FetchError("no such file", url=url, status=404)

    with pytest.raises(FetchError, match="select articles with --query or --drugs"):
        pmc.plan(service("pmc"), Wanted(), gone, DAY)


def test_trials_are_asked_for_and_paged_by_token() -> None:
    pages = plan("trials", Wanted(("a", "b"), "gout", date(2026, 1, 2))).pages
    assert pages
    asked = query(pages.first)
    assert asked["query.term"] == ["gout"]
    assert asked["query.intr"] == ['"a" OR "b"']
    assert asked["filter.advanced"] == ["AREA[LastUpdatePostDate]RANGE[2026-01-02,MAX]"]
    body = json.dumps({"totalCount": 5, "studies": [{}, {}], "nextPageToken": "a b&c"}).encode()
    page = pages.read(body, {}, pages.first)
    assert (page.records, page.total) == (2, 5)
    assert query(page.following) == {**asked, "pageToken": ["a b&c"]}
    third = pages.read(body.replace(b"a b&c", b"d"), {}, page.following)
    assert query(third.following)["pageToken"] == ["d"]
    everything = plan("trials", Wanted()).pages
    assert everything
    assert everything.folder == "all"
    for wrong in (b"{}", b'{"studies": 1}', b'{"studies": [], "nextPageToken": 3}', b"x"):
        with pytest.raises(FetchError):
            pages.read(wrong, {}, pages.first)


def test_nothing_is_asked_where_the_answer_comes_in_pages() -> None:
    def nobody(url: str, _parameters: Mapping[str, str]) -> bytes:
        raise AssertionError(url)

    one: Service = service("trials")
    assert trials.plan(one, Wanted(), nobody, DAY).pages
