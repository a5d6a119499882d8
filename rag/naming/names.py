"""Names of drugs beyond those of the corpus: brands, synonyms and abbreviations of the vocabulary as surfaces."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from functools import cache

from corpora.vocabulary import ambiguous_abbreviations, brand_names, ingredient_names, synonyms
from ingest.schema import DrugNames
from rag.naming.ingredients import SALTS, canonical, keys_of, unique, word_set
from rag.naming.spelling import ordinary_words
from rag.naming.surfaces import Entry, words_of

CONDITION = 8
"""Letters from which a word that is formed like a condition ("metoprolal") may be a misspelt drug, at one edit."""

CARRIED = word_set(
    "abelcet abraxane ambisome amphotec arikayce daunoxome depocyt depodur doxil exparel marqibo onivyde vyxeos"
)
"""Brands in liposomes, lipids or albumin: their doses are not those of the plain ingredient that is listed for them."""

_CARRIER = re.compile(
    rf"\b(?:liposom\w*|lipid complex|(?:protein|albumin)-bound|nab-\w+|{'|'.join(sorted(CARRIED))})\b", re.IGNORECASE
)


def carrier(text: str) -> str:
    """The first word that says that a drug is carried so (or a brand that is), as it stands in ``text``; else empty."""
    found = _CARRIER.search(text)
    return found.group() if found else ""


@cache
def vocabulary_brands() -> dict[tuple[str, ...], tuple[str, ...]]:
    """The brands of the vocabulary as surfaces, with the keys of their ingredients; those `CARRIED` are their own."""
    brands = {words_of(brand): keys_of(DrugNames(generic=listed)) for brand, listed in brand_names().items()}
    return brands | {words: (words[0],) for words in brands if words[0] in CARRIED}


def synonym_entries(
    known: frozenset[str],
) -> tuple[dict[tuple[str, ...], Entry], dict[tuple[str, ...], tuple[str, ...]]]:
    """Synonyms of known drugs as entries; those of others, and ambiguous abbreviations, with their readings.

    One that several drugs share is the first of them that is known.
    """
    entries: dict[tuple[str, ...], Entry] = {}
    elsewhere = {words_of(written): readings for written, readings in ambiguous_abbreviations().items()}
    for synonym in synonyms():
        keys, words = unique(map(canonical, synonym.ingredients)), words_of(synonym.written)
        if known.issuperset(keys):
            entries.setdefault(words, Entry(keys, "abbreviation" if synonym.abbreviation else "synonym"))
        else:
            elsewhere.setdefault(words, (" and ".join(synonym.ingredients),))
    return entries, {words: readings for words, readings in elsewhere.items() if words not in entries}


def universe(entries: Mapping[tuple[str, ...], Entry]) -> tuple[dict[str, Hashable], frozenset[str]]:
    """Every single word that names a drug, to the drug: what misspellings are corrected among. And which are brands."""
    parts = (word for words in entries if len(words) > 1 for word in words)
    names: dict[str, Hashable] = {word: word for word in parts if len(word) >= CONDITION and word not in SALTS}
    names |= {name: frozenset({name}) for name in ingredient_names()}
    single = {words[0]: Entry(keys, "brand") for words, keys in vocabulary_brands().items() if len(words) == 1}
    single |= {words[0]: entry for words, entry in entries.items() if len(words) == 1}
    names |= {name: frozenset(entry.keys) for name, entry in single.items()}
    kept = {name for name in names if len(name) > 4 and name.isalpha() and name not in ordinary_words()}
    brands = frozenset(name for name in kept & single.keys() if single[name].rule == "brand")
    return {name: names[name] for name in sorted(kept)}, brands
