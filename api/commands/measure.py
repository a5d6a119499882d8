"""The commands that measure and check: ``citerx bench ...`` and ``citerx corpora ...``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.bench.retrieval import bench_device, bench_retrieval
from api.commands.console import Json, settings, show, starter_corpus, store, write_json
from api.commands.fuzz import bench_fuzz
from api.commands.progress import progress

if TYPE_CHECKING:
    from ingest.schema import Fault

bench = typer.Typer(help="Measure.", no_args_is_help=True)
bench.command("retrieval")(bench_retrieval)
bench.command("device")(bench_device)
bench.command("fuzz")(bench_fuzz)
corpora = typer.Typer(help="The corpora that CiteRx ships or describes.", no_args_is_help=True)


@bench.command("serve")
def bench_serve(
    url: Annotated[str | None, typer.Option(help="A running service; left out: one is started.")] = None,
    requests: Annotated[int, typer.Option(min=1, help="Questions per route and concurrency.")] = 100,
    concurrency: Annotated[list[int] | None, typer.Option(min=1, help="Clients at a time; may be repeated.")] = None,
    seed: Annotated[int, typer.Option(help="Which questions.")] = 0,
    json: Json = False,
) -> None:
    """Start-to-ready time, latency of /ask and /search, and memory of the service on the store's own drugs."""
    from api.bench import service as benchmark
    from api.commands import render

    with store(settings()) as opened:
        asked = benchmark.questions(opened, requests, seed)
    result = benchmark.run(asked, url, concurrency or [1, 2], lambda step: typer.echo(step, err=True))
    write_json(result) if json else show(render.measured(result))


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
    from api.bench.crash import crash

    with starter_corpus() as folder:
        outcome = crash(paths or [folder], moments, seed, lambda line: typer.echo(line, err=True))
    if json:
        write_json(asdict(outcome))
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

    with starter_corpus() as starter:
        checked_folder = folder or Path(starter)
        findings = run(checked_folder, shared) if shared else structure(checked_folder)
    if json:
        write_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{finding.file}: {finding.place}: {finding.check}: {finding.reason}")
        checked = "shape, wording, numbers, bibliography" if shared else "shape only: give --shared for the rest"
        typer.echo(f"{len(findings)} findings ({checked})")
    if findings:
        raise typer.Exit(1)


@corpora.command("duplicates")
def corpora_duplicates(
    paths: Annotated[list[str] | None, typer.Argument(help="Files of labels; by default those of the store.")] = None,
    json: Json = False,
) -> None:
    """Count labels with the same text, and sentences that labels of one drug tell with another figure or negation.

    Of each label the newest version counts. Nothing is embedded; 15,000 labels take a minute.
    """
    from api.commands import render
    from rag.history.duplicates import duplicates, newest_labels, stored_labels

    if paths:
        from ingest.pipeline import read

        with progress() as tell:
            faults: list[Fault] = []
            labels = newest_labels(read(paths), faults, lambda number: tell("labels", number, None))
            found = duplicates(labels)
        for fault in faults[: render.ROWS]:
            typer.echo(f"not read: {fault.record}: {fault.reason}", err=True)
        if len(faults) > render.ROWS:
            typer.echo(f"not read: {len(faults) - render.ROWS} more", err=True)
    else:
        with store(settings()) as opened:
            found = duplicates(stored_labels(opened))
    write_json(found) if json else show(render.duplicated(found))


@corpora.command("vectors")
def corpora_vectors() -> None:
    """Make the vectors that ship with the starter corpus anew, after its texts changed."""
    from tempfile import TemporaryDirectory

    from corpora import starter
    from ingest.pipeline import ingest
    from ingest.store import Store
    from rag.dense import open_embedder
    from rag.index import build
    from rag.indexes.build import content_hash
    from rag.indexes.ready import FILE
    from rag.indexes.ready import write as write_vectors

    embedder = open_embedder(settings())
    with TemporaryDirectory() as folder:
        opened = Store.open(f"sqlite:///{folder}/citerx.db")
        ingest(opened, [str(starter())])
        build(opened, embedder, Path(folder) / "index")
        hashes = [content_hash(row.passage) for row in opened.index_rows()]
        write_vectors(starter().with_name(FILE), embedder.name, opened.vectors(embedder.name, hashes))
        opened.close()
    typer.echo(f"{len(hashes)} vectors in {starter().with_name(FILE)}")


@corpora.command("vocabulary")
def corpora_vocabulary(
    products: Annotated[Path, typer.Argument(help="The product file of Drugs@FDA, gzipped or not.")],
    labels: Annotated[Path, typer.Argument(help="Folder of zipped openFDA label records.")],
    folder: Annotated[Path, typer.Argument(help="Where to write, e.g. corpora/vocabulary.")],
) -> None:
    """Make the lists of known ingredients, brands and drug classes."""
    from corpora.vocabulary import build

    build(products, labels, folder)
