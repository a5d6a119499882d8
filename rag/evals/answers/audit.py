"""A stricter look at quotations: whether words around a quotation, which a reader of it does not see, change it.

Reads the whole section, where answering read one passage: a lead-in of an earlier passage counts here. Found by rule;
``--audit`` writes statements with their surroundings for a human, who has the last word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal

from ingest.sentences import sentences
from rag.evals.answers.checks import Shelf, quotes_of
from rag.evals.answers.systems import Given
from rag.headings import NEGATES
from rag.spans import quotable, trim
from rag.types import Statement

Fault = Literal[
    "not supported by what it cites",
    "begins inside a sentence",
    "ends inside a sentence",
    "negation before it cut off",
    "condition after it cut off",
    "lead-in cut off",
]
AROUND = 200
"""Characters shown on each side of a quotation."""
TITLE_WORDS = 8
"""Words that a heading which ends in a colon has at most."""

_NEGATION = re.compile(
    rf"(?:{NEGATES.pattern}|\b(?:no|nor|neither|without|do not use|contraindicated)\b)(?:\W+\w+)?\W*$", re.IGNORECASE
)
_BARS = re.compile(r"\b(?:contraindicat\w*|not|avoid\w*|never|except|unless|without)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\s*[,;(–—-]*\s*(?:unless|except|but not|only if|only when|other than)\b", re.IGNORECASE)
_STOPPED = re.compile(r"[.!?:;%][\"'”’)\]]*\s*$|[)\]]\s*$")
_CLOSES = re.compile(r"\s*(?:$|\n|[.!?;:•●▪◦([]|\d{1,2}\s?\.\s?\d|[A-Z0-9\"“*·–—-])")


def fault(text: str, start: int, end: int) -> Fault | None:
    """What around ``text[start:end]`` may change its meaning, or None."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    if not _begins(text, start, line):
        return "negation before it cut off" if _NEGATION.search(line) else "begins inside a sentence"
    if _CONDITION.match(text, end):
        return "condition after it cut off"
    if not _STOPPED.search(text, start, end) and not _CLOSES.match(text, end):
        return "ends inside a sentence"
    return "lead-in cut off" if _governed(text, start, line) else None


def _begins(text: str, start: int, line: str) -> bool:
    """Whether a sentence, an item or what follows a heading begins there."""
    starts = _starts(text)
    return start in starts or not line.strip() or _STOPPED.search(line) is not None


@lru_cache(256)
def _starts(text: str) -> frozenset[int]:
    """Where sentences begin, and where they do without a heading or a bullet that was run together with them."""
    spans = sentences(text)
    return frozenset({start for start, _ in spans} | {trim(text, start, end)[0] for start, end in spans})


@lru_cache(256)
def _standing(text: str) -> frozenset[int]:
    """Where what can be quoted by itself begins, read with everything before it in the section."""
    return frozenset(start for start, _ in quotable(text))


def _governed(text: str, start: int, line: str) -> bool:
    """Whether a lead-in before it bears on it: it ends in a colon, is more than a title, or bars something."""
    if start in _standing(text):
        return False
    before = (line or text[:start]).rstrip()
    if not before.endswith(":"):
        return False
    lead = before[max((end for _, end in sentences(before[:-1])[:-1]), default=0) :]
    return len(lead.split()) > TITLE_WORDS or _BARS.search(lead) is not None


def judged(given: Given, supported: Sequence[bool], shelf: Shelf) -> list[Fault | None]:
    """For each statement what a strict reader objects to; ``supported``: whether its citations bear it out."""
    return [
        _objection(one, given, shelf) if sound else "not supported by what it cites"
        for one, sound in zip(given.statements, supported, strict=True)
    ]


def _objection(statement: Statement, given: Given, shelf: Shelf) -> Fault | None:
    places = [
        (shelf.text(one.document_id, one.section), quote.start, quote.end) for one, quote in quotes_of(statement, given)
    ]
    return next((found for place in places if (found := fault(*place))), None)


def lines(answers: Sequence[tuple[str, str, Given, Sequence[Fault | None]]], shelf: Shelf) -> Iterator[dict[str, Any]]:
    """Every statement (question's id and text, answer, faults) with its quotations in their surroundings."""
    for name, text, given, faults in answers:
        for one, found in zip(given.statements, faults, strict=True):
            yield {
                "id": name,
                "question": text,
                "statement": one.text,
                "support": one.support,
                "fault": found,
                "sources": [
                    _source(one_of.document_id, one_of.section, quote.start, quote.end, shelf)
                    for one_of, quote in quotes_of(one, given)
                ],
                "human": None,
            }


def _source(document_id: str, section: str, start: int, end: int, shelf: Shelf) -> dict[str, Any]:
    text = shelf.text(document_id, section)
    return {
        "document_id": document_id,
        "section": section,
        "start": start,
        "end": end,
        "before": text[max(0, start - AROUND) : start],
        "quote": text[start:end],
        "after": text[end : end + AROUND],
    }


def sample(found: Sequence[dict[str, Any]], count: int, seed: int) -> list[dict[str, Any]]:
    """``count`` of them, drawn with the seed, in their order."""
    drawn = random.Random(seed).sample(range(len(found)), min(count, len(found)))  # noqa: S311 (no secret)
    return [found[place] for place in sorted(drawn)]
