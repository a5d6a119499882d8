"""Which kind of vector index serves, and where: a rule on sizes alone, so that it can be tested at its edges.

Exact float16 as long as it fits; then IVF with product quantisation, whose candidates are scored again with the exact
float16 vectors. "Fits" leaves half of the free memory to models, page cache and scratch space.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
Layout = Literal["replicate", "shard"]

FITS = 0.5
"""Share of a device's free memory that vectors may take."""

TRAINABLE = 10_000
"""Fewer passages are always searched exactly: they fit anywhere, and there is too little to train on."""

POSITION_BYTES = 8
"""What an inverted list takes of each vector beside its code."""

UNKNOWN_GPU = 8 * 2**30
"""Free memory assumed of a GPU that FAISS sees and torch does not."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What can search: free bytes of the processor's memory, of each GPU of FAISS, of the GPU that torch sees."""

    memory: int
    faiss_gpus: tuple[int, ...] = ()
    torch_gpu: int | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """``kind``: exact, or refined candidates of a trained index; ``on``: FAISS's GPUs, torch's GPU or the processor.

    ``layout`` tells several GPUs apart: every one holds all, or each its share.
    """

    kind: Literal["exact", "refined"]
    on: Literal["cpu", "faiss", "torch"]
    layout: Layout = "replicate"


def place(passages: int, dimension: int, machine: Machine, device: Device = "auto") -> Placement:
    """Where ``passages`` vectors of ``dimension`` numbers are searched; ``device`` cpu leaves GPUs alone."""
    exact = exact_bytes(passages, dimension)
    if device != "cpu" and machine.faiss_gpus:
        layout = _layout(exact, machine.faiss_gpus)
        if layout or passages < TRAINABLE:
            return Placement("exact", "faiss", layout or "shard")
        layout = _layout(refined_bytes(passages, dimension), machine.faiss_gpus)
        return Placement("refined", "faiss" if layout else "cpu", layout or "replicate")
    if device != "cpu" and machine.torch_gpu is not None and exact <= FITS * machine.torch_gpu:
        return Placement("exact", "torch")
    fits = exact <= FITS * machine.memory or passages < TRAINABLE
    return Placement("exact" if fits else "refined", "cpu")


def needs_training(passages: int, dimension: int, machine: Machine) -> bool:
    """Whether a generation needs the trained index beside the vectors: any device of this machine would use it."""
    devices: tuple[Device, ...] = ("auto", "cpu")
    return any(place(passages, dimension, machine, device).kind == "refined" for device in devices)


def exact_bytes(passages: int, dimension: int) -> int:
    """Of the float16 matrix."""
    return 2 * passages * dimension


def refined_bytes(passages: int, dimension: int) -> int:
    """Of codes and inverted lists; lists' centres (float32) count too."""
    return passages * (code_bytes(dimension) + POSITION_BYTES) + 4 * lists(passages) * dimension


def code_bytes(dimension: int) -> int:
    """Bytes of a vector's code: as many parts as FAISS's GPUs know, eight numbers each where the dimension divides."""
    known = (1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96)
    return max(parts for parts in known if dimension % parts == 0 and 8 * parts <= max(dimension, 8))


def lists(passages: int) -> int:
    """Inverted lists: the power of two next below four times the root of the passages, at least one."""
    return 1 << (max(int(4 * math.sqrt(passages)), 1).bit_length() - 1)


def machine(device: Device = "auto") -> Machine:
    """What this machine has free at the moment; GPUs are not looked at for ``device`` cpu."""
    if device == "cpu":
        return Machine(_memory())
    import faiss
    import torch

    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    free = [int(torch.cuda.mem_get_info(number)[0]) for number in range(seen)]
    gpus = int(getattr(faiss, "get_num_gpus", lambda: 0)())
    return Machine(_memory(), tuple((free + [UNKNOWN_GPU] * gpus)[:gpus]), free[0] if free else None)


def _layout(needed: int, gpus: Sequence[int]) -> Layout | None:
    """Every GPU all of it where each has the room, else a share; None where all together have not."""
    if needed <= FITS * min(gpus):
        return "replicate"
    return "shard" if needed <= FITS * min(gpus) * len(gpus) else None


def _memory() -> int:
    """Bytes that can be had without swapping, within the limit of the control group; all there is where not told."""
    try:
        told = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    except OSError:
        told = None
    free = int(told[1]) * 1024 if told else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit, used = (
            Path(f"/sys/fs/cgroup/memory.{name}").read_text(encoding="ascii").strip() for name in ("max", "current")
        )
    except OSError:
        return free
    return min(free, int(limit) - int(used)) if limit.isdigit() else free
