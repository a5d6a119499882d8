"""One question on one index generation: search, select, generate, verify, compose.

Status: ``abstained`` where no statement can be shown; ``partial`` where a drug of the question is unknown or left
without a statement, no source names together the drugs that were asked about together, no statement speaks of the
population asked for, verification removed something or a warning cannot be shown; else ``answered``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

from rag.compose import (
    References,
    abstention,
    confidence,
    drugs_of,
    listing,
    notices_of_sources,
    statements,
    text_of,
)
from rag.focus import mechanisms, populations, says, shared_pathways
from rag.generate import Generator
from rag.members import chosen, members_notice, searched
from rag.query import Query, understand
from rag.safety import Warned, floor
from rag.types import Answer, Draft, Embedder, Evidence, Filters, Notice, Provenance, Safety, Statement, Status
from rag.verify import Checker, Shelf
from rag.view import View

HITS = 24
"""Passages whose sentences compete."""
UNANCHORED = 0.1
"""How much better a sentence must score where the question names no drug that would tie the sentence to it."""
NEAREST = 3
"""Passages that an abstention shows."""

Shown = list[tuple[Draft, Statement]]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked and within which limits; ``min_score``: the evidence score below which nothing is answered."""

    answer_id: str
    question: str
    filters: Filters
    as_of: date | None
    max_references: int
    generator: str
    min_score: float


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
class Found:
    """What retrieval gave: the sentences good enough to answer from, the best ones whatever their score, and the pairs
    of the question's drugs that no passage names together (none where that was not asked)."""

    usable: list[Evidence]
    nearest: list[Evidence]
    apart: list[tuple[int, int]]


def respond(view: View, shelf: Shelf, embedder: Embedder, generator: Generator, request: Request) -> Answer:
    """The answer to one request; deterministic apart from the timings."""
    watch = Stopwatch.start()
    query = _understood(view, request)
    found = _find(view, query, embedder, request)
    watch.mark("retrieve")
    drafts = generator.generate(query, found.usable) if found.usable else []
    watch.mark("generate")
    checker = Checker(shelf, request.as_of, superseded=request.filters.include_superseded)
    verified = checker.verify(drafts)
    cited = {item.hit.document.document_id for draft in verified.drafts for item in draft.evidence}
    warned, changed = _confirmed(floor(view, query, request.as_of, cited), checker)
    room = max(1, len(query.drugs), request.max_references - _passages(warned))
    references = References(min(room, request.max_references), request.as_of)
    shown, dropped = statements(query, verified.drafts, references)
    nearest = [] if shown else _nearest(found.nearest, checker, references)
    references.limit = request.max_references
    safety, omitted = _safety(warned, references)
    gaps = _gaps(query, found, shown, dropped, verified.removed)
    notices = [
        *_spelling(query),
        *members_notice(query),
        *changed,
        *_named(query, found, shown, request),
        *gaps,
        *omitted,
    ]
    notices += _without_warnings(view, query, request.as_of)
    silent = _silent(query, [draft for draft, _ in shown])
    status = _status(shown, notices, silent)
    lead = [notice.message for notice in notices if notice.code in LEADING]
    text = text_of(query, shown, safety, lead if shown else [abstention(" ".join(lead), nearest)])
    listed = references.listed()
    sources = notices_of_sources(listed, demonstration=view.manifest.demonstration)
    watch.mark("verify")
    return Answer(
        answer_id=request.answer_id,
        question=request.question,
        status=status,
        answer=text,
        statements=tuple(statement for _, statement in shown),
        references=listed,
        safety=tuple(safety),
        notices=(*notices, *sources),
        confidence=confidence(query, shown, not found.apart),
        provenance=_provenance(view, request.generator),
        timings_ms=watch.total(),
    )


LEADING = frozenset(
    {
        "spelling_corrected",
        "class_members",
        "safety_unavailable",
        "unknown_drug",
        "no_direct_evidence",
        "insufficient_evidence",
        "population_not_covered",
        "unsupported_removed",
    }
)
"""Notices that the answer's text opens with: what is missing is said before what is there."""


def _understood(view: View, request: Request) -> Query:
    """The question; where it names no drug it is asked of the filter's drugs, else of members of the classes it names.

    Not so where it asks how classes act on each other: a few members would not stand for the others.
    """
    query = understand(request.question, view.resolver)
    if query.drugs or query.unresolved:
        return query
    groups = {frozenset(keys): keys for keys in map(view.resolver.name, request.filters.drugs) if keys}
    if groups or query.shape != "plain" or not query.candidates:
        return replace(query, drugs=tuple(groups.values()))
    return replace(query, drugs=query.candidates)


def _find(view: View, query: Query, embedder: Embedder, request: Request) -> Found:
    """Sentences of the hits that are not retracted and of every passage that names two of the drugs together."""
    hits = view.searcher.search(searched(query), HITS, request.filters, request.as_of)
    paired = query.shape == "interaction" and len(query.drugs) > 1
    pairs = view.together(query, request.filters, request.as_of) if paired else None
    together = pairs.hits if pairs else []
    # Where no source has the pair, papers on a pathway that both drugs share are the nearest there is.
    shared = shared_pathways(query, [(hit, hit.passage.text) for hit in hits]) if paired and not together else set()
    papers = view.papers_on(_spelled(shared), request.filters, request.as_of) if shared else []
    unique = {hit.passage.passage_id: hit for hit in (*together[:HITS], *hits, *papers) if not hit.document.retracted}
    evidence = chosen(view, query, list(unique.values()), embedder)
    least = request.min_score + (0.0 if query.drugs else UNANCHORED)
    usable = [item for item in evidence if item.score >= least and _about(view, query, item)]
    if usable:  # on its own a paper on a pathway answers nothing; beside the labels it need not name the drugs
        named = {hit.passage.passage_id for hit in papers}
        usable += [
            item
            for item in evidence
            if item not in usable and item.hit.passage.passage_id in named and mechanisms(item.text) & shared
        ]
    every = combinations(range(len(query.drugs)), 2)
    return Found(usable, evidence, [pair for pair in every if pair not in pairs.covered] if pairs else [])


def _spelled(pathways: set[str]) -> list[str]:
    """Words to search papers by."""
    return ["interactions", *("P-glycoprotein" if term == "pgp" else term for term in sorted(pathways))]


def _about(view: View, query: Query, item: Evidence) -> bool:
    """Where drugs are named, known or not, a sentence must be about one of them: another drug's is no answer."""
    if query.drugs and view.about(query, item.hit, item.text):
        return True
    named = query.drugs or query.unresolved
    return not named or any(says(word, item.text) for word in query.unresolved)


def _without_warnings(view: View, query: Query, as_of: date | None) -> list[Notice]:
    """Says of which drugs no loaded label has a section of warnings: silence there must not read as safety."""
    bare = [
        " and ".join(keys)
        for keys in query.drugs
        if not any(view.section(keys, slug, as_of).hits for slug in ("boxed_warning", "contraindications"))
    ]
    if not bare:
        return []
    told = f"The labels loaded for {listing(bare)} have no boxed warning and no contraindications section; "
    return [Notice("safety_not_covered", f"{told}that does not mean that there are none.")]


def _confirmed(warned: Sequence[Warned], checker: Checker) -> tuple[list[Warned], list[Notice]]:
    """The warnings that the store still has word for word, and a notice of each that it has not."""
    kept: list[Warned] = []
    notices: list[Notice] = []
    for item in warned:
        sound = tuple(filter(checker.confirmed, item.evidence))
        if sound:
            kept.append(replace(item, evidence=sound))
        if not sound or len(sound) < len(item.evidence):
            notices.append(Notice("safety_unavailable", _changed(item)))
    return kept, notices


def _changed(item: Warned) -> str:
    section = "boxed warning" if item.section == "boxed_warning" else item.section.replace("_", " ")
    verb = "have" if section.endswith("s") else "has"
    where = next((f" at {part.hit.document.url}" for part in item.evidence if part.hit.document.url), "")
    return f"The {section} of {item.drug} {verb} changed since the index was built; read the label{where}."


def _passages(warned: Sequence[Warned]) -> int:
    return len({part.hit.passage.passage_id for item in warned for part in item.evidence})


def _safety(warned: Sequence[Warned], references: References) -> tuple[list[Safety], list[Notice]]:
    """The warnings with their references; those that found no room as a notice, never in silence."""
    listed: list[Safety] = []
    omitted: list[str] = []
    for item in warned:
        numbers = [number for part in item.evidence if (number := references.number(part))]
        listed.extend(Safety(item.drug, item.section, number) for number in dict.fromkeys(numbers))
        if not numbers:
            omitted.append(
                f"{item.drug} ({item.section.replace('_', ' ')}: {item.evidence[0].hit.document.document_id})"
            )
    if not omitted:
        return listed, []
    return listed, [Notice("safety_omitted", f"Not quoted for want of room, raise max_references: {listing(omitted)}.")]


def _nearest(evidence: Sequence[Evidence], checker: Checker, references: References) -> list[int]:
    """References to the best confirmed sentences of up to three passages."""
    numbers: dict[int, None] = {}
    passages: set[str] = set()
    for item in evidence:
        passage_id = item.hit.passage.passage_id
        if passage_id in passages or len(passages) == NEAREST or not checker.confirmed(item):
            continue
        passages.add(passage_id)
        if number := references.number(item):
            numbers[number] = None
    return list(numbers)


def _spelling(query: Query) -> list[Notice]:
    corrected = dict.fromkeys((item.surface, item.key) for item in query.mentions if item.rule == "spelling")
    return [Notice("spelling_corrected", f'"{said}" is read as {key}.') for said, key in corrected]


def _named(query: Query, found: Found, shown: Shown, request: Request) -> list[Notice]:
    """Says which drugs of the question no source is about, and which of them no source names together."""
    notices = [Notice("unknown_drug", _unknown(query, shown))] if query.unresolved else []
    if found.apart:
        notices.append(Notice("no_direct_evidence", _apart(query, found.apart, request.filters)))
    return notices


def _apart(query: Query, apart: Sequence[tuple[int, int]], filters: Filters) -> str:
    names = [" and ".join(keys) for keys in query.drugs]
    sources = "indexed sources" if filters == Filters() else "indexed sources that the filters allow"
    if len(apart) == len(names) * (len(names) - 1) // 2:
        together, each = listing(names), "each source speaks"
    else:
        together = listing([f"{names[one]} and {names[two]}" for one, two in apart], "or")
        each = "of these each source speaks"
    return f"No passage of the {sources} names {together} together; {each} for one drug only."


def _gaps(query: Query, found: Found, shown: Shown, dropped: Sequence[Draft], removed: Counter[str]) -> list[Notice]:
    """What the answer lacks, in the order in which a reader should learn of it."""
    notices = []
    if missing := _missing(query, found, shown, dropped):
        notices.append(Notice("insufficient_evidence", missing))
    if shown and (
        absent := sorted(populations(query.question) - populations(" ".join(item.text for _, item in shown)))
    ):
        message = f"Nothing that is shown speaks of {listing(absent)}."
        notices.append(Notice("population_not_covered", message))
    if dropped:
        count = f"{len(dropped)} statement{'s' if len(dropped) > 1 else ''}"
        notices.append(Notice("references_omitted", f"Not shown for want of room, raise max_references: {count}."))
    if removed:
        reasons = listing([f"{reason} ({count})" for reason, count in sorted(removed.items())])
        notices.append(
            Notice("unsupported_removed", f"Statements removed because they failed verification: {reasons}.")
        )
    return notices


def _unknown(query: Query, shown: Shown) -> str:
    """Says which words may mean several drugs, which no source is about, and what is written like those."""
    unsure = {word: query.readings.get(word.casefold(), ()) for word in query.unresolved}
    told = [f'"{word}" may mean {listing(names, "or")}: write the name out.' for word, names in unsure.items() if names]
    if unheld := [word for word, names in unsure.items() if not names]:
        told.append(f"The corpus has no source for {listing(unheld)}.")
    named = any(says(word, draft.text) for word in query.unresolved for draft, _ in shown)
    which = "it" if len(unsure) == 1 else "them"
    told.append(f"Only what other sources say of {which} is shown." if named else f"Nothing here is about {which}.")
    if alike := sorted({key for word in unheld for key in query.lookalikes.get(word.casefold(), ())}):
        told.append(f"Similar names that it knows: {', '.join(alike)}.")
    return " ".join(told)


def _missing(query: Query, found: Found, shown: Shown, dropped: Sequence[Draft]) -> str:
    """Says which drugs, or that nothing at all, could be answered; empty where nothing is missing."""
    if not shown:
        if query.unresolved and not query.drugs:
            return ""
        return (
            "No indexed source answers this question."
            if found.nearest
            else "Nothing in the index matches this question."
        )
    silent = _silent(query, [*(draft for draft, _ in shown), *dropped])
    return f"No relevant passage was found for {listing(silent)}." if silent else ""


def _silent(query: Query, drafts: Sequence[Draft]) -> list[str]:
    """The question's drugs that no draft is about."""
    told = {index for draft in drafts for index in drugs_of(query, draft)}
    return [" and ".join(keys) for index, keys in enumerate(query.drugs) if index not in told]


def _status(shown: Shown, notices: Sequence[Notice], silent: Sequence[str]) -> Status:
    if not shown:
        return "abstained"
    lacking = LEADING - {"spelling_corrected", "class_members"}  # said first, though nothing is missing
    return "partial" if silent or any(notice.code in lacking for notice in notices) else "answered"


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
