"""How the tables of an older CiteRx become those of today. What is written here never changes."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Connection, Integer, MetaData, String, Table, insert, select, text
from sqlalchemy import update as change

OLDEST = 2
"""The first schema version that can be brought up to date."""

# Version 3: printed pages, marks by others, deletions that are remembered, passages found by their words (of those that
# were stored before only where they are one line). Nothing that was stored is touched.
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


def upgrade(connection: Connection) -> None:
    """Brings the tables to the version of today within the caller's write transaction: all of it or nothing."""
    version = connection.scalar(text("SELECT value FROM meta WHERE name = 'schema'"))
    if version == OLDEST:
        for statement in _TO_3:
            connection.execute(text(statement))
        _name_documents(connection)
        connection.execute(text("UPDATE meta SET value = 3 WHERE name = 'schema'"))


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
