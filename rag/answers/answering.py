"""One question on one index generation: search, select, generate, verify, compose.

Status: ``abstained`` where no statement can be shown; ``partial`` where a drug of the question is unknown or left
without a statement, no source names together the drugs that were asked about together, no statement speaks of the
population asked for, verification removed something or a warning cannot be shown; else ``answered``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations

from ingest.schema import Document, Kind
from rag.answers import notices
from rag.answers.compose import (
    References,
    Shown,
    abstention,
    confidence,
    section_name,
    section_of,
    statements,
    text_of,
)
from rag.answers.conflicts import Scene, beyond, conflicts, uncovered
from rag.answers.members import chosen, members_notice, searched
from rag.answers.safety import Warned, barred, floor, passages, places_of, unwarned
from rag.answers.stances import stances
from rag.answers.studies import absent_studies, asked_for, quoted, sureness
from rag.asked.conditions import asks_condition
from rag.asked.focus import (
    fitting,
    group_of,
    groups_of,
    mechanisms,
    says,
    shared_pathways,
    titles,
    under_fitting,
    unpartnered,
)
from rag.asked.recognition import of_signs
from rag.asked.sections import TOPICS
from rag.asked.touches import groups_in, vague
from rag.errors import GeneratorError
from rag.evidence import Selector
from rag.generate import Extractive, Generator
from rag.llm.cited import UNCITED
from rag.naming.strange import strange
from rag.query import Query, understand
from rag.sentences.concepts import Said
from rag.sentences.coverage import Coverage, concepts_of
from rag.sentences.governing import placed
from rag.types import Answer, Draft, Evidence, Filters, Hit, Judge, Notice, Provenance, Safety, Status
from rag.verify import Checker, Shelf
from rag.view import View

HITS = 24
"""Passages whose sentences compete."""
UNANCHORED = 0.1
"""How much better a sentence must score where the question names no drug that would tie the sentence to it."""
COVERED = 6
"""What the least score of a drug's best sentence is divided by where the question is answered, as coverage tells."""
NEAREST = 3
"""Passages that an abstention shows."""


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


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds between marks."""

    started: float
    last: float
    marks: dict[str, float]

    @staticmethod
    def start() -> Stopwatch:
        """Running from now."""
        now = time.perf_counter()
        return Stopwatch(now, now, {})

    def mark(self, name: str) -> None:
        """Gives the time since the last mark this name."""
        now = time.perf_counter()
        self.marks[name], self.last = round(1000 * (now - self.last), 1), now

    def total(self) -> dict[str, float]:
        """All marks and ``total``."""
        return {**self.marks, "total": round(1000 * (time.perf_counter() - self.started), 1)}


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by which generator, what is to be said of that, and how much of it cited nothing."""

    drafts: list[Draft]
    generator: str
    notices: list[Notice]
    uncited: Counter[str] = field(default_factory=Counter)


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


def respond(
    view: View,
    shelf: Shelf,
    selector: Selector,
    generator: Generator,
    request: Request,
    *,
    judge: Judge | None = None,
    coverage: Coverage | None = None,
) -> Answer:
    """The answer to one request; deterministic apart from the timings.

    ``judge``: see `rag.verify.Checker` and `rag.answers.stances`; without one quotations alone are shown.
    ``coverage``: without one the score of a sentence alone tells whether it answers.
    """
    watch = Stopwatch.start()
    query = understood(view, request)
    checker = _checker(view, shelf, request, judge)
    found = find(view, query, selector, request, coverage, document=checker.document)
    query = replace(query, study=found.described)
    found = replace(found, usable=under_fitting(query, found.usable))
    watch.mark("retrieve")
    written = _write(generator, query, found.usable, request.generator)
    watch.mark("generate")
    verified = checker.verify(written.drafts)
    cited = {item.hit.document.document_id for draft in verified.drafts for item in draft.evidence}
    warned, changed = _confirmed(floor(view, query, request.as_of, cited), checker)
    room = max(1, len(query.drugs), request.max_references - passages(warned))
    references = References(min(room, request.max_references), request.as_of)
    shown, dropped = statements(query, verified.drafts, verified.supports, references)
    nearest = {} if shown else _nearest(view, query, found.nearest, checker, references)
    references.limit = request.max_references
    safety, omitted = _safety(warned, references)
    before = barred(warned, references)
    scene = Scene(view, query, shown, references.numbers, request.as_of)
    places, asked = places_of(view, query, request.as_of)
    told = [
        *notices.spelling(query),
        *members_notice(query),
        *written.notices,
        *changed,
        *_gaps(scene, found, written, dropped, request.filters, before=tuple(before.values())),
        *notices.route(query, places, asked),
        *notices.removed(verified.removed + written.uncited),
        *omitted,
        *notices.without_warnings(unwarned(view, query, request.as_of), places),
        *conflicts(scene, judge),
    ]
    lead = [notice.message for notice in told if notice.code in notices.LEADING]
    listed = references.listed(stances(scene, judge))
    lead = lead if shown else [abstention(" ".join(lead), nearest)]
    text = text_of(query, shown, safety, lead, before)
    watch.mark("verify")
    return Answer(
        answer_id=request.answer_id,
        question=request.question,
        status=_status(query, shown, told),
        answer=text,
        statements=tuple(statement for _, statement in shown),
        references=listed,
        safety=tuple(safety),
        notices=(*told, *notices.sources(listed, references, demonstration=view.manifest.demonstration)),
        confidence=min(confidence(query, shown, not found.apart), round(found.coverage, 2)),
        provenance=_provenance(view, written.generator),
        timings_ms=watch.total(),
    )


def _checker(view: View, shelf: Shelf, request: Request, judge: Judge | None) -> Checker:
    replaced = request.filters.include_superseded
    return Checker(shelf, request.as_of, superseded=replaced, judge=judge, names=view.resolver)


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
    barring = _barring(view, query, request) if asks_condition(query) else []
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
    others_good = placed([item for item in about if not item.hit.described], document) if not nothing else []
    usable = [] if nothing else [*placed(own, document), *_good(query, others_good, request, coverage)]
    if usable:  # on its own a paper on a pathway answers nothing; beside the labels it need not name the drugs
        named = {hit.passage.passage_id for hit in papers}
        pathway = [one for one in evidence if one.hit.passage.passage_id in named and mechanisms(one.text) & shared]
        usable += [item for item in placed(pathway, document) if item not in usable]
    both = combinations(range(len(query.drugs)), 2)
    apart = [pair for pair in both if pair not in pairs.covered] if pairs else []
    retracted = tuple(document for document in asked if document.retracted)
    return Found(usable, evidence, apart, covered, bool(asked), retracted, absent)


def _barring(view: View, query: Query, request: Request) -> list[Hit]:
    """Boxed warning and contraindications of the one drug of a question, whether search found them or not."""
    if request.filters != Filters(include_superseded=request.filters.include_superseded):
        return []
    parts = (view.section(query.drugs[0], slug, request.as_of) for slug in ("boxed_warning", "contraindications"))
    return [hit for part in parts for hit in part.hits]


def _good(query: Query, about: Sequence[Evidence], request: Request, coverage: Coverage | None) -> list[Evidence]:
    """What scores enough, without what is of another patient or partner."""
    least = request.min_score + (0.0 if query.drugs else UNANCHORED)
    kept = [item for item in about if item.score >= least]
    if (
        coverage
    ):  # it told that the question is answered: then the best of each drug, and of its patients, may score less
        lowest = least / (COVERED if query.drugs else 2)
        rest = [item for item in about if item.score >= lowest and item not in kept and _on_matter(query, item)]
        patients = groups_of(query)
        for item in sorted(rest, key=lambda one: not patients & _told(one)):
            same = [one for one in kept if group_of(query, one.hit) == group_of(query, item.hit)]
            if not same or (patients & _told(item) and not any(patients & _told(one) for one in same)):
                kept.append(item)
    within = [item for item in kept if not beyond(query, item.text)]
    return fitting(query, within or kept)


def _told(item: Evidence) -> frozenset[str]:
    """The groups of patients that it speaks of, by its words or its titles."""
    return groups_in(" ".join([*titles(item.under), item.text]))


def _on_matter(query: Query, item: Evidence) -> bool:
    """Whether it, what it stands under or its section has anything of what is asked about; so where that is nothing."""
    every = concepts_of(query)
    asked = [one for one in every if one.firm] or every
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


def _write(generator: Generator, query: Query, evidence: Sequence[Evidence], name: str) -> Written:
    """What the generator writes; where it cannot, quotations, and it is said."""
    try:
        written = generator.generate(query, evidence) if evidence else []
        drafts = [draft for draft in written if draft.evidence]
        return Written(drafts, name, [], Counter([UNCITED] * (len(written) - len(drafts))))
    except GeneratorError as error:
        drafts = Extractive().generate(query, evidence)
        return Written(drafts, "extractive", [notices.fell_back(name, str(error))])


def _confirmed(warned: Sequence[Warned], checker: Checker) -> tuple[list[Warned], list[Notice]]:
    """The warnings that the store still has word for word, and a notice of each that it has not."""
    kept: list[Warned] = []
    told: list[Notice] = []
    for item in warned:
        sound = tuple(filter(checker.confirmed, item.evidence))
        if sound:
            kept.append(replace(item, evidence=sound))
        if not sound or len(sound) < len(item.evidence):
            url = next((part.hit.document.url for part in item.evidence if part.hit.document.url), "")
            told.append(notices.warning_changed(item.drug, item.section, url))
    return kept, told


def _safety(warned: Sequence[Warned], references: References) -> tuple[list[Safety], list[Notice]]:
    """The warnings with their references; those that found no room as a notice, never in silence."""
    listed: list[Safety] = []
    omitted: list[str] = []
    for item in warned:
        numbers = [number for part in item.evidence if (number := references.number(part))]
        listed.extend(Safety(item.drug, item.section, number) for number in dict.fromkeys(numbers))
        if not numbers:
            document_id = item.evidence[0].hit.document.document_id
            omitted.append(f"{item.drug} ({section_name(item.section)}: {document_id})")
    return listed, notices.warnings_omitted(omitted)


def _nearest(
    view: View, query: Query, evidence: Sequence[Evidence], checker: Checker, references: References
) -> dict[int, str]:
    """The nearest sections by the number of their reference, which quotes the best confirmed sentence of each.

    Where the question's drugs are known, those of their own sources.
    """
    named: dict[int, str] = {}
    for item in evidence:
        if section_of(item) in named.values() or (query.drugs and not view.about(query, item.hit, item.text)):
            continue
        if len(named) < NEAREST and checker.confirmed(item) and (number := references.number(item)):
            named[number] = section_of(item)
    return named


def bare(view: View, query: Query, as_of: date | None) -> list[str]:
    """The question's drugs whose labels have none of the sections that would tell what is asked."""
    slugs = next((topic.slugs for topic in TOPICS if topic.name in query.topics[:1]), ())
    return [
        " and ".join(keys)
        for keys in query.drugs
        if slugs and not any(view.section(keys, slug, as_of).hits for slug in slugs)
    ]


def _gaps(
    scene: Scene,
    found: Found,
    written: Written,
    dropped: Sequence[Draft],
    filters: Filters,
    *,
    before: Sequence[str],
) -> list[Notice]:
    """What an answer lacks, in the order in which a reader should learn of it; ``before``: warnings that lead it."""
    query, shown = scene.query, scene.shown
    told = [*notices.unknown(query, shown), *notices.retracted(found.retracted), *notices.absent(query, found.absent)]
    told += notices.apart(query, found.apart, filters)
    if not shown:
        return [*told, *_unanswered(scene, found, written)]
    drafts = [*(draft for draft, _ in shown), *dropped]
    told += [*notices.missing(query, drafts), *notices.population(uncovered(query, shown, before))]
    told += notices.partner(query, unpartnered(query, [draft.text for draft in drafts]))
    return [*told, *notices.omitted(dropped)]


def _unanswered(scene: Scene, found: Found, written: Written) -> list[Notice]:
    """Why nothing is shown: of the index only where nothing in it was good enough to answer from."""
    if not found.usable:
        lacking = bare(scene.view, scene.query, scene.as_of)
        return notices.unanswered(scene.query, bool(found.nearest), lacking, scene.as_of)
    if written.drafts or written.uncited:
        return []  # that it was removed is said
    return notices.declined(written.generator, len(found.usable))


def _status(query: Query, shown: Shown, told: Sequence[Notice]) -> Status:
    if not shown:
        return "abstained"
    lacking = any(notice.code in notices.LACKING for notice in told)
    return "partial" if lacking or notices.silent(query, [draft for draft, _ in shown]) else "answered"


def _provenance(view: View, generator: str) -> Provenance:
    manifest = view.manifest
    return Provenance(
        index=manifest.generation,
        embedder=manifest.embedder,
        generator=generator,
        newest_source=manifest.newest_source,
        indexed_at=manifest.indexed_at,
        demonstration=manifest.demonstration,
    )
