"""What a misspelt drug name stands for: resolved where one name is near and every other far, else reported.

Corrected among all names that are known to be drugs', of the corpus and of the vocabulary, so that a misspelt drug that
the corpus lacks is never taken for another that it holds. The distance is the mean of two counts of edits (optimal
string alignment): of the letters, and of the sounds (`skeleton`), so that a slip of sound, a vowel for
another, c for k, a letter doubled, counts half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 6
"""Letters below which a word is not corrected: short names have too many neighbours."""

LONG = 9
"""Letters from which two edits are corrected."""

MARGIN = 2.0
"""How much farther the next drug must be. "Hydroxazine" is half an edit from hydroxyzine, one and a half from
hydralazine: too near to choose."""

BRAND_MARGIN = 1.0
"""How much farther the next brand must be: of 5,000, most of them rare, one is at two edits of most words."""

SHOWN = 4
"""Readings of an unsure word that are told."""

_SOUNDS = (("ph", "f"), ("ck", "k"), ("ae", "e"), ("oe", "e"), ("th", "t"), ("rh", "r"), ("ch", "c"))
_SKELETON = str.maketrans("eiouykqszxvtnj", "aaaaaccccc" + "bdmg")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The names nearest to a word. ``sure``: one drug is near and no other within `MARGIN` of it."""

    names: tuple[str, ...]
    sure: bool
    cost: float


class Speller:
    """Names of drugs to the drug that each stands for (anything that can be compared)."""

    def __init__(self, names: Mapping[str, Hashable], brands: Collection[str]) -> None:
        """``brands``: which of ``names`` are brands."""
        self.brands = brands
        self._drugs = names
        self._sounds = {name: skeleton(name) for name in names}
        self._initials: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for name, sounds in self._sounds.items():
            self._initials[sounds[:1]][name] = sounds

    def suggest(self, word: str) -> Suggestion | None:
        """What a lower-case word that is no name may stand for; None where no name of the same first sound is near."""
        if len(word) < SHORTEST or not word.isalpha():
            return None
        allowed = 2.0 if len(word) >= LONG else 1.0
        own = skeleton(word)
        first = _near(word, own, self._initials.get(own[:1], {}), allowed)
        if not first:
            return None
        best = min(first.values())
        costs = _near(word, own, self._sounds, best + MARGIN)
        near = sorted((cost, name) for name, cost in costs.items() if cost == best or cost < best + self._margin(name))
        drugs = {self._drugs[name] for _, name in near}
        sure = len(drugs) == 1
        return Suggestion(tuple(name for _, name in near[:SHOWN]), sure, best)

    def _margin(self, name: str) -> float:
        return BRAND_MARGIN if name in self.brands else MARGIN


def _near(word: str, own: str, names: Mapping[str, str], most: float) -> dict[str, float]:
    """The names at ``most`` or less, with their distances; ``names`` and ``own`` with their sounds."""
    found = process.extract(own, names, scorer=OSA.distance, score_cutoff=int(most), limit=None)
    costs = {name: (sounds + max(sounds, OSA.distance(word, name))) / 2 for _, sounds, name in found}
    return {name: cost for name, cost in costs.items() if cost <= most}


def distance(one: str, other: str) -> float:
    """Edits between two lower-case words, those that keep the sound counted half."""
    sounds = OSA.distance(skeleton(one), skeleton(other))
    return (sounds + max(sounds, OSA.distance(one, other))) / 2


@lru_cache(maxsize=1 << 15)
def skeleton(word: str) -> str:
    """The sound of a word: one vowel, one letter for each group of like consonants, none doubled, no final e."""
    for written, sound in _SOUNDS:
        word = word.replace(written, sound)
    heard = word.removesuffix("e").translate(_SKELETON)
    return "".join(letter for place, letter in enumerate(heard) if place == 0 or heard[place - 1] != letter)
