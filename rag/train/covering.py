"""`citerx train coverage`: fits what tells whether evidence answers a question at all (`rag.sentences.coverage`).

On the half of our own questions that is for tuning: those of which a sentence was judged to answer, and those that the
sources cannot answer. Both count as much in sum.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.answers.finding import Request as Asked
from rag.answers.finding import bare, find, understood
from rag.engine import Engine
from rag.errors import TrainingError
from rag.evals.answers.sets import grades, unanswerable
from rag.evals.questions import Split, load
from rag.indexes.generations import write_atomically
from rag.sentences.coverage import FEATURES, FILE
from rag.settings import Settings
from rag.train.selecting import logistic, rounded
from rag.types import Filters

ANSWERS = 2
"""The grade of a sentence that answers by itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command's options."""

    questions: Path
    out: Path


def run(request: Request, settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Fits and writes ``coverage.json``; returns the numbers of questions. Raises `TrainingError` and as the engine."""
    engine = Engine.open(settings.model_copy(update={"device": "cpu"}), threads=1)
    try:
        answered = [*rows(engine, answerable(request.questions, "tune"), say)]
        silent = [one.text for one in unanswerable(request.questions) if one.split == "tune"]
        refused = [*rows(engine, silent, say)]
    finally:
        engine.close()
    if not answered or not refused:
        raise TrainingError(f"{request.questions}: there are no judged or no unanswerable questions for tuning")
    write_atomically(request.out / FILE, json.dumps(fit(answered, refused), indent=1).encode() + b"\n")
    return {"answerable": len(answered), "unanswerable": len(refused)}


def answerable(folder: Path, split: Split) -> list[str]:
    """The questions of one half of which a judged sentence answers by itself."""
    judged = grades(folder)
    asked = (one for each in load(folder) for one in each.questions if one.split == split and one.id in judged)
    return [one.text for one in asked if any(grade == ANSWERS for at in judged[one.id].values() for *_, grade in at)]


def rows(engine: Engine, questions: list[str], say: Callable[[str], None]) -> list[list[float]]:
    """The features of every question for which anything was found."""
    view, coverage, selector = engine.view, engine.coverage, engine.selector
    if coverage is None:
        raise TrainingError("the embedder has no reader: coverage is told for the packaged one only")
    found = []
    for number, text in enumerate(questions, 1):
        asked = Asked("", text, Filters(), None, 1, "", 0.0)
        query = understood(view, asked)
        evidence = find(view, query, selector, asked, None, document=engine.document).usable
        if evidence:
            found.append(coverage.features(query, evidence, view, None, silent=bool(bare(view, query, None))))
        if number % 100 == 0:
            say(f"coverage: {number} of {len(questions)} questions")
    return found


def fit(answered: list[list[float]], refused: list[list[float]]) -> dict[str, object]:
    """The content of ``coverage.json``."""
    raw = np.array([*answered, *refused])
    mean, scale = raw.mean(0), raw.std(0) + 1e-6
    targets = np.array([1.0] * len(answered) + [0.0] * len(refused))
    weights = np.array([1.0] * len(answered) + [len(answered) / len(refused)] * len(refused))
    found, intercept = logistic((raw - mean) / scale, targets, weights)
    return {
        "features": list(FEATURES),
        "mean": rounded(mean),
        "scale": rounded(scale),
        "weights": rounded(found),
        "intercept": round(intercept, 5),
    }
