"""Scoped retrieval over a small shelf of documents, with an index held in memory."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse import openfda
from ingest.passages import split
from ingest.schema import Document, DrugNames, Kind, Passage, passage_id
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.drugs import Resolver, keys_of
from rag.index import Index, build
from rag.query import understand
from rag.retrieve import Retriever, Weights
from rag.scope import Scope
from rag.sections import base
from rag.types import Filters, Floats, Hit
from tests.shared_data import shared

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
        self.rows: dict[int, Passage] = {}
        for document, parts in shelf:
            self.held[document.document_id] = document
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

    def within(self, scope: Scope) -> list[tuple[int, Passage]]:
        return [(row, passage) for row, passage in self.rows.items() if self.allows(scope, passage)]

    def allows(self, scope: Scope, passage: Passage) -> bool:
        document = self.held[passage.document_id]
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


def ask(question: str, k: int = 10, filters: Filters | None = None, shelf: Shelf = SHELVED) -> list[Hit]:
    resolver = Resolver.from_store(shelf)
    return Retriever(shelf, shelf, Words(), resolver).search(understand(question, resolver), k, filters)


def brands(hits: Iterable[Hit]) -> list[str]:
    return [hit.document.work_id for hit in hits]


@pytest.mark.parametrize(
    ("question", "drug", "section"),
    [
        ("What is the dose of propafenone?", "propafenone", "dosage_and_administration"),
        ("Is Colcrys safe in pregnancy?", "colchicine", "pregnancy"),
        ("side effects of amlodipine", "amlodipine", "adverse_reactions"),
        ("What interacts with Rythmol?", "propafenone", "drug_interactions"),
    ],
)
def test_the_right_section_of_the_right_drug_is_first(question: str, drug: str, section: str) -> None:
    hits = ask(question)
    assert (hits[0].drugs, hits[0].passage.section) == ((drug,), section)
    labels = [hit for hit in hits if hit.document.kind is Kind.LABEL]
    assert all(drug in hit.drugs for hit in labels)


def test_both_sides_of_an_interaction_come_first() -> None:
    hits = ask("What are the interactions between propafenone and colchicine?")
    assert brands(hits[:3]) == ["Rythmol", "Colcrys", "1"]
    assert [hit.passage.section for hit in hits[:2]] == ["warnings_and_cautions", "drug_interactions"]
    assert all("partner" in hit.signals for hit in hits[:2])


def test_drugs_take_turns() -> None:
    labels = [hit.drugs[0] for hit in ask("propafenone versus amlodipine dose") if hit.document.kind is Kind.LABEL]
    assert labels[:4] == ["propafenone", "amlodipine", "propafenone", "amlodipine"]


def test_a_question_of_one_ingredient_prefers_its_own_label_and_a_combination_its_own() -> None:
    assert brands(ask("dose of amlodipine"))[0] == "Norvasc"
    assert brands(ask("dose of amlodipine and benazepril"))[0] == "Lotrel"
    assert brands(ask("dose of benazepril"))[0] == "Lotrel"


def test_the_brand_asked_for_leads() -> None:
    assert brands(ask("dose of Mitigare"))[0] == "Mitigare"
    assert brands(ask("dose of Colcrys"))[0] == "Colcrys"


def test_literature_has_a_share_and_names_the_drug() -> None:
    found = brands(ask("Does colchicine reduce flares?", 20))
    assert {"1", "2"} <= set(found)
    assert "3" not in found
    assert [index for index, work in enumerate(found) if work in {"1", "2"}] == [2, 5]


def test_an_unknown_drug_gets_no_other_drugs_label() -> None:
    assert ask("What is the dose of zorbifloxin?") == []
    assert brands(ask("What does simvastatin do?")) == ["3"]


@pytest.mark.parametrize("question", ["", "  ", "???", "1 2 3", "é"])
def test_a_question_without_words_finds_nothing(question: str) -> None:
    assert ask(question) == []


def test_no_drug_searches_everything() -> None:
    hits = ask("Which drugs cause nausea and headache?", 20)
    assert hits[0].passage.section == "adverse_reactions"
    assert len({hit.document.document_id for hit in hits}) > 2


def test_filters() -> None:
    assert {hit.document.kind for hit in ask("colchicine flares", filters=Filters(kinds=("article",)))} == {
        Kind.ARTICLE
    }
    assert brands(ask("what is the dose", filters=Filters(drugs=("Norvasc",), kinds=("label",))))[0] == "Norvasc"
    hits = ask("colchicine and propafenone", filters=Filters(drugs=("propafenone",)))
    assert {hit.document.work_id for hit in hits if hit.document.kind is Kind.LABEL} == {"Rythmol"}
    hits = ask("colchicine dose", filters=Filters(sections=("pregnancy",)))
    assert {hit.passage.section for hit in hits} == {"pregnancy"}
    late = Filters(published_after=date(2019, 1, 1))
    assert {hit.document.kind for hit in ask("colchicine dose", filters=late)} == {Kind.ARTICLE}


def test_superseded_labels_stay_out_unless_asked_for() -> None:
    document, parts = SHELF[0]
    shelf = Shelf([(replace(document, superseded_on=date(2020, 1, 1)), parts)])
    assert ask("dose of propafenone", shelf=shelf) == []
    assert ask("dose of propafenone", filters=Filters(include_superseded=True), shelf=shelf)


def test_the_same_text_of_two_labels_appears_once() -> None:
    document, parts = SHELF[0]
    shelf = Shelf([(document, parts), (replace(document, document_id="label:copy:1", work_id="copy"), parts)])
    texts = [hit.passage.text for hit in ask("dose of propafenone", 20, shelf=shelf)]
    assert len(texts) == len(set(texts)) == len(parts)


def test_signals_say_why() -> None:
    signals = ask("dose of Colcrys")[0].signals
    assert signals["section"] == 1 + Weights().section
    assert signals["brand"] == Weights().brand
    assert signals["lexical_rank"] >= 1
    assert signals["dense_rank"] >= 1
    assert 0 < signals["fused"] < 1


@given(st.text(max_size=60), st.integers(0, 12))
def test_any_question_gives_at_most_k_distinct_hits(question: str, k: int) -> None:
    hits = Retriever(SHELVED, SHELVED, Words(), RESOLVER).search(understand(question, RESOLVER), k)
    assert len(hits) <= k
    assert len({hit.passage.passage_id for hit in hits}) == len(hits)


REAL = {
    "dosage_and_administration": ("What is the recommended dose of {}?", "How much {} should be taken daily?"),
    "drug_interactions": ("Which drugs interact with {}?", "{} drug interactions"),
    "contraindications": ("When is {} contraindicated?", "Who should not take {}?"),
    "indications_and_usage": ("What is {} used for?", "indications for {}"),
    "boxed_warning": ("Does {} have a boxed warning?", "black box warning of {}"),
    "adverse_reactions": ("What are the side effects of {}?",),
    "overdosage": ("What happens in an overdose of {}?",),
    "pregnancy": ("Is {} safe in pregnancy?",),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Retriever, Resolver]]:
    """Fifty real labels, parsed, stored and indexed as in production but for the embedder."""
    home = tmp_path_factory.mktemp("library")
    store = Store.open(f"sqlite:///{home / 'citerx.db'}")
    with store.writing() as batch:
        for part, count in (("core", 40), ("complete", 10)):
            for document in labels_of(part, count):
                batch.put(document, split(document))
    build(store, HashEmbedder(), home / "index")
    resolver = Resolver.from_store(store)
    yield store, Retriever(store, Index.open(home / "index"), HashEmbedder(), resolver), resolver
    store.close()


def labels_of(part: str, count: int) -> Iterator[Document]:
    with zipfile.ZipFile(shared(f"labels/drug-label-{part}.json.zip")) as archive:
        stream = io.BytesIO(archive.read(archive.namelist()[0]))
        found = (record for record in openfda.parse(stream, part) if isinstance(record, Document))
        yield from islice(found, count)


def test_real_questions_find_the_right_section_of_the_right_drug(library: tuple[Store, Retriever, Resolver]) -> None:
    store, retriever, resolver = library
    asked, drug, section, wrong = 0, 0, 0, 0
    for slug, templates in REAL.items():
        for index, document in enumerate(having(store, slug)[:8]):
            question = templates[index % len(templates)].format(document.drugs.generic[0].title())
            hits = retriever.search(understand(question, resolver), 5)
            keys = set(keys_of(document.drugs))
            asked += 1
            drug += bool(hits and keys & set(hits[0].drugs))
            section += bool(hits and keys & set(hits[0].drugs) and base(hits[0].passage.section) == slug)
            wrong += sum(not keys & set(hit.drugs) for hit in hits)
    assert asked >= 50
    assert (drug, wrong) == (asked, 0)
    assert section >= 0.95 * asked


def having(store: Store, slug: str) -> list[Document]:
    """The current labels with this section, spread over the alphabet."""
    ids = sorted({row.passage.document_id for row in store.index_rows() if base(row.passage.section) == slug})
    current = [document for document in store.documents(ids).values() if document.superseded_on is None]
    return current[:: max(1, len(current) // 8)]
