"""What a folder holds of what was fetched: a lock, a list, and a journal of what came since the list was written.

Each file is told of after it is in its place: by a line of the journal, so that ten thousand files cost no more than
ten thousand lines; a run begins and ends with all of it in the list. All are hidden, as are files under way, so that
`citerx ingest` passes over them.
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

NAME, JOURNAL, LOCK, VERSION = ".citerx-fetch.json", ".citerx-fetch.jsonl", ".citerx-fetch.lock", 1


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
        held = Held(item.url, item.stamp, status.st_size, status.st_mtime_ns, md5)
        self._write({"file": item.name, "held": asdict(held)})

    def step(self, folder: str, day: str, number: int, told: dict[str, Any]) -> None:
        """Writes down a page of an answer under way: its number from 0, and what it told."""
        self._write({"pages": folder, "day": day, "number": number, "step": told})

    def replay(self, entry: dict[str, Any]) -> None:
        """Takes a line of the journal in; the same one twice changes nothing."""
        if "file" in entry:
            self.files[entry["file"]] = Held(**entry["held"])
            return
        pages = self.pages.get(entry["pages"])
        if pages is None or pages["day"] != entry["day"]:
            pages = self.pages[entry["pages"]] = {"day": entry["day"], "steps": []}
        pages["steps"][entry["number"] :] = [entry["step"]]

    def _write(self, entry: dict[str, Any]) -> None:
        with (self.folder / JOURNAL).open("ab") as journal:
            journal.write(json.dumps(entry).encode() + b"\n")
            journal.flush()
            os.fsync(journal.fileno())
        self.replay(entry)

    def save(self) -> None:
        """Writes the list anew, whole or not at all; what the journal says is in it."""
        told = {
            "version": VERSION,
            "files": {name: asdict(held) for name, held in sorted(self.files.items())},
            "pages": self.pages,
            "complete": self.complete,
        }
        write_whole(self.folder / NAME, json.dumps(told, indent=1).encode())
        (self.folder / JOURNAL).unlink(missing_ok=True)


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
    """The list with the journal of a run that was cut off, whose last line may be cut off too."""
    ledger, path = Ledger(folder), folder / NAME
    try:
        if path.exists():
            told = json.loads(path.read_bytes())
            files = {name: Held(**held) for name, held in told["files"].items()}
            ledger = Ledger(folder, files, told["pages"], told["complete"])
            if (version := told["version"]) != VERSION:
                reason = f"of version {version}, not {VERSION}: use another folder with --to"
                raise FetchStoppedError(reason, url=str(path))
        path = folder / JOURNAL
        if path.exists():
            for line in path.read_bytes().split(b"\n")[:-1]:
                ledger.replay(json.loads(line))
            ledger.save()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = f"not a list of fetched files ({error}): remove it, and what has no checksum is fetched again"
        raise FetchStoppedError(reason, url=str(path)) from error
    return ledger
