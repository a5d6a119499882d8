"""`citerx eval ...` as a user starts it: what it prints where, and its exit codes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app

LABELS = files("corpora") / "starter" / "labels"
QUESTIONS = """
[set]
name = "mine"
kind = "label"
description = "A few."

[[question]]
id = "1"
text = "Which medicines must not be taken with colchicine?"
drugs = ["colchicine"]
sections = ["drug_interactions", "contraindications"]
slice = "interactions"
style = "generic"
"""


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    folder = tmp_path / "questions"
    folder.mkdir()
    (folder / "mine.toml").write_text(QUESTIONS)
    return folder


def test_it_measures_the_store_with_the_settings_own_model(tmp_path: Path, questions: Path) -> None:
    environment = {"CITERX_HOME": str(tmp_path / "home"), "CITERX_DEVICE": "cpu"}
    command = ["eval", "retrieval", "--questions", str(questions), "--split", "all", "--systems", "citerx, dense"]
    runner = CliRunner()
    for arguments in (["ingest", str(LABELS / "colchicine.xml")], ["index"], [*command, "--json"]):
        result = runner.invoke(app, arguments, env=environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    (labels,) = json.loads(result.stdout)["collections"]
    assert set(labels["systems"]) == {"citerx", "dense"}
    assert "labels: 1 questions" in result.stderr
    assert (tmp_path / "home" / "evals" / "report.md").exists()


def test_answers_are_measured_with_the_settings_own_models(tmp_path: Path, questions: Path) -> None:
    row = '[[unanswerable]]\nid = "u"\ntext = "What is the dose of Veltrazine?"\nkind = "invented"\n'
    (questions / "unanswerable.toml").write_text(row)
    environment = {"CITERX_HOME": str(tmp_path / "home"), "CITERX_DEVICE": "cpu"}
    command = ["eval", "answers", "--questions", str(questions), "--split", "all", "--systems", "extractive", "--json"]
    runner = CliRunner()
    for arguments in (["ingest", str(LABELS / "colchicine.xml")], ["index"], command):
        result = runner.invoke(app, arguments, env=environment, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    (labels,) = json.loads(result.stdout)["collections"]
    assert labels["questions"] == {"unanswerable": 1}
    assert labels["systems"]["extractive"]["abstention"]["all"]["abstained"]["mean"] == 1
    assert (tmp_path / "home" / "evals" / "answers" / "report.md").exists()


@pytest.mark.parametrize("measured", ["retrieval", "answers"])
@pytest.mark.parametrize(
    ("option", "told"),
    [(("--systems", "elastic"), "elastic"), (("--sets", "yours"), "mine"), (("--split", "half"), "measure")],
)
def test_a_name_that_there_is_not_is_wrong_usage(
    tmp_path: Path, questions: Path, measured: str, option: tuple[str, str], told: str
) -> None:
    command = ["eval", measured, "--questions", str(questions), *option]
    result = CliRunner().invoke(app, command, env={"CITERX_HOME": str(tmp_path), "COLUMNS": "200"})
    assert result.exit_code == 2
    assert told in result.stderr
