"""The tuned models that ship with CiteRx: a question encoder, a reader of the section asked for, and two rankers.

Passages keep the vectors of the plain embedder, so that an index serves with and without these. Questions go through
the embedder's lower layers and a tuned copy of its upper ones. `rag/models/retriever/README.md` is the model card.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from rag.dense import MiniLM, check_weights, shipped
from rag.errors import ModelError
from rag.ranking.rank import ARRAYS, Asked, Candidates, Ranker, width
from rag.types import Embedder

FOLDER = Path(__file__).parents[1] / "models" / "retriever"
WEIGHTS, CONFIG = "model.safetensors", "config.json"
LABEL, LITERATURE = "label", "literature"
"""The rankers: within one drug's labels, where sections are told apart, and for everything else."""
SHARPNESS = 8.0
"""What unit vectors are multiplied by before the section's classifier: its weights start small."""
CACHED_QUESTIONS = 512

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Config:
    """What the weights belong to. ``base``: fingerprint of the embedder's files; ``layers``: upper ones of its own.

    ``sections``: slugs in the order of the classifier and of the label ranker's columns; ``sha256``: of the weights.
    """

    base: str
    layers: int
    sections: tuple[str, ...]
    sha256: str

    @staticmethod
    def read(folder: Path) -> Config:
        """The folder's configuration; raises `ModelError`."""
        return shipped(folder / CONFIG, Config)


class QuestionTower(torch.nn.Module):
    """The embedder's transformer with upper layers of its own, a projection and a classifier of sections."""

    def __init__(self, base: Any, layers: int, sections: int) -> None:  # noqa: ANN401 (a BERT of transformers)
        super().__init__()
        below = [base.embeddings, *base.encoder.layer[:-layers]]
        self.transformer = copy.deepcopy(base, {id(module): module for module in below})
        width = int(base.config.hidden_size)
        self.tuned = torch.nn.ModuleList(self.transformer.encoder.layer[-layers:])
        self.projection = torch.nn.Parameter(torch.eye(width))
        self.classifier = torch.nn.Linear(width, sections)

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """Unit vectors and beside them the sections' log probabilities, for padded token ids and their mask."""
        states = self.transformer(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        with torch.autocast(states.device.type, enabled=False):  # these are small, and unit vectors need the digits
            pooled = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)
            vectors = torch.nn.functional.normalize(pooled @ self.projection.T, dim=1)
            return torch.cat([vectors, self.classifier(pooled * SHARPNESS).log_softmax(1)], dim=1)

    def own(self) -> dict[str, torch.Tensor]:
        """What differs from the embedder, in half precision."""
        kept = {name: value for name, value in self.state_dict().items() if not name.startswith("transformer.")}
        return {name: value.detach().half().contiguous() for name, value in kept.items()}

    def take(self, own: Tensors) -> None:
        """The inverse of `own`; raises ValueError unless they are all there and fit."""
        try:
            told = self.load_state_dict(own, strict=False)
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        absent = [name for name in told.missing_keys if not name.startswith("transformer.")]
        if absent or told.unexpected_keys:
            raise ValueError(f"{absent} are absent, {told.unexpected_keys} not expected")


class Tuned:
    """The shipped models over the embedder that they were made for. Threads may share it; raises `ModelError`."""

    def __init__(self, embedder: MiniLM, folder: Path = FOLDER) -> None:
        config = Config.read(folder)
        if config.base != embedder.weights:
            raise ModelError(f"{folder}: made for weights {config.base}, not for those of {embedder.name}")
        self.name, self.sections = f"{folder.name}-{config.sha256[:12]}", config.sections
        file = folder / WEIGHTS
        check_weights(file, config.sha256, "citerx")
        try:
            weights = load_file(file)
            self._label, self._literature = _ranker(LABEL, weights, self.sections), _ranker(LITERATURE, weights)
            self._embedder, self._tower = embedder, _tower(embedder, config, weights)
        except (SafetensorError, ValueError, KeyError) as error:
            raise ModelError(f"{file}: not what {CONFIG} describes: {error}; reinstall citerx") from error
        self._remembered = lru_cache(CACHED_QUESTIONS)(self._read)

    @staticmethod
    def of(embedder: Embedder, folder: Path = FOLDER) -> Tuned | None:
        """The models for this embedder, None where they were made for another one; raises `ModelError`."""
        if isinstance(embedder, MiniLM) and Config.read(folder).base == embedder.weights:
            return Tuned(embedder, folder)
        return None

    def read(self, questions: Sequence[str]) -> tuple[Asked, ...]:
        """Each question's unit vector and log probabilities of sections, in one pass; at least one question.

        What was asked lately is remembered, so the answers are shared: nobody may change them.
        """
        return self._remembered(tuple(questions))

    def scores(self, candidates: Candidates, *, label: bool) -> list[float]:
        """Log odds of each candidate, comparable within one search; ``label``: all are from labels of one drug."""
        return [float(score) for score in (self._label if label else self._literature).scores(candidates)]

    def _read(self, questions: tuple[str, ...]) -> tuple[Asked, ...]:
        long = self._embedder.dimension
        found = self._embedder.run(self._tower, questions)
        return tuple(Asked(row[:long], dict(zip(self.sections, row[long:].tolist(), strict=True))) for row in found)


def write(
    folder: Path, tower: QuestionTower, base: str, sections: Sequence[str], rankers: Mapping[str, Ranker]
) -> None:
    """Writes weights, then the configuration that names their checksum; ``rankers``: of `LABEL` and `LITERATURE`."""
    weights = tower.own()
    for kind, ranker in rankers.items():
        weights |= {f"{kind}.{name}": torch.from_numpy(getattr(ranker, name)) for name in ARRAYS}
    content = save(weights)
    config = Config(base, len(tower.tuned), tuple(sections), hashlib.sha256(content).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")


def _tower(embedder: MiniLM, config: Config, weights: Tensors) -> QuestionTower:
    tower = QuestionTower(embedder.transformer, config.layers, len(config.sections))
    tower.take({name: value.float() for name, value in weights.items() if not name.startswith((LABEL, LITERATURE))})
    return tower.to(embedder.device).eval()


def _ranker(kind: str, weights: Tensors, sections: tuple[str, ...] = ()) -> Ranker:
    ranker = Ranker(**{name: weights[f"{kind}.{name}"].float().numpy() for name in ARRAYS}, sections=sections)
    if ranker.mean.shape != (width(sections),):
        raise ValueError(f"the {kind} ranker reads {ranker.mean.size} features where there are {width(sections)}")
    return ranker
