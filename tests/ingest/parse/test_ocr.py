"""Scanned pages of PDFs: recognised, or left out and told."""

from __future__ import annotations

import io
import shutil
import time
from importlib.util import find_spec
from typing import BinaryIO

import pytest

from ingest.errors import ParseError
from ingest.parse import ocr, pdf
from ingest.schema import Document, Fault
from tests.ingest.parse import papers


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
