"""Which generators there are follows the settings, and nobody pays for those that are not set up."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from rag.errors import GeneratorError, ModelError
from rag.generate import Extractive
from rag.llm.generators import open_generators
from rag.settings import Settings
from tests.api.test_service import ready, started, wait_until
from tests.rag.bookshelf import Bookshelf, corpus
from tests.rag.pieces import PAIR, ask
from tests.rag.test_engine import engine_of


def test_extractive_is_always_there() -> None:
    generators = open_generators(Settings())
    assert list(generators) == ["extractive"]
    assert isinstance(generators["extractive"], Extractive)


def test_what_is_not_set_up_is_not_imported() -> None:
    code = (
        "import sys; from rag.llm.generators import open_generators; from rag.settings import Settings; "
        "open_generators(Settings()); print([name for name in sys.modules if name.partition('.')[0] in "
        "{'llama_index', 'openai', 'transformers', 'torch'}])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_server_stands_beside_extractive_before_it_is_up() -> None:
    generators = open_generators(Settings(llm_server="http://127.0.0.1:9/v1", llm_model="m"))
    assert list(generators) == ["extractive", "openai"]


class Endless(BaseHTTPRequestHandler):
    """A server that takes questions and never answers."""

    asked = threading.Event()
    ended = threading.Event()

    def do_POST(self) -> None:
        self.asked.set()
        self.ended.wait(20)


def test_a_server_that_hangs_leaves_room_for_other_questions() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server, ThreadPoolExecutor(2) as pool:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        writer = open_generators(Settings(llm_server=url, llm_model="m", llm_timeout=8, threads=2))["openai"]
        first = pool.submit(writer.generate, *ask(PAIR))
        assert Endless.asked.wait(20)
        with pytest.raises(GeneratorError, match="busy"):
            writer.generate(*ask(PAIR))
        Endless.ended.set()
        server.shutdown()
        assert isinstance(first.exception(20), GeneratorError)


@pytest.mark.parametrize(("name", "variable"), [("transformers", "CITERX_LLM_FOLDER"), ("openai", "CITERX_LLM_SERVER")])
def test_the_default_generator_must_be_set_up(name: str, variable: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} needs {variable}, which is not set"):
        Settings.model_validate({"generator": name})


def test_a_server_without_a_model_or_a_folder_without_weights_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="CITERX_LLM_MODEL"):
        open_generators(Settings(llm_server="http://127.0.0.1:9/v1"))
    with pytest.raises(ModelError, match="safetensors"):
        open_generators(Settings(llm_folder=str(tmp_path)))


def test_the_key_is_never_shown() -> None:
    assert "s3cret" not in repr(Settings.model_validate({"llm_key": "s3cret"}))


@pytest.mark.parametrize("name", ["openai", "transformers"])
def test_a_question_for_a_generator_that_is_not_set_up_is_refused_in_words(name: str) -> None:
    with started(lambda: engine_of(Bookshelf(corpus()))) as client:
        wait_until(lambda: ready(client))
        response = client.post("/ask", json={"question": "dose of colchicine", "generator": name})
    assert response.status_code == 422
    assert response.json()["type"] == "/problems#generator"
    assert "extractive" in response.json()["detail"]
