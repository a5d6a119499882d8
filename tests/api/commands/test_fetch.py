"""`citerx fetch` on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.ingest.fetch.fetching import partitions, serve_openfda
from tests.ingest.fetch.mirror import Mirror, serving


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        yield mirror


def command(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["fetch", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_command_says_what_to_run_next(mirror: Mirror, tmp_path: Path) -> None:
    serve_openfda(mirror, partitions())
    code, told, _ = command("openfda", "--to", str(tmp_path), "--base", mirror.base)
    assert code == 0
    assert told.splitlines()[-1] == f"now run: citerx ingest {tmp_path / 'openfda'}"
    code, told, _ = command("openfda", "--to", str(tmp_path), "--base", mirror.base, "--json")
    assert json.loads(told)["kept"] == sorted(partitions())
    code, told, _ = command("openfda", "--to", str(tmp_path / "other"), "--base", mirror.base, "--dry-run")
    assert "2 to fetch" in told
    assert f"{mirror.base}/drug/label/drug-label-0001-of-0002.json.zip" in told
    del mirror.files["/drug/label/drug-label-0001-of-0002.json.zip"]
    code, told, wrong = command("openfda", "--to", str(tmp_path / "third"), "--base", mirror.base)
    assert code == 1
    assert "HTTP status 404" in wrong
    assert "1 fetched, 0 there already, 1 failed" in told


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("medline",), "dailymed, openfda, pmc, pubmed, trials"),
        (("pubmed", "--since", "yesterday"), "--since"),
        (("pubmed", "--base", "ftp://x"), "--base"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], reason: str) -> None:
    code, _, told = command(*arguments)
    assert code == 2
    assert reason in " ".join(told.split())


def test_what_cannot_be_selected_ends_with_1_and_one_line(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "api.cli", "fetch", "dailymed", "--query", "x", "--to", str(tmp_path)]
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 1
    assert "openfda takes a --query on the same labels" in result.stderr
    assert "Traceback" not in result.stderr
