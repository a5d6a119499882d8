"""Vector search: one float16 matrix on disk, in the index's order, searched by FAISS or scored row by row."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from rag.dense import Device
from rag.errors import MissingExtraError, ModelError
from rag.types import Floats

Half = NDArray[np.float16]

CHUNK_ELEMENTS = 32768
"""Numbers that exact scoring widens to float32 at a time: torch's threshold for several threads, which lose more than
they win on matrices this small when every processor is busy (measured: 40 ms instead of 0.7 ms at 2,000 rows)."""

BLOCK = 65536
"""Rows sent to a GPU at a time."""

MAX_NEAREST = 2048
"""Neighbours that FAISS is asked for at most: a GPU gives no more, and beyond it exact scoring is faster."""


def write(file: Path, count: int, dimension: int, blocks: Iterable[Half]) -> None:
    """Writes a ``.npy`` matrix of shape ``(count, dimension)`` block by block; raises OSError, e.g. on a full disk.

    Plain writing, because a full disk kills a process that writes to a memory map.
    """
    header = {"descr": "<f2", "fortran_order": False, "shape": (count, dimension)}
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for block in blocks:
            stream.write(np.ascontiguousarray(block, dtype="<f2").tobytes())


class Vectors:
    """The matrix of a file that `write` made, mapped into memory. Threads may share it.

    Scores are inner products, rounded to six digits so that equal vectors get equal scores whichever way they are
    reached. It stays usable when the file is deleted.
    """

    def __init__(self, file: Path, device: Device = "auto") -> None:
        # Copy on write, because torch warns of arrays that it may not write to.
        self._matrix: Half = np.load(file, mmap_mode="c")
        on_gpu = device != "cpu" and _gpus() > 0
        self._index = _on_gpu(self._matrix) if on_gpu else _on_processor(self._matrix, device)
        self._turns = threading.Lock() if on_gpu else nullcontext()  # FAISS's GPU indexes take one search at a time

    def __len__(self) -> int:
        return len(self._matrix)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._matrix.shape[1])

    def nearest(self, vector: Floats, limit: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions and scores of the best ``limit`` of all rows, `MAX_NEAREST` at most."""
        limit = min(limit, len(self), MAX_NEAREST)
        if limit < 1:
            return np.empty(0, dtype=np.int64), np.empty(0)
        faiss.omp_set_num_threads(1)  # for this thread: one query is one scan, more threads only wait for each other
        with self._turns:
            _, found = self._index.search(self._checked(vector)[None], limit)
        positions = found[0][found[0] >= 0]
        scores = self.score(positions, vector)
        order = np.lexsort((positions, -scores))
        return positions[order], scores[order]

    def score(self, positions: NDArray[np.integer], vector: Floats) -> NDArray[np.float64]:
        """The exact score of every position, in the same order."""
        query, matrix = torch.from_numpy(self._checked(vector)), torch.from_numpy(self._matrix)
        scores = np.empty(len(positions), dtype=np.float64)
        chunk = max(CHUNK_ELEMENTS // max(self.dimension, 1), 1)
        for start in range(0, len(positions), chunk):
            rows = torch.from_numpy(positions[start : start + chunk])
            scores[start : start + chunk] = (matrix.index_select(0, rows).float() @ query).numpy()
        return scores.round(6)

    def _checked(self, vector: Floats) -> Floats:
        if vector.shape != (self.dimension,):
            reason = f"the index holds vectors of {self.dimension} numbers, the query has shape {vector.shape}"
            raise ModelError(f"{reason}; run `citerx index` with the embedder that answers")
        return np.ascontiguousarray(vector, dtype=np.float32)


def _gpus() -> int:
    """How many GPUs this FAISS can search on."""
    return int(getattr(faiss, "get_num_gpus", lambda: 0)())


def _on_processor(matrix: Half, device: Device) -> Any:  # noqa: ANN401 (FAISS has no types)
    """Exact: float16 codes, which are the matrix's own bytes."""
    count, dimension = matrix.shape
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingExtraError(
            "CITERX_DEVICE is cuda but no GPU is seen; install citerx[gpu] or set it to auto or cpu"
        )
    index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    if count:
        index.add_sa_codes(matrix.view(np.uint8))
    return index


def _on_gpu(matrix: Half) -> Any:  # noqa: ANN401
    """Exact: float16 flat, shared out among several GPUs."""
    options = faiss.GpuMultipleClonerOptions()
    options.useFloat16, options.shard = True, True
    index = faiss.index_cpu_to_all_gpus(faiss.IndexFlatIP(matrix.shape[1]), co=options)
    for start in range(0, len(matrix), BLOCK):
        index.add(matrix[start : start + BLOCK].astype(np.float32))
    return index
