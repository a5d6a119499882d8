"""Learned ranking: how well each candidate of one search answers, from its words, its vector and its neighbours.

A passage of 200 tokens takes a cross-encoder 50 ms on a processor core, so that none can read fifty of them within a
search. What is compared here instead is known by then: the words of both, the vectors of the index, and what the
question encoder says of the section asked for. All of it is relative to the other candidates of the same search,
whose order counts only where two are equal in a feature: the earlier one takes the better place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.types import Floats

K1, B = 1.2, 0.75
"""BM25's constants (Robertson and Zaragoza, 2009), as in tantivy."""

NEAREST = 5
"""Candidates that a passage's neighbourhood is made of, and those that pseudo-relevance feedback starts from."""

FEATURES = (
    "similarity", "bm25", "bm25_log", "bm25_place", "similarity_place", "coverage", "rarest", "pairs", "length",
    "near_first_two", "near_first_five", "neighbours", "spread", "mixture",
)  # fmt: skip
"""Columns of `features`, in order."""

LABEL_FEATURES = ("section", "section_gap", "cue", "start")
"""Further columns where sections are told apart; one for each section follows."""


ARRAYS = ("mean", "scale", "hidden", "hidden_bias", "second", "second_bias", "out")
"""The numbers of a `Ranker`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an encoder reads it: its unit vector, and the log probability that a label section is asked for."""

    vector: Floats
    likely: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one search found. ``n`` passages, vectors of length ``d``.

    ``terms``: of the question, analysed; ``rarity``: the inverse document frequency of each. ``texts``: analysed terms
    of every passage. ``vector`` shape ``(d,)`` and ``vectors`` shape ``(n, d)`` have unit length. ``sections``: slug of
    every passage; ``likely``: log probability that a slug is asked for (empty: not known); ``cues``: weight of the
    slugs that the question's own words ask for. ``starts``: characters before the passage in its section.
    """

    terms: Sequence[str]
    rarity: Sequence[float]
    texts: Sequence[Sequence[str]]
    vector: Floats
    vectors: Floats
    sections: Sequence[str]
    likely: Mapping[str, float]
    cues: Mapping[str, float]
    starts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Ranker:
    """A two-layer perceptron over standardised features: of the search alone, and against the training set.

    Shapes: ``mean`` and ``scale`` ``(f,)``, ``hidden`` ``(2f, h)``, ``second`` ``(h, h)``, ``out`` and biases ``(h,)``.
    ``sections``: slugs that have a column of their own.
    """

    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    second: Floats
    second_bias: Floats
    out: Floats
    sections: tuple[str, ...]

    def scores(self, candidates: Candidates) -> NDArray[np.float32]:
        """A score for every candidate, higher is better; comparable within one search only."""
        if not candidates.texts:
            return np.empty(0, dtype=np.float32)
        x = standardised(features(candidates, self.sections), self.mean, self.scale)
        first = np.maximum(x @ self.hidden + self.hidden_bias, 0)
        return np.asarray(np.maximum(first @ self.second + self.second_bias, 0) @ self.out, dtype=np.float32)


def width(sections: Sequence[str] = ()) -> int:
    """How many columns `features` has."""
    return len(FEATURES) + (len(LABEL_FEATURES) + len(sections) if sections else 0)


def standardised(raw: Floats, mean: Floats, scale: Floats) -> Floats:
    """Shape ``(n, 2f)``: features against the training set's mean, then against those of the same search."""
    own = (raw - raw.mean(0)) / (raw.std(0) + 1e-3)
    return np.concatenate([(raw - mean) / scale, own], axis=1).astype(np.float32)


def features(candidates: Candidates, sections: Sequence[str] = ()) -> Floats:
    """Of n > 0 candidates, shape ``(n, width(sections))``: `FEATURES`, with ``sections`` also `LABEL_FEATURES` and a
    column for each of them."""
    similarity = candidates.vectors @ candidates.vector
    bm25, coverage, rarest, pairs = _words(candidates)
    relative = bm25 / max(float(bm25.max(initial=0)), 1e-6)
    mixture = 0.8 * similarity + 0.2 * relative
    columns = [
        similarity, relative, np.log1p(bm25), _place(bm25), _place(similarity), coverage, rarest, pairs,
        np.log1p([len(text) for text in candidates.texts]), *_neighbourhood(candidates.vectors, mixture), mixture,
    ]  # fmt: skip
    if sections:
        columns += [*_sections(candidates), np.log1p(np.asarray(candidates.starts, dtype=np.float32))]
        columns += _one_hot(candidates.sections, sections)
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _words(candidates: Candidates) -> tuple[Floats, Floats, Floats, Floats]:
    """Per passage: BM25, share of the question's rarity covered, whether its rarest term is there, adjacent pairs."""
    terms, rarity = list(candidates.terms), np.array(candidates.rarity, dtype=np.float32)
    frequency = np.zeros((len(candidates.texts), len(terms)), dtype=np.float32)
    wanted, adjacent = set(terms), set(pairwise(terms))
    pairs = np.zeros(len(candidates.texts), dtype=np.float32)
    for row, text in enumerate(candidates.texts):
        if not (counts := Counter(term for term in text if term in wanted)):
            continue
        frequency[row] = [counts[term] for term in terms]
        beside = {pair for pair in pairwise(text) if pair[0] in counts and pair in adjacent}
        pairs[row] = len(beside) / max(len(adjacent), 1)
    lengths = np.array([len(text) for text in candidates.texts], dtype=np.float32)
    norm = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1.0))
    bm25 = (rarity * frequency * (K1 + 1) / (frequency + norm[:, None])).sum(1)
    there = (frequency > 0).astype(np.float32)
    coverage = there @ rarity / max(float(rarity.sum()), 1e-6)
    rarest = there[:, int(rarity.argmax())] if terms else np.zeros(len(there), dtype=np.float32)
    return bm25, coverage, rarest, pairs


def _neighbourhood(vectors: Floats, mixture: Floats) -> list[Floats]:
    """Closeness to the first two and five candidates, to the five nearest of the first twenty, and to all twenty."""
    order = np.argsort(-mixture, kind="stable")
    near = vectors @ vectors[order[:20]].T
    closest = np.sort(near, axis=1)[:, ::-1][:, 1 : NEAREST + 1]
    nearest = closest.mean(1) if closest.shape[1] else np.zeros(len(vectors), dtype=np.float32)
    return [vectors @ vectors[order[:2]].mean(0), vectors @ vectors[order[:NEAREST]].mean(0), nearest, near.mean(1)]


def _sections(candidates: Candidates) -> list[Floats]:
    """Log probability of the passage's section, the same against the likeliest one here, and the weight of its cue."""
    floor = min(candidates.likely.values(), default=0.0)
    likely = np.array([candidates.likely.get(slug, floor) for slug in candidates.sections], dtype=np.float32)
    cues = np.array([candidates.cues.get(slug, 0.0) for slug in candidates.sections], dtype=np.float32)
    return [likely, likely - likely.max(initial=floor), cues]


def _one_hot(slugs: Sequence[str], sections: Sequence[str]) -> list[Floats]:
    """A column for each of ``sections``: 1 where the passage is of it."""
    place = {slug: number for number, slug in enumerate(sections)}
    hot = np.zeros((len(sections) + 1, len(slugs)), dtype=np.float32)
    hot[[place.get(slug, -1) for slug in slugs], range(len(slugs))] = 1
    return list(hot[:-1])


def _place(scores: Floats) -> Floats:
    """``1 / (10 + place)``, the first place being 0."""
    places = np.empty(len(scores), dtype=np.float32)
    places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return np.asarray(1 / (10 + places), dtype=np.float32)
