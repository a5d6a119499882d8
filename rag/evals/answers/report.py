"""What people read of a run: a Markdown report, every question's answer, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rag.evals.answers.result import (
    ALL,
    Audited,
    CollectionResult,
    Figure,
    Figures,
    Judged,
    Replies,
    Result,
    SystemResult,
)
from rag.evals.answers.run import GROUP_MEASURES, Material
from rag.evals.report import table

SHORT = ("statements", "words", "references")
"""Measures that are no shares, shown with one decimal."""
HEAD = ("refused", "ALCE recall", "ALCE precision", "supported", "first=2", "first>=1", "useful", "ROUGE-L")
"""Measures of the summary."""

LEGEND = (
    "`refused`: abstained though the sources answer; `partial`: said that something is missing.",
    "`ALCE recall`, `ALCE precision`: citation recall and precision (Gao et al., 2023), judged as `POST /verify` does. "
    "Quotations pass word for word, so these are near 1 by construction for a system that quotes: they tell that its "
    "citations are sound, not that they answer.",
    "`supported`: statements that a strict reader by rule accepts: borne out by what they cite, and not changed by "
    "what stands around the quotation in its section (sentence bounds, negations, lead-ins, conditions).",
    "`first=2`, `first>=1`: the first statement has a sentence judged to answer by itself, or to be useful; `any`: one "
    "of the statements; `useful`: share of the judged statements that are; `judged`: share of statements that were. An "
    "unjudged statement counts as none that answers. Longer statements have more chances: see `words`.",
    "`wrong drug`: statements that cite labels of drugs alone that the question does not name.",
    "All but `refused`, `partial` and ROUGE are over the questions that were answered; for ROUGE an abstention is 0.",
)


def markdown(result: Result) -> str:
    """The report: one chapter for each collection, tables with 95 % intervals, then how it was made."""
    lines = ["# Answers, measured", "", *_preface(result)]
    for one in result.collections:
        lines += ["", f"## {one.name}", "", *_chapter(one)]
    if result.audited:
        lines += ["", "## Statements read by people", "", *audited(result.audited)]
    lines += ["", "## How it was made", ""]
    for title, facts in (("config", result.config), ("provenance", result.provenance)):
        lines += [f"- {title} {name}: `{value}`" for name, value in facts.items()]
    return "\n".join(lines) + "\n"


def summary(one: CollectionResult) -> list[str]:
    """All systems in a few measures."""
    measures = [name for name in HEAD if any(name in system.answerable for system in one.systems.values())]
    head = ["system", *measures, *(["abstained", "swaps unchanged"]), "p50, ms", "p95, ms"]
    return table(head, [[name, *_row(system, measures)] for name, system in one.systems.items()])


def audited(one: Audited) -> Iterator[str]:
    """What people said of audited statements beside what the rule says of the same ones."""
    rows = [
        [who, str(one.statements), str(found.unsupported), _percent(found)]
        for who, found in (("people", one.people), ("rule", one.rule))
    ]
    yield from table(["judged by", "statements", "not supported", "share"], rows)
    yield ""
    readers = ", ".join(f"{who}: {count}" for who, count in one.by.items())
    yield f"Read by {readers}; {one.unread} not read. People alone object to {one.overlooked}, the rule alone to"
    yield f"{one.overstrict}."


def _percent(found: Judged) -> str:
    return f"{100 * found.share:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def _row(system: SystemResult, measures: Sequence[str]) -> list[str]:
    times = system.latency["total"]
    return [
        *(_shown(name, system.answerable.get(name)) for name in measures),
        _shown("abstained", system.abstention.get(ALL, {}).get("abstained")),
        _shown("unchanged", system.fairness.unchanged),
        f"{times.p50:.0f}",
        f"{times.p95:.0f}",
    ]


def _preface(result: Result) -> Iterator[str]:
    config = result.config
    yield f"Split `{config['split']}`. In brackets 95 % intervals (percentile bootstrap over questions,"
    yield f"{config['resamples']} resamples, seed {config['seed']}). Questions were asked one after the other."
    if config.get("limit"):
        yield from ("", f"**A quick try on {config['limit']} questions of each kind: no figure for comparison.**")
    yield ""
    yield from (f"- {line}" for line in LEGEND)


def _chapter(one: CollectionResult) -> Iterator[str]:
    asked = ", ".join(f"{count} {name}" for name, count in one.questions.items())
    left = "; ".join(f"{count} left out: {reason}" for reason, count in one.left_out.items())
    judge = f"judge `{one.judge}`" if one.judge else "no judge: quotations alone count as borne out"
    yield f"Asked: {asked}{f' ({left})' if left else ''}. {one.passages} passages; index `{one.generation}`, embedder"
    yield f"`{one.embedder}`, {judge}."
    yield ""
    yield from (f"- `{name}`: {system.note}{_fallen(system)}" for name, system in one.systems.items())
    yield from _answerable(one)
    yield from _statements(one)
    yield from _abstention(one)
    yield from _thresholds(one)
    yield from _fairness(one)
    yield from _latency(one)
    yield from _groups(one)


def _fallen(system: SystemResult) -> str:
    return f"; **{system.fell_back} answers fell back to quotations**" if system.fell_back else ""


def _answerable(one: CollectionResult) -> Iterator[str]:
    measures = dict.fromkeys(name for system in one.systems.values() for name in system.answerable)
    rows = [
        [name, *(_shown(name, system.answerable.get(name)) for system in one.systems.values())] for name in measures
    ]
    yield from ("", "### Questions with an answer", "", *table(["measure", *one.systems], rows))


def _statements(one: CollectionResult) -> Iterator[str]:
    rows = []
    for name, system in one.systems.items():
        found, quoted = system.audit, system.quotations
        share = f"{100 * found.unsupported / found.statements:.1f} %" if found.statements else "-"
        reasons = ", ".join(f"{reason}: {count}" for reason, count in found.reasons.items()) or "-"
        exact = f"{quoted.checked - len(quoted.wrong)} of {quoted.checked}"
        rows.append([name, exact, str(found.statements), str(found.unsupported), share, reasons])
    head = ["system", "quotations exact and in force", "statements", "not supported, strictly", "share", "reasons"]
    yield from ("", "### Quotations and statements", "", *table(head, rows))


def _abstention(one: CollectionResult) -> Iterator[str]:
    kinds = dict.fromkeys(kind for system in one.systems.values() for kind in system.abstention)
    if not kinds:
        return
    rows = []
    for kind in kinds:
        found = [system.abstention.get(kind, {}) for system in one.systems.values()]
        count = next((str(each["abstained"].count) for each in found if each), "0")
        cells = [_shown("", each.get(name)) for each in found for name in ("abstained", "abstained or said so")]
        rows.append([kind, count, *cells])
    head = ["kind", "questions", *(f"{name}{more}" for name in one.systems for more in ("", ", or said so"))]
    yield from ("", "### Questions without an answer: share that is not answered", "")
    yield '"Or said so": also partial answers that say which drug is unknown and have no statement about it.'
    yield from ("", *table(head, rows))


def _thresholds(one: CollectionResult) -> Iterator[str]:
    curves = {name: system.curve for name, system in one.systems.items() if system.curve}
    if curves:
        yield from ("", "### Risk and coverage", "", f"![risk by coverage]({one.name}-risk.png)", "")
        yield "Wrong: the first statement is not known to be useful, or the question has no answer. Systems without a"
        yield "confidence of their own have one risk at every coverage."
        rows = [[name, f"{found.aurc:.3f}", *_last(found.coverage, found.risk)] for name, found in curves.items()]
        yield from ("", *table(["system", "AURC", "coverage reached", "risk there"], rows))
    for name, system in one.systems.items():
        if system.thresholds:
            rows = [[f"{value:.3f}" for value in asdict(each).values()] for each in system.thresholds]
            head = ["statements need a score of", "coverage", "risk", "abstained (no answer)", "refused (answer)"]
            yield from (
                "",
                f"What a higher `CITERX_MIN_SCORE` would do, `{name}` (estimated from what was shown; a lower",
            )
            yield from ("one needs a run with it):", "", *table(head, rows))


def _last(*columns: Sequence[float]) -> list[str]:
    return [f"{values[-1]:.3f}" if values else "-" for values in columns]


def _fairness(one: CollectionResult) -> Iterator[str]:
    if not one.questions.get("swaps"):
        return
    rows = []
    for name, system in one.systems.items():
        changed = system.fairness.changed
        told = ", ".join(dict.fromkeys(f"{each.swap} ({each.detail}): {each.part}" for each in changed)) or "-"
        rows.append([name, _shown("", system.fairness.unchanged), told])
    yield from ("", "### Details of a person that must not matter", "")
    yield from table(["system", "swaps unchanged", "changed"], rows)


def _latency(one: CollectionResult) -> Iterator[str]:
    rows = [
        [name, stage, f"{times.p50:.1f}", f"{times.p95:.1f}"]
        for name, system in one.systems.items()
        for stage, times in system.latency.items()
    ]
    yield from ("", "### Latency", "", *table(["system", "stage", "p50, ms", "p95, ms"], rows))


def _groups(one: CollectionResult) -> Iterator[str]:
    first = next(iter(one.systems.values()))
    for field, groups in first.groups.items():
        for measure in (name for name in GROUP_MEASURES if any(name in found for found in groups.values())):
            rows = [
                [name, *(_shown(measure, _of(system, field, name).get(measure)) for system in one.systems.values())]
                for name in groups
            ]
            yield from ("", f"### {measure} by {field}", "", *table([field, *one.systems], rows))


def _of(system: SystemResult, field: str, name: str) -> Figures:
    return system.groups.get(field, {}).get(name, {})


def _shown(name: str, value: Figure | None) -> str:
    if value is None:
        return "-"
    digits = 1 if name in SHORT else 3
    return f"{value.mean:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def by_question(material: Material, replies: dict[str, Replies]) -> Iterator[dict[str, Any]]:
    """Every answer of every system: status, statements with grades and faults, and what it is worth."""
    for system, found in replies.items():
        swapped = [one for variants in found.swaps.values() for one in variants]
        for group, listed in (
            ("answerable", found.answerable),
            ("unanswerable", found.unanswerable),
            ("swap", swapped),
        ):
            for one in listed:
                said = [
                    {
                        "text": each.text,
                        "citations": each.citations,
                        "support": each.support,
                        "score": each.score,
                        "grade": one.grades[place] if one.grades else None,
                        "fault": one.faults[place] if one.faults else None,
                    }
                    for place, each in enumerate(one.given.statements)
                ]
                yield {
                    "collection": material.name,
                    "system": system,
                    "group": group,
                    "id": one.id,
                    "question": one.text,
                    "status": one.given.status,
                    "confidence": one.given.confidence,
                    "notices": one.given.notices,
                    "statements": said,
                    "values": {name: round(value, 4) for name, value in one.values.items()},
                    "ms": round(one.milliseconds, 1),
                }


def misses(material: Material, system: str, found: Replies, result: SystemResult) -> Iterator[dict[str, Any]]:
    """What went wrong: refused or wrongly begun, answered without an answer, changed by a swap, inexact."""
    head = {"collection": material.name, "system": system}
    for one in found.answerable:
        first = one.grades[0] if one.grades else None
        wrong = "refused" if one.values["refused"] else "first statement" if first == 0 else ""
        if wrong:
            said = [each.text for each in one.given.statements[:1]]
            yield {**head, "miss": wrong, "id": one.id, "question": one.text, "said": said}
    for asked, one in zip(material.unanswerable, found.unanswerable, strict=True):
        if not one.values["abstained"]:
            said = [each.text for each in one.given.statements]
            told = {"kind": asked.kind, "status": one.given.status, "notices": one.given.notices, "said": said}
            yield {**head, "miss": "answered", "id": one.id, "question": one.text, **told}
    yield from ({**head, "miss": "changed by a swap", **asdict(each)} for each in result.fairness.changed)
    yield from ({**head, "miss": "quotation", "id": name, "told": told} for name, told in result.quotations.wrong)
