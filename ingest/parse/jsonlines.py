"""JSON Lines: one object a line. A line that is none costs itself only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from ingest.parse.jsonstream import MAX_DEPTH
from ingest.parse.streams import MAX_LINE_BYTES, Line, lines, utf8
from ingest.parse.text import clean
from ingest.schema import Fault


@dataclass(frozen=True, slots=True)
class Entry:
    """The object of one line, with the line's number from 1 and its byte offset."""

    number: int
    offset: int
    fields: dict[str, Any]

    def fault(self, reason: str, name: str = "") -> Fault:
        """Why the object is no record; ``name`` is what it calls itself."""
        return Fault(f"line {self.number}" + (f" ({name})" if name else ""), reason, self.offset)

    def sha256(self) -> str:
        """Over the object with sorted keys, so that white space and order in the file do not matter."""
        content = json.dumps(self.fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


def entries(stream: BinaryIO, source: str, limit: int = MAX_LINE_BYTES) -> Iterator[Entry | Fault]:
    """The objects of the lines; blank lines are passed over. Raises ParseError where the encoding breaks."""
    for line in lines(utf8(stream, source), limit):
        if line.data is None or line.data.strip():
            yield _entry(line, limit)


def _entry(line: Line, limit: int) -> Entry | Fault:
    if line.data is None:
        return _fault(line, f"longer than {limit} bytes: not one record a line")
    try:
        value = _DECODER.decode(line.data.decode())
    except json.JSONDecodeError as error:
        return _fault(line, f"not JSON at column {error.colno}: {error.msg}; one object a line is expected")
    except UnicodeDecodeError as error:
        return _fault(line, f"not UTF-8 at byte {error.start}")
    except ValueError as error:
        return _fault(line, f"not JSON: {clean(str(error))[:200]}")
    except RecursionError:
        return _fault(line, _DEEP)
    if line.data.count(b"[") + line.data.count(b"{") > MAX_DEPTH and _is_deep(value):
        return _fault(line, _DEEP)
    return Entry(line.number, line.offset, value) if isinstance(value, dict) else _fault(line, "not an object")


def _is_deep(value: object) -> bool:
    """Whether the value has more than ``MAX_DEPTH`` levels, found without a function that calls itself."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inner(one)]
    return any(isinstance(one, dict | list) for one in level)


def _inner(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _fault(line: Line, reason: str) -> Fault:
    return Fault(f"line {line.number}", reason, line.offset)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object; two values for one key leave open which one is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DEEP = f"nested too deep to be a record, in more than {MAX_DEPTH} levels"
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
