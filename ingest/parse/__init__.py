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
from ingest.parse import openfda, pubmed, spl
from ingest.parse.jsonstring import unwrap
from ingest.schema import Record

Parser = Callable[[BinaryIO, str], Iterator[Record]]

HEAD_BYTES = 1 << 16
"""How much of a file ``detect`` wants to see."""

_LABEL_KEYS = {"set_id", "openfda", "spl_product_data_elements", "effective_time", "indications_and_usage", "purpose"}


@dataclass(frozen=True, slots=True)
class Look:
    """What the head of a file shows: the root element of XML, or JSON's shape (object, list, lines) and first keys."""

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


FORMATS = (
    Format("SPL XML", lambda look: look.root == "{urn:hl7-org:v3}document", spl.parse),
    Format("PubMed XML", lambda look: look.root in {*pubmed.SETS, *pubmed.RECORDS}, pubmed.parse),
    Format("openFDA label JSON", _is_openfda, openfda.parse),
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
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith(b'"'):
        text = _unwrapped(head).removeprefix(codecs.BOM_UTF8).lstrip()
    if text.startswith((b"{", b"[")):
        return _look_at_json(text)
    if text.startswith((b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\x00", b"\x00<")):
        return _look_at_xml(text)
    return Look(seen="nothing but white space" if not text else f"content that begins {text[:24]!r}")


def _unwrapped(head: bytes) -> bytes:
    """As much of the JSON string's content as ``head`` shows; it usually ends before the string does."""
    pieces: list[bytes] = []
    with contextlib.suppress(ParseError):
        pieces.extend(unwrap(iter([head]), ""))
    return b"".join(pieces)


def _look_at_xml(text: bytes) -> Look:
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
        for event, value in ijson.basic_parse(BytesIO(text)):  # prefixes would cost the square of the depth
            depth += event.startswith("start_") - event.startswith("end_")
            ended = depth == 0
            if depth == level and event == "map_key":
                keys.add(value)
    except (JSONError, UnicodeDecodeError):  # the head usually ends in the middle; after the end: JSON Lines
        shape = "lines" if ended else shape
    return Look(shape=shape, keys=frozenset(keys), seen=f"JSON ({shape}) with the keys {sorted(keys)[:6]}")
