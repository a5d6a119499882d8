"""The figures of a text: numbers alone, numbers with their unit, words with digits in them. Ours and those of the
sources are read in the same way, so what one writes as "ninety hours" the other may write as "90 h"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

Figure = tuple[str, str]
"""A number and its unit; the unit is empty for a number alone, ``GLUED`` for a word with digits ("cyp3a4")."""
GLUED = "(in one word)"

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_COUNTED = {  # not lent by the head of a table to its numbers: "Tablets" says what stands below, not in which unit
    "times": r"times\b",
    "fold": r"fold\b",
    "tablet": r"tablets?\b",
    "capsule": r"capsules?\b",
    "vial": r"vials?\b",
    "puff": r"puffs?\b",
    "drop": r"drops?\b",
}
_UNITS = {
    "%": r"%|percent\b|per cent\b",
    "mg": r"mgs?\b|milligrams?\b",
    "mcg": r"mcg\b|ug\b|micrograms?\b",
    "ng": r"ng\b|nanograms?\b",
    "pg": r"pg\b",
    "g": r"g\b|grams?\b|gm\b",
    "kg": r"kg\b|kilograms?\b",
    "ml": r"ml\b|milliliters?\b",
    "ul": r"ul\b|microliters?\b",
    "dl": r"dl\b",
    "l": r"l\b|liters?\b|litres?\b",
    "unit": r"(?:usp )?units?\b|iu\b|international units?\b",
    "meq": r"meq\b",
    "mmol": r"mmol\b|millimoles?\b",
    "umol": r"umol\b|mumol\b",
    "nmol": r"nmol\b",
    "miu": r"miu\b",
    "mmhg": r"mm ?hg\b",
    "mm3": r"mm3\b|cubic millimeters?\b",
    "m2": r"m2\b",
    "mm": r"mm\b",
    "cm": r"cm\b",
    "hour": r"hours?\b|hrs?\b|h\b",
    "minute": r"minutes?\b|mins?\b",
    "second": r"seconds?\b|secs?\b",
    "msec": r"msecs?\b|ms\b|milliseconds?\b",
    "day": r"days?\b",
    "week": r"weeks?\b|wks?\b",
    "month": r"months?\b",
    "year": r"years?\b|yrs?\b",
    "beats": r"beats\b|bpm\b",
    "°c": r"°\s*c\b",
    "°f": r"°\s*f\b",
}
_ALL = _UNITS | _COUNTED
_PER = {"hr": "hour", "h": "hour", "min": "minute", "yr": "year", "y": "year", "wk": "week"}
_PER |= {"deciliter": "dl", "milliliter": "ml", "liter": "l", "litre": "l", "kilogram": "kg"}
_ASIDE = ("", "day", "d", "days")
"""What "per" this does not count: a dose of 60 mg a day is written as 60 mg, 60 mg daily and 60 mg/day."""
_BELOW_UNIT = "kg|kilograms?|milliliters?|ml|deciliters?|dl|ul|liters?|litres?|l|mm3|m2|dose"
_BELOW_TIME = "minutes?|min|hours?|hr|h|days?|d|weeks?|wk|months?|years?|yr|y"
_RATE = rf"((?:/\s*(?:{_BELOW_UNIT}|{_BELOW_TIME})\b)*)"
_JOIN = r"\s*(?:°\s*)?(?:-|to|,? ?and|,? ?or|,|±|\+/-|vs\.?|versus)\s*-?"


def _either(units: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in units)


_MEASURED = re.compile(
    rf"(?<![\w.])((?:{NUMBER})(?:{_JOIN}(?:{NUMBER}))*)\s*-?\s*({_either(_ALL.values())}|(?=/)){_RATE}"
)
_HEADED = re.compile(rf"(?<![\w.])(?<!\d )({_either(_UNITS.values())}){_RATE}")
_ALONE = re.compile(rf"(?<![\w.])(?:{NUMBER})(?!\w)")
_MIXED = re.compile(r"(?<!\w)(?=[a-z_]*\d)(?=\d*[a-z_])\w+")
_NEAR = re.compile(r"(?<!\w)(?:([a-z]+)[ -](\d\w*)|(\d\w*)[ -]([a-z]+))(?!\w)")
_FOLD = str.maketrans({"–": "-", "—": "-", "−": "-", "‑": "-", "µ": "u", "μ": "u", "\u00a0": " ", "²": "2", "³": "3"})
_AREA = re.compile(r"\b(m) ?\^?(2)\b|\b(mm) ?\^?(3)\b")
_BODY = re.compile(r"/1\.73 ?m2\b")  # a filtration rate is for this body surface whether a text says so or not
_POWER = re.compile(r"(?: x | ?\. ?| )(kg|ml|dl|l|min|h) ?\(?-1\)?(?!\w)")  # "mg kg(-1)"
_INTERVAL = re.compile(r"\b(9\d(?:\.\d+)?) ?% (?=ci\b|confidence|interval)")

_ONES = {word: n for n, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)}
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_SMALL = _ONES | {word: n for n, word in enumerate(_TEENS.split(), 10)}
_TENS = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_BELOW = rf"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?|(?:{'|'.join(reversed(_SMALL))})"
_SPELLED = re.compile(rf"\b(?:({_BELOW}) hundred(?:(?: and)? ({_BELOW}))?|({_BELOW}))\b")


@dataclass(slots=True)
class Figures:
    """The figures of some texts. ``pending``: texts that are read only as far as figures are still looked for."""

    found: set[Figure] = field(default_factory=set)
    pending: Iterator[str] = field(default_factory=lambda: iter(()))

    def add(self, text: str) -> None:
        """Adds the figures of one more text."""
        self.found |= figures(text, source=True)

    def missing(self, wanted: set[Figure]) -> set[Figure]:
        """Those of ``wanted`` that no text has."""
        while wanted - self.found and (text := next(self.pending, None)) is not None:
            self.add(text)
        return wanted - self.found


def fold(text: str, low: bool = True) -> str:
    """Lower case, one kind of hyphen, digits for number words (up to twelve only if ``low``), ``/`` for "per"."""
    plain = _SPELLED.sub(_digits if low else _high, text.lower().translate(_FOLD)).replace(" per ", "/")
    plain = _POWER.sub(r"/\1", plain.replace(" /", "/").replace("/ ", "/"))
    return _INTERVAL.sub(r"; \1% ", _BODY.sub("", _AREA.sub(r"\1\2\3\4", plain)))


def figures(text: str, source: bool = False) -> set[Figure]:
    """All figures of a text. Of a source also what would be one word without a space or hyphen between ("beta 2"), and
    low numbers in words alone, which in ours mostly count nothing that a source counts ("one of the two")."""
    folded = fold(text)
    found = set(measured(folded)) | {(word.removeprefix("cyp"), GLUED) for word in _MIXED.findall(folded)}
    if source:
        found |= {("".join(parts), GLUED) for parts in _NEAR.findall(folded)}
    else:
        found -= {(word, GLUED) for word, _ in found if _plain(word)}
        folded = fold(text, low=False)
    return found | {(_canonical(number), "") for number in _ALONE.findall(folded)}


def measured(folded: str) -> Iterator[Figure]:
    """The figures with a unit of folded text; in "10 to 20 mg" both numbers have it."""
    for numbers, unit, rate in _MEASURED.findall(folded):
        name = _unit(unit) + _rate(rate)
        yield from ((_canonical(number), name) for number in re.findall(NUMBER, numbers) if name)


def heads(text: str) -> set[str]:
    """The units that the head of a column or row names for the numbers below or beside it."""
    return {f"{unit}{rate}" for unit, rate in _HEADED.findall(fold(text)) if len(unit) > 1 or unit == "%"} | {
        f"{unit}{rate}" for inner in re.findall(r"\(([^()]*)\)", text) for unit, rate in _HEADED.findall(fold(inner))
    }


def _plain(word: str) -> bool:
    """Whether a word is a unit ("m2") or a number with its unit ("24h")."""
    return _unit(word) != "" or _MEASURED.fullmatch(word) is not None


@cache
def _unit(written: str) -> str:
    return next((name for name, pattern in _ALL.items() if re.fullmatch(pattern, written)), "")


@cache
def _rate(written: str) -> str:
    parts = (part.strip() for part in written.split("/"))
    return "".join(f"/{_PER.get(part, part).removesuffix('s')}" for part in parts if part not in _ASIDE)


def _digits(match: re.Match[str]) -> str:
    hundreds, rest, below = match.groups()
    return str(100 * _value(hundreds) + _value(rest) if hundreds else _value(below))


def _high(match: re.Match[str]) -> str:
    digits = _digits(match)
    return digits if int(digits) > 12 else ""


def _value(words: str | None) -> int:
    return sum((_TENS | _SMALL)[word] for word in re.split("[- ]", words or "") if word)


def _canonical(number: str) -> str:
    """``2,200`` and ``2200`` are one number; so are ``1.60`` and ``1.6``."""
    plain = number.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
