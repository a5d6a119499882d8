"""One download, from a server that does what servers do."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FetchError, FetchStoppedError
from ingest.fetch.client import Client, Limits
from ingest.fetch.download import Got, download
from ingest.fetch.plan import Item, file_name
from tests.ingest.fetching import QUICK, World, client, openfda_partition, package, zipped
from tests.ingest.mirror import (
    Handler,
    Mirror,
    Mishap,
    cut,
    drip,
    drip_headers,
    instead,
    redirect,
    refuse,
    reset,
    serving,
)

BODY = b"PK" + random.Random(3).randbytes(300_000)
MD5 = hashlib.md5(BODY).hexdigest()
ITEM = Item("https://files.example/a/file.zip", "a/file.zip", "1", md5=MD5)
PATH = "/a/file.zip"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        mirror.files[PATH] = BODY
        yield mirror


def get(mirror: Mirror, to: Path, item: Item = ITEM, world: World | None = None, limits: Limits = QUICK) -> Got:
    with client(mirror, world or World(), limits) as opened:
        return download(opened, item, to, lambda _at, _size: None)


def ranges(mirror: Mirror) -> list[str]:
    return [headers.get("range", "") for path, headers in mirror.asked if path == PATH]


def test_a_file_comes_whole_and_nothing_else_stays(mirror: Mirror, tmp_path: Path) -> None:
    assert get(mirror, tmp_path).md5 == MD5
    assert (tmp_path / "a/file.zip").read_bytes() == BODY
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file.zip"]
    (_, headers), *rest = mirror.asked
    assert not rest
    assert headers["user-agent"].startswith("CiteRx/")
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("told", ["7", "date", "soon", ""])
def test_429_waits_as_long_as_it_is_asked_to(mirror: Mirror, tmp_path: Path, told: str) -> None:
    world = World()
    header = world.later(90) if told == "date" else told
    mirror.mishaps[PATH] = [refuse(429, Retry_After=header) if header else refuse(429)]
    get(mirror, tmp_path, world=world)
    expected = {"7": 7.0, "date": 90.0}.get(told)
    waited = max(world.slept)
    assert waited == expected if expected else 1 <= waited <= 2
    assert (tmp_path / "a/file.zip").read_bytes() == BODY


def test_a_service_that_wants_hours_ends_the_run(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [refuse(429, Retry_After="7200")]
    with pytest.raises(FetchStoppedError, match="left alone for 7200 s"):
        get(mirror, tmp_path)
    assert len(mirror.asked) == 1


def test_503_is_tried_again_ever_later_and_not_for_ever(mirror: Mirror, tmp_path: Path) -> None:
    world = World()
    mirror.mishaps[PATH] = [refuse(503), refuse(502), refuse(504)]
    get(mirror, tmp_path, world=world)
    waits = [seconds for seconds in world.slept if seconds > 0.1]
    assert [low <= wait <= 2 * low for low, wait in zip((1, 2, 4), waits, strict=True)] == [True] * 3
    mirror.mishaps[PATH] = [refuse(503) for _ in range(100)]
    mirror.asked.clear()
    with pytest.raises(FetchError, match=r"a/file\.zip: the service answers 503; given up after 6 tries"):
        get(mirror, tmp_path)
    assert len(mirror.asked) == QUICK.tries


def test_the_pace_is_kept_for_each_host(mirror: Mirror, tmp_path: Path) -> None:
    world = World()
    with Client({"127.0.0.1": 4.0}, 1.0, QUICK, world.outside(), mirror.base) as opened:
        for name in ("b.zip", "c.zip", "d.zip"):
            download(opened, replace(ITEM, name=name), tmp_path, lambda _at, _size: None)
    assert [0.2 < wait <= 0.25 for wait in world.slept] == [True, True]


@pytest.mark.parametrize("status", [401, 403, 404, 410, 414, 418])
def test_a_refusal_is_not_tried_again(mirror: Mirror, tmp_path: Path, status: int) -> None:
    mirror.mishaps[PATH] = [refuse(status)]
    with pytest.raises(FetchError, match=f"HTTP status {status}") as caught:
        get(mirror, tmp_path)
    assert caught.value.status == status
    assert caught.value.url == f"{mirror.base}{PATH}"
    assert len(mirror.asked) == 1
    assert not list((tmp_path / "a").iterdir())


@pytest.mark.parametrize("mishap", [cut(100_000), reset(100_000)], ids=["truncated", "reset"])
def test_what_breaks_off_is_gone_on_with(mirror: Mirror, tmp_path: Path, mishap: Mishap) -> None:
    mirror.mishaps[PATH] = [mishap]
    assert get(mirror, tmp_path).md5 == MD5
    assert ranges(mirror) == ["", "bytes=100000-"]
    assert mirror.asked[1][1]["if-range"]
    assert mirror.sent[PATH] == len(BODY)


def test_a_body_that_ever_breaks_off_is_given_up_and_kept_for_the_next_run(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [cut(1000), *(refuse(503) for _ in range(20))]
    with pytest.raises(FetchError, match="given up after 6 tries"):
        get(mirror, tmp_path)
    assert not (tmp_path / "a/file.zip").exists()
    mirror.mishaps.clear()
    get(mirror, tmp_path)
    assert ranges(mirror)[-1] == "bytes=1000-"
    assert (tmp_path / "a/file.zip").read_bytes() == BODY


def test_a_long_file_may_break_off_as_often_as_it_likes_where_it_comes_further(tmp_path: Path) -> None:
    body = b"PK" + random.Random(4).randbytes(12 << 20)

    def some(handler: Handler, whole: bytes) -> None:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        told = {"ETag": '"x"', "Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"}
        part = whole[start : start + (5 << 18)]
        handler.answer(206 if start else 200, part, told, length=len(whole) - start)

    with serving() as mirror:
        mirror.files[PATH] = body
        mirror.mishaps[PATH] = [some] * 9
        mirror.headers[PATH] = {"ETag": '"x"'}
        get(mirror, tmp_path, replace(ITEM, md5=hashlib.md5(body).hexdigest()))
        assert len(mirror.asked) == 10
        assert mirror.sent[PATH] == len(body)


def test_a_file_that_changed_during_the_resume_starts_anew(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [cut(100_000, tag='"older"')]
    assert get(mirror, tmp_path).md5 == MD5
    assert ranges(mirror) == ["", "bytes=100000-"]  # the second was answered with all of the file
    assert mirror.sent[PATH] == 100_000 + len(BODY)


def test_a_server_that_reads_no_if_range_is_found_out(mirror: Mirror, tmp_path: Path) -> None:
    def blind(handler: Handler, body: bytes) -> None:
        span = {"Content-Range": f"bytes 100000-{len(body) - 1}/{len(body)}", "ETag": '"new"'}
        handler.answer(206, body[100_000:], span)

    mirror.mishaps[PATH] = [cut(100_000, tag='"older"'), blind]
    assert get(mirror, tmp_path, replace(ITEM, md5="")).md5 == MD5
    assert ranges(mirror) == ["", "bytes=100000-", ""]


def test_without_a_validator_nothing_is_pieced_together(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [lambda handler, body: handler.answer(200, body[:5000], length=len(body))]
    get(mirror, tmp_path)
    assert ranges(mirror) == ["", ""]


def test_a_weak_tag_is_no_validator_but_the_date_is(mirror: Mirror, tmp_path: Path) -> None:
    told = {"ETag": 'W/"x"', "Last-Modified": "Thu, 29 Jan 2026 14:48:00 GMT"}
    mirror.mishaps[PATH] = [lambda handler, body: handler.answer(200, body[:5000], told, length=len(body))]
    get(mirror, tmp_path)
    assert mirror.asked[1][1]["if-range"] == told["Last-Modified"]


def test_a_rest_that_begins_elsewhere_is_not_glued_on(mirror: Mirror, tmp_path: Path) -> None:
    def elsewhere(handler: Handler, body: bytes) -> None:
        handler.answer(206, body[7:-99_993], {"Content-Range": f"bytes 7-{len(body) - 99_994}/{len(body)}"})

    mirror.mishaps[PATH] = [cut(100_000), elsewhere]
    assert get(mirror, tmp_path, replace(ITEM, md5="")).md5 == MD5


def test_all_was_there_when_the_last_run_was_killed(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.file.zip.part").write_bytes(BODY)
    note = {"url": ITEM.url, "stamp": ITEM.stamp, "validator": '"x"'}
    mirror.headers[PATH] = {"ETag": '"x"'}
    (tmp_path / "a/.file.zip.part.json").write_text(json.dumps(note))
    assert get(mirror, tmp_path).md5 == MD5
    assert mirror.sent[PATH] == 0
    (tmp_path / "a/.file.zip.part").write_bytes(BODY + b"more than there is")
    (tmp_path / "a/.file.zip.part.json").write_text(json.dumps(note))
    assert get(mirror, tmp_path).md5 == MD5


@pytest.mark.parametrize(
    "note", [b"", b"[]", b"{}", b"\xff", b'{"url": "https://other.example/", "stamp": "1", "validator": "x"}']
)
def test_a_note_that_says_nothing_starts_anew(mirror: Mirror, tmp_path: Path, note: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.file.zip.part").write_bytes(b"PK something else")
    (tmp_path / "a/.file.zip.part.json").write_bytes(note)
    assert get(mirror, tmp_path).md5 == MD5
    assert ranges(mirror) == [""]


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


def test_a_size_that_the_index_does_not_tell_of_is_refused_before_it_comes(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="the service offers 300002 bytes, its index tells of 1 to 9"):
        get(mirror, tmp_path, replace(ITEM, size=(1, 9)))
    chunked = b"PK"
    mirror.files[PATH] = chunked
    with pytest.raises(FetchError, match="tells of 10 to 20"):
        get(mirror, tmp_path, replace(ITEM, md5="", size=(10, 20)))


@pytest.mark.parametrize("limits", [replace(QUICK, file_bytes=10_000), replace(QUICK, total_bytes=10_000)])
def test_an_endless_file_is_not_read_to_its_end(mirror: Mirror, tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(FetchError, match="10000 bytes"):
        get(mirror, tmp_path, limits=limits)
    assert not (tmp_path / "a/file.zip").exists()


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


def test_a_circle_of_redirects_ends(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [redirect(PATH) for _ in range(50)]
    with pytest.raises(FetchError, match="redirected more than 5 times"):
        get(mirror, tmp_path)
    assert len(mirror.asked) == 6


def test_a_redirect_is_followed_where_it_keeps_the_scheme(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/b/moved.zip"] = BODY
    mirror.mishaps[PATH] = [redirect("/b/moved.zip")]
    assert get(mirror, tmp_path).md5 == MD5


@pytest.mark.parametrize("to", ["https://127.0.0.1:1/x", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://[x"])
def test_a_redirect_to_another_scheme_is_not_followed(mirror: Mirror, tmp_path: Path, to: str) -> None:
    mirror.mishaps[PATH] = [redirect(to)]
    with pytest.raises(FetchError, match="not followed"):
        get(mirror, tmp_path)
    assert len(mirror.asked) == 1


def test_a_redirect_to_a_host_that_nobody_named_is_not_followed(mirror: Mirror, tmp_path: Path) -> None:
    with serving() as other:
        other.files[PATH] = BODY
        mirror.mishaps[PATH] = [redirect(f"{other.base}{PATH}")]
        with pytest.raises(FetchError, match=r"'127.0.0.1' is no host of this source, so it is not asked"):
            get(mirror, tmp_path)
        assert not other.asked
    assert not list((tmp_path / "a").glob("*"))


@pytest.mark.parametrize(
    "url",
    ["https://169.254.169.254/x.zip", "https://localhost/x.zip", "https://files.example:8443/x.zip",
     "https://files.example@other.example/x.zip", "https://files.example.other.example/x.zip"],
)  # fmt: skip
def test_an_index_cannot_name_another_host(tmp_path: Path, url: str) -> None:
    with (
        Client({"files.example": 1.0}, 1.0, QUICK, World().outside(), "") as opened,
        pytest.raises(FetchError, match="no host of this source"),
    ):
        download(opened, Item(url, "x.zip"), tmp_path, lambda _at, _size: None)


@pytest.mark.parametrize("status", [206, 416])
def test_a_part_that_nobody_asked_for_is_not_the_file(mirror: Mirror, tmp_path: Path, status: int) -> None:
    def part(handler: Handler, body: bytes) -> None:
        handler.answer(status, body[:1000], {"Content-Range": f"bytes 0-999/{len(body)}"})

    mirror.mishaps[PATH] = [part]
    assert get(mirror, tmp_path, replace(ITEM, md5="")).md5 == MD5


@pytest.mark.parametrize("url", ["http://files.example/x.zip", "ftp://files.example/x.zip", "file:///etc/hostname"])
def test_without_a_mirror_only_https_is_spoken(tmp_path: Path, url: str) -> None:
    world = World()
    with (
        Client({}, 1.0, QUICK, world.outside(), "") as opened,
        pytest.raises(FetchError, match="neither https"),
    ):
        download(opened, Item(url, "x.zip"), tmp_path, lambda _at, _size: None)


@pytest.mark.parametrize(
    "mishap", [drip(0.05, first=10), drip(0.05), drip_headers(0.05)], ids=["body", "start", "headers"]
)
def test_a_slow_drip_is_given_up(mirror: Mirror, tmp_path: Path, mishap: Mishap) -> None:
    mirror.mishaps[PATH] = [mishap] * 3
    start = time.monotonic()
    with pytest.raises(FetchError, match="given up after 2 tries"):
        get(mirror, tmp_path, limits=replace(QUICK, window=0.4, tries=2))
    assert time.monotonic() - start < 3


def test_the_run_has_an_end(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [refuse(503, Retry_After="600") for _ in range(9)]
    world = World()
    with pytest.raises(FetchStoppedError, match="1000 s are over"):
        get(mirror, tmp_path, world=world, limits=replace(QUICK, total_seconds=1000))
    assert sum(world.slept) < 1000
    mirror.mishaps[PATH] = [drip(0.02, first=len(BODY) - 100)]  # quick enough, but two seconds
    with pytest.raises(FetchStoppedError, match="are over"):
        get(mirror, tmp_path, limits=replace(QUICK, total_seconds=0.5))


def test_a_server_that_says_nothing_is_left(mirror: Mirror, tmp_path: Path) -> None:
    mirror.mishaps[PATH] = [lambda _handler, _body: time.sleep(1)] * 3
    with pytest.raises(FetchError, match="the connection broke"):
        get(mirror, tmp_path, limits=replace(QUICK, silence=0.2, tries=2))


def test_nobody_there_is_said_so(tmp_path: Path) -> None:
    with (
        Client({}, 1e6, QUICK, World().outside(), "http://127.0.0.1:9") as opened,
        pytest.raises(FetchError, match=r"the connection broke .*refused"),
    ):
        download(opened, ITEM, tmp_path, lambda _at, _size: None)


def test_a_full_disk_is_not_tried_again_and_what_is_there_serves_later(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        get(mirror, tmp_path, world=World(room=200_000))
    assert len(mirror.asked) == 1
    assert not (tmp_path / "a/file.zip").exists()
    assert get(mirror, tmp_path).md5 == MD5
    assert ranges(mirror)[1].startswith("bytes=")
    assert ranges(mirror)[1] != "bytes=0-"


def test_the_bar_is_told(mirror: Mirror, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with client(mirror, World()) as opened:
        download(opened, ITEM, tmp_path, lambda at, size: told.append((at, size)))
    assert told[-1] == (len(BODY), len(BODY))
    assert told == sorted(told)


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


def changed(archive: bytes, *places: tuple[int, int, bytes]) -> bytes:
    """A zip of one file with bytes changed: at a distance from its local header, from its entry in the directory."""
    data, entry = bytearray(archive), archive.index(b"PK\x01\x02")
    for local, central, new in places:
        data[local : local + len(new)] = new
        data[entry + central : entry + central + len(new)] = new
    return bytes(data)


def headed(size: int) -> bytes:
    """A package whose first file has an extended header of that many bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("PMC1/1.xml")
        member.pax_headers = {"comment": "x" * size}
        archive.addfile(member)
    return stream.getvalue()


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


@pytest.mark.parametrize(
    "url", ["https://x.example/", "https://x.example/..", "https://x.example/%2e%2e%2fx", "https://x.example/.hidden",
            "https://x.example/a%00b", "https://x.example/" + "a" * 300, "https://[x", "https://x.example/a%2Fb"],
)  # fmt: skip
def test_a_source_cannot_name_a_file_outside_of_the_folder(url: str) -> None:
    try:
        name = file_name(url)
    except FetchError:
        return
    assert name in {"x", "b"}  # what stands after the last slash


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 70_000), max_size=5), changed=st.booleans())
def test_wherever_it_breaks_the_file_is_the_servers(
    cuts: list[int], changed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body = BODY[:60_000]
    with serving() as mirror:
        mirror.files[PATH] = body
        older = b"PK" + bytes(59_998)
        tag = '"older"' if changed else ""
        mirror.mishaps[PATH] = [cut(at, tag=tag, of=older if changed else None) for at in cuts[:4]]
        to = tmp_path_factory.mktemp("cuts")
        got = get(mirror, to, replace(ITEM, md5=""))
        whole = changed and any(at >= len(body) for at in cuts[:4])
        assert (to / "a/file.zip").read_bytes() in ((older, body) if whole else (body,))
        assert got.md5 == hashlib.md5((to / "a/file.zip").read_bytes()).hexdigest()
