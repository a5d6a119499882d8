"""PubMed records: what is kept, and the shared files as they are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse import pubmed
from ingest.parse.dates import from_parts, from_words
from ingest.schema import Deletion, Document, Fault, Section
from tests.ingest.parse.citations import BOOK, DELETED, FULL, document, read, simple, whole
from tests.shared_data import shared

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "pubmed.json").read_text())


def test_a_full_article() -> None:
    found = document(FULL)
    assert (found.document_id, found.work_id, found.version, found.pmid) == ("pubmed:101", "101", "2", "101")
    assert found.title == "Colony counts above 10^6 in E. coli and H2O."
    assert found.url == "https://pubmed.ncbi.nlm.nih.gov/101/"
    assert (found.journal, found.volume, found.issue, found.pages) == ("J Invent Trials", "12", "3", "10-9")
    assert found.published == found.effective == date(1998, 12, 1)
    assert found.authors == ("King ML Jr", "The Group", "Solo H")
    assert found.publication_types == ("Journal Article", "Retracted Publication")
    assert (found.retracted, found.expression_of_concern, found.corrected, found.editorial) == (True,) * 4
    assert (found.doi, found.pmcid) == ("10.1000/x.1", "PMC77")
    assert (found.drugs.substance, found.drugs.unii) == (("Naloxone", "Enzyme"), ("BBX060AN9V",))
    assert found.mesh == ("Humans",)
    assert found.licence == "Apache-2.0; (c) Nobody"
    theirs = document(FULL.replace('Owner="CiteRx"', 'Owner="NLM"'))
    assert (theirs.editorial, theirs.licence) == (False, "publisher's text; (c) Nobody")


def test_when_the_record_was_revised() -> None:
    day = "<DateRevised><Year>2023</Year><Month>04</Month><Day>05</Day></DateRevised>"
    revised, plain = document(simple("1").replace("<Article>", f"{day}<Article>")), document(simple("1"))
    assert (revised.revised, revised.effective) == (date(2023, 4, 5), date(2023, 4, 5))
    assert (plain.revised, plain.effective) == (None, plain.published)
    assert revised.published == plain.published


def test_every_part_of_the_abstract_is_kept_under_its_own_slug() -> None:
    sections = {section.slug: section for section in document(FULL).sections}
    assert {slug: section.text for slug, section in sections.items()} == {
        "abstract.results": "Half, 1/2, died.",
        "abstract.results.2": "More.",
        "abstract": "Loose end.",
        "abstract.2": "Second loose end.",
        "abstract.2.2": "Odd.",
        "abstract.other": "Plain words.",
        "abstract.other.fre.but": "Texte.",
    }
    assert sections["abstract.results"].path == ("Abstract", "RESULTS")
    assert sections["abstract.other"].title == "Plain language summary"
    assert sections["abstract.other.fre.but"].path == ("Other abstract [fre]", "BUT")


def test_a_book_chapter() -> None:
    found = document(BOOK)
    assert (found.document_id, found.version, found.title) == ("pubmed:202", "7", "A chapter")
    assert (found.journal, found.authors) == ("Invented Summaries", ("Board",))
    assert (found.published, found.effective) == (date(2018, 9, 1), date(2020, 2, 1))
    assert found.publication_types == ("Review",)


def test_an_article_without_an_abstract_has_its_title_as_section() -> None:
    assert document(simple("1", "Only a title.")).sections == (Section("title", "Title", ("Title",), "Only a title."),)


def test_the_vernacular_title_stands_in() -> None:
    found = document(simple("1", "[Not Available].", "<VernacularTitle>Ein Titel.</VernacularTitle>"))
    assert found.title == "Ein Titel."


def test_deletions() -> None:
    first, fault, last = read(whole(DELETED))
    assert (first, last) == (Deletion("301"), Deletion("302"))
    assert isinstance(fault, Fault)


@pytest.mark.parametrize(
    ("printed", "online", "expected"),
    [
        ("<Year>2018</Year>", "", date(2018, 1, 1)),
        ("<Year>2018</Year><Month>Feb</Month><Day>30</Day>", "", date(2018, 2, 1)),
        ("<Year>2018</Year><Season>Autumn</Season>", "", date(2018, 9, 1)),
        ("<MedlineDate>Spring 1987</MedlineDate>", "", date(1987, 3, 1)),
        ("<MedlineDate>1976-1977</MedlineDate>", "", date(1976, 1, 1)),
        ("<MedlineDate>2000 Dec 24-31</MedlineDate>", "", date(2000, 12, 24)),
        ("<Year>2018</Year><Month>13</Month>", "", date(2018, 1, 1)),
        ("<Year>2018</Year>", "<Year>2017</Year><Month>11</Month><Day>02</Day>", date(2017, 11, 2)),
        ("<Year>1990</Year>", "<Year>2009</Year><Month>11</Month><Day>02</Day>", date(1990, 1, 1)),
        ("<Year>soon</Year>", "", None),
    ],
)
def test_dates(printed: str, online: str, expected: date | None) -> None:
    issue = f"<Journal><JournalIssue><PubDate>{printed}</PubDate></JournalIssue></Journal>"
    found = document(simple("1", extra=issue + (f"<ArticleDate>{online}</ArticleDate>" if online else "")))
    assert found.published == expected


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_no_date_text_raises(year: str, month: str, day: str) -> None:
    from_parts(year, month, day)
    from_parts("2001", month, day)
    from_words(f"{year} {month} {day}")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=12))
def test_labels_make_unique_slugs(labels: list[str]) -> None:
    taken: dict[str, Section] = {}
    for label in labels:
        slug = pubmed.unique_slug("abstract", label, taken)
        assert slug not in taken
        assert slug.isascii()
        assert slug.split(".")[0] == "abstract"
        taken[slug] = Section(slug, label, (label,), "x")


@pytest.mark.parametrize("name", sorted(GOLDEN["files"]))
def test_golden(name: str) -> None:
    expected = GOLDEN["files"][name]
    with shared(f"literature/pubmed/{name}").open("rb") as stream:
        records = list(pubmed.parse(stream, name))
    documents = [record for record in records if isinstance(record, Document)]
    assert len(documents) == len(records) == expected["documents"]
    assert sum(document.journal == "PDQ Cancer Information Summaries" for document in documents) == expected["books"]
    assert Counter(slug_kind(document) for document in documents) == expected["shapes"]
    picked = {index: documents[index] for index in (0, 9, -1) if -len(documents) <= index < len(documents)}
    assert {str(index): golden_row(document) for index, document in picked.items()} == expected["records"]


def slug_kind(document: Document) -> str:
    """How the abstract is built: ``title`` alone, ``plain`` or ``labelled``."""
    slugs = [section.slug for section in document.sections]
    return "title" if slugs == ["title"] else "plain" if slugs == ["abstract"] else "labelled"


def golden_row(document: Document) -> dict[str, object]:
    """Facts and hashes of a record, without its text."""
    texts = "\n".join(section.text for section in document.sections)
    return {
        "id": document.document_id,
        "version": document.version,
        "published": str(document.published),
        "title_length": len(document.title),
        "authors": len(document.authors),
        "slugs": [section.slug for section in document.sections],
        "texts_sha256": hashlib.sha256(texts.encode()).hexdigest(),
        "sha256": document.sha256,
    }
