from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ingest.schema import Kind
from rag.answers.citations import short_pages, vancouver
from tests.rag.bookshelf import document

LABEL = document(
    "label:x:25", [], "xanol", title="Xanol tablets", labeler="Maker Inc.", version="25", url="https://example.org/x"
)
ARTICLE = document(
    "pubmed:7",
    [],
    title="Xanol in gout.",
    authors=("Smith JA", "Doe B"),
    journal="J Abbrev",
    volume="3",
    issue="4",
    pages="112-119",
    published=date(2012, 5, 1),
    pmid="7",
    doi="10.1/x",
    url="",
)


def test_a_label() -> None:
    assert vancouver(LABEL) == (
        "Xanol tablets [drug label]. Maker Inc; version 25, effective 2020-05-01. Available from: https://example.org/x"
    )


def test_a_label_says_how_its_products_are_given() -> None:
    drops = replace(LABEL, routes=("ophthalmic", "auricular (otic)"), url="")
    assert vancouver(drops).startswith("Xanol tablets [drug label, ophthalmic, auricular (otic)]. ")
    assert "a, b, c]" in vancouver(replace(LABEL, routes=("a", "b", "c", "d")))


def test_an_article() -> None:
    expected = "Smith JA, Doe B. Xanol in gout. J Abbrev. 2012;3(4):112-9. PMID: 7. doi: 10.1/x."
    assert vancouver(ARTICLE) == expected


def test_seven_authors_are_six_and_others() -> None:
    cited = vancouver(replace(ARTICLE, authors=tuple("ABCDEFG")))
    assert cited.startswith("A, B, C, D, E, F, et al. Xanol")
    assert vancouver(replace(ARTICLE, authors=tuple("ABCDEF"))).startswith("A, B, C, D, E, F. Xanol")


def test_what_is_not_stated_is_left_out() -> None:
    bare = replace(LABEL, labeler="", version="", effective=None, url="")
    assert vancouver(bare) == "Xanol tablets [drug label]."
    assert vancouver(document("pubmed:8", [], published=None, url="")) == "A paper."


def test_a_labeler_that_ends_the_title_is_named_once() -> None:
    named = replace(LABEL, title="Xanol, Some Company, Inc.", labeler="Some Company, Inc.", url="")
    assert vancouver(named).startswith("Xanol [drug label]. Some Company, Inc; ")
    assert vancouver(replace(named, title="Some Company, Inc.")).startswith("Some Company, Inc [drug label]. ")


def test_summaries_say_that_they_are_summaries() -> None:
    assert "[drug label, editorial summary]" in vancouver(replace(LABEL, editorial=True))
    assert "[editorial summary]" in vancouver(replace(ARTICLE, editorial=True))


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("112-119", "112-9"),
        ("98-101", "98-101"),
        ("7-7", "7-7"),
        ("e1-e9", "e1-e9"),
        ("119-112", "119-112"),
        ("5", "5"),
    ],
)
def test_page_ranges(pages: str, expected: str) -> None:
    assert short_pages(pages) == expected


def test_the_pages_of_a_guideline_are_named() -> None:
    bare = replace(ARTICLE, kind=Kind.GUIDELINE, url="https://example.org/g")
    assert vancouver(bare, (7, 3, 8, 9)).endswith(" p. 3, 7-9. Available from: https://example.org/g")
    assert " p. 12-4." in vancouver(bare, (12, 13, 14))
    assert " p. " not in vancouver(bare)
