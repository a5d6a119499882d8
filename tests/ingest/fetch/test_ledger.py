"""What is remembered of earlier fetches, and what becomes of files that were there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingest.errors import FetchStoppedError
from ingest.fetch.ledger import JOURNAL, NAME, opened
from ingest.fetch.plan import Item
from ingest.fetch.run import InterruptedFetchError
from tests.ingest.fetch.fetching import partitions, run, serve_openfda, serve_pubmed
from tests.ingest.fetch.mirror import Mirror


def test_pubmed_files_that_somebody_else_fetched_are_checked_and_kept(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror, baseline=2, updates=1)
    for name in list(files)[:2]:
        path = tmp_path / "pubmed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name] if name.endswith("1.xml.gz") else b"\x1f\x8b damaged")
    report = run(mirror, "pubmed", tmp_path)
    assert (report.kept, len(report.fetched)) == ([next(iter(files))], 2)


def test_a_kept_file_that_was_harmed_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    files = serve_pubmed(mirror)
    run(mirror, "pubmed", tmp_path)
    one, other, gone = (tmp_path / "pubmed" / name for name in files)
    one.write_bytes(one.read_bytes()[:-1] + b"?")
    os.utime(other)  # only its time
    gone.unlink()
    report = run(mirror, "pubmed", tmp_path)
    assert report.fetched == [name for name in files if name not in report.kept]
    assert report.kept == [list(files)[1]]
    assert one.read_bytes() == files[next(iter(files))]


def test_a_file_whose_time_alone_was_changed_is_kept(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    run(mirror, "openfda", tmp_path)
    for name in partitions():
        os.utime(tmp_path / "openfda" / name)
    assert run(mirror, "openfda", tmp_path).kept == sorted(partitions())


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"version": 1, "files": {"a": 1}, "pages": {}, "complete": {}}']
)
def test_a_ledger_that_is_none_is_named(mirror: Mirror, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "pubmed" / NAME).write_bytes(content)
    with pytest.raises(FetchStoppedError, match="not a list of fetched files"):
        run(mirror, "pubmed", tmp_path)


def test_a_ledger_of_a_later_version_is_left_alone(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "pubmed" / NAME).write_text('{"version": 2, "files": {}, "pages": {}, "complete": {}}')
    with pytest.raises(FetchStoppedError, match="of version 2"):
        run(mirror, "pubmed", tmp_path)


def test_what_a_cut_off_run_had_written_down_is_known_to_the_next(mirror: Mirror, tmp_path: Path) -> None:
    """A line for each file, not the whole list again; the list is written at the beginning and at the end."""
    files = serve_pubmed(mirror, baseline=9, updates=1)
    for name in list(files)[3:]:
        del mirror.files[f"/pubmed/{name}"]
    folder = tmp_path / "pubmed"
    with pytest.raises(InterruptedFetchError):
        run(mirror, "pubmed", tmp_path)
    lines = (folder / JOURNAL).read_bytes().splitlines()
    assert [json.loads(line)["file"] for line in lines] == list(files)[:3]
    assert not (folder / NAME).exists()
    with (folder / JOURNAL).open("ab") as journal:
        journal.write(lines[0][: len(lines[0]) // 2])  # killed while it wrote
    with opened(folder) as ledger:
        assert list(ledger.files) == list(files)[:3]
        assert all(ledger.holds(Item(held.url, name, held.stamp)) for name, held in ledger.files.items())
    assert not (folder / JOURNAL).exists()
    assert list(json.loads((folder / NAME).read_bytes())["files"]) == list(files)[:3]


def test_a_journal_that_is_none_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "pubmed").mkdir()
    (tmp_path / "pubmed" / JOURNAL).write_bytes(b"[]\n")
    with pytest.raises(FetchStoppedError, match=r"jsonl: not a list of fetched files"):
        run(mirror, "pubmed", tmp_path)
