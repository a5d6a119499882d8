"""What governs a quotation from further above in its section: the title of its part, a heading, its table's title.

A passage is a part of its section, so the words that say of which patients, of what illness or of which trial a
sentence speaks may stand in the passage before. They are shown with the sentence, each a quotation of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from ingest.parse.tables import render_row
from ingest.schema import Document, Section, Table
from ingest.sentences import Span, sentences
from rag.sentences.debris import is_bare_row
from rag.sentences.headings import governs, misses, names_patients, title
from rag.sentences.indications import SECTIONS, above, named, of_patients
from rag.sentences.limits import limits
from rag.sentences.notes import notes
from rag.sentences.openers import opened
from rag.sentences.spans import CUT, is_row, standing, trim
from rag.types import Evidence, Quote

BACK, AFTER = 4000, 1000
"""Characters of the section before a sentence that are read for what governs it, and after it for what takes back."""
LONGEST = 60
"""Words of a title at most; more are none."""
MOST = 150
"""Words that a quotation grows to at most by what it depends on."""
NOTED = 100
"""Words of a note at most; what points at a longer one is not shown."""
BETWEEN = 400
"""Characters of references at most between a row and the next one."""
LEAST = 4
"""Words of a sentence at least that leads to an untitled table."""

_PART = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s+(?=[A-Z])", re.MULTILINE)
_NEXT = re.compile(r"[.)\]]\s+[A-Z][\w/-]+(?:[ ,][\w/-]+){0,5}:\s+[A-Z]")
"""The heading of a next item within a paragraph: ". Coumarin-type anticoagulants: Prothrombin time"."""
# Sections whose name is a part of what their sentences say, and what a sentence has that says it itself.
_SPOKEN = {
    "overdosage": re.compile(r"overdos|toxic|excess|ingest|large|massive|high(?:er)? doses|too much", re.IGNORECASE),
    "contraindications": re.compile(r"contra-?indicat|\bnot\b|avoid|never", re.IGNORECASE),
    "drug_interactions": re.compile(
        r"interact|concomitant|concurrent|simultaneous|co-?admin|combin|together|\bwith\b|\bwhen\b|added|recei|tak",
        re.IGNORECASE,
    ),
    "indications_and_usage": re.compile(
        r"indicat|\b(?:is|are|was|were|has|have|may|should|can|do|does|not)\b", re.IGNORECASE
    ),
}
# Titles of parts that all labels have, run together with the heading below them.
_STANDARD = re.compile(r"Females and Males of Reproductive Potential|(?:Renal|Hepatic) Impairment(?= [A-Z])")
# A row that says what it measures is of no group.
_ITSELF = re.compile(r"\b(?:[Mm]ean|[Mm]edian)\b|\((?:kg|cm|years?|yrs?|mg|mL|min|days?|weeks?|months?)\b")
_NAMED_TABLE = re.compile(r"\bTable \d+[.:]?\s(?=[A-Z])")
_LEADS = re.compile(r":$|\b(?:table|below|following|as follows|shown)\b", re.IGNORECASE)
_RATIO = re.compile(
    r"\W*(?:HR|hazard|odds|OR\b|relative|risk|ratio|p[- ]?value|p\b|(?:treatment )?difference)", re.IGNORECASE
)
# The head of several cells that are one choice of doses: 200, 300 or 400 mg.
_SPANNED = re.compile(r"\b(?:dos\w+|regimens?)\b[^(]*\((?:mg|mcg|g|mL|units?)(?:/\w+)*\)", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_DIGIT = re.compile(r"\d")
_REFERRING = re.compile(r"\[\d+(?:\s*[,–-]\s*\d+)*\]")


@dataclass(frozen=True, slots=True)
class Governed:
    """A quotation's span, perhaps lengthened, and those of what it is to be read under, in the order of the text."""

    start: int
    end: int
    under: tuple[Span, ...] = ()


def placed(items: Sequence[Evidence], find: Callable[[str], Document | None]) -> list[Evidence]:
    """The evidence that can be shown, with what it stands under in its section; ``find``: documents with sections.

    What the store has otherwise than the index stays as it is: whether it is shown is not decided here.
    """
    found = (_placed(item, find(item.hit.document.document_id)) for item in items)
    return _merged([item for item in found if item])


def _merged(items: Sequence[Evidence]) -> list[Evidence]:
    """Of quotations one of which holds the others, the longest in the place of the best and with its score."""
    kept: list[Evidence] = []
    for item in items:
        if any(_holds(one, item) for one in kept):
            continue
        within = [place for place, one in enumerate(kept) if _holds(item, one)]
        score = max((item.score, *(kept[place].score for place in within)))
        first = within[0] if within else len(kept)
        after = [one for place, one in enumerate(kept) if place > first and place not in within]
        kept = [*kept[:first], replace(item, score=score), *after]
    return kept


def _holds(one: Evidence, other: Evidence) -> bool:
    here, there = one.hit.passage, other.hit.passage
    same = (here.document_id, here.section) == (there.document_id, there.section)
    return same and one.start <= other.start and other.end <= one.end


def _placed(item: Evidence, document: Document | None) -> Evidence | None:
    section = document.section(item.hit.passage.section) if document else None
    if section is None or section.text[item.start : item.end] != item.text:
        return item
    if document is None or (found := governed(section, item.start, item.end, named(document))) is None:
        return None
    under = tuple(Quote.of(section.text[start:end], start, end) for start, end in found.under)
    return replace(item, text=section.text[found.start : found.end], start=found.start, end=found.end, under=under)


def governed(section: Section, start: int, end: int, names: tuple[str, ...] = ()) -> Governed | None:
    """``section.text[start:end]`` as it can be shown; None where the section as a whole forbids to cut it so.

    ``names``: by which the label heads its indications (`rag.sentences.indications`).
    """
    text = section.text
    if table := next((one for one in section.tables if start in _rows(one)), None):
        return _row(section, table, start, end)
    if is_row(text[start:end]) and not text[end : _line_end(text, end)].strip():
        return Governed(start, end)
    low = _window(text, start)
    found = standing(text[low : _last(text, end)], start - low, end - low)
    if found is None:
        return None
    (first, last), heads = found
    first, last = low + first, low + last
    if CUT.search(text[first:last]) or (last - first > end - start and len(text[first:last].split()) > MOST):
        return None
    over = [(low + head[0], low + head[1]) for head in heads]
    said = " ".join(text[slice(*span)] for span in (*over, (first, last)))
    parts = (_name(section, first), _part(text, first))
    under = [*(part for part in parts if part and _governs(section, part, said)), *over]
    if section.slug.split(".")[0] == SECTIONS[0]:
        group = of_patients(text, next(reversed(_parts(text, 0, first)), 0), first, said)
        under += [one for one in group if not any(_overlap(one, other) for other in under)]
    illness = above(text, low, first, text[first:last], names)
    if illness and not any(_overlap(one, illness) for one in under):
        under.append(illness)
    opens = opened(text, low, first, last)
    if opens and opens != illness:
        under.append(opens)
    under = [span for span in under if _shown(text, span)]
    return _noted(text, Governed(first, last, tuple(dict.fromkeys(under))), last)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _noted(text: str, found: Governed, below: int) -> Governed | None:
    """With the notes that it points at; None where one cannot be shown, as it may take all back."""
    foot = tuple(notes(text, text[found.start : found.end], below))
    fits = all(_shown(text, span, NOTED) for span in foot)
    return replace(found, under=(*found.under, *foot)) if fits else None


def _window(text: str, start: int) -> int:
    """Where what is read of the section begins: its numbered part, or a line or sentence some way above."""
    low = max(0, start - BACK)
    if parts := _parts(text, low, start):
        return parts[-1]
    if not low or (low := text.find("\n", low, start) + 1):
        return low
    return next((start - BACK + at for at, _ in sentences(text[start - BACK : start])[1:]), start)


def _last(text: str, end: int) -> int:
    """Where what is read after a quotation ends: with a whole sentence."""
    if end + AFTER >= len(text):
        return len(text)
    return end + max((high for _, high in sentences(text[end : end + AFTER])[:-1]), default=0)


def _parts(text: str, low: int, start: int) -> list[int]:
    """Where numbered parts begin before ``start``; the number of one that begins there may stand just before it."""
    return [match.start() for match in _PART.finditer(text, low, start + 1) if match.start() < start]


def _part(text: str, start: int) -> Span | None:
    """The title of the numbered part that ``start`` is in, else that in the section's first line."""
    found = _titled(text, next(reversed(_parts(text, 0, start)), 0), start)
    standard = _STANDARD.match(text, *found) if found else None
    return standard.span() if standard else found


def _rows(table: Table) -> dict[int, tuple[str, ...]]:
    """The rows of several cells by where they begin in the text."""
    lengths = (len(render_row(table.header, row)) + 1 for row in table.rows)
    places = accumulate(lengths, initial=table.start)
    return {at: row for at, row in zip(places, table.rows, strict=False) if len(row) > 1}


def _row(section: Section, table: Table, start: int, end: int) -> Governed | None:
    """A row with the title of its table and the heading of its group of rows; None where its columns are not told."""
    if not _told(table, start):
        return None
    text = section.text
    carried = _carried(text, table, start)
    if carried and not _shown(text, carried):
        return None
    over = (_caption(text, table), _group(text, table, start), carried)
    found = [span for span in over if span and _shown(text, span)]
    part = _part(text, start)
    if not found and part and _governs(section, part, text[start:end]):
        found.append(part)
    end = _advised(text, table, start, end)
    return _noted(text, Governed(start, end, tuple(found)), max((*_rows(table), start)))


def _advised(text: str, table: Table, start: int, end: int) -> int:
    """Where the next row ends, if it says what to do about what this one says."""
    low = next((at for at in _rows(table) if at > start), None)
    if low is None or not limits(text, (start, end), (low, len(text))) or low - end > BETWEEN:
        return end
    return _line_end(text, low)


def _line_end(text: str, at: int) -> int:
    return text.find("\n", at) if "\n" in text[at:] else len(text)


def _caption(text: str, table: Table) -> Span | None:
    """The title of a table: the line above it, or what follows "Table 1" at the end of that line."""
    end = table.start - 1
    at = end - len(table.caption)
    if table.caption and text.startswith(table.caption, max(0, at)):
        return at, end
    named = [match.start() for match in _NAMED_TABLE.finditer(text, text.rfind("\n", 0, max(0, end)) + 1, max(0, end))]
    return (named[-1], end) if named else _lead_in(text, end)


def _lead_in(text: str, end: int) -> Span | None:
    """The sentence right above an untitled table that says what its rows are."""
    line = text.rfind("\n", 0, max(0, end)) + 1
    said = [trim(text, line + low, line + high) for low, high in sentences(text[line : max(line, end)])]
    last = next((span for span in reversed(said) if len(text[slice(*span)].split()) >= LEAST), None)
    return last if last and _LEADS.search(text, *last) else None


def _told(table: Table, start: int) -> bool:
    """Whether a row's columns are headed each by its own words and say what their figures are; no second header."""
    rows = _rows(table)
    row = rows[start]
    pairs = [(name, cell) for name, cell in zip(table.header, row, strict=False) if cell]
    heads = [name for name, _ in pairs if name and not _SPANNED.search(name)]
    if len(heads) > len(set(heads)) or is_bare_row("; ".join(f"{name or '-'}: {cell}" for name, cell in pairs)):
        return False
    if len(set(row)) == 1 or (_RATIO.match(row[0]) and len(row) > 2 and len({_figure(cell) for cell in row[1:]}) == 1):
        return False  # the heading of a group, or one value that spans the arms that it compares
    below = [other for at, other in rows.items() if at > start]
    figures = all(any(map(_DIGIT.search, other[1:])) for other in below)
    return row != table.rows[0] or not below or not figures or any(map(_DIGIT.search, row[1:]))


def _figure(cell: str) -> str:
    return next(iter(_FIGURE.findall(cell)), "")


def _group(text: str, table: Table, start: int) -> Span | None:
    """The row above that has the same words in all cells, which the text has once, or words in the first alone."""
    heads = [(at, row[0]) for at, row in _rows(table).items() if at < start and row[0] and _is_group(row)]
    if not heads or _ITSELF.search(_rows(table)[start][0]):
        return None
    return _first_cell(text, *heads[-1])


def _carried(text: str, table: Table, start: int) -> Span | None:
    """The first cell of the row above of whose group this one is: its own is empty."""
    rows = _rows(table)
    named = [(at, row) for at, row in rows.items() if at < start and row[0]]
    if rows[start][0] or not named or _is_group(named[-1][1]):
        return None
    at, row = named[-1]
    return _first_cell(text, at, row[0])


def _first_cell(text: str, at: int, name: str) -> Span | None:
    """Where a first cell stands in its row, which begins at ``at``."""
    at = text.find(name, at)
    return (at, at + len(name)) if at >= 0 else None


def _is_group(row: Sequence[str]) -> bool:
    return len(set(row)) == 1 or not any(row[1:])


def _name(section: Section, start: int) -> Span | None:
    """The title of the section itself, as its text begins."""
    return _titled(section.text, 0, start)


def _titled(text: str, begin: int, start: int) -> Span | None:
    """The title in the line that begins there; one that ends in the name of a first item not past the next item's."""
    end = text.find("\n", begin)
    found = title(text, begin, len(text) if end < 0 else end)
    if not found or found[1] > start:
        return None
    of_item = text[slice(*found)].rstrip().endswith(":") and _NEXT.search(text, found[1], start)
    return None if of_item else found


def _governs(section: Section, part: Span, said: str) -> bool:
    """As any heading; the section's own title where it is that of patients, or says what ``said`` does not."""
    words = section.text[slice(*part)]
    if "\n" in section.text[: part[0]]:
        return governs(words, said) or misses(words, said)
    spoken = _SPOKEN.get(section.slug.split(".")[0])
    return (spoken is not None and not spoken.search(said)) or (names_patients(words) and governs(words, said))


def _shown(text: str, span: Span, most: int = LONGEST) -> bool:
    """Whether a title can stand before a statement: not too long, no number that would be taken for a reference's."""
    words = text[slice(*span)]
    return len(words.split()) <= most and not _REFERRING.search(words)
