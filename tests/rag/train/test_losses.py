"""Losses and draws, against values worked out by hand."""

from __future__ import annotations

from math import log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.train.lessons import drawn
from rag.train.losses import any_of, each_of


def mask(*answers: int) -> torch.Tensor:
    return torch.tensor([bool(answer) for answer in answers])


def test_any_answer_will_do() -> None:
    scores = torch.tensor([log(1.0), log(2.0), log(5.0)])
    assert any_of(scores, mask(1, 1, 0)).item() == pytest.approx(log(8 / 3))
    assert any_of(scores, mask(0, 0, 1)).item() == pytest.approx(log(8 / 5))
    assert any_of(scores, mask(1, 1, 1)).item() == pytest.approx(0, abs=1e-6)


def test_each_answer_is_set_apart_from_what_is_none() -> None:
    scores = torch.tensor([log(1.0), log(2.0), log(5.0)])
    assert each_of(scores, mask(1, 1, 0)).item() == pytest.approx((log(6 / 1) + log(7 / 2)) / 2)
    assert each_of(scores, mask(0, 0, 1)).item() == pytest.approx(log(8 / 5))


def test_a_search_of_nothing_but_answers_teaches_nothing_and_breaks_nothing() -> None:
    scores = torch.zeros(3, requires_grad=True)
    torch.autograd.backward(each_of(scores, mask(1, 1, 1)))
    assert scores.grad is not None
    assert scores.grad.abs().max().item() == 0


@given(st.integers(1, 20), st.integers(1, 9), st.integers(0, 5))
def test_a_pass_takes_every_place_once_and_steps_can_be_drawn_in_any_order(
    available: int, size: int, seed: int
) -> None:
    steps = -(-3 * available // size)
    forwards = [place for step in range(steps) for place in drawn(available, size, step, (seed, 0))]
    backwards = [drawn(available, size, step, (seed, 0)) for step in reversed(range(steps))][::-1]
    assert forwards == [place for step in backwards for place in step]
    for passed in range(3):
        assert sorted(forwards[passed * available : (passed + 1) * available]) == list(range(available))


def test_nothing_is_drawn_from_nothing() -> None:
    assert drawn(0, 8, 3, (0,)) == []
