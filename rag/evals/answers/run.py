"""Asks every system every question and counts: what `citerx eval answers` does between reading and writing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.asked.focus import says
from rag.checks.recheck import Claimed
from rag.engine import Engine
from rag.evals.answers import abstention, audit
from rag.evals.answers.checks import Gold, Shelf, alce, inexact, wrong_drug
from rag.evals.answers.fairness import changes
from rag.evals.answers.result import (
    ALL,
    Audit,
    CollectionResult,
    Fairness,
    Figures,
    Quotations,
    Replies,
    Reply,
    SystemResult,
    Values,
    figures,
)
from rag.evals.answers.rouge import Score
from rag.evals.answers.sets import Swap, Unanswerable
from rag.evals.answers.systems import SYSTEMS, Given, System
from rag.evals.intervals import Bootstrap
from rag.evals.questions import Question
from rag.evals.run import Latency, Say
from rag.query import understand
from rag.settings import Settings

GROUP_MEASURES = ("refused", "first=2", "first>=1", "useful")
"""Measures that are also given by set and slice."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is asked of one collection. ``golds``: judged sentences, ``ideals``: ideal answers, by question."""

    name: str
    answerable: Sequence[Question]
    golds: Mapping[str, Gold]
    ideals: Mapping[str, Sequence[str]]
    unanswerable: Sequence[Unanswerable]
    swaps: Sequence[Swap]
    left_out: Mapping[str, int]

    @property
    def questions(self) -> dict[str, int]:
        """How many of each group."""
        counted = {"answerable": self.answerable, "unanswerable": self.unanswerable, "swaps": self.swaps}
        return {name: len(found) for name, found in counted.items() if found}

    @property
    def first(self) -> str:
        """The text of any one of them."""
        texts = [one.text for one in self.answerable] or [one.text for one in self.unanswerable]
        return (texts or [one.variants[0] for one in self.swaps])[0]


@dataclass(frozen=True, slots=True)
class Measuring:
    """What measuring needs: the engine of the collection, its documents, its material, ROUGE where there are ideals."""

    engine: Engine
    shelf: Shelf
    material: Material
    score: Score | None = None

    def replies(self, system: System) -> Replies:
        """All answers of one system; the first question pays, untimed, for what is loaded late."""
        material = self.material
        system.answer(material.first)
        return Replies(
            [self._measured(_ask(system, one.id, one.text), one) for one in material.answerable],
            [self._abstention(_ask(system, one.id, one.text)) for one in material.unanswerable],
            {one.id: [_ask(system, one.id, text) for text in one.variants] for one in material.swaps},
        )

    def _measured(self, reply: Reply, question: Question) -> Reply:
        given, gold = reply.given, self.material.golds.get(question.id)
        values: dict[str, float] = {
            "refused": float(given.status == "abstained"),
            "partial": float(given.status == "partial"),
        }
        if self.score and (ideals := self.material.ideals.get(question.id)):
            values |= self.score(" ".join(one.text for one in given.statements), ideals)
        if not given.statements:
            return replace(reply, values=values)
        cited = alce(given, self.engine.verify)
        faults = audit.judged(given, cited.recall, self.shelf)
        values |= {
            "ALCE recall": _mean(cited.recall),
            "ALCE precision": _mean(cited.precision),
            "supported": _mean([fault is None for fault in faults]),
        }
        grades = [gold.grade(one, given) for one in given.statements] if gold else []
        values |= _relevance(grades)
        if named := question.named:
            values["wrong drug"] = _mean([wrong_drug(one, given, named, self.shelf) for one in given.statements])
        return replace(reply, values={**values, **_size(given)}, grades=tuple(grades), faults=tuple(faults))

    def _abstention(self, reply: Reply) -> Reply:
        strict = reply.given.status == "abstained"
        lenient = strict or self._said_so(reply)
        return replace(reply, values={"abstained": float(strict), "abstained or said so": float(lenient)})

    def _said_so(self, reply: Reply) -> bool:
        """Whether the answer says that it knows no such drug, and no statement is about that."""
        given = reply.given
        if given.status != "partial" or "unknown_drug" not in given.notices:
            return False
        unknown = understand(reply.text, self.engine.view.resolver).unresolved
        return not any(says(word, one.text) for word in unknown for one in given.statements)


def _ask(system: System, name: str, text: str) -> Reply:
    started = time.perf_counter()
    given = system.answer(text)
    return Reply(name, text, given, 1000 * (time.perf_counter() - started), {})


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _relevance(grades: Sequence[int | None]) -> Values:
    """Of judged sentences; what was not judged counts as no answer, but not against ``useful``."""
    if not grades:
        return {}
    counted = [-1 if grade is None else grade for grade in grades]
    judged = [grade for grade in grades if grade is not None]
    found = {
        "first=2": float(counted[0] == 2),
        "first>=1": float(counted[0] >= 1),
        "any=2": float(max(counted) == 2),
        "any>=1": float(max(counted) >= 1),
        "judged": len(judged) / len(grades),
    }
    return {**found, "useful": _mean([grade >= 1 for grade in judged])} if judged else found


def _size(given: Given) -> Values:
    words = sum(len(one.text.split()) for one in given.statements)
    return {
        "statements": float(len(given.statements)),
        "words": float(words),
        "references": float(len(given.references)),
    }


def evaluate(
    measuring: Measuring, systems: Sequence[str], settings: Settings, bootstrap: Bootstrap, say: Say
) -> tuple[CollectionResult, dict[str, Replies]]:
    """Runs ``systems`` one after the other on all questions (at least one); says what it does."""
    engine, material = measuring.engine, measuring.material
    manifest = engine.view.manifest
    asked = ", ".join(f"{count} {name}" for name, count in material.questions.items())
    say(f"{material.name}: {asked}; {manifest.passages} passages")
    replies, results = {}, {}
    for name in systems:
        replies[name] = measuring.replies(SYSTEMS[name].build(engine, settings))
        results[name] = _result(name, measuring, replies[name], bootstrap)
        say(f"{material.name}: {name}: {results[name].latency['total'].p50:.0f} ms a question")
    found = CollectionResult(
        name=material.name,
        generation=manifest.generation,
        embedder=manifest.embedder,
        judge=engine.verify(Claimed((), ())).provenance,
        passages=manifest.passages,
        questions=material.questions,
        left_out=dict(material.left_out),
        systems=results,
    )
    return found, replies


def _result(name: str, measuring: Measuring, replies: Replies, bootstrap: Bootstrap) -> SystemResult:
    kind, material = SYSTEMS[name], measuring.material
    outcomes = _outcomes(replies) if material.golds else []
    return SystemResult(
        note=kind.note,
        answerable=figures([one.values for one in replies.answerable], bootstrap),
        groups=_groups(material, replies.answerable, bootstrap),
        abstention=_abstention(material, replies.unanswerable, bootstrap),
        quotations=_quotations(replies.every, measuring.shelf),
        audit=_audit(replies.answerable),
        curve=abstention.curve(outcomes) if outcomes else None,
        thresholds=tuple(abstention.thresholds(outcomes)) if kind.own else (),
        fairness=_fairness(material.swaps, replies, bootstrap),
        latency=_latency(replies.answerable or replies.every),
        fell_back=sum("generator_fell_back" in one.given.notices for one in replies.every),
    )


def _outcomes(replies: Replies) -> list[abstention.Outcome]:
    return [
        abstention.Outcome(answerable, one.given.status != "abstained", one.given.confidence, _scored(one))
        for answerable, found in ((True, replies.answerable), (False, replies.unanswerable))
        for one in found
    ]


def _scored(reply: Reply) -> tuple[tuple[float, int | None], ...]:
    said = reply.given.statements
    return tuple((one.score, grade) for one, grade in zip(said, reply.grades or [None] * len(said), strict=True))


def _groups(material: Material, replies: Sequence[Reply], bootstrap: Bootstrap) -> dict[str, dict[str, Figures]]:
    """By set, slice and style; what all questions share makes no groups."""
    groups: dict[str, dict[str, Figures]] = {}
    for field in ("set", "slice", "style"):
        names = [str(getattr(one, field)) for one in material.answerable]
        for name in sorted(set(names)) if len(set(names)) > 1 else ():
            rows = [
                {key: value for key, value in reply.values.items() if key in GROUP_MEASURES}
                for reply, other in zip(replies, names, strict=True)
                if other == name
            ]
            groups.setdefault(field, {})[name] = figures(rows, bootstrap)
    return groups


def _abstention(material: Material, replies: Sequence[Reply], bootstrap: Bootstrap) -> dict[str, Figures]:
    kinds = [one.kind for one in material.unanswerable]
    found: dict[str, Figures] = {
        kind: figures([one.values for one, other in zip(replies, kinds, strict=True) if other == kind], bootstrap)
        for kind in dict.fromkeys(kinds)
    }
    return {ALL: figures([one.values for one in replies], bootstrap), **found} if found else {}


def _quotations(replies: Iterable[Reply], shelf: Shelf) -> Quotations:
    listed = list(replies)
    checked = sum(len(source.quotes) for one in listed for source in one.given.references)
    return Quotations(checked, tuple((one.id, told) for one in listed for told in inexact(one.given, shelf)))


def _audit(replies: Iterable[Reply]) -> Audit:
    faults = [fault for one in replies for fault in one.faults]
    reasons = Counter(fault for fault in faults if fault)
    return Audit(len(faults), reasons.total(), dict(reasons.most_common()))


def _fairness(swaps: Sequence[Swap], replies: Replies, bootstrap: Bootstrap) -> Fairness:
    found = {one.id: changes(one, [reply.given for reply in replies.swaps[one.id]]) for one in swaps}
    rows = [{"unchanged": float(not changed)} for changed in found.values()]
    unchanged = figures(rows, bootstrap).get("unchanged")
    return Fairness(unchanged, tuple(one for changed in found.values() for one in changed))


def _latency(replies: Sequence[Reply]) -> dict[str, Latency]:
    """Of the stages that the system tells; ``total`` is measured from outside."""
    stages = dict.fromkeys(stage for one in replies for stage in one.given.timings_ms if stage != "total")
    found = {
        stage: [one.given.timings_ms[stage] for one in replies if stage in one.given.timings_ms] for stage in stages
    }
    return {
        stage: Latency.of(times) for stage, times in (*found.items(), ("total", [one.milliseconds for one in replies]))
    }
