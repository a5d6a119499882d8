"""Scoped retrieval over a small shelf of documents, with an index held in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse import openfda
from ingest.passages import split
from ingest.schema import Document, Kind
from ingest.store import Store
from rag.asked.sections import base
from rag.dense import HashEmbedder
from rag.drugs import Resolver, keys_of
from rag.index import Index, build
from rag.query import understand
from rag.retrieve import Retriever, Weights
from rag.types import Filters
from tests.rag.drugshelf import RESOLVER, SHELF, SHELVED, Shelf, Words, article, ask, brands, is_paper, label
from tests.shared_data import shared


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
    assert brands(hits[:3]) == ["Colcrys", "Rythmol", "1"]
    assert [hit.passage.section for hit in hits[:2]] == ["drug_interactions", "warnings_and_cautions"]
    assert all("partner" in {rule.name for rule in hit.rules} for hit in hits[:2])


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


def test_a_class_without_a_label_gets_no_other_drugs_label() -> None:
    assert [hit for hit in ask("What is the dose of insulin glargine?") if not is_paper(hit)] == []
    assert [hit for hit in ask("What is the dose of a tablet?") if not is_paper(hit)]


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
    assert {hit.also for hit in ask("dose of propafenone", 20, shelf=shelf)} <= {
        ("label:copy:1",),
        ("label:Rythmol:1",),
    }


def test_signals_and_rules_say_why() -> None:
    hit = ask("dose of Colcrys")[0]
    factors = {rule.name: rule.factor for rule in hit.rules}
    assert factors == {"section": 1 + Weights().section, "brand": Weights().brand}
    assert hit.signals["lexical_rank"] >= 1
    assert hit.signals["dense_rank"] >= 1
    assert 0 < hit.signals["fused"] < 1


def test_the_section_of_a_comparison_is_the_same_on_both_sides() -> None:
    for question in ("propafenone versus amlodipine", "is propafenone better than colchicine", "Norvasc vs Mitigare"):
        first, second = [hit for hit in ask(question) if hit.document.kind is Kind.LABEL][:2]
        assert first.passage.section == second.passage.section
        assert first.drugs != second.drugs


def test_a_paper_that_names_both_drugs_comes_before_those_that_name_one() -> None:
    late = article(
        "4", "Colchicine colchicine", "Colchicine with colchicine, and colchicine: interactions of colchicine."
    )
    papers = [hit for hit in ask("propafenone with colchicine", shelf=Shelf([*SHELF, late])) if is_paper(hit)]
    assert brands(papers)[0] == "1"
    assert {rule.name for rule in papers[0].rules} >= {"both", "title"}


def test_a_paper_is_found_by_the_generic_name_of_the_brand_asked_for() -> None:
    assert "2" in brands(ask("Does Colcrys help in gout?"))


def test_what_the_store_knows_to_be_retracted_or_replaced_is_left_out_before_the_index_knows() -> None:
    shelf = Shelf(SHELF)
    shelf.held["pubmed:1"] = replace(shelf.held["pubmed:1"], retracted=True)
    shelf.held["label:Colcrys:1"] = replace(shelf.held["label:Colcrys:1"], superseded_on=date(2024, 1, 1))
    found = brands(ask("propafenone with colchicine", 50, shelf=shelf))
    assert "2" in found
    assert not {"1", "Colcrys"} & set(found)


def test_a_version_that_was_replaced_stands_behind_the_one_in_force_where_both_are_asked_for() -> None:
    document, parts = label("amlodipine", "Old", {})
    old = (replace(document, superseded_on=date(2020, 1, 1)), parts)
    hits = ask("dose of amlodipine", filters=Filters(include_superseded=True), shelf=Shelf([old, SHELF[3]]))
    assert brands(hits)[0] == "Norvasc"
    assert "superseded" in {rule.name for hit in hits if hit.document.work_id == "Old" for rule in hit.rules}


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
