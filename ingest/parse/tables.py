"""Tables of labels (SPL XML or openFDA's HTML) as a caption, a header and rows, and rows as lines of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest

from lxml.etree import _Element, tostring

from ingest.errors import LimitError
from ingest.schema import Table

MAX_SPAN = 200
"""Columns or rows that one cell may span; a larger number in the source is a mistake and counts as this."""

MAX_CELLS = 500_000
MAX_CHARACTERS = 16_000_000
"""Of one table, written out: spans repeat cells, every row repeats the header; a small file could fill the memory."""

_SHARED = 24  # a shorter cell is repeated: "Dose: 20; N: 20" reads better than "Dose / N: 20"
_CELLS = frozenset({"td", "th"})
_LONGEST_HEADER = 80
_TITLE = re.compile(r"table\b", re.IGNORECASE)
_DATUM = re.compile(r"[\d<>≤≥±+−–—↑↓↔•*-]|NDC|N/?A\b|None\b|Yes\b|No\b")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its spans resolved. ``rows`` have one text per column; ``notes`` are lines that follow it."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many characters its rows have at most, written out."""
        return len(self.rows) * (sum(map(len, self.header)) + 1) + sum(sum(map(len, row)) for row in self.rows)

    def lines(self) -> list[str]:
        """The rows as text, one line each."""
        return [render_row(self.header, row) for row in self.rows]


Block = str | Grid
"""What a section's text consists of: lines and tables."""


@dataclass(slots=True)
class _Cell:
    element: _Element
    lines: Sequence[str]
    rows: int

    @property
    def text(self) -> str:
        return " ".join(self.lines) if len(self.lines) != 1 else self.lines[0]


def render_row(header: Sequence[str], row: Sequence[str]) -> str:
    """One row as a line: ``Header 1: cell; Header 2: cell``. A group's heading that fills the row stands alone.

    Equal long neighbours (a cell that spans columns) share one text: ``Header 1 / Header 2: cell``.
    """
    if len(row) > 1 and row[0] and all(cell == row[0] for cell in row):
        return row[0]
    parts: list[tuple[str, str]] = []
    previous = ""
    for name, cell in zip_longest(header, row, fillvalue=""):
        if len(cell) > _SHARED and cell == previous:
            above = parts[-1][0]
            parts[-1] = (f"{above} / {name}" if above and name not in {"", above} else above or name, cell)
        elif cell:
            parts.append((name, cell))
        previous = cell
    return "; ".join(f"{name.removesuffix(':')}: {cell}" if name else cell for name, cell in parts).replace(":; ", ": ")


def assemble(blocks: Sequence[Block]) -> tuple[str, tuple[Table, ...]]:
    """Lines and tables as one text, and where the rows of each table stand in it."""
    lines: list[str] = []
    tables: list[Table] = []
    length = 0
    for block in blocks:
        if isinstance(block, str):
            lines.append(block)
            length += len(block) + 1
            continue
        before = [block.caption] if block.caption else []
        rows = block.lines()
        start = length + sum(len(line) + 1 for line in before)
        end = start + sum(len(line) + 1 for line in rows) - 1
        tables.append(Table(block.caption, block.header, block.rows, start, end))
        lines += [*before, *rows, *block.notes]
        length = end + 1 + sum(len(line) + 1 for line in block.notes)
    return "\n".join(lines), tuple(tables)


def read_table(table: _Element, read_lines: Callable[[_Element], Sequence[str]]) -> Grid | None:
    """The table as a grid; None if it has no text. ``read_lines`` gives the lines of text of a cell or caption.

    A title that fills the first rows joins the caption. Without a ``thead``, the first rows are the header if they
    look like one. A table of one column is layout: each line of its cells is a row. Raises LimitError above
    ``MAX_CHARACTERS``.
    """
    captions = [line for part in table if local(part) == "caption" for line in read_lines(part)]
    top, rows = _resolved(table, "thead", read_lines), _resolved(table, "tbody", read_lines)
    feet = [row for part in table if local(part) == "tfoot" for row in part]
    notes = [line for row in feet for line in _foot(row, read_lines) if line]
    if not top:
        split = _header_rows(rows)
        top, rows = rows[:split], rows[split:]
    top, rows = ([row for row in part if any(cell.lines for cell in row)] for part in (top, rows))
    if not rows:
        top, rows = [], top
    if _heads_a_group(captions, top, rows):
        top, rows = top[:-1], [top[-1], *rows]
    captions += [row[0].text for row in top if _spans(row)]
    top = [row for row in top if not _spans(row)]
    width = max(map(len, top + rows), default=0)
    content = [tuple(cell.text for cell in row) for row in rows]
    if width == 1:
        content = [(line,) for row in rows for line in row[0].lines]
    if not content:
        lines = tuple((line,) for line in (*captions, *notes))
        return Grid("", (), lines) if lines else None
    grid = Grid(" ".join(captions), _joined(top, width), tuple(content), tuple(notes))
    if grid.size > MAX_CHARACTERS:
        raise LimitError(f"a table of more than {MAX_CHARACTERS} characters, written out: its cells span too much")
    return grid


def text_of(element: _Element) -> str:
    """All text inside the element, as it stands in the source."""
    return str(tostring(element, method="text", encoding="unicode", with_tail=False))


def local(element: _Element) -> str:
    """The tag in lower case without its namespace; empty for comments and entities."""
    return _local(element.tag)


@lru_cache(maxsize=512)
def _local(tag: object) -> str:
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _spans(row: Sequence[_Cell]) -> bool:
    """Whether one cell fills the whole row: a title, or the heading of a group of rows."""
    return len(row) > 1 and bool(row[0].lines) and all(cell.element is row[0].element for cell in row)


def _heads_a_group(captions: Sequence[str], top: Sequence[Sequence[_Cell]], rows: Sequence[Sequence[_Cell]]) -> bool:
    """Whether the last row of a ``thead`` is the heading of the first group of rows, after the table's own title."""
    titled = bool(captions) or any(_spans(row) for row in top[:-1])
    heading = bool(top) and _spans(top[-1]) and not _TITLE.match(top[-1][0].text)
    return titled and heading and any(_spans(row) for row in rows)


def _header_rows(rows: Sequence[Sequence[_Cell]]) -> int:
    """How many of the first rows of a table without ``thead`` are titles or header."""
    titles = 0
    while titles < min(2, len(rows) - 1) and _is_title(rows, titles):
        titles += 1
    header = titles
    while header < min(titles + 2, len(rows) - 1) and _is_header(rows[header]):
        header += 1
    if header == titles and header < len(rows) - 1 and _names_columns(rows[header], rows[header + 1 :]):
        header += 1
    return header


def _is_title(rows: Sequence[Sequence[_Cell]], number: int) -> bool:
    """Whether the row is the table's title rather than the heading of its first group of rows."""
    if not _spans(rows[number]):
        return False
    grouped = any(_spans(row) for row in rows[number + 1 :])
    return not grouped or _is_header(rows[number + 1]) or bool(_TITLE.match(rows[number][0].text))


def _is_header(row: Sequence[_Cell]) -> bool:
    return not _spans(row) and any(cell.lines for cell in row) and all(_emphasised(cell) for cell in row)


def _emphasised(cell: _Cell) -> bool:
    """Whether the cell is a header cell, bold throughout, or empty."""
    if local(cell.element) == "th" or not cell.lines:
        return True
    bold = [part for part in cell.element.iter() if "bold" in _style(part)]
    return _packed(text_of(part) for part in bold) >= _packed(cell.lines)


def _style(element: _Element) -> str:
    return str(element.get("styleCode") or element.get("stylecode") or "").lower()


def _packed(parts: Iterable[str]) -> int:
    """How many characters without white space."""
    return sum(len("".join(part.split())) for part in parts)


def _names_columns(first: Sequence[_Cell], rest: Sequence[Sequence[_Cell]]) -> bool:
    """Whether a plain first row is a header: words that do not come again below, over at least one column of data.

    In doubt it is not: a row taken for a header would be put before every other row's words.
    """
    if len(first) < 2 or any(len(cell.text) > _LONGEST_HEADER or _DATUM.match(cell.text) for cell in first):
        return False
    data = False
    for number, cell in enumerate(first):
        below = [row[number].text for row in rest if number < len(row) and row[number].lines]
        if cell.lines and cell.text in below:
            return False
        data = data or (bool(cell.lines) and 2 * sum(bool(_DATUM.match(text)) for text in below) > max(1, len(below)))
    return data


def _joined(top: Sequence[Sequence[_Cell]], width: int) -> tuple[str, ...]:
    """The header rows as one: the different texts above each column, outermost first."""
    columns = ([row[number].text for row in top if number < len(row) and row[number].lines] for number in range(width))
    return tuple(", ".join(dict.fromkeys(texts)) for texts in columns) if top else ()


def _rows_of(table: _Element, part: str) -> Iterator[_Element]:
    """The rows of the head or body; rows without either count as body."""
    for child in table:
        name = local(child)
        if name == part:
            yield from (row for row in child if local(row) == "tr")
        elif name == "tr" and part == "tbody":
            yield child


def _foot(row: _Element, read_lines: Callable[[_Element], Sequence[str]]) -> list[str]:
    cells = [read_lines(cell) for cell in row if local(cell) in _CELLS]
    return list(cells[0]) if len(cells) == 1 else [" ".join(line for lines in cells for line in lines)]


def _number(value: str | None) -> int:
    if value is None or value == "1":
        return 1
    return min(int(value), MAX_SPAN) if value.isascii() and value.isdigit() and len(value) < 9 and int(value) > 0 else 1


def _resolved(table: _Element, part: str, read_lines: Callable[[_Element], Sequence[str]]) -> list[list[_Cell]]:
    """The rows of the head or body, each spanning cell repeated in every place that it covers."""
    rows: list[list[_Cell]] = []
    carried: dict[int, _Cell] = {}
    places = 0
    for element in _rows_of(table, part):
        row: list[_Cell] = []
        tall = False
        for cell in element:
            if cell.tag not in _CELLS and _local(cell.tag) not in _CELLS:
                continue
            if carried:
                _carry(row, carried)
            across, down = cell.get("colspan"), cell.get("rowspan")
            filled = _Cell(cell, read_lines(cell), _number(down))
            tall = tall or filled.rows > 1
            row += [filled] * _number(across)
        if carried or tall:
            _carry(row, carried)
            carried = {at: replace(cell, rows=cell.rows - 1) for at, cell in enumerate(row) if cell.rows > 1}
        rows.append(row)
        places += len(row)
        if places > MAX_CELLS:
            raise LimitError(f"a table of more than {MAX_CELLS} cells: they span too much")
    return rows


def _carry(row: list[_Cell], carried: dict[int, _Cell]) -> None:
    """Adds the cells that reach down from the row above at this place."""
    while carried and len(row) in carried:
        row.append(carried[len(row)])
