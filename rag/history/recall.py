"""Which kept answers rest on sources of which something has become since: retracted, doubted, corrected, replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from ingest.marks import standing
from ingest.records import FLAGS
from ingest.schema import Document

What = Literal["retracted", "expression_of_concern", "corrected", "superseded", "gone"]
Plain = Mapping[str, Any]
Look = Callable[[Iterable[str]], Mapping[str, Document]]


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a reference after it was cited; ``gone``: the store no longer has it.

    ``on``: when, as far as anyone says; ``by``: who says so (`ingest.schema.Mark.by`), empty for the source itself.
    """

    number: int
    document_id: str
    title: str
    what: What
    on: date | None
    by: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """An answer that its reader should know more of; ``answered``: when it was given (ISO 8601, UTC)."""

    answer_id: str
    question: str
    answered: str
    events: tuple[Event, ...]


def recalled(answers: Iterable[tuple[str, Plain]], look: Look) -> Iterator[Recalled]:
    """Those of the answers (when kept, and as kept) that cite what has changed since; ``look``: documents of today."""
    for answered, answer in answers:
        if events := tuple(events_of(answer, look)):
            yield Recalled(str(answer["answer_id"]), str(answer["question"]), answered, events)


def events_of(answer: Plain, look: Look) -> Iterator[Event]:
    """What became of an answer's references since it was given, in their order; what it said itself is no news."""
    documents = look([item["document_id"] for item in answer["references"]])
    as_of = _as_of(answer)
    for item in answer["references"]:
        document = documents.get(item["document_id"])
        found: Iterable[tuple[What, date | None, str]]
        found = [("gone", None, "")] if document is None else _since(item, document, as_of)
        for what, on, by in found:
            yield Event(item["number"], item["document_id"], item["title"], what, on, by)


def _since(item: Plain, document: Document, as_of: date | None) -> Iterator[tuple[What, date | None, str]]:
    for kind, flag in FLAGS.items():
        if getattr(document, flag) and not item.get(flag):
            said = next((mark for mark in standing(document.marks) if mark.kind == kind), None)
            yield flag, (said.on if said else None), (said.by if said else "")
    if document.outdated(as_of) and not item["superseded"]:
        newer = next((mark for mark in document.marks if mark.kind == "update"), None)
        yield "superseded", document.superseded_on or (newer.on if newer else None), newer.by if newer else ""


def _as_of(answer: Plain) -> date | None:
    """The day that the answer was asked for; None where its receipt says none or there is no receipt."""
    asked = ((answer.get("receipt") or {}).get("request") or {}).get("as_of")
    return date.fromisoformat(asked) if asked else None
