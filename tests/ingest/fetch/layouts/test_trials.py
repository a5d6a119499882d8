"""The registry's pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import pytest

from ingest.errors import FetchError
from ingest.fetch.layouts import trials
from ingest.fetch.plan import Service, Wanted
from tests.ingest.fetch.fetching import service
from tests.ingest.fetch.layouts.planning import DAY, plan, query


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
