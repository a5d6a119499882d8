"""Sentences with one thing changed, so that they no longer say what they said: what a check of claims must catch.

The reader learns from them (`rag.train.readings`) and `rag.checks.claims` is measured with them. Pure functions,
seeded by the caller. At most one change of each kind for a sentence, at a place by chance.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

Kind = Literal["number", "unit", "negation", "drug", "population", "direction", "frequency"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Mutated:
    """A sentence with one change of this kind."""

    text: str
    kind: Kind


Change = tuple[int, int, str]
"""Where the text is replaced, and by what."""


def mutations(text: str, rng: random.Random, drugs: Sequence[str]) -> list[Mutated]:
    """One change of each kind that ``text`` offers, as `KINDS` are ordered; ``drugs``: names to find and to swap in."""
    found = []
    for kind in KINDS:
        changes = list(_drug(text, rng, drugs) if kind == "drug" else _FINDERS[kind](text, rng))
        if changes:
            start, end, instead = rng.choice(changes)
            changed = text[:start] + instead + text[end:]
            if changed != text:
                found.append(Mutated(changed, kind))
    return found


# Numbers of sections and references carry no claim; those inside names (CYP3A4, 5-HT) are no numbers.
_REFERENCES = re.compile(
    r"\[[^\]]*\]|\(\s*see\b[^()]*(?:\([^()]*\)[^()]*)*\)|\(\s*\d{1,2}(?:\.\d+)*(?:\s*,\s*\d{1,2}(?:\.\d+)*)*\s*\)"
    r"|^\W*\d{1,2}(?:\.\d+)*\.?\s+(?-i:(?=[A-Z]))|\b(?:table|figure|section|study|sections|trial|days?|part|no\.)\s+\d[\d.]*",
    re.IGNORECASE,
)
# Nor are those of powers ("mg/m 2", "10 9") and products ("AMONDYS 45").
_NUMBER = re.compile(
    r"(?<![\w.,/-])(?<!/m\s)(?<!mm\s)(?<!10\s)(?<![A-Z]{3}\s)(?:\d{1,3}(?:,\d{3})+(?![\w,-])|\d+(?:\.\d+)?(?![\w]|,\d|-[A-Z]))"
)
_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_THINGS = "tablets? capsules? hours? days? weeks? months? years? times doses? drops? minutes? patients cycles"
_COUNTED = re.compile(rf"\b(?:{'|'.join(_WORDS)})(?=\s(?:{'|'.join(_THINGS.split())}))", re.IGNORECASE)


def _numbers(text: str, rng: random.Random) -> Iterator[Change]:
    shielded = [match.span() for match in _REFERENCES.finditer(text)]
    for match in _NUMBER.finditer(text):
        if not any(low <= match.start() < high for low, high in shielded):
            yield *match.span(), _other_number(match.group(), rng)
    for match in _COUNTED.finditer(text):
        yield (
            *match.span(),
            _cased(match.group(), rng.choice([word for word in _WORDS[1:] if word != match.group().lower()])),
        )


def _other_number(written: str, rng: random.Random) -> str:
    """A number that looks as likely and is another one: ten times or half as much, the next, or with another digit."""
    value = float(written.replace(",", ""))
    whole = "." not in written
    others = [value * 10, value * 2, value + 1, value + 5, value * 3]
    others += [value / 10] if value >= 10 and value % 10 == 0 else []
    others += [value / 2] if not whole or value % 2 == 0 else []
    other = rng.choice([one for one in others if one not in {value, 0}])
    return f"{round(other):,}" if whole and "," in written else f"{round(other)}" if whole else f"{other:.6g}"


_UNITS = {
    "mg": ("mcg", "g"), "mcg": ("mg",), "µg": ("mg",), "μg": ("mg",), "g": ("mg",), "ng": ("mcg",), "mL": ("L",),
    "ml": ("L",), "L": ("mL",), "%": (" mg",), "kg": ("lb",), "mg/kg": ("mg", "mcg/kg"), "mcg/kg": ("mg/kg",),
    "mg/day": ("mg/kg/day", "mcg/day"), "mg/kg/day": ("mg/day",), "mg/mL": ("mcg/mL", "g/mL"),
    "mcg/mL": ("mg/mL", "ng/mL"), "ng/mL": ("mcg/mL",), "mg/dL": ("g/dL",), "g/dL": ("mg/dL",), "mL/min": ("mL/h",),
    "mg/m2": ("mg/kg",), "mg/m²": ("mg/kg",), "hours": ("days", "minutes"), "hour": ("day", "minute"),
    "days": ("weeks", "hours"), "day": ("week",), "weeks": ("days", "months"), "week": ("month",),
    "months": ("weeks", "years"), "month": ("week",), "years": ("months",), "year": ("month",),
    "minutes": ("hours", "seconds"), "seconds": ("minutes",), "mEq": ("mg",), "units": ("mg",), "IU": ("mg",),
    "tablets": ("capsules",), "tablet": ("capsule",), "°C": ("°F",),
}  # fmt: skip
_LONGEST_FIRST = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_UNIT = re.compile(rf"(?<=\d)[\s-]?(?P<unit>{_LONGEST_FIRST})(?![\w²/]|\s?/|\s?2\b|-\d)")


def _units(text: str, rng: random.Random) -> Iterator[Change]:
    for match in _UNIT.finditer(text):
        yield *match.span("unit"), rng.choice(_UNITS[match["unit"]])


# Each: what is found, and what it becomes; groups stay.
_NEGATIONS: tuple[tuple[str, str], ...] = (
    (r"\b(is|are|was|were|be|been|should|must|may|do|does|did|has|have|had|will|would|could)\s+not\b", r"\1"),
    (r"\bcannot\b", "can"),
    (r"\bcan not\b", "can"),
    (r"\b(Do|do) not (\w+)", r"\2"),
    (r"\bcontraindicated\b", "indicated"),
    (r"\bContraindicated\b", "Indicated"),
    (r"\bnot (recommended|indicated|approved|established|expected|known|affected|required|necessary)\b", r"\1"),
    (r"\b[Aa]void(?=\s(?:use|concomitant|concurrent|co-?administration|administration|taking|using))", "Recommend"),
    (r"\bshould be avoided\b", "is recommended"),
    (r"\bwithout\b", "with"),
    (r"\bNo (dosage|dose|adjustment|clinically|significant|evidence|studies|data)\b", r"A \1"),
    (r"\bno (dosage|dose|adjustment|clinically|significant|effect|evidence)\b", r"a \1"),
    (r"\bunlikely\b", "likely"),
    (r"\b(should|must|may|could|will|would)\s(?!not\b)(?=[a-z])", r"\1 not "),
    (r"\bcan\s(?!not\b)(?=[a-z])", "cannot "),
    (r"\b(is|are|was|were)\s(?!contraindicated|unlikely|unknown)(?=[a-z]+(?:ed|en|ing|wn|able|al)\b)", r"\1 not "),
    (r"\b(has|have|had)\s(?!not\b|no\b)(?=been\b|shown\b|demonstrated\b)", r"\1 not "),
    (r"\bindicated (?=for|in)", "contraindicated "),
    (r"\brecommended (?=in|for)", "not recommended "),
)  # fmt: skip
_DOUBLED = re.compile(r"not\s+(?:be\s+)?(?:not|contraindicated)\b", re.IGNORECASE)


def _negations(text: str, _rng: random.Random) -> Iterator[Change]:
    for pattern, instead in _NEGATIONS:
        for match in re.finditer(pattern, text):
            following = match.expand(instead) + text[match.end() : match.end() + 12]
            preceded = re.search(r"\b(?:not|no|nor|never)\s+$", text[max(0, match.start() - 8) : match.start()])
            if not _DOUBLED.search(following) and not preceded:
                change = match.expand(instead)
                yield *match.span(), change[:1].upper() + change[1:] if match.group()[0].isupper() else change


_POPULATIONS: Mapping[str, tuple[str, ...]] = {
    "adults": ("children", "pediatric patients"), "adult": ("pediatric",), "children": ("adults", "elderly patients"),
    "pediatric": ("adult", "geriatric"), "infants": ("adults",), "neonates": ("adults",),
    "adolescents": ("elderly patients",),
    "elderly": ("pediatric",), "geriatric": ("pediatric",), "pregnant": ("breastfeeding", "postmenopausal"),
    "pregnancy": ("lactation",), "lactation": ("pregnancy",), "breastfeeding": ("pregnancy",), "nursing": ("pregnant",),
    "renal": ("hepatic",), "hepatic": ("renal",), "kidney": ("liver",), "liver": ("kidney",),
    "women": ("men", "children"),
    "men": ("women",), "male": ("female",), "males": ("females",), "female": ("male",), "females": ("males",),
    "mild": ("severe",), "moderate": ("mild",), "severe": ("mild", "moderate"), "healthy": ("elderly",),
    "animals": ("patients",), "rats": ("patients",), "mice": ("patients",), "rabbits": ("women",),
}  # fmt: skip
_DIRECTIONS: Mapping[str, tuple[str, ...]] = {
    one: (other,)
    for left, right in (
        ("increase", "decrease"), ("increases", "decreases"), ("increased", "decreased"), ("increasing", "decreasing"),
        ("higher", "lower"), ("highest", "lowest"), ("greater", "smaller"), ("more than", "less than"),
        ("greater than", "less than"),
        ("at least", "at most"), ("above", "below"), ("before", "after"), ("prior to", "after"),
        ("inhibitor", "inducer"),
        ("inhibitors", "inducers"), ("inhibits", "induces"), ("inhibit", "induce"), ("prolong", "shorten"),
        ("prolongs", "shortens"),
        ("prolonged", "shortened"), ("improve", "worsen"), ("improves", "worsens"), ("improved", "worsened"),
        ("maximum", "minimum"), ("hypertension", "hypotension"), ("hyperkalemia", "hypokalemia"),
        ("hyperglycemia", "hypoglycemia"), ("or older", "or younger"), ("and older", "and younger"),
        ("older than", "younger than"),
        ("initiate", "discontinue"), ("initiation", "discontinuation"), ("<", ">"), ("≤", "≥"),
        ("or more", "or less"),
        ("or higher", "or lower"), ("raise", "lower"), ("raises", "lowers"), ("superior", "inferior"), ("gain", "loss"),
    )
    for one, other in ((left, right), (right, left))
} | {
    "reduce": ("increase",), "reduces": ("increases",), "reduced": ("increased",), "reduction": ("increase",),
    "reducing": ("increasing",), "elevated": ("reduced",), "exceed": ("fall below",), "up to": ("at least",),
    "elevation": ("reduction",),
    "enhance": ("reduce",), "enhanced": ("reduced",), "exceeding": ("below",), "under": ("over",), "over": ("under",),
}  # fmt: skip
_FREQUENCIES: Mapping[str, tuple[str, ...]] = {
    "once daily": ("twice daily", "once weekly", "three times daily"),
    "twice daily": ("once daily", "four times daily"),
    "once a day": ("twice a day", "once a week"), "twice a day": ("once a day", "three times a day"),
    "daily": ("weekly",),
    "three times daily": ("once daily",), "three times a day": ("twice a day",), "four times daily": ("twice daily",),
    "four times a day": ("once a day",), "once weekly": ("once daily", "twice weekly"), "weekly": ("daily", "monthly"),
    "once a week": ("once a day",), "monthly": ("weekly",), "every other day": ("every day",), "per day": ("per week",),
    "every day": ("every other day",), "bid": ("tid",), "tid": ("bid",), "qid": ("bid",), "b.i.d.": ("t.i.d.",),
    "t.i.d.": ("b.i.d.",), "q.i.d.": ("b.i.d.",), "BID": ("TID",), "TID": ("BID",), "q.d.": ("b.i.d.",),
    "every morning": ("every hour",),
    "at bedtime": ("three times a day",),
}  # fmt: skip
_EVERY = re.compile(r"\bevery (\d+)(?= (?:hours|days|weeks|months|minutes))")
_COMPARES = {"under", "over"}  # of ages and figures only, not of "over time"


def _swaps(table: Mapping[str, tuple[str, ...]]) -> Callable[[str, random.Random], Iterator[Change]]:
    """Finds whole words of the table, the longest first."""
    names = sorted(table, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])|[<>≤≥]", re.IGNORECASE)

    def find(text: str, rng: random.Random) -> Iterator[Change]:
        for match in pattern.finditer(text):
            written = match.group()
            others = table.get(written) or table.get(written.lower(), ())
            if others and not (
                written.lower() in _COMPARES and not re.match(r"\s(?:the age of )?\d", text[match.end() :])
            ):
                yield *match.span(), _cased(written, rng.choice(others))

    return find


_swapped_frequencies = _swaps(_FREQUENCIES)


def _frequencies(text: str, rng: random.Random) -> Iterator[Change]:
    yield from _swapped_frequencies(text, rng)
    for match in _EVERY.finditer(text):
        yield *match.span(1), str(int(match[1]) * rng.choice((2, 3)))


_FINDERS: Mapping[Kind, Callable[[str, random.Random], Iterator[Change]]] = {
    "number": _numbers,
    "unit": _units,
    "negation": _negations,
    "population": _swaps(_POPULATIONS),
    "direction": _swaps(_DIRECTIONS),
    "frequency": _frequencies,
}
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
LONGEST_NAME = 3
"""Words of a name that is looked for."""


def _drug(text: str, rng: random.Random, drugs: Sequence[str]) -> Iterator[Change]:
    known = _folded(tuple(drugs))
    words = list(_WORD.finditer(text))
    place = 0
    while place < len(words):
        end = next((end for end in _ends(words, place) if _name(text, words, place, end) in known), None)
        if end is None:
            place += 1
            continue
        start, stop = words[place].start(), words[end - 1].end()
        if other := _another(text, text[start:stop], drugs, rng):
            yield start, stop, other
        place = end


def _ends(words: Sequence[re.Match[str]], place: int) -> range:
    return range(min(len(words), place + LONGEST_NAME), place, -1)


def _name(text: str, words: Sequence[re.Match[str]], place: int, end: int) -> str:
    return text[words[place].start() : words[end - 1].end()].casefold()


@lru_cache(4)
def _folded(drugs: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.casefold() for name in drugs)


def _another(text: str, written: str, drugs: Sequence[str], rng: random.Random) -> str:
    """A name that the text lacks and that is not written like the one it replaces; empty where chance found none."""
    folded = text.casefold()
    for _ in range(20):
        other = rng.choice(drugs)
        if other.casefold() not in folded and other[:4].casefold() != written[:4].casefold():
            return _cased(written, other.lower() if written.islower() else other)
    return ""


def _cased(written: str, other: str) -> str:
    """The word in the case of the one that it replaces."""
    if len(written) > 1 and written.isupper() and not other.isupper():
        return other.upper()
    return other[:1].upper() + other[1:] if written[:1].isupper() else other
