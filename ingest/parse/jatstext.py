"""The text of JATS: paragraphs, lists, tables, captions and formulas as lines, without the marks of references.

A mark of a reference ("[12]", a raised 12, "(Smith et al., 2010)") goes; what is a word of the sentence stays ("as
Smith, 2010, found"). Source: NISO Z39.96, Journal Archiving and Interchange Tag Set.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from lxml import etree
from lxml.etree import _Element

from ingest.errors import ParseError
from ingest.parse.narrative import superscript
from ingest.parse.tables import Block, Grid, read_table, text_of
from ingest.parse.text import clean, tidy

_REFERENCES = frozenset({"bibr", "ref"})
FORMULA = "[formula]"
"""Stands where a formula is only a picture."""

# Private characters mark a reference by number, one by name up to its end, and where one was taken out.
_REF, _NAMED, _END, _GONE = "\ue000", "\ue001", "\ue002", "\ue003"
_MARKS = re.compile(f"[{_REF}{_NAMED}{_END}{_GONE}]")
# Groups are possessive (``*+``): whatever the text, they are read once.
_NUMBER = re.compile(r"[\s\[(]*+(?:(?<!\d)\d{1,3}[a-z]?(?!\d)|[\s,;.–—▶-])*+[\])\s]*+")
_UNNUMBERED = re.compile(r"\[[\d,;–-]++\]\s*+$")
_MARK = rf"(?:{_REF}|{_GONE}|{_NAMED}[^{_NAMED}{_END}]*+{_END})"
_SEPARATOR = r"(?:[\s,;–—‐-]|and\b|&|e\.g\.,?|i\.e\.,?|cf\.?|see\b|also\b|reviewed\b|in\b|for\b|review\b|refs?\.)*+"
_BRACKETED = re.compile(
    rf"[\[(]{_SEPARATOR}(?:\d{{1,3}}{_SEPARATOR})?+{_MARK}(?:{_SEPARATOR}(?:\d{{1,3}}|{_MARK}))*+{_SEPARATOR}[\])]"
)
_NAME = r"(?:[A-Z][\w’'-]*+\.?|et|al\.?|and|&|v[ao]n|de[rnl]?|di|la|see|also|e\.g\.|cf\.?|for|reviewe?d?|in)"
_AUTHORS = re.compile(
    rf"[\[(](?:\s*+(?:{_NAME}[\s,]++){{0,12}}+{_NAMED}[^{_NAMED}{_END}]*+{_END}[a-z]?[\s,;]*+)++[\])]"
)
_BARE = re.compile(rf"{_REF}(?:\s*+[,;–—‐-]\s*+(?:{_REF}|\d{{1,3}}\b))*+")
_TWICE = re.compile(rf"\.\s*+{_GONE}++\s*+\.|,\s*+{_GONE}++\s*+(?=,)")
_TRAILING = re.compile(rf"[;,]\s*+{_GONE}++\s*+(?=[)\]])")
_CLOSED = re.compile(r"\d{1,3}\)")


@dataclass(slots=True)
class Writer:
    """Gathers inline text, closes it as a line where a paragraph ends; what floats follows its paragraph."""

    blocks: list[Block] = field(default_factory=list)
    run: list[str] = field(default_factory=list)
    floats: list[_Element] = field(default_factory=list)
    prefix: str = ""
    paragraphs: int = 0

    def flush(self) -> None:
        """Ends the current line."""
        if self.run:
            line = polished("".join(self.run))
            self.run.clear()
            if line:
                self.blocks.append(self.prefix + line)
                self.prefix = ""


def polished(text: str) -> str:
    """One clean line, without the marks of references."""
    text = _without_references(text) if _REF in text or _NAMED in text else clean(text)
    return tidy(text) if "( " in text or " )" in text else text


def _without_references(text: str) -> str:
    for _ in range(2):  # a bracket may stand in another: [see e.g. [1-4]]
        text = _BRACKETED.sub(_GONE, text)
    if _NAMED in text:
        text = _AUTHORS.sub(_GONE, text)
    text = _BARE.sub(_GONE, text)
    text = _TWICE.sub(lambda match: match[0][0], text)
    return tidy(clean(_MARKS.sub("", _TRAILING.sub("", text))))


@lru_cache(maxsize=1 << 14)
def _polished(text: str) -> tuple[str, ...]:
    """The line of a plain cell. Cached, for most cells are the same few numbers and words."""
    line = clean(text)
    return (line,) if line else ()


def line(element: _Element | None) -> str:
    """All text of the element on one line."""
    if element is None:
        return ""
    if len(element) == 0:
        return clean(element.text or "")
    return " ".join(lines(element))


def lines(element: _Element) -> list[str]:
    """The text of the element, line by line; tables as their rows."""
    writer = Writer()
    _walk(element, writer)
    writer.flush()
    _land(writer)
    return [line for block in writer.blocks for line in ([block] if isinstance(block, str) else _flat(block))]


def blocks(elements: Sequence[_Element]) -> list[Block]:
    """The lines and tables of what follows a section's title."""
    writer = Writer()
    for element in elements:
        _one(element, writer)
    writer.flush()
    _land(writer)
    return writer.blocks


def _flat(table: Grid) -> list[str]:
    return [line for line in (table.caption, *table.lines(), *table.notes) if line]


def _walk(element: _Element, writer: Writer) -> None:
    if element.text:
        writer.run.append(element.text)
    for child in element:
        _one(child, writer)
        if child.tail:
            writer.run.append(child.tail)


def _one(element: _Element, writer: Writer) -> None:
    handler = _HANDLERS.get(element.tag)
    if handler is not None:
        handler(element, writer)
    elif element.tag is etree.Entity:
        writer.run.append(_character(element))
    else:
        _walk(element, writer)


def _character(entity: _Element) -> str:
    """What a named entity stands for, where everyone knows it."""
    text = entity.text or ""
    if (character := html.unescape(text)) == text:
        raise ParseError(f"entity {text} is not expanded; its text would be lost")
    return character


def _paragraph(element: _Element, writer: Writer) -> None:
    writer.flush()
    writer.paragraphs += 1
    _walk(element, writer)
    writer.flush()
    writer.paragraphs -= 1
    _land(writer)


def _heading(element: _Element, writer: Writer) -> None:
    writer.flush()
    _walk(element, writer)
    writer.flush()


def _land(writer: Writer) -> None:
    """Writes the tables and figures that stood within the paragraph, once it is whole."""
    if writer.floats and not writer.paragraphs:
        floats, writer.floats = writer.floats, []
        for element in floats:
            _float(element, writer)


def _float(element: _Element, writer: Writer) -> None:
    if writer.paragraphs:
        writer.floats.append(element)
        return
    writer.flush()
    if element.tag == "table-wrap":
        _table_wrap(element, writer)
    else:
        caption = _caption(element)
        if caption:
            writer.blocks.append(caption)
        for child in element:
            if child.tag not in {"label", "caption"}:
                _one(child, writer)
                writer.flush()


def _caption(element: _Element) -> str:
    """``Figure 2. Title. Text``"""
    parts = [line(element.find("label"))]
    for caption in element.iterfind("caption"):
        parts += lines(caption)
    return " ".join(part if part[-1] in ".:?!" else f"{part}." for part in parts if part)


def _table_wrap(element: _Element, writer: Writer) -> None:
    caption = _caption(element)
    notes = tuple(note for foot in element.iterfind("table-wrap-foot") for note in lines(foot))
    tables = [table for path in ("table", "alternatives/table") for table in element.iterfind(path)]
    grids = [grid for table in tables if (grid := _grid(table))]
    if not grids:
        writer.blocks += [text for text in (caption, *notes) if text]
        return
    first = grids[0]
    grids[0] = replace(first, caption=" ".join(filter(None, (caption, first.caption))))
    grids[-1] = replace(grids[-1], notes=(*grids[-1].notes, *notes))
    writer.blocks += grids


def _grid(table: _Element) -> Grid | None:
    return read_table(table, _cell)


def _cell(element: _Element) -> Sequence[str]:
    if len(element) == 0:
        return _polished(element.text or "")
    return lines(element) or _polished(text_of(element))  # a reference alone says which study the row is about


def _table(element: _Element, writer: Writer) -> None:
    writer.flush()
    if grid := _grid(element):
        writer.blocks.append(grid)


def _list(element: _Element, writer: Writer) -> None:
    writer.flush()
    ordered = element.get("list-type") in {"order", "arabic", "number", "ordered"}
    for number, item in enumerate(element.iterfind("list-item"), 1):
        label = line(item.find("label"))
        writer.prefix = f"{label} " if label else f"{number}. " if ordered else "• "
        for child in item:
            if child.tag != "label":
                _one(child, writer)
        writer.flush()
        writer.prefix = ""


def _definition(element: _Element, writer: Writer) -> None:
    writer.flush()
    term = line(element.find("term"))
    texts = [line(part) for part in element.iterfind("def")]
    writer.run.append(": ".join(filter(None, (term, " ".join(texts)))))
    writer.flush()


def _note(element: _Element, writer: Writer) -> None:
    """A footnote: its mark and its text on a line."""
    writer.flush()
    label = element.find("label")
    writer.prefix = f"{superscript(mark)} " if label is not None and (mark := line(label)) else ""
    for child in element:
        if child is not label:
            _one(child, writer)
            writer.flush()
    writer.prefix = ""


def _raised(element: _Element, writer: Writer) -> None:
    cited = any(child.tag == "xref" and child.get("ref-type") in _REFERENCES for child in element)
    text = text_of(element) if len(element) else element.text or ""
    if cited and _NUMBER.fullmatch(text):
        writer.run.append(_REF)
    elif len(element) == 0 or (len(element) == 1 and element[0].tag == "xref" and not cited):
        writer.run.append(_superscript(text))
    else:
        _walk(element, writer)


def _superscript(text: str) -> str:
    text = clean(text)
    return f"{superscript(text[:-1])}⁾" if _CLOSED.fullmatch(text) else superscript(text)


def _xref(element: _Element, writer: Writer) -> None:
    sort = element.get("ref-type")
    text = text_of(element) if len(element) else element.text or ""
    if sort in _REFERENCES:
        writer.run.append(_REF if _NUMBER.fullmatch(text) else f"{_NAMED}{_UNNUMBERED.sub('', text).rstrip()}{_END}")
    elif sort in {"table-fn", "fn"}:
        writer.run.append(_superscript(text))
    else:
        _walk(element, writer)


def _break(_: _Element, writer: Writer) -> None:
    writer.run.append(" ")


def _formula(element: _Element, writer: Writer) -> None:
    """MathML before TeX before a picture."""
    math = next(element.iter(_MATHML + "math"), None)
    tex = next(element.iter("tex-math"), None)
    if math is not None:
        text = _math(math)
    elif tex is not None:
        _tex(tex, writer)
        return
    else:
        text = "".join(str(part) for part in element.itertext()).strip()
    writer.run.append(f" {text or FORMULA} " if element.tag == "disp-formula" else text or FORMULA)


def _tex(element: _Element, writer: Writer) -> None:
    """The formula without the frame of a document around it."""
    text = (element.text or "").rpartition("\\begin{document}")[2].partition("\\end{document}")[0]
    writer.run.append(text.strip().strip("$").strip())


def _mathml(element: _Element, writer: Writer) -> None:
    writer.run.append(_math(element))


_MATHML = "{http://www.w3.org/1998/Math/MathML}"
_INFIX = {"mfrac": "/", "msup": "^", "mtr": " "}
_ACCENTS = {"¯": "\u0304", "‾": "\u0304", "_": "\u0304", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303"}


def _math(element: _Element) -> str:
    """MathML on one line: ``a/b``, ``x^2``, ``√(x)``."""
    name = str(element.tag).rpartition("}")[2]
    if name in {"annotation", "annotation-xml"}:
        return ""
    if len(element) == 0:
        text = clean(element.text or "")
        return f" {text} " if name == "mo" and text in {"=", "<", ">", "≤", "≥", "±", "×", "+", "≈"} else text
    parts = [_math(child) for child in element]
    if name == "msqrt":
        return f"√({''.join(parts)})"
    if name == "mfenced":
        separator = (element.get("separators") or ",")[:1]
        return f"{element.get('open', '(')}{separator.join(parts)}{element.get('close', ')')}"
    if name == "mover" and len(parts) == 2 and len(parts[0]) == 1 and parts[1] in _ACCENTS:
        return parts[0] + _ACCENTS[parts[1]]
    if name == "mfrac":
        parts = [f"({part})" if len(part) > 1 and not part.isalnum() else part for part in parts]
    if name == "msubsup" and len(parts) == 3:
        return f"{parts[0]}{parts[1]}^{parts[2]}"
    return _INFIX.get(name, "; " if name == "mtable" else "").join(parts)


def _nothing(_: _Element, __: Writer) -> None:
    return


_HANDLERS: dict[object, Callable[[_Element, Writer], None]] = {
    "p": _paragraph, "title": _heading, "subtitle": _heading, "disp-quote": _heading, "boxed-text": _heading,
    "statement": _heading, "verse-group": _heading, "verse-line": _heading, "sec": _heading, "attrib": _heading,
    "fig": _float, "table-wrap": _float, "supplementary-material": _float, "fig-group": _heading,
    "table-wrap-group": _heading, "table": _table, "list": _list, "def-item": _definition, "fn": _note,
    "sup": _raised, "xref": _xref, "break": _break, "inline-formula": _formula, "disp-formula": _formula,
    "tex-math": _tex, _MATHML + "math": _mathml,
    "ref-list": _nothing, "object-id": _nothing, "alt-text": _nothing, "long-desc": _nothing, "permissions": _nothing,
    "graphic": _nothing, "media": _nothing, "processing-meta": _nothing, "sec-meta": _nothing,
}  # fmt: skip
