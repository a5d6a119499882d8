"""What the commands share: settings, store, starter corpus, and how they write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ingest.store import Store
    from rag.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def settings() -> Settings:
    """The settings of the environment."""
    from rag.settings import Settings

    return Settings()


@contextmanager
def store(settings: Settings) -> Iterator[Store]:
    """The store, closed afterwards."""
    from ingest.store import Store

    store = Store.open(settings.database_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def starter_corpus() -> Iterator[str]:
    """The folder of the starter corpus."""
    with as_file(files("corpora") / "starter") as folder:
        yield str(folder)


def show(renderable: RenderableType, to: Console | None = None) -> None:
    """Prints to standard output; what is longer than a line is not cut."""
    from rich.console import Console

    (to or Console(highlight=False)).print(renderable, crop=False)


def write_json(value: object) -> None:
    """Writes JSON to standard output."""
    from pydantic_core import to_json

    typer.echo(to_json(value, indent=2).decode())


def read(name: str) -> bytes:
    """A file that the caller names, or standard input for "-"; a wrong name is wrong usage."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{name}: {error.strerror}") from error


@contextmanager
def question_sets(given: Path | None) -> Iterator[Path]:
    """The folder given, else that of the question sets that ship with CiteRx."""
    if given:
        yield given
        return
    with as_file(files("corpora") / "questions") as folder:
        yield folder
