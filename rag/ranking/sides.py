"""The sides of a question: each drug it is about, with the names that texts are searched for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.drugs import Resolver
from rag.query import Query
from rag.types import Filters

NAMES = 12
"""Names of one drug that texts are searched for: some have hundreds of brands, and every text is read for each."""


@dataclass(frozen=True, slots=True)
class Side:
    """One drug of the question: its keys, the names that stand for it, and what it is asked beside (``partners``).

    ``surfaces``: the question's words for it; ``brands``: those of them that are brands.
    """

    keys: tuple[str, ...]
    names: re.Pattern[str] | None = None
    surfaces: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    partner: re.Pattern[str] | None = None

    @property
    def title(self) -> str:
        """The drug in words."""
        return " and ".join(self.keys)


def sides_of(query: Query, filters: Filters, resolver: Resolver) -> list[Side]:
    """The question's drugs, or members of the classes it names, that the filter allows; else the filter's own."""
    allowed = [resolver.name(name) for name in filters.drugs]
    keys = {key for group in allowed for key in group}
    wanted = [group for group in query.groups if not allowed or keys & set(group)] or allowed
    names = {group: _names(query, group, resolver) for group in (*query.groups, *wanted)}
    return [_side(query, group, names) for group in dict.fromkeys(wanted)]


def pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    """Matches any of ``names`` as whole words, whatever separates the words of a name; None where there is none."""
    forms = [r"\W+".join(map(re.escape, words)) for name in names if (words := re.findall(r"[^\W_]+", name))]
    return re.compile(rf"\b(?:{'|'.join(sorted(forms, key=len, reverse=True))})\b", re.IGNORECASE) if forms else None


def found(pattern: re.Pattern[str] | None, text: str) -> str:
    """The first name that ``text`` has, as it stands there; empty where it has none."""
    match = pattern.search(text) if pattern else None
    return match.group() if match else ""


def without(question: str, surfaces: Sequence[str], instead: str = " ") -> str:
    """The question without the drug's own name, which every passage of its labels may carry."""
    own = pattern(surfaces)
    return own.sub(instead, question) if own else question


def _side(query: Query, keys: tuple[str, ...], names: Mapping[tuple[str, ...], tuple[str, ...]]) -> Side:
    others = [name for other in query.drugs if not set(other) & set(keys) for name in names[other]]
    pair = (*others, *query.unresolved) if query.shape == "interaction" else ()
    partners = tuple(dict.fromkeys((*pair, *query.partners)))
    mentions = [mention for mention in query.mentions if mention.keys == keys]
    # a member of a class is asked for by the class's name
    by_class = () if query.drugs else tuple(one.surface for one in query.classes if set(keys) <= set(one.keys))
    surfaces = tuple(mention.surface for mention in mentions) or by_class
    brands = tuple(mention.surface.casefold() for mention in mentions if mention.rule == "brand")
    return Side(keys, pattern(names[keys]), surfaces, brands, partners, pattern(partners))


def _names(query: Query, keys: tuple[str, ...], resolver: Resolver) -> tuple[str, ...]:
    """A drug's names: the question's own, its keys and others of the dictionary, a dozen at most."""
    said = [mention.surface.casefold() for mention in query.mentions if mention.keys == keys]
    return tuple(dict.fromkeys((*said, *keys, *resolver.names(keys))))[:NAMES]
