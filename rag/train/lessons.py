"""What a step of the tower's training draws, and how wrong the tower is about it.

What a step draws depends on the seed and its number alone: no state of chance has to be kept for a run to go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from rag.train.labels import Asked, Labels
from rag.train.losses import any_of, each_of
from rag.train.pools import Pool, Wanted

BATCH = {"labels": 32, "bioasq": 16, "others": 8}
"""Questions of a step: on labels, of BioASQ, of the other sets together."""
SHARPNESS = 20.0
"""What similarities are multiplied by before the softmax (a temperature of 0.05)."""
NAMED = 0.2
"""Share of label questions that keep the drug's name; passages of other drugs then stand beside its own."""
STRANGERS = 150
"""Passages of the same sections of other drugs, for such a question."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a tower learns from: label questions with their passages, and questions of the literature."""

    labels: Labels
    asked: Sequence[Asked]
    pools: Mapping[str, Pool]
    wanted: Sequence[Wanted]

    def without(self, fold: int) -> Lesson:
        """All but the questions of a fold."""
        asked = [one for one in self.asked if one.fold != fold]
        return replace(self, asked=asked, wanted=[one for one in self.wanted if one.fold != fold])


@dataclass(frozen=True, slots=True)
class Draw:
    """The questions of one step; ``named``: which label questions keep the drug's name."""

    wanted: list[Wanted]
    asked: list[Asked]
    named: NDArray[np.bool_]
    chance: np.random.Generator

    @property
    def texts(self) -> list[str]:
        """All questions: of the literature, then on labels."""
        spoken = (one.full if named else one.text for one, named in zip(self.asked, self.named, strict=True))
        return [*(one.question for one in self.wanted), *spoken]


def draw(lesson: Lesson, seed: int, step: int) -> Draw:
    """The questions of a step; those of a set are all drawn before one comes again."""
    bioasq = [one for one in lesson.wanted if one.pool == "bioasq"]
    others = [one for one in lesson.wanted if one.pool != "bioasq"]
    wanted = [bioasq[place] for place in drawn(len(bioasq), BATCH["bioasq"], step, (seed, 0))]
    wanted += [others[place] for place in drawn(len(others), BATCH["others"], step, (seed, 1))]
    asked = [lesson.asked[place] for place in drawn(len(lesson.asked), BATCH["labels"], step, (seed, 2))]
    chance = np.random.default_rng((seed, 3, step))
    return Draw(wanted, asked, chance.random(len(asked)) < NAMED, chance)


def drawn(available: int, size: int, step: int, seed: tuple[int, ...]) -> list[int]:
    """The places that a step takes of an endless row of shuffled passes over all; none of none."""
    places = (divmod(number, available) for number in range(step * size, (step + 1) * size) if available)
    return [int(_shuffled(available, (*seed, passed))[place]) for passed, place in places]


@lru_cache(16)
def _shuffled(available: int, seed: tuple[int, ...]) -> NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(available)


def losses(lesson: Lesson, draw: Draw, vectors: torch.Tensor, likely: torch.Tensor) -> dict[str, torch.Tensor]:
    """Each as a sum over the step's questions, divided by the number of those on labels.

    ``vectors``: of ``draw.texts``, unit rows; ``likely``: log probabilities of the sections.
    """
    count = len(draw.wanted)
    passages, sections = torch.zeros(()), torch.zeros(())
    for one, named, vector, row in zip(draw.asked, draw.named, vectors[count:], likely[count:], strict=True):
        answers = [lesson.labels.sections.index(slug) for slug in one.sections]
        sections = sections + one.weight * any_of(row, _mask(len(row), answers))
        if one.keys:
            passages = passages + one.weight * _of_passages(lesson.labels, one, vector, draw.chance if named else None)
    literature = _of_literature(vectors[:count], draw.wanted, lesson.pools)
    parts = {"literature": literature, "passages": passages, "sections": sections}
    return {name: part / len(draw.asked) for name, part in parts.items()}


def _of_passages(labels: Labels, one: Asked, vector: torch.Tensor, chance: np.random.Generator | None) -> torch.Tensor:
    """Over the passages of the drug's labels, with ``chance`` also over some of other drugs."""
    places = labels.of(one.keys)
    answers = labels.within(places, one.sections)
    if chance is not None:
        strangers = labels.elsewhere(one.keys, one.sections, STRANGERS, chance)
        places = np.concatenate([places, strangers])
        answers = np.concatenate([answers, np.zeros(len(strangers), dtype=np.bool_)])
    return any_of(SHARPNESS * (torch.from_numpy(labels.vectors(places)) @ vector), torch.from_numpy(answers))


def _of_literature(vectors: torch.Tensor, wanted: Sequence[Wanted], pools: Mapping[str, Pool]) -> torch.Tensor:
    total = torch.zeros(())
    for name in dict.fromkeys(one.pool for one in wanted):
        chosen = [place for place, one in enumerate(wanted) if one.pool == name]
        scores = SHARPNESS * (vectors[chosen] @ torch.from_numpy(pools[name].vectors).T)
        for row, place in zip(scores, chosen, strict=True):
            total = total + each_of(row, _mask(len(row), wanted[place].answers))
    return total


def _mask(size: int, answers: Sequence[int]) -> torch.Tensor:
    mask = torch.zeros(size, dtype=torch.bool)
    mask[list(answers)] = True
    return mask
