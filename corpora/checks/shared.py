"""The real sources that the checks compare with: every text of the shared data, and the label texts of one drug.

Nothing here interprets a source beyond finding its text: labels are read by ``ingest`` elsewhere, which this package
may not import.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from pypdf import PdfReader

from corpora.checks.tables import columns

MIN_CONFIDENCE = 0.5
"""Texts of 2016 whose guessed drug is less certain than this do not count as that drug's label."""

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")  # "<4 mEq/L" is no tag
_INLINE = re.compile(r"</?(?:sub|sup|i|b|em|strong|italic|bold|sc|u|span|content)(?: [^<>]*)?>", re.IGNORECASE)
_MARK = re.compile(r"<xref(?: [^<>]*)?>[^<>]*</xref>")  # the number of a reference stands in a sentence, not of it
_NAME = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class LabelText:
    """A real label: set id, the words of its drug names, UNII and RxCUI codes, all its text, its tables."""

    set_id: str
    names: frozenset[str]
    codes: frozenset[str]
    text: str
    tables: tuple[str, ...] = ()

    def texts(self) -> Iterator[str]:
        """Its text, then the numbers of its tables, each with the units of its column and row."""
        yield self.text
        yield from (columns(table) for table in self.tables)


def texts(shared: Path) -> Iterator[str]:
    """Every text of a file or of the files below a folder, one record or document at a time, without markup."""
    for path in [shared] if shared.is_file() else sorted(path for path in shared.rglob("*") if path.is_file()):
        yield from _file(path.name, path.read_bytes())


def label_texts(shared: Path) -> Iterator[LabelText]:
    """Every label below ``shared/labels`` whose drug is stated or guessed well enough."""
    folder = shared / "labels"
    for path in sorted(folder.glob("drug-label-*.json.zip")):
        yield from (_openfda(record) for record in _records(path))
    for path in sorted(folder.glob("spl/*.xml")):
        yield _spl(path)
    for path in sorted(folder.glob("sections-*.jsonl.gz")):
        yield from (_guessed(record) for record in json_lines(path) if record["confidence"] >= MIN_CONFIDENCE)


def name_words(*names: str) -> frozenset[str]:
    """The words of drug names, lower case."""
    return frozenset(word for name in names for word in _NAME.findall(name.lower()))


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield from json.loads(archive.read(name))["results"]


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a ``.jsonl.gz`` file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def _openfda(record: dict[str, Any]) -> LabelText:
    names = record.get("openfda", {})
    codes = frozenset(names.get("unii", ())) | frozenset(names.get("rxcui", ()))
    stated = (name for key in ("generic_name", "substance_name", "brand_name") for name in names.get(key, ()))
    tables = tuple(text for key, value in record.items() if key.endswith("_table") for text in _strings(value))
    text = "\n".join(map(_plain, _strings(record)))
    return LabelText(record.get("set_id", ""), name_words(*stated), codes, text, tables)


def _spl(path: Path) -> LabelText:
    root = etree.parse(path, _lenient()).getroot()
    names = (str(found.text or "") for found in root.iter("{*}name"))
    codes = frozenset(found.get("code") or "" for found in root.iter("{*}code"))
    found_id = root.find("{*}setId")
    set_id = "" if found_id is None else found_id.get("root") or ""
    tables = tuple(etree.tostring(table, encoding="unicode") for table in root.iter("{*}table"))
    return LabelText(set_id, name_words(*names), codes, " ".join(_itertext(root)), tables)


def _guessed(record: dict[str, Any]) -> LabelText:
    return LabelText(record["set_id"], name_words(record["drug_guess"]), frozenset(), "\n".join(_strings(record)))


def _file(name: str, data: bytes) -> Iterator[str]:
    if name.endswith(".gz"):
        yield from _file(name.removesuffix(".gz"), gzip.decompress(data))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _file(member, archive.read(member))
    elif name.endswith(".jsonl"):
        for line in data.splitlines():
            yield "\n".join(map(_prose, _strings(json.loads(line))))
    elif name.endswith(".json"):
        yield from map(_prose, _strings(json.loads(data)))
    elif name.endswith(".pdf"):
        yield from (page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    else:
        yield _prose(data.decode("utf-8", "replace"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _plain(text: str) -> str:
    """Text with each tag replaced by a space and each entity by its character."""
    return html.unescape(_TAG.sub(" ", text)) if "<" in text or "&" in text else text


def _prose(text: str) -> str:
    """Text as it is read: tags within a line ("CO<sub>2</sub>") do not part words."""
    return _plain(_INLINE.sub("", _MARK.sub("", text)) if "<" in text else text)


def _itertext(root: etree._Element) -> Iterator[str]:
    return (str(part) for part in root.itertext())


def _lenient() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
