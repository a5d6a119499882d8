"""What changed between two texts, sentence by sentence. Pure functions over strings.

Sentences are those of `ingest.sentences`, compared without white space, so that a new layout alone is no change; only
what parts two digits counts ("1 0" is not "10").
What stays in order is found by difflib; of the rest a sentence that stands elsewhere in the other text has ``moved``,
and two that share most words are one that was ``changed``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from ingest.sentences import sentences

ALIKE = 0.6
"""Words shared, of the words of both, from which two sentences are one that was changed."""
MOST_PAIRS = 1_000_000
"""Pairs of sentences that are compared in one text: a second's work. Beyond it nothing is paired."""

Kind = Literal["removed", "added", "changed", "moved"]
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence: ``text == section_text[start:end]``; ``number`` is its place among the text's sentences, from 0."""

    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: ``before`` is None for what was added, ``after`` for what was removed.

    ``numbers_before``: numbers of the sentence that its new form lacks, in order; ``numbers_after``: the reverse.
    """

    kind: Kind
    before: Piece | None
    after: Piece | None
    numbers_before: tuple[str, ...] = ()
    numbers_after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """How two texts differ: sentences that stayed as and where they were, and every edit, in the order of the texts."""

    unchanged: int
    edits: tuple[Edit, ...]

    def count(self, kind: Kind) -> int:
        """How many edits are of this kind."""
        return sum(edit.kind == kind for edit in self.edits)


def diff(before: str, after: str) -> Changes:
    """What makes ``after`` of ``before``; `applied` does it."""
    old, new = pieces(before), pieces(after)
    blocks = SequenceMatcher(None, _folded(old), _folded(new)).get_matching_blocks()
    kept = {block.a + step: block.b + step for block in blocks for step in range(block.size)}
    there = set(kept.values())
    gone = [piece for piece in old if piece.number not in kept]
    came = [piece for piece in new if piece.number not in there]
    pairs = _pairs(gone, came)
    partners = set(pairs.values())
    edits = [_edit(piece, pairs.get(piece)) for piece in gone]
    edits += [Edit("added", None, piece) for piece in came if piece not in partners]
    return Changes(len(kept), tuple(sorted(edits, key=_place)))


def applied(before: str, changes: Changes) -> list[str]:
    """The sentences of the newer text, without white space, made of the older text and the changes alone."""
    touched = {edit.before.number for edit in changes.edits if edit.before}
    left = iter([text for number, text in enumerate(_folded(pieces(before))) if number not in touched])
    new = {edit.after.number: edit.after for edit in changes.edits if edit.after}
    return [_fold(new[number].text) if number in new else next(left) for number in range(changes.unchanged + len(new))]


def inverse(changes: Changes) -> Changes:
    """What makes the older text of the newer one."""
    turned: dict[Kind, Kind] = {"removed": "added", "added": "removed"}
    edits = (
        Edit(turned.get(edit.kind, edit.kind), edit.after, edit.before, edit.numbers_after, edit.numbers_before)
        for edit in changes.edits
    )
    return Changes(changes.unchanged, tuple(sorted(edits, key=_place)))


def pieces(text: str) -> list[Piece]:
    """The sentences of a text."""
    return [Piece(number, start, end, text[start:end]) for number, (start, end) in enumerate(sentences(text))]


def _edit(old: Piece, new: Piece | None) -> Edit:
    if new is None:
        return Edit("removed", old, None)
    if _fold(old.text) == _fold(new.text):
        return Edit("moved", old, new)
    then, now = _NUMBER.findall(old.text), _NUMBER.findall(new.text)
    return Edit("changed", old, new, _lost(then, now), _lost(now, then))


def _lost(numbers: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Those that the others lack, each as often as it is missing."""
    left = Counter(others)
    left.subtract(Counter(numbers))
    found = []
    for number in reversed(numbers):
        if left[number] < 0:
            left[number] += 1
            found.append(number)
    return tuple(reversed(found))


def _pairs(gone: Sequence[Piece], came: Sequence[Piece]) -> dict[Piece, Piece]:
    """Sentences that are one and the same, changed or moved: the most alike first, then the nearest."""
    if len(gone) * len(came) > MOST_PAIRS:
        return {}
    words = {piece: frozenset(_WORD.findall(piece.text.casefold())) or {piece.text} for piece in (*gone, *came)}
    queue = []
    for old in gone:
        for new in came:
            alike = 2 * len(words[old] & words[new]) / (len(words[old]) + len(words[new]))
            if alike >= ALIKE:
                same = _fold(old.text) == _fold(new.text)
                queue.append((not same, -alike, abs(old.number - new.number), old.number, new.number))
    olds, news = {piece.number: piece for piece in gone}, {piece.number: piece for piece in came}
    found = {}
    for *_, left, right in sorted(queue):
        if left in olds and right in news:
            found[olds.pop(left)] = news.pop(right)
    return found


def _place(edit: Edit) -> tuple[int, int]:
    """Where a reader of the newer text meets the edit; what was removed stands by its old place."""
    first = edit.after or edit.before
    return (first.number if first else 0, 0 if edit.after is None else 1)


def _folded(found: Sequence[Piece]) -> list[str]:
    return [_fold(piece.text) for piece in found]


def _fold(text: str) -> str:
    return _SPACE.sub("", text)
