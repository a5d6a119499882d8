"""Building, opening and searching generations: exact within every scope, whole after every crash."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import resource
import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ingest.schema import Document, DrugNames, Kind, Passage, Section, passage_id
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.errors import EmbedderMismatchError, IndexBuildError, IndexCorruptError, IndexUnavailableError
from rag.generations import current, stamp
from rag.index import Index, Manifest, Scope, build
from rag.lexical import analyse
from rag.types import Floats

Half = NDArray[np.float16]
EMBEDDER = HashEmbedder(32)
EVERYTHING = Scope(include_superseded=True, include_retracted=True)


@dataclass(frozen=True)
class Row:
    row_id: int
    passage: Passage
    kind: Kind = Kind.LABEL
    published: date | None = None
    effective: date | None = None
    superseded_on: date | None = None
    retracted: bool = False
    drugs: tuple[str, ...] = ()


@dataclass
class Shelf:
    """A store in memory. ``on_vectors`` runs before cached vectors are looked up, so that a test can interfere."""

    rows: list[Row]
    cache: dict[bytes, Half] = field(default_factory=dict)
    number: int = 1
    interference: list[Row] = field(default_factory=list)

    def index_rows(self) -> Iterator[Row]:
        return iter(list(self.rows))

    def drug_names(self) -> Iterator[tuple[str, str, str]]:
        names = {row.passage.document_id: row.drugs for row in self.rows}
        return ((document, "generic", name) for document, drugs in names.items() for name in drugs)

    def passages(self, row_ids: Iterable[int]) -> dict[int, Passage]:
        wanted = set(row_ids)
        return {row.row_id: row.passage for row in self.rows if row.row_id in wanted}

    def vectors(self, model: str, hashes: Iterable[bytes]) -> dict[bytes, Half]:
        assert model
        if self.interference:
            self.rows.append(self.interference.pop())
        return {key: self.cache[key] for key in hashes if key in self.cache}

    def put_vectors(self, model: str, items: Mapping[bytes, Half]) -> None:
        assert model
        self.cache |= items

    def revision(self) -> int:
        return self.number

    def newest_source(self) -> date | None:
        return max((row.effective for row in self.rows if row.effective), default=None)

    def demonstration(self) -> bool:
        return False


@dataclass
class Counting:
    """Counts the texts that it embeds; fails at the text numbered ``fail_at``."""

    texts: int = 0
    fail_at: int = 10**9
    name: str = EMBEDDER.name
    dimension: int = EMBEDDER.dimension

    def encode(self, texts: Iterable[str]) -> Floats:
        batch = list(texts)
        self.texts += len(batch)
        if self.texts > self.fail_at:
            raise KeyboardInterrupt
        return EMBEDDER.encode(batch)


def passage(document: str, section: str, number: int, text: str) -> Passage:
    span = (100 * number, 100 * number + len(text))
    return Passage(passage_id(document, section, *span), document, section, *span, text, f"{document} | {section}")


WORDS = [
    "dose",
    "renal",
    "bleeding",
    "rash",
    "pregnancy",
    "nausea",
    "infusion",
    "kidney",
    "warfarin",
    "colchicine",
    "digoxin",
    "2.5",
    "mg",
]
DRUGS = ("warfarin", "colchicine", "digoxin", "amiodarone")
SECTIONS = ("dosage", "pregnancy", "spl_unclassified_section", "spl_unclassified_section.2")


def shelf(seed: int = 0, documents: int = 60, first_row: int = 1) -> Shelf:
    chance = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(documents):
        day = date(2010, 1, 1) + timedelta(days=int(chance.integers(4000)))
        dated = chance.random() < 0.8
        superseded = chance.random() < 0.3
        about = tuple(chance.choice(DRUGS, size=int(chance.integers(0, 3)), replace=False).tolist())
        base = Row(
            0,
            passage("x", "x", 0, "x"),
            kind=list(Kind)[int(chance.integers(3))],
            published=day if dated else None,
            effective=day if dated and chance.random() < 0.7 else None,
            superseded_on=day + timedelta(days=400) if superseded else None,
            retracted=bool(chance.random() < 0.1),
            drugs=about,
        )
        for part in range(int(chance.integers(1, 9))):
            text = " ".join(chance.choice(WORDS, size=6).tolist())
            section = SECTIONS[part % len(SECTIONS)]
            found = passage(f"doc:{number:04d}", section, part, text)
            rows.append(replace(base, row_id=first_row + len(rows), passage=found))
    return Shelf(rows)


@pytest.fixture(scope="module")
def shelf_and_index(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shelf, Index]:
    store, folder = shelf(), tmp_path_factory.mktemp("index")
    build(store, EMBEDDER, folder)
    return store, Index.open(folder, "cpu")


days = st.none() | st.dates(date(2010, 1, 1), date(2022, 1, 1))


def some(names: Iterable[str]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from([*names, "unknown"]), max_size=3)


scopes = st.builds(
    Scope,
    drugs=some(DRUGS),
    kinds=some(kind.value for kind in Kind),
    sections=some(SECTIONS[:3]),
    published_after=days,
    published_before=days,
    as_of=days,
    include_superseded=st.booleans(),
    include_retracted=st.booleans(),
)


def admits(scope: Scope, row: Row) -> bool:
    """The meaning of a scope, passage by passage."""
    published, effective = row.published or row.effective, row.effective or row.published
    slug = row.passage.section.removesuffix(".2")
    return all(
        (
            scope.drugs is None or bool(scope.drugs & set(row.drugs)),
            scope.kinds is None or row.kind.value in scope.kinds,
            scope.sections is None or slug in scope.sections or row.passage.section in scope.sections,
            scope.published_after is None or (published is not None and published >= scope.published_after),
            scope.published_before is None or (published is not None and published <= scope.published_before),
            scope.as_of is None or (effective is not None and effective <= scope.as_of),
            scope.include_superseded
            or row.superseded_on is None
            or (scope.as_of is not None and row.superseded_on > scope.as_of),
            scope.include_retracted or not row.retracted,
        )
    )


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(scope=scopes, words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), k=st.integers(1, 40))
def test_every_scope_is_exact(shelf_and_index: tuple[Shelf, Index], scope: Scope, words: list[str], k: int) -> None:
    store, index = shelf_and_index
    inside = {row.row_id for row in store.rows if admits(scope, row)}
    query, vector = " ".join(words), EMBEDDER.encode([" ".join(words)])[0]
    for every, found in (
        (index.lexical(query, len(store.rows), EVERYTHING), index.lexical(query, k, scope)),
        (index.dense(vector, len(store.rows), EVERYTHING), index.dense(vector, k, scope)),
    ):
        assert found == [pair for pair in every if pair[0] in inside][:k]
    documents = {row.row_id: row.passage.document_id for row in store.rows if row.row_id in inside}
    grouped = index.rows(scope)
    assert [row for rows in grouped for row in rows] == list(documents)
    assert [{documents[row] for row in rows} for rows in grouped] == [
        {name} for name in dict.fromkeys(documents.values())
    ]


def test_few_scopes_are_remembered_in_few_bytes(shelf_and_index: tuple[Shelf, Index]) -> None:
    _, index = shelf_and_index
    for day in range(100):
        index.lexical("dose", 3, Scope(as_of=date(2015, 1, 1) + timedelta(days=day)))
    remembered = index._positions.cache_info().currsize
    assert remembered * index._positions(EVERYTHING).itemsize <= 32


def test_another_embedders_index_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    manifest = build(shelf(documents=3), EMBEDDER, tmp_path)
    assert Index.open(tmp_path, "cpu", EMBEDDER.name).manifest == manifest
    next(tmp_path.glob("*/vectors.npy")).unlink()
    with pytest.raises(EmbedderMismatchError, match=r"hash-32, not another: run `citerx index`"):
        Index.open(tmp_path, "cpu", "another")


def test_dense_is_the_inner_product(shelf_and_index: tuple[Shelf, Index]) -> None:
    store, index = shelf_and_index
    vector = EMBEDDER.encode(["renal dose of warfarin"])[0]
    texts = [f"{row.passage.context}\n{row.passage.text}" for row in store.rows]
    expected = EMBEDDER.encode(texts).astype(np.float16).astype(np.float64) @ vector
    found = dict(index.dense(vector, len(texts), EVERYTHING))
    assert len(found) == len(texts)
    assert all(abs(found[row.row_id] - score) < 1e-5 for row, score in zip(store.rows, expected, strict=True))


def test_lexical_finds_who_shares_a_word(shelf_and_index: tuple[Shelf, Index]) -> None:
    store, index = shelf_and_index
    found = {row for row, _ in index.lexical("digoxin 2.5", len(store.rows), EVERYTHING)}
    wanted = set(analyse("digoxin 2.5"))
    assert found == {row.row_id for row in store.rows if wanted & set(analyse(row.passage.text))}


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_asked_for(shelf_and_index: tuple[Shelf, Index], k: int) -> None:
    _, index = shelf_and_index
    assert index.lexical("dose", k, Scope()) == []
    assert index.dense(EMBEDDER.encode(["dose"])[0], k, Scope()) == []
    assert index.lexical("", 5, Scope()) == []


def test_answers_do_not_depend_on_row_ids(tmp_path: Path, shelf_and_index: tuple[Shelf, Index]) -> None:
    store, index = shelf_and_index
    other = shelf()
    order = np.random.default_rng(9).permutation(len(other.rows))
    other.rows = [replace(row, row_id=1000 + int(number)) for row, number in zip(other.rows, order, strict=True)]
    manifest = build(other, EMBEDDER, tmp_path)
    assert manifest.generation == index.manifest.generation
    names = [{row.row_id: row.passage.passage_id for row in kept.rows} for kept in (store, other)]
    both = [
        [names[number][row] for row, _ in kept.lexical("dose rash", 30, Scope())]
        for number, kept in enumerate((index, Index.open(tmp_path, "cpu")))
    ]
    assert both[0] == both[1]


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


def test_no_index(tmp_path: Path) -> None:
    assert not stamp(tmp_path)
    for read in (Index.open, Manifest.current):
        with pytest.raises(IndexUnavailableError, match="citerx index"):
            read(tmp_path)


def test_nothing_to_index(tmp_path: Path) -> None:
    assert build(Shelf([]), EMBEDDER, tmp_path).passages == 0
    index = Index.open(tmp_path, "cpu")
    assert index.lexical("dose", 5, Scope()) == []
    assert index.dense(EMBEDDER.encode(["dose"])[0], 5, Scope()) == []


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


def label(version: str, effective: date, text: str) -> tuple[Document, list[Passage]]:
    section = Section("drug_interactions", "Interactions", ("Interactions",), text)
    document = Document(
        document_id=f"label:w:{version}",
        kind=Kind.LABEL,
        title="Rythmol",
        work_id="w",
        version=version,
        sha256=text,
        sections=(section,),
        published=effective,
        effective=effective,
        drugs=DrugNames(generic=("propafenone hydrochloride",)),
    )
    name = passage_id(document.document_id, section.slug, 0, len(text))
    found = Passage(name, document.document_id, section.slug, 0, len(text), text, "propafenone | Interactions")
    return document, [found]


def test_with_the_real_store(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'citerx.db'}")
    for version, effective, text in (
        ("1", date(2015, 1, 1), "Avoid digoxin."),
        ("2", date(2020, 1, 1), "Avoid digoxin and colchicine."),
    ):
        with store.writing() as batch:
            batch.put(*label(version, effective, text))
    embedder = Counting()
    manifest = build(store, embedder, tmp_path / "index")
    assert (manifest.passages, manifest.documents, embedder.texts) == (2, 2, 2)
    assert manifest.revision == store.revision()
    index = Index.open(tmp_path / "index", "cpu")

    def versions(scope: Scope) -> set[str]:
        found = store.passages([row for row, _ in index.lexical("digoxin", 5, scope)]).values()
        return {passage.document_id.rpartition(":")[2] for passage in found}

    assert versions(Scope(drugs=frozenset({"propafenone"}))) == {"2"}
    assert versions(Scope(as_of=date(2016, 1, 1))) == {"1"}
    assert versions(Scope(include_superseded=True)) == {"1", "2"}
    assert versions(Scope(drugs=frozenset({"colchicine"}))) == set()
    assert build(store, embedder, tmp_path / "index") == manifest
    shutil.rmtree(tmp_path / "index")
    assert build(store, embedder, tmp_path / "index").generation == manifest.generation
    assert embedder.texts == 2
    store.close()
