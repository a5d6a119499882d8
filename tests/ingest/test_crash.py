"""`kill -9`, a full disk: what was committed stays whole, and a plain rerun ends where an unbroken run ends."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from ingest.schema import Document, Passage
from ingest.store import Store
from tests.ingest.material import article, label_record, write_articles, write_labels

# Runs the real ingest; says when it begins, and a StoreError as its last line. Argument 3: most bytes of a file.
RUN = """
import resource, sys
from ingest.errors import StoreError
from ingest.pipeline import ingest
from ingest.store import Store
if sys.argv[3]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
print("begin", flush=True)
try:
    ingest(Store.open(sys.argv[2]), [sys.argv[1]])
except StoreError as error:
    sys.exit(f"StoreError {error}")
"""
ROOT = Path(__file__).parents[2]
Content = tuple[dict[str, Document | None], list[Passage]]


def content(url: str) -> Content:
    """Every document and every passage of a store."""
    with closing(Store.open(url)) as store:
        passages = [row.passage for row in store.index_rows()]
        return {name: store.document(name) for name in {passage.document_id for passage in passages}}, passages


def start(sources: Path, url: str, most_bytes: str = "") -> subprocess.Popen[str]:
    """The real ingest in a process of its own, past its imports."""
    command = [sys.executable, "-c", RUN, str(sources), url, most_bytes]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "begin\n"
    return process


def kill_while_ingesting(sources: Path, url: str, after: float) -> bool:
    """Kills an ingest ``after`` seconds of work; False where it had ended by then."""
    with start(sources, url) as process:
        time.sleep(after)
        running = process.poll() is None
        process.kill()
    return running


def assert_whole(found: Content, complete: Content) -> None:
    """All there is equals what a complete run has, but for versions that came later, with all its passages."""
    documents, passages = found
    for name, document in documents.items():
        reference = complete[0][name]
        assert document
        assert reference
        assert (document.sha256, document.sections) == (reference.sha256, reference.sections)
    assert passages == [passage for passage in complete[1] if passage.document_id in documents]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for part in range(4):
        records = [label_record(number, version) for number in range(part * 30, part * 30 + 30) for version in (2, 1)]
        write_labels(folder / f"labels-{part}.json", records)
    write_articles(folder / "articles.xml", [article(number) for number in range(1, 100)])
    return folder


@pytest.fixture(scope="module")
def unbroken(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Content, float]:
    """What an unbroken run stores, and how long it works in a process of its own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('unbroken')}/store.db"
    with start(sources, url) as process:
        began = time.monotonic()
        assert process.wait() == 0
        seconds = time.monotonic() - began
    return content(url), seconds


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_a_random_moment_and_run_again(
    seed: int, sources: Path, unbroken: tuple[Content, float], tmp_path: Path
) -> None:
    complete, seconds = unbroken
    url = f"sqlite:///{tmp_path}/store.db"
    rng = random.Random(seed)
    for _ in range(2):
        kill_while_ingesting(sources, url, rng.uniform(0, seconds))
        assert_whole(content(url), complete)
    with closing(Store.open(url)) as store:
        assert ingest(store, [str(sources)]).failed_share == 0
    assert content(url) == complete


def assert_stops_and_recovers(sources: Path, folder: Path, complete: Content, most_bytes: str, advice: str) -> None:
    """Ingests where there is too little room, then makes room and runs again."""
    url = f"sqlite:///{folder}/store.db"
    with start(sources, url, most_bytes) as process:
        _, told = process.communicate()
    assert process.returncode == 1
    assert told.startswith(f"StoreError {folder}/store.db: ")
    assert advice in told
    assert_whole(content(url), complete)


def test_a_file_that_may_not_grow(sources: Path, unbroken: tuple[Content, float], tmp_path: Path) -> None:
    assert_stops_and_recovers(sources, tmp_path, unbroken[0], "300000", "check free space, quota and file size limit")
    with closing(Store.open(f"sqlite:///{tmp_path}/store.db")) as store:
        assert 0 < sum(store.counts().documents.values()) < len(unbroken[0][0])
        ingest(store, [str(sources)])
    assert content(f"sqlite:///{tmp_path}/store.db") == unbroken[0]


def test_a_full_disk(sources: Path, unbroken: tuple[Content, float], tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs more rights than this run has")
    try:
        assert_stops_and_recovers(sources, tmp_path, unbroken[0], "", "no space left on the disk")
        subprocess.run(["mount", "-o", "remount,size=50m", str(tmp_path)], check=True)
        with closing(Store.open(f"sqlite:///{tmp_path}/store.db")) as store:
            ingest(store, [str(sources)])
        assert content(f"sqlite:///{tmp_path}/store.db") == unbroken[0]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
