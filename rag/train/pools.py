"""Questions of the literature to learn from, each set with the texts that are searched and their base vectors.

A question's answers are set apart from all other texts of its set: those are what it must not find.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rag.errors import TrainingError
from rag.train.files import Arrays, kept
from rag.train.labels import fold_of
from rag.train.pairs import SETS, Pair
from rag.types import Embedder, Floats

LONGEST = 1100
"""Characters of a passage that are read: about what the embedder reads of it."""
MOST = {"medquad": 3500}
"""Pairs taken by chance of a set that would outweigh the others."""
TEXTS_AT_ONCE = 512

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question with the numbers of the texts of ``pool`` that answer it; for ``fold`` see `labels.Asked`."""

    pool: str
    question: str
    answers: tuple[int, ...]
    fold: int


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Distinct ``texts``, their ``vectors`` (shape ``(len(texts), dimension)``) and the questions on them."""

    name: str
    texts: tuple[str, ...]
    vectors: Floats
    wanted: tuple[Wanted, ...]


def pools(shared: Path, work: Path, embedder: Embedder, seed: int, say: Say) -> tuple[Pool, ...]:
    """All sets of `rag.train.pairs`. Vectors are kept in ``work``; raises `TrainingError`."""
    found = []
    for name in SETS:
        pairs = _pairs(name, shared / "train", seed)
        texts = tuple(dict.fromkeys(_cut(pair.passage) for pair in pairs))
        arrays = kept(vector_file(work, name, texts, embedder), partial(_embedded, name, texts, embedder, say))
        found.append(Pool(name, texts, arrays["vectors"].astype(np.float32), _wanted(name, pairs, texts)))
        say(f"{name}: {len(texts)} texts, {len(found[-1].wanted)} questions")
    return tuple(found)


def vector_file(work: Path, name: str, texts: Sequence[str], embedder: Embedder) -> Path:
    """Where the vectors (float16) of these texts are kept: another embedder or another text is another file."""
    digest = hashlib.sha256("\0".join((embedder.name, *texts)).encode()).hexdigest()[:16]
    return work / "vectors" / f"{name}-{digest}.npz"


def _pairs(name: str, folder: Path, seed: int) -> list[Pair]:
    try:
        pairs = list(SETS[name](folder))
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{folder}: {name} cannot be read: {error}; --shared names the folder above it") from error
    if len(pairs) <= MOST.get(name, len(pairs)):
        return pairs
    random.Random(seed).shuffle(pairs)  # noqa: S311 (no secret)
    return pairs[: MOST[name]]


def _wanted(name: str, pairs: Iterable[Pair], texts: Sequence[str]) -> tuple[Wanted, ...]:
    numbers = {text: number for number, text in enumerate(texts)}
    answers: dict[str, list[int]] = {}
    for pair in pairs:
        answers.setdefault(pair.question, []).append(numbers[_cut(pair.passage)])
    return tuple(
        Wanted(name, question, tuple(sorted(set(found))), fold_of(question)) for question, found in answers.items()
    )


def _embedded(name: str, texts: Sequence[str], embedder: Embedder, say: Say) -> Arrays:
    vectors = np.zeros((len(texts), embedder.dimension), dtype=np.float16)
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    for start in range(0, len(order), TEXTS_AT_ONCE):
        numbers = order[start : start + TEXTS_AT_ONCE]
        vectors[numbers] = embedder.encode([texts[number] for number in numbers])
        say(f"{name}: {start + len(numbers)} of {len(order)} texts embedded")
    return {"vectors": vectors}


def _cut(text: str) -> str:
    return text[:LONGEST]
