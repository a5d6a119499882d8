"""A reranker within the retriever: what it is told, and what its scores do."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.asked.explain import explain
from rag.asked.sections import base
from rag.drugs import Resolver
from rag.lexical import analyse
from rag.query import understand
from rag.ranking.rank import Asked, Candidates
from rag.retrieve import MANY, RERANKED, Retriever, Weights
from rag.types import Hit
from tests.rag.drugshelf import NEUTRAL, RESOLVER, SHELVED, Shelf, Words, ask, is_paper, label


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


@settings(deadline=None)
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


def test_the_name_of_a_class_is_masked_as_that_of_a_drug() -> None:
    reranker = Backwards()
    searcher = Retriever(SHELVED, SHELVED, Words(), RESOLVER, reranker=reranker)
    query = understand("storage of ACE inhibitors", RESOLVER)
    assert query.groups
    searcher.search(query, 5)
    assert reranker.read_texts[0] == "storage of ACE inhibitors"
    assert set(reranker.read_texts[1:]) == {"storage of the drug"}
