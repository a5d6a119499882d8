"""Answers of the services that are not as expected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.errors import FetchError
from ingest.fetch.plan import Wanted
from tests.ingest.fetch.fetching import found, run, serve_pubmed
from tests.ingest.fetch.mirror import Handler, Mirror


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
