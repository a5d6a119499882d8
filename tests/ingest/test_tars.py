"""Tar archives: what a walk finds in them, and that neither names nor headers nor damage do harm."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.sources import LIMITS, Limits, Source, walk
from tests.ingest.test_sources import contents, put, read, zipped

FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def entry(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tarred(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def simple(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    return tarred(*(entry(name, content) for name, content in members.items()), form=form)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_members_of_every_dialect(tmp_path: Path, form: int, packed: bool) -> None:
    long = "/".join(["a" * 60, "b" * 60, "ü.xml"])
    members = {"x.xml": b"<x/>", "./sub/y.xml": b"y" * 1024, long: b"z" * 5000}
    archive = tarred(
        *(entry(name, content) for name, content in members.items()), entry("dir", type=tarfile.DIRTYPE), form=form
    )
    put(tmp_path, {"whatever.bin": gzip.compress(archive) if packed else archive})
    assert read(tmp_path) == {f"whatever.bin!{name}": content for name, content in members.items()}


def test_the_oldest_dialect_without_a_magic(tmp_path: Path) -> None:
    info, content = entry("a.xml", b"<a/>")
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[257:512] = bytes(255)
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32)
    put(tmp_path, {"v7": bytes(header) + content.ljust(512, b"\0") + bytes(1024)})
    assert read(tmp_path) == {"v7!a.xml": b"<a/>"}


def test_archives_within_archives(tmp_path: Path) -> None:
    inner = gzip.compress(simple({"a.xml": b"<a/>", "big": os.urandom(300_000)}))
    put(tmp_path, {"out.zip": zipped({"in.tgz": inner}), "out.tar": simple({"in.zip": zipped({"b": b"B"})})})
    found = read(tmp_path)
    assert found["out.zip!in.tgz!a.xml"] == b"<a/>"
    assert found["out.tar!in.zip!b"] == b"B"
    assert set(found) == {"out.zip!in.tgz!a.xml", "out.zip!in.tgz!big", "out.tar!in.zip!b"}


def test_sources_open_again_and_after_the_walk(tmp_path: Path) -> None:
    archive = simple({"a": b"A" * 5000, "b": b"B" * 70_000, "c": b"C"})
    put(tmp_path, {"1.tar": archive, "2.tgz": gzip.compress(archive)})
    found = [item for item in walk([str(tmp_path)]) if isinstance(item, Source)]
    for _ in range(2):
        assert [contents(item)[1] for item in found] == [b"A" * 5000, b"B" * 70_000, b"C"] * 2
    assert [item.size for item in found] == [5000, 70_000, 1] * 2


def test_two_streams_of_a_member_are_apart(tmp_path: Path) -> None:
    put(tmp_path, {"1.tgz": gzip.compress(simple({"a": bytes(range(256)) * 1000}))})
    for item in walk([str(tmp_path)]):
        assert isinstance(item, Source)
        with item.open() as one, item.open() as two:
            assert one.read(200_000) == two.read(200_000)


def test_names_and_links_lead_nowhere(tmp_path: Path) -> None:
    target = tmp_path / "target"
    archive = tarred(
        entry("../../target", b"evil"),
        entry("a/..\\..\\b", b"evil"),
        entry(str(target), b"absolute"),
        entry("link", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        entry("hard", type=tarfile.LNKTYPE, linkname="../x"),
        entry("null", type=tarfile.CHRTYPE),
        entry("disk", type=tarfile.BLKTYPE),
        entry("pipe", type=tarfile.FIFOTYPE),
        entry("odd", b"12345", type=b"Q"),
        entry(".hidden", b"x"),
        entry("last\x1b[31m", b"last"),
    )
    put(tmp_path, {"a/evil.tar": archive, "a/evil.zip": zipped({"../../target": b"evil"})})
    found = read(tmp_path / "a", ".")
    kinds = {name.removeprefix("./evil.tar!").removeprefix("evil.tar!"): content for name, content in found.items()}
    assert list(kinds.values()) == [
        "SourceError", "SourceError", b"absolute", *["Ignored"] * 5, "SourceError", "Ignored", b"last", "SourceError",
    ]  # fmt: skip
    assert all(name.isprintable() for name in found)
    assert not target.exists()


def test_sparse_members_are_refused(tmp_path: Path) -> None:
    old = bytearray(entry("old", b"x", type=tarfile.GNUTYPE_SPARSE)[0].tobuf(tarfile.GNU_FORMAT))
    old[482] = 1
    old[148:156] = b"%06o\0 " % (sum(old) - sum(old[148:156]) + 8 * 32)
    plain = simple({"after": b"after"})
    put(tmp_path, {
        "pax.tar": tarred(entry("s", b"x", pax_headers={"GNU.sparse.major": "1"}), entry("after", b"after")),
        "old.tar": bytes(old) + bytes(512) + b"x".ljust(512, b"\0") + plain,
    })  # fmt: skip
    assert read(tmp_path) == {
        "pax.tar!s": "SourceError",
        "pax.tar!after": b"after",
        "old.tar!old": "SourceError",
        "old.tar!after": b"after",
    }


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_huge_header_is_never_held_in_memory(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 100 << 20
    put(tmp_path, {"bomb.tgz": gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(100 << 20), 1), "z": b"z"})
    tracemalloc.start()
    assert read(tmp_path) == {"bomb.tgz": "LimitError", "z": b"z"}
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_claimed_and_real_sizes_are_limited(tmp_path: Path) -> None:
    small = Limits(member_bytes=800 << 10, ratio=10, free_bytes=1 << 20)
    claimed, _ = entry("huge")
    claimed.size = 1 << 60
    put(tmp_path, {
        "claim.tar": claimed.tobuf(tarfile.GNU_FORMAT) + bytes(1024),
        "member.tar": simple({"big": os.urandom(900 << 10), "s": b"s"}),
        "bomb.tgz": gzip.compress(simple({str(n): bytes(500 << 10) for n in range(9)})),
    })  # fmt: skip
    found = read(tmp_path, limits=small)
    assert found["claim.tar!huge"] == "LimitError"
    assert found["claim.tar"] == "SourceError"
    assert (found["member.tar!big"], found["member.tar!s"]) == ("LimitError", b"s")
    assert found["bomb.tgz!0"] == bytes(500 << 10)
    assert found["bomb.tgz"] == "LimitError"
    assert "bomb.tgz!8" not in found


@pytest.mark.parametrize("packed", [False, True])
def test_members_beyond_the_limit_are_left_and_those_before_it_read(tmp_path: Path, packed: bool) -> None:
    """Folders and links count too: an archive of nothing else would be read for hours and never mentioned."""
    entries = [
        entry("d", type=tarfile.DIRTYPE),
        entry("link", type=tarfile.SYMTYPE),
        entry("a", b"A"),
        entry("b", b"B"),
    ]
    inner = tarred(*entries)
    inner = gzip.compress(inner) if packed else inner
    put(tmp_path, {"1.bin": inner, "2.tar": simple({"in": inner, "z": b"z"})})
    found = read(tmp_path, limits=Limits(tar_members=3))
    assert found == {
        "1.bin!link": "Ignored", "1.bin!a": b"A", "1.bin": "LimitError",
        "2.tar!in!link": "Ignored", "2.tar!in!a": b"A", "2.tar!in": "LimitError", "2.tar!z": b"z",
    }  # fmt: skip
    assert "LimitError" not in read(tmp_path, limits=Limits(tar_members=4)).values()


def test_long_names_do_not_count_as_members(tmp_path: Path) -> None:
    put(tmp_path, {"a.tar": simple({"a" * 150: b"A", "b" * 150: b"B"}, tarfile.GNU_FORMAT)})
    assert list(read(tmp_path, limits=Limits(tar_members=2)).values()) == [b"A", b"B"]


def test_a_packed_archive_may_be_larger_than_a_member(tmp_path: Path) -> None:
    members = {str(n): os.urandom(300 << 10) for n in range(8)}
    put(tmp_path, {"many.tgz": gzip.compress(simple(members), 1)})
    found = read(tmp_path, limits=Limits(member_bytes=400 << 10))
    assert found == {f"many.tgz!{name}": content for name, content in members.items()}


def test_nesting(tmp_path: Path) -> None:
    content = b"<core/>"
    for _ in range(LIMITS.depth):
        content = simple({"i": content})
    put(tmp_path, {"deep": content, "deeper": simple({"i": content})})
    found = read(tmp_path)
    assert found["deep" + "!i" * LIMITS.depth] == b"<core/>"
    assert found["deeper" + "!i" * LIMITS.depth] == "LimitError"


def test_truncated_and_empty_archives(tmp_path: Path) -> None:
    archive = simple({"a": b"a" * 700, "b": os.urandom(700)}, tarfile.USTAR_FORMAT)
    put(tmp_path, {
        "1.tar": archive[:600], "2.tar": archive[: 512 + 1024], "3.tar": archive[:1700],
        "4.tgz": gzip.compress(archive)[:-30], "5.tar": simple({}), "6.tar": archive[:1600] + b"x" * 3000, "7": b"7",
        "8.tar": tarred(entry("d", type=tarfile.DIRTYPE)),
    })  # fmt: skip
    found = read(tmp_path)
    assert found.pop("7") == b"7"
    assert found.pop("2.tar!a") == found.pop("3.tar!a") == found.pop("6.tar!a") == b"a" * 700
    assert found.pop("5.tar") == bytes(10240)  # nothing tells it from any other run of zeros
    assert set(found.values()) == {"SourceError"}
    assert len(found) == 6
    assert "8.tar" in found


ARCHIVE = simple({"a": b"alpha" * 50, "in.zip": zipped({"z": b"zeta"}), "c": b"gamma"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(ARCHIVE) - 1), st.binary(min_size=1, max_size=12), st.booleans(), st.booleans())
def test_any_damage_is_reported_not_raised(tmp_path: Path, at: int, new: bytes, cut: bool, packed: bool) -> None:
    damaged = ARCHIVE[:at] if cut else ARCHIVE[:at] + new + ARCHIVE[at + len(new) :]
    path = tmp_path / "x.tar"
    path.write_bytes(gzip.compress(damaged) if packed else damaged)
    found = [contents(item) for item in walk([str(path)])]
    assert found
    assert all(not isinstance(content, bytes) or len(content) <= len(damaged) for _, content in found)


def test_zip_names_that_lead_out_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/../../b", b"x")
        archive.writestr("c", b"c")
    assert read(tmp_path) == {"a.zip!a/../../b": "SourceError", "a.zip!c": b"c"}
