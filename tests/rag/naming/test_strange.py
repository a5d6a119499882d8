"""Names that nothing known has, and what is no such name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.naming.strange import strange
from rag.query import understand
from tests.rag.bookshelf import Bookshelf, corpus
from tests.rag.test_engine import engine_of

SHELF = Bookshelf(corpus())
RESOLVER = SHELF.resolver()


def nowhere(stems: Sequence[str]) -> list[float]:
    return [0.0 for _ in stems]


def names(question: str) -> tuple[str, ...]:
    return strange(understand(question, RESOLVER), nowhere)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("My mother takes colchicine and her new doctor added Prolumex, do these clash?", "Prolumex"),
        ("I've been on Dormexa for three weeks, is that long?", "Dormexa"),
        ("how is zorbatamine given with colchicine?", "zorbatamine"),
    ],
)
def test_a_name_that_nothing_has_is_found(question: str, name: str) -> None:
    query = understand(question, RESOLVER)
    assert name in (*query.unresolved, *strange(query, nowhere))


@pytest.mark.parametrize(
    "question",
    [
        "Can colchicine be taken with a swollen knee and constipaton?",  # misspelt English
        "Is colchicine safe in Crohn's disease?",  # an eponym
        "Does colchicine help against somebody's sleepwalking?",
        "Since Bogdan began colchicine his feet burn day and night",  # a person's name
        "",
    ],
)
def test_what_is_english_or_a_person_is_none(question: str) -> None:
    assert names(question) == ()


def test_what_a_passage_has_is_known() -> None:
    query = understand("We added Prolumex to colchicine", RESOLVER)
    assert strange(query, lambda stems: [0.1 for _ in stems]) == ()


@given(st.text(max_size=80))
def test_any_text_is_read_and_every_name_stands_in_it(text: str) -> None:
    query = replace(understand("colchicine", RESOLVER), question=text, mentions=())
    assert all(name in text for name in strange(query, nowhere))


def test_what_is_said_of_the_other_drug_is_no_answer() -> None:
    answer = engine_of(SHELF).ask("Can Prolumetrin be combined with colchicine for gout flares?")
    assert answer.status == "abstained"
    assert any(notice.code == "unknown_drug" and "Prolumetrin" in notice.message for notice in answer.notices)
    assert engine_of(SHELF).ask("What is the dose of colchicine for gout flares?").status != "abstained"
