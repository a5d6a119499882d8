"""Whether a fetched file is what its name says, and how many records it holds."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import ijson
from ijson.common import JSONError

from ingest.errors import FetchError

_MAGIC = {".zip": (b"PK",), ".gz": (b"\x1f\x8b",), ".xml": (b"<",), ".json": (b"{", b"[")}
_RECORD = re.compile(rb"<(?:PubmedArticle|PubmedBookArticle)[\s>]")
_BLOCK = 1 << 20
_OVERLAP = 32
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, JSONError, UnicodeDecodeError)


def wrong_start(name: str, head: bytes) -> str:
    """Why a file that begins with ``head`` cannot be what ``name`` says; empty where it can."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page came in place of the file: the service may be under maintenance, look at the URL"
    magic = _MAGIC.get(Path(name).suffix)
    if magic and not start.startswith(magic):
        return f"the file begins with {start[:12]!r}, which no {Path(name).suffix} file does"
    return ""


def md5(path: Path) -> str:
    """The MD5 of a file, which is what these services give (against damage, not against malice)."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def count(path: Path, name: str) -> int:
    """The records in a file: of JSON its ``results`` or ``studies``, of PubMed's XML the articles, of a tar the files.

    Raises FetchError where the file is damaged.
    """
    try:
        if name.endswith((".tar.gz", ".tgz")):
            with tarfile.open(path, "r|gz") as archive:
                return sum(member.isfile() for member in archive)
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                return sum(_count_json(archive.open(member)) for member in archive.infolist())
        with path.open("rb") as stream:
            return _count_json(stream) if name.endswith(".json") else sum(1 for _ in _starts(stream))
    except _BROKEN as error:
        raise FetchError(f"the file is damaged ({error}): run the same command again", url=name) from error


def _count_json(stream: IO[bytes]) -> int:
    with stream:
        events: Iterator[tuple[str, str, Any]] = ijson.parse(stream)
        wanted = {"results.item", "studies.item"}
        return sum(event == "start_map" and prefix in wanted for prefix, event, _ in events)


def _starts(stream: IO[bytes]) -> Iterator[re.Match[bytes]]:
    """The beginnings of records; a name that two blocks share is found in the second, which begins with its front."""
    kept = b""
    while block := stream.read(_BLOCK):
        text = kept + block
        end = 0
        for found in _RECORD.finditer(text):
            yield found
            end = found.end()
        kept = text[max(end, len(text) - _OVERLAP) :]
