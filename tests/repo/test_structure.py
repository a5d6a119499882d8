"""House rules that a machine can hold (docs/design.md, sections 1 and 6)."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("corpora", "ingest", "rag", "api")
SOURCES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    above = LAYERS[LAYERS.index(layer) + 1 :]
    wrong = [name for name in imported(ast.parse(path.read_text())) if name.split(".")[0] in above]
    assert not wrong, f"{layer} imports {wrong}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documentation = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno - documentation.count("\n")
            assert length <= 60, f"{node.name}: {length} lines"


def test_files_of_tests_stay_small() -> None:
    sizes = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in (ROOT / "tests").rglob("*.py")}
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}


def test_every_dependency_is_pinned_and_explained() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0].lower())
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    optional = project["optional-dependencies"]
    extras = [name for extra, names in optional.items() if extra not in {"gpu", "scale"} for name in names]
    tested = project["dependencies"] + extras
    names = {re.split(r"[\[<>=~! ]", name)[0].lower() for name in tested}
    assert names <= pinned, f"not in constraints.txt: {sorted(names - pinned)}"
    for name in project["dependencies"]:
        assert re.search(rf'"{re.escape(name)}",\s+# \w', text), f"{name} has no one-line reason"


def test_the_project_speaks_of_no_machine() -> None:
    for path in ROOT.rglob("*"):
        if path.suffix in {".py", ".md", ".toml", ".txt"} and ".venv" not in path.parts:
            assert not re.search(r"[\"'` (](/work|/root|/home)/\w", path.read_text()), f"{path}: a path of one machine"


def test_weights_ship_with_the_code() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    weights = [path.relative_to(ROOT) for path in (ROOT / "rag" / "models").rglob("*.safetensors")]
    assert weights
    assert all(path.parts[0] in wheel["packages"] for path in weights)
    ignored = (ROOT / ".gitignore").read_text().split()  # what git ignores is left out of the wheel
    assert not [path for path in weights for rule in [*wheel.get("exclude", []), *ignored] if path.match(rule)]
