"""Damages real files many times over, has each mutant ingested by a watched process, and counts what became of them."""

from __future__ import annotations

import logging
import os
import resource
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.fuzz.attempt import Attempt, attempt
from ingest.fuzz.pool import Lost, work
from ingest.fuzz.seeds import CYCLE, FORMS, Material, material, mutant


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a mutant may take: seconds until it counts as a hang, and memory of its process in MiB."""

    seconds: float = 10
    memory_mib: int = 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """What must not be. The mutant is made again from seed and number: ``citerx bench fuzz --seed S --only N``."""

    seed: int
    number: int
    format: str
    steps: tuple[str, ...]
    what: str
    detail: str = ""


@dataclass(slots=True)
class Tally:
    """What became of the mutants of one format; ``said``: reasons for what was not read, and how often."""

    format: str
    mutants: int = 0
    records: int = 0
    faults: int = 0
    skipped: int = 0
    slowest_ms: float = 0
    slowest: int = 0
    peak_mib: float = 0
    said: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, made: Attempt | Lost, seed: int, bounds: Bounds) -> None:
        """Enters one mutant."""
        self.mutants += 1
        took = made.seconds * 1000 if isinstance(made, Lost) else made.milliseconds
        if took > self.slowest_ms:
            self.slowest_ms, self.slowest = took, made.number
        if isinstance(made, Lost):
            self.findings.append(Finding(seed, made.number, self.format, (), made.reason))
            return
        self.records += made.records
        self.faults += made.faults
        self.skipped += made.skipped
        self.peak_mib = max(self.peak_mib, made.peak_mib)
        self.said.update(made.said)
        what = made.finding
        if made.peak_mib > bounds.memory_mib:
            what = what or f"memory: {made.peak_mib:.0f} MiB"
        if what:
            self.findings.append(Finding(seed, made.number, self.format, made.steps, what, made.detail))


def fuzz(
    starter: Path,
    shared: Path | None,
    numbers: Iterable[int],
    seed: int,
    *,
    processes: int = 2,
    bounds: Bounds = Bounds(),
    on_step: Callable[[str], None] = lambda _: None,
) -> list[Tally]:
    """A tally for each format that has mutants among ``numbers``. Each format has processes of its own.

    Raises SourceError where ``shared`` is no folder of real files.
    """
    files = material(starter, shared)
    chosen = list(numbers)
    tallies = []
    for form in FORMS:
        own = [number for number in chosen if CYCLE[number % len(CYCLE)] is form]
        if not own:
            continue
        tally = Tally(form.name)
        serving = partial(serve, {form.material: files[form.material]}, seed, bounds)
        for made in work(own, serving, processes, bounds.seconds):
            if isinstance(made, Attempt | Lost):
                tally.add(made, seed, bounds)
        tallies.append(tally)
        on_step(f"{form.name}: {tally.mutants} mutants, {len(tally.findings)} findings")
    return tallies


def serve(files: Material, seed: int, bounds: Bounds, connection: Connection) -> None:
    """Makes and ingests the mutants whose numbers it is sent, in a process of its own with bounded memory."""
    logging.disable()  # readers of damaged files complain to their logs
    _bound(bounds.memory_mib)
    with tempfile.TemporaryDirectory(prefix="citerx-fuzz-") as folder:
        attempt(-1, b"warm up", (), Path(folder))
        connection.send(None)
        while True:
            try:
                number = connection.recv()
            except EOFError:
                return
            _, made = mutant(files, seed, number)
            connection.send(attempt(number, made.data, made.steps, Path(folder)))


def _bound(mib: int) -> None:
    """Bounds what this process may ask for beyond what it has, as far as the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return  # the resident memory is looked at after each mutant
    most = pages * os.sysconf("SC_PAGE_SIZE") + (mib << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
