"""Decides what may be shown as cited. Fails closed: what cannot be confirmed against the store is removed and counted.

A quotation is confirmed when the store's own text of its section has exactly these characters at these offsets, their
SHA-256 is the quotation's, and the document may be cited: not retracted, and in force (at the date asked for, if any).
A statement is supported when it is exactly one of its confirmed quotations; nothing else counts as support here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from ingest.schema import Document
from rag.types import Draft, Evidence, Quote, Support

Fault = Literal[
    "document missing", "section missing", "text differs", "hash differs", "retracted", "superseded", "not in force"
]


class Shelf(Protocol):
    """What verification needs of the store."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The drafts that may be shown, with their confirmed evidence only, and why others were removed (reason: count)."""

    drafts: tuple[Draft, ...]
    removed: Counter[str]


@dataclass(slots=True)
class Checker:
    """Checks quotations for one answer; reads each document once. Not shared between threads.

    ``as_of``: the day whose versions count; ``superseded``: whether replaced versions may be cited.
    """

    shelf: Shelf
    as_of: date | None = None
    superseded: bool = False
    _read: dict[str, Document | None] = field(default_factory=dict)

    def fault(self, document_id: str, section: str, quote: Quote) -> Fault | None:
        """Why the quotation may not be shown, or None when it may."""
        if document_id not in self._read:
            self._read[document_id] = self.shelf.document(document_id)
        document = self._read[document_id]
        if document is None:
            return "document missing"
        return self._status(document) or exactness(document, section, quote)

    def confirmed(self, item: Evidence) -> bool:
        """Whether the evidence's own text stands in the store where it says."""
        return self._evidence_fault(item) is None

    def verify(self, drafts: Sequence[Draft]) -> Verified:
        """Drafts with confirmed evidence whose text is one of their quotations; the rest counted by reason."""
        kept: list[Draft] = []
        removed: Counter[str] = Counter()
        for draft in drafts:
            faults = [self._evidence_fault(item) for item in draft.evidence]
            sound = tuple(item for item, fault in zip(draft.evidence, faults, strict=True) if fault is None)
            if support(draft.text, sound) == "verbatim":
                kept.append(Draft(draft.text, sound))
            else:
                removed[next((fault for fault in faults if fault), "not a quotation")] += 1
        return Verified(tuple(kept), removed)

    def _evidence_fault(self, item: Evidence) -> Fault | None:
        quote = Quote.of(item.text, item.start, item.end)
        return self.fault(item.hit.passage.document_id, item.hit.passage.section, quote)

    def _status(self, document: Document) -> Fault | None:
        if document.retracted:
            return "retracted"
        return None if self._in_force(document) else "not in force" if self.as_of else "superseded"

    def _in_force(self, document: Document) -> bool:
        if self.as_of is None:
            return self.superseded or document.superseded_on is None
        since = document.effective or document.published
        if since is None or since > self.as_of:
            return False
        return self.superseded or document.superseded_on is None or document.superseded_on > self.as_of


def exactness(document: Document, section: str, quote: Quote) -> Fault | None:
    """Whether the section's text has the quotation's characters at its offsets, by comparison and by hash."""
    found = document.section(section)
    if found is None:
        return "section missing"
    if not 0 <= quote.start < quote.end <= len(found.text) or found.text[quote.start : quote.end] != quote.text:
        return "text differs"
    if hashlib.sha256(quote.text.encode()).hexdigest() != quote.sha256:
        return "hash differs"
    return None


def support(text: str, evidence: Sequence[Evidence]) -> Support:
    """How confirmed evidence supports a statement: ``verbatim`` where it is one of the quotations, else not at all."""
    return "verbatim" if any(item.text == text for item in evidence) else "unsupported"
