"""What is done within one write transaction: versions put in, works deleted, marks spread, versions kept in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from ingest import marks
from ingest.database import contents, documents, drug_names, identifiers, in_chunks, meta, sections, stand_ins
from ingest.database import passages as passage_table
from ingest.errors import ParseError
from ingest.records import (
    MARKS,
    REVISED,
    Row,
    content_key,
    document_row,
    name_rows,
    names_of,
    own_marks,
    passage_rows,
    section_rows,
    stand_in_rows,
    unstorable,
)
from ingest.schema import Deletion, Document, Mark, Passage

Outcome = Literal["ingested", "unchanged", "replaced", "skipped", "withdrawn"]

# Stands for a date that no source states: before any day that a question can be about.
UNKNOWN_DAY = date.min

PASSAGE_KEY = ("passage_id", "section", "start", "end", "context", "text_sha256")


# Made once: making a statement takes longer than running it.
_TABLE = documents.c
KNOWN = select(
    _TABLE.row_id,
    _TABLE.document_id,
    _TABLE.work_id,
    _TABLE.editorial,
    _TABLE.version,
    _TABLE.revised,
    _TABLE.own_marks,
).where(
    or_(
        _TABLE.document_id == bindparam("document_id"),
        _TABLE.work_id.in_(bindparam("works", expanding=True)),
        _TABLE.row_id.in_(select(stand_ins.c.document).where(stand_ins.c.work_id == bindparam("work"))),
    )
)


class Batch:
    """One open write transaction, see `Store.writing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._works: set[str] = set()
        self._names: set[str] = set()

    def put(self, document: Document, passages: Sequence[Passage]) -> Outcome:
        """Stores one version of a work with its passages.

        ``unchanged``: it is there and has had exactly this content before, or what is there is newer (by ``revised``,
        then by the version's number) and stays. ``replaced``: it was there with other content or other marks, or
        editorial summaries of the work gave way to the real source. ``skipped``: the document is an editorial summary
        and a real source that it stands for is there. ``withdrawn``: the source deleted the work after this record
        of it. Raises `ParseError` for what cannot be stored faithfully.

        Marks of its own (retracted, expression of concern, corrected) are those of the records with the newest
        ``revised`` that have come, all of them together: only a newer record takes one away, in whatever order they
        come. What others say (`mark`) is added to them and stays.
        """
        if reason := unstorable(document, passages):
            raise ParseError(f"cannot be stored: {reason}", record=document.document_id)
        if marks.withdrawn(self._connection, document):
            return "withdrawn"
        current, others = self._known(document)
        if document.editorial and any(not row["editorial"] for row in (current, *others) if row):
            return "skipped"
        summaries = [row for row in others if row["editorial"] and not document.editorial]
        same_sort = current is not None and current["editorial"] == document.editorial
        if current and same_sort and self._had(current, content_key(document)):
            return "unchanged"
        self._give_way(summaries)
        if current and same_sort:
            document = _marked(document, current)
            if _age(document.revised, document.version) < _age(current["revised"], current["version"]):
                return self._keep(current, document)
        self._write(document, passages, current)
        self._works |= {document.work_id, current["work_id"] if current else document.work_id}
        self._names.update(names_of(document))
        return "replaced" if current or summaries else "ingested"

    def mark(self, mark: Mark) -> Literal["marked", "unchanged"]:
        """Remembers what another says of a work, for what is here and for what may come; ``unchanged``: known.

        Nothing takes such a mark away: not even a newer record of the work, which may not know of it. Raises
        `ParseError` for one that cannot be stored.
        """
        if not marks.keep(self._connection, mark):
            return "unchanged"
        self._names.add(mark.work.lower())
        return "marked"

    def delete(self, work_id: str) -> int:
        """Removes every document of the work; returns how many there were. A later `put` brings it back."""
        self._names |= marks.named(self._connection, documents.c.work_id == work_id)
        gone = self._connection.execute(delete(documents).where(documents.c.work_id == work_id)).rowcount
        if gone:
            self._works.add(work_id)
        return gone

    def withdraw(self, deletion: Deletion) -> int:
        """Removes what the source deleted and returns how many documents those were; it is remembered.

        Only a record that was revised after ``deletion.on`` (where that is unknown: after the newest that was removed)
        stays or may come back, in whatever order records and deletions come.
        """
        names = marks.named(self._connection, documents.c.work_id == deletion.work_id)
        gone = marks.withdraw(self._connection, deletion)
        if gone:
            self._works.add(deletion.work_id)
            self._names |= names
        return gone

    def finish(self) -> None:
        """Spreads marks, orders the versions of what changed, counts the revision up; called before the commit."""
        if not (marks.spread(self._connection, self._names) or self._works):
            return
        for chunk in in_chunks(sorted(self._works)):
            self._supersede(chunk)
        self._connection.execute(update(meta).where(meta.c.name == "revision").values(value=meta.c.value + 1))

    def _known(self, document: Document) -> tuple[Row | None, list[Row]]:
        """The row of this document, if any, and the other rows of the work and of the works that stand for each other.

        Those are, for an editorial summary, the works that it stands for, else the summaries that stand for this work.
        """
        works = [document.work_id, *(document.stands_for if document.editorial else ())]
        wanted = {"document_id": document.document_id, "work": document.work_id, "works": works}
        rows: list[Row] = [dict(row) for row in self._connection.execute(KNOWN, wanted).mappings()]
        current = next((row for row in rows if row["document_id"] == document.document_id), None)
        return current, [row for row in rows if row is not current]

    def _give_way(self, summaries: Sequence[Row]) -> None:
        for row in summaries:
            self._names |= marks.named(self._connection, documents.c.row_id == row["row_id"])
            self._connection.execute(delete(documents).where(documents.c.row_id == row["row_id"]))
            self._works.add(row["work_id"])

    def _keep(self, current: Row, older: Document) -> Outcome:
        """Leaves what is stored but for its marks, and remembers the older record, so that it is known next time."""
        key = {"document": current["row_id"], "sha256": content_key(older)}
        self._connection.execute(insert(contents), key)
        own = own_marks(older)
        if current["own_marks"] == own:
            return "unchanged"
        values: Row = {"own_marks": own, **{name: name in own for name in MARKS}}
        here = documents.c.row_id == current["row_id"]
        self._connection.execute(update(documents).where(here).values(values))
        self._works.add(current["work_id"])
        self._names |= marks.named(self._connection, here)
        return "replaced"

    def _had(self, current: Row, key: str) -> bool:
        same = (contents.c.document == current["row_id"]) & (contents.c.sha256 == key)
        return self._connection.scalar(select(contents.c.document).where(same)) is not None

    def _write(self, document: Document, passages: Sequence[Passage], current: Row | None) -> None:
        row = document_row(document)
        if current is None:
            inserted = self._connection.execute(insert(documents).values(row)).inserted_primary_key
            row_id = inserted[0] if inserted else None
        else:
            row_id = current["row_id"]
            self._clear(current, document)
            self._connection.execute(update(documents).where(documents.c.row_id == row_id).values(row))
        owner = {"document": row_id}
        self._connection.execute(insert(contents), owner | {"sha256": content_key(document)})
        inner = (
            (sections, section_rows(document)),
            (drug_names, name_rows(document)),
            (stand_ins, stand_in_rows(document)),
            (identifiers, [{"name": name} for name in names_of(document)]),
        )
        for table, rows in inner:
            if rows:
                self._connection.execute(insert(table), [owner | values for values in rows])
        self._write_passages(row_id, passage_rows(document, passages), new=current is None)

    def _clear(self, current: Row, document: Document) -> None:
        """Removes what belonged to the document as it was, but for its passages, which `_write_passages` compares."""
        row_id = current["row_id"]
        self._names |= marks.named(self._connection, documents.c.row_id == row_id)
        for table in (sections, drug_names, stand_ins, identifiers):
            self._connection.execute(delete(table).where(table.c.document == row_id))
        outdated = contents.c.document == row_id
        if current["editorial"] == document.editorial:  # else the summary's content is none of the real source's
            outdated &= contents.c.sha256.not_like(f"%{REVISED}")
        self._connection.execute(delete(contents).where(outdated))

    def _write_passages(self, document: int | None, rows: list[Row], *, new: bool) -> None:
        """Brings the document's passages to ``rows``; a passage that stays as it was keeps its row id."""
        columns = [passage_table.c[name] for name in PASSAGE_KEY]
        found = select(passage_table.c.row_id, *columns).where(passage_table.c.document == document)
        old = {} if new else {tuple(key): row_id for row_id, *key in self._connection.execute(found)}
        wanted = {tuple(row[name] for name in PASSAGE_KEY): row for row in rows}
        if gone := [{"gone": row_id} for key, row_id in old.items() if key not in wanted]:
            self._connection.execute(delete(passage_table).where(passage_table.c.row_id == bindparam("gone")), gone)
        if added := [{"document": document, **row} for key, row in wanted.items() if key not in old]:
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
        newer = [other for other, name in versions if order(other, name) > order(day, version)]
        begun = day or UNKNOWN_DAY
        ends.append(max(begun, min((other for other in newer if other), default=begun)) if newer else None)
    return ends


def order(effective: date | None, version: str) -> tuple[int, date]:
    """What the versions of a work are sorted by, the oldest first."""
    return _number(version), effective or UNKNOWN_DAY


def _age(revised: date | None, version: str) -> tuple[date, int]:
    """What tells the older of two records of one document; a record without a date is older than any with one."""
    return revised or UNKNOWN_DAY, _number(version)


def _marked(document: Document, current: Row) -> Document:
    """The document with the marks after both: the newer record's; where neither was revised later, those of either."""
    stored, given = (day or UNKNOWN_DAY for day in (current["revised"], document.revised))
    retracted, concern, corrected = (
        bool((stored >= given and name in current["own_marks"]) or (given >= stored and getattr(document, name)))
        for name in MARKS
    )
    return replace(document, retracted=retracted, expression_of_concern=concern, corrected=corrected)


def _number(version: str) -> int:
    """The version as a number, -1 where it is none (an absurdly long one neither)."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 19 else -1
