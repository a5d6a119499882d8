"""Reads tar archives forward only, member by member: names are for showing, nothing is ever unpacked to a path.

Headers are decoded by the standard library; its ``TarFile`` is not used, for it takes in extended headers of any size.
Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from ingest.errors import LimitError, SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 512
MAX_HEADER_BYTES = 1 << 20
"""How long a long name or a pax header may be; it is held in memory."""

_SPOOL_BYTES = 16 << 20  # larger members wait in an unnamed temporary file
_CHUNK = 1 << 16
_SPARSE = tarfile.GNUTYPE_SPARSE
_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_EXTENDED = (*_NAMES, tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_PASSED_OVER = {
    tarfile.LNKTYPE: "a link, not followed",
    tarfile.SYMTYPE: "a link, not followed",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
}


@dataclass(frozen=True, slots=True)
class Member:
    """What stands in the archive: ``offset`` and ``size`` of its bytes in the unpacked archive.

    ``ignored``: why it is no document; ``fault``: why it cannot be read; both empty for a file.
    """

    name: str
    offset: int
    size: int
    ignored: str = ""
    fault: str = ""


def is_tar(head: bytes) -> bool:
    """Whether a file with these first ``BLOCK`` bytes is a tar archive: by its magic, or by a header's checksum."""
    if head[257:262] == b"ustar":
        return True
    if len(head) < BLOCK:
        return False
    try:
        return bool(tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "surrogateescape").name)
    except tarfile.HeaderError:
        return False


def members(tape: Tape, most: int) -> Iterator[Member]:
    """The members in order; while one is at hand, as much of it as is wanted may be read from the tape.

    Raises SourceError (offset: byte of the unpacked archive) for a damaged header or an archive that ends too soon,
    LimitError after ``most`` files, folders and links, and for an extended header above ``MAX_HEADER_BYTES``.
    """
    extended: dict[str, str] = {}
    count = 0
    while (block := tape.exactly(BLOCK)) != bytes(BLOCK):
        header = _header(block, tape)
        if header.type in _EXTENDED:
            extended |= _extension(header, tape)
            continue
        count += 1
        if count > most:
            reason = f"a tar of more than {most} members, the rest is not read; raise CITERX_LIMIT_TAR_MEMBERS"
            raise LimitError(reason, source=tape.source, offset=tape.position)
        if header.type == _SPARSE:
            _pass_sparse_map(block, tape)
        member = _member(header, extended, tape.position)
        if not (header.type == tarfile.DIRTYPE or (header.type == tarfile.AREGTYPE and member.name.endswith("/"))):
            yield member
        tape.forward(member.offset + member.size + -member.size % BLOCK)
        extended = {}


def _header(block: bytes, tape: Tape) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise tape.error(f"damaged tar archive: {error}; fetch it again") from error
    if header.size < 0:
        raise tape.error("damaged tar archive: a member of negative size")
    return header


def _member(header: tarfile.TarInfo, extended: dict[str, str], offset: int) -> Member:
    size = extended.get("size", "")
    length = int(size) if size.isascii() and size.isdigit() and len(size) < 20 else header.size
    name = extended.get("path") or header.name
    if header.type in _PASSED_OVER:
        return Member(name, offset, 0, ignored=_PASSED_OVER[header.type])
    fault = "" if header.type in {*_FILES, tarfile.DIRTYPE} else f"a member of unknown type {header.type!r}"
    if header.type == _SPARSE or any(key.startswith("GNU.sparse") for key in extended):
        fault = "a sparse file; pack it again without holes"
    return Member(name, offset, length, fault=fault)


def _pass_sparse_map(block: bytes, tape: Tape) -> None:
    """Old GNU archives go on with the map of a sparse file in blocks of their own, each saying whether one follows."""
    more = block[482]
    while more:
        more = tape.exactly(BLOCK)[504]


def _extension(header: tarfile.TarInfo, tape: Tape) -> dict[str, str]:
    """What a long-name or pax header says about the next member."""
    if header.size > MAX_HEADER_BYTES:
        reason = f"a tar header of {header.size} bytes, more than {MAX_HEADER_BYTES}"
        raise LimitError(reason, source=tape.source, offset=tape.position)
    data = tape.exactly(header.size + -header.size % BLOCK)[: header.size]
    if header.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    return _pax(data) if header.type in {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE} else {}


def _pax(data: bytes) -> dict[str, str]:
    """The records ``<length> <key>=<value>\\n``; what is none ends the reading."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        number, space, _ = data[at : at + 8].partition(b" ")
        if not (space and number.isdigit() and int(number) > len(number) + 1):
            break
        key, _, value = data[at + len(number) + 1 : at + int(number) - 1].partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        at += int(number)
    return found


class Tape:
    """A stream that is only read forward, and knows where it stands: ``position`` in bytes."""

    def __init__(self, stream: BinaryIO, source: str) -> None:
        self._stream, self.source, self.position = stream, source, 0

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        data = self._stream.read(size)
        self.position += len(data)
        return data

    def exactly(self, size: int) -> bytes:
        """The next ``size`` bytes; SourceError where the archive ends before."""
        data = self.read(size)
        if len(data) < size:
            raise self.error("truncated tar archive: it ends before its end mark; fetch it again")
        return data

    def forward(self, position: int) -> None:
        """Passes over everything before ``position``; SourceError where the archive ends before."""
        while self.position < position:
            self.exactly(min(_CHUNK, position - self.position))

    def error(self, reason: str) -> SourceError:
        """An error at this place."""
        return SourceError(reason, source=self.source, offset=self.position)


class Window(io.RawIOBase):
    """The next ``size`` bytes of a tape as a stream; EOFError where the tape ends before."""

    def __init__(self, tape: Tape, size: int) -> None:
        self._tape, self._left = tape, size

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fills the buffer with what comes next."""
        view = memoryview(buffer)
        data = self._tape.read(min(len(view), self._left))
        if not data and self._left and len(view) > 0:
            raise EOFError("the archive ends inside this member")
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)


class Spool:
    """What was copied from a stream that cannot be read twice; each ``open()`` reads it from the start."""

    def __init__(self) -> None:
        self._file = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES))  # noqa: SIM115 (close())

    @property
    def closed(self) -> bool:
        """Whether its bytes are gone."""
        return self._file.closed

    def fill(self, stream: BinaryIO) -> None:
        """Takes everything that is left of the stream."""
        shutil.copyfileobj(stream, self._file, _CHUNK)

    def open(self) -> BinaryIO:
        """A stream over the bytes, apart from every other."""
        return io.BufferedReader(_SpoolReader(self._file), _CHUNK)

    def close(self) -> None:
        """Drops the bytes."""
        self._file.close()


class _SpoolReader(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._position = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._file.seek(self._position)
        data = self._file.read(len(memoryview(buffer)))
        memoryview(buffer)[: len(data)] = data
        self._position += len(data)
        return len(data)
