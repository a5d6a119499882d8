"""The benchmark against a live scripted service, and the questions it asks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from api.bench.service import BenchError, questions, run
from ingest.schema import DrugNames
from ingest.store import Store
from rag.settings import Settings
from tests.api.scripted import DOCUMENT, ScriptedEngine


@pytest.fixture
def live() -> Iterator[tuple[str, ScriptedEngine]]:
    """The URL of a scripted service that listens on a socket."""
    engine = ScriptedEngine()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(Settings(), lambda: engine), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", engine
    server.should_exit = True
    thread.join()
    listener.close()


def test_a_running_service_is_measured(live: tuple[str, ScriptedEngine]) -> None:
    url, engine = live
    engine.before = lambda _question: time.sleep(0.01)
    steps: list[str] = []
    measured = run([f"colchicine {number}" for number in range(12)], url, [1, 2], steps.append)
    assert measured.passages == 1
    assert measured.start_to_ready_s is None
    assert measured.resident_mib is None or measured.resident_mib > 10
    assert [(row.route, row.concurrency) for row in measured.latencies] == [
        ("/ask", 1), ("/ask", 2), ("/search", 1), ("/search", 2),
    ]  # fmt: skip
    assert len(steps) == 4
    assert all(10 <= row.p50_ms <= row.p95_ms for row in measured.latencies)
    assert all(row.requests == 12 for row in measured.latencies)
    assert {f"colchicine {number}" for number in range(12)} == {asked[0] for asked in engine.asked}


def test_a_failing_service_ends_the_benchmark(live: tuple[str, ScriptedEngine]) -> None:
    with pytest.raises(BenchError, match="/ask answered 422"):
        run(["\0"], live[0], [1], lambda _step: None)


def test_an_absent_service_ends_the_benchmark() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(BenchError, match="did not become ready"):
            run(["x"], f"http://127.0.0.1:{unused.getsockname()[1]}", [1], lambda _step: None, patience=0.2)


def test_questions_depend_on_the_store_and_the_seed_alone(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    with pytest.raises(BenchError, match="ingest"):
        questions(store, 5, 0)
    with store.writing() as batch:
        for number, name in enumerate(("Colchicine", "propafenone", "warfarin")):
            document = replace(DOCUMENT, document_id=f"label:{number}:1", work_id=str(number))
            batch.put(replace(document, drugs=DrugNames(generic=(name,), brand=("Brandname",))), [])
    first = questions(store, 40, 1)
    assert first == questions(store, 40, 1)
    assert first != questions(store, 40, 2)
    assert len(set(first)) > 20
    text = " ".join(first)
    assert all(name in text for name in ("colchicine", "propafenone", "warfarin"))
    assert "brandname" not in text.lower()
    store.close()
