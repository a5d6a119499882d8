"""Ranges that the cells of a table name: of kidney function, age and weight, where their unit is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.checks.measures import Measure, measures

RENAL = re.compile(
    r"creatinine clearance|\bcl ?cr\b|\bcrcl\b|(?-i:\be?GFR\b)|glomerular"
    r"|\b(?:renal|kidney) (?:function|impair|status|dysf)",
    re.IGNORECASE,
)
_RATE = re.compile(r"m\s?l\s?(?:/|per)\s?min(?:ute)?s?(?:(?:\s?/\s?|\s(?:per\s)?)1\.73\s?m\s?[²2]?)?", re.IGNORECASE)
_HEADED = re.compile(
    r"(?:[(,\[]|\bdose\b)\s*(?P<unit>(?:mg|mcg|g|units?|mL|mEq|kg|lbs?|years?|months?)(?:\s?/\s?\w+)*\b|%)",
    re.IGNORECASE,
)
FOOTNOTE = re.compile(r"[*†‡§¶#ᵃ-ᵿ]+|\s\[[^\]]*\]$")


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high`` (None: no bound), each inclusive unless ``above``/``below`` say that it is not."""

    low: float | None
    high: float | None
    unit: str
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether the value, in the same unit, lies within."""
        over = self.low is None or (value > self.low if self.above else value >= self.low)
        return over and (self.high is None or (value < self.high if self.below else value <= self.high))


def rate(cell: str, context: str) -> Range | None:
    """A range of creatinine clearance or filtration rate in mL/min; the unit stands in the cell or its ``context``.

    By the context alone a cell is read that has nothing but figures and words that bound them.
    """
    plain = FOOTNOTE.sub("", cell)
    plain = re.sub(r"(\d+)(\s?(?:to|[-–])\s?)(\d+)(?!\d)", _ascending, plain)
    if value := re.fullmatch(rf"\s*(\d{{1,3}}(?:\.\d+)?)\s*(?:{_RATE.pattern})?\s*", plain, re.IGNORECASE):
        return Range(float(value[1]), float(value[1]), "mL/min") if _RATE.search(f"{plain} {context}") else None
    if _RATE.search(plain):
        return _ranged(plain, is_rate, "mL/min") if RENAL.search(f"{cell} {context}") else None
    if not _RATE.search(context) or re.search(r"[^\W\d_]|%", _BOUNDS.sub("", plain)):
        return None
    return _ranged(re.sub(r"(\d)(?!.*\d)", r"\1 mL/min", plain), is_rate, "mL/min")


def _ascending(match: re.Match[str]) -> str:
    """ "50 to 31" as "31 to 50"."""
    low, to, high = match.groups()
    return f"{high}{to}{low}" if int(low) > int(high) else match.group()


def is_rate(one: Measure) -> bool:
    """Whether a measure is a flow: a filtration rate, or how fast something is infused."""
    return one.unit.startswith("mL/minute")


_BOUNDS = re.compile(
    r"\b(?:less|greater|more|lower|than|or|equal|to|between|and|below|above|under|over|from|crcl|cl ?cr|e?gfr)\b",
    re.IGNORECASE,
)


def age_range(cell: str, context: str) -> Range | None:
    """A range of ages, in years where the cell or its header has these, else in months."""
    found = _ranged(with_unit(cell, context), lambda one: one.unit == "month", "month")
    if found is None or not re.search(r"year|yr", f"{cell} {context}", re.IGNORECASE):
        return found
    years = [None if bound is None else round(bound / 12, 3) for bound in (found.low, found.high)]
    return Range(years[0], years[1], "year", found.above, found.below)


def weight_range(cell: str, context: str) -> Range | None:
    """A range of body weights in kg."""
    return _ranged(with_unit(cell, context), lambda one: one.unit == "kg", "kg")


def with_unit(cell: str, context: str) -> str:
    """The cell with the unit of its header after its last figure, where it has none of its own."""
    headed = _HEADED.search(context)
    if headed is None or any(one.unit for one in measures(cell)) or not re.search(r"\d", cell):
        return cell
    return re.sub(r"(\d)(?!.*\d)", rf"\1 {headed['unit']}", FOOTNOTE.sub("", cell))


def _ranged(text: str, wanted: Callable[[Measure], bool], unit: str) -> Range | None:
    """The one range that a text names: a range, a bound, or a lower and an upper bound; None for anything else."""
    found = [one for one in measures(text) if wanted(one)]
    if len(found) == 1:
        one = found[0]
        if not one.bound and one.low == one.high:
            return None  # one figure alone is a value, no range
        alone = one.low == one.high
        low = None if one.bound in {"<", "<="} and alone else float(one.low)
        high = None if one.bound in {">", ">="} and alone else float(one.high)
        return Range(low, high, unit, one.bound == ">", one.bound == "<")
    if len(found) == 2:
        lower, upper = sorted(found, key=lambda one: one.low)
        if lower.bound in {">", ">="} and upper.bound in {"<", "<="} and lower.low < upper.low:
            return Range(float(lower.low), float(upper.high), unit, lower.bound == ">", upper.bound == "<")
    return None
