"""The commands that tune models: ``citerx train ...``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import Json, question_sets, settings, write_json

train = typer.Typer(help="Tune the models that come with CiteRx.", no_args_is_help=True)


@train.command("retriever")
def retriever(  # noqa: PLR0917 (options)
    shared: Annotated[
        Path, typer.Option(help="Folder with train/ of the shared material.", exists=True, file_okay=False)
    ],
    questions: Annotated[
        Path | None,
        typer.Option(help="Folder of question sets and phrasings; by default those of CiteRx.", exists=True),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the models [default: models/retriever in CITERX_HOME].")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where finished stages are kept [default: train in CITERX_HOME].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is left to chance.")] = 0,
    steps: Annotated[int, typer.Option(min=1, help="Steps of the question tower.")] = 600,
    fold_steps: Annotated[int, typer.Option(min=1, help="Steps of the two towers that teach the rankers.")] = 350,
    json: Json = False,
) -> None:
    """Tune question tower and rankers on the labels of your own index and on the shared literature sets.

    Runs on one processor thread. Interrupted, it goes on where it was when it is started again with the same options.
    """
    from rag.train.command import Request, run

    configured = settings()
    with question_sets(questions) as folder:
        request = Request(
            shared=shared,
            questions=folder,
            out=out or configured.home / "models" / "retriever",
            work=work or configured.home / "train",
            seed=seed,
            steps=steps,
            fold_steps=fold_steps,
        )
        told = run(request, configured, lambda line: typer.echo(line, err=True))
    if json:
        write_json(told)
    else:
        typer.echo(f"models in {request.out}")


@train.command("reader")
def reader(  # noqa: PLR0917 (options)
    shared: Annotated[
        Path,
        typer.Option(help="Folder with train/ and literature/ of the shared material.", exists=True, file_okay=False),
    ],
    questions: Annotated[
        Path | None,
        typer.Option(
            help="Folder of question sets, judged sentences and claims; by default those of CiteRx.", exists=True
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the model [default: models/reader in CITERX_HOME].")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Where finished stages are kept [default: train in CITERX_HOME].")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is left to chance.")] = 0,
    steps: Annotated[tuple[int, int], typer.Option(help="Steps of the first and of the second stage.")] = (2000, 1500),
    json: Json = False,
) -> None:
    """Tune the reader of sentences and claims on your own index, the judged sentences and the shared literature sets.

    Interrupted, it goes on where it was when it is started again with the same options.
    """
    from rag.train.reader import Request, run

    configured = settings()
    with question_sets(questions) as folder:
        home = configured.home
        request = Request(shared, folder, out or home / "models" / "reader", work or home / "train", seed, steps)
        told = run(request, configured, lambda line: typer.echo(line, err=True))
    if json:
        write_json(told)
    else:
        typer.echo(f"model in {request.out}")


@train.command("coverage")
def coverage(
    questions: Annotated[
        Path | None,
        typer.Option(help="Folder of question sets and judged sentences; by default those of CiteRx.", exists=True),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where to write coverage.json [default: models/reader in CITERX_HOME].")
    ] = None,
    json: Json = False,
) -> None:
    """Fit what tells whether the sentences found answer a question at all, with the reader and your own index."""
    from rag.train.covering import Request, run

    configured = settings()
    with question_sets(questions) as folder:
        request = Request(folder, out or configured.home / "models" / "reader")
        told = run(request, configured, lambda line: typer.echo(line, err=True))
    if json:
        write_json(told)
    else:
        typer.echo(f"coverage.json in {request.out}")
