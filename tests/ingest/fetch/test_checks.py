"""Files that came whole and are not what they should be."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import FetchError
from tests.ingest.fetch.downloading import BODY, ITEM, MD5, PATH, get
from tests.ingest.fetch.fetching import openfda_partition, package, zipped
from tests.ingest.fetch.mirror import Mirror, instead, serving


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        mirror.files[PATH] = BODY
        yield mirror


def test_a_wrong_checksum_is_tried_once_more_and_then_refused(mirror: Mirror, tmp_path: Path) -> None:
    damaged = BODY[:-1] + b"?"
    mirror.mishaps[PATH] = [instead(damaged)]
    assert get(mirror, tmp_path).md5 == MD5
    assert len(mirror.asked) == 2
    (tmp_path / "a/file.zip").unlink()
    mirror.files[PATH] = damaged
    with pytest.raises(FetchError, match=f"the checksum is .*, the source's list says {MD5}"):
        get(mirror, tmp_path)
    assert not list((tmp_path / "a").iterdir())


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>down</html>", b"\n <HTML><body>maintenance"])
@pytest.mark.parametrize("suffix", ["zip", "xml.gz", "xml", "json", "tar.gz", "bin"])
def test_a_web_page_in_place_of_a_file_is_refused(mirror: Mirror, tmp_path: Path, page: bytes, suffix: str) -> None:
    mirror.mishaps[PATH] = [instead(page, Content_Type="text/html")]
    with pytest.raises(FetchError, match="web page came in place of the file"):
        get(mirror, tmp_path, replace(ITEM, name=f"file.{suffix}", md5=""))
    assert not list(tmp_path.iterdir())


def test_another_file_than_its_name_says_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"begins with .*, which no \.gz file does"):
        get(mirror, tmp_path, replace(ITEM, name="file.xml.gz", md5=""))


def test_an_empty_file_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files[PATH] = b""
    with pytest.raises(FetchError, match="empty"):
        get(mirror, tmp_path, replace(ITEM, md5=""))


@pytest.mark.parametrize(
    ("name", "content", "records"),
    [
        ("a.json.zip", openfda_partition(range(30)), 30),
        ("a.tar.gz", package({"PMC1/1.xml": b"<a/>", "PMC1/2.xml": b"<b/>"}), 2),
        ("a.json", b'{"meta": {"results": [{}]}, "results": [{"results": [{}]}, {}, 3, {}]}', 3),
        ("a.xml", b"<x><PubmedArticle>" + b" " * (1 << 20) + b"<PubmedArticle a='b'><PubmedBookArticle></x>", 3),
        ("a.xml", b"<" + b"x" * ((1 << 20) - 8) + b"<PubmedArticle></x>", 1),
    ],
)
def test_records_are_counted(mirror: Mirror, tmp_path: Path, name: str, content: bytes, records: int) -> None:
    mirror.files[PATH] = content
    get(mirror, tmp_path, replace(ITEM, name=name, md5="", records=records))
    with pytest.raises(FetchError, match=f"{records} records came, the source tells of {records + 1}"):
        get(mirror, tmp_path, replace(ITEM, name=name, md5="", records=records + 1))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json.zip", openfda_partition(range(30))[:-30]),
        ("a.json.zip", zipped({"a.json": b'{"results": [{}'})),
        ("a.tar.gz", package({"PMC1/1.xml": bytes(5000)})[:-20]),
        ("a.json", b'{"results": [{}'),
    ],
)
def test_a_damaged_file_without_a_checksum_is_found_by_its_records(
    mirror: Mirror, tmp_path: Path, name: str, content: bytes
) -> None:
    mirror.files[PATH] = content
    with pytest.raises(FetchError, match="damaged"):
        get(mirror, tmp_path, replace(ITEM, name=name, md5="", records=1))


def headed(size: int) -> bytes:
    """A package whose first file has an extended header of that many bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("PMC1/1.xml")
        member.pax_headers = {"comment": "x" * size}
        archive.addfile(member)
    return stream.getvalue()


def changed(archive: bytes, *places: tuple[int, int, bytes]) -> bytes:
    """A zip of one file with bytes changed: at a distance from its local header, from its entry in the directory."""
    data, entry = bytearray(archive), archive.index(b"PK\x01\x02")
    for local, central, new in places:
        data[local : local + len(new)] = new
        data[entry + central : entry + central + len(new)] = new
    return bytes(data)


ONE = openfda_partition(range(1))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json.zip", changed(ONE, (6, 8, b"\x01\0")), "encrypted"),
        ("a.json.zip", changed(ONE, (8, 10, b"\x63\0")), "compression"),
        ("a.json.zip", zipped({"a.json": b'{"results": ' + b"[" * 300_000}), "brackets left open"),
        ("a.tar.gz", headed(2 << 20), "a tar header of"),
    ],
    ids=["encrypted", "compression", "depth", "header"],
)  # fmt: skip
def test_a_hostile_file_is_counted_with_the_limits_of_the_ingest(
    mirror: Mirror, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    mirror.files[PATH] = content
    with pytest.raises(FetchError, match=f"damaged .*{reason}"):
        get(mirror, tmp_path, replace(ITEM, name=name, md5="", records=1))
