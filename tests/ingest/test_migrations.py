"""Stores of older releases open as they are, with all that was in them."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from ingest.database import SCHEMA_VERSION
from ingest.errors import StoreError
from ingest.records import DETAILS, MARKS
from ingest.schema import Document, Mark, Passage, passage_id
from ingest.store import Store
from tests.contracts.stores import V1, V2, cut, paper, put

# As SQLite told it of a store that the release with schema version 2 had made.
VERSION_2 = """
    CREATE TABLE documents ( row_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, document_id VARCHAR NOT NULL,
      kind VARCHAR NOT NULL, title VARCHAR NOT NULL, work_id VARCHAR NOT NULL, version VARCHAR NOT NULL,
      published DATE, effective DATE, superseded_on DATE, revised DATE, retracted BOOLEAN NOT NULL,
      expression_of_concern BOOLEAN NOT NULL, corrected BOOLEAN NOT NULL, editorial BOOLEAN NOT NULL, sha256
      VARCHAR NOT NULL, details JSON NOT NULL, UNIQUE (document_id) );
    CREATE INDEX ix_documents_work_id ON documents (work_id);
    CREATE TABLE vectors ( model VARCHAR NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY
      (model, hash) );
    CREATE TABLE answers ( answer_id VARCHAR NOT NULL, created VARCHAR NOT NULL, payload JSON NOT NULL,
      PRIMARY KEY (answer_id) );
    CREATE TABLE meta ( name VARCHAR NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name) );
    CREATE TABLE contents ( document INTEGER NOT NULL, sha256 VARCHAR NOT NULL, PRIMARY KEY (document,
      sha256), FOREIGN KEY(document) REFERENCES documents (row_id) ON DELETE CASCADE );
    CREATE TABLE stand_ins ( document INTEGER NOT NULL, work_id VARCHAR NOT NULL, PRIMARY KEY (document,
      work_id), FOREIGN KEY(document) REFERENCES documents (row_id) ON DELETE CASCADE );
    CREATE INDEX stand_ins_by_work ON stand_ins (work_id);
    CREATE TABLE sections ( document INTEGER NOT NULL, ordinal INTEGER NOT NULL, slug VARCHAR NOT NULL, title
      VARCHAR NOT NULL, path JSON NOT NULL, text VARCHAR NOT NULL, tables JSON NOT NULL, PRIMARY KEY
      (document, ordinal), FOREIGN KEY(document) REFERENCES documents (row_id) ON DELETE CASCADE );
    CREATE TABLE passages ( row_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, passage_id VARCHAR NOT NULL,
      document INTEGER NOT NULL, section INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
      context VARCHAR NOT NULL, text_sha256 BLOB NOT NULL, UNIQUE (passage_id), FOREIGN KEY(document)
      REFERENCES documents (row_id) ON DELETE CASCADE );
    CREATE INDEX passages_in_order ON passages (document, section, start);
    CREATE TABLE drug_names ( document INTEGER NOT NULL, field VARCHAR NOT NULL, ordinal INTEGER NOT NULL,
      name VARCHAR NOT NULL, PRIMARY KEY (document, field, ordinal), FOREIGN KEY(document) REFERENCES
      documents (row_id) ON DELETE CASCADE );
"""
LABEL, PAPER = (
    replace(made, sections=tuple(replace(section, pages=()) for section in made.sections))
    for made in (V1, paper("pubmed:1", "1", "10.1/X", retracted=True, corrected=True))
)


OTHER = replace(LABEL, document_id="label:other:9", work_id="other")
"""A label of another work in the same words, cut otherwise: into one passage of two lines."""


def whole(document: Document) -> list[Passage]:
    """Each section as one passage."""
    return [
        Passage(
            passage_id(document.document_id, section.slug, 0, len(section.text)),
            document.document_id,
            section.slug,
            0,
            len(section.text),
            section.text,
            "x",
            section.pages,
        )
        for section in document.sections
    ]


def written(connection: sqlite3.Connection, row_id: int, document: Document) -> None:
    """A document as that release stored it."""
    new = {"article_type", "cites"}
    details = {name: value for name, value in asdict(document).items() if name in DETAILS and name not in new}
    flags = [int(getattr(document, name)) for name in (*MARKS, "editorial")]
    dates = [str(day) if day else None for day in (document.published, document.effective, None, document.revised)]
    names = (document.document_id, document.kind.value, document.title, document.work_id, document.version)
    row = (row_id, *names, *dates, *flags, document.sha256, json.dumps(details))
    connection.execute(f"insert into documents values ({', '.join('?' * len(row))})", row)
    connection.execute("insert into contents values (?, ?)", (row_id, document.sha256))
    for place, section in enumerate(document.sections):
        tables = [(table.caption, table.header, table.rows, table.start, table.end) for table in section.tables]
        parts = (row_id, place, section.slug, section.title, json.dumps(section.path), section.text, json.dumps(tables))
        connection.execute("insert into sections values (?, ?, ?, ?, ?, ?, ?)", parts)
    for place, name in enumerate(document.drugs.generic):
        connection.execute("insert into drug_names values (?, 'generic', ?, ?)", (row_id, place, name))
    for place, name in enumerate(document.drugs.ndc):
        connection.execute("insert into drug_names values (?, 'ndc', ?, ?)", (row_id, place, name))
    slugs = [section.slug for section in document.sections]
    for one in cut(document) if document is not OTHER else whole(document):
        passage = (
            one.passage_id,
            row_id,
            slugs.index(one.section),
            one.start,
            one.end,
            one.context,
            sha256(one.text.encode()).digest(),
        )
        connection.execute("insert into passages values (null, ?, ?, ?, ?, ?, ?, ?)", passage)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store of schema version 2 with a label, a paper, a vector and an answer."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(VERSION_2)
        connection.execute("insert into meta values ('schema', 2), ('revision', 7)")
        written(connection, 3, LABEL)
        written(connection, 5, PAPER)
        written(connection, 6, OTHER)
        vector = np.ones(2, np.float16).tobytes()
        connection.execute("insert into vectors values ('m', ?, ?)", (b"key", vector))
        connection.execute("insert into answers values ('a', '2024-01-01T00:00:00+00:00', '{\"answer_id\": \"a\"}')")
    return path


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with closing(Store.open(f"sqlite:///{file}")) as opened:
        yield opened


def test_nothing_of_an_older_store_is_lost(store: Store) -> None:
    assert store.document(LABEL.document_id) == LABEL
    assert store.document(PAPER.document_id) == PAPER
    assert [row.passage for row in store.index_rows()] == [*cut(LABEL), *whole(OTHER), *cut(PAPER)]
    assert store.vectors("m", [b"key"])[b"key"].tolist() == [1, 1]
    assert store.answer("a") == {"answer_id": "a"}
    assert store.revision() == 7


def test_an_older_store_then_does_what_a_new_one_does(store: Store) -> None:
    mark = Mark("doi:10.1/x", "concern", date(2020, 1, 1), "a list")
    with store.writing() as batch:
        batch.mark(mark)
    found = store.document(PAPER.document_id)
    assert found
    assert (found.retracted, found.corrected, found.expression_of_concern, found.marks) == (True, True, True, (mark,))
    rows = {row.passage: row.row_id for row in store.index_rows()}
    assert put(store, LABEL, LABEL, V2) == ["replaced", "unchanged", "ingested"]  # today's parsers may read it better
    assert rows.items() <= {row.passage: row.row_id for row in store.index_rows()}.items()
    newer = replace(PAPER, revised=date(2021, 1, 1), sha256="new", retracted=False, corrected=False)
    put(store, newer)
    found = store.document(PAPER.document_id)
    assert found
    assert [getattr(found, name) for name in MARKS] == [False, True, False]


def test_passages_of_several_lines_are_found_by_their_words_and_keep_their_rows(store: Store) -> None:
    rows = {row.passage: row.row_id for row in store.index_rows()}
    again = replace(OTHER, document_id="label:new:9", work_id="new", sha256="new")
    for document in (OTHER, again):
        with store.writing() as batch:
            batch.put(document, whole(document))
    assert rows.items() <= {row.passage: row.row_id for row in store.index_rows()}.items()
    old, new = (whole(document)[1] for document in (OTHER, again))
    assert "\n" in old.text
    assert store.same_words([new.passage_id]) == {new.passage_id: (OTHER.document_id,)}


def test_a_paper_is_no_longer_taken_to_have_said_the_same_since_it_appeared(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("update documents set revised = '2022-02-02' where row_id = 5")
    with closing(Store.open(f"sqlite:///{file}")) as store:
        paper_now, label_now = (store.document(one.document_id) for one in (PAPER, LABEL))
        assert paper_now
        assert label_now
        assert (paper_now.since, paper_now.effective) == (PAPER.published, date(2022, 2, 2))
        assert (label_now.since, label_now.effective) == (LABEL.published, LABEL.effective)


def test_names_as_printed_become_the_bare_ones_that_marks_know(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as connection, connection:  # as version 3 had it
        connection.execute("alter table documents drop column since")
        connection.execute("update meta set value = 3 where name = 'schema'")
        connection.execute("update identifiers set name = 'doi:https://doi.org/10.1/x.' where name like 'doi:%'")
        connection.execute("insert into identifiers values (5, 'doi:doi: 10.1/x')")
    mark = Mark("doi:10.1/x", "concern", date(2020, 1, 1), "a list")
    with closing(Store.open(f"sqlite:///{file}")) as store:
        with store.writing() as batch:
            batch.mark(mark)
        found = store.document(PAPER.document_id)
        assert found
        assert found.marks == (mark,)


def test_an_older_store_is_left_alone_while_an_ingest_into_it_runs(file: Path) -> None:
    """That ingest does not know of what is new, and would go on writing into it."""
    with Path(f"{file}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="another ingest into this store is running"):
            Store.open(f"sqlite:///{file}?timeout=0.1")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select value from meta where name = 'schema'").fetchall() == [(2,)]
    Store.open(f"sqlite:///{file}").close()


def test_it_is_done_once_and_the_same_tables_result(file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        Store.open(f"sqlite:///{file}").close()
    Store.open(f"sqlite:///{tmp_path}/new.db").close()
    told = []
    for path in (file, tmp_path / "new.db"):
        with closing(sqlite3.connect(path)) as connection:
            names = sorted(name for (name,) in connection.execute("select name from sqlite_master"))
            columns = {
                name: [row[1:] for row in connection.execute("select * from pragma_table_info(?)", (name,))]
                for name in names
            }
            assert connection.execute("select value from meta where name = 'schema'").fetchall() == [(SCHEMA_VERSION,)]
        told.append(columns)
    assert told[0] == told[1]


def test_the_day_that_a_list_did_not_state_is_forgotten(file: Path) -> None:
    Store.open(f"sqlite:///{file}").close()
    told = [("pmid:9", "2020-02-02"), ("doi:10.1/n", "2020-02-02"), ("a.tsv", "2020-02-02"), ("b.tsv", None)]
    with closing(sqlite3.connect(file)) as connection, connection:  # as version 3 had it
        connection.execute("alter table documents drop column since")
        connection.execute("update meta set value = 3 where name = 'schema'")
        connection.executemany("insert into marks values ('pmid:1', 'retraction', ?, ?)", told)
        connection.execute("insert into marks values ('pmid:1', 'concern', 'a.tsv', '2020-02-02')")
    Store.open(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("select kind, said_by, said_on from marks").fetchall()
    assert sorted(found, key=str) == sorted(
        [("retraction", by, day if ":" in by else None) for by, day in told] + [("concern", "a.tsv", "2020-02-02")],
        key=str,
    )


def test_what_fails_half_way_leaves_the_store_as_it_was(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("create table deletions (something text)")
    with pytest.raises(StoreError, match="deletions already exists"):
        Store.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select value from meta where name = 'schema'").fetchall() == [(2,)]
        names = {name for _, name, *_ in connection.execute("pragma table_info(sections)")}
    assert "pages" not in names
