"""Documents as rows of the store's tables, and back. Nothing here reads or writes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal

from sqlalchemy import RowMapping

from ingest.schema import Document, DrugNames, Kind, Mark, MarkKind, Passage, Section, Table

Row = dict[str, Any]
Flag = Literal["retracted", "expression_of_concern", "corrected"]

# Grows when a parser or the splitter makes other records of the same bytes: what is stored is then read anew.
REVISION = 5
REVISED = f"/{REVISION}"

DRUG_FIELDS = tuple(field.name for field in fields(DrugNames))
# What may have become of a work: `Mark.kind` -> the attribute of a document.
FLAGS: dict[MarkKind, Flag] = {"retraction": "retracted", "concern": "expression_of_concern", "correction": "corrected"}
MARKS = tuple(FLAGS.values())
# Attributes with a column of their own; whatever else a Document has goes into the column ``details``.
COLUMNS = (
    "document_id",
    "kind",
    "title",
    "work_id",
    "version",
    "published",
    "effective",
    "superseded_on",
    "since",
    "revised",
    "retracted",
    "expression_of_concern",
    "corrected",
    "editorial",
    "sha256",
)
DETAILS = tuple(field.name for field in fields(Document) if field.name not in {*COLUMNS, "sections", "drugs", "marks"})


def unstorable(document: Document, passages: Sequence[Passage]) -> str:
    """Why the document cannot be stored so that it reads back the same, or an empty string.

    A NUL or a lone surrogate has no place in a database's text; a passage must be a stretch of its section.
    """
    texts = {section.slug: section.text for section in document.sections}
    if len(texts) < len(document.sections):
        return "two sections have the same slug"
    if len({passage.passage_id for passage in passages}) < len(passages):
        return "two passages have the same id"
    for passage in passages:
        text = texts.get(passage.section, "")
        inside = 0 <= passage.start < passage.end <= len(text)
        if (
            passage.document_id != document.document_id
            or not inside
            or text[passage.start : passage.end] != passage.text
        ):
            return f"passage {passage.passage_id} is not a stretch of section {passage.section!r}"
    strings = "".join(_strings([document_row(document), section_rows(document), name_rows(document)]))
    strings += "".join(passage.context for passage in passages)
    if "\0" in strings:
        return "a NUL character in the text"
    try:
        strings.encode()
    except UnicodeEncodeError as error:
        return f"a character that is none in the text ({error.reason})"
    return ""


def document_row(document: Document) -> Row:
    """The row without ``row_id``; ``superseded_on`` and ``since`` are empty, as the store computes them."""
    row = {name: getattr(document, name) for name in COLUMNS}
    row |= {"kind": document.kind.value, "superseded_on": None, "since": None, "own_marks": own_marks(document)}
    return row | {"details": {name: getattr(document, name) for name in DETAILS}}


def section_rows(document: Document) -> list[Row]:
    """One row per section, ``ordinal`` from 0."""
    return [
        {
            "ordinal": ordinal,
            "slug": section.slug,
            "title": section.title,
            "path": section.path,
            "text": section.text,
            "tables": [(table.caption, table.header, table.rows, table.start, table.end) for table in section.tables],
            "pages": section.pages,
        }
        for ordinal, section in enumerate(document.sections)
    ]


def passage_rows(document: Document, passages: Iterable[Passage]) -> list[Row]:
    """One row per passage, without its text."""
    ordinals = {section.slug: ordinal for ordinal, section in enumerate(document.sections)}
    return [
        {
            "passage_id": passage.passage_id,
            "section": ordinals[passage.section],
            "start": passage.start,
            "end": passage.end,
            "context": passage.context,
            "text_sha256": words_key(passage.text),
        }
        for passage in passages
    ]


def words_key(text: str) -> bytes:
    """SHA-256 of a text whose white space is folded: the same for the same words, however their lines were broken."""
    return hashlib.sha256(" ".join(text.split()).encode()).digest()


def name_rows(document: Document) -> list[Row]:
    """One row per drug name or code, in the source's order."""
    return [
        {"field": field, "ordinal": ordinal, "name": name}
        for field in DRUG_FIELDS
        for ordinal, name in enumerate(getattr(document.drugs, field))
    ]


def stand_in_rows(document: Document) -> list[Row]:
    """One row per work that an editorial summary gives way to."""
    return [{"work_id": work_id} for work_id in dict.fromkeys(document.stands_for if document.editorial else ())]


_RESOLVER = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)")


def names_of(document: Document) -> tuple[str, ...]:
    """What others call the document, as `Mark.work` does."""
    doi = _RESOLVER.sub("", document.doi.strip().lower()).rstrip(".,;")
    named = (("pmid", document.pmid), ("doi", doi))
    return tuple(f"{kind}:{name}" for kind, name in named if name)


def own_marks(document: Document) -> list[str]:
    """Those of `MARKS` that the source's own record has."""
    return [name for name in MARKS if getattr(document, name)]


def content_key(document: Document) -> str:
    """What tells that these bytes were read before, and by parsers and a splitter like those of today."""
    return f"{document.sha256}{REVISED}"


def to_document(
    row: RowMapping, drugs: DrugNames, sections: tuple[Section, ...] = (), marks: tuple[Mark, ...] = ()
) -> Document:
    """The document of a row of ``documents``."""
    columns = {name: row[name] for name in COLUMNS} | {"kind": Kind(row["kind"])}
    details = {name: _tuples(value) for name, value in row["details"].items()}
    return Document(**columns, **details, drugs=drugs, sections=sections, marks=marks)


def to_drugs(names: Iterable[tuple[str, str]]) -> DrugNames:
    """From (field, name) pairs in order."""
    found: dict[str, list[str]] = {}
    for field, name in names:
        found.setdefault(field, []).append(name)
    return DrugNames(**{field: tuple(values) for field, values in found.items()})


def to_section(row: RowMapping) -> Section:
    """The section of a row of ``sections``."""
    tables = to_tables(row["tables"])
    return Section(row["slug"], row["title"], tuple(row["path"]), row["text"], tables, _tuples(row["pages"]))


def to_tables(stored: Iterable[Sequence[Any]]) -> tuple[Table, ...]:
    """The tables of a row of ``sections``."""
    return tuple(Table(*_tuples(table)) for table in stored)


def _tuples(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """JSON knows lists only; the records have tuples."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
