"""Reads a text beside a question or a claim: how well it answers, whether it supports or contradicts.

One cross-encoder over the embedder's own tokens: its lower layers tell how well a sentence answers a question, which
takes half the time; all of them tell whether a text supports a claim. `rag/models/reader/README.md` is the model card.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from rag.dense import MiniLM, check_weights, shipped
from rag.errors import ModelError
from rag.types import Embedder, Verdict

FOLDER = Path(__file__).parents[1] / "models" / "reader"
WEIGHTS, CONFIG = "model.safetensors", "config.json"
ANSWER_TOKENS, CLAIM_TOKENS = 80, 224
"""Tokens of a pair that are read: question and sentence, claim and text."""

Tensors = Mapping[str, torch.Tensor]


class CrossEncoder(torch.nn.Module):
    """The embedder's transformer with layers of its own and two heads; ``early``: layers below the first head."""

    def __init__(self, base: Any, early: int) -> None:  # noqa: ANN401 (a BERT of transformers)
        super().__init__()
        self.embeddings = copy.deepcopy(base, {id(layer): layer for layer in base.encoder.layer}).embeddings
        self.layers = copy.deepcopy(base.encoder.layer)
        self.early = early
        width = 2 * int(base.config.hidden_size)
        self.answers = torch.nn.Linear(width, 1)
        self.supports = torch.nn.Linear(width, 3)

    def forward(self, tokens: dict[str, torch.Tensor], *, claim: bool) -> torch.Tensor:
        """Of padded pairs: the logit of an answer, shape ``(n, 1)``, or of ``claim``s the three of `Verdict`'s cases:
        supported, contradicted, neither."""
        mask = tokens["attention_mask"]
        states = self.embeddings(input_ids=tokens["input_ids"], token_type_ids=tokens["token_type_ids"])
        hidden = (1 - mask[:, None, None].to(states.dtype)) * torch.finfo(states.dtype).min
        for layer in self.layers if claim else self.layers[: self.early]:
            states = layer(states, hidden)
        states, weight = states.float(), mask.unsqueeze(-1).float()
        pooled = torch.cat([states[:, 0], (states * weight).sum(1) / weight.sum(1)], dim=1)
        found: torch.Tensor = (self.supports if claim else self.answers)(pooled)
        return found

    def own(self) -> dict[str, torch.Tensor]:
        """What differs from the embedder, in half precision."""
        kept = {name: value for name, value in self.state_dict().items() if not name.startswith("embeddings.")}
        return {name: value.detach().half().contiguous() for name, value in kept.items()}

    def take(self, own: Tensors) -> None:
        """The inverse of `own`; raises ValueError unless they are all there and fit."""
        try:
            told = self.load_state_dict({name: value.float() for name, value in own.items()}, strict=False)
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        absent = [name for name in told.missing_keys if not name.startswith("embeddings.")]
        if absent or told.unexpected_keys:
            raise ValueError(f"{absent} are absent, {told.unexpected_keys} not expected")


@dataclass(frozen=True, slots=True)
class Config:
    """What the weights belong to. ``base``: fingerprint of the embedder's files; ``early``: see `CrossEncoder`.

    ``temperature``: what the claim logits are divided by, so that the probabilities are calibrated (Guo et al., 2017).
    """

    base: str
    early: int
    temperature: float
    sha256: str

    @staticmethod
    def read(folder: Path) -> Config:
        """The folder's configuration; raises `ModelError`."""
        return shipped(folder / CONFIG, Config)


class Reader:
    """The shipped cross-encoder over the embedder that it was made for. Threads may share it; raises `ModelError`."""

    def __init__(self, embedder: MiniLM, folder: Path = FOLDER) -> None:
        config = Config.read(folder)
        if config.base != embedder.weights:
            raise ModelError(f"{folder}: made for weights {config.base}, not for those of {embedder.name}")
        self._name = f"{folder.name}-{_digest(folder)[:12]}"
        file = folder / WEIGHTS
        check_weights(file, config.sha256, "citerx")
        model = CrossEncoder(embedder.transformer, config.early)
        try:
            model.take(load_file(file))
        except (SafetensorError, ValueError) as error:
            raise ModelError(f"{file}: not what {CONFIG} describes: {error}; reinstall citerx") from error
        self._embedder, self._model = embedder, model.to(embedder.device).eval()
        self._temperature = config.temperature

    @staticmethod
    def of(embedder: Embedder, folder: Path = FOLDER) -> Reader | None:
        """The reader for this embedder, None where it was made for another one; raises `ModelError`."""
        if isinstance(embedder, MiniLM) and Config.read(folder).base == embedder.weights:
            return Reader(embedder, folder)
        return None

    @property
    def name(self) -> str:
        """Label and the checksum of all that decides what it says and how that is weighed: weights, calibration and
        the regressions beside them."""
        return self._name

    def answers(self, question: str, sentences: Sequence[str]) -> list[float]:
        """How well each sentence answers, as log odds."""
        if not sentences:
            return []
        model = partial(self._model, claim=False)
        found = self._embedder.run(model, [question] * len(sentences), sentences, ANSWER_TOKENS)
        return [float(value) for value in found[:, 0]]

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """One verdict for each (text, claim); NaN for a pair too long to be read to its end."""
        verdicts = [Verdict(nan, nan)] * len(pairs)
        if whole := self._whole(pairs):
            texts, claims = zip(*(pairs[place] for place in whole), strict=True)
            logits = self._embedder.run(partial(self._model, claim=True), claims, texts, CLAIM_TOKENS)
            odds = np.exp((logits - logits.max(1, keepdims=True)) / self._temperature)
            for place, row in zip(whole, odds / odds.sum(1, keepdims=True), strict=True):
                verdicts[place] = Verdict(float(row[0]), float(row[1]))
        return verdicts

    def _whole(self, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """The places of the pairs that are read to their end."""
        if not pairs:
            return []
        tokens = self._embedder.tokens([pair[1] for pair in pairs], [pair[0] for pair in pairs], CLAIM_TOKENS + 1)
        return [place for place, one in enumerate(tokens["input_ids"]) if len(one) <= CLAIM_TOKENS]


def _digest(folder: Path) -> str:
    """Over the configuration, which has the checksum of the weights, and the other numbers of the folder."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.json")):
        found.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def beside(drugs: Sequence[str], section: str, sentence: str) -> str:
    """How a sentence of a label is put to `Reader.answers`: with the drug and the section that it is from."""
    return f"{', '.join(drugs)} | {section.replace('_', ' ')}: {sentence}" if drugs else sentence


def write(folder: Path, model: CrossEncoder, base: str, temperature: float) -> None:
    """Writes weights, then the configuration that names their checksum."""
    content = save(model.own())
    config = Config(base, model.early, temperature, hashlib.sha256(content).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    (folder / CONFIG).write_text(json.dumps(asdict(config), indent=1) + "\n", encoding="utf-8")


class ScriptedJudge:
    """A fake for tests: what ``script`` says of each text and claim."""

    name = "scripted"

    def __init__(self, script: Callable[[str, str], Verdict]) -> None:
        self._script = script

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """One verdict for each pair."""
        return [self._script(text, claim) for text, claim in pairs]
