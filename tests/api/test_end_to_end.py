"""The service over a real store, index and engine: the starter corpus, with the fake embedder in place of the model."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ingest.pipeline import ingest
from ingest.store import Store
from rag.build import build
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.generate import Extractive
from rag.settings import Settings
from rag.view import DiskViews
from tests.api.test_service import ready, started, wait_until
from tests.contracts.service import ServiceContract


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings.database_url)
    with as_file(files("corpora") / "starter") as folder:
        assert ingest(store, [str(folder)]).totals["faults"] == 0
    yield store
    store.close()


def engine_of(settings: Settings, store: Store) -> Engine:
    embedder = HashEmbedder()
    views = DiskViews(settings.index_dir, store, embedder, "cpu")
    return Engine(store, views, embedder, {"extractive": Extractive()})


@pytest.fixture(scope="module")
def served(settings: Settings, store: Store) -> Iterator[TestClient]:
    build(store, HashEmbedder(), settings.index_dir)
    with started(lambda: engine_of(settings, store)) as client:
        wait_until(lambda: ready(client))
        yield client


class TestRealService(ServiceContract):
    @pytest.fixture
    def client(self, served: TestClient) -> TestClient:
        return served

    def test_the_demonstration_is_named_as_such(self, client: TestClient) -> None:
        answer = self.answer(client)
        assert answer["provenance"]["demonstration"]
        assert client.get("/readyz").json()["demonstration"]
        assert all(reference["editorial"] for reference in answer["references"])


def test_an_index_built_while_serving_is_taken_up(tmp_path: Path, store: Store) -> None:
    settings = Settings(home=tmp_path)
    with started(lambda: engine_of(settings, store)) as client:
        wait_until(lambda: client.get("/documents/none").status_code == 404)
        assert client.get("/readyz").status_code == 503
        manifest = build(store, HashEmbedder(), settings.index_dir)
        wait_until(lambda: ready(client))
        assert client.get("/readyz").json()["index"] == manifest.generation
        assert client.post("/search", json={"question": "colchicine"}).json()["hits"]
