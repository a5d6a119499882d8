"""`citerx train retriever` from its options to its files: the stages of training, in their order.

Base vectors of the literature; two towers that each leave out a fold of the questions; with these the features of the
rankers; the rankers; the tower that is kept, from all questions. Each stage leaves its result in the work folder.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ingest.store import Store
from rag.dense import MiniLM, open_embedder
from rag.drugs import Resolver
from rag.errors import TrainingError
from rag.evals.questions import load
from rag.index import Index
from rag.indexes import generations
from rag.indexes.generations import write_atomically
from rag.ranking.tuned import LABEL, LITERATURE, QuestionTower, write
from rag.settings import Settings
from rag.train.features import Compared, Library, of_labels, of_literature, packed, unpacked
from rag.train.files import kept
from rag.train.labels import Asked, Labels, from_phrasings, from_questions
from rag.train.lessons import Lesson
from rag.train.losses import any_of, each_of
from rag.train.pools import Pool, Say, pools
from rag.train.ranker import fit
from rag.train.tower import Plan, States, trained

PHRASINGS = "phrasings.toml"
TOWER_TIMES, RANKER_TIMES = 2, 1
"""Drugs that each phrasing is filled with for the towers and for the label ranker."""
MOST = {"bioasq": 10_000}
"""Questions of a set that the literature ranker learns from at most."""
MOST_OTHERWISE = 500


@dataclass(frozen=True, slots=True)
class Request:
    """The command's options. ``steps``: of the tower that is kept; ``fold_steps``: of the two that are not."""

    shared: Path
    questions: Path
    out: Path
    work: Path
    seed: int = 0
    steps: int = 600
    fold_steps: int = 350


@dataclass(frozen=True, slots=True)
class Material:
    """All that is learnt from, and ``key``, which differs where anything of it or the seed does."""

    labels: Labels
    library: Library
    asked: tuple[Asked, ...]
    natural: tuple[Asked, ...]
    pools: tuple[Pool, ...]
    key: str

    @property
    def lesson(self) -> Lesson:
        """For a tower."""
        wanted = [one for pool in self.pools for one in pool.wanted]
        return Lesson(self.labels, (*self.natural, *self.asked), {pool.name: pool for pool in self.pools}, wanted)


def run(request: Request, settings: Settings, say: Say, embedder: MiniLM | None = None) -> dict[str, Any]:
    """Trains and writes the models; returns what ``training.json`` beside them says. A rerun goes on where it stopped.

    On one processor thread, so that a seed gives the same weights again. ``embedder``: in the place of the settings'
    one. Raises `TrainingError`, `EvaluationError` and what opening store, index and embedder raises.
    """
    embedder = embedder or _embedder(settings)
    with _material(request, settings, embedder, say) as material:
        folder, states, lesson = request.work / material.key, States(embedder), material.lesson
        say(f"{len(lesson.asked)} label examples, {len(lesson.wanted)} of the literature; stages in {folder}")
        towers = [
            trained(
                states,
                lesson.without(fold),
                Plan(request.fold_steps, request.seed + 1 + fold),
                folder / f"without-fold-{fold}-{request.fold_steps}.safetensors",
                say,
            )
            for fold in (0, 1)
        ]
        searches = _searches(request, material, towers, folder, say)
        rankers = {
            LABEL: fit(searches[LABEL], material.labels.sections, any_of, request.seed),
            LITERATURE: fit(searches[LITERATURE], (), each_of, request.seed),
        }
        say("rankers: done")
        tower = trained(
            states, lesson, Plan(request.steps, request.seed), folder / f"whole-{request.steps}.safetensors", say
        )
    write(request.out, tower, embedder.weights, material.labels.sections, rankers)
    told = _told(request, material, searches, embedder)
    write_atomically(request.out / "training.json", json.dumps(told, indent=1).encode() + b"\n")
    say(f"written to {request.out}")
    return told


def _embedder(settings: Settings) -> MiniLM:
    opened = open_embedder(settings.model_copy(update={"device": "cpu"}), threads=1)
    if not isinstance(opened, MiniLM):
        raise TrainingError(
            f"{opened.name} has no layers to tune; set CITERX_EMBEDDER to a sentence-transformers model"
        )
    return opened


@contextmanager
def _material(request: Request, settings: Settings, embedder: MiniLM, say: Say) -> Iterator[Material]:
    """Read only: the store, its index and the question files; the store is closed afterwards."""
    index = Index.open(settings.index_dir, "cpu", embedder.name)
    labels = Labels(generations.current(settings.index_dir))
    store = Store.open(settings.database_url)
    try:
        library = Library(store, index, embedder, Resolver.from_store(store))
        asked = [one for each in load(request.questions) for one in each.questions]
        natural = tuple(from_questions(asked, labels, library.resolver))
        if not any(one.keys for one in natural):
            raise TrainingError(f"{request.questions}: no question on a drug to tune on that the index has labels of")
        filled = tuple(_filled(request, labels, TOWER_TIMES))
        literature = pools(request.shared, request.work, embedder, request.seed, say)
        key = _key(request, index.manifest.generation, embedder, natural, filled, literature)
        yield Material(labels, library, filled, natural, literature, key)
    finally:
        store.close()


def _filled(request: Request, labels: Labels, times: int) -> Iterable[Asked]:
    chance = np.random.default_rng((request.seed, times))
    return from_phrasings(request.questions / PHRASINGS, labels, times, chance)


def _searches(
    request: Request, material: Material, towers: Sequence[QuestionTower], folder: Path, say: Say
) -> dict[str, list[Compared]]:
    """What the two rankers learn from; ``towers``: of each fold, the one that left it out."""

    def of_all_labels() -> Iterator[Compared]:
        asked = (*material.natural, *_filled(request, material.labels, RANKER_TIMES))
        for fold, tower in enumerate(towers):
            mine = [one for one in asked if one.fold == fold]
            yield from of_labels(mine, material.library, tower, material.labels.sections)

    def of_all_literature() -> Iterator[Compared]:
        for pool in material.pools:
            chance = np.random.default_rng(request.seed)
            chosen = chance.permutation(len(pool.wanted))[: MOST.get(pool.name, MOST_OTHERWISE)]
            yield from of_literature(pool, [pool.wanted[one] for one in chosen], towers, material.library.embedder)

    stages: dict[str, Callable[[], Iterator[Compared]]] = {LABEL: of_all_labels, LITERATURE: of_all_literature}
    found = {}
    for name, make in stages.items():
        found[name] = unpacked(kept(folder / f"{name}-{request.fold_steps}.npz", partial(packed, make())))
        say(f"{name} ranker: {len(found[name])} searches, {sum(len(one.answers) for one in found[name])} candidates")
    return found


def _key(request: Request, generation: str, embedder: MiniLM, *parts: Sequence[Any]) -> str:
    """A checksum over all that the stages are made from; their steps are in the names of their files."""
    natural, filled, literature = parts
    told = {
        "generation": generation,
        "embedder": embedder.name,
        "seed": request.seed,
        "asked": [asdict(one) for one in (*natural, *filled)],
        "literature": [[asdict(one) for one in pool.wanted] for pool in literature],
        "texts": [pool.texts for pool in literature],
    }
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _told(
    request: Request, material: Material, searches: dict[str, list[Compared]], embedder: MiniLM
) -> dict[str, Any]:
    """Seeds, sizes and sources: what a model card repeats."""
    return {
        "seed": request.seed,
        "steps": request.steps,
        "fold_steps": request.fold_steps,
        "embedder": embedder.name,
        "sections": len(material.labels.sections),
        "label_examples": Counter("question" if one.weight == 1 else "phrasing" for one in material.lesson.asked),
        "questions": {pool.name: len(pool.wanted) for pool in material.pools},
        "texts": {pool.name: len(pool.texts) for pool in material.pools},
        "searches": {name: len(found) for name, found in searches.items()},
        "key": material.key,
    }
