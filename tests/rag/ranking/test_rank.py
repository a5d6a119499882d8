"""Features and scores of candidates: by hand, against rank-bm25's definition, and for any input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rag.ranking.rank import FEATURES, K1, LABEL_FEATURES, B, Candidates, Ranker, features, standardised, width
from rag.types import Floats
from tests.rag.matrices import unit

SECTIONS = ("overdosage", "pregnancy", "warnings")
COUNT, DIMENSION = 12, 16

# Two axes; the third passage lies between them. "dose" is twice as rare as "of", "renal" is nowhere.
HAND = Candidates(
    terms=("dose", "of", "renal"),
    rarity=(2.0, 1.0, 3.0),
    texts=(("dose", "of", "x", "dose"), ("x", "y"), ("of", "dose", "of")),
    vector=np.array([1, 0], dtype=np.float32),
    vectors=np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32),
    sections=("pregnancy", "overdosage", "unheard_of"),
    likely={"pregnancy": math.log(0.5), "overdosage": math.log(0.3), "warnings": math.log(0.2)},
    cues={"overdosage": 1.0, "pregnancy": 0.5},
    starts=(0, 99, 0),
)


def column(candidates: Candidates, name: str, sections: tuple[str, ...] = ()) -> list[float]:
    names = (*FEATURES, *LABEL_FEATURES, *sections)
    return [float(value) for value in features(candidates, sections)[:, names.index(name)]]


def bm25(candidates: Candidates, place: int) -> float:
    """The textbook's sum, term by term of the question."""
    text = list(candidates.texts[place])
    mean = sum(map(len, candidates.texts)) / len(candidates.texts)
    total = 0.0
    for term, rarity in zip(candidates.terms, candidates.rarity, strict=True):
        count = text.count(term)
        total += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * len(text) / max(mean, 1)))
    return total


def test_words_by_hand() -> None:
    raw = [bm25(HAND, place) for place in range(3)]
    assert raw[1] == 0 < raw[2] < raw[0]
    assert column(HAND, "bm25") == pytest.approx([1, 0, raw[2] / raw[0]])
    assert column(HAND, "bm25_log") == pytest.approx([math.log1p(score) for score in raw])
    assert column(HAND, "bm25_place") == pytest.approx([1 / 10, 1 / 12, 1 / 11])
    assert column(HAND, "coverage") == pytest.approx([3 / 6, 0, 3 / 6])
    assert column(HAND, "rarest") == [0, 0, 0]
    assert column(replace(HAND, rarity=(3.0, 2.0, 1.0)), "rarest") == [1, 0, 1]
    assert column(HAND, "pairs") == pytest.approx([1 / 2, 0, 1 / 2])  # "dose of", but never "of renal"
    assert column(HAND, "length") == pytest.approx([math.log(5), math.log(3), math.log(4)])


def test_meaning_by_hand() -> None:
    assert column(HAND, "similarity") == pytest.approx([1, 0, 0.6])
    assert column(HAND, "similarity_place") == pytest.approx([1 / 10, 1 / 12, 1 / 11])
    assert column(HAND, "near_first_two") == pytest.approx([(1 + 0.6) / 2, 0.8 / 2, (0.6 + 1) / 2])
    assert column(HAND, "near_first_five") == pytest.approx([1.6 / 3, 1.8 / 3, 2.4 / 3])
    assert column(HAND, "neighbours") == pytest.approx([0.6 / 2, 0.8 / 2, 1.4 / 2])  # all but itself
    assert column(HAND, "spread") == pytest.approx([1.6 / 3, 1.8 / 3, 2.4 / 3])
    assert column(HAND, "mixture") == pytest.approx([1, 0, 0.8 * 0.6 + 0.2 * bm25(HAND, 2) / bm25(HAND, 0)])


def test_sections_by_hand() -> None:
    def of(name: str) -> list[float]:
        return column(HAND, name, SECTIONS)

    assert of("section") == pytest.approx([math.log(0.5), math.log(0.3), math.log(0.2)])  # the unknown: the least
    assert of("section_gap") == pytest.approx([0, math.log(0.6), math.log(0.4)])
    assert of("cue") == [0.5, 1, 0]
    assert of("start") == pytest.approx([0, math.log(100), 0])
    assert [of(slug) for slug in SECTIONS] == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert features(HAND, SECTIONS).shape == (3, width(SECTIONS))
    assert features(HAND).shape == (3, width()) == (3, len(FEATURES))


def test_features_stand_against_the_training_set_and_against_the_search() -> None:
    raw = np.array([[1, 5], [3, 5]], dtype=np.float32)
    made = standardised(raw, np.array([1, 1], dtype=np.float32), np.array([2, 4], dtype=np.float32))
    assert made == pytest.approx(np.array([[0, 1, -1, 0], [1, 1, 1, 0]]), abs=2e-3)


def ranker(seed: int, sections: tuple[str, ...] = ()) -> Ranker:
    random, count, hidden = np.random.default_rng(seed), width(sections), 8

    def normal(*shape: int) -> Floats:
        return random.normal(size=shape).astype(np.float32)

    return Ranker(
        mean=normal(count),
        scale=np.abs(normal(count)) + 1,
        hidden=normal(2 * count, hidden),
        hidden_bias=normal(hidden),
        second=normal(hidden, hidden),
        second_bias=normal(hidden),
        out=normal(hidden),
        sections=sections,
    )


def test_the_perceptron_by_hand() -> None:
    one = ranker(3)
    x = standardised(features(HAND), one.mean, one.scale)
    first = [[max(0.0, v) for v in row] for row in (x @ one.hidden + one.hidden_bias).tolist()]
    second = [[max(0.0, v) for v in row] for row in (np.array(first) @ one.second + one.second_bias).tolist()]
    expected = [sum(v * w for v, w in zip(row, one.out.tolist(), strict=True)) for row in second]
    assert one.scores(HAND).tolist() == pytest.approx(expected, rel=1e-4, abs=1e-4)


words = st.sampled_from(["dose", "of", "renal", "x", "y", "2.5"])
some = st.integers(0, 4)


@st.composite
def searches(draw: st.DrawFn) -> Candidates:
    """Whatever a search may find: no term, no text, unknown sections, equal passages."""
    count, terms = draw(st.integers(1, COUNT)), draw(st.lists(words, max_size=6))
    vectors = unit(draw(some), count + 1, DIMENSION)
    if draw(st.booleans()):
        vectors[:] = vectors[0]
    sections = st.sampled_from([*SECTIONS, "unheard_of", ""])
    return Candidates(
        terms=terms,
        rarity=[draw(st.floats(0, 20)) for _ in terms],
        texts=[draw(st.lists(words, max_size=8)) for _ in range(count)],
        vector=vectors[0],
        vectors=vectors[1:],
        sections=[draw(sections) for _ in range(count)],
        likely=draw(st.dictionaries(sections, st.floats(-80, 0), max_size=4)),
        cues=draw(st.dictionaries(sections, st.floats(0, 1), max_size=4)),
        starts=[draw(st.integers(0, 10**7)) for _ in range(count)],
    )


@settings(deadline=None)
@given(searches(), st.sampled_from([(), SECTIONS]), some)
def test_scores_are_finite_for_whatever_was_found(found: Candidates, sections: tuple[str, ...], seed: int) -> None:
    scores = ranker(seed, sections).scores(found)
    assert scores.shape == (len(found.texts),)
    assert np.isfinite(features(found, sections)).all()
    assert np.isfinite(scores).all()
    assert scores.tolist() == ranker(seed, sections).scores(found).tolist()


def test_nothing_found_has_no_scores() -> None:
    empty = np.empty((0, 2), dtype=np.float32)
    assert ranker(1, SECTIONS).scores(replace(HAND, texts=(), vectors=empty, sections=(), starts=())).tolist() == []


@settings(deadline=None)
@given(searches())
def test_bm25_is_the_textbooks(found: Candidates) -> None:
    expected = [math.log1p(bm25(found, place)) for place in range(len(found.texts))]
    assert column(found, "bm25_log") == pytest.approx(expected, rel=1e-4, abs=1e-5)


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[Candidates, list[int]]:
    """Passages of which no two are equal in a ranked feature, and an order."""
    count, vectors = draw(st.integers(1, COUNT)), unit(draw(st.integers(0, 10**6)), COUNT + 1, DIMENSION)
    texts = [["dose"] * (place + 1) + ["x"] * draw(some) + ["of"] * draw(some) for place in range(count)]
    found = Candidates(
        terms=("dose",),
        rarity=(2.0,),
        texts=texts,
        vector=vectors[0],
        vectors=vectors[1 : count + 1],
        sections=[draw(st.sampled_from(SECTIONS)) for _ in range(count)],
        likely={"pregnancy": -1.0, "warnings": -2.0},
        cues={"warnings": 1.0},
        starts=[draw(st.integers(0, 10**4)) for _ in range(count)],
    )
    return found, draw(st.permutations(range(count)))


@settings(deadline=None)
@given(shuffled(), some)
def test_the_order_of_the_candidates_changes_no_score(made: tuple[Candidates, list[int]], seed: int) -> None:
    found, order = made
    scores = [bm25(found, place) for place in range(len(order))]
    # Of two that are equal the earlier one leads: the order of the fused rankings.
    assume(len({round(score, 4) for score in scores}) == len(scores))
    other = replace(
        found,
        texts=[found.texts[place] for place in order],
        vectors=found.vectors[order],
        sections=[found.sections[place] for place in order],
        starts=[found.starts[place] for place in order],
    )
    expected = ranker(seed, SECTIONS).scores(found)[order]
    assert ranker(seed, SECTIONS).scores(other).tolist() == pytest.approx(expected.tolist(), rel=1e-3, abs=1e-3)
