"""`citerx fetch` over the bulk layouts and queries of all services, from a server on this machine."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest.fetch.ledger import NAME
from ingest.fetch.plan import Wanted
from ingest.fetch.run import Progress, fetch
from tests.ingest.fetch.fetching import (
    SERVICES,
    World,
    documents,
    filelist,
    found,
    openfda_partition,
    package,
    partitions,
    pubmed_set,
    release,
    releases,
    run,
    serve_dailymed,
    serve_folder,
    serve_openfda,
    serve_pubmed,
    spl,
)
from tests.ingest.fetch.mirror import Handler, Mirror, instead, refuse


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


def test_listings_may_be_compressed_files_as_they_are(mirror: Mirror, tmp_path: Path) -> None:
    """NCBI's server calls its .gz files encoded: they are kept as they are."""
    files = serve_pubmed(mirror, baseline=1, updates=1)
    for name in files:
        mirror.headers[f"/pubmed/{name}"] = {"Content-Encoding": "x-gzip"}
    assert run(mirror, "pubmed", tmp_path).fetched == list(files)
    for name, content in files.items():
        assert (tmp_path / "pubmed" / name).read_bytes() == content
