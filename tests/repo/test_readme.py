"""What the README says is true: settings, commands, files it links to."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from api.cli import app
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_every_setting_has_its_row_with_its_default() -> None:
    rows = {
        name: (default, said)
        for name, default, said in re.findall(r"^\| `CITERX_(\w+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    }
    fields = Settings.model_fields
    assert rows == {
        name.upper(): (f"`{field.default}`" if str(field.default) else "", field.description)
        for name, field in fields.items()
    }


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    table = re.findall(r"^\| `(citerx [^`]*)`", README, re.MULTILINE)
    return [shlex.split(line) for line in (*lines, *table) if line.startswith("citerx ")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_exists_with_its_options(words: list[str]) -> None:
    command = get_command(app)
    rest = words[1:]
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) <= targets


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists() or target.startswith("http"), target
