"""Records of an XML file, one in memory at a time. No DTD is loaded, no entity expanded, no address followed.

libxml2's own bounds stay on: 256 levels of elements, 10 MB for one run of text or attribute.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from lxml import etree
from lxml.etree import _Element

from ingest.errors import LimitError, ParseError

MAX_TAGS = 500_000
"""Of one record, opening and closing: a tree of so many takes a quarter of a gigabyte."""

_CHUNK = 1 << 16


def records(stream: BinaryIO, source: str, tag: str, most: int) -> Iterator[_Element]:
    """Each element called ``tag`` in any namespace that lies in no other, whole; asking for the next empties it.

    Raises ParseError (offset: XML line) where the XML breaks or declares entities, after the records that were whole;
    LimitError where ``most`` bytes or ``MAX_TAGS`` bring no record to an end.
    """
    parser = etree.XMLPullParser(
        ("start", "end"),
        tag=f"{{*}}{tag}",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    pending = tags = level = 0
    for chunk in itertools.chain(_chunks(stream), [None]):  # None: the end
        failure = feed(parser, chunk)
        pending += len(chunk or b"")
        tags += (chunk or b"").count(b"<")
        for event, element in parser.read_events():
            if not isinstance(element, _Element):
                continue
            level += 1 if event == "start" else -1
            if event == "start" and level == 1:
                _refuse_entities(element, source)
            if event == "end" and level == 0:
                yield element
                pending = tags = 0
                _forget(element)
        if failure is not None:
            raise ParseError(f"not well-formed XML: {failure.msg}", source=source, offset=failure.lineno) from failure
        if pending > most or tags > MAX_TAGS:
            raise LimitError(f"no record ends within {most} bytes and {MAX_TAGS} tags", source=source)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(_CHUNK)
    bom = codecs.BOM_UTF8 if first.startswith(codecs.BOM_UTF8) else b""
    yield bom + first[len(bom) :].lstrip()  # XML allows nothing before its declaration, exporters do
    yield from iter(partial(stream.read, _CHUNK), b"")


def feed(parser: etree.XMLPullParser, chunk: bytes | None) -> etree.XMLSyntaxError | None:
    """Gives the parser a chunk, None for the end; what is not well-formed."""
    try:
        parser.close() if chunk is None else parser.feed(chunk)
    except etree.XMLSyntaxError as error:
        return error
    return None


def _refuse_entities(element: _Element, source: str) -> None:
    """Entities of the file's own are refused: in attributes they would be expanded, elsewhere their text be lost."""
    internal: Any = element.getroottree().docinfo.internalDTD  # the stubs know nothing of its declarations
    if internal is not None and internal.entities():
        reason = "declares entities of its own, which are not expanded; replace them by their text"
        raise ParseError(reason, source=source, offset=1)


def _forget(element: _Element) -> None:
    """Empties what was read, and drops what lies before it and its ancestors."""
    element.clear()
    for node in (element, *element.iterancestors()):
        parent = node.getparent()
        if parent is not None:
            del parent[: parent.index(node)]


def plain_tags(root: _Element) -> None:
    """Takes the namespace of ``root`` off the names of all elements in it, so that they are called as without one."""
    prefix = str(root.tag).rpartition("}")[0] + "}"
    if prefix == "}":
        return
    for element in root.iter(f"{prefix}*"):
        element.tag = str(element.tag).removeprefix(prefix)
