"""Where sentences begin and end in the text of labels and papers.

Rules rather than a trained model: label text is full of "[see Warnings (5.2)]", "e.g.", doses and table rows, on which
general splitters cut in the wrong place, and the spans must be exact, since citations are made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

# A full stop, its closing quotes and brackets, a cross reference that belongs to it, white space, then a sentence's
# first character. A bullet starts a sentence of its own.
_BOUNDARY = re.compile(
    r"""(?P<stop>[.!?])["'”’)\]]*
        (?:\s*\[[Ss]ee\b[^\]\n]{0,200}\]\.?|\s*\([Ss]ee\b[^()\n]{0,200}(?:\([^()\n]*\)[^()\n]*)*\)\.?)?
        \s+(?=["'“‘(\[]?[A-Z0-9•●▪◦≥≤<>±])
      |\s+(?=[•●▪◦]\s)""",
    re.VERBOSE,
)
_WORD_BEFORE = re.compile(r"[^\s(\[]+$")
_LIST_NUMBER = re.compile(r"[(\[]?(?:\d{1,2}|[A-Za-z])")
_NO_END = frozenset(
    {"e.g", "i.e", "vs", "cf", "viz", "ca", "approx", "fig", "figs", "no", "nos", "vol", "dr", "mr", "mrs", "ms"}
    | {"prof", "st", "ref", "refs", "al", "inc", "ltd", "co", "corp", "dept", "resp", "spp", "sp", "subsp", "var"}
    | {"u.s", "u.k", "u.s.p", "ph.d", "m.d", "b.i.d", "t.i.d", "q.i.d", "p.o", "i.v", "i.m", "s.c", "a.m", "p.m"}
)


def _ends_sentence(line: str, start: int, stop: int) -> bool:
    """Whether the full stop at ``stop`` ends the sentence begun at ``start``: no abbreviation, no list number."""
    found = _WORD_BEFORE.search(line, max(0, stop - 30), stop)
    word = found.group().lower().strip("\"'“”‘’") if found else ""
    # "1. Take one tablet": the number of a list item stays with its item.
    return word not in _NO_END and not _LIST_NUMBER.fullmatch(line, start, stop)


def _line_spans(line: str, base: int) -> Iterator[Span]:
    start = 0
    for match in _BOUNDARY.finditer(line):
        if match["stop"] and line[match.start()] == "." and not _ends_sentence(line, start, match.start()):
            continue
        yield base + start, base + _trimmed(line, start, match.end())
        start = match.end()
    yield base + start, base + _trimmed(line, start, len(line))


def _trimmed(line: str, start: int, end: int) -> int:
    """``end`` without the white space before it. A slice of the whole line would take the square of its length."""
    while end > start and line[end - 1].isspace():
        end -= 1
    return end


def sentences(text: str) -> list[Span]:
    """Spans ``(start, end)`` of the sentences of ``text``, in order, trimmed of white space, covering all the rest.

    A line break always ends a sentence, so a table row or a heading, which is a line, is never joined to another.
    """
    spans: list[Span] = []
    base = 0
    for line in text.split("\n"):
        lead = len(line) - len(line.lstrip())
        spans.extend((start, end) for start, end in _line_spans(line[lead:], base + lead) if end > start)
        base += len(line) + 1
    return spans
