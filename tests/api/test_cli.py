"""The command line as a user starts it: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import corpora
from api.cli import _opened, app
from rag.settings import Settings

LOOKING_BACK = ("versions", "diff", "recall")
BROKEN = b'<document xmlns="urn:hl7-org:v3">'


def citerx(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITERX_")}
    environment |= {"CITERX_HOME": str(home), "OMP_NUM_THREADS": "1", "COLUMNS": "120", **settings}
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=100)


def here(home: Path, *arguments: str) -> str:
    """What a command prints, in this process: models are imported once."""
    result = CliRunner().invoke(app, arguments, env={"CITERX_HOME": str(home)}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_help_is_quick_and_names_every_command(tmp_path: Path) -> None:
    start = time.perf_counter()
    result = citerx(tmp_path, "--help")
    assert time.perf_counter() - start < 5  # a tenth of it on an idle machine; torch alone takes longer
    assert result.returncode == 0
    for command in ("ingest", "index", "ask", "replay", "verify", "search", "serve", "status", "bench", *LOOKING_BACK):
        assert command in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, api.cli; print({'torch', 'faiss', 'tantivy', 'fastapi', 'sqlalchemy', 'numpy'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("ingest",), "--starter"),
        (("nonsense",), "nonsense"),
        (("ask", ""), "question"),
        (("ask", "x", "--kind", "leaflet"), "kinds"),
        (("search", "x", "-k", "0"), "k:"),
    ],
)
def test_wrong_usage_is_2_and_one_clear_message(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    result = citerx(tmp_path, *arguments)
    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert not result.stdout


def test_a_wrong_setting_is_2_and_named(tmp_path: Path) -> None:
    result = citerx(tmp_path, "status", CITERX_PORT="many")
    assert result.returncode == 2
    assert "port" in result.stderr


def test_a_store_that_cannot_be_opened_is_3(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = citerx(tmp_path / "file", "status")
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert str(tmp_path / "file") in result.stderr


def test_a_traceback_on_demand_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Traceback" in citerx(tmp_path / "file", "status", CITERX_DEBUG="1").stderr


@pytest.mark.parametrize("command", [("ask", "x"), ("search", "x"), ("replay", "x"), ("verify", "x")])
def test_no_index_is_3_and_says_what_to_do(tmp_path: Path, command: tuple[str, ...]) -> None:
    result = citerx(tmp_path, *command)
    assert result.returncode == 3
    assert "citerx index" in result.stderr
    assert result.stderr.count("\n") == 1


def test_ingest_reports_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    first = json.loads(citerx(tmp_path, "ingest", "--starter", "--json").stdout)
    assert first["totals"]["ingested"] > 20
    second = citerx(tmp_path, "ingest", "--starter")
    assert second.returncode == 0
    total = next(line for line in second.stdout.splitlines() if "total" in line)
    assert total.split()[:2] == ["0", str(first["totals"]["ingested"])]
    assert not second.stderr


def test_ingest_of_nothing_usable_is_1(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_bytes(BROKEN)
    result = citerx(tmp_path, "ingest", str(broken))
    assert result.returncode == 1
    assert "nothing could be ingested" in result.stderr
    assert str(broken) in result.stdout


def test_the_share_of_faults_decides(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_bytes(BROKEN)
    assert citerx(tmp_path, "ingest", "--starter", str(broken)).returncode == 0
    strict = citerx(tmp_path, "ingest", "--starter", str(broken), CITERX_ERROR_THRESHOLD="0.001")
    assert strict.returncode == 1
    assert "faulty" in strict.stderr


def test_markup_and_control_codes_of_a_name_are_shown_as_text(tmp_path: Path) -> None:
    odd = tmp_path / "[red]odd\x1b[31m.xml"
    odd.write_bytes(BROKEN)
    result = citerx(tmp_path, "ingest", str(odd))
    assert "[red]odd" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home with the starter corpus, ingested and indexed by the first question, and the answer to it."""
    home = tmp_path_factory.mktemp("home")
    return home, json.loads(here(home, "ask", "--starter", "--json", "Can colchicine be taken with clarithromycin?"))


def test_the_first_question_prepares_the_starter_corpus(asked: tuple[Path, dict[str, Any]]) -> None:
    home, answer = asked
    assert answer["status"] in {"answered", "partial"}
    assert {"colchicine", "clarithromycin"} <= {drug for item in answer["references"] for drug in item["drugs"]}
    status = json.loads(citerx(home, "status", "--json").stdout)
    assert status["index"]["state"] == "current"
    assert status["index"]["generation"] == answer["provenance"]["index"]
    assert status["index"]["passages"] == status["store"]["passages"] > 100


def test_status_says_when_the_index_is_behind(asked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    shutil.copytree(asked[0], tmp_path / "home")
    label = min((Path(corpora.__file__).parent / "starter" / "labels").glob("*.xml"))
    changed = tmp_path / "changed.xml"
    changed.write_text(label.read_text().replace('<versionNumber value="1"/>', '<versionNumber value="2"/>'))
    assert citerx(tmp_path / "home", "ingest", str(changed)).returncode == 0
    assert "behind" in citerx(tmp_path / "home", "status").stdout


def test_a_replay_gives_the_same_bytes_in_another_process(asked: tuple[Path, dict[str, Any]]) -> None:
    home, answer = asked
    result = citerx(home, "replay", answer["answer_id"], CITERX_THREADS="1")
    assert result.returncode == 0, result.stderr
    assert f"Same bytes: {answer['receipt']['sha256']}" in result.stdout
    assert {"embedder", "retriever"} <= answer["receipt"]["models"].keys()


def test_a_replay_names_what_changed_since(asked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    home, answer = tmp_path / "home", asked[1]
    shutil.copytree(asked[0], home)
    label = Path(corpora.__file__).parent / "starter" / "labels" / "colchicine.xml"
    changed = tmp_path / "changed.xml"
    changed.write_text(label.read_text().replace('<versionNumber value="1"/>', '<versionNumber value="2"/>'))
    here(home, "ingest", str(changed))
    here(home, "index")
    result = CliRunner().invoke(app, ["replay", answer["answer_id"]], env={"CITERX_HOME": str(home), "COLUMNS": "500"})
    assert result.exit_code == 1
    assert "The answer differs now." in result.stdout
    assert f"index: {answer['provenance']['index']} → " in result.stdout
    assert "version 1" in result.stdout
    assert "version 2" in result.stdout
    assert "as cited → replaced by a newer version on" in result.stdout
    told = CliRunner().invoke(app, ["replay", answer["answer_id"], "--json"], env={"CITERX_HOME": str(home)})
    assert told.exit_code == 1
    assert {change["part"] for change in json.loads(told.stdout)["inputs"]} >= {"index"}


def test_a_replay_of_what_is_not_there_is_1_and_one_line(asked: tuple[Path, dict[str, Any]]) -> None:
    result = citerx(asked[0], "replay", "nothing")
    assert result.returncode == 1
    assert result.stderr == "citerx: no answer has the id 'nothing'\n"


def test_search_shows_passages(asked: tuple[Path, dict[str, Any]]) -> None:
    shown = here(asked[0], "search", "-k", "2", "--drug", "warfarin", "bleeding")
    assert shown.startswith("1. ")
    assert "\n2. " in shown
    assert "\n3. " not in shown


def test_search_says_first_which_drug_is_not_known(asked: tuple[Path, dict[str, Any]]) -> None:
    assert here(asked[0], "search", "dose of fictitiomab").startswith("not known here: fictitiomab")
    assert json.loads(here(asked[0], "search", "--json", "dose of fictitiomab"))["unresolved"] == ["fictitiomab"]


def test_search_explains_with_the_models_that_ship(asked: tuple[Path, dict[str, Any]]) -> None:
    found = json.loads(here(asked[0], "search", "--explain", "--json", "Is warfarin safe in pregnancy?"))
    assert found["hits"]
    for hit in found["hits"]:
        why = hit["explanation"]
        assert why["rerank"] is not None
        assert why["score"] == pytest.approx(why["base"] * math.prod(rule["factor"] for rule in why["rules"]))
    assert "the reranker gave it" in here(asked[0], "search", "--explain", "Is warfarin safe in pregnancy?")


def test_the_service_says_when_it_is_ready_and_why_it_is_not(
    asked: tuple[Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for home in (asked[0], tmp_path):
        _opened(Settings(home=home, device="cpu")).close()
    told = capsys.readouterr()
    assert re.fullmatch(r"CiteRx: ready, \d+ passages\.\n", told.out)
    assert re.fullmatch(r"CiteRx: not ready: .*citerx index.*\n", told.err)


def test_serve_is_measured_by_bench(asked: tuple[Path, dict[str, Any]]) -> None:
    result = citerx(asked[0], "bench", "serve", "--requests", "4", "--concurrency", "2", "--json")
    assert result.returncode == 0, result.stderr
    measured = json.loads(result.stdout)
    assert measured["start_to_ready_s"] > 0
    assert measured["passages"] > 100
    assert {row["route"] for row in measured["latencies"]} == {"/ask", "/search"}
