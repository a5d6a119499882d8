"""Classes of drugs in a text ("ACE inhibitors"), and which of their members a corpus holds.

Everyday classes are those of ``corpora/vocabulary/aliases.toml``; beside them stand the established pharmacologic
classes and mechanisms of openFDA under their own names. Members: ``corpora/vocabulary/classes.tsv``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from corpora.vocabulary import ingredient_names
from corpora.vocabulary.classes import aliases, class_members
from rag.naming.ingredients import ingredients, unique
from rag.naming.spelling import ordinary_words
from rag.naming.surfaces import Token, words_of

EXPOSED = ("epc", "moa")
"""The kinds of openFDA that people ask for by name; chemical structures ("Amides") serve everyday classes alone."""

_NO_CLASSES = frozenset({"antidote", "alkaloid"})
"""Names of openFDA's classes that questions use otherwise."""

_AGENTS = frozenset({"inhibitor", "blocker", "antagonist", "agonist", "inducer"})


@dataclass(frozen=True, slots=True)
class DrugClass:
    """A class: its name, other ways to write it, and the keys of its members that the corpus holds, best covered first.

    ``everyone`` are all its members as keys, held or not.
    """

    name: str
    written: tuple[str, ...]
    members: tuple[str, ...]
    everyone: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What a text that speaks of the class may say: its names and its members, held or not."""
        return unique((*self.written, *self.everyone))


@dataclass(frozen=True, slots=True)
class ClassMention:
    """A class in a text: ``text[start:end] == surface``."""

    drug_class: DrugClass
    surface: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.drug_class.name

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the members that the corpus holds, those with most documents first."""
        return self.drug_class.members


class Classes:
    """A dictionary of surfaces to classes, matched longest first."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """``counts``: how many documents of the corpus each drug key has."""
        self._entries = {words: _held(drug_class, counts) for words, drug_class in _surfaces().items()}
        self._owners: dict[str, tuple[DrugClass, ...]] = {}
        self._longest: dict[str, int] = {}
        for words in self._entries:
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))

    def match(self, text: str, tokens: list[Token], position: int) -> tuple[ClassMention, int] | None:
        """The longest class that begins at this token, and the token after it."""
        for length in range(min(self._longest.get(tokens[position].text, 0), len(tokens) - position), 0, -1):
            end = position + length
            found = self._entries.get(tuple(token.text for token in tokens[position:end]))
            start, stop = tokens[position].start, tokens[end - 1].end
            if found and _written(text[start:stop]):
                return ClassMention(found, text[start:stop], start, stop), end
        return None

    def of(self, keys: Collection[str]) -> tuple[DrugClass, ...]:
        """The classes that one of these drugs belongs to, by name."""
        found = {one.name: one for key in keys for one in self._of(key)}
        return tuple(found[name] for name in sorted(found))

    def _of(self, key: str) -> tuple[DrugClass, ...]:
        if key not in self._owners:
            named = {one.name: one for one in self._entries.values() if key in one.everyone}
            self._owners[key] = tuple(named.values())  # two threads may both find it; they find the same
        return self._owners[key]

    def words(self) -> Collection[str]:
        """The words that begin a class."""
        return self._longest.keys()


def _written(surface: str) -> bool:
    """Whether a surface is written as a class: one that is an English word too ("arb") needs its capitals."""
    folded = surface.casefold()
    if surface.rstrip("s").isupper() or not ({folded, folded.rstrip("s")} & _shouted()):
        return True
    return folded.rstrip("s") not in ordinary_words() and folded not in ordinary_words()


@cache
def _shouted() -> frozenset[str]:
    """The names of classes that are abbreviations, folded."""
    return frozenset(form.casefold() for alias in aliases() for form in alias.written if form.isupper())


def _held(drug_class: DrugClass, counts: Mapping[str, int]) -> DrugClass:
    held = sorted((key for key in drug_class.everyone if key in counts), key=lambda key: (-counts[key], key))
    return DrugClass(drug_class.name, drug_class.written, tuple(held), drug_class.everyone)


@cache
def _surfaces() -> dict[tuple[str, ...], DrugClass]:
    """Every way to write a class; an everyday name wins over openFDA's."""
    found: dict[tuple[str, ...], DrugClass] = {}
    for drug_class, forms in (*_official(), *_everyday()):
        for form in forms:
            found |= dict.fromkeys(_numbers(words_of(form)), drug_class)
    return found


def _everyday() -> Iterator[tuple[DrugClass, tuple[str, ...]]]:
    members = class_members()
    for alias in aliases():
        keys = _keys(members.get(("everyday", alias.name), ()))
        official = tuple(re.sub(r"\s*\[.*", "", source) for source in alias.sources[:1])
        forms = (alias.name, *alias.written) if alias.name in alias.written else alias.written
        yield DrugClass(alias.name, unique((*alias.written, *official)), (), keys), forms


def _official() -> Iterator[tuple[DrugClass, tuple[str, ...]]]:
    """openFDA's own names, but for those that are single English words ("Antidote")."""
    joined: defaultdict[str, list[str]] = defaultdict(list)
    for (kind, name), members in class_members().items():
        words = words_of(name)
        plain = len(words) == 1 and {words[0], words[0].rstrip("s")} & ordinary_words()
        if kind in EXPOSED and not plain and words[0] not in _NO_CLASSES:
            joined[name] += members
    for name, listed in joined.items():
        yield DrugClass(name, (name,), (), _keys(tuple(listed))), (name,)


def _keys(names: tuple[str, ...]) -> tuple[str, ...]:
    return unique(key for name in names for key in ingredients(name))


def _numbers(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A name in singular and plural, and turned round: "inhibitors of CYP3A4"."""
    last = words[-1]
    ends = {last, last.removesuffix("s"), last if last.endswith("s") else f"{last}s"}
    if len(words) == 1 and last.removesuffix("s") in ingredient_names() and last.endswith("s"):
        ends = {last}  # the singular is a drug: "tetracyclines", "heparins"
    yield from ((*words[:-1], end) for end in ends)
    if len(words) > 1 and last.removesuffix("s") in _AGENTS:
        yield from ((end, "of", *words[:-1]) for end in ends)
