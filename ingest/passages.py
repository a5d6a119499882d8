"""Cuts a document into passages: the unit that is indexed, found and shown."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from ingest.schema import Document, Kind, Passage, Section, pages_between, passage_id
from ingest.sentences import Span, sentences

# 160 words of a label are about 230 word pieces: with the context line a passage fills MiniLM's window of 256.
MAX_WORDS = 160
MIN_WORDS = 40
# A table row is a passage of its own, however long, as its cells mean nothing without their headers; beyond this it is
# cut between cells.
MAX_ROW_WORDS = 1000
# A "sentence" beyond this is none (a flattened table without full stops) and is cut at white space.
RUN_ON_WORDS = 2 * MAX_WORDS
# Shorter child texts occur in other sections by chance.
MIN_REPEAT = 60
# A heading further above, in lines, governs nothing.
MAX_LINES_BACK = 1000
# Each section is compared with each other; no real label has nearly as many.
MAX_COMPARED = 1000
# Parts of a label or full text that are no prose a question could be answered from; they are stored but not indexed.
NOT_INDEXED = frozenset(
    {
        "spl_product_data_elements",
        "package_label_principal_display_panel",
        "recent_major_changes",
        "references",
        "contents",
        "back",
    }
)
_CELL = re.compile(r"\S.*?(?:; |$)", re.DOTALL)
_WORD = re.compile(r"\S+")
_HEADING = re.compile(r"\d{1,2}(?:\.\d{1,2})+\s+[A-Z]")
_HEADING_LINE = re.compile(rf"^{_HEADING.pattern}", re.MULTILINE)
_BREAK = re.compile("\n")


def split(document: Document) -> list[Passage]:
    """The passages of a document in reading order.

    openFDA repeats a subsection's text inside its parent's; that stretch becomes passages of the subsection only.
    """
    indexed = [section for section in document.sections if section.slug.split(".")[0] not in NOT_INDEXED]
    compared = document.kind is Kind.LABEL and len(indexed) <= MAX_COMPARED
    return [
        _passage(document, section, span, headings)
        for position, section in enumerate(indexed)
        for headings in (Headings(section.text),)
        for span in _spans(section, _repeated(section, position, indexed) if compared else [])
    ]


def _repeated(section: Section, position: int, indexed: list[Section]) -> list[Span]:
    """Stretches of ``section`` that are another section's whole text (of equal ones the first keeps its text)."""
    spans = []
    for other_position, other in enumerate(indexed):
        smaller = len(other.text) < len(section.text) or (
            len(other.text) == len(section.text) and other_position < position
        )
        if smaller and len(other.text) >= MIN_REPEAT and (at := section.text.find(other.text)) >= 0:
            spans.append((at, at + len(other.text)))
    return spans


def _units(section: Section, repeated: list[Span]) -> Iterator[tuple[int, int, int]]:
    """Start, end and word count of each table row and each sentence outside the repeated stretches, run-ons cut."""
    for start, end, is_row in _pieces(section):
        if any(low <= start and end <= high if is_row else low < end and start < high for low, high in repeated):
            continue
        words = len(section.text[start:end].split())
        if words <= (MAX_ROW_WORDS if is_row else RUN_ON_WORDS):
            yield start, end, words
        elif is_row:
            for low, high in _cut(section.text, start, end, _CELL, MAX_ROW_WORDS):
                for first, last in _cut(section.text, low, high, _WORD, MAX_ROW_WORDS):  # a cell that long
                    yield first, last, len(section.text[first:last].split())
        else:
            for low, high in _cut(section.text, start, end, _WORD, MAX_WORDS):
                yield low, high, MAX_WORDS


def _pieces(section: Section) -> Iterator[tuple[int, int, bool]]:
    """The sentences, those of one table row joined; True marks a row. A table of one column is prose in a frame."""
    rows: dict[int, int] = {}
    for table in section.tables:
        if max(map(len, (table.header, *table.rows))) < 2:
            continue
        at = table.start
        for row in section.text[table.start : table.end].split("\n"):
            rows[at] = at + len(row.rstrip())
            at += len(row) + 1
    done = seen = line = 0
    for start, end in sentences(section.text):
        line = section.text.rfind("\n", seen, start) + 1 or line  # each stretch is looked through once
        seen = start
        row_end = rows.get(line)
        if start >= done:
            done = row_end or end
            yield start, done, row_end is not None


def _cut(text: str, start: int, end: int, part: re.Pattern[str], most: int) -> Iterator[Span]:
    """Spans of at most ``most`` words, each of whole ``part`` matches (one that is longer by itself stays whole)."""
    low = high = size = 0
    for match in part.finditer(text, start, end):
        words = len(match.group().split())
        if size and size + words > most:
            yield low, high
            size = 0
        low = low if size else match.start()
        high, size = match.start() + len(match.group().rstrip()), size + words
    if size:
        yield low, high


def _spans(section: Section, repeated: list[Span]) -> Iterator[Span]:
    """Groups consecutive sentences to at most ``MAX_WORDS``, beginning anew at numbered headings and gaps."""
    first = last = size = 0
    for start, end, words in _units(section, repeated):
        gap = any(last <= low and high <= start for low, high in repeated)
        heading = size >= MIN_WORDS and _HEADING.match(section.text, start) is not None
        if size and (gap or heading or size + words > MAX_WORDS):
            yield first, last
            size = 0
        if not size:
            first = start
        last, size = end, size + words
    if size:
        yield first, last


def _passage(document: Document, section: Section, span: Span, headings: Headings) -> Passage:
    start, end = span
    return Passage(
        passage_id=passage_id(document.document_id, section.slug, start, end),
        document_id=document.document_id,
        section=section.slug,
        start=start,
        end=end,
        text=section.text[start:end],
        context=_context(document, section, headings.above(start)),
        pages=pages_between(section.pages, start, end),
    )


def _context(document: Document, section: Section, heading: str) -> str:
    """What a reader would need to place the passage: the drug or paper, the section, the heading above it."""
    names = dict.fromkeys(name.lower() for name in (*document.drugs.generic[:3], *document.drugs.brand[:3]))
    subject = ", ".join(names) if document.kind is Kind.LABEL and names else document.title
    return " | ".join(part for part in (subject[:160], " > ".join(section.path), heading) if part)


class Headings:
    """The numbered heading lines of a text, looked for once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._headings = [match.start() for match in _HEADING_LINE.finditer(text)]
        self._lines = [0, *(match.end() for match in _BREAK.finditer(text))] if self._headings else []

    def above(self, start: int) -> str:
        """The heading that governs ``start``, cut to its first words; empty where the passage has its own."""
        place = bisect_left(self._headings, start)
        if not place or _HEADING.match(self._text, start):
            return ""
        furthest = self._lines[max(0, bisect_left(self._lines, start) - MAX_LINES_BACK)]
        if (line := self._headings[place - 1]) < furthest:
            return ""
        return " ".join(self._text[line : line + 200].split("\n")[0].split()[:8])
