"""One generation of the index with all that answering needs of it: swapped as a whole, never changed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations, product
from pathlib import Path
from typing import Protocol

from ingest.schema import Document, Kind, Passage
from ingest.store import Store
from rag.dense import Device
from rag.drugs import Resolver, keys_of
from rag.index import Index, Manifest, Scope, stamp
from rag.query import Query
from rag.ranking.scope import allowed_by
from rag.retrieve import NAMES, Reranker, Retriever
from rag.types import Embedder, Filters, Hit

PAIR_DEPTH = 100
"""Passages looked at for each name of a drug before it is said that none names both."""
PAPER_NAMES = 3
"""Names of each drug that papers on both are searched by, in all pairs."""
ALIKE_DEPTH = 24
"""Passages of a drug's labels that are looked through for the same words."""
FEW_PAPERS = 3
"""Passages of papers on a mechanism; more would crowd out what is said of the drugs themselves."""


class Searcher(Protocol):
    """Ranked retrieval (`rag.retrieve.Retriever`)."""

    def search(self, query: Query, k: int = 10, filters: Filters | None = None, as_of: date | None = None) -> list[Hit]:
        """The best ``k`` passages."""


class Words(Protocol):
    """Lexical search within a scope, and all that is in it (`rag.index.Index`)."""

    def lexical(self, query: str, k: int, scope: Scope) -> Sequence[tuple[int, float]]:
        """Row ids of passages that share words with ``query``, best first."""

    def rows(self, scope: Scope) -> Sequence[Sequence[int]]:
        """Row ids of all passages in scope, unranked: those of each document in the order of its text."""

    def frequency(self, terms: Sequence[str]) -> list[float]:
        """The share of all passages whose text has each analysed word, 0 to 1."""

    def holds(self, terms: Sequence[str], scope: Scope) -> list[bool]:
        """Whether the text of any passage in scope has each analysed word."""


class Rows(Protocol):
    """What row ids stand for (`ingest.store.Store`)."""

    def passages(self, row_ids: Iterable[int]) -> Mapping[int, Passage]:
        """The passages of these rows."""

    def documents(self, document_ids: Iterable[str]) -> Mapping[str, Document]:
        """The documents of these ids, without their sections."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section's passages in reading order; ``changed``: the index has it, but the store no longer as it was."""

    hits: tuple[Hit, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class Together:
    """Passages that name two of the question's drugs, and which pairs (places in ``Query.drugs``) they cover."""

    hits: list[Hit]
    covered: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Labels:
    """Labels that have a section, the best first: document id and rows; ``lost``: the store lacks rows of some."""

    found: tuple[tuple[str, tuple[int, ...]], ...]
    lost: bool


@dataclass(frozen=True, slots=True)
class View:
    """A generation: its manifest and the parts that read it. ``stamp`` is what the pointer file held for it."""

    stamp: str
    manifest: Manifest
    resolver: Resolver
    searcher: Searcher
    index: Words
    rows: Rows

    _sections: dict[tuple[tuple[str, ...], str], _Labels] = field(default_factory=dict, compare=False)
    _owned: dict[tuple[str, ...], tuple[Document, ...]] = field(default_factory=dict, compare=False)

    def section(self, keys: tuple[str, ...], slug: str, as_of: date | None, cited: Collection[str] = ()) -> Part:
        """One section of a label of a drug, whole and in reading order, whatever else the question filters by.

        Where the index has labels with just these ingredients, of one of those or of none; else of the label nearest
        to them. A label in ``cited`` (document ids) comes first, then the latest.
        """
        labels = self._labels_with(keys, slug, as_of)
        if not labels.found:
            return Part((), changed=labels.lost)
        _, rows = next((label for label in labels.found if label[0] in cited), labels.found[0])
        hits = sorted(self._hits(dict.fromkeys(rows, 0.0).items()), key=_reading_order)
        sound = len(hits) == len(rows) and all(set(hit.drugs) & set(keys) for hit in hits)
        return Part(tuple(hits), changed=False) if sound else Part((), changed=True)

    def _labels_with(self, keys: tuple[str, ...], slug: str, as_of: date | None) -> _Labels:
        """Remembered for what is in force now; dates are the caller's and would fill the memory."""
        known = self._sections.get((keys, slug)) if as_of is None else None
        if known is None:
            known = self._find_labels(keys, slug, as_of)
            if as_of is None:
                self._sections[keys, slug] = known  # two threads may both find it; they find the same
        return known

    def _find_labels(self, keys: tuple[str, ...], slug: str, as_of: date | None) -> _Labels:
        scope = replace(_labels(keys, Filters(), as_of), sections=None)
        told = self.index.rows(replace(scope, sections=frozenset({slug})))
        if not told:
            return _Labels((), lost=False)
        first = [rows[0] for rows in (*self.index.rows(scope), *told)]
        passages = self.rows.passages(first)
        documents = self.rows.documents({passage.document_id for passage in passages.values()})
        owners = {row: documents.get(passage.document_id) for row, passage in passages.items()}
        found = [(document, tuple(rows)) for rows in told if (document := owners.get(rows[0]))]
        if any(set(keys_of(document.drugs)) == set(keys) for document in documents.values()):
            found = [(document, rows) for document, rows in found if set(keys_of(document.drugs)) == set(keys)]
        found.sort(key=lambda label: _fit(keys, label[0]))
        lost = any(owners.get(rows[0]) is None for rows in told)
        return _Labels(tuple((document.document_id, rows) for document, rows in found), lost)

    def labels(self, keys: tuple[str, ...], as_of: date | None) -> tuple[Document, ...]:
        """The labels of a drug, without their sections: those with just its ingredients, else all that have one of
        them. Remembered for what is in force now."""
        known = self._owned.get(keys) if as_of is None else None
        if known is None:
            first = [rows[0] for rows in self.index.rows(_labels(keys, Filters(), as_of))]
            owners = {passage.document_id for passage in self.rows.passages(first).values()}
            every = self.rows.documents(owners).values()
            exact = [document for document in every if set(keys_of(document.drugs)) == set(keys)]
            known = tuple(sorted(exact or every, key=lambda document: document.document_id))
            if as_of is None:
                self._owned[keys] = known
        return known

    def together(self, query: Query, filters: Filters, as_of: date | None) -> Together:
        """Passages of the whole corpus that name two of the question's drugs: a label naming another drug, or a paper.

        Found by name and not by rank, so that a pair that is not covered has none. Within the filters: labels of the
        filter's drugs, papers that name one of them.
        """
        kept = self.filtered(filters)
        patterns = [self._pattern(query, keys) for keys in query.drugs]
        found: dict[str, Hit] = {}
        covered: set[tuple[int, int]] = set()
        for one, two in combinations(range(len(query.drugs)), 2):
            hits: list[Hit] = []
            for own, other in ((one, two), (two, one)):
                keys = query.drugs[own]
                if _allows(filters, Kind.LABEL) and (not kept or kept & set(keys)):
                    names = [(head,) for head in self._heads(query, query.drugs[other])]
                    hits += self._naming(names, _labels(keys, filters, as_of), [patterns[other]])
            if not kept or kept & {*query.drugs[one], *query.drugs[two]}:
                pairs = product(*(self._heads(query, query.drugs[drug])[:PAPER_NAMES] for drug in (one, two)))
                hits += self._naming(pairs, _papers(filters, as_of), [patterns[one], patterns[two]])
            found |= {hit.passage.passage_id: hit for hit in hits}
            covered |= {(one, two)} if hits else set()
        return Together(list(found.values()), frozenset(covered))

    def alike(
        self, keys: tuple[str, ...], slugs: tuple[str, ...], words: Sequence[str], as_of: date | None
    ) -> list[Hit]:
        """Passages of a drug's labels in force, of these sections (none: of all), that share most of the words."""
        scope = replace(_labels(keys, Filters(), as_of), sections=frozenset(slugs) or None)
        return self._hits(self.index.lexical(" ".join(words), ALIKE_DEPTH, scope))

    def frequency(self, stems: Sequence[str]) -> list[float]:
        """The share of all passages that have each analysed word."""
        return self.index.frequency(stems)

    def labels_have(self, keys: tuple[str, ...], stems: Sequence[str], as_of: date | None) -> list[bool]:
        """Whether any label of these drugs has each analysed word."""
        return self.index.holds(stems, _labels(keys, Filters(), as_of))

    def filtered(self, filters: Filters) -> frozenset[str]:
        """The keys of the filter's drugs."""
        return frozenset(key for name in filters.drugs for key in self.resolver.name(name))

    def about(self, query: Query, hit: Hit, text: str) -> bool:
        """Whether a sentence of ``hit`` is of a drug of the question or names one; of a paper the passage may."""
        if set(hit.drugs) & set(query.keys):
            return True
        readable = text if hit.document.kind is Kind.LABEL else f"{hit.document.title}\n{hit.passage.text}"
        return any(self._pattern(query, keys).search(readable) for keys in query.drugs)

    def _naming(self, searches: Iterable[Sequence[str]], scope: Scope, names: Sequence[re.Pattern[str]]) -> list[Hit]:
        """The passages with all the names that the first successful search gives."""
        for words in searches:
            hits = self._hits(self.index.lexical(" ".join(words), PAIR_DEPTH, scope))
            named = [
                hit
                for hit in hits
                if not hit.document.retracted and all(name.search(hit.passage.text) for name in names)
            ]
            if named:
                return named
        return []

    def _heads(self, query: Query, keys: tuple[str, ...]) -> list[str]:
        """The longest word of each name, which distinguishes it best: not the "acid" or "sodium" of many drugs."""
        return list(dict.fromkeys(max(name.split(), key=len) for name in self._names(query, keys) if name.strip()))

    def papers_on(self, words: Iterable[str], filters: Filters, as_of: date | None) -> list[Hit]:
        """The few passages of the literature that share most of these words, retracted papers left out."""
        if filters.kinds and not set(filters.kinds) - {Kind.LABEL.value}:
            return []
        found = self.index.lexical(" ".join(sorted(words)), FEW_PAPERS, _papers(filters, as_of))
        names = [re.escape(name) for key in filters.drugs for name in self.resolver.names(self.resolver.name(key))]
        kept = re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE)
        return [hit for hit in self._hits(found) if not hit.document.retracted and kept.search(hit.passage.text)]

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

    def __init__(
        self,
        index_dir: Path,
        store: Store,
        embedder: Embedder,
        device: Device = "auto",
        *,
        reranker: Reranker | None = None,
    ) -> None:
        self._index_dir, self._store, self._embedder, self._device = index_dir, store, embedder, device
        self._reranker = reranker

    def stamp(self) -> str:
        """What the pointer file holds; empty where there is no generation."""
        return stamp(self._index_dir)

    def load(self) -> View:
        """The newest generation; raises `IndexUnavailableError`, `EmbedderMismatchError`, `IndexCorruptError`."""
        name = self.stamp()
        index = Index.open(self._index_dir, self._device, self._embedder.name)
        resolver = Resolver.from_store(self._store)
        retriever = Retriever(self._store, index, self._embedder, resolver, reranker=self._reranker)
        return View(name, index.manifest, resolver, retriever, index, self._store)


def _labels(keys: tuple[str, ...], filters: Filters, as_of: date | None) -> Scope:
    return replace(allowed_by(filters, as_of), drugs=frozenset(keys), kinds=frozenset({Kind.LABEL.value}))


def _papers(filters: Filters, as_of: date | None) -> Scope:
    kinds = frozenset(kind.value for kind in Kind if kind is not Kind.LABEL and _allows(filters, kind))
    return replace(allowed_by(filters, as_of), kinds=kinds)


def _allows(filters: Filters, kind: Kind) -> bool:
    return not filters.kinds or kind.value in filters.kinds


def _fit(keys: tuple[str, ...], document: Document) -> tuple[int, int, str]:
    """Few other ingredients first, then the latest."""
    age = -document.effective.toordinal() if document.effective else 0
    return len(set(keys_of(document.drugs)) ^ set(keys)), age, document.document_id


def _reading_order(hit: Hit) -> tuple[str, int]:
    return hit.passage.section, hit.passage.start
