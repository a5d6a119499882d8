"""The trained index for vectors that do not fit as they are: IVF with product quantisation, written beside them.

Its candidates are scored again with the exact vectors (Jegou et al., PAMI 2011; re-ranking: ICASSP 2011), so what it
can lose is a neighbour, never a score. The same file serves on the processor and on GPUs.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.indexes.placement import code_bytes, lists

FILE = "refined.faiss"

PER_LIST = 39
"""Vectors trained on for each inverted list: the fewest that FAISS takes for enough."""

BLOCK = 65536
"""Vectors encoded at a time."""

PROBED = 1 / 4
"""Share of the inverted lists that a search looks into: questions lie apart from passages, so many lists hold hits."""

OVERSAMPLED = 20
"""Candidates scored exactly for each hit asked for."""


def write(file: Path, matrix: NDArray[np.float16], seed: int = 0) -> None:
    """Trains on a sample that ``seed`` decides and writes the index of all rows; the same input, the same bytes."""
    count, dimension = matrix.shape
    number = lists(count)
    chosen = np.random.default_rng(seed).choice(count, min(count, max(PER_LIST * number, 39 * 256)), replace=False)
    index = faiss.IndexIVFPQ(
        faiss.IndexFlatIP(dimension), dimension, number, code_bytes(dimension), 8, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = index.pq.cp.seed = seed
    index.train(matrix[np.sort(chosen)].astype(np.float32))
    for start in range(0, count, BLOCK):
        index.add(matrix[start : start + BLOCK].astype(np.float32))
    index.nprobe = max(round(number * PROBED), 1)
    faiss.write_index(index, str(file))
