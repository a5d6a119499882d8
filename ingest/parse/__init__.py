"""Which parser reads a file: told from its first bytes, never from its name.

A new format is one more row of ``FORMATS``; its module offers ``parse(stream, source)``.
"""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

import ijson
from ijson.common import JSONError
from lxml import etree
from lxml.etree import _Element

from ingest.errors import ParseError, UnknownFormatError
from ingest.parse import (
    articles,
    html,
    jats,
    marks,
    openfda,
    pdf,
    plain,
    pubmed,
    pubmed_stream,
    sections2016,
    spl,
    trials,
)
from ingest.parse.jsonstring import unwrap
from ingest.parse.streams import wide
from ingest.schema import Record

Parser = Callable[[BinaryIO, str], Iterator[Record]]

HEAD_BYTES = 1 << 16
"""How much of a file ``detect`` wants to see."""

HTML_HEAD = 4096  # comments before an HTML page's first element take no more

_LABEL_KEYS = {"set_id", "openfda", "spl_product_data_elements", "effective_time", "indications_and_usage", "purpose"}


@dataclass(frozen=True, slots=True)
class Look:
    """What the head of a file shows: the root element of XML, or JSON's shape (object, list, lines) and first keys.

    A list of withdrawals has the shape ``table`` and its columns as keys, text to read the shape ``text``.
    """

    root: str = ""
    shape: str = ""
    keys: frozenset[str] = field(default_factory=frozenset)
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table: how the format is called, when it is this one, and what reads it."""

    name: str
    matches: Callable[[Look], bool]
    parse: Parser


def _is_openfda(look: Look) -> bool:
    if look.shape == "object" and look.keys & {"results", "meta"}:
        return True
    return look.shape in {"object", "list"} and bool(look.keys & _LABEL_KEYS)


def _is_articles(look: Look) -> bool:
    return look.shape in {"object", "lines"} and "pmid" in look.keys and bool(look.keys & {"title", "abstract"})


def _is_crossref(look: Look) -> bool:
    if look.shape == "object" and (look.keys >= {"message", "message-type"} or look.keys == {"items"}):
        return True
    return "DOI" in look.keys and bool(look.keys & {"update-to", "updated-by", "publisher", "container-title"})


FORMATS = (
    Format("SPL XML", lambda look: look.root == "{urn:hl7-org:v3}document", spl.parse),
    Format("PubMed XML", lambda look: look.root in {*pubmed_stream.SETS, *pubmed_stream.RECORDS}, pubmed.parse),
    Format("JATS XML", lambda look: look.root.rpartition("}")[2] in jats.ROOTS, jats.parse),
    Format("label sections of 2016", lambda look: look.keys >= sections2016.FIELDS, sections2016.parse),
    Format("JSON Lines of articles", _is_articles, articles.parse),
    Format("ClinicalTrials.gov JSON", lambda look: bool(look.keys & {"protocolSection", "studies"}), trials.parse),
    Format("Crossref JSON", _is_crossref, marks.parse_crossref),
    Format("list of withdrawals", lambda look: look.shape == "table", marks.parse_table),
    Format("openFDA label JSON", _is_openfda, openfda.parse),
    Format("PDF", lambda look: look.shape == "pdf", pdf.parse),
    Format("HTML", lambda look: look.root.rpartition("}")[2] == "html", html.parse),
    Format("text or Markdown", lambda look: look.shape == "text", plain.parse),
)


def detect(head: bytes, name: str) -> Parser:
    """The parser for the file that begins with ``head`` (up to ``HEAD_BYTES``); ``name`` only serves the error.

    Raises UnknownFormatError that says what was seen and which formats are known.
    """
    look = _look(head)
    for row in FORMATS:
        if row.matches(look):
            return row.parse
    known = ", ".join(row.name for row in FORMATS)
    raise UnknownFormatError(f"not a known format: {look.seen}; known are {known}", source=name)


def _look(head: bytes) -> Look:
    if pdf.SIGNATURE in head[: pdf.SIGNATURE_WITHIN]:
        return Look(shape="pdf", seen="PDF")
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if codec := wide(head):
        text = head.decode(codec, "ignore").lstrip().encode(errors="replace")
        if text[:1] in {b"", b"<"}:
            return _look_at_xml(head)
    if text.startswith(b'"'):
        text = _unwrapped(head).removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith((b"{", b"[")):
        return _look_at_json(text)
    if text.startswith((b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\x00", b"\x00<")):
        return _look_at_xml(text)
    return _look_at_text(head, text) if text else Look(seen="nothing but white space")


def _look_at_text(head: bytes, text: bytes) -> Look:
    """Looks at what is neither XML nor JSON; ``text`` is the head in UTF-8 (or an older encoding)."""
    if names := marks.columns(text.partition(b"\n")[0].decode(errors="replace")):
        return Look(shape="table", keys=names, seen=f"a list with the columns {sorted(names)[:6]}")
    reason = plain.is_prose(head)
    return Look(shape="" if reason else "text", seen=reason or "text")


def _unwrapped(head: bytes) -> bytes:
    """As much of the JSON string's content as ``head`` shows; it usually ends before the string does."""
    pieces: list[bytes] = []
    with contextlib.suppress(ParseError):
        pieces.extend(unwrap(iter([head]), ""))
    return b"".join(pieces)


def _look_at_xml(text: bytes) -> Look:
    if html.BEGINS.match(text.replace(b"\0", b"")[:HTML_HEAD]):
        return Look(root="html", seen="HTML")
    parser = etree.XMLPullParser(("start",), resolve_entities=False, load_dtd=False, no_network=True)
    try:
        parser.feed(text)
    except etree.XMLSyntaxError as error:
        broken = f"broken XML ({error.msg})"
    else:
        broken = "XML without a root element in sight"
    for _, element in parser.read_events():
        if isinstance(element, _Element):
            return Look(root=str(element.tag), seen=f"XML with the root element {element.tag}")
    return Look(seen=broken)


def _look_at_json(text: bytes) -> Look:
    shape, level = ("object", 1) if text.startswith(b"{") else ("list", 2)
    keys: set[str] = set()
    depth = 0
    ended = False
    try:
        for event, value in ijson.basic_parse(BytesIO(text), use_float=True):  # with prefixes: the square of the depth
            depth += event.startswith("start_") - event.startswith("end_")
            ended = depth == 0
            if depth == level and event == "map_key":
                keys.add(value)
    except (JSONError, UnicodeDecodeError):  # the head usually ends in the middle; after the end: JSON Lines
        shape = "lines" if ended else shape
    return Look(shape=shape, keys=frozenset(keys), seen=f"JSON ({shape}) with the keys {sorted(keys)[:6]}")
