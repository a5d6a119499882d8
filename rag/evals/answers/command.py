"""`citerx eval answers` from its options to its files."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.dense import open_embedder
from rag.engine import Engine
from rag.errors import EvaluationError
from rag.evals import command as retrieval
from rag.evals.answers import audit, audited, plots, report, sets
from rag.evals.answers.checks import Gold, Shelf
from rag.evals.answers.result import CollectionResult, Replies, Result
from rag.evals.answers.rouge import scorer
from rag.evals.answers.run import Material, Measuring, evaluate
from rag.evals.answers.systems import SYSTEMS, usual
from rag.evals.command import LABELS, Written, checked, steps
from rag.evals.intervals import Bootstrap
from rag.evals.pools import bioasq, ideal_answers, prepare, reduced
from rag.evals.questions import Question, QuestionSet, load
from rag.evals.run import Asks, Say, spread, versions
from rag.settings import Settings
from rag.types import Embedder

BIOASQ, UNANSWERABLE, SWAPS = "bioasq", "unanswerable", "swaps"
ANSWERS = 2
"""Grade of a sentence that answers by itself: a question with one can be answered."""
AUDIT = "audit.jsonl"
THREADS = 1
"""Of torch: questions are asked one after the other, and more threads wait for each other where others work beside."""
FILES = ("questions.jsonl", "misses.jsonl", AUDIT)

Lines = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Request(retrieval.Request):
    """The options of `rag.evals.command.Request`, how many statements a human is to look at (``audit``), and a file of
    such statements with verdicts (``audited``)."""

    audit: int = 0
    audited: Path | None = None


def _engine(settings: Settings) -> Engine:
    return Engine.open(settings, threads=THREADS)


@dataclass(frozen=True, slots=True)
class Opening:
    """How the stores are opened, so that tests may bring small ones; ``embedder``: None takes that of the settings."""

    engine: Callable[[Settings], Engine] = _engine
    embedder: Embedder | None = None

    @contextmanager
    def opened(self, settings: Settings) -> Iterator[Engine]:
        """The engine, closed afterwards."""
        engine = self.engine(settings)
        try:
            yield engine
        finally:
            engine.close()


def run(request: Request, settings: Settings, say: Say, opening: Opening | None = None) -> Written:
    """Measures and writes; nothing is kept in the store. Raises `UnknownNameError`, `EvaluationError` and what opening
    store, index and models raises."""
    opening = opening or Opening()
    systems = checked("system", request.systems or usual(settings), SYSTEMS)
    labels = {one.name: one for one in load(request.questions)}
    known = (*labels, UNANSWERABLE, SWAPS, BIOASQ)
    wanted = checked("set", request.sets or known[: len(known) if request.shared else -1], known)
    heard = audited.read(request.audited) if request.audited else None
    request.out.mkdir(parents=True, exist_ok=True)
    results: list[CollectionResult] = []
    lines: Lines = {name: [] for name in FILES}
    for name in ([LABELS] if set(wanted) - {BIOASQ} else []) + [BIOASQ] * (BIOASQ in wanted):
        place = settings if name == LABELS else _pool(request, settings, opening, say)
        with opening.opened(place) as engine:
            measuring = _measuring(
                name, request, engine, [one for one in labels.values() if one.name in wanted], wanted
            )
            if not measuring.material.questions:
                raise EvaluationError(f"{name}: no question to ask, {_told(measuring)}; try another --split or --sets")
            bootstrap = Bootstrap(request.resamples, request.seed)
            found, replies = evaluate(measuring, systems, settings, bootstrap, say)
            results.append(found)
            _collect(lines, measuring, found, replies)
    lines[AUDIT] = audit.sample(lines[AUDIT], request.audit, request.seed)
    config = {**retrieval.config(request, systems, wanted), "audit": request.audit, "threads": THREADS}
    config |= {"device": settings.device, "min_score": settings.min_score, "max_references": settings.max_references}
    result = Result(config, _provenance(request.questions, labels), tuple(results), heard)
    tables = [line for one in results for line in (f"{one.name}:", *report.summary(one), "")]
    tables += [*report.audited(heard), ""] if heard else []
    for one in results:
        plots.draw(one, request.out)
    kept = {name: rows for name, rows in lines.items() if rows or name != AUDIT}
    return retrieval.write(request.out, asdict(result), report.markdown(result), kept, tables)


def _measuring(
    name: str, request: Request, engine: Engine, labels: Sequence[QuestionSet], wanted: Sequence[str]
) -> Measuring:
    shelf = Shelf(engine.document)
    if name == BIOASQ:
        return Measuring(engine, shelf, _literature(request), scorer())
    return Measuring(engine, shelf, _labels(request, shelf, labels, wanted))


def _labels(request: Request, shelf: Shelf, labels: Sequence[QuestionSet], wanted: Sequence[str]) -> Material:
    """Label questions with a judged answer in this store, questions without an answer, and swaps."""
    judged = sets.grades(request.questions)
    left: Counter[str] = Counter()
    every = [one for labelled in labels for one in labelled.questions]
    held = _of_split(every, request, left)
    golds = {one.id: Gold.of(judged[one.id], shelf) for one in held if one.id in judged}
    with_answer = [one for one in held if one.id in golds and golds[one.id].best == ANSWERS]
    left["no judged sentence of this store answers"] = len(held) - len(with_answer)
    without = sets.unanswerable(request.questions) if UNANSWERABLE in wanted else ()
    swaps = sets.swaps(request.questions) if SWAPS in wanted else ()
    return Material(
        name=LABELS,
        answerable=_some(with_answer, request, left),
        golds=golds,
        ideals={},
        unanswerable=_some(_of_split(list(without), request, left), request, left),
        swaps=_some(_of_split(list(swaps), request, left), request, left),
        left_out={reason: count for reason, count in left.items() if count},
    )


def _of_split(listed: list[Asks], request: Request, left: Counter[str]) -> list[Asks]:
    """Those of the split asked for; the others are counted."""
    splits: list[str] = [getattr(one, "split") for one in listed]  # noqa: B009 (of any record that has one)
    left.update(f"split {split}" for split in splits if request.split not in {split, "all"})
    return [one for one, split in zip(listed, splits, strict=True) if request.split in {split, "all"}]


def _some(listed: list[Asks], request: Request, left: Counter[str]) -> list[Asks]:
    kept = spread(listed, request.limit)
    left["beyond the limit"] += len(listed) - len(kept)
    return kept


def _shared(request: Request) -> Path:
    if request.shared is None:
        raise EvaluationError(f"{BIOASQ} is made from the shared material: give its folder with --shared")
    return request.shared


def _pool(request: Request, settings: Settings, opening: Opening, say: Say) -> Settings:
    """BioASQ's snippets as a store of their own, made first; the settings with which it is opened."""
    pool = bioasq(_shared(request))
    if request.limit:
        pool = reduced(pool, request.split, request.limit)
    embedder = opening.embedder or open_embedder(settings)
    place = prepare(pool, request.out / "work", embedder, steps(BIOASQ, say))
    return settings.model_copy(update={"home": place.index_dir.parent, "store_url": ""})


def _literature(request: Request) -> Material:
    ideals = ideal_answers(_shared(request))
    left: Counter[str] = Counter()
    held = _of_split([one for one in bioasq(_shared(request)).questions if ideals.get(one.id)], request, left)
    kept: list[Question] = held[: request.limit] if request.limit else held  # the pool has the texts of the first ones
    left["beyond the limit"] = len(held) - len(kept)
    told = {reason: count for reason, count in left.items() if count}
    return Material(BIOASQ, kept, {}, ideals, (), (), told)


def _told(measuring: Measuring) -> str:
    left = ", ".join(f"{reason}: {count}" for reason, count in measuring.material.left_out.items())
    return f"left out: {left or 'none'}"


def _collect(lines: Lines, measuring: Measuring, found: CollectionResult, replies: Mapping[str, Replies]) -> None:
    first = next(iter(replies))
    lines["questions.jsonl"] += report.by_question(measuring.material, dict(replies))
    lines["misses.jsonl"] += report.misses(measuring.material, first, replies[first], found.systems[first])
    said = [(one.id, one.text, one.given, one.faults) for one in replies[first].answerable if one.faults]
    lines[AUDIT] += ({"system": first, **one} for one in audit.lines(said, measuring.shelf))


def _provenance(folder: Path, labels: Mapping[str, QuestionSet]) -> dict[str, object]:
    found = retrieval.provenance(dict(labels))
    data = {name: folder / name for name in (sets.SENTENCES, sets.UNANSWERABLE, sets.SWAPS)}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in data.items() if path.exists()}
    return {**found, "data": hashes, "versions": {**versions()}}
