"""Embedders and vector search, against the model library's own encoding and numpy's exact search."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event, get_ident
from time import sleep

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.batching import TOKENS_PER_BATCH, batches, through
from rag.dense import (
    PACKAGED_NAME,
    HashEmbedder,
    MiniLM,
    check_weights,
    fingerprint,
    open_embedder,
    packaged,
)
from rag.errors import ModelError
from rag.settings import Settings
from rag.types import Embedder
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
        one = open_embedder(Settings(device="cpu", threads=2), threads=1)
        assert torch.get_num_threads() == 1
        assert one._helpers is not None  # the other thread takes whole batches
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == 1
    finally:
        torch.set_num_threads(before)


def test_another_model_runs_on_the_texts_as_the_embedder_tokenizes_them(minilm: MiniLM) -> None:
    counted = minilm.run(lambda tokens: tokens["attention_mask"].sum(1, keepdim=True), ["", "dose", "dose " * 999])
    assert counted.tolist() == [[2], [3], [minilm._model.max_seq_length]]
    assert minilm.device == "cpu"
    assert minilm.name.split("-")[-2] == minilm.weights


def test_helpers_take_batches_and_change_no_bit(minilm: MiniLM) -> None:
    helped = MiniLM(device="cpu", arithmetic="float32", helpers=1)
    texts = [f"dose {number} " * (5 + number) for number in range(60)]
    assert len(list(batches([len(text.split()) for text in texts], TOKENS_PER_BATCH["cpu"]))) > 2
    threads = set()

    def counted(tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        threads.add(get_ident())
        return tokens["attention_mask"].sum(1, keepdim=True)

    assert (helped.encode(texts) == minilm.encode(texts)).all()
    expected = minilm.run(counted, texts)
    threads.clear()
    assert (helped.run(counted, texts) == expected).all()
    assert get_ident() in threads
    assert helped._helpers is not None
    free = Event()
    busy = helped._helpers.submit(free.wait, 30)  # with another question's batch
    threads.clear()
    assert (helped.run(counted, texts) == expected).all()
    assert threads == {get_ident()}
    assert not busy.done()
    free.set()


def test_what_a_helper_meets_is_raised() -> None:
    helped = MiniLM(device="cpu", arithmetic="float32", helpers=1)
    caller = get_ident()

    def failing(tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        if get_ident() != caller:
            raise ValueError("of a helper")
        sleep(0.2)  # so that the helper comes to a batch
        return tokens["attention_mask"].sum(1, keepdim=True)

    with pytest.raises(ValueError, match="of a helper"):
        helped.run(failing, ["dose " * 250] * 9)


def test_after_an_error_nothing_that_was_offered_runs() -> None:
    helped = MiniLM(device="cpu", arithmetic="float32", helpers=1)
    assert helped._helpers is not None
    free = Event()
    helped._helpers.submit(free.wait, 30)
    read: list[int] = []

    def failing(tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        read.append(len(tokens["input_ids"]))
        raise ValueError("of the caller")

    with pytest.raises(ValueError, match="of the caller"):
        helped.run(failing, ["dose " * 250] * 9)
    free.set()
    helped._helpers.submit(int).result(30)  # after all that was offered before
    assert len(read) == 1


def test_no_texts_make_no_rows(minilm: MiniLM) -> None:
    read = through(lambda tokens: tokens["input_ids"], minilm._model.tokenizer, {"input_ids": []}, "cpu", "float32")
    assert read == []


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"altered")
    with pytest.raises(ModelError, match=r"model\.safetensors: SHA-256 is [0-9a-f]{64}, not 00; reinstall"):
        check_weights(file, "00")
    with pytest.raises(ModelError, match="cannot be read"):
        check_weights(tmp_path / "absent", "00")
    with pytest.raises(ModelError, match="reinstall citerx"):
        check_weights(file, "00", "citerx")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match=r"no \.safetensors weights"):
        MiniLM(tmp_path)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a sentence-transformers model"):
        MiniLM(tmp_path, device="cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_says_what_to_do() -> None:
    with pytest.raises(ModelError, match="auto or cpu"):
        MiniLM(device="cuda")


@given(st.lists(st.integers(1, 40), max_size=40), st.integers(40, 200))
def test_batches_hold_every_text_once_within_the_budget(lengths: list[int], budget: int) -> None:
    groups = list(batches(lengths, budget))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    assert all(max(lengths[index] for index in group) * len(group) <= budget for group in groups)


@given(st.text(), st.text())
def test_hashing_depends_on_words_only(first: str, second: str) -> None:
    embedder = HashEmbedder(16)
    assert np.array_equal(embedder.encode([f"{first} {second}"]), embedder.encode([f"{first}  \n{second}"]))
