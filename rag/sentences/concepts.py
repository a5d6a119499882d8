"""What a question asks about, as concepts that a label may call otherwise: "throw up" is its vomiting, "pee" its urine.

``corpora/vocabulary/concepts.txt`` lists the names of each; a word that it does not list is a concept of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rag.lexical import analysed

Stems = tuple[str, ...]
WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")
LONGEST = 5
"""Words of a name that is looked for."""
CAPITALS = 3
"""Letters up to which a name in capitals must be written so: MS, ALL."""
PAIR = 2
LOOSE, SPOKEN = "~", "?"


@dataclass(frozen=True, slots=True)
class Concept:
    """``words``: as asked; ``stems``: the same, analysed; ``names``: all that it is called, itself among them.

    ``firm``: whether it is listed as something that labels would name: a harm, a disease, a food, a part of the body.
    """

    words: tuple[str, ...]
    stems: Stems
    names: frozenset[Stems]
    firm: bool = False

    @property
    def lookups(self) -> list[Stems]:
        """The names of at most two words, its own first: those that can be looked up in whole labels word by word."""
        return sorted((name for name in self.names if len(name) <= PAIR or name == self.stems), key=self._order)

    def _order(self, name: Stems) -> tuple[bool, int, Stems]:
        return name != self.stems, len(name), name

    def told(self, said: Said) -> bool:
        """Whether the text has any of its names."""
        return any(said.has(name) for name in self.names)


class Said:
    """A text as stems."""

    def __init__(self, text: str) -> None:
        stems = analysed(text.casefold())
        self._stems = frozenset(stems)
        self._line = f" {' '.join(stems)} "

    def has(self, name: Stems) -> bool:
        """Whether the words of ``name`` stand in the text, one after the other."""
        return name[0] in self._stems if len(name) == 1 else f" {' '.join(name)} " in self._line


@dataclass(frozen=True, slots=True)
class _Group:
    """The names of a line; ``capital``: the name that led here must be written in capitals."""

    names: frozenset[Stems]
    firm: bool
    capital: bool


def concepts(text: str) -> list[Concept]:
    """The concepts of ``text`` in its order, the longest names first, each once; words of no name alone."""
    words = WORD.findall(text.replace("-", " "))
    stems = [analysed(word.casefold()) for word in words]
    found: dict[Stems, Concept] = {}
    place = 0
    while place < len(words):
        length = next((size for size in range(LONGEST, 1, -1) if _known(words, stems, place, size)), 1)
        if joined := _joined(stems[place : place + length]):
            groups = _known(words, stems, place, length)
            names = frozenset({joined}).union(*(group.names for group in groups))
            firm = any(group.firm for group in groups)
            found.setdefault(joined, Concept(tuple(words[place : place + length]), joined, names, firm))
        place += length
    return list(found.values())


def _known(words: Sequence[str], stems: Sequence[Stems], place: int, length: int) -> list[_Group]:
    """The groups that have these words as a name."""
    if place + length > len(words):
        return []
    known = _names().get(_joined(stems[place : place + length]), [])
    capital = words[place].isupper()
    return [group for group in known if capital or not group.capital]


def _joined(stems: Iterable[Stems]) -> Stems:
    return tuple(stem for each in stems for stem in each)


@cache
def _names() -> Mapping[Stems, list[_Group]]:
    """The groups by each of their names."""
    found: dict[Stems, list[_Group]] = {}
    for firm, names in _lines():
        stems = {name: analysed(name.replace("-", " ").casefold()) for name in names}
        # what must be in capitals is no name for texts, in which "all" and "or" stand everywhere
        group = frozenset(told for name, told in stems.items() if not _is_capital(name) and name[0] != SPOKEN)
        for name, told in stems.items():
            found.setdefault(told, []).append(_Group(group, firm, _is_capital(name)))
    return found


def _lines() -> Iterator[tuple[bool, list[str]]]:
    text = files("corpora").joinpath("vocabulary/concepts.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield not line.startswith(LOOSE), [name.strip() for name in line.removeprefix(LOOSE).split(",")]


def _is_capital(name: str) -> bool:
    return name.isupper() and len(name) <= CAPITALS
