"""PDFs of our own words for the tests."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence

from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter

from ingest.parse import pdf
from ingest.schema import Document, Record

WORDS = [
    "testomab",
    "is",
    "given",
    "by",
    "mouth",
    "once",
    "a",
    "day",
    "to",
    "adults",
    "who",
    "have",
    "the",
    "invented",
    "disease",
    "and",
    "who",
    "can",
    "swallow",
    "it",
    "whole",
    "with",
    "water",
    "while",
    "they",
    "sit",
    "or",
    "stand",
    "upright",
    "and",
    "it",
    "is",
    "stopped",
    "when",
    "the",
    "pain",
    "of",
    "the",
    "treated",
    "joint",
    "does",
    "not",
    "become",
    "less",
]


def prose(number: int, words: int = 60) -> str:
    """A paragraph that is like no other."""
    text = " ".join(WORDS[(number * 7 + place) % len(WORDS)] for place in range(words))
    return f"{text[0].upper()}{text[1:]}, as case {number} shows."


def made(draw: Callable[[FPDF], None], **info: str) -> bytes:
    """A PDF that ``draw`` draws on; ``info``: title, author, ... as fpdf's setters are called."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pdf = FPDF(unit="pt", format=(600, 800))
        pdf.set_auto_page_break(auto=False)
        for name, value in info.items():
            getattr(pdf, f"set_{name}")(value)
        draw(pdf)
        return bytes(pdf.output())


def write(pdf: FPDF, x: float, y: float, text: str, size: float = 10, *, style: str = "") -> None:
    """Text whose baseline is ``y`` points below the page's upper end."""
    pdf.set_font("helvetica", style=style, size=size)
    pdf.text(x, y, text)


def lines(text: str, letters: int) -> list[str]:
    """The text in lines of at most so many letters."""
    found = [""]
    for word in text.split():
        if len(found[-1]) + len(word) >= letters:
            found.append("")
        found[-1] = f"{found[-1]} {word}".strip()
    return found


def guideline(pages: int = 5, first: int = 1) -> bytes:
    """Pages with a running head and foot, a chapter on each, a bold heading within; ``first``: printed number."""

    def draw(pdf: FPDF) -> None:
        for number in range(pages):
            pdf.add_page()
            write(pdf, 60, 30, "Guideline of the Invented Institute", 8)
            write(pdf, 300, 780, f"- {number + first} -", 8)
            write(pdf, 60, 90, f"Chapter {number + 1}", 18)
            body(pdf, 60, 120, prose(number, 120), 90)
            write(pdf, 60, 300, f"Doses in group {number + 1}", 10, style="B")
            body(pdf, 60, 320, prose(number + 50, 120), 90)

    return made(draw, title="Use of testomab", author="A Writer; B Writer")


def body(pdf: FPDF, x: float, y: float, text: str, letters: int) -> None:
    """Lines of ten points, fourteen apart."""
    for row, line in enumerate(lines(text, letters)):
        write(pdf, x, y + 14 * row, line)


def across(columns: Sequence[str], letters: int = 45) -> bytes:
    """A page whose columns were drawn line by line from left to right, under a heading that goes across."""

    def draw(pdf: FPDF) -> None:
        pdf.add_page()
        write(pdf, 60, 80, "A heading that goes across the whole of the page", 18)
        parts = [lines(column, letters) for column in columns]
        for row in range(max(map(len, parts))):
            for place, part in enumerate(parts):
                if row < len(part):
                    write(pdf, 40 + 275 * place, 120 + 14 * row, part[row])

    return made(draw)


def scan(pages: int = 2, printed: int = 0) -> bytes:
    """Pages that are images alone, after some that are printed."""
    image = Image.new("L", (900, 1200), 200)

    def draw(pdf: FPDF) -> None:
        for number in range(printed):
            pdf.add_page()
            body(pdf, 60, 120, prose(number, 120), 90)
        for _ in range(pages):
            pdf.add_page()
            pdf.image(image, 0, 0, 600, 800)

    return made(draw)


def encrypted(content: bytes, password: str, algorithm: str) -> bytes:
    """The PDF encrypted; an empty password opens by itself."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm=algorithm)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def raw(objects: Sequence[bytes], root: int = 1) -> bytes:
    """A PDF of these objects (1, 2, ...), with a table that says where each is."""
    content = b"%PDF-1.7\n"
    places = []
    for number, inner in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, inner)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, root, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


def read(content: bytes, limits: pdf.Limits = pdf.LIMITS) -> list[Record]:
    return list(pdf.parse(io.BytesIO(content), "t.pdf", limits=limits))


def document(content: bytes) -> Document:
    (record,) = read(content)
    assert isinstance(record, Document)
    return record
