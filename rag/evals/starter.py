"""The questions on the starter corpus: right drug and section first, key facts in the answer, abstention.

They say whether the corpus that ships with CiteRx answers what it was written to answer; for figures that compare
systems see `rag.evals.command` and `rag.evals.answers`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rag.engine import Engine
from rag.errors import EvaluationError
from rag.evals.questions import STARTER, Text, content_of, valid
from rag.naming.ingredients import ingredients
from rag.types import Answer, Hit

SourceKind = Literal["label", "literature", "trial", "guideline"]
WhyNot = Literal["unknown", "invented", "absent", "outside", "underspecified"]
GOALS = {"first": 0.97, "facts": 0.90, "abstained": 1.0}
"""The least share of questions that must come out right."""
_EXCERPT = 300


class Question(BaseModel):
    """A question and what answers it, as ``corpora/questions/starter.toml`` explains it at its head."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Text
    kind: SourceKind | WhyNot
    text: Text
    drugs: tuple[Text, ...] = ()
    beside: tuple[Text, ...] = ()
    sections: tuple[Text, ...] = ()
    documents: tuple[Text, ...] = ()
    file: str = ""
    facts: Annotated[tuple[Text, ...], Field(max_length=9)] = ()
    slice: str = ""
    style: str = ""
    voice: str = ""

    @field_validator("facts")
    @classmethod
    def _expressions(cls, facts: tuple[str, ...]) -> tuple[str, ...]:
        for fact in facts:
            try:
                re.compile(fact)
            except re.error as error:
                raise ValueError(f"{fact!r} is no regular expression: {error}") from error
        return facts

    @property
    def answerable(self) -> bool:
        """Whether the starter corpus answers it."""
        return self.kind in SourceKind.__args__  # type: ignore[attr-defined]

    @property
    def groups(self) -> tuple[frozenset[str], ...]:
        """The drug keys of each drug, any of whose labels answers."""
        return tuple(frozenset(ingredients(drug)) for drug in self.drugs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question. ``first``: the first statement's source is a right one, ``found``: so is the first
    passage of the search, ``facts``: all key facts stand in the answer, each in a statement from a right source,
    ``abstained``: there was no answer.

    Where the right source is a retracted paper, it is right to say so and to cite and find it nowhere.

    ``shown``: what a reader saw, for the list of misses.
    """

    question: Question
    first: bool
    found: bool
    facts: bool
    abstained: bool
    shown: str

    @property
    def good(self) -> bool:
        """Nothing is to be mended."""
        return (self.first and self.found and self.facts) if self.question.answerable else self.abstained


def load(path: Path) -> tuple[Question, ...]:
    """The questions; raises `EvaluationError` with file and question."""
    _, content = content_of(path)
    rows = content.get("question", [])
    found = [
        valid(Question, row, f"{path}: question {number} ({row.get('id', 'without id')})")
        for number, row in enumerate(rows, 1)
    ]
    if content.get("set", {}).get("kind") != STARTER or not found:
        raise EvaluationError(f"{path}: holds no questions on the starter corpus ([set] kind = {STARTER!r})")
    for one in found:
        if sum(other.id == one.id for other in found) > 1:
            raise EvaluationError(f"{path}: question {one.id!r} is there twice")
        if one.answerable and not (one.sections and one.facts):
            raise EvaluationError(f"{path}: question {one.id!r} needs sections and facts")
    return tuple(found)


def ask(engine: Engine, questions: Iterable[Question], corpus: Path) -> list[Outcome]:
    """Asks each with the service's generator and keeps no answer; ``corpus``: the folder of the starter corpus."""
    return [_outcome(engine, question, corpus) for question in questions]


def _outcome(engine: Engine, question: Question, corpus: Path) -> Outcome:
    answer = engine.ask(question.text, keep=False)
    _, hits, _ = engine.search(question.text, 1)
    found = any(answers(question, hit.document.document_id, hit.drugs, hit.passage.section, corpus) for hit in hits)
    withdrawn = _retracted(engine, question)
    return Outcome(
        question=question,
        first=_told(answer, withdrawn) if withdrawn else _first(answer, question, corpus),
        found=not found if withdrawn else found,
        facts=all(says(answer, fact, question, corpus) for fact in question.facts),
        abstained=answer.status == "abstained",
        shown=_shown(answer, hits),
    )


def _retracted(engine: Engine, question: Question) -> tuple[str, ...]:
    """The documents that would answer, where all of them are retracted."""
    documents = [engine.document(name) for name in question.documents]
    return question.documents if documents and all(one.retracted for one in documents) else ()


def _told(answer: Answer, withdrawn: Sequence[str]) -> bool:
    """Whether the answer says that a paper is retracted, and cites none of them."""
    return bool(_withdrawn(answer, withdrawn)) and not any(
        source.document_id in withdrawn for source in answer.references
    )


def _first(answer: Answer, question: Question, corpus: Path) -> bool:
    """Whether a source of the answer's first statement is one that answers."""
    return bool(answer.statements) and bool(_right(answer, question, corpus) & set(answer.statements[0].citations))


def _right(answer: Answer, question: Question, corpus: Path) -> set[int]:
    """The numbers of the references that answer."""
    return {
        source.number
        for source in answer.references
        if answers(question, source.document_id, source.drugs, source.section, corpus)
    }


def answers(question: Question, document_id: str, drugs: Sequence[str], section: str, corpus: Path) -> bool:
    """Whether a section of a source is one of those that answer. ``drugs``: the keys of the source."""
    if section not in question.sections:
        return False
    if question.file:
        checksum = hashlib.sha256((corpus / question.file).read_bytes()).hexdigest()
        return document_id.partition(":")[2] == checksum[:16]
    if question.documents:
        return document_id in question.documents
    return document_id.startswith("label:") and any(group <= set(drugs) for group in question.groups)


def says(answer: Answer, fact: str, question: Question, corpus: Path) -> bool:
    """Whether the statements that cite a source which answers, or what is told of one that is retracted, match a key
    fact; case and white space do not count. The same words of another drug or section are no answer.
    """
    right = _right(answer, question, corpus)
    quoted = (statement.text for statement in answer.statements if right & set(statement.citations))
    told = " ".join((*quoted, *_withdrawn(answer, question.documents)))
    return re.search(fact, " ".join(told.split()), re.IGNORECASE) is not None


def _withdrawn(answer: Answer, documents: Sequence[str]) -> list[str]:
    """What the answer says of those documents that are retracted."""
    told = (notice.message for notice in answer.notices if notice.code == "retracted_source")
    return [message for message in told if any(name in message for name in documents)]


def _shown(answer: Answer, hits: Sequence[Hit]) -> str:
    where = {source.number: f"{source.title[:40]} · {source.section}" for source in answer.references}
    lines = [
        f"{statement.text[:_EXCERPT]} [{where.get(number, '')}]"
        for statement in answer.statements[:3]
        for number in statement.citations[:1]
    ]
    first = [f"search: {hit.document.title[:40]} · {hit.passage.section}" for hit in hits]
    return "\n".join([answer.status, *lines, *first])


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts, the share of each goal, and the misses; the shares of an empty kind are 1."""
    asked = [one for one in outcomes if one.question.answerable]
    without = [one for one in outcomes if not one.question.answerable]
    shares = {
        "first": _share([one.first for one in asked]),
        "found": _share([one.found for one in asked]),
        "facts": _share([one.facts for one in asked]),
        "abstained": _share([one.abstained for one in without]),
    }
    return {
        "questions": {"answerable": len(asked), "unanswerable": len(without)},
        "shares": shares,
        "goals": GOALS,
        "reached": all(shares[name] >= goal for name, goal in GOALS.items()),
        "misses": [_miss(one) for one in outcomes if not one.good],
    }


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 1.0


def _miss(one: Outcome) -> dict[str, Any]:
    wrong = {
        "first": "another source first",
        "found": "another passage found first",
        "facts": "key facts missing",
    }
    missing = [told for name, told in wrong.items() if not getattr(one, name)] if one.question.answerable else []
    return {
        "id": one.question.id,
        "question": one.question.text,
        "missing": missing or ["answered"],
        "expected": {"drugs": one.question.drugs, "sections": one.question.sections, "facts": one.question.facts},
        "shown": one.shown,
    }


def summary(found: dict[str, Any]) -> str:
    """The report in lines for a reader."""
    counts, shares = found["questions"], found["shares"]
    told = {
        "first": ("right drug and section in the first statement", counts["answerable"]),
        "found": ("right drug and section found first", counts["answerable"]),
        "facts": ("key facts in the answer", counts["answerable"]),
        "abstained": ("abstained where nothing answers", counts["unanswerable"]),
    }
    lines = []
    for name, (words, number) in told.items():
        goal = f", goal {GOALS[name]:.0%}" if name in GOALS else ""
        lines.append(f"{words}: {shares[name] * number:.0f} of {number} ({shares[name]:.1%}{goal})")
    for miss in found["misses"]:
        shown = miss["shown"].replace("\n", "\n    ")
        lines += ["", f"{miss['id']} {miss['question']} ({', '.join(miss['missing'])})", f"    {shown}"]
    return "\n".join(lines)
