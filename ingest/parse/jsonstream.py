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
MAX_DEPTH = 200
"""Open brackets in one record; ijson needs memory in the square of the depth, and what writes JSON calls itself."""

_INSIDE = rb'(?:[^"\\]++|\\.)*+'
_REST = re.compile(_INSIDE, re.DOTALL)
_MARK = re.compile(rb'"%s("?)|[\[\]{}]' % _INSIDE, re.DOTALL)


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
        at = 0
        if self._text is not None and data:
            if (at := self._end_of_text(data)) > len(data):
                return
            self._text = None
        for match in _MARK.finditer(data, at):
            mark = match.group()
            if mark in b"[{":
                self._depth += 1
                if self._depth > MAX_DEPTH:
                    self._refuse(f"more than {MAX_DEPTH} brackets left open in one record")
            elif mark in b"]}":
                self._depth -= 1
            elif not match[1]:  # the text goes on after these bytes, of which the last may be half an escape
                self._text, self._escaped = self.offset + match.start(), match.end() < len(data)

    def _end_of_text(self, data: bytes) -> int:
        """Where the text that was open before ends; behind the data where it does not end in them."""
        rest = _REST.match(data, 1 if self._escaped else 0)
        end = rest.end() if rest else 0
        closed = data[end : end + 1] == b'"'
        self._escaped = not closed and end < len(data)
        return end + 1 if closed else len(data) + 1

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
