"""Citations in the Vancouver style (Citing Medicine, 2nd ed., NLM), from a document's own fields."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.schema import Document, Kind

MAX_AUTHORS = 6
"""More are cut to this many and "et al."."""
MAX_ROUTES = 3
"""Ways of giving that the citation of a label states: eye drops are no tablets."""


def vancouver(document: Document, pages: Sequence[int] = ()) -> str:
    """The citation of a document, or of ``pages`` of it ("p. 3, 7-9"); parts it does not state are left out."""
    text = _label(document) if document.kind is Kind.LABEL else _article(document)
    text += f" p. {_ranges(pages)}." if pages else ""
    return f"{text} Available from: {document.url}" if document.url else text


def _label(document: Document) -> str:
    version = f"version {document.version}" if document.version else ""
    effective = f"effective {document.effective.isoformat()}" if document.effective else ""
    state = ", ".join(part for part in (version, effective) if part)
    labeler = document.labeler.rstrip(". ")
    title = document.title.rstrip(". ")  # openFDA's labels have no title; theirs is made of the drug and the labeler
    title = title.removesuffix(labeler).rstrip(", ") or title
    routes = "".join(f", {route}" for route in document.routes[:MAX_ROUTES])
    return _sentences(f"{title} [drug label{routes}{_editorial(document)}]", "; ".join(filter(None, (labeler, state))))


def _article(document: Document) -> str:
    form = "" if document.kind is Kind.ARTICLE else f" [{document.kind.value}]"
    note = " [editorial summary]" if document.editorial else ""
    codes = [f"PMID: {document.pmid}" * bool(document.pmid), f"doi: {document.doi}" * bool(document.doi)]
    title = f"{document.title.strip('[] .')}{form}{note}"
    return _sentences(_authors(document.authors), title, document.journal.rstrip("."), _place(document), *codes)


def _editorial(document: Document) -> str:
    return ", editorial summary" if document.editorial else ""


def _authors(authors: tuple[str, ...]) -> str:
    return ", ".join((*authors[:MAX_AUTHORS], "et al")) if len(authors) > MAX_AUTHORS else ", ".join(authors)


def _place(document: Document) -> str:
    """``2012;3(4):12-9``."""
    year = str(document.published.year) if document.published else ""
    volume = document.volume + (f"({document.issue})" if document.issue else "")
    pages = short_pages(document.pages)
    return year + (f";{volume}" if volume else "") + (f":{pages}" if pages else "")


def short_pages(pages: str) -> str:
    """A page range without the digits that its end repeats.

    >>> short_pages("112-119"), short_pages("e12-e19"), short_pages("98-101")
    ('112-9', 'e12-e19', '98-101')
    """
    match = re.fullmatch(r"(\d+)-(\d+)", pages)
    if not match or len(match[1]) != len(match[2]) or match[1] >= match[2]:
        return pages
    same = next(index for index, (low, high) in enumerate(zip(match[1], match[2], strict=True)) if low != high)
    return f"{match[1]}-{match[2][same:]}"


def _ranges(pages: Sequence[int]) -> str:
    """``3, 7-9``."""
    ranges: list[tuple[int, int]] = []
    for page in sorted(set(pages)):
        if ranges and page == ranges[-1][1] + 1:
            ranges[-1] = ranges[-1][0], page
        else:
            ranges.append((page, page))
    return ", ".join(short_pages(f"{low}-{high}") if low < high else str(low) for low, high in ranges)


def _sentences(*parts: str) -> str:
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)
