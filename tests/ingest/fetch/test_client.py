"""How servers are asked: paces, waits, tries, redirects, and no host that nobody named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import FetchError, FetchStoppedError
from ingest.fetch.client import Client
from ingest.fetch.download import download
from ingest.fetch.plan import Item
from tests.ingest.fetch.downloading import BODY, ITEM, MD5, PATH, get
from tests.ingest.fetch.fetching import QUICK, World
from tests.ingest.fetch.mirror import Mirror, Mishap, drip, drip_headers, redirect, refuse, serving


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        mirror.files[PATH] = BODY
        yield mirror


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
