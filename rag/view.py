"""One generation of the index with all that answering needs of it: swapped as a whole, never changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations, permutations
from pathlib import Path
from typing import Protocol

from ingest.schema import Document, Kind, Passage
from ingest.store import Store
from rag.dense import Device
from rag.drugs import Resolver, keys_of
from rag.errors import IndexUnavailableError
from rag.index import Index, Manifest, Scope, stamp
from rag.query import Query
from rag.retrieve import Retriever
from rag.types import Embedder, Filters, Hit

PAIR_DEPTH = 20
"""Passages looked at for each order of two drugs before it is said that none names both."""
NAMES = 12
FEW_PAPERS = 3
"""Passages of papers on a mechanism; more would crowd out what is said of the drugs themselves."""


class Searcher(Protocol):
    """Ranked retrieval (`rag.retrieve.Retriever`)."""

    def search(self, query: Query, k: int = 10, filters: Filters | None = None, as_of: date | None = None) -> list[Hit]:
        """The best ``k`` passages."""


class Words(Protocol):
    """Lexical search within a scope (`rag.index.Index`)."""

    def lexical(self, query: str, k: int, scope: Scope) -> Sequence[tuple[int, float]]:
        """Row ids of passages that share words with ``query``, best first."""


class Rows(Protocol):
    """What row ids stand for (`ingest.store.Store`)."""

    def passages(self, row_ids: Iterable[int]) -> Mapping[int, Passage]:
        """The passages of these rows."""

    def documents(self, document_ids: Iterable[str]) -> Mapping[str, Document]:
        """The documents of these ids, without their sections."""


@dataclass(frozen=True, slots=True)
class View:
    """A generation: its manifest and the parts that read it. ``stamp`` is what the pointer file held for it."""

    stamp: str
    manifest: Manifest
    resolver: Resolver
    searcher: Searcher
    index: Words
    rows: Rows

    _sections: dict[tuple[tuple[str, ...], str, date | None], list[Hit]] = field(default_factory=dict, compare=False)

    def section(self, keys: tuple[str, ...], slug: str, as_of: date | None) -> list[Hit]:
        """Passages of one section of the labels of a drug, whatever else the question filters by.

        Labels with just these ingredients come first, the latest version of them, each in reading order.
        """
        known = self._sections.get((keys, slug, as_of))
        if known is None:
            scope = _labels(keys, as_of, frozenset({slug}))
            hits = self._hits(self.index.lexical(" ".join((*keys, slug.replace("_", " "))), PAIR_DEPTH, scope))
            known = sorted((hit for hit in hits if not hit.document.retracted), key=lambda hit: _fit(keys, hit))
            self._sections[keys, slug, as_of] = known  # two threads may both fetch it; they find the same
        return known

    def together(self, query: Query, filters: Filters, as_of: date | None) -> list[Hit]:
        """Passages of the whole corpus that name two of the question's drugs: a label naming another drug, or a paper.

        Found by name and not by rank, so that an empty list means there is none.
        """
        found: dict[str, Hit] = {}
        patterns = {keys: self._pattern(query, keys) for keys in query.drugs}
        for own, other in permutations(query.drugs, 2):
            words = " ".join(self._names(query, other))
            labels = self._hits(self.index.lexical(words, PAIR_DEPTH, _labels(own, as_of, None, filters)))
            found |= {hit.passage.passage_id: hit for hit in labels if patterns[other].search(hit.passage.text)}
        for own, other in combinations(query.drugs, 2):
            papers = self._hits(self.index.lexical(" ".join((*own, *other)), PAIR_DEPTH, _papers(filters, as_of)))
            both = (patterns[own], patterns[other])
            found |= {
                hit.passage.passage_id: hit for hit in papers if all(name.search(hit.passage.text) for name in both)
            }
        allowed = set(filters.kinds)
        return [
            hit
            for hit in found.values()
            if not hit.document.retracted and (not allowed or hit.document.kind in allowed)
        ]

    def papers_on(self, words: Iterable[str], filters: Filters, as_of: date | None) -> list[Hit]:
        """The few passages of the literature that share most of these words, retracted papers left out."""
        if filters.kinds and not set(filters.kinds) - {Kind.LABEL.value}:
            return []
        found = self.index.lexical(" ".join(sorted(words)), FEW_PAPERS, _papers(filters, as_of))
        return [hit for hit in self._hits(found) if not hit.document.retracted]

    def _names(self, query: Query, keys: tuple[str, ...]) -> tuple[str, ...]:
        """A drug's keys, the question's word for it and its other names in the corpus, a dozen at most."""
        said = (mention.surface.casefold() for mention in query.mentions if mention.keys == keys)
        return tuple(dict.fromkeys((*keys, *said, *self.resolver.names(keys))))[:NAMES]

    def _pattern(self, query: Query, keys: tuple[str, ...]) -> re.Pattern[str]:
        names = "|".join(re.escape(name) for name in self._names(query, keys))
        return re.compile(rf"\b(?:{names})\b", re.IGNORECASE)

    def _hits(self, found: Iterable[tuple[int, float]]) -> list[Hit]:
        scores = dict(found)
        passages = self.rows.passages(scores)
        documents = self.rows.documents({passage.document_id for passage in passages.values()})
        return [
            Hit(passage, document, scores[row], keys_of(document.drugs))
            for row, passage in passages.items()
            if (document := documents.get(passage.document_id))
        ]


class DiskViews:
    """Generations from an index folder, read with the store that they were built from."""

    def __init__(self, index_dir: Path, store: Store, embedder: Embedder, device: Device = "auto") -> None:
        self._index_dir, self._store, self._embedder, self._device = index_dir, store, embedder, device

    def stamp(self) -> str:
        """What the pointer file holds; empty where there is no generation."""
        return stamp(self._index_dir)

    def load(self) -> View:
        """The newest generation; raises `IndexUnavailableError`, `IndexCorruptError`."""
        name = self.stamp()
        index = Index.open(self._index_dir, self._device)
        if index.manifest.embedder != self._embedder.name:
            raise IndexUnavailableError(
                f"the index was built with the embedder {index.manifest.embedder}, not {self._embedder.name}: "
                "run `citerx index` with the present settings"
            )
        resolver = Resolver.from_store(self._store)
        retriever = Retriever(self._store, index, self._embedder, resolver)
        return View(name, index.manifest, resolver, retriever, index, self._store)


def _labels(
    keys: tuple[str, ...], as_of: date | None, sections: frozenset[str] | None, filters: Filters | None = None
) -> Scope:
    filters = filters or Filters()
    return Scope(
        drugs=frozenset(keys),
        kinds=frozenset({Kind.LABEL.value}),
        sections=sections or frozenset(filters.sections) or None,
        published_after=filters.published_after,
        published_before=filters.published_before,
        include_superseded=filters.include_superseded,
        as_of=as_of,
    )


def _papers(filters: Filters, as_of: date | None) -> Scope:
    return Scope(
        kinds=frozenset(kind.value for kind in Kind if kind is not Kind.LABEL),
        sections=frozenset(filters.sections) or None,
        published_after=filters.published_after,
        published_before=filters.published_before,
        include_superseded=filters.include_superseded,
        as_of=as_of,
    )


def _fit(keys: tuple[str, ...], hit: Hit) -> tuple[bool, int, str, int]:
    effective = hit.document.effective
    age = -effective.toordinal() if effective else 0
    return set(hit.drugs) != set(keys), age, hit.document.document_id, hit.passage.start
