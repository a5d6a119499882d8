"""openFDA gives each label field as one long line; this finds its lines, subsections and tables again.

A field holds its subsections' text too, and some of those are fields of their own. Where a field's text contains
another's, it takes that field's finished lines in its place: so a child's text is always a contiguous part of its
parent's. A table's cells stand in the text as one run; the run gives way to the table's rows.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate

from ingest.parse import loinc
from ingest.parse.tables import Block, Grid
from ingest.parse.text import tidy

_SHORTEST_PART = 16  # characters: a shorter field ("None.") may occur anywhere
_SHORTEST_TABLE = 8  # characters without spaces
_BULLETS = "•▪■●◦○"
_BULLET = re.compile(
    rf"[{_BULLETS}](?<![^\s.:;,)\]][{_BULLETS}])(?=\s?(?!(?:h|hr|hrs|hours?|min|mL|kg|L|days?)\b)\S)"  # not "ng • h/mL"
)
_OWN_NUMBER = re.compile(r"(\d{1,2})(?:\.(\d{1,2}))?\.?\s(?=[A-Z])")
_REFERENCE = re.compile(
    r"(?:\b(?:sections?|see|tables?|figures?|and|or|to|of|in|by|than|least|is|was|were|are|with)|[,(±=<>≤≥–-])\s*$",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.:;)\]”•]\s*$")
_FORMAT_OF_2006 = (
    "indications_and_usage",
    "dosage_and_administration",
    "dosage_forms_and_strengths",
    "contraindications",
    "warnings_and_cautions",
    "adverse_reactions",
    "drug_interactions",
    "use_in_specific_populations",
    "drug_abuse_and_dependence",
    "overdosage",
    "description",
    "clinical_pharmacology",
    "nonclinical_toxicology",
    "clinical_studies",
    "references",
    "how_supplied",
    "information_for_patients",
)
_SKIPPED = 3  # subsections that a label may leave out between two numbers


@dataclass(slots=True)
class Piece:
    """One text of a field (cleaned, on one line) with the tables of the field; ``blocks`` and ``path`` are results."""

    slug: str
    text: str
    tables: list[FlatTable] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class FlatTable:
    """A table and its text as it stands in a field, without any white space; ``placed`` once a field has it."""

    run: str
    grid: Grid
    placed: bool = False


@dataclass(slots=True)
class _Numbering:
    """The number of the section and of its latest subsection, to tell ``7.2 Digoxin`` from a dose of 7.2."""

    major: int = 0
    minor: int = 0
    sub: int = 0
    fixed: bool = False  # a numbered subsection has sub-subsections only

    @classmethod
    def of(cls, piece: Piece) -> _Numbering:
        """The numbering of a text that begins ``7 DRUG INTERACTIONS`` or ``12.3 Pharmacokinetics``.

        Without such a beginning, the number that the section has in the format of 2006 (21 CFR 201.57).
        """
        own = _OWN_NUMBER.match(piece.text)
        if own:
            return cls(int(own[1]), int(own[2] or 0), 0, bool(own[2]))
        return cls(_FORMAT_OF_2006.index(piece.slug) + 1 if piece.slug in _FORMAT_OF_2006 else 0)

    def take(self, match: re.Match[str], text: str) -> bool:
        """Whether the number found is the next subsection's heading; if so it is counted."""
        minor, sub = int(match[1]), int(match[2] or 0)
        before = text[max(0, match.start() - 16) : match.start()]
        if _REFERENCE.search(before):
            return False
        if sub:
            fits = minor == self.minor and sub == self.sub + 1
        else:
            step = minor - self.minor
            fits = not self.fixed and (step == 1 or (1 < step <= _SKIPPED and bool(_ENDED.search(before))))
        if fits:
            self.minor, self.sub = minor, sub
        return fits


def structure(pieces: Sequence[Piece]) -> None:
    """Fills ``blocks`` and ``path`` of every piece, shortest first, so that parents find their parts finished."""
    ordered = sorted(pieces, key=lambda piece: (len(piece.text), -loinc.rank_of(piece.slug)))
    parents: dict[int, Piece] = {}
    for number, piece in enumerate(ordered):
        parts = _parts(piece, ordered[:number])
        piece.blocks = list(_blocks(piece, parts))
        for _, _, part in parts:
            parents.setdefault(id(part), piece)
    for piece in reversed(ordered):
        parent = parents.get(id(piece))
        piece.path = (*(parent.path if parent else ()), loinc.title_of(piece.slug))


def _parts(piece: Piece, shorter: Sequence[Piece]) -> list[tuple[int, int, Piece]]:
    """Where the texts of other fields stand in this one's, without overlap, the longest first choice."""
    found: list[tuple[int, int, Piece]] = []
    for part in reversed(shorter):
        if len(part.text) < _SHORTEST_PART:
            break
        start = piece.text.find(part.text)
        while start >= 0 and any(start < end and first < start + len(part.text) for first, end, _ in found):
            start = piece.text.find(part.text, start + 1)
        if start >= 0:
            found.append((start, start + len(part.text), part))
    return sorted(found, key=lambda place: place[:2])


def _blocks(piece: Piece, parts: Sequence[tuple[int, int, Piece]]) -> Iterator[Block]:
    numbering = _Numbering.of(piece)
    places: list[tuple[int, int, Piece | Grid]] = [*parts]
    places += [
        place for place in _located(piece) if not any(start < place[1] and place[0] < end for start, end, _ in parts)
    ]
    end = 0
    for start, stop, inner in sorted(places, key=lambda place: place[:2]):
        yield from _lines(piece.text[end:start], numbering, piece.slug if end == 0 else "")
        if isinstance(inner, Grid):
            yield inner
        else:
            yield from inner.blocks
            within = _Numbering.of(inner)
            if within.major == numbering.major and within.minor > numbering.minor and not numbering.fixed:
                numbering.minor, numbering.sub = within.minor, 0
        end = stop
    yield from _lines(piece.text[end:], numbering, piece.slug if end == 0 else "")


def _located(piece: Piece) -> Iterator[tuple[int, int, Grid]]:
    """Where each table's run of cell text stands in the text, from its first character to after its last."""
    if not piece.tables:
        return
    words = piece.text.split(" ")
    ends = list(accumulate(map(len, words)))
    packed, at = "".join(words), 0
    taken: list[tuple[int, int]] = []
    for table in piece.tables:
        start = packed.find(table.run, at)
        start = start if start >= 0 else packed.find(table.run)
        table.placed = table.placed or start >= 0
        at = start + len(table.run)
        if start >= 0 and len(table.run) >= _SHORTEST_TABLE and not any(start < b and a < at for a, b in taken):
            taken.append((start, at))
            yield start + bisect_right(ends, start), at + bisect_right(ends, at - 1), table.grid
        at = max((b for _, b in taken), default=0)


def _lines(text: str, numbering: _Numbering, slug: str) -> Iterator[str]:
    """The lines of a run of text: one for each heading, numbered subsection and bullet."""
    cuts = [0]
    if slug and (heading := _heading(slug).match(text)):
        cuts.append(heading.end())
    if numbering.major:
        numbers = _number(numbering.major).finditer(text)
        cuts += [match.start() for match in numbers if numbering.take(match, text)]
    if not text.isascii():
        cuts += [match.start() for match in _BULLET.finditer(text)]
    cuts = sorted(set(cuts))
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        if line := tidy(text[start:end]):
            yield line


@cache
def _number(major: int) -> re.Pattern[str]:
    """Matches the number of a subsection of section ``major`` before a capital letter."""
    return re.compile(rf"{major}(?<![^\s\])”]{major})\.(\d{{1,2}})(?:\.(\d{{1,2}}))?\.?\s(?=[“\"(]?[A-Z])")


@cache
def _heading(slug: str) -> re.Pattern[str]:
    """Matches the section's own heading at the start of its text, where no sentence goes on with it."""
    words = "|".join(sorted((_words(title) for title in _titles(slug)), key=len, reverse=True))
    return re.compile(rf"(?:\d{{1,2}}(?:\.\d{{1,2}}){{0,2}}\.?\s)?(?i:{words})[:.]?(?=\s(?![a-z]))")


def _titles(slug: str) -> Iterable[str]:
    return (loinc.title_of(slug), *_OTHER_TITLES.get(slug, ()))


def _words(title: str) -> str:
    """The title as a pattern: ``and`` may be ``&``, commas and slashes may stand closed up or apart."""
    pattern = re.escape(title.replace("/", " / ").replace(",", "")).replace(r"\ and\ ", r"(?:,?\ and\ |\ &\ )")
    return pattern.replace(r"\ /\ ", r"\s?/\s?").replace(r"\ ", r",?\s")


_OTHER_TITLES = {
    "information_for_patients": ("Patient Counseling Information",),
    "how_supplied": ("How Supplied/Storage and Handling",),
    "general_precautions": ("General",),
    "boxed_warning": ("Warning", "Warnings"),
    "carcinogenesis_and_mutagenesis_and_impairment_of_fertility": (
        "Carcinogenesis and Mutagenesis and Impairment of Fertility",
        "Carcinogenesis, Mutagenesis and Impairment of Fertility",
    ),
    "drug_and_or_laboratory_test_interactions": ("Drug/Laboratory Test Interactions",),
    "animal_pharmacology_and_or_toxicology": ("Animal Toxicology and/or Pharmacology", "Animal Toxicology"),
    "package_label_principal_display_panel": ("Package Label.Principal Display Panel", "Principal Display Panel"),
}
