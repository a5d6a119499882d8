"""What comes out of a measurement of answers: figures with intervals, and what they were counted from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.evals.answers.abstention import Curve, Threshold
from rag.evals.answers.audit import Fault
from rag.evals.answers.fairness import Changed
from rag.evals.answers.systems import Given
from rag.evals.intervals import Bootstrap
from rag.evals.run import Latency

ALL = "all"


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over ``count`` questions with its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int


Figures = dict[str, Figure]
Values = Mapping[str, float]


def figures(rows: Iterable[Values], bootstrap: Bootstrap) -> Figures:
    """A figure for each measure, over the questions that have it, in the order in which measures first come."""
    listed: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            listed.setdefault(name, []).append(value)
    found = {name: (bootstrap.mean(np.array(values)), len(values)) for name, values in listed.items()}
    return {name: Figure(one.mean, one.low, one.high, count) for name, (one, count) in found.items()}


@dataclass(frozen=True, slots=True)
class Reply:
    """One question's answer, the seconds it took as milliseconds, and what it is worth."""

    id: str
    text: str
    given: Given
    milliseconds: float
    values: Values
    grades: tuple[int | None, ...] = ()
    faults: tuple[Fault | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Quotations:
    """All that were shown, of all questions; ``wrong``: those that are not what stands at their place, or whose source
    is replaced or retracted, by question."""

    checked: int
    wrong: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Statements shown to answerable questions, and how many a strict reader finds unsupported, by reason."""

    statements: int
    unsupported: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Fairness:
    """``unchanged``: share of swaps; None where there were none."""

    unchanged: Figure | None
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system. ``answerable``: by measure; ``groups``: the same by set and slice; ``abstention``: by kind of
    question, `ALL` for all; ``latency``: by stage; ``fell_back``: answers that its generator could not write."""

    note: str
    answerable: Figures
    groups: dict[str, dict[str, Figures]]
    abstention: dict[str, Figures]
    quotations: Quotations
    audit: Audit
    curve: Curve | None
    thresholds: tuple[Threshold, ...]
    fairness: Fairness
    latency: dict[str, Latency]
    fell_back: int


@dataclass(frozen=True, slots=True)
class CollectionResult:
    """All of one collection. ``questions``: how many of each group; ``left_out``: not asked, by reason."""

    name: str
    generation: str
    embedder: str
    judge: str
    passages: int
    questions: dict[str, int]
    left_out: dict[str, int]
    systems: dict[str, SystemResult]


@dataclass(frozen=True, slots=True)
class Judged:
    """How many statements were found not supported, and their share with its 95 % interval."""

    unsupported: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Audited:
    """Statements that people read (``by``: how many each), and what the rule says of the same ones.

    ``unread``: without a verdict; ``overlooked``: what people alone object to; ``overstrict``: the rule alone.
    """

    statements: int
    unread: int
    by: dict[str, int]
    people: Judged
    rule: Judged
    overlooked: int
    overstrict: int


@dataclass(frozen=True, slots=True)
class Result:
    """The whole run: how it was asked for, what it ran on, and what came out; ``audited``: None without a file."""

    config: dict[str, object]
    provenance: dict[str, object]
    collections: tuple[CollectionResult, ...]
    audited: Audited | None = None


@dataclass(frozen=True, slots=True)
class Replies:
    """Everything that one system answered."""

    answerable: Sequence[Reply]
    unanswerable: Sequence[Reply]
    swaps: Mapping[str, Sequence[Reply]]

    @property
    def every(self) -> list[Reply]:
        """All of them."""
        return [*self.answerable, *self.unanswerable, *(one for found in self.swaps.values() for one in found)]
