"""How many members a zip has, before anything is made of its directory."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import LimitError
from ingest.sources import Limits, Source, walk
from ingest.zips import holds_more
from tests.ingest.test_sources import zipped


@settings(deadline=None)
@given(
    names=st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=6),
    comment=st.binary(max_size=300),
    before=st.binary(max_size=200),
    extra=st.booleans(),
)
def test_the_count_is_that_of_zipfile(names: list[str], comment: bytes, before: bytes, extra: bool) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
        for name in names:
            info = zipfile.ZipInfo(name)
            info.comment, info.extra = comment, struct.pack("<HH4s", 0x7777, 4, b"note") if extra else b""
            archive.writestr(info, b"x")
    stream = io.BytesIO(before + buffer.getvalue())
    try:
        with zipfile.ZipFile(stream) as archive:
            there = len(archive.infolist())
    except zipfile.BadZipFile:  # the comment looks like an end record
        holds_more(stream, 3)
        return
    assert holds_more(stream, there - 1)
    assert not holds_more(stream, there)


@given(st.binary(max_size=400), st.integers(0, 60))
def test_no_damage_makes_the_count_fail(noise: bytes, cut: int) -> None:
    whole = zipped({"a": b"x", "b": b"y"})
    for data in (noise, whole[:-cut] + noise, b"PK\x05\x06" + noise):
        assert holds_more(io.BytesIO(data), 10**6) is False


def test_the_64_bit_end_record_is_read() -> None:
    narrow = zipped(dict.fromkeys("abc", b"x"))
    told = struct.unpack("<4s4H2LH", narrow[-22:])
    size, at = told[5:7]
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, size, at)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(narrow) - 22, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    stream = io.BytesIO(narrow[:-22] + wide + locator + end)
    assert len(zipfile.ZipFile(stream).infolist()) == 3
    assert holds_more(stream, 2)
    assert not holds_more(stream, 3)


def test_an_archive_of_too_many_members_is_not_opened(tmp_path: Path) -> None:
    data = bytearray(zipped({str(number): b"<a/>" for number in range(12)}))
    data[-14:-10] = struct.pack("<2H", 1, 1)  # the end record lies: a single member
    (tmp_path / "a.zip").write_bytes(data)
    (tmp_path / "b.zip").write_bytes(zipped({"in.zip": bytes(data), "fine": b"<a/>"}))
    found = list(walk([str(tmp_path)], Limits(members=11)))
    errors = [item for item in found if isinstance(item, LimitError)]
    assert [error.source for error in errors] == [str(tmp_path / "a.zip"), f"{tmp_path / 'b.zip'}!in.zip"]
    assert "more than 11 members" in errors[0].reason
    assert [item.name for item in found if isinstance(item, Source)] == [f"{tmp_path / 'b.zip'}!fine"]
    assert not [item for item in walk([str(tmp_path)], Limits(members=12)) if isinstance(item, LimitError)]


def test_a_directory_of_endless_names_is_not_read_into_memory(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({f"{number}{'x' * 60_000}": b"" for number in range(4)}))
    (found,) = walk([str(tmp_path)], Limits(members=100))
    assert isinstance(found, LimitError)
