"""Bytes as text formats need them: UTF-8 whatever the encoding, and lines of bounded length."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from ingest.errors import ParseError

CHUNK = 1 << 16
MAX_LINE_BYTES = 16 << 20
"""A longer line is none: no record of the formats that are read by line comes near it."""

# UTF-32's mark begins like UTF-16's, so it is asked for first.
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENOUGH = 400  # bytes
_JSON_WIDE = ((re.compile(rb'[{\["]\0[^\0]'), "utf-16-le"), (re.compile(rb'\0[{\["]\0[^\0]'), "utf-16-be"))


def wide(head: bytes) -> str:
    """The codec of text in units of two or four bytes: told from its byte order mark or, as for JSON, its zeros.

    A mark before much text with hardly a zero byte (not for spaces, digits, lines' ends) is a lie: so read, it would be
    other letters.
    """
    honest = head.count(0) * _ENOUGH >= len(head) or len(head) < _ENOUGH
    marked = next((codec for mark, codec in _BOMS if honest and head.startswith(mark)), "")
    return marked or next((codec for pattern, codec in _JSON_WIDE if pattern.match(head)), "")


def utf8(stream: BinaryIO, source: str) -> BinaryIO:
    """The stream as UTF-8 without a byte order mark; here or while it is read, broken UTF-16 raises ParseError."""
    head = stream.read(CHUNK)
    decoder = codecs.getincrementaldecoder(codec)() if (codec := wide(head)) else None
    return cast("BinaryIO", _Utf8(head.removeprefix(codecs.BOM_UTF8), stream, decoder, source))


class _Utf8(io.BufferedIOBase):
    def __init__(self, head: bytes, stream: BinaryIO, decoder: codecs.IncrementalDecoder | None, source: str) -> None:
        self._stream, self._decoder, self._source = stream, decoder, source
        self._ended = False
        self._held = self._decoded(head)

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(partial(self.read, CHUNK), b""))
        while not self._held and not self._ended and size:
            self._held = self._next(size)
        data, self._held = self._held[:size], self._held[size:]
        return data

    def _next(self, size: int) -> bytes:
        data = self._stream.read(size if self._decoder is None else CHUNK)
        self._ended = not data
        return self._decoded(data)

    def _decoded(self, data: bytes) -> bytes:
        if self._decoder is None:
            return data
        try:
            return self._decoder.decode(data, final=self._ended).encode()
        except UnicodeDecodeError as error:
            raise ParseError(f"broken {error.encoding}: {error.reason}", source=self._source) from error


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end: its number from 1, its byte offset, and its bytes, None where they are too many."""

    number: int
    offset: int
    data: bytes | None


def lines(stream: BinaryIO, limit: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """The lines of a stream, at most ``limit`` bytes of one in memory."""
    number, offset, kept, size = 1, 0, list[bytes](), 0
    for chunk in iter(partial(stream.read, CHUNK), b""):
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            size += len(piece)
            yield Line(number, offset, b"".join((*kept, piece)) if size <= limit else None)
            number, offset, kept, size = number + 1, offset + size + 1, [], 0
        size += len(rest)
        kept = [*kept, rest] if size <= limit else []
    if size:
        yield Line(number, offset, b"".join(kept) if size <= limit else None)
