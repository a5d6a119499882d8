"""The records of retrieval and answering: frozen, typed, without input or output.

Names and shapes follow the service's contract (docs/design.md, section 5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.schema import Document, Passage
from rag.tables.rows import TableRow

Floats = NDArray[np.float32]
Support = Literal["verbatim", "entailed", "unsupported"]
Status = Literal["answered", "partial", "abstained"]
Stance = Literal["supports", "contradicts", "mentions"]
Apart = Literal["figure", "unit", "negation"]
STUDY = "study"
"""The rule of a hit whose source the question describes."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a caller restricts the search to; empty fields restrict nothing. Dates are inclusive.

    ``include_retracted`` shows retracted papers among hits; as evidence they never serve.
    """

    kinds: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    published_after: date | None = None
    published_before: date | None = None
    include_superseded: bool = False
    include_retracted: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason for a hit's place: its score was multiplied by ``factor``, because of ``reason``, in plain words."""

    name: str
    factor: float
    reason: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many labels of the same drug, its own included, have a passage's words; white space makes no difference.

    Of the others the document ids (the first twenty) and, each once, the labelers of these.
    """

    labels: int
    document_ids: tuple[str, ...]
    labelers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """A sentence that another labeler's label has in the same words but for a figure, a unit or a negation.

    ``here``: the sentence of the hit, ``there``: that of the other; ``kind``: what tells them apart.
    """

    kind: Apart
    document_id: str
    labeler: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that retrieval found. ``score`` is ``signals["base"]`` times the factors of ``rules``.

    ``signals``: the place in each ranking (``lexical_rank``, ...; from 1), ``fused``; where a reranker ran its own
    score (``rerank``) and how probable it is that the hit's section is asked for (``section``); ``base``, what the
    rules multiply. ``also``: ids of documents with the same words among what was found; ``agreement``: those of the
    whole store, ``variants``: labels that differ (both where they were looked for, see `rag.history.agreement`).
    """

    passage: Passage
    document: Document
    score: float
    drugs: tuple[str, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    also: tuple[str, ...] = ()
    agreement: Agreement | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def described(self) -> bool:
        """Whether the question describes its source, a trial, paper or page (`rag.ranking.studies`)."""
        return any(rule.name == STUDY for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence (or table row) of a hit: ``start``/``end`` index the section's text; ``score`` is 0 to 1.

    ``under``: the titles, openings and notes in the same section without which it would be misread
    (`rag.sentences.governing`).
    """

    hit: Hit
    text: str
    start: int
    end: int
    score: float
    under: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Exact words of a section: ``section_text[start:end] == text``; ``sha256`` is over its UTF-8 bytes.

    ``row``: the table row that they are, with its header.
    """

    text: str
    start: int
    end: int
    sha256: str
    row: TableRow | None = None

    @staticmethod
    def of(text: str, start: int, end: int) -> Quote:
        """The quote with its hash."""
        return Quote(text, start, end, hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator proposes: a statement and the evidence it rests on, before verification."""

    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of the answer with the numbers of the references that support it.

    ``under``: of a quotation, the titles, openings and notes of the same section that it is to be read with, as exact
    as itself; a note begins with the mark that points at it.
    """

    text: str
    citations: tuple[int, ...]
    support: Support
    score: float
    under: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A source of the answer as the contract shows it; ``stance``: on what a yes/no question asks, else None.

    ``pages``: those that the quotations stand on, of a source that has pages. ``agreement``: of a label, which others
    have the same passage; None where no other has. ``scanned``: a machine read a quotation from a scan.
    """

    number: int
    document_id: str
    passage_id: str
    kind: str
    title: str
    section: str
    drugs: tuple[str, ...]
    version: str
    published: date | None
    superseded: bool
    retracted: bool
    editorial: bool
    url: str
    citation: str
    quotes: tuple[Quote, ...]
    expression_of_concern: bool = False
    corrected: bool = False
    stance: Stance | None = None
    pages: tuple[int, ...] = ()
    agreement: Agreement | None = None
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Safety:
    """A boxed warning or contraindication that a reader must see; ``reference`` is a reference's number."""

    drug: str
    section: str
    reference: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader must know about the answer, e.g. code ``no_direct_evidence``."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made the answer. ``demonstration`` is true where the corpus is the editorial starter corpus."""

    index: str
    embedder: str
    generator: str
    newest_source: date | None
    indexed_at: str
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an answer was made of, so that it can be made again. ``models``: names with checksums, by their use.

    ``request``: question, filters, date and limits as asked; ``settings``: those that decide an answer; ``sha256``: of
    the answer as canonical JSON without id, timings and receipt.
    """

    citerx: str
    index: str
    models: dict[str, str]
    generator: dict[str, str]
    request: dict[str, Any]
    settings: dict[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer; ``answer`` is the text with ``[1][2]`` markers, ``timings_ms`` in milliseconds per stage."""

    answer_id: str
    question: str
    status: Status
    answer: str
    statements: tuple[Statement, ...]
    references: tuple[Reference, ...]
    safety: tuple[Safety, ...]
    notices: tuple[Notice, ...]
    confidence: float
    provenance: Provenance
    timings_ms: dict[str, float]
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How probable it is that a text supports a claim, and that it contradicts it; the rest: neither.

    NaN where a judge cannot tell, since it cannot read the pair to its end.
    """

    supports: float
    contradicts: float


class Judge(Protocol):
    """Tells whether texts support claims. Conformance suite: ``tests/contracts/judge.py``."""

    @property
    def name(self) -> str:
        """Identifies weights and calibration."""

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        """One verdict for each (text, claim); a claim may be a yes/no question, then supporting means yes."""


class Embedder(Protocol):
    """Turns texts into unit vectors. Conformance suite: ``tests/contracts/embedder.py``."""

    @property
    def name(self) -> str:
        """Identifies weights and arithmetic; part of the vector cache's key."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Shape ``(len(texts), dimension)``, float32, each row of length one."""
