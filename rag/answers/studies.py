"""What is quoted of a source that the question describes: the part asked for as a whole, then what else answers.

The reader judges a sentence by itself. In a study's results hardly one repeats the drugs, the patients and the design
that the question tells it by, while the sentence on the design repeats them all: so the part comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

from ingest.schema import Document
from rag.asked.studies import Sought, is_called, sought
from rag.evidence import Candidate, Selector, known
from rag.lexical import analysed
from rag.query import Query
from rag.ranking.weights import PART
from rag.types import Evidence, Hit
from rag.view import View

READ = 16
"""Sentences of such sources that are read at most, those of the best one first."""
ENOUGH = 0.5
"""The share of the question that a source has for what it says to answer it (`rag.ranking.studies`)."""


def asked_for(hits: Sequence[Hit]) -> list[Document]:
    """The sources among ``hits`` that the question describes, the best one first."""
    found = {hit.document.document_id: hit.document for hit in hits if hit.described}
    return list(found.values())


def quoted(query: Query, hits: Sequence[Hit], selector: Selector, least: float) -> list[Evidence]:
    """The sentences of the sources that the question describes, in the order in which to show them.

    Of each source those of the part that is asked for, the better ones first; where a certain study is meant then the
    others. Where it is asked what studies say together, each gives one in turn. Where enough of the question is in a
    source, they need not answer by themselves and their scores grow with it, else they must score ``least``.
    """
    wanted, described = sought(query.question), [hit for hit in hits if hit.described]
    found, parts = list(known(query, described))[:READ], _parts(described)
    sources: dict[str, list[Evidence]] = {document.document_id: [] for document in asked_for(described)}
    scored = zip(selector.scores(query, found) if found else [], found, strict=True)
    for score, item in sorted(scored, key=lambda one: (_place(one[1].hit) not in parts, -one[0], one[1].start)):
        told, share = sources[item.hit.document.document_id], _share(wanted, item.hit)
        meant = _place(item.hit) in parts or _certain(wanted, item.hit.document)
        if meant and (share or score >= least) and not any(_overlap(item, other) for other in told):
            lifted = round(score + (1 - score) * share / 2, 3)
            told.append(Evidence(item.hit, item.text, item.start, item.end, lifted))
    turns = zip_longest(*sources.values()) if wanted.several else sources.values()
    return [item for item in chain.from_iterable(turns) if item is not None]


def sureness(query: Query, evidence: Sequence[Evidence]) -> float:
    """How likely sources that the question describes answer it, 0 to 1: 0 where too little of it is in them."""
    wanted = sought(query.question)
    return max((_share(wanted, item.hit) for item in evidence), default=0.0)


def _share(wanted: Sought, hit: Hit) -> float:
    """The share of the question that a hit's source has, 0 where that is too little for what it says to answer.

    Where a part is asked for by its name ("who was enrolled"), that part answers.
    """
    share = hit.signals["described"]
    return share if share >= ENOUGH or (wanted.part_named and _in_part(hit)) else 0.0


def _certain(wanted: Sought, document: Document) -> bool:
    return wanted.one or any(is_called(name, document.title) for name in wanted.names)


def absent_studies(view: View, query: Query, found: Sequence[Document]) -> tuple[str, ...]:
    """The names and numbers of studies in the question that no source found goes by and no passage has.

    Another study's figures would be taken for theirs.
    """
    ids = {document.document_id.partition(":")[2] for document in found}
    absent = (name for name in sought(query.question).outright if name not in ids)
    return tuple(
        name
        for name in absent
        if not any(is_called(name, document.title) for document in found) and 0.0 in view.frequency(analysed(name))
    )


def _parts(hits: Sequence[Hit]) -> set[tuple[str, str]]:
    """The sections, each with its document, of the part that is asked for; of a source without it, its best section."""
    named = {_place(hit) for hit in hits if _in_part(hit)}
    having = {document_id for document_id, _ in named}
    first: dict[str, Hit] = {}
    for hit in hits:
        first.setdefault(hit.document.document_id, hit)
    return named | {_place(hit) for document_id, hit in first.items() if document_id not in having}


def _place(hit: Hit) -> tuple[str, str]:
    return hit.document.document_id, hit.passage.section


def _in_part(hit: Hit) -> bool:
    return any(rule.name == PART for rule in hit.rules)


def _overlap(item: Candidate, other: Evidence) -> bool:
    same = item.hit.passage.section == other.hit.passage.section
    return same and item.start < other.end and other.start < item.end
