"""Whether a sentence of running text is for the patient, by the clearance or age that both name.

"No adjustment at 30 to 80 mL/min" is near the words of a question on 20 mL/min, and is for others. Rows of tables:
`rag.tables.fits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.asked.patient import age_of
from rag.checks.measures import Measure, measures
from rag.query import Query
from rag.tables.fits import grades
from rag.tables.ranges import RENAL, Range, is_rate

_BEFORE = re.compile(
    r"(?:\bage[ds]?\b|\b(?:patients?|subjects?|children|adolescents?|adults?|infants?|those|people|individuals))"
    r"(?:\W+(?:of|who|are|is|aged?|from|over|under|above|below|older|younger|more|less|greater|than|or|equal|to|between"
    r"|at|least))*\W*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\W*(?:years?|months?|yrs?)?\W*(?:of\sage\b|old\b|(?:or|and)\s(?:older|younger|over|above|under)\b)", re.IGNORECASE
)
"""What says that a time is an age, before and after it."""
_SEVERE = re.compile(r"\b(mild|moderate|severe) impairment\b")
_DEGREES = ("severe", 0.0, 30.0), ("moderate", 30.0, 50.0), ("mild", 60.0, 80.0)
"""Clearances (mL/min) that labels old and new call so (FDA, "Pharmacokinetics in Patients with Impaired Renal
Function", 1998 and 2024)."""
NEAR = 40
"""Characters in which that stands."""
_JUST = 0.01
"""What lies within a bound that is not inclusive: a patient "over 75" is one of 75.01 years."""


def for_figures(query: Query, text: str) -> bool | None:
    """True where a range of ``text`` holds the patient's clearance (mL/min) or age (years), False where all that are
    named of one of them are others; None where text or question name none."""
    (rates, ranges), *others = _pairs(query, text)
    within, graded = _held(rates, ranges), _graded(rates, text)
    kidneys = within or graded if within is None or graded else within
    told = [kidneys, *(_held(values, of_age) for values, of_age in others)]
    found = {one for one in told if one is not None}
    return None if not found else found == {True}


def _graded(values: list[float], text: str) -> bool | None:
    """Whether the degree in which a clearance is reduced is one that ``text`` names; None where labels differ on it."""
    said = grades(text, "renal") or frozenset(_SEVERE.findall(text.casefold()))
    if len(values) != 1 or not said:
        return None
    own = next((grade for grade, low, high in _DEGREES if low <= values[0] < high), None)
    return own in said if own else None


def _pairs(query: Query, text: str) -> Iterator[tuple[list[float], list[Range]]]:
    said = measures(text)
    rates = [one for one in said if is_rate(one)] if RENAL.search(text) else []
    yield _values(query, "mL/min"), [_range(one, 1) for one in rates if _bounds(one)]
    ages = [one for one in said if one.unit == "month" and _bounds(one) and _is_age(text, one)]
    age = age_of(query.question)
    yield [] if age is None else [age], [_range(one, 12) for one in ages]


def _held(values: list[float], ranges: list[Range]) -> bool | None:
    return any(value in one for value in values for one in ranges) if ranges and values else None


def _values(query: Query, unit: str) -> list[float]:
    """The figures of the question's patients; of a bound one just within it."""
    told = (one.value for one in query.populations if one.unit == unit)
    return [float(one.lstrip("<>")) + {"<": -_JUST, ">": _JUST}.get(one[:1], 0.0) for one in told if one]


def _bounds(one: Measure) -> bool:
    """A figure alone is a value, no range."""
    return bool(one.bound) or one.low != one.high


def _range(one: Measure, unit: int) -> Range:
    alone = one.low == one.high
    low = None if alone and one.bound in {"<", "<="} else float(one.low) / unit
    high = None if alone and one.bound in {">", ">="} else float(one.high) / unit
    return Range(low, high, "", one.bound == ">", one.bound == "<")


def _is_age(text: str, one: Measure) -> bool:
    before, after = text[max(0, one.start - NEAR) : one.start], text[one.end : one.end + NEAR]
    if not before.strip(" •") and one.low != one.high:
        return True  # "4 Years to < 16 Years: Initiate ..."
    return _BEFORE.search(before) is not None or _AFTER.match(after) is not None
