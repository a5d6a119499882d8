"""How many members a zip archive has, told before `zipfile` makes an object of each.

Source: PKWARE, APPNOTE.TXT 6.3.10, 4.3.12 (central directory) and 4.3.14 to 4.3.16 (end records).
"""

from __future__ import annotations

import os
from typing import BinaryIO

_END, _END64, _LOCATOR, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"
_END_BYTES, _END64_BYTES, _LOCATOR_BYTES, _ENTRY_BYTES = 22, 56, 20, 46
_LONGEST_COMMENT = 1 << 16
_AVERAGE = 1 << 10
"""Bytes of an entry, its name and notes included, that the directory of a large archive may have on average."""


def holds_more(stream: BinaryIO, most: int) -> bool:
    """Whether the directory has more than ``most`` entries, or more bytes than so many can need.

    The end record tells the bytes. The number that it tells may be a lie, so the entries are counted, in little memory.
    A directory that is broken is for the one who opens it to name.
    """
    at, end = _directory(stream)
    if end - at > max(most, 100) * _AVERAGE:
        return True
    found = 0
    while at < end and found <= most:
        stream.seek(at)
        entry = stream.read(_ENTRY_BYTES)
        if len(entry) < _ENTRY_BYTES or not entry.startswith(_ENTRY):
            break
        at += _ENTRY_BYTES + sum(_number(entry, place, 2) for place in (28, 30, 32))  # name, extra field, comment
        found += 1
    return found > most


def _directory(stream: BinaryIO) -> tuple[int, int]:
    """From where to where the directory reaches: up to the end record, which tells its size; nothing without one.

    `zipfile` finds it in the same way: the offset that the end record tells does not count.
    """
    first = max(0, stream.seek(0, os.SEEK_END) - _END_BYTES - _LONGEST_COMMENT)
    stream.seek(first)
    tail = stream.read()
    bare = tail[-_END_BYTES:].startswith(_END) and tail.endswith(b"\0\0")  # as nearly always; else a comment follows
    at = len(tail) - _END_BYTES if bare else tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        return 0, 0
    size, end = _number(tail, at + 12, 4), first + at
    stream.seek(max(0, end - _END64_BYTES - _LOCATOR_BYTES))
    wide = stream.read(_END64_BYTES + _LOCATOR_BYTES)
    if wide.startswith(_END64) and wide[_END64_BYTES:].startswith(_LOCATOR):
        size, end = _number(wide, 40, 8), end - len(wide)
    return (end - size, end) if size <= end else (0, 0)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")
