"""What every generator does. Subclass ``GeneratorContract``, override the fixture ``generator``, inherit all tests."""

from __future__ import annotations

import pytest

from rag.dense import HashEmbedder
from rag.evidence import select
from rag.generate import Generator
from rag.query import Query, understand
from rag.sentences.selectors import Plain
from rag.types import Evidence
from rag.verify import Checker
from tests.rag.bookshelf import Bookshelf, corpus

QUESTIONS = (
    "What are the interactions between propafenone and colchicine?",
    "What is the dose of colchicine for gout flares?",
    "Which trials of grapefruit juice are there?",
)


class GeneratorContract:
    @pytest.fixture
    def generator(self) -> Generator:
        raise NotImplementedError

    @pytest.fixture(params=QUESTIONS)
    def task(self, request: pytest.FixtureRequest) -> tuple[Query, list[Evidence]]:
        shelf = Bookshelf(corpus())
        query = understand(request.param, shelf.resolver())
        return query, select(query, shelf.search(query, 24), Plain(HashEmbedder(256)))

    def test_writes_something_from_evidence(self, generator: Generator, task: tuple[Query, list[Evidence]]) -> None:
        drafts = generator.generate(*task)
        assert drafts
        assert all(draft.text.strip() and draft.evidence for draft in drafts)

    def test_rests_only_on_the_evidence_given(self, generator: Generator, task: tuple[Query, list[Evidence]]) -> None:
        query, evidence = task
        given = {(item.hit.passage.passage_id, item.start, item.end, item.text) for item in evidence}
        for draft in generator.generate(query, evidence):
            for item in draft.evidence:
                assert (item.hit.passage.passage_id, item.start, item.end, item.text) in given

    def test_without_evidence_writes_nothing(self, generator: Generator, task: tuple[Query, list[Evidence]]) -> None:
        assert generator.generate(task[0], []) == []

    def test_is_deterministic(self, generator: Generator, task: tuple[Query, list[Evidence]]) -> None:
        assert generator.generate(*task) == generator.generate(*task)

    def test_what_is_not_supported_does_not_pass_verification(
        self, generator: Generator, task: tuple[Query, list[Evidence]]
    ) -> None:
        drafts = generator.generate(*task)
        verified = Checker(Bookshelf(corpus())).verify(drafts)
        assert len(verified.drafts) + verified.removed.total() == len(drafts)
        assert all(any(item.text == draft.text for item in draft.evidence) for draft in verified.drafts)
