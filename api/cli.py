"""The command line.

Exit codes: 0 done; 1 ingest: more faults than `CITERX_ERROR_THRESHOLD` allows or nothing could be ingested, other
commands: failed, replay: the answer differs or cannot be made again, recall: there are such answers; 2 wrong usage or
settings; 3 no index, or the store, index or a model cannot be used; 130 interrupted.
Machine output and answers go to standard output, progress and errors to standard error. torch, FAISS and the rest are
imported by the commands that need them, so that `citerx --help` is quick.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, closing
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import console, history, prepare
from api.commands.evaluate import evaluate
from api.commands.fetch import fetch
from api.commands.measure import bench, corpora
from api.commands.train import train

if TYPE_CHECKING:
    from api.deps import Engine as Served
    from ingest.pipeline import Report
    from rag.engine import Engine
    from rag.settings import Settings

app = typer.Typer(
    help="Clinical answers in which every statement carries a citation that can be checked. Settings: CITERX_*.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(bench, name="bench")
app.add_typer(corpora, name="corpora")
app.add_typer(evaluate, name="eval")
app.add_typer(train, name="train")
app.command("fetch")(fetch)

app.command()(history.versions)
app.command()(history.diff)
app.command()(history.recall)

HELD = ("generation", "embedder", "passages", "documents", "revision", "indexed_at", "newest_source", "demonstration")
Starter = Annotated[
    bool, typer.Option("--starter", help="First ingest and index the starter corpus where the store has nothing else.")
]
Question = Annotated[str, typer.Argument(help="A clinical question in plain words.")]
Drugs = Annotated[list[str] | None, typer.Option("--drug", help="Only sources on this drug; may be repeated.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Only what was in force on this date, like 2015-01-31.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="label, article, guideline or trial; may be repeated.")]


@app.command()
def ingest(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, folders, archives or globs.")] = None,
    starter: Annotated[bool, typer.Option("--starter", help="The starter corpus that comes with CiteRx.")] = False,
    json: console.Json = False,
) -> None:
    """Bring labels, literature, guidelines, trials and lists of withdrawals into the store (formats: README).

    Exits with 1 when more records were faulty than CITERX_ERROR_THRESHOLD allows, or nothing could be ingested.
    """
    if not paths and not starter:
        raise typer.BadParameter("name files or folders to ingest, or --starter", param_hint="PATHS")
    from ingest.pipeline import InterruptedIngestError

    settings = console.settings()
    with console.store(settings) as store, ExitStack() as stack:
        names = [*(paths or []), *([stack.enter_context(console.starter_corpus())] if starter else [])]
        try:
            result = prepare.ingested(store, names, settings)
        except InterruptedIngestError as error:
            _show_report(error.report, json=json)
            raise
    _show_report(result, json=json)
    done = sum(number for outcome, number in result.totals.items() if outcome not in {"skipped", "faults"})
    if done == 0 or result.failed_share > settings.error_threshold:
        reason = "nothing could be ingested" if done == 0 else f"{result.failed_share:.0%} of the records are faulty"
        _complain(f"{reason}: see the report")
        raise typer.Exit(1)


@app.command()
def index(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it anew even where it is up to date.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Then drop vectors of texts that are no longer there.")
    ] = False,
    json: console.Json = False,
) -> None:
    """Bring the index up to date with the store. A running service takes it up by itself."""
    settings = console.settings()
    with console.store(settings) as store:
        manifest = prepare.indexed(store, settings, rebuild=rebuild)
        if prune:
            from rag.indexes.build import prune as prune_vectors

            typer.echo(f"{prune_vectors(store)} vectors dropped", err=True)
    if json:
        console.write_json(manifest)
    else:
        typer.echo(f"index {manifest.generation}: {manifest.passages} passages of {manifest.documents} documents")


@app.command()
def ask(
    question: Question,
    drug: Drugs = None,
    kind: Kinds = None,
    references: Annotated[int | None, typer.Option(help="At most this many references, 1 to 20.")] = None,
    as_of: AsOf = None,
    starter: Starter = False,
    json: console.Json = False,
) -> None:
    """Answer a question with citations. An abstention is an answer: exit code 0."""
    from api.commands import render
    from api.schemas import AskRequest

    settings = console.settings()
    filters = {"drugs": drug or (), "kinds": kind or ()}
    asked = {"question": question, "filters": filters, "max_references": references, "as_of": as_of}
    request = AskRequest.model_validate(asked)
    if starter:
        prepare.starter(settings)
    with closing(_engine(settings)) as engine:
        answer = engine.ask(
            request.question,
            filters=request.restriction(),
            as_of=request.as_of,
            max_references=request.max_references,
        )
    console.write_json(answer) if json else console.show(render.answer(answer))


@app.command()
def replay(
    answer_id: Annotated[str, typer.Argument(help="The id that an answer carries.")], json: console.Json = False
) -> None:
    """Make a kept answer again and say what changed since it was given; the new one is not kept.

    Exits with 0 where it is the same byte for byte, with 1 where it differs or cannot be made again.
    """
    from api.commands import render

    with closing(_engine(console.settings())) as engine:
        result = engine.replay(answer_id)
    console.write_json(result) if json else console.show(render.replayed(result))
    if not result.same:
        raise typer.Exit(1)


@app.command()
def verify(
    what: Annotated[
        str, typer.Argument(help="An answer's id, or a JSON file as POST /verify takes it; -: from stdin.")
    ],
    json: console.Json = False,
) -> None:
    """Check a kept answer, or any text with citations, against the sources as they are now.

    Exits with 0 where all of it is supported and every quotation stands, else with 1.
    """
    from api.commands import render
    from api.schemas import VerifyRequest

    is_file = what == "-" or what.endswith(".json")
    request = VerifyRequest.model_validate_json(console.read(what)) if is_file else VerifyRequest(answer_id=what)
    with closing(_engine(console.settings())) as engine:
        result = engine.verify(request.claimed())
    console.write_json(result) if json else console.show(render.verified(result))
    if result.status != "supported":
        raise typer.Exit(1)


@app.command()
def search(
    question: Question,
    k: Annotated[int, typer.Option("-k", help="How many passages, 1 to 100.")] = 5,
    drug: Drugs = None,
    kind: Kinds = None,
    as_of: AsOf = None,
    retracted: Annotated[
        bool, typer.Option("--include-retracted", help="Also show retracted papers, as such.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each passage stands where it does.")] = False,
    json: console.Json = False,
) -> None:
    """Show the passages that an answer would be made from."""
    from api.commands import render
    from api.schemas import ExplainedResponse, SearchRequest, SearchResponse

    filters = {"drugs": drug or (), "kinds": kind or (), "include_retracted": retracted}
    request = SearchRequest.model_validate({"question": question, "k": k, "filters": filters, "as_of": as_of})
    with closing(_engine(console.settings())) as engine:
        query, hits, timings = engine.search(request.question, request.k, request.restriction(), request.as_of)
    if json:
        console.write_json((ExplainedResponse if explain else SearchResponse).of(query, hits, timings))
    else:
        console.show(render.explained(query, hits) if explain else render.found(query, hits))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: CITERX_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [default: CITERX_PORT].")] = None,
    starter: Starter = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log warnings only.")] = False,
) -> None:
    """Serve the HTTP API and the start page until interrupted."""
    import uvicorn

    from api.app import create_app

    settings = console.settings()
    if starter:
        prepare.starter(settings)
    address, number = host or settings.host, port if port is not None else settings.port
    shown = f"[{address}]" if ":" in address else address
    place = f"http://{shown}:{number}"
    typer.echo(f"CiteRx: loading its models; once it says ready, open {place}/ (API: {place}/docs). Ctrl+C ends it.")
    uvicorn.run(
        create_app(settings, partial(_opened, settings)),
        host=address,
        port=number,
        log_level="warning" if quiet else "info",
    )


@app.command()
def status(json: console.Json = False) -> None:
    """What the store holds, what the index holds, and whether the index is behind the store."""
    settings = console.settings()
    with console.store(settings) as store:
        counts, revision = asdict(store.counts()), store.revision()
        facts = {"store": store.place, **counts, "newest_source": store.newest_source(), "revision": revision}
        manifest = prepare.manifest(settings)
    held: dict[str, object] = {"state": "absent: run citerx index"}
    if manifest is not None:
        state = "current" if manifest.revision == revision else "behind the store: run citerx index"
        held = {"state": state, **{name: getattr(manifest, name) for name in HELD}}
    if json:
        console.write_json({"store": facts, "index": held})
    else:
        from api.commands import render

        console.show(render.pairs([*render.held(facts), *((f"index {name}", value) for name, value in held.items())]))


def main() -> None:
    """The entry point ``citerx``: every error ends in one line on standard error, with the traceback on demand."""
    try:
        app()
    except Exception as error:  # the edge of the process
        if os.environ.get("CITERX_DEBUG"):
            raise
        code, line = _verdict(error)
        _complain(line)
        sys.exit(code)


def _verdict(error: Exception) -> tuple[int, str]:
    """The exit code and the line for an error that ends a command."""
    from pydantic import ValidationError

    from api.bench.service import BenchError
    from ingest.errors import FetchError, IngestError
    from rag.errors import NotFoundError, RagError, ReplayError

    if isinstance(error, ValidationError):
        wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        return 2, f"{'settings CITERX_*: ' if error.title == 'Settings' else ''}{'; '.join(wrong)}"
    if isinstance(error, BenchError | FetchError | NotFoundError | ReplayError):
        return 1, str(error)
    if isinstance(error, IngestError | RagError):
        return 3, str(error)
    return 1, f"{type(error).__name__}: {error} (CITERX_DEBUG=1 shows where)"


def _complain(line: str) -> None:
    typer.echo(f"citerx: {line}", err=True)


def _engine(settings: Settings) -> Engine:
    from rag.indexes.generations import Manifest

    Manifest.current(settings.index_dir)  # raises where there is no index, before models load
    from rag.engine import Engine

    return Engine.open(settings)


def _opened(settings: Settings) -> Served:
    """The engine that the service asks; tells whoever started it that it is ready, or why not."""
    from api.app import real_engine
    from ingest.errors import StoreError
    from rag.errors import RagError

    engine = real_engine(settings)
    try:
        typer.echo(f"CiteRx: ready, {engine.view.manifest.passages} passages.")
    except (RagError, StoreError) as error:
        typer.echo(f"CiteRx: not ready: {error}", err=True)
    return engine


def _show_report(report: Report, *, json: bool) -> None:
    if json:
        console.write_json(report.to_json())
        return
    from api.commands import render

    console.show(render.report(report))


if __name__ == "__main__":
    main()
