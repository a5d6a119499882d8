"""What is done within one write transaction: versions put in, works deleted, marks spread, versions kept in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from ingest import editions, marks
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
    words_key,
)
from ingest.schema import Deletion, Document, Mark, Passage

Outcome = Literal["ingested", "unchanged", "replaced", "skipped", "withdrawn"]

PASSAGE_KEY = ("passage_id", "section", "start", "end", "context", "text_sha256")


# Made once: making a statement takes longer than running it.
_TABLE = documents.c
KNOWN = select(
    _TABLE.row_id,
    _TABLE.document_id,
    _TABLE.work_id,
    _TABLE.editorial,
    _TABLE.version,
    _TABLE.effective,
    _TABLE.revised,
    _TABLE.own_marks,
).where(
    or_(
        _TABLE.document_id == bindparam("document_id"),
        _TABLE.work_id.in_(bindparam("works", expanding=True)),
        _TABLE.row_id.in_(select(stand_ins.c.document).where(stand_ins.c.work_id == bindparam("work"))),
    )
)
WORDS = (
    select(sections.c.slug, sections.c.text)
    .where(sections.c.document == bindparam("document"))
    .order_by(sections.c.ordinal)
)


class Batch:
    """One open write transaction, see `Store.writing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._works: set[str] = set()
        self._names: set[str] = set()

    def put(self, document: Document, passages: Sequence[Passage]) -> Outcome:
        """Stores one version of a work with its passages.

        A record with another number, or in other words and revised on another day, is a version of its own
        (`ingest.editions`), under an id of its own where the plain one is taken. ``unchanged``: it is there and has had
        exactly this content before, or what is there is newer (by ``revised``, then by the version's number) and stays.
        ``replaced``: it was there with other content, dates or marks, or editorial summaries of the work gave way to
        the real source. ``skipped``: the document is an editorial summary and a real source that it stands for is
        there. ``withdrawn``: the source deleted the work after this record of it. Raises `ParseError` for what cannot
        be stored faithfully.

        Marks of its own (retracted, expression of concern, corrected) are those of the records with the newest
        ``revised`` that have come, all of them together, and hold for every version of that number: only a newer record
        takes one away, in whatever order they come. What others say (`mark`) is added to them and stays.
        """
        if reason := unstorable(document, passages):
            raise ParseError(f"cannot be stored: {reason}", record=document.document_id)
        if marks.withdrawn(self._connection, document):
            return "withdrawn"
        rows = self._known(document)
        if document.editorial and any(not row["editorial"] for row in rows):
            return "skipped"
        versions = sorted((row for row in rows if editions.is_of(row, document)), key=editions.age_of)
        if any(self._had(row, content_key(document)) for row in versions):
            return "unchanged"
        summaries = [] if document.editorial else [row for row in rows if row["editorial"]]
        self._give_way(summaries)
        return self._place(document, passages, versions, gave_way=bool(summaries))

    def _place(
        self, document: Document, passages: Sequence[Passage], versions: Sequence[Row], *, gave_way: bool
    ) -> Outcome:
        """Puts a record that was not seen before among the versions, the oldest first, that are there."""
        home = editions.home(document, versions, partial(self._says, document))
        document = _marked(document, versions[-1]) if versions else document
        self._tell(versions, own_marks(document))
        for row in editions.around(document, [row for row in versions if row is not home]):
            if not self._says(document, row):
                self._change(row, effective=row["revised"])
        if home is None:
            document, passages = editions.renamed(document, passages, self._free(document))
        elif editions.age(document.revised, document.version) < editions.age_of(home):
            return self._keep(home, document)
        else:
            if self._says(document, home):
                document = editions.earliest(document, home)
            document, passages = editions.renamed(document, passages, home["document_id"])
        self._write(document, passages, home)
        self._works |= {document.work_id, home["work_id"] if home else document.work_id}
        self._names.update(names_of(document))
        return "replaced" if home or gave_way else "ingested"

    def mark(self, mark: Mark) -> Literal["marked", "unchanged"]:
        """Remembers what another says of a work, for what is here and for what may come; ``unchanged``: known.

        Nothing takes such a mark away: not even a newer record of the work, which may not know of it. Raises
        `ParseError` for one that cannot be stored.
        """
        if not marks.keep(self._connection, mark):
            return "unchanged"
        self._names.add(mark.work.lower())
        return "marked"

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

    def _known(self, document: Document) -> list[Row]:
        """The rows of this document, of its work, and of the works that stand for each other.

        Those are, for an editorial summary, the works that it stands for, else the summaries that stand for this work.
        """
        works = [document.work_id, *(document.stands_for if document.editorial else ())]
        wanted = {"document_id": document.document_id, "work": document.work_id, "works": works}
        return [dict(row) for row in self._connection.execute(KNOWN, wanted).mappings()]

    def _says(self, document: Document, row: Row) -> bool:
        """Whether the stored version has the record's sections in the same words."""
        stored = self._connection.execute(WORDS, {"document": row["row_id"]})
        told = ((section.slug, section.text) for section in document.sections)
        return [(slug, words_key(text)) for slug, text in stored] == [(slug, words_key(text)) for slug, text in told]

    def _free(self, document: Document) -> str:
        """The best of the ids that a version may have and none has."""
        wanted = list(editions.names(document))
        taken = set(
            self._connection.scalars(select(documents.c.document_id).where(documents.c.document_id.in_(wanted)))
        )
        return next(name for name in wanted if name not in taken)

    def _give_way(self, summaries: Sequence[Row]) -> None:
        for row in summaries:
            self._names |= marks.named(self._connection, documents.c.row_id == row["row_id"])
            self._connection.execute(delete(documents).where(documents.c.row_id == row["row_id"]))
            self._works.add(row["work_id"])

    def _tell(self, versions: Sequence[Row], own: list[str]) -> None:
        """The source's own marks are of the paper, not of one of its versions."""
        for row in versions:
            if row["own_marks"] != own:
                self._change(row, own_marks=own, **{name: name in own for name in MARKS})

    def _change(self, row: Row, **values: Any) -> None:  # noqa: ANN401 (values of columns)
        here = documents.c.row_id == row["row_id"]
        self._connection.execute(update(documents).where(here).values(values))
        self._works.add(row["work_id"])
        self._names |= marks.named(self._connection, here)

    def _keep(self, home: Row, older: Document) -> Outcome:
        """Leaves what is stored but for its marks and first day, and remembers the older record for the next time."""
        key = {"document": home["row_id"], "sha256": content_key(older)}
        self._connection.execute(insert(contents), key)
        known = editions.earliest(older, home).effective if self._says(older, home) and older.revised else None
        if known and known != home["effective"]:
            self._change(home, effective=known)
        elif home["own_marks"] == own_marks(older):
            return "unchanged"
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
            self._clear(current)
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

    def _clear(self, current: Row) -> None:
        """Removes what belonged to the document as it was, but for its passages, which `_write_passages` compares."""
        row_id = current["row_id"]
        self._names |= marks.named(self._connection, documents.c.row_id == row_id)
        for table in (sections, drug_names, stand_ins, identifiers):
            self._connection.execute(delete(table).where(table.c.document == row_id))
        outdated = (contents.c.document == row_id) & contents.c.sha256.not_like(f"%{REVISED}")
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
        columns = ("work_id", "row_id", "published", "effective", "version", "superseded_on", "since")
        found = select(*(documents.c[name] for name in columns)).where(documents.c.work_id.in_(works))
        versions: dict[str, list[Any]] = {}
        for row in self._connection.execute(found):
            versions.setdefault(row.work_id, []).append(row)
        changes = [
            {"row": row.row_id, "ended": ended, "begun": begun}
            for rows in versions.values()
            for row, ended, begun in zip(
                rows,
                editions.superseded_on([(row.effective, row.version) for row in rows]),
                editions.counted_from([(row.published, row.effective, row.version) for row in rows]),
                strict=True,
            )
            if (row.superseded_on, row.since) != (ended, begun)
        ]
        if changes:
            statement = update(documents).where(documents.c.row_id == bindparam("row"))
            dated = statement.values(superseded_on=bindparam("ended"), since=bindparam("begun"))
            self._connection.execute(dated, changes)


def _marked(document: Document, newest: Row) -> Document:
    """The document with the marks after both: the newer record's; where neither was revised later, those of either."""
    stored, given = (day or editions.UNKNOWN_DAY for day in (newest["revised"], document.revised))
    retracted, concern, corrected = (
        bool((stored >= given and name in newest["own_marks"]) or (given >= stored and getattr(document, name)))
        for name in MARKS
    )
    return replace(document, retracted=retracted, expression_of_concern=concern, corrected=corrected)
