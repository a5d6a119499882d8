"""Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009): rankings in, one ranking out; and reranking."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import exp, fsum, isfinite
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

LEAST = -30.0
"""Log odds against the best below which nothing is told apart."""


def reciprocal_rank(rankings: Sequence[Sequence[T]], weights: Sequence[float], k: int = 60) -> list[tuple[T, float]]:
    """Every item with the sum of ``weight / (k + rank)`` over the rankings that hold it, best first.

    Ranks start at 1; an item that a ranking repeats counts where it stands first. Equal scores are ordered by best
    rank, then by the first ranking that has it there. Raises ValueError unless there is one weight >= 0 per ranking.

    >>> reciprocal_rank([["a", "b"], ["b", "c"]], [1.0, 1.0], k=1)
    [('b', 0.8333333333333333), ('a', 0.5), ('c', 0.3333333333333333)]
    """
    if len(weights) != len(rankings) or any(weight < 0 for weight in weights):
        raise ValueError(f"{len(rankings)} rankings need as many weights >= 0, not {list(weights)}")
    parts: dict[T, list[float]] = {}
    places: dict[T, tuple[int, int]] = {}
    for source, (ranking, weight) in enumerate(zip(rankings, weights, strict=True)):
        for rank, item in enumerate(dict.fromkeys(ranking), 1):
            parts.setdefault(item, []).append(weight / (k + rank))
            places[item] = min(places.get(item, (rank, source)), (rank, source))
    # fsum is exact, so the order of the rankings cannot change a score in its last digit
    scores = {item: fsum(shares) for item, shares in parts.items()}
    return sorted(scores.items(), key=lambda pair: (-pair[1], places[pair[0]]))


def reranked(scores: Sequence[float], rest: Sequence[float] = ()) -> list[float]:
    """Shares that add up to 1 (softmax of ``scores``, log odds), then ``rest`` (descending, > 0) scaled to lie below.

    A rule that multiplies a share by 2 thereby doubles the odds. Raises ValueError for a score that is not finite.

    >>> [round(share, 3) for share in reranked([0.0, 2.0, 1.0], [0.02, 0.01])]
    [0.09, 0.665, 0.245, 0.045, 0.023]
    """
    if not all(map(isfinite, scores)):
        raise ValueError(f"scores must be finite numbers, not {list(scores)}")
    most = max(scores, default=0.0)
    odds = [exp(max(score - most, LEAST)) for score in scores]
    total = fsum(odds)
    shares = [one / total for one in odds]
    ceiling = min(shares, default=1.0) / 2
    return [*shares, *(ceiling * score / rest[0] for score in rest)]
