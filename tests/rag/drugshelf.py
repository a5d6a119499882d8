"""A shelf of a few labels and papers that stands in for store, index and embedder of a retriever."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from ingest.schema import Document, DrugNames, Kind, Passage, passage_id
from rag.drugs import Resolver, keys_of
from rag.lexical import analyse
from rag.query import understand
from rag.ranking.scope import Scope
from rag.retrieve import Retriever, Weights
from rag.types import Filters, Floats, Hit

PARTS = {
    "dosage_and_administration": "The recommended dose is one tablet twice daily, taken with food.",
    "drug_interactions": "Concomitant use with strong inhibitors raises exposure.",
    "pregnancy": "There are no adequate data on use in pregnant women.",
    "adverse_reactions": "The most common reactions were nausea and headache.",
}


def label(
    name: str, brand: str, parts: dict[str, str], ingredients: tuple[str, ...] = ()
) -> tuple[Document, dict[str, str]]:
    names = DrugNames(generic=(" and ".join(ingredients) or name,), brand=(brand,))
    document = Document(f"label:{brand}:1", Kind.LABEL, f"{brand} label", brand, "1", "0" * 64, (), drugs=names)
    return document, {slug: f"{brand}. {text}" for slug, text in (PARTS | parts).items()}


def article(pmid: str, title: str, text: str) -> tuple[Document, dict[str, str]]:
    document = Document(f"pubmed:{pmid}", Kind.ARTICLE, title, pmid, "1", "0" * 64, (), published=date(2020, 1, 1))
    return document, {"abstract.results": text}


SHELF = [
    label(
        "propafenone hydrochloride",
        "Rythmol",
        {"drug_interactions": "Warfarin levels rise.", "warnings_and_cautions": "Colchicine exposure may rise."},
    ),
    label("colchicine", "Colcrys", {"drug_interactions": "P-gp inhibitors such as propafenone raise levels."}),
    label("colchicine", "Mitigare", {"pregnancy": "Crosses the placenta."}),
    label("amlodipine besylate", "Norvasc", {}),
    label("", "Lotrel", {}, ("amlodipine", "benazepril")),
    article("1", "Propafenone and colchicine", "Propafenone raised colchicine levels in a cohort."),
    article("2", "Gout", "Colchicine reduced flares."),
    article("3", "Statins", "Simvastatin lowered cholesterol."),
]


class Words:
    """An embedder of word counts: texts that share words are near."""

    name, dimension = "words", 512

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for index, text in enumerate(texts):
            for word in words_of(text):
                rows[index, zlib.crc32(word.encode()) % self.dimension] += 1
        lengths: Floats = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1).astype(np.float32)
        return rows / lengths


class Shelf:
    """A store and an index in memory; it searches all passages of the scope one by one."""

    def __init__(self, shelf: Iterable[tuple[Document, dict[str, str]]]) -> None:
        self.held: dict[str, Document] = {}
        self.indexed: dict[str, Document] = {}
        self.rows: dict[int, Passage] = {}
        for document, parts in shelf:
            self.held[document.document_id] = self.indexed[document.document_id] = document
            for slug, text in parts.items():
                key = passage_id(document.document_id, slug, 0, len(text))
                self.rows[len(self.rows)] = Passage(key, document.document_id, slug, 0, len(text), text, document.title)

    def passages(self, row_ids: Iterable[int]) -> dict[int, Passage]:
        return {row: self.rows[row] for row in row_ids if row in self.rows}

    def documents(self, document_ids: Iterable[str]) -> dict[str, Document]:
        return {name: self.held[name] for name in document_ids if name in self.held}

    def drug_names(self) -> Iterable[tuple[str, str, str]]:
        for document in self.held.values():
            for field in ("generic", "brand", "substance"):
                yield from ((document.document_id, field, name) for name in getattr(document.drugs, field))

    def lexical(self, query: str, k: int, scope: Scope) -> list[tuple[int, float]]:
        wanted = set(words_of(query))
        found = [(row, float(len(wanted & set(words_of(passage.text))))) for row, passage in self.within(scope)]
        return sorted([item for item in found if item[1]], key=lambda item: (-item[1], item[0]))[:k]

    def dense(self, vector: Floats, k: int, scope: Scope) -> list[tuple[int, float]]:
        found = [(row, float(Words().encode([passage.text])[0] @ vector)) for row, passage in self.within(scope)]
        return sorted(found, key=lambda item: (-item[1], item[0]))[:k]

    def both(
        self, query: str, vector: Floats, k: int, scope: Scope
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        return self.lexical(query, k, scope), self.dense(vector, k, scope)

    def vectors(self, rows: Sequence[int]) -> Floats:
        return Words().encode([self.rows[row].text for row in rows])

    def rarity(self, terms: Sequence[str]) -> list[float]:
        texts = [set(analyse(passage.text)) for passage in self.rows.values()]
        return [math.log(1 + len(texts) / (1 + sum(term in text for text in texts))) for term in terms]

    def within(self, scope: Scope) -> list[tuple[int, Passage]]:
        return [(row, passage) for row, passage in self.rows.items() if self.allows(scope, passage)]

    def allows(self, scope: Scope, passage: Passage) -> bool:
        document = self.indexed[passage.document_id]
        in_time = scope.include_superseded or document.superseded_on is None
        if scope.published_after:
            in_time = in_time and document.published is not None and document.published >= scope.published_after
        return (
            in_time
            and (scope.kinds is None or document.kind in scope.kinds)
            and (scope.sections is None or passage.section in scope.sections)
            and (scope.drugs is None or bool(set(scope.drugs) & set(keys_of(document.drugs))))
        )


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


SHELVED = Shelf(SHELF)
RESOLVER = Resolver.from_store(SHELVED)
NEUTRAL = Weights(
    section=0, both=1, literature_title=1, literature_half_life=math.inf, label_half_life=math.inf, leaflet=1
)


def ask(question: str, k: int = 10, filters: Filters | None = None, shelf: Shelf = SHELVED) -> list[Hit]:
    resolver = Resolver.from_store(shelf)
    return Retriever(shelf, shelf, Words(), resolver).search(understand(question, resolver), k, filters)


def brands(hits: Iterable[Hit]) -> list[str]:
    return [hit.document.work_id for hit in hits]


def is_paper(hit: Hit) -> bool:
    return hit.document.kind is Kind.ARTICLE
