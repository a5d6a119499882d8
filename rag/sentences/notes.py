"""The notes at the foot of a table or a paragraph that the marks in a quotation point at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.sentences import Span

BELOW = 2500
"""Characters after a table or a sentence in which its notes are looked for."""

MARK = r"(?:\*{1,4}|[†‡§¶]{1,2}|#|[ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐ¹²³⁴⁵⁶⁷⁸⁹])"
# "4 weeks*", "CLcr * (mL/min)", but not the allele "CYP2C19*2".
_MARKED = re.compile(rf"(?<=[\w)%.”\"\]])\s?({MARK})(?![\w*†‡])")
_RAISED = "¹²³⁴⁵⁶⁷⁸⁹"
# "mg/m²", "cells/mm³", "x 10²", "10⁹", "10¹²": what stands before a power.
_UNIT = re.compile(rf"(?:(?<![^\W_])(?:[cdkmnµμ]?m|in|ft)|[x×·*]\s?10|(?<![\d.,])10[{_RAISED}⁰]+)$")
_TEN = re.compile(r"(?<![\d.,])10$")
_NOTE = re.compile(rf"(?:^|(?<=[.;)])\s+)({MARK})(?:\s?=)?\s*(?=\S)", re.MULTILINE)


def notes(text: str, said: str, end: int) -> Iterator[Span]:
    """The notes, of those after ``text[end]``, whose marks ``said`` has; each once, in the order of the text.

    A note ends where the next begins or with its line, whole however long it is.
    """
    wanted = {match[1] for match in _MARKED.finditer(said) if not _counts(said, match)}
    if not wanted:
        return
    found = list(_NOTE.finditer(text, end, min(len(text), end + BELOW)))
    for place, match in enumerate(found):
        if match[1] in wanted:
            wanted.remove(match[1])
            low = match.start(1)
            line = text.find("\n", low)
            high = line if line >= 0 else len(text)
            yield low, min(found[place + 1].start() if place + 1 < len(found) else high, high)


def _counts(said: str, match: re.Match[str]) -> bool:
    """Whether a sign is a power ("mg/m²", "10⁹") or multiplies figures ("5 * 10"), and no mark."""
    before, after = said[: match.start()], said[match.end() :]
    if match[1] == "*":
        return bool(match.group()[:-1] and before[-1:].isdigit() and re.match(r"\s\d", after))
    if match[1] not in _RAISED or match.group() != match[1]:
        return False
    return _UNIT.search(before) is not None or (_TEN.search(before) is not None and match[1] not in "¹²")


def is_note(words: str) -> bool:
    """Whether what a quotation is shown with is a note: it begins with a mark."""
    return re.match(MARK, words) is not None
