"""What requests look like, and the few responses that are not records of ``rag.types`` or ``ingest.schema``."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ingest.schema import Kind
from rag.asked.explain import Explanation, Understanding, explain, understanding
from rag.checks.recheck import Assertion, Cited, Claimed, assertions
from rag.query import Query
from rag.settings import GeneratorName
from rag.types import Agreement, Filters, Hit, Quote, Variant

MOST_STATEMENTS, MOST_CITATIONS, MOST_CHARACTERS = 50, 200, 200_000
"""Of one text to verify: each statement is read beside all that it cites, and every character is looked through."""
QUESTION = "What are the interactions between propafenone and colchicine?"


def one_line(text: str) -> str:
    """``text`` with white space folded; refuses other control characters and what is blank."""
    folded = " ".join(text.split())
    if any(unicodedata.category(character) == "Cc" for character in folded):
        raise ValueError("must not contain control characters")
    if not folded:
        raise ValueError("must not be blank")
    return folded


def iso_date(value: object) -> object:
    """Refuses numbers, which pydantic would read as seconds since 1970, and times of day."""
    if value is not None and not (isinstance(value, str) and len(value) == 10):
        raise ValueError("must be a date like 2015-01-31")
    return value


Question = Annotated[
    str, Field(min_length=1, max_length=2000, description="1 to 2000 characters"), AfterValidator(one_line)
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)]
IsoDate = Annotated[date, BeforeValidator(iso_date)]


class RequestModel(BaseModel):
    """A request's body: fields it does not know are refused, because a misspelt filter must not pass unnoticed."""

    model_config = ConfigDict(extra="forbid")


class FiltersModel(RequestModel):
    """Restricts what is searched; a field left out restricts nothing. Dates are inclusive."""

    kinds: tuple[Kind, ...] = Field(default=(), max_length=4)
    drugs: tuple[Name, ...] = Field(
        default=(), max_length=20, description="generic or brand names", examples=[["colchicine"]]
    )
    sections: tuple[Name, ...] = Field(
        default=(), max_length=50, description="section slugs", examples=[["drug_interactions"]]
    )
    published_after: IsoDate | None = Field(default=None, examples=["2015-01-01"])
    published_before: IsoDate | None = Field(default=None)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.published_after and self.published_before and self.published_after > self.published_before:
            raise ValueError("published_after lies after published_before")
        return self

    def record(self) -> Filters:
        """As the engine takes them."""
        kinds = tuple(kind.value for kind in self.kinds)
        return Filters(kinds, self.drugs, self.sections, self.published_after, self.published_before)


class SearchFilters(FiltersModel):
    """Of a search also whether retracted papers are shown; an answer never rests on one."""

    include_retracted: bool = Field(default=False, strict=True, description="also show retracted papers, as such")

    def record(self) -> Filters:
        """As the engine takes them."""
        return replace(super().record(), include_retracted=self.include_retracted)


class QuestionRequest(RequestModel):
    """A question and what is searched for it."""

    question: Question
    filters: FiltersModel | None = Field(default=None, description="null: no restriction")
    as_of: IsoDate | None = Field(
        default=None,
        description="search what was in force on this date (articles: published by then), without what is retracted "
        "by today; null: today",
    )

    def restriction(self) -> Filters:
        """The filters as the engine takes them."""
        return (self.filters or FiltersModel()).record()


class AskRequest(QuestionRequest):
    """A question and what it is answered from."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": QUESTION, "filters": {"kinds": ["label"]}, "max_references": 8}]}
    )

    max_references: int | None = Field(
        default=None, ge=1, le=20, strict=True, description="null: as the service is set up"
    )
    generator: GeneratorName | None = Field(
        default=None, description="what writes the answer; null: as the service is set up"
    )


class SearchRequest(QuestionRequest):
    """A question and how many passages are wanted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": QUESTION, "k": 5, "filters": {"drugs": ["colchicine"]}}]}
    )

    filters: SearchFilters | None = Field(default=None, description="null: no restriction")
    k: int = Field(default=10, ge=1, le=100, strict=True)
    explain: bool = Field(default=False, strict=True, description="say why each hit stands where it does")


class SearchParams(RequestModel):
    """The same search as a link: ``drug`` and ``kind`` may be repeated."""

    question: Question
    k: int = Field(default=10, ge=1, le=100)
    drug: tuple[Name, ...] = Field(default=(), max_length=20, description="generic or brand names")
    kind: tuple[Kind, ...] = Field(default=(), max_length=4)
    as_of: IsoDate | None = Field(default=None, description="search what was in force on this date")
    include_retracted: bool = Field(default=False, description="also show retracted papers, as such")
    explain: bool = Field(default=False, description="say why each hit stands where it does")

    def request(self) -> SearchRequest:
        """As a body would ask."""
        filters = SearchFilters(drugs=self.drug, kinds=self.kind, include_retracted=self.include_retracted)
        day = self.as_of.isoformat() if self.as_of else None
        return SearchRequest.model_validate(
            {"question": self.question, "k": self.k, "filters": filters, "as_of": day, "explain": self.explain}
        )


class DiffParams(RequestModel):
    """Which two versions are compared, and of which section."""

    start: Name | None = Field(
        default=None, alias="from", description="version, document id or date; null: before `to`"
    )
    end: Name | None = Field(
        default=None, alias="to", description="version, document id or date; null: the last version"
    )
    section: Name | None = Field(default=None, description="a section slug; null: all")


class QuoteModel(BaseModel):
    """A quotation, as an answer writes it."""

    text: str = Field(min_length=1, max_length=20_000)
    start: int = Field(ge=0, strict=True)
    end: int = Field(ge=1, strict=True)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class ReferenceModel(BaseModel):
    """What a number stands for: `text`, or `passage_id`, or `document_id` and `section` (all of it, a span or quotes).

    What else an answer's reference has is passed over.
    """

    number: int = Field(ge=1, le=9999, strict=True)
    text: str = Field(default="", max_length=20_000, description="the source's words, as the caller brings them")
    passage_id: Name = ""
    document_id: Name = ""
    section: Name = ""
    start: int | None = Field(default=None, ge=0, strict=True)
    end: int | None = Field(default=None, ge=1, strict=True)
    quotes: tuple[QuoteModel, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not (self.text.strip() or self.passage_id or (self.document_id and self.section)):
            raise ValueError("give text, or passage_id, or document_id and section")
        return self

    def record(self) -> Cited:
        """As the engine takes it."""
        quotes = tuple(Quote(one.text, one.start, one.end, one.sha256) for one in self.quotes)
        of_section = bool(self.document_id and self.section and (quotes or not self.passage_id))
        passage_id = "" if of_section else self.passage_id
        return Cited(self.number, self.text, passage_id, self.document_id, self.section, self.start, self.end, quotes)


class StatementModel(BaseModel):
    """A statement and the numbers that it cites; what else an answer's statement has is passed over."""

    text: Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(one_line)]
    citations: tuple[int, ...] = Field(max_length=50)


class VerifyRequest(RequestModel):
    """A kept answer by its id, or a text with `[1]` markers, or statements; the last two with their references."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Propafenone may raise digoxin levels [1].",
                    "references": [{"number": 1, "text": "Propafenone has been shown to raise digoxin levels."}],
                }
            ]
        }
    )

    answer_id: Name | None = None
    text: str | None = Field(default=None, min_length=1, max_length=20_000)
    statements: tuple[StatementModel, ...] | None = Field(default=None, min_length=1, max_length=MOST_STATEMENTS)
    references: tuple[ReferenceModel, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum(one is not None for one in (self.answer_id, self.text, self.statements)) != 1:
            raise ValueError("give one of `answer_id`, `text` and `statements`, the last two with `references`")
        if self.answer_id is not None and self.references:
            raise ValueError("an answer has its own references")
        if len({one.number for one in self.references}) < len(self.references):
            raise ValueError("every reference needs a number of its own")
        if self.text is not None and not 1 <= len(assertions(self.text)) <= MOST_STATEMENTS:
            raise ValueError(f"text must have 1 to {MOST_STATEMENTS} sentences")
        self._bounded()
        return self

    def _bounded(self) -> None:
        """Raises ValueError for what would hold the service up."""
        said = self.claimed()
        if isinstance(said, Claimed) and sum(len(set(one.citations)) for one in said.statements) > MOST_CITATIONS:
            raise ValueError(
                f"the statements must have at most {MOST_CITATIONS} citations together; verify it in parts"
            )
        if (
            sum(len(one.text) + sum(len(quote.text) for quote in one.quotes) for one in self.references)
            > MOST_CHARACTERS
        ):
            raise ValueError(f"the references must have at most {MOST_CHARACTERS:,} characters together")

    def claimed(self) -> Claimed | str:
        """As the engine takes it."""
        if self.answer_id is not None:
            return self.answer_id
        said = (
            assertions(self.text)
            if self.text is not None
            else tuple(Assertion(one.text, one.citations) for one in self.statements or ())
        )
        return Claimed(said, tuple(one.record() for one in self.references))


class SearchHit(BaseModel):
    """A passage found; ``rank`` starts at 1. ``also``: ids of documents with the same words, which are not repeated.

    ``agreement``: how many labels of the store have the same passage; ``variants``: sentences of other labelers' labels
    in the same words but for a figure, a unit or a negation.

    The flags are those of its document; a retracted paper is shown where it was asked for, and is no evidence. From
    ``effective`` on the text is known to be in force: asked for an earlier day, what it said then is not known.
    """

    rank: int
    score: float
    passage_id: str
    document_id: str
    kind: Kind
    drugs: tuple[str, ...]
    section: str
    title: str
    text: str
    published: date | None
    effective: date | None = None
    also: tuple[str, ...] = ()
    superseded: bool = False
    retracted: bool = False
    expression_of_concern: bool = False
    corrected: bool = False
    agreement: Agreement | None = None
    variants: tuple[Variant, ...] = ()

    @classmethod
    def of(cls, rank: int, hit: Hit, **more: Explanation) -> Self:
        """The hit as the contract shows it."""
        passage, document = hit.passage, hit.document
        return cls(
            rank=rank,
            score=hit.score,
            passage_id=passage.passage_id,
            document_id=passage.document_id,
            kind=document.kind,
            drugs=hit.drugs,
            section=passage.section,
            title=document.title,
            text=passage.text,
            published=document.published,
            effective=document.effective,
            also=hit.also,
            superseded=document.outdated(),
            retracted=document.retracted,
            expression_of_concern=document.expression_of_concern,
            corrected=document.corrected,
            agreement=hit.agreement,
            variants=hit.variants,
            **more,
        )


class ExplainedHit(SearchHit):
    """A passage found and why."""

    explanation: Explanation


class SearchResponse(BaseModel):
    """The passages found, best first; milliseconds per stage; ``unresolved``: words for drugs not known here."""

    hits: list[SearchHit]
    timings_ms: dict[str, float]
    unresolved: tuple[str, ...] = ()

    @staticmethod
    def of(query: Query, hits: Sequence[Hit], timings_ms: dict[str, float]) -> SearchResponse:
        """As the engine's search returns them."""
        found = [SearchHit.of(rank, hit) for rank, hit in enumerate(hits, 1)]
        return SearchResponse(hits=found, timings_ms=timings_ms, unresolved=query.unresolved)


class ExplainedResponse(BaseModel):
    """The passages found, best first, each with its explanation, and the question as it was understood."""

    query: Understanding
    hits: list[ExplainedHit]
    timings_ms: dict[str, float]
    unresolved: tuple[str, ...] = ()

    @staticmethod
    def of(query: Query, hits: Sequence[Hit], timings_ms: dict[str, float]) -> ExplainedResponse:
        """As the engine's search returns them."""
        explained = [ExplainedHit.of(rank, hit, explanation=explain(hit)) for rank, hit in enumerate(hits, 1)]
        return ExplainedResponse(
            query=understanding(query), hits=explained, timings_ms=timings_ms, unresolved=query.unresolved
        )


class Health(BaseModel):
    """The process is alive."""

    status: str = "ok"
    version: str


class Readiness(BaseModel):
    """What is being served."""

    status: str = "ready"
    index: str
    embedder: str
    documents: int
    passages: int
    indexed_at: str
    newest_source: date | None
    demonstration: bool
