"""The versions of a work and what changed between them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rag.errors import NotFoundError
from rag.history.versions import diff_of, versions_of
from tests.rag.bookshelf import Bookshelf, document

FIRST = document(
    "label:w:1",
    [("boxed_warning", "Not below 12 years.\nRare deaths."), ("dosage", "Take 10 mg."), ("overdosage", "Call.")],
    "examplomab",
    effective=date(2020, 1, 1),
    superseded_on=date(2021, 1, 1),
)
SECOND = document(
    "label:w:2",
    [("boxed_warning", "Not below 7 years.\nRare deaths."), ("dosage", "Take 10 mg."), ("pregnancy", "Avoid.")],
    "examplomab",
    effective=date(2021, 1, 1),
    superseded_on=date(2022, 1, 1),
)
THIRD = replace(SECOND, document_id="label:w:3", version="3", effective=date(2022, 1, 1), superseded_on=None)
SHELF = Bookshelf([FIRST, SECOND, THIRD])


def test_versions_are_listed_with_their_dates() -> None:
    found = versions_of(SHELF, "w").versions
    assert [(one.document_id, one.sections, one.superseded_on) for one in found] == [
        ("label:w:1", 3, date(2021, 1, 1)),
        ("label:w:2", 3, date(2022, 1, 1)),
        ("label:w:3", 3, None),
    ]
    with pytest.raises(NotFoundError, match="no work"):
        versions_of(SHELF, "v")


@pytest.mark.parametrize(
    ("start", "end", "sides"),
    [
        (None, None, ("2", "3")),
        ("1", None, ("1", "3")),
        (None, "2", ("1", "2")),
        ("label:w:1", "label:w:2", ("1", "2")),
        ("2020-12-31", "2021-01-01", ("1", "2")),
        ("2030-01-01", "1", ("3", "1")),
    ],
)
def test_two_versions_are_chosen(start: str | None, end: str | None, sides: tuple[str, str]) -> None:
    found = diff_of(SHELF, "w", start, end)
    assert (found.before.version, found.after.version) == sides


@pytest.mark.parametrize(
    ("start", "end", "section", "told"),
    [
        (None, "1", None, "first version"),
        ("9", None, None, "it has 1, 2, 3"),
        ("2019-01-01", None, None, "in force on 2019-01-01"),
        ("1", "2", "warnings", "neither version"),
    ],
)
def test_what_is_not_there_is_named(start: str | None, end: str | None, section: str | None, told: str) -> None:
    with pytest.raises(NotFoundError, match=told):
        diff_of(SHELF, "w", start, end, section)


def test_what_changed_is_told_by_section() -> None:
    found = diff_of(SHELF, "w", "1", "2")
    assert [(one.slug, one.state) for one in found.sections] == [
        ("boxed_warning", "changed"),
        ("dosage", "unchanged"),
        ("pregnancy", "came"),
        ("overdosage", "went"),
    ]
    assert (found.unchanged, found.changed, found.removed, found.added, found.moved) == (2, 1, 1, 1, 0)
    (edit,) = found.sections[0].edits
    assert (edit.numbers_before, edit.numbers_after) == (("12",), ("7",))
    for piece, version in ((edit.before, FIRST), (edit.after, SECOND)):
        section = version.section("boxed_warning")
        assert piece
        assert section
        assert section.text[piece.start : piece.end] == piece.text


def test_one_section_is_told_with_those_that_repeat_it() -> None:
    twice = replace(SECOND.sections[2], slug="pregnancy.2")
    shelf = Bookshelf([FIRST, replace(SECOND, sections=(*SECOND.sections, twice))])
    assert [one.slug for one in diff_of(shelf, "w", section="pregnancy").sections] == ["pregnancy", "pregnancy.2"]
    assert [one.slug for one in diff_of(shelf, "w", section="pregnancy.2").sections] == ["pregnancy.2"]
