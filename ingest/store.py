"""The store: every document, passage, vector and answer. It is the truth; each index is derived from it.

Readers may be many threads; one process writes at a time, in transactions that are seen whole or not at all.
Every method raises `StoreError`, which names the database and says what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    delete,
    distinct,
    func,
    insert,
    select,
)

from ingest import database
from ingest import marks as marking
from ingest.batch import Batch, Outcome
from ingest.database import answers, documents, drug_names, in_chunks, sections, vectors
from ingest.database import passages as passage_table
from ingest.editions import order
from ingest.queries import (
    DOCUMENTS,
    DRUGS,
    HELD,
    NEWEST,
    PASSAGES,
    REVISION,
    SAME_WORDS_NOW,
    SAME_WORDS_ON,
    TABLES,
    passages_of,
)
from ingest.recent import Recent
from ingest.records import content_key, to_document, to_drugs, to_section, to_tables
from ingest.schema import Document, DrugNames, Kind, Passage, Section, Table, pages_between

__all__ = ["Batch", "Counts", "IndexRow", "Outcome", "Store"]

Half = NDArray[np.float16]
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
# How long keeping an answer waits for another writer: its reader waits as long.
ANSWER_BUSY_SECONDS = 0.25
# Records kept in memory: some 5 kB a document, 2 kB a passage.
RECENT_DOCUMENTS, RECENT_PASSAGES = 2048, 8192


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A passage with what an index filters by.

    ``row_id`` is never given to another passage; ``ordinal`` is the position of its section in the document;
    ``effective`` is from when the document counts as in force (`Document.since`).
    """

    row_id: int
    passage: Passage
    ordinal: int
    kind: Kind
    work_id: str
    published: date | None
    effective: date | None
    superseded_on: date | None
    retracted: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the store holds; ``documents`` per kind (kinds without a document are absent)."""

    documents: dict[str, int]
    passages: int
    works: int
    superseded: int
    retracted: int


class Store:
    """See the module. Conformance suite: ``tests/contracts/store.py``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._documents: Recent[str, Document] = Recent(RECENT_DOCUMENTS)
        self._passages: Recent[int, Passage] = Recent(RECENT_PASSAGES)

    @staticmethod
    def open(url: str) -> Store:
        """Opens the database at an SQLAlchemy URL; makes its folder and tables where they are absent."""
        return Store(database.open_engine(url))

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()

    @property
    def place(self) -> str:
        """The database's file, or its URL without the password."""
        return database.place(self._engine)

    def ingesting(self) -> AbstractContextManager[None]:
        """Holds off a second ingest as long as the context is open; raises `StoreError` where one is running."""
        return database.ingest_lock(self._engine)

    @contextmanager
    def writing(self) -> Iterator[Batch]:
        """One transaction: all that is done with the batch is committed at the end, or nothing on an error."""
        with self._transaction(writing=True) as connection:
            batch = Batch(connection)
            yield batch
            batch.finish()

    def document(self, document_id: str) -> Document | None:
        """The whole document with ``superseded_on`` filled, or None."""
        with self._transaction() as connection:
            found = select(documents).where(documents.c.document_id == document_id)
            row = connection.execute(found).mappings().first()
            if row is None:
                return None
            inner = select(sections).where(sections.c.document == row["row_id"]).order_by(sections.c.ordinal)
            parts = tuple(to_section(part) for part in connection.execute(inner).mappings())
            return _to_documents(connection, [row], {row["row_id"]: parts})[0]

    def documents(self, document_ids: Iterable[str]) -> dict[str, Document]:
        """The documents that exist of these, without their sections."""
        with self._transaction() as connection:
            return _through(self._documents, connection, list(dict.fromkeys(document_ids)), _read_documents)

    def versions(self, work_id: str) -> list[tuple[Document, int]]:
        """Every version of a work without its sections, and how many it has; the oldest first, [] for no such work."""
        query = select(documents).where(documents.c.work_id == work_id)
        of_work = sections.c.document.in_(select(documents.c.row_id).where(documents.c.work_id == work_id))
        count = select(sections.c.document, func.count().label("number")).where(of_work).group_by(sections.c.document)
        with self._transaction() as connection:
            rows = sorted(connection.execute(query).mappings().all(), key=lambda row: row["document_id"])
            sizes = {row.document: row.number for row in connection.execute(count)}
            found = zip(_to_documents(connection, rows, {}), (sizes.get(row["row_id"], 0) for row in rows), strict=True)
            return sorted(found, key=lambda pair: order(pair[0].effective, pair[0].version))

    def holds(self, document: Document) -> bool:
        """True where a version of it is there and has had exactly this content: `Batch.put` would say ``unchanged``."""
        same = {
            "document_id": document.document_id,
            "begin": f"{document.document_id}:",
            "work": document.work_id,
            "editorial": document.editorial,
            "key": content_key(document),
        }
        with self._transaction() as connection:
            try:
                return connection.scalar(HELD, same) is not None
            except UnicodeEncodeError:  # an id that no database can keep; `Batch.put` says so
                return False

    def passage(self, passage_id: str) -> Passage | None:
        """The passage, or None."""
        with self._transaction() as connection:
            row = connection.execute(passages_of().where(passage_table.c.passage_id == passage_id)).first()
            return None if row is None else _passage(row)

    def passages(self, row_ids: Iterable[int]) -> dict[int, Passage]:
        """The passages that exist of these row ids."""
        with self._transaction() as connection:
            return _through(self._passages, connection, [int(row_id) for row_id in row_ids], _read_passages)

    def same_words(
        self, passage_ids: Iterable[str], naming: str = "", as_of: date | None = None
    ) -> dict[str, tuple[str, ...]]:
        """For each passage the other labels in force on a day (or now), in order of ids, that have one of its words.

        White space makes no difference. ``naming``: part of a generic or substance name, in lower case, that they must
        have: a class's wording may stand in thousands of labels. No summaries and nothing retracted is among them.
        """
        found: dict[str, set[str]] = {}
        query = SAME_WORDS_ON if as_of else SAME_WORDS_NOW
        with self._transaction() as connection:
            for chunk in in_chunks(dict.fromkeys(passage_ids)):
                wanted = {"wanted": chunk, "naming": f"%{naming}%"} | ({"as_of": as_of} if as_of else {})
                for name, document_id in connection.execute(query, wanted):
                    found.setdefault(name, set()).add(document_id)
        return {name: tuple(sorted(others)) for name, others in found.items()}

    def tables(self, passage_ids: Iterable[str]) -> dict[str, tuple[Table, ...]]:
        """The tables of the section that each passage is from; passages without one are left out."""
        with self._transaction() as connection:
            return {
                name: to_tables(tables)
                for chunk in in_chunks(dict.fromkeys(passage_ids))
                for name, tables in connection.execute(TABLES, {"wanted": chunk})
                if tables
            }

    def index_rows(self) -> Iterator[IndexRow]:
        """Every passage in the order of document id, section and start, streamed from one snapshot."""
        columns = [documents.c[name] for name in ("kind", "work_id", "published", "since", "superseded_on")]
        order = (documents.c.document_id, passage_table.c.section, passage_table.c.start, passage_table.c.row_id)
        query = passages_of().add_columns(*columns, documents.c.retracted, passage_table.c.section).order_by(*order)
        with self._transaction() as connection:
            every = connection.scalars(select(documents.c.row_id).order_by(documents.c.document_id)).all()
            for chunk in in_chunks(every):  # sorting all passages at once would take the space of their text
                found = query.where(documents.c.row_id.in_(chunk))
                for row in connection.execution_options(yield_per=1000).execute(found):
                    *_, kind, work_id, published, effective, superseded, retracted, ordinal = row
                    dates = (published, effective, superseded)
                    yield IndexRow(row[0], _passage(row), ordinal, Kind(kind), work_id, *dates, retracted)

    def drug_names(self) -> Iterator[tuple[str, str, str]]:
        """Every (document id, field, name); the fields are those of `DrugNames`; streamed in the source's order."""
        query = (
            select(documents.c.document_id, drug_names.c.field, drug_names.c.name)
            .join_from(documents, drug_names)
            .order_by(documents.c.document_id, drug_names.c.field, drug_names.c.ordinal)
        )
        with self._transaction() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield row.document_id, row.field, row.name

    def vectors(self, model: str, hashes: Iterable[bytes]) -> dict[bytes, Half]:
        """The cached vectors that exist of these content hashes; read-only arrays of shape (dimension,)."""
        found: dict[bytes, Half] = {}
        with self._transaction() as connection:
            for chunk in in_chunks(hashes):
                query = select(vectors.c.hash, vectors.c.vector).where(
                    vectors.c.model == model, vectors.c.hash.in_(chunk)
                )
                found |= {bytes(key): np.frombuffer(data, np.dtype("<f2")) for key, data in connection.execute(query)}
        return found

    def put_vectors(self, model: str, items: Mapping[bytes, NDArray[np.floating]]) -> None:
        """Caches vectors by content hash, as float16; one that is there stays (the same text, the same vector)."""
        with self._transaction(writing=True) as connection:
            for chunk in in_chunks(items):
                query = select(vectors.c.hash).where(vectors.c.model == model, vectors.c.hash.in_(chunk))
                there = set(connection.scalars(query))
                rows = [
                    {"model": model, "hash": key, "vector": items[key].astype("<f2").tobytes()}
                    for key in chunk
                    if key not in there
                ]
                if rows:
                    connection.execute(insert(vectors), rows)

    def prune_vectors(self, wanted: Collection[bytes]) -> int:
        """Drops the cached vectors, of every model, of content that is not ``wanted``; how many those were."""
        with self._transaction(writing=True) as connection:
            there = set(connection.scalars(select(vectors.c.hash).distinct()))
            gone = 0
            for chunk in in_chunks(there.difference(wanted)):
                gone += connection.execute(delete(vectors).where(vectors.c.hash.in_(chunk))).rowcount
        return gone

    def revision(self) -> int:
        """Grows with every commit that changes documents."""
        with self._transaction() as connection:
            return _revision(connection)

    def counts(self) -> Counts:
        """How much there is of what."""
        kinds = (
            select(documents.c.kind, func.count().label("number")).group_by(documents.c.kind).order_by(documents.c.kind)
        )
        count = select(func.count())
        with self._transaction() as connection:
            return Counts(
                documents={row.kind: row.number for row in connection.execute(kinds)},
                passages=connection.scalars(count.select_from(passage_table)).one(),
                works=connection.scalars(select(func.count(distinct(documents.c.work_id)))).one(),
                superseded=connection.scalars(count.where(documents.c.superseded_on.is_not(None))).one(),
                retracted=connection.scalars(count.where(documents.c.retracted.is_(True))).one(),
            )

    def newest_source(self) -> date | None:
        """The latest date of any document, or None: of a paper when it appeared, of others when they took force."""
        with self._transaction() as connection:
            return max((day for day in connection.execute(NEWEST).one() if day), default=None)

    def demonstration(self) -> bool:
        """True where there are editorial summaries and no real source."""
        with self._transaction() as connection:
            marks = set(connection.scalars(select(documents.c.editorial).distinct()))
        return marks == {True}

    def save_answer(self, answer_id: str, payload: Mapping[str, Any]) -> None:
        """Keeps an answer as JSON; an answer of the same id is replaced. Waits only shortly for another writer."""
        row = {"answer_id": answer_id, "created": datetime.now(UTC).isoformat(), "payload": dict(payload)}
        with self._transaction(writing=True, busy_seconds=ANSWER_BUSY_SECONDS) as connection:
            connection.execute(delete(answers).where(answers.c.answer_id == answer_id))
            connection.execute(insert(answers).values(row))

    def answer(self, answer_id: str) -> dict[str, Any] | None:
        """The payload of a kept answer, or None."""
        with self._transaction() as connection:
            payload: dict[str, Any] | None = connection.scalar(
                select(answers.c.payload).where(answers.c.answer_id == answer_id)
            )
            return payload

    def answers(self, since: date | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """When each answer was kept (ISO 8601, UTC) and its payload, the oldest first; ``since``: from that day on."""
        query = select(answers.c.created, answers.c.payload).order_by(answers.c.created, answers.c.answer_id)
        if since:
            query = query.where(answers.c.created >= since.isoformat())
        with self._transaction() as connection:
            for row in connection.execution_options(yield_per=200).execute(query):
                yield row.created, row.payload

    @contextmanager
    def _transaction(self, *, writing: bool = False, **options: float) -> Iterator[Connection]:
        with (
            database.translated(self._engine),
            self._engine.connect().execution_options(writing=writing, **options) as connection,
            connection.begin(),
        ):
            yield connection


def _through(
    recent: Recent[K, V], connection: Connection, keys: Sequence[K], read: Callable[[Connection, list[K]], dict[K, V]]
) -> dict[K, V]:
    """The records of ``keys`` that exist, in that order, read where they were not read before in this revision."""
    revision = _revision(connection)
    found = recent.known(revision, keys)
    new: dict[K, V] = {}
    for chunk in in_chunks(key for key in keys if key not in found):
        new |= read(connection, chunk)
    recent.keep(revision, new)
    found |= new
    return {key: found[key] for key in keys if key in found}


def _revision(connection: Connection) -> int:
    revision: int = connection.scalars(REVISION).one()
    return revision


def _read_passages(connection: Connection, row_ids: list[int]) -> dict[int, Passage]:
    return {row[0]: _passage(row) for row in connection.execute(PASSAGES, {"wanted": row_ids})}


def _read_documents(connection: Connection, document_ids: list[str]) -> dict[str, Document]:
    rows = connection.execute(DOCUMENTS, {"wanted": document_ids}).mappings().all()
    return {document.document_id: document for document in _to_documents(connection, rows, {})}


def _to_documents(
    connection: Connection, rows: Sequence[RowMapping], parts: Mapping[int, tuple[Section, ...]]
) -> list[Document]:
    """The documents of these rows in order; ``parts``: the sections of those that are read whole."""
    drugs = _drugs(connection, [row["row_id"] for row in rows])
    said = marking.told(connection, rows)
    found = ((row, row["row_id"]) for row in rows)
    return [to_document(row, drugs.get(key, DrugNames()), parts.get(key, ()), said.get(key, ())) for row, key in found]


def _passage(row: Sequence[Any]) -> Passage:
    _, name, document_id, section, start, end, text, context, pages, *_ = row
    return Passage(name, document_id, section, start, end, text, context, pages_between(pages, start, end))


def _drugs(connection: Connection, row_ids: Sequence[int]) -> dict[int, DrugNames]:
    names: dict[int, list[tuple[str, str]]] = {}
    for document, field, name in connection.execute(DRUGS, {"wanted": row_ids}):
        names.setdefault(document, []).append((field, name))
    return {row_id: to_drugs(pairs) for row_id, pairs in names.items()}
