"""PMC's packages and its cloud service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from ingest.errors import FetchError
from ingest.fetch.layouts import pmc
from ingest.fetch.plan import Wanted
from tests.ingest.fetch.fetching import service
from tests.ingest.fetch.layouts.planning import BASE, DAY, plan, searched


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
