"""Full texts in JATS, as PubMed Central gives them: ``article``, alone or in ``pmc-articleset`` or an OAI answer.

A ``sec`` of the first two levels becomes a Section, ``body.methods.participants``; deeper ones are folded into it with
their titles as lines. ``back.`` has what is no evidence (acknowledgements, interests, lists of files): stored, not
indexed. The list of references becomes `Document.cites`. Source: NISO Z39.96, PMC Tagging Guidelines.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, cast

from lxml import etree
from lxml.etree import _Element

from ingest.errors import IngestError, ParseError
from ingest.parse import jatsmeta
from ingest.parse.jatstext import blocks, line
from ingest.parse.tables import Block, Grid, assemble
from ingest.parse.text import clean
from ingest.parse.xmlstream import plain_tags, records
from ingest.schema import Document, Fault, Kind, Mark, Record, Section

ROOTS = frozenset({"article", "pmc-articleset", "OAI-PMH"})
MAX_RECORD_BYTES = 16 << 20
MAX_CHARACTERS = 32_000_000
"""Of one article's text, tables written out; spans and headers repeat words."""

_DEPTH = 2  # levels of sections that stay apart
_URL = "https://pmc.ncbi.nlm.nih.gov/articles/"
_RETRACTED = re.compile(r"\W*retract(?:ed|ion)\b(?: article)?\s*[\]:]", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?:\d+(?:\.\d+)*|[ivx]+)\.?\s+(?=\S)", re.IGNORECASE)
_SAME = {
    "materials_and_methods": "methods", "methods_and_materials": "methods", "material_and_methods": "methods",
    "patients_and_methods": "methods", "subjects_and_methods": "methods", "method": "methods",
    "methods_design": "methods", "result": "results", "conclusion": "conclusions",
}  # fmt: skip
_BACK = re.compile(
    r"acknowledge?ments?|(?:declaration_of_)?(?:conflicts?|competing|declaration)_(?:of_)?interests?.*|disclosures?"
    r"|authors?_?s?_contributions?|contributors?|funding|financial_support|pre_publication_history|abbreviations"
    r"|supplementa(?:ry|l)_(?:material|data|information|file)s?|supporting_information|additional_files?|list_of_abbreviations.*"
    r"|(?:data_)?availability(?:_of_data.*)?|provenance_and_peer_review|authors?_s?_information|ethics_approval.*|compliance_with_ethical_standards|footnotes|author_notes?"
)
_APART = {
    "ack": "Acknowledgements",
    "fn-group": "Notes",
    "glossary": "Abbreviations",
    "notes": "Notes",
    "bio": "Authors",
}
_PEER = frozenset({
    "decision-letter", "reviewer-report", "referee-report", "editor-report", "author-comment", "reply", "peer-review",
    "aggregated-review-documents",
})  # fmt: skip


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """Documents, marks (of notices about other articles) and faults (offset: XML line), an article in memory at a time.

    Raises ParseError (offset: XML line) where the XML breaks or declares entities, after the articles that were whole;
    LimitError where one article exceeds ``MAX_RECORD_BYTES``.
    """
    found = False
    for number, article in enumerate(records(stream, source, "article", MAX_RECORD_BYTES), 1):
        found = True
        yield from _records(article, number)
    if not found:
        raise ParseError("holds no article", source=source, offset=1)


def _records(article: _Element, number: int) -> Iterator[Record]:
    line_number = cast("int | None", article.sourceline)
    try:
        document = _document(article)
        marks = list(_marks(article, document))
    except IngestError as error:
        yield Fault(error.record or _name(article) or f"record {number}", error.reason, line_number)
        return
    except RecursionError:  # libxml2 allows 256 levels, more than the reading of nested tables does
        yield Fault(_name(article) or f"record {number}", "elements are nested too deep", line_number)
        return
    yield document
    yield from marks


def _name(article: _Element) -> str:
    meta = article.find("front/article-meta")
    pmcid = jatsmeta.identifiers(meta)["pmcid"] if meta is not None else ""
    return f"pmc:{pmcid}" if pmcid else ""


def _document(article: _Element) -> Document:
    checksum = _checksum(article)
    plain_tags(article)
    front, meta = article.find("front"), article.find("front/article-meta")
    if front is None or meta is None:
        raise ParseError("an article without front/article-meta")
    ids = jatsmeta.identifiers(meta)
    if not ids["pmcid"]:
        raise ParseError(f"no PMC id: add <article-id pub-id-type='pmc'> (DOI {ids['doi'] or 'absent'})")
    types = jatsmeta.article_types(article, meta)
    title = _title(meta) or next(iter(types), "")
    if not title:
        raise ParseError("no title", record=f"pmc:{ids['pmcid']}")
    mesh, keywords = jatsmeta.keywords(meta)
    published = jatsmeta.published(meta)
    said = {jatsmeta.OWN_MARKS.get(sort) for sort, _ in jatsmeta.related(meta)}
    article_type = clean(article.get("article-type") or "")
    notice = article_type in {"retraction", "correction", "expression-of-concern", "partial-retraction"}
    return Document(
        document_id=f"pmc:{ids['pmcid']}",
        kind=Kind.ARTICLE,
        title=title,
        work_id=ids["pmcid"],
        version=ids["version"],
        sha256=checksum,
        sections=_sections(article, meta, title, keywords),
        published=published,
        effective=published,
        retracted=not notice
        and ("retraction" in said or article_type == "retracted-article" or bool(_RETRACTED.match(title))),
        expression_of_concern=not notice and "concern" in said,
        corrected=not notice and "correction" in said,
        authors=jatsmeta.authors(meta),
        **jatsmeta.journal(front, meta),
        publication_types=types,
        mesh=mesh,
        doi=ids["doi"],
        pmid=ids["pmid"],
        pmcid=ids["pmcid"],
        url=f"{_URL}{ids['pmcid']}/",
        licence=jatsmeta.licence(meta),
        article_type=article_type,
        cites=jatsmeta.cites(article),
    )


def _checksum(article: _Element) -> str:
    """Over the XML as it is written in UTF-8, so that the same article in another file or encoding has the same."""
    return hashlib.sha256(etree.tostring(article, encoding="utf-8", with_tail=False)).hexdigest()


def _title(meta: _Element) -> str:
    group = meta.find("title-group")
    if group is None:
        return ""
    parts = [line(group.find("article-title")), *(line(part) for part in group.iterfind("subtitle"))]
    return ": ".join(filter(None, parts)) or line(group.find("trans-title-group/trans-title"))


def _marks(article: _Element, document: Document) -> Iterator[Mark | Fault]:
    """What a notice says of other articles."""
    meta = article.find("front/article-meta")
    by = (
        f"pmid:{document.pmid}"
        if document.pmid
        else f"doi:{document.doi.lower()}"
        if document.doi
        else document.document_id
    )
    said_on = jatsmeta.said_on(meta) if meta is not None else None
    unnamed: dict[str, str] = {}
    named: set[str] = set()
    for sort, work in jatsmeta.related(meta) if meta is not None else ():
        kind = jatsmeta.NOTICES.get(sort)
        if kind is None:
            continue
        if work.startswith(("pmid:", "doi:")):
            named.add(kind)
            yield Mark(work, kind, said_on, by)
        else:
            unnamed[kind] = work
    for told, work in unnamed.items():
        if told not in named:
            yield Fault(
                document.document_id, f"a {told} of an article that is named {work[:80]!r}, neither by PMID nor by DOI"
            )


@dataclass(slots=True)
class _Draft:
    slug: str
    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class _Drafts:
    """The sections in the making. ``left``: characters that the text may still grow by."""

    kept: list[_Draft] = field(default_factory=list)
    left: int = MAX_CHARACTERS

    def begin(self, slug: str, path: tuple[str, ...]) -> _Draft:
        self.kept.append(_Draft(slug, path))
        return self.kept[-1]

    def write(self, draft: _Draft, elements: Sequence[_Element]) -> None:
        for block in blocks(elements):
            self.left -= block.size if isinstance(block, Grid) else len(block)
            if self.left < 0:
                raise ParseError(f"a text of more than {MAX_CHARACTERS} characters")
            draft.blocks.append(block)


def _sections(article: _Element, meta: _Element, title: str, keywords: tuple[str, ...]) -> tuple[Section, ...]:
    drafts = _Drafts()
    abstracts = sorted(meta.iterfind("abstract"), key=_is_short)
    for number, abstract in enumerate((*abstracts, *meta.iterfind("trans-abstract"))):
        _abstract(abstract, drafts, main=abstract.tag == "abstract" and (number == 0 or not _is_short(abstract)))
    if keywords:
        drafts.begin("back.keywords", ("Keywords",)).blocks.append("; ".join(keywords))
    _text(article, "body", (), drafts)
    kept = [draft for draft in drafts.kept if draft.blocks]
    slugs = _unique(draft.slug for draft in kept)
    sections = tuple(
        Section(slug, draft.path[-1], draft.path, *assemble(draft.blocks))
        for slug, draft in zip(slugs, kept, strict=True)
    )
    evidence = any(not section.slug.startswith("back") for section in sections)
    return sections if evidence else (Section("title", "Title", ("Title",), title), *sections)


def _is_short(abstract: _Element) -> bool:
    """Whether it is a lay, graphical or very short abstract."""
    return (abstract.get("abstract-type") or "").strip().lower() not in {"", "normal", "structured", "section"}


def _abstract(abstract: _Element, drafts: _Drafts, *, main: bool) -> None:
    """The main abstract is ``abstract``, any beside it ``abstract.other``."""
    language = clean(abstract.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower()
    mark = language if abstract.tag == "trans-abstract" else ""
    name = "Abstract" if main else "Other abstract" + (f" [{mark}]" if mark else "")
    title = line(abstract.find("title")).rstrip(":. ")
    slug = "abstract" if main else _joined("abstract.other", mark)
    _section(abstract, slug, (title if title and not main else name,), drafts, _DEPTH - 1)


def _text(article: _Element, prefix: str, path: tuple[str, ...], drafts: _Drafts) -> None:
    """Body, figures at the end, back matter, and articles within the article."""
    body = article.find("body")
    if body is not None:
        _section(body, prefix, path or ("Text",), drafts, _DEPTH, outermost=True)
    floats = article.find("floats-group")
    if floats is not None:
        drafts.write(drafts.begin(f"{prefix}.figures_and_tables", (*path, "Figures and tables")), list(floats))
    back = article.find("back")
    for part in () if back is None else back:
        _back(part, prefix, path, drafts)
    for inner in (*article.iterfind("sub-article"), *article.iterfind("response")):
        stub = inner.find("front-stub")
        sort = clean(inner.get("article-type") or inner.get("response-type") or "article")
        title = (_title(stub) if stub is not None else "") or sort.replace("-", " ").capitalize()
        under = "back" if sort in _PEER else "sub"
        for abstract in stub.iterfind("abstract") if stub is not None else ():
            _section(abstract, f"{under}.{_word(title)}.abstract", (*path, title, "Abstract"), drafts, 0)
        _text(inner, f"{under}.{_word(title) or 'article'}", (*path, title), drafts)


def _back(part: _Element, prefix: str, path: tuple[str, ...], drafts: _Drafts) -> None:
    under = "back" if prefix == "body" else prefix
    if part.tag == "app-group":
        for app in part.iterfind("app"):
            _back(app, prefix, path, drafts)
    elif part.tag == "app":
        title = line(part.find("title")) or line(part.find("label")) or "Appendix"
        name = "appendix" if prefix == "body" else f"{prefix}.appendix"
        _section(part, _joined(name, title.removeprefix("Appendix")), (*path, title), drafts, 1)
    elif part.tag == "sec":
        _subsection(part, under, path, drafts, 1)
    elif part.tag in _APART:
        title = line(part.find("title")) or _APART[str(part.tag)]
        _section(part, _joined(under, title), (*path, title), drafts, 0)


def _section(
    element: _Element, slug: str, path: tuple[str, ...], drafts: _Drafts, levels: int, *, outermost: bool = False
) -> None:
    """The text before, between and after the inner sections, then these; beyond ``levels`` they are part of it."""
    parts = [child for child in element if child.tag not in {"title", "label", "sec-meta"}]
    inner = [child for child in parts if child.tag == "sec"] if levels else []
    own = [child for child in parts if child.tag != "sec"] if levels else parts
    drafts.write(drafts.begin(slug, path), own)
    for child in inner:
        _subsection(child, slug, () if outermost and slug == "body" else path, drafts, levels - 1)


def _subsection(element: _Element, prefix: str, path: tuple[str, ...], drafts: _Drafts, levels: int) -> None:
    title = line(element.find("title")).rstrip(":. ")
    word = _word(title)
    prefix = "back" if prefix == "body" and _BACK.fullmatch(word) else prefix
    named = title or clean(element.get("sec-type") or "").replace("|", " and ").replace("-", " ").capitalize()
    _section(element, _joined(prefix, named), (*path, named) if named else path or ("Text",), drafts, levels)


def _joined(prefix: str, title: str) -> str:
    word = _word(title)
    return f"{prefix}.{word}" if word else prefix


@lru_cache(maxsize=4096)
def _word(title: str) -> str:
    """A title as part of a slug, without its number; usual titles that mean the same have the same."""
    plain = unicodedata.normalize("NFKD", _NUMBERED.sub("", title)).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "_", plain)[:60].strip("_")
    return _SAME.get(word, word)


def _unique(slugs: Iterator[str]) -> list[str]:
    """``x``, ``x.2``, ``x.3``, passing over those that are taken."""
    last: dict[str, int] = {}
    taken: dict[str, None] = {}
    for slug in slugs:
        name, number = slug, last.get(slug, 1)
        while name in taken:
            number += 1
            name = f"{slug}.{number}"
        last[slug] = number
        taken[name] = None
    return list(taken)
