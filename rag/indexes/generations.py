"""Where indexes lie: one folder per generation, its manifest written last, and a pointer to the one that serves.

``<index>/CURRENT`` holds the name of a folder ``<number>-<generation>``. Whatever is not named there, or was named
there just before, is the leftover of a crash or out of date, and goes with the next build.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from rag.errors import IndexBuildError, IndexCorruptError, IndexUnavailableError

FORMAT = 1
"""Grows when the files of a generation change their meaning; an index of another format is built anew."""

POINTER = "CURRENT"
MANIFEST = "manifest.json"
_FOLDER = re.compile(r"(\d{6,})-[0-9a-f]{16}(\.part)?")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds. ``generation`` names its content: the same passages, embedder and format, the same name.

    ``revision``: the store's at the time; ``row_ids``: SHA-256 over the row ids, which differ between stores of the
    same content; ``indexed_at``: UTC, ISO 8601; ``files``: bytes of every file, by its path in the folder.
    """

    generation: str
    embedder: str
    dimension: int
    passages: int
    documents: int
    revision: int
    indexed_at: str
    newest_source: date | None
    demonstration: bool
    row_ids: str
    format: int = FORMAT
    files: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def current(index_dir: Path) -> Manifest:
        """Of the generation that serves; raises `IndexUnavailableError` or `IndexCorruptError`."""
        return Manifest.read(current(index_dir))

    @staticmethod
    def read(folder: Path) -> Manifest:
        """Of the generation in ``folder``; raises `IndexCorruptError`."""
        file = folder / MANIFEST
        try:
            manifest: Manifest = _MANIFEST.validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else error.errors()[0]["msg"]
            raise IndexCorruptError(f"{file}: cannot be read: {reason}; run `citerx index --rebuild`") from error
        return manifest

    def check(self, folder: Path) -> None:
        """Raises `IndexCorruptError` at the first file that is missing or of another size, or an unknown format."""
        if self.format != FORMAT:
            raise IndexCorruptError(f"{folder}: format {self.format}, not {FORMAT}; run `citerx index`")
        for name, size in self.files.items():
            file = folder / name
            found = file.stat().st_size if file.is_file() else None
            if found != size:
                state = "is missing" if found is None else f"has {found} bytes instead of {size}"
                raise IndexCorruptError(f"{file}: {state}; run `citerx index --rebuild`")


_MANIFEST = TypeAdapter(Manifest)


def stamp(index_dir: Path) -> str:
    """What the pointer holds, the folder name of the newest complete generation; empty where there is none."""
    try:
        return (index_dir / POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def current(index_dir: Path) -> Path:
    """The folder of the generation that serves; raises `IndexUnavailableError` or `IndexCorruptError`."""
    name = stamp(index_dir)
    if not name:
        raise IndexUnavailableError(
            f"there is no index in {index_dir}: run `citerx ingest PATH...`, then `citerx index`"
        )
    if not _FOLDER.fullmatch(name):
        raise IndexCorruptError(f"{index_dir / POINTER}: {name!r} names no generation; run `citerx index --rebuild`")
    return index_dir / name


@contextmanager
def building(index_dir: Path) -> Iterator[None]:
    """Holds off a second builder, removes leftovers; raises `IndexBuildError` where another one is at work."""
    index_dir.mkdir(parents=True, exist_ok=True)
    with (index_dir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IndexBuildError(f"{index_dir}: another process is building the index; wait until it ends") from error
        prune(index_dir)
        yield


def new_folder(index_dir: Path, generation: str) -> Path:
    """An empty folder for a generation in the making; `publish` makes it the one that serves."""
    numbers = [int(match[1]) for path in index_dir.iterdir() if (match := _FOLDER.fullmatch(path.name))]
    folder = index_dir / f"{max(numbers, default=0) + 1:06d}-{generation}.part"
    folder.mkdir()
    return folder


def publish(part: Path, manifest: Manifest) -> None:
    """Makes the folder durable, writes its manifest, then points to it; removes what is out of date."""
    for path in part.rglob("*"):
        sync(path)
    write_atomically(part / MANIFEST, _MANIFEST.dump_json(manifest, indent=2))
    folder = part.with_suffix("")
    part.rename(folder)
    sync(folder.parent)
    write_atomically(folder.parent / POINTER, folder.name.encode())
    prune(folder.parent)


def amend(folder: Path, manifest: Manifest) -> None:
    """Replaces the manifest of a complete generation."""
    write_atomically(folder / MANIFEST, _MANIFEST.dump_json(manifest, indent=2))


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of every file in the folder, by relative path, without locks (tantivy leaves some)."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def prune(index_dir: Path) -> None:
    """Removes all generations but the one that serves and the complete one before it."""
    serving = stamp(index_dir)
    names = sorted((path.name for path in index_dir.iterdir() if _FOLDER.fullmatch(path.name)), key=_number)
    older = [name for name in names if not name.endswith(".part") and serving and _number(name) < _number(serving)]
    for name in set(names) - {serving, *older[-1:]}:
        shutil.rmtree(index_dir / name, ignore_errors=True)


def write_atomically(file: Path, content: bytes) -> None:
    """Readers see the old content or the new, also after a power cut."""
    temporary = file.with_name(f"{file.name}.new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
    sync(file.parent)


def sync(path: Path) -> None:
    """Asks the system to put a file or folder on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _number(name: str) -> int:
    head = name.partition("-")[0]
    return int(head) if head.isdigit() else -1
