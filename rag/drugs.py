"""Finds the drugs that a text names, from the names that the corpus itself carries.

A wrong drug is worse than none: names that are ordinary words need a capital, a misspelling is corrected only where one
drug is near and every other far (`rag.naming.correct`), and what looks like a drug but is unknown, or may be one of
several, is reported so that the answer can abstain. Classes of drugs are found beside them (`rag.naming.classes`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from corpora.vocabulary import ingredient_names
from ingest.schema import DrugNames
from rag.naming.classes import Classes, ClassMention
from rag.naming.correct import SHORTEST, Speller, Suggestion
from rag.naming.everyday import EVERYDAY, FOODS, beside
from rag.naming.ingredients import SALTS, canonical, ingredients, keys_of, unique, word_set
from rag.naming.names import CONDITION, synonym_entries, universe, vocabulary_brands
from rag.naming.spelling import (
    NATURAL,
    could_be_drug,
    has_stem,
    in_drug_position,
    is_prose,
    looks_like_drug,
    measured,
    medical_words,
    nearest,
    ordinary_words,
)
from rag.naming.surfaces import PRESENTATIONS, Entry, Rule, Token, choose, surfaces, tokenize, words_of

__all__ = ["Mention", "NameSource", "Reading", "Resolver", "Role", "keys_of"]

Role = Literal["asked", "current", "from", "allergy", "treated"]
"""What a drug is in a question: asked about, taken already, given up for another, not tolerated, or what did the harm
that another is to treat."""

SMALL = word_set("and in of with for the")
"""Words of a name that are written without a capital."""

QUALIFIERS = word_set(
    """emtansine deruxtecan vedotin ozogamicin govitecan tiuxetan soravtansine tesirine mafodotin mertansine pegol
    mononitrate dinitrate alafenamide disoproxil liposomal liposome"""
)
"""Second words that make another drug of the first: "trastuzumab emtansine" is not trastuzumab."""

CARRIERS = word_set("liposomal liposome nab")
"""First words that do: doses of "liposomal doxorubicin" and "nab-paclitaxel" are not those of the plain drugs."""

_JOINT = re.compile(r"\s*(?:\b(?:and|with|or|plus|vs\.?|versus)\b|[/+&])\s*")


class NameSource(Protocol):
    """What the resolver needs of the store."""

    def drug_names(self) -> Iterable[tuple[str, str, str]]:
        """Rows of document id, field (generic, brand, substance, ...) and name."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A drug in a text: ``text[start:end] == surface``; ``keys`` are its ingredients, ``rule`` how it was found.

    ``role`` is what the question says of it (`rag.asked.roles`).
    """

    keys: tuple[str, ...]
    surface: str
    start: int
    end: int
    rule: Rule
    role: Role = "asked"

    @property
    def key(self) -> str:
        """The ingredients as one name."""
        return " and ".join(self.keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """The drugs in a text: known ones, words that look like unknown ones, and what those may be mistaken for.

    ``lookalikes`` are known to the corpus; ``readings`` are all drugs that a word may mean where that is not sure,
    whether the corpus knows them or not ("MTX", "hydroxazine"); such a word is unresolved. ``beside``: everyday
    substances that the text joins to a drug (`rag.naming.everyday`).
    """

    mentions: tuple[Mention, ...] = ()
    unresolved: tuple[str, ...] = ()
    lookalikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[ClassMention, ...] = ()
    beside: tuple[str, ...] = ()


class Resolver:
    """A dictionary of surfaces (tuples of folded words) to drug keys, matched longest first on word boundaries."""

    def __init__(
        self,
        entries: Mapping[tuple[str, ...], Entry],
        ambiguous: Mapping[str, tuple[str, ...]],
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """``counts``: how many documents each key has, for the order in which members of a class are named."""
        self.keys = frozenset(key for entry in entries.values() for key in entry.keys)
        others, self._elsewhere = synonym_entries(self.keys)
        self._entries = {**others, **entries}
        self.ambiguous = ambiguous
        self.classes = Classes(counts or dict.fromkeys(self.keys, 1))
        self._longest: dict[str, int] = {}
        for words in (*self._entries, *self._elsewhere):
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
        self._names: defaultdict[frozenset[str], list[str]] = defaultdict(list)
        for words, entry in self._entries.items():
            if entry.rule != "abbreviation":
                self._names[frozenset(entry.keys)].append(" ".join(words))
        self._words = frozenset(word for words in self._entries for word in words)
        self._single = {
            words[0]: entry for words, entry in entries.items() if len(words) == 1 and entry.rule != "brand"
        }
        self._speller = Speller(*universe(self._entries))

    @classmethod
    def from_names(cls, rows: Iterable[tuple[str, str, str]]) -> Resolver:
        """From rows of document id, field and name, in any order; fields other than the three names are passed over."""
        documents: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for document_id, name_field, name in rows:
            documents[document_id][name_field].append(name)
        for fields in documents.values():
            if not {"generic", "brand"} & fields.keys():  # a paper
                fields["substance"] = [name for name in fields["substance"] if _names_a_drug(name)]
        entries, ambiguous = choose(surfaces(documents.values()))
        counts = Counter(key for fields in documents.values() for key in keys_of_fields(fields))
        elsewhere = {
            words: Entry(keys, "brand") for words, keys in vocabulary_brands().items() if counts.keys() >= set(keys)
        }
        return cls({**elsewhere, **entries}, ambiguous, counts)

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
        """Mentions, classes, unresolved drug-like words and what they may be mistaken for."""
        written = tokenize(text)
        suggested = {token.start: found for token in written if (found := self._suggested(text, token))}
        fixed = {start: name for start, found in suggested.items() if (name := self._sure(found))}
        tokens = [token._replace(text=fixed.get(token.start, token.text)) for token in written]
        scan = self._scan(text, tokens)
        mentions = [_spelt(mention, fixed) for mention in scan.mentions]
        for token in scan.rest:
            found = suggested.get(token.start)
            if found or self._unknown(text, token, [*mentions, *scan.classes]):
                scan.report(text[token.start : token.end], self._lookalikes(token.text, found), self._readings(found))
        unresolved = unique(scan.unresolved)
        drugs = _without_everyday(text, mentions, others=bool(unresolved or scan.classes))
        unknown = [Token(word, start := text.find(word), start + len(word)) for word in unresolved]
        near = beside(text, [*drugs, *scan.classes, *unknown])
        return Reading(drugs, unresolved, scan.lookalikes, scan.readings, tuple(scan.classes), near)

    def _suggested(self, text: str, token: Token) -> Suggestion | None:
        """What a word that is no known name and no prose may be a misspelling of."""
        word = token.text
        known = word in self._words or word in self._longest or word in self.ambiguous or word in SALTS
        prose = word in ordinary_words() or word in medical_words()
        if known or prose or word in self.classes.words() or _is_drug(text, token):
            return None
        found = self._speller.suggest(word)
        if found and found.cost > 1 and has_stem(word):  # formed as a name is: as likely a drug not known yet
            found = replace(found, sure=False)
        return found if found and self._believed(text, token, found) else None

    def _believed(self, text: str, token: Token, found: Suggestion) -> bool:
        """Whether a word near a drug's name is one: by its stem or its place in the question, else where very near.

        A word that is formed like a condition or an adjective ("metoprolal") is one only where a long generic name is
        an edit away; a brand ("Xeralto") is written with a capital.
        """
        short, brand = len(token.text) < CONDITION, found.names[0] in self._speller.brands
        if is_prose(token.text):
            return found.sure and found.cost <= 1 and not short and not brand
        if looks_like_drug(text, token.start, token.end):
            return True
        if brand:
            most = 0.5 if len(token.text) == SHORTEST else 1.0
            return found.sure and found.cost <= most and text[token.start].isupper()
        return found.cost <= (1.0 if found.sure else 0.5)

    def _sure(self, found: Suggestion) -> str | None:
        """The name of the corpus that a misspelling stands for, where that is sure."""
        return next((name for name in found.names if name in self._words), None) if found.sure else None

    def _scan(self, text: str, tokens: list[Token]) -> _Scan:
        """What the dictionaries find: drugs, classes, names of drugs that are not known, and the words left over."""
        scan = _Scan()
        position = 0
        while position < len(tokens):
            drug = self._match(text, tokens, position)
            group = self.classes.match(text, tokens, position)
            other = self._not_held(text, tokens, position)
            end = max(found[-1] for found in (drug, group, other, (position,)) if found)
            if group and group[1] == end and not (drug and drug[2] == end and _is_name(drug[0])):
                scan.classes.append(group[0])
            elif drug and drug[2] == end:
                scan.mentions += drug[0]
                scan.unresolved += drug[1]
            elif other:
                scan.report(other[0], tuple(name for name in other[1] if name in self.keys), other[1])
            else:
                scan.rest.append(tokens[position])
            position = max(end, position + 1)
        return scan

    def _not_held(self, text: str, tokens: list[Token], position: int) -> tuple[str, tuple[str, ...], int] | None:
        """A synonym of a drug that the corpus lacks, or an abbreviation of several: its readings, where it goes on."""
        for length in range(min(self._longest.get(tokens[position].text, 0), len(tokens) - position), 0, -1):
            end = position + length
            readings = self._elsewhere.get(tuple(token.text for token in tokens[position:end]))
            surface = text[tokens[position].start : tokens[end - 1].end]
            if readings and _as_abbreviation(surface):
                return surface, readings, end
        return None

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
            if position and tokens[position - 1].text in CARRIERS:
                return [], [text[tokens[position - 1].start : tokens[end - 1].end]], end
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

    def _unknown(self, text: str, token: Token, named: Sequence[Mention | ClassMention]) -> bool:
        if measured(text, token.start, token.end):
            return False
        if token.text in self.ambiguous or _is_drug(text, token) or looks_like_drug(text, token.start, token.end):
            return True
        possible = token.text not in FOODS | NATURAL and could_be_drug(text[token.start : token.end])
        return possible and any(_joined(text, token, one) for one in named)

    def _lookalikes(self, word: str, found: Suggestion | None) -> tuple[str, ...]:
        """The known drugs that an unresolved word may be mistaken for."""
        if found:
            entries = (self._entries.get((name,)) for name in found.names)
            return unique(" and ".join(entry.keys) for entry in entries if entry)
        return self.ambiguous.get(word) or nearest(word, self._single, edits=2)

    def _readings(self, found: Suggestion | None) -> tuple[str, ...]:
        """The drugs that a misspelling may mean, by generic name."""
        if found is None:
            return ()
        keys = (
            self._entries.get((name,)) or Entry(vocabulary_brands().get((name,), (name,)), "brand")
            for name in found.names
        )
        return unique(" and ".join(entry.keys) for entry in keys)


@dataclass(slots=True)
class _Scan:
    """What is found while a text is read."""

    mentions: list[Mention] = field(default_factory=list)
    classes: list[ClassMention] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    rest: list[Token] = field(default_factory=list)
    lookalikes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    readings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def report(self, surface: str, lookalikes: tuple[str, ...], readings: tuple[str, ...]) -> None:
        """A word that is not resolved, with what the corpus knows like it and what it may mean."""
        self.unresolved.append(surface)
        if lookalikes:
            self.lookalikes[surface.casefold()] = lookalikes
        if len(readings) > 1:
            self.readings[surface.casefold()] = readings


def _spelt(mention: Mention, fixed: Mapping[int, str]) -> Mention:
    """The mention, as a correction where one of its words was corrected."""
    corrected = any(mention.start <= start < mention.end for start in fixed)
    return replace(mention, rule="spelling") if corrected else mention


def _is_name(mentions: Sequence[Mention]) -> bool:
    """Whether a drug is named in full: "penicillin" for penicillin G alone is the class."""
    return any(mention.rule != "short" for mention in mentions)


def _as_abbreviation(surface: str) -> bool:
    """Whether an abbreviation that may be an English word is written as one."""
    return not surface.islower() or surface not in ordinary_words()


def keys_of_fields(fields: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The keys of a document from its names by field."""
    return keys_of(DrugNames(*(tuple(fields.get(name, ())) for name in ("generic", "brand", "substance"))))


def _names_a_drug(name: str) -> bool:
    """Whether a substance that a paper is indexed with may be a drug; MeSH also has "Drugs, Investigational".

    Its inverted names would be read as combinations; of the others, those of ordinary words alone are kinds of things.
    """
    words = words_of(name)
    known = any(word in ingredient_names() for word in words)
    return "," not in name and (known or not ordinary_words().issuperset(words))


def _is_drug(text: str, token: Token) -> bool:
    """Whether the vocabulary has this word as a drug's name, though the corpus may not."""
    brand = len(token.text) > 4 and (token.text,) in vocabulary_brands()
    return token.text in ingredient_names() or (brand and _written_as_name(text, [token], Entry((), "brand")))


def _joined(text: str, token: Token, mention: Mention | ClassMention) -> bool:
    """Whether a word stands beside a drug as another one would: "warfarin with ...", "... and warfarin"."""
    between = text[mention.end : token.start] if mention.end <= token.start else text[token.end : mention.start]
    return _JOINT.fullmatch(between.lower()) is not None


def _written_as_name(text: str, tokens: list[Token], entry: Entry) -> bool:
    """Whether a surface that may be no name is written as one.

    A brand of ordinary words needs a capital in every word ("Stay Awake"); one such word ("Dove") a capital within a
    sentence or a drug's position. The first word of a longer name needs a stem, a drug's position, or to be listed.
    """
    if entry.rule == "abbreviation":
        return _as_abbreviation(text[tokens[0].start : tokens[-1].end])
    if entry.rule == "short":
        known = has_stem(tokens[0].text) or tokens[0].text in ingredient_names()
        return known or in_drug_position(text, tokens[0].start, tokens[-1].end)
    if entry.rule != "brand" or (len(tokens) == 1 and tokens[0].text not in ordinary_words()):
        return True
    before = text[: tokens[0].start].rstrip()
    if len(tokens) == 1:
        capital = text[tokens[0].start].isupper() and bool(before) and before[-1] not in ".?!"
        return capital or in_drug_position(text, tokens[0].start, tokens[0].end)
    return not any(text[token.start].islower() for token in tokens if token.text not in SMALL)


def _without_everyday(text: str, mentions: list[Mention], *, others: bool) -> tuple[Mention, ...]:
    """Everyday substances left out beside a drug (``others``: a class, an unknown) and where no drug is asked for."""
    drugs = [mention for mention in mentions if mention.surface.casefold() not in EVERYDAY]
    if drugs or others or len(mentions) != 1:
        return tuple(drugs)
    return tuple(mention for mention in mentions if in_drug_position(text, mention.start, mention.end))
