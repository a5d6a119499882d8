"""The lines of a PDF page in reading order, each with its place, its type size and whether it is bold.

pypdf gives text in the order in which it was drawn, which for what is typeset today is the order of reading. Where a
page was drawn across its columns, line by line, the columns are told apart here and read one after the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pypdf import PageObject
from pypdf.generic import ContentStream, DictionaryObject, NameObject, PdfObject, StreamObject

from ingest.parse.text import clean

_BOLD = re.compile(r"bold|black|heavy|semibd|demi", re.IGNORECASE)
_PLACING = frozenset({b"Td", b"TD", b"Tm", b"T*"})
_SHOWS_TEXT = re.compile(rb"T[jJ]|['\"]")  # in strings and names too, which costs but time
_DRAWS = b"Do"
_DEPTH = 3  # drawings within drawings that are looked into
_CONTENTS = NameObject("/Contents")
_STAY = ([1, 0, 0, 1, 0, 0], b"cm")
_EM = 0.5  # the mean width of a letter, in type sizes
_GUTTER = 1.5  # a gap that is wider than this many type sizes is one between columns
_MIN_ROWS = 6  # as many lines side by side make columns of a page,
_MIN_LETTERS = 18  # where they are prose on both sides: this many characters in the middle one

Watch = Callable[..., None]
"""Is called before each operator of a page, and each drawing that is looked into, and may raise."""
_Known = dict[tuple[object, int], bool]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page (0, 1, ...): text on one line, left end and baseline from the lower left in points, type size.

    ``right`` is a guess from the number of letters, ``family`` the typeface. A hyphen at the end, soft or not, still
    stands.
    """

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool
    right: float
    family: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """A piece of a line as it was drawn in one go; ``font`` as the file calls it."""

    text: str
    x: float
    y: float
    size: float
    font: str

    @property
    def bold(self) -> bool:
        return bool(_BOLD.search(self.font))

    @property
    def right(self) -> float:
        return self.x + _EM * self.size * len(self.text.rstrip())


def read(page: PageObject, number: int, watch: Watch) -> list[Line]:
    """The lines of page ``number``; raises what pypdf raises, and what ``watch`` does."""
    runs: list[list[_Run]] = [[]]

    def take(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:  # noqa: ANN401 (pypdf's)
        *ended, rest = text.split("\n")
        for part in ended:
            _extend(runs[-1], part, cm, tm, font, size)
            runs.append([])
        _extend(runs[-1], rest, cm, tm, font, size)

    with _each_run_placed(page, watch):
        page.extract_text(visitor_text=take, visitor_operand_before=watch)
    pieces = [piece for line in runs for piece in _pieces(line)]
    return [_line(piece, number) for piece in _in_reading_order(pieces) if clean(_text(piece))]


@contextmanager
def _each_run_placed(page: PageObject, watch: Watch) -> Iterator[None]:
    """Lets pypdf tell where each run of text begins: it does so wherever the coordinates change, if only to the same.

    It would else join what stands side by side on one line.
    """
    if not isinstance(before := page.get(_CONTENTS), PdfObject):
        yield
        return
    content = ContentStream(before.get_object(), page.pdf, "bytes")
    mute = _forms_without_text(page, watch)
    content.operations = [
        step
        for one in content.operations
        if not (one[1] == b"Do" and one[0] and str(one[0][0]) in mute)
        for step in ((one, _STAY) if one[1] in _PLACING else (one,))
    ]
    page[_CONTENTS] = content
    try:
        yield
    finally:
        page[_CONTENTS] = before  # what was parsed is large, and the page stays


def _forms_without_text(page: PageObject, watch: Watch) -> set[str]:
    """Names of the drawings of a page that show no text; they would be parsed for nothing, and most are long."""
    known: _Known = {}
    return {name for name, form in _forms(page) if not _shows_text(form, _DEPTH, watch, known)}


def _forms(owner: DictionaryObject) -> Iterator[tuple[str, DictionaryObject]]:
    """The drawings that a page or drawing has by name."""
    objects = _dictionary(_dictionary(owner.get("/Resources")).get("/XObject"))
    for name in objects:
        if (found := _dictionary(objects[name])).get("/Subtype") == "/Form":
            yield str(name), found


def _dictionary(found: PdfObject | None) -> DictionaryObject:
    """What is there, or points there; empty where that is none, as in a broken file."""
    there = found.get_object() if found is not None else None
    return there if isinstance(there, DictionaryObject) else DictionaryObject()


def _shows_text(form: DictionaryObject, depth: int, watch: Watch, known: _Known) -> bool:
    """Whether it shows text itself or, as far as can be told, by what it draws; each is looked into once a depth."""
    watch()
    key = (form.indirect_reference or id(form), depth)
    if key not in known:
        known[key] = _finds_text(form, depth, watch, known)
    return known[key]


def _finds_text(form: DictionaryObject, depth: int, watch: Watch, known: _Known) -> bool:
    if not isinstance(form, StreamObject):
        return True
    data = form.get_data()
    if _SHOWS_TEXT.search(data) or depth == 0:
        return True
    if _DRAWS not in data:
        return False
    return "/Resources" not in form or any(_shows_text(one, depth - 1, watch, known) for _, one in _forms(form))


def _extend(line: list[_Run], text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:  # noqa: ANN401, PLR0917
    if not text.strip():
        if text and line:
            line[-1] = replace(line[-1], text=line[-1].text + text)
        return
    x, y = tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
    across, along = tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3]
    name = str(font.get("/BaseFont", "")) if isinstance(font, dict) else ""
    line.append(_Run(text, x, y, abs(size) * float(across**2 + along**2) ** 0.5, name))


def _pieces(line: Sequence[_Run]) -> Iterator[list[_Run]]:
    """The line, cut where it jumps to the right or back."""
    piece: list[_Run] = []
    # Two lines of one baseline that are joined again stay two words.
    for run in (replace(run, text=f" {run.text}") if not number else run for number, run in enumerate(line)):
        if piece and _jumps(piece[-1], run):
            yield piece
            piece = []
        piece.append(run)
    if piece:
        yield piece


def _jumps(one: _Run, other: _Run) -> bool:
    return other.x - one.right > _GUTTER * other.size or other.x < one.x - other.size


def _right(piece: Sequence[_Run]) -> float:
    return piece[-1].right


def _text(piece: Sequence[_Run]) -> str:
    return "".join(run.text for run in piece)


def _line(piece: Sequence[_Run], number: int) -> Line:
    letters, fonts = Counter[float](), Counter[str]()
    for run in piece:
        letters[round(run.size, 1)] += len(run.text.strip())
        fonts[run.font] += len(run.text.strip())
    bold = sum(len(run.text.strip()) for run in piece if run.bold) >= 0.95 * letters.total()
    size = letters.most_common(1)[0][0]
    text = _text(piece)
    # What `clean` would drop tells that the word goes on.
    text = clean(text) + ("\xad" if text.rstrip().endswith(("\xad", "\u2010")) else "")
    return Line(
        text,
        number,
        piece[0].x,
        piece[0].y,
        size,
        bold,
        max(run.right for run in piece),
        _family(fonts.most_common(1)[0][0]),
    )


def _family(font: str) -> str:
    """``/JLOEFT+Roboto-Light`` -> ``Roboto``."""
    return re.split(r"[-,]", font.rpartition("+")[2].lstrip("/"))[0]


def _in_reading_order(pieces: list[list[_Run]]) -> list[list[_Run]]:
    """Pieces of one line that are parts of it joined again, and those of columns put one column after the other."""
    gutter = _gutter(pieces)
    if gutter is None:
        return _rejoined(pieces)
    ordered: list[list[_Run]] = []
    left: list[list[_Run]] = []
    right: list[list[_Run]] = []
    for number, piece in enumerate(pieces):
        beside = number + 1 < len(pieces) and _beside(piece, pieces[number + 1])
        if piece[0].x >= gutter - piece[0].size:
            right.append(piece)
        elif beside or _right(piece) < gutter + 2 * piece[0].size:
            left.append(piece)
        else:  # goes across: what stands above it is read first
            ordered += [*_rejoined(left), *_in_reading_order(right), piece]
            left, right = [], []
    return [*ordered, *_rejoined(left), *_in_reading_order(right)]


def _beside(one: Sequence[_Run], other: Sequence[_Run]) -> bool:
    """Whether ``other`` was drawn right after ``one`` and stands to its right on the same line."""
    return abs(one[-1].y - other[0].y) < 0.45 * max(one[-1].size, other[0].size) and other[0].x > one[0].x


def _gutter(pieces: Sequence[Sequence[_Run]]) -> float | None:
    """Where the right column begins on a page that was drawn line by line across its columns; None on any other."""
    pairs = [(one, other) for one, other in pairwise(pieces) if _beside(one, other)]
    starts = Counter(round(other[0].x) for _, other in pairs)
    if not starts:
        return None
    start = max(starts, key=lambda at: sum(starts[at + step] for step in (-1, 0, 1)))
    rows = [(one, other) for one, other in pairs if abs(other[0].x - start) <= 1.5]
    sides = ([len(_text(pair[side]).strip()) for pair in rows] for side in (0, 1))
    if len(rows) < max(_MIN_ROWS, 0.25 * len(pieces)) or any(
        sorted(side)[len(rows) // 2] < _MIN_LETTERS for side in sides
    ):
        return None
    return min(other[0].x for _, other in rows)


def _rejoined(pieces: Sequence[list[_Run]]) -> list[list[_Run]]:
    """What was cut at wide gaps that are none between columns is one line again."""
    joined: list[list[_Run]] = []
    for piece in pieces:
        if joined and _beside(joined[-1], piece):
            joined[-1] = [*joined[-1], *piece]
        else:
            joined.append(piece)
    return joined
