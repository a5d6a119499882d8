"""PDF guidelines: pages to lines to sections, each section with the pages that its text stands on.

Sources: ISO 32000-2 through pypdf; what pypdf allows a file to cost is lowered here to what a guideline needs.
"""

from __future__ import annotations

import hashlib
import logging
import re
import struct
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, cast

from pypdf import PageObject, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from ingest.errors import LimitError, ParseError
from ingest.parse import ocr, pdflines, pdfmargins, pdfsections
from ingest.parse.pdflines import Line
from ingest.parse.pubmed import EDITORIAL_LICENCE
from ingest.parse.text import clean, label_date, link
from ingest.schema import Document, Fault, Kind, Record

EDITORIAL = re.compile(r"(?:^|[\s,;])citerx:editorial=([^\s,;]+)")
"""What marks a summary in CiteRx's own words among the ``Keywords`` of a PDF, with the real source's URL."""

SIGNATURE, SIGNATURE_WITHIN = b"%PDF-", 1024
"""What a PDF begins with, and within how many bytes (ISO 32000-2, annex I: readers bear what stands before)."""

_SPOOL_BYTES = 16 << 20
_CHUNK = 1 << 20
_SCAN_LETTERS = 25  # a page with fewer has no text layer worth the name
_SCAN_PIXELS = 400_000
_SCAN_SIZE = 10.0  # points, where nothing printed stands beside what was recognised
_BROKEN = (
    PyPdfError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError, OSError,
    RecursionError, RuntimeError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_FILE_NAME = re.compile(
    r"\.(?:docx?|indd|pdf|pptx?|qxd|rtf|tex|xlsx?)\b|^Microsoft Word|^untitled|^layout \d", re.IGNORECASE
)
_LICENCE = re.compile(r"\bCC[ -]BY(?:[ -](?:NC|SA|ND))*(?: \d\.\d)?(?: IGO)?\b|\bpublic domain\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one PDF may cost; more is LimitError.

    ``size``: bytes of the file; ``stream``: unpacked bytes of one stream in it, ``tokens``: operators and operands of
    one (a page beyond these two is a Fault, the others are read); ``steps``: drawing operators; ``letters``: characters
    of text; ``seconds``: of work, which are counted between operators.
    """

    size: int = 256 << 20
    pages: int = 5_000
    stream: int = 16 << 20
    tokens: int = 500_000
    steps: int = 30_000_000
    letters: int = 30_000_000
    seconds: float = 300.0


LIMITS = Limits()


@dataclass(slots=True)
class _Budget:
    """What is left of the limits."""

    limits: Limits
    source: str
    began: float = field(default_factory=time.monotonic)
    steps: int = 0
    letters: int = 0

    def step(self, *_: object) -> None:
        """Counts one drawing operator."""
        self.steps += 1
        if self.steps > self.limits.steps:
            self._stop(f"draws in more than {self.limits.steps} steps")
        if self.steps % 1024 == 0:
            self.check_time()

    def seconds_left(self) -> float:
        """How long the reading may still take; below 0 where its time is over."""
        return self.began + self.limits.seconds - time.monotonic()

    def check_time(self) -> None:
        """Stops the reading when its time is over."""
        if self.seconds_left() < 0:
            self._stop(f"takes more than {self.limits.seconds:g} seconds to read")

    def add_letters(self, number: int) -> None:
        """Counts text."""
        self.letters += number
        if self.letters > self.limits.letters:
            self._stop(f"has more than {self.limits.letters} characters")

    def _stop(self, what: str) -> None:
        raise LimitError(f"{what}; split it into parts", source=self.source)


def parse(
    stream: BinaryIO, source: str, *, limits: Limits = LIMITS, recognise: ocr.Recognise | None = None
) -> Iterator[Record]:
    """The one document that a PDF is, after a Fault for each page that could not be read.

    ``recognise`` reads scanned pages (see `ingest.parse.ocr`) as long as ``limits.seconds`` are not over; by default
    what the extra ``ocr`` brings. Raises ParseError for encrypted, damaged and empty files and where at least half of
    the pages are scans that nothing reads, LimitError for what is too large.
    """
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spooled:
        spool = cast("BinaryIO", spooled)
        checksum = _copy(stream, spool, limits.size, source)
        with _guarded(source):
            yield from _read(spool, checksum, _Budget(limits, source), recognise)


def _copy(stream: BinaryIO, spool: BinaryIO, most: int, source: str) -> str:
    """Copies the file to where it can be read in any order; its SHA-256."""
    digest = hashlib.sha256()
    size = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise LimitError(f"a PDF of more than {most} bytes; split it into parts", source=source)
        digest.update(chunk)
        spool.write(chunk)
    spool.seek(0)
    return digest.hexdigest()


@contextmanager
def _guarded(source: str) -> Iterator[None]:
    """pypdf's errors as ours; what it only warns of is seen in the text or not at all."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    except (DependencyError, FileNotDecryptedError) as error:
        raise ParseError(f"encrypted: {error}; remove the encryption first", source=source) from error
    except _BROKEN as error:
        reason = f"damaged or truncated PDF ({_told(error)}); fetch the file again or repair it"
        raise ParseError(reason, source=source) from error
    finally:
        logger.setLevel(level)


def _told(error: BaseException) -> str:
    return clean(str(error))[:120] or type(error).__name__


def _read(spool: BinaryIO, checksum: str, budget: _Budget, recognise: ocr.Recognise | None) -> list[Record]:
    most = budget.limits.stream
    with apply_configuration(
        maximum_declared_stream_length=budget.limits.size,
        array_based_stream_maximum_output_length=most,
        lzw_maximum_output_length=most,
        run_length_maximum_output_length=most,
        zlib_maximum_output_length=most,
        zlib_maximum_recovery_input_length=1_000_000,
        stream_parsing_work_maximum_count=budget.limits.tokens,
        page_tree_maximum_entries=2 * budget.limits.pages,
    ):
        reader = _open(spool, budget)
        faults, lines, boxes, scanned = _pages(reader, budget)
        texts, lost = _recognised(spool, scanned, budget, recognise)
        if lost and not texts and 2 * len(scanned) >= len(boxes):
            reason = f"a scan: {len(scanned)} of {len(boxes)} pages are images without text; {lost[scanned[0]]}"
            raise ParseError(reason, source=budget.source)
        faults += (Fault(f"page {page + 1}", f"left out, as it is a scan: {reason}") for page, reason in lost.items())
        size, family = pdfsections.body_size(lines) or _SCAN_SIZE, pdfsections.body_family(lines)
        for page, text in texts.items():
            typed = list(_typed(text, page, size, family))
            boxes[page] = (typed[-1].y, typed[0].y)
            lines += typed
        lines.sort(key=lambda line: line.page)
        if not lines:
            raise _nothing(faults, budget.source)
        return [*faults, _document(reader, lines, boxes, checksum, texts)]


def _open(spool: BinaryIO, budget: _Budget) -> PdfReader:
    reader = PdfReader(spool, root_object_recovery_limit=20_000)
    if reader.is_encrypted and not reader.decrypt(""):
        reason = "encrypted with a password; save it without one first"
        raise ParseError(reason, source=budget.source)
    if (pages := len(reader.pages)) > budget.limits.pages:
        raise LimitError(f"{pages} pages, more than {budget.limits.pages}; split it into parts", source=budget.source)
    if not pages:
        raise ParseError("a PDF without pages; fetch the file again", source=budget.source)
    return reader


def _nothing(faults: Sequence[Record], source: str) -> ParseError:
    first = next((fault.reason for fault in faults if isinstance(fault, Fault)), "")
    reason = f"no page can be read; the first is {first}" if first else "a PDF without text; does it hold only images?"
    return ParseError(reason, source=source)


_Pages = tuple[list[Record], list[Line], dict[int, pdfmargins.Box], list[int]]


def _pages(reader: PdfReader, budget: _Budget) -> _Pages:
    """Faults, the lines of all pages, where each page begins and ends, and the pages that are scans."""
    faults: list[Record] = []
    lines: list[Line] = []
    boxes: dict[int, pdfmargins.Box] = {}
    scanned: list[int] = []
    for number, page in enumerate(reader.pages):
        budget.check_time()
        try:
            boxes[number] = (float(page.cropbox.bottom), float(page.cropbox.top))
            found = pdflines.read(page, number, budget.step)
            letters = sum(len(line.text) for line in found)
            if letters < _SCAN_LETTERS and _is_scan(page):
                scanned.append(number)
        except _BROKEN as error:
            boxes.setdefault(number, (0.0, 0.0))
            faults.append(Fault(f"page {number + 1}", f"left out, as it cannot be read: {_told(error)}"))
            continue
        budget.add_letters(letters)
        lines += found
    return faults, lines, boxes, scanned


def _is_scan(page: PageObject) -> bool:
    """Whether one large image has the shape of the page."""
    shape = float(page.cropbox.width) / max(1.0, float(page.cropbox.height))
    for width, height in _image_sizes(page):
        if width * height >= _SCAN_PIXELS and abs(width / height / max(shape, 1e-3) - 1) < 0.1:
            return True
    return False


def _image_sizes(page: PageObject) -> Iterator[tuple[int, int]]:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    images = objects.get_object() if objects is not None else {}
    for image in (images[name] for name in images):
        if image.get("/Subtype") == "/Image":
            yield int(image.get("/Width", 0)), max(1, int(image.get("/Height", 1)))


def _recognised(
    spool: BinaryIO, scanned: Sequence[int], budget: _Budget, recognise: ocr.Recognise | None
) -> tuple[dict[int, str], dict[int, str]]:
    """The text of scanned pages and, of those that could not be read, why."""
    texts: dict[int, str] = {}
    lost: dict[int, str] = {}
    for page in scanned:
        try:
            texts[page] = _page_text(spool, page, budget, recognise)
        except ocr.OcrError as error:
            lost[page] = str(error)
    return texts, lost


def _page_text(spool: BinaryIO, page: int, budget: _Budget, recognise: ocr.Recognise | None) -> str:
    read, left = recognise or ocr.default(), budget.seconds_left()
    if left <= 0:
        raise ocr.OcrError(f"the {budget.limits.seconds:g} seconds for one file are over; split it into parts")
    spool.seek(0)
    text = read(spool, page, left)
    if not clean(text):
        raise ocr.OcrError("no words were recognised in it; look at it yourself")
    budget.add_letters(len(text))
    return text


def _typed(text: str, page: int, size: float, family: str) -> Iterator[Line]:
    """Recognised text as lines like the printed ones; an empty line between two of them parts paragraphs."""
    y = 1000 * size
    for line in text.splitlines():
        y -= (1.2 if line.strip() else 4.0) * size
        if words := clean(line) + ("\xad" if line.rstrip().endswith("\xad") else ""):
            yield Line(words, page, 0.0, y, size, bold=False, right=0.0, family=family)


def _document(
    reader: PdfReader, lines: list[Line], boxes: Mapping[int, pdfmargins.Box], checksum: str, recognised: Iterable[int]
) -> Document:
    body, printed = pdfmargins.strip(lines, boxes)
    numbers = printed or {page: page + 1 for page in boxes}
    facts = _facts(reader)
    title = facts.get("/Title", "")
    title = title if title and not _FILE_NAME.search(title) else _largest(body) or title or "Untitled"
    published, revised = (day_of(facts.get(name, "")) for name in ("/CreationDate", "/ModDate"))
    original = EDITORIAL.search(facts.get("/Keywords", ""))
    identifier = f"pdf:{checksum[:16]}"
    return Document(
        document_id=identifier,
        kind=Kind.GUIDELINE,
        title=title,
        work_id=identifier,
        version="1",
        sha256=checksum,
        sections=pdfsections.sections(body, numbers, _outline(reader), title),
        published=published,
        effective=revised or published,
        revised=revised,
        editorial=original is not None,
        authors=tuple(filter(None, (clean(name) for name in facts.get("/Author", "").split(";")))),
        url=link(original[1]) if original else "",
        licence=EDITORIAL_LICENCE if original else _licence(body),
        scanned=tuple(sorted({numbers.get(page, 0) for page in recognised})),
    )


def _facts(reader: PdfReader) -> dict[str, str]:
    """The document information that is text, by its PDF name; nothing where it cannot be read."""
    try:
        return {name: clean(value) for name, value in (reader.metadata or {}).items() if isinstance(value, str)}
    except _BROKEN:
        return {}


def day_of(value: str) -> date | None:
    """The day of ``D:20161117120634+01'00'``; None where it is none, or before there were PDFs."""
    found = label_date(value.removeprefix("D:"))
    return found if found and found.year >= 1990 else None


def _outline(reader: PdfReader) -> dict[tuple[int, str], int]:
    """(page, plain title) -> level for every entry of the outline that names a page; empty where it is broken."""
    found: dict[tuple[int, str], int] = {}

    def walk(entries: Sequence[object], level: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, level + 1)
                continue
            page = reader.get_destination_page_number(entry)  # type: ignore[arg-type]
            if page is not None and (title := pdfsections.plain(str(getattr(entry, "title", "")))):
                found.setdefault((page, title), level)

    try:
        walk(reader.outline, 0)
    except _BROKEN:
        return {}
    return found


def _largest(lines: Sequence[Line]) -> str:
    """What is set largest on the first page with text, else its first line: the title, as far as it has one."""
    first = [line for line in lines if line.page == lines[0].page] if lines else []
    size = max((line.size for line in first), default=0.0)
    large = [line for line in first if line.size >= 0.95 * size]
    return " ".join(line.text.rstrip("\xad") for line in (large if size > pdfsections.body_size(lines) else large[:1]))[
        :300
    ]


def _licence(lines: Sequence[Line]) -> str:
    """The licence that the most lines name; ``publisher's text`` where none does."""
    named = Counter(match[0] for line in lines for match in _LICENCE.finditer(line.text))
    return named.most_common(1)[0][0] if named else "publisher's text"
