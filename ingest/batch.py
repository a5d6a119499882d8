"""What is done within one write transaction: versions put in, works deleted, the order of versions kept."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from ingest.database import contents, documents, drug_names, in_chunks, meta, sections
from ingest.database import passages as passage_table
from ingest.errors import ParseError
from ingest.records import Row, document_row, name_rows, passage_rows, section_rows, unstorable
from ingest.schema import Document, Passage

Outcome = Literal["ingested", "unchanged", "replaced", "skipped"]

PASSAGE_KEY = ("passage_id", "section", "start", "end", "context", "text_sha256")


class Batch:
    """One open write transaction, see `Store.writing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._works: set[str] = set()

    def put(self, document: Document, passages: Sequence[Passage]) -> Outcome:
        """Stores one version of a work with its passages.

        ``unchanged``: this version is there and has had exactly this content before. ``replaced``: it was there with
        other content, or editorial summaries of the work gave way to the real source. ``skipped``: the document is
        an editorial summary and the real source is there. Raises `ParseError` for what cannot be stored faithfully.
        """
        if reason := unstorable(document, passages):
            raise ParseError(f"cannot be stored: {reason}", record=document.document_id)
        current, others = self._known(document)
        if document.editorial and any(not row["editorial"] for row in (current, *others) if row):
            return "skipped"
        if current and current["editorial"] == document.editorial and self._had(current, document.sha256):
            return "unchanged"
        stand_ins = [row for row in others if row["editorial"] and not document.editorial]
        for row in stand_ins:
            self._connection.execute(delete(documents).where(documents.c.row_id == row["row_id"]))
        self._write(document, passages, current)
        self._works |= {document.work_id, current["work_id"] if current else document.work_id}
        return "replaced" if current or stand_ins else "ingested"

    def delete(self, work_id: str) -> int:
        """Removes every document of the work; returns how many there were. A later `put` brings it back."""
        gone = self._connection.execute(delete(documents).where(documents.c.work_id == work_id)).rowcount
        if gone:
            self._works.add(work_id)
        return gone

    def finish(self) -> None:
        """Orders the versions of what changed and counts the revision up; called before the commit."""
        if not self._works:
            return
        for chunk in in_chunks(sorted(self._works)):
            self._supersede(chunk)
        self._connection.execute(update(meta).where(meta.c.name == "revision").values(value=meta.c.value + 1))

    def _known(self, document: Document) -> tuple[Row | None, list[Row]]:
        """The row of this document, if any, and the rows of the work's other documents."""
        same = or_(documents.c.document_id == document.document_id, documents.c.work_id == document.work_id)
        columns = (documents.c.row_id, documents.c.document_id, documents.c.work_id, documents.c.editorial)
        rows: list[Row] = [dict(row) for row in self._connection.execute(select(*columns).where(same)).mappings()]
        current = next((row for row in rows if row["document_id"] == document.document_id), None)
        return current, [row for row in rows if row is not current]

    def _had(self, current: Row, sha256: str) -> bool:
        same = (contents.c.document == current["row_id"]) & (contents.c.sha256 == sha256)
        return self._connection.scalar(select(contents.c.document).where(same)) is not None

    def _write(self, document: Document, passages: Sequence[Passage], current: Row | None) -> None:
        row = document_row(document)
        if current is None:
            inserted = self._connection.execute(insert(documents).values(row)).inserted_primary_key
            row_id = inserted[0] if inserted else None
        else:
            row_id = current["row_id"]
            self._connection.execute(update(documents).where(documents.c.row_id == row_id).values(row))
            for table in (sections, drug_names):
                self._connection.execute(delete(table).where(table.c.document == row_id))
            if current["editorial"] != document.editorial:  # the summary's content is none of the real source's
                self._connection.execute(delete(contents).where(contents.c.document == row_id))
        owner = {"document": row_id}
        self._connection.execute(insert(contents), owner | {"sha256": document.sha256})
        for table, rows in ((sections, section_rows(document)), (drug_names, name_rows(document))):
            if rows:
                self._connection.execute(insert(table), [owner | values for values in rows])
        self._write_passages(row_id, passage_rows(document, passages))

    def _write_passages(self, document: int | None, rows: list[Row]) -> None:
        """Brings the document's passages to ``rows``; a passage that stays as it was keeps its row id."""
        columns = [passage_table.c[name] for name in PASSAGE_KEY]
        found = select(passage_table.c.row_id, *columns).where(passage_table.c.document == document)
        old = {tuple(key): row_id for row_id, *key in self._connection.execute(found)}
        new = {tuple(row[name] for name in PASSAGE_KEY): row for row in rows}
        if gone := [{"gone": row_id} for key, row_id in old.items() if key not in new]:
            self._connection.execute(delete(passage_table).where(passage_table.c.row_id == bindparam("gone")), gone)
        if added := [{"document": document, **row} for key, row in new.items() if key not in old]:
            self._connection.execute(insert(passage_table), added)

    def _supersede(self, works: Sequence[str]) -> None:
        columns = (documents.c.work_id, documents.c.row_id, documents.c.effective, documents.c.version)
        found = select(*columns, documents.c.superseded_on).where(documents.c.work_id.in_(works))
        versions: dict[str, list[Any]] = {}
        for row in self._connection.execute(found):
            versions.setdefault(row.work_id, []).append(row)
        changes = [
            {"row": row.row_id, "date": ended}
            for rows in versions.values()
            for row, ended in zip(rows, superseded_on([(row.effective, row.version) for row in rows]), strict=True)
            if row.superseded_on != ended
        ]
        if changes:
            statement = update(documents).where(documents.c.row_id == bindparam("row"))
            self._connection.execute(statement.values(superseded_on=bindparam("date")), changes)


def superseded_on(versions: Sequence[tuple[date | None, str]]) -> list[date | None]:
    """When each version, given as (effective date, version), stopped being the newest of its work; None: it is.

    A version gives way on the effective date of the next dated one, ordered by date and then by version number
    (other versions count as older than numbered ones). One without a date is older than any with one; as it can end
    nothing on a known day, versions without a date that no dated one follows all stay current.
    """
    dated = sorted((day, _number(version)) for day, version in versions if day)
    ends: list[date | None] = []
    for day, version in versions:
        place = bisect_right(dated, (day, _number(version))) if day else 0
        ends.append(dated[place][0] if place < len(dated) else None)
    return ends


def _number(version: str) -> int:
    """The version as a number, -1 where it is none (an absurdly long one neither)."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 19 else -1
