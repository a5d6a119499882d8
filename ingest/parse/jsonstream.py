"""JSON read as a stream, one record in memory at a time, with limits on what a record may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

import ijson
from ijson.common import JSONError

from ingest.errors import LimitError, ParseError
from ingest.parse.text import clean

MAX_RECORD_BYTES = 64 << 20
"""A record larger than this is refused."""
MAX_STRING_BYTES = 16 << 20
"""Of one text; yajl needs time in the square of its length."""
MAX_DEPTH = 1000
"""Open brackets in one record; ijson needs memory in the square of the depth."""

_MARK = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)


class Guarded:
    """A stream that begins with ``head``, counts its bytes and refuses a record that never ends or nests too deep."""

    def __init__(self, head: bytes, stream: BinaryIO, source: str, what: str) -> None:
        self._head, self._stream, self._source, self._what = head, stream, source, what
        self.offset = self._begin = self._depth = 0
        self._text: int | None = None  # where the text began that is not closed yet
        self._escaped = False

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes or fewer."""
        if size == 0:
            return b""
        data, self._head = self._head or self._stream.read(size), b""
        self._follow(data)
        self.offset += len(data)
        if self._text is not None and self.offset - self._text > MAX_STRING_BYTES:
            self._refuse(f"a text of more than {MAX_STRING_BYTES} bytes")
        if self.offset - self._begin > MAX_RECORD_BYTES:
            self._refuse(f"record larger than {MAX_RECORD_BYTES} bytes")
        return data

    def _follow(self, data: bytes) -> None:
        """Counts the brackets outside of texts, one by one: those that close again were open all the same."""
        start = 1 if self._escaped else 0  # the byte after a backslash that ended what came before
        for match in _MARK.finditer(data, start):
            mark = match.group()
            if mark == b'"':
                self._text = self.offset + match.start() if self._text is None else None
            elif self._text is None and len(mark) == 1:
                self._depth += 1 if mark in b"[{" else -1
                if self._depth > MAX_DEPTH:
                    self._refuse(f"more than {MAX_DEPTH} brackets left open in one record")
        if data:
            rest = data[start:]
            self._escaped = (len(rest) - len(rest.rstrip(b"\\"))) % 2 == 1

    def next_record(self) -> None:
        """Begins to count for the next record."""
        self._begin, self._depth = self.offset, 0

    def _refuse(self, reason: str) -> NoReturn:
        raise LimitError(f"{reason}: this is not {self._what}", source=self._source, offset=self._begin)


def items(reader: Guarded, prefix: str, source: str) -> Iterator[object]:
    """The values at ``prefix`` (ijson's notation) one after the other; there may be none.

    Raises ParseError for broken or truncated JSON, after what was whole; its offset is the bytes read so far, at most
    64 KiB behind the break. Raises LimitError for a record of more than ``MAX_RECORD_BYTES`` or ``MAX_DEPTH``.
    """
    done = 0
    try:
        for record in ijson.items(reader, prefix, use_float=True, multiple_values=True):
            reader.next_record()
            yield record
            done += 1
    except (JSONError, UnicodeDecodeError) as error:
        reason = f"broken or truncated JSON after {done} records: {clean(str(error))[:200]}"
        raise ParseError(reason, source=source, record=f"record {done}", offset=reader.offset) from error
