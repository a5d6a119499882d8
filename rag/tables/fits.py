"""Whether a row of a table is for the question's patient: the range of kidney function that it names holds the figure.

A neighbouring row is true and still the wrong dose, so what the row says decides, not how near its words are.
"""

from __future__ import annotations

from rag.asked.patient import Population
from rag.query import Query
from rag.sentences.spans import is_row
from rag.tables.ranges import Range, rate

FITTING, OTHER = 0.75, 0.05
"""The least score of a row that is for the patient, and the most of one that is for others."""


def for_patient(query: Query, text: str) -> bool | None:
    """True where a row's range holds the patient's clearance or filtration rate, False where it does not.

    None where the question gives no figure, or the text is no row or names no range.
    """
    values = [value for one in query.populations if (value := _rate_of(one)) is not None]
    if not values or not is_row(text):
        return None
    cells = [cell.partition(": ") for cell in text.split("; ")]
    ranges = [found for header, _, cell in cells if (found := _range(header, cell))]
    if not ranges:
        return None
    return any(value in one for one in ranges for value in values)


def _range(header: str, cell: str) -> Range | None:
    """The range of a cell; a column that is itself a range ("CrCl 30 to 50 mL/min: 250 mg") counts by its header."""
    return rate(cell, header) or rate(header, "")


def _rate_of(one: Population) -> float | None:
    if one.unit != "mL/min":
        return None
    try:
        return float(one.value)
    except ValueError:  # a bound, as "<30"
        return None
