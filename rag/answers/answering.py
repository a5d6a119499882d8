"""One question on one index generation: search, select, generate, verify, compose.

Status: ``abstained`` where no statement can be shown; ``partial`` where a drug of the question is unknown or left
without a statement, no source names together the drugs that were asked about together, no statement speaks of the
population asked for, verification removed something or a warning cannot be shown; else ``answered``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

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
from rag.answers.conflicts import Scene, conflicts, uncovered
from rag.answers.finding import Found, Request, bare, find, understood
from rag.answers.members import members_notice
from rag.answers.safety import Warned, barred, floor, passages, places_of, unwarned
from rag.answers.stances import stances
from rag.asked.focus import unpartnered
from rag.errors import GeneratorError
from rag.evidence import Selector
from rag.generate import Extractive, Generator
from rag.llm.cited import UNCITED
from rag.query import Query
from rag.sentences.coverage import Coverage
from rag.sentences.governing import placed
from rag.types import Answer, Draft, Evidence, Filters, Judge, Notice, Provenance, Safety, Status
from rag.verify import Checker, Shelf
from rag.view import View

NEAREST = 3
"""Passages that an abstention shows."""


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
    query, checker = understood(view, request), _checker(view, shelf, request, judge)
    found = find(view, query, selector, request, coverage, document=checker.document)
    query = replace(query, study=found.described)
    watch.mark("retrieve")
    written = _write(generator, query, found.usable, request.generator)
    watch.mark("generate")
    verified = checker.verify(written.drafts)
    cited = {item.hit.document.document_id for draft in verified.drafts for item in draft.evidence}
    floored = floor(view, query, request.as_of, cited, partial(placed, find=checker.document))
    warned, changed = _confirmed(floored, checker)
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
    listed = references.listed(stances(scene, judge))
    lead = [notice.message for notice in told if notice.code in notices.LEADING]
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
