"""What a folder holds of what was fetched: a lock, and a file that is written after the files that it speaks of.

Both are hidden, as are files under way, so that `citerx ingest` passes over them.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.errors import FetchStoppedError
from ingest.fetch import checks
from ingest.fetch.plan import Item

NAME, LOCK, VERSION = ".citerx-fetch.json", ".citerx-fetch.lock", 1


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was fetched and checked; ``mtime`` in nanoseconds."""

    url: str
    stamp: str
    size: int
    mtime: int
    md5: str


@dataclass(slots=True)
class Ledger:
    """``files``: by name below the folder. ``pages``: of answers under way, by folder: day, and next URL by page.

    ``complete``: selection -> when all of it had been fetched.
    """

    folder: Path
    files: dict[str, Held] = field(default_factory=dict)
    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    complete: dict[str, str] = field(default_factory=dict)

    def holds(self, item: Item) -> bool:
        """Whether this version of the file is there, unharmed; read anew only where its time was changed."""
        held, path = self.files.get(item.name), self.folder / item.name
        if held is None or held.stamp != item.stamp or not path.is_file():
            return False
        status = path.stat()
        return status.st_size == held.size and (status.st_mtime_ns == held.mtime or checks.md5(path) == held.md5)

    def adopts(self, item: Item) -> bool:
        """Whether the file is there though nobody wrote so down, and has the checksum that the source gives."""
        path = self.folder / item.name
        if not item.md5 or not path.is_file() or checks.md5(path) != item.md5:
            return False
        self.add(item, item.md5)
        return True

    def add(self, item: Item, md5: str) -> None:
        """Writes down a file that is in its place."""
        status = (self.folder / item.name).stat()
        self.files[item.name] = Held(item.url, item.stamp, status.st_size, status.st_mtime_ns, md5)
        self.save()

    def save(self) -> None:
        """Writes the file anew, whole or not at all."""
        told = {
            "version": VERSION,
            "files": {name: asdict(held) for name, held in sorted(self.files.items())},
            "pages": self.pages,
            "complete": self.complete,
        }
        write_whole(self.folder / NAME, json.dumps(told, indent=1).encode())


@contextmanager
def opened(folder: Path) -> Iterator[Ledger]:
    """The ledger of a folder, which no other run may have open; the kernel lifts the lock of a killed one.

    Raises FetchStoppedError where one does, where the folder cannot be written, or the ledger not be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                reason = "another fetch into this folder is running: wait until it ends, or name another with --to"
                raise FetchStoppedError(reason, url=str(folder)) from error
            yield _read(folder)
    except OSError as error:
        reason = f"cannot be written ({error.strerror or error}): free room or name another folder with --to; "
        raise FetchStoppedError(f"{reason}what is there stays", url=str(error.filename or folder)) from error


def write_whole(path: Path, content: bytes) -> None:
    """Temporary name, fsync, rename."""
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def _read(folder: Path) -> Ledger:
    path = folder / NAME
    if not path.exists():
        return Ledger(folder)
    try:
        told = json.loads(path.read_bytes())
        files = {name: Held(**held) for name, held in told["files"].items()}
        ledger = Ledger(folder, files, told["pages"], told["complete"])
        version = told["version"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"not a list of fetched files ({error}): remove it, and what has no checksum is fetched again"
        raise FetchStoppedError(reason, url=str(path)) from error
    if version != VERSION:
        raise FetchStoppedError(f"of version {version}, not {VERSION}: use another folder with --to", url=str(path))
    return ledger
