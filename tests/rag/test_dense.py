"""Embedders and vector search, against the model library's own encoding and numpy's exact search."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag import vectors
from rag.dense import (
    PACKAGED_NAME,
    HashEmbedder,
    MiniLM,
    batches,
    check_weights,
    fingerprint,
    open_embedder,
    packaged,
)
from rag.errors import MissingExtraError, ModelError
from rag.settings import Settings
from rag.types import Embedder, Floats
from rag.vectors import Vectors
from tests.contracts.embedder import TEXTS, EmbedderContract

Half = NDArray[np.float16]


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(device="cpu", arithmetic="float32")


@pytest.fixture(scope="module")
def brain() -> MiniLM:
    return MiniLM(device="cpu", arithmetic="bfloat16")


class TestHashEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return HashEmbedder()


class TestMiniLM(EmbedderContract):
    @pytest.fixture
    def embedder(self, minilm: MiniLM) -> Embedder:
        return minilm

    def test_vectors_are_those_of_the_library(self, minilm: MiniLM) -> None:
        from sentence_transformers import SentenceTransformer

        library = SentenceTransformer(str(packaged()), device="cpu", local_files_only=True)
        expected = library.encode(list(TEXTS), normalize_embeddings=True)
        assert np.allclose(minilm.encode(TEXTS), expected, atol=1e-5)

    def test_bfloat16_differs_by_little_and_in_name(self, minilm: MiniLM, brain: MiniLM) -> None:
        near = (minilm.encode(TEXTS[:4]) * brain.encode(TEXTS[:4])).sum(axis=1)
        assert near.min() > 0.99
        assert near.min() < 1 - 1e-7  # it does compute in bfloat16
        assert minilm.name.removesuffix("float32") == brain.name.removesuffix("bfloat16")

    def test_name_tells_model_and_weights(self, minilm: MiniLM) -> None:
        assert minilm.name == f"{PACKAGED_NAME}-{fingerprint(packaged())[:12]}-float32"
        assert minilm.dimension == 384

    def test_another_folder_needs_no_checksum_and_gets_its_own_name(self, tmp_path: Path, minilm: MiniLM) -> None:
        folder = tmp_path / "tuned"
        shutil.copytree(packaged(), folder)
        config = folder / "sentence_bert_config.json"
        config.write_text(config.read_text().replace("256", "16"))
        tuned = open_embedder(Settings(embedder=str(folder), device="cpu", threads=1))
        assert tuned.name.startswith("tuned-")
        assert tuned.name.split("-")[1] != minilm.name.split("-")[-2]
        long = TEXTS[-1]
        assert not np.allclose(tuned.encode([long]), minilm.encode([long]), atol=1e-3)
        assert np.allclose(tuned.encode(["short"]), minilm.encode(["short"]), atol=1e-5)


def test_a_new_model_has_its_truncation_set_and_is_tokenized_for_one_thread_at_a_time() -> None:
    """The tokenizer fails ("Already borrowed") where one thread sets its state while another one reads it."""
    model = MiniLM(device="cpu", arithmetic="float32")
    assert model._model.tokenizer.backend_tokenizer.truncation["max_length"] == model._model.max_seq_length
    with ThreadPoolExecutor(8) as pool:
        with model._tokenizing:
            asked = [pool.submit(model.encode, [f"question {number}"]) for number in range(8)]
            assert not wait(asked, timeout=0.3).done
        assert all(one.result().shape == (1, 384) for one in asked)


def test_who_opens_the_embedder_says_how_many_threads_it_may_use() -> None:
    before = torch.get_num_threads()
    try:
        open_embedder(Settings(device="cpu", threads=2))
        assert torch.get_num_threads() == 2
        open_embedder(Settings(device="cpu", threads=2), threads=1)
        assert torch.get_num_threads() == 1
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 1
    finally:
        torch.set_num_threads(before)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"altered")
    with pytest.raises(ModelError, match=r"model\.safetensors: SHA-256 is [0-9a-f]{64}, not 00; reinstall"):
        check_weights(file, "00")
    with pytest.raises(ModelError, match="cannot be read"):
        check_weights(tmp_path / "absent", "00")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match=r"no \.safetensors weights"):
        MiniLM(tmp_path)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a sentence-transformers model"):
        MiniLM(tmp_path, device="cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="auto or cpu"):
        MiniLM(device="cuda")
    with pytest.raises(MissingExtraError, match="auto or cpu"):
        Vectors(matrix(tmp_path, np.zeros((1, 4), dtype=np.float16)), "cuda")


@given(st.lists(st.integers(1, 40), max_size=40), st.integers(40, 200))
def test_batches_hold_every_text_once_within_the_budget(lengths: list[int], budget: int) -> None:
    groups = list(batches(lengths, budget))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert all(max(lengths[index] for index in group) * len(group) <= budget for group in groups)


@given(st.text(), st.text())
def test_hashing_depends_on_words_only(first: str, second: str) -> None:
    embedder = HashEmbedder(16)
    assert np.array_equal(embedder.encode([f"{first} {second}"]), embedder.encode([f"{first}  \n{second}"]))


def matrix(folder: Path, rows: Half) -> Path:
    file = folder / "vectors.npy"
    blocks = (rows[start : start + 100] for start in range(0, len(rows), 100))
    vectors.write(file, len(rows), rows.shape[1], blocks)
    return file


@pytest.fixture(scope="module")
def rows() -> Half:
    values = np.random.default_rng(1).standard_normal((1000, 48), dtype=np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    values[500:510] = values[3]  # ties
    return values.astype(np.float16)


def exact(rows: Half, query: Floats) -> NDArray[np.float64]:
    return (rows.astype(np.float64) @ query.astype(np.float64)).round(6)


def test_file_is_a_plain_matrix(tmp_path: Path, rows: Half) -> None:
    assert np.array_equal(np.load(matrix(tmp_path, rows)), rows)


@pytest.mark.parametrize("limit", [1, 10, 300, 5000])
def test_nearest_is_exact(tmp_path: Path, rows: Half, limit: int) -> None:
    search = Vectors(matrix(tmp_path, rows), "cpu")
    for query in np.random.default_rng(2).standard_normal((10, 48), dtype=np.float32):
        expected = exact(rows, query)
        positions, scores = search.nearest(query, limit)
        assert np.allclose(scores, np.sort(expected)[::-1][:limit], atol=5e-6)
        assert np.allclose(expected[positions], scores, atol=5e-6)
        assert np.array_equal(np.lexsort((positions, -scores)), np.arange(len(positions)))


def test_scores_of_some_rows(tmp_path: Path, rows: Half) -> None:
    search = Vectors(matrix(tmp_path, rows), "cpu")
    query = rows[3].astype(np.float32)
    some = np.array([999, 3, 505, 0])
    assert np.allclose(search.score(some, query), exact(rows, query)[some], atol=5e-6)
    assert len(set(search.score(np.array([3, *range(500, 510)]), query).tolist())) == 1
    assert len(search.score(np.empty(0, dtype=np.int64), query)) == 0


def test_no_rows(tmp_path: Path) -> None:
    search = Vectors(matrix(tmp_path, np.empty((0, 8), dtype=np.float16)), "cpu")
    assert len(search) == 0
    assert len(search.nearest(np.ones(8, dtype=np.float32), 5)[0]) == 0


def test_a_vector_of_another_length_is_refused(tmp_path: Path, rows: Half) -> None:
    search = Vectors(matrix(tmp_path, rows), "cpu")
    with pytest.raises(ModelError, match=r"48 numbers, the query has shape \(3,\)"):
        search.nearest(np.ones(3, dtype=np.float32), 5)


def test_threads_and_a_deleted_file(tmp_path: Path, rows: Half) -> None:
    file = matrix(tmp_path, rows)
    search = Vectors(file, "cpu")
    file.unlink()
    queries = np.random.default_rng(5).standard_normal((40, 48), dtype=np.float32)
    with ThreadPoolExecutor(4) as pool:
        for query, (positions, _) in zip(
            queries, pool.map(lambda vector: search.nearest(vector, 5), queries), strict=True
        ):
            assert set(positions.tolist()) == set(np.argsort(-exact(rows, query))[:5].tolist())


@pytest.mark.gpu
def test_the_gpu_finds_the_same(tmp_path: Path, rows: Half) -> None:
    if getattr(faiss, "get_num_gpus", lambda: 0)() == 0:
        pytest.skip("FAISS sees no GPU")
    file = matrix(tmp_path, rows[:500])
    query = np.random.default_rng(6).standard_normal(48, dtype=np.float32)
    assert Vectors(file, "cuda").nearest(query, 20)[0].tolist() == Vectors(file, "cpu").nearest(query, 20)[0].tolist()


@pytest.mark.gpu
def test_the_gpu_may_be_asked_by_many_threads_at_once(tmp_path: Path, rows: Half) -> None:
    if getattr(faiss, "get_num_gpus", lambda: 0)() == 0:
        pytest.skip("FAISS sees no GPU")
    search = Vectors(matrix(tmp_path, rows), "cuda")
    queries = np.random.default_rng(5).standard_normal((200, 48), dtype=np.float32)
    expected = [search.nearest(query, 5)[0].tolist() for query in queries]
    with ThreadPoolExecutor(8) as pool:
        assert [found.tolist() for found, _ in pool.map(lambda query: search.nearest(query, 5), queries)] == expected
