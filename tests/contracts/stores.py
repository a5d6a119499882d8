"""Documents and helpers that the contract of stores shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ingest.schema import (
    Document,
    DrugNames,
    Kind,
    Mark,
    Passage,
    Section,
    Table,
    pages_between,
    passage_id,
)
from ingest.store import Store

WORK = "0f0e0d0c-0000-4000-8000-000000000001"


def label(
    version: str, effective: date | None, *, text: str = "Take one.\nNot two.", editorial: bool = False
) -> Document:
    """A version of one work, with its section cut into passages by `cut`."""
    return Document(
        document_id=f"label:{WORK}:{version}",
        kind=Kind.LABEL,
        title="Examplomab",
        work_id=WORK,
        version=version,
        sha256=f"{text}|{effective}|{editorial}",
        sections=(
            Section("boxed_warning", "WARNING", ("WARNING",), "Danger: \U0001f480 é."),
            Section(
                "dosage",
                "Dosage",
                ("Use", "Dosage"),
                text,
                (Table("Doses", ("Age",), (("9",), ("10",)), 0, 4),),
                ((0, 7), (4, 8)),
            ),
        ),
        published=effective,
        effective=effective,
        editorial=editorial,
        drugs=DrugNames(generic=("examplomab", "examplomab"), ndc=("2", "1")),
    )


def cut(document: Document) -> list[Passage]:
    """One passage per line of each section."""
    passages = []
    for section in document.sections:
        start = 0
        for line in section.text.split("\n"):
            span = (start, start + len(line))
            start += len(line) + 1
            if not line:
                continue
            name = passage_id(document.document_id, section.slug, *span)
            place = (document.document_id, section.slug, *span)
            pages = pages_between(section.pages, *span)
            passages.append(Passage(name, *place, line, f"{document.title} | x", pages))
    return passages


def put(store: Store, *documents: Document) -> list[str]:
    """Each document in a transaction of its own; the outcomes."""
    outcomes: list[str] = []
    for document in documents:
        with store.writing() as batch:
            outcomes.append(batch.put(document, cut(document)))
    return outcomes


def ends(store: Store) -> dict[str, date | None]:
    """document id -> superseded_on, of everything."""
    return {row.passage.document_id: row.superseded_on for row in store.index_rows()}


def paper(name: str, pmid: str = "", doi: str = "", **fields: object) -> Document:
    """A paper as one source has it: its names are what marks find it by."""
    made = label("1", date(2010, 1, 1), text=f"Abstract of {name}.")
    made = replace(made, document_id=name, work_id=name, kind=Kind.ARTICLE, pmid=pmid, doi=doi)
    return replace(made, **fields)  # type: ignore[arg-type]


def mark(store: Store, *marks: Mark) -> list[str]:
    """Each mark in a transaction of its own; the outcomes."""
    outcomes: list[str] = []
    for one in marks:
        with store.writing() as batch:
            outcomes.append(batch.mark(one))
    return outcomes


def read(store: Store, document: Document) -> Document:
    """The document as the store has it now."""
    found = store.document(document.document_id)
    assert found
    return found


def record(day: date | None, words: str, **fields: Any) -> Document:  # noqa: ANN401
    """A paper of 2010 as its source had it, revised on ``day`` and in force since then as far as is known."""
    made = paper("pubmed:1", "1", revised=day, effective=day or date(2010, 1, 1), **fields)
    return replace(made, sha256=f"{day}|{words}|{fields}", sections=(Section("abstract", "", (), words),))


def history(store: Store, work: str = "pubmed:1") -> list[tuple[str, date | None, date | None, date | None]]:
    """The versions of a work, the oldest first: their words, and from when and until when each counts."""
    found = [store.document(one.document_id) for one, _ in store.versions(work)]
    return [
        ("".join(section.text for section in one.sections), one.since, one.effective, one.superseded_on)
        for one in found
        if one
    ]


RETRACTION = Mark("doi:10.1/x", "retraction", date(2020, 2, 2), "pmid:77")
V1, V2, V3 = label("9", date(2010, 1, 1)), label("10", date(2012, 1, 1)), label("11", date(2012, 1, 1))
UNDATED, UNDATED2 = label("0a0b", None), label("0c0d", None)


class StoreCase:
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        opened = Store.open(url)
        yield opened
        opened.close()
