"""Misspellings of a word, seeded: the slips of typing and of hearing."""

from __future__ import annotations

import random
from collections.abc import Callable

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SOUNDS = (
    ("ph", "f"),
    ("y", "i"),
    ("i", "y"),
    ("c", "k"),
    ("k", "c"),
    ("z", "s"),
    ("x", "z"),
    ("th", "t"),
    ("e", "i"),
    ("a", "o"),
)


def delete(word: str, place: int, _: random.Random) -> str:
    """A letter left out."""
    return word[:place] + word[place + 1 :]


def insert(word: str, place: int, chance: random.Random) -> str:
    """A letter too many."""
    return word[:place] + chance.choice(LETTERS) + word[place:]


def substitute(word: str, place: int, chance: random.Random) -> str:
    """A letter for another."""
    return word[:place] + chance.choice(LETTERS) + word[place + 1 :]


def transpose(word: str, place: int, _: random.Random) -> str:
    """Two neighbours exchanged."""
    return word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :]


def double(word: str, place: int, _: random.Random) -> str:
    """A letter twice."""
    return word[:place] + word[place] + word[place:]


def sound(word: str, place: int, chance: random.Random) -> str:
    """Letters for others of one sound; a doubled letter where the word has none such."""
    fitting = [(written, heard) for written, heard in SOUNDS if written in word[1:]]
    if not fitting:
        return double(word, place, chance)
    written, heard = chance.choice(fitting)
    return word[0] + word[1:].replace(written, heard, 1)


SLIPS: tuple[Callable[[str, int, random.Random], str], ...] = (delete, insert, substitute, transpose, double, sound)


def misspelt(word: str, chance: random.Random, edits: int = 1) -> str:
    """``word`` with so many slips, the first letter kept."""
    for _ in range(edits):
        word = chance.choice(SLIPS)(word, chance.randrange(1, len(word)), chance)
    return word
