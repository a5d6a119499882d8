"""openFDA's drug labels: an API response, a bare list, a single record, or one record a line, as JSON.

Source: open.fda.gov, drug label endpoint. Only one record is held in memory at a time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from lxml import etree

from ingest.errors import ParseError
from ingest.parse import loinc
from ingest.parse.flattened import FlatTable, Piece, structure
from ingest.parse.jsonstream import Guarded, items
from ingest.parse.narrative import grid
from ingest.parse.streams import CHUNK, utf8
from ingest.parse.tables import Grid, assemble, text_of
from ingest.parse.text import LICENCE, clean, dailymed_url, distinct, is_identifier, label_date, label_title, numbered
from ingest.schema import Document, DrugNames, Fault, Kind, Record, Section

_RESPONSE = re.compile(rb'\s*\{\s*"(?:meta|results)"')
_REFUSAL = re.compile(rb'\s*\{\s*"error"')
_SPACE = re.compile(r"\s+")
_FACTS = {"set_id", "id", "version", "effective_time", "openfda"}
_LONGEST_NAME = 6  # words
_Json = dict[str, Any]


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """The labels as Documents, unusable records as Faults ("record 12 (set_id)", counted from 0).

    Raises ParseError for broken or truncated JSON and LimitError for a record beyond all limits, see
    `ingest.parse.jsonstream.items`.
    """
    stream = utf8(stream, source)
    head = stream.read(CHUNK)
    reader = Guarded(head, stream, source, "a drug label")
    if _REFUSAL.match(head):
        raise ParseError("openFDA answered with an error instead of labels: repeat the request", source=source)
    number = -1
    for number, record in enumerate(items(reader, _prefix(head), source)):
        yield _read(record, number)
    if number < 0:
        raise ParseError("no label records in this JSON", source=source, offset=reader.offset)


def _prefix(head: bytes) -> str:
    """Where ijson finds the records."""
    if head.lstrip().startswith(b"["):
        return "item"
    return "results.item" if _RESPONSE.match(head) else ""


def _read(record: object, number: int) -> Record:
    name = f"record {number}"
    if not isinstance(record, dict):
        return Fault(name, f"not an object but {type(record).__name__}")
    set_id = record.get("set_id")
    name += f" ({clean(set_id)})" if isinstance(set_id, str) else ""
    reason = _problem(record)
    return Fault(name, reason) if reason else _document(record)


def _problem(record: _Json) -> str:
    """Why the record cannot be a label; empty if it can."""
    if not isinstance(record.get("set_id"), str) or not clean(record["set_id"]):
        return "no set_id: versions cannot be told apart"
    if not any(_scalar(record, name) for name in ("version", "id")):
        return "neither version nor id"
    for name in ("set_id", "version", "id"):
        value = record.get(name)
        text = "" if value is None or isinstance(value, list | dict) else str(value)
        if text and not is_identifier(text):
            return f"{name} {text[:80]!r} is no id: it holds white space, a control character or '/'"
    openfda = record.get("openfda") or {}
    if not isinstance(openfda, dict):
        return f"field 'openfda' is not an object but {type(openfda).__name__}"
    for name, value in [*record.items(), *openfda.items()]:
        if name != "openfda" and not _is_text(value):
            return f"field {name!r} is neither a text nor a list of texts"
    return ""


def _is_text(value: object) -> bool:
    plain = str | int | float | None
    return isinstance(value, plain) or (isinstance(value, list) and all(isinstance(part, plain) for part in value))


def _scalar(record: Mapping[str, Any], name: str) -> str:
    """A field that holds one value, as text."""
    value = record.get(name)
    return "" if value is None or isinstance(value, list | dict) else clean(str(value))


def _texts(record: Mapping[str, Any], name: str) -> list[str]:
    """A field that holds a list, as texts."""
    value = record.get(name)
    return [str(part) for part in (value if isinstance(value, list) else [value]) if part is not None]


def _document(record: _Json) -> Document:
    set_id, version = _scalar(record, "set_id"), _scalar(record, "version") or _scalar(record, "id")
    effective = label_date(_scalar(record, "effective_time"))
    openfda = record.get("openfda") or {}
    labeler = next(iter(distinct(_texts(openfda, "manufacturer_name"))), "")
    drugs = _drugs(openfda, record)
    panel = clean(" ".join(_texts(record, "package_label_principal_display_panel")[:1]))
    return Document(
        document_id=f"label:{set_id}:{version}",
        kind=Kind.LABEL,
        title=label_title(drugs.brand, drugs.generic, labeler) or panel[:120] or set_id,
        work_id=set_id,
        version=version,
        sha256=hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest(),
        sections=_sections(record),
        published=effective,
        effective=effective,
        drugs=drugs,
        labeler=labeler,
        routes=distinct(route.casefold() for route in _texts(openfda, "route")),
        publication_types=distinct(_texts(openfda, "product_type")),
        url=dailymed_url(set_id),
        licence=LICENCE,
    )


def _drugs(openfda: _Json, record: _Json) -> DrugNames:
    """The names and codes of the ``openfda`` block; where it names nothing, those that the product data begin with."""
    generic, brand = (distinct(_texts(openfda, name)) for name in ("generic_name", "brand_name"))
    if not generic and not brand:
        brand, generic = _listed_names(clean(" ".join(_texts(record, "spl_product_data_elements")[:1])))
    return DrugNames(
        generic=generic,
        brand=brand,
        substance=distinct(_texts(openfda, "substance_name")),
        unii=distinct(_texts(openfda, "unii")),
        rxcui=distinct(_texts(openfda, "rxcui")),
        ndc=distinct([*_texts(openfda, "product_ndc"), *_texts(openfda, "package_ndc")]),
    )


def _listed_names(elements: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Brand and generic name from product data ("Lipitor atorvastatin calcium ATORVASTATIN CALCIUM ..."), or nothing.

    The generic name is followed by its substance, which repeats it; what stands before it is the brand.
    """
    words = elements.split()[: 4 * _LONGEST_NAME]
    folded = [word.casefold() for word in words]
    for length in range(1, _LONGEST_NAME + 1):
        for start in range(min(_LONGEST_NAME, len(words) - 2 * length + 1)):
            name = folded[start : start + length]
            if name == folded[start + length : start + 2 * length]:
                # several products: the brand comes again with its generic name between
                first = next((at for at in range(1, start) if folded[at : at + length] == name), start)
                generic = " ".join(words[start : start + length])
                return (" ".join(words[:first]) or generic,), (generic,)
    return (), ()


def _sections(record: _Json) -> tuple[Section, ...]:
    pieces = sorted(_pieces(record), key=lambda piece: (loinc.rank_of(piece.slug), piece.slug))
    structure(pieces)
    _append_lost(pieces)
    made = [(piece, *assemble(piece.blocks)) for piece in pieces if piece.blocks]
    # A heading alone would be quoted as a warning: some labels have one above nothing.
    kept = [one for one in made if re.sub(r"\W", "", one[1]).casefold() != one[0].slug.replace("_", "")]
    slugs = numbered(piece.slug for piece, _, _ in kept)
    return tuple(
        Section(slug, loinc.title_of(piece.slug), piece.path, text, tables)
        for slug, (piece, text, tables) in zip(slugs, kept, strict=True)
    )


def _pieces(record: _Json) -> Iterator[Piece]:
    """A piece for each text of each field; a text that another one of the same field contains is left to that one."""
    known: dict[str, list[tuple[str, Grid]]] = {}
    for name in sorted({name.removesuffix("_table") for name in record} - _FACTS):
        values = [text for text in map(clean, _texts(record, name)) if text]
        tables = [FlatTable(*table) for source in _texts(record, f"{name}_table") for table in _tables(source, known)]
        whole = [text for text in dict.fromkeys(values) if sum(text in other for other in set(values)) == 1]
        for text in whole or ([""] if tables else []):
            yield Piece(clean(name) or "unnamed", text, tables)


def _tables(source: str, known: dict[str, list[tuple[str, Grid]]]) -> list[tuple[str, Grid]]:
    """The tables of one string of HTML (usually one) with their packed text. ``known`` saves reading one twice."""
    if source not in known:
        root = etree.fromstring("<div>" + source.replace("\0", " ") + "</div>", etree.HTMLParser(no_network=True))
        outer = (table for table in root.iter("table") if next(table.iterancestors("table"), None) is None)
        read = ((clean(text_of(table)).replace(" ", ""), grid(table)) for table in outer)
        known[source] = [(run, table) for run, table in read if run and table]
    return known[source]


def _append_lost(pieces: list[Piece]) -> None:
    """Puts a table that its field's text does not hold at the end of the field's last text."""
    for piece in reversed(pieces):
        for table in piece.tables:
            if not table.placed:
                piece.blocks.append(table.grid)
                table.placed = True
