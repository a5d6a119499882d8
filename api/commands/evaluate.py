"""The commands that measure quality: ``citerx eval ...``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands import prepare
from api.commands.console import Json, question_sets, settings, starter_corpus, store, write_json

if TYPE_CHECKING:
    from rag.evals.command import Written
    from rag.evals.starter import Outcome
    from rag.settings import Settings

evaluate = typer.Typer(help="Measure quality.", no_args_is_help=True)


Questions = Annotated[
    Path | None, typer.Option("--questions", help="Folder of question sets; by default those of CiteRx.", exists=True)
]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write [default: evals in CITERX_HOME].")]
Sets = Annotated[str, typer.Option("--sets", help="Names of sets, with commas between; empty: all.")]
Split = Annotated[
    Literal["measure", "tune", "all"],
    typer.Option("--split", help="Drugs and topics kept for measuring, those to tune on, or all."),
]
Systems = Annotated[str, typer.Option("--systems", help="Names of systems, with commas between; empty: the usual.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Questions of each collection, for a quick try.")]
Resamples = Annotated[int, typer.Option("--resamples", min=1, help="Bootstrap resamples.")]


@evaluate.command("retrieval")
def retrieval(  # noqa: PLR0917 (options)
    questions: Questions = None,
    shared: Annotated[
        Path | None, typer.Option(help="Folder with train/ of the shared material; adds bioasq and medquad.")
    ] = None,
    out: Out = None,
    sets: Sets = "",
    split: Split = "measure",
    systems: Systems = "",
    limit: Limit = None,
    resamples: Resamples = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    json: Json = False,
) -> None:
    """Measure the service's retrieval beside baselines, on the same passages in the same run.

    Writes result.json, report.md, questions.jsonl, misses.jsonl and figures; prints result.json or the tables.
    """
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
        _show(lambda: run(request, configured, _say), json)


@evaluate.command("answers")
def answers(  # noqa: PLR0917 (options)
    questions: Questions = None,
    shared: Annotated[
        Path | None, typer.Option(help="Folder with train/ of the shared material; adds bioasq's ideal answers.")
    ] = None,
    out: Out = None,
    sets: Sets = "",
    split: Split = "measure",
    systems: Systems = "",
    limit: Limit = None,
    audit: Annotated[
        int, typer.Option(min=0, help="Statements with their surroundings for a human, into audit.jsonl.")
    ] = 0,
    audited: Annotated[
        Path | None, typer.Option(help='An audit.jsonl with verdicts in "human"; their share stands in the report.')
    ] = None,
    resamples: Resamples = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap and of the statements drawn.")] = 0,
    json: Json = False,
) -> None:
    """Measure the service's answers beside baselines: citations, relevance, abstention, fairness, latency.

    Writes result.json, report.md, questions.jsonl, misses.jsonl and figures; prints result.json or the tables. Keeps no
    answer in the store.
    """
    from rag.evals.answers.command import Request, run

    configured = settings()
    with question_sets(questions) as folder:
        request = Request(
            questions=folder,
            shared=shared,
            out=out or configured.home / "evals" / "answers",
            sets=_names(sets),
            split=split,
            systems=_names(systems),
            limit=limit,
            resamples=resamples,
            seed=seed,
            audit=audit,
            audited=audited,
        )
        _show(lambda: run(request, configured, _say), json)


@evaluate.command("starter")
def starter(
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Folder for store and index of the starter corpus [default: for once]."),
    ] = None,
    questions: Questions = None,
    json: Json = False,
) -> None:
    """Ask the questions on the starter corpus: right drug and section first, key facts, abstention.

    Ingests and indexes the starter corpus first. Exits with 1 where a goal is not reached.
    """
    from rag.evals.starter import report, summary

    with TemporaryDirectory() as temporary, question_sets(questions) as folder:
        outcomes = _asked(settings().model_copy(update={"home": home or Path(temporary), "store_url": ""}), folder)
    found = report(outcomes)
    write_json(found) if json else typer.echo(summary(found))
    if not found["reached"]:
        raise typer.Exit(1)


def _asked(configured: Settings, questions: Path) -> list[Outcome]:
    from rag.engine import Engine
    from rag.evals.starter import ask, load

    prepare.starter(configured)
    with store(configured) as opened:
        if not opened.demonstration():
            raise typer.BadParameter("holds other sources than the starter corpus", param_hint="--home")
    with closing(Engine.open(configured, threads=1)) as engine, starter_corpus() as corpus:
        return ask(engine, load(questions / "starter.toml"), Path(corpus))


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _show(measure: Callable[[], Written], json: bool) -> None:
    from rag.errors import UnknownNameError

    try:
        written = measure()
    except UnknownNameError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo((written.result if json else written.summary).rstrip("\n"))


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())
