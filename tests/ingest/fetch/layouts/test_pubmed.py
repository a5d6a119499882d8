"""PubMed's listings, checksums and searches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import pytest

from ingest.errors import FetchError
from ingest.fetch.layouts import pubmed
from ingest.fetch.plan import Item, Wanted
from tests.ingest.fetch.fetching import service
from tests.ingest.fetch.layouts.planning import APACHE, DAY, plan, query, searched


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
