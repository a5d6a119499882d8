"""Damage is a function of bytes and seed, always there, and never without bounds."""

from __future__ import annotations

import random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.fuzz import mutations
from ingest.fuzz.mutations import MAX_BYTES, MUTATIONS, mutate

XML = b"<set><a id='1' name=\"x\"><Year>2021</Year>one 12.5<b>two</b> three</a><a id='2'>2020-05-03</a></set>"
JSON = b'{"results": [{"id": "a", "effective_time": "20210503", "n": 12.5, "list": [1, "two", null]}]}'
SUITS = (mutations.XML, mutations.JSON, mutations.TEXT, mutations.PDF, mutations.ARCHIVE)
FILES = st.one_of(st.binary(max_size=300), st.sampled_from([XML, JSON, b"", b"%PDF-1.4\n1 0 obj <</Length 12>> 3 0 R"]))


@settings(deadline=None)
@given(FILES, st.integers(), st.sampled_from(SUITS))
def test_the_same_seed_makes_the_same_mutant(data: bytes, seed: int, names: tuple[str, ...]) -> None:
    one, other = (mutate(data, random.Random(seed), names) for _ in range(2))
    assert one == other
    assert len(one.data) <= max(MAX_BYTES, len(data))
    assert 1 <= len(one.steps) <= 3


@pytest.mark.parametrize("name", MUTATIONS)
@settings(max_examples=30, deadline=None)
@given(data=FILES, seed=st.integers())
def test_a_single_step_always_changes_the_file(name: str, data: bytes, seed: int) -> None:
    rng = random.Random(seed)
    (*_, made) = (mutate(data, rng, (name,)) for _ in range(3))
    if len(made.steps) == 1:
        assert made.data != data


@given(st.binary(max_size=100), st.integers())
def test_bits_flip(data: bytes, seed: int) -> None:
    changed = mutations.flip_bits(data, random.Random(seed))
    assert len(changed) == max(1, len(data))
    assert changed != (data or b"\0")


@pytest.mark.parametrize(
    ("name", "data"),
    [("tags", XML), ("element", XML), ("attribute", XML), ("number", XML), ("date", XML), ("declare", XML),
     ("value", JSON), ("values", JSON), ("bracket", JSON), ("date", JSON), ("number", JSON)],
)  # fmt: skip
def test_structure_is_hit_where_there_is_any(name: str, data: bytes) -> None:
    """Not by the bit that is flipped where nothing suits: that would change no more than a bit of one byte."""
    made = {MUTATIONS[name](data, random.Random(seed)) for seed in range(30)}
    assert len(made - {data}) > 3


def test_a_declaration_is_made_in_linear_time() -> None:
    """Of a long text without another element: the square of 400 KB would take minutes."""
    data = b"<set>" + b"a>" * 200_000
    before = process_time()
    assert b"&x;" in mutations.declare(XML + data, random.Random(0))
    assert process_time() - before < 5


def test_every_suit_has_mutations() -> None:
    assert {name for names in SUITS for name in names} <= set(MUTATIONS)
    assert set(MUTATIONS) == {name for names in SUITS for name in names}
