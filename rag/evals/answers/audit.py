"""A stricter look at quotations: whether words around a quotation, which a reader of it does not see, change it.

Reads the whole section, where answering read one passage: a lead-in of an earlier passage counts here. Found by rule;
``--audit`` writes statements with their surroundings for a human, who has the last word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from ingest.sentences import sentences
from rag.evals.answers.checks import Shelf, quotes_of
from rag.evals.answers.systems import Given
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

# Written apart from `rag.sentences.spans` and `rag.sentences.headings`: what cuts quotations must not decide whether
# they are cut well.
_NEGATION = re.compile(
    r"\b(?:not|never|avoid|unless|except|only|no|nor|neither|without|contraindicated)\b(?:\W+\w+)?\W*$", re.IGNORECASE
)
_BARS = re.compile(r"\b(?:contra-?indicat\w*|not|avoid\w*|never|except|unless|without|cannot|only)\b", re.IGNORECASE)
_TURNS = re.compile(
    r"\b(?:contra-?indicat|limitation|not|never|no|avoid|except|unless|without|only|stop|discontinu|unapproved|overdos)",
    re.IGNORECASE,
)
_TITLES = ("contra", "limitation")
"""Beginnings of words in titles that a quotation says otherwise: by any word that bars."""
_CONDITION = re.compile(
    r"\s*[,;(–—-]*\s*(?:unless|except|but not|only if|only when|other than)\b"
    r"|(?-i:\s+(?:However|But|Except|Unless|Nevertheless)\b)"
    r"|(?-i:\s+(?:This|These|Such|Doing so)\b)[^.;:\n]{0,80}\b(?:never|avoid\w*|contraindicated"
    r"|(?:must|should|may|can|do|does|is|are) not (?:be )?(?:recommended|used|done|given|taken|exceeded|combined))\b",
    re.IGNORECASE,
)
_STOPPED = re.compile(r"[.!?:;%][\"'”’)\]]*\s*$|[)\]]\s*$")
_CLOSES = re.compile(r"\s*(?:$|\n|[.!?;:•●▪◦([]|\d{1,2}\s?\.\s?\d|[A-Z0-9\"“*·–—-])")
_PARTS = re.compile(
    r"(?::|\[\s*see\b[^\]\n]{0,200}\]\.?|\(\s*see\b[^()\n]{0,200}(?:\([^()\n]*\)[^()\n]*)*\)\.?"
    r"|[(\[]\s*\d+(?:\.\d+)*(?:\s*,\s*\d+(?:\.\d+)*)*\s*[)\]]\.?)\s+(?-i:(?=[^a-z\s]))",
    re.IGNORECASE,
)
_MARK = re.compile(r"\s*(?:[•●▪◦·*–—-]|[(\[]?(?:\d{1,2}|[A-Za-z]|[ivx]{1,4})[.)\]])\s*")
_HEADING = re.compile(
    r"(?:[^\w\s]*(?:[A-Z0-9]\S*|and|or|of|with|in|on|the|to|for|by|from|during|due|that|other|as|an?)?[^\w\s]*\s*)*"
)
_GROUP = re.compile(
    r"\b(?:child|infant|p[a]?ediatric|neonat|adolescen|geriatric|elderly|older|renal|kidney|hepatic|liver|pregnan|lactat"
    r"|nursing|breast|dialysis|creatinine|crcl|egfr|cirrho|embryo|fo?et(?:al|us))",
    re.IGNORECASE,
)
_SPECIES = re.compile(r"\b(?:rats?|mice|mouse|rabbits?|hamsters?|monkeys?|dogs?)\b", re.IGNORECASE)
_DOSE = re.compile(r"\d\s*(?:mg|mcg|g|mL|units?|tablets?|capsules?)\b")
_SAYS_NOTHING = re.compile(
    r"(?:dos|recommend|use|usage|general|import|admini|instru|infor|adjust|modif|initia|start|maint|sched|overv|summar"
    r"|consid|warni|preca|clini|stud|pharm|absor|distri|metab|elimin|excre|inter|drug|effect|other|data|human|descr"
    r"|mech|action|oral|tablet|capsul|inject|treatm|therap|patient|adult|indic|with|from|that|during)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|may|might|must|can|could|should|will|would|do|does|did|cannot|increases?|decreases?"
    r"|raises?|lowers?|causes?|occurs?|inhibits?|induces?|requires?|reduces?)\b",
    re.IGNORECASE,
)


def fault(text: str, start: int, end: int) -> Fault | None:
    """What around ``text[start:end]`` may change its meaning, or None."""
    quote, first = text[start:end], max((at for at in _starts(text) if at <= start), default=0)
    cut = text[first:start]
    if not _begins(cut, quote, at_line=not text[text.rfind("\n", 0, start) + 1 : start].strip()):
        return "negation before it cut off" if _NEGATION.search(cut) else "begins inside a sentence"
    if _turned(cut, quote):
        return "negation before it cut off"
    if _CONDITION.match(text, end):
        return "condition after it cut off"
    if not _STOPPED.search(text, start, end) and not _CLOSES.match(text, end):
        return "ends inside a sentence"
    return "lead-in cut off" if _titled(cut, quote) or _governed(text, first, cut, quote) else None


@lru_cache(256)
def _starts(text: str) -> tuple[int, ...]:
    """Where sentences begin, and what follows a colon or a reference to a section."""
    found = {at for start, end in sentences(text) for at in (start, *_parted(text, start, end))}
    return tuple(sorted(found))


def _parted(text: str, start: int, end: int) -> Iterator[int]:
    yield from (match.end() for match in _PARTS.finditer(text, start, end) if match.end() < end)


def _begins(cut: str, quote: str, *, at_line: bool) -> bool:
    """Whether nothing but marks and a heading was cut off before the quotation in its sentence."""
    marked = at_line or (cut != "" and _MARK.fullmatch(cut) is not None)
    return marked or (_HEADING.fullmatch(cut) is not None and not quote[:1].islower())


def _turned(cut: str, quote: str) -> bool:
    """Whether a heading that was cut off turns round what the quotation says, which does not say so itself."""
    lost = {match.group().casefold() for match in _TURNS.finditer(cut)}
    return any(not _BARS.search(quote) if word.startswith(_TITLES) else word not in quote.casefold() for word in lost)


def _titled(cut: str, quote: str) -> bool:
    """Whether a heading that was cut off alone says of which patients, or for what, a dose is."""
    words = [word for word in re.findall(r"[A-Za-z]{4,}", cut) if not _SAYS_NOTHING.match(word)]
    said = f"{quote.casefold()} {'animal' if _SPECIES.search(quote) else ''}"
    named = _GROUP.search(quote) is not None
    lost = [word for word in words if word[:4].casefold() not in said and not (named and _GROUP.match(word))]
    return any(map(_GROUP.match, lost)) or (lost == words != [] and _DOSE.search(quote) is not None)


def _governed(text: str, first: int, cut: str, quote: str) -> bool:
    """Whether a lead-in bears on it, however many items of its list stand between: one that bars, or that completes
    what is no clause by itself and is more than a title."""
    starts = [at for at in _starts(text) if at < first]
    item = _MARK.match(cut) is not None or _MARK.match(quote) is not None
    for begin, end in reversed(list(pairwise([*starts, first]))):
        lead = text[begin:end].strip()
        if lead.endswith(":"):
            return _BARS.search(lead) is not None or (not _CLAUSE.search(quote) and len(lead.split()) > TITLE_WORDS)
        if not item or not _MARK.match(lead):
            return False
    return False


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
                "under": [quote.text for quote in one.under],
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
