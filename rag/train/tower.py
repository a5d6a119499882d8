"""Tunes the question tower: questions move towards what answers them, passages keep the vectors of the index.

Because only upper layers are tuned, the states below them are computed once for each text. The state of a run
is written as it goes, so that it goes on where it was cut off.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from rag.dense import MiniLM
from rag.ranking.tuned import QuestionTower
from rag.train.files import restored, save_state
from rag.train.lessons import Lesson, draw, losses
from rag.train.pools import Say

LAYERS = 3
"""Upper layers that are tuned."""
RATES = {"tuned": (5e-5, 0.01), "projection": (3e-4, 0.0), "classifier": (1e-3, 0.01)}
"""Learning rate and weight decay (AdamW)."""
WARM_UP, LOWEST = 30, 0.03
"""Steps until the rates are reached, and the share of them that they fall to."""
FIRST_SPREAD = 0.02
"""Standard deviation of the classifier's weights at the start."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``every``: steps after which the state is written and told; ``pace``: multiplies all `RATES`."""

    steps: int
    seed: int
    every: int = 50
    pace: float = 1.0


class States:
    """The states of a text below the tuned layers, one text at a time as a question comes, remembered as float16."""

    def __init__(self, embedder: MiniLM, layers: int = LAYERS) -> None:
        self.embedder, self._transformer, self._layers = embedder, embedder.transformer, layers
        self._known: dict[str, torch.Tensor] = {}

    def __call__(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """``states`` of shape ``(len(texts), longest, width)``, padded, and their ``attention_mask``."""
        found = [self._of(text) for text in texts]
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(one)) for one in found], batch_first=True)
        states = torch.nn.utils.rnn.pad_sequence([one.float() for one in found], batch_first=True)
        return {"states": states, "attention_mask": mask}

    def _of(self, text: str) -> torch.Tensor:
        if text not in self._known:
            self._known[text] = torch.from_numpy(self.embedder.run(self._below, [text])[0]).half()
        return self._known[text]

    def _below(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        bert: Any = self._transformer
        states: torch.Tensor = bert.embeddings(tokens["input_ids"], tokens.get("token_type_ids"))
        for layer in bert.encoder.layer[: -self._layers]:
            states = layer(states)
        return states


class Upper(torch.nn.Module):
    """In a transformer's place: its upper layers alone, from the states below them."""

    def __init__(self, layers: torch.nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, states: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        """``last_hidden_state``, as a transformer has it."""
        hidden = (1 - attention_mask[:, None, None]) * torch.finfo(states.dtype).min
        for layer in self.layers:
            states = layer(states, hidden)
        return SimpleNamespace(last_hidden_state=states)


def new(embedder: MiniLM, sections: int, seed: int) -> QuestionTower:
    """A tower that reads as the embedder does; its classifier starts with small weights by chance."""
    tower = QuestionTower(embedder.transformer, LAYERS, sections).eval()  # the layers' dropout stays off
    chance = torch.Generator().manual_seed(seed)
    torch.nn.init.normal_(tower.classifier.weight, std=FIRST_SPREAD, generator=chance)
    torch.nn.init.zeros_(tower.classifier.bias)
    return tower


def trained(states: States, lesson: Lesson, plan: Plan, file: Path, say: Say) -> QuestionTower:
    """The tower after ``plan.steps``; ``file`` holds the run's state, from which it goes on where it was cut off."""
    tower = new(states.embedder, len(lesson.labels.sections), plan.seed)
    tower.transformer = Upper(tower.tuned)
    optimiser, dimension = _optimiser(tower, plan.pace), len(tower.projection)
    first, started = restored(file, _parameters(tower), optimiser), time.monotonic()
    seen: list[Mapping[str, torch.Tensor]] = []
    for step in range(first, plan.steps):
        _set_rates(optimiser, step, plan.steps)
        asked = draw(lesson, plan.seed, step)
        read = tower(states(asked.texts))
        parts = losses(lesson, asked, read[:, :dimension], read[:, dimension:])
        optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(parts.values())).sum())
        torch.nn.utils.clip_grad_norm_(list(_parameters(tower).values()), 1.0)
        optimiser.step()
        seen.append({name: loss.detach() for name, loss in parts.items()})
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            save_state(file, _parameters(tower), optimiser, step + 1)
            say(f"{file.stem}: step {step + 1} of {plan.steps}, {_means(seen)}, {time.monotonic() - started:.0f} s")
            seen.clear()
    whole = new(states.embedder, len(lesson.labels.sections), plan.seed)
    whole.take({name: value.detach() for name, value in _parameters(tower).items()})
    return whole


def _parameters(tower: QuestionTower) -> dict[str, torch.nn.Parameter]:
    """What is tuned, by its name in `QuestionTower.own`."""
    tuned = dict(tower.tuned.named_parameters(prefix="tuned"))
    return {**tuned, "projection": tower.projection, **dict(tower.classifier.named_parameters(prefix="classifier"))}


def _optimiser(tower: QuestionTower, pace: float) -> torch.optim.Optimizer:
    groups: dict[str, list[torch.nn.Parameter]] = {name: [] for name in RATES}
    for name, parameter in _parameters(tower).items():
        groups[name.split(".")[0]].append(parameter)
    return torch.optim.AdamW(
        {"params": groups[name], "peak": pace * rate, "weight_decay": decay} for name, (rate, decay) in RATES.items()
    )


def _means(seen: Sequence[Mapping[str, torch.Tensor]]) -> str:
    """The mean losses of the steps since they were last told."""
    return ", ".join(f"{name} {np.mean([one[name].item() for one in seen]):.3f}" for name in seen[0])


def _set_rates(optimiser: torch.optim.Optimizer, step: int, steps: int) -> None:
    share = min(1.0, (step + 1) / WARM_UP) * max(LOWEST, 1 - step / steps)
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * share
