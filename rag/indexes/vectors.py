"""Vector search: one float16 matrix on disk, in the index's order; candidates found by a searcher, scored exactly."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rag.errors import MissingExtraError, ModelError
from rag.indexes import refined
from rag.indexes.placement import Device, Machine, Placement, machine, place
from rag.indexes.searchers import BLOCK, Flat, Half, OnGpus, Positions, Product, Refined, Searcher
from rag.types import Floats

__all__ = ["BLOCK", "Half", "Vectors", "among", "best", "read", "write"]

Scores = NDArray[np.float64]

CHUNK_ELEMENTS = 32768
"""Numbers that exact scoring widens to float32 at a time: torch's threshold for several threads, which lose more than
they win on matrices this small when every processor is busy (measured: 40 ms instead of 0.7 ms at 2,000 rows)."""

FEW, FEW_SHARE = 1000, 1 / 128
"""Up to ``FEW`` rows and this share of all are scored one by one; of more, FAISS is faster in passing over the rest
(measured: even at 1,500 of 57,464 rows and at 4,500 of 500,000)."""

MOST = 2
"""A scope of more than one in so many rows is searched by looking at all rows and dropping those outside."""

SPARE = 64
"""Candidates asked for beyond the limit, so that ties at the end are mostly settled at once: sixty labels may share a
paragraph, and a second scan costs as much as the first."""


def write(file: Path, count: int, dimension: int, blocks: Iterable[Half]) -> None:
    """Writes a ``.npy`` matrix of shape ``(count, dimension)`` block by block; raises OSError, e.g. on a full disk.

    Plain writing, because a full disk kills a process that writes to a memory map.
    """
    header = {"descr": "<f2", "fortran_order": False, "shape": (count, dimension)}
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        for block in blocks:
            stream.write(np.ascontiguousarray(block, dtype="<f2").tobytes())


def read(file: Path) -> Half:
    """The matrix of a file that `write` made, mapped into memory; it outlives the file. Raises OSError, ValueError."""
    # Copy on write, because torch warns of arrays that it may not write to.
    matrix: Half = np.load(file, mmap_mode="c")
    return matrix


class Vectors:
    """The matrix of a file that `write` made, and the searcher that `rag.indexes.placement` chooses. Threads may share
    it.

    Scores are inner products, rounded to six digits so that equal vectors get equal scores whichever way they are
    reached. It stays usable when the file is deleted.
    """

    def __init__(self, file: Path, device: Device = "auto", within: Machine | None = None) -> None:
        self._matrix = read(file)
        there = within or machine(device)
        self.placement = place(len(self), self.dimension, there, device)
        if device == "cuda" and not there.faiss_gpus and there.torch_gpu is None:
            raise MissingExtraError(
                "CITERX_DEVICE is cuda but no GPU is seen; install citerx[gpu] or set it to auto or cpu"
            )
        self._searcher = searcher(self._matrix, self.placement, file.with_name(refined.FILE))

    def __len__(self) -> int:
        return len(self._matrix)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._matrix.shape[1])

    def nearest(self, vector: Floats, limit: int, within: Positions | None = None) -> tuple[Positions, Scores]:
        """Positions and scores of the best ``limit`` of the rows ``within`` (ascending; None: all), best first.

        Equal scores by position. Exact but for the trained index, which may miss some.
        """
        query = self._checked(vector)
        count = len(self) if within is None else len(within)
        if limit < 1 or count == 0:
            return np.empty(0, dtype=np.int64), np.empty(0)
        if within is None or count > FEW + FEW_SHARE * len(self):
            found = self._searched(query, min(limit, count), within)
            if found is not None:
                return best(*found, limit)
        every = np.arange(len(self)) if within is None else within
        return best(every, self.score(every, query), limit)

    def _searched(self, query: Floats, limit: int, within: Positions | None) -> tuple[Positions, Scores] | None:
        """Candidates among which the best ``limit`` are, with their scores; None where the searcher cannot tell."""
        margin, count = self._searcher.margin, len(self) if within is None else len(within)
        passing = within is not None and MOST * count > len(self)
        room, share = (len(self), len(self) / count) if passing else (count, 1.0)
        wanted = min(int((limit + SPARE) * share), room)
        while wanted <= self._searcher.most:
            row = self._searcher.candidates(query[None], wanted, None if passing else within)[0]
            found = row[row >= 0]
            scores = self.score(found, query)
            floor = scores.min(initial=np.inf)
            if passing and within is not None:
                inside = among(found, within)
                found, scores = found[inside], scores[inside]
            enough = len(found) >= limit if margin is None else settled(scores, limit, floor + margin)
            if enough or len(found) == count:
                return found, scores
            if wanted == room:
                return None
            wanted = min(4 * wanted, room)
        return None

    def rows(self, positions: Positions) -> Floats:
        """The vectors at these positions, shape ``(len(positions), dimension)``."""
        return self._matrix[positions].astype(np.float32)

    def candidates(self, queries: Floats, limit: int) -> NDArray[np.int64]:
        """What the searcher finds for many queries (shape ``(n, dimension)``) at once, unscored: for benchmarks."""
        return self._searcher.candidates(np.ascontiguousarray(queries, dtype=np.float32), limit, None)

    def score(self, positions: Positions, vector: Floats) -> Scores:
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


def searcher(matrix: Half, placement: Placement, trained: Path) -> Searcher:
    """The searcher of a placement. Where the trained index is absent, the matrix is read from the disk every time:
    right, but slow; `citerx index` on a machine of this size makes it."""
    if placement.kind == "refined" and not trained.exists():
        return Product(matrix, "cpu")
    if placement.on == "faiss":
        return OnGpus(matrix, placement.layout, trained if placement.kind == "refined" else None)
    if placement.on == "torch":
        return Product(matrix, "cuda")
    return Refined(trained) if placement.kind == "refined" else Flat(matrix)


def best(positions: Positions, scores: Scores, k: int) -> tuple[Positions, Scores]:
    """The first ``k`` by score, then by position."""
    if 0 < k < len(scores):
        keep = scores >= np.partition(scores, -k)[-k]
        positions, scores = positions[keep], scores[keep]
    order = np.lexsort((positions, -scores))[: max(k, 0)]
    return positions[order], scores[order]


def settled(scores: Scores, k: int, floor: float) -> bool:
    """Whether the best ``k`` of ``scores`` stand above ``floor``, below which is all that was not looked at."""
    return len(scores) >= k and bool(np.partition(scores, -k)[-k] > floor)


def among(positions: Positions, within: Positions) -> NDArray[np.bool_]:
    """Which of ``positions`` stand in the ascending ``within``, which is not empty."""
    places = np.minimum(np.searchsorted(within, positions.astype(within.dtype)), len(within) - 1)
    inside: NDArray[np.bool_] = within[places] == positions
    return inside
