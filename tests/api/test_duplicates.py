"""`citerx corpora duplicates` over files and over the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app

TEXT = (
    "The half-life of {drug} after an oral dose in adults is {hours} hours in most of the patients. "
    + "It varies. " * 30
)


def lines(*labels: tuple[str, int]) -> str:
    return "".join(
        json.dumps(
            {
                "set_id": name,
                "drug_guess": "xanol",
                "confidence": 0.9,
                "clinical_pharmacology": TEXT.format(drug="xanol", hours=hours),
                "drug_interactions": "",
            }
        )
        + "\n"
        for name, hours in labels
    )


@pytest.mark.parametrize("of_store", [False, True])
def test_duplicates_are_counted(tmp_path: Path, of_store: bool) -> None:
    runner = CliRunner(env={"CITERX_HOME": str(tmp_path), "COLUMNS": "200"})
    path = tmp_path / "labels.jsonl"
    path.write_text(lines(("a", 4), ("b", 4), ("c", 6)) + '{"set_id": "d", "drug_guess": 1, "confidence": 2}\n')
    if of_store:
        runner.invoke(app, ["ingest", str(path)])
    command = ["corpora", "duplicates", *([] if of_store else [str(path)])]
    result = runner.invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["labels"], found["differing"]) == (3, {"figure": 1})
    assert [group["labels"] for group in found["largest"]] == [2]
    assert ("not read: line 4" in result.stderr) is not of_store
    shown = runner.invoke(app, command).stdout
    assert "2 labels agree: clinical_pharmacology of xanol" in shown
    assert "1 differ (figure 1)" in shown
