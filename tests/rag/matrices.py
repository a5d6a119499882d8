"""Matrices of vectors for tests, their files, and what numpy finds in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.indexes import vectors
from rag.indexes.vectors import Half
from rag.types import Floats


def unit(seed: int, count: int, dimension: int) -> Floats:
    """Rows of length one, float32."""
    values = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values


def tied(seed: int, count: int, dimension: int, *, spread: int) -> Half:
    """Rows of which every ``spread``-th is the same."""
    values = unit(seed, count, dimension)
    values[::spread] = values[0]
    return values.astype(np.float16)


def written(folder: Path, rows: Half) -> Path:
    """The file of a matrix."""
    file = folder / "vectors.npy"
    blocks = (rows[start : start + 100] for start in range(0, len(rows), 100))
    vectors.write(file, len(rows), rows.shape[1], blocks)
    return file


def scores(rows: Half, query: Floats) -> NDArray[np.float64]:
    """Inner products in float64, rounded as the index does."""
    return (rows.astype(np.float64) @ query.astype(np.float64)).round(6)


def ranked(rows: Half, query: Floats, limit: int, within: NDArray[np.int64]) -> list[int]:
    """The best positions by score as `Vectors.score` has it, then by position."""
    exact = scores(rows, query)[within]
    return [int(within[place]) for place in np.lexsort((within, -exact))[:limit]]
