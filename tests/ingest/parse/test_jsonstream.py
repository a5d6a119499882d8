"""What the guard of streams counts, wherever the stream is cut."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import LimitError
from ingest.parse import jsonstream
from ingest.parse.jsonstream import MAX_DEPTH, Guarded

VALUES = st.recursive(
    st.none() | st.text('ab"\\\\[{}]\n é', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('k"\\\\]{', max_size=4), inner, max_size=4),
    max_leaves=30,
)


class Cut(io.BytesIO):
    """Gives its bytes in pieces of these sizes, over and over."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        super().__init__(data)
        self._sizes = self._over(sizes)

    @staticmethod
    def _over(sizes: list[int]) -> Iterator[int]:
        while True:
            yield from sizes

    def read(self, _size: int | None = -1, /) -> bytes:
        return super().read(next(self._sizes))


def followed(data: bytes, sizes: list[int]) -> tuple[list[int], list[bool]]:
    """The depth and whether a text is open, after each piece."""
    reader = Guarded(b"", Cut(data, sizes), "x", "a thing")
    seen: tuple[list[int], list[bool]] = ([], [])
    while reader.read(1):
        seen[0].append(reader._depth)
        seen[1].append(reader._text is not None)
    return seen


def by_letter(data: bytes) -> tuple[list[int], list[bool]]:
    """The same after each byte, read as slowly and plainly as can be."""
    depth, inside, escaped = 0, False, False
    seen: tuple[list[int], list[bool]] = ([], [])
    for byte in data:
        if inside:
            inside = escaped or byte != ord('"')
            escaped = not escaped and byte == ord("\\")
        elif byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
        else:
            inside = byte == ord('"')
        seen[0].append(depth)
        seen[1].append(inside)
    return seen


@given(value=VALUES, sizes=st.lists(st.integers(1, 7), min_size=1, max_size=5))
@example(value=["a\\", "]"], sizes=[1])
@example(value=['\\"]', []], sizes=[3, 2])
def test_brackets_and_texts_are_counted_wherever_the_stream_is_cut(value: object, sizes: list[int]) -> None:
    data = json.dumps(value).encode()
    every = by_letter(data)
    ends = [min(at, len(data)) for at in _sums(sizes, len(data))]
    assert followed(data, sizes) == ([every[0][end - 1] for end in ends], [every[1][end - 1] for end in ends])


def _sums(sizes: list[int], whole: int) -> list[int]:
    found, at = list[int](), 0
    while at < whole:
        at += sizes[len(found) % len(sizes)]
        found.append(at)
    return found


def test_levels_are_refused_and_the_record_after_begins_anew() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    reader = Guarded(deep, io.BytesIO(deep + b"["), "x", "a thing")
    reader.read()
    reader.next_record()
    reader.read(len(deep))
    with pytest.raises(LimitError, match=f"more than {MAX_DEPTH} brackets left open"):
        Guarded(b"{" + deep, io.BytesIO(), "x", "a thing").read()


def test_a_text_without_end_is_refused() -> None:
    reader = Guarded(b'["', io.BytesIO(b"x" * (jsonstream.MAX_STRING_BYTES + 10)), "x", "a thing")
    with pytest.raises(LimitError, match="a text of more than"):
        _ = [*iter(lambda: reader.read(1 << 16), b"")]
