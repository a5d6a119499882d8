"""The commands ``citerx bench retrieval`` and ``citerx bench device``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import Json, settings, show, store, write_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from api.bench.device_speed import Rate
    from api.bench.retrieval_speed import Size


def bench_retrieval(
    passages: Annotated[str, typer.Option(help="Sizes of the corpora, separated by commas.")] = "5000,50000,500000",
    questions: Annotated[int, typer.Option(min=10, max=105, help="Questions with a drug, and as many without.")] = 105,
    stock_up_to: Annotated[int, typer.Option(help="Largest corpus on which LlamaIndex is measured too.")] = 50_000,
    folder: Annotated[Path | None, typer.Option(help="Keep the corpora here and take those that are here.")] = None,
    json: Json = False,
) -> None:
    """Time of each stage of a search on copies of the store with other words, beside LlamaIndex's hybrid.

    The copies' vectors are the store's own with noise: nothing is embedded. The store must be indexed.
    """
    from api.bench.retrieval_speed import Plan, run
    from rag.dense import open_embedder

    known = settings()
    try:
        sizes = tuple(int(size) for size in passages.split(","))
    except ValueError as error:
        raise typer.BadParameter("numbers separated by commas, such as 5000,50000", param_hint="--passages") from error
    plan = Plan(sizes, questions, stock_up_to, known.device, folder=folder)
    with store(known) as source:
        found = run(source, open_embedder(known, threads=1), plan, lambda step: typer.echo(step, err=True))
    write_json(found) if json else show(_sizes(found))


def bench_device(
    passages: Annotated[int, typer.Option(min=1000, help="Vectors searched.")] = 200_000,
    dimension: Annotated[int, typer.Option(min=8, help="Numbers of a vector.")] = 384,
    json: Json = False,
) -> None:
    """Rates of vector search and matrix products beside what the device's memory and arithmetic allow.

    The floor is bytes over the bandwidth, or operations over the peak, both measured in the same run.
    """
    from api.bench.device_speed import rates

    found = rates(passages, dimension, settings().device)
    write_json(found) if json else show(_rates(found))


def _sizes(found: Sequence[Size]) -> RenderableType:
    from rich.console import Group
    from rich.table import Table

    parts: list[RenderableType] = []
    for size in found:
        memory = "unknown" if size.resident_mib is None else f"{size.resident_mib:.0f} MiB"
        title = (
            f"{size.passages} passages of {size.documents} documents, {size.kind}; store {size.fill_s:.0f} s, index "
            f"{size.build_s:.1f} s and {size.index_mib:.0f} MiB, open {size.open_s:.2f} s, memory {memory}"
        )
        table = Table("questions", "stage", "calls", "p50 ms", "p95 ms", title=title, title_justify="left")
        for stage in size.stages:
            figures = (f"{stage.calls:.1f}", f"{stage.p50_ms:.2f}", f"{stage.p95_ms:.2f}")
            table.add_row(stage.questions, stage.stage, *figures)
        for stock in size.stock:
            p50 = stock.reason or f"{stock.p50_ms:.2f}, ours {stock.ours_p50_ms:.2f}: {stock.ratio:.1f} times"
            table.add_row(stock.questions, "LlamaIndex, not embedding", "", p50, "")
        parts.append(table)
    return Group(*parts)


def _rates(found: Sequence[Rate]) -> RenderableType:
    from rich.table import Table

    table = Table("what", "on", "ms", "floor ms", "of the floor's rate", "bound by")
    for rate in found:
        share = f"{rate.floor_ms / rate.ms:.0%}"
        table.add_row(rate.what, rate.on, f"{rate.ms:.3f}", f"{rate.floor_ms:.3f}", share, rate.bound)
    return table
