"""`citerx eval retrieval` from its options to its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rag
from rag.dense import open_embedder
from rag.errors import EvaluationError, UnknownNameError
from rag.evals import plots, report
from rag.evals.collection import Collection, Judged, Place, judge, opened
from rag.evals.intervals import Bootstrap
from rag.evals.pools import POOLS, Pool, judge_pool, prepare, reduced
from rag.evals.questions import QuestionSet, load
from rag.evals.run import CollectionResult, Result, Say, Which, chosen, evaluate, versions
from rag.evals.systems import DEFAULT, SYSTEMS
from rag.settings import Settings
from rag.types import Embedder

LABELS = "labels"
"""The collection that all label sets are asked of: the user's own store."""
STEP = 2048
"""Passages between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command's options; empty ``sets`` and ``systems`` are the usual ones. ``out`` also holds the caches."""

    questions: Path
    out: Path
    shared: Path | None = None
    sets: tuple[str, ...] = ()
    split: Which = "measure"
    systems: tuple[str, ...] = ()
    limit: int | None = None
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """The text of ``result.json``, and the tables of all systems with the folder that holds the rest."""

    result: str
    summary: str


def run(request: Request, settings: Settings, say: Say, embedder: Embedder | None = None) -> Written:
    """Measures and writes; ``embedder``: in the place of the settings' one.

    Raises `UnknownNameError`, `EvaluationError` and what opening store, index and models raises.
    """
    systems = checked("system", request.systems or DEFAULT, SYSTEMS)
    labels = {one.name: one for one in load(request.questions)}
    usual = (*labels, *(POOLS if request.shared else ()))
    sets = checked("set", request.sets or usual, (*labels, *POOLS))
    embedder = embedder or open_embedder(settings)
    asked = {name: one for name, one in labels.items() if name in sets}
    request.out.mkdir(parents=True, exist_ok=True)
    results: list[CollectionResult] = []
    lines: dict[str, list[dict[str, Any]]] = {"questions.jsonl": [], "misses.jsonl": []}
    for name in ([LABELS] if asked else []) + [name for name in sets if name in POOLS]:
        place = _place(name, request, settings, embedder, say)
        with opened(place, embedder, settings.device) as collection:
            judged = _judged(collection, request, asked.values())
            kept = chosen(judged, request.split, request.limit)
            if not kept.judged:
                raise EvaluationError(f"{name}: no question to ask, left out: {kept.left_out}; try another --split")
            found = evaluate(collection, kept, systems, Bootstrap(request.resamples, request.seed), say)
            wrong = report.misses(kept.judged, found.answers[systems[0]], collection)
            results.append(found.result)
            lines["questions.jsonl"] += report.by_question(kept.judged, found)
            lines["misses.jsonl"] += ({"system": systems[0], **miss} for miss in wrong)
    made = {**config(request, systems, sets), "threads": settings.threads, "device": settings.device}
    result = Result(made, provenance(asked), tuple(results))
    tables = [line for one in results for line in (f"{one.name}:", *report.summary(one), "")]
    for one in results:
        plots.draw(one, request.out)
    return write(request.out, asdict(result), report.markdown(result), lines, tables)


def _place(name: str, request: Request, settings: Settings, embedder: Embedder, say: Say) -> Place:
    """Of the user's own store, or of a pool, made first."""
    work = request.out / "work"
    if name == LABELS:
        return Place(name, settings.database_url, settings.index_dir, work)
    return prepare(_pool(name, request), work, embedder, steps(name, say))


def _judged(collection: Collection, request: Request, labels: Iterable[QuestionSet]) -> list[Judged]:
    if collection.name == LABELS:
        return judge([question for one in labels for question in one.questions], collection)
    return judge_pool(_pool(collection.name, request), collection)


def _pool(name: str, request: Request) -> Pool:
    if request.shared is None:
        raise EvaluationError(f"{name} is made from the shared material: give its folder with --shared")
    pool = POOLS[name](request.shared)
    return reduced(pool, request.split, request.limit) if request.limit else pool


def steps(name: str, say: Say) -> Callable[[int, int], None]:
    """Tells now and then how far the indexing of a pool is."""

    def progress(done: int, total: int) -> None:
        if done % STEP == 0:
            say(f"{name}: indexing, {done} of {total} steps")

    return progress


def checked(what: str, names: tuple[str, ...], known: Iterable[str]) -> tuple[str, ...]:
    """The names, each once; raises `UnknownNameError` with those that there are."""
    if unknown := set(names) - set(known):
        raise UnknownNameError(f"unknown {what} {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def config(request: Request, systems: tuple[str, ...], sets: tuple[str, ...]) -> dict[str, object]:
    """How a run was asked for."""
    options = {name: getattr(request, name) for name in ("split", "limit", "resamples", "seed")}
    return {**options, "sets": list(sets), "systems": list(systems)}


def provenance(labels: dict[str, QuestionSet]) -> dict[str, object]:
    """What can be told without the history of the code: hashes of questions and shipped models, versions."""
    models = Path(rag.__file__).parent / "models"
    weights = sorted(path for path in models.rglob("*") if path.suffix in {".safetensors", ".npz"})
    hashes = {path.relative_to(models).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in weights}
    return {
        "questions": {name: one.sha256 for name, one in labels.items()},
        "models": hashes,
        "versions": versions(),
    }


def write(
    out: Path, result: dict[str, Any], markdown: str, lines: Mapping[str, list[dict[str, Any]]], tables: Iterable[str]
) -> Written:
    """``result.json`` last: its presence means that the rest is there."""
    (out / "report.md").write_text(markdown, encoding="utf-8")
    for name, rows in lines.items():
        (out / name).write_text("".join(f"{json.dumps(row, default=list)}\n" for row in rows), encoding="utf-8")
    text = json.dumps(result, indent=1)
    (out / "result.json").write_text(text + "\n", encoding="utf-8")
    return Written(text, "\n".join([*tables, f"written to {out}"]))
