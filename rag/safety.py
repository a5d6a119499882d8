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
    """Sentences that must be shown for a drug: the label section they are from and the evidence."""

    drug: str
    section: str
    evidence: tuple[Evidence, ...]


def floor(view: View, query: Query, as_of: date | None, cited: Collection[str]) -> list[Warned]:
    """For each drug of the question its boxed warning and, if any touches the question, a contraindication.

    Of several labels of a drug one in ``cited`` (document ids) is taken, else the one that fits best.
    """
    found: list[Warned] = []
    for index, keys in enumerate(query.drugs):
        drug = " and ".join(keys)
        box = _one_label(view.section(keys, "boxed_warning", as_of), cited)
        quoted = _evidence(list(candidates(box))[:BOX_SENTENCES]) or tuple(map(_whole, box[:1]))
        if quoted:
            found.append(Warned(drug, "boxed_warning", quoted))
        against = _one_label(view.section(keys, "contraindications", as_of), cited)
        touching = [item for item in candidates(against) if touches(query, index, item.text)]
        if touching:
            found.append(Warned(drug, "contraindications", _evidence(touching[:1])))
    return found


def touches(query: Query, index: int, text: str) -> bool:
    """Whether a contraindication of drug ``index`` is about the question: another drug of it or a population."""
    others = (other for other in range(len(query.drugs)) if other != index)
    return (
        any(names(query, other, text) for other in others)
        or any(says(word, text) for word in query.unresolved)
        or bool(populations(query.question) & populations(text))
    )


def _one_label(hits: Sequence[Hit], cited: Collection[str]) -> list[Hit]:
    preferred = [hit for hit in hits if hit.document.document_id in cited] or list(hits)
    return [hit for hit in preferred if hit.document.document_id == preferred[0].document.document_id]


def _evidence(items: Sequence[Candidate]) -> tuple[Evidence, ...]:
    return tuple(Evidence(item.hit, item.text, item.start, item.end, 1.0) for item in items)


def _whole(hit: Hit) -> Evidence:
    return Evidence(hit, hit.passage.text, hit.passage.start, hit.passage.end, 1.0)
