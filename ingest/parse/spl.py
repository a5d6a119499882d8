"""DailyMed's drug labels: HL7 version 3 Structured Product Labeling, one label per XML file.

A section whose LOINC code openFDA names becomes a Section of its own; any other is folded into the nearest one around
it, its title as a line of its own. ``excerpt`` (the Highlights, which repeat the sections) and pictures are left out.
A "Pharmacologic Class Indexing" file has no prose: its substances and classes become the lines of one section.
Source: FDA, SPL Implementation Guide with Validation Procedures.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from lxml import etree
from lxml.etree import _Element

from ingest.errors import LimitError, ParseError
from ingest.parse import loinc
from ingest.parse.narrative import blocks, line
from ingest.parse.tables import Block, assemble, local
from ingest.parse.text import LICENCE, clean, dailymed_url, distinct, is_identifier, label_date, label_title, numbered
from ingest.schema import Document, DrugNames, Fault, Kind, Record, Section

MAX_BYTES = 64 << 20
"""A larger file is refused: the tree of one label is held in memory (about ten times its size)."""
EDITOR = "CiteRx editorial summaries"
EDITORIAL_LICENCE = "Apache-2.0"

_NDC, _UNII, _RXCUI = "2.16.840.1.113883.6.69", "2.16.840.1.113883.4.9", "2.16.840.1.113883.6.88"
_HIGHLIGHTS = re.compile(
    r"^these highlights do not include all.*?(?:see full prescribing information for\b[^.]*(?:\.(?!\s)[^.]*)*\.\s*|$)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"needed to use (.+?) safely", re.IGNORECASE)
_APPROVAL = re.compile(r"\s*initial u\.? ?s\.? approval.*$", re.IGNORECASE)
_MARKS = re.compile(r"\s*[®™©℠]")


@dataclass(slots=True)
class _Draft:
    slug: str
    title: str
    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """The label in an SPL file as one Document, or a Fault where it has no set id.

    Raises ParseError (offset: line) for malformed XML, another root element or a document type declaration,
    LimitError above ``MAX_BYTES``.
    """
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LimitError(f"label larger than {MAX_BYTES} bytes: split or remove it", source=source, offset=MAX_BYTES)
    root = _tree(data, source)
    set_id, spl_id = _attribute(root, "setId", "root"), _attribute(root, "id", "root")
    version = _attribute(root, "versionNumber", "value") or spl_id
    odd = next((text for text in (set_id, version) if text and not is_identifier(text)), "")
    if odd:
        yield Fault(spl_id or clean(source), f"{odd[:80]!r} is no id: it holds white space or '/'", 1)
    elif set_id and version:
        yield _document(root, set_id, version, hashlib.sha256(data).hexdigest())
    else:
        missing = "setId" if not set_id else "versionNumber and id"
        yield Fault(spl_id or set_id or clean(source), f"label without {missing}: versions cannot be told apart", 1)


def _tree(data: bytes, source: str) -> _Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"malformed XML: {error.msg}", source=source, offset=error.lineno) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ParseError("document type declaration refused: a label has none", source=source, offset=1)
    if local(root) != "document":
        raise ParseError(f"root element {local(root)!r} is not an SPL document", source=source, offset=1)
    return root


def _document(root: _Element, set_id: str, version: str, sha256: str) -> Document:
    effective = label_date(_attribute(root, "effectiveTime", "value"))
    labeler = line(root.find("{*}author/{*}assignedEntity/{*}representedOrganization/{*}name"))
    originals = _originals(root) if labeler == EDITOR else ()
    drugs = _drugs(root)
    return Document(
        document_id=f"label:{set_id}:{version}",
        kind=Kind.LABEL,
        title=_title(line(root.find("{*}title")), drugs) or label_title(drugs.brand, drugs.generic, labeler) or set_id,
        work_id=set_id,
        version=version,
        sha256=sha256,
        sections=_sections(root),
        published=effective,
        effective=effective,
        editorial=bool(originals),
        drugs=drugs,
        labeler=labeler,
        routes=distinct(clean(code.get("displayName") or "").casefold() for code in root.iter("{*}routeCode")),
        publication_types=distinct([_attribute(root, "code", "displayName")]),
        url=dailymed_url(next(iter(originals), set_id)),
        licence=EDITORIAL_LICENCE if originals else LICENCE,
        stands_for=originals,
    )


def _attribute(parent: _Element, name: str, attribute: str) -> str:
    child = parent.find(f"{{*}}{name}")
    return clean(child.get(attribute) or "") if child is not None else ""


def _originals(root: _Element) -> tuple[str, ...]:
    """Set ids of the labels that an editorial summary is an excerpt of (``relatedDocument typeCode="XCRPT"``)."""
    excerpts = (related for related in root.iterfind("{*}relatedDocument") if related.get("typeCode") == "XCRPT")
    return distinct(set_id.get("root") or "" for related in excerpts for set_id in related.iter("{*}setId"))


def _title(text: str, drugs: DrugNames) -> str:
    """The title as a citation carries it: ``VIAGRA (sildenafil citrate) tablets, for oral use``.

    Empty where the title names no drug ("Drug Facts").
    """
    highlights = _NAMED.search(text)
    rest = _APPROVAL.sub("", _HIGHLIGHTS.sub("", text)).strip()
    title = clean(_MARKS.sub("", rest or (highlights[1] if highlights else "")))
    first_words = {name.split()[0].casefold() for name in (*drugs.brand, *drugs.generic, *drugs.substance)}
    return title if not first_words or any(word in title.casefold() for word in first_words) else ""


def _sections(root: _Element) -> tuple[Section, ...]:
    drafts: list[_Draft] = []
    for section in root.iterfind("{*}component/{*}structuredBody/{*}component/{*}section"):
        _collect(section, None, (), drafts)
    kept = [draft for draft in drafts if draft.blocks]
    slugs = numbered(draft.slug for draft in kept)
    return tuple(
        Section(slug, draft.title, draft.path, *assemble(draft.blocks)) for slug, draft in zip(slugs, kept, strict=True)
    )


def _collect(section: _Element, owner: _Draft | None, path: tuple[str, ...], drafts: list[_Draft]) -> None:
    """Adds the section and those inside it to ``drafts``, or its text to ``owner`` where it has no name of its own."""
    title = line(section.find("{*}title"))
    slug = loinc.slug_of(_attribute(section, "code", "code")) or loinc.UNCLASSIFIED
    path = (*path, title) if title else path
    if owner is None or slug not in {loinc.UNCLASSIFIED, owner.slug}:
        heading = title or loinc.title_of(slug)
        owner = _Draft(slug, heading, path if title else (*path, heading))
        drafts.append(owner)
    elif title:
        owner.blocks.append(title)
    for text in section.iterfind("{*}text"):
        owner.blocks += blocks(text)
    if slug == loinc.INDEXING:
        owner.blocks += _classes(section)
    for child in section.iterfind("{*}component/{*}section"):
        _collect(child, owner, path, drafts)


def _classes(section: _Element) -> Iterator[str]:
    """The substances that an indexing file classifies, a line for each class: ``METHOXSALEN: Psoralen [EPC]``."""
    for substance in section.iterfind("{*}subject/{*}identifiedSubstance/{*}identifiedSubstance"):
        name = line(substance.find("{*}name"))
        kinds = substance.iterfind("{*}asSpecializedKind/{*}generalizedMaterialKind/{*}code")
        yield from (f"{name}: {clean(kind.get('displayName') or '')}" for kind in kinds if kind.get("displayName"))


def _drugs(root: _Element) -> DrugNames:
    """Names and codes of the products, of their active ingredients and moieties, and of indexed substances."""
    products = [
        element
        for element in root.iter(
            "{*}manufacturedProduct", "{*}manufacturedMedicine", "{*}partProduct", "{*}partMedicine"
        )
        if element.find("{*}name") is not None
    ]
    active = [part for product in products for part in _active(product)]
    indexed = list(root.iterfind(".//{*}subject/{*}identifiedSubstance/{*}identifiedSubstance"))
    moieties = [moiety for part in active for moiety in part.iterfind("{*}activeMoiety/{*}activeMoiety")]
    moiety_names, indexed_names = _names(moieties), _names(indexed)
    generics = [
        line(name)
        for product in products
        for name in product.iterfind("{*}asEntityWithGeneric/{*}genericMedicine/{*}name")
    ]
    return DrugNames(
        generic=distinct(generics) or distinct([*moiety_names, *indexed_names]),
        brand=distinct(_names(products)),
        substance=distinct([*_names(active), *moiety_names, *indexed_names]),
        unii=distinct(_codes([*active, *moieties, *indexed], "{*}code", _UNII)),
        rxcui=distinct(
            _codes(products, "{*}asEquivalentEntity//{*}code", _RXCUI)
            + _codes(products, "{*}asSpecializedKind//{*}code", _RXCUI)
        ),
        ndc=distinct(_codes(products, "{*}code", _NDC) + _packages(products)),
    )


def _active(product: _Element) -> Iterator[_Element]:
    """The substances of the active ingredients: class ``ACTI*``, or ``activeIngredient`` in files before 2009."""
    for ingredient in product.iterfind("{*}ingredient"):
        if (ingredient.get("classCode") or "").startswith("ACTI"):
            yield from ingredient.iterfind("{*}ingredientSubstance")
    yield from product.iterfind("{*}activeIngredient/{*}activeIngredientSubstance")


def _names(elements: Iterable[_Element]) -> list[str]:
    """The name of each element; a suffix ("XR") stands in an element of its own."""
    names = (element.find("{*}name") for element in elements)
    return [clean(" ".join(str(text) for text in name.itertext())) for name in names if name is not None]


def _codes(elements: Iterable[_Element], path: str, system: str) -> list[str]:
    found = (code for element in elements for code in element.iterfind(path))
    return [code.get("code") or "" for code in found if code.get("codeSystem") == system]


def _packages(products: Iterable[_Element]) -> list[str]:
    kinds = ("{*}containerPackagedProduct", "{*}containerPackagedMedicine")
    return _codes((package for product in products for package in product.iter(*kinds)), "{*}code", _NDC)
