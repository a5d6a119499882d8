"""Fits what turns the features of a sentence and the reader's log odds into a probability that it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.asked.sections import base
from rag.evidence import Candidate, known
from rag.query import understand
from rag.sentences.reader import beside
from rag.sentences.selectors import FEATURES, Reads, features
from rag.train.judged import TARGETS, Judged
from rag.types import Floats
from rag.view import View

HITS = 24
"""Passages of a question whose sentences compete, as in an answer (`rag.answers.answering`)."""
RIDGE, ROUNDS = 1.0, 25
UNJUDGED = 0.5
"""What a sentence counts that nobody judged, as one that does not answer."""
SAME = 60
"""Characters that two sentences begin with, white space folded, to be taken for the same one of two labels."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A question's candidates. ``features`` ``(n, f)``, ``read`` ``(n,)``; ``grades``: -1 where nobody judged."""

    question: str
    features: Floats
    read: Floats
    grades: NDArray[np.int64]
    texts: tuple[str, ...]


def examples(
    view: View, reader: Reads, questions: Mapping[str, str], judged: Iterable[Judged], say: Callable[[str], None]
) -> Iterator[Example]:
    """What `select` knows of every candidate of each question (id: text) of which sentences were judged."""
    spans: dict[str, list[Judged]] = {}
    for one in judged:
        spans.setdefault(one.question, []).append(one)
    for number, (name, text) in enumerate(questions.items(), 1):
        query = understand(text, view.resolver)
        hits = [hit for hit in view.searcher.search(query, HITS) if not hit.document.retracted]
        found = known(query, hits)
        if found and name in spans:
            texts = [beside(item.hit.drugs, base(item.hit.passage.section), item.text) for item in found]
            read = np.array(reader.answers(query.question, texts), dtype=np.float32)
            shown = tuple(item.text for item in found)
            yield Example(query.question, features(query, found), read, _grades(found, spans[name]), shown)
        if number % 50 == 0:
            say(f"selector: {number} of {len(questions)} questions read")


def fit(found: Sequence[Example]) -> dict[str, object]:
    """The content of ``evidence.json`` (see `rag.sentences.selectors.Weights`)."""
    raw = np.concatenate([one.features for one in found]).astype(np.float64)
    read = np.concatenate([one.read for one in found]).astype(np.float64)
    grades = np.concatenate([one.grades for one in found])
    mean, scale = raw.mean(0), raw.std(0) + 1e-6
    standard = (raw - mean) / scale
    targets = np.array([TARGETS.get(int(grade), 0.0) for grade in grades])
    weights = np.where(grades < 0, UNJUDGED, 1.0)
    first, _ = logistic(standard, targets, weights)
    last, intercept = logistic(np.column_stack([standard, read]), targets, weights)
    return {
        "features": list(FEATURES),
        "mean": rounded(mean),
        "scale": rounded(scale),
        "first": rounded(first),
        "last": rounded(last),
        "last_intercept": round(float(intercept), 5),
    }


def logistic(
    x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights and intercept of a logistic regression with a ridge, by Newton's method; ``y`` from 0 to 1."""
    design = np.column_stack([x, np.ones(len(x))])
    ridge = np.diag([RIDGE] * x.shape[1] + [1e-6])
    found = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weights * (chance - y)) + ridge @ found
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design + ridge
        found = found - np.linalg.solve(curve, slope)
    return found[:-1], float(found[-1])


def _grades(found: Sequence[Candidate], judged: Sequence[Judged]) -> NDArray[np.int64]:
    """Each candidate's grade, by its place or by the same words in another label; -1 where nobody judged it."""
    by_text: dict[str, int] = {}
    grades = np.full(len(found), -1, dtype=np.int64)
    for place, item in enumerate(found):
        passage = item.hit.passage
        for one in judged:
            overlap = min(item.end, one.end) - max(item.start, one.start)
            same = (one.document, one.section) == (passage.document_id, passage.section)
            if same and overlap > 0.5 * max(item.end - item.start, one.end - one.start):
                grades[place] = max(grades[place], one.grade)
                by_text[_key(item.text)] = one.grade
    for place, item in enumerate(found):
        if grades[place] < 0:
            grades[place] = by_text.get(_key(item.text), -1)
    return grades


def _key(text: str) -> str:
    return " ".join(text.split())[:SAME].casefold()


def rounded(values: NDArray[np.float64]) -> list[float]:
    """As the files of weights hold them."""
    return [round(float(value), 5) for value in values]
