"""Measures against values worked out by hand, and intervals."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schema import Kind
from rag.evals.collection import Item, Judged
from rag.evals.intervals import Bootstrap
from rag.evals.measures import measure, wrong_drug
from rag.evals.questions import Question

ITSELF = {row: row for row in range(300)}


def judged(*relevant: int, drugs: tuple[str, ...] = ("colchicine",)) -> Judged:
    return Judged(Question("q", "?", "mine", "measure", drugs), frozenset(relevant))


def test_values_are_those_worked_out_by_hand() -> None:
    asked = [judged(1, 2), judged(3), judged(4)]
    rankings = [[9, 1, 8, 2], [3], []]
    found = measure(asked, rankings, ITSELF)
    best = 1 + 1 / log2(3)
    assert found["nDCG@10"] == pytest.approx([(1 / log2(3) + 1 / log2(5)) / best, 1, 0])
    assert found["RR"] == pytest.approx([0.5, 1, 0])
    assert found["R@100"] == pytest.approx([1, 1, 0])
    assert found["hit@1"] == pytest.approx([0, 1, 0])
    assert found["hit@3"] == pytest.approx([1, 1, 0])


def test_recall_counts_all_that_is_relevant_and_the_first_hundred() -> None:
    found = measure([judged(1, 2, 3, 4)], [[*range(100, 199), 1, 2]], ITSELF)
    assert found["R@100"] == pytest.approx([0.25])


def test_the_order_of_the_ranking_decides_whatever_the_row_ids() -> None:
    for right, wrong in ((5, 6), (6, 5)):
        assert measure([judged(right)], [[wrong, right]], ITSELF)["RR"] == pytest.approx([0.5])


def test_alike_passages_count_once() -> None:
    alike = ITSELF | {7: 1, 8: 1}
    found = measure([judged(1, 2)], [[7, 1, 8, 2]], alike)
    assert found["nDCG@10"] == pytest.approx([1])
    assert found["RR"] == pytest.approx([1])


@given(st.permutations(range(12)), st.sets(st.integers(0, 11), min_size=1))
def test_hits_and_reciprocal_rank_follow_from_the_first_right_rank(ranking: list[int], relevant: set[int]) -> None:
    found = measure([judged(*relevant)], [ranking], ITSELF)
    first = min(ranking.index(row) for row in relevant) + 1
    assert found["RR"][0] == pytest.approx(1 / first)
    for cutoff in (1, 3, 5):
        assert found[f"hit@{cutoff}"][0] == (first <= cutoff)


def item(row: int, kind: Kind, *drugs: str) -> Item:
    return Item(row, str(row), "text", "", "pregnancy", kind, frozenset(drugs))


def test_wrong_drugs_are_labels_of_none_of_the_drugs_asked_for() -> None:
    shelf = [
        item(0, Kind.LABEL, "colchicine"),
        item(1, Kind.LABEL, "colchicine", "probenecid"),  # has the drug
        item(2, Kind.LABEL, "warfarin"),  # wrong
        item(3, Kind.ARTICLE),  # of no drug
        item(4, Kind.LABEL, "digoxin"),  # wrong
        item(5, Kind.LABEL, "digoxin"),  # the sixth
    ]
    items = {one.row: one for one in shelf}
    asked = [judged(0), judged(0, drugs=("warfarin", "digoxin")), judged(0), judged(0)]
    rankings = [[0, 1, 2, 3, 4, 5], [2, 4, 0, 3, 1], [2, 0], []]
    assert wrong_drug(asked, rankings, items) == pytest.approx([0.4, 0.4, 0.5, 0])


def test_a_drug_that_the_text_names_besides_is_neither_right_nor_wrong() -> None:
    items = {one.row: one for one in (item(0, Kind.LABEL, "clonazepam"), item(1, Kind.LABEL, "oxycodone"))}
    plain = judged(0, drugs=("clonazepam",))
    named = replace(plain, question=replace(plain.question, beside=("oxycodone hydrochloride",)))
    assert wrong_drug([plain, named], [[1, 0], [1, 0]], items) == pytest.approx([0.5, 0])
    assert measure([named], [[1, 0]], ITSELF)["hit@1"] == pytest.approx([0])
    assert named.question.keys == {"clonazepam"}


VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@given(VALUES)
def test_an_interval_contains_the_mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    found = Bootstrap(300).mean(values)
    assert found.low - 1e-9 <= found.mean <= found.high + 1e-9
    assert found.mean == pytest.approx(values.mean())
    assert values.min() - 1e-9 <= found.low <= found.high <= values.max() + 1e-9


def test_an_interval_is_as_wide_as_the_central_limit_says() -> None:
    values = np.repeat([0.0, 1.0], 200)
    found = Bootstrap(2000).mean(values)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.1)


def test_intervals_are_repeatable_and_depend_on_the_seed() -> None:
    values = np.random.default_rng(1).random(50)
    assert Bootstrap(200, 3).mean(values) == Bootstrap(200, 3).mean(values)
    assert Bootstrap(200, 3).mean(values) != Bootstrap(200, 4).mean(values)


def test_a_paired_difference_is_narrower_than_its_parts() -> None:
    hard = np.random.default_rng(0).random(100)
    found = Bootstrap(500).difference(hard + 0.01, hard)
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))
