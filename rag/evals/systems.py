"""The systems compared, each a function (question, k) -> row ids with scores over the same passages.

Names say what a system reads: ``-text`` the passage alone, others the context line (drug, section, title) too. All
search everything in force; only ``citerx`` understands the question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from rank_bm25 import BM25Okapi

from ingest.store import Store
from rag.evals import stock
from rag.evals.collection import Collection, Item
from rag.fuse import reciprocal_rank
from rag.lexical import analyse
from rag.query import understand
from rag.ranking.scope import Scope
from rag.retrieve import DEPTH, Retriever
from rag.types import Floats

Ranked = list[tuple[int, float]]
Search = Callable[[str, int], Ranked]
Read = Callable[[Item], str]

BLOCK = 512


@dataclass(frozen=True, slots=True)
class System:
    """``note``: one line for the report; ``build`` makes it ready, untimed by questions."""

    note: str
    build: Callable[[Collection], Search]


def _citerx(collection: Collection) -> Search:
    view = collection.view

    def search(question: str, k: int) -> Ranked:
        hits = view.searcher.search(understand(question, view.resolver), k)
        return [(collection.rows[hit.passage.passage_id], hit.score) for hit in hits]

    return search


def _untuned(collection: Collection) -> Search:
    view, index = collection.view, collection.index
    searcher = Retriever(view.rows, index, collection.embedder, view.resolver)

    def search(question: str, k: int) -> Ranked:
        hits = searcher.search(understand(question, view.resolver), k)
        return [(collection.rows[hit.passage.passage_id], hit.score) for hit in hits]

    return search


def _okapi(collection: Collection, read: Read) -> Search:
    """Scores every passage for every question."""
    rows = list(collection.items)
    terms: dict[str, str] = {}  # one string for each term: there are millions of occurrences
    bm25 = BM25Okapi(  # type: ignore[no-untyped-call]
        [terms.setdefault(term, term) for term in analyse(read(item))] for item in collection.items.values()
    )

    @lru_cache(1)  # the same question is asked for 10 passages, then for 100
    def scores(question: str) -> Floats:
        found: Floats = bm25.get_scores(analyse(question))  # type: ignore[no-untyped-call]
        return found

    def search(question: str, k: int) -> Ranked:
        values = scores(question)
        return [(rows[place], float(values[place])) for place in np.argsort(-values, kind="stable")[:k]]

    return search


def _tantivy(collection: Collection, boost: float) -> Search:
    def search(question: str, k: int) -> Ranked:
        return collection.index.lexical(question, k, Scope(), context_boost=boost)

    return search


def _dense(collection: Collection) -> Search:
    def search(question: str, k: int) -> Ranked:
        return collection.index.dense(collection.embedder.encode([question])[0], k, Scope())

    return search


def _dense_text(collection: Collection) -> Search:
    """Embeds every passage without its context line, once; the vectors are kept in the work folder."""
    rows, matrix = list(collection.items), _text_vectors(collection)

    def search(question: str, k: int) -> Ranked:
        scores = matrix @ collection.embedder.encode([question])[0]
        return [(rows[place], float(scores[place])) for place in np.argsort(-scores, kind="stable")[:k]]

    return search


def _text_vectors(collection: Collection) -> Floats:
    collection.work.mkdir(parents=True, exist_ok=True)
    cache = Store.open(f"sqlite:///{collection.work / 'vectors.db'}")
    texts = [item.text for item in collection.items.values()]
    try:
        blocks = [_cached(cache, collection, texts[start : start + BLOCK]) for start in range(0, len(texts), BLOCK)]
    finally:
        cache.close()
    return np.concatenate(blocks)


def _cached(cache: Store, collection: Collection, texts: list[str]) -> Floats:
    embedder = collection.embedder
    hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
    known = dict(cache.vectors(embedder.name, hashes))
    missing = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
    if missing:
        new = dict(zip(missing, embedder.encode(list(missing.values())).astype(np.float16), strict=True))
        cache.put_vectors(embedder.name, new)
        known |= new
    return np.stack([known[key] for key in hashes]).astype(np.float32)


def _fusion(collection: Collection, parts: Iterable[Callable[[Collection], Search]]) -> Search:
    """Reciprocal rank fusion of ``parts`` with equal weights, each to the depth that production uses."""
    searches = [build(collection) for build in parts]

    def search(question: str, k: int) -> Ranked:
        rankings = [[row for row, _ in part(question, max(DEPTH, k))] for part in searches]
        return reciprocal_rank(rankings, [1.0] * len(rankings))[:k]

    return search


def _text(item: Item) -> str:
    return item.text


def _indexed(item: Item) -> str:
    return item.indexed


_TANTIVY = partial(_tantivy, boost=1.0)
_TANTIVY_TEXT = partial(_tantivy, boost=0.0)

SYSTEMS: Mapping[str, System] = {
    "citerx": System("the service's own retriever", _citerx),
    "citerx-untuned": System("the same without its tuned models", _untuned),
    "bm25-text": System("rank-bm25 (Okapi), text alone", partial(_okapi, read=_text)),
    "bm25": System("rank-bm25 (Okapi), text with context", partial(_okapi, read=_indexed)),
    "tantivy-text": System("tantivy, text alone", _TANTIVY_TEXT),
    "tantivy": System("tantivy, text and context", _TANTIVY),
    "dense-text": System("exact vectors of the text alone", _dense_text),
    "dense": System("exact vectors of text with context", _dense),
    "fusion-text": System(
        "reciprocal rank fusion of tantivy-text and dense-text", partial(_fusion, parts=(_TANTIVY_TEXT, _dense_text))
    ),
    "fusion": System("reciprocal rank fusion of tantivy and dense", partial(_fusion, parts=(_TANTIVY, _dense))),
    "llamaindex": System(
        "LlamaIndex QueryFusionRetriever over its BM25Retriever and FaissVectorStore, text with context", stock.build
    ),
}
"""A new system is one more row."""

DEFAULT = tuple(name for name in SYSTEMS if name not in {"dense-text", "fusion-text"})
"""The other two embed the whole corpus a second time."""

BASELINE = "fusion"
"""What every system is compared with, question by question."""
