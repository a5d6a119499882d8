"""The starter corpus as the checks read it: each record with its lines of prose and where they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import lxml.html
from lxml import etree
from lxml.etree import _Element
from pypdf import PdfReader

SPL = {"h": "urn:hl7-org:v3"}
_HOLDERS = ("title", "text")
_CELLS = ("paragraph", "caption", "th", "td", "item")
_INLINE = frozenset(
    ["content", "sub", "sup", "linkHtml", "footnoteRef", "a", "abbr", "b", "code", "em", "i", "small", "span", "strong"]
)
"""Elements whose text belongs to the line around them; any other begins a line of its own, so that none is lost."""
_MARK = "citerx:editorial"
_DATE = re.compile(r"(\d{4})-\d{2}(?:-\d{2})?")
_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which check, in which file, at which place, why and what to do."""

    check: str
    file: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph, table cell, caption or abstract part of our own prose; ``place`` is ``line N``."""

    file: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """One drug summary. ``drug``: the file's stem; ``set_ids``: the real labels it draws on, the main one first."""

    file: str
    drug: str
    set_ids: tuple[str, ...]
    lines: tuple[Line, ...]
    root: _Element


@dataclass(frozen=True, slots=True)
class Article:
    """One literature summary; ``element`` is its ``PubmedArticle``."""

    file: str
    pmid: str
    lines: tuple[Line, ...]
    element: _Element


@dataclass(frozen=True, slots=True)
class Study:
    """One trial summary. ``mark``: what stands below ``citerx``; ``papers``: PMIDs that it is drawn from."""

    file: str
    nct: str
    papers: tuple[str, ...]
    lines: tuple[Line, ...]
    mark: Mapping[str, Any]
    root: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One guideline summary, HTML or PDF. ``source``: where its editorial mark links to; ``author`` as it states it."""

    file: str
    source: str
    author: str
    lines: tuple[Line, ...]


def labels(starter: Path) -> list[Label]:
    """All drug summaries by name. Raises lxml's XMLSyntaxError where one is not well-formed."""
    return [_label(path) for path in sorted((starter / "labels").glob("*.xml"))]


def articles(starter: Path) -> list[Article]:
    """All literature summaries of ``literature*.xml``. Raises lxml's XMLSyntaxError where a file is not well-formed."""
    return [
        _article(path.name, element)
        for path in sorted(starter.glob("literature*.xml"))
        for element in etree.parse(path, _parser()).iter("PubmedArticle")
    ]


def studies(starter: Path) -> list[Study]:
    """All trial summaries. Raises JSONDecodeError where a file is none."""
    return [_study(path) for path in sorted((starter / "trials").glob("*.json"))]


def pages(starter: Path) -> list[Page]:
    """All guideline summaries: HTML by paragraphs and rows, PDF by sentences."""
    folder = starter / "guidelines"
    return [*map(_html, sorted(folder.glob("*.html"))), *map(_pdf, sorted(folder.glob("*.pdf")))]


def words(text: str) -> str:
    """Text with white space folded."""
    return " ".join(text.split())


def content(element: _Element | None) -> str:
    """All text of an element, white space folded; empty where there is none."""
    return "" if element is None else words("".join(map(str, element.itertext())))


def place(element: _Element) -> str:
    """Where an element stands in its file."""
    return f"line {element.sourceline}"


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)


def _label(path: Path) -> Label:
    root = etree.parse(path, _parser()).getroot()
    related = root.iterfind("h:relatedDocument/h:relatedDocument/h:setId", SPL)
    set_ids = tuple((found.get("root") or "").lower() for found in related)
    return Label(path.name, path.stem, set_ids, tuple(_prose(path.name, root)), root)


def _prose(file: str, root: _Element) -> Iterator[Line]:
    """All that is read of a label: titles, and the text of each section by paragraph, cell, item or whatever it has."""
    holders = (holder for name in _HOLDERS for holder in root.iter(f"{{{SPL['h']}}}{name}"))
    for block in (block for holder in holders for block in holder.iter(etree.Element) if _local(block) not in _INLINE):
        text = _own(block)
        if text or _local(block) in _CELLS:
            yield Line(file, place(block), text)


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _own(block: _Element) -> str:
    """The text of an element without that of the lines below it."""
    return words("".join(_pieces(block)))


def _pieces(block: _Element) -> Iterator[str]:
    yield block.text or ""
    for child in block.iterchildren():
        if isinstance(child.tag, str):
            yield from _pieces(child) if _local(child) in _INLINE else " "
        yield child.tail or ""


def _article(file: str, element: _Element) -> Article:
    pmid = content(element.find("MedlineCitation/PMID"))
    parts = element.iter("AbstractText")
    return Article(file, pmid, tuple(Line(file, place(part), content(part)) for part in parts), element)


def _study(path: Path) -> Study:
    root = json.loads(path.read_text(encoding="utf-8"))
    protocol = root["protocolSection"]
    mark = root.get("citerx", {})
    papers = tuple(link.rstrip("/").rpartition("/")[2] for link in mark.get("drawnFrom", ()))
    skipped = ("identificationModule.nctId", "referencesModule")
    found = (Line(path.name, where, text) for where, text in _strings(protocol, "") if not where.startswith(skipped))
    return Study(path.name, protocol["identificationModule"]["nctId"], papers, tuple(found), mark, root)


def _strings(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Texts and numbers of JSON with their places; of a date the year, as papers write months in words."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(part, f"{where}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _strings(part, f"{where}[{number}]")
    elif isinstance(value, str | int | float):
        date = _DATE.fullmatch(str(value))
        yield where, date[1] if date else words(str(value))


def _html(path: Path) -> Page:
    root = lxml.html.parse(str(path), lxml.html.HTMLParser(encoding="utf-8")).getroot()
    metas = {meta.get("name"): meta.get("content") or "" for meta in root.iter("meta")}
    blocks = (block for main in root.iter("main") for block in main.iter(etree.Element) if _local(block) not in _INLINE)
    lines = (Line(path.name, place(block), _block(block)) for block in blocks)
    return Page(path.name, metas.get(_MARK, ""), metas.get("author", ""), tuple(line for line in lines if line.text))


def _block(block: _Element) -> str:
    """The text of a paragraph; a row, as a whole, with the heads of its columns, so that it can be judged alone."""
    if block.tag != "tr":
        return "" if next(block.iterancestors("tr"), None) is not None else _own(block)
    first = next(next(block.iterancestors("table"), block).iter("tr"), block)
    cells, heads = ([content(cell) for cell in row.iterchildren("th", "td")] for row in (block, first))
    return "; ".join(f"{head}: {cell}" for head, cell in zip_longest(heads, cells, fillvalue=""))


def _pdf(path: Path) -> Page:
    reader = PdfReader(path)
    facts: Mapping[str, Any] = reader.metadata or {}
    source = str(facts.get("/Keywords", "")).partition(f"{_MARK}=")[2].split(",")[0].strip()
    lines = (
        Line(path.name, f"page {number}", sentence)
        for number, page in enumerate(reader.pages, 1)
        for sentence in _SENTENCE.split(words(page.extract_text()))
    )
    return Page(path.name, source, str(facts.get("/Author", "")), tuple(lines))
