"""PubMed XML (``PubmedArticleSet`` of efetch, baseline and update files) to documents and deletions.

Elements are as the NLM's DTD describes them: https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/index.html
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any, BinaryIO, Literal

from lxml import etree
from lxml.etree import _Element

from ingest.errors import ParseError
from ingest.parse.dates import from_parts, from_words
from ingest.parse.identifiers import doi_of, pmid_of
from ingest.parse.pubmed_stream import elements
from ingest.parse.text import clean
from ingest.schema import Deletion, Document, DrugNames, Fault, Kind, Mark, Record, Section

LICENCE = "publisher's text"
EDITORIAL_LICENCE = "Apache-2.0"
EDITORIAL_OWNER = "CiteRx"

_RETRACTED = {"RetractionIn", "RetractedandRepublishedIn"}
_CONCERN = {"ExpressionOfConcernIn", "PartialRetractionIn"}  # of a part, and nothing says of which
_CORRECTED = {"ErratumIn", "CorrectedandRepublishedIn"}
# What a notice is to the work that it is about: the other end of the links above.
_NOTICES: dict[str, Literal["retraction", "concern", "correction", "update"]] = {
    "RetractionOf": "retraction",
    "RetractedandRepublishedFrom": "retraction",
    "ExpressionOfConcernFor": "concern",
    "PartialRetractionOf": "concern",
    "ErratumFor": "correction",
    "UpdateOf": "update",  # as a Cochrane review says of its last version, which has a PMID of its own
    "CorrectedandRepublishedFrom": "correction",
}
_UNLABELLED = {"UNLABELLED", "UNASSIGNED", "UNLABELED"}
_UNII = re.compile(r"[0-9A-Z]{10}")
_EXPONENT = re.compile(r"\s*[-−–+]?\d")
_JOINERS = {"mfrac": "/", "msup": "^"}


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """Documents, deletions and faults (offset: XML line) in file order, one record in memory at a time.

    Raises ParseError (offset: XML line) where the XML breaks, after the records that were whole; LimitError where one
    record exceeds `pubmed_stream.MAX_RECORD_BYTES`. DTDs and the network are never consulted, entities never expanded.
    """
    for number, (element, line) in enumerate(elements(stream, source), 1):
        yield from _records(element, number, line)


def _records(element: _Element, number: int, line: int) -> Iterator[Record]:
    if element.tag == "DeleteCitation":
        yield from (_deletion(child, number, line) for child in element.iterfind("PMID"))
        return
    try:
        document = _document(element)
    except ParseError as error:
        yield Fault(error.record or f"record {number}", error.reason, line)
        return
    yield document
    yield from _marks(element, document)


def _deletion(element: _Element, number: int, line: int) -> Deletion | Fault:
    try:
        return Deletion(_pmid(element))
    except ParseError as error:
        return Fault(f"record {number} (DeleteCitation)", error.reason, line)


def _marks(element: _Element, notice: Document) -> Iterator[Mark]:
    """What a notice says about other works, and which newer version a work names as its own.

    A notice whose work is in no index has nothing that a mark could hold to.
    """
    path = "MedlineCitation/CommentsCorrectionsList/CommentsCorrections"
    own, said_on = f"pmid:{notice.pmid}", _said_on(element, notice)
    for link in element.iterfind(path):
        sort, source = link.get("RefType", ""), _text(link.find("RefSource"))
        pmid, doi = pmid_of(_text(link.find("PMID"))), doi_of(source)
        other = f"pmid:{pmid}" if pmid else f"doi:{doi}" if doi else ""
        if other == own:
            continue
        if sort == "UpdateIn":  # the newer version may never come to say it
            yield Mark(own, "update", None, other or source[:200])
        elif other and (kind := _NOTICES.get(sort)):
            yield Mark(other, kind, said_on, own)


def _said_on(element: _Element, notice: Document) -> date | None:
    """The day on which the notice appeared, where it is stated; bibliographies often know the month alone."""
    day = notice.published
    paths = (f"MedlineCitation/Article/{name}" for name in ("ArticleDate", "Journal/JournalIssue/PubDate"))
    stated = [place for path in paths for place in element.iterfind(path) if _date(place) == day]
    return day if day and any(_text(place.find("Day")).lstrip("0") == f"{day.day}" for place in stated) else None


def _document(element: _Element) -> Document:
    citation = element.find("BookDocument" if element.tag == "PubmedBookArticle" else "MedlineCitation")
    if citation is None:
        raise ParseError(f"{element.tag} without its citation element")
    identifier = citation.find("PMID")
    pmid = _pmid(identifier)
    entity = next(element.iter(etree.Entity), None)
    if entity is not None:
        raise ParseError(f"entity {entity.text} is not expanded; its text would be lost", record=f"pubmed:{pmid}")
    article = citation if citation.tag == "BookDocument" else citation.find("Article")
    title = "" if article is None else _title(article)
    if article is None or not title:
        raise ParseError("neither an article title nor a vernacular one", record=f"pubmed:{pmid}")
    types = _all(article, "PublicationTypeList/PublicationType") or _all(article, "PublicationType")
    marks = {link.get("RefType", "") for link in citation.iterfind("CommentsCorrectionsList/CommentsCorrections")}
    published, revised = _published(element, article), _date(citation.find("DateRevised"))
    copyright_note = _text(article.find("Abstract/CopyrightInformation"))
    editorial = any(note.get("Owner") == EDITORIAL_OWNER for note in citation.iterfind("GeneralNote"))
    licence = EDITORIAL_LICENCE if editorial else LICENCE
    return Document(
        document_id=f"pubmed:{pmid}",
        kind=Kind.ARTICLE,
        title=title,
        work_id=pmid,
        version="1" if identifier is None else identifier.get("Version", "1"),
        sha256=_checksum(element, pmid),
        sections=_sections(citation, article, title),
        published=published,
        effective=revised or published,
        revised=revised,
        retracted="Retracted Publication" in types or not marks.isdisjoint(_RETRACTED),
        expression_of_concern=not marks.isdisjoint(_CONCERN),
        corrected=not marks.isdisjoint(_CORRECTED),
        editorial=editorial,
        drugs=_drugs(citation),
        authors=_authors(article),
        **_journal(article),
        publication_types=types,
        mesh=_all(citation, "MeshHeadingList/MeshHeading/DescriptorName"),
        **_identifiers(element, article),
        pmid=pmid,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        licence=f"{licence}; {copyright_note}" if copyright_note else licence,
    )


def _checksum(element: _Element, pmid: str) -> str:
    """Over the canonical XML, so that the same record in another file or encoding has the same."""
    try:
        canonical = etree.tostring(element, method="c14n", with_tail=False)
    except etree.C14NError as error:
        raise ParseError("no canonical form: a namespace is not absolute", record=f"pubmed:{pmid}") from error
    return hashlib.sha256(canonical).hexdigest()


def _pmid(element: _Element | None) -> str:
    pmid = _text(element)
    if not (pmid.isascii() and pmid.isdigit()):
        raise ParseError(f"PMID {pmid!r} is not a number" if pmid else "no PMID")
    return pmid


def _title(article: _Element) -> str:
    title = _text(article.find("ArticleTitle"))
    if title.strip("[]. ").lower() in {"", "not available"}:
        return _text(article.find("VernacularTitle")) or _text(article.find("Book/BookTitle"))
    return title


def _sections(citation: _Element, article: _Element, title: str) -> tuple[Section, ...]:
    """The abstract's parts, then other abstracts; an article without any has its title as its one section."""
    sections: dict[str, Section] = {}
    _add(sections, article.find("Abstract"), "abstract", "Abstract")
    for other in citation.iterfind("OtherAbstract"):
        language, sort = other.get("Language", "eng").lower(), other.get("Type", "Publisher")
        mark = "" if language == "eng" else f" [{language}]"
        name = "Other abstract" if sort == "Publisher" else sort.replace("-", " ").capitalize()
        _add(sections, other, "abstract.other" + (f".{language}" if mark else ""), name + mark)
    return tuple(sections.values()) or (Section("title", "Title", ("Title",), title),)


def _add(sections: dict[str, Section], abstract: _Element | None, prefix: str, name: str) -> None:
    for part in () if abstract is None else abstract.iterfind("AbstractText"):
        text = _text(part)
        if text:
            label = clean(part.get("Label") or part.get("NlmCategory") or "")
            label = "" if label.upper() in _UNLABELLED else label
            slug = unique_slug(prefix, label, sections)
            sections[slug] = Section(slug, label or name, (name, label) if label else (name,), text)


def unique_slug(prefix: str, label: str, taken: dict[str, Section]) -> str:
    """``prefix.label_in_ascii`` or, without a usable label, ``prefix``; ``.2``, ``.3``, ... where that is taken."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "_", plain)[:60].strip("_")
    slug = f"{prefix}.{word}" if word else prefix
    numbered = (f"{slug}.{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([slug], numbered) if name not in taken)


def _authors(article: _Element) -> tuple[str, ...]:
    """Vancouver names ("Smith JA", "King ML Jr") or the group's name, in order; ``ValidYN="N"`` are misspellings."""
    path = "AuthorList/Author" if article.find("AuthorList") is not None else "Book/AuthorList/Author"
    names = (_author(author) for author in article.iterfind(path) if author.get("ValidYN") != "N")
    return tuple(filter(None, names))


def _author(author: _Element) -> str:
    last = _text(author.find("LastName"))
    if not last:
        return _text(author.find("CollectiveName"))
    initials = _text(author.find("Initials")) or "".join(name[0] for name in _text(author.find("ForeName")).split())
    return " ".join(filter(None, (last, initials, _text(author.find("Suffix")))))


def _journal(article: _Element) -> dict[str, Any]:
    journal = article.find("Journal")
    if journal is None:
        return {"journal": _text(article.find("Book/BookTitle"))}
    pages = _text(article.find("Pagination/MedlinePgn"))
    ends = (_text(article.find(f"Pagination/{name}Page")) for name in ("Start", "End"))
    return {
        "journal": _text(journal.find("ISOAbbreviation")) or _text(journal.find("Title")),
        "volume": _text(journal.find("JournalIssue/Volume")),
        "issue": _text(journal.find("JournalIssue/Issue")),
        "pages": pages or "-".join(filter(None, ends)),
    }


def _identifiers(element: _Element, article: _Element) -> dict[str, Any]:
    """DOI and PMC id of the article itself; cited papers carry their own ``ArticleIdList`` deeper down."""
    data = "PubmedData/ArticleIdList/ArticleId", "PubmedBookData/ArticleIdList/ArticleId"
    found = {name.get("IdType"): _text(name) for path in data for name in element.iterfind(path)}
    locations = (place for place in article.iterfind("ELocationID") if place.get("ValidYN") != "N")
    doi = next((_text(place) for place in locations if place.get("EIdType") == "doi"), "")
    return {"doi": found.get("doi") or doi, "pmcid": found.get("pmc", "")}


def _drugs(citation: _Element) -> DrugNames:
    codes = _all(citation, "ChemicalList/Chemical/RegistryNumber")
    return DrugNames(
        substance=_all(citation, "ChemicalList/Chemical/NameOfSubstance"),
        unii=tuple(code for code in codes if _UNII.fullmatch(code)),
    )


def _published(element: _Element, article: _Element) -> date | None:
    """The day it first appeared: online before print; print where it is of an earlier year (scanned back issues)."""
    online = _date(article.find("ArticleDate"))
    printed = _date(article.find("Journal/JournalIssue/PubDate"))
    if online and not (printed and printed.year < online.year):
        return online
    fallback = "ContributionDate", "Book/PubDate"
    entered = (_date(day) for day in element.iterfind("PubmedData/History/PubMedPubDate"))
    return printed or next(filter(None, (_date(article.find(path)) for path in fallback)), None) or next(entered, None)


def _date(element: _Element | None) -> date | None:
    """``Year`` with ``Month`` or ``Season`` and ``Day``, or ``MedlineDate`` in words."""
    if element is None:
        return None
    year, month, season, day, words = (
        _text(element.find(name)) for name in ("Year", "Month", "Season", "Day", "MedlineDate")
    )
    return from_parts(year, month or season, day) or from_words(words)


def _all(element: _Element, path: str) -> tuple[str, ...]:
    """The distinct texts at ``path`` in order."""
    return tuple(dict.fromkeys(filter(None, (_text(found) for found in element.iterfind(path)))))


def _text(element: _Element | None) -> str:
    """The element's text with its marked-up parts, folded; exponents keep a ``^`` ("10^6", not "106")."""
    if element is None:
        return ""
    if len(element) == 0:
        return clean(element.text or "")
    pieces: list[str] = []
    _collect(element, pieces)
    return clean("".join(pieces))


def _collect(element: _Element, pieces: list[str]) -> None:
    name = str(element.tag).rpartition("}")[2]
    text = element.text or ""
    if name == "sup" and _EXPONENT.match(text) and pieces and pieces[-1][-1:].isdigit():
        pieces.append("^")
    pieces += filter(None, [text])
    for number, child in enumerate(element):
        if number and name in _JOINERS:
            pieces.append(_JOINERS[name])
        _collect(child, pieces)
        pieces += filter(None, [child.tail])
