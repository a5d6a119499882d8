"""The safety floor: what a reader must see of every drug named, fetched by rule and not by rank."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from rag.evidence import Candidate, candidates
from rag.focus import names, populations, says
from rag.query import Query
from rag.types import Evidence, Hit
from rag.view import View

BOX_SENTENCES = 2
"""How many sentences of a boxed warning are quoted; the reference leads to the rest."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Sentences that must be shown for a drug: the label section they are from and the evidence.

    ``drug`` is what the label is of, which may have more ingredients than the question's drug. No evidence: the index
    knows that there is such a section, but the store has it no longer.
    """

    drug: str
    section: str
    evidence: tuple[Evidence, ...]


def floor(view: View, query: Query, as_of: date | None, cited: Collection[str]) -> list[Warned]:
    """For each drug of the question its boxed warning and, if any touches the question, a contraindication.

    Of several labels of a drug one in ``cited`` (document ids) is taken, else the one that fits best (`View.section`).
    """
    found: list[Warned] = []
    for index, keys in enumerate(query.drugs):
        box = view.section(keys, "boxed_warning", as_of, cited)
        quoted = _evidence(list(candidates(box.hits))[:BOX_SENTENCES]) or tuple(map(_whole, box.hits[:1]))
        if quoted or box.changed:
            found.append(Warned(_drug(keys, box.hits), "boxed_warning", quoted))
        against = view.section(keys, "contraindications", as_of, cited)
        touching = [item for item in candidates(against.hits) if touches(query, index, item.text)]
        if touching or against.changed:
            found.append(Warned(_drug(keys, against.hits), "contraindications", _evidence(touching[:1])))
    return [item for place, item in enumerate(found) if item not in found[:place]]


def touches(query: Query, index: int, text: str) -> bool:
    """Whether a contraindication of drug ``index`` touches the question: its other drugs, an allergy, a population."""
    others = (other for other in range(len(query.drugs)) if other != index)
    return (
        any(names(query, other, text) for other in others)
        or any(says(word, text) for word in (*query.unresolved, *query.aside))
        or bool(populations(query.question) & populations(text))
    )


def _drug(keys: Sequence[str], hits: Sequence[Hit]) -> str:
    """What a warning is about: the drug asked for, or what its label says it is where that is another."""
    other = hits and set(hits[0].drugs) != set(keys)
    return " and ".join(hits[0].drugs if other else keys)


def _evidence(items: Sequence[Candidate]) -> tuple[Evidence, ...]:
    return tuple(Evidence(item.hit, item.text, item.start, item.end, 1.0) for item in items)


def _whole(hit: Hit) -> Evidence:
    return Evidence(hit, hit.passage.text, hit.passage.start, hit.passage.end, 1.0)
