"""The vectors that ship: of every passage of the starter corpus, and what the embedder makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpora import starter
from ingest.pipeline import ingest
from ingest.store import Store
from rag.dense import MiniLM
from rag.errors import ModelError
from rag.indexes.build import content_hash
from rag.indexes.ready import FILE, ready, shipped, write


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('starter')}/citerx.db")
    ingest(store, [str(starter())])
    return store


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM(threads=1, device="cpu")


def test_every_passage_has_its_vector(store: Store, embedder: MiniLM) -> None:
    hashes = {content_hash(row.passage) for row in store.index_rows()}
    absent = len(hashes - ready(embedder.name, hashes).keys())
    assert not absent, f"{absent} passages of the starter corpus changed: run `citerx corpora vectors`"


def test_a_vector_is_what_the_embedder_makes_of_the_passage(store: Store, embedder: MiniLM) -> None:
    rows = list(store.index_rows())[::211]
    found = ready(embedder.name, [content_hash(row.passage) for row in rows])
    texts = [f"{row.passage.context}\n{row.passage.text}" for row in rows]
    near = [
        float(np.dot(found[content_hash(row.passage)].astype(np.float32), vector))
        for row, vector in zip(rows, embedder.encode(texts), strict=True)
    ]
    assert min(near) > 0.99


def test_another_embedder_gets_none(store: Store) -> None:
    assert ready("another", [content_hash(row.passage) for row in store.index_rows()]) == {}


def test_the_same_vectors_make_the_same_bytes(tmp_path: Path) -> None:
    vectors = {bytes([number]) * 32: np.full(4, number, dtype=np.float16) for number in (3, 1, 2)}
    write(tmp_path / "a", "some", vectors)
    write(tmp_path / "b", "some", dict(reversed(vectors.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"nothing")

    with pytest.raises(ModelError, match="reinstall citerx"):
        shipped(tmp_path / FILE)
