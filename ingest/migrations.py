"""How the tables of an older CiteRx become those of today. What is written here never changes."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy import update as change

OLDEST = 2
"""The first schema version that can be brought up to date."""

# Version 3: printed pages, marks by others, deletions that are remembered, passages found by their words. Nothing that
# was stored is touched.
_TO_3 = (
    "ALTER TABLE sections ADD COLUMN pages JSON DEFAULT '[]' NOT NULL",
    "ALTER TABLE documents ADD COLUMN own_marks JSON DEFAULT '[]' NOT NULL",
    "CREATE TABLE identifiers (document INTEGER NOT NULL REFERENCES documents (row_id) ON DELETE CASCADE, "
    "name VARCHAR NOT NULL, PRIMARY KEY (document, name))",
    "CREATE INDEX identifiers_by_name ON identifiers (name)",
    "CREATE TABLE marks (work VARCHAR NOT NULL, kind VARCHAR NOT NULL, said_by VARCHAR NOT NULL, said_on DATE, "
    "PRIMARY KEY (work, kind, said_by))",
    "CREATE INDEX passages_by_words ON passages (text_sha256)",
    "CREATE TABLE deletions (work_id VARCHAR NOT NULL PRIMARY KEY, said_on DATE)",
)
# Version 4: from when a version counts. Until then a paper's text was taken to be that of the day on which it appeared,
# though its record may have been revised since. Only labels had several versions, and their two dates are one.
_TO_4 = (
    "ALTER TABLE documents ADD COLUMN since DATE",
    "UPDATE documents SET since = coalesce(published, effective), effective = coalesce(revised, effective)",
    # A list's day of a retraction was that of the paper's record; where a list does state it, reading it again tells.
    "UPDATE marks SET said_on = NULL "
    "WHERE kind = 'retraction' AND said_by NOT LIKE 'pmid:%' AND said_by NOT LIKE 'doi:%'",
)
_RESOLVER = re.compile(r"^doi:(?:https?://(?:dx\.)?doi\.org/|doi:\s*)")
_PAGE = 5000
_FLAGS = ("retracted", "expression_of_concern", "corrected")
_tables = MetaData()
_documents = Table(
    "documents",
    _tables,
    Column("row_id", Integer, primary_key=True),
    Column("details", JSON),
    Column("own_marks", JSON),
    *(Column(name, Boolean) for name in _FLAGS),
)
_identifiers = Table("identifiers", _tables, Column("document", Integer), Column("name", String))
_sections = Table("sections", _tables, Column("document", Integer), Column("ordinal", Integer), Column("text", String))
_passages = Table(
    "passages",
    _tables,
    Column("row_id", Integer, primary_key=True),
    *(Column(name, Integer) for name in ("document", "section", "start", "end")),
    Column("text_sha256", LargeBinary(32)),
)


def upgrade(connection: Connection) -> None:
    """Brings the tables to the version of today within the caller's write transaction: all of it or nothing."""
    version = connection.scalar(text("SELECT value FROM meta WHERE name = 'schema'"))
    if version == OLDEST:
        for statement in _TO_3:
            connection.execute(text(statement))
        _name_documents(connection)
    if version in {2, 3}:
        for statement in _TO_4:
            connection.execute(text(statement))
        _rename(connection)
        _hash_words(connection)
        connection.execute(text("UPDATE meta SET value = 4 WHERE name = 'schema'"))


def _name_documents(connection: Connection) -> None:
    """Until version 3 every mark was the source's own, and what others call a paper stood in its details alone."""
    rows = connection.execute(select(_documents)).mappings().all()
    for row in rows:
        if own := [name for name in _FLAGS if row[name]]:
            own_row = change(_documents).where(_documents.c.row_id == row["row_id"])
            connection.execute(own_row.values(own_marks=own))
    named = [
        {"document": row["row_id"], "name": f"{kind}:{value.lower()}"}
        for row in rows
        for kind in ("pmid", "doi")
        if (value := row["details"].get(kind))
    ]
    if named:
        connection.execute(insert(_identifiers), named)


def _rename(connection: Connection) -> None:
    """Until version 4 a DOI was kept as printed; marks call it by its bare name."""
    named = _identifiers.c
    for document, name in connection.execute(select(_identifiers)).all():
        plain = _RESOLVER.sub("doi:", name).rstrip(".,;")
        if plain == name:
            continue
        connection.execute(delete(_identifiers).where(named.document == document, named.name == name))
        twice = select(_identifiers).where(named.document == document, named.name == plain)
        if connection.execute(twice).first() is None:
            connection.execute(insert(_identifiers), {"document": document, "name": plain})


def _hash_words(connection: Connection) -> None:
    """Until version 3 a passage was known by its text; since then by its words, whatever its lines."""
    one = _passages.c
    same = (_sections.c.document == one.document) & (_sections.c.ordinal == one.section)
    text_of = func.substr(_sections.c.text, one.start + 1, one.end - one.start)
    page = select(one.row_id, one.text_sha256, text_of).join_from(_passages, _sections, same).order_by(one.row_id)
    page = page.where(one.row_id > bindparam("last")).limit(_PAGE)
    rehash = change(_passages).where(one.row_id == bindparam("row")).values(text_sha256=bindparam("words"))
    last = 0
    while rows := connection.execute(page, {"last": last}).all():
        last = rows[-1][0]
        words = ((row, known, hashlib.sha256(" ".join(text.split()).encode()).digest()) for row, known, text in rows)
        if changed := [{"row": row, "words": now} for row, known, now in words if bytes(known) != now]:
            connection.execute(rehash, changed)
