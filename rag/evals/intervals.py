"""Means with their uncertainty: percentile bootstrap over questions (Efron and Tibshirani, 1993, chapter 13)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CENTRAL = (2.5, 97.5)
"""Percentiles between which 95 % of the resampled means lie."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over questions and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """``resamples`` drawings of as many questions as there are, with replacement; the same seed, the same intervals."""

    resamples: int = 1000
    seed: int = 0

    def mean(self, values: NDArray[np.float64]) -> Interval:
        """Of one value for each question (at least one)."""
        drawn = np.random.default_rng(self.seed).integers(0, len(values), (self.resamples, len(values)))
        low, high = np.percentile(values[drawn].mean(axis=1), CENTRAL)
        return Interval(float(values.mean()), float(low), float(high))

    def difference(self, values: NDArray[np.float64], others: NDArray[np.float64]) -> Interval:
        """Of ``values - others``, paired: both systems are drawn on the same questions."""
        return self.mean(values - others)
