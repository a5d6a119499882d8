"""JSON read as a stream, one record in memory at a time, with limits on what a record may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NoReturn

import ijson
from ijson.common import JSONError

from ingest.errors import LimitError, ParseError
from ingest.parse.text import clean

MAX_RECORD_BYTES = 64 << 20
"""A record larger than this is refused."""
MAX_DEPTH = 1000
"""Open brackets in one record, those in its texts included; ijson needs memory in the square of the depth."""


class Guarded:
    """A stream that begins with ``head``, counts its bytes and refuses a record that never ends or nests too deep."""

    def __init__(self, head: bytes, stream: BinaryIO, source: str, what: str) -> None:
        self._head, self._stream, self._source, self._what = head, stream, source, what
        self.offset = self._begin = self._depth = 0

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes or fewer."""
        if size == 0:
            return b""
        data, self._head = self._head or self._stream.read(size), b""
        self.offset += len(data)
        self._depth += data.count(b"[") + data.count(b"{") - data.count(b"]") - data.count(b"}")
        if self.offset - self._begin > MAX_RECORD_BYTES:
            self._refuse(f"record larger than {MAX_RECORD_BYTES} bytes")
        if self._depth > MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} brackets left open in one record")
        return data

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
