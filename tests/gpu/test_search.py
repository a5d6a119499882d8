"""Vector search on a GPU finds what the processor finds, from the same files. Skipped where there is no GPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch

from rag.batching import has_bfloat16
from rag.dense import MiniLM
from rag.indexes import refined, vectors
from rag.indexes.placement import Layout, Machine, machine
from rag.indexes.searchers import Flat, OnGpus, Product
from rag.indexes.vectors import Half, Vectors
from tests.rag.matrices import tied, unit, written

pytestmark = pytest.mark.gpu

ROOM = Machine(memory=2**40)


@pytest.fixture(scope="module")
def rows() -> Half:
    return tied(1, 20_000, 48, spread=500)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, rows: Half) -> Path:
    file = written(tmp_path_factory.mktemp("vectors"), rows)
    refined.write(file.with_name(refined.FILE), rows)
    return file


def faiss_gpus() -> int:
    found = int(getattr(faiss, "get_num_gpus", lambda: 0)())
    if not found:
        pytest.skip("FAISS sees no GPU")
    return found


def torch_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU")


def same(there: Machine, file: Path, rows: Half) -> None:
    found, expected = Vectors(file, "cuda", there), Vectors(file, "cpu", ROOM)
    scopes = (None, np.arange(1, len(rows), 3), np.arange(2000, 2050))
    for query in (*unit(6, 20, 48), rows[0].astype(np.float32)):
        for within in scopes:
            for limit in (1, 60, 3000):
                positions, scores = found.nearest(query, limit, within)
                wanted = expected.nearest(query, limit, within)
                assert positions.tolist() == wanted[0].tolist()
                assert scores.tolist() == wanted[1].tolist()


def test_torch_finds_the_same(file: Path, rows: Half) -> None:
    torch_gpu()
    same(Machine(0, torch_gpu=2**30), file, rows)


def test_torch_loses_nothing_of_a_query(rows: Half) -> None:
    torch_gpu()
    queries = unit(3, 8, 48)
    assert Product(rows, "cuda").candidates(queries, 10, None).tolist() == (
        Flat(rows).candidates(queries, 10, None).tolist()
    )


def test_faiss_finds_the_same(file: Path, rows: Half) -> None:
    faiss_gpus()
    same(Machine(0, machine("cuda").faiss_gpus), file, rows)


@pytest.mark.parametrize("layout", ["replicate", "shard"])
def test_faiss_replicated_or_shared_out(rows: Half, layout: Layout) -> None:
    if faiss_gpus() < 2:
        pytest.skip("one GPU only")
    queries = unit(3, 8, 48)
    found, wanted = (part.candidates(queries, 10, None) for part in (OnGpus(rows, layout), Flat(rows)))
    assert [set(row) for row in found.tolist()] == [set(row) for row in wanted.tolist()]


def test_the_trained_index_of_the_processor_serves_on_the_gpu(file: Path, rows: Half) -> None:
    faiss_gpus()
    there = OnGpus(vectors.read(file), "replicate", file.with_name(refined.FILE))
    exact = Flat(rows).candidates(queries := unit(4, 20, 48), 100, None)
    found = there.candidates(queries, 100, None)
    shares = [len(set(one) & set(two)) / 100 for one, two in zip(exact.tolist(), found.tolist(), strict=True)]
    assert np.mean(shares) > 0.85


def test_many_threads_may_ask_at_once(file: Path) -> None:
    faiss_gpus()
    search = Vectors(file, "cuda")
    queries = unit(5, 200, 48)
    expected = [search.nearest(query, 5)[0].tolist() for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert [found.tolist() for found, _ in pool.map(lambda query: search.nearest(query, 5), queries)] == expected


def test_embedding_on_the_gpu_is_near_that_of_the_processor() -> None:
    torch_gpu()
    texts = ["Avoid the combination.", "The usual dose is one tablet a day, taken with food. " * 20, "rash"]
    there, here = MiniLM(device="cuda"), MiniLM(device="cpu", arithmetic="float32")
    assert has_bfloat16("cuda") == ("bfloat16" in there.name)
    assert np.min(np.sum(there.encode(texts) * here.encode(texts), axis=1)) > 0.99
