"""Text of scanned pages through tesseract, where the extra ``ocr`` and the program are installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

Recognise = Callable[[BinaryIO, Sequence[int]], Sequence[str]]
"""Gives the text of the pages (0, 1, ...) of a PDF, one for each; raises OcrError where it cannot."""

MAX_PAGES = 500
PAGE_SECONDS = 60

_DPI = 300
_MAX_PIXELS = 40_000_000
_MISSING = "install CiteRx with the extra ocr (pip install 'citerx[ocr]') and the program tesseract to read it"


class OcrError(Exception):
    """Scanned pages cannot be read; says what to do."""


def default() -> Recognise:
    """Recognition by tesseract; OcrError where the extra or the program is missing."""
    try:
        import pypdfium2  # noqa: F401
        import pytesseract  # noqa: F401
    except ImportError as error:
        raise OcrError(_MISSING) from error
    if shutil.which("tesseract") is None:
        raise OcrError(_MISSING)
    return _tesseract


def _tesseract(pdf: BinaryIO, pages: Sequence[int]) -> list[str]:
    import pypdfium2
    import pytesseract

    if len(pages) > MAX_PAGES:
        raise OcrError(f"more than {MAX_PAGES} pages to recognise; split it into parts")
    try:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return [_text(document, page) for page in pages]
        finally:
            document.close()
    except (pypdfium2.PdfiumError, pytesseract.TesseractError, RuntimeError, OSError) as error:
        raise OcrError(f"recognition failed: {error}") from error


def _text(document: Any, number: int) -> str:  # noqa: ANN401 (pypdfium2 has no types)
    import pytesseract

    page = document[number]
    width, height = page.get_size()
    scale = min(_DPI / 72, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    image = page.render(scale=scale, grayscale=True).to_pil()
    return str(pytesseract.image_to_string(image, timeout=PAGE_SECONDS))
