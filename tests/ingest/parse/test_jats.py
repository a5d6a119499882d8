"""JATS full texts: what becomes of each part of an article."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse import detect, jats
from ingest.passages import split
from ingest.schema import Document, Fault, Mark
from tests.ingest.parse.fulltexts import BACK, WHOLE, article, document, read, texts
from tests.shared_data import shared

GOLDEN = Path(__file__).parents[2] / "golden" / "jats.json"


def test_what_the_article_states() -> None:
    found = document(article())
    assert (found.document_id, found.work_id, found.version) == ("pmc:PMC77", "PMC77", "1")
    assert (found.pmid, found.pmcid, found.doi) == ("101", "PMC77", "10.1000/X.1")
    assert found.title == "Drops of CO2*: a trial"
    assert (found.journal, found.volume, found.issue, found.pages) == ("J Invent", "12", "4", "10-19")
    assert found.authors == ("King MLA Jr", "The Group")
    assert found.published == found.effective == date(2010, 2, 1)
    assert (found.article_type, found.publication_types) == ("research-article", ("Journal Article", "Trial"))
    assert (found.licence, found.mesh) == ("CC BY 2.0; (c) Nobody", ("Humans",))
    assert found.cites == ("pmid:5", "doi:10.9999/b", "C D. J X")
    assert found.url == "https://pmc.ncbi.nlm.nih.gov/articles/PMC77/"
    assert (found.retracted, found.expression_of_concern, found.corrected) == (False, False, False)


def test_the_text_reads_well() -> None:
    found = document(article())
    assert texts(found) == {
        "abstract.background": "Drops were old.",
        "abstract.conclusions": "New ones.",
        "abstract.other": "In short.",
        "back.keywords": "drops; eyes",
        "body.methods": "Given 5 mg daily. Counts of 10⁶ (Figure 1) were fine.\nFigure 1. Flow. Of all.",
        "body.methods.doses": "By weight:\n1. low\n2. high\nMore\nDeep.",
        "body.results": "Table 1. Outcome.\nArm: Drops; Wellᵃ: 9\nArm: None; Wellᵃ: 2\nᵃ After a week.\n"
        "Smith et al. agreed. So 1/n.",
        "back.competing_interests": "None.",
        "back.acknowledgements": "Thanks.",
    }
    methods, results = found.section("body.methods.doses"), found.section("body.results")
    assert methods is not None
    assert methods.path == ("1. Materials and Methods", "Doses")
    assert results is not None
    (table,) = results.tables
    assert (table.caption, table.header, table.rows) == (
        "Table 1. Outcome.",
        ("Arm", "Wellᵃ"),
        (("Drops", "9"), ("None", "2")),
    )
    assert results.text[table.start : table.end] == "Arm: Drops; Wellᵃ: 9\nArm: None; Wellᵃ: 2"


def test_what_is_no_evidence_is_not_indexed() -> None:
    slugs = {passage.section for passage in split(document(article()))}
    assert "body.results" in slugs
    assert not any(slug.startswith("back") for slug in slugs)


def test_wrappers_and_namespaces() -> None:
    plain = article(head="")
    spaced = plain.replace("<article ", '<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" ', 1)
    answer = (
        f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><r>{"".join(["<m>", spaced, "</m>"] * 3)}</r></OAI-PMH>'
    )
    wrapped = f"<pmc-articleset>{plain}{plain.replace('>77<', '>PMC78.2<')}</pmc-articleset>"
    one, other = (record for record in read(wrapped) if isinstance(record, Document))
    assert (one, other.document_id, other.version) == (document(plain), "pmc:PMC78", "2")
    for xml in (spaced, answer):
        found = read(xml)
        assert all(isinstance(record, Document) and texts(record) == texts(one) for record in found)
    assert len(read(answer)) == 3
    for xml in (plain, article(), wrapped, answer):
        assert detect(xml.encode(), "x") is jats.parse


def test_articles_within_the_article() -> None:
    inner = (
        '<sub-article article-type="translation"><front-stub><title-group><article-title>Gotas</article-title>'
        "</title-group></front-stub><body><p>Texto.</p></body></sub-article>"
        '<sub-article article-type="decision-letter"><body><p>Accepted.</p></body></sub-article>'
    )
    found = texts(document(article(back=BACK + inner)))
    assert (found["sub.gotas"], found["back.decision_letter"]) == ("Texto.", "Accepted.")


def test_an_article_without_text_has_its_title() -> None:
    xml = re.sub(r"<abstract.*?</abstract>", "", article("", ""), flags=re.DOTALL)
    assert texts(document(xml)) == {"title": "Drops of CO2*: a trial", "back.keywords": "drops; eyes"}


def test_many_sections_of_one_name_do_not_take_long() -> None:
    started = time.monotonic()
    found = document(article(f"<body>{'<sec><title>Same</title><p>x</p></sec>' * 20_000}</body>"))
    assert len({section.slug for section in found.sections}) == len(found.sections) > 20_000
    assert time.monotonic() - started < 10


(RIGHT,) = read(WHOLE)


@given(st.lists(st.text("ab.2 é", max_size=5), min_size=1, max_size=12))
def test_slugs_are_unique(titles: list[str]) -> None:
    secs = "".join(f"<sec><title>{title}</title><p>x</p></sec>" for title in titles)
    found = document(article(f"<body>{secs}</body>"))
    assert len({section.slug for section in found.sections}) == len(found.sections)
    assert all(section.slug.isascii() and section.path for section in found.sections)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_same_article_in_other_encodings(encoding: str) -> None:
    assert read(article().encode(encoding)) == [RIGHT]


def golden_row(found: Document) -> dict[str, object]:
    """Facts and hashes of an article, without its text."""
    return {
        "pmid": found.pmid,
        "published": str(found.published),
        "authors": len(found.authors),
        "licence": found.licence.split(";")[0],
        "cites": len(found.cites),
        "tables": sum(len(section.tables) for section in found.sections),
        "slugs": [section.slug for section in found.sections],
        "texts_sha256": hashlib.sha256("\n".join(section.text for section in found.sections).encode()).hexdigest(),
        "sha256": found.sha256,
    }


STATED = ("pmid", "doi", "authors", "published", "licence", "cites")


def golden(path: Path) -> dict[str, object]:
    """Counts over all articles of the archive, and some of them as facts and hashes."""
    with zipfile.ZipFile(path) as archive:
        records = [record for name in archive.namelist() for record in jats.parse(io.BytesIO(archive.read(name)), name)]
    documents = [record for record in records if isinstance(record, Document)]
    digest = hashlib.sha256()
    for found in documents:
        digest.update("\n".join(f"{section.slug}\n{section.text}" for section in found.sections).encode())
    return {
        "documents": len(documents),
        "faults": [record.record for record in records if isinstance(record, Fault)],
        "marks": sorted(f"{record.kind} {record.work}" for record in records if isinstance(record, Mark)),
        "types": dict(Counter(found.article_type for found in documents)),
        "with": {name: sum(bool(getattr(found, name)) for found in documents) for name in STATED},
        "sections": sum(len(found.sections) for found in documents),
        "tables": sum(len(section.tables) for found in documents for section in found.sections),
        "rows": sum(len(table.rows) for found in documents for section in found.sections for table in section.tables),
        "cites": sum(len(found.cites) for found in documents),
        "texts_sha256": digest.hexdigest(),
        "records": {found.document_id: golden_row(found) for found in (documents[0], documents[450], documents[-1])},
    }


def test_golden() -> None:
    path = shared("literature/pmc-jats.zip")
    assert golden(path) == json.loads(GOLDEN.read_text())
