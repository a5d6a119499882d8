"""Documents of the corpus written out in the formats that it has no files of, so that these can be damaged too."""

from __future__ import annotations

import html
import json

from ingest.schema import Document, Table

_PAGE = (
    "<!DOCTYPE html><html lang='en'><head><title>{title}</title><meta name='citation_date' content='2021-05-03'></head>"
    "<body><nav>Home</nav><main><h1>{title}</h1>{body}</main></body></html>"
)


def page(document: Document) -> bytes:
    """A web page with headings, paragraphs and tables."""
    parts = []
    for section in document.sections:
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        parts += [f"<p>{html.escape(line)}</p>" for line in section.text.split("\n")]
        parts += [_page_table(table) for table in section.tables]
    return _PAGE.format(title=html.escape(document.title), body="".join(parts)).encode()


def _page_table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.header)
    rows = ("".join(f"<td colspan='1'>{html.escape(cell)}</td>" for cell in row) for row in table.rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def markdown(document: Document) -> bytes:
    """Markdown with front matter, headings, lists and tables."""
    lines = ["---", f"title: {json.dumps(document.title)}", "date: 2021-05-03", "---", f"# {document.title}", ""]
    for section in document.sections:
        lines += [f"## {section.title}", "", "\n\n".join(section.text.split("\n")), "", "- **one**", "- _two_", ""]
        for table in section.tables:
            lines += [
                "| " + " | ".join(row) + " |" for row in (table.header, ("---",) * len(table.header), *table.rows)
            ]
    return "\n".join(lines).encode()


def prose(document: Document) -> bytes:
    """Plain text."""
    return "\n\n".join(f"{section.title.upper()}\n\n{section.text}" for section in document.sections).encode()


def pdf(document: Document) -> bytes:
    """A PDF of two pages of text lines with a plain cross-reference table (ISO 32000-1, 7.5)."""
    lines = [line for section in document.sections for line in (section.title, *_wrapped(section.text))]
    pages = [_drawn(lines[:50]), _drawn(lines[50:100])]
    bodies = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[4 0 R 6 0 R]/Count 2>>",
              b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]  # fmt: skip
    for number, drawn in zip((5, 7), pages, strict=True):
        bodies.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F 3 0 R>>>>>>" % number
        )
        bodies.append(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table) + trailer


def _wrapped(text: str) -> list[str]:
    return [text[at : at + 90] for at in range(0, len(text), 90)]


def _drawn(lines: list[str]) -> bytes:
    shown = (
        line.encode("latin-1", "replace").replace(b"\\", b"").replace(b"(", b"\\(").replace(b")", b"\\)")
        for line in lines
    )
    return b"BT /F 10 Tf 50 750 Td 14 TL\n" + b"\n".join(b"(%s) Tj T*" % line for line in shown) + b"\nET"


def trial(document: Document) -> bytes:
    """A study of ClinicalTrials.gov with the document's texts in it."""
    texts = [section.text for section in document.sections] or [""]
    protocol = {
        "identificationModule": {"nctId": "NCT01234567", "briefTitle": document.title},
        "statusModule": {"overallStatus": "COMPLETED", "startDateStruct": {"date": "2019-03"},
                         "lastUpdatePostDateStruct": {"date": "2021-05-03"}},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": document.labeler or "A university"}},
        "descriptionModule": {"briefSummary": texts[0], "detailedDescription": texts[-1]},
        "conditionsModule": {"conditions": ["A condition"], "keywords": ["a word"]},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE3"], "enrollmentInfo": {"count": 300}},
        "armsInterventionsModule": {
            "armGroups": [{"label": "A", "type": "EXPERIMENTAL", "interventionNames": ["Drug: One"]}],
            "interventions": [{"type": "DRUG", "name": "One", "description": "daily", "armGroupLabels": ["A"]}]},
        "outcomesModule": {"primaryOutcomes": [{"measure": "A score", "timeFrame": "12 weeks"}]},
        "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n1. Adults\n2. Pain", "sex": "ALL"},
        "referencesModule": {"references": [{"pmid": "101", "retractions": [{"pmid": "103", "source": "J 2021"}]}]},
    }  # fmt: skip
    measurements = [{"groupId": "OG000", "value": "4.5", "lowerLimit": "4.0"}, {"groupId": "OG001", "value": "6.0"}]
    outcome = {
        "type": "PRIMARY", "title": "A score", "unitOfMeasure": "points", "timeFrame": "12 weeks",
        "groups": [{"id": "OG000", "title": "One"}, {"id": "OG001", "title": "Placebo"}],
        "denoms": [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "200"}]}],
        "classes": [{"title": "Week 12", "categories": [{"measurements": measurements}]}],
        "analyses": [{"groupIds": ["OG000", "OG001"], "paramType": "Hazard ratio", "paramValue": "0.62",
                      "pValue": "0.01"}],
    }  # fmt: skip
    events = {
        "eventGroups": [{"id": "EG000", "title": "One", "seriousNumAffected": 1, "seriousNumAtRisk": 200}],
        "seriousEvents": [{"term": "A fall", "stats": [{"groupId": "EG000", "numAffected": 1, "numAtRisk": 200}]}],
    }
    results = {"outcomeMeasuresModule": {"outcomeMeasures": [outcome]}, "adverseEventsModule": events}
    study = {"protocolSection": protocol, "resultsSection": results, "hasResults": True}
    return json.dumps({"studies": [study], "nextPageToken": "x"}).encode()


def works(document: Document) -> bytes:
    """Crossref's answer: a notice that retracts the document, and the document as retracted by it."""
    notice = {"DOI": "10.5555/notice", "title": ["Retraction"], "publisher": "A society",
              "update-to": [{"DOI": document.doi or "10.5555/12", "type": "retraction",
                             "updated": {"date-parts": [[2020, 5, 17]]}}]}  # fmt: skip
    work = {"DOI": "10.5555/work", "title": [document.title], "publisher": "A society",
            "updated-by": [{"DOI": "10.5555/other", "type": "expression_of_concern",
                            "updated": {"date-parts": [[2021, 1]]}}]}  # fmt: skip
    message = {"items": [notice, work], "total-results": 2}
    return json.dumps({"status": "ok", "message-type": "work-list", "message": message}).encode()


def article(document: Document) -> bytes:
    """A line of articles."""
    return json.dumps({"pmid": document.pmid or "77", "title": document.title, "abstract": _text(document),
                       "retracted": False, "year": 2019, "pmcid": document.pmcid}).encode()  # fmt: skip


def openfda(document: Document) -> bytes:
    """A label record in openFDA's bulk layout."""
    texts = {section.slug: [section.text] for section in document.sections}
    names = {"generic_name": list(document.drugs.generic), "brand_name": list(document.drugs.brand)}
    record = {"set_id": document.work_id, "id": "a-1", "version": "3", "effective_time": "20210503", "openfda": names}
    return json.dumps({"meta": {"license": ""}, "results": [record | texts]}).encode()


def sections_2016(document: Document) -> bytes:
    """A line of label sections of 2016."""
    texts = {"clinical_pharmacology": _text(document), "drug_interactions": _text(document)}
    record = {"set_id": document.work_id.replace(":", "-"), "drug_guess": "one", "confidence": 0.9}
    return json.dumps(record | texts).encode()


def jats(document: Document) -> bytes:
    """A paper with an abstract, sections, a reference and a table."""
    rows = "<table><tr><th>A</th><th colspan='2'>B</th></tr><tr><td rowspan='2'>1</td><td>2</td><td>3</td></tr></table>"
    parts = "".join(f"<sec id='s{number}' sec-type='results'><title>{html.escape(section.title)}</title>"
                    f"<p>{html.escape(section.text[:4000])} <xref ref-type='bibr' rid='r1'>[1]</xref></p></sec>"
                    for number, section in enumerate(document.sections))  # fmt: skip
    return (
        "<?xml version='1.0'?><article article-type='research-article' xmlns:xlink='http://www.w3.org/1999/xlink'><front>"
        "<journal-meta><journal-title>A journal</journal-title></journal-meta><article-meta>"
        "<article-id pub-id-type='pmc'>PMC77</article-id><article-id pub-id-type='doi'>10.5555/77</article-id>"
        f"<title-group><article-title>{html.escape(document.title)}</article-title></title-group>"
        "<pub-date pub-type='epub'><day>3</day><month>5</month><year>2021</year></pub-date>"
        "<abstract><p>In short.</p></abstract></article-meta></front>"
        f"<body>{parts}<table-wrap><label>Table 1</label>{rows}</table-wrap></body><back><ref-list><ref id='r1'>"
        "<element-citation><pub-id pub-id-type='pmid'>101</pub-id></element-citation></ref></ref-list></back></article>"
    ).encode()


def _text(document: Document) -> str:
    return " ".join(section.text.replace("\n", " ") for section in document.sections)[:8000]
