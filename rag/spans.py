"""Which stretches of a passage can stand alone as a quotation, and where they begin and end.

A quotation is always one contiguous span, so that it stays checkable. It is shortened only at its ends (a section
number and heading run together with the sentence, bullets, a closing cross reference) and lengthened only to what it
depends on (the sentence before "This ...", the items after "... include:").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.sentences import Span, sentences

MAX_WORDS = 70
"""A quotation grows by its context only up to here; longer single sentences stay as they are."""
MIN_WORDS = 5

_REFERENCE = r"\(\s*\d+(?:\.\d+)*(?:\s*,\s*\d+(?:\.\d+)*)*\s*\)"
_SEE = r"(?:\[\s*see\b[^\]]*\]|\(\s*see\b[^()]*(?:\([^()]*\)[^()]*)*\))"
_MARKS = re.compile(rf"(?:[•●▪◦·*–—-]\s+|{_REFERENCE}[\s.]*|{_SEE}[\s.]*)+", re.IGNORECASE)
_TAIL = re.compile(rf"(?:\s*(?:{_SEE}|{_REFERENCE}))+\s*\.?\s*$", re.IGNORECASE)
# Where text that lost its line breaks goes on after a reference "... occur. ( 7.2 ) Miconazole" or with "7.1 Inducers".
_RUN_TOGETHER = re.compile(rf"(?<=[.!?])\s*{_REFERENCE}\s+(?=[A-Z])|(?<=[.!?)\]])\s+(?=\d{{1,2}}\.\d{{1,2}}\s+[A-Z])")
# "7.1 Inducers", "7 DRUG INTERACTIONS", but not "12 COPD patients".
_NUMBER = re.compile(
    r"\d{1,2}(?:\.\d{1,2})+\.?\s+(?=[A-Z•])|\d{1,2}\.?\s+(?=[A-Z]{8}|[A-Z]{3,}(?: AND| OF)? [A-Z]{4}|OVERDOSE)"
)
_CAPITALS = re.compile(r"(?:[A-Z0-9][A-Z0-9/,:&()'-]*\s+){1,12}(?=[A-Z][a-z]|[•●▪◦])")
_KNOWN = re.compile(
    r"(?:(?:BOXED )?WARNINGS?|CONTRAINDICATIONS|PRECAUTIONS|DRUG INTERACTIONS|INDICATIONS AND USAGE)\b:?\s+(?=[A-Z])"
    r"|(?:Drug Interactions|Contraindications|(?:Boxed )?Warnings?|Precautions|Indications and Usage)"
    r"\s+(?=[A-Z][\w-]*\s[a-z])"
)
# A title run together with its sentence: "CYP2D6 and CYP3A4 Inhibitors Drugs that inhibit ..."; the sentence begins at
# the first capitalised word that a lower-case word follows, unless that word only continues the title.
_TITLE = re.compile(
    r"(?:(?:[A-Z0-9][\w/,()'-]*|and|or|of|with|in|on|the|to|for)\s+){1,12}?(?=[A-Z][a-z]+\s+(?!(?:and|or|of)\b)[a-z])"
)
_DEPENDENT = re.compile(
    r"(?:It|Its|This|These|Those|They|Their|Such|However|Therefore|Thus|Consequently|Moreover|Furthermore|Additionally"
    r"|In addition|In contrast|Conversely|Similarly|Likewise|Nevertheless|Both|Neither|The latter|The former"
    r"|As a result|In these|In this|In such)\b"
)
_ROW = re.compile(r"[^:;\n]{1,120}: [^;\n]+; [^:;\n]{1,120}: ")
# Bracketed numbers of a source's own reference list would be taken for the answer's.
_DEBRIS = re.compile(
    r"Error! |\[\d+(?:\s*[,–-]\s*\d+)*\]|^see\b|^refer to\b|^\(?(?:figure|table)\s+\d"
    r"|\b(?:is|are) (?:described|listed|shown|summari[sz]ed|presented|provided|given|included) in "
    r"(?:the )?(?:following )?(?:table|section|figure)\b",
    re.IGNORECASE,
)


def is_row(text: str) -> bool:
    """Whether ``text`` is a table row as the store holds it: ``Header 1: cell; Header 2: cell``."""
    return _ROW.match(text) is not None


def quotable(text: str) -> list[Span]:
    """Spans of ``text`` that read as complete statements or table rows, in order; context may make them overlap."""
    units = _units(text)
    spans = [span for index in range(len(units)) if (span := _with_context(text, units, index)) and _whole(text, span)]
    return list(dict.fromkeys(spans))


def _units(text: str) -> list[Span]:
    """Trimmed sentences; a line that is a table row is one unit."""
    units: list[Span] = []
    base = 0
    for line in text.split("\n"):
        if is_row(line):
            units.append((base, base + len(line)))
        else:
            pieces = (piece for start, end in sentences(line) for piece in _parted(text, base + start, base + end))
            units.extend(trim(text, start, end) for start, end in pieces)
        base += len(line) + 1
    return [(start, end) for start, end in units if start < end]


def _parted(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentence cut where its source ran sentences together."""
    for match in _RUN_TOGETHER.finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def trim(text: str, start: int, end: int) -> Span:
    """The span without leading bullets, section numbers and run-together headings, and without closing references.

    >>> source = "7 DRUG INTERACTIONS 7.2 Digoxin Monitor digoxin levels [see Warnings (5.2)]."
    >>> start, end = trim(source, 0, len(source))
    >>> source[start:end]
    'Monitor digoxin levels'
    """
    for _ in range(3):
        before = start
        start = _skip(_MARKS, text, start, end)
        numbered = _skip(_NUMBER, text, start, end)
        if numbered > start:
            capitals = _skip(_CAPITALS, text, numbered, end)
            start = capitals if capitals > numbered else _skip(_TITLE, text, numbered, end)
        else:
            start = _skip_capitals(text, start, end)
        if start == before:
            break
    tail = _TAIL.search(text, start, end)
    return start, (tail.start() if tail else end)


def _skip(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match and match.end() < end else start


def _skip_capitals(text: str, start: int, end: int) -> int:
    """Past an unnumbered heading: a section's own title, or capitals of two long words (one may be an abbreviation)."""
    known = _skip(_KNOWN, text, start, end)
    if known > start:
        return known
    match = _CAPITALS.match(text, start, end)
    return match.end() if match and len(re.findall(r"[A-Z]{4,}", match.group())) >= 2 else start


def _with_context(text: str, units: list[Span], index: int) -> Span | None:
    """The unit with what it depends on; None where that is out of reach."""
    start, end = units[index]
    if text[start:end].endswith(":"):
        listed = _list_end(text, units, index)
        if listed is None:
            return None
        end = listed
    while _DEPENDENT.match(text, start, end):
        before = units[index - 1] if index else None
        if before is None or "\n" in text[before[1] : start] or _words(text, before[0], end) > MAX_WORDS:
            return None
        index, start = index - 1, before[0]
    return start, end


def _list_end(text: str, units: list[Span], index: int) -> int | None:
    """Where the list ends that unit ``index`` introduces; None where it is missing or too long to quote whole."""
    start, end = units[index]
    for low, high in units[index + 1 :]:
        bullet = re.search(r"[•●▪◦·]\s*$", text[max(0, low - 3) : low]) or text[low].islower()
        if end != units[index][1] and not bullet:
            break
        if _words(text, start, high) > MAX_WORDS:
            return None
        end = high
    return end if end != units[index][1] else None


def _words(text: str, start: int, end: int) -> int:
    return len(text[start:end].split())


def _whole(text: str, span: Span) -> bool:
    """Whether the span reads as a statement: no heading, no debris, no list fragment."""
    piece = text[span[0] : span[1]]
    if _DEBRIS.search(piece):
        return False
    if is_row(piece):
        return True
    words = piece.split()
    if len(words) < MIN_WORDS or piece[0].islower():
        return False
    lower = sum(word[0].islower() for word in words)
    stopped = piece[-1] in '.!?)%"”]' or (span[1] < len(text) and text[span[1] : span[1] + 2].strip()[:1] in {"[", "("})
    return lower >= 2 and (stopped or lower * 2 > len(words))
