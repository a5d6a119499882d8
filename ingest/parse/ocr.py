"""Text of scanned pages through tesseract, where the extra ``ocr`` and the program are installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any, BinaryIO

Recognise = Callable[[BinaryIO, int, float], str]
"""Gives the text of one page (0, 1, ...) of a PDF within so many seconds; raises OcrError where it cannot."""

PAGE_SECONDS = 60.0

_DPI = 300
_MAX_PIXELS = 40_000_000
_MISSING = "install CiteRx with the extra ocr (pip install 'citerx[ocr]') and the program tesseract to read it"


class OcrError(Exception):
    """A scanned page cannot be read; says what to do."""


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


def _tesseract(pdf: BinaryIO, page: int, seconds: float) -> str:
    import pypdfium2
    import pytesseract

    try:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return str(pytesseract.image_to_string(_image(document[page]), timeout=min(PAGE_SECONDS, seconds)))
        finally:
            document.close()
    except (pypdfium2.PdfiumError, pytesseract.TesseractError, RuntimeError, OSError) as error:
        raise OcrError(f"recognition failed: {error}") from error


def _image(page: Any) -> Any:  # noqa: ANN401 (pypdfium2 has no types)
    width, height = page.get_size()
    scale = min(_DPI / 72, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    return page.render(scale=scale, grayscale=True).to_pil()
