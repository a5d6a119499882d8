"""`citerx train reader` from its options to its files: the reader in two stages, then what weighs its judgement.

First the literature alone teaches what answers; then our own judged sentences, written claims and changed label
sentences join. The selector's weights and the claims' temperature are fitted on what the stages did not see.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ingest.schema import Kind
from ingest.store import Store
from rag.asked.sections import base
from rag.dense import MiniLM, open_embedder
from rag.drugs import keys_of
from rag.errors import TrainingError
from rag.evals.questions import load, side
from rag.indexes.generations import write_atomically
from rag.ranking.tuned import Tuned
from rag.sentences.reader import CrossEncoder, Reader, beside, write
from rag.sentences.selectors import FILE
from rag.sentences.spans import quotable
from rag.settings import Settings
from rag.train.judged import TARGETS, Judged, sentences, written_claims
from rag.train.reading import EARLY, Plan, trained
from rag.train.readings import Reading, answers, claims, shuffled
from rag.train.selecting import examples, fit
from rag.view import DiskViews

Say = Callable[[str], None]

HELD_QUESTIONS, HELD_CLAIMS = 4, 6
"""One in so many of our own is kept for fitting the selector's weights and the temperature."""
JUDGED_TIMES, WRITTEN_TIMES = 2, 3
LITERATURE_ANSWERS, CHANGED_CLAIMS = 12_000, 22_000
"""How many of the others join them in the second stage."""
LABEL_SENTENCES, OF_A_LABEL, WORDS = 5_000, 16, (8, 50)


@dataclass(frozen=True, slots=True)
class Request:
    """The command's options. ``steps``: of the first and of the second stage."""

    shared: Path
    questions: Path
    out: Path
    work: Path
    seed: int = 0
    steps: tuple[int, int] = (2000, 1500)


def run(request: Request, settings: Settings, say: Say) -> dict[str, Any]:
    """Trains and writes the reader; returns what ``training.json`` says. A rerun goes on where it stopped.

    Raises `TrainingError`, `EvaluationError` and what opening store, index and embedder raises.
    """
    embedder = open_embedder(settings.model_copy(update={"device": "cpu"}))
    if not isinstance(embedder, MiniLM):
        raise TrainingError(
            f"{embedder.name} has no layers to tune; set CITERX_EMBEDDER to a sentence-transformers model"
        )
    store = Store.open(settings.database_url)
    try:
        asked = {one.id: one for each in load(request.questions) for one in each.questions}
        judged = [
            one for one in sentences(request.questions) if one.question in asked and asked[one.question].split == "tune"
        ]
        texts = {name: one.text for name, one in asked.items()}
        first = shuffled(answers(request.shared, request.seed), request.seed)
        say(f"{len(first)} sentences beside questions of the literature")
        plan = Plan(request.steps[0], request.seed)
        model = trained(embedder, first, plan, request.work / "answers.safetensors", say)
        written = list(_written(request, store))
        second = [
            *_judged(store, texts, [one for one in judged if not _held(one.question, HELD_QUESTIONS)]) * JUDGED_TIMES,
            *first[:LITERATURE_ANSWERS],
            *[one for one in written if not _held(one.text, HELD_CLAIMS)] * WRITTEN_TIMES,
            *_changed(request, store)[:CHANGED_CLAIMS],
        ]
        say(f"{Counter(one.task for one in second)} in the second stage")
        plan = Plan(request.steps[1], request.seed + 1)
        readings = shuffled(second, request.seed + 1)
        model = trained(embedder, readings, plan, request.work / "both.safetensors", say, start=model)
        held = [one for one in written if _held(one.text, HELD_CLAIMS)]
        write(request.out, model, embedder.weights, _temperature(embedder, model, held))
        kept = {
            name: texts[name] for name in dict.fromkeys(one.question for one in judged) if _held(name, HELD_QUESTIONS)
        }
        reader = Reader(embedder, request.out)
        view = DiskViews(settings.index_dir, store, embedder, "cpu", reranker=Tuned.of(embedder)).load()
        weights = fit(list(examples(view, reader, kept, judged, say)))
    finally:
        store.close()
    write_atomically(request.out / FILE, json.dumps(weights, indent=1).encode() + b"\n")
    told = _told(request, embedder, second, kept, held)
    write_atomically(request.out / "training.json", json.dumps(told, indent=1).encode() + b"\n")
    return told


def _held(name: str, one_in: int) -> bool:
    return zlib.crc32(name.encode()) % one_in == 0


def _judged(store: Store, texts: dict[str, str], judged: Iterable[Judged]) -> list[Reading]:
    """Judged sentences as the selector puts them to the reader; those that the store lacks are left out."""
    found, documents = [], {}
    for one in judged:
        if one.document not in documents:
            documents[one.document] = store.document(one.document)
        document = documents[one.document]
        section = document.section(one.section) if document else None
        if document and section:
            drugs = keys_of(document.drugs) if document.kind is Kind.LABEL else ()
            text = beside(drugs, base(one.section), section.text[one.start : one.end])
            found.append(Reading("answer", texts[one.question], text, TARGETS[one.grade]))
    return found


def _written(request: Request, store: Store) -> list[Reading]:
    return written_claims(request.questions, store, request.shared, lambda document: keys_of(document.drugs))


def _changed(request: Request, store: Store) -> list[Reading]:
    """Claims of the literature and of label sentences of the drugs to tune on."""
    chance = np.random.default_rng(request.seed)
    names: set[str] = set()
    labels: dict[str, tuple[str, ...]] = {}
    ids = sorted({row.passage.document_id for row in store.index_rows() if row.kind is Kind.LABEL})
    for place in chance.permutation(len(ids)):
        document = store.document(ids[place])
        keys = keys_of(document.drugs) if document else ()
        if not document or not keys or any(side(key) != "tune" for key in keys):
            continue
        names.update(keys)
        every = [
            " ".join(section.text[low:high].split())
            for section in document.sections
            for low, high in quotable(section.text[:15_000])
        ]
        fitting = [text for text in every if WORDS[0] <= len(text.split()) <= WORDS[1]]
        for chosen in chance.permutation(len(fitting))[:OF_A_LABEL]:
            if len(labels) < LABEL_SENTENCES:
                labels[fitting[chosen]] = keys
    return shuffled(claims(request.shared, list(labels.items()), sorted(names), request.seed), request.seed)


def _temperature(embedder: MiniLM, model: CrossEncoder, held: Sequence[Reading]) -> float:
    """What the logits of unseen claims are divided by for the least surprise (Guo et al., 2017)."""
    if not held:
        return 1.0
    tokens = embedder.tokens([one.question for one in held], [one.text for one in held])
    with torch.inference_mode():
        rows = [
            model(embedder.padded({name: [values[place]] for name, values in tokens.items()}), claim=True)[0]
            for place in range(len(held))
        ]
    logits, cases = torch.stack(rows), torch.tensor([int(one.target) for one in held])
    grid = [round(float(value), 2) for value in np.arange(0.5, 4.01, 0.05)]
    return min(grid, key=lambda one: float(torch.nn.functional.cross_entropy(logits / one, cases)))


def _told(
    request: Request,
    embedder: MiniLM,
    second: Sequence[Reading],
    kept: Sequence[str] | dict[str, str],
    held: Sequence[Reading],
) -> dict[str, Any]:
    return {
        "seed": request.seed,
        "steps": list(request.steps),
        "early": EARLY,
        "embedder": embedder.name,
        "second_stage": Counter(one.task for one in second),
        "selector_questions": len(kept),
        "temperature_claims": len(held),
    }
