"""What a JATS article states about itself and others: marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ingest.schema import Document, Fault, Mark
from tests.ingest.parse.fulltexts import article, document, read


def related(sort: str, address: str) -> str:
    return f'<related-article related-article-type="{sort}" {address} xmlns:xlink="http://www.w3.org/1999/xlink">J</related-article>'


@pytest.mark.parametrize(
    ("kind", "sort", "address", "work", "mark"),
    [
        (
            "retraction",
            "retracted-article",
            'ext-link-type="doi" xlink:href="10.1234/AbC"',
            "doi:10.1234/abc",
            "retraction",
        ),
        ("retraction", "retracted-article", 'ext-link-type="pubmed" xlink:href="0999"', "pmid:999", "retraction"),
        ("correction", "corrected-article", 'xlink:href="https://doi.org/10.1234/a"', "doi:10.1234/a", "correction"),
        ("expression-of-concern", "object-of-concern", 'ext-link-type="pmid" xlink:href="9"', "pmid:9", "concern"),
    ],
)
def test_notices_mark_the_article_that_they_are_about(kind: str, sort: str, address: str, work: str, mark: str) -> None:
    found, told = read(article(kind=kind, extra=related(sort, address)))
    assert isinstance(found, Document)
    assert not found.retracted
    assert isinstance(told, Mark)
    assert (told.work, told.kind, told.on, told.by) == (work, mark, None, "pmid:101")  # no year has a 30 February
    dated = article(kind=kind, extra=related(sort, address)).replace("<day>30</day>", "<day>03</day>")
    assert read(dated)[1] == replace(told, on=date(2010, 2, 3))


def test_a_notice_about_an_article_without_a_name_is_said() -> None:
    _, fault = read(article(kind="correction", extra=related("corrected-article", 'ext-link-type="pmc"')))
    assert isinstance(fault, Fault)
    assert "neither by PMID nor by DOI" in fault.reason


@pytest.mark.parametrize(
    ("sort", "marks"),
    [
        ("retraction-forward", (True, False, False)),
        ("object-of-concern-forward", (False, True, False)),
        ("correction-forward", (False, False, True)),
        ("companion", (False, False, False)),
    ],
)
def test_marks_of_the_article_itself(sort: str, marks: tuple[bool, bool, bool]) -> None:
    (found,) = read(article(extra=related(sort, 'xlink:href="10.1234/n"')))
    assert isinstance(found, Document)
    assert (found.retracted, found.expression_of_concern, found.corrected) == marks


def test_a_title_that_says_retracted() -> None:
    assert document(article().replace("Drops of", "RETRACTED: Drops of")).retracted
    assert not document(article().replace("Drops of", "Retracted drops of")).retracted
