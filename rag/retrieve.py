"""From a question understood to passages: each drug's labels ranked on their own, then interleaved with literature.

On labels the usual hybrid finds the right section of the wrong drug, because all labels have the same sections. So
every drug of the question is searched within its own labels; a passage of another drug's label cannot appear at all.
In this order: `rag.ranking.sides` (the drugs), rankings of the index, `rag.fuse`, `rag.ranking.studies` (papers that
the question describes), a reranker where there is one, `rag.ranking.weights` (rules), `rag.ranking.rounds` (duplicates
and shares).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import chain
from math import exp, prod
from typing import Protocol

from ingest.schema import Document, DrugNames, Kind, Passage
from rag import fuse
from rag.asked.sections import base
from rag.asked.studies import sought
from rag.drugs import Resolver, keys_of
from rag.lexical import analyse, analysed
from rag.query import Query
from rag.ranking.rank import Asked, Candidates
from rag.ranking.rounds import collapse, rounds
from rag.ranking.scope import Scope, allowed_by
from rag.ranking.sides import NAMES, Side, pattern, sides_of, without
from rag.ranking.sides import found as named
from rag.ranking.studies import Described, described
from rag.ranking.weights import Weights, label_rules, newest, paper_rules, study_rules
from rag.types import Embedder, Filters, Floats, Hit, Rule

__all__ = ["NAMES", "Reranker", "Retriever", "Weights"]

DEPTH = 50
"""Passages that one ranking contributes at least."""

RERANKED = 60
"""Fused passages of a search that the reranker compares; those after them keep their order below."""

LEADING = 4
"""Passages of what the question describes that come before the labels."""

MANY = 6
"""Sides up to which the question is read anew for each; of more, all drugs are taken out at once. Reading 2,000
characters takes 90 ms, so that a list of 27 drugs took 2.3 s."""

THE_DRUG = "the drug"
"""What stands for a drug's name where its own labels are searched: all of them are about it."""

LITERATURE = frozenset(kind.value for kind in Kind if kind is not Kind.LABEL)

Rankings = dict[str, list[int]]


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

    def both(
        self, query: str, vector: Floats, k: int, scope: Scope
    ) -> tuple[Sequence[tuple[int, float]], Sequence[tuple[int, float]]]:
        """What `lexical` finds, and the passages nearest to ``vector``."""

    def vectors(self, rows: Sequence[int]) -> Floats:
        """The vectors of these passages, shape ``(len(rows), dimension)``."""

    def rarity(self, terms: Sequence[str]) -> list[float]:
        """The inverse document frequency of each analysed term."""


class Reranker(Protocol):
    """What reads questions and compares the passages found for them (`rag.ranking.tuned.Tuned`)."""

    def read(self, questions: Sequence[str]) -> Sequence[Asked]:
        """Each question's vector in the space of the index, and the label sections that it asks for."""

    def scores(self, candidates: Candidates, *, label: bool) -> Sequence[float]:
        """How well each candidate answers, as a logarithm of odds; ``label``: all are from labels of one drug."""


@dataclass(frozen=True, slots=True)
class _Search:
    """One call of `Retriever.search`; ``scope`` and ``kinds`` are what the caller's filters allow.

    ``asked``: the question as it stands, then as asked of every side.
    """

    query: Query
    asked: tuple[tuple[str, Asked], ...]
    depth: int
    scope: Scope
    kinds: frozenset[str]
    sides: tuple[Side, ...]


Found = list[tuple[int, Hit]]
"""Hits with their row ids."""


class Retriever:
    """Searches one generation of the index; holds no state of a question, so threads may share it."""

    def __init__(
        self,
        store: Passages,
        index: Searchable,
        embedder: Embedder,
        resolver: Resolver,
        weights: Weights | None = None,
        *,
        reranker: Reranker | None = None,
    ) -> None:
        self._store, self._index, self._embedder, self._resolver = store, index, embedder, resolver
        self._weights, self._reranker = weights or Weights(), reranker

    def search(self, query: Query, k: int = 10, filters: Filters | None = None, as_of: date | None = None) -> list[Hit]:
        """The best ``k`` passages, the drugs of the question taking turns; [] where the question has no word.

        Where only unknown drugs are named, papers that have one of these words; no label, as all are of other drugs.
        """
        if k < 1 or not re.search(r"[^\W\d_]{2}", query.question):
            return []
        filters = filters or Filters()
        sides = tuple(sides_of(query, filters, self._resolver))
        asked = self._asked(query.question, sides)
        allowed = frozenset(filters.kinds or (kind.value for kind in Kind))
        search = _Search(query, asked, max(DEPTH, k), allowed_by(filters, as_of), allowed, sides)
        labels = [self._label_rankings(search, place) for place in range(len(sides)) if Kind.LABEL.value in allowed]
        # where what is asked about has no label here, every label is another drug's
        foreign = sides or query.classes or query.unresolved
        others = self._other_rankings(search, k, allowed & LITERATURE if foreign else allowed)
        *ofdrugs, rest = self._hits(search.scope, [*labels, others])
        leading, rest = self._leading(search, ofdrugs, rest)
        drugs = [self._labels(search, place, found) for place, found in enumerate(ofdrugs)]
        if query.shape == "interaction":  # the label that tells of the pair leads, whichever drug was named first
            drugs.sort(key=_silence)
        papers = [*leading[LEADING:], *self._others(search, rest)]
        shared = rounds(drugs, papers, max(k - LEADING, 0) if leading else k, compare=query.shape == "comparison")
        return [*leading[:LEADING], *shared][:k]

    def _asked(self, question: str, sides: Sequence[Side]) -> tuple[tuple[str, Asked], ...]:
        """The question, and how it is put to the labels of each side: without that drug's name."""
        if self._reranker is None:
            plain = Asked(self._embedder.encode([question])[0], {})
            return ((question, plain), *((without(question, side.surfaces), plain) for side in sides))
        every = tuple(chain.from_iterable(side.surfaces for side in sides)) if len(sides) > MANY else ()
        texts = [question, *(without(question, every or side.surfaces, THE_DRUG) for side in sides)]
        once = tuple(dict.fromkeys(texts))  # the members of a class share one
        read = dict(zip(once, self._reranker.read(once), strict=True))
        return tuple((text, read[text]) for text in texts)

    def _label_rankings(self, search: _Search, place: int) -> Rankings:
        """A drug's labels by the whole question, by the sections asked for, and by the names of the other drugs."""
        query, side = search.query, search.sides[place]
        text, asked = search.asked[place + 1]
        own = replace(search.scope, kinds=frozenset({Kind.LABEL.value}), drugs=frozenset(side.keys))
        rankings = self._rank(text, asked.vector, search.depth, own)
        if self._reranker is None and query.sections and not search.scope.sections:
            inside = replace(own, sections=frozenset(query.sections[:2]))
            in_section = self._rank(query.question, asked.vector, search.depth, inside)
            rankings |= {f"section_{name}": rows for name, rows in in_section.items()}
        if side.partners:
            rankings["partner_lexical"] = self._lexical(" ".join(side.partners), search.depth, own)
        return rankings

    def _other_rankings(self, search: _Search, k: int, kinds: frozenset[str]) -> Rankings:
        """The literature, or everything where the question names no drug; papers use the drugs' own names."""
        if not kinds:
            return {}
        scope = replace(search.scope, kinds=kinds)
        (question, asked), depth = search.asked[0], max(search.depth, 5 * k)
        keys = [key for side in search.sides for key in side.keys]
        missing = [key for key in keys if key not in question.casefold()]
        rankings = self._rank(" ".join((question, *missing)), asked.vector, depth, scope)
        if len(search.sides) > 1:
            rankings["names_lexical"] = self._lexical(" ".join(keys), depth, scope)
        return rankings

    def _rank(self, text: str, vector: Floats, depth: int, scope: Scope) -> Rankings:
        words, near = self._index.both(text, vector, depth, scope)
        return {"lexical": [row for row, _ in words], "dense": [row for row, _ in near]}

    def _lexical(self, text: str, depth: int, scope: Scope) -> list[int]:
        return [row for row, _ in self._index.lexical(text, depth, scope)] if text.strip() else []

    def _hits(self, scope: Scope, searches: Sequence[Rankings]) -> list[Found]:
        """The fused rankings of each search as hits, read from the store at once.

        Where the store is ahead of the index, a passage may be gone, withdrawn or replaced: it is left out.
        """
        passages = self._store.passages({row for rankings in searches for row in chain(*rankings.values())})
        documents = self._store.documents({passage.document_id for passage in passages.values()})
        current = {name: document for name, document in documents.items() if _in_force(document, scope)}
        kept = {row: passage for row, passage in passages.items() if passage.document_id in current}
        return [_fused(rankings, kept, current) for rankings in searches]

    def _labels(self, search: _Search, place: int, found: Found) -> list[Hit]:
        """A drug's passages by the rules for labels, its names taken for one where texts are compared."""
        side, hits = search.sides[place], self._reranked(search, place + 1, found)
        latest = newest(hit.document for hit in hits)
        weighed = [_weighed(hit, label_rules(self._weights, search.query, side, hit, latest)) for hit in hits]
        return collapse(sorted(weighed, key=_order), side.names)

    def _others(self, search: _Search, found: Found) -> list[Hit]:
        """Papers that name a drug of the question; where there is none, all that has the words that may be drugs."""
        hits = self._reranked(search, 0, [one for one in found if self._named(search, one[1])])
        latest = newest(hit.document for hit in hits if hit.document.kind is not Kind.LABEL)
        return collapse(sorted((_weighed(hit, self._rules(search, hit, latest)) for hit in hits), key=_order))

    def _leading(self, search: _Search, ofdrugs: Sequence[Found], rest: Found) -> tuple[list[Hit], Found]:
        """The passages of what the question describes, the best source first, and what is left of ``rest``.

        Of a source that is described all passages that share a word with its title are looked at, not only those found.
        """
        numbered = self._passages_of(search, self._store.documents(sought(search.query.question).numbers).values())
        papers, labels = [], [hit for _, hit in chain(*ofdrugs)]
        for _, hit in (*numbered, *rest):
            if hit.document.kind is Kind.LABEL:
                labels.append(hit)
            elif self._named(search, hit):
                papers.append(hit)
        matches = described(search.query, search.sides, papers, labels, self._index.rarity)
        if not matches:
            return [], rest
        sources = {hit.document.document_id: hit.document for hit in papers}
        whole = self._passages_of(search, (sources[name] for name in matches))
        own = {row: hit for row, hit in (*rest, *numbered, *whole) if hit.document.document_id in matches}
        hits = self._reranked(search, 0, list(own.items()))
        weighed = [
            _weighed(_described(hit, matches[hit.document.document_id].share), self._study_rules(search, hit, matches))
            for hit in hits
        ]
        ordered = sorted(weighed, key=lambda hit: (-matches[hit.document.document_id].match, *_order(hit)))
        return collapse(ordered), [one for one in rest if one[0] not in own]

    def _passages_of(self, search: _Search, documents: Iterable[Document]) -> Found:
        """The passages of these documents that share a word with its title, which stands in the context of them all."""
        found: Found = []
        for document in documents:
            if document.kind.value not in search.kinds:
                continue
            scope = replace(search.scope, kinds=frozenset({document.kind.value}))
            rankings = {"title_lexical": self._lexical(document.title, DEPTH, scope)}
            [hits] = self._hits(search.scope, [rankings])
            found += [one for one in hits if one[1].document.document_id == document.document_id]
        return found

    def _study_rules(self, search: _Search, hit: Hit, matches: Mapping[str, Described]) -> tuple[Rule, ...]:
        told = matches[hit.document.document_id]
        parts = sought(search.query.question).parts
        return (*study_rules(self._weights, told.match, told.reason, hit, parts), *self._rules(search, hit, None))

    def _named(self, search: _Search, hit: Hit) -> bool:
        """Whether a hit names a drug of the question, or a word that may be one; so does any where there is none."""
        names = [side.names for side in search.sides] or [pattern(search.query.unresolved)]
        return not any(names) or any(named(name, _readable(hit)) for name in names)

    def _rules(self, search: _Search, hit: Hit, latest: date | None) -> tuple[Rule, ...]:
        if hit.document.kind is Kind.LABEL:
            return label_rules(self._weights, search.query, None, hit, latest)
        return paper_rules(self._weights, search.sides, hit, latest)

    def _reranked(self, search: _Search, place: int, found: Found) -> list[Hit]:
        """The best fused hits with the reranker's scores in place of theirs, the rest below; place 0: of no drug."""
        best, rest = found[:RERANKED], [hit for _, hit in found[RERANKED:]]
        if self._reranker is None or not best:
            return [hit for _, hit in found]
        text, asked = search.asked[place]
        scores = self._reranker.scores(self._candidates(search.query, text, asked, best), label=place > 0)
        bases = fuse.reranked(scores, [hit.score for hit in rest])
        read = [
            replace(hit, signals={**hit.signals, "rerank": float(score), **(_section(asked, hit) if place else {})})
            for (_, hit), score in zip(best, scores, strict=True)
        ]
        return [_based(hit, base) for hit, base in zip([*read, *rest], bases, strict=True)]

    def _candidates(self, query: Query, text: str, asked: Asked, found: Found) -> Candidates:
        terms, passages = analyse(text), [hit.passage for _, hit in found]
        return Candidates(
            terms=terms,
            rarity=self._index.rarity(terms),
            texts=[_terms(passage.text) for passage in passages],
            vector=asked.vector,
            vectors=self._index.vectors([row for row, _ in found]),
            sections=[base(passage.section) for passage in passages],
            likely=asked.likely,
            cues={slug: 1 / 2**place for place, slug in enumerate(query.sections)},
            starts=[passage.start for passage in passages],
        )


def _fused(rankings: Rankings, passages: Mapping[int, Passage], documents: Mapping[str, Document]) -> Found:
    """The rankings as one list of hits, best first, with the place that each has in them."""
    places = {name: {row: float(rank) for rank, row in enumerate(rows, 1)} for name, rows in rankings.items()}
    hits = []
    for row, score in fuse.reciprocal_rank(list(rankings.values()), [1.0] * len(rankings)):
        if row in passages:
            document = documents[passages[row].document_id]
            ranks = {f"{name}_rank": place[row] for name, place in places.items() if row in place}
            signals = {**ranks, "fused": score, "base": score}
            hits.append((row, Hit(passages[row], document, score, _keys(document.drugs), signals)))
    return hits


def _section(asked: Asked, hit: Hit) -> dict[str, float]:
    """The probability that the question asks for the hit's section."""
    likely = asked.likely.get(base(hit.passage.section))
    return {} if likely is None else {"section": exp(likely)}


def _in_force(document: Document, scope: Scope) -> bool:
    """What the index leaves out (see `Scope`), asked of the store, which may know better by now."""
    if document.retracted and not scope.include_retracted:
        return False
    return document.in_force(scope.as_of, replaced=scope.include_superseded)


def _based(hit: Hit, base: float) -> Hit:
    return replace(hit, score=base, signals={**hit.signals, "base": base})


def _described(hit: Hit, share: float) -> Hit:
    return replace(hit, signals={**hit.signals, "described": round(share, 3)})


def _weighed(hit: Hit, rules: tuple[Rule, ...]) -> Hit:
    return replace(hit, score=hit.score * prod(rule.factor for rule in rules), rules=rules)


def _silence(hits: Sequence[Hit]) -> tuple[bool, float]:
    """Whether a drug's best passage does not name the other one; then its score, a share of as many as were found."""
    told = any(rule.name == "partner" for rule in hits[0].rules) if hits else False
    return not told, -hits[0].score if hits else 0.0


def _order(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.passage.passage_id


def _readable(hit: Hit) -> str:
    return f"{hit.document.title}\n{hit.passage.text}"


@lru_cache(8192)
def _terms(text: str) -> tuple[str, ...]:
    """`analysed`, remembered: the passages of a common drug are compared again and again."""
    return analysed(text)


@lru_cache(4096)
def _keys(names: DrugNames) -> tuple[str, ...]:
    """`keys_of`, remembered: it parses names, and the same labels come up again and again."""
    return keys_of(names)
