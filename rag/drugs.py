"""Finds the drugs that a text names, from the names that the corpus itself carries.

A wrong drug is worse than none: names that are ordinary words need a capital, misspellings are corrected only at one
edit, and what looks like a drug but is unknown is reported so that the answer can abstain.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from corpora.vocabulary import brand_names, ingredient_names
from ingest.schema import DrugNames
from rag.ingredients import SALTS, canonical, ingredients, keys_of, unique, word_set
from rag.spelling import (
    could_be_drug,
    has_stem,
    in_drug_position,
    is_prose,
    looks_like_drug,
    nearest,
    ordinary_words,
)
from rag.surfaces import PRESENTATIONS, Entry, Rule, Token, choose, surfaces, tokenize, words_of

__all__ = ["Mention", "NameSource", "Reading", "Resolver", "keys_of"]

EVERYDAY = word_set(
    """alcohol ethanol water oxygen nitrogen helium caffeine nicotine iron calcium potassium sodium magnesium zinc
    copper sulfur glucose dextrose sugar salt urea glycerin honey licorice"""
)
"""Spoken of in most questions without being the drug asked about: a drug only alone and where one is expected."""

SMALL = word_set("and in of with for the")
"""Words of a name that are written without a capital."""

QUALIFIERS = word_set(
    """emtansine deruxtecan vedotin ozogamicin govitecan tiuxetan soravtansine tesirine mafodotin mertansine pegol
    mononitrate dinitrate alafenamide disoproxil"""
)
"""Second words that make another drug of the first: "trastuzumab emtansine" is not trastuzumab."""

_JOINT = re.compile(r"\s*(?:\b(?:and|with|or|plus|vs\.?|versus)\b|[/+&])\s*")


class NameSource(Protocol):
    """What the resolver needs of the store."""

    def drug_names(self) -> Iterable[tuple[str, str, str]]:
        """Rows of document id, field (generic, brand, substance, ...) and name."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A drug in a text: ``text[start:end] == surface``; ``keys`` are its ingredients, ``rule`` how it was found."""

    keys: tuple[str, ...]
    surface: str
    start: int
    end: int
    rule: Rule

    @property
    def key(self) -> str:
        """The ingredients as one name."""
        return " and ".join(self.keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """The drugs in a text: known ones, words that look like unknown ones, and what those may be mistaken for."""

    mentions: tuple[Mention, ...] = ()
    unresolved: tuple[str, ...] = ()
    lookalikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Resolver:
    """A dictionary of surfaces (tuples of folded words) to drug keys, matched longest first on word boundaries."""

    def __init__(self, entries: Mapping[tuple[str, ...], Entry], ambiguous: Mapping[str, tuple[str, ...]]) -> None:
        self._entries = entries
        self.ambiguous = ambiguous
        self.keys = frozenset(key for entry in entries.values() for key in entry.keys)
        self._longest: dict[str, int] = {}
        for words in entries:
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
        self._names: defaultdict[frozenset[str], list[str]] = defaultdict(list)
        for words, entry in entries.items():
            self._names[frozenset(entry.keys)].append(" ".join(words))
        self._single = {
            words[0]: entry for words, entry in entries.items() if len(words) == 1 and entry.rule != "brand"
        }

    @classmethod
    def from_names(cls, rows: Iterable[tuple[str, str, str]]) -> Resolver:
        """From rows of document id, field and name, in any order; fields other than the three names are passed over."""
        documents: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for document_id, name_field, name in rows:
            documents[document_id][name_field].append(name)
        entries, ambiguous = choose(surfaces(documents.values()))
        known = {key for entry in entries.values() for key in entry.keys}
        elsewhere = {words: Entry(keys, "brand") for words, keys in _brands().items() if known.issuperset(keys)}
        return cls({**elsewhere, **entries}, ambiguous)

    @classmethod
    def from_store(cls, store: NameSource) -> Resolver:
        """From all names of the store's documents."""
        return cls.from_names(store.drug_names())

    def __len__(self) -> int:
        """How many surfaces are known."""
        return len(self._entries)

    def resolve(self, text: str) -> tuple[Mention, ...]:
        """The drugs that ``text`` names, in order, without overlap."""
        return self.read(text).mentions

    def name(self, name: str) -> tuple[str, ...]:
        """The keys of a name given as such (a filter): no prose rules; an unknown name is its own key."""
        entry = self._entries.get(words_of(name)) or self._entries.get(words_of(canonical(name)))
        return entry.keys if entry else ingredients(name)

    def names(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Every known way to write the drug of these keys, words separated by single spaces; no ordinary words."""
        wanted = frozenset(keys)
        known = self._names.get(wanted, ())
        return unique((*wanted, *(name for name in known if not set(name.split()) <= ordinary_words())))

    def read(self, text: str) -> Reading:
        """Mentions, unresolved drug-like words and what they may be mistaken for."""
        mentions, unresolved, rest = self._scan(text, tokenize(text))
        lookalikes: dict[str, tuple[str, ...]] = {}
        for token in rest:
            corrected = self._corrected(text, token)
            if corrected:
                mentions.append(corrected)
            elif self._unknown(text, token, mentions):
                unresolved.append(text[token.start : token.end])
                lookalikes |= self._lookalikes(token.text)
        mentions.sort(key=lambda mention: mention.start)
        return Reading(_without_everyday(text, mentions), unique(unresolved), lookalikes)

    def _scan(self, text: str, tokens: list[Token]) -> tuple[list[Mention], list[str], list[Token]]:
        """What the dictionary finds: drugs, names of drugs it does not know, and the words left over."""
        mentions: list[Mention] = []
        unresolved: list[str] = []
        rest: list[Token] = []
        position = 0
        while position < len(tokens):
            found = self._match(text, tokens, position)
            if found is None:
                rest.append(tokens[position])
                position += 1
                continue
            known, other, position = found
            mentions += known
            unresolved += other
        return mentions, unresolved, rest

    def _match(self, text: str, tokens: list[Token], position: int) -> tuple[list[Mention], list[str], int] | None:
        """The longest surface that begins here and may be read as a name, and where the text goes on.

        Where the next word makes another drug of it, both words are unresolved instead.
        """
        for length in range(min(self._longest.get(tokens[position].text, 0), len(tokens) - position), 0, -1):
            end = position + length
            entry = self._entries.get(tuple(token.text for token in tokens[position:end]))
            if entry is None:
                continue
            start = tokens[position].start
            if end < len(tokens) and self._other_drug(tokens[end], entry):
                return [], [text[start : tokens[end].end]], end + 1
            if not _written_as_name(text, tokens[position:end], entry):
                continue
            while end < len(tokens) and tokens[end].text in SALTS and tokens[end].text not in self._longest:
                end += 1
            stop = tokens[end - 1].end
            return [Mention(entry.keys, text[start:stop], start, stop, entry.rule)], [], end
        return None

    def _other_drug(self, following: Token, entry: Entry) -> bool:
        """Whether the next word makes another drug of this one (which the corpus does not know)."""
        if following.text in QUALIFIERS:
            return all(following.text not in key.split() for key in entry.keys)
        unknown = not is_prose(following.text) and following.text not in self._longest
        return entry.rule == "short" and unknown and following.text not in PRESENTATIONS

    def _corrected(self, text: str, token: Token) -> Mention | None:
        """A word one edit from exactly one generic name."""
        if is_prose(token.text) or token.text in self._longest or _is_drug(text, token):
            return None
        near = nearest(token.text, self._single, edits=1)
        keys = {self._single[name].keys for name in near}
        if len(keys) != 1:
            return None
        return Mention(keys.pop(), text[token.start : token.end], token.start, token.end, "spelling")

    def _unknown(self, text: str, token: Token, mentions: Sequence[Mention]) -> bool:
        if token.text in self.ambiguous or _is_drug(text, token) or looks_like_drug(text, token.start, token.end):
            return True
        return could_be_drug(text[token.start : token.end]) and any(_joined(text, token, one) for one in mentions)

    def _lookalikes(self, word: str) -> dict[str, tuple[str, ...]]:
        """The known drugs that an unresolved word may be mistaken for."""
        near = self.ambiguous.get(word) or nearest(word, self._single, edits=2)
        return {word: near} if near else {}


@cache
def _brands() -> dict[tuple[str, ...], tuple[str, ...]]:
    """The brands of the vocabulary as surfaces, with the keys of their ingredients."""
    return {words_of(brand): keys_of(DrugNames(generic=listed)) for brand, listed in brand_names().items()}


def _is_drug(text: str, token: Token) -> bool:
    """Whether the vocabulary has this word as a drug's name, though the corpus may not."""
    brand = len(token.text) > 4 and (token.text,) in _brands()
    return token.text in ingredient_names() or (brand and _written_as_name(text, [token], Entry((), "brand")))


def _joined(text: str, token: Token, mention: Mention) -> bool:
    """Whether a word stands beside a drug as another one would: "warfarin with ...", "... and warfarin"."""
    between = text[mention.end : token.start] if mention.end <= token.start else text[token.end : mention.start]
    return _JOINT.fullmatch(between.lower()) is not None


def _written_as_name(text: str, tokens: list[Token], entry: Entry) -> bool:
    """Whether a surface that may be no name is written as one.

    A brand of ordinary words needs a capital in every word ("Stay Awake"); one such word ("Dove") a capital within a
    sentence or a drug's position. The first word of a longer name needs a stem or a drug's position.
    """
    if entry.rule == "short":
        return has_stem(tokens[0].text) or in_drug_position(text, tokens[0].start, tokens[-1].end)
    if entry.rule != "brand" or (len(tokens) == 1 and tokens[0].text not in ordinary_words()):
        return True
    before = text[: tokens[0].start].rstrip()
    if len(tokens) == 1:
        capital = text[tokens[0].start].isupper() and bool(before) and before[-1] not in ".?!"
        return capital or in_drug_position(text, tokens[0].start, tokens[0].end)
    return not any(text[token.start].islower() for token in tokens if token.text not in SMALL)


def _without_everyday(text: str, mentions: list[Mention]) -> tuple[Mention, ...]:
    """Everyday substances left out beside a drug, and where no drug is asked for."""
    drugs = [mention for mention in mentions if mention.surface.casefold() not in EVERYDAY]
    if drugs or len(mentions) != 1:
        return tuple(drugs)
    return tuple(mention for mention in mentions if in_drug_position(text, mention.start, mention.end))
