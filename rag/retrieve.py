"""From a question understood to passages: each drug's labels ranked on their own, then interleaved with literature.

On labels the usual hybrid finds the right section of the wrong drug, because all labels have the same sections. So
every drug of the question is searched within its own labels; a passage of another drug's label cannot appear at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from typing import Protocol

from ingest.schema import Document, Kind, Passage
from rag.drugs import Resolver, keys_of
from rag.fuse import reciprocal_rank
from rag.query import Query
from rag.scope import Scope, allowed_by
from rag.sections import base
from rag.types import Embedder, Filters, Floats, Hit

DEPTH = 50
"""Passages that one ranking contributes at least."""

NAMES = 12
"""Names of one drug that texts are searched for: some have hundreds of brands, and every text is read for each."""

LITERATURE = frozenset(kind.value for kind in Kind if kind is not Kind.LABEL)


@dataclass(frozen=True, slots=True)
class Weights:
    """What multiplies a passage's fused score. Reciprocal ranks lie close together, so 2 outweighs any rank.

    ``section``: the section asked for first, halved with each place down the list. ``partner``: names the other drug of
    an interaction question. ``brand``: the label carries the name that the question used. ``combined``: the label has
    ingredients that were not asked for. ``incomplete``: it lacks ingredients that were. ``literature_title``: the title
    names the drug.
    """

    section: float = 2.5
    partner: float = 4.0
    brand: float = 1.2
    combined: float = 0.6
    incomplete: float = 0.4
    literature_title: float = 1.05


class Passages(Protocol):
    """What retrieval needs of the store."""

    def passages(self, row_ids: Iterable[int]) -> Mapping[int, Passage]:
        """The passages of these rows."""

    def documents(self, document_ids: Iterable[str]) -> Mapping[str, Document]:
        """The documents of these ids, without their sections."""


class Searchable(Protocol):
    """What retrieval needs of the index: row ids with scores, the best first."""

    def lexical(self, query: str, k: int, scope: Scope) -> Sequence[tuple[int, float]]:
        """The passages that share words with ``query``."""

    def dense(self, vector: Floats, k: int, scope: Scope) -> Sequence[tuple[int, float]]:
        """The passages nearest to ``vector``."""


@dataclass(frozen=True, slots=True)
class Group:
    """One drug of the question (or none): its keys, the names that stand for it, and those of the other drugs."""

    keys: tuple[str, ...]
    names: re.Pattern[str] | None = None
    surfaces: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    partner: re.Pattern[str] | None = None


class Retriever:
    """Searches one generation of the index; holds no state of a question, so threads may share it."""

    def __init__(
        self, store: Passages, index: Searchable, embedder: Embedder, resolver: Resolver, weights: Weights | None = None
    ) -> None:
        self._store, self._index, self._embedder, self._resolver = store, index, embedder, resolver
        self._weights = weights or Weights()

    def search(self, query: Query, k: int = 10, filters: Filters | None = None, as_of: date | None = None) -> list[Hit]:
        """The best ``k`` passages, the drugs of the question taking turns; [] where the question has no word.

        A word that looks like an unknown drug must stand in every passage where no known drug is named.
        """
        if k < 1 or not re.search(r"[^\W\d_]{2}", query.question):
            return []
        filters = filters or Filters()
        groups = self._groups(query, filters)
        vector = self._embedder.encode([query.question])[0]
        scope = allowed_by(filters, as_of)
        allowed = frozenset(filters.kinds or (kind.value for kind in Kind))
        labels = [self._labels(query, group, vector, k, scope) for group in groups if Kind.LABEL.value in allowed]
        kinds = allowed & LITERATURE if groups else allowed
        literature = self._literature(query, groups, vector, k, replace(scope, kinds=kinds)) if kinds else []
        return _distinct(_interleave(labels, literature), k)

    def _groups(self, query: Query, filters: Filters) -> list[Group]:
        """The question's drugs that the filter allows; the filter's own where the question names none of them."""
        allowed = [self._resolver.name(name) for name in filters.drugs]
        keys = {key for group in allowed for key in group}
        wanted = [group for group in query.drugs if not allowed or keys & set(group)] or allowed
        names = {group: self._names(query, group) for group in (*query.drugs, *wanted)}
        return [self._group(query, group, names) for group in dict.fromkeys(wanted)]

    def _group(self, query: Query, keys: tuple[str, ...], names: Mapping[tuple[str, ...], tuple[str, ...]]) -> Group:
        others = [name for other in query.drugs if not set(other) & set(keys) for name in names[other]]
        partners = (*others, *query.unresolved) if query.shape == "interaction" else ()
        surfaces = tuple(mention.surface for mention in query.mentions if mention.keys == keys)
        brands = tuple(m.surface.casefold() for m in query.mentions if m.keys == keys and m.rule == "brand")
        return Group(keys, _pattern(names[keys]), surfaces, brands, partners, _pattern(partners))

    def _names(self, query: Query, keys: tuple[str, ...]) -> tuple[str, ...]:
        """A drug's names: the question's own, its keys and others of the dictionary, a dozen at most."""
        said = [mention.surface.casefold() for mention in query.mentions if mention.keys == keys]
        return tuple(dict.fromkeys((*said, *keys, *self._resolver.names(keys))))[:NAMES]

    def _labels(self, query: Query, group: Group, vector: Floats, k: int, scope: Scope) -> list[Hit]:
        """The passages of the group's labels, those of the sections asked for and those naming the partner first."""
        own = replace(scope, kinds=frozenset({Kind.LABEL.value}), drugs=frozenset(group.keys))
        rankings = self._rank(_without(query.question, group.surfaces), vector, k, own)
        if query.sections and not scope.sections:
            asked = replace(own, sections=frozenset(query.sections[:2]))
            rankings |= {f"section_{name}": rows for name, rows in self._rank(query.question, vector, k, asked).items()}
        if group.partners:
            rankings["partner_lexical"] = _rows(self._index.lexical(" ".join(group.partners), max(DEPTH, k), own))
        return self._hits(query, group, rankings)

    def _literature(self, query: Query, groups: Sequence[Group], vector: Floats, k: int, scope: Scope) -> list[Hit]:
        """Passages of articles that name a drug of the question; of everything where the question names no drug."""
        found = self._hits(query, None, self._rank(query.question, vector, 5 * k, scope))
        if not groups:
            unknown = _pattern(query.unresolved)
            return [hit for hit in found if unknown is None or unknown.search(_readable(hit))]
        named = [(sum(_names(group.names, _readable(hit)) for group in groups), hit) for hit in found]
        titled = self._weights.literature_title
        weighed = [
            _scaled(hit, {"drugs_named": float(count), "title": titled if _titled(groups, hit) else 1.0}, count)
            for count, hit in named
            if count
        ]
        return sorted(weighed, key=_order)

    def _rank(self, text: str, vector: Floats, k: int, scope: Scope) -> dict[str, list[int]]:
        depth = max(DEPTH, k)
        lexical = _rows(self._index.lexical(text, depth, scope)) if text.strip() else []
        return {"lexical": lexical, "dense": _rows(self._index.dense(vector, depth, scope))}

    def _hits(self, query: Query, group: Group | None, rankings: Mapping[str, list[int]]) -> list[Hit]:
        """The fused rankings as hits, weighed by the rules."""
        fused = reciprocal_rank(list(rankings.values()), [1.0] * len(rankings))
        passages = self._store.passages([row for row, _ in fused])
        documents = self._store.documents({passage.document_id for passage in passages.values()})
        keys = {document_id: keys_of(document.drugs) for document_id, document in documents.items()}
        places = {name: {row: rank for rank, row in enumerate(rows, 1)} for name, rows in rankings.items()}
        hits = []
        for row, score in fused:
            passage = passages.get(row)
            if passage is None or passage.document_id not in documents:
                continue  # the store is ahead of the index: the passage is gone
            ranks = {f"{name}_rank": float(place[row]) for name, place in places.items() if row in place}
            document = documents[passage.document_id]
            hit = Hit(passage, document, score, keys[passage.document_id], {"fused": score, **ranks})
            hits.append(_scaled(hit, self._rules(query, group, hit)))
        return sorted(hits, key=_order)

    def _rules(self, query: Query, group: Group | None, hit: Hit) -> dict[str, float]:
        """The weights that apply to a hit, by name."""
        weights, rules = self._weights, {}
        slug = base(hit.passage.section)
        if slug in query.sections and hit.document.kind is Kind.LABEL:
            rules["section"] = 1 + weights.section / 2 ** query.sections.index(slug)
        if group is None or not group.keys:
            return rules
        if _names(group.partner, hit.passage.text):
            rules["partner"] = weights.partner
        if not set(group.keys) <= set(hit.drugs):
            rules["incomplete"] = weights.incomplete
        elif len(hit.drugs) > len(group.keys):
            rules["combined"] = weights.combined
        brands = " | ".join(hit.document.drugs.brand).casefold()
        if any(brand in brands for brand in group.brands):
            rules["brand"] = weights.brand
        return rules


def _rows(found: Iterable[tuple[int, float]]) -> list[int]:
    return [row for row, _ in found]


def _pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    """Matches any of ``names`` as whole words, whatever separates the words of a name; None where there is none."""
    forms = [r"\W+".join(map(re.escape, words)) for name in names if (words := re.findall(r"[^\W_]+", name))]
    return re.compile(rf"\b(?:{'|'.join(sorted(forms, key=len, reverse=True))})\b", re.IGNORECASE) if forms else None


def _names(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


def _readable(hit: Hit) -> str:
    return f"{hit.document.title}\n{hit.passage.text}"


def _titled(groups: Sequence[Group], hit: Hit) -> bool:
    return any(_names(group.names, hit.document.title) for group in groups)


def _without(question: str, surfaces: Sequence[str]) -> str:
    """The question without the drug's own name, which every passage of its labels may carry."""
    own = _pattern(surfaces)
    return own.sub(" ", question) if own else question


def _scaled(hit: Hit, rules: Mapping[str, float], factor: float = 1.0) -> Hit:
    """The hit with its score multiplied by ``factor`` and every rule but counts, the rules recorded as signals."""
    for name, weight in rules.items():
        factor *= 1.0 if name == "drugs_named" else weight
    return replace(hit, score=hit.score * factor, signals={**hit.signals, **rules})


def _order(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.passage.passage_id


def _interleave(labels: Sequence[list[Hit]], literature: list[Hit]) -> Iterator[Hit]:
    """The drugs in turn, then one of the literature; two of the label where there is one drug, so that it leads."""
    turns = [labels[0][::2], labels[0][1::2]] if len(labels) == 1 else labels
    for turn in zip_longest(*turns, literature):
        yield from (hit for hit in turn if hit is not None)


def _distinct(hits: Iterable[Hit], k: int) -> list[Hit]:
    """The first ``k`` with distinct text: two labels of one maker, or of one drug, often share a paragraph."""
    seen: set[bytes] = set()
    kept: list[Hit] = []
    for hit in hits:
        digest = hashlib.sha256(" ".join(hit.passage.text.casefold().split()).encode()).digest()
        if digest not in seen:
            seen.add(digest)
            kept.append(hit)
        if len(kept) == k:
            break
    return kept
