"""The index: one generation, opened and searched within a `Scope`; `build` makes the next one.

A generation holds ``lexical/`` (tantivy), ``vectors.npy`` (float16) and the columns of `rag.scope`. All of them count
passages by position, the place in the store's order; only answers to the outside are row ids.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag import generations
from rag.build import Source, build
from rag.dense import Device
from rag.errors import EmbedderMismatchError, IndexCorruptError
from rag.generations import Manifest, stamp
from rag.lexical import CONTEXT_BOOST, Lexical, analyse
from rag.scope import Columns, Ints, Longs, Scope
from rag.types import Floats
from rag.vectors import MAX_NEAREST, Vectors

__all__ = ["Index", "Manifest", "Scope", "Source", "build", "stamp"]

NARROW = 8
"""A scope of fewer than one in so many passages is scored exactly, row by row; above it FAISS is faster."""

KEPT_SCOPES = 8
"""Scopes whose positions are remembered: four bytes for each passage in each, 32 MB for a million."""

SPARE = 16
"""Hits asked for beyond ``k``, so that most ties at the end are settled at once."""

Scores = NDArray[np.float64]


class Index:
    """One generation, open. Threads may share it; it stays usable when newer builds delete its folder."""

    def __init__(self, manifest: Manifest, columns: Columns, words: Lexical, matrix: Vectors) -> None:
        self.manifest = manifest
        self._columns, self._words, self._matrix = columns, words, matrix
        self._positions = lru_cache(KEPT_SCOPES)(lambda scope: columns.select(scope).astype(np.int32))

    @staticmethod
    def open(index_dir: Path, device: Device = "auto", embedder: str | None = None) -> Index:
        """The newest complete generation; raises `IndexUnavailableError`, `IndexCorruptError`.

        Where an ``embedder`` is named, another one's index raises `EmbedderMismatchError` before anything is loaded.
        """
        folder = generations.current(index_dir)
        manifest = Manifest.read(folder)
        if embedder not in {None, manifest.embedder}:
            reason = f"the index was built with the embedder {manifest.embedder}, not {embedder}"
            raise EmbedderMismatchError(f"{reason}: run `citerx index` with the present settings")
        manifest.check(folder)
        try:
            columns = Columns.load(folder)
            matrix = Vectors(folder / "vectors.npy", device)
        except (OSError, ValueError, KeyError) as error:
            raise IndexCorruptError(f"{folder}: {error}; run `citerx index --rebuild`") from error
        words = Lexical(folder / "lexical")
        if not len(columns) == len(matrix) == len(words) == manifest.passages:
            found = (
                f"{len(columns)} rows, {len(matrix)} vectors, {len(words)} texts, {manifest.passages} in the manifest"
            )
            raise IndexCorruptError(f"{folder}: {found}; run `citerx index --rebuild`")
        return Index(manifest, columns, words, matrix)

    def lexical(
        self, query: str, k: int, scope: Scope, *, context_boost: float = CONTEXT_BOOST
    ) -> list[tuple[int, float]]:
        """Row ids and BM25 scores of the best ``k`` passages in scope that share a word with ``query``, best first.

        Exact: the scores are those of the whole index, equal ones in the index's order. Any text is a valid query.
        """
        terms, positions = analyse(query), self._positions(scope)
        if not terms or k < 1 or not len(positions):
            return []
        filters = self._filters(scope, positions)
        limit = self._first_limit(k, positions, narrowed=bool(filters.get("drugs")))
        while True:
            found, scores = self._words.search(terms, limit, context_boost=context_boost, **filters)
            if len(found) < limit or limit >= len(self._columns):
                return self._best(*self._inside(found, scores, positions), k)
            inside, kept = self._inside(found, scores, positions)
            if _settled(kept, scores, k):
                return self._best(inside, kept, k)
            limit = min(4 * limit, len(self._columns))

    def dense(self, vector: Floats, k: int, scope: Scope) -> list[tuple[int, float]]:
        """Row ids and inner products of the ``k`` passages in scope nearest to ``vector`` (shape ``(dimension,)``).

        Exact, best first, equal scores in the index's order. Raises `ModelError` for a vector of another length.
        """
        positions = self._positions(scope)
        limit = self._first_limit(k, positions, narrowed=False)
        if k > 0 and len(positions) * NARROW > len(self._columns) and limit <= MAX_NEAREST:
            found, scores = self._matrix.nearest(vector, limit)
            inside, kept = self._inside(found, scores, positions)
            if len(found) == len(self._columns) or _settled(kept, scores, k):
                return self._best(inside, kept, k)
        return self._best(positions, self._matrix.score(positions, vector), k)

    def rows(self, scope: Scope) -> list[list[int]]:
        """Row ids of all passages in scope, unranked: a list for each document, in the order of sections and text."""
        positions = self._positions(scope)
        if not len(positions):
            return []
        ends = np.flatnonzero(np.diff(self._columns.document[positions])) + 1
        return [part.tolist() for part in np.split(self._columns.rows[positions], ends)]

    def _filters(self, scope: Scope, positions: Ints) -> dict[str, frozenset[str]]:
        """What tantivy filters by: nothing where most passages are in scope, as dropping hits is then faster."""
        if 2 * len(positions) > len(self._columns):
            return {}
        restricted = {"drugs": scope.drugs, "kinds": scope.kinds, "sections": scope.sections}
        return {name: allowed for name, allowed in restricted.items() if allowed is not None}

    def _first_limit(self, k: int, positions: Ints, *, narrowed: bool) -> int:
        """Hits to ask for so that ``k`` are likely to be in scope."""
        share = 1.0 if narrowed or not len(positions) else len(self._columns) / len(positions)
        return min(int((max(k, 0) + SPARE) * share), len(self._columns))

    def _inside(self, found: Longs, scores: Scores, positions: Ints) -> tuple[Longs, Scores]:
        if len(positions) == len(self._columns):
            return found, scores
        if not len(positions):
            return found[:0], scores[:0]
        places = np.minimum(np.searchsorted(positions, found.astype(positions.dtype)), len(positions) - 1)
        keep = positions[places] == found
        return found[keep], scores[keep]

    def _best(self, positions: Longs | Ints, scores: Scores, k: int) -> list[tuple[int, float]]:
        """The first ``k`` by score, then by position, as row ids."""
        if 0 < k < len(scores):
            keep = scores >= np.partition(scores, -k)[-k]
            positions, scores = positions[keep], scores[keep]
        order = np.lexsort((positions, -scores))[: max(k, 0)]
        rows = self._columns.rows[positions[order]].tolist()
        return list(zip(rows, scores[order].tolist(), strict=True))


def _settled(kept: Scores, fetched: Scores, k: int) -> bool:
    """Whether nothing that was not fetched can be among the best ``k`` of what was kept, ties included."""
    return len(kept) >= k and kept[k - 1] > fetched[-1] + 1e-5
