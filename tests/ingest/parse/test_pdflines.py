"""The lines of a PDF page: reading order, rows, drawings."""

from __future__ import annotations

import pytest
from fpdf import FPDF

from ingest.errors import LimitError
from ingest.parse import pdf
from ingest.schema import Document
from tests.ingest.parse import papers
from tests.ingest.parse.papers import CATALOG, body, document, made, prose, raw, read, write


@pytest.mark.parametrize("number", [2, 3])
def test_columns_that_were_drawn_line_by_line(number: int) -> None:
    columns = [prose(place, 110) for place in range(number)]
    found = document(papers.across(columns, 45 if number == 2 else 30))
    assert found.title == "A heading that goes across the whole of the page"
    assert [section.text for section in found.sections] == ["\n".join(columns)]


def test_table_rows_stay_rows() -> None:
    def draw(sheet: FPDF) -> None:
        sheet.add_page()
        body(sheet, 60, 60, prose(1), 90)
        for row in range(12):
            write(sheet, 60, 300 + 14 * row, f"Group {row}")
            write(sheet, 300, 300 + 14 * row, f"{row} mg")

    (section,) = document(made(draw)).sections
    assert "Group 3 3 mg" in section.text


def test_a_title_that_was_drawn_last_still_comes_first() -> None:
    def draw(sheet: FPDF) -> None:
        for number in range(2):
            sheet.add_page()
            body(sheet, 60, 120, prose(number, 200), 90)
            write(sheet, 60, 90, f"Chapter {number}", 20)

    assert [section.path for section in document(made(draw, title="Two")).sections] == [("Chapter 0",), ("Chapter 1",)]


def drawings(last: bytes, depth: int = 2) -> bytes:
    """A page with words of its own and a drawing, in which is one, and so on; what the innermost consists of."""
    stream = b"<< %s /Length %d %s >>\nstream\n%s\nendstream"
    inside = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << %s %s >>"
    font, objects = b"/Font << /F1 4 0 R >>", b"/XObject << /Fm %d 0 R >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R /Resources << %s %s >> >>"
    words = b"/Fm Do BT /F1 12 Tf 100 700 Td (These words stand on the page itself.) Tj ET"
    forms = [stream % (inside % (font, objects % (7 + number)), 6, b"", b"/Fm Do") for number in range(depth - 1)]
    return raw([
        CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page % (objects % 6, font),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", stream % (b"", len(words), b"", words),
        *forms, stream % (inside % (font, b""), len(last), b"", last),
    ])  # fmt: skip


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_words_in_drawings_within_drawings_are_read(depth: int) -> None:
    found = document(drawings(b"BT /F1 12 Tf 100 600 Td (More words.) Tj ET", depth))
    assert "More words." in found.sections[0].text


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_drawings_without_words_cost_no_steps(depth: int) -> None:
    content = drawings(b"0 0 m 9 9 l S " * 5_000, depth)
    (found,) = read(content, pdf.Limits(steps=100))
    assert isinstance(found, Document)
    assert found.sections[0].text == "These words stand on the page itself."


def layers(each: int, innermost: bytes = b"<< /Subtype /Form /Length 1 >>\nstream\nS\nendstream") -> bytes:
    """A page with three layers of drawings, each of which may draw all of the next."""
    stream = b"<< /Subtype /Form /Resources %d 0 R /Length 6 >>\nstream\n/Fm Do\nendstream"
    words = b"BT /F1 12 Tf 100 700 Td (These words stand on the page itself.) Tj ET"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R /Resources 6 0 R >>"
    named = [b" ".join(b"/Fm%d %d 0 R" % (one, 9 + layer * each + one) for one in range(each)) for layer in range(3)]
    resources = [b"<< /Font << /F1 4 0 R >> /XObject << %s >> >>" % names for names in named]
    forms = [stream % (7 + layer) for layer in range(2) for _ in range(each)]
    return raw([
        CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words), *resources, *forms, *[innermost] * each,
    ])  # fmt: skip


def test_a_drawing_that_many_draw_is_looked_into_once() -> None:
    (found,) = read(layers(40), pdf.Limits(steps=4_000))
    assert isinstance(found, Document)
    with pytest.raises(LimitError, match="steps"):
        list(read(layers(40), pdf.Limits(steps=1_000)))


@pytest.mark.parametrize("broken", [b"<< /Subtype /Form >>", b"null", b"7"])
def test_a_drawing_that_is_none_loses_no_page(broken: bytes) -> None:
    assert document(layers(2, broken)).sections[0].text == "These words stand on the page itself."
