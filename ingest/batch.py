"""What is done within one write transaction: versions put in, works deleted, the order of versions kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from ingest.database import contents, documents, drug_names, in_chunks, meta, sections, stand_ins
from ingest.database import passages as passage_table
from ingest.errors import ParseError
from ingest.records import Row, document_row, name_rows, passage_rows, section_rows, stand_in_rows, unstorable
from ingest.schema import Document, Passage

Outcome = Literal["ingested", "unchanged", "replaced", "skipped"]

MARKS = ("retracted", "expression_of_concern", "corrected")
# Stands for a date that no source states: before any day that a question can be about.
UNKNOWN_DAY = date.min

PASSAGE_KEY = ("passage_id", "section", "start", "end", "context", "text_sha256")


class Batch:
    """One open write transaction, see `Store.writing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._works: set[str] = set()

    def put(self, document: Document, passages: Sequence[Passage]) -> Outcome:
        """Stores one version of a work with its passages.

        ``unchanged``: it is there and has had exactly this content before, or what is there is newer (by ``revised``,
        then by the version's number) and stays. ``replaced``: it was there with other content or other marks, or
        editorial summaries of the work gave way to the real source. ``skipped``: the document is an editorial summary
        and a real source that it stands for is there. Raises `ParseError` for what cannot be stored faithfully.

        Marks (retracted, expression of concern, corrected) are those of the records with the newest ``revised`` that
        have come, all of them together: only a newer record takes one away, in whatever order they come.
        """
        if reason := unstorable(document, passages):
            raise ParseError(f"cannot be stored: {reason}", record=document.document_id)
        current, others = self._known(document)
        if document.editorial and any(not row["editorial"] for row in (current, *others) if row):
            return "skipped"
        summaries = [row for row in others if row["editorial"] and not document.editorial]
        same_sort = current is not None and current["editorial"] == document.editorial
        if current and same_sort and self._had(current, document.sha256):
            return "unchanged"
        self._give_way(summaries)
        if current and same_sort:
            document = _marked(document, current)
            if _age(document.revised, document.version) < _age(current["revised"], current["version"]):
                return self._keep(current, document)
        self._write(document, passages, current)
        self._works |= {document.work_id, current["work_id"] if current else document.work_id}
        return "replaced" if current or summaries else "ingested"

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
        """The row of this document, if any, and the other rows of the work and of the works that stand for each other.

        Those are, for an editorial summary, the works that it stands for, else the summaries that stand for this work.
        """
        table = documents.c
        summaries = select(stand_ins.c.document).where(stand_ins.c.work_id == document.work_id)
        same = or_(
            table.document_id == document.document_id,
            table.work_id.in_([document.work_id, *(document.stands_for if document.editorial else ())]),
            table.row_id.in_(summaries),
        )
        columns = (table.row_id, table.document_id, table.work_id, table.editorial, table.version, table.revised)
        found = select(*columns, *(table[name] for name in MARKS)).where(same)
        rows: list[Row] = [dict(row) for row in self._connection.execute(found).mappings()]
        current = next((row for row in rows if row["document_id"] == document.document_id), None)
        return current, [row for row in rows if row is not current]

    def _give_way(self, summaries: Sequence[Row]) -> None:
        for row in summaries:
            self._connection.execute(delete(documents).where(documents.c.row_id == row["row_id"]))
            self._works.add(row["work_id"])

    def _keep(self, current: Row, older: Document) -> Outcome:
        """Leaves what is stored but for its marks, and remembers the older record, so that it is known next time."""
        self._connection.execute(insert(contents), {"document": current["row_id"], "sha256": older.sha256})
        marks = {name: getattr(older, name) for name in MARKS}
        if all(current[name] == mark for name, mark in marks.items()):
            return "unchanged"
        self._connection.execute(update(documents).where(documents.c.row_id == current["row_id"]).values(marks))
        self._works.add(current["work_id"])
        return "replaced"

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
            for table in (sections, drug_names, stand_ins):
                self._connection.execute(delete(table).where(table.c.document == row_id))
            if current["editorial"] != document.editorial:  # the summary's content is none of the real source's
                self._connection.execute(delete(contents).where(contents.c.document == row_id))
        owner = {"document": row_id}
        self._connection.execute(insert(contents), owner | {"sha256": document.sha256})
        inner = (
            (sections, section_rows(document)),
            (drug_names, name_rows(document)),
            (stand_ins, stand_in_rows(document)),
        )
        for table, rows in inner:
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

    A higher number is newer whatever the dates say; versions that are no number are older than any that is, and among
    themselves (and among equal numbers) a later date is newer, no date the oldest. A version ends when the first newer
    one takes force, but not before it began itself; where no newer one has a date it ends on the day on which it
    began, and without that on `UNKNOWN_DAY`. Versions that nothing tells apart all stay current.
    """
    ends: list[date | None] = []
    for day, version in versions:
        newer = [other for other, name in versions if _order(other, name) > _order(day, version)]
        begun = day or UNKNOWN_DAY
        ends.append(max(begun, min((other for other in newer if other), default=begun)) if newer else None)
    return ends


def _order(effective: date | None, version: str) -> tuple[int, date]:
    return _number(version), effective or UNKNOWN_DAY


def _age(revised: date | None, version: str) -> tuple[date, int]:
    """What tells the older of two records of one document; a record without a date is older than any with one."""
    return revised or UNKNOWN_DAY, _number(version)


def _marked(document: Document, current: Row) -> Document:
    """The document with the marks after both: the newer record's; where neither was revised later, those of either."""
    stored, given = (day or UNKNOWN_DAY for day in (current["revised"], document.revised))
    retracted, concern, corrected = (
        bool((stored >= given and current[name]) or (given >= stored and getattr(document, name))) for name in MARKS
    )
    return replace(document, retracted=retracted, expression_of_concern=concern, corrected=corrected)


def _number(version: str) -> int:
    """The version as a number, -1 where it is none (an absurdly long one neither)."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 19 else -1
