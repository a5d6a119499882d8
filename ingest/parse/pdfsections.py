"""The lines of a PDF as sections: headings by outline and type size, paragraphs, words that a line's end broke."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from ingest.parse.pdflines import Line
from ingest.parse.pubmed import unique_slug
from ingest.schema import Section

LARGER = 1.13
"""Type of at least this many times the body's size is a heading's."""

_LONGEST_HEADING = 200
_MOST_HEADING_LINES = 4
_FULL_PAGE = 900  # characters; headings before the first page with as many are those of covers
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BULLET = re.compile(r"[•·▪■□◦‣›»❑❏✓–—*\-]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s")
_LEADERS = re.compile(r"\.{4,}|(?:\. ){4,}|…{2,}|_{4,}")
_ENDED = (".", "!", "?", ":", ";")
_LINK = re.compile(r"(?:https?://|www\.)\S*$")
_LISTS = {
    "references": "references", "bibliography": "references", "contents": "contents", "table of contents": "contents",
}  # fmt: skip

Style = tuple[float, bool, int]
"""Type size, whether it stands out by weight or typeface, and the level in the outline (-1: it is not there)."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its text, its place in ``lines`` (first, and one past the last) and its style."""

    text: str
    first: int
    last: int
    style: Style


def plain(text: str) -> str:
    """Text as headings are compared: letters and digits alone, without case."""
    return "".join(character for character in text.casefold() if character.isalnum())


def body_size(lines: Sequence[Line]) -> float:
    """The type size in which most letters are set; 0 without lines."""
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def first_full_page(lines: Sequence[Line]) -> int:
    """The first page that is no cover: it has a good part of a page of text; 0 where none has."""
    letters = Counter[int]()
    for line in lines:
        letters[line.page] += len(line.text)
    return min((page for page, count in letters.items() if count >= _FULL_PAGE), default=0)


def body_family(lines: Sequence[Line]) -> str:
    """The typeface in which most letters are set; empty without lines."""
    families = Counter[str]()
    for line in lines:
        families[line.family] += len(line.text)
    return families.most_common(1)[0][0] if families else ""


def titles_first(lines: Sequence[Line]) -> list[Line]:
    """The lines with what is set large at the top of a page before the rest of that page, if it was drawn later."""
    size = body_size(lines)
    ordered: list[Line] = []
    for _, page in groupby(lines, lambda line: line.page):
        found = list(page)
        largest = max(line.size for line in found)
        rest = max((line.y for line in found if line.size < largest), default=0.0)
        top = [line for line in found if line.size == largest >= LARGER * size and line.y > rest]
        ordered += sorted(top, key=lambda line: -line.y) + [line for line in found if line not in top]
    return ordered


def headings(lines: Sequence[Line], outline: Mapping[tuple[int, str], int]) -> list[Heading]:
    """The headings in order. ``outline``: (page, `plain` title) -> level; a line that it names is one in any type."""
    size, family, start = body_size(lines), body_family(lines), first_full_page(lines)
    found = []
    for first, last in _groups(lines):
        group = lines[first:last]
        text = _joined(group)
        level = outline.get((group[0].page, plain(text)), -1)
        other = group[0].family != family and _stands_over(lines, last, family)
        style = (round(2 * group[0].size) / 2, group[0].bold or other, level)
        large = group[0].size >= LARGER * size and _is_title(group, text)
        if level >= 0 or large or (style[1] and _is_marked_heading(lines, first, last, text, size)):
            found.append(Heading(text, first, last, style))
    often = {
        text for text, count in Counter(one.text for one in found if one.style[0] < LARGER * size).items() if count > 2
    }
    often &= {one.text for one in found if _is_row(lines, one)}
    lists = {lines[one.first].page: one.first for one in found if _list_name(one.text) == "contents"}
    return _levelled(
        [
            one
            for one in found
            if lines[one.first].page >= start
            and one.text not in often
            and one.first <= lists.get(lines[one.first].page, len(lines))
        ]
    )


def _levelled(found: Sequence[Heading]) -> list[Heading]:
    """Headings that the outline leaves out take the level of those in the same type."""
    levels: dict[tuple[float, bool], int] = {}
    for one in found:
        size, bold, level = one.style
        if level >= 0:
            levels[size, bold] = min(level, levels.get((size, bold), level))
    return [
        replace(one, style=(*one.style[:2], levels.get(one.style[:2], -1))) if one.style[2] < 0 else one
        for one in found
    ]


def _stands_over(lines: Sequence[Line], last: int, family: str) -> bool:
    """Whether text in the body's typeface follows right below."""
    if last >= len(lines):
        return False
    one, other = lines[last - 1], lines[last]
    return other.family == family and _below(one, other) and abs(one.x - other.x) < 2 * one.size


def _groups(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
    """Stretches of lines in one style, one below the other."""
    first = 0
    for number, (one, other) in enumerate(pairwise(lines), 1):
        below = one.page == other.page and 0 < one.y - other.y < 1.9 * one.size
        if not below or (one.size, one.bold, one.family) != (other.size, other.bold, other.family):
            yield first, number
            first = number
    if lines:
        yield first, len(lines)


def _is_title(group: Sequence[Line], text: str) -> bool:
    """Whether it is as short as a heading, has words, and neither begins nor ends like prose or a list."""
    if len(group) > _MOST_HEADING_LINES or not 2 < len(text) <= _LONGEST_HEADING or _LEADERS.search(text):
        return False
    if not re.search(r"[^\W\d_]{2}", text) or text.startswith(("•", "›", "▪", "-")) or text.endswith((",", ";")):
        return False
    return text.count(". ") < 2


def _is_marked_heading(lines: Sequence[Line], first: int, last: int, text: str, size: float) -> bool:
    """Whether lines that stand out in the size of the body are a heading: no cell, no beginning of a sentence."""
    group = lines[first:last]
    begins = next((character for character in text if character.isalpha()), "a")
    if group[0].size < 0.95 * size or begins.islower() or text.endswith(".") or not _is_title(group, text):
        return False
    if last < len(lines) and _below(group[-1], lines[last]) and not text.endswith(":"):
        after = lines[last].text[:1]
        if after.islower() or after.isdigit() or after in "(,;":
            return False
    near = (*lines[max(0, first - 4) : first], *lines[last : last + 4])
    return not any(_beside(one, other) for one in group for other in near)


def _beside(one: Line, other: Line) -> bool:
    return one.page == other.page and abs(one.y - other.y) < 0.85 * one.size and abs(one.x - other.x) > one.size


def _is_row(lines: Sequence[Line], one: Heading) -> bool:
    """Whether wide gaps stand in it, or cells beside it: the head of a table."""
    near = lines[max(0, one.first - 2) : one.last + 2]
    return any(abs(line.y - lines[one.first].y) < line.size and line.x > lines[one.first].right for line in near)


def sections(
    lines: Sequence[Line], numbers: Mapping[int, int], outline: Mapping[tuple[int, str], int], title: str
) -> tuple[Section, ...]:
    """The sections in order. ``numbers``: page -> the number to cite; ``title``: a heading that repeats it is none."""
    lines = titles_first(lines)
    found = headings(lines, outline)
    ranks = {style: rank for rank, style in enumerate(sorted({one.style for one in found}, key=_rank))}
    words = vocabulary(lines)
    done: dict[str, Section] = {}
    path: list[tuple[int, str]] = []
    starts = [Heading("", 0, 0, (0.0, False, -1)), *found]
    for heading, end in zip(starts, [*(one.first for one in found), len(lines)], strict=True):
        if heading.text:
            path = [outer for outer in path if outer[0] < ranks[heading.style] and not _list_name(outer[1])]
            path += [] if plain(heading.text) == plain(title) else [(ranks[heading.style], heading.text)]
        _add(done, [text for _, text in path], _written(lines[heading.last : end], numbers, words))
    return tuple(done.values())


def _rank(style: Style) -> tuple[float, bool, int]:
    """Larger type is further out, then what stands out, then what the outline says."""
    size, bold, level = style
    return -size, not bold, level


def _list_name(heading: str) -> str:
    """The slug of a section that is a list and no text, if this is its heading; nothing is below such a heading."""
    return _LISTS.get(re.sub(r"^[\d. ]+", "", heading).lower().rstrip(":"), "")


def _add(done: dict[str, Section], path: Sequence[str], written: _Writer) -> None:
    text = "".join(written.parts)
    if not text:
        return
    name = path[-1] if path else "Front matter"
    known = _list_name(name)
    slug = unique_slug(known, "", done) if known else unique_slug("body", name, done)
    done[slug] = Section(slug, name, tuple(path) or (name,), text, pages=tuple(written.pages))


def vocabulary(lines: Sequence[Line]) -> frozenset[str]:
    """The words that stand whole in the lines, in lower case; words with a hyphen count as one and as their parts."""
    words: set[str] = set()
    for line in lines:
        whole = [match[0] for match in _WORD.finditer(line.text.lower())]
        if line.text.endswith(("-", "\xad")):
            whole = whole[:-1]
        words.update(whole)
    return frozenset(words)


def mended(left: str, right: str, words: Set[str]) -> str:
    """``left`` as it is to be followed by ``right``, the next line: with a space, or as one word with it.

    A hyphen at the line's end goes where the document has the whole word elsewhere or has not both of its parts as
    words; it stays in compounds, before capitals and before figures. A soft hyphen always goes.

    >>> mended("infec-", "tion rates", frozenset()), mended("high-", "quality care", {"high", "quality"})
    ('infec', 'high-')
    """
    if left.endswith("\xad"):
        return left.rstrip("\xad")
    if _LINK.search(left) and (left.endswith(("/", "-", "_", ".", "=")) or right[:1] in "/_."):
        return left
    head = re.search(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$", left) if left.endswith("-") else None
    tail = re.match(r"[^\W\d_]+", right)
    if head is None or tail is None or not tail[0][0].islower():
        return left if left.endswith("-") and not left.endswith(" -") and len(left) > 1 else f"{left} "
    first, second = head[1].lower(), tail[0].lower()
    compound = f"{first}-{second}" in words or (first in words and second in words)
    return left if compound and first + second not in words else left[:-1]


@dataclass(slots=True)
class _Writer:
    """Text in parts, with the places where pages begin in it. ``length`` is that of all parts but the last."""

    parts: list[str] = field(default_factory=lambda: [""])
    length: int = 0
    pages: list[tuple[int, int]] = field(default_factory=list)

    def add(self, line: str, number: int | None) -> None:
        """Adds a line that stands on the page ``number``."""
        self.length += len(self.parts[-1])
        if number is not None and (not self.pages or self.pages[-1][1] != number):
            self.pages.append((self.length, number))
        self.parts.append(line)


def _written(lines: Sequence[Line], numbers: Mapping[int, int], words: Set[str]) -> _Writer:
    """The lines as paragraphs, those of one paragraph as one line."""
    writer = _Writer()
    leading = _leading(lines)
    before: Line | None = None
    for line in lines:
        if before is not None:
            same = _goes_on(before, line, leading)
            last, link = writer.parts[-1], "".join(writer.parts[-4:-1])  # a link may be broken more than once
            mend = mended(link + last, line.text, words)[len(link) :] if same else last.rstrip("\xad") + "\n"
            writer.parts[-1] = mend
        writer.add(line.text, numbers.get(line.page))
        before = line
    writer.parts[-1] = writer.parts[-1].rstrip("\xad")
    return writer


def _leading(lines: Sequence[Line]) -> float:
    """How far apart lines of a paragraph are, in type sizes."""
    steps = sorted((one.y - other.y) / one.size for one, other in pairwise(lines) if _below(one, other))
    return min(2.0, max(1.0, steps[len(steps) // 2])) if steps else 1.2


def _below(one: Line, other: Line) -> bool:
    return one.page == other.page and one.size > 0 and 0.5 * one.size < one.y - other.y < 3 * one.size


def _goes_on(one: Line, other: Line, leading: float) -> bool:
    """Whether the second line belongs to the paragraph of the first."""
    if _BULLET.match(other.text) or _LEADERS.search(one.text) or abs(one.size - other.size) > 0.1 * one.size:
        return False
    ended = one.text.endswith(_ENDED)
    if _below(one, other):
        indented = other.x > one.x + 0.8 * one.size and not _BULLET.match(one.text)
        return one.y - other.y <= 1.25 * leading * one.size and not (ended and indented)
    return not ended and (one.text.endswith(("-", "\xad", ",")) or other.text[:1].islower())


def _joined(group: Sequence[Line]) -> str:
    text = group[0].text
    for line in group[1:]:
        text = mended(text, line.text, frozenset()) + line.text
    return text.rstrip("\xad")
