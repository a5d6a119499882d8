"""Reciprocal rank fusion: the definition, and the properties that follow from it."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.fuse import reciprocal_rank, reranked

ranking = st.lists(st.integers(0, 12), unique=True, max_size=10)
weight = st.floats(0, 8, allow_nan=False)
weighted = st.lists(st.tuples(ranking, weight), max_size=4)
Weighted = list[tuple[list[int], float]]


def fused(pairs: Weighted) -> list[tuple[int, float]]:
    return reciprocal_rank([items for items, _ in pairs], [share for _, share in pairs])


def test_definition() -> None:
    assert reciprocal_rank([["a", "b"], ["b", "c"]], [1, 2]) == [("b", 1 / 62 + 2 / 61), ("c", 2 / 62), ("a", 1 / 61)]


def test_nothing() -> None:
    assert reciprocal_rank([], []) == []
    assert reciprocal_rank([[]], [1]) == []


def test_ties_go_to_the_better_rank_then_to_the_earlier_ranking() -> None:
    assert [item for item, _ in reciprocal_rank([["x"], ["y"]], [1, 1])] == ["x", "y"]
    assert [item for item, _ in reciprocal_rank([["a", "b"], []], [0, 0])] == ["a", "b"]


def test_a_repeated_item_counts_once_where_it_stands_first() -> None:
    assert reciprocal_rank([["a", "a", "b"]], [1]) == reciprocal_rank([["a", "b"]], [1])


@pytest.mark.parametrize("weights", [[], [1, 1], [-1]])
def test_weights_must_match(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="1 rankings need"):
        reciprocal_rank([["a"]], weights)


@given(weighted)
def test_each_score_is_the_sum_of_its_shares(pairs: Weighted) -> None:
    scores = dict(fused(pairs))
    assert set(scores) == {item for items, _ in pairs for item in items}
    for item, score in scores.items():
        assert score == math.fsum(share / (61 + items.index(item)) for items, share in pairs if item in items)


@given(weighted)
def test_scores_fall(pairs: Weighted) -> None:
    scores = [score for _, score in fused(pairs)]
    assert scores == sorted(scores, reverse=True)


@given(weighted, st.randoms(use_true_random=False))
def test_the_order_of_the_rankings_does_not_change_scores(pairs: Weighted, random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert dict(fused(shuffled)) == dict(fused(pairs))


@given(ranking, st.floats(0.1, 8))
def test_one_ranking_keeps_its_order(items: list[int], share: float) -> None:
    assert [item for item, _ in reciprocal_rank([items], [share])] == items


@given(weighted, st.data())
def test_moving_an_item_up_never_lowers_it(pairs: Weighted, data: st.DataObject) -> None:
    candidates = [index for index, (items, _) in enumerate(pairs) if len(items) > 1]
    assume(candidates)
    source = data.draw(st.sampled_from(candidates))
    items, share = pairs[source]
    place = data.draw(st.integers(1, len(items) - 1))
    raised = [*items[: place - 1], items[place], items[place - 1], *items[place + 1 :]]
    better = [*pairs[:source], (raised, share), *pairs[source + 1 :]]
    assert dict(fused(better))[items[place]] >= dict(fused(pairs))[items[place]]


@given(weighted)
def test_a_ranking_of_weight_nothing_only_adds_items(pairs: Weighted) -> None:
    silent = dict(fused([*pairs, (list(range(13)), 0.0)]))
    assert all(silent[item] == score for item, score in fused(pairs))
    assert set(silent) == set(range(13))


log_odds = st.lists(st.floats(-500, 500), max_size=20)
falling = st.lists(st.floats(1e-4, 0.1), max_size=8).map(lambda scores: sorted(scores, reverse=True))


def test_reranked_by_hand() -> None:
    shares = [1 / 4, 3 / 4]
    assert reranked([0.0, math.log(3)], [0.02, 0.01]) == pytest.approx([*shares, 1 / 8, 1 / 16])
    assert reranked([-7.0]) == [1]
    assert reranked([]) == []
    assert reranked([], [0.02, 0.01]) == [0.5, 0.25]


@given(log_odds, falling)
def test_reranked_shares_follow_the_reranker_and_stay_above_the_rest(scores: list[float], rest: list[float]) -> None:
    made = reranked(scores, rest)
    shares, below = made[: len(scores)], made[len(scores) :]
    assert len(below) == len(rest)
    assert all(value > 0 for value in made)
    assert below == sorted(below, reverse=True)
    assert not scores or sum(shares) == pytest.approx(1)
    assert all(shares[a] >= shares[b] for a in range(len(shares)) for b in range(len(shares)) if scores[a] > scores[b])
    assert max(below, default=0) < min(shares, default=1)


@given(st.floats(-15, 15), st.floats(-15, 15))
def test_twice_the_share_is_twice_the_odds(one: float, two: float) -> None:
    first, second = reranked([one, two])
    assert first / second == pytest.approx(math.exp(one - two))


@pytest.mark.parametrize("scores", [[math.nan], [1.0, math.inf], [-math.inf]])
def test_a_reranker_must_tell_numbers(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        reranked(scores)
