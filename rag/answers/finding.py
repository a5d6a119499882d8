"""What of the index answers a question: its passages, the sentences chosen from them, and whether that is an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import combinations

from ingest.schema import Document, Kind
from rag.answers.conflicts import beyond
from rag.answers.members import chosen, searched
from rag.answers.safety import Place, listed
from rag.answers.studies import absent_studies, asked_for, quoted, sureness
from rag.asked.conditions import asks_condition
from rag.asked.focus import fitting, group_of, groups_of, mechanisms, says, shared_pathways, titles, under_fitting
from rag.asked.recognition import of_signs
from rag.asked.sections import TOPICS
from rag.asked.touches import groups_in, vague
from rag.evidence import Selector
from rag.naming.strange import strange
from rag.query import Query, understand
from rag.sentences.concepts import Said
from rag.sentences.coverage import Coverage, concepts_of
from rag.sentences.governing import placed
from rag.types import Evidence, Filters, Hit
from rag.view import View

HITS = 24
"""Passages whose sentences compete."""
UNANCHORED = 0.1
"""How much better a sentence must score where the question names no drug that would tie the sentence to it."""
NEARLY = 0.5
"""Of the best score what a sentence on the question's patients must have to come before it."""
COVERED = 6
"""What the least score of a drug's best sentence is divided by where the question is answered, as coverage tells."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked and within which limits.

    ``min_score``: what a sentence must score to be evidence; ``min_coverage``: how likely the evidence must be to
    answer the question at all.
    """

    answer_id: str
    question: str
    filters: Filters
    as_of: date | None
    max_references: int
    generator: str
    min_score: float
    min_coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What retrieval gave: the sentences good enough to answer from, the best ones whatever their score, and the pairs
    of the question's drugs that no passage names together (none where that was not asked). ``coverage``: see
    `rag.sentences.coverage`; 1 where nothing tells. ``described``: whether the question describes a source that was
    found (`rag.ranking.studies`); ``retracted``: those of them that are; ``absent``: studies it names that are not."""

    usable: list[Evidence]
    nearest: list[Evidence]
    apart: list[tuple[int, int]]
    coverage: float = 1.0
    described: bool = False
    retracted: tuple[Document, ...] = ()
    absent: tuple[str, ...] = ()


def understood(view: View, request: Request) -> Query:
    """The question; where it names no drug it is asked of the filter's drugs, else of members of the classes it names.

    Not so where it asks how classes act on each other: a few members would not stand for the others.
    """
    query = understand(request.question, view.resolver)
    if names := strange(query, view.frequency):
        query = replace(query, unresolved=(*query.unresolved, *names), strange=names)
    if query.drugs or query.unresolved:
        return query
    groups = {frozenset(keys): keys for keys in map(view.resolver.name, request.filters.drugs) if keys}
    if groups or query.shape != "plain" or not query.candidates:
        return replace(query, drugs=tuple(groups.values()))
    return replace(query, drugs=query.candidates)


def find(
    view: View,
    query: Query,
    selector: Selector,
    request: Request,
    coverage: Coverage | None,
    *,
    document: Callable[[str], Document | None],
) -> Found:
    """Sentences of the hits that are not retracted and of every passage that names two of the drugs together.

    ``document``: one with its sections, by its id; what cannot be shown as it stands there gives way to the next best.
    """
    if vague(query):
        return Found([], [], [])
    query = of_signs(query)
    every = view.searcher.search(searched(query), HITS, replace(request.filters, include_retracted=True), request.as_of)
    asked = asked_for(every)
    query = replace(query, study=bool(asked))
    hits = [hit for hit in every if not hit.document.retracted]
    own = quoted(query, hits, selector, request.min_score)
    hits = [hit for hit in hits if not hit.described]
    paired = query.shape == "interaction" and len(query.drugs) > 1
    pairs = view.together(query, request.filters, request.as_of) if paired else None
    together = pairs.hits if pairs else []
    barring = _barring(view, query, request) if asks_condition(query) or query.allergies else []
    # Where no source has the pair, papers on a pathway that both drugs share are the nearest there is.
    shared = shared_pathways(query, [(hit, hit.passage.text) for hit in hits]) if paired and not together else set()
    papers = view.papers_on(_spelled(shared), request.filters, request.as_of) if shared else []
    ours = {item.hit.document.document_id for item in own}
    unique = {hit.passage.passage_id: hit for hit in (*together[:HITS], *hits, *barring, *papers)}
    others = [hit for hit in unique.values() if hit.document.document_id not in ours]
    evidence = [*own, *chosen(view, query, others, selector)]
    about = [item for item in evidence if item.hit.described or _about(view, query, item)]
    covered = max(_covered(view, query, about, request, coverage), sureness(query, own))
    absent = absent_studies(view, query, asked)
    nothing = query.strange or covered < request.min_coverage or absent or (asked and asked[0].retracted)
    place = partial(placed, find=document)
    usable: list[Evidence] = []
    if not nothing:
        theirs = [item for item in about if not item.hit.described]
        whole = listed(view, query, request.as_of) if _allows(request.filters, "contraindications") else []
        usable = [*place(own), *(whole or _good(query, theirs, request, place, answered=coverage is not None))]
    if usable:  # on its own a paper on a pathway answers nothing; beside the labels it need not name the drugs
        named = {hit.passage.passage_id for hit in papers}
        pathway = [one for one in evidence if one.hit.passage.passage_id in named and mechanisms(one.text) & shared]
        usable += [item for item in place(pathway) if item not in usable]
    both = combinations(range(len(query.drugs)), 2)
    apart = [pair for pair in both if pair not in pairs.covered] if pairs else []
    retracted = tuple(document for document in asked if document.retracted)
    return Found(under_fitting(query, usable), evidence, apart, covered, bool(asked), retracted, absent)


def _barring(view: View, query: Query, request: Request) -> list[Hit]:
    """Boxed warnings and contraindications of a question's drugs, and warnings where something is not tolerated,
    whether search found them or not; as far as the caller's filters allow."""
    slugs = ("boxed_warning", "contraindications", *(("warnings", "warnings_and_cautions") * bool(query.allergies)))
    allowed = [slug for slug in slugs if _allows(request.filters, slug)]
    return [hit for keys in query.drugs for slug in allowed for hit in view.section(keys, slug, request.as_of).hits]


def _allows(filters: Filters, slug: str) -> bool:
    """Whether filters let a label's section be evidence; by date or drug they choose labels, and search alone does."""
    chosen = filters.drugs or filters.published_after or filters.published_before
    return not chosen and slug in (filters.sections or (slug,)) and Kind.LABEL in (filters.kinds or (Kind.LABEL,))


def _good(query: Query, about: Sequence[Evidence], request: Request, place: Place, *, answered: bool) -> list[Evidence]:
    """What scores enough and can be shown, without what is of another patient or partner.

    ``answered``: as coverage tells; then the best of each drug, and of its patients, may score less.
    """
    least = request.min_score + (0.0 if query.drugs else UNANCHORED)
    kept = place([item for item in about if item.score >= least])
    lowest = least / (COVERED if query.drugs else 2)
    rest = [item for item in about if lowest <= item.score < least] if answered else []
    lacking = groups_of(query) or any(_brings(query, kept, item) for item in rest)
    near = NEARLY * max((item.score for item in rest), default=0.0)
    ranked = place(rest if lacking else [])
    for item in sorted(ranked, key=lambda one: not (groups_of(query) & _told(one) and one.score >= near)):
        if _brings(query, kept, item) and _on_matter(query, item):
            kept.append(item)
    within = [item for item in kept if not beyond(query, item.text)]
    return fitting(query, within or kept)


def _brings(query: Query, kept: Sequence[Evidence], item: Evidence) -> bool:
    """Whether it is of a drug, or of the question's patients, of which nothing of that drug is kept."""
    same = [one for one in kept if group_of(query, one.hit) == group_of(query, item.hit)]
    patients = groups_of(query)
    return not same or bool(patients & _told(item) and not any(patients & _told(one) for one in same))


def _told(item: Evidence) -> frozenset[str]:
    """The groups of patients that it speaks of, by its words or its titles."""
    return groups_in(" ".join([*titles(item.under), item.text]))


def _on_matter(query: Query, item: Evidence) -> bool:
    """Whether it, what it stands under or its section has anything of what is asked about; so where that is nothing."""
    asked = concepts_of(query)
    above = (quote.text for quote in item.under)
    said = Said(" ".join([*above, item.text, item.hit.passage.section.replace("_", " ")]))
    return not asked or any(one.told(said) for one in asked)


def _covered(view: View, query: Query, about: Sequence[Evidence], request: Request, coverage: Coverage | None) -> float:
    if coverage is None:
        return 1.0
    return coverage.chance(query, about, view, request.as_of, silent=bool(bare(view, query, request.as_of)))


def _spelled(pathways: set[str]) -> list[str]:
    """Words to search papers by."""
    return ["interactions", *("P-glycoprotein" if term == "pgp" else term for term in sorted(pathways))]


def _about(view: View, query: Query, item: Evidence) -> bool:
    """Where drugs are named, known or not, a sentence must be about one of them: another drug's is no answer.

    Where none is, no label answers: it would be that of a drug by chance.
    """
    if query.drugs and view.about(query, item.hit, item.text):
        return True
    if not query.drugs and not query.unresolved:
        return item.hit.document.kind is not Kind.LABEL
    return any(says(word, item.text) for word in query.unresolved)


def bare(view: View, query: Query, as_of: date | None) -> list[str]:
    """The question's drugs whose labels have none of the sections that would tell what is asked."""
    slugs = next((topic.slugs for topic in TOPICS if topic.name in query.topics[:1]), ())
    return [
        " and ".join(keys)
        for keys in query.drugs
        if slugs and not any(view.section(keys, slug, as_of).hits for slug in slugs)
    ]
