"""What a mutation did not touch must read as before: the records of a file that are the same bytes, or the same tree.

Which these are is told without the parsers, by `json` and by libxml2 on the whole file, so that a parser that lets one
record leak into another (a number, a date, a drug) is found out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from lxml import etree

from ingest.pipeline import read
from ingest.schema import Document

_LISTS = ("results", "studies")
_RECORDS = ("PubmedArticle", "PubmedBookArticle")


def untouched(before: bytes, after: bytes) -> tuple[bytes, ...]:
    """The records of ``before`` that ``after`` has too, each as a file of its own; none where neither can tell."""
    there = dict(_records(after))
    return tuple(alone for key, alone in dict(_records(before)).items() if key in there)


def _records(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What makes a record the same, and the record as a file: members of a JSON list, elements of a set, JSON lines."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        yield from _elements(data) if data.lstrip().startswith(b"<") else _lines(data)
        return
    for name in _LISTS if isinstance(value, dict) else ():
        found = value.get(name)
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict):
                yield json.dumps(one, sort_keys=True), json.dumps({name: [one]}).encode()


def _elements(data: bytes) -> Iterator[tuple[str, bytes]]:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    for element in root.iterchildren(*_RECORDS) if root.tag == "PubmedArticleSet" else ():
        with suppress(etree.C14NError):
            alone = etree.tostring(element, method="c14n", with_tail=False)
            yield alone.decode(), b"<PubmedArticleSet>%s</PubmedArticleSet>" % alone


def _lines(data: bytes) -> Iterator[tuple[str, bytes]]:
    for line in re.split(rb"\r?\n", data):
        with suppress(ValueError, RecursionError):
            if isinstance(json.loads(line), dict):
                yield line.decode(), line + b"\n"


def changed(path: Path, records: tuple[bytes, ...], *, said: bool) -> str:
    """Which of the records, each a file of its own, reads otherwise in the file at ``path``; empty where none does.

    One that is not there at all is no matter where the report ``said`` something.
    """
    if not records:
        return ""
    documents = [_bare(record) for record in read([str(path)]) if isinstance(record, Document)]
    names = {document.document_id for document in documents}
    alone = path.with_name("alone")
    for record in records:
        alone.write_bytes(record)
        for document in (_bare(one) for one in read([str(alone)]) if isinstance(one, Document)):
            if document not in documents and (not said or document.document_id in names):
                return f"{document.document_id} was not touched, and reads otherwise"
    return ""


def _bare(document: Document) -> Document:
    """Without the checksum, which may be of the file or of how it is written."""
    return replace(document, sha256="")
