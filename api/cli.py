"""The command line.

Exit codes: 0 done; 1 ingest: more faults than `CITERX_ERROR_THRESHOLD` allows or nothing could be ingested, other
commands: failed; 2 wrong usage or settings; 3 no index, or the store, index or a model cannot be used; 130 interrupted.
Machine output and answers go to standard output, progress and errors to standard error. torch, FAISS and the rest are
imported by the commands that need them, so that `citerx --help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress as ProgressBar

    from ingest.pipeline import Report
    from ingest.store import Store
    from rag.engine import Engine
    from rag.generations import Manifest
    from rag.settings import Settings

app = typer.Typer(
    help="Clinical answers in which every statement carries a citation that can be checked. Settings: CITERX_*.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
bench = typer.Typer(help="Measure.", no_args_is_help=True)
corpora = typer.Typer(help="The corpora that CiteRx ships or describes.", no_args_is_help=True)
app.add_typer(bench, name="bench")
app.add_typer(corpora, name="corpora")

HELD = ("generation", "embedder", "passages", "documents", "revision", "indexed_at", "newest_source", "demonstration")
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Starter = Annotated[
    bool, typer.Option("--starter", help="First ingest and index the starter corpus where the store has nothing else.")
]
Question = Annotated[str, typer.Argument(help="A clinical question in plain words.")]
Drugs = Annotated[list[str] | None, typer.Option("--drug", help="Only sources on this drug; may be repeated.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="label, article, guideline or trial; may be repeated.")]


@app.command()
def ingest(
    paths: Annotated[list[str] | None, typer.Argument(help="Files, folders, archives or globs.")] = None,
    starter: Annotated[bool, typer.Option("--starter", help="The starter corpus that comes with CiteRx.")] = False,
    json: Json = False,
) -> None:
    """Bring labels (SPL XML, openFDA JSON) and literature (PubMed XML) into the store.

    Exits with 1 when more records were faulty than CITERX_ERROR_THRESHOLD allows, or nothing could be ingested.
    """
    if not paths and not starter:
        raise typer.BadParameter("name files or folders to ingest, or --starter", param_hint="PATHS")
    from ingest.pipeline import InterruptedIngestError

    settings = _settings()
    with _store(settings) as store, ExitStack() as stack:
        names = [*(paths or []), *([stack.enter_context(_starter_corpus())] if starter else [])]
        try:
            result = _ingest(store, names)
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
    json: Json = False,
) -> None:
    """Bring the index up to date with the store. A running service takes it up by itself."""
    settings = _settings()
    with _store(settings) as store:
        manifest = _build(store, settings, rebuild=rebuild)
    if json:
        _write_json(manifest)
    else:
        typer.echo(f"index {manifest.generation}: {manifest.passages} passages of {manifest.documents} documents")


@app.command()
def ask(
    question: Question,
    drug: Drugs = None,
    kind: Kinds = None,
    references: Annotated[int | None, typer.Option(help="At most this many references, 1 to 20.")] = None,
    starter: Starter = False,
    json: Json = False,
) -> None:
    """Answer a question with citations. An abstention is an answer: exit code 0."""
    from api import render
    from api.schemas import AskRequest

    settings = _settings()
    filters = {"drugs": drug or (), "kinds": kind or ()}
    request = AskRequest.model_validate({"question": question, "filters": filters, "max_references": references})
    if starter:
        _prepare_starter(settings)
    with closing(_engine(settings)) as engine:
        answer = engine.ask(request.question, filters=request.restriction(), max_references=request.max_references)
    _write_json(answer) if json else _show(render.answer(answer))


@app.command()
def search(
    question: Question,
    k: Annotated[int, typer.Option("-k", help="How many passages, 1 to 100.")] = 5,
    drug: Drugs = None,
    kind: Kinds = None,
    json: Json = False,
) -> None:
    """Show the passages that an answer would be made from."""
    from api import render
    from api.schemas import SearchRequest, SearchResponse

    filters = {"drugs": drug or (), "kinds": kind or ()}
    request = SearchRequest.model_validate({"question": question, "k": k, "filters": filters})
    with closing(_engine(_settings())) as engine:
        hits, timings = engine.search(request.question, request.k, request.restriction())
    _write_json(SearchResponse.of(hits, timings)) if json else _show(render.hits(hits))


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

    settings = _settings()
    if starter:
        _prepare_starter(settings)
    address, number = host or settings.host, port if port is not None else settings.port
    shown = f"[{address}]" if ":" in address else address
    typer.echo(f"CiteRx: open http://{shown}:{number}/ (API: http://{shown}:{number}/docs). Ctrl+C ends it.")
    uvicorn.run(create_app(settings), host=address, port=number, log_level="warning" if quiet else "info")


@app.command()
def status(json: Json = False) -> None:
    """What the store holds, what the index holds, and whether the index is behind the store."""
    settings = _settings()
    with _store(settings) as store:
        counts, revision = asdict(store.counts()), store.revision()
        facts = {"store": store.place, **counts, "newest_source": store.newest_source(), "revision": revision}
        manifest = _manifest(settings)
    held: dict[str, object] = {"state": "absent: run citerx index"}
    if manifest is not None:
        state = "current" if manifest.revision == revision else "behind the store: run citerx index"
        held = {"state": state, **{name: getattr(manifest, name) for name in HELD}}
    if json:
        _write_json({"store": facts, "index": held})
    else:
        from api import render

        _show(render.pairs([*facts.items(), *((f"index {name}", value) for name, value in held.items())]))


@bench.command("serve")
def bench_serve(
    url: Annotated[str | None, typer.Option(help="A running service; left out: one is started.")] = None,
    requests: Annotated[int, typer.Option(min=1, help="Questions per route and concurrency.")] = 100,
    concurrency: Annotated[list[int] | None, typer.Option(min=1, help="Clients at a time; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Which questions.")] = 0,
    json: Json = False,
) -> None:
    """Start-to-ready time, latency of /ask and /search, and memory of the service on the store's own drugs."""
    from api import bench as benchmark
    from api import render

    with _store(_settings()) as store:
        asked = benchmark.questions(store, requests, seed)
    result = benchmark.run(asked, url, concurrency or [1, 2], lambda step: typer.echo(step, err=True))
    _write_json(result) if json else _show(render.measured(result))


@bench.command("crash")
def bench_crash(
    paths: Annotated[list[str] | None, typer.Argument(help="What to ingest; by default the starter corpus.")] = None,
    moments: Annotated[int, typer.Option(min=1, help="How often to kill, by turns ingest and index.")] = 20,
    seed: Annotated[int, typer.Option(help="Makes the moments the same again.")] = 0,
    json: Json = False,
) -> None:
    """Kill ingest and index at random moments, rerun plainly, compare with an uninterrupted run.

    Exits with 1 where documents, passages or answers differ.
    """
    from api.crash import crash

    with _starter_corpus() as folder:
        outcome = crash(paths or [folder], moments, seed, lambda line: typer.echo(line, err=True))
    if json:
        _write_json(asdict(outcome))
    else:
        verdict = "the same as" if outcome.equal else "DIFFERENT from"
        typer.echo(
            f"killed {outcome.killed} of {outcome.moments} runs; {outcome.documents} documents, {outcome.passages} "
            f"passages, index {outcome.generation} and the answers are {verdict} those of an uninterrupted run"
        )
    if not outcome.equal:
        raise typer.Exit(1)


@corpora.command("check")
def corpora_check(
    folder: Annotated[Path | None, typer.Argument(help="Editorial corpus; by default the starter corpus.")] = None,
    *,
    shared: Annotated[Path | None, typer.Option(help="Folder of the real material to compare with.")] = None,
    json: Json = False,
) -> None:
    """Check an editorial corpus: its shape and, with --shared, own words, true numbers and bibliography.

    Exits with 1 where something is wrong.
    """
    from corpora.check import run, structure

    with _starter_corpus() as starter:
        checked_folder = folder or Path(starter)
        findings = run(checked_folder, shared) if shared else structure(checked_folder)
    if json:
        _write_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{finding.file}: {finding.place}: {finding.check}: {finding.reason}")
        checked = "shape, wording, numbers, bibliography" if shared else "shape only: give --shared for the rest"
        typer.echo(f"{len(findings)} findings ({checked})")
    if findings:
        raise typer.Exit(1)


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

    from api.bench import BenchError
    from ingest.errors import IngestError
    from rag.errors import RagError

    if isinstance(error, ValidationError):
        wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        return 2, f"{'settings CITERX_*: ' if error.title == 'Settings' else ''}{'; '.join(wrong)}"
    if isinstance(error, IngestError | RagError):
        return 3, str(error)
    if isinstance(error, BenchError):
        return 1, str(error)
    return 1, f"{type(error).__name__}: {error} (CITERX_DEBUG=1 shows where)"


def _complain(line: str) -> None:
    typer.echo(f"citerx: {line}", err=True)


def _settings() -> Settings:
    from rag.settings import Settings

    return Settings()


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    from ingest.store import Store

    store = Store.open(settings.database_url)
    try:
        yield store
    finally:
        store.close()


def _engine(settings: Settings) -> Engine:
    from rag.generations import Manifest

    Manifest.current(settings.index_dir)  # raises where there is no index, before models load
    from rag.engine import Engine

    return Engine.open(settings)


def _prepare_starter(settings: Settings) -> None:
    """Ingests and indexes the starter corpus, unless the store holds real sources."""
    with _store(settings) as store:
        if not store.counts().documents or store.demonstration():
            with _starter_corpus() as folder:
                _ingest(store, [folder])
        manifest = _manifest(settings)
        if manifest is None or (store.demonstration() and manifest.revision != store.revision()):
            _build(store, settings)


@contextmanager
def _starter_corpus() -> Iterator[str]:
    with as_file(files("corpora") / "starter") as folder:
        yield str(folder)


def _ingest(store: Store, paths: list[str]) -> Report:
    from ingest import pipeline

    with _bar() as bar:
        task = bar.add_task("ingest", total=None)

        def on_progress(now: pipeline.Progress) -> None:
            bar.update(
                task, description=f"{now.records} records · {now.source[-50:]}", completed=now.position, total=now.size
            )

        return pipeline.ingest(store, paths, on_progress)


def _show_report(report: Report, *, json: bool) -> None:
    if json:
        _write_json(report.to_json())
        return
    from api import render

    _show(render.report(report))


def _build(store: Store, settings: Settings, *, rebuild: bool = False) -> Manifest:
    from rag.build import build
    from rag.dense import open_embedder

    with _bar() as bar:
        task = bar.add_task("index", total=None)
        return build(
            store,
            open_embedder(settings),
            settings.index_dir,
            lambda done, total: bar.update(task, completed=done, total=total),
            rebuild=rebuild,
        )


def _manifest(settings: Settings) -> Manifest | None:
    """What the newest complete index holds, or None."""
    from rag.errors import IndexUnavailableError
    from rag.generations import Manifest

    try:
        return Manifest.current(settings.index_dir)
    except IndexUnavailableError:
        return None


@contextmanager
def _bar() -> Iterator[ProgressBar]:
    """A progress bar on standard error that leaves nothing behind; silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar


def _show(renderable: RenderableType) -> None:
    from rich.console import Console

    Console(highlight=False).print(renderable)


def _write_json(value: object) -> None:
    from pydantic_core import to_json

    typer.echo(to_json(value, indent=2).decode())


if __name__ == "__main__":
    main()
