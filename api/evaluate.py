"""The commands that measure quality: ``citerx eval ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.console import Json, question_sets, settings

evaluate = typer.Typer(help="Measure quality.", no_args_is_help=True)


@evaluate.callback()
def group() -> None:
    """Keeps ``retrieval`` a command of its own while it is the only one."""


@evaluate.command("retrieval")
def retrieval(  # noqa: PLR0917 (options)
    questions: Annotated[
        Path | None, typer.Option(help="Folder of question sets; by default those of CiteRx.", exists=True)
    ] = None,
    shared: Annotated[
        Path | None, typer.Option(help="Folder with train/ of the shared material; adds bioasq and medquad.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write [default: evals in CITERX_HOME].")] = None,
    sets: Annotated[str, typer.Option(help="Names of sets, with commas between; empty: all.")] = "",
    split: Annotated[
        Literal["measure", "tune", "all"],
        typer.Option(help="Drugs and topics kept for measuring, those to tune on, or all."),
    ] = "measure",
    systems: Annotated[str, typer.Option(help="Names of systems, with commas between; empty: the usual.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Questions of each collection, for a quick try.")] = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    json: Json = False,
) -> None:
    """Measure the service's retrieval beside baselines, on the same passages in the same run.

    Writes result.json, report.md, questions.jsonl, misses.jsonl and figures; prints result.json or the tables.
    """
    from rag.errors import UnknownNameError
    from rag.evals.command import Request, run

    configured = settings()
    with question_sets(questions) as folder:
        request = Request(
            questions=folder,
            shared=shared,
            out=out or configured.home / "evals",
            sets=_names(sets),
            split=split,
            systems=_names(systems),
            limit=limit,
            resamples=resamples,
            seed=seed,
        )
        try:
            written = run(request, configured, lambda line: typer.echo(line, err=True))
        except UnknownNameError as error:
            raise typer.BadParameter(str(error)) from error
    typer.echo((written.result if json else written.summary).rstrip("\n"))


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())
