"""What the store asks of its tables, made once: making a statement takes longer than running it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, exists, func, or_, select

from ingest.database import contents, documents, drug_names, meta, sections
from ingest.database import passages as passage_table
from ingest.schema import Kind


def passages_of() -> Select[Any]:
    """Row id, passage id, document id, section slug, start, end, text, context, the section's pages."""
    passage = passage_table.c
    text = func.substr(sections.c.text, passage.start + 1, passage.end - passage.start)
    same_section = (sections.c.document == passage.document) & (sections.c.ordinal == passage.section)
    columns = (passage.row_id, passage.passage_id, documents.c.document_id, sections.c.slug, passage.start, passage.end)
    return (
        select(*columns, text.label("text"), passage.context, sections.c.pages)
        .join_from(documents, passage_table)
        .join(sections, same_section)
    )


REVISION = select(meta.c.value).where(meta.c.name == "revision")
PASSAGES = passages_of().where(passage_table.c.row_id.in_(bindparam("wanted", expanding=True)))
_other = passage_table.alias()
_other_document = documents.alias()
_SAME_WORDS = (
    select(passage_table.c.passage_id, _other_document.c.document_id)
    .join_from(passage_table, _other, passage_table.c.text_sha256 == _other.c.text_sha256)
    .join(_other_document, _other_document.c.row_id == _other.c.document)
    .where(
        passage_table.c.passage_id.in_(bindparam("wanted", expanding=True)),
        _other.c.document != passage_table.c.document,
        _other_document.c.kind == Kind.LABEL.value,
        _other_document.c.editorial.is_(False),
        _other_document.c.retracted.is_(False),
        exists().where(
            drug_names.c.document == _other.c.document,
            drug_names.c.field.in_(("generic", "substance")),
            func.lower(drug_names.c.name).like(bindparam("naming")),
        ),
    )
)
# `ingest.schema.in_force`, as the database says it.
_ended = _other_document.c.superseded_on
SAME_WORDS_NOW = _SAME_WORDS.where(_ended.is_(None))
SAME_WORDS_ON = _SAME_WORDS.where(
    _other_document.c.since <= bindparam("as_of"), or_(_ended.is_(None), _ended > bindparam("as_of"))
)
TABLES = (
    select(passage_table.c.passage_id, sections.c.tables)
    .join_from(
        passage_table,
        sections,
        (sections.c.document == passage_table.c.document) & (sections.c.ordinal == passage_table.c.section),
    )
    .where(passage_table.c.passage_id.in_(bindparam("wanted", expanding=True)))
)
DOCUMENTS = select(documents).where(documents.c.document_id.in_(bindparam("wanted", expanding=True)))
HELD = (
    select(contents.c.document)
    .join_from(documents, contents)
    .where(
        or_(
            documents.c.document_id == bindparam("document_id"),
            (documents.c.work_id == bindparam("work"))
            & (func.substr(documents.c.document_id, 1, func.length(bindparam("begin"))) == bindparam("begin")),
        ),
        documents.c.editorial == bindparam("editorial"),
    )
    .where(contents.c.sha256 == bindparam("key"))
)
DRUGS = (
    select(drug_names.c.document, drug_names.c.field, drug_names.c.name)
    .where(drug_names.c.document.in_(bindparam("wanted", expanding=True)))
    .order_by(drug_names.c.document, drug_names.c.field, drug_names.c.ordinal)
)
_appeared = func.coalesce(documents.c.published, documents.c.effective)
_began = func.coalesce(documents.c.effective, documents.c.published)
_paper = documents.c.kind == Kind.ARTICLE.value
NEWEST = select(
    select(func.max(_appeared)).where(_paper).scalar_subquery(),
    select(func.max(_began)).where(~_paper).scalar_subquery(),
)
