"""``citerx bench fuzz``: damaged files through the real ingest, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Column, Table

from api.commands.console import Json, show, starter_corpus, write_json

if TYPE_CHECKING:
    from ingest.fuzz.run import Finding, Tally

REASONS = 6  # of each format that are shown; --json has all


def bench_fuzz(
    shared: Annotated[Path | None, typer.Option(help="Folder of real files; without it the starter corpus.")] = None,
    *,
    mutants: Annotated[int, typer.Option(min=1, help="How many in all.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Makes the mutants the same again.")] = 0,
    only: Annotated[int | None, typer.Option(min=0, help="The mutant with this number alone.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that ingest.")] = 2,
    seconds: Annotated[float, typer.Option(min=0.1, help="Processor time after which it counts as a hang.")] = 10,
    memory_mib: Annotated[int, typer.Option(min=64, help="Memory that a process may take.")] = 1024,
    save: Annotated[Path | None, typer.Option(help="Folder to write the mutants of findings (and --only) to.")] = None,
    json: Json = False,
) -> None:
    """Damage real files of every format and ingest them, each in a watched process.

    A crash, a hang, too much memory, an error that no report explains, text that may not be stored, or a record that
    was not damaged and reads otherwise is a finding.
    Exits with 1 where there are any.
    """
    from ingest.errors import SourceError
    from ingest.fuzz.run import Watch, fuzz, save_mutants

    numbers = range(mutants) if only is None else [only]
    with starter_corpus() as folder:
        try:
            watch = Watch(processes, seconds, memory_mib, lambda line: typer.echo(line, err=True))
            tallies = fuzz(Path(folder), shared, numbers, seed, watch)
        except SourceError as error:
            raise typer.BadParameter(str(error), param_hint="--shared") from error
        findings = [finding for tally in tallies for finding in tally.findings]
        if save:
            save_mutants(save, Path(folder), shared, [only] if only is not None else [f.number for f in findings], seed)
    write_json([asdict(tally) for tally in tallies]) if json else show(tallied(tallies, findings))
    if findings:
        raise typer.Exit(1)


def tallied(tallies: Sequence[Tally], findings: Sequence[Finding]) -> RenderableType:
    """A row per format, the reasons for what was not read, and the findings with how to see each again."""
    counted = ("mutants", "records", "faults", "skipped", "slowest ms", "of", "peak MiB", "findings")
    table = Table(Column("format", no_wrap=True), *counted, box=SIMPLE)
    for tally in tallies:
        counts = (tally.mutants, tally.records, tally.faults, tally.skipped, round(tally.slowest_ms), tally.slowest)
        table.add_row(tally.format, *map(str, counts), f"{tally.peak_mib:.0f}", str(len(tally.findings)))
    total = (
        sum(values) for values in zip(*((t.mutants, t.records, t.faults, t.skipped) for t in tallies), strict=True)
    )
    table.add_section()
    slowest, peak = max(tally.slowest_ms for tally in tallies), max(tally.peak_mib for tally in tallies)
    table.add_row("total", *map(str, total), f"{slowest:.0f}", "", f"{peak:.0f}", str(len(findings)), style="bold")
    return Group(table, *map(_reasons, tallies), *map(_finding, findings))


def _reasons(tally: Tally) -> RenderableType:
    from api.commands.render import text

    shown = "; ".join(f"{number} {reason}" for reason, number in tally.said.most_common(REASONS))
    more = len(tally.said) - REASONS
    return text(f"{tally.format}: {shown or 'everything was read'}{f'; {more} more kinds' if more > 0 else ''}")


def _finding(finding: Finding) -> RenderableType:
    from api.commands.render import text

    steps = ", ".join(finding.steps)
    again = f"citerx bench fuzz --seed {finding.seed} --only {finding.number}"
    return text(f"{finding.format}: {finding.what} ({steps}); again: {again}\n{finding.detail}", "red")
