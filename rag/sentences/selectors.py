"""How well sentences answer a question, 0 to 1: by the tuned reader, or by words and vectors alone.

Both first rank all candidates by what is cheap to know, since reading takes most of the time of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ingest.schema import Kind
from rag.asked.focus import group_of, is_focused, names_other, populations, says
from rag.asked.sections import base
from rag.dense import shipped
from rag.evidence import Candidate
from rag.naming.everyday import partner_words
from rag.query import Query
from rag.sentences.reader import FOLDER, beside
from rag.sentences.spans import is_row
from rag.types import Embedder, Floats

FILE = "evidence.json"
EMBEDDED = 160
"""Characters of a sentence that are embedded: about 40 tokens; what comes after in a long list changes little."""
FOCUS = 0.3
UNLIKELY = 1e-4
"""The least probability of a section; what a section gets that is not known, as those of papers are not."""

FEATURES = (
    "lexical_share", "share", "share_log", "place", "lexical", "focus", "section", "paper", "population",
    "population_missing", "population_extra", "beside", "beside_missing", "together", "alone", "words", "short", "row",
    "cue", "first_cue", "start",
)  # fmt: skip
"""Columns of `features`, in order."""


class Plain:
    """The mean of *lexical* (see `Candidate`) and *semantic* (cosine to the question), which need no tuned model.

    Questions that single something out (two drugs, a section, a population) add *focus* (`rag.asked.focus`), and the
    score becomes ``0.7 * mean + 0.3 * focus``.
    """

    read = 10

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name = f"plain-{embedder.name}"

    def first(self, query: Query, found: Sequence[Candidate]) -> list[float]:  # noqa: ARG002 (as the other)
        """What each is worth before it is read."""
        return [item.lexical + item.focus for item in found]

    def scores(self, query: Query, found: Sequence[Candidate]) -> list[float]:
        """How well each answers, 0 to 1."""
        texts = [
            f"{', '.join(item.hit.drugs)}: {item.text[:EMBEDDED]}" if item.hit.drugs else item.text[:EMBEDDED]
            for item in found
        ]
        cosines = np.clip(self._embedder.encode(texts) @ self._embedder.encode([query.question])[0], 0, 1)
        weight = FOCUS if is_focused(query) else 0.0
        return [
            (1 - weight) * (item.lexical + float(cosine)) / 2 + weight * item.focus
            for item, cosine in zip(found, cosines, strict=True)
        ]


class Reads(Protocol):
    """What reads sentences (`rag.sentences.reader.Reader`)."""

    @property
    def name(self) -> str:
        """Identifies the weights."""

    def answers(self, question: str, sentences: Sequence[str]) -> list[float]:
        """How well each sentence answers, as log odds."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Two logistic regressions on standardised `features`: before reading, and with the reader's log odds as well.

    ``first`` has one weight for each feature, ``last`` one more; each has an intercept. The second one's probability is
    calibrated: of the sentences with score 0.7, seven in ten were judged to answer.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    first: tuple[float, ...]
    last: tuple[float, ...]
    last_intercept: float

    @staticmethod
    def read(folder: Path = FOLDER) -> Weights:
        """The shipped ones; raises `ModelError`."""
        return shipped(folder / FILE, Weights, FEATURES)


class Tuned:
    """What the reader says of a sentence, weighed with its words, its section and its place among the hits."""

    read = 14

    def __init__(self, reader: Reads, weights: Weights) -> None:
        self._reader, self._weights = reader, weights
        self.name = reader.name

    def first(self, query: Query, found: Sequence[Candidate]) -> list[float]:
        """What each is worth before it is read."""
        return [float(value) for value in self._standard(query, found) @ np.array(self._weights.first)]

    def scores(self, query: Query, found: Sequence[Candidate]) -> list[float]:
        """How well each answers, 0 to 1."""
        texts = [beside(item.hit.drugs, base(item.hit.passage.section), item.text) for item in found]
        read = np.array(self._reader.answers(query.question, texts))
        *weights, reading = self._weights.last
        odds = self._standard(query, found) @ np.array(weights) + reading * read + self._weights.last_intercept
        if not query.drugs or query.study:  # the weights were fitted on what labels say of a drug
            odds = np.where([item.hit.document.kind is not Kind.LABEL for item in found], read, odds)
        return [float(value) for value in 1 / (1 + np.exp(-odds))]

    def _standard(self, query: Query, found: Sequence[Candidate]) -> Floats:
        raw = features(query, found)
        return np.asarray((raw - np.array(self._weights.mean)) / np.array(self._weights.scale), dtype=np.float32)


def features(query: Query, found: Sequence[Candidate]) -> Floats:
    """Shape ``(len(found), len(FEATURES))``; ``place`` and shares are among the candidates given."""
    most = max((item.lexical for item in found), default=0.0) or 1.0
    best: dict[int | None, float] = {}
    for item in found:
        group = group_of(query, item.hit)
        best[group] = max(best.get(group, 1e-9), item.hit.score)
    order = dict.fromkeys(_passage(item) for item in sorted(found, key=lambda one: one.place))
    places = {name: number for number, name in enumerate(order)}
    shares = [item.hit.score / best[group_of(query, item.hit)] for item in found]
    rows = [
        [item.lexical / most, share, np.log(max(share, 1e-6)), 1 / (1 + places[_passage(item)]), *_own(query, item)]
        for item, share in zip(found, shares, strict=True)
    ]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(FEATURES))


def _own(query: Query, item: Candidate) -> list[float]:
    """The features that do not depend on the other candidates."""
    hit, text = item.hit, item.text
    slug, words = base(hit.passage.section), len(text.split())
    asked, told = populations(query.question), populations(text)
    several, together = len(query.drugs) > 1, names_other(query, hit, text)
    with_beside = any(says(word, text) for word in partner_words(query.beside))
    return [
        item.lexical, item.focus, np.log(max(hit.signals.get("section", UNLIKELY), UNLIKELY)),
        hit.document.kind is not Kind.LABEL, len(asked & told), len(asked - told), len(told - asked),
        with_beside, bool(query.beside) and not with_beside, together and several, several and not together,
        np.log1p(words), words < 8, is_row(text), slug in query.sections, query.sections[:1] == (slug,),
        np.log1p(max(item.start - hit.passage.start, 0)),
    ]  # fmt: skip


def _passage(item: Candidate) -> str:
    return item.hit.passage.passage_id
