"""Which version of its work a record is, where its source names all of them alike (a PMID, a PMC or NCT number).

Records with different numbers are different versions. Of those with one number, a record in the words of the version
before or after it is that version, told again; one in other words, revised on another day, is a version of its own; one
without a day of revision is taken for the one that is there. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from ingest.records import Row
from ingest.schema import Document, Passage, passage_id

# Stands for a date that no source states: before any day that a question can be about.
UNKNOWN_DAY = date.min


def age(revised: date | None, version: str) -> tuple[date, int]:
    """What tells the older of two records of one number; one without a date is older than any with one."""
    return revised or UNKNOWN_DAY, number(version)


def age_of(row: Row) -> tuple[date, int]:
    """The same of a row of ``documents``."""
    return age(row["revised"], row["version"])


def is_of(row: Row, document: Document) -> bool:
    """Whether a row is what the record calls itself, and none of both says that it is another version."""
    name: str = row["document_id"]
    if row["editorial"] != document.editorial or not f"{name}:".startswith(f"{document.document_id}:"):
        return False
    one, two = number(row["version"]), number(document.version)
    return one == two or min(one, two) < 1


def home(document: Document, versions: Sequence[Row], same_words: Callable[[Row], bool]) -> Row | None:
    """Which of the versions of its number, the oldest first, a record tells of; None where it is one of its own."""
    for row in versions:
        if not (row["revised"] and document.revised) or row["revised"] == document.revised:
            return row
    older = sum(row["revised"] < document.revised for row in versions)
    return next(filter(same_words, (*versions[:older][-1:], *versions[older : older + 1])), None)


def around(document: Document, versions: Sequence[Row]) -> Iterator[Row]:
    """Versions that were known before the record's day and after it: other words between make them begin after it."""
    for row in versions:
        days = row["effective"], document.revised, row["revised"]
        if None not in days and days[0] < days[1] < days[2]:
            yield row


def earliest(document: Document, row: Row) -> Document:
    """The record of a version in force at least as long as the version is known, both being dated by revisions."""
    if document.revised and row["revised"] and document.effective and row["effective"]:
        return replace(document, effective=min(document.effective, row["effective"]))
    return document


def names(document: Document) -> Iterator[str]:
    """Ids for a version, the best first: the first that arrives keeps the plain one, so that it stays where it is."""
    plain = document.document_id
    told = document.revised.isoformat() if document.revised else document.version
    yield from (plain, f"{plain}:{told}", f"{plain}:{told}.{document.version}")


def renamed(document: Document, passages: Sequence[Passage], name: str) -> tuple[Document, list[Passage]]:
    """The version and its passages under an id."""
    if name == document.document_id:
        return document, list(passages)
    moved = [
        replace(one, document_id=name, passage_id=passage_id(name, one.section, one.start, one.end)) for one in passages
    ]
    return replace(document, document_id=name), moved


def counted_from(versions: Sequence[tuple[date | None, date | None, str]]) -> list[date | None]:
    """From when each version, given as (published, effective, version), counts as in force (`Document.since`).

    What the first one said before its own day nobody here knows; it stands for all the time since it appeared.
    """
    ranks = [order(effective, version) for _, effective, version in versions]
    return [
        min(filter(None, (published, effective)), default=None) if rank == min(ranks) else effective or published
        for rank, (published, effective, _) in zip(ranks, versions, strict=True)
    ]


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
    return number(version), effective or UNKNOWN_DAY


def number(version: str) -> int:
    """The version as a number, -1 where it is none (an absurdly long one neither)."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 19 else -1
