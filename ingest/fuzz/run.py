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
from ingest.fuzz.same import untouched
from ingest.fuzz.seeds import CYCLE, FORMS, Material, material, mutant

PATIENCE = 6
"""How many times longer by the clock a mutant may take than in processor time: others may use the machine."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How many processes ingest, the processor seconds beyond which a mutant hangs, and the MiB of a process.

    ``on_step`` is told of each format that is done.
    """

    processes: int = 2
    seconds: float = 10
    memory_mib: int = 1024
    on_step: Callable[[str], None] = lambda _: None


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

    def add(self, made: Attempt | Lost, seed: int, watch: Watch) -> None:
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
        if made.milliseconds > watch.seconds * 1000:
            what = what or f"hang: {made.milliseconds / 1000:.1f} s of processor time"
        if made.peak_mib > watch.memory_mib:
            what = what or f"memory: {made.peak_mib:.0f} MiB"
        if what:
            self.findings.append(Finding(seed, made.number, self.format, made.steps, what, made.detail))


def fuzz(starter: Path, shared: Path | None, numbers: Iterable[int], seed: int, watch: Watch = Watch()) -> list[Tally]:
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
        serving = partial(serve, {form.material: files[form.material]}, seed, watch.memory_mib)
        for made in work(own, serving, watch.processes, PATIENCE * watch.seconds):
            if isinstance(made, Attempt | Lost):
                tally.add(made, seed, watch)
        tallies.append(tally)
        # Each is told at once: a run that is cut off later has not found them in vain.
        told = [f"  --seed {one.seed} --only {one.number}: {one.what}" for one in tally.findings]
        watch.on_step("\n".join([f"{form.name}: {tally.mutants} mutants, {len(told)} findings", *told]))
    return tallies


def save_mutants(folder: Path, starter: Path, shared: Path | None, numbers: Iterable[int], seed: int) -> None:
    """Writes mutants to files of a folder, called by their numbers."""
    files = material(starter, shared)
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{seed}-{number}").write_bytes(mutant(files, seed, number)[1].data)


def serve(files: Material, seed: int, memory_mib: int, connection: Connection) -> None:
    """Makes and ingests the mutants whose numbers it is sent, in a process of its own with bounded memory."""
    logging.disable()  # readers of damaged files complain to their logs
    _bound(memory_mib)
    with tempfile.TemporaryDirectory(prefix="citerx-fuzz-") as folder:
        attempt(-1, b"warm up", (), Path(folder))
        connection.send(None)
        while True:
            try:
                number = connection.recv()
            except EOFError:
                return
            _, made = mutant(files, seed, number)
            same = untouched(made.before, made.after)
            connection.send(attempt(number, made.data, made.steps, Path(folder), same))


def _bound(mib: int) -> None:
    """Bounds what this process may ask for beyond what it has, as far as the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return  # the resident memory is looked at after each mutant
    most = pages * os.sysconf("SC_PAGE_SIZE") + (mib << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
