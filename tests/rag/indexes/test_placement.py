"""The rule that chooses the index, at its edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.indexes.placement import (
    TRAINABLE,
    Device,
    Machine,
    Placement,
    code_bytes,
    exact_bytes,
    lists,
    machine,
    needs_training,
    place,
    refined_bytes,
)

MANY, WIDTH = 1_000_000, 384
EXACT, ROUGH = exact_bytes(MANY, WIDTH), refined_bytes(MANY, WIDTH)
ENOUGH = 2 * EXACT


@pytest.mark.parametrize(
    ("there", "device", "expected"),
    [
        (Machine(ENOUGH), "auto", Placement("exact", "cpu")),
        (Machine(ENOUGH - 1), "auto", Placement("refined", "cpu")),
        (Machine(0, torch_gpu=ENOUGH), "auto", Placement("exact", "torch")),
        (Machine(0, torch_gpu=ENOUGH - 1), "auto", Placement("refined", "cpu")),
        (Machine(ENOUGH, torch_gpu=ENOUGH - 1), "cuda", Placement("exact", "cpu")),
        (Machine(ENOUGH, torch_gpu=ENOUGH), "cpu", Placement("exact", "cpu")),
        (Machine(0, (ENOUGH,)), "auto", Placement("exact", "faiss", "replicate")),
        (Machine(0, (ENOUGH, ENOUGH)), "cuda", Placement("exact", "faiss", "replicate")),
        (Machine(0, (ENOUGH, ENOUGH - 2)), "auto", Placement("exact", "faiss", "shard")),
        (Machine(0, (EXACT, EXACT)), "auto", Placement("exact", "faiss", "shard")),
        (Machine(0, (EXACT, EXACT - 2)), "auto", Placement("refined", "faiss", "replicate")),
        (Machine(0, (ROUGH, ROUGH)), "auto", Placement("refined", "faiss", "shard")),
        (Machine(0, (ROUGH, ROUGH - 2)), "auto", Placement("refined", "cpu")),
        (Machine(ENOUGH, (2 * ROUGH,)), "auto", Placement("refined", "faiss", "replicate")),
        (Machine(ENOUGH, (2 * ROUGH,)), "cpu", Placement("exact", "cpu")),
    ],
)
def test_the_edges(there: Machine, device: Device, expected: Placement) -> None:
    assert place(MANY, WIDTH, there, device) == expected


def test_what_is_too_little_to_train_on_is_exact() -> None:
    assert place(TRAINABLE - 1, WIDTH, Machine(0)).kind == "exact"
    assert place(TRAINABLE - 1, WIDTH, Machine(0, (0, 0))) == Placement("exact", "faiss", "shard")
    assert place(TRAINABLE, WIDTH, Machine(0)).kind == "refined"


def test_half_a_million_on_a_small_machine_and_ten_on_a_large_gpu() -> None:
    assert place(500_000, WIDTH, Machine(4 * 2**30)).kind == "exact"
    assert place(10_000_000, WIDTH, Machine(8 * 2**30)).kind == "refined"
    assert place(10_000_000, WIDTH, Machine(0, (80 * 2**30,))) == Placement("exact", "faiss", "replicate")


@given(st.integers(0, 10**8), st.sampled_from([32, 100, 384, 768, 1024]), st.integers(0, 2**40), st.integers(0, 2**40))
def test_more_memory_never_makes_it_rougher(passages: int, dimension: int, less: int, more: int) -> None:
    kinds = [place(passages, dimension, Machine(memory)).kind for memory in sorted((less, more))]
    assert kinds != ["exact", "refined"]
    assert needs_training(passages, dimension, Machine(less)) == (
        place(passages, dimension, Machine(less)).kind == "refined"
    )


@given(st.integers(0, 10**8), st.integers(1, 4096))
def test_codes_and_lists_are_what_faiss_takes(passages: int, dimension: int) -> None:
    assert dimension % code_bytes(dimension) == 0
    assert 1 <= lists(passages) <= max(4 * passages**0.5, 1)
    assert lists(passages).bit_count() == 1


def test_either_device_may_need_the_trained_index() -> None:
    assert needs_training(MANY, WIDTH, Machine(ENOUGH, (EXACT,)))
    assert needs_training(MANY, WIDTH, Machine(EXACT, (ENOUGH,)))
    assert not needs_training(MANY, WIDTH, Machine(ENOUGH, (ENOUGH,)))


def test_this_machine() -> None:
    assert machine("cpu").memory > 2**27
    assert machine("cpu").faiss_gpus == ()
    assert machine("cpu").torch_gpu is None
