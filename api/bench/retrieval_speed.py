"""``citerx bench retrieval``: corpora of several sizes, their index, the time of each stage, and LlamaIndex's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from api.bench import replicas
from api.bench.latency import WARM_UP, Stage, Timed, resident_mib, unscoped
from api.bench.service import questions
from ingest.store import Store
from rag.dense import Device
from rag.errors import MissingExtraError
from rag.index import Index
from rag.indexes.build import build
from rag.types import Embedder

K = 10
"""Hits asked for."""


@dataclass(frozen=True, slots=True)
class Stock:
    """LlamaIndex on the same questions and vectors, embedding left out of both; or why it was not measured.

    ``ratio``: its p50 over ours.
    """

    questions: str
    p50_ms: float | None = None
    ours_p50_ms: float | None = None
    ratio: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """One corpus: seconds, MiB, and the stages. ``resident_mib`` is what opening and searching the index added."""

    passages: int
    documents: int
    kind: str
    fill_s: float
    build_s: float
    open_s: float
    index_mib: float
    resident_mib: float | None
    stages: tuple[Stage, ...]
    stock: tuple[Stock, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: sizes in passages, questions of each sort, up to which size LlamaIndex is measured too.

    ``folder`` keeps the corpora for another run, which then takes them as they are.
    """

    sizes: tuple[int, ...]
    asked: int = 105
    stock_up_to: int = 50_000
    device: Device = "cpu"
    seed: int = 0
    folder: Path | None = None


def run(source: Store, embedder: Embedder, plan: Plan, on_step: Callable[[str], object]) -> list[Size]:
    """Measures every size; raises `BenchError` where the store has no vectors to copy."""
    with TemporaryDirectory() as temporary:
        root = plan.folder or Path(temporary)
        each = (replace(plan, sizes=(size,), folder=root / str(size)) for size in plan.sizes)
        return [_measured(source, embedder, one, on_step) for one in each]


def _measured(source: Store, embedder: Embedder, plan: Plan, on_step: Callable[[str], object]) -> Size:
    """The one size of ``plan``, in its folder."""
    size, home = plan.sizes[0], plan.folder or Path()
    with _opened(home) as store:
        started = time.perf_counter()
        if not store.counts().passages:
            on_step(f"{size} passages: filling a store")
            replicas.fill(store, source, embedder.name, size, lambda _done: None, seed=plan.seed)
        filled = time.perf_counter()
        on_step(f"{size} passages: index")
        manifest = build(store, embedder, home / "index")
        built, before = time.perf_counter(), resident_mib()
        index = Index.open(home / "index", plan.device)
        opened = time.perf_counter()
        on_step(f"{size} passages: {plan.asked} questions of each sort")
        timed = Timed(store, index, embedder)
        sorts = {"with a drug": questions(store, plan.asked, plan.seed), "without": unscoped(plan.asked)}
        stages = [stage for sort, asked in sorts.items() for stage in timed.stages(sort, asked, K)]
        after = resident_mib()
        on_step(f"{size} passages: LlamaIndex")
        stock = _reason(plan, manifest.passages) or _stock(home, embedder, sorts, stages)
        return Size(
            passages=manifest.passages,
            documents=manifest.documents,
            kind=index.kind,
            fill_s=filled - started,
            build_s=built - filled,
            open_s=opened - built,
            index_mib=sum(manifest.files.values()) / 2**20,
            resident_mib=after - before if after is not None and before is not None else None,
            stages=tuple(stages),
            stock=tuple(stock),
        )


@contextmanager
def _opened(home: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{home / 'citerx.db'}")
    try:
        yield store
    finally:
        store.close()


def _reason(plan: Plan, passages: int) -> list[Stock]:
    """Why LlamaIndex is not measured, or nothing."""
    if passages <= 1.1 * plan.stock_up_to:
        return []
    reason = f"not run above {plan.stock_up_to} passages: it holds every passage as objects (--stock-up-to)"
    return [Stock("all", reason=reason)]


def _stock(home: Path, embedder: Embedder, sorts: Mapping[str, Sequence[str]], stages: Sequence[Stage]) -> list[Stock]:
    """LlamaIndex's hybrid on the same store, vectors and questions."""
    from rag.evals import stock
    from rag.evals.collection import Place, opened

    found = []
    with opened(Place("bench", f"sqlite:///{home / 'citerx.db'}", home / "index", home), embedder) as collection:
        try:
            search = stock.build(collection)
        except MissingExtraError as error:
            return [Stock("all", reason=str(error))]
        for sort, asked in sorts.items():
            collection.embedder.prepare(asked)
            taken = [_milliseconds(search, question) for question in asked][WARM_UP:]
            ours, theirs = _without_embedding(sort, stages), float(np.percentile(taken, 50))
            found.append(Stock(sort, theirs, ours, theirs / ours))
    return found


def _milliseconds(search: Callable[[str, int], object], question: str) -> float:
    started = time.perf_counter()
    search(question, K)
    return 1000 * (time.perf_counter() - started)


def _without_embedding(sort: str, stages: Sequence[Stage]) -> float:
    """Our p50 less that of embedding, which is the same for both."""
    p50 = {stage.stage: stage.p50_ms for stage in stages if stage.questions == sort}
    return p50["total"] - p50["embed"]
