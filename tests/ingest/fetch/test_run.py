"""A whole run: dry, refused, stopped, killed and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.errors import FetchStoppedError
from ingest.fetch.ledger import opened
from ingest.fetch.run import InterruptedFetchError
from tests.ingest.fetch.fetching import (
    QUICK,
    World,
    documents,
    partitions,
    releases,
    run,
    serve_dailymed,
    serve_openfda,
    serve_pubmed,
    spl,
    zipped,
)
from tests.ingest.fetch.mirror import Mirror, cut, drip, refuse


def test_a_dry_run_lists_and_writes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror)
    report = run(mirror, "pubmed", tmp_path, dry_run=True)
    assert report.listed == {name: f"{mirror.base}/pubmed/{name}" for name in files}
    assert mirror.paths() == ["/pubmed/baseline/", "/pubmed/updatefiles/"]
    assert not list(tmp_path.iterdir())
    report = run(mirror, "trials", tmp_path, dry_run=True)
    assert "/api/v2/studies?" in next(iter(report.listed.values()))


def test_a_second_run_is_refused_while_the_first_goes_on(mirror: Mirror, tmp_path: Path) -> None:
    serve_pubmed(mirror)
    with opened(tmp_path / "pubmed"):
        with pytest.raises(FetchStoppedError, match="another fetch into this folder is running"):
            run(mirror, "pubmed", tmp_path)
        assert not mirror.asked
    assert len(run(mirror, "pubmed", tmp_path).fetched) == 3


def test_a_full_disk_ends_the_run_with_what_there_is(mirror: Mirror, tmp_path: Path) -> None:
    serve_dailymed(mirror, releases())
    world = World(room=len(releases()["dm_spl_release_human_rx_part2.zip"]) + 10)
    mirror.files["/public-release-files/dm_spl_release_human_rx_part1.zip"] += b"?" * 5000
    with pytest.raises(InterruptedFetchError, match=r"cannot be written .No space left on device.: free room"):
        run(mirror, "dailymed", tmp_path, world=world)
    assert not list((tmp_path / "dailymed").glob("*.zip"))
    serve_dailymed(mirror, releases())
    assert len(run(mirror, "dailymed", tmp_path).fetched) == 2


def test_a_service_that_is_away_is_not_asked_for_every_file(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror, baseline=20)
    for name in list(files)[1:]:
        del mirror.files[f"/pubmed/{name}"]
    with pytest.raises(InterruptedFetchError, match="5 files in a row could not be had") as caught:
        run(mirror, "pubmed", tmp_path)
    assert caught.value.report.fetched == [next(iter(files))]
    assert len(caught.value.report.failed) == 5


def test_a_folder_that_cannot_be_made_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchStoppedError, match="cannot be written"):
        run(mirror, "pubmed", tmp_path / "file")


def test_a_total_limit_ends_the_run(mirror: Mirror, tmp_path: Path) -> None:
    serve_dailymed(
        mirror, {f"dm_spl_release_human_rx_part{n}.zip": zipped({"a": os.urandom(40_000)}) for n in range(4)}
    )
    with pytest.raises(InterruptedFetchError, match="has fetched its 100000 bytes") as caught:
        run(mirror, "dailymed", tmp_path, limits=replace(QUICK, total_bytes=100_000))
    assert len(caught.value.report.fetched) == 2


def test_a_killed_run_is_gone_on_with_and_locks_nothing(mirror: Mirror, tmp_path: Path) -> None:
    content = zipped({"1.xml": spl(1), "picture.jpg": b"\xff\xd8\xff" + os.urandom(400_000)})
    name = "dm_spl_release_human_rx_part1.zip"
    serve_dailymed(mirror, {name: content})
    path = f"/public-release-files/{name}"
    mirror.mishaps[path] = [drip(0.01, first=300_000)]
    words = [sys.executable, "-m", "api.cli", "fetch", "dailymed", "--to", str(tmp_path), "--base", mirror.base]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        part = tmp_path / "dailymed" / f".{name}.part"
        end = time.monotonic() + 60
        while time.monotonic() < end and not (part.exists() and part.stat().st_size >= 200_000):
            time.sleep(0.02)
        with pytest.raises(FetchStoppedError, match="another fetch"):
            run(mirror, "dailymed", tmp_path)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "dailymed" / name).exists()
    there = part.stat().st_size
    assert there >= 200_000
    sent = mirror.sent[path]
    assert run(mirror, "dailymed", tmp_path).fetched == [name]
    assert (tmp_path / "dailymed" / name).read_bytes() == content
    assert mirror.asked[-1][1]["range"] == f"bytes={there}-"
    assert mirror.sent[path] - sent == len(content) - there
    assert not part.exists()
    assert documents(str(tmp_path / "dailymed")) == 1


def test_broken_off_files_are_no_sources(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    first = "/drug/label/drug-label-0001-of-0002.json.zip"
    mirror.mishaps[first] = [cut(500), *(refuse(503) for _ in range(9))]
    report = run(mirror, "openfda", tmp_path)
    assert list(report.failed) == ["drug-label-0001-of-0002.json.zip"]
    assert (tmp_path / "openfda/.drug-label-0001-of-0002.json.zip.part").stat().st_size == 500
    assert documents(report.folder) == 7
