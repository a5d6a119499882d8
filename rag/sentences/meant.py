"""Whether a sentence of running text is for the patient, by the clearance or age that both name.

"No adjustment at 30 to 80 mL/min" is near the words of a question on 20 mL/min, and is for others. Rows of tables:
`rag.tables.fits`.
"""

from __future__ import annotations

import re
from math import inf

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
_SENTENCE = re.compile(r"(?<=[.;])\s+(?=[A-Z])")


def for_figures(query: Query, text: str) -> bool | None:
    """True where ranges of ``text`` hold the patient's clearance (mL/min) and age (years), as far as both name them,
    False where those of one of them are all of others; None where text or question name none."""
    found = set(by_figures(query, text).values())
    return None if not found else found == {True}


def by_figures(query: Query, text: str) -> dict[str, bool]:
    """The same for each that both name: ``renal``, ``age``."""
    rates, ages = _asked(query, "mL/min"), _ages_asked(query)
    clearance = _overlap(rates, _rates(text))
    if not clearance:
        graded = _graded(rates, text)
        clearance = graded if graded or clearance is None else clearance
    found = {"renal": clearance, "age": _overlap(ages, _ages(text)) if ages else None}
    return {name: held for name, held in found.items() if held is not None}


def _rates(text: str) -> list[Range]:
    rates = [one for one in measures(text) if is_rate(one)] if RENAL.search(text) else []
    return [_range(one, 1) for one in rates if _bounds(one)]


def _ages(text: str) -> list[Range]:
    ages = [one for one in measures(text) if one.unit == "month" and _bounds(one) and _is_age(text, one)]
    return [_range(one, 12) for one in ages]


def _graded(asked: list[Range], text: str) -> bool | None:
    """Whether the degree in which a clearance is reduced is one that ``text`` names in a sentence without figures; None
    where labels differ on it."""
    bare = " ".join(one for one in _SENTENCE.split(text) if not _rates(one))
    said = grades(bare, "renal") or frozenset(_SEVERE.findall(bare.casefold()))
    if len(asked) != 1 or asked[0].low != asked[0].high or asked[0].low is None or not said:
        return None
    own = next((grade for grade, low, high in _DEGREES if low <= asked[0].low < high), None)
    return own in said if own else None


def _asked(query: Query, unit: str) -> list[Range]:
    """The figures of the question's patients, a bound as the range that it is."""
    return [_of_bound(one.value) for one in query.populations if one.unit == unit and one.value]


def _ages_asked(query: Query) -> list[Range]:
    if bounds := _asked(query, "years"):
        return bounds
    age = age_of(query.question)
    return [] if age is None else [Range(age, age, "")]


def _of_bound(value: str) -> Range:
    figure = float(value.lstrip("<>"))
    return {"<": Range(None, figure, "", below=True), ">": Range(figure, None, "", above=True)}.get(
        value[:1], Range(figure, figure, "")
    )


def _overlap(asked: list[Range], told: list[Range]) -> bool | None:
    """Whether any of the one meets any of the other; None where there are none of one of them."""
    return any(_meets(one, other) for one in asked for other in told) if asked and told else None


def _meets(one: Range, other: Range) -> bool:
    low, above = max(((each.low, each.above) for each in (one, other) if each.low is not None), default=(0.0, False))
    ends = [(each.high, not each.below) for each in (one, other) if each.high is not None]
    high, inclusive = min(ends, default=(inf, True))
    return low < high or (low == high and inclusive and not above)


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
