"""Why a hit stands where it does, and what was understood of the question: for people to read and check."""

from __future__ import annotations

from dataclasses import dataclass

from rag.asked.sections import TOPICS
from rag.query import Query
from rag.types import Hit, Rule

RANK = "_rank"

FOUND: dict[str, str] = {
    "generic": "a generic name in the corpus",
    "substance": "a substance name in the corpus",
    "brand": "a brand name",
    "short": "a short form of a name in the corpus",
    "spelling": "a misspelling of the one name near to it",
    "abbreviation": "an abbreviation",
    "synonym": "another name of the drug",
}
"""How a drug was found, by `rag.naming.surfaces.Rule`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """``score`` is ``base`` times the factors of ``rules``.

    ``ranks``: the place in each ranking that found the passage, from 1. ``fused``: their reciprocal ranks added up.
    ``rerank``: the reranker's own score, null where none read it; ``section``: how probable it finds that the question
    asks for this label section (null for papers). ``base``: the fused score or what replaced it.
    """

    ranks: dict[str, int]
    fused: float
    rerank: float | None
    section: float | None
    base: float
    rules: tuple[Rule, ...]
    score: float


@dataclass(frozen=True, slots=True)
class NamedDrug:
    """A drug that the question names: its words, the ingredients they stand for, and how that is known."""

    surface: str
    drugs: tuple[str, ...]
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class AskedSection:
    """A label section that the question asks for, and why."""

    section: str
    reason: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """The question as it was understood; ``sections`` with the surest first.

    ``searched``: the drugs whose labels are searched (members of a class where only a class is named). ``unresolved``:
    words that look like drugs the corpus does not know, ``lookalikes`` the known drugs that they may be meant for.
    """

    shape: str
    drugs: tuple[NamedDrug, ...]
    searched: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...]
    sections: tuple[AskedSection, ...]
    populations: tuple[str, ...]
    routes: tuple[str, ...]
    unresolved: tuple[str, ...]
    lookalikes: dict[str, tuple[str, ...]]


def explain(hit: Hit) -> Explanation:
    """What put ``hit`` in its place."""
    ranks = {name.removesuffix(RANK): int(place) for name, place in hit.signals.items() if name.endswith(RANK)}
    fused = hit.signals.get("fused", hit.score)
    base = hit.signals.get("base", fused)
    return Explanation(ranks, fused, hit.signals.get("rerank"), hit.signals.get("section"), base, hit.rules, hit.score)


def understanding(query: Query) -> Understanding:
    """What was understood of the question."""
    drugs = (
        NamedDrug(mention.surface, mention.keys, mention.rule, FOUND.get(mention.rule, mention.rule))
        for mention in query.mentions
    )
    return Understanding(
        shape=query.shape,
        drugs=tuple(drugs),
        searched=query.groups,
        classes=tuple(mention.surface for mention in query.classes),
        sections=tuple(AskedSection(slug, _why(query, slug)) for slug in query.sections),
        populations=tuple(population.surface for population in query.populations),
        routes=query.routes,
        unresolved=query.unresolved,
        lookalikes={word: tuple(names) for word, names in query.lookalikes.items()},
    )


def _why(query: Query, slug: str) -> str:
    """The first topic of the question that the section answers, and the question's words that stand for it."""
    text = " ".join(query.question.casefold().split())
    for topic in TOPICS:
        if topic.name in query.topics and slug in topic.slugs:
            cue = topic.cues.search(text)
            name = topic.name.replace("_", " ")
            return f'"{cue.group()}" asks for {name}' if cue else f"a question of this shape asks for {name}"
    return "asked for"
