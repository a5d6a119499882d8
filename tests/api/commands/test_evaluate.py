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


STARTER = """
[set]
name = "s"
kind = "starter"
description = "One is answered, one is not."

[[question]]
id = "1"
kind = "label"
text = "What is the boxed warning of Multaq for recently decompensated heart failure?"
drugs = ["dronedarone"]
sections = ["boxed_warning"]
facts = ["halves it"]

[[question]]
id = "2"
kind = "outside"
text = "Which train goes from Lyon to Geneva in the morning?"
"""


def test_questions_on_the_starter_corpus_are_asked_of_a_store_of_their_own(tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    (tmp_path / "starter.toml").write_text(STARTER)
    environment = {"CITERX_HOME": str(tmp_path / "home"), "CITERX_DEVICE": "cpu"}
    command = ["eval", "starter", "--home", str(home), "--questions", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, command, env=environment)
    assert result.exit_code == 1  # the fact is wrong, the goal is not reached
    assert json.loads(result.stdout)["shares"] == {"first": 1, "found": 1, "facts": 0, "abstained": 1}
    assert not (tmp_path / "home").exists()


def test_questions_on_the_starter_corpus_are_asked_of_nothing_else(tmp_path: Path) -> None:
    real = tmp_path / "real.txt"
    real.write_text("A note of somebody else on colchicine and on how it is taken. " * 5)
    environment = {"CITERX_HOME": str(tmp_path / "home")}
    assert CliRunner().invoke(app, ["ingest", str(real)], env=environment).exit_code == 0
    result = CliRunner().invoke(app, ["eval", "starter", "--home", str(tmp_path / "home")], env=environment)
    assert result.exit_code == 2
    assert "other sources" in result.stderr


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
