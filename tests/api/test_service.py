"""The real application over the scripted engine: the contract, and what only an application in hand can show."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import WEB, create_app
from api.deps import MAX_WAITING, Engine, Service
from ingest.errors import StoreError
from rag.errors import (
    EmbedderMismatchError,
    GeneratorError,
    IndexBuildError,
    IndexCorruptError,
    IndexUnavailableError,
    MissingExtraError,
    ModelError,
    NotFoundError,
)
from rag.sentences.notes import MARK
from rag.settings import Settings
from rag.types import Filters
from tests.api.scripted import DOCUMENT, MANIFEST, ScriptedEngine
from tests.contracts.service import ServiceContract
from tests.contracts.services import refused

QUESTION = {"question": "colchicine?"}


@contextmanager
def started(open_engine: Callable[[], Engine], **settings: object) -> Iterator[TestClient]:
    app = create_app(Settings.model_validate(settings), open_engine)
    service: Service = app.state.service
    service.interval = 0.01
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def ready(client: TestClient) -> bool:
    return client.get("/readyz").status_code == 200


@contextmanager
def serving(engine: ScriptedEngine, **settings: object) -> Iterator[TestClient]:
    with started(lambda: engine, **settings) as client:
        wait_until(lambda: ready(client))
        yield client


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def client(engine: ScriptedEngine) -> Iterator[TestClient]:
    with serving(engine) as client:
        yield client


class TestScriptedService(ServiceContract):
    @pytest.fixture
    def client(self, engine: ScriptedEngine) -> Iterator[TestClient]:
        with serving(engine) as client:
            yield client


def test_the_engine_receives_what_was_asked(client: TestClient, engine: ScriptedEngine) -> None:
    filters = {"kinds": ["label"], "drugs": ["Colchicine"], "sections": ["warnings"], "published_after": "2015-01-31"}
    client.post("/ask", json={"question": " a\n colchicine ", "filters": filters, "as_of": "2020-02-02"})
    wanted = Filters(("label",), ("Colchicine",), ("warnings",), date(2015, 1, 31))
    assert engine.asked == [("a colchicine", wanted, date(2020, 2, 2), None, None)]


@pytest.mark.parametrize(
    "case",
    [
        (RuntimeError("password in /secret/place"), 500, "internal", False),
        (IndexCorruptError("/secret/place is damaged"), 503, "index-corrupt", False),
        (IndexUnavailableError("/secret/place is gone"), 503, "not-ready", False),
        (IndexBuildError("/secret/place is full"), 503, "index-build", False),
        (EmbedderMismatchError("built with one, not another"), 503, "not-ready", True),
        (type("SubclassError", (IndexCorruptError,), {})("/secret/place"), 503, "index-corrupt", False),
        (ModelError("/secret/place is altered"), 503, "model", False),
        (StoreError("locked", source="/secret/place"), 503, "store", False),
        (GeneratorError("no such generator: oracle"), 422, "generator", True),
        (MissingExtraError("install citerx[gpu]"), 422, "generator", True),
        (NotFoundError("no such thing"), 404, "not-found", True),
    ],
)
def test_an_error_of_the_engine_is_a_problem_without_internals(
    client: TestClient, engine: ScriptedEngine, case: tuple[Exception, int, str, bool]
) -> None:
    error, status, slug, shown = case

    def fail(_question: str) -> None:
        raise error

    engine.before = fail
    problem = refused(client.post("/ask", json=QUESTION), status, slug)
    assert (str(error) in problem["detail"]) == shown
    assert "secret" not in str(problem)
    assert f'citerx_requests_total{{method="POST",route="/ask",status="{status}"}} 1.0' in client.get("/metrics").text


def test_alive_while_the_models_load(engine: ScriptedEngine) -> None:
    loaded = threading.Event()

    def open_engine() -> Engine:
        assert loaded.wait(10)
        return engine

    with started(open_engine) as client:
        assert client.get("/healthz").status_code == 200
        for path in ("/readyz", "/documents/x", "/passages/x", "/answers/x"):
            problem = refused(client.get(path), 503, "not-ready")
            assert problem["detail"] == "The service is starting."
        loaded.set()
        wait_until(lambda: ready(client))


def test_ready_when_the_index_appears(engine: ScriptedEngine) -> None:
    engine.ready = False
    with started(lambda: engine) as client:
        wait_until(lambda: client.get(f"/documents/{DOCUMENT.document_id}").status_code == 200)
        for response in (client.get("/readyz"), client.post("/ask", json=QUESTION)):
            problem = refused(response, 503, "not-ready")
            assert "citerx index" in problem["detail"]
            assert "secret" not in str(problem)
            assert response.headers["retry-after"]
        assert "citerx_ready 0.0" in client.get("/metrics").text
        engine.newer = MANIFEST
        wait_until(lambda: ready(client))
        assert client.post("/ask", json=QUESTION).status_code == 200


def test_an_engine_that_breaks_on_opening_is_tried_again(
    engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[Engine | Exception] = [engine, ValueError("broken")]

    def open_engine() -> Engine:
        outcome = outcomes.pop()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with started(open_engine) as client:
        wait_until(lambda: ready(client))
    assert "broken" in caplog.text


def test_a_newer_index_is_served_without_a_restart(client: TestClient, engine: ScriptedEngine) -> None:
    assert client.get("/readyz").json()["index"] == MANIFEST.generation
    engine.newer = replace(MANIFEST, generation="feed4567")
    wait_until(lambda: client.get("/readyz").json()["index"] == "feed4567")
    text = client.get("/metrics").text
    assert 'generation="feed4567"' in text
    assert MANIFEST.generation not in text


def test_a_newer_index_that_cannot_be_opened_leaves_the_old_one_serving(
    client: TestClient, engine: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(ScriptedEngine):
        def refresh(self) -> bool:
            raise IndexCorruptError("half a file")

    engine.__class__ = Broken
    wait_until(lambda: "half a file" in caplog.text)
    assert client.post("/ask", json=QUESTION).status_code == 200
    assert ready(client)


def test_inference_leaves_the_event_loop_free_and_takes_turns(client: TestClient, engine: ScriptedEngine) -> None:
    release, lock, running, most = threading.Event(), threading.Lock(), [0], [0]

    def wait(_question: str) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        assert release.wait(10)
        with lock:
            running[0] -= 1

    engine.before = wait
    asking = [threading.Thread(target=client.post, args=("/ask",), kwargs={"json": QUESTION}) for _ in range(5)]
    for thread in asking:
        thread.start()
    wait_until(lambda: running[0] == 2)
    assert client.get("/healthz").status_code == 200
    assert client.get("/passages/none").status_code == 404
    release.set()
    for thread in asking:
        thread.join()
    assert most[0] == 2
    assert len(engine.asked) == 5


def test_more_questions_than_can_wait_are_refused_at_once(client: TestClient, engine: ScriptedEngine) -> None:
    release = threading.Event()

    def wait(_question: str) -> None:
        assert release.wait(30)

    engine.before = wait
    app = client.app
    assert isinstance(app, FastAPI)
    service: Service = app.state.service
    with ThreadPoolExecutor(2 + MAX_WAITING) as pool:
        try:
            asking = [pool.submit(client.post, "/ask", json=QUESTION) for _ in range(2 + MAX_WAITING)]
            wait_until(lambda: service.limiter.statistics().tasks_waiting == MAX_WAITING)
            for path in ("/ask", "/search"):
                response = client.post(path, json=QUESTION)
                refused(response, 503, "overloaded")
                assert int(response.headers["retry-after"]) > 0
            assert client.get(f"/documents/{DOCUMENT.document_id}").status_code == 200
        finally:
            release.set()
        assert {answer.result().status_code for answer in asking} == {200}
    engine.before = lambda _question: None
    assert client.post("/ask", json=QUESTION).status_code == 200


@pytest.mark.parametrize("name", ["doi:10.1000/a/b", "with space/", "label:x:3?"])
def test_a_documents_id_may_hold_slashes(client: TestClient, engine: ScriptedEngine, name: str) -> None:
    engine.documents[name] = replace(DOCUMENT, document_id=name)
    for path in (quote(name, safe=""), quote(name)):
        assert client.get(f"/documents/{path}").json()["document_id"] == name


@pytest.mark.parametrize("path", ["/ask", "/search"])
def test_null_restricts_nothing_and_a_date_is_passed_on(client: TestClient, engine: ScriptedEngine, path: str) -> None:
    for given in ({"filters": None, "as_of": None}, {"as_of": "2020-02-02"}):
        assert client.post(path, json={**QUESTION, **given}).status_code == 200
    restrictions = [(filters, day) for _, filters, day, *_ in engine.asked]
    assert restrictions == [(Filters(), None), (Filters(), date(2020, 2, 2))]


def test_the_engine_is_opened_once_and_closed_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    opened: list[ScriptedEngine] = []

    class Broken(ScriptedEngine):
        def refresh(self) -> bool:
            raise IndexCorruptError(f"half a file, seen by {len(opened)}")

    def open_engine() -> Engine:
        opened.append(Broken(ready=False))
        return opened[-1]

    with started(open_engine) as client:
        wait_until(lambda: "half a file, seen by 1" in caplog.text)
        assert client.get(f"/documents/{DOCUMENT.document_id}").status_code == 200
        time.sleep(0.1)
        assert not opened[0].closed
    assert len(opened) == 1
    assert opened[0].closed


def test_the_page_loads_only_our_files_and_sets_only_text(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "not a substitute" in page.text
    assert "emonstration" in page.text
    assert 'href="/docs"' in page.text
    assert not re.findall(r"<script>|style=|onclick|https?://", page.text)
    for path in re.findall(r'(?:src|href)="(/web/[^"]+)"', page.text):
        assert client.get(path).status_code == 200
    script = (WEB / "app.js").read_text()
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval", script)
    assert f"/^{MARK}/.test(text)" in script


def test_the_interactive_documentation_needs_no_network(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(files) >= 2
    for path in files:
        assert path.startswith("/"), path
        assert client.get(path).status_code == 200


def test_the_description_of_the_api_is_complete(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    assert description["paths"].keys() == {
        "/ask", "/search", "/verify", "/documents/{document_id}", "/passages/{passage_id}", "/answers/{answer_id}",
        "/answers/{answer_id}/recall", "/works/{work_id}/versions", "/works/{work_id}/diff",
        "/healthz", "/readyz", "/metrics", "/problems",
    }  # fmt: skip
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert (
                "422" not in operation["responses"]
                or "application/problem+json" in operation["responses"]["422"]["content"]
            )
    assert description["components"]["schemas"]["AskRequest"]["examples"]
    for example in description["components"]["schemas"]["AskRequest"]["examples"]:
        assert client.post("/ask", json=example).status_code == 200
    for example in description["components"]["schemas"]["VerifyRequest"]["examples"]:
        assert client.post("/verify", json=example).status_code == 200
    assert "quotes" in description["components"]["schemas"]["Reference"]["properties"]


def test_two_applications_do_not_share_metrics(client: TestClient) -> None:
    client.post("/ask", json=QUESTION)
    with serving(ScriptedEngine()) as other:
        assert 'route="/ask"' not in other.get("/metrics").text
