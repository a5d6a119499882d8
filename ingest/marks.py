"""What becomes of works after they appeared: marks by others (retraction, concern, reinstatement, ...) and deletions.

A mark holds for every document with the name that it speaks of, and for every other form of the same paper, that is
each document which shares a name (PMID or DOI) with it; so does what a paper's own record says. What a document is
marked with is a function of all that has come, whatever the order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, get_args

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from ingest.database import deletions, documents, identifiers, in_chunks, marks
from ingest.errors import ParseError
from ingest.records import FLAGS, MARKS
from ingest.schema import Deletion, Document, Mark, MarkKind

# Made once, as they are asked of every mark or document.
SAME = (
    (marks.c.work == bindparam("a_work"))
    & (marks.c.kind == bindparam("a_kind"))
    & (marks.c.said_by == bindparam("a_voice"))
)
KNOWN = select(marks.c.said_on).where(SAME)
ADD = insert(marks)
DELETED = select(deletions.c.said_on).where(deletions.c.work_id == bindparam("work"))
KINDS = {flag: kind for kind, flag in FLAGS.items()}
# Documents of which something is said that has no flag of its own, through all names of all forms of the same paper.
_own, _form, _other = identifiers.alias(), identifiers.alias(), identifiers.alias()
UNFLAGGED = (
    select(_own.c.document)
    .distinct()
    .join(_form, _form.c.name == _own.c.name)
    .join(_other, _other.c.document == _form.c.document)
    .join(marks, marks.c.work == _other.c.name)
    .where(_own.c.document.in_(bindparam("wanted", expanding=True)), marks.c.kind.not_in(FLAGS))
)


def keep(connection: Connection, mark: Mark) -> bool:
    """Remembers a mark; whether that says anything new. Raises `ParseError` for one that cannot be kept.

    Of two days for the same mark the later stays, of a reinstatement the earlier: it must not take back what it did not
    know of.
    """
    work = mark.work.lower()
    if mark.kind not in get_args(MarkKind) or not work.startswith(("pmid:", "doi:")) or not _storable(work + mark.by):
        raise ParseError(f"cannot be stored: the mark {mark.kind!r} of {work!r}", record=repr(work))
    same = {"a_work": work, "a_kind": mark.kind, "a_voice": mark.by}
    known = connection.execute(KNOWN, same).first()
    if known is None:
        row = {"work": work, "kind": mark.kind, "said_by": mark.by, "said_on": mark.on}
        connection.execute(ADD, row)
        return True
    if mark.on is None or mark.on == known.said_on:
        return False
    if known.said_on and (known.said_on < mark.on) == (mark.kind == "reinstatement"):
        return False
    connection.execute(update(marks).where(SAME).values(said_on=mark.on), same)
    return True


def named(connection: Connection, condition: Any) -> set[str]:  # noqa: ANN401 (a condition of SQLAlchemy)
    """The names of the documents for which the condition holds."""
    query = select(identifiers.c.name).join_from(documents, identifiers).where(condition)
    return set(connection.scalars(query))


def spread(connection: Connection, names: Collection[str]) -> bool:
    """Brings the flags of all documents that may be concerned by these names up to date; whether there were any."""
    near = _sharing(connection, _flat(_sharing(connection, names)))
    family = _Family.read(connection, _sharing(connection, _flat(near)))
    wanted = {row: family.flags(row) for row in near}
    columns = (documents.c.row_id, *(documents.c[name] for name in MARKS))
    changes = []
    for chunk in in_chunks(wanted):
        for row in connection.execute(select(*columns).where(documents.c.row_id.in_(chunk))).mappings():
            flags = {name: name in wanted[row["row_id"]] for name in MARKS}
            if any(row[name] != flags[name] for name in MARKS):
                changes.append({"row": row["row_id"], **{f"new_{name}": flag for name, flag in flags.items()}})
    if changes:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in MARKS}
        connection.execute(update(documents).where(documents.c.row_id == bindparam("row")).values(values), changes)
    return bool(near)


def told(connection: Connection, rows: Iterable[RowMapping]) -> dict[int, tuple[Mark, ...]]:
    """What others say of each of these rows of ``documents``, by row id; of most nothing is said."""
    rows = list(rows)
    marked = {row["row_id"] for row in rows if any(row[name] for name in MARKS)}
    for chunk in in_chunks(row["row_id"] for row in rows):
        marked |= set(connection.scalars(UNFLAGGED, {"wanted": chunk}))
    if not marked:
        return {}
    family = _Family.read(connection, _sharing(connection, named(connection, documents.c.row_id.in_(marked))))
    return {row: found for row in marked if (found := family.told(row))}


def standing(said: Iterable[Mark]) -> list[Mark]:
    """What holds of all that others say of one paper, in its order: no retraction that was taken back.

    A reinstatement takes back retractions up to its own day, whoever said so; where one of the two has no day, only who
    said it can take it back. What the paper's own record says goes with a newer record alone.
    """
    found = list(said)
    back = [mark for mark in found if mark.kind == "reinstatement"]
    return [mark for mark in found if mark.kind != "retraction" or not any(_takes_back(one, mark) for one in back)]


def _takes_back(reinstatement: Mark, retraction: Mark) -> bool:
    if reinstatement.on and retraction.on:
        return retraction.on <= reinstatement.on
    return reinstatement.by == retraction.by


def withdraw(connection: Connection, deletion: Deletion) -> int:
    """Removes the records of the work that the deletion holds for, and remembers it; how many there were.

    Where the deletion has no date it is that of the newest record removed: what is not newer stays out.
    """
    work = documents.c.work_id == deletion.work_id
    held = connection.execute(select(documents.c.row_id, documents.c.revised).where(work)).all()
    gone = [row for row in held if _holds(deletion.on, row.revised)]
    for chunk in in_chunks(row.row_id for row in gone):
        connection.execute(delete(documents).where(documents.c.row_id.in_(chunk)))
    known = connection.execute(select(deletions.c.said_on).where(deletions.c.work_id == deletion.work_id)).first()
    newest = max((row.revised for row in gone if row.revised), default=None)
    said_on = max((day for day in (deletion.on or newest, known.said_on if known else None) if day), default=None)
    connection.execute(delete(deletions).where(deletions.c.work_id == deletion.work_id))
    connection.execute(insert(deletions), {"work_id": deletion.work_id, "said_on": said_on})
    return len(gone)


def withdrawn(connection: Connection, document: Document) -> bool:
    """Whether the source withdrew the work after this record of it."""
    known = connection.execute(DELETED, {"work": document.work_id}).first()
    return known is not None and _holds(known.said_on, document.revised)


def _holds(said_on: date | None, revised: date | None) -> bool:
    """A record shows by its date that it is newer than a deletion; one that cannot stays out, which is the safe way."""
    return not (said_on and revised and revised > said_on)


class _Family:
    """Documents that share names, with what is said of them: all that the flags of some of them depend on."""

    def __init__(self, names: dict[int, set[str]]) -> None:
        self._names = names
        self._rows: dict[int, RowMapping] = {}
        self._said: dict[str, list[Mark]] = {}
        self._by_name: dict[str, set[int]] = {}
        for row, own in names.items():
            for name in own:
                self._by_name.setdefault(name, set()).add(row)

    @staticmethod
    def read(connection: Connection, names: dict[int, set[str]]) -> _Family:
        """``names``: those of every document that is needed."""
        family = _Family(names)
        columns = (documents.c.row_id, documents.c.document_id, documents.c.work_id, documents.c.own_marks)
        for rows in in_chunks(names):
            found = connection.execute(select(*columns).where(documents.c.row_id.in_(rows))).mappings()
            family._rows |= {row["row_id"]: row for row in found}
        for works in in_chunks(_flat(names)):
            for row in connection.execute(select(marks).where(marks.c.work.in_(works))):
                family._said.setdefault(row.work, []).append(Mark(row.work, row.kind, row.said_on, row.said_by))
        return family

    def flags(self, row: int) -> set[str]:
        """Which of `MARKS` hold for the document."""
        own = {name for other in self._forms(row) for name in self._rows[other]["own_marks"]}
        return own | {FLAGS[mark.kind] for mark in standing(self._marks(row)) if mark.kind in FLAGS}

    def told(self, row: int) -> tuple[Mark, ...]:
        """What others say of the document: marks, and records of other forms of the same paper, which name no day."""
        found = self._marks(row)
        for other in self._forms(row) - {row}:
            record = self._rows[other]
            if record["work_id"] == self._rows[row]["work_id"]:  # another version of this form
                continue
            shared = min(self._names[row] & self._names[other])
            found |= {Mark(shared, KINDS[flag], None, record["document_id"]) for flag in record["own_marks"]}
        return tuple(sorted(found, key=lambda mark: (mark.kind, mark.on or date.max, mark.by, mark.work)))

    def _forms(self, row: int) -> set[int]:
        return {other for name in self._names.get(row, ()) for other in self._by_name[name]}

    def _marks(self, row: int) -> set[Mark]:
        names = {name for other in self._forms(row) for name in self._names[other]}
        return {mark for name in names for mark in self._said.get(name, ())}


def _sharing(connection: Connection, names: Collection[str]) -> dict[int, set[str]]:
    """All names of every document that has one of these."""
    found: dict[int, set[str]] = {}
    for chunk in in_chunks(sorted(names)):
        owners = select(identifiers.c.document).where(identifiers.c.name.in_(chunk))
        for document, name in connection.execute(select(identifiers).where(identifiers.c.document.in_(owners))):
            found.setdefault(document, set()).add(name)
    return found


def _flat(names: dict[int, set[str]]) -> set[str]:
    return {name for own in names.values() for name in own}


def _storable(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
