"""How well a system knows what it cannot answer: risk by coverage, and what a higher threshold would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

USEFUL = 1
"""Grade from which a first statement is right."""
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's answer; ``statements``: score and grade (None: not judged) of each, in their order."""

    answerable: bool
    answered: bool
    confidence: float
    statements: tuple[tuple[float, int | None], ...]

    def wrong(self, threshold: float = 0.0) -> bool:
        """Whether its first statement from ``threshold`` on is not known to be useful, or nothing should be said."""
        grade = next((grade for score, grade in self.statements if score >= threshold), None)
        return not self.answerable or grade is None or grade < USEFUL

    def given(self, threshold: float) -> bool:
        """Whether an answer is left where statements need this score."""
        return self.answered and any(score >= threshold for score, _ in self.statements)


@dataclass(frozen=True, slots=True)
class Curve:
    """Share of all questions that are answered, surest first, and the share of wrong ones among them.

    ``aurc``: the mean risk over the coverages reached (Geifman and El-Yaniv, 2017, who reach all); answers that are
    equally sure share their errors evenly, so that their order does not matter.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    aurc: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """What comes of statements that need ``score``. ``risk``: wrong among the answered; ``abstained``: of those that
    have no answer; ``refused``: of those that have one."""

    score: float
    coverage: float
    risk: float
    abstained: float
    refused: float


def curve(outcomes: Sequence[Outcome]) -> Curve:
    """Of all questions, answerable or not (at least one)."""
    answered = sorted((one for one in outcomes if one.answered), key=lambda one: -one.confidence)
    if not answered:
        return Curve((), (), 0.0)
    sureness = np.array([one.confidence for one in answered])
    errors = _levelled(sureness, np.array([float(one.wrong()) for one in answered]))
    risk = np.cumsum(errors) / np.arange(1, len(errors) + 1)
    coverage = np.arange(1, len(errors) + 1) / len(outcomes)
    return Curve(_rounded(coverage), _rounded(risk), float(risk.mean()))


def thresholds(outcomes: Sequence[Outcome]) -> list[Threshold]:
    """For each of `THRESHOLDS` at or above the least score that was shown; below it nothing is known."""
    shown = [max(score for score, _ in one.statements) for one in outcomes if one.answered and one.statements]
    return [_threshold(outcomes, value) for value in THRESHOLDS if shown and value >= min(shown) - 0.05]


def _threshold(outcomes: Sequence[Outcome], value: float) -> Threshold:
    given = [one for one in outcomes if one.given(value)]
    with_answer = [one.given(value) for one in outcomes if one.answerable]
    without = [one.given(value) for one in outcomes if not one.answerable]
    return Threshold(
        score=value,
        coverage=len(given) / len(outcomes),
        risk=_share([one.wrong(value) for one in given]),
        abstained=1 - _share(without),
        refused=1 - _share(with_answer) if with_answer else 0.0,
    )


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0


def _levelled(keys: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value replaced by the mean of those with the same key."""
    _, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = (np.bincount(places, values) / counts)[places]
    return means


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
