"""Whose dose a sentence is: that of children alone is none for an adult, that for well kidneys none where they fail."""

from __future__ import annotations

import re

from rag.asked.focus import ADULTS, populations
from rag.asked.patient import ADULT, age_of, weight_of
from rag.checks.measures import AMOUNT
from rag.query import Query

HEAVY = 40.0
"""kg from which a patient whose age is not told is taken for an adult, as labels do that dose children by weight."""
GROWN, YOUNG = 0.5, 0.3
"""The least score of a dose said to be for adults; what the score of one for children alone is multiplied by."""

_ASKED = re.compile(r"\b(?:adults?|m[ae]n|wom[ae]n|grown[\s-]?ups?|gentlem[ae]n|lad(?:y|ies))\b", re.IGNORECASE)
_MAYBE_YOUNG = re.compile(r"\b(?:young|boys?|girls?|sons?|daughters?|kids?|bab(?:y|ies)|teen\w*)\b", re.IGNORECASE)
_WELL = re.compile(r"\bnormal (?P<organ>renal|kidney|hepatic|liver) function\b", re.IGNORECASE)
_ILL = re.compile(
    r"\b(?:impair|insufficien|dysfunction|failure|reduced|decreased|dialysis|abnormal|adjust)", re.IGNORECASE
)
_ORGANS = {"renal": "renal", "kidney": "renal", "hepatic": "hepatic", "liver": "hepatic"}
WELL_RATE = 80.0
"""mL/min from which labels call kidney function normal."""


def for_adult(query: Query) -> bool:
    """Whether a question asks for a dose for an adult: by the word, an age from 18 on or a body weight over 40 kg."""
    child = any(one.name == "child" for one in query.populations) or _MAYBE_YOUNG.search(query.question)
    if child or "dosage" not in query.topics:
        return False
    age, weight = age_of(query.question), weight_of(query.question)
    if age is not None:
        return age >= ADULT
    return bool(_ASKED.search(query.question)) or (weight is not None and weight > HEAVY)


def of_young(text: str) -> bool:
    """Whether a sentence speaks of children and not of adults."""
    return "children" in populations(text) and not ADULTS.search(text)


def of_grown(text: str) -> bool:
    """Whether a sentence gives an amount for adults, and for no others."""
    return bool(ADULTS.search(text) and AMOUNT.search(text)) and not limited(text)


def limited(text: str) -> bool:
    """Whether a sentence is of a group of patients; of those whose organs are well it is not."""
    return bool(populations(_WELL.sub("", text)))


def of_well(query: Query, text: str) -> bool:
    """Whether a sentence is of patients whose kidneys or liver are well, where the question is of those who are ill."""
    organs = {_ORGANS[match["organ"].casefold()] for match in _WELL.finditer(text)}
    ill = {one.name for one in query.populations if one.unit != "mL/min" or _rate(one.value) < WELL_RATE}
    return bool(organs & ill) and not _ILL.search(text)


def _rate(value: str) -> float:
    return float(value.lstrip("<>") or 0)
