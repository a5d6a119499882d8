"""The versions of a work, and what changed between two of them, sentence by sentence, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from ingest.diff import Edit, diff
from ingest.schema import Document, Mark, in_force
from rag.asked.sections import base
from rag.errors import NotFoundError

State = Literal["unchanged", "changed", "came", "went"]


class Works(Protocol):
    """What is needed of the store (`ingest.store.Store`)."""

    def versions(self, work_id: str) -> Sequence[tuple[Document, int]]:
        """Every version of a work without its sections, and how many it has; the oldest first."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a work; ``sections``: how many it has.

    In force from ``since`` until ``superseded_on``; where ``since`` is before ``effective``, nobody here knows whether
    it read like that already.
    """

    document_id: str
    version: str
    title: str
    published: date | None
    effective: date | None
    since: date | None
    superseded_on: date | None
    retracted: bool
    expression_of_concern: bool
    corrected: bool
    marks: tuple[Mark, ...]
    editorial: bool
    sections: int
    url: str


@dataclass(frozen=True, slots=True)
class Versions:
    """Every version of a work, the oldest first."""

    work_id: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class SectionDiff:
    """What changed in one section: numbers of sentences by what became of them, and the edits.

    ``came`` and ``went``: only the newer, only the older version has it. A piece's ``start`` and ``end`` index the
    section's text of its own version.
    """

    slug: str
    title: str
    state: State
    unchanged: int
    removed: int
    added: int
    changed: int
    moved: int
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class WorkDiff:
    """What changed from one version to another; the numbers are over all sections that are listed."""

    work_id: str
    before: Version
    after: Version
    unchanged: int
    removed: int
    added: int
    changed: int
    moved: int
    sections: tuple[SectionDiff, ...]


def versions_of(works: Works, work_id: str) -> Versions:
    """The versions of a work; raises `NotFoundError`."""
    found = tuple(_version(document, sections) for document, sections in works.versions(work_id))
    if not found:
        raise NotFoundError(f"no work has the id {work_id!r}")
    return Versions(work_id, found)


def diff_of(
    works: Works, work_id: str, start: str | None = None, end: str | None = None, section: str | None = None
) -> WorkDiff:
    """What changed from ``start`` to ``end``: each a version, a document id, or a date (what was in force on it).

    Without ``end`` the last version, without ``start`` the one before ``end``. ``section``: a slug, which repeated
    sections share (``x`` also admits ``x.2``). Raises `NotFoundError`.
    """
    every = versions_of(works, work_id).versions
    after = _chosen(every, end, work_id) if end else every[-1]
    before = _chosen(every, start, work_id) if start else _before(every, after)
    pairs = _pairs(_document(works, before), _document(works, after), section)
    if section and not pairs:
        raise NotFoundError(f"neither version of {work_id!r} has a section {section!r}")
    parts = tuple(_section_diff(*pair) for pair in pairs)
    total = {name: sum(getattr(part, name) for part in parts) for name in COUNTS}
    return WorkDiff(work_id, before, after, **total, sections=parts)


COUNTS = ("unchanged", "removed", "added", "changed", "moved")


def _version(document: Document, sections: int) -> Version:
    return Version(
        document_id=document.document_id,
        version=document.version,
        title=document.title,
        published=document.published,
        effective=document.effective,
        since=document.begins,
        superseded_on=document.superseded_on,
        retracted=document.retracted,
        expression_of_concern=document.expression_of_concern,
        corrected=document.corrected,
        marks=document.marks,
        editorial=document.editorial,
        sections=sections,
        url=document.url,
    )


def _chosen(every: Sequence[Version], wanted: str, work_id: str) -> Version:
    for version in every:
        if wanted in {version.document_id, version.version}:
            return version
    try:
        day = date.fromisoformat(wanted)
    except ValueError as error:
        told = ", ".join(dict.fromkeys(version.version for version in every))
        raise NotFoundError(f"{work_id!r} has no version {wanted!r}; it has {told}, or give a date") from error
    found = [version for version in every if in_force(version.since, version.superseded_on, day)]
    if not found:
        raise NotFoundError(f"no version of {work_id!r} was in force on {day}")
    return found[-1]


def _before(every: Sequence[Version], after: Version) -> Version:
    place = every.index(after)
    if place == 0:
        raise NotFoundError(f"{after.document_id!r} is the first version that is here: nothing to compare it with")
    return every[place - 1]


def _document(works: Works, version: Version) -> Document:
    found = works.document(version.document_id)
    if found is None:  # deleted between the two looks
        raise NotFoundError(f"no document has the id {version.document_id!r}")
    return found


def _pairs(before: Document, after: Document, wanted: str | None) -> list[tuple[Document, Document, str]]:
    slugs = dict.fromkeys(section.slug for document in (after, before) for section in document.sections)
    return [(before, after, slug) for slug in slugs if wanted is None or wanted in {slug, base(slug)}]


def _section_diff(before: Document, after: Document, slug: str) -> SectionDiff:
    old, new = before.section(slug), after.section(slug)
    changes = diff(old.text if old else "", new.text if new else "")
    state: State = "came" if old is None else "went" if new is None else "changed" if changes.edits else "unchanged"
    shown = new or old
    return SectionDiff(
        slug=slug,
        title=shown.title if shown else slug,
        state=state,
        unchanged=changes.unchanged,
        removed=changes.count("removed"),
        added=changes.count("added"),
        changed=changes.count("changed"),
        moved=changes.count("moved"),
        edits=changes.edits,
    )
