"""An adult is not told the dose of children."""

from __future__ import annotations

import pytest

from rag.dense import HashEmbedder
from rag.evidence import select
from rag.query import understand
from rag.sentences.grown import for_adult, limited, of_grown, of_young
from rag.sentences.selectors import Plain
from tests.rag.bookshelf import Bookshelf, document

CHILD = "Children are given a xanol dose of 10 mg/kg, and a dose of 15 mg/kg as a first dose."
ADULT = "Adults with normal renal function receive 2 g daily."


def shelf() -> Bookshelf:
    return Bookshelf([document("label:x:1", [("dosage_and_administration", f"{ADULT}\n{CHILD}")], "xanol")])


@pytest.mark.parametrize(
    ("question", "adult"),
    [
        ("xanol dose 70 kg man", True),
        ("xanol dose, 70 kg", True),
        ("xanol dose for an adult?", True),
        ("xanol dose for a 45 year old", True),
        ("xanol dose for a woman of 16 years", False),
        ("xanol dose, 20 kg", False),
        ("xanol dose for a child of 45 kg", False),
        ("xanol dose for a young man", False),
        ("xanol dose", False),
        ("Is xanol safe for an adult?", False),
    ],
)
def test_which_questions_ask_for_an_adults_dose(question: str, adult: bool) -> None:
    assert for_adult(understand(question, shelf().resolver())) is adult


@pytest.mark.parametrize("question", ["xanol dose 70 kg man", "xanol dose for an adult?"])
def test_the_adults_dose_comes_first(question: str) -> None:
    books = shelf()
    query = understand(question, books.resolver())
    found = select(query, books.search(query, 24), Plain(HashEmbedder(256)))
    assert [item.text for item in found] == [ADULT, CHILD]
    assert found[0].score >= 0.5 > found[1].score


def test_whom_a_sentence_is_of() -> None:
    assert of_grown(ADULT)
    assert not of_young(ADULT)
    assert of_young(CHILD)
    assert not of_grown("Adults take 2 g daily; children take 40 mg/kg.")
    assert not of_young("Adults take 2 g daily; children take 40 mg/kg.")
    assert not of_grown("Adults should not drive.")


def test_who_has_well_kidneys_is_of_no_group() -> None:
    assert not limited(ADULT)
    assert limited("Adults with reduced renal function receive 1 g daily.")
