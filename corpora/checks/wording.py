"""Own words: no run of twelve words of ours stands in a source.

Method: every window of twelve words of our prose is hashed (a polynomial over word numbers, modulo 2^64); the sources
stream past once, word numbers in, and a window of theirs with one of our hashes is a finding. Memory: our windows and
one batch of source text. A word is a run of ASCII letters and digits, lower case, so that hyphens, case and
punctuation do not hide a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from corpora.checks.model import Finding, Line

RUN = 12
"""A shared run of this many words is a copy."""

_BATCH = 1 << 21  # characters of source text hashed at a time
_BREAK = " zzbreakzz "  # a word of nobody's, so that no run spans two texts
_BASE = np.uint64(0x9E3779B97F4A7C15)
_KEEP = bytes(byte if chr(byte).isalnum() and byte < 128 else 32 for byte in range(256))


def tokens(text: str) -> list[bytes]:
    """The words of a text."""
    return text.lower().encode().translate(_KEEP).split()


def copied(lines: Sequence[Line], sources: Iterable[str]) -> list[Finding]:
    """A finding for each of ``lines`` that shares ``RUN`` words in a row with a source, naming the first such run."""
    numbers: dict[bytes, int] = {}
    known: dict[int, tuple[int, int]] = {}
    for index, line in enumerate(lines):
        coded = [numbers.setdefault(word, len(numbers) + 1) for word in tokens(line.text)]
        for start, value in enumerate(_hashes(np.array(coded, dtype=np.uint64)).tolist()):
            known.setdefault(value, (index, start))
    wanted = np.array(sorted(known), dtype=np.uint64)
    hits = sorted({known[value] for batch in _batches(sources) for value in _matches(batch, numbers, wanted)})
    return list(_findings(lines, hits))


def _batches(sources: Iterable[str]) -> Iterator[str]:
    batch: list[str] = []
    size = 0
    for text in sources:
        batch.append(text)
        size += len(text)
        if size >= _BATCH:
            yield _BREAK.join(batch)
            batch, size = [], 0
    yield _BREAK.join(batch)


def _matches(text: str, numbers: dict[bytes, int], wanted: NDArray[np.uint64]) -> list[int]:
    get = numbers.get
    coded = np.array([get(word, 0) for word in tokens(text)], dtype=np.uint64)
    hashes = _hashes(coded)
    if not len(hashes) or not len(wanted):
        return []
    unknown = np.concatenate(([0], np.cumsum(coded == 0)))
    hashes = hashes[unknown[RUN:] == unknown[:-RUN]]
    found = wanted[np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)] == hashes
    return [int(value) for value in np.unique(hashes[found])]


def _hashes(coded: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hash of each window of ``RUN`` words; empty for a shorter text."""
    count = max(len(coded) - RUN + 1, 0)
    value = np.zeros(count, dtype=np.uint64)
    for offset in range(RUN):
        value = value * _BASE + coded[offset : offset + count]
    return value


def _findings(lines: Sequence[Line], hits: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    seen: set[int] = set()
    for index, start in hits:
        if index not in seen:
            seen.add(index)
            line = lines[index]
            run = b" ".join(tokens(line.text)[start : start + RUN]).decode()
            yield Finding("wording", line.file, line.place, f"{RUN} words also stand in a source: {run!r}; reword")
