"""Tables of real labels: a number with the units that the heads above and beside it name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.html
from lxml.etree import LxmlError, _Element

from corpora.checks.figures import NUMBER, fold, heads

_Cell = tuple[int, int, str]
"""First column, the one after its last, text."""


def columns(table: str) -> str:
    """The numbers of a table in HTML as "12.3 %; 4 mg/day": each with every unit that heads its column or row."""
    try:
        root = lxml.html.fromstring(table)
    except (LxmlError, ValueError):
        return ""
    return "; ".join(_measured(root))


def _measured(root: _Element) -> Iterator[str]:
    above: list[tuple[int, int, set[str]]] = []
    for row in _rows(root):
        beside = heads(row[0][2]) if row else set()
        for start, end, text in row:
            units = beside.union(*(units for left, right, units in above if left < end and start < right))
            yield from (f"{number} {unit}" for number in re.findall(NUMBER, fold(text)) for unit in sorted(units))
        above += [(start, end, units) for start, end, text in row if (units := heads(text))]


def _rows(root: _Element) -> Iterator[list[_Cell]]:
    """The cells of each row; a cell over several rows keeps its columns in those below."""
    taken: list[tuple[int, int, int]] = []  # first column, the one after the last, rows to go
    for row in root.iter("tr"):
        cells: list[_Cell] = []
        at = 0
        for cell in row.iterchildren("td", "th"):
            while covering := [end for start, end, _ in taken if start <= at < end]:
                at = max(covering)
            end = at + _span(cell, "colspan")
            cells.append((at, end, " ".join(" ".join(map(str, cell.itertext())).split())))
            taken.append((at, end, _span(cell, "rowspan")))
            at = end
        taken = [(start, end, left - 1) for start, end, left in taken if left > 1]
        yield cells


def _span(cell: _Element, name: str) -> int:
    written = cell.get(name) or ""
    return max(int(written), 1) if written.isdigit() else 1
