"""Truth: every figure of a drug summary occurs in a real label that it links to, with the same unit where it has one;
its set ids and its UNII and RxCUI codes are those of real labels."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from corpora.checks.figures import Figure, Figures, figures
from corpora.checks.model import SPL, Finding, Label, Line, place
from corpora.checks.shared import LabelText

CODED = ("2.16.840.1.113883.4.9", "2.16.840.1.113883.6.88")
"""The code systems whose codes must be a real label's: UNII, RxNorm."""

Missing = Callable[[Line, set[Figure]], set[Figure]]
"""Those of the figures of a line that none of its sources has."""


@dataclass(slots=True)
class Real:
    """What the real labels say: the figures by drug, the UNII and RxCUI codes by set id."""

    figures: dict[str, Figures]
    codes: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exemption:
    """A figure that may stand in a summary though no source of it has it (``exceptions.toml``).

    ``file``: the stem of the summary's file. ``line``: what stands in the one line or row that it holds for.
    """

    file: str
    line: str
    number: str
    unit: str
    reason: str


def exemptions(path: Path) -> list[Exemption]:
    """The exemptions of ``exceptions.toml``; none where the file is absent."""
    if not path.exists():
        return []
    return [Exemption(**entry) for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("number", [])]


def collect(labels: Sequence[Label], sources: Iterable[LabelText]) -> Real:
    """What the real labels say that each summary links to: texts are read when figures are asked for."""
    codes: dict[str, set[str]] = {}
    linked: dict[str, list[LabelText]] = {label.drug: [] for label in labels}
    for source in sources:
        set_id = source.set_id.lower()
        codes.setdefault(set_id, set()).update(source.codes)
        for label in labels:
            if set_id in label.set_ids:
                linked[label.drug].append(source)
    texts = {drug: chain.from_iterable(source.texts() for source in found) for drug, found in linked.items()}
    return Real({drug: Figures(pending=pending) for drug, pending in texts.items()}, codes)


def untrue(labels: Sequence[Label], real: Real, exempt: Sequence[Exemption]) -> Iterator[Finding]:
    """A finding for each unconfirmed figure, set id and code, and for each exemption that is not needed."""
    for label in labels:
        yield from _codes(label, real.codes)
        known = real.figures[label.drug]
        where = f"no label that {label.drug} links to"
        yield from unconfirmed(label.drug, label.lines, lambda _, wanted: known.missing(wanted), exempt, where)  # noqa: B023


def unconfirmed(
    stem: str, lines: Sequence[Line], missing: Missing, exempt: Sequence[Exemption], where: str
) -> Iterator[Finding]:
    """A finding for each ``missing`` figure of a record that is not exempt in its line, and for each exemption of the
    record (``stem`` of its file) that is not needed. ``where`` they were looked for."""
    unused = {entry for entry in exempt if entry.file == stem}
    for line in lines:
        for number, unit in _wrong(missing(line, figures(line.text))):
            allowed = {
                entry
                for entry in exempt
                if (entry.file, entry.number, entry.unit) == (stem, number, unit) and entry.line in line.text
            }
            unused -= allowed
            if not allowed:
                yield Finding("numbers", line.file, line.place, f"{f'{number} {unit}'.strip()!r} is in {where}")
    for entry in sorted(unused, key=lambda entry: entry.number):
        yield _stray(entry, "not needed: remove it")


def strays(exempt: Sequence[Exemption], stems: set[str]) -> Iterator[Finding]:
    """A finding for each exemption of a file that is not there."""
    return (_stray(entry, "no summary is of this name") for entry in exempt if entry.file not in stems)


def _stray(entry: Exemption, reason: str) -> Finding:
    return Finding("numbers", "exceptions.toml", f"{entry.file} {entry.number} {entry.unit}", reason)


def _codes(label: Label, real: Mapping[str, set[str]]) -> Iterator[Finding]:
    known = set().union(*(real.get(set_id.lower(), set()) for set_id in label.set_ids))
    for set_id in label.set_ids:
        if set_id.lower() not in real:
            yield Finding("numbers", label.file, "relatedDocument", f"set id {set_id} is not in the shared labels")
    for element in label.root.iter(f"{{{SPL['h']}}}code"):
        code = element.get("code") or ""
        if element.get("codeSystem") in CODED and code not in known:
            yield Finding("numbers", label.file, place(element), f"code {code!r} is in none of its real labels")


def _wrong(missing: set[Figure]) -> list[Figure]:
    """One finding for each number: that of the bare number says no more than the one with its unit."""
    with_unit = {number for number, unit in missing if unit}
    return sorted((number, unit) for number, unit in missing if unit or number not in with_unit)
