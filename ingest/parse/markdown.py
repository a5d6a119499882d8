"""Markdown (CommonMark and tables) as lines, tables and headings; the reading of it is markdown-it-py's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.parse.tables import Block, Grid
from ingest.parse.text import clean

MAX_CHARACTERS, MAX_MARKS = 400_000, 40_000
"""Of a text that is read as Markdown, not as it stands: characters, and those that may begin markup, which are slow."""

_BREAKS = {"softbreak": " ", "hardbreak": "\n"}


@dataclass(slots=True)
class Part:
    """What stands under one heading: its level (0: before any), its text, and the blocks up to the next heading."""

    level: int
    title: str
    blocks: list[Block] = field(default_factory=list)


def is_readable(text: str) -> bool:
    """Whether the text can be read as Markdown within seconds."""
    return len(text) <= MAX_CHARACTERS and sum(map(text.count, "[|*_`")) <= MAX_MARKS


def parts(text: str, *, html: bool = True) -> list[Part]:
    """The text by its headings, in order; list items keep their bullet or number, markup goes, its words stay.

    Without ``html`` what looks like a tag is text ("a<b and c>d").
    """
    found = [Part(0, "")]
    tokens = _parser(html).parse(text)
    at = 0
    marks: list[_List] = []
    lead = ""
    while at < len(tokens):
        token = tokens[at]
        if token.type == "heading_open":
            found.append(Part(int(token.tag[1]), clean(_words(tokens[at + 1]).replace("\n", " "))))
            at += 1
        elif token.type == "table_open":
            end = next(n for n in range(at, len(tokens)) if tokens[n].type == "table_close")
            found[-1].blocks += _table(tokens[at:end])
            at = end
        elif token.type in {"bullet_list_open", "ordered_list_open"}:
            marks.append(_List(token.type == "ordered_list_open", int(token.attrGet("start") or 1)))
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            marks.pop()
        elif token.type == "list_item_open":
            lead = marks[-1].next()
        else:
            lines = list(_lines(token))
            if lines:
                found[-1].blocks += [lead + lines[0], *lines[1:]]
                lead = ""
        at += 1
    return found


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int

    def next(self) -> str:
        """What the next item's first line begins with."""
        self.number += 1
        return f"{self.number - 1}. " if self.ordered else "• "


def _lines(token: Token) -> Iterator[str]:
    """The lines of text that a block token has itself."""
    if token.type == "inline":
        content = _words(token)
    elif token.type in {"fence", "code_block"}:
        content = token.content
    elif token.type == "html_block":
        content = _without_tags(token.content)
    else:
        return
    yield from filter(None, map(clean, content.split("\n")))


def _words(inline: Token) -> str:
    """The words of a paragraph, without markup; of an image its description."""
    pieces: list[str] = []
    for child in inline.children or ():
        if child.type in _BREAKS:
            pieces.append(_BREAKS[child.type])
        elif child.type in {"text", "code_inline"}:
            pieces.append(child.content)
        elif child.type == "image":
            pieces.append(_words(child))
        elif child.type == "html_inline" and child.content[:3].lower() == "<br":
            pieces.append("\n")
    return "".join(pieces)


def _without_tags(content: str) -> str:
    root = etree.fromstring("<div>" + content.replace("\0", " ") + "</div>", etree.HTMLParser(no_network=True))
    if root is None:
        return ""
    etree.strip_elements(root, "script", "style", etree.Comment, with_tail=False)
    return "\n".join(str(text) for text in root.itertext())


def _table(tokens: Sequence[Token]) -> list[Block]:
    """The table as a grid; one without rows is a line."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(clean(_words(token).replace("\n", " ")))
    header, body = tuple(rows[0]), tuple(tuple(row) for row in rows[1:] if any(row))
    if not body:
        return [line] if (line := "; ".join(filter(None, header))) else []
    return [Grid("", header, body)]


@cache
def _parser(html: bool) -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": html}).enable("table")
