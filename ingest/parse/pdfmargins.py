"""What is printed on every page of a PDF and belongs to none: running heads, running feet, page numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from ingest.parse.pdflines import Line

MARGIN = 0.1
"""The share of a page's height, above and below, in which running lines stand."""

_MIN_PAGES = 3  # what stands in the margin of fewer pages is text
_NUMBER = re.compile(r"(?<![\d.])\d{1,4}(?![\d.])")

Box = tuple[float, float]
"""Where a page begins and ends: lowest and highest y in points."""


def strip(lines: Sequence[Line], boxes: Mapping[int, Box]) -> tuple[list[Line], dict[int, int]]:
    """The lines without running heads and feet, and the numbers printed on the pages, by page.

    A line runs where the same one, apart from its numbers, stands in the same margin of at least three pages. The
    numbers count where the same difference to the place of the page holds for most of them; pages before the one that
    would be page 1 have none.
    """
    keys = [_key(line, boxes) for line in lines]
    pages: defaultdict[str, set[int]] = defaultdict(set)
    for line, key in zip(lines, keys, strict=True):
        pages[key].add(line.page)
    running = {key for key, found in pages.items() if key and len(found) >= _MIN_PAGES}
    gone = [line for line, key in zip(lines, keys, strict=True) if key in running]
    kept = [line for line, key in zip(lines, keys, strict=True) if key not in running]
    return kept, _numbers(gone, boxes)


def _key(line: Line, boxes: Mapping[int, Box]) -> str:
    """What a line in the margin says without its numbers; empty for all other lines."""
    low, high = boxes[line.page]
    edge = MARGIN * (high - low)
    if low + edge < line.y < high - edge:
        return ""
    words = "".join(character for character in line.text.casefold() if character.isalnum())
    return f"{'foot' if line.y <= low + edge else 'head'} {re.sub(r'[0-9]+', '#', words)}"


def _numbers(running: Sequence[Line], boxes: Mapping[int, Box]) -> dict[int, int]:
    votes = Counter[int]()
    for line in running:
        votes.update({line.page + 1 - int(number[0]) for number in _NUMBER.finditer(line.text)})
    if not votes:
        return {}
    shift, count = votes.most_common(1)[0]
    voting = {line.page for line in running if _NUMBER.search(line.text)}
    if 2 * count <= len(voting):
        return {}
    return {page: page + 1 - shift for page in boxes if page + 1 > shift}
