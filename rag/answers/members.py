"""Questions that name a class and no drug: asked of each of the members that stand for it, and said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answers.compose import listing
from rag.evidence import Selector, select
from rag.generate import WEAK
from rag.query import Query
from rag.types import Evidence, Hit, Notice
from rag.view import View

EACH = 4
"""Sentences that are read for each member."""


def by_class(query: Query) -> bool:
    """Whether the drugs of ``query`` are members that stand for its classes, since it names no drug."""
    members = {key for one in query.classes for key in one.keys}
    named = any(one.keys in query.drugs for one in query.mentions)
    return query.shape == "plain" and not named and bool(members & set(query.keys))


def searched(query: Query) -> Query:
    """What passages are searched by: without the class, whose name leads to what is said of the class as such."""
    return replace(query, question=_asked_of(query, "")) if by_class(query) else query


def chosen(view: View, query: Query, hits: Sequence[Hit], selector: Selector) -> list[Evidence]:
    """The sentences that answer, best first; for each member of a class as if the question had named it.

    A sentence much weaker than another member's best is left out: the matter may just not be said of its drug.
    """
    if not by_class(query):
        return select(query, hits, selector)
    found: dict[tuple[str, int], Evidence] = {}
    for keys in query.drugs:
        own = replace(query, drugs=(keys,), mentions=(), question=_asked_of(query, " and ".join(keys)))
        of_it = [hit for hit in hits if set(hit.drugs) & set(keys) or (not hit.drugs and view.about(own, hit, ""))]
        for item in select(own, of_it, selector, EACH):
            found.setdefault((item.hit.passage.passage_id, item.start), item)
    ranked = sorted(found.values(), key=lambda item: -item.score)
    return [item for item in ranked if item.score >= WEAK * ranked[0].score]


def members_notice(query: Query) -> list[Notice]:
    """Says which members of a class were looked at, and whether there are others."""
    if not by_class(query):
        return []
    held = {key for one in query.classes for key in one.keys}
    rest = [f"holds {len(held - set(query.keys))} more"] if held - set(query.keys) else []
    rest += ["lacks some"] if {key for one in query.classes for key in one.drug_class.everyone} - held else []
    told = f"Of the class {listing([one.name for one in query.classes])} these were looked at: {listing(query.keys)}."
    return [Notice("class_members", f"{told} The corpus {listing(rest)}." if rest else told)]


def _asked_of(query: Query, name: str) -> str:
    """The question with ``name`` for its classes."""
    text = query.question
    for one in sorted(query.classes, key=lambda one: -one.start):
        text = f"{text[: one.start]}{name}{text[one.end :]}"
    return text
