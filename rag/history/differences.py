"""Whether two sentences disagree, and which ages or kidney function one is limited to. Pure rules on words and figures.

Near-equal words are asked for on purpose: a false alarm costs more trust than a missed one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rag.asked.patient import Population
from rag.checks.cues import levels, unchanged
from rag.checks.measures import Measure, measures
from rag.naming.ingredients import word_set
from rag.sentences.spans import is_row


@dataclass(frozen=True, slots=True)
class Limits:
    """Between which values a sentence says something; ``low`` and ``high`` inclusive."""

    low: float
    high: float

    def __contains__(self, value: float | None) -> bool:
        """Whether the value is within."""
        return value is not None and self.low <= value <= self.high

    @property
    def told(self) -> str:
        """In words: "30 to 50", "up to 12", "from 65"."""
        low, high = f"{self.low:.4g}", f"{self.high:.4g}"
        if self.high == math.inf:
            return f"from {low}"
        return f"up to {high}" if not self.low else low if low == high else f"{low} to {high}"


def differing(
    text: str, own: Sequence[str], others: Sequence[str], names: Collection[str] = ()
) -> tuple[str, str] | None:
    """The first figures, as written, in which another label's sentence differs from ``text`` in the same words.

    ``own`` and ``others`` are the sentences of both labels: where one of ``others`` has the figures of ``text``, or one
    of ``own`` those of the other's, both labels say both (of two doses, say), and nothing differs. ``names``: words of
    the products' names. Table rows are not compared: their first cells alone tell what the figures are of.
    """
    figures, words = _figures(text), _words(text, names)
    if is_row(text) or not figures:
        return None
    alike = [(one, found) for one in others if (found := _alike(one, figures, words, names))]
    if any(_values(found) == _values(figures) for _, found in alike):
        return None
    known = [_values(found) for one in own if (found := _alike(one, figures, words, names))]
    for one, found in alike:
        apart = [pair for pair in zip(figures, found, strict=True) if _values(pair[:1]) != _values(pair[1:])]
        if len(apart) <= 1 + len(figures) // 3 and _values(found) not in known:
            left, right = apart[0]
            return text[left.start : left.end], one[right.start : right.end]
    return None


def _alike(text: str, figures: Sequence[Measure], words: Sequence[str], names: Collection[str]) -> list[Measure] | None:
    """The figures of a sentence that has these words and units; None of any other."""
    found = _figures(text)
    same = [one.unit for one in found] == [one.unit for one in figures] and _words(text, names) == words
    return found if same and not is_row(text) else None


def _figures(text: str) -> list[Measure]:
    return [one for one in measures(text) if one.unit]


def _values(figures: Sequence[Measure]) -> list[tuple[Fraction, Fraction]]:
    return [(one.low, one.high) for one in figures]


def _words(text: str, names: Collection[str]) -> list[str]:
    """The words of a sentence in order of the alphabet, without its figures, references, names and small words."""
    for one in reversed(_figures(text)):
        text = f"{text[: one.start]} {text[one.end :]}"
    plain = re.sub(r"\[[^\]]*\]|\([\d.,\s]*\)", " ", text).casefold()
    words = (word.removesuffix("s") for word in re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", plain) if word not in names)
    return sorted(word for word in words if word not in _SMALL)


_SMALL = word_set(
    """a about an and are as at be been by for from has have in is it of on or that the these this thi to was were which
    with usp tablet capsule oral orally solution injection hydrochloride sodium drug product dosage dose up"""
)


_MEASURED = re.compile(
    r"\b(AUC|Cmax|exposure|concentrations?|clearance|levels?|INR|bleeding|mortality|QTc?|hypoglyc\w+|hypotensi\w+|hyperkal\w+"
    r"|malformations?|miscarriages?|nephrotox\w+|myopathy|rhabdomyolysis)\b",
    re.IGNORECASE,
)
_SAME_MEASURE = {"auc": "exposure", "cmax": "exposure", "concentration": "exposure", "level": "exposure"}


def opposed(one: str, two: str) -> bool:
    """Whether two sentences measure the same and give it opposite directions, each a single one."""
    measured = _measures(one) & _measures(two)
    ways = _direction(one), _direction(two)
    return bool(measured) and None not in ways and ways[0] != ways[1]


def _measures(text: str) -> set[str]:
    words = (word.casefold().removesuffix("s") for word in _MEASURED.findall(text))
    return {_SAME_MEASURE.get(word, word) for word in words}


def _direction(text: str) -> str | None:
    if unchanged(text):
        return "none"
    found = levels(text)
    return next(iter(found)) if len(found) == 1 else None


def limits_of(group: Population, text: str) -> list[Limits]:
    """The ranges of age (years) or of creatinine clearance and filtration rate (mL/min) that a sentence names."""
    if group.name == "renal":
        return [_limits(one, 1) for one in measures(text) if re.fullmatch(r"mL/minute(?:/1\.73m2)?", one.unit)]
    return [_limits(one, 12) for one in measures(text) if one.unit == "month" and _of_age(text, one)]


def value_of(group: Population) -> float | None:
    """The age in years or the filtration rate in mL/min that a question states exactly."""
    scale = {"years": 1.0, "months": 1 / 12, "weeks": 1 / 52, "days": 1 / 365, "mL/min": 1.0}.get(group.unit)
    known = scale is not None and group.name in {"child", "elderly", "renal"} and group.value.replace(".", "").isdigit()
    return float(group.value) * (scale or 1.0) if known else None


def covers(group: Population, text: str) -> bool:
    """Whether a sentence is limited to ages that are those of this patient: "older than 60 years" of one of 70.

    A bound that all adults are within singles out no older one.
    """
    if group.name not in {"child", "elderly"} or (value := value_of(group)) is None:
        return False
    least = AGEING if group.name == "elderly" else 0
    return any(value in one and one.low >= least for one in limits_of(group, text))


def _of_age(text: str, one: Measure) -> bool:
    """Whether a time is an age, with a bound or as a range: "for 6 months" is none."""
    around = f"{text[max(0, one.start - 15) : one.start]} {text[one.end : one.end + 20]}"
    return (bool(one.bound) or one.low != one.high) and _AGED.search(around) is not None


def _limits(one: Measure, scale: int) -> Limits:
    low, high = float(one.low / scale), float(one.high / scale)
    least = {"<": 0.0, "<=": 0.0, ">": low + _TINY}.get(one.bound, low)
    most = {">": math.inf, ">=": math.inf, "<": high - _TINY}.get(one.bound, high)
    return Limits(least, most)


AGEING = 40
"""Years from which an age bound singles out older patients."""
_AGED = re.compile(r"\b(?:of\s+age|old|aged?|ages|older|younger)\b", re.IGNORECASE)
_TINY = 1e-6
