"""Sentences in the same words that differ in a figure, a unit or a negation. Pure rules on words, fast enough for all.

Word order counts, unlike in `rag.history.differences`: a negation that moves to another clause is another sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rag.checks.measures import measures
from rag.naming.ingredients import word_set
from rag.types import Apart

SHORTEST = 5
"""Words without figures that a sentence must have to be compared: headings and list items are alike by chance."""

_REFERENCE = re.compile(
    r"\[[^\]]*\]|\(\s*(?:see\b[^)]*|[\d.,;\s]+)\)|\b(?:tables?|figures?|sections?)\s\d[\d.,\s]*|^\s*\d{1,2}(?:\.\d{1,2})*\.?\s(?=\D)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\d[\d.,]*|%|[^\W\d_]+(?:['’][^\W\d_]+)?")
_NEGATIONS = word_set(
    """not no never without cannot neither nor
    don't doesn't didn't isn't aren't wasn't weren't shouldn't can't mustn't"""
)
_UNITS = {
    written: unit
    for unit, forms in {
        "mg": "milligram milligrams", "mcg": "ug µg μg microgram micrograms", "g": "gm gram grams", "kg": "", "ng": "",
        "ml": "", "dl": "", "l": "", "meq": "", "mmol": "", "unit": "units iu", "hour": "hours hr hrs h", "day": "days",
        "week": "weeks", "month": "months", "year": "years", "minute": "minutes min", "second": "seconds sec",
        "%": "percent", "fold": "", "mm": "", "cm": "",
    }.items()
    for written in (unit, *forms.split())
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence as its plain words in order, and what was taken out: figures, units, negations in place."""

    words: tuple[str, ...]
    figures: tuple[str, ...]
    units: tuple[str, ...]
    negations: tuple[tuple[int, str], ...]

    @property
    def variant(self) -> tuple[object, ...]:
        """What tells apart two sentences of the same words."""
        return self.figures, self.units, self.negations


def wording(text: str, names: Collection[str] = ()) -> Wording | None:
    """The wording of a sentence; None of one too short. ``names``: words (lower case) that stand for the product."""
    words: list[str] = []
    figures: list[str] = []
    units: list[str] = []
    negations: list[tuple[int, str]] = []
    for token in _TOKEN.findall(_REFERENCE.sub(" ", text).casefold()):
        if token[0].isdigit():
            figures.append(_plain(token))
            words.append("#")
        elif words and words[-1] == "#" and token in _UNITS:
            units.append(_UNITS[token])
        elif token in _NEGATIONS:
            negations.append((len(words), token))
        else:
            words.append("@" if token in names else token)
    enough = sum(word not in {"#", "@"} for word in words) >= SHORTEST
    return Wording(tuple(words), tuple(figures), tuple(units), tuple(negations)) if enough else None


def _plain(figure: str) -> str:
    """ "1,200.0" as "1200"."""
    plain = figure.rstrip(".,").replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def apart(one: str, two: str, names: Collection[str] = ()) -> Apart | None:
    """In what two sentences of the same words differ: a negation, else a figure, else a unit; None where in nothing.

    1 g and 1000 mg are the same. Sentences of other words are not compared.
    """
    left, right = wording(one, names), wording(two, names)
    if left is None or right is None or left.words != right.words or left.variant == right.variant:
        return None
    if _places(left) != _places(right):
        return "negation"
    if len(left.units) != len(right.units) or _amounts(one) == _amounts(two):
        return None
    return "unit" if left.figures == right.figures else "figure"


def _places(one: Wording) -> list[int]:
    return [place for place, _ in one.negations]


def _amounts(text: str) -> list[tuple[object, ...]]:
    return [(one.low, one.high, one.unit) for one in measures(_REFERENCE.sub(" ", text))]


def variants_in(
    texts: Sequence[str], own: Sequence[str], others: Sequence[str], names: Collection[str] = ()
) -> Iterator[tuple[Apart, str, str]]:
    """The sentences of ``texts`` that another label has in the same words but for something, and that of the other.

    ``own`` and ``others``: all sentences of both labels; where one of ``others`` says exactly the same, or one of
    ``own`` what the other says, both labels say both (of two doses, say), and nothing differs.
    """
    mine, theirs = _by_words(own, names), _by_words(others, names)
    for text in dict.fromkeys(texts):
        made = wording(text, names)
        alike = theirs.get(made.words, []) if made else []
        if not made or any(apart(text, one, names) is None for one in alike):
            continue
        for one in alike:
            if (kind := apart(text, one, names)) and all(apart(one, said, names) for said in mine.get(made.words, [])):
                yield kind, text, one
                break


def _by_words(sentences: Sequence[str], names: Collection[str]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for one in sentences:
        if made := wording(one, names):
            found.setdefault(made.words, []).append(one)
    return found
