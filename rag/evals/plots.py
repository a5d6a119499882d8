"""The figures of a report: bars with intervals for the systems, and each slice's first hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import MissingExtraError
from rag.evals.intervals import Interval
from rag.evals.run import CollectionResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SYSTEMS_MEASURES = ("hit@1", "nDCG@10")
SLICE_SYSTEMS = ("citerx", "dense", "fusion", "llamaindex")


def draw(one: CollectionResult, folder: Path) -> list[Path]:
    """Writes ``<collection>-systems.png``, and ``-slices.png`` where there are slices; raises `MissingExtraError`."""
    systems = {
        measure: {name: system.means[measure] for name, system in one.systems.items()} for measure in SYSTEMS_MEASURES
    }
    paths = [bars(systems, folder / f"{one.name}-systems.png", f"{one.name}: {one.questions} questions")]
    if slices := one.groups.get("slice"):
        shown = [name for name in SLICE_SYSTEMS if name in one.systems] or list(one.systems)[:4]
        labels = {part: f"{part} ({group.questions})" for part, group in slices.items()}
        hits = {name: {labels[part]: group.systems[name]["hit@1"] for part, group in slices.items()} for name in shown}
        paths.append(bars(hits, folder / f"{one.name}-slices.png", f"{one.name}: hit@1 by slice"))
    return paths


def bars(series: Mapping[str, Mapping[str, Interval]], path: Path, title: str) -> Path:
    """Horizontal bars: a group for each name, a bar for each series."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib is not installed: install citerx[eval]") from error
    names = list(next(iter(series.values())))
    figure = Figure(figsize=(8, 1.2 + 0.2 * len(names) * (len(series) + 1)), layout="constrained")
    axes = figure.add_subplot()
    for place, (label, values) in enumerate(series.items()):
        _series(axes, [values[name] for name in names], label, (place + 0.5) / len(series) - 0.5, 0.8 / len(series))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_title(title)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path, dpi=120)
    return path


def _series(axes: Axes, values: Sequence[Interval], label: str, offset: float, height: float) -> None:
    means = [value.mean for value in values]
    below = [max(value.mean - value.low, 0.0) for value in values]
    above = [max(value.high - value.mean, 0.0) for value in values]
    places = [place + 0.8 * offset for place in range(len(values))]
    axes.barh(places, means, height, xerr=(below, above), label=label, capsize=2, error_kw={"elinewidth": 0.8})
