"""The records that flow from source files to the store: frozen, typed, without input or output.

Offsets are in Unicode code points of ``Section.text``; dates are ``datetime.date``; tuples keep the source's order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

MarkKind = Literal["retraction", "concern", "correction", "update", "reinstatement"]


class Kind(StrEnum):
    """What sort of source a document is."""

    LABEL = "label"
    ARTICLE = "article"
    GUIDELINE = "guideline"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class DrugNames:
    """How a source names the drugs it is about, as the source spells them, and their codes."""

    generic: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    substance: tuple[str, ...] = ()
    unii: tuple[str, ...] = ()
    rxcui: tuple[str, ...] = ()
    ndc: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a section. Its rows stand in the section's text, one line each, between ``start`` and ``end``.

    A row's line repeats the header: ``Header 1: cell; Header 2: cell`` (see ``ingest.parse.tables.render_row``).
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a document. ``slug`` is unique within the document (openFDA field names for labels).

    ``path`` is the titles from the outermost section to this one. ``text`` is what citations index: paragraphs and
    table rows separated by single newlines, no other control characters. ``pages``: where each printed page begins, as
    (offset, page number) in order; empty where the source has no pages.
    """

    slug: str
    title: str
    path: tuple[str, ...]
    text: str
    tables: tuple[Table, ...] = ()
    pages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one source (DESIGN section 2).

    ``document_id``: ``label:<set_id>:<version>``, ``pubmed:<pmid>``. ``work_id``: what versions share (set_id, pmid).
    ``version``: the source's own version; where a label states none, its SPL document id. ``published``: when it first
    appeared, ``effective``: the day from which this text is known to be in force (labels: both are the effective time;
    what has a day of revision: that day). ``revised``: when the source last changed this record (PubMed's
    ``DateRevised``). ``editorial``: a summary written by CiteRx, not the source's own text; ``url`` then links to the
    real source, ``stands_for`` names the works that it gives way to. Set by the store: ``superseded_on``, when a newer
    version of the work arrives, and ``since``, from when this version counts: for the first that is known of its work
    from the first day that it states, else from ``effective``. ``article_type``: as the source says
    (JATS), ``cites``: the references of a full text, ``pmid:<pmid>`` or ``doi:<doi>`` where known, else as printed.
    ``retracted``, ``expression_of_concern`` and ``corrected`` of a stored document hold whoever says so, the source's
    own record or another; ``marks``, filled by the store, is what others say and when. ``scanned``: the pages whose
    text a machine read from images, by the numbers of `Section.pages`; 0 stands for those that have no number.
    ``routes``: by which ways a label's products are given, as its source says, in lower case ("auricular (otic)").
    """

    document_id: str
    kind: Kind
    title: str
    work_id: str
    version: str
    sha256: str
    sections: tuple[Section, ...]
    published: date | None = None
    effective: date | None = None
    superseded_on: date | None = None
    revised: date | None = None
    retracted: bool = False
    expression_of_concern: bool = False
    corrected: bool = False
    editorial: bool = False
    drugs: DrugNames = field(default_factory=DrugNames)
    labeler: str = ""
    authors: tuple[str, ...] = ()
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publication_types: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    url: str = ""
    licence: str = ""
    stands_for: tuple[str, ...] = ()
    article_type: str = ""
    cites: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    scanned: tuple[int, ...] = ()
    routes: tuple[str, ...] = ()
    since: date | None = field(default=None, compare=False)

    @property
    def begins(self) -> date | None:
        """``since``; of a document that is in no store the day that it states."""
        return self.since or self.effective or self.published

    def in_force(self, as_of: date | None, *, replaced: bool = False) -> bool:
        """See the function `in_force`."""
        return in_force(self.begins, self.superseded_on, as_of, replaced=replaced)

    def outdated(self, as_of: date | None = None) -> bool:
        """Whether a newer version had come by that day, or by now: of this work, or as a work that updates it."""
        ends = [mark.on for mark in self.marks if mark.kind == "update"]
        ends += [self.superseded_on] if self.superseded_on else []
        return any(as_of is None or day is None or day <= as_of for day in ends)

    def section(self, slug: str) -> Section | None:
        """The section called ``slug``, or None."""
        return next((section for section in self.sections if section.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Passage:
    """The retrieval unit: ``text == section.text[start:end]`` always holds.

    ``context`` (drug, section title, document title) is indexed with the text but is not part of it. ``pages``: those
    of ``Section.pages`` that the passage stands on.
    """

    passage_id: str
    document_id: str
    section: str
    start: int
    end: int
    text: str
    context: str
    pages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Deletion:
    """The source withdrew a work (PubMed's ``DeleteCitation``); ``work_id`` names it, ``on``: when, where known.

    It holds for the records that are stored and for those that come later, unless they were revised after it.
    """

    work_id: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Word from elsewhere about a work: ``work`` is ``pmid:<pmid>`` or ``doi:<doi in lower case>``.

    ``kind`` is what became of it (``update``: a newer version is a work of its own; ``reinstatement``: it is no longer
    retracted, see `ingest.marks.standing`), ``on`` the day on which that was said, None where nobody states it, ``by``
    who says so (``pmid:...`` or ``doi:...`` of the notice or the newer version, or the name of the list). It holds for
    documents that are stored and for those that come later.
    """

    work: str
    kind: MarkKind
    on: date | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that could not be read: where (record name or index, offset) and why. The rest of its file goes on."""

    record: str
    reason: str
    offset: int | None = None


Record = Document | Deletion | Mark | Fault


def in_force(since: date | None, until: date | None, as_of: date | None, *, replaced: bool = False) -> bool:
    """Whether what counts from ``since`` until ``until`` (exclusive) is in force at the end of a day, or now.

    What has no day is in force on none, but now; ``replaced``: what was replaced by then counts too.
    """
    begun = as_of is None or (since is not None and since <= as_of)
    return begun and (replaced or until is None or (as_of is not None and until > as_of))


def pages_between(pages: Iterable[Sequence[int]], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Those of a section's pages (offset, number) on which the span stands; the first may begin before it."""
    before = [(offset, number) for offset, number in pages if offset < max(end, start + 1)]
    first = max((place for place, (offset, _) in enumerate(before) if offset <= start), default=0)
    return tuple(before[first:])


def passage_id(document_id: str, section: str, start: int, end: int) -> str:
    """The stable id of a span: the first 16 hex digits of SHA-256 over document, section and offsets."""
    return hashlib.sha256(f"{document_id}\n{section}\n{start}\n{end}".encode()).hexdigest()[:16]
