"""The narrative markup of SPL (``paragraph``, ``list``, ``table``, ``sup``, ``footnote``) as lines and tables.

openFDA's table fields hold the same markup in an HTML dress, so both label parsers read it here.
Source: HL7 v3 Structured Product Labeling, FDA implementation guide, section "Text content".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lxml.etree import _Element

from ingest.parse.tables import Block, Grid, local, read_table, text_of
from ingest.parse.text import clean, tidy

_SUPERSCRIPT = str.maketrans("0123456789+-−–()abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_RAISED = re.compile(r"[-+−–]?\d+[-+−–]?|\(?[a-pr-z]\)?(?:, ?[a-pr-z])*|[-+−–]")
_MARKS = "*†‡§¶#"
_WRAPPERS = frozenset({"paragraph", "content"})
_PARAGRAPHS = frozenset({"paragraph", "p", "text", "title", "list", "div", "caption", "br"})


@dataclass(slots=True)
class _Notes:
    """The footnotes of one table or paragraph, marked as DailyMed marks them: ``* † ‡ § ¶ #``, then doubled."""

    lines: list[str] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)

    def add(self, element: _Element) -> str:
        """Keeps the footnote and gives its mark."""
        number = len(self.lines)
        mark = _MARKS[number % len(_MARKS)] * (number // len(_MARKS) + 1)
        self.marks[element.get("ID") or element.get("id") or ""] = mark
        self.lines.append(f"{mark} {tidy(clean(text_of(element)))}")
        return mark


@dataclass(slots=True)
class _Writer:
    """Gathers inline text and closes it as a line where a paragraph ends."""

    notes: _Notes = field(default_factory=_Notes)
    blocks: list[Block] = field(default_factory=list)
    run: list[str] = field(default_factory=list)
    prefix: str = ""

    def flush(self) -> None:
        """Ends the current line."""
        line = tidy(clean("".join(self.run)))
        self.run.clear()
        if line:
            self.blocks.append(line if line.startswith(self.prefix.strip() or "\n") else self.prefix + line)
            self.prefix = ""

    def inline(self, text: str | None) -> None:
        """Adds text to the current line."""
        if text:
            self.run.append(text)


def blocks(element: _Element) -> list[Block]:
    """The lines and tables of a ``text``, ``title`` or ``caption`` element, in reading order; footnotes at the end."""
    writer = _Writer()
    _walk(element, writer)
    writer.flush()
    return [*writer.blocks, *writer.notes.lines]


def grid(table: _Element) -> Grid | None:
    """The table with its footnotes as notes; None if it has no text."""
    notes = _Notes()

    def read_lines(part: _Element) -> Sequence[str]:
        if plain := _plain(part):
            return _polished(plain)
        writer = _Writer(notes)
        _walk(part, writer)
        writer.flush()
        return [line for block in writer.blocks for line in ([block] if isinstance(block, str) else _flat(block))]

    read = read_table(table, read_lines)
    return replace(read, notes=(*read.notes, *notes.lines)) if read else None


@lru_cache(maxsize=1 << 14)
def _polished(text: str) -> tuple[str, ...]:
    """The line of a plain cell. Cached, for the cells of a label are mostly the same few numbers and words."""
    line = tidy(clean(text))
    return (line,) if line else ()


def _plain(cell: _Element) -> str:
    """The text of a cell that holds nothing but one run of it, as most do; else nothing."""
    while len(cell) == 1 and not (cell.text and cell.text.strip()):
        inner = cell[0]
        if local(inner) not in _WRAPPERS or (inner.tail and inner.tail.strip()):
            break
        cell = inner
    return cell.text or "" if len(cell) == 0 else ""


def line(element: _Element | None) -> str:
    """All text of the element on one line."""
    if element is None:
        return ""
    return " ".join(line for block in blocks(element) for line in ([block] if isinstance(block, str) else _flat(block)))


def _flat(table: Grid) -> list[str]:
    return [line for line in (table.caption, *table.lines(), *table.notes) if line]


def _walk(element: _Element, writer: _Writer) -> None:
    writer.inline(element.text)
    for number, child in enumerate(element, 1):
        _one(local(child), child, number, writer)
        writer.inline(child.tail)


def _one(name: str, child: _Element, number: int, writer: _Writer) -> None:
    if name in _PARAGRAPHS:
        writer.flush()
        _walk(child, writer)
        writer.flush()
    elif name == "item":
        _item(child, number, writer)
    elif name == "table":
        writer.flush()
        table = grid(child)
        if table:
            writer.blocks.append(table)
    elif name == "sup":
        writer.inline(_raised(child) if len(child) == 0 else None)
        if len(child):
            _walk(child, writer)
    elif name == "footnote":
        writer.inline(writer.notes.add(child))
    elif name == "footnoteref":
        writer.inline(writer.notes.marks.get(child.get("IDREF") or child.get("idref") or "", ""))
    elif name:
        _walk(child, writer)


def _item(item: _Element, number: int, writer: _Writer) -> None:
    parent = item.getparent()
    ordered = parent is not None and (parent.get("listType") or parent.get("listtype")) == "ordered"
    writer.flush()
    caption = next((child for child in item if local(child) == "caption"), None)
    writer.prefix = "" if caption is not None else f"{number}. " if ordered else "• "
    _walk(item, writer)
    writer.flush()
    writer.prefix = ""


def _raised(element: _Element) -> str:
    """Superscript text: exponents and marks as superscript characters, ``°`` for a raised ring, words as they are."""
    source = element.text or ""
    before, text, after = source[: len(source) - len(source.lstrip())], clean(source), source[len(source.rstrip()) :]
    return f"{before}{superscript(text)}{after}" if text else source


def superscript(text: str) -> str:
    """A raised text as superscript characters where they say the same, ``°`` for a raised ring, words as they are."""
    if text in {"o", "O", "º", "°"}:
        return "°"
    if _RAISED.fullmatch(text):
        return text.translate(_SUPERSCRIPT)
    return f"^{text}" if re.match(r"[-−–]?\d", text) else text
