"""Damage, interruptions and full disks: whole after every crash."""

from __future__ import annotations

import multiprocessing
import resource
import signal
import time
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexBuildError, IndexCorruptError
from rag.index import Index, Scope, build
from rag.indexes.generations import current
from tests.rag.shelf import EMBEDDER, EVERYTHING, Counting, shelf


@pytest.mark.parametrize("name", ["vectors.npy", "rows.npy", "names.json", "lexical/meta.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_damage_is_named_and_the_next_build_repairs_it(tmp_path: Path, name: str, damage: str) -> None:
    build(shelf(documents=5), EMBEDDER, tmp_path)
    file = current(tmp_path) / name
    content = file.read_bytes()
    file.unlink() if damage == "missing" else file.write_bytes(
        content[:-1] if name == "manifest.json" else content + b"x"
    )
    with pytest.raises(IndexCorruptError, match=rf"{name}.*citerx index --rebuild"):
        Index.open(tmp_path)
    build(shelf(documents=5), EMBEDDER, tmp_path)
    assert len(Index.open(tmp_path).lexical("dose", 5, EVERYTHING)) == 5


def test_damage_of_the_same_size_does_not_get_through_as_an_answer(tmp_path: Path) -> None:
    build(shelf(documents=5), EMBEDDER, tmp_path)
    file = current(tmp_path) / "rows.npy"
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(IndexCorruptError, match="citerx index --rebuild"):
        Index.open(tmp_path)


def test_a_pointer_to_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("../../etc")
    with pytest.raises(IndexCorruptError, match="names no generation"):
        Index.open(tmp_path)


def test_an_interrupted_build_serves_the_last_one_and_keeps_its_vectors(tmp_path: Path) -> None:
    build(shelf(documents=3), EMBEDDER, tmp_path)
    before = Index.open(tmp_path).manifest
    store, embedder = shelf(seed=1, documents=300), Counting(fail_at=600)
    with pytest.raises(KeyboardInterrupt):
        build(store, embedder, tmp_path)
    assert Index.open(tmp_path).manifest == before
    assert len(store.cache) >= 500
    resumed = Counting()
    manifest = build(store, resumed, tmp_path)
    assert resumed.texts + 500 < len(store.rows)
    assert manifest.generation == build(shelf(seed=1, documents=300), EMBEDDER, tmp_path / "fresh").generation
    assert not list(tmp_path.glob("*.part"))


def _build_for_ever(folder: Path, started: Event) -> None:
    while True:
        build(shelf(documents=40), EMBEDDER, folder, lambda _done, _total: started.set(), rebuild=True)


def test_a_killed_build_leaves_a_whole_index(tmp_path: Path, processes: ForkServerContext) -> None:
    expected = build(shelf(documents=40), EMBEDDER, tmp_path)
    answers = Index.open(tmp_path, "cpu").lexical("dose", 20, Scope())
    for pause in np.random.default_rng(4).uniform(0, 0.3, 4):
        started = processes.Event()
        process = processes.Process(target=_build_for_ever, args=(tmp_path, started))
        process.start()
        assert started.wait(60)
        time.sleep(pause)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert Index.open(tmp_path, "cpu").lexical("dose", 20, Scope()) == answers
    manifest = build(shelf(documents=40), EMBEDDER, tmp_path)
    assert manifest.generation == expected.generation
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) <= 2


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have this module loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _build_with_little_space(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    with pytest.raises(IndexBuildError, match="check free space and permissions"):
        build(shelf(documents=400), EMBEDDER, folder)


def test_a_disk_that_takes_no_more_leaves_the_last_index(tmp_path: Path, processes: ForkServerContext) -> None:
    expected = build(shelf(documents=5), EMBEDDER, tmp_path)
    process = processes.Process(target=_build_with_little_space, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert Index.open(tmp_path, "cpu").manifest == expected
