"""Reports, answers and hits as a terminal shows them. Text of a source is never read as markup or control codes."""

from __future__ import annotations

import os
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from ingest.pipeline import OUTCOMES, Line, Report
from rag.answers.replay import Change, Replay
from rag.asked.explain import Explanation, Understanding, explain, understanding
from rag.checks.recheck import Checked
from rag.query import Query
from rag.types import Agreement, Answer, Hit, Reference

if TYPE_CHECKING:
    from api.bench.service import Latency, Measured
    from rag.history.duplicates import Duplicates

STATUS = {"answered": "Answer", "partial": "Partial answer", "abstained": "No answer"}
ROWS = 25
NOTHING = "Nothing was found."
_WRAP = partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)


def text(value: str, style: str = "") -> Text:
    """``value`` without control characters, which a terminal would obey."""
    kept = (" " if unicodedata.category(letter) == "Cc" and letter != "\n" else letter for letter in value)
    return Text("".join(kept), style)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Text broken between words alone, so that a path or an address stays whole. ``first`` stands before it, once;
    the lines below begin where it ends."""

    said: str
    style: str = ""
    first: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        room = max(options.max_width - len(self.first), 20)
        parts = [part for line in self.said.split("\n") for part in _WRAP(line, room) or [""]]
        for number, part in enumerate(parts):
            before = " " * len(self.first) if number else self.first
            line = text(f"{before}{part}".rstrip(), self.style)
            line.no_wrap, line.overflow = True, "ignore"
            yield line


def report(result: Report) -> RenderableType:
    """Outcomes per source (those with faults first, at most ``ROWS``), totals, and why something is not there."""
    shown = [outcome for outcome in OUTCOMES if outcome not in {"deleted", "marked"} or result.totals[outcome]]
    folder = _folder(list(result.files))
    ranked = sorted(result.files.items(), key=lambda item: -item[1]["faults"])
    rows = [_row([counts[outcome] for outcome in shown], name.removeprefix(folder)) for name, counts in ranked[:ROWS]]
    more = [Wrapped(f"… {len(ranked) - ROWS} more sources")] if len(ranked) > ROWS else []
    return Group(
        *([Wrapped(folder)] if folder else []),
        _row(shown, "source", "bold"),
        *rows,
        *more,
        _row([result.totals[outcome] for outcome in shown], "total", "bold"),
        *_reasons(sorted(result.lines, key=lambda line: line.outcome)),
    )


def _row(cells: Iterable[object], name: str, style: str = "") -> Wrapped:
    """A row of the report; the name, which may be long, comes last."""
    return Wrapped(name, style, first="".join(f"{cell!s:>9}  " for cell in cells))


def _folder(names: Sequence[str]) -> str:
    """The folder that all lie in, with its slash, where that shortens the names."""
    absolute = len(names) > 1 and all(name.startswith("/") for name in names)
    common = os.path.commonpath(names) if absolute else "/"
    return "" if common == "/" else f"{common}/"


def _reasons(lines: Sequence[Line]) -> Iterator[RenderableType]:
    for line in lines[:ROWS]:
        offset = "" if line.offset is None else f"offset {line.offset}"
        place = ": ".join(part for part in (line.source, line.record, offset) if part)
        yield Wrapped(f"{line.outcome}: {place}: {line.reason}", "red" if line.outcome == "fault" else "yellow")
    if len(lines) > ROWS:
        yield Wrapped(f"… {len(lines) - ROWS} more; --json lists them", "yellow")


def answer(result: Answer) -> RenderableType:
    """The answer's text (it says what is missing, and names the warnings), notices, references with their quotes."""
    return Group(*_answer(result))


def _answer(result: Answer) -> Iterator[RenderableType]:
    yield Wrapped(STATUS[result.status], "bold")
    yield Wrapped(result.answer)
    for notice in result.notices:
        if notice.message not in result.answer:
            yield Wrapped(f"Note: {notice.message}", "yellow")
    if result.references:
        yield Wrapped("\nReferences", "bold")
        yield from _references(result.references)
    made, elapsed = result.provenance, result.timings_ms.get("total", 0)
    yield Wrapped(f"\nindex {made.index} · newest source {made.newest_source or 'undated'} · {elapsed:.0f} ms", "dim")
    yield Wrapped(f"answer {result.answer_id}", "dim")
    yield Wrapped("Decision support; not a substitute for clinical judgement.", "dim")


def _references(references: Sequence[Reference]) -> Iterator[Wrapped]:
    """Numbers in a column of their own; beside each the citation, where it is to be found here, and its quotes."""
    width = max(len(f"[{reference.number}] ") for reference in references)
    for reference in references:
        number = f"[{reference.number}] ".rjust(width)
        for said, style in _reference(reference):
            yield Wrapped(said, style, number)
            number = " " * width


def _reference(reference: Reference) -> Iterator[tuple[str, str]]:
    """Paragraphs and their styles."""
    marks = [
        mark
        for mark in ("retracted", "expression_of_concern", "corrected", "superseded", "scanned", "editorial")
        if getattr(reference, mark)
    ]
    yield reference.citation + (f" ({', '.join(marks).replace('_', ' ')})" if marks else ""), ""
    url = reference.url if reference.url not in reference.citation else ""
    place = (reference.section.replace("_", " "), f"/documents/{reference.document_id}", url)
    yield " · ".join(filter(None, place)), "dim"
    if reference.agreement:
        yield agreed(reference.agreement), "dim"
    for quote in reference.quotes:
        yield f"“{quote.text}”", "italic"
        if quote.row and quote.row.table:
            yield f"row {quote.row.number} of “{quote.row.table}”", "dim"


def agreed(agreement: Agreement) -> str:
    """ "12 labels agree: Acme; Globex"."""
    named = "; ".join(agreement.labelers)
    return f"{agreement.labels} labels agree word for word" + (f", also of {named}" if named else "")


def replayed(result: Replay) -> RenderableType:
    """The verdict with both checksums, then what differs: inputs, answer, cited sources."""
    return Group(*_replayed(result))


def _replayed(result: Replay) -> Iterator[RenderableType]:
    yield Wrapped(result.question)
    if result.same:
        yield Wrapped(f"Same bytes: {result.now}", "bold green")
    else:
        told = "reads the same, but not from the same sources or models" if result.reads_the_same else "differs now"
        yield Wrapped(f"The answer {told}.", "bold yellow")
        yield Wrapped(f"then {result.then}\nnow  {result.now}", "dim")
    yield from _changes("What it is made of has changed", result.inputs)
    yield from _changes("What a reader finds different", result.answer)
    yield from _changes("Sources that it cited, as the store has them now", result.sources)
    for note in result.notes:
        yield Wrapped(f"Note: {note}", "yellow")


CHECKED = {"supported": "bold green", "partial": "bold yellow", "unsupported": "bold red"}


def verified(result: Checked) -> RenderableType:
    """The verdict, each statement with what is wrong with it or what bears it out, and quotations that do not stand."""
    return Group(*_verified(result))


def _verified(result: Checked) -> Iterator[RenderableType]:
    total = result.supported + result.unsupported
    yield Wrapped(f"{result.status}: {result.supported} of {total} statements", CHECKED[result.status])
    for one in result.statements:
        cited = "".join(f"[{number}]" for number in one.citations)
        yield Wrapped(f"{one.support}: {one.text} {cited}", "" if one.support != "unsupported" else "yellow")
        told = [*one.faults, f'nearest: "{one.evidence.text}"' if one.evidence and one.support != "verbatim" else ""]
        yield from (Wrapped(line, "dim", "  ") for line in told if line)
    for number, fault in ((one.number, one.fault) for one in result.quotes if one.fault):
        yield Wrapped(f"A quotation of [{number}]: {fault}", "yellow")
    yield Wrapped(
        f"Judged by {result.provenance}" if result.provenance else "No model judged; quotations alone count", "dim"
    )


def _changes(heading: str, changes: Sequence[Change]) -> Iterator[RenderableType]:
    if changes:
        yield Wrapped(heading, "bold")
    for change in changes:
        yield Wrapped(change.told(), first="  ")


def found(query: Query, hits: Sequence[Hit]) -> RenderableType:
    """Passages, best first, after the drugs of the question that no source here is about."""
    unknown = [text(f"not known here: {_unknown(query)}", "bold yellow")] if query.unresolved else []
    shown = [part for rank, hit in enumerate(hits, 1) for part in _hit(rank, hit)]
    return Group(*unknown, *(shown or [NOTHING]))


def _unknown(query: Query) -> str:
    """The words that may be drugs, each with what it may mean where it may mean several."""
    listed = ((word, query.readings.get(word.casefold(), ())) for word in query.unresolved)
    return ", ".join(f"{word} (may mean {' or '.join(readings)})" if readings else word for word, readings in listed)


def explained(query: Query, found: Sequence[Hit]) -> RenderableType:
    """What was understood, and passages with the rankings and rules that put them in their places."""
    parts: list[RenderableType] = [pairs(_understood(understanding(query))), text("")]
    for rank, hit in enumerate(found, 1):
        parts += [*_hit(rank, hit), Padding(_why(explain(hit)), (0, 0, 1, 3))]
    return Group(*parts, *([] if found else [NOTHING]))


def _hit(rank: int, hit: Hit) -> Iterator[RenderableType]:
    yield Wrapped(f"{rank}. {hit.document.title} · {hit.passage.section} · {hit.score:.4g}", "bold")
    if hit.document.retracted:
        yield Wrapped("   RETRACTED: no evidence", "bold red")
    yield Wrapped(f"   {hit.passage.document_id} · passage {hit.passage.passage_id}", "dim")
    if hit.also:
        yield Wrapped(f"   the same words: {', '.join(hit.also)}", "dim")
    if hit.agreement:
        yield Wrapped(f"   {agreed(hit.agreement)}", "dim")
    for one in hit.variants:
        yield Wrapped(f"   another {one.kind} in {one.labeler or one.document_id}: “{one.there}”", "yellow")
    yield Wrapped(f"{hit.passage.text}\n", first="   ")


def _understood(query: Understanding) -> Iterator[tuple[str, object]]:
    """Only what there is, but for the shape."""
    yield "shape", query.shape
    for drug in query.drugs:
        yield "drug", f"{', '.join(drug.drugs)}: {drug.surface!r} is {drug.reason}"
    for name in query.classes:
        yield "class", f"{name}: {'; '.join(', '.join(keys) for keys in query.searched)}"
    for section in query.sections:
        yield "section", f"{section.section}: {section.reason}"
    for name, values in (("patient", query.populations), ("route", query.routes), ("unknown", query.unresolved)):
        if values:
            yield name, ", ".join(values)
    for word, names in query.lookalikes.items():
        yield "unknown", f"{word}: {' or '.join(names)}?"


def _why(why: Explanation) -> RenderableType:
    """The sum that ends in the score: ranks, what the rules multiply, each rule's factor with its reason."""
    table = Table.grid(padding=(0, 2))
    ranks = ", ".join(f"{name.replace('_', ' ')} {place}" for name, place in why.ranks.items())
    table.add_row(text(f"{why.fused:.4g}", "dim"), text(f"fused from the places: {ranks}", "dim"))
    if why.base != why.fused:
        given = "it was not read" if why.rerank is None else f"the reranker gave it {why.rerank:.2f}"
        table.add_row(text(f"{why.base:.4g}", "dim"), text(f"instead, as {given}", "dim"))
    if why.section is not None:
        table.add_row(text(f"{why.section:.0%}", "dim"), text("probable that this section is asked for", "dim"))
    for rule in why.rules:
        table.add_row(text(f"× {rule.factor:.3g}", "dim"), text(f"{rule.name}: {rule.reason}", "dim"))
    table.add_row(text(f"= {why.score:.4g}", "dim"), "")
    return table


def duplicated(result: Duplicates) -> RenderableType:
    """Counts of each kind of section, the largest groups of equal texts, and sentences that differ."""
    return Group(*_duplicated(result))


def _duplicated(result: Duplicates) -> Iterator[RenderableType]:
    yield Wrapped(f"{result.labels} labels, each in its newest version", "bold")
    names = ("texts", "distinct", "groups", "in_groups", "near", "in_near")
    heads = ("texts", "distinct", "equal: groups", "labels", "other figures: groups", "texts")
    counts = Table(Column("section", overflow="fold"), *heads, box=SIMPLE)
    for one in result.sections[:ROWS]:
        counts.add_row(text(one.section), *(str(getattr(one, name)) for name in names))
    yield counts
    for group in result.largest:
        drugs = ", ".join(group.drugs[:3]) + (f" and {len(group.drugs) - 3} more" if len(group.drugs) > 3 else "")
        made = f" of {group.labelers} labelers" if group.labelers else ""
        yield Wrapped(f"{group.labels} labels{made} agree: {group.section} of {drugs or 'unknown drugs'}")
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(result.differing.items()))
    yield Wrapped(
        f"{result.sentences} sentences stand in two labels of a drug or more; {result.agreeing} are equal in all, "
        f"{sum(result.differing.values())} differ ({kinds or 'none'})"
    )
    for item in result.examples:
        yield Wrapped(f"{item.kind}: {item.drug}, {item.section}, {item.labels} labels", "bold")
        for document, said in zip(item.documents, item.texts, strict=True):
            yield Wrapped(f"{document}: {said}", first="  ")


def pairs(rows: Iterable[tuple[str, object]]) -> RenderableType:
    """Names and values."""
    listed = list(rows)
    width = max((len(name) for name, _ in listed), default=0)
    return Group(*(Wrapped(str(value), first=f"{name:<{width}}  ") for name, value in listed))


def held(counts: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What a store or index holds, as names and values; counts by kind a row each."""
    for name, value in counts.items():
        if isinstance(value, Mapping):
            yield name, sum(value.values())
            yield from ((f"  {kind}", number) for kind, number in value.items())
        else:
            yield name, value


def measured(result: Measured) -> RenderableType:
    """A benchmark's figures."""
    table = Table("route", "concurrency", "requests", "p50 ms", "p95 ms", "per second")
    for row in result.latencies:
        table.add_row(*_latency(row))
    started = "running before" if result.start_to_ready_s is None else f"{result.start_to_ready_s:.1f} s"
    memory = "unknown" if result.resident_mib is None else f"{result.resident_mib:.0f} MiB"
    facts = [("passages", result.passages), ("start to ready", started), ("resident memory", memory)]
    return Group(pairs(facts), table)


def _latency(row: Latency) -> list[str]:
    figures = (row.p50_ms, row.p95_ms, row.per_second)
    return [row.route, str(row.concurrency), str(row.requests), *(f"{figure:.1f}" for figure in figures)]
