"""How far a long command is: a bar on a terminal; elsewhere, as in a log, a plain line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import typer

EVERY = 30.0
"""Seconds between two lines."""


class Tell(Protocol):
    """Takes how far the work is."""

    def __call__(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """What is being done, how much of it, of how much (None: nobody knows), and what else there is to say."""


@contextmanager
def progress() -> Iterator[Tell]:
    """Tells on standard error how far the work is; leaves no bar behind."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(lambda line: typer.echo(line, err=True))
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int | None, note: str = "") -> None:
            bar.update(task, description=_named(what, note), completed=done, total=total)

        yield tell


@contextmanager
def resumable() -> Iterator[None]:
    """Says of an interrupt that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("citerx: interrupted; run it again to go on", err=True)
        raise


@dataclass
class Lines:
    """Writes a line at most every ``EVERY`` seconds: what, how much of how much, how fast since the last line, how
    long it takes at that rate. Nothing where all is done sooner."""

    write: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    _what: str = field(default="", init=False)
    _written: float = field(init=False)
    _heard: float = field(init=False)
    _since: tuple[float, int] = field(init=False)

    def __post_init__(self) -> None:
        self._written = self._heard = self.clock()
        self._since = self._heard, 0

    def __call__(self, what: str, done: int, total: int | None, note: str = "") -> None:
        """As `Tell` says."""
        if what != self._what:  # it began when the last was heard of
            self._what, self._since = what, (self._heard, 0)
        self._heard = now = self.clock()
        if now - self._written >= EVERY:
            self.write(f"{_named(what, note)}: {_far(done, total, done - self._since[1], now - self._since[0])}")
            self._written, self._since = now, (now, done)


def _named(what: str, note: str) -> str:
    return f"{note} · {what}" if note else what


def _far(done: int, total: int | None, more: int, seconds: float) -> str:
    """ "1,024 of 57,464, 21 a second, about 45 min left"."""
    whole = total if total is not None and total >= done else None  # of a gzip the packed size is less
    rate = more / seconds if seconds > 0 else 0.0
    parts = [f"{done:,}" + (f" of {whole:,}" if whole is not None else ""), f"{rate:,.{int(rate < 10)}f} a second"]
    if whole is not None and rate > 0:
        parts.append(f"about {_duration((whole - done) / rate)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"
