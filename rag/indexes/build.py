"""Builds the index from the store: always from the beginning, as a new generation, with cached vectors.

A build is two passes over the store, one for the columns and the content's name, one for the words, with the vectors
between them; the store may be written to meanwhile, which the second pass notices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.schema import DrugNames, Kind, Passage
from rag import lexical
from rag.asked.sections import base
from rag.errors import IndexBuildError, IndexCorruptError, IndexUnavailableError
from rag.indexes import generations, refined, vectors
from rag.indexes.generations import Manifest
from rag.indexes.placement import Machine, machine, needs_training
from rag.indexes.ready import ready
from rag.indexes.searchers import Half
from rag.lexical import Entry
from rag.naming.ingredients import keys_of
from rag.ranking.scope import Columns, ordinal
from rag.types import Embedder

BLOCK = 512
"""Passages embedded between two commits of their vectors: what a crash loses at most."""

ATTEMPTS = 3

Progress = Callable[[int, int], object]
KeysOf = Callable[[DrugNames], tuple[str, ...]]


class Row(Protocol):
    """A passage with what an index filters by (`ingest.store.IndexRow`)."""

    @property
    def row_id(self) -> int:
        """Stands for the passage in every answer of the index."""

    @property
    def passage(self) -> Passage:
        """The passage itself."""

    @property
    def kind(self) -> Kind:
        """Of its document, as all that follows."""

    @property
    def published(self) -> date | None:
        """When the document first appeared."""

    @property
    def effective(self) -> date | None:
        """When this version took force."""

    @property
    def superseded_on(self) -> date | None:
        """When a newer version replaced it."""

    @property
    def retracted(self) -> bool:
        """Whether the source withdrew it."""


class Source(Protocol):
    """What is indexed (`ingest.store.Store`)."""

    def index_rows(self) -> Iterable[Row]:
        """Every passage; those of a document together, in an order that the content alone decides."""

    def drug_names(self) -> Iterable[tuple[str, str, str]]:
        """(document id, field of `DrugNames`, name); those of a document together."""

    def passages(self, row_ids: Iterable[int]) -> Mapping[int, Passage]:
        """The passages that exist of these rows."""

    def vectors(self, model: str, hashes: Iterable[bytes]) -> Mapping[bytes, Half]:
        """The cached vectors that exist of these content hashes."""

    def put_vectors(self, model: str, items: Mapping[bytes, Half]) -> None:
        """Caches vectors by content hash."""

    def revision(self) -> int:
        """Grows with every change."""

    def newest_source(self) -> date | None:
        """The latest date that a document states."""

    def demonstration(self) -> bool:
        """Whether all of it is the editorial starter corpus."""


class Prunable(Protocol):
    """A store whose cached vectors can be dropped (`ingest.store.Store`)."""

    def index_rows(self) -> Iterable[Row]:
        """Every passage."""

    def prune_vectors(self, wanted: Collection[bytes]) -> int:
        """Drops the vectors of other content hashes; how many there were."""


class StoreChangedError(Exception):
    """The store changed under a build, which then starts again."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The first pass over the store: columns, the content hash of every passage, a digest of all that is indexed."""

    columns: Columns
    hashes: list[bytes]
    digest: str


def build(
    store: Source,
    embedder: Embedder,
    index_dir: Path,
    progress: Progress = lambda _done, _total: None,
    *,
    rebuild: bool = False,
    drug_keys: KeysOf = keys_of,
    within: Machine | None = None,
) -> Manifest:
    """Brings the index up to date with the store and returns its manifest; does nothing where it is.

    Text that was ever embedded by this embedder is not embedded again. A crash leaves the last generation serving, and
    the next build finishes the work. ``rebuild`` makes a new generation even where nothing changed. ``progress`` is
    told the steps done and their total. ``within``: the memory that decides whether an index is trained beside the
    vectors, by default this machine's. Raises `IndexBuildError`, `ModelError`.
    """
    try:
        with generations.building(index_dir):
            for _ in range(ATTEMPTS):
                try:
                    return _build(
                        store, embedder, index_dir, progress, drug_keys, memory=within or machine(), rebuild=rebuild
                    )
                except StoreChangedError:
                    continue
    except OSError as error:
        where = error.filename or index_dir
        reason = f"{where}: cannot be written: {error.strerror or error}"
        raise IndexBuildError(f"{reason}; check free space and permissions, then run `citerx index` again") from error
    raise IndexBuildError(f"the store changed {ATTEMPTS} times during the build; run `citerx index` after the ingest")


def _build(
    store: Source,
    embedder: Embedder,
    index_dir: Path,
    progress: Progress,
    drug_keys: KeysOf,
    *,
    memory: Machine,
    rebuild: bool,
) -> Manifest:
    revision = store.revision()  # before the rows, so that a later change shows as one
    keys = _keys(store, drug_keys)
    contents = collect(store.index_rows(), keys)
    columns = contents.columns
    manifest = Manifest(
        generation=_sha256(contents.digest, embedder.name, str(generations.FORMAT))[:16],
        embedder=embedder.name,
        dimension=embedder.dimension,
        passages=len(columns),
        documents=len(columns.kind),
        revision=revision,
        indexed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        newest_source=store.newest_source(),
        demonstration=store.demonstration(),
        row_ids=hashlib.sha256(columns.rows.tobytes()).hexdigest(),
    )
    train = needs_training(len(columns), embedder.dimension, memory)
    if not rebuild and (same := _unchanged(index_dir, manifest)) and (refined.FILE in same.files or not train):
        return same
    part = generations.new_folder(index_dir, manifest.generation)
    total = 2 * len(columns)
    blocks = _embedded(store, embedder, contents, lambda done: progress(done, total))
    vectors.write(part / "vectors.npy", len(columns), embedder.dimension, blocks)
    if train:
        refined.write(part / refined.FILE, vectors.read(part / "vectors.npy"))
    columns.save(part)
    (part / "lexical").mkdir()
    entries = _entries(store.index_rows(), contents, keys, lambda done: progress(done, total))
    lexical.write(part / "lexical", entries)
    manifest = replace(manifest, files=generations.sizes(part))
    generations.publish(part, manifest)
    return manifest


def _unchanged(index_dir: Path, wanted: Manifest) -> Manifest | None:
    """The manifest of the serving generation, brought up to date, where it is whole and holds what is wanted."""
    try:
        folder = generations.current(index_dir)
        there = Manifest.read(folder)
        there.check(folder)
    except (IndexUnavailableError, IndexCorruptError):
        return None
    if (there.generation, there.row_ids) != (wanted.generation, wanted.row_ids):
        return None
    current = replace(wanted, indexed_at=there.indexed_at, files=there.files)
    if current != there:
        generations.amend(folder, current)
    return current


def _keys(store: Source, drug_keys: KeysOf) -> dict[str, tuple[str, ...]]:
    """The drug keys of every document that names drugs."""
    keys = {}
    for document_id, rows in groupby(store.drug_names(), key=lambda row: row[0]):
        names: dict[str, list[str]] = {}
        for _, field, name in rows:
            names.setdefault(field, []).append(name)
        keys[document_id] = drug_keys(DrugNames(**{field: tuple(found) for field, found in names.items()}))
    return keys


def collect(rows: Iterable[Row], keys: Mapping[str, tuple[str, ...]]) -> Contents:
    """Reads all passages once. ``keys``: the drug keys of a document."""
    row_ids: list[int] = []
    slugs: list[str] = []
    documents: list[tuple[str, Row]] = []
    starts: list[int] = []
    hashes: list[bytes] = []
    everything = hashlib.sha256()
    for position, row in enumerate(rows):
        passage = row.passage
        if not documents or documents[-1][0] != passage.document_id:
            documents.append((passage.document_id, row))
            starts.append(position)
        row_ids.append(row.row_id)
        slugs.append(passage.section)
        hashes.append(content_hash(passage))
        everything.update(_fingerprint(row, hashes[-1], keys.get(passage.document_id, ())))
    columns = _columns(row_ids, slugs, documents, [*starts, len(row_ids)], keys)
    return Contents(columns, hashes, everything.hexdigest())


def _columns(
    row_ids: Sequence[int],
    slugs: Sequence[str],
    documents: Sequence[tuple[str, Row]],
    starts: Sequence[int],
    keys: Mapping[str, tuple[str, ...]],
) -> Columns:
    rows = [row for _, row in documents]
    sections, section = _coded(slugs)
    kinds, kind = _coded([row.kind.value for row in rows])
    by_drug: dict[str, list[int]] = {}
    for number, (document_id, _) in enumerate(documents):
        for key in dict.fromkeys(keys.get(document_id, ())):
            by_drug.setdefault(key, []).append(number)
    drugs = tuple(sorted(by_drug))
    lengths = [len(by_drug[drug]) for drug in drugs]
    bounds = np.array(starts, dtype=np.int64)
    return Columns(
        rows=np.array(row_ids, dtype=np.int64),
        document=np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(bounds)),
        section=section,
        starts=bounds,
        kind=kind,
        published=_days(row.published or row.effective for row in rows),
        effective=_days(row.effective or row.published for row in rows),
        superseded=_days(row.superseded_on for row in rows),
        retracted=np.array([row.retracted for row in rows], dtype=np.bool_),
        drug_starts=np.cumsum([0, *lengths], dtype=np.int64),
        drug_documents=np.array([number for drug in drugs for number in by_drug[drug]], dtype=np.int32),
        drugs=drugs,
        kinds=kinds,
        sections=sections,
    )


def _embedded(
    store: Source, embedder: Embedder, contents: Contents, progress: Callable[[int], object]
) -> Iterator[Half]:
    """The vectors of all passages in blocks; what the cache lacks is embedded and cached."""
    rows = contents.columns.rows
    for start in range(0, len(rows), BLOCK):
        hashes = contents.hashes[start : start + BLOCK]
        known = dict(store.vectors(embedder.name, hashes))
        if shipped := ready(embedder.name, (key for key in hashes if key not in known)):
            store.put_vectors(embedder.name, shipped)
            known |= shipped
        missing = {
            key: int(row) for key, row in zip(hashes, rows[start : start + BLOCK], strict=True) if key not in known
        }
        if missing:
            new = _embed(store, embedder, missing)
            store.put_vectors(embedder.name, new)
            known |= new
        yield np.stack([known[key] for key in hashes])
        progress(start + len(hashes))


def _embed(store: Source, embedder: Embedder, missing: Mapping[bytes, int]) -> dict[bytes, Half]:
    passages = store.passages(missing.values())
    found = [passages.get(row) for row in missing.values()]
    whole = [passage for passage in found if passage is not None]
    if [content_hash(passage) for passage in whole] != list(missing):
        raise StoreChangedError
    embedded = embedder.encode([_indexed(passage) for passage in whole]).astype(np.float16)
    return dict(zip(missing, embedded, strict=True))


def _entries(
    rows: Iterable[Row], contents: Contents, keys: Mapping[str, tuple[str, ...]], progress: Callable[[int], object]
) -> Iterator[Entry]:
    """The second pass over the store, for the words; raises `StoreChangedError` where it differs from the first."""
    count, position = len(contents.hashes), -1
    for position, row in enumerate(rows):
        passage = row.passage
        if position >= count or contents.columns.rows[position] != row.row_id:
            raise StoreChangedError
        if contents.hashes[position] != content_hash(passage):
            raise StoreChangedError
        sections = tuple(dict.fromkeys((passage.section, base(passage.section))))
        drugs = keys.get(passage.document_id, ())
        yield Entry(position, passage.text, passage.context, row.kind.value, sections, drugs)
        if position % BLOCK == 0 or position + 1 == count:
            progress(count + position + 1)
    if position + 1 != count:
        raise StoreChangedError


def prune(store: Prunable) -> int:
    """Drops cached vectors of texts that no passage has any more, of every embedder; how many there were."""
    return store.prune_vectors({content_hash(row.passage) for row in store.index_rows()})


def content_hash(passage: Passage) -> bytes:
    """What the store keeps a passage's vector by: SHA-256 of all that the embedder reads."""
    return hashlib.sha256(_indexed(passage).encode()).digest()


def _indexed(passage: Passage) -> str:
    """What the embedder reads."""
    return f"{passage.context}\n{passage.text}"


def _fingerprint(row: Row, content: bytes, keys: tuple[str, ...]) -> bytes:
    """Everything of a passage that an answer of the index can depend on."""
    dates = [str(day) for day in (row.published, row.effective, row.superseded_on)]
    passage = row.passage
    parts = [
        passage.passage_id,
        passage.document_id,
        passage.section,
        content.hex(),
        row.kind,
        dates,
        row.retracted,
        keys,
    ]
    return hashlib.sha256(json.dumps([*parts, len(passage.context)]).encode()).digest()


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _coded(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The distinct names in order, and the number of each name among them."""
    distinct = tuple(sorted(set(names)))
    codes = {name: code for code, name in enumerate(distinct)}
    return distinct, np.array([codes[name] for name in names], dtype=np.int32)


def _days(days: Iterable[date | None]) -> NDArray[np.int32]:
    return np.array([ordinal(day) for day in days], dtype=np.int32)
