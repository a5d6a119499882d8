"""Truth: every number of a drug summary occurs in a real label of that drug, with the same unit where it has one; its
set ids and its UNII and RxCUI codes are those of real labels."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from corpora.checks.model import SPL, Finding, Label, Line, place
from corpora.checks.shared import LabelText, name_words

CODED = ("2.16.840.1.113883.4.9", "2.16.840.1.113883.6.88")
"""The code systems whose codes must be a real label's: UNII, RxNorm."""

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_UNITS = {
    "%": r"%|percent\b",
    "mg": r"mgs?\b|milligrams?\b",
    "mcg": r"mcg\b|ug\b|micrograms?\b",
    "ng": r"ng\b",
    "g": r"g\b|grams?\b|gm\b",
    "kg": r"kg\b|kilograms?\b",
    "ml": r"ml\b|milliliters?\b",
    "l": r"l\b|liters?\b|litres?\b",
    "meq": r"meq\b",
    "miu": r"miu\b",
    "mmhg": r"mm ?hg\b",
    "hour": r"hours?\b|hrs?\b|h\b",
    "minute": r"minutes?\b|mins?\b",
    "day": r"days?\b",
    "week": r"weeks?\b|wks?\b",
    "month": r"months?\b",
    "year": r"years?\b|yrs?\b",
    "times": r"times\b",
    "fold": r"fold\b",
    "beats": r"beats\b",
    "°c": r"°\s*c\b",
}
_UNIT = "|".join(f"(?:{pattern})" for pattern in _UNITS.values())
_JOIN = r"\s*(?:-|to|and|or|,|±)\s*-?"
_MEASURED = re.compile(rf"(?<![\w.])((?:{_NUMBER})(?:{_JOIN}(?:{_NUMBER}))*)\s*-?\s*({_UNIT})(/\s*(?:kg|ml|dl|l)\b)?")
_ALONE = re.compile(rf"(?<![\w.])(?:{_NUMBER})(?!\w)")
_FOLD = str.maketrans({"–": "-", "—": "-", "−": "-", "‑": "-", "µ": "u", "μ": "u", "\u00a0": " "})


@dataclass(slots=True)
class Numbers:
    """The numbers of some texts: alone, and as ``(number, unit)``."""

    alone: set[str] = field(default_factory=set)
    measured: set[tuple[str, str]] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Adds the numbers of one more text."""
        folded = fold(text)
        self.alone.update(map(_canonical, _ALONE.findall(folded)))
        self.measured.update(measured(folded))


@dataclass(slots=True)
class Real:
    """What the real labels say: the numbers by drug, the UNII and RxCUI codes by set id."""

    numbers: dict[str, Numbers]
    codes: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exemption:
    """A number that may stand in a summary though no source of it has it (``exceptions.toml``).

    ``drug``: the stem of the summary's file, for a label the drug.
    """

    drug: str
    number: str
    unit: str
    reason: str


def fold(text: str) -> str:
    """Lower case, one kind of hyphen, ``/`` for "per"."""
    plain = text.lower().translate(_FOLD).replace(" per ", "/")
    return plain.replace(" /", "/").replace("/ ", "/")


def measured(folded: str) -> Iterator[tuple[str, str]]:
    """The ``(number, unit)`` pairs of folded text; in "10 to 20 mg" both numbers have the unit."""
    for numbers, unit, per in _MEASURED.findall(folded):
        name = _unit(unit)
        for number in re.findall(_NUMBER, numbers):
            yield _canonical(number), name + per.replace(" ", "")


@cache
def _unit(written: str) -> str:
    return next(name for name, pattern in _UNITS.items() if re.fullmatch(pattern, written))


def exemptions(path: Path) -> list[Exemption]:
    """The exemptions of ``exceptions.toml``; none where the file is absent."""
    if not path.exists():
        return []
    return [Exemption(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("number", [])]


def collect(labels: Sequence[Label], sources: Iterable[LabelText]) -> Real:
    """What the real labels say: read once, only numbers and codes kept."""
    real = Real({label.drug: Numbers() for label in labels})
    wanted = {label.drug: name_words(label.drug) for label in labels}
    for source in sources:
        real.codes.setdefault(source.set_id.lower(), set()).update(source.codes)
        for drug, names in wanted.items():
            if names <= source.names:
                real.numbers[drug].add(source.text)
    return real


def untrue(labels: Sequence[Label], real: Real, exempt: Sequence[Exemption]) -> Iterator[Finding]:
    """A finding for each unconfirmed number, set id and code, and for each exemption that is not needed."""
    for label in labels:
        yield from _codes(label, real.codes)
        known = real.numbers[label.drug]
        yield from unconfirmed(label.drug, label.lines, lambda _: known, exempt, f"no label of {label.drug}")  # noqa: B023


def unconfirmed(
    stem: str, lines: Sequence[Line], known: Callable[[Line], Numbers], exempt: Sequence[Exemption], where: str
) -> Iterator[Finding]:
    """A finding for each number of a record that is not among the ``known`` ones of its line, nor exempt, and for each
    exemption of the record (``stem`` of its file) that is not needed. ``where`` they were looked for."""
    unused = {entry for entry in exempt if entry.drug == stem}
    for line in lines:
        for number, unit in _unconfirmed(line.text, known(line)):
            allowed = {entry for entry in exempt if (entry.drug, entry.number, entry.unit) == (stem, number, unit)}
            unused -= allowed
            if not allowed:
                yield Finding("numbers", line.file, line.place, f"{f'{number} {unit}'.strip()!r} is in {where}")
    for entry in sorted(unused, key=lambda entry: entry.number):
        yield Finding("numbers", "exceptions.toml", f"{stem} {entry.number} {entry.unit}", "not needed: remove it")


def _codes(label: Label, real: Mapping[str, set[str]]) -> Iterator[Finding]:
    known = set().union(*(real.get(set_id.lower(), set()) for set_id in label.set_ids))
    for set_id in label.set_ids:
        if set_id.lower() not in real:
            yield Finding("numbers", label.file, "relatedDocument", f"set id {set_id} is not in the shared labels")
    for element in label.root.iter(f"{{{SPL['h']}}}code"):
        code = element.get("code") or ""
        if element.get("codeSystem") in CODED and code not in known:
            yield Finding("numbers", label.file, place(element), f"code {code!r} is in none of its real labels")


def _unconfirmed(text: str, real: Numbers) -> list[tuple[str, str]]:
    folded = fold(text)
    pairs = set(measured(folded))
    bare = {(number, "") for number in map(_canonical, _ALONE.findall(folded)) if number not in real.alone}
    wrong = pairs - real.measured
    return sorted(wrong | {pair for pair in bare if pair[0] not in {number for number, _ in wrong}})


def _canonical(number: str) -> str:
    """``2,200`` and ``2200`` are one number; so are ``1.60`` and ``1.6``."""
    plain = number.replace(",", "")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
