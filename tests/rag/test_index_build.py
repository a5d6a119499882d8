"""Building generations: only what is new is embedded, whole ones are swapped in, old ones go."""

from __future__ import annotations

import fcntl
import json
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ingest.passages import split
from ingest.schema import Kind
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.errors import IndexBuildError, IndexCorruptError
from rag.index import Index, Manifest, Scope, build
from rag.indexes import refined
from rag.indexes.build import prune
from rag.indexes.generations import current, stamp
from rag.indexes.placement import Machine
from tests.rag.bookshelf import document
from tests.rag.shelf import EMBEDDER, EVERYTHING, Counting, Row, Shelf, passage, shelf


def test_a_new_row_id_for_the_same_content_is_a_new_index(tmp_path: Path) -> None:
    build(shelf(), EMBEDDER, tmp_path)
    before = stamp(tmp_path)
    build(shelf(first_row=500), EMBEDDER, tmp_path)
    assert stamp(tmp_path) != before
    assert min(row for row, _ in Index.open(tmp_path).lexical("dose", 900, EVERYTHING)) >= 500


def test_manifest(tmp_path: Path) -> None:
    store = shelf()
    steps: list[tuple[int, int]] = []
    manifest = build(store, EMBEDDER, tmp_path, lambda done, total: steps.append((done, total)))
    assert manifest == Manifest.current(tmp_path) == Index.open(tmp_path).manifest
    assert (manifest.passages, manifest.documents) == (len(store.rows), 60)
    assert (manifest.embedder, manifest.dimension, manifest.revision) == (EMBEDDER.name, 32, 1)
    assert manifest.newest_source == store.newest_source()
    assert {"vectors.npy", "rows.npy", "names.json", "lexical/meta.json"} <= set(manifest.files)
    assert steps == sorted(steps)
    assert steps[-1] == (2 * len(store.rows), 2 * len(store.rows))


def test_nothing_changed_nothing_done(tmp_path: Path) -> None:
    store, embedder = shelf(), Counting()
    first = build(store, embedder, tmp_path)
    texts, name = embedder.texts, stamp(tmp_path)
    assert build(store, embedder, tmp_path) == first
    assert (embedder.texts, stamp(tmp_path)) == (texts, name)
    store.number = 5  # a change that was taken back
    assert build(store, embedder, tmp_path) == replace(first, revision=5)
    assert Manifest.current(tmp_path).revision == 5
    assert stamp(tmp_path) == name


def test_only_new_text_is_embedded(tmp_path: Path) -> None:
    store, embedder = shelf(), Counting()
    build(store, embedder, tmp_path)
    assert embedder.texts == len({(row.passage.context, row.passage.text) for row in store.rows})
    embedder.texts = 0
    store.rows[3] = replace(store.rows[3], passage=replace(store.rows[3].passage, text="changed"))
    store.rows[9] = replace(store.rows[9], retracted=True)
    build(store, embedder, tmp_path)
    assert embedder.texts == 1
    build(store, embedder, tmp_path, rebuild=True)
    assert embedder.texts == 1


@pytest.mark.parametrize(
    "change",
    [
        {"retracted": True},
        {"superseded_on": date(2030, 1, 1)},
        {"published": date(1999, 1, 1)},
        {"effective": date(1999, 1, 1)},
        {"kind": Kind.TRIAL},
        {"drugs": ("sotalol",)},
    ],
)
def test_whatever_an_answer_depends_on_changes_the_name(tmp_path: Path, change: dict[str, object]) -> None:
    store = Shelf([Row(1, passage("a", "dosage", 0, "dose")), Row(2, passage("b", "dosage", 0, "dose"))])
    before = build(store, EMBEDDER, tmp_path).generation
    store.rows[1] = replace(store.rows[1], **change)  # type: ignore[arg-type]
    assert build(store, EMBEDDER, tmp_path).generation != before
    assert build(store, HashEmbedder(8), tmp_path).generation != before


def test_two_generations_are_kept_and_an_open_one_lives_on(tmp_path: Path) -> None:
    store = shelf()
    build(store, EMBEDDER, tmp_path)
    index = Index.open(tmp_path, "cpu")
    folder, expected = current(tmp_path), index.lexical("dose", 20, Scope())
    for number in range(3):
        extra = passage(f"z{number}", "dosage", 0, "more")
        store.rows.append(Row(9000 + number, extra))
        build(store, EMBEDDER, tmp_path)
    assert not folder.exists()
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2
    assert index.lexical("dose", 20, Scope()) == expected
    assert len(index.dense(EMBEDDER.encode(["dose"])[0], 5, Scope(drugs=frozenset({"warfarin"})))) == 5


def test_another_format_is_built_anew(tmp_path: Path) -> None:
    build(shelf(documents=5), EMBEDDER, tmp_path)
    file = current(tmp_path) / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 0}))
    with pytest.raises(IndexCorruptError, match="format 0, not"):
        Index.open(tmp_path)
    before = stamp(tmp_path)
    build(shelf(documents=5), EMBEDDER, tmp_path)
    assert stamp(tmp_path) != before


def test_one_builder_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IndexBuildError, match="another process is building"):
            build(shelf(documents=5), EMBEDDER, tmp_path)
    build(shelf(documents=5), EMBEDDER, tmp_path)


def test_a_store_that_changes_is_read_again(tmp_path: Path) -> None:
    store = shelf(documents=5)
    store.interference = [Row(700, passage("z", "dosage", 0, "late"))]
    assert build(store, EMBEDDER, tmp_path).passages == len(store.rows)
    assert [row for row, _ in Index.open(tmp_path).lexical("late", 5, Scope())] == [700]


def test_a_store_that_never_rests_is_an_error(tmp_path: Path) -> None:
    store = shelf(documents=5)
    store.interference = [Row(700 + n, passage(f"z{n}", "dosage", 0, "late")) for n in range(9)]
    with pytest.raises(IndexBuildError, match="the store changed 3 times"):
        build(store, EMBEDDER, tmp_path)
    assert not stamp(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexBuildError, match=r"file.*check free space and permissions"):
        build(shelf(documents=1), EMBEDDER, tmp_path / "file" / "index")


def test_the_trained_index_is_made_where_vectors_do_not_fit(tmp_path: Path) -> None:
    store = Shelf([Row(number, passage(f"d{number}", "dosage", 0, f"dose w{number}")) for number in range(10_000)])
    tight, roomy = Machine(memory=0), Machine(memory=2**40)
    fits = build(store, EMBEDDER, tmp_path, within=roomy)
    assert refined.FILE not in fits.files
    made = build(store, EMBEDDER, tmp_path, within=tight)
    assert (made.generation, refined.FILE in made.files) == (fits.generation, True)
    assert build(store, EMBEDDER, tmp_path, within=roomy) == made
    vector = EMBEDDER.encode(["d77 | dosage\ndose w77"])[0]
    for room, kind in ((tight, "refined on cpu"), (roomy, "exact on cpu")):
        index = Index.open(tmp_path, "cpu", within=room)
        assert index.kind == kind
        assert 77 in {row for row, _ in index.dense(vector, 5, EVERYTHING)}


def test_vectors_of_texts_that_are_gone_are_dropped_and_no_others(tmp_path: Path) -> None:
    old = document("label:s:1", [("dosage", "Take ten."), ("warnings", "Mind the gap.")], "sulthiazine", sha256="1")
    new = replace(old, sha256="2", sections=old.sections[1:])
    with closing(Store.open(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        for one, left in ((old, 0), (new, 1)):
            with store.writing() as batch:
                batch.put(one, split(one))
            build(store, EMBEDDER, tmp_path / "index")
            assert prune(store) == left
        embedder = Counting()
        build(store, embedder, tmp_path / "index", rebuild=True)
        assert embedder.texts == 0
