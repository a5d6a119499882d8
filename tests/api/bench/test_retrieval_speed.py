"""The benchmarks of retrieval at a size that takes seconds: copies are faithful, figures are there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.bench.device_speed import Limits, rates
from api.bench.latency import STAGES, unscoped
from api.bench.replicas import Original, Respelling, copied
from api.bench.retrieval_speed import Plan, run
from api.bench.service import BenchError
from ingest.passages import split
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.indexes.build import build
from tests.rag.bookshelf import corpus

EMBEDDER = HashEmbedder(32)


@pytest.fixture
def source(tmp_path: Path) -> Store:
    store = Store.open(f"sqlite:///{tmp_path / 'source.db'}")
    with store.writing() as batch:
        for document in corpus():
            batch.put(document, split(document))
    build(store, EMBEDDER, tmp_path / "index")
    return store


@given(st.text(st.sampled_from("abcdefghijk LMNOPQRSTuvwxyz-1ü"), max_size=80), st.integers(0, 40))
def test_respelling_keeps_length_case_and_what_is_no_word(text: str, replica: int) -> None:
    respelt = Respelling(replica, frozenset({"colchicine"})).text(text)
    assert len(respelt) == len(text)
    assert re.sub("[a-z]", "a", respelt) == re.sub("[a-z]", "a", re.sub("[A-Z]", "A", text)) or re.sub(
        "[A-Z]", "A", re.sub("[a-z]", "a", respelt)
    ) == re.sub("[A-Z]", "A", re.sub("[a-z]", "a", text))
    assert replica or respelt == text


def test_names_of_drugs_are_always_respelt_and_differently() -> None:
    found = {Respelling(replica, frozenset({"colchicine"})).text("Colchicine") for replica in range(20)}
    assert len(found) == 20


def test_a_copy_is_a_document_of_its_own_with_vectors_nearby() -> None:
    document = corpus()[0]
    passages = tuple(split(document))
    vectors = EMBEDDER.encode([passage.text for passage in passages]).astype(np.float16)
    names = frozenset({"propafenone"})
    copy = copied(Original(document, passages, vectors), 3, Respelling(3, names), np.random.default_rng(0))
    texts = {section.slug: section.text for section in copy.document.sections}
    assert copy.document.document_id != document.document_id
    assert copy.document.drugs.generic != document.drugs.generic
    assert "propafenone" not in str(copy.document).lower()
    for passage in copy.passages:
        assert passage.text == texts[passage.section][passage.start : passage.end]
    assert not {passage.passage_id for passage in passages} & {passage.passage_id for passage in copy.passages}
    cosines = np.sum(copy.vectors.astype(float) * vectors.astype(float), axis=1)
    assert np.allclose(np.linalg.norm(copy.vectors.astype(float), axis=1), 1, atol=1e-3)
    assert np.all((cosines > 0.9) & (cosines < 1))


def test_stages_of_two_sizes_and_a_second_run_on_what_is_there(source: Store, tmp_path: Path) -> None:
    plan = Plan((30, 90), asked=10, stock_up_to=0, folder=tmp_path / "kept")
    steps: list[str] = []
    found = run(source, EMBEDDER, plan, steps.append)
    assert [size.passages >= wanted for size, wanted in zip(found, plan.sizes, strict=True)] == [True, True]
    for size in found:
        assert size.kind == "exact on cpu"
        assert {stage.questions for stage in size.stages} == {"with a drug", "without"}
        told = {stage.stage for stage in size.stages}
        assert {"lexical", "dense", "dense, scoped"} <= told <= set(STAGES)
        for sort in ("with a drug", "without"):
            p50 = {stage.stage: stage.p50_ms for stage in size.stages if stage.questions == sort}
            assert p50["total"] >= max(p50["embed"], p50["store"], p50["understand"]) > 0
        assert "--stock-up-to" in size.stock[0].reason
    again = run(source, EMBEDDER, plan, steps.append)
    assert [size.passages for size in again] == [size.passages for size in found]
    assert sum("filling" in step for step in steps) == 2


def test_beside_llamaindex(source: Store) -> None:
    pytest.importorskip("llama_index.retrievers.bm25", reason="LlamaIndex's BM25 is not installed (extra eval)")
    stock = run(source, EMBEDDER, Plan((60,), asked=10), lambda _step: None)[0].stock
    assert [one.questions for one in stock] == ["with a drug", "without"]
    for one in stock:
        assert one.p50_ms
        assert one.ours_p50_ms
        assert one.ratio == pytest.approx(one.p50_ms / one.ours_p50_ms)


def test_a_store_without_vectors_says_what_to_do(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(BenchError, match="ingest and index"):
        run(store, EMBEDDER, Plan((30,)), lambda _step: None)
    with store.writing() as batch:
        batch.put(corpus()[0], split(corpus()[0]))
    with pytest.raises(BenchError, match="run `citerx index` first"):
        run(store, EMBEDDER, Plan((30,)), lambda _step: None)


def test_unscoped_questions_differ() -> None:
    assert len(set(unscoped(100))) == 100


def test_rates_beside_the_floor() -> None:
    found = rates(2000, 32, "cpu")
    assert len(found) == 3
    assert all(rate.ms > 0 and rate.floor_ms > 0 for rate in found)
    assert {rate.on for rate in found} <= {"cpu, cpu", "cpu"}


def test_the_floor_is_the_larger_of_both() -> None:
    limits = Limits(bandwidth=1e9, peak=1e12)
    assert limits.rate("x", "cpu", 9.0, 2e6, 1e9).floor_ms == 2.0
    assert limits.rate("x", "cpu", 9.0, 2e6, 1e9).bound == "bandwidth"
    assert limits.rate("x", "cpu", 9.0, 2e6, 9e9).floor_ms == 9.0
    assert limits.rate("x", "cpu", 9.0, 2e6, 9e9).bound == "arithmetic"
