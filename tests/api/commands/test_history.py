"""The commands that look back, as a user starts them: they need a store and no index."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from ingest.passages import split
from ingest.schema import Mark
from ingest.store import Store
from rag.settings import Settings
from tests.rag.bookshelf import document

OLD = document(
    "label:s:1",
    [("boxed_warning", "Not below 12 years.\nRare deaths."), ("overdosage", "Call.")],
    "sulthiazine",
    effective=date(2020, 1, 1),
    sha256="1",
)
NEW = replace(
    OLD,
    document_id="label:s:2",
    version="2",
    effective=date(2021, 1, 1),
    sha256="2",
    sections=(replace(OLD.sections[0], text="Rare deaths.\nNot below 7 years."),),
)
PAPER = document("pubmed:8", [("abstract", "It worked.")], pmid="8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with two versions of a label, a paper, and an answer that cites it."""
    cited = {"superseded": False, "retracted": False, "expression_of_concern": False, "corrected": False}
    reference = {"number": 1, "document_id": "pubmed:8", "title": "A paper", **cited}
    with closing(Store.open(Settings(home=tmp_path).database_url)) as store:
        with store.writing() as batch:
            for one in (OLD, NEW, PAPER):
                batch.put(one, split(one))
        store.save_answer("a", {"answer_id": "a", "question": "Does it work?", "references": [reference]})
    return tmp_path


def run(home: Path, *arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, arguments, env={"CITERX_HOME": str(home), "COLUMNS": "120"})
    assert result.exit_code == code, result.output
    return result


def test_versions_are_listed(home: Path) -> None:
    assert run(home, "versions", "s").stdout.splitlines() == [
        "version 1: in force from 2020-01-01 until 2021-01-01 · 2 sections · label:s:1",
        "version 2: in force from 2021-01-01 · 1 section · label:s:2",
    ]
    listed = json.loads(run(home, "versions", "s", "--json").stdout)
    assert [one["superseded_on"] for one in listed["versions"]] == ["2021-01-01", None]


def test_a_version_that_was_replaced_on_its_day_is_said_to_be(home: Path) -> None:
    again = replace(NEW, document_id="label:s:3", version="3", sha256="3")
    with closing(Store.open(Settings(home=home).database_url)) as store, store.writing() as batch:
        batch.put(again, split(again))
    assert "version 2: of 2021-01-01, replaced on the same day · 1 section" in run(home, "versions", "s").stdout


def test_what_changed_is_shown(home: Path) -> None:
    shown = run(home, "diff", "s").stdout
    assert "version 1 (2020-01-01) → 2 (2021-01-01): 1 unchanged, 1 changed, 1 removed, 0 added, 0 moved" in shown
    assert "numbers: 12 → 7" in shown
    assert "overdosage: went: 0 unchanged, 0 changed, 1 removed" in shown
    found = json.loads(
        run(home, "diff", "s", "--from", "2", "--to", "1", "--section", "boxed_warning", "--json").stdout
    )
    assert [edit["numbers_after"] for edit in found["sections"][0]["edits"]] == [["12"]]


def test_answers_are_recalled_once_something_became_of_a_source(home: Path) -> None:
    assert "No kept answer" in run(home, "recall").stdout
    with closing(Store.open(Settings(home=home).database_url)) as store, store.writing() as batch:
        batch.mark(Mark("pmid:8", "concern", date(2024, 1, 2), "pmid:9"))
    shown = run(home, "recall", code=1).stdout
    assert "answer a · Does it work?" in shown
    assert "[1] pubmed:8: expression of concern on 2024-01-02 (pmid:9): A paper" in shown
    (found,) = json.loads(run(home, "recall", "--json", code=1).stdout)
    assert [event["what"] for event in found["events"]] == ["expression_of_concern"]
    assert json.loads(run(home, "recall", "--since", "2999-01-01", "--json").stdout) == []


@pytest.mark.parametrize("since", ["yesterday", "2024-13-01"])
def test_a_day_that_is_none_is_wrong_usage(home: Path, since: str) -> None:
    assert "2015-01-31" in run(home, "recall", "--since", since, code=2).stderr
