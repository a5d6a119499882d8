"""What people read of a run: a Markdown report, and the questions whose first passage was wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rag.evals.collection import Collection, Item, Judged
from rag.evals.intervals import Interval
from rag.evals.run import FIRST, Answers, CollectionResult, Evaluation, Result
from rag.evals.systems import BASELINE
from rag.query import understand

GROUP_MEASURES = ("hit@1", "nDCG@10", "wrong-drug@5")
SHOWN = 3
"""Passages shown of a question that went wrong."""
EXCERPT = 240


def markdown(result: Result) -> str:
    """The report: one chapter for each collection, tables with 95 % intervals, then how it was made."""
    lines = ["# Retrieval, measured", "", *_preface(result)]
    for one in result.collections:
        lines += ["", f"## {one.name}", "", *_chapter(one)]
    lines += ["", "## How it was made", ""]
    for title, facts in (("config", result.config), ("provenance", result.provenance)):
        lines += [f"- {title} {name}: `{value}`" for name, value in facts.items()]
    return "\n".join(lines) + "\n"


def summary(one: CollectionResult) -> list[str]:
    """The table of all systems."""
    measures = _measures(one)
    head = ["system", *measures, "search p50, ms", "p95, ms"]
    rows = [
        [name, *(_shown(system.means[key]) for key in measures), *_times(system.search_ms.p50, system.search_ms.p95)]
        for name, system in one.systems.items()
    ]
    return table(head, rows)


def misses(judged: Sequence[Judged], answers: Answers, collection: Collection) -> Iterator[dict[str, Any]]:
    """Each question whose first passage does not answer it: what was expected, what came, how it was understood."""
    for one, ranking in zip(judged, answers.rankings, strict=True):
        if ranking and collection.alike[ranking[0]] in one.relevant:
            continue
        question = one.question
        rank = next((rank for rank, row in enumerate(ranking, 1) if collection.alike[row] in one.relevant), None)
        yield {
            "question": asdict(question),
            "expected": {"keys": [sorted(group) for group in question.groups], "passages": len(one.relevant)},
            "first_right_rank": rank,
            "came": [_told(collection.items[row]) for row in ranking[:SHOWN]],
            "understood": asdict(understand(question.text, collection.view.resolver)),
        }


def by_question(judged: Sequence[Judged], evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Every system's values for each question, so that two runs can be compared question by question."""
    for place, one in enumerate(judged):
        systems = {
            name: {measure: round(float(values[place]), 4) for measure, values in measures.items()}
            for name, measures in evaluation.values.items()
        }
        yield {"collection": evaluation.result.name, "id": one.question.id, "systems": systems}


def _preface(result: Result) -> list[str]:
    limited = result.config.get("limit")
    lines = [
        f"Split `{result.config['split']}`. In brackets 95 % intervals (percentile bootstrap over questions, "
        f"{result.config['resamples']} resamples, seed {result.config['seed']}). A search is timed for {FIRST} "
        "passages, without embedding the question; deeper ranks count for R@100 and RR only."
    ]
    return [*lines, "", f"**A quick try on {limited} questions: no figure for comparison.**"] if limited else lines


def _chapter(one: CollectionResult) -> Iterator[str]:
    left = "; ".join(f"{count} left out: {reason}" for reason, count in one.left_out.items())
    yield f"{one.questions} questions{f' ({left})' if left else ''}, {one.passages} passages in force; index"
    yield f"`{one.generation}`, embedder `{one.embedder}`. Embedding a question: p50 {one.embedding_ms.p50:.1f} ms,"
    yield f"p95 {one.embedding_ms.p95:.1f} ms."
    yield ""
    yield from summary(one)
    yield ""
    yield from (
        f"- `{name}`: {system.note}; ready in {system.build_seconds:.1f} s" for name, system in one.systems.items()
    )
    yield from _differences(one)
    for field, groups in one.groups.items():
        for measure in (name for name in GROUP_MEASURES if name in _measures(one)):
            head = [field, "questions", *one.systems]
            rows = [
                [name, str(group.questions), *(_shown(group.systems[system][measure]) for system in one.systems)]
                for name, group in groups.items()
            ]
            yield from ("", f"### {measure} by {field}", "", *table(head, rows))


def _differences(one: CollectionResult) -> Iterator[str]:
    compared = {name: system.difference for name, system in one.systems.items() if system.difference}
    if compared:
        measures = _measures(one)
        rows = [[name, *(_shown(found[key], "+") for key in measures)] for name, found in compared.items()]
        yield from ("", f"### Difference from `{BASELINE}`, question by question", "")
        yield from table(["system", *measures], rows)


def _measures(one: CollectionResult) -> list[str]:
    return list(next(iter(one.systems.values())).means)


def _shown(value: Interval, sign: str = "") -> str:
    return f"{value.mean:{sign}.3f} [{value.low:{sign}.3f}, {value.high:{sign}.3f}]"


def _times(*milliseconds: float) -> list[str]:
    return [f"{value:.1f}" for value in milliseconds]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table, a line each."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _told(item: Item) -> dict[str, Any]:
    facts = {"passage_id": item.passage_id, "kind": item.kind.value, "drugs": sorted(item.drugs)}
    return {**facts, "section": item.section, "context": item.context, "text": item.text[:EXCERPT]}
