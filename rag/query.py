"""What a question asks: the drugs it names, the sections that answer it, and its shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rag.drugs import Mention, Resolver
from rag.ingredients import unique
from rag.sections import TOPICS, Topic, asked, slugs_of

Shape = Literal["plain", "interaction", "comparison"]

_COMPARISON = re.compile(
    r"\b(?:vs\.?|versus|compar(?:e[sd]?|ing|ison|able)|differ(?:s|ent|ences?)?|better|safer|superior|inferior"
    r"|rather than|instead of|more effective|switch(?:ing)?)\b"
)
_PAIR = re.compile(
    r"\b(?:between|together|interacts? with|at the same time|combine|(?:taken?|use[d]?|given|safe) with)\b"
)
_JOINED = re.compile(r"\band\b|\bwith\b|[/+&]")
_INTERACTIONS = next(topic for topic in TOPICS if topic.name == "interactions")


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood.

    ``drugs``: one group of keys for each drug, in the question's order; a combination is one group of several keys.
    ``unresolved``: words that look like drugs the corpus does not know; an answer must not be about another drug.
    ``lookalikes``: what an unresolved word may be mistaken for. ``sections``: slugs asked for, the surest first.
    """

    question: str
    mentions: tuple[Mention, ...] = ()
    drugs: tuple[tuple[str, ...], ...] = ()
    unresolved: tuple[str, ...] = ()
    lookalikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    shape: Shape = "plain"

    @property
    def keys(self) -> tuple[str, ...]:
        """All drug keys, in order."""
        return unique(key for group in self.drugs for key in group)


def understand(question: str, resolver: Resolver) -> Query:
    """Reads ``question`` with the names that ``resolver`` knows; an empty question gives an empty query."""
    reading = resolver.read(question)
    text = question.casefold()
    drugs = _groups(text, reading.mentions)
    alternatives = any(f" or {mention.surface.casefold()}" in text for mention in reading.mentions[1:])
    shape = _shape(text, len(drugs) + len(reading.unresolved), alternatives, asked(question))
    topics = _topics(question, shape)
    return Query(
        question=question,
        mentions=reading.mentions,
        drugs=drugs,
        unresolved=reading.unresolved,
        lookalikes=reading.lookalikes,
        topics=tuple(topic.name for topic in topics),
        sections=slugs_of(topics),
        shape=shape,
    )


def _groups(text: str, mentions: tuple[Mention, ...]) -> tuple[tuple[str, ...], ...]:
    """One group for each drug named. "Between sofosbuvir and velpatasvir" asks about two, though one tablet."""
    if len(mentions) == 1 and len(mentions[0].keys) > 1 and _PAIR.search(text) and _JOINED.search(mentions[0].surface):
        return tuple((key,) for key in mentions[0].keys)
    groups = {frozenset(mention.keys): mention.keys for mention in reversed(mentions)}
    return tuple(groups[keys] for keys in dict.fromkeys(frozenset(mention.keys) for mention in mentions))


def _shape(text: str, drugs: int, alternatives: bool, topics: tuple[Topic, ...]) -> Shape:
    """Two drugs are an interaction question unless they are compared; one drug is one where the question says so."""
    if drugs > 1 and _INTERACTIONS not in topics and (alternatives or _COMPARISON.search(text)):
        return "comparison"
    if drugs > 1 or _INTERACTIONS in topics:
        return "interaction"
    return "plain"


def _topics(question: str, shape: Shape) -> tuple[Topic, ...]:
    """The topics asked; two drugs without a cue ask for their interaction."""
    topics = asked(question)
    if shape == "interaction" and _INTERACTIONS not in topics:
        return (*topics, _INTERACTIONS)
    return topics
