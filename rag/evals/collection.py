"""What is searched: the passages in force of one store, its index, and the production retriever over both."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.schema import Kind
from ingest.store import Store
from rag.asked.sections import base
from rag.dense import Device
from rag.evals.questions import Question
from rag.index import Index
from rag.indexes import generations
from rag.naming.ingredients import keys_of
from rag.ranking.scope import Columns
from rag.ranking.tuned import Tuned
from rag.types import Embedder, Floats
from rag.view import DiskViews, View

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Item:
    """A passage in force; ``section`` is the slug without its repetition number, ``drugs`` its document's keys."""

    row: int
    passage_id: str
    text: str
    context: str
    section: str
    kind: Kind
    drugs: frozenset[str]

    @property
    def indexed(self) -> str:
        """What the embedder read."""
        return f"{self.context}\n{self.text}"


@dataclass(frozen=True, slots=True)
class Collection:
    """``items`` by row id, in the index's order; ``rows``: row ids by passage id; ``work``: where caches may lie.

    ``view`` is what the service answers from. ``alike`` gives for each row the first one of the same drug and section
    with the same words: retrieval shows such a passage once, so all of them count as one.
    """

    name: str
    items: Mapping[int, Item]
    rows: Mapping[str, int]
    alike: Mapping[int, int]
    index: Index
    view: View
    embedder: Prepared
    folder: Path
    work: Path

    def vectors(self) -> Half:
        """Those of the index in the order of ``items``, shape ``(len(items), dimension)``."""
        positions = [place for place, row in enumerate(Columns.load(self.folder).rows) if int(row) in self.items]
        matrix: Half = np.load(self.folder / "vectors.npy", mmap_mode="r")[positions]
        return matrix


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with the row ids that answer it (each the first of those alike)."""

    question: Question
    relevant: frozenset[int]


class Prepared:
    """An embedder with the questions' vectors at hand: systems are timed without it, and get the same vectors."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, Floats] = {}

    @property
    def name(self) -> str:
        """The inner embedder's."""
        return self._inner.name

    @property
    def dimension(self) -> int:
        """The inner embedder's."""
        return self._inner.dimension

    def encode(self, texts: Sequence[str]) -> Floats:
        """As the inner embedder does."""
        if texts and all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        return self._inner.encode(texts)

    def prepare(self, texts: Iterable[str]) -> list[float]:
        """Embeds each text by itself, as a question comes, and returns the milliseconds that each took."""
        taken = []
        for text in dict.fromkeys(texts):
            started = time.perf_counter()
            self._known[text] = self._inner.encode([text])[0]
            taken.append(1000 * (time.perf_counter() - started))
        return taken


@dataclass(frozen=True, slots=True)
class Place:
    """Where a collection lies: URL of the store, folder of its indexes, folder for caches."""

    name: str
    url: str
    index_dir: Path
    work: Path


@contextmanager
def opened(place: Place, embedder: Embedder, device: Device = "auto") -> Iterator[Collection]:
    """The collection of a store and its index, closed afterwards; raises what `Index.open` and `Store.open` do."""
    prepared = Prepared(embedder)
    folder = generations.current(place.index_dir)
    store = Store.open(place.url)
    try:
        view = DiskViews(place.index_dir, store, prepared, device, reranker=Tuned.of(embedder)).load()
        items = {item.row: item for item in _items(store)}
        yield Collection(
            name=place.name,
            items=items,
            rows={item.passage_id: item.row for item in items.values()},
            alike=_alike(items.values()),
            index=Index.open(place.index_dir, device, prepared.name),
            view=view,
            embedder=prepared,
            folder=folder,
            work=place.work,
        )
    finally:
        store.close()


def _items(store: Store) -> Iterator[Item]:
    found = [row for row in store.index_rows() if row.superseded_on is None and not row.retracted]
    documents = store.documents({row.passage.document_id for row in found})
    keys = {name: frozenset(keys_of(document.drugs)) for name, document in documents.items()}
    for row in found:
        passage = row.passage
        drugs = keys[passage.document_id]
        yield Item(
            row.row_id, passage.passage_id, passage.text, passage.context, base(passage.section), row.kind, drugs
        )


def _alike(items: Iterable[Item]) -> dict[int, int]:
    first: dict[tuple[bytes, frozenset[str], str], int] = {}
    return {item.row: first.setdefault((digest(item.text), item.drugs, item.section), item.row) for item in items}


def digest(text: str) -> bytes:
    """The same for texts that differ in case and white space only."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).digest()


def judge(questions: Iterable[Question], collection: Collection) -> list[Judged]:
    """Each label question with the passages that answer it; none where the corpus has no such label or section.

    Those are the passages in an accepted section of the labels that have exactly the ingredients asked for: any label
    of the drug, a combination only where it is asked for, and for a question on two drugs the labels of either.
    """
    places: dict[tuple[frozenset[str], str], set[int]] = {}
    for item in collection.items.values():
        if item.kind is Kind.LABEL:
            places.setdefault((item.drugs, item.section), set()).add(collection.alike[item.row])
    return [
        Judged(
            question,
            frozenset().union(
                *(places.get((group, slug), ()) for group in question.groups for slug in question.sections)
            ),
        )
        for question in questions
    ]
