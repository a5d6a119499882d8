"""HTML guidelines: the main content alone, its headings as sections, its tables as rows.

trafilatura tells the content from navigation, banners and footers. Data tables are taken out before and put back
after, since it does not keep cells that span columns or rows.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

import charset_normalizer
import lxml.html
import trafilatura
from lxml import etree
from lxml.etree import _Element
from trafilatura.settings import use_config

from ingest.errors import LimitError, ParseError
from ingest.parse.dates import from_iso
from ingest.parse.narrative import grid
from ingest.parse.pubmed import EDITORIAL_LICENCE, unique_slug
from ingest.parse.tables import Block, assemble, local, text_of
from ingest.parse.text import clean, link
from ingest.schema import Document, Kind, Record, Section

EDITORIAL = "citerx:editorial"
"""The name of the ``meta`` element that marks a summary in CiteRx's own words; its content is the real source's URL."""

BEGINS = re.compile(
    rb"(?:\xff\xfe|\xfe\xff)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-(?!->))*-->\s*)*<(?:!doctype\s+html\b|html\b|head\b|body\b)",
    re.IGNORECASE,
)
"""How a page begins, in ASCII or UTF-16 without its zeros."""

MAX_BYTES = 16 << 20
MAX_ELEMENTS = 500_000

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
_LATIN = frozenset({"iso-8859-1", "iso8859-1", "latin-1", "latin1", "ascii", "us-ascii"})
_NEVER_TEXT = ("script", "style", "noscript", "template", "iframe", "object", "svg", "math", "button", "select")
_LAYOUT = "h1|h2|h3|h4|h5|h6|.//table|.//h1|.//h2|.//h3|.//h4|.//nav|.//article|.//section"
_LONGEST_CELL = 1500  # a table with a longer one arranges a page
_PROSE = frozenset({"p", "h1", "h2", "h3", "ul", "ol"})
_SHORT_PAGE = "60"  # characters; a page with fewer is read again without its structure
_LISTS = {"references": "references", "bibliography": "references", "contents": "contents", "on this page": "contents"}
_LICENCES = "//link[contains(@rel, 'license')]/@href | //a[contains(@rel, 'license')]/@href"


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """The one document that a page is. Raises ParseError where it has no main content, LimitError where it is large."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LimitError(f"an HTML page of more than {MAX_BYTES} bytes; split it into parts", source=source)
    tree = _tree(decoded(data), source)
    tables = _tables_out(tree, hashlib.sha256(data).hexdigest()[:12])
    metas = _metas(tree)
    options = {"original_date": True, "extensive_search": False}
    config = use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", _SHORT_PAGE)
    try:
        page = trafilatura.bare_extraction(
            tree, fast=True, favor_recall=True, include_comments=False, include_formatting=True, with_metadata=True,
            date_extraction_params=options, config=config,
        )  # fmt: skip
    except (RecursionError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ParseError(f"its main content cannot be told: {clean(str(error))[:80]}", source=source) from error
    body = getattr(page, "body", None)
    title = clean(metas.get("citation_title", "") or getattr(page, "title", None) or "") or _text(tree.find(".//title"))
    sections = _sections(body, tables, title) if body is not None else ()
    if not sections:
        raise ParseError("a page without main content: is it made by a script, or behind a login?", source=source)
    yield _document(hashlib.sha256(data).hexdigest(), title or sections[0].title, sections, metas, page)


def decoded(data: bytes) -> str:
    """A page's text: by its byte order mark, as UTF-8 where it is that, as it declares, or as its bytes suggest."""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    declared = match[1].decode().lower() if (match := _CHARSET.search(data[:4096])) else ""
    for codec in ("utf-8", "cp1252" if declared in _LATIN else declared):
        try:
            return data.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    found = charset_normalizer.from_bytes(data)
    best = found.best()
    likely = [match for match in found if match.encoding == "cp1252" and best and match.chaos <= best.chaos]
    return str(likely[0] if likely else best) if best else data.decode("cp1252", "replace")


def _tree(text: str, source: str) -> _Element:
    """The page without what is never text; comments and processing instructions go too."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    clear = text.replace("\0", "").encode("utf-8", "replace")
    try:
        tree = etree.fromstring(clear, parser) if clear.strip() else None
    except etree.XMLSyntaxError as error:
        raise ParseError(f"cannot be read as HTML: {error.msg}", source=source) from error
    if tree is None:
        raise ParseError("an empty page", source=source)
    if sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
        raise LimitError(f"an HTML page of more than {MAX_ELEMENTS} elements; split it into parts", source=source)
    etree.strip_elements(tree, *_NEVER_TEXT, with_tail=False)
    if (body := tree.find("body")) is not None:
        _wrapped(body)
    return tree


def _wrapped(body: _Element) -> None:
    """Gives a page that has its paragraphs right in its body the element around them that all others have."""
    if sum(local(child) in _PROSE for child in body) < 3:
        return
    inner = lxml.html.Element("main")
    inner.text, body.text = body.text, None
    inner.extend(list(body))
    body.append(inner)


def _tables_out(tree: _Element, token: str) -> dict[str, _Element]:
    """Puts a paragraph with a name and the table's words in the place of each data table; the tables by that name."""
    found: dict[str, _Element] = {}
    for table in list(tree.iter("table")):
        parent = table.getparent()
        if (
            parent is None
            or table.xpath(_LAYOUT)
            or any(len(text_of(cell)) > _LONGEST_CELL for cell in table.iter("td"))
        ):
            continue
        name = f"table{token}x{len(found)}x"
        stand_in = lxml.html.Element("p")
        stand_in.text = f"{name} {clean(text_of(table))[:400]} {name}."
        stand_in.tail, table.tail = table.tail, None
        parent.replace(table, stand_in)
        for figure in stand_in.iterancestors("figure"):
            figure.tag = "div"  # figures are passed over
        found[name] = table
    return found


def _metas(tree: _Element) -> dict[str, str]:
    """The page's ``meta`` elements by name or property in lower case, the first of each."""
    metas: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower()
        if name and (content := clean(meta.get("content") or "")):
            metas.setdefault(name, content)
    licences = tree.xpath(_LICENCES)
    if isinstance(licences, list) and licences:
        metas["license"] = clean(str(licences[0]))
    return metas


def _document(
    checksum: str, title: str, sections: tuple[Section, ...], metas: dict[str, str], page: object
) -> Document:
    original = metas.get(EDITORIAL, "")
    published = _day(getattr(page, "date", None))
    revised = _day(metas.get("article:modified_time") or metas.get("dcterms.modified") or metas.get("last-modified"))
    rights = ("license", "dcterms.license", "dc.rights", "dcterms.rights")
    identifier = f"html:{checksum[:16]}"
    return Document(
        document_id=identifier,
        kind=Kind.GUIDELINE,
        title=title,
        work_id=identifier,
        version="1",
        sha256=checksum,
        sections=sections,
        published=published,
        effective=revised or published,
        revised=revised,
        editorial=EDITORIAL in metas,
        authors=tuple(filter(None, map(clean, (getattr(page, "author", None) or "").split(";")))),
        journal=_publisher(metas),
        url=link(original) or link(getattr(page, "url", None) or ""),
        licence=EDITORIAL_LICENCE if original else next(filter(None, map(metas.get, rights)), "publisher's text"),
    )


def _publisher(metas: dict[str, str]) -> str:
    names = ("citation_publisher", "dc.publisher", "dcterms.publisher", "publisher", "og:site_name")
    return next(filter(None, map(metas.get, names)), "")


def _day(value: str | None) -> date | None:
    return from_iso((value or "")[:10])


@dataclass(slots=True)
class _Writer:
    """Gathers lines and tables under the headings that they stand below."""

    tables: dict[str, _Element]
    title: str
    done: dict[str, Section] = field(default_factory=dict)
    path: list[tuple[int, str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def head(self, level: int, text: str) -> None:
        """Begins a section; a heading that repeats the page's title is none."""
        self.close()
        self.path = [outer for outer in self.path if outer[0] < level]
        if text and text != self.title:
            self.path.append((level, text))

    def line(self, text: str) -> None:
        """Adds a line, with the tables whose places it holds."""
        while name := next((name for name in self.tables if name in text), ""):
            before, _, rest = text.partition(name)
            text = rest.partition(f"{name}.")[2].strip()
            read = grid(self.tables.pop(name))
            self.blocks += [block for block in (before.strip().removesuffix("•").strip(), read) if block]
        if text:
            self.blocks.append(text)

    def close(self) -> None:
        """Ends the section."""
        text, tables = assemble(self.blocks)
        self.blocks = []
        if text:
            path = tuple(name for _, name in self.path) or ("Summary",)
            known = _LISTS.get(path[-1].lower().rstrip(":"), "")
            slug = unique_slug(known, "", self.done) if known else unique_slug("body", path[-1], self.done)
            self.done[slug] = Section(slug, path[-1], path, text, tables)


def _sections(body: _Element, tables: dict[str, _Element], title: str) -> tuple[Section, ...]:
    writer = _Writer(tables, title)
    _walk(body, writer)
    writer.close()
    return tuple(writer.done.values())


def _walk(element: _Element, writer: _Writer) -> None:
    """Writes the blocks of trafilatura's tree: ``head``, ``list`` of ``item``, ``table`` (of layout), paragraphs."""
    for child in element:
        name = local(child)
        if name == "head":
            writer.head(int((child.get("rend") or "h2")[1:] or 2), _text(child))
        elif name == "list":
            _walk_list(child, writer)
        elif name in {"row", "table", "quote", "div"} and len(child):
            _walk(child, writer)
        else:
            for line in _lines(child):
                writer.line(line)


def _walk_list(element: _Element, writer: _Writer) -> None:
    numbered = element.get("rend") == "ol"
    for number, item in enumerate(element, 1):
        inner = [child for child in item if local(child) == "list"]
        for child in inner:
            item.remove(child)
        for place, line in enumerate(_lines(item)):
            writer.line(line if place else _marked(line, number if numbered else 0))
        for child in inner:
            _walk_list(child, writer)


def _marked(line: str, number: int) -> str:
    return f"{number}. {line}" if number else f"• {line}"


def _lines(element: _Element) -> list[str]:
    pieces: list[str] = []
    _collect(element, pieces)
    return [line for part in "".join(pieces).split("\n") if (line := clean(part))]


def _collect(element: _Element, pieces: list[str]) -> None:
    """Text with a line's end for ``lb`` and paragraphs within, and ``^`` before an exponent."""
    if element.get("rend") == "#sup" and next(filter(None, reversed(pieces)), "")[-1:].isdigit():
        pieces.append("^")
    pieces.append(" ".join((element.text or "").split("\n")))
    for child in element:
        broken = local(child) in {"lb", "p", "item"}
        pieces.append("\n" if broken and pieces[-1:] != ["\n"] else "")
        _collect(child, pieces)
        pieces.append("\n" if broken and local(child) != "lb" else "")
        pieces.append(" ".join((child.tail or "").split("\n")))


def _text(element: _Element | None) -> str:
    return "" if element is None else clean(text_of(element))
