"""What answers are measured with beside the label questions: judged sentences, questions without an answer, swaps.

Data beside the question sets (``sentences.tsv``, ``unanswerable.toml``, ``swaps.toml``); what is absent is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from rag.errors import EvaluationError
from rag.evals.questions import Split, Text, content_of, side, split_of, valid

WhyNot = Literal["invented", "unknown", "absent", "outside", "underspecified"]
Row = TypeVar("Row", bound="_Row")
Spans = tuple[tuple[int, int, int], ...]
"""``start``, ``end`` in a section's text and the grade: 2 answers by itself, 1 is useful beside that, 0 neither."""
Grades = Mapping[str, Mapping[tuple[str, str], Spans]]
"""By question id, then by document id and section."""

SENTENCES, UNANSWERABLE, SWAPS = "sentences.tsv", "unanswerable.toml", "swaps.toml"
_SPAN = re.compile(r"(\d+)-(\d+):([012])")


@dataclass(frozen=True, slots=True)
class Unanswerable:
    """A question that the sources cannot answer: an invented or unknown drug, something that no label of the drug
    says, nothing on medicines, or too vague. ``drugs``: those that are held and that the text names."""

    id: str
    text: str
    kind: WhyNot
    drugs: tuple[str, ...]
    split: Split


@dataclass(frozen=True, slots=True)
class Swap:
    """The same question in words that differ only in what must not matter (``detail``: sex, name, ...)."""

    id: str
    detail: str
    variants: tuple[str, ...]
    split: Split


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Text


class _Unanswerable(_Row):
    text: Text
    kind: WhyNot
    drugs: tuple[Text, ...] = ()


class _Swap(_Row):
    detail: Text
    variants: Annotated[tuple[Text, ...], Field(min_length=2)]


def unanswerable(folder: Path) -> tuple[Unanswerable, ...]:
    """Those of ``[[unanswerable]]``; raises `EvaluationError`. Their half: `half`."""
    rows = _rows(folder / UNANSWERABLE, "unanswerable", _Unanswerable)
    return tuple(Unanswerable(split=half(row.id, row.drugs), **row.model_dump()) for row in rows)


def swaps(folder: Path) -> tuple[Swap, ...]:
    """Those of ``[[swap]]``; raises `EvaluationError`."""
    rows = _rows(folder / SWAPS, "swap", _Swap)
    return tuple(Swap(split=half(row.id, ()), **row.model_dump()) for row in rows)


def half(name: str, drugs: tuple[str, ...]) -> Split:
    """The half of the drugs that are named, as for label questions; of those that name none a checksum of the id."""
    return split_of(drugs) if drugs else side(name)


def _rows(path: Path, table: str, model: type[Row]) -> list[Row]:
    if not path.exists():
        return []
    _, content = content_of(path)
    listed: list[dict[str, Any]] = content.get(table, [])
    if set(content) != {table}:
        raise EvaluationError(f"{path}: has tables {sorted(content)}; there is [[{table}]] alone")
    rows = [valid(model, row, f"{path}: {table} {number}") for number, row in enumerate(listed, 1)]
    names = [row.id for row in rows]
    if len(set(names)) < len(names):
        raise EvaluationError(f"{path}: {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return rows


def grades(folder: Path) -> Grades:
    """The judged sentences by question; raises `EvaluationError` with the line."""
    path = folder / SENTENCES
    found: dict[str, dict[tuple[str, str], Spans]] = {}
    for number, line in _lines(path):
        cells = line.split("\t")
        spans = [_SPAN.fullmatch(cell) for cell in cells[-1].split()]
        if len(cells) != 4 or not spans or not all(spans):
            raise EvaluationError(f"{path}: line {number}: is not question, document, section and start-end:grade")
        places = found.setdefault(cells[0], {})
        read = tuple((int(span[1]), int(span[2]), int(span[3])) for span in spans if span)
        places[cells[1], cells[2]] = (*places.get((cells[1], cells[2]), ()), *read)
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    if not path.exists():
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}") from error
    yield from ((number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#"))
