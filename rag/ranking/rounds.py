"""From one ranked list per drug (and one of literature) to the list shown: duplicates folded, everyone a share."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice, zip_longest

from rag.asked.sections import base
from rag.types import Hit


def collapse(hits: Sequence[Hit], names: re.Pattern[str] | None = None) -> list[Hit]:
    """The first of every group of hits with the same words, the other documents' ids in its ``also``.

    Letter case and white space make no difference, nor by which of its ``names`` a drug is called (the labels of a
    generic and its brand share paragraphs). Numbers do: two labels that differ in a dose stay apart. Without ``names``
    labels of different drugs stay apart too.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Hit]] = {}
    for hit in hits:
        text = names.sub("\0", hit.passage.text) if names else hit.passage.text
        groups.setdefault((" ".join(text.casefold().split()), () if names else hit.drugs), []).append(hit)
    return [_with_others(group) for group in groups.values()]


def _with_others(group: Sequence[Hit]) -> Hit:
    first = group[0]
    others = dict.fromkeys(hit.passage.document_id for hit in group)
    also = tuple(other for other in others if other != first.passage.document_id)
    return replace(first, also=also) if also else first


def rounds(drugs: Sequence[Sequence[Hit]], literature: Sequence[Hit], k: int, *, compare: bool = False) -> list[Hit]:
    """The best ``k``: in each round the best hit left of every drug, then one of the literature.

    A drug alone has two hits in a round, so that it leads. No passage comes twice: where a label belongs to two drugs,
    each drug gives its next. With ``compare`` the drugs of a round answer from the same section where they can.
    """
    turns = _alone(drugs[0]) if len(drugs) == 1 else _together(drugs, compare=compare)
    woven = (hit for row, paper in zip_longest(turns, literature) for hit in (*(row or ()), paper) if hit is not None)
    return list(islice(woven, k))


def _alone(hits: Sequence[Hit]) -> Iterator[Sequence[Hit]]:
    yield from (hits[start : start + 2] for start in range(0, len(hits), 2))


def _together(lists: Sequence[Sequence[Hit]], *, compare: bool) -> Iterator[Sequence[Hit]]:
    taken: set[str] = set()
    while True:
        section = _shared_section(lists, taken) if compare else ""
        row = []
        for hits in lists:
            hit = _next(hits, taken, section) or _next(hits, taken)
            if hit is not None:
                taken.add(hit.passage.passage_id)
                row.append(hit)
        if not row:
            return
        yield row


def _next(hits: Sequence[Hit], taken: Collection[str], section: str = "") -> Hit | None:
    """The first that is not taken, of ``section`` where one is given."""
    left = (hit for hit in hits if hit.passage.passage_id not in taken)
    return next((hit for hit in left if not section or base(hit.passage.section) == section), None)


def _shared_section(lists: Sequence[Sequence[Hit]], taken: Collection[str]) -> str:
    """The section that all drugs have a hit left in and whose best hits have the highest sum; empty for none."""
    bests = [_best_by_section(hits, taken) for hits in lists]
    common = set.intersection(*(set(best) for best in bests)) if bests else set()
    return max(sorted(common), key=lambda slug: sum(best[slug] for best in bests), default="")


def _best_by_section(hits: Sequence[Hit], taken: Collection[str]) -> dict[str, float]:
    best: dict[str, float] = {}
    for hit in hits:
        if hit.passage.passage_id not in taken:
            best.setdefault(base(hit.passage.section), hit.score)
    return best
