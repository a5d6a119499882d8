"""Decides what may be shown as cited. Fails closed: what cannot be confirmed against the store is removed and counted.

A quotation is confirmed when the store's own text of its section has exactly these characters at these offsets, their
SHA-256 is the quotation's, and the document may be cited: not retracted, and in force (at the date asked for, if any).
A statement is supported when it is exactly one of its confirmed quotations, or when every rule of `rag.checks.claims`
finds in them what it names and the judge finds that it follows from them. Without a judge quotations alone are shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from ingest.schema import Document
from rag.checks.claims import Names, Source, flaws
from rag.errors import RagError
from rag.types import Draft, Evidence, Judge, Quote, Support, Verdict

Fault = Literal[
    "document missing",
    "section missing",
    "text differs",
    "hash differs",
    "retracted",
    "superseded",
    "not in force",
    "cut short",
]


SUPPORTED = 0.7
"""Probability of support from which a statement may be shown: more than likely, since the rules have passed it too.
Calibrated on held-out readings of the reader; a stricter value loses statements, a looser one shows wrong ones."""
UNQUOTED, UNSUPPORTED, CONTRADICTED, UNJUDGED = (
    "not a quotation",
    "not supported by its source",
    "contradicted by its source",
    "not judged, the model failed",
)

Supported = tuple[Support, float]
"""How a statement is supported and how surely, 0 to 1."""


class Shelf(Protocol):
    """What verification needs of the store."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The drafts that may be shown, with their confirmed evidence only, and why others were removed (reason: count).

    ``supports``: for each draft how it is supported, and how surely.
    """

    drafts: tuple[Draft, ...]
    removed: Counter[str]
    supports: tuple[Supported, ...] = ()


@dataclass(slots=True)
class Checker:
    """Checks quotations for one answer; reads each document once. Not shared between threads.

    ``as_of``: the day whose versions count; ``superseded``: whether replaced versions may be cited. Statements that are
    no quotations need both ``judge`` and ``names`` (the dictionary of drugs), and ``threshold`` of the judge's.
    """

    shelf: Shelf
    as_of: date | None = None
    superseded: bool = False
    judge: Judge | None = None
    names: Names | None = None
    threshold: float = SUPPORTED
    _read: dict[str, Document | None] = field(default_factory=dict)

    def fault(self, document_id: str, section: str, quote: Quote) -> Fault | None:
        """Why the quotation may not be shown, or None when it may."""
        document = self.document(document_id)
        if document is None:
            return "document missing"
        return self._status(document) or exactness(document, section, quote)

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""
        if document_id not in self._read:
            self._read[document_id] = self.shelf.document(document_id)
        return self._read[document_id]

    def confirmed(self, item: Evidence) -> bool:
        """Whether the evidence's own text, and what it stands under, are in the store where it says."""
        return self._evidence_fault(item) is None

    def verify(self, drafts: Sequence[Draft]) -> Verified:
        """The drafts that their confirmed evidence supports; the rest counted by reason."""
        kept: list[Draft] = []
        supports: list[Supported] = []
        removed: Counter[str] = Counter()
        for draft in drafts:
            faults = [self._evidence_fault(item) for item in draft.evidence]
            sound = tuple(item for item, fault in zip(draft.evidence, faults, strict=True) if fault is None)
            found = self._support(draft.text, sound)
            if isinstance(found, str):
                removed[next((fault for fault in faults if fault), found)] += 1
            else:
                kept.append(Draft(draft.text, found[1]))
                supports.append(found[0])
        return Verified(tuple(kept), removed, tuple(supports))

    def _support(self, text: str, evidence: tuple[Evidence, ...]) -> tuple[Supported, tuple[Evidence, ...]] | str:
        """How confirmed evidence supports a statement, and which of it; or why it does not."""
        if support(text, evidence) == "verbatim":
            return ("verbatim", 1.0), evidence
        if self.judge is None or self.names is None or not evidence:
            return UNQUOTED
        if found := flaws(text, [source_of(item) for item in evidence], self.names):
            return found[0]
        judged = verdicts_of(self.judge, [(premise, text) for premise in premises(evidence)])
        alone = judged[: len(evidence)]  # all of it together may be longer than a judge reads
        decided = decide(judged if judged and is_known(judged[-1]) else alone, self.threshold)
        if isinstance(decided, str):
            return decided
        surest = {
            place: one.supports
            for place, one in enumerate(alone)
            if one.supports >= self.threshold and not flaws(text, [source_of(evidence[place])], self.names)
        }  # else it follows only from all of it together
        return (
            (("entailed", max(surest.values())), tuple(evidence[place] for place in surest))
            if surest
            else (decided, evidence)
        )

    def _evidence_fault(self, item: Evidence) -> Fault | None:
        passage = item.hit.passage
        quotes = (Quote.of(item.text, item.start, item.end), *item.under)
        faults = (self.fault(passage.document_id, passage.section, quote) for quote in quotes)
        return next((fault for fault in faults if fault), None)

    def _status(self, document: Document) -> Fault | None:
        if document.retracted:
            return "retracted"
        if document.in_force(self.as_of, replaced=self.superseded):
            return None
        return "not in force" if self.as_of else "superseded"


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
    """``verbatim`` where a statement is one of the quotations, else ``unsupported`` as far as words alone can tell."""
    return "verbatim" if any(item.text == text for item in evidence) else "unsupported"


def source_of(item: Evidence) -> Source:
    """A quotation as the rules read it: with its section and titles, and the drugs of its document."""
    passage, document = item.hit.passage, item.hit.document
    titles = " ".join(title.text for title in item.under)
    return Source(item.text, f"{passage.section} {document.title} {titles}".rstrip(), item.hit.drugs)


def premises(evidence: Sequence[Evidence]) -> list[str]:
    """What the judge reads: each quotation with its document's drugs before it, and all of them together."""
    each = [stated(item.text, item.hit.drugs) for item in evidence]
    return each if len(each) == 1 else [*each, " ".join(each)]


def stated(text: str, drugs: Sequence[str]) -> str:
    """The words of a source after the drugs that it is about, as the judge has learnt to read them."""
    return f"{', '.join(drugs)}: {text}" if drugs else text


def verdicts_of(judge: Judge, pairs: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
    """The judge's, one for each pair; none where it failed or gave another number of them."""
    try:
        found = judge.judge(pairs)
    except RagError:
        return ()
    return found if len(found) == len(pairs) else ()


def is_known(verdict: Verdict) -> bool:
    """Whether it holds probabilities: a judge that cannot read a pair to its end gives none (NaN)."""
    return 0 <= verdict.supports <= 1 and 0 <= verdict.contradicts <= 1


def decide(verdicts: Sequence[Verdict], threshold: float) -> Supported | str:
    """How surely the best of some texts supports a claim; one that contradicts it as surely outweighs all others."""
    if not verdicts or not all(map(is_known, verdicts)):
        return UNJUDGED
    if max(one.contradicts for one in verdicts) >= threshold:
        return CONTRADICTED
    best = max(one.supports for one in verdicts)
    return ("entailed", best) if best >= threshold else UNSUPPORTED
