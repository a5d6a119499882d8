"""The index: one generation, opened and searched within a `Scope`; `build` makes the next one.

A generation holds ``lexical/`` (tantivy), ``vectors.npy`` (float16), the columns of `rag.ranking.scope` and, where the
vectors do not fit into memory, ``refined.faiss``. All of them count passages by position, the place in the store's
order; only answers to the outside are row ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import EmbedderMismatchError, IndexCorruptError
from rag.indexes import generations
from rag.indexes.build import Source, build
from rag.indexes.generations import Manifest, stamp
from rag.indexes.placement import Device, Machine
from rag.indexes.searchers import Positions
from rag.indexes.vectors import Vectors, among, best
from rag.lexical import CONTEXT_BOOST, Lexical, analyse
from rag.ranking.scope import Columns, Ints, Longs, Scope
from rag.types import Floats

__all__ = ["Index", "Manifest", "Scope", "Source", "build", "stamp"]

KEPT_SCOPES = 8
"""Scopes whose positions are remembered: four bytes for each passage in each, 32 MB for a million."""

WIDE = 200_000
"""Passages in scope from which words and vectors are searched in two threads. Medians on two cores: 481,263 passages
37.4 -> 31.7 ms where a core is idle, 74.9 -> 79.7 and 67.8 -> 72.8 with two clients; 55,135 passages 5.2 -> 4.1 ms, but
9.3 -> 12 with two clients, so fewer are searched one after the other."""

SPARE = 16
"""Hits of words asked for beyond ``k``, so that most ties at the end are settled at once."""

HELPERS = 4
"""Threads that search words beside those that search vectors."""

Scores = NDArray[np.float64]


class Index:
    """One generation, open. Threads may share it; it stays usable when newer builds delete its folder."""

    def __init__(
        self, manifest: Manifest, columns: Columns, words: Lexical, matrix: Vectors, *, wide: int = WIDE
    ) -> None:
        self.manifest, self._wide = manifest, wide
        self._columns, self._words, self._matrix = columns, words, matrix
        self._helpers = ThreadPoolExecutor(HELPERS, thread_name_prefix="lexical")  # end when nothing holds the index
        self._positions = lru_cache(KEPT_SCOPES)(lambda scope: columns.select(scope).astype(np.int32))
        self._by_row = np.argsort(columns.rows).astype(np.int32)

    @staticmethod
    def open(
        index_dir: Path, device: Device = "auto", embedder: str | None = None, within: Machine | None = None
    ) -> Index:
        """The newest complete generation; raises `IndexUnavailableError`, `IndexCorruptError`.

        Where an ``embedder`` is named, another one's index raises `EmbedderMismatchError` before anything is loaded.
        ``within``: the memory that decides how vectors are searched, by default this machine's.
        """
        folder = generations.current(index_dir)
        manifest = Manifest.read(folder)
        if embedder not in {None, manifest.embedder}:
            reason = f"the index was built with the embedder {manifest.embedder}, not {embedder}"
            raise EmbedderMismatchError(f"{reason}: run `citerx index` with the present settings")
        manifest.check(folder)
        try:
            columns = Columns.load(folder)
            matrix = Vectors(folder / "vectors.npy", device, within)
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
        return self._among(analyse(query), k, scope, context_boost=context_boost)

    def _among(self, terms: Sequence[str], k: int, scope: Scope, *, context_boost: float) -> list[tuple[int, float]]:
        positions = self._positions(scope)
        if not terms or k < 1 or not len(positions):
            return []
        filters = self._filters(scope, positions)
        limit = self._first_limit(k, positions, narrowed=bool(filters.get("drugs")))
        while True:
            found, scores = self._words.search(terms, limit, context_boost=context_boost, **filters)
            if len(found) < limit or limit >= len(self._columns):
                return self._answer(*best(*self._inside(found, scores, positions), k))
            inside, kept = self._inside(found, scores, positions)
            if _settled(kept, scores, k):
                return self._answer(*best(inside, kept, k))
            limit = min(4 * limit, len(self._columns))

    def dense(self, vector: Floats, k: int, scope: Scope) -> list[tuple[int, float]]:
        """Row ids and inner products of the ``k`` passages in scope nearest to ``vector`` (shape ``(dimension,)``).

        Best first, equal scores in the index's order; exact, but for an index that does not fit
        (`rag.indexes.placement`) and a wide scope. Raises `ModelError` for a vector of another length.
        """
        positions = self._positions(scope)
        every = len(positions) == len(self._columns)
        return self._answer(*self._matrix.nearest(vector, k, None if every else positions))

    def both(
        self, query: str, vector: Floats, k: int, scope: Scope
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """What `lexical` and `dense` answer, searched at the same time where the scope is wide."""
        if not self.at_once(scope):
            return self.lexical(query, k, scope), self.dense(vector, k, scope)
        words = self._helpers.submit(self.lexical, query, k, scope)
        near = self.dense(vector, k, scope)
        return words.result(), near

    def at_once(self, scope: Scope) -> bool:
        """Whether the scope is wide enough for `both` to take two threads."""
        return len(self._positions(scope)) >= self._wide

    def vectors(self, rows: Sequence[int]) -> Floats:
        """The vectors of these row ids, shape ``(len(rows), dimension)``; raises KeyError for one that is not here."""
        held, wanted = self._columns.rows, np.asarray(rows, dtype=np.int64)
        places = np.searchsorted(held, wanted, sorter=self._by_row)
        positions = self._by_row.take(places, mode="clip") if len(held) else places[:0]
        if not np.array_equal(held[positions], wanted):
            raise KeyError(f"row ids that the index does not hold: {np.setdiff1d(wanted, held).tolist()}")
        return self._matrix.rows(positions)

    def rarity(self, terms: Sequence[str]) -> list[float]:
        """The inverse document frequency of each analysed term in the passages' texts, as in BM25."""
        return self._words.rarity(terms)

    def frequency(self, terms: Sequence[str]) -> list[float]:
        """The share of all passages whose text has each analysed word, 0 to 1."""
        return self._words.frequency(terms)

    def holds(self, terms: Sequence[str], scope: Scope) -> list[bool]:
        """Whether the text of any passage in scope has each analysed word."""
        return [bool(self._among([term], 1, scope, context_boost=0.0)) for term in terms]

    @property
    def kind(self) -> str:
        """How and where vectors are searched, for people."""
        place = self._matrix.placement
        return f"{place.kind} on {place.on}"

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
        keep = among(found, positions)
        return found[keep], scores[keep]

    def _answer(self, positions: Positions, scores: Scores) -> list[tuple[int, float]]:
        return list(zip(self._columns.rows[positions].tolist(), scores.tolist(), strict=True))


def _settled(kept: Scores, fetched: Scores, k: int) -> bool:
    """Whether nothing that was not fetched can be among the best ``k`` of what was kept, ties included."""
    return len(kept) >= k and kept[k - 1] > fetched[-1] + 1e-5
