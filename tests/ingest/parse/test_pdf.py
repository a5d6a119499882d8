"""PDFs: pages, dates, limits, and that no file holds the run up."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import zlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import LimitError, ParseError
from ingest.parse import pdf
from ingest.schema import Document, Fault, Kind, Section
from tests.ingest.parse import papers
from tests.ingest.parse.papers import CATALOG, body, document, made, prose, raw, read
from tests.shared_data import shared

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "guidelines.json").read_text())


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


def test_what_an_encrypted_file_needs() -> None:
    content = papers.guideline(2)
    for algorithm in ("RC4-128", "AES-256"):
        assert document(papers.encrypted(content, "", algorithm)).title == "Use of testomab"
        with pytest.raises(ParseError, match="password"):
            read(papers.encrypted(content, "secret", algorithm))


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
