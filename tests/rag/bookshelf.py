"""A corpus in memory with all that answering needs of store, index and retriever; no files, no models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ingest.errors import StoreError
from ingest.passages import split
from ingest.schema import Document, DrugNames, Kind, Passage, Section, Table
from rag.drugs import Resolver, keys_of
from rag.index import Scope
from rag.lexical import analyse
from rag.query import Query
from rag.ranking.scope import allowed_by
from rag.types import Filters, Hit

PROPAFENONE = (
    ("boxed_warning", "WARNING: MORTALITY\nExcess deaths were seen in a trial of patients after a heart attack."),
    ("contraindications", "Propafenone is contraindicated in uncontrolled heart failure."),
    (
        "drug_interactions",
        "7.1 Inhibitors\nDrugs that inhibit CYP3A4 can be expected to raise plasma levels of propafenone.\n"
        "Propafenone inhibits P-glycoprotein and may raise digoxin levels. This calls for closer monitoring.",
    ),
)
COLCHICINE = (
    ("contraindications", "Do not use colchicine with P-gp inhibitors in patients with renal impairment."),
    (
        "drug_interactions",
        "Colchicine is a substrate of CYP3A4 and the efflux transporter P-gp.\n"
        "Inhibitor: ketoconazole; Dose for gout flares: half the usual amount; Repeat: not before three days",
    ),
    ("dosage_and_administration", "The recommended dose for gout flares in adults is 1.2 mg at the first sign."),
)


def document(document_id: str, sections: Iterable[tuple[str, str]], drug: str = "", **fields: Any) -> Document:  # noqa: ANN401
    """A document of the kind that its id names."""
    kind = Kind.LABEL if document_id.startswith("label:") else Kind.ARTICLE
    made = Document(
        document_id=document_id,
        kind=kind,
        title=drug.capitalize() or "A paper",
        work_id=document_id.split(":")[1],
        version=document_id.rsplit(":", maxsplit=1)[-1],
        sha256="0" * 64,
        sections=tuple(Section(slug, slug, (slug,), text) for slug, text in sections),
        effective=date(2020, 5, 1),
        published=date(2020, 5, 1),
        drugs=DrugNames(generic=(drug,)) if drug else DrugNames(),
        url=f"https://example.org/{document_id}",
    )
    return replace(made, **fields)


def corpus() -> list[Document]:
    return [
        document("label:p:2", PROPAFENONE, "propafenone", labeler="Maker"),
        document("label:c:4", COLCHICINE, "colchicine"),
        document(
            "pubmed:7",
            [("abstract", "Grapefruit juice raised the plasma concentration of simvastatin in a crossover trial.")],
        ),
    ]


class Bookshelf:
    """Library, rows, words and searcher in one; every match of a word counts one."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.books = {document.document_id: document for document in documents}
        self.indexed = dict(self.books)  # what the index was built from; `books` may change after it
        self.pages = [passage for document in self.books.values() for passage in split(document)]
        self.answers: dict[str, dict[str, Any]] = {}
        self.full = False

    def document(self, document_id: str) -> Document | None:
        return self.books.get(document_id)

    def passage(self, passage_id: str) -> Passage | None:
        return next((page for page in self.pages if page.passage_id == passage_id), None)

    def same_words(
        self, passage_ids: Iterable[str], naming: str = "", as_of: date | None = None
    ) -> dict[str, tuple[str, ...]]:
        wanted = {page.passage_id: page for page in self.pages if page.passage_id in set(passage_ids)}
        same = {
            name: tuple(
                other.document_id
                for other in self.pages
                if other.document_id != page.document_id
                and other.text.split() == page.text.split()
                and _is_label(self.books[other.document_id], naming, as_of)
            )
            for name, page in wanted.items()
        }
        return {name: others for name, others in same.items() if others}

    def tables(self, passage_ids: Iterable[str]) -> dict[str, tuple[Table, ...]]:
        wanted = [page for page in self.pages if page.passage_id in set(passage_ids)]
        found = {page.passage_id: self.books[page.document_id].section(page.section) for page in wanted}
        return {name: section.tables for name, section in found.items() if section and section.tables}

    def versions(self, work_id: str) -> list[tuple[Document, int]]:
        found = [book for book in self.books.values() if book.work_id == work_id]
        return [
            (replace(book, sections=()), len(book.sections)) for book in sorted(found, key=lambda book: book.version)
        ]

    def save_answer(self, answer_id: str, payload: Mapping[str, Any]) -> None:
        if self.full:
            raise StoreError("disk full", source="memory")
        self.answers[answer_id] = dict(payload)

    def answer(self, answer_id: str) -> dict[str, Any] | None:
        return self.answers.get(answer_id)

    def close(self) -> None:
        """Nothing is open."""

    def drug_names(self) -> list[tuple[str, str, str]]:
        return [(book.document_id, "generic", name) for book in self.books.values() for name in book.drugs.generic]

    def passages(self, row_ids: Iterable[int]) -> dict[int, Passage]:
        return {row: self.pages[row] for row in row_ids if self.pages[row].document_id in self.books}

    def documents(self, document_ids: Iterable[str]) -> dict[str, Document]:
        return {name: replace(self.books[name], sections=()) for name in document_ids if name in self.books}

    def lexical(self, query: str, k: int, scope: Scope) -> list[tuple[int, float]]:
        words = set(re.findall(r"\w+", query.casefold()))
        found = [
            (row, float(len(words & set(re.findall(r"\w+", f"{page.context} {page.text}".casefold())))))
            for row, page in enumerate(self.pages)
            if self._within(page, scope)
        ]
        return sorted((item for item in found if item[1]), key=lambda item: (-item[1], item[0]))[:k]

    def rows(self, scope: Scope) -> list[list[int]]:
        found: dict[str, list[int]] = {}
        for row, page in enumerate(self.pages):
            if self._within(page, scope):
                found.setdefault(page.document_id, []).append(row)
        return list(found.values())

    def frequency(self, terms: Sequence[str]) -> list[float]:
        texts = [set(analyse(page.text)) for page in self.pages]
        return [sum(term in text for text in texts) / max(1, len(texts)) for term in terms]

    def holds(self, terms: Sequence[str], scope: Scope) -> list[bool]:
        texts = [set(analyse(page.text)) for page in self.pages if self._within(page, scope)]
        return [any(term in text for text in texts) for term in terms]

    def search(self, query: Query, k: int = 10, filters: Filters | None = None, as_of: date | None = None) -> list[Hit]:
        filters = filters or Filters()
        kinds = frozenset(filters.kinds or (kind.value for kind in Kind))
        kept = {key for name in filters.drugs for key in self.resolver().name(name)}
        drugs = frozenset({key for keys in query.drugs if not kept or kept & set(keys) for key in keys} or kept)
        scope = replace(allowed_by(filters, as_of), kinds=kinds, drugs=drugs or None)
        return [
            Hit(page, self.books[page.document_id], score, keys_of(self.books[page.document_id].drugs))
            for row, score in self.lexical(query.question, k, scope)
            for page in [self.pages[row]]
            if page.document_id in self.books
        ]

    def resolver(self) -> Resolver:
        return Resolver.from_store(self)

    def _within(self, page: Passage, scope: Scope) -> bool:
        book = self.indexed[page.document_id]
        return (
            (scope.drugs is None or bool(scope.drugs & set(keys_of(book.drugs))))
            and (scope.kinds is None or book.kind.value in scope.kinds)
            and (scope.sections is None or page.section.split(".")[0] in scope.sections)
            and (scope.include_retracted or not book.retracted)
            and _in_force(book, scope)
        )


def _is_label(book: Document, naming: str, as_of: date | None) -> bool:
    named = any(naming in name.lower() for name in (*book.drugs.generic, *book.drugs.substance))
    real = book.kind is Kind.LABEL and not book.editorial and not book.retracted
    return named and real and book.in_force(as_of)


def _in_force(book: Document, scope: Scope) -> bool:
    if scope.published_after and not (book.published and book.published >= scope.published_after):
        return False
    if scope.published_before and not (book.published and book.published <= scope.published_before):
        return False
    return book.in_force(scope.as_of, replaced=scope.include_superseded)
