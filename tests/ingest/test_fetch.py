"""`citerx fetch` over the layouts of all services, from a server on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from api.cli import app
from ingest.errors import FetchError, FetchStoppedError
from ingest.fetch.ledger import JOURNAL, NAME, opened
from ingest.fetch.plan import Item, Wanted
from ingest.fetch.run import InterruptedFetchError, Progress, fetch
from ingest.pipeline import ingest
from ingest.store import Store
from tests.ingest.fetching import (
    QUICK,
    SERVICES,
    World,
    filelist,
    label,
    openfda_partition,
    package,
    pubmed_set,
    release,
    run,
    serve_dailymed,
    serve_folder,
    serve_openfda,
    serve_pubmed,
    spl,
    zipped,
)
from tests.ingest.mirror import Handler, Mirror, cut, drip, instead, refuse, serving


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        yield mirror


def documents(folder: str) -> int:
    """How many documents `citerx ingest` makes of a folder; its report may name nothing that was not ingested."""
    store = Store.open("sqlite:///:memory:")
    try:
        report = ingest(store, [folder])
        assert not [line for line in report.lines if line.reason not in {"hidden", "an image or other media"}]
        return sum(store.counts().documents.values())
    finally:
        store.close()


def partitions() -> dict[str, tuple[bytes, int]]:
    return {
        "drug-label-0001-of-0002.json.zip": (openfda_partition(range(1, 13)), 12),
        "drug-label-0002-of-0002.json.zip": (openfda_partition(range(13, 20)), 7),
    }


def test_openfda_comes_in_partitions_and_is_ingested(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    told: list[Progress] = []
    report = fetch(SERVICES["openfda"], Wanted(), tmp_path, told.append, base=mirror.base, outside=World().outside())
    assert report.fetched == sorted(partitions())
    assert report.folder == str(tmp_path / "openfda")
    assert documents(report.folder) == 19
    assert told[-1].files == 2
    assert told[-1].position == told[-1].size
    again = run(mirror, "openfda", tmp_path)
    assert (again.fetched, again.kept) == ([], sorted(partitions()))
    assert mirror.paths().count("/download.json") == 2
    assert len(mirror.paths()) == 4


def test_openfda_is_fetched_anew_when_the_index_is_new(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    run(mirror, "openfda", tmp_path)
    newer = {"drug-label-0001-of-0001.json.zip": (openfda_partition(range(1, 31)), 30)}
    serve_openfda(mirror, newer, exported="2026-11-27")
    report = run(mirror, "openfda", tmp_path)
    assert report.fetched == list(newer)
    assert any("2 files of earlier fetches are not among those of today" in note for note in report.notes)


def test_an_index_that_names_a_missing_file_costs_that_file(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    del mirror.files["/drug/label/drug-label-0001-of-0002.json.zip"]
    report = run(mirror, "openfda", tmp_path)
    assert report.fetched == ["drug-label-0002-of-0002.json.zip"]
    assert list(report.failed) == ["drug-label-0001-of-0002.json.zip"]
    assert "its index is ahead of its files (HTTP status 404)" in report.failed["drug-label-0001-of-0002.json.zip"]
    ledger = json.loads((tmp_path / "openfda" / NAME).read_text())
    assert list(ledger["files"]) == report.fetched
    assert ledger["complete"] == {}
    mirror.files["/drug/label/drug-label-0001-of-0002.json.zip"] = partitions()["drug-label-0001-of-0002.json.zip"][0]
    assert run(mirror, "openfda", tmp_path).fetched == ["drug-label-0001-of-0002.json.zip"]
    assert list(json.loads((tmp_path / "openfda" / NAME).read_text())["complete"]) == ["all"]


def test_openfda_records_that_do_not_add_up_are_refused(mirror: Mirror, tmp_path: Path) -> None:
    content = openfda_partition(range(1, 13))
    serve_openfda(mirror, {"drug-label-0001-of-0001.json.zip": (content, 13)})
    report = run(mirror, "openfda", tmp_path)
    assert "12 records came, the source tells of 13" in report.failed["drug-label-0001-of-0001.json.zip"]
    assert not (tmp_path / "openfda/drug-label-0001-of-0001.json.zip").exists()


def paged_openfda(numbers: range, page: int) -> dict[str, bytes]:
    """What one request after another gets, by `search_after`."""
    pages = [list(numbers)[start : start + page] for start in range(0, len(numbers), page)]
    total = len(numbers)
    return {
        str(at): json.dumps(
            {"meta": {"results": {"total": total}}, "results": [label(number) for number in some]}
        ).encode()
        for at, some in enumerate(pages)
    }


class Paged:
    """An interface that gives its pages one by one; ``after`` names the parameter that says where to go on."""

    def __init__(self, pages: dict[str, bytes], after: str) -> None:
        self.pages, self.after, self.asked = pages, after, list[str]()

    def __call__(self, handler: Handler, _body: bytes) -> None:
        parameters = parse_qs(urlsplit(handler.path).query)
        at = parameters.get(self.after, ["0"])[-1]
        self.asked.append(at)
        headers = {}
        if str(int(at) + 1) in self.pages:
            link = f"https://api.fda.gov{handler.path}&{self.after}={int(at) + 1}"
            headers["Link"] = f'<{link}>; rel="Next"'
        handler.answer(200, self.pages[at], headers)


def test_openfda_selection_is_paged_to_its_end(mirror: Mirror, tmp_path: Path) -> None:
    paged = Paged(paged_openfda(range(1, 26), 10), "search_after")
    mirror.mishaps["/drug/label.json"] = [refuse(429, Retry_After="1"), *[paged] * 3]
    wanted = Wanted(drugs=("testol",))
    report = run(mirror, "openfda", tmp_path, wanted)
    assert [Path(name).name for name in report.fetched] == ["page-0001.json", "page-0002.json", "page-0003.json"]
    assert report.folder == str(tmp_path / "openfda" / wanted.key)
    assert "25 records" in report.notes
    assert documents(report.folder) == 25


def test_openfda_pages_that_are_missing_are_noticed(mirror: Mirror, tmp_path: Path) -> None:
    pages = paged_openfda(range(1, 26), 10)
    del pages["2"]
    mirror.mishaps["/drug/label.json"] = [Paged(pages, "search_after")] * 2
    with pytest.raises(FetchError, match="20 records came of 25 that the service told of"):
        run(mirror, "openfda", tmp_path, Wanted(drugs=("testol",)))


def test_an_interface_that_finds_nothing_says_so_with_404(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="finds nothing for this selection"):
        run(mirror, "openfda", tmp_path, Wanted(drugs=("testol",)))


def studies(at: int, last: int) -> bytes:
    """A page of the registry: three studies, the number of all, and the token of the next page."""
    found = [
        {
            "protocolSection": {
                "identificationModule": {"nctId": f"NCT{3 * at + number:08}", "briefTitle": f"Testol {number}"},
                "descriptionModule": {"briefSummary": "The tests made this study up."},
            }
        }
        for number in range(3)
    ]
    page: dict[str, object] = {"studies": found}
    if at == 0:
        page["totalCount"] = 3 * (last + 1)
    if at < last:
        page["nextPageToken"] = f"token-{at + 1}"
    return json.dumps(page).encode()


class Registry:
    def __init__(self, last: int, broken_at: int | None = None) -> None:
        self.last, self.broken_at, self.asked = last, broken_at, list[int]()

    def __call__(self, handler: Handler, _body: bytes) -> None:
        token = parse_qs(urlsplit(handler.path).query).get("pageToken", ["token-0"])[0]
        at = int(token.removeprefix("token-"))
        self.asked.append(at)
        if at == self.broken_at:
            handler.answer(403, b"no more today")
        else:
            handler.answer(200, studies(at, self.last))


def test_trials_are_paged_by_token_and_gone_on_with_on_the_same_day(mirror: Mirror, tmp_path: Path) -> None:
    path = "/api/v2/studies"
    first = Registry(4, broken_at=3)
    mirror.mishaps[path] = [first] * 4
    wanted = Wanted(query="gout", since=date(2026, 1, 1))
    with pytest.raises(FetchError, match="403"):
        run(mirror, "trials", tmp_path, wanted)
    assert first.asked == [0, 1, 2, 3]
    second = Registry(4)
    mirror.mishaps[path] = [second] * 2
    report = run(mirror, "trials", tmp_path, wanted)
    assert second.asked == [3, 4]
    assert (len(report.kept), len(report.fetched)) == (3, 2)
    assert "15 records" in report.notes
    third = Registry(1)
    mirror.mishaps[path] = [third] * 2
    report = run(mirror, "trials", tmp_path, wanted)  # a new question
    assert third.asked == [0, 1]
    assert report.kept == []
    assert documents(report.folder) == 15  # the older pages are there still
    assert any("3 files of earlier fetches" in note for note in run_all_notes(mirror, tmp_path))


def run_all_notes(mirror: Mirror, to: Path) -> list[str]:
    """The notes of a run over a selection without a day, whose older pages are more than those of today."""
    wanted = Wanted(query="gout")
    mirror.mishaps["/api/v2/studies"] = [Registry(4)] * 5
    run(mirror, "trials", to, wanted)
    mirror.mishaps["/api/v2/studies"] = [Registry(1)] * 2
    return run(mirror, "trials", to, wanted).notes


def test_a_token_that_is_not_taken_any_more_starts_anew(mirror: Mirror, tmp_path: Path) -> None:
    path = "/api/v2/studies"
    mirror.mishaps[path] = [Registry(2, broken_at=1)] * 2
    with pytest.raises(FetchError):
        run(mirror, "trials", tmp_path, Wanted(query="gout"))
    mirror.mishaps[path] = [refuse(400)]
    with pytest.raises(FetchError):
        run(mirror, "trials", tmp_path, Wanted(query="gout"))
    registry = Registry(2)
    mirror.mishaps[path] = [registry] * 3
    assert "9 records" in run(mirror, "trials", tmp_path, Wanted(query="gout")).notes
    assert registry.asked == [0, 1, 2]


def test_a_registry_that_goes_in_a_circle_is_left(mirror: Mirror, tmp_path: Path) -> None:
    circle = json.dumps({"studies": [{}], "nextPageToken": "x"}).encode()
    mirror.mishaps["/api/v2/studies"] = [instead(circle)] * 50
    with pytest.raises(FetchError, match="the same next page twice"):
        run(mirror, "trials", tmp_path)
    assert len(mirror.asked) == 2


def releases() -> dict[str, bytes]:
    return {
        "dm_spl_release_human_rx_part1.zip": release(range(1, 4)),
        "dm_spl_release_human_rx_part2.zip": release(range(4, 6)),
        "dm_spl_release_animal.zip": release(range(6, 7)),
        "dm_spl_daily_update_11202026.zip": release(range(5, 8)),
    }


def test_dailymed_comes_in_zips_of_zips(mirror: Mirror, tmp_path: Path) -> None:
    serve_dailymed(mirror, releases())
    report = run(mirror, "dailymed", tmp_path)
    assert report.fetched == ["dm_spl_release_human_rx_part1.zip", "dm_spl_release_human_rx_part2.zip"]
    assert documents(report.folder) == 5
    report = run(mirror, "dailymed", tmp_path, Wanted(since=date(2026, 11, 20)))
    assert report.fetched == ["dm_spl_daily_update_11202026.zip"]
    newer = {**releases(), "dm_spl_release_human_rx_part1.zip": release(range(1, 3))}
    serve_dailymed(mirror, newer)
    report = run(mirror, "dailymed", tmp_path)
    assert (report.fetched, report.kept) == (
        ["dm_spl_release_human_rx_part1.zip"],
        ["dm_spl_release_human_rx_part2.zip"],
    )


def test_dailymed_labels_of_a_drug_come_one_by_one(mirror: Mirror, tmp_path: Path) -> None:
    setid = "00000000-0000-4000-8000-000000000001"
    data = [{"setid": setid, "spl_version": 1, "published_date": "Jan 02, 2020"}]
    answer = {"data": data, "metadata": {"total_pages": 1}}
    mirror.files["/dailymed/services/v2/spls.json"] = json.dumps(answer).encode()
    mirror.files[f"/dailymed/services/v2/spls/{setid}.xml"] = spl(1)
    report = run(mirror, "dailymed", tmp_path, Wanted(drugs=("testol",)))
    assert documents(report.folder) == 1
    assert run(mirror, "dailymed", tmp_path, Wanted(drugs=("testol",))).kept == [f"labels/{setid}.xml"]


def test_pubmed_comes_baseline_first_in_the_order_of_the_numbers(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror, baseline=3, updates=2)
    report = run(mirror, "pubmed", tmp_path)
    assert report.fetched == list(files)
    assert [path for path in mirror.paths() if path.endswith(".gz")] == [f"/pubmed/{name}" for name in files]
    for name, content in files.items():
        assert (tmp_path / "pubmed" / name).read_bytes() == content
    assert documents(report.folder) == 50
    mirror.asked.clear()
    assert run(mirror, "pubmed", tmp_path).kept == list(files)
    assert mirror.paths() == ["/pubmed/baseline/", "/pubmed/updatefiles/"]


def test_pubmed_files_that_somebody_else_fetched_are_checked_and_kept(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror, baseline=2, updates=1)
    for name in list(files)[:2]:
        path = tmp_path / "pubmed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name] if name.endswith("1.xml.gz") else b"\x1f\x8b damaged")
    report = run(mirror, "pubmed", tmp_path)
    assert (report.kept, len(report.fetched)) == ([next(iter(files))], 2)


def test_a_kept_file_that_was_harmed_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror)
    run(mirror, "pubmed", tmp_path)
    one, other, gone = (tmp_path / "pubmed" / name for name in files)
    one.write_bytes(one.read_bytes()[:-1] + b"?")
    os.utime(other)  # only its time
    gone.unlink()
    report = run(mirror, "pubmed", tmp_path)
    assert report.fetched == [name for name in files if name not in report.kept]
    assert report.kept == [list(files)[1]]
    assert one.read_bytes() == files[next(iter(files))]


def test_a_file_whose_time_alone_was_changed_is_kept(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    run(mirror, "openfda", tmp_path)
    for name in partitions():
        os.utime(tmp_path / "openfda" / name)
    assert run(mirror, "openfda", tmp_path).kept == sorted(partitions())


def test_pubmed_file_with_a_wrong_checksum_costs_itself_only(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror)
    mirror.files["/pubmed/baseline/pubmed26n0001.xml.gz.md5"] = f"MD5(pubmed26n0001.xml.gz)= {'0' * 32}".encode()
    report = run(mirror, "pubmed", tmp_path)
    assert report.fetched == list(files)[1:]
    assert "the source's list says 0000" in report.failed["baseline/pubmed26n0001.xml.gz"]
    assert not list((tmp_path / "pubmed/baseline").glob("*0001*"))


def test_pubmed_query_comes_as_records(mirror: Mirror, tmp_path: Path) -> None:
    ids = [str(number) for number in range(1, 251)]
    mirror.files["/entrez/eutils/esearch.fcgi"] = json.dumps(
        {"esearchresult": {"count": "250", "idlist": ids}}
    ).encode()

    def records(handler: Handler, _body: bytes) -> None:
        asked = [int(one) for one in parse_qs(urlsplit(handler.path).query)["id"][0].split(",")]
        handler.answer(200, pubmed_set(range(asked[0], asked[-1] + 1)))

    mirror.mishaps["/entrez/eutils/efetch.fcgi"] = [refuse(429), *[records] * 2]
    report = run(mirror, "pubmed", tmp_path, Wanted(query="testol"))
    assert len(report.fetched) == 2
    assert documents(report.folder) == 250
    assert run(mirror, "pubmed", tmp_path, Wanted(query="testol")).kept == report.fetched
    mirror.mishaps["/entrez/eutils/efetch.fcgi"] = [instead(pubmed_set(range(1, 200)))] * 4
    report = run(mirror, "pubmed", tmp_path, Wanted(query="testol other"))
    assert "199 records came, the source tells of 200" in next(iter(report.failed.values()))


def test_pmc_comes_in_packages_that_hold_what_their_list_names(mirror: Mirror, tmp_path: Path) -> None:
    articles = {f"PMC000xxxxxx/PMC{number}.xml": b"<article/>" for number in range(5)}
    files = {
        "oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.tar.gz": package(articles),
        "oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.filelist.csv": filelist(articles),
        "oa_comm_xml.incr.2026-07-02.tar.gz": package(articles),
        "oa_comm_xml.incr.2026-07-02.filelist.csv": filelist({**articles, "PMC000xxxxxx/PMC9.xml": b""}),
    }
    serve_folder(mirror, "/pub/pmc/oa_bulk/oa_comm/xml/", files)
    report = run(mirror, "pmc", tmp_path)
    assert report.fetched == ["oa_comm_xml.PMC000xxxxxx.baseline.2026-06-18.tar.gz"]
    assert "5 records came, the source tells of 6" in report.failed["oa_comm_xml.incr.2026-07-02.tar.gz"]


def test_pmc_query_takes_articles_from_the_cloud_service(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/entrez/eutils/esearch.fcgi"] = b'{"esearchresult": {"count": "1", "idlist": ["7"]}}'
    entry = "<Contents><Key>PMC7.2/PMC7.2.xml</Key><ETag>x</ETag><Size>10</Size></Contents>"
    mirror.files["/"] = f"<ListBucketResult xmlns='urn:s3'>{entry}</ListBucketResult>".encode()
    mirror.files["/PMC7.2/PMC7.2.xml"] = b"<article/>"
    wanted = Wanted(query="testol")
    assert run(mirror, "pmc", tmp_path, wanted).fetched == [f"{wanted.key}/PMC7.2.xml"]


def test_a_dry_run_lists_and_writes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror)
    report = run(mirror, "pubmed", tmp_path, dry_run=True)
    assert report.listed == {name: f"{mirror.base}/pubmed/{name}" for name in files}
    assert mirror.paths() == ["/pubmed/baseline/", "/pubmed/updatefiles/"]
    assert not list(tmp_path.iterdir())
    report = run(mirror, "trials", tmp_path, dry_run=True)
    assert "/api/v2/studies?" in next(iter(report.listed.values()))


def test_a_second_run_is_refused_while_the_first_goes_on(mirror: Mirror, tmp_path: Path) -> None:
    serve_pubmed(mirror)
    with opened(tmp_path / "pubmed"):
        with pytest.raises(FetchStoppedError, match="another fetch into this folder is running"):
            run(mirror, "pubmed", tmp_path)
        assert not mirror.asked
    assert len(run(mirror, "pubmed", tmp_path).fetched) == 3


def test_a_full_disk_ends_the_run_with_what_there_is(mirror: Mirror, tmp_path: Path) -> None:
    serve_dailymed(mirror, releases())
    world = World(room=len(releases()["dm_spl_release_human_rx_part2.zip"]) + 10)
    mirror.files["/public-release-files/dm_spl_release_human_rx_part1.zip"] += b"?" * 5000
    with pytest.raises(InterruptedFetchError, match=r"cannot be written .No space left on device.: free room"):
        run(mirror, "dailymed", tmp_path, world=world)
    assert not list((tmp_path / "dailymed").glob("*.zip"))
    serve_dailymed(mirror, releases())
    assert len(run(mirror, "dailymed", tmp_path).fetched) == 2


def test_a_service_that_is_away_is_not_asked_for_every_file(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror, baseline=20)
    for name in list(files)[1:]:
        del mirror.files[f"/pubmed/{name}"]
    with pytest.raises(InterruptedFetchError, match="5 files in a row could not be had") as caught:
        run(mirror, "pubmed", tmp_path)
    assert caught.value.report.fetched == [next(iter(files))]
    assert len(caught.value.report.failed) == 5


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"version": 1, "files": {"a": 1}, "pages": {}, "complete": {}}']
)
def test_a_ledger_that_is_none_is_named(mirror: Mirror, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "pubmed" / NAME).write_bytes(content)
    with pytest.raises(FetchStoppedError, match="not a list of fetched files"):
        run(mirror, "pubmed", tmp_path)


def test_a_ledger_of_a_later_version_is_left_alone(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "pubmed" / NAME).write_text('{"version": 2, "files": {}, "pages": {}, "complete": {}}')
    with pytest.raises(FetchStoppedError, match="of version 2"):
        run(mirror, "pubmed", tmp_path)


def test_what_a_cut_off_run_had_written_down_is_known_to_the_next(mirror: Mirror, tmp_path: Path) -> None:
    """A line for each file, not the whole list again; the list is written at the beginning and at the end."""
    files = serve_pubmed(mirror, baseline=9, updates=1)
    for name in list(files)[3:]:
        del mirror.files[f"/pubmed/{name}"]
    folder = tmp_path / "pubmed"
    with pytest.raises(InterruptedFetchError):
        run(mirror, "pubmed", tmp_path)
    lines = (folder / JOURNAL).read_bytes().splitlines()
    assert [json.loads(line)["file"] for line in lines] == list(files)[:3]
    assert not (folder / NAME).exists()
    with (folder / JOURNAL).open("ab") as journal:
        journal.write(lines[0][: len(lines[0]) // 2])  # killed while it wrote
    with opened(folder) as ledger:
        assert list(ledger.files) == list(files)[:3]
        assert all(ledger.holds(Item(held.url, name, held.stamp)) for name, held in ledger.files.items())
    assert not (folder / JOURNAL).exists()
    assert list(json.loads((folder / NAME).read_bytes())["files"]) == list(files)[:3]


def test_a_journal_that_is_none_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "pubmed" / JOURNAL).write_bytes(b"[]\n")
    with pytest.raises(FetchStoppedError, match=r"jsonl: not a list of fetched files"):
        run(mirror, "pubmed", tmp_path)


def test_a_page_may_be_no_longer_than_an_answer(mirror: Mirror, tmp_path: Path) -> None:
    """It is read into memory whole."""
    mirror.mishaps["/api/v2/studies"] = [Registry(0)]
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        run(mirror, "trials", tmp_path, limits=replace(QUICK, answer_bytes=100))


@pytest.mark.parametrize("status", [206, 416])
def test_a_part_of_a_listing_is_not_taken_for_the_listing(mirror: Mirror, tmp_path: Path, status: int) -> None:
    files = serve_pubmed(mirror, baseline=3)

    def part(handler: Handler, body: bytes) -> None:
        listing = body[: body.index(b"0002")] + b'0001.xml.gz">x</a>'
        handler.answer(status, listing, {"Content-Range": f"bytes 0-{len(listing) - 1}/{len(body)}"})

    mirror.mishaps["/pubmed/baseline/"] = [part]
    assert list(run(mirror, "pubmed", tmp_path, dry_run=True).listed) == list(files)
    mirror.mishaps["/pubmed/baseline/"] = [part] * 20
    with pytest.raises(FetchError, match=f"answers {status}, a part, though all was asked for"):
        run(mirror, "pubmed", tmp_path)


DEEP = b"[" * 200_000
SETID = "00000000-0000-4000-8000-000000000001"
LABEL = {"setid": SETID, "spl_version": 1, "published_date": "Jan 02, 2020"}


def found(*, count: object = "1", ids: object = ("7",)) -> bytes:
    return json.dumps({"esearchresult": {"count": count, "idlist": ids}}).encode()


ESEARCH = "/entrez/eutils/esearch.fcgi"
LABELS = "/dailymed/services/v2/spls.json"
DRUG, QUERY = Wanted(("a",)), Wanted(query="a")
ODD: list[tuple[str, Wanted, str, bytes, str]] = [
    ("openfda", Wanted(), "/download.json", DEEP, "JSON nested too deep"),
    ("openfda", Wanted(), "/download.json", b'{"results": {"drug": {"label": []}}}', "no results.drug.label"),
    ("openfda", DRUG, "/drug/label.json", DEEP, "JSON nested too deep"),
    ("openfda", DRUG, "/drug/label.json", b'{"meta": {"results": {"total": "x"}}, "results": []}',
     "a number was expected as meta.results.total, not 'x'"),
    ("openfda", DRUG, "/drug/label.json", b'{"meta": {"results": {"total": 1}}, "results": 1}', "a list of objects"),
    ("pubmed", Wanted(), "/pubmed/baseline/", b'<a href="//[x">y</a>\n', r"links to '//\[x', which is no address"),
    ("pubmed", QUERY, ESEARCH, found(count="many"), "expected as count"),
    ("pubmed", QUERY, ESEARCH, found(ids=["\u00b2"]), "ids came"),
    ("pubmed", QUERY, ESEARCH, found(ids=7), "what pubmed offers, .* was expected"),
    ("pubmed", QUERY, ESEARCH, b'{"esearchresult": [1]}', "an object was expected as esearchresult"),
    ("pubmed", QUERY, ESEARCH, b'{"esearchresult": {"count": "1", "idlist": ["1"], "errorlist": [1]}}',
     "what pubmed offers, .* was expected"),
    ("dailymed", DRUG, LABELS, b'{"data": [7], "metadata": {"total_pages": 1}}', "a list of objects .* as data"),
    ("dailymed", DRUG, LABELS, json.dumps({"data": [LABEL], "metadata": {"total_pages": "many"}}).encode(),
     "metadata.total_pages, not 'many'"),
    ("dailymed", Wanted(), "/dailymed/spl-resources-all-drug-labels.cfm", b'<a href="//[x/dm_spl_a.zip">y</a>',
     "no address"),
    ("trials", Wanted(), "/api/v2/studies", b'{"studies": [1]}', "a list of objects was expected as studies"),
    ("trials", Wanted(), "/api/v2/studies", b'{"studies": [{}], "totalCount": []}', "expected as totalCount"),
    ("trials", Wanted(), "/api/v2/studies", DEEP, "JSON nested too deep"),
]  # fmt: skip


@pytest.mark.parametrize("case", ODD, ids=lambda case: f"{case[0]} {case[4][:20]}")
def test_what_is_not_as_expected_says_what_was(
    mirror: Mirror, tmp_path: Path, case: tuple[str, Wanted, str, bytes, str]
) -> None:
    command, wanted, path, answer, reason = case
    mirror.files[path] = answer
    with pytest.raises(FetchError, match=reason):
        run(mirror, command, tmp_path, wanted)


def test_a_listing_with_a_day_that_is_none_has_its_file(mirror: Mirror, tmp_path: Path) -> None:
    serve_folder(mirror, "/pubmed/baseline/", {"pubmed26n0001.xml.gz": b"\x1f\x8b"}, "2024-13-45")
    serve_folder(mirror, "/pubmed/updatefiles/", {"pubmed26n0002.xml.gz": b"\x1f\x8b"}, "2024-01-45")
    assert len(run(mirror, "pubmed", tmp_path, Wanted(since=date(2026, 1, 1)), dry_run=True).listed) == 2


@pytest.mark.parametrize("size", ["\u00b2", "9" * 5000])
def test_a_bucket_with_a_size_that_is_none(mirror: Mirror, tmp_path: Path, size: str) -> None:
    mirror.files["/entrez/eutils/esearch.fcgi"] = found()
    entry = f"<Contents><Key>PMC7.2/PMC7.2.xml</Key><ETag>x</ETag><Size>{size}</Size></Contents>"
    mirror.files["/"] = f"<ListBucketResult>{entry}</ListBucketResult>".encode()
    mirror.files["/PMC7.2/PMC7.2.xml"] = b"<article/>"
    assert len(run(mirror, "pmc", tmp_path, Wanted(query="testol")).fetched) == 1


def test_a_list_that_is_no_table_costs_its_package(mirror: Mirror, tmp_path: Path) -> None:
    articles = {"PMC000xxxxxx/PMC1.xml": b"<article/>"}
    files = {
        "oa_comm_xml.a.tar.gz": package(articles), "oa_comm_xml.a.filelist.csv": filelist(articles),
        "oa_comm_xml.b.tar.gz": package(articles), "oa_comm_xml.b.filelist.csv": b'Article File\n"' + b"x" * 200_000,
    }  # fmt: skip
    serve_folder(mirror, "/pub/pmc/oa_bulk/oa_comm/xml/", files)
    report = run(mirror, "pmc", tmp_path)
    assert report.fetched == ["oa_comm_xml.a.tar.gz"]
    assert "a list of articles was expected, this is no table" in report.failed["oa_comm_xml.b.tar.gz"]


def test_a_folder_that_cannot_be_made_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchStoppedError, match="cannot be written"):
        run(mirror, "pubmed", tmp_path / "file")


def test_a_total_limit_ends_the_run(mirror: Mirror, tmp_path: Path) -> None:
    serve_dailymed(
        mirror, {f"dm_spl_release_human_rx_part{n}.zip": zipped({"a": os.urandom(40_000)}) for n in range(4)}
    )
    with pytest.raises(InterruptedFetchError, match="has fetched its 100000 bytes") as caught:
        run(mirror, "dailymed", tmp_path, limits=replace(QUICK, total_bytes=100_000))
    assert len(caught.value.report.fetched) == 2


def command(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["fetch", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_command_says_what_to_run_next(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    code, told, _ = command("openfda", "--to", str(tmp_path), "--base", mirror.base)
    assert code == 0
    assert told.splitlines()[-1] == f"now run: citerx ingest {tmp_path / 'openfda'}"
    code, told, _ = command("openfda", "--to", str(tmp_path), "--base", mirror.base, "--json")
    assert json.loads(told)["kept"] == sorted(partitions())
    code, told, _ = command("openfda", "--to", str(tmp_path / "other"), "--base", mirror.base, "--dry-run")
    assert "2 to fetch" in told
    assert f"{mirror.base}/drug/label/drug-label-0001-of-0002.json.zip" in told
    del mirror.files["/drug/label/drug-label-0001-of-0002.json.zip"]
    code, told, wrong = command("openfda", "--to", str(tmp_path / "third"), "--base", mirror.base)
    assert code == 1
    assert "HTTP status 404" in wrong
    assert "1 fetched, 0 there already, 1 failed" in told


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("medline",), "dailymed, openfda, pmc, pubmed, trials"),
        (("pubmed", "--since", "yesterday"), "--since"),
        (("pubmed", "--base", "ftp://x"), "--base"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], reason: str) -> None:
    code, _, told = command(*arguments)
    assert code == 2
    assert reason in " ".join(told.split())


def test_what_cannot_be_selected_ends_with_1_and_one_line(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "api.cli", "fetch", "dailymed", "--query", "x", "--to", str(tmp_path)]
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "openfda takes a --query on the same labels" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_killed_run_is_gone_on_with_and_locks_nothing(mirror: Mirror, tmp_path: Path) -> None:
    content = zipped({"1.xml": spl(1), "picture.jpg": b"\xff\xd8\xff" + os.urandom(400_000)})
    name = "dm_spl_release_human_rx_part1.zip"
    serve_dailymed(mirror, {name: content})
    path = f"/public-release-files/{name}"
    mirror.mishaps[path] = [drip(0.01, first=300_000)]
    words = [sys.executable, "-m", "api.cli", "fetch", "dailymed", "--to", str(tmp_path), "--base", mirror.base]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        part = tmp_path / "dailymed" / f".{name}.part"
        end = time.monotonic() + 60
        while time.monotonic() < end and not (part.exists() and part.stat().st_size >= 200_000):
            time.sleep(0.02)
        with pytest.raises(FetchStoppedError, match="another fetch"):
            run(mirror, "dailymed", tmp_path)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "dailymed" / name).exists()
    there = part.stat().st_size
    assert there >= 200_000
    sent = mirror.sent[path]
    assert run(mirror, "dailymed", tmp_path).fetched == [name]
    assert (tmp_path / "dailymed" / name).read_bytes() == content
    assert mirror.asked[-1][1]["range"] == f"bytes={there}-"
    assert mirror.sent[path] - sent == len(content) - there
    assert not part.exists()
    assert documents(str(tmp_path / "dailymed")) == 1


def test_broken_off_files_are_no_sources(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    first = "/drug/label/drug-label-0001-of-0002.json.zip"
    mirror.mishaps[first] = [cut(500), *(refuse(503) for _ in range(9))]
    report = run(mirror, "openfda", tmp_path)
    assert list(report.failed) == ["drug-label-0001-of-0002.json.zip"]
    assert (tmp_path / "openfda/.drug-label-0001-of-0002.json.zip.part").stat().st_size == 500
    assert documents(report.folder) == 7


def test_listings_may_be_compressed_files_as_they_are(mirror: Mirror, tmp_path: Path) -> None:
    """NCBI's server calls its .gz files encoded: they are kept as they are."""
    files = serve_pubmed(mirror, baseline=1, updates=1)
    for name in files:
        mirror.headers[f"/pubmed/{name}"] = {"Content-Encoding": "x-gzip"}
    assert run(mirror, "pubmed", tmp_path).fetched == list(files)
    for name, content in files.items():
        assert (tmp_path / "pubmed" / name).read_bytes() == content
