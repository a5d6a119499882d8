"""openFDA's index of partitions and its searches."""

from __future__ import annotations

import json
from datetime import date

import pytest

from ingest.errors import FetchError
from ingest.fetch.layouts import openfda
from ingest.fetch.plan import Wanted
from tests.ingest.fetch.fetching import service
from tests.ingest.fetch.layouts.planning import plan, query


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
