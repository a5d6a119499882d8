"""What finds candidates among the vectors: FAISS on the processor or on GPUs, torch on one GPU. Scores come later.

Every searcher answers with positions alone; `rag.indexes.vectors.Vectors` scores them exactly, so that a score does
not depend on the device. ``margin`` bounds how far a searcher's own scores are from the exact ones.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from rag.indexes.placement import Layout
from rag.indexes.refined import OVERSAMPLED
from rag.types import Floats

Half = NDArray[np.float16]
Positions = NDArray[np.integer]

BLOCK = 65536
"""Rows sent to a GPU, or multiplied by the queries, at a time."""

MOST_ON_GPU = 2048
"""Neighbours that FAISS gives at most on a GPU."""


class Searcher(Protocol):
    """Finds the rows with the largest inner products."""

    @property
    def margin(self) -> float | None:
        """Rows whose exact score is this much above the worst candidate's are all found; None: some may be missed."""

    @property
    def most(self) -> int:
        """Candidates that can be asked for."""

    def candidates(self, queries: Floats, limit: int, within: Positions | None) -> NDArray[np.int64]:
        """Positions, shape ``(len(queries), limit)``, -1 where there are no more.

        ``within``: ascending positions to look among, or None for all.
        """


class Flat:
    """Exact, FAISS on the processor: float16 codes, which are the matrix's own bytes."""

    margin = 1e-5
    most = 2**31

    def __init__(self, matrix: Half) -> None:
        self._index = faiss.IndexScalarQuantizer(
            matrix.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        if len(matrix):
            self._index.add_sa_codes(matrix.view(np.uint8))

    def candidates(self, queries: Floats, limit: int, within: Positions | None) -> NDArray[np.int64]:
        """See `Searcher`."""
        return _searched(self._index, queries, limit, _parameters(faiss.SearchParameters, within, self._index.ntotal))


class Refined:
    """Candidates of the trained index in ``file``, on the processor, more than asked for as its scores are rough."""

    margin = None
    most = 2**31

    def __init__(self, file: Path) -> None:
        self._index: Any = faiss.read_index(str(file))

    def candidates(self, queries: Floats, limit: int, within: Positions | None) -> NDArray[np.int64]:
        """See `Searcher`; ``OVERSAMPLED`` times as many columns."""
        parameters = _parameters(faiss.SearchParametersIVF, within, self._index.ntotal, nprobe=self._index.nprobe)
        return _searched(self._index, queries, OVERSAMPLED * limit, parameters)


class OnGpus:
    """FAISS on its GPUs: exact float16, or the trained index where a ``file`` is given; all of it on each, or shares.

    A GPU cannot look among some rows only: more are asked for, and those outside dropped.
    """

    most = MOST_ON_GPU

    def __init__(self, matrix: Half, layout: Layout, file: Path | None = None) -> None:
        # Half precision queries: the last of three digits may differ.
        self.margin = None if file else 1e-3
        self._count, self._factor = len(matrix), OVERSAMPLED if file else 1
        options = faiss.GpuMultipleClonerOptions()
        options.useFloat16, options.useFloat16CoarseQuantizer = True, False
        options.shard = layout == "shard"
        source = faiss.read_index(str(file)) if file else faiss.IndexFlatIP(matrix.shape[1])
        self._index = faiss.index_cpu_to_all_gpus(source, co=options)
        for start in range(0, 0 if file else len(matrix), BLOCK):
            self._index.add(matrix[start : start + BLOCK].astype(np.float32))
        self._turns = threading.Lock()  # FAISS's GPU indexes take one search at a time

    def candidates(self, queries: Floats, limit: int, within: Positions | None) -> NDArray[np.int64]:
        """See `Searcher`; a column may be -1 although there are more within."""
        share = 1.0 if within is None else self._count / max(len(within), 1)
        with self._turns:
            found = _searched(self._index, queries, min(int(limit * self._factor * share), self.most, self._count))
        return found if within is None else np.where(np.isin(found, within), found, -1)


class Product:
    """Exact, by torch: blocks of rows times the queries, the best kept. For a GPU that FAISS cannot use.

    On ``device`` cpu it reads the memory map and holds nothing, which is slow, but needs no memory.
    """

    margin = 1e-5
    most = 2**31

    def __init__(self, matrix: Half, device: str) -> None:
        self._device = torch.device(device)
        self._matrix = torch.from_numpy(matrix).to(self._device)

    @torch.inference_mode()
    def candidates(self, queries: Floats, limit: int, within: Positions | None) -> NDArray[np.int64]:
        """See `Searcher`."""
        rows = None if within is None else torch.from_numpy(within.astype(np.int64)).to(self._device)
        count = len(self._matrix) if rows is None else len(rows)
        vectors = torch.from_numpy(queries).to(self._device)
        kept = torch.empty((len(queries), 0), device=self._device)
        places = torch.empty((len(queries), 0), dtype=torch.int64, device=self._device)
        for start in range(0, count, BLOCK):
            span = slice(start, min(start + BLOCK, count))
            block = self._matrix[span] if rows is None else self._matrix.index_select(0, rows[span])
            numbers = torch.arange(span.start, span.stop, device=self._device).expand(len(queries), -1)
            scores = torch.cat((kept, _products(vectors, block)), dim=1)
            numbers = torch.cat((places, numbers), dim=1)
            kept, order = scores.topk(min(limit, scores.shape[1]), dim=1)
            places = numbers.gather(1, order)
        return (places if rows is None else rows[places]).cpu().numpy()


def _products(queries: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
    """Inner products in float32, shape ``(queries, rows)``.

    A GPU multiplies halves: the query is cut in two halves that sum to it, so that nothing of it is lost (Markidis et
    al., IPDPSW 2018) and the rows are read once.
    """
    if block.device.type != "cuda":
        return queries @ block.float().T
    high = queries.half()
    both = torch.cat((high, (queries - high.float()).half()))
    scores = torch.mm(both, block.T, out_dtype=torch.float32)
    return scores[: len(queries)] + scores[len(queries) :]


def _searched(index: Any, queries: Floats, limit: int, parameters: Any = None) -> NDArray[np.int64]:  # noqa: ANN401
    faiss.omp_set_num_threads(1)  # for this thread: one query is one scan, more threads only wait for each other
    limit = min(limit, index.ntotal)
    if limit < 1:
        return np.empty((len(queries), 0), dtype=np.int64)
    found: NDArray[np.int64] = index.search(queries, limit, **({"params": parameters} if parameters else {}))[1]
    return found


def _parameters(kind: Any, within: Positions | None, count: int, **options: int) -> Any:  # noqa: ANN401 (FAISS has no types)
    """Search parameters that let FAISS look at the rows ``within`` alone, and not even score the others."""
    if within is None:
        return kind(**options) if options else None
    if len(within) and within[-1] - within[0] + 1 == len(within):
        return kind(sel=faiss.IDSelectorRange(int(within[0]), int(within[-1]) + 1), **options)
    inside = np.zeros(count, dtype=np.bool_)
    inside[within] = True
    bitmap: Any = faiss.IDSelectorBitmap  # FAISS's Python side takes an array, its types do not know
    return kind(sel=bitmap(np.packbits(inside, bitorder="little")), **options)
