"""An engine that answers from a script: what the service's tests use in place of models and indexes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic_core import to_json

from api.deps import View
from ingest.schema import Document, DrugNames, Kind, Passage, Section, passage_id
from rag.answers.receipt import Asked, sealed
from rag.checks.recheck import Checked, Claimed, check
from rag.drugs import Resolver
from rag.errors import IndexUnavailableError, NotFoundError
from rag.history.recall import Event, events_of
from rag.history.versions import Versions, WorkDiff, diff_of, versions_of
from rag.indexes.generations import Manifest
from rag.query import Query
from rag.types import Answer, Filters, Hit, Notice, Provenance, Quote, Receipt, Reference, Safety, Statement

T = TypeVar("T")
TEXT = "Drug interactions of the scripted label. Propafenone raises the exposure of colchicine in this script. End."
SECTION = Section("drug_interactions", "Drug interactions", ("Drug interactions",), TEXT)
DOCUMENT = Document(
    document_id="label:11111111-aaaa:3",
    kind=Kind.LABEL,
    title="Scripted label",
    work_id="11111111-aaaa",
    version="3",
    sha256=hashlib.sha256(TEXT.encode()).hexdigest(),
    sections=(SECTION,),
    published=date(2022, 3, 1),
    effective=date(2022, 3, 1),
    editorial=True,
    drugs=DrugNames(generic=("colchicine",)),
)
PASSAGE = Passage(
    passage_id(DOCUMENT.document_id, SECTION.slug, 0, len(TEXT)),
    DOCUMENT.document_id, SECTION.slug, 0, len(TEXT), TEXT, "colchicine",
)  # fmt: skip
MANIFEST = Manifest(
    generation="0123abcd",
    embedder="scripted",
    dimension=1,
    passages=1,
    documents=1,
    revision=1,
    indexed_at="2022-03-01T00:00:00+00:00",
    newest_source=date(2022, 3, 1),
    demonstration=True,
    row_ids="",
)
TIMINGS = {"retrieve": 1.0, "generate": 2.0, "verify": 3.0, "total": 6.0}


@dataclass
class Shelf:
    """The scripted documents and the one passage, as checking reads them."""

    documents: Mapping[str, Document]

    def document(self, document_id: str) -> Document | None:
        return self.documents.get(document_id)

    def versions(self, work_id: str) -> list[tuple[Document, int]]:
        return [(one, len(one.sections)) for one in self.documents.values() if one.work_id == work_id]

    def passage(self, passage_id: str) -> Passage | None:
        return PASSAGE if passage_id == PASSAGE.passage_id else None


@dataclass
class ScriptedEngine:
    """Answers every question about colchicine with the same quote; ``before`` runs before each answer."""

    manifest: Manifest = MANIFEST
    newer: Manifest | None = None
    ready: bool = True
    closed: bool = False
    before: Callable[[str], None] = lambda _question: None
    documents: dict[str, Document] = field(default_factory=lambda: {DOCUMENT.document_id: DOCUMENT})
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, Filters | None, date | None, int | None, str | None]] = field(default_factory=list)

    @property
    def view(self) -> View:
        if not self.ready:
            raise IndexUnavailableError("/secret/place")
        return self

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
        max_references: int | None = None,
        generator: str | None = None,
    ) -> Answer:
        self.before(question)
        assert self.view
        self.asked.append((question, filters, as_of, max_references, generator))
        asked = Asked(question, filters or Filters(), as_of, max_references, generator)
        made = {"name": generator or "extractive"}
        receipt = Receipt(version("citerx"), self.manifest.generation, {}, made, asked.to_json(), {}, "")
        answer = self._answered(question) if "colchicine" in question else self._abstained(question)
        answer = sealed(answer, receipt)
        self.answers[answer.answer_id] = json.loads(to_json(answer))
        return answer

    def verify(self, claimed: Claimed | str) -> Checked:
        self.before("verify")
        assert self.view
        if isinstance(claimed, str):
            claimed = Claimed.of_answer(self.answer(claimed))
        return check(claimed, Shelf(self.documents), Resolver.from_names([]), None)

    def document(self, document_id: str) -> Document:
        return self._record(self.documents, document_id)

    def passage(self, passage_id: str) -> Passage:
        return self._record({PASSAGE.passage_id: PASSAGE}, passage_id)

    def answer(self, answer_id: str) -> dict[str, Any]:
        return self._record(self.answers, answer_id)

    def _record(self, records: Mapping[str, T], record_id: str) -> T:
        if record_id not in records:
            raise NotFoundError(f"no such id: {record_id!r}")
        return records[record_id]

    def recall(self, answer_id: str) -> list[Event]:
        return list(events_of(self.answer(answer_id), lambda _: self.documents))

    def versions(self, work_id: str) -> Versions:
        return versions_of(Shelf(self.documents), work_id)

    def diff(
        self, work_id: str, start: str | None = None, end: str | None = None, section: str | None = None
    ) -> WorkDiff:
        return diff_of(Shelf(self.documents), work_id, start, end, section)

    def close(self) -> None:
        self.closed = True

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[Query, list[Hit], dict[str, float]]:
        self.before(question)
        self.asked.append((question, filters, as_of, None, None))
        filters = filters or Filters()
        early = filters.published_before is not None and filters.published_before < date(2022, 3, 1)
        hits = [] if early else [Hit(PASSAGE, DOCUMENT, 0.5, ("colchicine",))]
        return Query(question, drugs=(("colchicine",),)), hits[:k], {"retrieve": 1.0, "total": 1.0}

    def refresh(self) -> bool:
        if self.newer is None:
            return False
        self.ready = True
        self.manifest, self.newer = self.newer, None
        return True

    def _abstained(self, question: str) -> Answer:
        notices = (Notice("nothing_relevant", "Nothing relevant was found."),)
        made = Provenance(
            self.manifest.generation, "scripted", "extractive", date(2022, 3, 1), "2022-03-01", demonstration=True
        )
        answer_id = f"answer-{len(self.asked)}"
        return Answer(answer_id, question, "abstained", "No answer.", (), (), (), notices, 0.0, made, TIMINGS)

    def _answered(self, question: str) -> Answer:
        start, end = TEXT.index("Propafenone"), TEXT.index(" End.")
        quote = Quote.of(TEXT[start:end], start, end)
        reference = Reference(
            number=1,
            document_id=DOCUMENT.document_id,
            passage_id=PASSAGE.passage_id,
            kind="label",
            title=DOCUMENT.title,
            section=SECTION.slug,
            drugs=("colchicine",),
            version="3",
            published=DOCUMENT.published,
            superseded=False,
            retracted=False,
            editorial=True,
            url="https://example.org/label",
            citation="Scripted label. 2022.",
            quotes=(quote,),
        )
        return replace(
            self._abstained(question),
            status="answered",
            answer=f"{quote.text} [1]",
            statements=(Statement(quote.text, (1,), "verbatim", 0.97),),
            references=(reference,),
            safety=(Safety("colchicine", "contraindications", 1),),
            notices=(),
            confidence=0.83,
        )
