"""Vector search against numpy's exact search: whatever the rule chooses, in whatever scope, ties in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import MissingExtraError, ModelError
from rag.indexes import refined, vectors
from rag.indexes.placement import Machine, Placement
from rag.indexes.searchers import Flat, Product, Refined
from rag.indexes.vectors import Half, Vectors, best, searcher
from tests.rag.matrices import scores, tied, unit, written

ROOM, NONE = Machine(memory=2**40), Machine(memory=0)
COUNT, DIMENSION = 12_000, 32


@pytest.fixture(scope="module")
def rows() -> Half:
    """A cluster around each of 300 centres, and a row that comes 40 times."""
    centres, noise = unit(1, 300, DIMENSION), unit(2, COUNT, DIMENSION)
    values = np.repeat(centres, COUNT // 300, axis=0) + 0.6 * noise
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    values[::300] = values[0]
    return values.astype(np.float16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, rows: Half) -> Path:
    made = tmp_path_factory.mktemp("vectors")
    file = written(made, rows)
    refined.write(made / refined.FILE, vectors.read(file))
    return made


@pytest.fixture(scope="module")
def exact(folder: Path) -> Vectors:
    return Vectors(folder / "vectors.npy", "cpu", ROOM)


@pytest.fixture(scope="module")
def pair(exact: Vectors, streamed: Vectors) -> tuple[Vectors, Vectors]:
    return exact, streamed


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory, rows: Half) -> Vectors:
    """Too little memory and no trained index beside the matrix."""
    return Vectors(written(tmp_path_factory.mktemp("streamed"), rows), "cpu", NONE)


@pytest.fixture(scope="module")
def rough(folder: Path) -> Vectors:
    return Vectors(folder / "vectors.npy", "cpu", NONE)


def test_file_is_a_plain_matrix(tmp_path: Path) -> None:
    rows = tied(1, 250, 8, spread=9)
    assert np.array_equal(np.load(written(tmp_path, rows)), rows)


def test_the_searcher_is_the_one_of_the_rule(exact: Vectors, streamed: Vectors, rough: Vectors, folder: Path) -> None:
    assert exact.placement == Placement("exact", "cpu")
    assert streamed.placement == rough.placement == Placement("refined", "cpu")
    matrix = vectors.read(folder / "vectors.npy")
    assert isinstance(searcher(matrix, exact.placement, folder / refined.FILE), Flat)
    assert isinstance(searcher(matrix, rough.placement, folder / refined.FILE), Refined)
    assert isinstance(searcher(matrix, rough.placement, folder / "absent"), Product)


scopes = st.none() | st.builds(
    lambda seed, share, step: np.flatnonzero(np.random.default_rng(seed).random(COUNT // step) < share) * step,
    st.integers(0, 99),
    st.sampled_from([0.0, 0.001, 0.05, 0.4, 1.0]),
    st.sampled_from([1, 300]),
)


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(-50, 10**6), limit=st.integers(1, 400), within=scopes)
def test_exact_searches_find_what_numpy_finds(
    pair: tuple[Vectors, Vectors],
    rows: Half,
    seed: int,
    limit: int,
    within: np.ndarray[tuple[int], np.dtype[np.int64]] | None,
) -> None:
    exact = pair[0]
    vector = rows[0].astype(np.float32) if seed < 0 else unit(seed, 1, DIMENSION)[0]  # below 0: 40 rows tie
    every = np.arange(COUNT) if within is None else within
    expected, own = scores(rows, vector)[every], best(every, exact.score(every, vector), limit)
    for index in pair:
        positions, found = index.nearest(vector, limit, within)
        assert positions.tolist() == own[0].tolist()
        assert np.allclose(found, np.sort(expected)[::-1][:limit], atol=5e-6)
        assert np.array_equal(np.lexsort((positions, -found)), np.arange(len(positions)))


def test_the_trained_index_finds_nearly_all_and_scores_exactly(rough: Vectors, exact: Vectors) -> None:
    recalls = []
    for query in unit(7, 40, DIMENSION):
        wanted, _ = exact.nearest(query, 100)
        positions, found = rough.nearest(query, 100)
        assert found.tolist() == exact.score(positions, query).tolist()
        assert np.array_equal(np.lexsort((positions, -found)), np.arange(len(positions)))
        recalls.append(len(set(wanted.tolist()) & set(positions.tolist())) / 100)
    assert np.mean(recalls) > 0.9


def test_the_trained_index_keeps_to_a_scope_and_fills_it(rough: Vectors) -> None:
    within = np.arange(1, COUNT, 5)
    for query in unit(8, 10, DIMENSION):
        positions, _ = rough.nearest(query, 100, within)
        assert len(positions) == 100
        assert set((positions % 5).tolist()) == {1}
        assert len(rough.nearest(query, 5000, within)[0]) == len(within)


def test_training_again_makes_the_same_file(tmp_path: Path, rows: Half) -> None:
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        refined.write(tmp_path / name, rows[:2000], seed)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "again").read_bytes()
    assert (tmp_path / "one").read_bytes() != (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("within", [None, np.arange(3, COUNT, 7), np.arange(50, 900)])
def test_torch_searches_many_questions_at_once(rows: Half, within: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    queries = unit(9, 6, DIMENSION)
    found = Product(rows, "cpu").candidates(queries, 20, within)
    every = np.arange(COUNT) if within is None else within
    assert found.shape == (6, 20)
    for query, positions in zip(queries, found, strict=True):
        wanted = np.sort(scores(rows, query)[every])[::-1][:20]
        assert np.allclose(scores(rows, query)[positions], wanted, atol=1e-5)
        assert set(positions.tolist()) <= set(every.tolist())


def test_scores_of_some_rows(exact: Vectors, rows: Half) -> None:
    query, some = rows[0].astype(np.float32), np.array([999, 3, 505, 0])
    assert np.allclose(exact.score(some, query), scores(rows, query)[some], atol=5e-6)
    assert len(set(exact.score(np.arange(0, COUNT, 300), query).tolist())) == 1
    assert len(exact.score(np.empty(0, dtype=np.int64), query)) == 0


def test_rows_are_those_of_the_matrix(exact: Vectors, streamed: Vectors, rows: Half) -> None:
    some = np.array([999, 3, 999, 0])
    for index in (exact, streamed):
        found = index.rows(some)
        assert found.dtype == np.float32
        assert np.array_equal(found, rows[some].astype(np.float32))
        assert index.rows(some[:0]).shape == (0, DIMENSION)


def test_no_rows(tmp_path: Path) -> None:
    search = Vectors(written(tmp_path, np.empty((0, 8), dtype=np.float16)), "cpu", NONE)
    assert len(search) == 0
    assert len(search.nearest(np.ones(8, dtype=np.float32), 5)[0]) == 0


def test_a_vector_of_another_length_is_refused(exact: Vectors) -> None:
    with pytest.raises(ModelError, match=r"32 numbers, the query has shape \(3,\)"):
        exact.nearest(np.ones(3, dtype=np.float32), 5)


def test_a_gpu_that_is_not_there_is_named(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(MissingExtraError, match="auto or cpu"):
        Vectors(written(tmp_path, np.zeros((1, 4), dtype=np.float16)), "cuda")


@pytest.mark.parametrize("room", [ROOM, NONE])
def test_threads_and_a_deleted_file(tmp_path: Path, rows: Half, room: Machine) -> None:
    file = written(tmp_path, rows)
    search = Vectors(file, "cpu", room)
    file.unlink()
    queries = unit(5, 30, DIMENSION)
    expected = [search.nearest(query, 5)[0].tolist() for query in queries]
    with ThreadPoolExecutor(4) as pool:
        assert [found.tolist() for found, _ in pool.map(lambda query: search.nearest(query, 5), queries)] == expected
