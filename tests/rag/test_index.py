"""Searching a generation: exact within every scope."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.schema import Document, DrugNames, Kind, Passage, Section, in_force, passage_id
from ingest.store import Store
from rag.errors import EmbedderMismatchError, IndexUnavailableError, ModelError
from rag.index import Index, Manifest, Scope, build
from rag.indexes.generations import stamp
from rag.lexical import analyse
from tests.rag.shelf import DRUGS, EMBEDDER, EVERYTHING, SECTIONS, WORDS, Counting, Row, Shelf, shelf


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
            in_force(effective, row.superseded_on, scope.as_of, replaced=scope.include_superseded),
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


def test_dense_is_the_inner_product(shelf_and_index: tuple[Shelf, Index]) -> None:
    store, index = shelf_and_index
    vector = EMBEDDER.encode(["renal dose of warfarin"])[0]
    texts = [f"{row.passage.context}\n{row.passage.text}" for row in store.rows]
    expected = EMBEDDER.encode(texts).astype(np.float16).astype(np.float64) @ vector
    found = dict(index.dense(vector, len(texts), EVERYTHING))
    assert len(found) == len(texts)
    assert all(abs(found[row.row_id] - score) < 1e-5 for row, score in zip(store.rows, expected, strict=True))


def test_vectors_are_those_of_the_rows_asked_for(shelf_and_index: tuple[Shelf, Index]) -> None:
    store, index = shelf_and_index
    vector, rows = EMBEDDER.encode(["renal dose of warfarin"])[0], [row.row_id for row in store.rows][::-3]
    found = dict(index.dense(vector, len(store.rows), EVERYTHING))
    assert index.vectors(rows) @ vector == pytest.approx([found[row] for row in rows], abs=1e-5)
    assert index.vectors([rows[0], rows[0]]).tolist() == [index.vectors(rows)[0].tolist()] * 2
    assert index.vectors([]).shape == (0, EMBEDDER.dimension)
    for unknown in (-1, 10**9):
        with pytest.raises(KeyError, match=str(unknown)):
            index.vectors([rows[0], unknown])


def test_rarity_is_that_of_bm25(shelf_and_index: tuple[Shelf, Index]) -> None:
    store, index = shelf_and_index
    texts = [set(analyse(row.passage.text)) for row in store.rows]
    terms = [*analyse("warfarin dose"), "zorbifloxin"]
    counts = [sum(term in text for text in texts) for term in terms]
    assert min(counts) == 0 < max(counts)
    expected = [log(1 + (len(texts) - count + 0.5) / (count + 0.5)) for count in counts]
    assert index.rarity(terms) == pytest.approx(expected)
    assert index.rarity([]) == []


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


def test_another_embedders_index_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    manifest = build(shelf(documents=3), EMBEDDER, tmp_path)
    assert Index.open(tmp_path, "cpu", EMBEDDER.name).manifest == manifest
    next(tmp_path.glob("*/vectors.npy")).unlink()
    with pytest.raises(EmbedderMismatchError, match=r"hash-32, not another: run `citerx index`"):
        Index.open(tmp_path, "cpu", "another")


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
    assert index.vectors([]).shape == (0, EMBEDDER.dimension)
    assert index.rarity(["dose"]) == pytest.approx([log(2)])
    with pytest.raises(KeyError, match="7"):
        index.vectors([7])


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


def test_both_at_once_are_what_each_finds_alone(shelf_and_index: tuple[Shelf, Index]) -> None:
    _, index = shelf_and_index
    vector = EMBEDDER.encode(["renal dose"])[0]
    for wide in (0, 10**9):
        both = Index(index.manifest, index._columns, index._words, index._matrix, wide=wide).both
        for scope in (EVERYTHING, Scope(drugs=frozenset({"warfarin"})), Scope(kinds=frozenset())):
            found = both("renal dose", vector, 30, scope)
            assert found == (index.lexical("renal dose", 30, scope), index.dense(vector, 30, scope))
        with pytest.raises(ModelError, match="has shape"):
            both("renal dose", vector[:3], 30, EVERYTHING)
