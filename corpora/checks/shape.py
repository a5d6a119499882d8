"""Shape: what every record of the starter corpus must have; needs no shared data."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from lxml.etree import _Element

from corpora.checks.model import SPL, Article, Finding, Label, Page, Study, content, place

AUTHOR = "CiteRx editorial summaries"
PRODUCT = "48780-1"
INTERACTIONS = "34073-7"
INTERACTION_HEADER = ["With", "Effect", "What to do"]
SECTIONS = {
    "34066-1": "BOXED WARNING SECTION",
    "34067-9": "INDICATIONS & USAGE SECTION",
    "34068-7": "DOSAGE & ADMINISTRATION SECTION",
    "34070-3": "CONTRAINDICATIONS SECTION",
    "43685-7": "WARNINGS AND PRECAUTIONS SECTION",
    "34084-4": "ADVERSE REACTIONS SECTION",
    "34073-7": "DRUG INTERACTIONS SECTION",
    "42228-7": "PREGNANCY SECTION",
    "34080-2": "NURSING MOTHERS SECTION",
    "34081-0": "PEDIATRIC USE SECTION",
    "34082-8": "GERIATRIC USE SECTION",
    "34088-5": "OVERDOSAGE SECTION",
    "43679-0": "MECHANISM OF ACTION SECTION",
    "43682-4": "PHARMACOKINETICS SECTION",
    "49489-8": "MICROBIOLOGY SECTION",
    "34092-7": "CLINICAL STUDIES SECTION",
    "34069-5": "HOW SUPPLIED SECTION",
}
"""The LOINC codes a summary may use, in the order it uses them. Source: FDA, SPL section headings."""
WORDS = range(250, 1101)
"""How many words of prose a drug summary has: enough to ask of, short enough to be read through."""

_DANGLING = re.compile(r"(?:^|[.;] )(?:It|They|This|These|That|Those)\b")


def label_id(drug: str) -> str:
    """The set id of a drug's summary: UUID 5 (RFC 9562) of ``citerx:starter:<drug>`` in the URL namespace."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"citerx:starter:{drug}"))


def label(record: Label) -> Iterator[Finding]:
    """What is wrong with one drug summary."""
    for where, reason in (*_header(record), *_products(record), *_sections(record), *_lines(record)):
        yield Finding("shape", record.file, where, reason)


def article(record: Article) -> Iterator[Finding]:
    """What is wrong with one literature summary."""
    note = content(record.element.find("MedlineCitation/GeneralNote[@Owner='CiteRx']"))
    reasons = {
        "no PMID": record.pmid.isdigit(),
        "no abstract of ours": bool(record.lines),
        "an abstract part without a Label": all(part.get("Label") for part in record.element.iter("AbstractText")),
        "no GeneralNote Owner='CiteRx' that says 'Editorial summary' and links to the record": (
            note.startswith("Editorial summary") and f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/" in note
        ),
    }
    yield from (
        Finding("shape", record.file, f"pubmed:{record.pmid}", why) for why, fine in reasons.items() if not fine
    )


def study(record: Study) -> Iterator[Finding]:
    """What is wrong with one trial summary."""
    cited = {str(entry.get("pmid")) for entry in record.root["protocolSection"]["referencesModule"]["references"]}
    reasons = {
        "the file must be named by its NCT number": record.file == f"{record.nct}.json",
        "protocolSection must come first, so that the file is told from other JSON": (
            next(iter(record.root)) == "protocolSection"
        ),
        "no mark: citerx.editorial true, with a note that begins 'Editorial summary'": (
            record.mark.get("editorial") is True and str(record.mark.get("note")).startswith("Editorial summary")
        ),
        "citerx.source must link to the registry's record": (
            record.mark.get("source") == f"https://clinicaltrials.gov/study/{record.nct}"
        ),
        "citerx.drawnFrom must link to papers, the references": bool(record.papers) and cited == set(record.papers),
    }
    yield from (Finding("shape", record.file, record.nct, why) for why, fine in reasons.items() if not fine)


def page(record: Page) -> Iterator[Finding]:
    """What is wrong with one guideline summary."""
    begins = " ".join(line.text for line in record.lines[:3])
    reasons = {
        "no mark citerx:editorial that links to the source": record.source.startswith(("http://", "https://")),
        f"author must be {AUTHOR!r}": record.author == AUTHOR,
        "it must begin with 'Editorial summary'": "Editorial summary" in begins,
    }
    yield from (Finding("shape", record.file, "head", why) for why, fine in reasons.items() if not fine)


def _header(record: Label) -> Iterator[tuple[str, str]]:
    root = record.root
    if _root(root, "setId") != label_id(record.drug):
        yield "setId", f"must be {label_id(record.drug)} (corpora/README.md)"
    if content(root.find("h:author/h:assignedEntity/h:representedOrganization/h:name", SPL)) != AUTHOR:
        yield "author", f"must be {AUTHOR!r}: it is the editorial mark"
    if not record.set_ids or any(link.get("typeCode") != "XCRPT" for link in root.iterfind("h:relatedDocument", SPL)):
        yield "relatedDocument", "needs typeCode XCRPT and the real label's set id"
    for name, attribute in (("id", "root"), ("versionNumber", "value"), ("effectiveTime", "value")):
        if not _root(root, name, attribute):
            yield name, f"needs {attribute}"
    if "CiteRx editorial summary" not in content(root.find("h:title", SPL)):
        yield "title", "must end with ': CiteRx editorial summary'"


def _products(record: Label) -> Iterator[tuple[str, str]]:
    products = record.root.findall(".//h:manufacturedProduct/h:manufacturedProduct", SPL)
    if not products:
        yield "products", f"no manufacturedProduct in section {PRODUCT}"
    for product in products:
        generic = content(product.find("h:asEntityWithGeneric/h:genericMedicine/h:name", SPL)).lower()
        if not content(product.find("h:name", SPL)) or not generic:
            yield place(product), "a product needs its name and its generic name"
        if not all(word in generic for word in record.drug.split("-")):
            yield place(product), f"generic name {generic!r} is not the file's {record.drug!r}"


def _sections(record: Label) -> Iterator[tuple[str, str]]:
    sections = record.root.findall("h:component/h:structuredBody/h:component/h:section", SPL)
    codes = [_root(section, "code", "code") for section in sections]
    order = [PRODUCT, *SECTIONS]
    if codes != sorted(set(codes), key=lambda code: order.index(code) if code in order else -1):
        yield "sections", "a code is unknown, twice there or out of order (checks/shape.py)"
    if INTERACTIONS not in codes:
        yield "sections", "no drug interactions"
    for section, code in zip(sections, codes, strict=True):
        if code != PRODUCT:
            yield from _section(section, code)


def _section(section: _Element, code: str) -> Iterator[tuple[str, str]]:
    shown = section.find("h:code", SPL)
    if shown is not None and shown.get("displayName") != SECTIONS.get(code):
        yield place(section), f"displayName must be {SECTIONS.get(code)!r}"
    if not content(section.find("h:title", SPL)) or not content(section.find("h:text", SPL)):
        yield place(section), "a section needs a title and text"
    headers = [[content(cell) for cell in table.iterfind("h:thead/h:tr/h:th", SPL)] for table in _tables(section)]
    if code == INTERACTIONS and INTERACTION_HEADER not in headers:
        yield place(section), f"needs a table headed {INTERACTION_HEADER}"
    for table, header in zip(_tables(section), headers, strict=True):
        rows = table.findall("h:tbody/h:tr", SPL)
        if not rows or any(len(row.findall("h:td", SPL)) != len(header) for row in rows):
            yield place(table), f"each row needs the {len(header)} cells of the header"


def _tables(section: _Element) -> list[_Element]:
    return section.findall("h:text/h:table", SPL)


def _lines(record: Label) -> Iterator[tuple[str, str]]:
    total = sum(len(content(text).split()) for text in record.root.iter(f"{{{SPL['h']}}}text"))
    if total not in WORDS:
        yield "text", f"{total} words; between {WORDS.start} and {WORDS.stop - 1} are asked for"
    for line in record.lines:
        if not line.text:
            yield line.place, "empty paragraph or cell"
        if _DANGLING.search(line.text):
            yield line.place, "a sentence starts with it/this/these: name the drug, so that it can be quoted alone"


def _root(parent: _Element, name: str, attribute: str = "root") -> str:
    child = parent.find(f"h:{name}", SPL)
    return "" if child is None else child.get(attribute) or ""
