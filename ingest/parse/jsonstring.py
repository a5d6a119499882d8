"""Undoes the JSON string that some exporters wrap a whole XML file in, as a stream."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator

from ingest.errors import ParseError

_TOKENS = re.compile(r'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_LONGEST_ESCAPE = 6  # \uXXXX


def unwrap(chunks: Iterable[bytes], source: str) -> Iterator[bytes]:
    """The content of the one JSON string (UTF-8) that ``chunks`` hold, as UTF-8. Raises ParseError where it breaks.

    Surrogate pairs are joined even where a chunk ends between them, which is why the text passes through UTF-16.
    """
    joiner = codecs.getincrementaldecoder("utf-16-le")()
    try:
        for text in _contents(codecs.iterdecode(chunks, "utf-8-sig"), source):
            yield joiner.decode(text.encode("utf-16-le", "surrogatepass")).encode()
        joiner.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ParseError(f"not valid UTF-8 inside the JSON string: {error}", source=source) from error


def _contents(pieces: Iterator[str], source: str) -> Iterator[str]:
    buffer, opened = "", False
    for piece in pieces:
        buffer += piece
        if not opened:
            buffer = buffer.lstrip()
            if not buffer:
                continue
            buffer, opened = buffer[1:], True
        end = match.end() if (match := _TOKENS.match(buffer)) else 0
        yield json.loads(f'"{buffer[:end]}"', strict=False)
        buffer = buffer[end:]
        if buffer.startswith('"'):
            return _nothing_after(buffer[1:], pieces, source)
        if len(buffer) >= _LONGEST_ESCAPE:
            raise ParseError(f"{buffer[:_LONGEST_ESCAPE]!r} is no escape of a JSON string", source=source)
    raise ParseError("the JSON string that wraps this file is not closed; fetch the file again", source=source)


def _nothing_after(rest: str, pieces: Iterator[str], source: str) -> None:
    if rest.strip() or any(piece.strip() for piece in pieces):
        raise ParseError("content follows the JSON string that wraps this file", source=source)
