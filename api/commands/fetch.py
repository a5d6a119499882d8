"""The command ``citerx fetch``: public sources into a folder that ``citerx ingest`` reads."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import console
from api.commands.progress import progress, resumable

if TYPE_CHECKING:
    from ingest.fetch.plan import Service, Wanted
    from ingest.fetch.run import Report


def fetch(  # noqa: PLR0917 (options)
    source: Annotated[str, typer.Argument(help="openfda, dailymed, pubmed, pmc or trials.")],
    drugs: Annotated[
        str | None, typer.Option(help="Only what is about these drugs: names with commas between.")
    ] = None,
    query: Annotated[str | None, typer.Option(help="Only what this query finds, in the service's own words.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what changed on or after this day.")
    ] = None,
    to: Annotated[Path, typer.Option(help="Where to write; each service has its folder there.")] = Path("downloads"),
    base: Annotated[str, typer.Option(help="A mirror that stands for scheme and host of every URL.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be fetched.")] = False,
    json: console.Json = False,
) -> None:
    """Fetch labels, literature or trials from the services that publish them.

    What is there and whole is not fetched again; an interrupted run goes on where it was. Exits with 1 where a file
    could not be had.
    """
    from corpora import sources
    from ingest.fetch.plan import Wanted, services
    from ingest.fetch.run import InterruptedFetchError

    known = services(sources())
    if source not in known:
        raise typer.BadParameter(f"one of {', '.join(sorted(known))}", param_hint="SOURCE")
    if base and not base.startswith(("http://", "https://")):
        raise typer.BadParameter("begins with https:// or http://", param_hint="--base")
    names = tuple(name.strip() for name in drugs.split(",")) if drugs is not None else ()
    wanted = Wanted(names, query or "", since.date() if since else None)
    try:
        report = _fetch(known[source], wanted, to, base, dry_run)
    except InterruptedFetchError as error:
        _show(error.report, json=json)
        raise
    _show(report, json=json)
    if report.failed:
        raise typer.Exit(1)


def _fetch(service: Service, wanted: Wanted, to: Path, base: str, dry_run: bool) -> Report:
    from ingest.fetch import run

    with resumable(), progress() as tell:

        def on_progress(now: run.Progress) -> None:
            files = f"file {now.done + 1} of {now.files}" if now.files else f"file {now.done + 1}"
            tell(f"bytes of {now.name[-50:]}", now.position, now.size, files)

        return run.fetch(service, wanted, to, on_progress, base=base, dry_run=dry_run)


def _show(report: Report, *, json: bool) -> None:
    if json:
        console.write_json(report.to_json())
        return
    for name, url in report.listed.items():
        typer.echo(f"{name}  {url}")
    for name, reason in report.failed.items():
        typer.echo(f"{name}: {reason}", err=True)
    for note in report.notes:
        typer.echo(f"note: {note}")
    if report.listed:
        typer.echo(f"{len(report.listed)} to fetch; those that are there already would be passed over")
        return
    counts = f"{len(report.fetched)} fetched, {len(report.kept)} there already, {len(report.failed)} failed"
    typer.echo(f"{counts}; {report.bytes} bytes")
    if report.fetched or report.kept:
        typer.echo(f"now run: citerx ingest {shlex.quote(report.folder)}")
