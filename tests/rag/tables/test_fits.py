"""The row of a dose table that is for the question's patient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.drugs import Resolver
from rag.query import Query, understand
from rag.tables.fits import for_patient
from tests.rag.bookshelf import Bookshelf, corpus

RESOLVER: Resolver = Bookshelf(corpus()).resolver()
ROW = "Creatinine clearance (mL/min): 30 to 50; Dose (mg): 250; Frequency: every 12 hours"


def asked(question: str) -> Query:
    return understand(question, RESOLVER)


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("colchicine dose at CrCl 40", True),
        ("colchicine dose with a clearance of 35 mL/min", True),
        ("colchicine dose at eGFR 25", False),
        ("colchicine dose in renal impairment", None),
        ("colchicine 40 mg?", None),
    ],
)
def test_the_figure_of_the_question_decides(question: str, fits: bool | None) -> None:
    assert for_patient(asked(question), ROW) is fits


@pytest.mark.parametrize(
    "text",
    [
        "At a creatinine clearance of 30 to 50 mL/min give 250 mg every 12 hours.",  # a sentence, read as any other
        "With: Ketoconazole; Effect: More colchicine; What to do: Avoid",
        "",
    ],
)
def test_what_names_no_range_in_a_row_is_for_everybody(text: str) -> None:
    assert for_patient(asked("colchicine dose at CrCl 40"), text) is None


@given(st.integers(1, 150), st.integers(5, 60), st.integers(1, 60))
def test_a_row_is_for_those_within_its_range(value: int, low: int, width: int) -> None:
    row = f"Creatinine clearance (mL/min): {low} to {low + width}; Dose: 1 mg; Frequency: daily"
    query = asked(f"colchicine dose at CrCl {value}")
    assert for_patient(query, row) is (low <= value <= low + width)
