"""The reader's training: both tasks in every step, the lower layers learning from both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from rag.dense import MiniLM
from rag.sentences.reader import ANSWER_TOKENS, CLAIM_TOKENS, CrossEncoder
from rag.train.files import restored, save_state
from rag.train.readings import Reading

EARLY = 3
BATCH = {"answer": 32, "claim": 16}
LENGTH = {"answer": ANSWER_TOKENS, "claim": 160}
"""Tokens of a pair in training; claims are read up to `CLAIM_TOKENS` afterwards."""
ALIKE = 8
"""Batches that are sorted by length together: little padding, and yet each draws from everywhere."""
RATES = {"layers": 6e-5, "answers": 1e-3, "supports": 1e-3}
DECAY, WARM_UP, LOWEST, LABEL_SMOOTHING = 0.01, 60, 0.05, 0.05

Say = Callable[[str], None]

assert LENGTH["claim"] <= CLAIM_TOKENS


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast; ``pace``: what all rates are multiplied by; ``every``: steps between two saved states."""

    steps: int
    seed: int
    pace: float = 1.0
    every: int = 50


def trained(
    embedder: MiniLM,
    readings: Sequence[Reading],
    plan: Plan,
    file: Path,
    say: Say,
    *,
    start: CrossEncoder | None = None,
) -> CrossEncoder:
    """The model after ``plan.steps``, from ``start`` or the embedder.

    ``file`` holds the run's state, from which it goes on where it was cut off.
    """
    torch.manual_seed(plan.seed)
    model = start or CrossEncoder(embedder.transformer, EARLY)
    model.requires_grad_(requires_grad=True).embeddings.requires_grad_(requires_grad=False)
    optimiser = _optimiser(model, plan.pace)
    first, started = restored(file, _parameters(model), optimiser), time.monotonic()
    lessons = {
        task: _Lesson(embedder, [one for one in readings if one.task == task], task, plan.seed) for task in BATCH
    }
    model.train()
    model.embeddings.eval()
    seen: list[dict[str, float]] = []
    for step in range(first, plan.steps):
        torch.manual_seed(plan.seed * 1_000_003 + step)  # of dropout, so that a run that goes on is the same run
        share = min(1.0, (step + 1) / WARM_UP) * max(LOWEST, 1 - step / plan.steps)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * share
        losses = {task: _loss(model, lesson, step) for task, lesson in lessons.items() if lesson.readings}
        optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        seen.append({task: loss.item() for task, loss in losses.items()})
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            save_state(file, _parameters(model), optimiser, step + 1)
            means = ", ".join(f"{task} {np.mean([one[task] for one in seen]):.3f}" for task in seen[0])
            say(f"{file.stem}: step {step + 1} of {plan.steps}, {means}, {time.monotonic() - started:.0f} s")
            seen.clear()
    return model.eval()


class _Lesson:
    """The readings of a task, tokenised, in batches of like length."""

    def __init__(self, embedder: MiniLM, readings: Sequence[Reading], task: str, seed: int) -> None:
        self.readings, self.task, self._embedder, self._seed = readings, task, embedder, seed
        if readings:
            pairs = [one.question for one in readings], [one.text for one in readings]
            self._tokens = embedder.tokens(*pairs, LENGTH[task])
        self._batches = lru_cache(2)(lambda passed: list(self._pass(passed)))

    def batch(self, step: int) -> tuple[dict[str, torch.Tensor], list[Reading]]:
        """The padded pairs of a step and what they are; every pair comes once in each pass over all."""
        passed, place = divmod(step, max(1, len(self.readings) // BATCH[self.task]))
        chosen = self._batches(passed)[place]
        tokens = {name: [values[one] for one in chosen] for name, values in self._tokens.items()}
        return self._embedder.padded(tokens), [self.readings[one] for one in chosen]

    def _pass(self, passed: int) -> Iterator[list[int]]:
        chance = np.random.default_rng((self._seed, passed))
        order = chance.permutation(len(self.readings)).tolist()
        size = BATCH[self.task]
        batches = []
        for start in range(0, len(order), ALIKE * size):
            alike = sorted(order[start : start + ALIKE * size], key=lambda one: len(self._tokens["input_ids"][one]))
            batches += [alike[low : low + size] for low in range(0, len(alike), size)]
        yield from (batches[place] for place in chance.permutation(len(batches)))


def _loss(model: CrossEncoder, lesson: _Lesson, step: int) -> torch.Tensor:
    tokens, readings = lesson.batch(step)
    weights = torch.tensor([one.weight for one in readings])
    if lesson.task == "answer":
        logits = model(tokens, claim=False)[:, 0]
        targets = torch.tensor([one.target for one in readings])
        parts = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    else:
        cases = torch.tensor([int(one.target) for one in readings])
        parts = torch.nn.functional.cross_entropy(
            model(tokens, claim=True), cases, reduction="none", label_smoothing=LABEL_SMOOTHING
        )
    return (parts * weights).sum() / weights.sum()


def _parameters(model: CrossEncoder) -> dict[str, torch.nn.Parameter]:
    return {name: value for name, value in model.named_parameters() if not name.startswith("embeddings.")}


def _optimiser(model: CrossEncoder, pace: float) -> torch.optim.Optimizer:
    groups: dict[str, list[torch.nn.Parameter]] = {name: [] for name in RATES}
    for name, parameter in _parameters(model).items():
        groups[name.split(".")[0]].append(parameter)
    return torch.optim.AdamW(
        {"params": values, "peak": pace * RATES[name], "weight_decay": DECAY} for name, values in groups.items()
    )
