"""What a JATS article states about itself: ids, journal, people, dates, licence, related articles, references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from lxml.etree import _Element

from ingest.parse.dates import from_parts
from ingest.parse.identifiers import doi_of, pmid_of
from ingest.parse.jatstext import line
from ingest.parse.tables import text_of
from ingest.parse.text import clean

_HREF = "{http://www.w3.org/1999/xlink}href"
_CC = re.compile(r"creativecommons\.org/licen[sc]es/([a-z-]+)(?:/(\d(?:\.\d)?))?", re.IGNORECASE)
_LONGEST = 300  # of a licence or reference as printed
_PMCID = re.compile(r"(?:PMC)?([1-9]\d{0,11})(?:\.\d+)?", re.IGNORECASE)
_ONLINE, _PRINTED = {"epub", "pub", "epub-ppub", "epreprint", "preprint"}, {"ppub", "collection"}
_CITATIONS = {"element-citation", "mixed-citation", "nlm-citation", "citation", "citation-alternatives"}

Sort = Literal["retraction", "concern", "correction"]

NOTICES: dict[str, Sort] = {
    "retracted-article": "retraction", "partial-retraction-of": "concern", "partially-retracted-article": "concern",
    "object-of-concern": "concern", "corrected-article": "correction",
}  # fmt: skip
"""What a notice says of the article that it is related to, by ``related-article-type``."""
OWN_MARKS: dict[str, Sort] = {
    "retraction-forward": "retraction", "retraction": "retraction", "retracted-by": "retraction",
    "partial-retraction-forward": "concern", "partial-retraction": "concern",
    "object-of-concern-forward": "concern", "concern-forward": "concern", "expression-of-concern": "concern",
    "expression-of-concern-forward": "concern",
    "correction-forward": "correction", "corrected-forward": "correction", "correction": "correction",
    "erratum": "correction", "erratum-forward": "correction",
}  # fmt: skip
"""What a related article says of the article at hand."""
_TYPES = {
    "research-article": "Journal Article", "review-article": "Review", "systematic-review": "Systematic Review",
    "meta-analysis": "Meta-Analysis", "case-report": "Case Reports", "letter": "Letter", "editorial": "Editorial",
    "correction": "Published Erratum", "retraction": "Retraction of Publication", "news": "News",
    "expression-of-concern": "Expression of Concern", "article-commentary": "Comment", "guideline": "Guideline",
    "protocol": "Clinical Trial Protocol", "retracted-article": "Retracted Publication",
}  # fmt: skip


def identifiers(meta: _Element) -> dict[str, str]:
    """``pmcid`` (``PMC77``), ``pmid``, ``doi`` and ``version`` as far as they are stated."""
    found: dict[str, str] = {}
    for element in meta.iterfind("article-id"):
        found.setdefault(element.get("pub-id-type") or "", clean(element.text or ""))
    pmcid = _PMCID.fullmatch(found.get("pmc") or found.get("pmcid") or "")
    version = (found.get("pmcid-ver") or found.get("pmc") or "").partition(".")[2]
    return {
        "pmcid": f"PMC{pmcid[1]}" if pmcid else "",
        "pmid": pmid_of(found.get("pmid", "")),
        "doi": found.get("doi", ""),
        "version": version if version.isascii() and version.isdigit() else "1",
    }


def journal(front: _Element, meta: _Element) -> dict[str, Any]:
    """Journal in short, volume, issue and pages, as `Document` has them."""
    names = {name.get("journal-id-type"): clean(name.text or "") for name in front.iter("journal-id")}
    title = next((line(name) for name in front.iter("journal-title")), "")
    first, last = line(meta.find("fpage")), line(meta.find("lpage"))
    return {
        "journal": names.get("iso-abbrev") or names.get("nlm-ta") or title,
        "volume": line(meta.find("volume")),
        "issue": line(meta.find("issue")),
        "pages": f"{first}-{last}" if last not in {"", first} else first or line(meta.find("elocation-id")),
    }


def authors(meta: _Element) -> tuple[str, ...]:
    """Vancouver names ("Smith JA") or the group's name, in order."""
    people = (person for group in meta.iterfind("contrib-group") for person in group.iterfind("contrib"))
    return tuple(
        name for person in people if person.get("contrib-type") in {None, "author"} and (name := _author(person))
    )


def _author(person: _Element) -> str:
    name = person.find("name")
    if name is None:
        name = next(person.iter("name", "string-name", "collab"), None)
    if name is None or name.tag == "collab" or name.find("surname") is None:
        return "" if name is None else clean(name.text or "") or line(name)
    given = name.find("given-names")
    initials = "" if given is None else clean(given.get("initials") or "") or _initials(line(given))
    return " ".join(filter(None, (line(name.find("surname")), initials, line(name.find("suffix")))))


def _initials(given: str) -> str:
    """``JA`` of "Jean-Alain" and "Jean A."; initials that are written together stay."""
    if given.isupper() and given.isalpha() and len(given) <= 4:
        return given
    return "".join(part[0] for part in re.split(r"[\s.\-‐–]+", given) if part and part[0].isalpha()).upper()


def published(meta: _Element) -> date | None:
    """The day it first appeared: online before print; print where it is of an earlier year (scanned back issues)."""
    days: dict[str, date] = {}
    for element in meta.iterfind("pub-date"):
        sort = element.get("date-type") or element.get("pub-type") or ""
        if day := _date(element):
            days[sort] = min(day, days.get(sort, day))
    online = min((day for sort, day in days.items() if sort in _ONLINE), default=None)
    printed = min((day for sort, day in days.items() if sort in _PRINTED), default=None)
    if online and not (printed and printed.year < online.year):
        return online
    return printed or min(days.values(), default=None)


def said_on(meta: _Element) -> date | None:
    """The day on which it first appeared, where one of its dates states that day and not the month or year alone."""
    day = published(meta)
    stated = [element for element in meta.iterfind("pub-date") if _date(element) == day]
    return day if day and any(line(element.find("day")).lstrip("0") == f"{day.day}" for element in stated) else None


def _date(element: _Element) -> date | None:
    month = line(element.find("month")) or line(element.find("season"))
    return from_parts(line(element.find("year")), month, line(element.find("day")))


def licence(meta: _Element) -> str:
    """``CC BY 4.0`` where it is one of Creative Commons, else as printed; then the copyright statement."""
    note = line(next(meta.iter("copyright-statement"), None))
    element = next(meta.iter("license"), None)
    if element is None:
        return note
    addresses = [part.get(_HREF) or "" for part in element.iter()]
    text = clean(text_of(element))
    found = _CC.search(" ".join([*addresses, text]))
    if found:
        kind = found[1].lower().strip("-")
        named = " ".join(filter(None, (f"CC {kind.upper()}", found[2])))
    else:
        named = "CC0 1.0" if "publicdomain/zero" in " ".join(addresses) else text[:_LONGEST]
    return "; ".join(filter(None, (named, note if note != named else "")))


def article_types(article: _Element, meta: _Element) -> tuple[str, ...]:
    """The type in PubMed's words, and the headings that the journal puts the article under."""
    kind = _TYPES.get(clean(article.get("article-type") or ""), "")
    headings = (
        line(found) for found in meta.iterfind("article-categories/subj-group[@subj-group-type='heading']/subject")
    )
    return tuple(dict.fromkeys(filter(None, (kind, *headings))))


def keywords(meta: _Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """MeSH headings, and other keywords."""
    mesh: dict[str, None] = {}
    other: dict[str, None] = {}
    for group in meta.iterfind("kwd-group"):
        kept = mesh if "mesh" in (group.get("kwd-group-type") or "").lower() else other
        kept.update(dict.fromkeys(word for found in group.iter("kwd") if (word := line(found))))
    return tuple(mesh), tuple(other)


def related(meta: _Element) -> Iterator[tuple[str, str]]:
    """Type and name of each related article: ``pmid:..``, ``doi:..``; any other address as it is, empty for none."""
    for element in meta.iter("related-article", "related-object"):
        sort, href = (
            clean(element.get("related-article-type") or element.get("link-type") or ""),
            element.get(_HREF) or "",
        )
        pmid = pmid_of(href) if element.get("ext-link-type") in {"pubmed", "pmid"} else ""
        doi = doi_of(href)
        yield sort, f"pmid:{pmid}" if pmid else f"doi:{doi}" if doi else clean(href)


def cites(article: _Element) -> tuple[str, ...]:
    """The references in order: ``pmid:..``, else ``doi:..``, else as printed."""
    found: dict[str, None] = {}
    for reference in article.iterfind("back//ref"):
        for citation in reference:
            if citation.tag in _CITATIONS and (name := _cited(citation)):
                found[name] = None
    return tuple(found)


def _cited(citation: _Element) -> str:
    ids = {(part.get("pub-id-type") or ""): part.text or "" for part in citation.iter("pub-id")}
    if pmid := pmid_of(ids.get("pmid", "")):
        return f"pmid:{pmid}"
    doi = doi_of(ids.get("doi", "")) or next(
        (doi for part in citation.iter("ext-link") if (doi := doi_of(part.get(_HREF)))), ""
    )
    if doi:
        return f"doi:{doi}"
    return clean(" ".join(str(text) for text in citation.itertext()))[:_LONGEST]
