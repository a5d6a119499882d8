"""The notes at the foot of a table or a paragraph that the marks in a quotation point at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.sentences import Span

BELOW = 2500
"""Characters after a table or a sentence in which its notes are looked for."""

_MARK = r"(?:\*{1,4}|[†‡§¶]{1,2}|#|[ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐ¹²³⁴⁵⁶⁷⁸⁹])"
# "4 weeks*", "CLcr * (mL/min)", but not the allele "CYP2C19*2".
_MARKED = re.compile(rf"(?<=[\w)%.”\"\]])\s?({_MARK})(?![\w*†‡])")
_NOTE = re.compile(rf"(?:^|(?<=[.;)])\s+)({_MARK})(?:\s?=)?\s*(?=\S)", re.MULTILINE)


def notes(text: str, said: str, end: int) -> Iterator[Span]:
    """The notes, of those after ``text[end]``, whose marks ``said`` has; each once, in the order of the text."""
    wanted = set(_MARKED.findall(said))
    if not wanted:
        return
    high = min(len(text), end + BELOW)
    found = list(_NOTE.finditer(text, end, high))
    for place, match in enumerate(found):
        if match[1] in wanted:
            wanted.remove(match[1])
            line = text.find("\n", match.start(1))
            stop = min(found[place + 1].start() if place + 1 < len(found) else high, line if line >= 0 else high)
            yield match.start(1), stop


def is_note(words: str) -> bool:
    """Whether what a quotation is shown with is a note: it begins with a mark."""
    return re.match(_MARK, words) is not None
