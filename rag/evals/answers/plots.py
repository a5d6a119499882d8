"""The figures of a report on answers: risk by coverage, and the shares of all systems."""

from __future__ import annotations

from pathlib import Path

from rag.errors import MissingExtraError
from rag.evals.answers.result import CollectionResult
from rag.evals.intervals import Interval
from rag.evals.plots import bars

SHARES = ("supported", "first=2", "first>=1", "useful", "ROUGE-1", "ROUGE-L")


def draw(one: CollectionResult, folder: Path) -> list[Path]:
    """Writes ``<collection>-answers.png``, and ``-risk.png`` where there are judged sentences; `MissingExtraError`."""
    shares = {
        measure: {
            name: Interval(found.mean, found.low, found.high)
            for name, system in one.systems.items()
            if (found := system.answerable.get(measure))
        }
        for measure in SHARES
    }
    whole = {measure: found for measure, found in shares.items() if len(found) == len(one.systems)}
    asked = one.questions.get("answerable", 0)
    paths = [bars(whole, folder / f"{one.name}-answers.png", f"{one.name}: {asked} questions")] if whole else []
    return [*paths, _risk(one, folder / f"{one.name}-risk.png")] if _curves(one) else paths


def _curves(one: CollectionResult) -> bool:
    return any(system.curve for system in one.systems.values())


def _risk(one: CollectionResult, path: Path) -> Path:
    """Lower is better, further to the right is more answered."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib is not installed: install citerx[eval]") from error
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, system in one.systems.items():
        if system.curve:
            axes.plot(system.curve.coverage, system.curve.risk, label=f"{name} ({system.curve.aurc:.3f})")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="coverage", ylabel="risk", title=f"{one.name}: risk by coverage (AURC)")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    return path
