"""What a walk finds in real folders and archives, and what damage it reports without stopping."""

from __future__ import annotations

import errno
import gzip
import io
import os
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import IngestError, SourceError
from ingest.sources import LIMITS, Found, Ignored, Limits, Source, walk
from tests.shared_data import shared


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content, method)
    return buffer.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def contents(found: Found) -> tuple[str, bytes | str]:
    """The name and the bytes of a source, or the name and the kind of what is none."""
    if isinstance(found, IngestError):
        return found.source, type(found).__name__
    if isinstance(found, Ignored):
        return found.name, "Ignored"
    try:
        with found.open() as stream:
            return found.name, stream.read()
    except IngestError as error:
        return error.source, type(error).__name__


SMALL = Limits(member_bytes=800 << 10, ratio=10, free_bytes=1 << 20)


def read(root: Path, *paths: str, limits: Limits = LIMITS) -> dict[str, bytes | str]:
    """What a walk yields, each opened while the walk stands there; names relative to ``root``."""
    found = [contents(item) for item in walk([str(root / path) for path in paths] or [str(root)], limits)]
    assert len(dict(found)) == len(found)
    return {name.removeprefix(f"{root}/"): content for name, content in found}


def test_a_file_that_the_disk_cannot_read_is_named_and_the_walk_goes_on(tmp_path: Path) -> None:
    memory = "/proc/self/mem"  # a regular file whose first byte cannot be read
    if not Path(memory).exists():
        pytest.skip("needs /proc")
    put(tmp_path, {"a.xml": b"<a/>"})
    error, source = walk([memory, str(tmp_path)])
    assert isinstance(error, SourceError)
    assert (error.source, error.reason) == (memory, f"cannot be read: {os.strerror(errno.EIO)}")
    assert contents(source) == (f"{tmp_path}/a.xml", b"<a/>")


def test_files_folders_and_globs(tmp_path: Path) -> None:
    put(tmp_path, {"b.xml": b"<b/>", "a/2.xml": b"<2/>", "a/1.json": b"{}", "a/z/3": b"3", ".hidden": b"x"})
    expected = {".hidden": "Ignored", "a/1.json": b"{}", "a/2.xml": b"<2/>", "a/z/3": b"3", "b.xml": b"<b/>"}
    assert list(read(tmp_path).items()) == list(expected.items())
    assert read(tmp_path, "*.xml", "a/1.json") == {"b.xml": b"<b/>", "a/1.json": b"{}"}
    assert list(read(tmp_path, "**/*.xml")) == ["a/2.xml", "b.xml"]
    assert read(tmp_path, ".hidden") == {".hidden": b"x"}


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    put(tmp_path, {"[1]*.xml": b"<a/>"})
    assert read(tmp_path, "[1]*.xml") == {"[1]*.xml": b"<a/>"}


def test_archives_within_archives_by_content(tmp_path: Path) -> None:
    inner = zipped({"label.xml": b"<label/>", "picture.jpg": b"\xff\xd8\xff\xe0", "empty/": b""})
    outer = zipped(
        {"prescription/1.zip": inner, "notes.txt": b"notes", "__MACOSX/1": b"x", "2.gz": gzip.compress(inner)}
    )
    put(tmp_path, {"release.bin": outer, "x.xml": gzip.compress(b"<x>") + gzip.compress(b"</x>")})
    assert read(tmp_path) == {
        "release.bin!prescription/1.zip!label.xml": b"<label/>",
        "release.bin!prescription/1.zip!picture.jpg": "Ignored",
        "release.bin!notes.txt": b"notes",
        "release.bin!__MACOSX/1": "Ignored",
        "release.bin!2.gz!label.xml": b"<label/>",
        "release.bin!2.gz!picture.jpg": "Ignored",
        "x.xml": b"<x></x>",
    }


def test_sources_open_again_and_after_the_walk(tmp_path: Path) -> None:
    nested = zipped({"in.zip": zipped({"a": b"A" * 5000}), "b": b"B"})
    put(tmp_path, {"out.zip": nested, "c.gz": gzip.compress(b"C")})
    found = [item for item in walk([str(tmp_path)]) if isinstance(item, Source)]
    for _ in range(2):
        assert [contents(item)[1] for item in found] == [b"C", b"A" * 5000, b"B"]
    assert [item.head(3) for item in found] == [b"C", b"AAA", b"B"]
    assert [item.size for item in found][1:] == [5000, 1]


def test_what_cannot_be_found(tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    put(tmp_path, {"empty.xml": b"", "none.zip": zipped({}), "fine": b"fine"})
    paths = ["missing.xml", "*.nothing", "void", "empty.xml", "none.zip", "fine"]
    errors = [item for item in walk([str(tmp_path / path) for path in paths]) if isinstance(item, SourceError)]
    assert [error.source for error in errors] == [str(tmp_path / path) for path in paths[:-1]]
    for error, word in zip(errors, ["no such", "matches no", "empty", "empty", "no files"], strict=True):
        assert word in error.reason
    assert read(tmp_path, *paths)["fine"] == b"fine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_no_permission(tmp_path: Path) -> None:
    put(tmp_path, {"secret": b"x", "fine": b"fine"})
    (tmp_path / "secret").chmod(0)
    assert read(tmp_path) == {"fine": b"fine", "secret": "SourceError"}


def test_symlinks_in_a_circle(tmp_path: Path) -> None:
    put(tmp_path, {"a/b/file": b"1"})
    (tmp_path / "a/b/up").symlink_to(tmp_path)
    (tmp_path / "a/again").symlink_to(tmp_path / "a/b")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    found = read(tmp_path)
    assert [content for content in found.values() if content == b"1"] == [b"1"]
    assert found["self"] == found["dangling"] == "SourceError"
    (failure,) = [item for item in walk([str(tmp_path / "self")]) if isinstance(item, SourceError)]
    assert os.strerror(errno.ELOOP) in str(failure)


def test_sockets_are_no_files(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert read(tmp_path) == {"s": "SourceError"}


def encrypt(archive: bytes) -> bytes:
    """Sets the encryption flag of the first member, locally and in the directory."""
    central = archive.index(b"PK\x01\x02")
    changed = bytearray(archive)
    changed[6] |= 1
    changed[central + 8] |= 1
    return bytes(changed)


def bad_crc(archive: bytes) -> bytes:
    return archive.replace(b"first content", b"first CONTENT")


@pytest.mark.parametrize("damage", [encrypt, bad_crc])
def test_a_bad_member_costs_only_itself(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = damage(zipped({"1": b"first content", "2": b"second"}, zipfile.ZIP_STORED))
    put(tmp_path, {"a.zip": archive, "z": b"z"})
    assert read(tmp_path) == {"a.zip!1": "SourceError", "a.zip!2": b"second", "z": b"z"}


def test_truncated_archives(tmp_path: Path) -> None:
    archive, packed = zipped({"1": os.urandom(3000)}), gzip.compress(os.urandom(3000))
    nested = zipped({"in.zip": archive[:-30], "good": b"good"})
    put(tmp_path, {"a.zip": archive[:-30], "b.gz": packed[:-2000], "c.zip": nested, "d": b"d"})
    assert read(tmp_path) == {
        "a.zip": "SourceError",
        "b.gz": "SourceError",
        "c.zip!in.zip": "SourceError",
        "c.zip!good": b"good",
        "d": b"d",
    }


def test_errors_name_place_and_offset(tmp_path: Path) -> None:
    put(tmp_path, {"b.gz": gzip.compress(os.urandom(300_000))[:-9]})
    (found,) = walk([str(tmp_path)])
    assert isinstance(found, Source)
    with pytest.raises(SourceError, match=r"b\.gz: offset \d{5,}: damaged or truncated"), found.open() as stream:
        stream.read()


def test_gzip_bomb(tmp_path: Path) -> None:
    put(tmp_path, {"bomb.gz": gzip.compress(bytes(3 << 20)), "z": b"z"})
    assert read(tmp_path, limits=Limits(free_bytes=1 << 20)) == {"bomb.gz": "LimitError", "z": b"z"}


def test_many_members_share_one_budget(tmp_path: Path) -> None:
    members = {str(number): bytes([number]) * (200 << 10) for number in range(10)}
    found = read(put(tmp_path, {"bomb.zip": zipped({"in.zip": zipped(members)})}), limits=SMALL)
    assert found["bomb.zip!in.zip!0"] == members["0"]
    assert found["bomb.zip!in.zip!9"] == "LimitError"


def test_member_size(tmp_path: Path) -> None:
    content = os.urandom(900 << 10)
    found = read(put(tmp_path, {"big.zip": zipped({"big": content, "small": b"s"}), "plain": content}), limits=SMALL)
    assert found == {"big.zip!big": "LimitError", "big.zip!small": b"s", "plain": content}


def test_nesting(tmp_path: Path) -> None:
    content, names = b"<core/>", 0
    while names < LIMITS.depth:
        content, names = zipped({"i": content}), names + 1
    put(tmp_path, {"deep": content, "deeper": zipped({"i": content})})
    found = read(tmp_path)
    assert found["deep" + "!i" * LIMITS.depth] == b"<core/>"
    assert found["deeper" + "!i" * LIMITS.depth] == "LimitError"


def test_names_are_printable(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/\xff\x1b[31m")  # noqa: PTH102 (the name is bytes)
    put(tmp_path, {"a.zip": zipped({"../../evil\n": b"x"})})
    names = [contents(item)[0] for item in walk([str(tmp_path)])]
    assert len(names) == 2
    assert all(name.isprintable() for name in names)


ARCHIVE = zipped({"in.zip": zipped({"a": b"alpha" * 50}), "b.gz": gzip.compress(b"beta" * 50), "c": b"gamma"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255), st.booleans())
def test_any_damage_is_reported_not_raised(tmp_path: Path, at: int, value: int, cut: bool) -> None:
    damaged = ARCHIVE[:at] if cut else ARCHIVE[:at] + bytes([value]) + ARCHIVE[at + 1 :]
    path = tmp_path / "x.zip"
    path.write_bytes(damaged)
    assert [contents(item) for item in walk([str(path), str(path)])]


def test_shared_archives() -> None:
    found = list(walk([str(shared("literature/pmc-jats.zip"))]))
    assert len(found) == 900
    assert all(isinstance(item, Source) for item in found)
