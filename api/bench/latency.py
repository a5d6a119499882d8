"""Where the time of a search goes: the retriever with a stopwatch at each of its boundaries."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from ingest.schema import Document, Passage
from ingest.store import Store
from rag.drugs import Resolver
from rag.index import Index, Scope
from rag.query import understand
from rag.ranking.rank import Asked, Candidates
from rag.ranking.tuned import Tuned
from rag.retrieve import Reranker, Retriever
from rag.types import Embedder, Floats

TOPICS = (
    "treatment of heart failure", "prevention of stroke", "bleeding risk", "dose adjustment", "choice of antibiotics",
    "blood pressure targets", "pain relief", "prolonged QT interval", "low blood sugar", "opioid withdrawal",
)  # fmt: skip
PATIENTS = (
    "the elderly", "children", "pregnancy", "renal impairment", "liver disease", "diabetes", "cancer", "asthma",
    "patients after surgery", "patients on dialysis",
)  # fmt: skip
WARM_UP = 5  # questions whose time is not counted


@dataclass(frozen=True, slots=True)
class Stage:
    """Milliseconds that the questions of one sort spent in one stage, all calls of a question summed."""

    questions: str
    stage: str
    calls: float
    p50_ms: float
    p95_ms: float


class Stopwatch:
    """Seconds and calls by stage since the last `reset`. For one thread."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all times."""
        self.seconds: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Adds the time of the context to the stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started
            self.calls[stage] = self.calls.get(stage, 0) + 1


class TimedIndex:
    """An index under a stopwatch; dense searches that a drug scopes are told apart."""

    def __init__(self, index: Index, watch: Stopwatch) -> None:
        self._index, self._watch = index, watch

    def lexical(self, query: str, k: int, scope: Scope) -> Sequence[tuple[int, float]]:
        """See `rag.index.Index`."""
        with self._watch.of("lexical"):
            return self._index.lexical(query, k, scope)

    def dense(self, vector: Floats, k: int, scope: Scope) -> Sequence[tuple[int, float]]:
        """See `rag.index.Index`."""
        with self._watch.of("dense" if scope.drugs is None else "dense, scoped"):
            return self._index.dense(vector, k, scope)

    def both(
        self, query: str, vector: Floats, k: int, scope: Scope
    ) -> tuple[Sequence[tuple[int, float]], Sequence[tuple[int, float]]]:
        """See `rag.index.Index`; told apart where one is searched after the other."""
        if not self._index.at_once(scope):
            return self.lexical(query, k, scope), self.dense(vector, k, scope)
        with self._watch.of("both at once"):
            return self._index.both(query, vector, k, scope)

    def vectors(self, rows: Sequence[int]) -> Floats:
        """See `rag.index.Index`; part of reranking."""
        with self._watch.of("rerank"):
            return self._index.vectors(rows)

    def rarity(self, terms: Sequence[str]) -> list[float]:
        """See `rag.index.Index`; part of reranking."""
        with self._watch.of("rerank"):
            return self._index.rarity(terms)


class TimedStore:
    """What retrieval reads of a store, under a stopwatch."""

    def __init__(self, store: Store, watch: Stopwatch) -> None:
        self._store, self._watch = store, watch

    def passages(self, row_ids: Iterable[int]) -> Mapping[int, Passage]:
        """See `ingest.store.Store`."""
        with self._watch.of("store"):
            return self._store.passages(row_ids)

    def documents(self, document_ids: Iterable[str]) -> Mapping[str, Document]:
        """See `ingest.store.Store`."""
        with self._watch.of("store"):
            return self._store.documents(document_ids)


class TimedEmbedder:
    """An embedder under a stopwatch."""

    def __init__(self, embedder: Embedder, watch: Stopwatch) -> None:
        self._embedder, self._watch = embedder, watch

    @property
    def name(self) -> str:
        """See `Embedder`."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """See `Embedder`."""
        return self._embedder.dimension

    def encode(self, texts: Sequence[str]) -> Floats:
        """See `Embedder`."""
        with self._watch.of("embed"):
            return self._embedder.encode(texts)


class TimedReranker:
    """A reranker under a stopwatch; it reads the question in place of the embedder."""

    def __init__(self, reranker: Reranker, watch: Stopwatch) -> None:
        self._reranker, self._watch = reranker, watch

    def read(self, questions: Sequence[str]) -> Sequence[Asked]:
        """See `rag.retrieve.Reranker`."""
        with self._watch.of("embed"):
            return self._reranker.read(questions)

    def scores(self, candidates: Candidates, *, label: bool) -> Sequence[float]:
        """See `rag.retrieve.Reranker`."""
        with self._watch.of("rerank"):
            return self._reranker.scores(candidates, label=label)


class Timed:
    """The production retriever over a store and an index, timed."""

    def __init__(self, store: Store, index: Index, embedder: Embedder) -> None:
        self._watch = Stopwatch()
        self._resolver = Resolver.from_store(store)
        self._retriever = Retriever(
            TimedStore(store, self._watch),
            TimedIndex(index, self._watch),
            TimedEmbedder(embedder, self._watch),
            self._resolver,
            reranker=TimedReranker(tuned, self._watch) if (tuned := Tuned.of(embedder)) else None,
        )

    def stages(self, sort: str, asked: Sequence[str], k: int) -> list[Stage]:
        """The stages of the questions, the first few uncounted; ``fusion and rules`` is what no other stage took."""
        rows = [self._one(question, k) for question in asked][WARM_UP:]
        names = dict.fromkeys(name for seconds, _ in rows for name in seconds)
        found = []
        for name in sorted(names, key=_place):
            milliseconds = [1000 * seconds.get(name, 0.0) for seconds, _ in rows]
            calls = sum(calls.get(name, 0) for _, calls in rows) / len(rows)
            p50, p95 = np.percentile(milliseconds, [50, 95])
            found.append(Stage(sort, name, calls, float(p50), float(p95)))
        return found

    def _one(self, question: str, k: int) -> tuple[dict[str, float], dict[str, int]]:
        self._watch.reset()
        started = time.perf_counter()
        with self._watch.of("understand"):
            query = understand(question, self._resolver)
        self._retriever.search(query, k)
        total = time.perf_counter() - started
        rest = total - sum(self._watch.seconds.values())
        seconds = {**self._watch.seconds, "fusion and rules": rest, "total": total}
        return seconds, {**self._watch.calls, "fusion and rules": 1, "total": 1}


STAGES = (
    "understand", "embed", "lexical", "dense, scoped", "dense", "both at once", "store", "rerank", "fusion and rules",
    "total",
)  # fmt: skip


def _place(name: str) -> int:
    return STAGES.index(name)


def unscoped(number: int) -> list[str]:
    """Different questions that name no drug, a hundred at most."""
    return [f"What is known about {topic} in {patients}?" for patients, topic in product(PATIENTS, TOPICS)][:number]


def resident_mib() -> float | None:
    """Resident memory of this process; only Linux tells it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else None
