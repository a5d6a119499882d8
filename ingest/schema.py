"""The records that flow from source files to the store: frozen, typed, without input or output.

Offsets are in Unicode code points of ``Section.text``; dates are ``datetime.date``; tuples keep the source's order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


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
    table rows separated by single newlines, no other control characters.
    """

    slug: str
    title: str
    path: tuple[str, ...]
    text: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one source (DESIGN section 2).

    ``document_id``: ``label:<set_id>:<version>``, ``pubmed:<pmid>``. ``work_id``: what versions share (set_id, pmid).
    ``version``: the source's own version; where a label states none, its SPL document id. ``published``: when it first
    appeared, ``effective``: when this version took force (labels: both are the effective time). ``revised``: when the
    source last changed this record (PubMed's ``DateRevised``). ``editorial``: a summary written by CiteRx, not the
    source's own text; ``url`` then links to the real source, ``stands_for`` names the works that it gives way to.
    ``superseded_on`` is set by the store when a newer version of the work arrives.
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

    def section(self, slug: str) -> Section | None:
        """The section called ``slug``, or None."""
        return next((section for section in self.sections if section.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Passage:
    """The retrieval unit: ``text == section.text[start:end]`` always holds.

    ``context`` (drug, section title, document title) is indexed with the text but is not part of it.
    """

    passage_id: str
    document_id: str
    section: str
    start: int
    end: int
    text: str
    context: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """The source withdrew a work (PubMed's ``DeleteCitation``); ``work_id`` names it."""

    work_id: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that could not be read: where (record name or index, offset) and why. The rest of its file goes on."""

    record: str
    reason: str
    offset: int | None = None


Record = Document | Deletion | Fault


def passage_id(document_id: str, section: str, start: int, end: int) -> str:
    """The stable id of a span: the first 16 hex digits of SHA-256 over document, section and offsets."""
    return hashlib.sha256(f"{document_id}\n{section}\n{start}\n{end}".encode()).hexdigest()[:16]
