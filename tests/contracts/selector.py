"""What every selector does. Subclass ``SelectorContract``, override the fixture ``selector``, inherit all tests."""

from __future__ import annotations

import pytest

from rag.evidence import Candidate, Selector, known, select
from rag.query import Query, understand
from tests.rag.bookshelf import Bookshelf, corpus


class SelectorContract:
    @pytest.fixture
    def selector(self) -> Selector:
        raise NotImplementedError

    @pytest.fixture
    def task(self) -> tuple[Query, list[Candidate]]:
        shelf = Bookshelf(corpus())
        query = understand("What is the dose of colchicine for gout flares?", shelf.resolver())
        return query, known(query, shelf.search(query, 24))

    def test_scores_every_candidate_from_0_to_1(self, selector: Selector, task: tuple[Query, list[Candidate]]) -> None:
        query, found = task
        assert len(selector.first(query, found)) == len(found)
        assert len(scores := selector.scores(query, found)) == len(found)
        assert all(0 <= score <= 1 for score in scores)
        assert len(set(scores)) > 1

    def test_nothing_of_nothing(self, selector: Selector, task: tuple[Query, list[Candidate]]) -> None:
        assert list(selector.first(task[0], [])) == list(selector.scores(task[0], [])) == []

    def test_the_dose_comes_before_the_rest(self, selector: Selector) -> None:
        shelf = Bookshelf(corpus())
        query = understand("What is the dose of colchicine for gout flares?", shelf.resolver())
        best = select(query, shelf.search(query, 24), selector)[0]
        assert best.hit.passage.section.startswith("dosage")

    def test_the_name_identifies_it(self, selector: Selector) -> None:
        assert selector.name
        assert selector.read > 0
