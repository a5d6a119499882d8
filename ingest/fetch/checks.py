"""Whether a fetched file is what its name says, and how many records it holds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ingest.errors import FetchError, IngestError
from ingest.parse.jsonstream import Guarded, items
from ingest.sources import Ignored, Source, walk

_MAGIC = {".zip": (b"PK",), ".gz": (b"\x1f\x8b",), ".xml": (b"<",), ".json": (b"{", b"[")}
_RECORD = re.compile(rb"<(?:PubmedArticle|PubmedBookArticle)[\s>]")
_BLOCK = 1 << 20
_OVERLAP = 32


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
    """The records in a file: of a tar the files, of JSON (in a zip) its ``results``, of PubMed's XML the articles.

    Read as `citerx ingest` reads it, with all its limits. Raises FetchError where the file is damaged.
    """
    is_tar = name.endswith((".tar.gz", ".tgz"))
    try:
        return sum(_files(path) if is_tar else map(_records, _sources(path)))
    except (IngestError, OSError) as error:
        reason = error.reason if isinstance(error, IngestError) else error.strerror
        raise FetchError(f"the file is damaged ({reason}): run the same command again", url=name) from error


def _files(path: Path) -> Iterator[int]:
    """One for each member; what is wrong with a single one is for the ingest to say."""
    for found in walk([str(path)]):
        if isinstance(found, IngestError) and len(found.source) <= len(str(path)):  # not a member's, which is longer
            raise found
        yield not isinstance(found, Ignored)


def _sources(path: Path) -> Iterator[Source]:
    for found in walk([str(path)]):
        if isinstance(found, IngestError):
            raise found
        if isinstance(found, Source):
            yield found


def _records(source: Source) -> int:
    with source.open() as stream:
        if source.head(64).lstrip().startswith(b"<"):
            return sum(1 for _ in _starts(stream))
        reader = Guarded(b"", stream, source.name, "a file of openFDA")
        return sum(isinstance(record, dict) for record in items(reader, "results.item", source.name))


def _starts(stream: BinaryIO) -> Iterator[re.Match[bytes]]:
    """The beginnings of records; a name that two blocks share is found in the second, which begins with its front."""
    kept = b""
    while block := stream.read(_BLOCK):
        text = kept + block
        end = 0
        for found in _RECORD.finditer(text):
            yield found
            end = found.end()
        kept = text[max(end, len(text) - _OVERLAP) :]
