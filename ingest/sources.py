"""Finds the files to ingest: files, folders, globs, gzip, tar, and zips within zips as DailyMed ships them.

Content decides, never names. What cannot be read comes out as an error among the sources, and the walk goes on.
"""

from __future__ import annotations

import errno
import glob
import gzip
import io
import lzma
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from ingest import zips
from ingest.errors import IngestError, LimitError, SourceError
from ingest.tars import BLOCK, Member, Spool, Tape, Window, is_tar, members

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEAD_BYTES = 1 << 16
_SPOOL_BYTES = 16 << 20  # nested zips above this go to a temporary file
_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_MEDIA = (b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may unpack to, more is LimitError, and how long a document may be.

    ``member_bytes``: one member (openFDA's largest is about a tenth of the default). ``ratio``: unpacked to packed
    bytes of one file given to the walk, all members and levels together, once ``free_bytes`` are used up. ``depth``:
    archives within archives, a gzip counting as one. ``members``: of one zip, whose directory is held in memory.
    ``tar_members``: of one tar, which is read one by one (a package of PMC holds up to a million articles).
    ``document_characters``: text of one document; it does not concern the walk, but who takes its documents in.
    """

    member_bytes: int = 8 << 30
    ratio: int = 250
    free_bytes: int = 256 << 20
    depth: int = 4
    members: int = 250_000
    tar_members: int = 1_000_000
    document_characters: int = 8_000_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Source:
    """One file or archive member to parse. ``size``: bytes as far as known (of a gzip: packed).

    ``name`` of a member is ``outer.zip!inner.xml``. ``open()`` streams the unpacked bytes (not seekable inside
    archives) and may be called again; it is cheapest while the walk stands here. Reading raises SourceError or
    LimitError, of a file outside archives OSError.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]

    def head(self, size: int = _HEAD_BYTES) -> bytes:
        """The first ``size`` bytes, or fewer where the file is shorter."""
        with self.open() as stream:
            return stream.read(size)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that is no document and was passed over: hidden files, images and other media in archives."""

    name: str
    reason: str


Found = Source | Ignored | IngestError


def walk(paths: Sequence[str], limits: Limits = LIMITS) -> Iterator[Found]:
    """What ``paths`` (files, folders, globs) hold, in the order given, folders sorted by name.

    SourceError and LimitError come as values among the sources, each naming its file.
    """
    folders: set[tuple[int, int]] = set()
    for path in paths:
        if os.path.lexists(path):
            yield from _walk_path(Path(path), folders, limits)
            continue
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
        if not matches:
            reason = "matches no file" if glob.has_magic(path) else "no such file or folder"
            yield SourceError(f"{reason}; check the path", source=_shown(path))
        for match in matches:
            yield from _walk_path(Path(match), folders, limits)


def _walk_path(start: Path, folders: set[tuple[int, int]], limits: Limits) -> Iterator[Found]:
    """``folders``: device and inode of those seen, so that links in a circle end and nothing is read twice."""
    todo = [start]
    while todo:
        path = todo.pop()
        name = _shown(path)
        if path is not start and path.name.startswith("."):
            yield Ignored(name, "hidden")
            continue
        try:
            status = path.stat()
            entries = _entries(path, status, folders)
        except OSError as error:
            yield SourceError(f"cannot be read: {error.strerror or error}", source=name)
            continue
        if entries is not None:
            todo += entries
        elif stat.S_ISREG(status.st_mode):
            budget = _Budget(limits, max(limits.free_bytes, limits.ratio * status.st_size))
            yield from _expand(Source(name, status.st_size, partial(_open_file, path, name)), budget, 0)
        else:
            yield SourceError("neither a file nor a folder", source=name)


def _entries(path: Path, status: os.stat_result, folders: set[tuple[int, int]]) -> list[Path] | None:
    """What the folder holds, last name first; nothing where it was seen before; None where it is no folder."""
    if not stat.S_ISDIR(status.st_mode):
        return None
    identity = status.st_dev, status.st_ino
    if identity in folders:
        return []
    folders.add(identity)
    entries = sorted(path.iterdir(), reverse=True)
    if not entries:
        raise FileNotFoundError(errno.ENOENT, "the folder is empty")
    return entries


def _expand(source: Source, budget: _Budget, depth: int, archive: Source | None = None) -> Iterator[Found]:
    """The source itself or, where it is an archive, what is in it; ``archive`` is how it opens as one of any size."""
    try:
        head = source.head(BLOCK)
        tar = is_tar(head)
        if (tar or head.startswith((_GZIP, *_ZIP))) and depth >= budget.limits.depth:
            raise LimitError(f"archives nested deeper than {budget.limits.depth}", source=source.name)
        if head.startswith(_GZIP):
            unpacked = Source(source.name, source.size, partial(_open_gzip, source, budget))
            whole = replace(unpacked, open=partial(_open_gzip, source, budget, bounded=False))
            yield from _expand(unpacked, budget, depth + 1, whole)
        elif head.startswith(_ZIP):
            yield from _members(source, budget, depth + 1)
        elif tar:
            yield from _tar_members(archive or source, budget, depth + 1)
        elif head.startswith(_MEDIA):
            yield Ignored(source.name, "an image or other media")
        elif head:
            yield source
        else:
            yield SourceError("the file is empty", source=source.name)
    except IngestError as error:
        yield error
    except OSError as error:
        yield SourceError(f"cannot be read: {error.strerror or error}", source=source.name)


def _members(source: Source, budget: _Budget, depth: int) -> Iterator[Found]:
    with _open_zip(source, budget.limits) as archive:
        files = [member for member in archive.infolist() if not member.filename.endswith("/")]
        if not files:
            yield SourceError("the archive holds no files", source=source.name)
        for member in files:
            name = f"{source.name}!{_shown(member.filename)}"
            if reason := _passed_over(member.filename, name):
                yield reason
            elif member.flag_bits & 1:
                yield SourceError("encrypted; unpack it with its password first", source=name)
            else:
                opener = partial(_open_member, source, archive, member, name, budget)
                yield from _expand(Source(name, member.file_size, opener), budget, depth)


def _passed_over(name: str, shown: str) -> Ignored | SourceError | None:
    """Why a member is not read for its name alone; nothing is ever written where a name points to."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts:
        return SourceError("its name leads out of the archive: refused", source=shown)
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts if part != ".")
    return Ignored(shown, "hidden") if hidden else None


def _tar_members(source: Source, budget: _Budget, depth: int) -> Iterator[Found]:
    """Each member waits in a spool while the walk stands there, since the archive is read once, forward."""
    with source.open() as stream:
        tape = Tape(stream, source.name)
        found = False
        for member in members(tape, budget.limits.tar_members):
            found = True
            name = f"{source.name}!{_shown(member.name)}"
            if reason := _not_read(member, name, budget.limits):
                yield reason
                continue
            with closing(Spool()) as spool:
                spool.fill(_guarded(tape, member, name, budget.limits))
                opener = partial(_open_tar_member, source, member, name, spool, budget.limits)
                yield from _expand(Source(name, member.size, opener), budget, depth)
        if not found:
            yield SourceError("the archive holds no files", source=source.name)


def _not_read(member: Member, name: str, limits: Limits) -> Ignored | IngestError | None:
    """Why a member of a tar archive is passed over, told from its header."""
    if member.ignored:
        return Ignored(name, member.ignored)
    if member.fault:
        return SourceError(member.fault, source=name, offset=member.offset)
    if member.size > limits.member_bytes:
        return LimitError(f"unpacks to more than {limits.member_bytes} bytes", source=name)
    return _passed_over(member.name, name)


def _guarded(tape: Tape, member: Member, name: str, limits: Limits, resources: ExitStack | None = None) -> BinaryIO:
    """The member at hand. It packs nothing: its bytes were counted where the archive was unpacked, if it was."""
    window = cast("BinaryIO", Window(tape, member.size))
    own = _Budget(limits, member.size)
    return io.BufferedReader(_Guarded(window, name, own, resources or ExitStack()), _HEAD_BYTES)


def _open_tar_member(source: Source, member: Member, name: str, spool: Spool, limits: Limits) -> BinaryIO:
    """From the spool or, once the walk has gone on, from the archive, which is read anew up to the member."""
    if not spool.closed:
        return spool.open()
    with ExitStack() as stack:
        tape = Tape(stack.enter_context(source.open()), source.name)
        tape.forward(member.offset)
        return _guarded(tape, member, name, limits, stack.pop_all())


def _open_file(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"cannot be opened: {error.strerror}", source=name) from error


def _open_gzip(source: Source, budget: _Budget, *, bounded: bool = True) -> BinaryIO:
    """Not ``bounded``: an archive, whose members are bounded each."""
    with ExitStack() as stack:
        packed = stack.enter_context(source.open())
        stream = cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=packed)))
        guarded = _Guarded(stream, source.name, budget, stack.pop_all(), bounded=bounded)
        return io.BufferedReader(guarded, _HEAD_BYTES)


@contextmanager
def _open_zip(source: Source, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """The archive; one that lies inside another is spooled first, since a zip's directory is at its end."""
    with ExitStack() as stack:
        stream = stack.enter_context(source.open())
        if not stream.seekable():
            spool = cast("BinaryIO", stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)))
            shutil.copyfileobj(stream, spool)
            stream = spool
        try:
            if zips.holds_more(stream, limits.members):
                raise LimitError(
                    f"a zip of more than {limits.members} members; unpack it first, or raise CITERX_LIMIT_MEMBERS",
                    source=source.name,
                )
            archive = stack.enter_context(zipfile.ZipFile(stream))
        except _BROKEN as error:
            raise SourceError(f"damaged or truncated zip archive: {error}", source=source.name) from error
        yield archive


def _open_member(
    source: Source, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, budget: _Budget
) -> BinaryIO:
    with ExitStack() as stack:
        live = archive if archive.fp is not None else stack.enter_context(_open_zip(source, budget.limits))
        try:
            stream = cast("BinaryIO", stack.enter_context(live.open(member)))
        except _BROKEN as error:
            raise SourceError(f"damaged archive member: {error}", source=name) from error
        return io.BufferedReader(_Guarded(stream, name, budget, stack.pop_all()), _HEAD_BYTES)


@dataclass(slots=True)
class _Budget:
    """Unpacked bytes that one file given to the walk may still yield."""

    limits: Limits
    left: int

    def spend(self, size: int, name: str) -> None:
        self.left -= size
        if self.left < 0:
            raise LimitError(f"unpacks to more than {self.limits.ratio} times its size: an archive bomb?", source=name)


class _Guarded(io.RawIOBase):
    """Unpacked bytes with the limits kept and what the archive modules raise turned into SourceError."""

    def __init__(
        self, stream: BinaryIO, name: str, budget: _Budget, resources: ExitStack, *, bounded: bool = True
    ) -> None:
        self._stream, self._name, self._budget, self._resources = stream, name, budget, resources
        self._most = budget.limits.member_bytes if bounded else None
        self._offset = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        try:
            data = self._stream.read(len(view))
        except _BROKEN as error:
            reason = f"damaged or truncated: {error}; fetch the file again"
            raise SourceError(reason, source=self._name, offset=self._offset) from error
        self._offset += len(data)
        if self._most is not None and self._offset > self._most:
            raise LimitError(f"unpacks to more than {self._most} bytes", source=self._name)
        self._budget.spend(len(data), self._name)
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._resources.close()
        super().close()


def _shown(path: Path | str) -> str:
    """The name as text that can be printed and stored: no control characters, no undecodable bytes."""
    return "".join(character if character.isprintable() else "\ufffd" for character in str(path))
