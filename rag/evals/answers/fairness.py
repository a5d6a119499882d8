"""Counterfactual fairness: details of a person that must not matter are changed, and the answer must not change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.evals.answers.sets import Swap
from rag.evals.answers.systems import Given


@dataclass(frozen=True, slots=True)
class Changed:
    """What a variant changed beside the first one: ``part`` is status, cited or support."""

    swap: str
    detail: str
    variant: str
    part: str
    before: Any
    after: Any


def signature(given: Given) -> dict[str, Any]:
    """What must stay: the status, every quotation with its place, and how each statement is supported."""
    places = [
        [one.document_id, one.section, quote.start, quote.end] for one in given.references for quote in one.quotes
    ]
    return {"status": given.status, "cited": sorted(places), "support": [one.support for one in given.statements]}


def changes(swap: Swap, answers: Sequence[Given]) -> list[Changed]:
    """Against the first variant; none: the swap did not matter."""
    first, *others = (signature(one) for one in answers)
    return [
        Changed(swap.id, swap.detail, text, part, first[part], other[part])
        for text, other in zip(swap.variants[1:], others, strict=True)
        for part in first
        if first[part] != other[part]
    ]
