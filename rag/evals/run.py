"""Asks every system every question and counts: what `citerx eval retrieval` does between reading and writing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Literal, TypeVar

import numpy as np

from rag.evals.collection import Collection, Judged
from rag.evals.intervals import Bootstrap, Interval
from rag.evals.measures import WRONG_DRUG, Values, measure, wrong_drug
from rag.evals.systems import BASELINE, SYSTEMS, Search

FIRST, ALL = 10, 100
"""A system is asked for 10 passages, timed, as a reader would; then for 100, whose rest counts for recall only."""

PACKAGES = (
    "citerx",
    "bm25s",
    "faiss-cpu",
    "ir-measures",
    "llama-index-core",
    "llama-index-retrievers-bm25",
    "llama-index-vector-stores-faiss",
    "numpy",
    "rank-bm25",
    "sentence-transformers",
    "tantivy",
    "torch",
)

Which = Literal["measure", "tune", "all"]
Say = Callable[[str], object]
Means = dict[str, Interval]
Asks = TypeVar("Asks")


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds."""

    p50: float
    p95: float

    @staticmethod
    def of(milliseconds: Sequence[float]) -> Latency:
        """Of the times of all questions."""
        middle, high = np.percentile(milliseconds, (50, 95))
        return Latency(float(middle), float(high))


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system on all questions. ``difference``: from the baseline, paired; empty where that did not run.

    ``search_ms`` is without embedding the question; ``build_seconds`` is what making it ready took.
    """

    note: str
    means: Means
    difference: Means
    search_ms: Latency
    build_seconds: float


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of one set, slice or style."""

    questions: int
    systems: dict[str, Means]


@dataclass(frozen=True, slots=True)
class CollectionResult:
    """All of one collection. ``left_out``: questions not asked, by reason; ``groups``: by "set", "slice", "style"."""

    name: str
    generation: str
    embedder: str
    passages: int
    questions: int
    left_out: dict[str, int]
    embedding_ms: Latency
    systems: dict[str, SystemResult]
    groups: dict[str, dict[str, Group]]


@dataclass(frozen=True, slots=True)
class Result:
    """The whole run: how it was asked for, what it ran on, and what came out."""

    config: dict[str, object]
    provenance: dict[str, object]
    collections: tuple[CollectionResult, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What one system returned: a ranking of row ids and a time for each question."""

    rankings: list[list[int]]
    milliseconds: list[float]
    build_seconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions asked; how many others there are, by reason; the ids of those that no passage answers."""

    judged: list[Judged]
    left_out: dict[str, int]
    unanswerable: tuple[str, ...] = ()


def chosen(judged: Iterable[Judged], split: Which, limit: int | None) -> Asked:
    """The questions of the split that the corpus can answer, at most ``limit``, evenly over all of them."""
    every = list(judged)
    ours = [one for one in every if split in {one.question.split, "all"}]
    kept = [one for one in ours if one.relevant]
    left = Counter(f"split {one.question.split}" for one in every if split not in {one.question.split, "all"})
    silent = tuple(one.question.id for one in ours if not one.relevant)
    asked = spread(kept, limit)
    beyond = len(kept) - len(asked)
    reasons = {**left, "no passage of the corpus answers": len(silent), "beyond the limit": beyond}
    return Asked(asked, {reason: count for reason, count in reasons.items() if count}, silent)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A collection's result with what it was counted from: answers and values of every system, question by question."""

    result: CollectionResult
    answers: dict[str, Answers]
    values: dict[str, dict[str, Values]]


def evaluate(
    collection: Collection, asked: Asked, systems: Sequence[str], bootstrap: Bootstrap, say: Say
) -> Evaluation:
    """Runs ``systems`` one after the other on all questions (at least one); says what it does."""
    judged = asked.judged
    say(f"{collection.name}: {len(judged)} questions, {len(collection.items)} passages")
    if asked.unanswerable:
        say(f"{collection.name}: no passage of this corpus answers {', '.join(asked.unanswerable)}")
    embedding = collection.embedder.prepare(one.question.text for one in judged)
    answers = {}
    for name in systems:
        answers[name] = _answers(collection, judged, name)
        say(f"{collection.name}: {name}: {Latency.of(answers[name].milliseconds).p50:.1f} ms a question")
    values = {name: _values(collection, judged, found.rankings) for name, found in answers.items()}
    result = CollectionResult(
        name=collection.name,
        generation=collection.index.manifest.generation,
        embedder=collection.embedder.name,
        passages=len(collection.items),
        questions=len(judged),
        left_out=asked.left_out,
        embedding_ms=Latency.of(embedding),
        systems={name: _system(name, answers[name], values, bootstrap) for name in systems},
        groups=_groups(judged, values, bootstrap),
    )
    return Evaluation(result, answers, values)


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide a result; what is not installed is left out."""
    found = {"python": python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def spread(judged: list[Asks], limit: int | None) -> list[Asks]:
    """At most ``limit`` of them, evenly over all."""
    if limit is None or limit >= len(judged):
        return judged
    return [judged[place * len(judged) // limit] for place in range(limit)]


def _answers(collection: Collection, judged: Sequence[Judged], name: str) -> Answers:
    started = time.perf_counter()
    search = SYSTEMS[name].build(collection)
    built = time.perf_counter() - started
    search(judged[0].question.text, FIRST)  # the first question pays for what is loaded late
    rankings, milliseconds = [], []
    for one in judged:
        ranking, taken = _ask(search, one.question.text)
        rankings.append(ranking)
        milliseconds.append(taken)
    return Answers(rankings, milliseconds, built)


def _ask(search: Search, question: str) -> tuple[list[int], float]:
    started = time.perf_counter()
    first = [row for row, _ in search(question, FIRST)]
    taken = 1000 * (time.perf_counter() - started)
    return list(dict.fromkeys([*first, *(row for row, _ in search(question, ALL))])), taken


def _values(collection: Collection, judged: Sequence[Judged], rankings: Sequence[Sequence[int]]) -> dict[str, Values]:
    values = measure(judged, rankings, collection.alike)
    if any(one.question.drugs for one in judged):
        values[WRONG_DRUG] = wrong_drug(judged, rankings, collection.items)
    return values


def _system(
    name: str, answers: Answers, values: Mapping[str, Mapping[str, Values]], bootstrap: Bootstrap
) -> SystemResult:
    base = values.get(BASELINE, {}) if name != BASELINE else {}
    return SystemResult(
        note=SYSTEMS[name].note,
        means={key: bootstrap.mean(found) for key, found in values[name].items()},
        difference={key: bootstrap.difference(values[name][key], found) for key, found in base.items()},
        search_ms=Latency.of(answers.milliseconds),
        build_seconds=answers.build_seconds,
    )


def _groups(
    judged: Sequence[Judged], values: Mapping[str, Mapping[str, Values]], bootstrap: Bootstrap
) -> dict[str, dict[str, Group]]:
    """By set, slice and style; what all questions share makes no groups."""
    groups: dict[str, dict[str, Group]] = {}
    for field in ("set", "slice", "style"):
        names = [str(getattr(one.question, field)) for one in judged]
        if len(set(names)) > 1:
            groups[field] = {name: _group(np.array(names) == name, values, bootstrap) for name in sorted(set(names))}
    return groups


def _group(
    chosen: np.ndarray[tuple[int], np.dtype[np.bool_]],
    values: Mapping[str, Mapping[str, Values]],
    bootstrap: Bootstrap,
) -> Group:
    systems = {
        name: {key: bootstrap.mean(found[chosen]) for key, found in measures.items()}
        for name, measures in values.items()
    }
    return Group(int(chosen.sum()), systems)
