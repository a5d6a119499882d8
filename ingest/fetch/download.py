"""One download done right: resumed where it stopped, checked, and in its place whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.errors import FetchError
from ingest.fetch import checks
from ingest.fetch.client import AgainError, Client
from ingest.fetch.ledger import write_whole
from ingest.fetch.plan import Item

OnBytes = Callable[[int, int | None], None]
"""Bytes of the file so far, and its size where the service says."""

_HEAD = 512
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Got:
    """A file in its place, its MD5, and the headers of the last answer."""

    md5: str
    headers: Mapping[str, str]


def download(client: Client, item: Item, folder: Path, on_bytes: OnBytes) -> Got:
    """Brings the file of ``item`` below ``folder``. Raises FetchError, and OSError where the disk refuses.

    A damaged file is fetched a second time from its beginning; what is cut off stays for the next run.
    """
    part = _Part.of(item, folder / item.name)
    part.path.parent.mkdir(parents=True, exist_ok=True)
    for last in (False, True):
        headers = client.persist(lambda: _attempt(client, part, on_bytes), item.url)
        try:
            digest = _checked(client, item, part.path)
        except FetchError:
            part.drop()
            if last:
                raise
            continue
        part.finish(folder / item.name)
        return Got(digest, headers)
    raise AssertionError  # the second round returns or raises


@dataclass(frozen=True, slots=True)
class _Part:
    """A file under way, and beside it what the service said of the version that it is of."""

    item: Item
    path: Path
    note: Path

    @staticmethod
    def of(item: Item, path: Path) -> _Part:
        return _Part(item, path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.part.json"))

    def resume(self) -> tuple[int, str]:
        """The bytes that are there and the validator they came with; 0 where they cannot be gone on with."""
        try:
            told = json.loads(self.note.read_bytes())
            size = self.path.stat().st_size
        except (FileNotFoundError, ValueError):
            return 0, ""
        same = isinstance(told, dict) and (told.get("url"), told.get("stamp")) == (self.item.url, self.item.stamp)
        validator = str(told.get("validator") or "") if same else ""
        return (size, validator) if validator else (0, "")

    def begin(self, response: httpx.Response) -> None:
        """Notes which version comes now; without a validator it cannot be gone on with later."""
        told = {"url": self.item.url, "stamp": self.item.stamp, "validator": _validator(response.headers)}
        write_whole(self.note, json.dumps(told).encode())

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        self.path.replace(target)
        self.note.unlink(missing_ok=True)


def _attempt(client: Client, part: _Part, on_bytes: OnBytes) -> Mapping[str, str]:
    have, validator = part.resume()
    asked = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
    with client.get(part.item.url, asked) as response:
        if response.status_code == 416:
            return _all_there(response, part, have)
        if response.status_code == 206:
            have, total = _continued(response, part, have, validator)
        else:
            have, total = 0, _length(response.headers)
            part.begin(response)
        _expect(part.item, total, client)
        _receive(client, response, part, (have, total), on_bytes)
        return response.headers


def _receive(
    client: Client, response: httpx.Response, part: _Part, at: tuple[int, int | None], on_bytes: OnBytes
) -> None:
    have, total = at
    size = have
    head = b"" if have == 0 else None
    try:
        with client.outside.open(part.path, "ab" if have else "wb") as stream:
            limits = client.limits
            for chunk in client.chunks(response, (limits.answer_bytes if part.item.page else limits.file_bytes) - have):
                stream.write(chunk)
                size += len(chunk)
                if head is not None and (head := head + chunk) and len(head) >= _HEAD:
                    _begins_right(head, part)
                    head = None
                on_bytes(size, total)
        if head is not None:
            _begins_right(head, part)
    except AgainError as error:
        raise AgainError(error.reason, wait=error.wait, gained=size - have) from error
    except httpx.TransportError as error:
        reason = f"the connection broke after {size} of {total or '?'} bytes ({error or type(error).__name__})"
        raise AgainError(reason, gained=size - have) from error
    if total is not None and size != total:
        raise AgainError(f"the answer ended after {size} of {total} bytes", gained=size - have)


def _begins_right(head: bytes, part: _Part) -> None:
    if head and (reason := checks.wrong_start(part.item.name, head)):
        part.drop()
        raise FetchError(reason, url=part.item.url)


def _checked(client: Client, item: Item, path: Path) -> str:
    """The MD5 of a file that has the size, checksum and number of records it must have."""
    size, digest = path.stat().st_size, checks.md5(path)
    if size == 0:
        raise FetchError("the file is empty: run the same command again later", url=client.real(item.url))
    if item.size and not item.size[0] <= size <= item.size[1]:
        reason = f"{size} bytes came, the source's index tells of {item.size[0]} to {item.size[1]}"
        raise FetchError(f"{reason}: run the same command again later", url=client.real(item.url))
    if item.md5 and digest != item.md5:
        reason = f"the checksum is {digest}, the source's list says {item.md5}: run the same command again later"
        raise FetchError(reason, url=client.real(item.url))
    if item.records is not None and (found := checks.count(path, item.name)) != item.records:
        reason = f"{found} records came, the source tells of {item.records}: run the same command again later"
        raise FetchError(reason, url=client.real(item.url))
    return digest


def _expect(item: Item, total: int | None, client: Client) -> None:
    """Refuses before the transfer what would be refused after it."""
    if item.size and total is not None and not item.size[0] <= total <= item.size[1]:
        reason = f"the service offers {total} bytes, its index tells of {item.size[0]} to {item.size[1]}"
        raise FetchError(f"{reason}: run the same command again later", url=client.real(item.url))


def _continued(response: httpx.Response, part: _Part, have: int, validator: str) -> tuple[int, int | None]:
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None or int(found[1]) != have:
        part.drop()
        raise AgainError("the service went on at another place than asked")
    if _validator(response.headers) not in {"", validator}:  # some servers do not read If-Range
        part.drop()
        raise AgainError("the file changed since its first part came")
    return have, None if found[2] == "*" else int(found[2])


def _all_there(response: httpx.Response, part: _Part, have: int) -> Mapping[str, str]:
    """What to make of 416: with nothing left to send it means that all is here, else that the file changed."""
    if not have or response.headers.get("content-range") != f"bytes */{have}":
        part.drop()
        raise AgainError("the file is now shorter than what is here of it")
    return response.headers


def _length(headers: Mapping[str, str]) -> int | None:
    told = headers.get("content-length", "")
    return int(told) if told.isdecimal() else None


def _validator(headers: Mapping[str, str]) -> str:
    """What If-Range may say: a strong entity tag, else the date (RFC 9110, 13.1.5)."""
    tag = headers.get("etag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("last-modified", "")
