"""ClinicalTrials.gov studies (API version 2) to documents: a study, a list of them, or a page of a search.

Fields are as https://clinicaltrials.gov/data-api/about-api/study-data-structure lists them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from ingest.errors import ParseError
from ingest.parse.dates import from_iso, from_parts
from ingest.parse.identifiers import pmid_of
from ingest.parse.jsonstream import Guarded, items
from ingest.parse.pubmed import EDITORIAL_LICENCE
from ingest.parse.streams import CHUNK, utf8
from ingest.parse.study import Fields, sections
from ingest.parse.text import clean, distinct, link
from ingest.schema import Document, DrugNames, Fault, Kind, Mark, Record, Section

LICENCE = "public domain, terms of ClinicalTrials.gov"
EDITORIAL = "citerx"
"""The key beside ``protocolSection`` of a summary in CiteRx's own words: ``{"editorial": true, "source": URL}``."""

_NCT = re.compile(r"NCT[0-9]{8}")
_SINGLE = re.compile(rb'\s*\{\s*"(?:protocolSection|resultsSection|derivedSection|documentSection|hasResults)"')
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_NO_DRUG = re.compile(
    r"\b(?:placebo|sham|saline|vehicle|usual care|standard (?:of )?care|no (?:treatment|drug))\b", re.IGNORECASE
)


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """The studies as documents, each followed by marks on retracted references; a broken study is a Fault.

    Faults name the record from 0 and its NCT number. Raises ParseError and LimitError as
    `ingest.parse.jsonstream.items` does.
    """
    stream = utf8(stream, source)
    head = stream.read(CHUNK)
    reader = Guarded(head, stream, source, "a study")
    number = -1
    for number, study in enumerate(items(reader, _prefix(head), source)):
        yield from _read(study, f"record {number}")
    if number < 0 and b'"studies"' not in head:  # the last page of a search may be empty
        raise ParseError("no studies in this JSON", source=source, offset=reader.offset)


def _prefix(head: bytes) -> str:
    """Where ijson finds the studies."""
    if head.lstrip().startswith(b"["):
        return "item"
    return "" if _SINGLE.match(head) else "studies.item"


def _read(study: object, name: str) -> Iterator[Record]:
    if not isinstance(study, dict):
        yield Fault(name, f"not a study but {type(study).__name__}")
        return
    fields = Fields(study)
    identity = fields.at("protocolSection", "identificationModule")
    nct = identity.text("nctId").upper()
    if not _NCT.fullmatch(nct):
        yield Fault(name, f"NCT number {nct[:40]!r} is none" if nct else "no NCT number")
        return
    title = identity.text("briefTitle") or identity.text("officialTitle")
    found = sections(fields)
    if not title or not found:
        yield Fault(f"{name} ({nct})", "no title" if not title else "no text; fetch the study with all its fields")
        return
    references = fields.at("protocolSection", "referencesModule").all("references")
    yield _document(study, fields, title, found)
    yield from dict.fromkeys(mark for reference in references for mark in _retractions(reference))


def _document(study: dict[str, object], fields: Fields, title: str, found: tuple[Section, ...]) -> Document:
    protocol = fields.at("protocolSection")
    nct = protocol.at("identificationModule").text("nctId").upper()
    status = protocol.at("statusModule")
    first = day(status.at("studyFirstPostDateStruct").text("date")) or day(status.text("studyFirstSubmitDate"))
    last = day(status.at("lastUpdatePostDateStruct").text("date")) or day(status.text("lastUpdateSubmitDate"))
    content = json.dumps(study, sort_keys=True, separators=(",", ":"))
    design = protocol.at("designModule")
    references = protocol.at("referencesModule").all("references")
    cited = (pmid_of(entry.value("pmid")) or entry.text("citation") for entry in references)
    mark = fields.at(EDITORIAL)
    editorial = mark.value("editorial") is True
    return Document(
        document_id=f"trial:{nct}",
        kind=Kind.TRIAL,
        title=title,
        work_id=nct,
        version=last.isoformat() if last else "",
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        sections=found,
        published=first,
        effective=last or first,
        revised=last,
        drugs=_drugs(fields),
        authors=distinct([protocol.at("sponsorCollaboratorsModule", "leadSponsor").text("name")]),
        publication_types=distinct([design.text("studyType"), *design.codes("phases")]),
        mesh=distinct(
            entry.text("term")
            for module in ("conditionBrowseModule", "interventionBrowseModule")
            for entry in fields.at("derivedSection", module).all("meshes")
        ),
        editorial=editorial,
        url=(link(mark.text("source")) if editorial else "") or f"https://clinicaltrials.gov/study/{nct}",
        licence=EDITORIAL_LICENCE if editorial else LICENCE,
        cites=tuple(dict.fromkeys(f"pmid:{name}" if name.isdigit() else name for name in cited if name)),
    )


def day(text: str) -> date | None:
    """A day, or the first of a month or year where no more is known (``2024-02``)."""
    month = _MONTH.fullmatch(text)
    return from_iso(text[:10]) or (from_parts(month[1], month[2]) if month else from_parts(text))


def _drugs(fields: Fields) -> DrugNames:
    """The names of the interventions that are drugs, MeSH's first.

    They are substances, as a paper's are: free text ("Metformin 500 mg") and not what a label calls its drug.
    """
    given = fields.at("protocolSection", "armsInterventionsModule").all("interventions")
    drugs = [entry for entry in given if entry.text("type").upper() in {"DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT"}]
    names = [entry.text("name") for entry in drugs if not _NO_DRUG.search(entry.text("name"))]
    meshes = [entry.text("term") for entry in fields.at("derivedSection", "interventionBrowseModule").all("meshes")]
    return DrugNames(substance=distinct([*meshes, *names]) if names else ())


def _retractions(reference: Fields) -> Iterator[Mark]:
    """What the registry says of a paper that the study cites."""
    pmid = pmid_of(reference.value("pmid"))
    for notice in reference.all("retractions") if pmid else ():
        by = pmid_of(notice.value("pmid"))
        yield Mark(f"pmid:{pmid}", "retraction", by=f"pmid:{by}" if by else clean(notice.text("source")))
