"""Listings of folders, and that no answer of any service makes its reader fail."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import FetchError
from ingest.fetch.layouts import LAYOUTS, dailymed, openfda
from ingest.fetch.layouts.listing import rows
from ingest.fetch.plan import Wanted, expected
from tests.ingest.fetch.fetching import service
from tests.ingest.fetch.layouts.planning import APACHE, BASE, DAY

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
