"""What a ranking is worth: the usual measures by `ir_measures`, and the share of wrong drugs, for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.schema import Kind
from rag.errors import MissingExtraError
from rag.evals.collection import Item, Judged

Values = NDArray[np.float64]

NAMES = {
    "nDCG@10": "nDCG@10",
    "RR": "RR",
    "R@100": "R@100",
    "hit@1": "Success@1",
    "hit@3": "Success@3",
    "hit@5": "Success@5",
}
"""Our names of measures and those of `ir_measures`."""

WRONG_DRUG = "wrong-drug@5"
SHOWN = 5


def measure(judged: Sequence[Judged], rankings: Sequence[Sequence[int]], alike: Mapping[int, int]) -> dict[str, Values]:
    """The measures of `NAMES`, one value for each question; ``rankings``: row ids, best first.

    A row stands for the first one ``alike``, and counts where that stands first. A question without any hit has zeros.
    Raises `MissingExtraError`.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtraError("ir-measures is not installed: install citerx[eval]") from error
    wanted = {ir_measures.parse_measure(theirs): ours for ours, theirs in NAMES.items()}
    relevant = {str(place): dict.fromkeys(map(str, one.relevant), 1) for place, one in enumerate(judged)}
    run = {}
    for place, ranking in enumerate(rankings):
        distinct = dict.fromkeys(alike[row] for row in ranking)
        run[str(place)] = {str(row): -float(rank) for rank, row in enumerate(distinct)}
    values = {ours: np.zeros(len(judged)) for ours in NAMES}
    for found in ir_measures.iter_calc(list(wanted), relevant, run):
        values[wanted[found.measure]][int(found.query_id)] = found.value
    return values


def wrong_drug(judged: Sequence[Judged], rankings: Sequence[Sequence[int]], items: Mapping[int, Item]) -> Values:
    """For each question the share of the first five passages that are labels of no drug that the question names.

    Of fewer where fewer were found; papers are of no drug.
    """
    return np.array(
        [
            sum(_is_wrong(items[row], one.question.named) for row in ranking[:SHOWN]) / max(len(ranking[:SHOWN]), 1)
            for one, ranking in zip(judged, rankings, strict=True)
        ]
    )


def _is_wrong(item: Item, named: frozenset[str]) -> bool:
    return item.kind is Kind.LABEL and not item.drugs & named
