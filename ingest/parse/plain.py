"""Plain text and Markdown to one document; what is no prose (binary content, tables, scraps) is none of this.

Front matter is read where present: ``title``, ``date``, ``url``, ``licence``, ``editorial`` between lines of ``---``.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import BinaryIO

from charset_normalizer import from_bytes
from lxml.html.defs import tags

from ingest.errors import LimitError, ParseError
from ingest.parse import markdown
from ingest.parse.dates import from_iso, from_words
from ingest.parse.markdown import Part
from ingest.parse.pubmed import unique_slug
from ingest.parse.streams import wide
from ingest.parse.tables import assemble
from ingest.parse.text import clean
from ingest.schema import Document, Kind, Record, Section

MAX_BYTES = 8 << 20
"""A guideline has a tenth of that; a longer text is a dump of something."""
MIN_WORDS = 20
"""Fewer are a scrap (a checksum, a note), not a document."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FRONT = re.compile(r"---[ \t]*\n(.{0,4000}?)\n---[ \t]*(?:\n|$)", re.DOTALL)
_FIELD = re.compile(r"([A-Za-z_-]{2,20})\s*:\s*(.*)")
_MARKDOWN = re.compile(
    r"^ {0,3}#{1,6}\s+\S|^ {0,3}\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?\s*)?$|^ {0,3}(?:```|~~~)|\]\([^)\s]+\)|\*\*\S"
    r"|^\S.*\n={3,}[ \t]*$",
    re.MULTILINE,
)
_ITEM = re.compile(r"\s*(?:[•*+·–-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+[^\W\d].*")
_COLUMNS = re.compile(r"[\"\w-]{1,40}(?:[,;\t][\"\w-]{1,40}){2,}")
# The likely ones: a short text fits others too (those of DOS, of the Mac), and then reads as another language.
_LEGACY = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1256", "koi8_r",
    "shift_jis", "euc_jp", "euc_kr", "big5", "gb18030",
)  # fmt: skip
_KEY = re.compile(r'"[\w .-]{1,60}"\s{0,9}:\s{0,9}(?:["\[{]|-?\d|true\b|false\b|null\b)')
_CLOSED = re.compile(r"</([A-Za-z][\w:.-]{0,60})>")
_TELLING = 3  # keys with values, closed elements that are not HTML's: prose that shows an example has fewer
_UNDERLINE = re.compile(r"[=~*_-]{3,}")
_LONGEST_HEADING = 90


def is_prose(head: bytes) -> str:
    """Why the beginning of a file is no text to read, or an empty string: it is."""
    codec = wide(head)
    if not codec and _CONTROL.search(head):
        return "binary content"
    text = head.decode(codec or "utf-8", "ignore")
    if reason := _tabular(text.splitlines()[:-1] or [text]) or _headless(text):
        return reason
    words = _WORD.findall(text)
    if len(words) < MIN_WORDS:
        return f"content that begins {head[:24]!r}, fewer than {MIN_WORDS} words"
    if sum(map(len, words)) < 0.5 * len("".join(text.split())):
        return "text that is mostly no words"
    return ""


def _tabular(rows: Sequence[str]) -> str:
    """Why rows of text are a table: nearly all have the same number of tabs, semicolons or commas, two at least."""
    rows = [row for row in rows[:200] if row.strip()] or [""]
    if _COLUMNS.fullmatch(rows[0].strip("\ufeff")):
        return f"a table with the columns {rows[0][:60]!r} that is no known list"
    for mark in "\t;,":
        (number, often), *_ = Counter(row.count(mark) for row in rows).most_common(1)
        least = 1 if mark == "\t" else 2
        if len(rows) > 3 and number >= least and often >= 0.8 * len(rows):
            return f"a table of {number + 1} columns that is no known list"
    return ""


def _headless(text: str) -> str:
    """Why a text is no text but data that lost its beginning: as a guideline it would be cited as what it never was."""
    if len(_KEY.findall(text)) >= _TELLING:
        return "JSON whose beginning is damaged or missing"
    closed = [name for name in _CLOSED.findall(text) if name.lower() not in tags]
    return "XML whose beginning is damaged or missing" if len(closed) >= _TELLING else ""


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """One document (``text:<first 16 hex digits of SHA-256>``), its sections by the headings of the text.

    Raises LimitError above ``MAX_BYTES``, ParseError where the encoding cannot be told or nothing is left to cite.
    """
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise LimitError(f"a text of more than {MAX_BYTES} bytes; divide it", source=source)
    front, text = _front(decoded(content, source))
    parts = markdown.parts(text) if markdown.is_readable(text) and _MARKDOWN.search(text) else _plain_parts(text)
    digest = hashlib.sha256(content).hexdigest()
    title = front.get("title") or next((part.title for part in parts if part.title), "") or _first_line(parts)
    sections = tuple(_sections(parts, title))
    if not sections:
        raise ParseError("no text under any heading", source=source)
    day = _day(front.get("date", ""))
    url = front.get("url", "")
    yield Document(
        document_id=f"text:{digest[:16]}",
        kind=Kind.GUIDELINE,
        title=title,
        work_id=f"text:{digest[:16]}",
        version="1",
        sha256=digest,
        sections=sections,
        published=day,
        effective=day,
        editorial=front.get("editorial", "").lower() in {"true", "yes"},
        url=url if re.fullmatch(r"https?://[^\s\"'<>\\]+", url) else "",
        licence=front.get("licence") or front.get("license") or "",
    )


def decoded(content: bytes, source: str) -> str:
    """The text: by byte order mark, as UTF-8, or in the encoding that fits best. Raises ParseError where none does."""
    codec = wide(content)
    try:
        text = content.decode(codec or "utf-8-sig")
    except UnicodeDecodeError as error:
        found = None if codec else from_bytes(content, cp_isolation=list(_LEGACY))
        best = found and (next((match for match in found if match.encoding == "cp1252"), None) or found.best())
        if not best:
            reason = f"the encoding cannot be told ({error.reason} at byte {error.start}); save the file as UTF-8"
            raise ParseError(reason, source=source, offset=error.start) from error
        text = str(best)  # what it decodes as
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")


def _front(text: str) -> tuple[dict[str, str], str]:
    """The fields of the front matter, keys in lower case, and the text after it."""
    match = _FRONT.match(text)
    fields = [_FIELD.fullmatch(line) for line in match[1].split("\n")] if match else []
    if not match or not any(fields):
        return {}, text
    pairs = {field[1].lower(): clean(field[2]).strip("\"'") for field in fields if field}
    return pairs, text[match.end() :]


def _day(text: str) -> date | None:
    return from_iso(text[:10]) or from_words(text)


def _plain_parts(text: str) -> list[Part]:
    """Paragraphs (their lines joined, list items apart) under the headings that stand alone on a line."""
    parts = [Part(0, "")]
    for paragraph in re.split(r"\n\s*\n", text.replace("\f", "\n\n")):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if lines and (level := _level(lines)):
            parts.append(Part(level, clean(lines[0])))
        else:
            parts[-1].blocks += filter(None, map(clean, _joined(lines)))
    return parts


def _level(lines: Sequence[str]) -> int:
    """The level of a heading (1 to 4), 0 where the paragraph is none."""
    line = lines[0].strip()
    underlined = len(lines) == 2 and bool(_UNDERLINE.fullmatch(lines[1].strip()))
    if not underlined and (len(lines) > 1 or len(line) > _LONGEST_HEADING or line[-1] in ".,;:?!"):
        return 0
    if number := _NUMBERED.fullmatch(line):
        return number[1].count(".") + 1
    return 1 if underlined or (line.isupper() and len(_WORD.findall(line)) > 0) else 0


def _joined(lines: Sequence[str]) -> list[str]:
    """The lines of a paragraph as one; what looks like an item of a list begins a new one."""
    found: list[list[str]] = []
    for line in lines:
        if not found or _ITEM.match(line):
            found.append([])
        found[-1].append(line)
    return [" ".join(run) for run in found]


def _first_line(parts: Sequence[Part]) -> str:
    lines = (block for part in parts for block in part.blocks if isinstance(block, str))
    return next(lines, "")[:120]


def _sections(parts: Sequence[Part], title: str) -> Iterator[Section]:
    """A section for each heading with text under it; the heading that is the document's title names none."""
    taken: dict[str, Section] = {}
    above: list[Part] = []
    for part in parts:
        above = [outer for outer in above if outer.level < part.level]
        named = bool(part.title) and part.title != title
        above += [part] if named else []
        text, tables = assemble(part.blocks)
        if text:
            slug = unique_slug("body", part.title if named else "", taken)
            path = tuple(outer.title for outer in above) or (title,)
            taken[slug] = Section(slug, part.title or title, path, text, tables)
            yield taken[slug]
