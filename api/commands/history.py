"""The commands that look back: versions of a work, what changed between two, answers whose sources changed since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import console

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rag.history.recall import Recalled
    from rag.history.versions import SectionDiff, Version, WorkDiff

Work = Annotated[str, typer.Argument(help="The set_id of a label, the PMID of a paper.")]


def versions(work_id: Work, json: console.Json = False) -> None:
    """List every version of a label or paper, the oldest first, with the dates between which it was in force."""
    from rag.history.versions import versions_of

    with console.store(console.settings()) as store:
        found = versions_of(store, work_id)
    console.write_json(found) if json else console.show(_versions(found.versions))


def diff(
    work_id: Work,
    start: Annotated[
        str | None, typer.Option("--from", help="Version, document id or date [default: the one before --to].")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Version, document id or date [default: the last one].")
    ] = None,
    section: Annotated[str | None, typer.Option(help="Only this section, by its slug.")] = None,
    json: console.Json = False,
) -> None:
    """Show what changed between two versions of a label or paper, sentence by sentence.

    --from and --to take a version, a document id, or a date: what was in force on it.
    """
    from rag.history.versions import diff_of

    with console.store(console.settings()) as store:
        found = diff_of(store, work_id, start, end, section)
    console.write_json(found) if json else console.show(_diff(found))


def recall(
    since: Annotated[str | None, typer.Option(help="Only answers given from this date on, like 2015-01-31.")] = None,
    json: console.Json = False,
) -> None:
    """List the kept answers that cite what was retracted, put under concern, corrected or replaced since.

    Exits with 1 where there are any, else with 0.
    """
    from datetime import date

    from rag.history.recall import recalled

    try:
        day = date.fromisoformat(since) if since else None
    except ValueError as error:
        raise typer.BadParameter(f"{since!r} is no date like 2015-01-31", param_hint="--since") from error
    with console.store(console.settings()) as store:
        found = list(recalled(store.answers(day), store.documents))
    console.write_json(found) if json else console.show(_recalled(found))
    if found:
        raise typer.Exit(1)


def _versions(found: tuple[Version, ...]) -> RenderableType:
    from rich.console import Group

    from api.commands.render import Wrapped

    lines: list[RenderableType] = []
    for one in found:
        held = f"{one.sections} section" + ("" if one.sections == 1 else "s")
        told = (f"version {one.version}: {_force(one)}", held, _marks(one), one.document_id)
        lines.append(Wrapped(" · ".join(filter(None, told))))
    return Group(*lines)


def _force(version: Version) -> str:
    """When it was in force; its last day is the one before it was replaced, so that one may have none."""
    since, until = version.since, version.superseded_on
    if since is not None and since == until:
        return f"of {since}, replaced on the same day"
    return " ".join(["in force", *([f"from {since}"] if since else []), *([f"until {until}"] if until else [])])


def _marks(version: Version) -> str:
    flags = ("retracted", "expression_of_concern", "corrected", "editorial")
    others = (mark.kind for mark in version.marks if mark.kind in {"update", "reinstatement"})
    told = [*(flag.replace("_", " ") for flag in flags if getattr(version, flag)), *others]
    return ", ".join(dict.fromkeys(told))


def _diff(found: WorkDiff) -> RenderableType:
    from rich.console import Group

    from api.commands.render import Wrapped

    sides = [f"{one.version} ({one.since or 'undated'})" for one in (found.before, found.after)]
    shown = [part for section in found.sections if section.edits for part in _section(section)]
    return Group(Wrapped(f"version {' → '.join(sides)}: {_counts(found)}", "bold"), *shown)


def _counts(found: WorkDiff | SectionDiff) -> str:
    names = ("unchanged", "changed", "removed", "added", "moved")
    return ", ".join(f"{getattr(found, name)} {name}" for name in names)


def _section(found: SectionDiff) -> Iterator[RenderableType]:
    from api.commands.render import Wrapped

    state = "" if found.state == "changed" else f" {found.state}:"
    yield Wrapped(f"\n{found.slug}:{state} {_counts(found)}", "bold")
    for edit in found.edits:
        if edit.kind == "moved":
            continue
        if edit.before:
            yield Wrapped(f"- {edit.before.text}", "red")
        if edit.after:
            yield Wrapped(f"+ {edit.after.text}", "green")
        if edit.numbers_before or edit.numbers_after:
            sides = (", ".join(numbers) or "none" for numbers in (edit.numbers_before, edit.numbers_after))
            yield Wrapped(f"  numbers: {' → '.join(sides)}", "bold yellow")


def _recalled(found: list[Recalled]) -> RenderableType:
    from rich.console import Group

    from api.commands.render import Wrapped

    lines: list[RenderableType] = []
    for one in found:
        lines.append(Wrapped(f"{one.answered[:10]} · answer {one.answer_id} · {one.question}", "bold"))
        for event in one.events:
            when = f" on {event.on}" if event.on else ""
            said = f" ({event.by})" if event.by else ""
            told = f"{event.what.replace('_', ' ')}{when}{said}"
            lines.append(Wrapped(f"   [{event.number}] {event.document_id}: {told}: {event.title}"))
    return Group(*(lines or ["No kept answer cites what has changed since."]))
