"""What can be selected of each service, and how it is called."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

import corpora
from ingest.errors import FetchError
from ingest.fetch.layouts import LAYOUTS
from ingest.fetch.plan import Wanted, services
from tests.ingest.fetch.fetching import service


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
