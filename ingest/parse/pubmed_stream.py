"""The records of PubMed XML one at a time: sets, sets put together in one file, sets wrapped in a JSON string."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from lxml import etree
from lxml.etree import _Element

from ingest.errors import LimitError, ParseError
from ingest.parse.jsonstring import unwrap
from ingest.parse.xmlstream import feed

SETS = ("PubmedArticleSet", "PubmedBookArticleSet")
RECORDS = ("PubmedArticle", "PubmedBookArticle", "DeleteCitation")
MAX_RECORD_BYTES = 16 << 20

_CHUNK = 1 << 15
_HELD = 256  # bytes; longer than the end of a set and what begins the next one
_CLOSING = re.compile(rb"</Pubmed(?:Book)?ArticleSet")
_BETWEEN = re.compile(rb"</Pubmed(?:Book)?ArticleSet\s*>\s*(?=(?:\xef\xbb\xbf)?(?:<\?xml|<!DOCTYPE|<Pubmed))")


def elements(stream: BinaryIO, source: str) -> Iterator[tuple[_Element, int]]:
    """The records with their lines; the sets of a file that was put together of several come one after the other."""
    chunks, encoding = _chunks(stream, source)
    before = 0
    for pieces in _sets(chunks):
        counted = _Lines(pieces)
        for element in _set_elements(counted, encoding, source, before):
            yield element, before + cast("int", element.sourceline)
        before += counted.number


@dataclass(slots=True)
class _Lines:
    """Pieces of a file that count the line ends that went by."""

    pieces: Iterator[bytes]
    number: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.number += piece.count(b"\n")
            yield piece


def _sets(chunks: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """The pieces of each XML document of a file; each is to be read to its end before the next is asked for."""
    pieces = _pieces(chunks)
    more = True

    def one() -> Iterator[bytes]:
        nonlocal more
        for piece, ends in pieces:
            yield piece
            if ends:
                return
        more = False

    while more:
        yield one()


def _pieces(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The same bytes, and whether a document ends with them."""
    held = b""
    for chunk in chunks:
        held += chunk
        while match := _BETWEEN.search(held):
            yield held[: match.end()], True
            held = held[match.end() :].removeprefix(codecs.BOM_UTF8)
        ready = _ready(held)
        yield held[:ready], False
        held = held[ready:]
    yield held, False


def _ready(held: bytes) -> int:
    """How many bytes surely hold no end of a document: all but what may be one, or the beginning of one."""
    tail = max(0, len(held) - _HELD)
    if (closing := _CLOSING.search(held, tail)) is not None:
        return closing.start()
    last = held.rfind(b"<", tail)
    return last if last >= 0 and any(f"</{name}".encode().startswith(held[last:]) for name in SETS) else len(held)


def _set_elements(chunks: Iterable[bytes], encoding: str | None, source: str, before: int) -> Iterator[_Element]:
    # collect_ids stays at its default: collect_ids=False makes libxml2 load the DTD, whatever load_dtd says
    parser = etree.XMLPullParser(
        ("start", "end"),
        tag=(*SETS, *RECORDS),
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    root: _Element | None = None
    pending = 0
    for chunk in itertools.chain(chunks, [None]):  # None: the end
        failure = feed(parser, chunk)
        pending += len(chunk or b"")
        for event, element in parser.read_events():
            if not isinstance(element, _Element):  # other events carry tuples; none is asked for
                continue
            root = element if root is None else root
            if event == "end" and element.tag in RECORDS and (element is root or element.getparent() is root):
                yield element
                pending = 0
        if failure is not None:
            line = before + (failure.lineno or 0)
            raise ParseError(f"not well-formed XML: {failure.msg}", source=source, offset=line) from failure
        if pending > MAX_RECORD_BYTES:
            raise LimitError(f"no record ends within {MAX_RECORD_BYTES} bytes", source=source)
        if root is not None and root.tag in SETS:
            del root[:-1]  # all but the last child are complete and done with


def _chunks(stream: BinaryIO, source: str) -> tuple[Iterator[bytes], str | None]:
    """The XML's bytes and, where the XML declaration cannot be trusted, their encoding."""
    first = stream.read(_CHUNK)
    bom = codecs.BOM_UTF8 if first.startswith(codecs.BOM_UTF8) else b""
    first = bom + first[len(bom) :].lstrip()  # XML allows nothing before its declaration, exporters do
    chunks = itertools.chain([first], iter(partial(stream.read, _CHUNK), b""))
    if first[len(bom) :].startswith(b'"'):
        content = unwrap(chunks, source)
        first = next(content, b"").removeprefix(codecs.BOM_UTF8).lstrip()
        return itertools.chain([first], content), "utf-8"
    return chunks, None
