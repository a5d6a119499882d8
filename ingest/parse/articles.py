"""JSON Lines of articles (``pmid``, ``title``, ``abstract``, ``retracted``, ``year``, ``pmcid``) to documents.

The document is the one that PubMed's own record makes, but for its version: ``0``, which is older than any version of
PubMed's. So the fuller record stays or comes in its place, in whatever order the two arrive.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from ingest.errors import ParseError
from ingest.parse.abstracts import parts
from ingest.parse.dates import from_parts
from ingest.parse.identifiers import doi_of, pmid_of
from ingest.parse.jsonlines import Entry, entries
from ingest.parse.pubmed import LICENCE
from ingest.parse.text import clean
from ingest.schema import Document, Fault, Kind, Mark, Record, Section

VERSION = "0"
"""Of a record that states no version."""

_NO = {"", "0", "false", "no", "none"}
_YES = {"1", "true", "yes", "retracted"}


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """Documents in file order, and a `Mark` after each that is retracted; a line that is no article is a Fault.

    Faults name the line and, as ``offset``, its first byte. Raises ParseError where the encoding breaks.
    """
    for entry in entries(stream, source):
        if isinstance(entry, Fault):
            yield entry
            continue
        try:
            document = _document(entry)
        except ParseError as error:
            yield entry.fault(error.reason, error.record)
            continue
        yield document
        if document.retracted:  # a dated PubMed record outweighs this one, and the retraction must not go with it
            yield Mark(f"pmid:{document.pmid}", "retraction", by=listed_in(source))


def listed_in(source: str) -> str:
    """The name of a list for `Mark.by`: that of its file, without folders and archives."""
    return clean(source.replace("\\", "/").rpartition("!")[2].rpartition("/")[2])


def _document(entry: Entry) -> Document:
    pmid = pmid_of(entry.fields.get("pmid"))
    if not pmid:
        raise ParseError(f"PMID {_shown(entry.fields.get('pmid'))} is not a number")
    name = f"pubmed:{pmid}"
    title, abstract, journal, pmcid = (_text(entry, key, name) for key in ("title", "abstract", "journal", "pmcid"))
    if not title:
        raise ParseError("no title", record=name)
    published = _year(entry, name)
    return Document(
        document_id=name,
        kind=Kind.ARTICLE,
        title=title,
        work_id=pmid,
        version=VERSION,
        sha256=entry.sha256(),
        sections=parts(abstract) or (Section("title", "Title", ("Title",), title),),
        published=published,
        effective=published,
        retracted=_retracted(entry, name),
        journal=journal,
        doi=doi_of(entry.fields.get("doi")),
        pmid=pmid,
        pmcid=pmcid,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        licence=LICENCE,
    )


def _text(entry: Entry, key: str, name: str) -> str:
    value = entry.fields.get(key)
    if value is not None and not isinstance(value, str):
        raise ParseError(f"field {key!r} is not a text but {type(value).__name__}", record=name)
    return clean(value or "")


def _year(entry: Entry, name: str) -> date | None:
    year = entry.fields.get("year")
    if year in (None, ""):
        return None
    day = from_parts(str(year).strip()) if isinstance(year, str | int) else None
    if day is None:
        raise ParseError(f"year {_shown(year)} is none", record=name)
    return day


def _retracted(entry: Entry, name: str) -> bool:
    """What ``retracted`` says; a list (of notices) says yes where it holds anything. In doubt the line is refused."""
    value = entry.fields.get("retracted")
    if isinstance(value, list):
        return bool(value)
    word = str(value).strip().lower() if isinstance(value, str | int | None) else "?"
    if word not in _NO | _YES:
        raise ParseError(f"retracted is {_shown(value)}, neither true nor false", record=name)
    return word in _YES


def _shown(value: object) -> str:
    return clean(repr(value))[:80]
