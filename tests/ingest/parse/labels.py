"""Small labels of our own words, and what a golden file keeps of a real one."""

from __future__ import annotations

import hashlib
import json
import re
from io import BytesIO
from pathlib import Path

from ingest.parse import openfda, spl
from ingest.parse.tables import render_row
from ingest.schema import Document, Record

GOLDEN = Path(__file__).parents[2] / "golden" / "labels.json"
SET_ID = "11111111-2222-4333-8444-555555555555"
_UNTIDY = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]|\n\n|  |^\s|\s$| \n|\n ")


class Endless(BytesIO):
    """A stream of blanks without an end."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As many blanks as wanted."""
        return b" " * (size or 0)


def label_json(**fields: object) -> dict[str, object]:
    """An openFDA record with these fields."""
    return {"set_id": SET_ID, "id": "aaaa", "version": "3", "effective_time": "20240229", **fields}


def read_json(*records: object) -> list[Record]:
    """The records parsed as an API response."""
    return list(openfda.parse(BytesIO(json.dumps({"meta": {}, "results": records}).encode()), "test.json"))


def one_json(**fields: object) -> Document:
    """The Document of one openFDA record with these fields."""
    (document,) = read_json(label_json(**fields))
    assert isinstance(document, Document)
    return document


def section_xml(code: str, title: str, text: str, inner: str = "") -> str:
    """An SPL section in its component."""
    return (
        f'<component><section><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>{title}</title>'
        f"<text>{text}</text>{inner}</section></component>"
    )


def label_xml(sections: str, *, head: str = "", title: str = "Testol tablets", author: str = "Test Works") -> bytes:
    """An SPL document with these sections."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><document xmlns="urn:hl7-org:v3"><id root="bbbb"/>'
        '<code code="34391-3" displayName="HUMAN PRESCRIPTION DRUG LABEL"/>'
        f'<title>{title}</title><effectiveTime value="20240229"/><setId root="{SET_ID}"/><versionNumber value="3"/>'
        f"<author><assignedEntity><representedOrganization><name>{author}</name></representedOrganization>"
        f"</assignedEntity></author>{head}<component><structuredBody>{sections}</structuredBody></component></document>"
    ).encode()


def one_xml(sections: str, **parts: str) -> Document:
    """The Document of an SPL file with these sections."""
    (document,) = spl.parse(BytesIO(label_xml(sections, **parts)), "test.xml")
    assert isinstance(document, Document)
    return document


def check_sections(document: Document) -> None:
    """Every section's text is normal, its tables stand where they say, and no slug comes twice."""
    assert len({section.slug for section in document.sections}) == len(document.sections)
    for section in document.sections:
        assert section.text
        assert not _UNTIDY.search(section.text), (document.document_id, section.slug)
        for table in section.tables:
            rows = [render_row(table.header, row) for row in table.rows]
            assert section.text[table.start : table.end] == "\n".join(rows)


def summary(document: Record) -> dict[str, object]:
    """What the golden file keeps: ids, counts and hashes, none of the text."""
    assert isinstance(document, Document)
    texts = "\n\n".join(f"{section.slug}\n{section.text}" for section in document.sections)
    return {
        "document_id": document.document_id,
        "title_sha256": hashlib.sha256(document.title.encode()).hexdigest(),
        "sections": len(document.sections),
        "tables": sum(len(section.tables) for section in document.sections),
        "source_sha256": document.sha256,
        "text_sha256": hashlib.sha256(texts.encode()).hexdigest(),
    }
