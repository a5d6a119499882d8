"""A dose for others' kidneys or age is none for the patient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dense import HashEmbedder
from rag.evidence import select
from rag.query import understand
from rag.sentences.meant import by_figures, for_figures
from rag.sentences.selectors import Plain
from tests.rag.bookshelf import Bookshelf, document

OTHERS = "No xanol dose adjustment is recommended at creatinine clearance 30 to 50 mL/min and 50 to 80 mL/min."
TITLE = "Table 1: Xanol with creatinine clearance <30 mL/minute"
ROWS = "Indication: Surgery; Regimen: 30 mg once daily\nIndication: Embolism; Regimen: 1 mg/kg once daily"
OLD = "Do not exceed 300 mg a day in patients over 75 years old."


def shelf(text: str) -> Bookshelf:
    return Bookshelf([document("label:x:1", [("dosage_and_administration", text)], "xanol")])


@pytest.mark.parametrize(
    ("question", "text", "fits"),
    [
        ("creatinine clearance 20 mL/min", OTHERS, False),
        ("creatinine clearance 40 mL/min", OTHERS, True),
        ("creatinine clearance 20 mL/min", TITLE, True),
        ("eGFR <30", TITLE, True),
        ("over age 75", OLD, True),
        ("a 75-year-old", OLD, False),
        ("an 80-year-old", OLD, True),
        ("a 61-year-old", OLD, False),
        ("creatinine clearance 20 mL/min", "In severe renal impairment take 5 mg.", True),
        ("creatinine clearance 40 mL/min", "In severe renal impairment take 5 mg.", False),
        ("creatinine clearance 55 mL/min", "In mild renal impairment take 5 mg.", None),
        ("creatinine clearance 20 mL/min", f"{OTHERS} However, with severe impairment wait two weeks.", True),
        (
            "creatinine clearance 25 mL/min",
            "1 mg in severe renal impairment (creatinine clearance less than 15 mL/min).",
            False,
        ),
        (
            "creatinine clearance 45 mL/min",
            "1 mg in moderate renal impairment (creatinine clearance 15 to 40 mL/min).",
            False,
        ),
        ("patients over 65", "In patients 75 years of age and older 2 mg is given.", True),
        ("patients over 65", "In patients 65 to 74 years of age 10 mg is given.", True),
        ("patients over 65", "In patients under 60 years of age 10 mg is given.", False),
        ("creatinine clearance below 60 mL/min", "Creatinine clearance 15 to 29 mL/min: 2 mg.", True),
        ("creatinine clearance below 60 mL/min", "Creatinine clearance 60 to 80 mL/min: 2 mg.", False),
        ("a child under 6 years old", "Infants 6 to 23 months of age take 1 mg.", True),
        ("a 4-year-old", "Children 2 to 5 years of age take 4 mg.", True),
        ("a 4-year-old", "Take 4 mg for up to 3 years.", None),
        ("a 4-year-old", "Take 4 mg.", None),
        ("a 6-year-old", "4 Years to < 16 Years Initiate treatment with 10 mg/kg twice daily.", True),
        ("a 17-year-old", "4 Years to < 16 Years Initiate treatment with 10 mg/kg twice daily.", False),
        ("failing kidneys", OTHERS, None),
        ("an 80-year-old", OTHERS, None),
        ("an 80-year-old with creatinine clearance 20 mL/min", f"{OLD} {OTHERS}", False),
    ],
)
def test_whose_figures_a_sentence_names(question: str, text: str, fits: bool | None) -> None:
    assert for_figures(understand(f"xanol dose, {question}", shelf("x").resolver()), text) is fits


@given(st.integers(1, 149), st.integers(1, 149), st.integers(1, 149))
def test_a_range_holds_what_lies_between(low: int, high: int, patient: int) -> None:
    query = understand(f"xanol dose with creatinine clearance {patient} mL/min", shelf("x").resolver())
    low, high = min(low, high), max(low, high) + 1
    assert for_figures(query, f"Creatinine clearance {low} to {high} mL/min: 5 mg.") is (low <= patient <= high)


def test_the_dose_of_the_patient_comes_first() -> None:
    books = shelf(f"{OTHERS}\n{TITLE}\n{ROWS}")
    query = understand("How is xanol dosed at a creatinine clearance of 20 mL/min?", books.resolver())
    found = {item.text: item.score for item in select(query, books.search(query, 24), Plain(HashEmbedder(256)))}
    assert all(found[row] > 0.7 for row in ROWS.split("\n"))
    assert found[OTHERS] <= 0.4


def test_a_sentence_above_rows_is_no_title_of_theirs() -> None:
    barred = "Xanol is not recommended at a creatinine clearance below 30 mL/min."
    books = shelf(f"{barred}\n{ROWS}")
    query = understand("How is xanol dosed at a creatinine clearance of 20 mL/min?", books.resolver())
    found = {item.text: item.score for item in select(query, books.search(query, 24), Plain(HashEmbedder(256)))}
    assert all(found[barred] > found.get(row, 0) for row in ROWS.split("\n"))


def test_a_clearance_that_fits_says_nothing_of_an_age() -> None:
    query = understand("xanol dose for a 6-year-old with creatinine clearance 20 mL/min", shelf("x").resolver())
    text = "Xanol 5 mg daily with a creatinine clearance of 15 to 29 mL/min."
    assert by_figures(query, text) == {"renal": True}
