"""Scoped retrieval over a small shelf of documents, with an index held in memory."""

from __future__ import annotations

import io
import math
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
from rag.explain import explain
from rag.index import Index, build
from rag.lexical import analyse
from rag.query import understand
from rag.rank import Asked, Candidates
from rag.retrieve import MANY, RERANKED, Retriever, Weights
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


class Backwards:
    """A reranker that likes the last passage best and keeps what it was given."""

    def __init__(self, spread: float = 1.0) -> None:
        self.spread = spread
        self.read_texts: list[str] = []
        self.calls: list[tuple[Candidates, bool]] = []

    def read(self, questions: Sequence[str]) -> Sequence[Asked]:
        self.read_texts += questions
        return [Asked(vector, {"pregnancy": -1.0}) for vector in Words().encode(questions)]

    def scores(self, candidates: Candidates, *, label: bool) -> Sequence[float]:
        self.calls.append((candidates, label))
        return [self.spread * place for place, _ in enumerate(candidates.texts)]


def reranked(
    question: str, k: int = 50, shelf: Shelf = SHELVED, weights: Weights = NEUTRAL, spread: float = 1.0
) -> tuple[list[Hit], Backwards]:
    reranker, resolver = Backwards(spread), Resolver.from_store(shelf)
    searcher = Retriever(shelf, shelf, Words(), resolver, weights, reranker=reranker)
    return searcher.search(understand(question, resolver), k), reranker


@pytest.mark.parametrize("question", ["colchicine in gout", "nausea and headache"])
def test_the_order_of_a_reranker_replaces_the_fused_one(question: str) -> None:
    hits, _ = reranked(question)
    assert len(hits) == len(ask(question, 50)) > 6
    for papers in (True, False):
        scores = [hit.signals["rerank"] for hit in hits if is_paper(hit) is papers]
        assert scores == sorted(scores, reverse=True)
    assert [hit.signals["fused"] for hit in hits] != sorted((hit.signals["fused"] for hit in hits), reverse=True)


def test_what_a_reranker_is_told() -> None:
    hits, reranker = reranked("Is Colcrys safe with amlodipine in pregnancy?")
    assert reranker.read_texts == [
        "Is Colcrys safe with amlodipine in pregnancy?",
        "Is the drug safe with amlodipine in pregnancy?",
        "Is Colcrys safe with the drug in pregnancy?",
    ]
    assert [label for _, label in reranker.calls] == [True, True, False]
    found = reranker.calls[0][0]
    assert found.terms == analyse(reranker.read_texts[1])
    assert found.rarity == SHELVED.rarity(found.terms)
    assert found.likely == {"pregnancy": -1.0}
    assert max(found.cues.values()) == 1
    assert np.array_equal(found.vector, Words().encode([reranker.read_texts[1]])[0])
    assert hits
    passages = {tuple(analyse(passage.text)): passage for passage in SHELVED.rows.values()}
    assert len(found.texts) == len(found.vectors) == len(found.sections) == len(found.starts) > 4
    for text, vector, section, start in zip(found.texts, found.vectors, found.sections, found.starts, strict=True):
        passage = passages[tuple(text)]
        assert passage.document_id in {"label:Colcrys:1", "label:Mitigare:1"}
        assert np.array_equal(vector, Words().encode([passage.text])[0])
        assert (section, start) == (base(passage.section), passage.start)


def test_what_a_reranker_reads_is_short_whatever_the_question() -> None:
    names = [f"drug{chr(97 + place)}ine" for place in range(MANY + 2)]
    shelf = Shelf(label(name, f"Brand{name}", {}) for name in names)
    _, few = reranked(f"dose of {', '.join(names[:MANY])}", shelf=shelf)
    assert len(few.read_texts) == MANY + 1
    _, many = reranked(f"dose of {', '.join(names)}", shelf=shelf)
    assert many.read_texts[1:] == [f"dose of {', '.join(['the drug'] * len(names))}"]
    assert [label for _, label in many.calls] == [True] * len(names)


def test_passages_that_the_reranker_did_not_read_stand_below_in_their_order() -> None:
    parts = {f"x{place}": f"Dose number {place}." for place in range(RERANKED + 20)}
    shelf = Shelf([label("zorbine", "Zorb", parts)])
    hits, reranker = reranked("dose of zorbine", RERANKED + 15, shelf)
    assert len(reranker.calls[0][0].texts) == RERANKED
    read = [hit.signals.get("rerank") for hit in hits]
    assert None not in read[:RERANKED]
    assert set(read[RERANKED:]) == {None}
    fused = [hit.signals["fused"] for hit in hits[RERANKED:]]
    assert fused == sorted(fused, reverse=True)
    assert all(hit.score == product_of(hit) for hit in hits)


def test_the_label_that_names_the_other_drug_leads_however_few_passages_the_other_has() -> None:
    silent = (label("aaabine", "Aaab", {})[0], {"drug_interactions": "Aaab interacts."})
    many = {f"x{place}": f"Interactions of part {place}." for place in range(30)}
    telling = label("zorbine", "Zorb", many | {"drug_interactions": "Interactions with aaabine."})
    shelf = Shelf([silent, telling])
    hits, _ = reranked("Interactions between aaabine and zorbine?", shelf=shelf, weights=Weights(), spread=0)
    alone = next(hit for hit in hits if hit.drugs == ("aaabine",))
    assert alone.score == 1 > next(hit for hit in hits if hit.drugs == ("zorbine",)).score
    assert hits[0].passage.text == "Zorb. Interactions with aaabine."


def test_one_passage_has_the_whole_share() -> None:
    (hit,), reranker = reranked("zorbine", shelf=Shelf([(label("zorbine", "Zorb", {})[0], {"risks": "Zorb is bad."})]))
    assert len(reranker.calls) == 1
    assert (hit.score, explain(hit).base, explain(hit).rerank) == (1, 1, 0)


def test_sections_are_a_rule_only_where_the_reranker_did_not_weigh_them() -> None:
    within, _ = reranked("pregnancy and colchicine", weights=Weights())
    anywhere, _ = reranked("nausea and headache as side effects", weights=Weights())
    assert {hit.passage.section for hit in within} >= {"pregnancy"}
    assert not [rule for hit in within for rule in hit.rules if rule.name == "section"]
    reactions = [hit for hit in anywhere if hit.passage.section == "adverse_reactions"]
    assert reactions
    assert all("section" in {rule.name for rule in hit.rules} for hit in reactions)


QUESTIONS = (
    "dose of Colcrys",
    "colchicine in gout",
    "propafenone with colchicine",
    "amlodipine versus colchicine",
    "Which drugs cause nausea?",
    "amlodipine and benazepril in pregnancy",
)


@given(st.sampled_from(QUESTIONS), st.integers(1, 40), st.booleans())
def test_a_score_is_its_base_times_the_factors(question: str, k: int, rerank: bool) -> None:
    reranker = Backwards() if rerank else None
    searcher = Retriever(SHELVED, SHELVED, Words(), RESOLVER, reranker=reranker)
    hits = searcher.search(understand(question, RESOLVER), k)
    assert hits
    for hit in hits:
        why = explain(hit)
        assert hit.score == why.score == product_of(hit)
        assert (why.base == why.fused) == (why.rerank is None)
        assert all(rule.reason and rule.factor != 1 for rule in why.rules)


def product_of(hit: Hit) -> float:
    return hit.signals["base"] * math.prod(rule.factor for rule in hit.rules)


def is_paper(hit: Hit) -> bool:
    return hit.document.kind is Kind.ARTICLE


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
