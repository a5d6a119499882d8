"""The sections of a PDF: headings, broken words, pages; running heads are none of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse import pdfmargins, pdfsections
from ingest.parse.pdflines import Line
from ingest.schema import pages_between
from tests.ingest.parse.papers import body, document, made, prose, write


def test_the_outline_makes_headings_of_plain_lines() -> None:
    def draw(sheet: FPDF) -> None:
        sheet.add_page()
        for place, (level, name) in enumerate([(0, "First part"), (1, "Inner part"), (0, "Second part")]):
            sheet.set_font("helvetica", size=10)
            sheet.start_section(name, level=level)
            write(sheet, 60, 100 + 200 * place, name)
            body(sheet, 60, 140 + 200 * place, prose(place), 90)

    paths = [section.path for section in document(made(draw, title="Two")).sections]
    assert paths == [("First part",), ("First part", "Inner part"), ("Second part",)]


def test_a_list_of_contents_is_one_section_and_references_hold_nothing() -> None:
    def draw(sheet: FPDF) -> None:
        for name in ("Contents", "Doses", "References", "Annex"):
            sheet.add_page()
            write(sheet, 60, 90, name, 20)
            body(sheet, 60, 120, prose(len(name), 200), 90)
            if name == "Contents":
                write(sheet, 60, 600, "Doses", 20)
                write(sheet, 60, 640, "2", 10)

    found = [(section.slug, section.path) for section in document(made(draw, title="Two")).sections]
    assert found == [
        ("contents", ("Contents",)), ("body.doses", ("Doses",)), ("references", ("References",)),
        ("body.annex", ("Annex",)),
    ]  # fmt: skip


WORD = st.text("abcdefghijklmnopqrstuvwxyzéß", min_size=4, max_size=14)


@given(st.lists(WORD, min_size=1, max_size=8), st.data())
def test_a_word_that_the_document_has_whole_is_mended(words: list[str], data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(words))
    at = data.draw(st.integers(1, len(word) - 1))
    left = pdfsections.mended(f"x {word[:at]}-", f"{word[at:]} y", frozenset(words))
    assert left + word[at:] == f"x {word}"


@given(WORD, WORD)
def test_a_compound_keeps_its_hyphen(first: str, second: str) -> None:
    words = {first, second} if first + second not in {first, second} else {f"{first}-{second}"}
    assert pdfsections.mended(f"{first}-", second, words) + second == f"{first}-{second}"


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        ("COVID-", "19 cases", "COVID-19 cases"),
        ("Health-", "Care", "Health-Care"),
        ("infec\xad", "tion", "infection"),
        ("a dose -", "if any", "a dose - if any"),
        ("see http://a.org/b-", "c.html", "see http://a.org/b-c.html"),
        ("see http://a.org/", "b.html", "see http://a.org/b.html"),
        ("one", "two", "one two"),
        ("-", "two", "- two"),
    ],
)
def test_line_ends(left: str, right: str, joined: str) -> None:
    assert pdfsections.mended(left, right, frozenset()) + right == joined


def line(text: str, page: int = 0, y: float = 700.0) -> Line:
    return Line(text, page, 60.0, y, 10.0, bold=False, right=60.0 + 5 * len(text))


@given(st.lists(st.tuples(st.text("abc .-", min_size=1, max_size=8), st.integers(0, 1)), min_size=1, max_size=30))
def test_page_offsets_name_the_page_of_every_line(parts: list[tuple[str, int]]) -> None:
    page = 0
    found = []
    for number, (text, step) in enumerate(parts):
        page += step
        found.append(line(f"begin{number}{text.strip()}x".replace(" ", "_"), page, 700.0 - 14 * number))
    sections = pdfsections.sections(found, {number: number + 5 for number in range(page + 1)}, {}, "")
    (section,) = sections
    for number, one in enumerate(found):
        at = section.text.index(
            f"begin{number}{parts[number][0].strip()[:1].replace(' ', '_')}"[: len(f"begin{number}")]
        )
        assert pages_between(section.pages, at, at + 1)[0][1] == one.page + 5
    offsets = [offset for offset, _ in section.pages]
    assert offsets == sorted(set(offsets))
    assert offsets[0] == 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True), st.integers(0, 60), st.integers(0, 20))
def test_pages_between(offsets: list[int], start: int, length: int) -> None:
    pages = [(offset, number) for number, offset in enumerate(sorted(offsets))]
    expected = {
        number for at in range(start, max(start + length, start + 1)) for offset, number in pages
        if offset <= at and not any(offset < other <= at for other, _ in pages)
    }  # fmt: skip
    assert {number for _, number in pages_between(pages, start, start + length)} == expected


def test_running_lines_and_printed_numbers() -> None:
    boxes = dict.fromkeys(range(6), (0.0, 800.0))
    found = [line(f"Head {page + 3}", page, 790.0) for page in range(6)] + [line("Text", page) for page in range(6)]
    kept, numbers = pdfmargins.strip(found, boxes)
    assert [one.text for one in kept] == ["Text"] * 6
    assert numbers == {page: page + 3 for page in range(6)}
    once = [line("A note", 0, 20.0), line("Another", 1, 20.0)]
    assert pdfmargins.strip(once, boxes) == (once, {})
    late = [replace(one, text=f"Page {one.page - 1}") for one in found[:6]]
    assert pdfmargins.strip(late, boxes)[1] == {page: page - 1 for page in range(2, 6)}
