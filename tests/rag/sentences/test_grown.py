"""An adult is not told the dose of children."""

from __future__ import annotations

import pytest

from rag.dense import HashEmbedder
from rag.evidence import select
from rag.query import understand
from rag.sentences.grown import for_adult, limited, of_grown, of_well, of_young
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
    assert of_grown("Adults take 2 tablets daily.")
    assert not of_young(ADULT)
    assert of_young(CHILD)
    assert not of_grown("Adults take 2 g daily; children take 40 mg/kg.")
    assert not of_young("Adults take 2 g daily; children take 40 mg/kg.")
    assert not of_grown("Adults should not drive.")


def test_who_has_well_kidneys_is_of_no_group() -> None:
    assert not limited(ADULT)
    assert limited("Adults with reduced renal function receive 1 g daily.")


@pytest.mark.parametrize(
    ("question", "text", "barred"),
    [
        ("xanol dose in kidney failure", ADULT, True),
        ("xanol dose at eGFR 20", ADULT, True),
        ("xanol dose at eGFR 95", ADULT, False),
        ("xanol dose in liver disease", ADULT, False),
        ("xanol dose", ADULT, False),
        ("xanol dose in kidney failure", "Half the dose for normal renal function is given in renal failure.", False),
    ],
)
def test_the_dose_of_well_kidneys_is_none_for_ill_ones(question: str, text: str, barred: bool) -> None:
    assert of_well(understand(question, shelf().resolver()), text) is barred


def test_the_dose_of_well_kidneys_is_not_chosen_for_ill_ones() -> None:
    books = shelf()
    query = understand("xanol dose for adults in renal failure", books.resolver())
    found = select(query, books.search(query, 24), Plain(HashEmbedder(256)))
    assert all(item.score <= 0.05 for item in found if item.text == ADULT)
