"""``citerx bench device``: how near vector search and the models' arithmetic come to what the device can do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import torch

from rag.batching import has_bfloat16
from rag.dense import Device
from rag.indexes import vectors
from rag.indexes.vectors import Vectors

REPEATS = 20
K = 100
QUERIES = 32
"""Queries of a batch."""

TOKENS, WIDTH, INNER = 512, 384, 1536
"""A batch through one feed-forward layer of MiniLM."""

LOOP_BYTES = 256 * 2**20
"""What the bandwidth is measured on: more than a processor's cache holds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Milliseconds (median) beside the floor: bytes over bandwidth or operations over peak, whichever is larger."""

    what: str
    on: str
    ms: float
    floor_ms: float
    bound: Literal["bandwidth", "arithmetic"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and floating-point operations a second, as measured on the device."""

    bandwidth: float
    peak: float

    def rate(self, what: str, on: str, ms: float, moved: float, operations: float) -> Rate:
        """The rate of a step that moves so many bytes and does so many operations."""
        by_bytes, by_operations = 1000 * moved / self.bandwidth, 1000 * operations / self.peak
        bound: Literal["bandwidth", "arithmetic"] = "bandwidth" if by_bytes >= by_operations else "arithmetic"
        return Rate(what, on, ms, max(by_bytes, by_operations), bound)


def rates(passages: int, dimension: int, device: Device) -> list[Rate]:
    """One query and a batch over ``passages`` vectors, and one layer of the embedder."""
    on = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    limits = limits_of(on)
    chance = np.random.default_rng(0)
    queries = _unit(chance, QUERIES, dimension)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.npy"
        blocks = (
            _unit(chance, min(vectors.BLOCK, passages - start), dimension).astype(np.float16)
            for start in range(0, passages, vectors.BLOCK)
        )
        vectors.write(file, passages, dimension, blocks)
        matrix = Vectors(file, device)
    where = f"{matrix.placement.on}, {on}"
    one = _milliseconds(on, lambda: matrix.candidates(queries[:1], K))
    many = _milliseconds(on, lambda: matrix.candidates(queries, K))
    moved, operations = 2.0 * passages * dimension, 2.0 * passages * dimension
    return [
        limits.rate(f"nearest of {passages}, one query", where, one, moved, operations),
        limits.rate(f"nearest of {passages}, {QUERIES} queries", where, many, moved, QUERIES * operations),
        _layer(on, limits),
    ]


def limits_of(on: str) -> Limits:
    """The fastest sum of a large array and large product, on one thread of a processor or on the GPU."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)  # as one question has
    try:
        source = torch.ones(LOOP_BYTES // 4, device=on)
        seconds = min(_taken(on, source.sum)) / 1000
        size, numbers = (8192, torch.bfloat16) if on == "cuda" else (1024, torch.float32)
        square = torch.ones((size, size), device=on, dtype=numbers)
        peak = 2 * size**3 / (min(_taken(on, lambda: square @ square)) / 1000)
    finally:
        torch.set_num_threads(kept)
    return Limits(LOOP_BYTES / seconds, peak)


def _layer(on: str, limits: Limits) -> Rate:
    numbers = torch.bfloat16 if has_bfloat16(on) else torch.float32
    texts = torch.ones((TOKENS, WIDTH), device=on, dtype=numbers)
    weights = torch.ones((WIDTH, INNER), device=on, dtype=numbers)
    moved = numbers.itemsize * (TOKENS * WIDTH + WIDTH * INNER + TOKENS * INNER)
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ms = _milliseconds(on, lambda: texts @ weights)
    finally:
        torch.set_num_threads(kept)
    return limits.rate(f"layer of MiniLM, {TOKENS} word pieces", on, ms, moved, 2.0 * TOKENS * WIDTH * INNER)


def _milliseconds(on: str, step: Callable[[], object]) -> float:
    return float(np.median(_taken(on, step)))


def _taken(on: str, step: Callable[[], object]) -> list[float]:
    """Milliseconds of each repetition."""
    taken = []
    for _ in range(REPEATS + 2):
        started = time.perf_counter()
        step()
        if on == "cuda":
            torch.cuda.synchronize()
        taken.append(1000 * (time.perf_counter() - started))
    return taken[2:]


def _unit(chance: np.random.Generator, count: int, dimension: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = chance.standard_normal((count, dimension), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows
