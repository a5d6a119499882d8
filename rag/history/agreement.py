"""What other labels say in the same words: how many agree word for word, and which differ in a figure or a negation.

The words of a passage are found by their hash in the whole store, those that differ by a search of the drug's labels.
Beside it, the table rows that quotations are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from ingest.schema import Document, Kind, Table
from rag.answers.conflicts import COMPARED, another_makers, product_words, sentences_of
from rag.asked.sections import base
from rag.drugs import keys_of
from rag.evidence import candidates
from rag.history.wording import variants_in
from rag.tables.rows import row_at
from rag.types import Agreement, Answer, Hit, Reference, Variant
from rag.view import View

LISTED = 20
"""Documents that an agreement names; it counts all."""
LOOKED_AT = 10
"""Hits whose counterparts in other labels are looked for: a search of milliseconds each."""
ALIKE = COMPARED | {"clinical_pharmacology"}
"""Sections in which labels are compared; old ones tell there what newer ones tell under pharmacokinetics."""
DIFFERENT = 5
"""Sentences of other labels that a hit shows."""


class Shelf(Protocol):
    """What is needed of the store (`ingest.store.Store`)."""

    def documents(self, document_ids: Iterable[str]) -> Mapping[str, Document]:
        """The documents of these ids, without their sections."""

    def same_words(
        self, passage_ids: Iterable[str], naming: str = "", as_of: date | None = None
    ) -> Mapping[str, Sequence[str]]:
        """For each passage the other labels in force that have the same words and ``naming`` in a drug's name."""

    def tables(self, passage_ids: Iterable[str]) -> Mapping[str, Sequence[Table]]:
        """The tables of the section that each passage is from."""


def beside(shelf: Shelf, answer: Answer, as_of: date | None) -> Answer:
    """The answer, its references with the labels that agree and the table rows that their quotations are."""
    names = [one.passage_id for one in answer.references]
    tables = shelf.tables(names)
    labels = {one.passage_id: (one.document_id, one.drugs) for one in answer.references if one.kind == Kind.LABEL}
    agreed = agreements(shelf, labels, as_of)
    references = (
        replace(_with_rows(one, tables.get(one.passage_id, ())), agreement=agreed.get(one.passage_id))
        for one in answer.references
    )
    return replace(answer, references=tuple(references))


def _with_rows(reference: Reference, tables: Sequence[Table]) -> Reference:
    if not tables:
        return reference
    quotes = (
        replace(quote, row=row_at(tables, quote.start, quote.end, reference.section)) for quote in reference.quotes
    )
    return replace(reference, quotes=tuple(quotes))


def compared(shelf: Shelf, view: View, hits: Sequence[Hit], as_of: date | None) -> list[Hit]:
    """The hits, labels among them with those that agree and, of the first ten, those that differ."""
    labels = {
        hit.passage.passage_id: (hit.passage.document_id, hit.drugs) for hit in hits if hit.document.kind is Kind.LABEL
    }
    agreed = agreements(shelf, labels, as_of)
    return [
        replace(
            hit,
            agreement=agreed.get(hit.passage.passage_id),
            variants=variants(view, hit, as_of) if place < LOOKED_AT else (),
        )
        for place, hit in enumerate(hits)
    ]


def agreements(
    shelf: Shelf, passages: Mapping[str, tuple[str, tuple[str, ...]]], as_of: date | None
) -> dict[str, Agreement]:
    """By passage id the labels in force of the same drugs with its words; ``passages``: document id and drugs of each.

    Class wording that labels of several drugs share does not make them agree.
    """
    found: dict[str, Agreement] = {}
    for drugs in dict.fromkeys(drugs for _, drugs in passages.values()):
        asked = {name: document_id for name, (document_id, keys) in passages.items() if keys == drugs}
        word = max(re.findall(r"[a-z0-9]+", " ".join(drugs)), key=len, default="")
        same = shelf.same_words(asked, word, as_of)
        owners = (asked[name] for name in same)
        documents = shelf.documents({*owners, *(other for others in same.values() for other in others)})
        for name, others in same.items():
            labels = [documents[other] for other in others if other in documents]
            own = documents.get(asked[name])
            if agreed := _agreement([one for one in labels if set(keys_of(one.drugs)) == set(drugs)], own):
                found[name] = agreed
    return found


def _agreement(labels: Sequence[Document], own: Document | None) -> Agreement | None:
    """Of labels with the same words, each work once and none of the label's own."""
    works = {one.work_id: one for one in reversed(labels) if own is None or one.work_id != own.work_id}
    kept = [one for one in labels if works.get(one.work_id) is one]
    if not kept:
        return None
    named = dict.fromkeys(one.labeler for one in kept[:LISTED] if one.labeler)
    return Agreement(len(kept) + 1, tuple(one.document_id for one in kept[:LISTED]), tuple(named))


def variants(view: View, hit: Hit, as_of: date | None) -> tuple[Variant, ...]:
    """Sentences of other labelers' labels of the same substance that differ from the hit's in one of `Variant.kind`."""
    slug = base(hit.passage.section)
    if hit.document.kind is not Kind.LABEL or slug not in ALIKE:
        return ()
    texts = [one.text for one in candidates([hit])]
    words = dict.fromkeys(word.casefold() for text in texts for word in re.findall(r"[A-Za-z]{3,}", text))
    alike = view.alike(hit.drugs, (slug,), list(words), as_of) if words else []
    own = [*texts, *sentences_of(alike, hit.document)]
    found: list[Variant] = []
    for other in {one.document.document_id: one.document for one in alike if another_makers(one, hit)}.values():
        names = product_words(hit.document) | product_words(other)
        for kind, here, there in variants_in(texts, own, sentences_of(alike, other), names):
            found.append(Variant(kind, other.document_id, other.labeler, here, there))
    return tuple(found[:DIFFERENT])
