"""PDFs: reading order, pages, headings, broken words, scans, and that no file holds the run up."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import LimitError, ParseError
from ingest.parse import ocr, pdf, pdfmargins, pdfsections
from ingest.parse.pdflines import Line
from ingest.schema import Document, Fault, Kind, Record, Section, pages_between
from tests.ingest.parse import papers
from tests.ingest.parse.papers import body, made, prose, raw, write
from tests.shared_data import shared

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "guidelines.json").read_text())
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


def read(content: bytes, limits: pdf.Limits = pdf.LIMITS) -> list[Record]:
    return list(pdf.parse(io.BytesIO(content), "t.pdf", limits=limits))


def document(content: bytes) -> Document:
    (record,) = read(content)
    assert isinstance(record, Document)
    return record


def one_page(stream: bytes, more: bytes = b"") -> bytes:
    contents = b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(stream), more, stream)
    resources = b"/Resources << /Font << /F1 5 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R %s >>" % resources
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return raw([CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, contents, font])


def test_a_guideline() -> None:
    content = papers.guideline(5, first=11)
    found = document(content)
    checksum = hashlib.sha256(content).hexdigest()
    assert (found.document_id, found.work_id) == (f"pdf:{checksum[:16]}", f"pdf:{checksum[:16]}")
    assert (found.kind, found.title, found.sha256) == (Kind.GUIDELINE, "Use of testomab", checksum)
    assert found.authors == ("A Writer", "B Writer")
    assert found.published is not None
    assert [section.path for section in found.sections[2:4]] == [
        ("Chapter 2",),
        ("Chapter 2", "Doses in group 2"),
    ]
    assert found.sections[3].slug == "body.doses_in_group_2"
    assert [section.pages for section in found.sections] == [((0, 11 + number // 2),) for number in range(10)]
    assert found.sections[0].text == prose(0, 120)
    assert not any("Institute" in section.text or " - " in section.text for section in found.sections)


def test_physical_pages_where_none_are_printed() -> None:
    def draw(sheet: FPDF) -> None:
        for number in range(2):
            sheet.add_page()
            body(sheet, 60, 100, prose(number, 200), 90)

    (section,) = document(made(draw)).sections
    assert [number for _, number in section.pages] == [1, 2]
    assert section.text[section.pages[1][0] :] == prose(1, 200)


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


def test_what_an_encrypted_file_needs() -> None:
    content = papers.guideline(2)
    for algorithm in ("RC4-128", "AES-256"):
        assert document(papers.encrypted(content, "", algorithm)).title == "Use of testomab"
        with pytest.raises(ParseError, match="password"):
            read(papers.encrypted(content, "secret", algorithm))


def test_a_scan_without_recognition_says_what_to_install() -> None:
    with pytest.raises(ParseError, match=r"2 of 2 pages are images without text; page 0: install the extra ocr"):
        list(pdf.parse(io.BytesIO(papers.scan()), "t.pdf", recognise=missing))


def missing(_: BinaryIO, page: int, _seconds: float) -> str:
    raise ocr.OcrError(f"page {page}: install the extra ocr")


def test_each_scanned_page_that_is_left_out_is_told() -> None:
    content = papers.scan(2, printed=3)
    first, second, found = pdf.parse(io.BytesIO(content), "t.pdf", recognise=missing)
    assert [first, second] == [
        Fault(f"page {number}", f"left out, as it is a scan: page {number - 1}: install the extra ocr")
        for number in (4, 5)
    ]
    assert isinstance(found, Document)
    assert (found.scanned, {number for section in found.sections for _, number in section.pages}) == ((), {1, 2, 3})


def test_the_pages_that_a_machine_read_are_named() -> None:
    def recognise(_: BinaryIO, page: int, _seconds: float) -> str:
        if page == 4:
            raise ocr.OcrError("smudged")
        return "Take 0.5 mg of it\nas it is." if page == 3 else " \n"

    content = papers.scan(3, printed=3)
    smudged, empty, found = pdf.parse(io.BytesIO(content), "t.pdf", recognise=recognise)
    assert isinstance(smudged, Fault)
    assert isinstance(empty, Fault)
    assert [fault.record for fault in (smudged, empty)] == ["page 5", "page 6"]
    assert "no words were recognised" in empty.reason
    assert isinstance(found, Document)
    assert found.scanned == (4,)
    last = found.sections[-1]
    assert last.text.endswith("Take 0.5 mg of it as it is.")
    assert last.pages[-1] == (last.text.index("Take 0.5"), 4)


def test_recognised_lines_that_differ_in_a_number_are_no_running_heads() -> None:
    def recognise(_: BinaryIO, page: int, _seconds: float) -> str:
        return f"Part {'abcd'[page]} begins.\nAdults take {page + 5} mg of it.\nPart {'abcd'[page]} ends."

    (found,) = pdf.parse(io.BytesIO(papers.scan(4)), "t.pdf", recognise=recognise)
    assert isinstance(found, Document)
    text = "\n".join(section.text for section in found.sections)
    assert [f"Adults take {page + 5} mg" in text for page in range(4)] == [True] * 4


def test_recognition_stops_when_the_time_for_a_file_is_over() -> None:
    given: list[float] = []

    def slow(_: BinaryIO, page: int, seconds: float) -> str:
        given.append(seconds)
        time.sleep(seconds if page else 0.0)
        return f"Page {page} was read."

    limits = pdf.Limits(seconds=0.5)
    *faults, found = pdf.parse(io.BytesIO(papers.scan(5)), "t.pdf", limits=limits, recognise=slow)
    assert isinstance(found, Document)
    assert found.scanned == (1, 2)
    assert len(given) == 2
    assert max(given) <= 0.5
    told = [(fault.record, "0.5 seconds" in fault.reason) for fault in faults if isinstance(fault, Fault)]
    assert told == [("page 3", True), ("page 4", True), ("page 5", True)]


def test_a_scan_with_recognition() -> None:
    def recognise(stream: BinaryIO, page: int, _seconds: float) -> str:
        assert stream.read(5) == pdf.SIGNATURE
        return f"Dose of page {page}\n\nTake the tab-\nlet whole, as it is."

    (found,) = pdf.parse(io.BytesIO(papers.scan(2)), "t.pdf", recognise=recognise)
    assert isinstance(found, Document)
    assert found.title == "Dose of page 0"
    text = "\n".join(f"Dose of page {page}\nTake the tablet whole, as it is." for page in range(2))
    assert [(section.text, section.pages) for section in found.sections] == [
        (text, ((0, 1), (text.index("\nDose") + 1, 2)))
    ]


def test_recognition_as_installed_or_a_word_about_it() -> None:
    if shutil.which("tesseract") and all(map(find_spec, ("pypdfium2", "pytesseract"))):
        assert not ocr.default()(io.BytesIO(papers.scan(1)), 0, 30.0).strip()
    else:
        with pytest.raises(ocr.OcrError, match=r"citerx\[ocr\]"):
            ocr.default()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7 and nothing", "damaged or truncated"),
        (papers.guideline(2)[:900], "damaged or truncated"),
        (raw([CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"]), "without pages"),
        (raw([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]), "cyclic"),
        (one_page(b""), "without text"),
        (one_page(zlib.compress(b" " * 40_000_000), b"/Filter /FlateDecode"), "Limit reached"),
        (one_page(zlib.compress(b"[" * 1_000_000), b"/Filter /FlateDecode"), "no page can be read"),
        (one_page(zlib.compress(b"q " * 600_000), b"/Filter /FlateDecode"), "maximum number of tokens"),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(ParseError, match=reason) as raised:
        read(content)
    assert raised.value.source == "t.pdf"
    assert time.monotonic() - began < 20


def test_a_bad_page_costs_only_itself() -> None:
    good = b"BT /F1 12 Tf 100 700 Td (These words stand on the page that is whole.) Tj ET"
    bad = zlib.compress(b" " * 40_000_000)
    resources = b"/Resources << /Font << /F1 7 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R " + resources + b" >>"
    content = raw(
        [
            CATALOG, b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>", page % 5, page % 6,
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(bad), bad),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(good), good),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
    )  # fmt: skip
    fault, found = read(content)
    assert isinstance(fault, Fault)
    assert isinstance(found, Document)
    assert (fault.record, found.sections[0].pages) == ("page 1", ((0, 2),))


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


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (pdf.Limits(size=100), "bytes"),
        (pdf.Limits(pages=1), "2 pages"),
        (pdf.Limits(steps=10), "10 steps"),
        (pdf.Limits(letters=10), "10 characters"),
        (pdf.Limits(seconds=0.0), "0 seconds"),
    ],
)
def test_limits(limits: pdf.Limits, reason: str) -> None:
    with pytest.raises(LimitError, match=reason):
        read(papers.guideline(2), limits)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("D:20161117120634+01'00'", date(2016, 11, 17)),
        ("D:20161341", None),
        ("D:", None),
        ("D:00010101", None),
        ("x", None),
    ],
)
def test_dates(value: str, day: date | None) -> None:
    assert pdf.day_of(value) == day


SMALL = papers.guideline(1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=20), st.booleans())
def test_a_changed_file_raises_nothing_unforeseen(changes: list[tuple[int, int]], cut: bool) -> None:
    content = bytearray(SMALL)
    for at, value in changes:
        content[at] = value
    with contextlib.suppress(ParseError, LimitError):
        records = read(bytes(content[: changes[0][0]] if cut else content))
        assert all(isinstance(record, Document | Fault) for record in records)


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


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden(name: str) -> None:
    with shared(f"guidelines/{name}").open("rb") as stream:
        (found,) = pdf.parse(stream, name)
    assert isinstance(found, Document)
    assert golden_row(found) == GOLDEN[name]


def golden_row(found: Document) -> dict[str, object]:
    """Facts and hashes of a guideline, without its text."""
    return {
        "id": found.document_id,
        "title": found.title,
        "published": str(found.published),
        "licence": found.licence,
        "sections": len(found.sections),
        "letters": sum(len(section.text) for section in found.sections),
        "pages": len({number for section in found.sections for _, number in section.pages}),
        "last_page": max(number for section in found.sections for _, number in section.pages),
        "paths_sha256": _hash(found.sections, lambda section: " > ".join(section.path)),
        "texts_sha256": _hash(found.sections, lambda section: section.text),
    }


def _hash(sections: Sequence[Section], part: object) -> str:
    assert callable(part)
    return hashlib.sha256("\n".join(part(section) for section in sections).encode()).hexdigest()
