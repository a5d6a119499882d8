"""The starter corpus as the checks read it: each record with its lines of prose and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

SPL = {"h": "urn:hl7-org:v3"}
_PROSE = "paragraph | caption | th | td"


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
    set_ids = tuple(found.get("root") or "" for found in related)
    return Label(path.name, path.stem, set_ids, tuple(_prose(path.name, root)), root)


def _prose(file: str, root: _Element) -> Iterator[Line]:
    names = tuple(f"{{{SPL['h']}}}{name}" for name in _PROSE.split(" | "))
    return (Line(file, place(element), content(element)) for element in root.iter(*names))


def _article(file: str, element: _Element) -> Article:
    pmid = content(element.find("MedlineCitation/PMID"))
    parts = element.iterfind("MedlineCitation/Article/Abstract/AbstractText")
    return Article(file, pmid, tuple(Line(file, place(part), content(part)) for part in parts), element)
