"""The tables of the store and how its database is opened: the only place that tells SQLite from another database.

SQLite runs in write-ahead mode: readers never wait for the one writer and always see whole transactions. A killed
process loses only its open transaction, whatever ``synchronous`` says; FULL is chosen because after a power cut
NORMAL may forget commits that an index or a reader of an answer already relies on, and a commit of 50 documents
hides the price of one fsync.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import (
    JSON,
    URL,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from ingest.errors import StoreError
from ingest.migrations import OLDEST, upgrade

SCHEMA_VERSION = 4
# How long a writer waits for another one; `?timeout=` in the URL overrides it.
BUSY_SECONDS = "15"
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")

# How many keys one statement names; below the limits of every database.
CHUNK = 500

T = TypeVar("T")
metadata = MetaData()


def _document() -> Column[int]:
    """The column of a table whose rows vanish with their document."""
    return Column("document", ForeignKey("documents.row_id", ondelete="CASCADE"), primary_key=True)


documents = Table(
    "documents",
    metadata,
    Column("row_id", Integer, primary_key=True),
    Column("document_id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("title", String, nullable=False),
    Column("work_id", String, nullable=False, index=True),
    Column("version", String, nullable=False),
    Column("published", Date),
    Column("effective", Date),
    Column("superseded_on", Date),
    Column("revised", Date),
    Column("retracted", Boolean, nullable=False),
    Column("expression_of_concern", Boolean, nullable=False),
    Column("corrected", Boolean, nullable=False),
    Column("editorial", Boolean, nullable=False),
    Column("sha256", String, nullable=False),
    Column("details", JSON, nullable=False),
    # Which marks the source's own record has; the three columns above also hold what others say (`ingest.marks`).
    Column("own_marks", JSON, nullable=False, server_default="[]"),
    # From when this version counts, see `Document`.
    Column("since", Date),
    sqlite_autoincrement=True,
)
# Every content that a document has had (`ingest.records.content_key`), so that two files which tell the same version
# differently do not replace each other on every run.
contents = Table("contents", metadata, _document(), Column("sha256", String, primary_key=True))
# The works whose arrival ends an editorial summary; a copy of ``Document.stands_for`` that can be searched.
stand_ins = Table(
    "stand_ins",
    metadata,
    _document(),
    Column("work_id", String, primary_key=True),
    Index("stand_ins_by_work", "work_id"),
)
# What others call a document, ``pmid:...`` or ``doi:...``: marks find it by that.
identifiers = Table(
    "identifiers",
    metadata,
    _document(),
    Column("name", String, primary_key=True),
    Index("identifiers_by_name", "name"),
)
# What others say of works (`ingest.schema.Mark`), of those that are here and of those that may come.
marks = Table(
    "marks",
    metadata,
    Column("work", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("said_by", String, primary_key=True),
    Column("said_on", Date),
)
# Works that their source withdrew; a record that was revised after ``said_on`` may come back, no other.
deletions = Table("deletions", metadata, Column("work_id", String, primary_key=True), Column("said_on", Date))
sections = Table(
    "sections",
    metadata,
    _document(),
    Column("ordinal", Integer, primary_key=True),
    Column("slug", String, nullable=False),
    Column("title", String, nullable=False),
    Column("path", JSON, nullable=False),
    Column("text", String, nullable=False),
    Column("tables", JSON, nullable=False),
    Column("pages", JSON, nullable=False, server_default="[]"),
)
# A passage's text is the stretch of its section's text; row ids are never used twice, as index files hold them.
passages = Table(
    "passages",
    metadata,
    Column("row_id", Integer, primary_key=True),
    Column("passage_id", String, nullable=False, unique=True),
    Column("document", ForeignKey("documents.row_id", ondelete="CASCADE"), nullable=False),
    Column("section", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("context", String, nullable=False),
    # `ingest.records.words_key`: finds the same words in other documents.
    Column("text_sha256", LargeBinary(32), nullable=False),
    Index("passages_in_order", "document", "section", "start"),
    Index("passages_by_words", "text_sha256"),
    sqlite_autoincrement=True,
)
drug_names = Table(
    "drug_names",
    metadata,
    _document(),
    Column("field", String, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("name", String, nullable=False),
)
vectors = Table(
    "vectors",
    metadata,
    Column("model", String, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
answers = Table(
    "answers",
    metadata,
    Column("answer_id", String, primary_key=True),
    Column("created", String, nullable=False),
    Column("payload", JSON, nullable=False),
)
meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", Integer, nullable=False))

# Part of the database's own words -> what the reader should know and do.
ADVICE = (
    ("is full", "no space left on the disk: free some and run the command again; what was committed is whole"),
    ("disk i/o", "the disk refuses to be written or read: check free space, quota and file size limit, then run again"),
    ("is locked", "another process is writing: wait until it ends, then run the command again"),
    ("readonly", "cannot be written: check the permissions of the file and its folder"),
    ("unable to open", "cannot be opened: check that the folder exists and may be written"),
    ("not a database", "the file is not a database: name another file or move this one away"),
    ("malformed", "the database is damaged: restore a copy, or delete it and ingest again"),
    ("no such", "its tables are not those of a CiteRx store: name another database"),
)


def open_engine(url: str) -> Engine:
    """An engine whose database is reachable and holds the tables; raises `StoreError`."""
    try:
        engine = create_engine(_prepared(make_url(url)))
    except (ArgumentError, ModuleNotFoundError) as error:
        raise StoreError(f"not a usable database URL ({error}); an example: sqlite:///citerx.db") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    with translated(engine):
        _create(engine)
    return engine


def in_chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists short enough for one ``IN``."""
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turns what the database reports into a `StoreError` that names the database and what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        told = str(error.orig if isinstance(error, DBAPIError) else error)
        advice = next((advice for part, advice in ADVICE if part in told.lower()), "the store refused")
        raise StoreError(f"{advice} ({told})", source=place(engine)) from error


def place(engine: Engine) -> str:
    """The file of a SQLite store, the URL without its password of another."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    return file or engine.url.render_as_string(hide_password=True)


@contextmanager
def ingest_lock(engine: Engine, wait: float = 0) -> Iterator[None]:
    """Holds off a second ingest into the same SQLite file; the kernel lifts the lock of a killed process.

    Raises `StoreError` where another has held it for ``wait`` seconds.
    """
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        yield
        return
    path = Path(f"{place(engine)}.lock")
    with _opened(path) as handle:
        deadline = time.monotonic() + wait
        while not _locked(handle):
            if time.monotonic() >= deadline:
                reason = "another ingest into this store is running: wait until it ends, then run the command again"
                raise StoreError(reason, source=place(engine))
            time.sleep(0.02)
        yield


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        file = path.open("ab")
    except OSError as error:
        raise StoreError(f"the lock file cannot be written ({error.strerror})", source=str(path)) from error
    with file:
        yield file.fileno()


def _prepared(url: URL) -> URL:
    """The URL; of a SQLite file the folder is made and the waiting time set."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return url
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"the folder {folder} cannot be made ({error.strerror}): name another place for the store"
        raise StoreError(reason, source=str(url.database)) from error
    return url if "timeout" in url.query else url.update_query_dict({"timeout": BUSY_SECONDS})


def _configure(connection: DBAPIConnection, _record: object) -> None:
    """Per connection: the driver's own transaction handling off (`_begin` does it), then the pragmas."""
    connection.isolation_level = None
    cursor = connection.cursor()
    deadline = time.monotonic() + float(BUSY_SECONDS)
    for pragma in PRAGMAS:
        while not _executed(cursor, f"PRAGMA {pragma}", last_try=time.monotonic() > deadline):
            time.sleep(0.02)
    cursor.close()


def _executed(cursor: DBAPICursor, statement: str, *, last_try: bool) -> bool:
    """Whether it ran; SQLite does not wait by itself when two connections switch a new database to WAL at once."""
    try:
        cursor.execute(statement)
    except sqlite3.OperationalError as error:
        if last_try or "locked" not in str(error):
            raise
        return False
    return True


def _begin(connection: Connection) -> None:
    """A writer takes its lock at once: a reader's lock cannot be raised to it while another process writes."""
    options = connection.get_execution_options()
    writing = options.get("writing", False)
    seconds = options.get("busy_seconds", _patience(connection.engine.url))
    connection.exec_driver_sql(f"PRAGMA busy_timeout={round(1000 * seconds)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _patience(url: URL) -> float:
    """Seconds that a writer waits for another one."""
    return float(str(url.query.get("timeout", BUSY_SECONDS)))


def _create(engine: Engine) -> None:
    """Makes the tables of an empty database, brings an older one up to date; refuses a newer or another program's."""
    with engine.connect() as connection:
        found = set(inspect(connection).get_table_names())
    if not found:
        with engine.connect().execution_options(writing=True) as connection, connection.begin():
            metadata.create_all(connection)  # does nothing where another process was faster
            if connection.scalar(select(meta.c.value).where(meta.c.name == "schema")) is None:
                rows = [{"name": "schema", "value": SCHEMA_VERSION}, {"name": "revision", "value": 0}]
                connection.execute(insert(meta), rows)
        return
    if meta.name not in found:
        reason = "the database belongs to another program: give CiteRx one of its own"
        raise StoreError(reason, source=place(engine))
    version = _version(engine)
    if version in range(OLDEST, SCHEMA_VERSION):
        # An ingest of the older release that goes on writing would not know of what is new in the tables.
        with (
            ingest_lock(engine, _patience(engine.url)),
            engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            upgrade(connection)  # does nothing where another process was faster
        version = _version(engine)
    if version != SCHEMA_VERSION:
        reason = (
            f"the store has schema version {version}, this CiteRx needs {SCHEMA_VERSION}: "
            "ingest into a new file, or use the CiteRx that made this one"
        )
        raise StoreError(reason, source=place(engine))


def _version(engine: Engine) -> int | None:
    with engine.connect() as connection:
        version: int | None = connection.scalar(select(meta.c.value).where(meta.c.name == "schema"))
        return version
