"""One download, from a server that does what servers do: what breaks off is gone on with."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FetchError
from ingest.fetch.client import Limits
from ingest.fetch.download import download
from ingest.fetch.plan import file_name
from tests.ingest.fetch.downloading import BODY, ITEM, MD5, PATH, get
from tests.ingest.fetch.fetching import QUICK, World, client
from tests.ingest.fetch.mirror import Handler, Mirror, Mishap, cut, refuse, reset, serving


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        mirror.files[PATH] = BODY
        yield mirror


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


@pytest.mark.parametrize("status", [206, 416])
def test_a_part_that_nobody_asked_for_is_not_the_file(mirror: Mirror, tmp_path: Path, status: int) -> None:
    def part(handler: Handler, body: bytes) -> None:
        handler.answer(status, body[:1000], {"Content-Range": f"bytes 0-999/{len(body)}"})

    mirror.mishaps[PATH] = [part]
    assert get(mirror, tmp_path, replace(ITEM, md5="")).md5 == MD5


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
