"""Rows of tables as typed fields: what the header says a cell is, read where it can be read, else left as text.

Nothing is guessed: a figure counts where its unit stands beside it or in the header; what a column is, its header
says, or in tables of interactions the first cell ("Clinical Impact:"), under the heading of the rows' group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from ingest.parse.tables import render_row
from ingest.schema import Table
from rag.checks.measures import Measure, frequencies, measures
from rag.tables.columns import Role, key_of, role_of
from rag.tables.ranges import FOOTNOTE, RENAL, Range, age_range, is_rate, rate, weight_range, with_unit

RowKind = Literal["dose", "interaction", "adverse_reaction", "other"]


@dataclass(frozen=True, slots=True)
class Dose:
    """An amount as written (``text``), its figures in its ``unit``, and how often, as `rag.checks.measures.Frequency`
    says.

    ``column``: the header above it. ``renal``: for which kidney function, where the head of its column says so.
    """

    text: str
    low: float
    high: float
    unit: str
    frequency: str = ""
    renal: Range | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """How many percent of an arm of a trial (as its column is headed); ``bound``: "<" where the table says fewer."""

    arm: str
    percent: float
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A row's typed fields; ``partner``: what the drug interacts with. ``rest``: (header, cell) of all other cells."""

    kind: RowKind
    partner: str = ""
    effect: str = ""
    recommendation: str = ""
    population: str = ""
    reaction: str = ""
    renal: Range | None = None
    age: Range | None = None
    weight: Range | None = None
    doses: tuple[Dose, ...] = ()
    shares: tuple[Share, ...] = ()
    rest: tuple[tuple[str, str], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it says what a row of its kind is for: what to do or expect, and with what or whom."""
        if self.kind == "interaction":
            return bool(self.partner and (self.effect or self.recommendation))
        if self.kind == "dose":
            arms = any(one.renal for one in self.doses)
            who = self.renal or self.age or self.weight or self.population or arms
            return bool(who and (self.doses or self.recommendation))
        return self.kind == "adverse_reaction" and bool(self.reaction and self.shares)


@dataclass(frozen=True, slots=True)
class TableRow:
    """The row of a table that a quotation is: ``number`` from 1 in the table of this caption; ``cells`` by ``header``.

    ``group``: the heading above it that fills a row. ``header`` is empty where the table has none.
    """

    table: str
    number: int
    group: str
    header: tuple[str, ...]
    cells: tuple[str, ...]
    reading: Reading


def row_at(tables: Sequence[Table], start: int, end: int, slug: str) -> TableRow | None:
    """The row whose line has the span of a section's text; None where it is in none or in several.

    What to do about an effect (the row "Intervention:" below "Clinical Impact:") belongs to the row of that effect.
    """
    for table in tables:
        if not table.start <= start < end <= table.end:
            continue
        lines = _lines(table)
        number = next((number for number, (low, high) in enumerate(lines) if low <= start < high), None)
        if number is None:
            continue
        reading = read(table, number, slug)
        if end > lines[number][1]:
            below = _below(table, number)
            if not below or not lines[below][0] < end <= lines[below][1]:
                return None
            reading = replace(reading, recommendation=read(table, below, slug).recommendation)
        return TableRow(table.caption, number + 1, _group(table, number), table.header, table.rows[number], reading)
    return None


def _lines(table: Table) -> list[tuple[int, int]]:
    """Where the line of each row begins and ends."""
    lengths = [len(render_row(table.header, row)) for row in table.rows]
    places = accumulate((length + 1 for length in lengths), initial=table.start)
    return [(at, at + length) for at, length in zip(places, lengths, strict=False)]


def _below(table: Table, number: int) -> int | None:
    """The row that says what to do about the effect that row ``number`` tells: the next one of several cells."""
    after = next((place for place in range(number + 1, len(table.rows)) if len(table.rows[place]) > 1), None)
    advises = after is not None and key_of(table.rows[after]) == "recommendation"
    return after if advises and key_of(table.rows[number]) == "effect" else None


def read(table: Table, number: int, slug: str = "") -> Reading:
    """The typed fields of row ``number`` (from 0) of a table in the section ``slug``.

    Where its first cell is empty, that of the row above is its own too.
    """
    row = _filled(table, number)
    table = replace(table, rows=(*table.rows[:number], row, *table.rows[number + 1 :]))
    if _is_heading(row):
        return Reading("other", rest=(("", row[0]),))
    header = (*table.header, *[""] * (len(row) - len(table.header)))
    roles = [role_of(name) for name in header]
    kind = _kind(table, roles, number, slug)
    if kind == "interaction":
        return _interaction(row, header, roles, _group(table, number))
    if kind == "dose":
        return _dosing(table, number, header, roles)
    if kind == "adverse_reaction":
        return _reaction(row, header, table.caption)
    return Reading("other", rest=_named(header, row))


def _filled(table: Table, number: int) -> tuple[str, ...]:
    """A row without a first cell with that of the one above it; not in a table without header, where it may be one."""
    row = table.rows[number]
    if len(row) < 2 or row[0] or not any(row) or not any(table.header):
        return row
    above = next((other for other in reversed(table.rows[:number]) if other[0]), ())
    told = len(above) == len(row) and any(above[1:]) and not _is_heading(above)
    return (above[0], *row[1:]) if told else row


_AMOUNT = re.compile(
    r"(?:mcg|mg|g|kg|mEq|mmol|unit|tablet|capsule|mL|drop|puff|spray|patch|vial|inhalation|lozenge|suppository|cGy)(?:/|$)"
)
_NOTHING = re.compile(r"[\W_]*(?:n/?a|none)?[\W_]*", re.IGNORECASE)


def _kind(table: Table, roles: Sequence[Role], number: int, slug: str) -> RowKind:
    row = table.rows[number]
    section = slug.split(".", maxsplit=1)[0]
    told = {role for role in roles if role != "text"}
    if key_of(row) or ("with" in told and told & {"effect", "recommendation", "dose"} and "arm" not in told):
        return "interaction"
    if section == "drug_interactions" and told & {"with"} and len(row) > 1:
        return "interaction"
    if section == "adverse_reactions":
        return "adverse_reaction" if "arm" in told or re.search(r"%|percent", table.caption, re.IGNORECASE) else "other"
    if "dose" in told or told & {"renal", "age", "weight"} or _arms(table, number):
        return "dose"
    if section == "dosage_and_administration" and "recommendation" in told:
        return "dose"
    of_harm = re.search(r"adverse|side effect|toxicit", " ".join((table.caption, *table.header)), re.IGNORECASE)
    return "adverse_reaction" if "arm" in told and of_harm else "other"


def _is_heading(row: Sequence[str]) -> bool:
    return len(row) > 1 and bool(row[0]) and all(cell == row[0] for cell in row)


def _group(table: Table, number: int) -> str:
    """The heading above a row, be it a row or the only words of the header; empty where there is none."""
    above = (row[0] for row in reversed(table.rows[:number]) if _is_heading(row))
    headed = set(filter(None, table.header)) if len(table.header) > 1 else set()
    return next(above, headed.pop() if len(headed) == 1 and len(set(table.header[:2])) == 1 else "")


def _named(header: Sequence[str], row: Sequence[str], taken: Sequence[int] = ()) -> tuple[tuple[str, str], ...]:
    pairs = enumerate(zip(header, row, strict=False))
    return tuple((name, cell) for place, (name, cell) in pairs if cell and place not in taken)


def _joined(row: Sequence[str], places: Sequence[int]) -> str:
    return " ".join(dict.fromkeys(row[place] for place in places if not _NOTHING.fullmatch(row[place])))


def _interaction(row: Sequence[str], header: Sequence[str], roles: Sequence[Role], group: str) -> Reading:
    if field := key_of(row):
        told = " ".join(dict.fromkeys(row[1:]))
        partner = ", ".join(filter(None, [group, told])) if field == "partner" else group
        effect, advice = (told if field == name else "" for name in ("effect", "recommendation"))
        return Reading("interaction", partner, effect, advice)
    places = {role: [place for place, one in enumerate(roles) if one == role] for role in set(roles)}
    partners, effects = places.get("with", []), places.get("effect", [])
    advice_at = [*places.get("recommendation", []), *places.get("dose", [])]
    taken = [*partners, *effects, *advice_at]
    named = _joined(row, partners) or group
    return Reading(
        "interaction", named, _joined(row, effects), _joined(row, advice_at), rest=_named(header, row, taken)
    )


_BARE = re.compile(r"\s*\d+(?:[.,]\d+)*\s*")


def _arms(table: Table, number: int) -> dict[int, Range]:
    """Columns for one kidney function each: their head says so, or a row above that has nothing else."""
    found = {place: one for place, name in enumerate(table.header) if place and (one := rate(name, ""))}
    for row in table.rows[:number]:
        # a dose beside a range ("30 to 50 mL/min | 250") is no head: every other cell must be a range in words
        heads = {place: rate(cell, row[0]) for place, cell in enumerate(row) if place and not _BARE.fullmatch(cell)}
        if RENAL.search(row[0]) and len(heads) == len(row) - 1 and all(heads.values()):
            found |= {place: one for place, one in heads.items() if one}
    return found


def _dosing(table: Table, number: int, header: Sequence[str], roles: Sequence[Role]) -> Reading:
    """Ranges from the columns that are headed so, or from the first where its own words say so; then the doses."""
    row, caption, arms = table.rows[number], table.caption, _arms(table, number)
    renal = _first(row, roles, "renal", lambda place: rate(row[place], f"{header[place]} {caption}"), arms)
    if not renal and not arms and roles[0] not in {"dose", "renal"} and RENAL.search(f"{header[0]} {row[0]} {caption}"):
        renal = {0: found} if (found := rate(row[0], "")) else {}
    age = _first(row, roles, "age", lambda place: age_range(row[place], header[place]), arms)
    weight = _first(row, roles, "weight", lambda place: weight_range(row[place], header[place]), arms)
    often = " ".join(_interval(row[place], header[place]) for place, one in enumerate(roles) if one == "frequency")
    taken = [*renal, *age, *weight]
    doses: list[Dose] = []
    advice: list[str] = []
    for place, one in enumerate(roles):
        if place in taken or not (one in {"dose", "recommendation"} or place in arms):
            continue
        amounts = list(_doses(row[place], header[place], often, arms.get(place)))
        doses += amounts
        told = not arms and _says_more(row[place], amounts)
        advice += [row[place]] if told else []
        taken += [place] if amounts or told else []
    if not doses and not _NOTHING.fullmatch(often):
        advice.append(often)
    taken += [place for place, one in enumerate(roles) if one == "frequency"]
    known = {roles[place] for place in (*renal, *age, *weight)}
    who = [place for place, one in enumerate(roles) if one in {"population", "renal", "age", "weight"} - known]
    who = [place for place in ([0] if not who and roles[0] == "text" else who) if place not in taken]
    return Reading(
        "dose",
        recommendation=" ".join(dict.fromkeys(advice)),
        population=_joined(row, [place for place in who if _WORD.search(row[place])]),
        renal=next(iter(renal.values()), None),
        age=next(iter(age.values()), None),
        weight=next(iter(weight.values()), None),
        doses=tuple(dict.fromkeys(doses)),
        rest=_named(header, row, [*taken, *who]),
    )


def _says_more(cell: str, doses: Sequence[Dose]) -> bool:
    """Whether a cell has other words than amounts, how often and by which route: "not to exceed 1 g" is advice too."""
    rest = cell
    for one in reversed(frequencies(cell)):
        rest = f"{rest[: one.start]} {rest[one.end :]}"
    for dose in doses:
        rest = rest.replace(dose.text, " ")
    return _WORD.search(_ROUTES.sub(" ", rest)) is not None and not _NOTHING.fullmatch(cell)


_WORD = re.compile(r"[^\W\d_]{2}")
_ROUTES = re.compile(
    r"\b(?:oral(?:ly)?|intravenous(?:ly)?|iv|by mouth|tablets?|capsules?|dose|single|to|or|and|as)\b", re.IGNORECASE
)


def _first(
    row: Sequence[str],
    roles: Sequence[Role],
    role: Role,
    reader: Callable[[int], Range | None],
    not_at: Collection[int],
) -> dict[int, Range]:
    """The place and the range of the first cell of this role that is one."""
    places = (place for place in range(len(row)) if roles[place] == role and place not in not_at)
    return next(({place: found} for place in places if (found := reader(place))), {})


def _interval(cell: str, header: str) -> str:
    """How often a column headed "Dosing Interval (hours)" says: "12" is every 12 hours."""
    plain = FOOTNOTE.sub("", cell).strip()
    hours = re.search(r"\bhours?\b|\bhrs?\b", header, re.IGNORECASE)
    return f"every {plain} hours" if hours and re.fullmatch(r"\d{1,2}", plain) else plain


def _doses(cell: str, header: str, often: str, renal: Range | None) -> Iterator[Dose]:
    """The amounts of a cell, each with the frequency that follows it, or that of the row's frequency column."""
    text = with_unit(cell, header)
    amounts = [one for one in measures(text) if one.unit and _is_amount(one, header)]
    times = frequencies(text)
    column = [one.value for one in frequencies(often)] or [one.value for one in frequencies(header)]
    for place, one in enumerate(amounts):
        end = amounts[place + 1].start if place + 1 < len(amounts) else len(text)
        own = next((time.value for time in times if one.end <= time.start < end), "")
        written = text[one.start : one.end]
        scale = one.said / one.low if one.low and one.said else 1
        yield Dose(
            written, float(one.low * scale), float(one.high * scale), _unit_of(written) or one.unit,
            own or (column[0] if len(column) == 1 else ""), renal, header,
        )  # fmt: skip


def _is_amount(one: Measure, header: str) -> bool:
    """Whether a measure is a dose: an amount of a drug, or a share of the usual dose where the header says so."""
    return (_AMOUNT.match(one.unit) is not None and not is_rate(one)) or (one.unit == "%" and "(%)" in header)


def _unit_of(written: str) -> str:
    """What follows the last number that is not itself below a stroke: "mg/5 mL" of "5 to 10 mg/5 mL"."""
    numbered = re.match(r".*(?<![/\d.,])(?<!per )\d[\d.,]*[\s-]?(?P<unit>[^\W\d].*|%)$", written)
    return numbered["unit"] if numbered else written.rpartition(" ")[2] if " " in written else ""


_PERCENT = re.compile(r"(?P<bound>[<>≤≥]?)\s?(?P<value>\d{1,3}(?:\.\d+)?)\s?(?P<sign>%?)")
_COUNTED = re.compile(r"\s?[\d,]+\s?\(\s?(?P<bound>[<>≤≥]?)\s?(?P<value>\d{1,3}(?:\.\d+)?)\s?(?P<sign>%?)\s?\)\s?")


def _reaction(row: Sequence[str], header: Sequence[str], caption: str) -> Reading:
    """The reaction in the first column, and of each other column the percentage, where a % sign says that it is one."""
    shares: list[Share] = []
    taken = [0]
    for place in range(1, len(row)):
        cell = FOOTNOTE.sub("", row[place]).strip()
        match = _COUNTED.fullmatch(cell) or _PERCENT.fullmatch(cell)
        headed = re.search(r"%|percent", f"{header[place]} {caption}", re.IGNORECASE)
        counted = match is not None and "(" in cell
        if match and (
            match["sign"] or (headed and (counted or not re.search(r"\bn\s?\(\s?%", header[place], re.IGNORECASE)))
        ):
            value = float(match["value"])
            if value <= 100:
                shares.append(Share(header[place], value, match["bound"]))
                taken.append(place)
    return Reading("adverse_reaction", reaction=row[0], shares=tuple(shares), rest=_named(header, row, taken))
