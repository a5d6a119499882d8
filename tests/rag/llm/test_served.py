"""OpenAI-compatible servers: a real one (`transformers serve` over a tiny model), and one that misbehaves on demand."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from rag.errors import GeneratorError
from rag.generate import Generator
from rag.llm.generators import open_generators
from rag.settings import Settings
from tests.rag.pieces import PAIR, ask
from tests.rag.tinymodels import SAID, save_causal

pytestmark = pytest.mark.timeout(300)  # a server that starts on a busy machine takes its time
CITED = SAID.replace(" [1]", "")


def client(server: str, model: str = "tiny", **settings: object) -> Generator:
    chosen = {"llm_server": server, "llm_model": model, "generator": "openai", "llm_max_tokens": 60, **settings}
    return open_generators(Settings.model_validate(chosen))["openai"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and model of a running `transformers serve` that cannot reach a hub."""
    folder = tmp_path_factory.mktemp("served")
    model = str(save_causal(folder / "tiny"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    words = ["serve", model, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--log-level", "error"]
    command = [str(Path(sys.executable).with_name("transformers")), *words]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **offline}, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, folder / "log")
        yield f"http://127.0.0.1:{port}/v1", model
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 200
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(address).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


@pytest.mark.parametrize("chat", [True, False])
def test_a_real_server_answers_with_citations(real: tuple[str, str], chat: bool) -> None:
    query, evidence = ask(PAIR)
    generator = client(*real, llm_chat=chat)
    drafts = generator.generate(query, evidence)
    assert [(draft.text, draft.evidence) for draft in drafts] == [(CITED, (evidence[0],))]
    assert generator.generate(query, evidence) == drafts


def test_a_real_server_that_does_not_know_the_model(real: tuple[str, str]) -> None:
    with pytest.raises(GeneratorError, match="the language model's server answered"):
        client(real[0], "another").generate(*ask(PAIR))


Reply = Callable[[BaseHTTPRequestHandler], None]


def chunk(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    body = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


def streamed(*parts: bytes, pause: float = 0.0) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(pause)

    return reply


def refused(status: int, error: object, content_type: str = "application/json") -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        body = error.encode() if isinstance(error, str) else json.dumps({"error": error}).encode()
        handler.send_response(status)
        handler.send_header("content-type", content_type)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", "100000")
    handler.end_headers()
    handler.wfile.write(chunk("Levels rise"))


DONE = b"data: [DONE]\n\n"
OVERFLOW = {"message": "This model's maximum context length is 2048 tokens.", "code": "context_length_exceeded"}
REPLIES: dict[str, Reply] = {
    "good": streamed(chunk("Levels "), chunk("rise [1]."), DONE),
    "empty": streamed(DONE),
    "blank": streamed(chunk(" "), DONE),
    "nothing": streamed(),
    "uncited": streamed(chunk("Levels rise."), DONE),
    "broken-json": streamed(chunk("Levels "), b'data: {"choices": [{"del\n\n', DONE),
    "not-an-object": streamed(b"data: 7\n\n", DONE),
    "no-choices": streamed(b'data: {"id": "1"}\n\n', DONE),
    "odd-choices": streamed(b'data: {"choices": [7]}\n\n', DONE),
    "bad-bytes": streamed(b"data: \xff\xfe\n\n", DONE),
    "error-in-stream": streamed(chunk("Levels "), b'data: {"error": {"message": "out of memory"}}\n\n', DONE),
    "html": refused(200, "<html>Welcome to nginx</html>", "text/html"),
    "cut-off": cut_off,
    "overflow": refused(400, OVERFLOW),
    "bad-request": refused(400, {"message": "unknown parameter: seed"}),
    "unauthorized": refused(401, {"message": "invalid key"}),
    "missing": refused(404, {"message": "The model `tiny` does not exist"}),
    "busy": refused(429, {"message": "rate limit"}),
    "failing": refused(500, {"message": "CUDA error at /srv/secret"}),
    "starting": refused(503, "loading", "text/plain"),
    "silent": lambda _: time.sleep(3),
    "dripping": streamed(*[chunk("la ")] * 30, pause=0.1),
}


class Handler(BaseHTTPRequestHandler):
    """The first folder of the path names what goes wrong; every request is noted."""

    def do_POST(self) -> None:
        name = self.path.split("/")[1]
        length = int(self.headers["content-length"])
        noted = {"path": self.path, "key": self.headers["authorization"], **json.loads(self.rfile.read(length))}
        self.server.asked.append(noted)  # type: ignore[attr-defined]
        REPLIES[name](self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


class Bad(ThreadingHTTPServer):
    """Threads that outlive a client which gave up end by themselves."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is no news."""


@pytest.fixture(scope="module")
def bad() -> Iterator[Bad]:
    server = Bad(("127.0.0.1", 0), Handler)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def at(server: Bad, name: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/{name}/v1"


def test_what_is_asked_follows_the_settings(bad: Bad) -> None:
    query, evidence = ask(PAIR)
    generator = client(at(bad, "good"), llm_seed=7, llm_temperature=0.5, llm_key="s3cret")
    (draft,) = generator.generate(query, evidence)
    assert (draft.text, draft.evidence) == ("Levels rise.", (evidence[0],))
    asked = bad.asked[-1]  # type: ignore[attr-defined]
    assert asked["path"] == "/good/v1/chat/completions"
    assert (asked["model"], asked["seed"], asked["temperature"], asked["max_tokens"]) == ("tiny", 7, 0.5, 60)
    assert asked["stream"] is True
    assert asked["key"] == "Bearer s3cret"
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert generator.made_of["seed"] == "7"
    assert "s3cret" not in str(generator.made_of)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty", "wrote nothing: raise CITERX_LLM_MAX_TOKENS"),
        ("blank", "wrote nothing: raise CITERX_LLM_MAX_TOKENS"),
        ("nothing", "wrote nothing: raise CITERX_LLM_MAX_TOKENS"),
        ("uncited", "nothing that can be checked"),
        ("broken-json", "no answer of an OpenAI-compatible server"),
        ("not-an-object", "no answer of an OpenAI-compatible server"),
        ("no-choices", "no answer of an OpenAI-compatible server"),
        ("odd-choices", "no answer of an OpenAI-compatible server"),
        ("bad-bytes", "no answer of an OpenAI-compatible server"),
        ("error-in-stream", "no answer of an OpenAI-compatible server"),
        ("html", "wrote nothing"),
        ("cut-off", "no connection to the language model's server"),
        ("overflow", "lower CITERX_LLM_CONTEXT"),
        ("bad-request", "server answered 400: its log says why"),
        ("unauthorized", "set CITERX_LLM_KEY"),
        ("missing", "serves CITERX_LLM_MODEL"),
        ("busy", "ask again later"),
        ("failing", "server answered 500: its log says why"),
        ("starting", "server answered 503: its log says why"),
    ],
)
def test_every_failure_is_an_error_that_says_what_to_do(bad: Bad, name: str, told: str) -> None:
    with pytest.raises(GeneratorError, match=told) as raised:
        client(at(bad, name)).generate(*ask(PAIR))
    assert "127.0.0.1" not in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["busy", "failing"])
def test_retries_are_few(bad: Bad, name: str) -> None:
    bad.asked.clear()  # type: ignore[attr-defined]
    with pytest.raises(GeneratorError):
        client(at(bad, name)).generate(*ask(PAIR))
    assert len(bad.asked) == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["silent", "dripping"])
def test_the_timeout_bounds_all_of_it(bad: Bad, name: str) -> None:
    started = time.perf_counter()
    with pytest.raises(GeneratorError, match="CITERX_LLM_TIMEOUT"):
        client(at(bad, name), llm_timeout=0.5).generate(*ask(PAIR))
    assert time.perf_counter() - started < 2.5


def test_a_server_that_is_down() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    generator = client(f"http://127.0.0.1:{port}/v1")  # it need not be up before it is asked
    with pytest.raises(GeneratorError, match="start it, or mend CITERX_LLM_SERVER"):
        generator.generate(*ask(PAIR))
