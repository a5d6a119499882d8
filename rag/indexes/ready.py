"""Vectors of the starter corpus that ship with it, so that its index is there in seconds instead of a minute.

``corpora/vectors.safetensors`` has ``hashes`` (n, 32), see `rag.indexes.build.content_hash`, and ``vectors`` (n,
dimension) in half precision; its metadata names the embedder that made them. `citerx corpora vectors` makes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from corpora import starter
from rag.errors import ModelError
from rag.indexes.searchers import Half

FILE = "vectors.safetensors"


def ready(model: str, hashes: Iterable[bytes]) -> dict[bytes, Half]:
    """The shipped vectors that exist of these content hashes; none for another embedder. Raises `ModelError`."""
    made_by, known = shipped(starter().with_name(FILE))
    return {key: known[key] for key in hashes if key in known} if made_by == model else {}


def write(path: Path, model: str, vectors: Mapping[bytes, Half]) -> None:
    """Writes the file, sorted by hash, so that the same vectors make the same bytes."""
    keys = sorted(vectors)
    hashes = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), 32).copy()
    save_file({"hashes": hashes, "vectors": np.stack([vectors[key] for key in keys])}, path, {"embedder": model})


@cache
def shipped(path: Path) -> tuple[str, dict[bytes, Half]]:
    """The embedder's name and the vectors by hash; nothing where there is no file. Raises `ModelError`."""
    if not path.exists():
        return "", {}
    try:
        with safe_open(path, "numpy") as file:
            made_by = (file.metadata() or {}).get("embedder", "")
            hashes, vectors = file.get_tensor("hashes"), file.get_tensor("vectors")
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read: {error}; reinstall citerx") from error
    return made_by, {key.tobytes(): vector for key, vector in zip(hashes, vectors, strict=True)}
