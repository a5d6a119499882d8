"""What a claim says in words that no source has: addresses, markup, unknown words, whole clauses.

Sources are data, and a model that wrote from them may have followed an instruction in one. Pure functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rag.checks.cues import stems, words
from rag.naming.spelling import ACIDS, CONDITIONS, NATURAL, is_prose, ordinary_words

SHORT = 5
"""Letters below which a word may be any abbreviation; those with figures are looked up elsewhere."""
SAYS = 3
"""Words from which a clause says something of its own."""

_ADDRESS = re.compile(r"https?:\S*|\S*://\S*|\bwww\.\S+|\S+@\S+|[a-z]{2,}\.[a-z]{2,}\S*", re.IGNORECASE)
_MARKUP = re.compile(r"!\[|\]\s*\(|</?[a-z!]|&#?\w+;|[`*_#|{}\\~^]", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def addressed(claim: str, held: str) -> bool:
    """Whether a claim has an address, markup or an unseen character that ``held``, its sources' text, has not."""
    folded = held.casefold()
    written = [match.group().casefold() for pattern in (_ADDRESS, _MARKUP) for match in pattern.finditer(claim)]
    written += [one for one in claim if unicodedata.category(one) in _UNSEEN]
    return any(one not in folded for one in written)


_WORD = re.compile(r"[^\W\d_]+")


def unknown(claim: str, held: str, known: Iterable[str]) -> bool:
    """Whether a word of a claim is neither in its sources' text, nor in ``known``, nor ordinary."""
    folded, stemmed = " ".join([held, *known]).casefold(), stems(held)
    return any(
        len(word) >= SHORT and word not in folded and not stems(word) <= stemmed and not _ordinary(word)
        for word in map(str.casefold, _WORD.findall(claim))
    )


_BEGINS = "un|non|re|over|out|under|multi|anti|inter|intra|pre|post|mis|dis"
_DERIVED = (
    (re.compile(rf"^(?:{_BEGINS})(?=\w{{3}})"), ""),
    (re.compile(r"(?:i?est|i?er|wise|iness|ness|i?ly|[ei]sed?|ening|ened|ens?|ing|e?d|y|e?s)$"), ""),
    (re.compile(r"our(?=s?$)"), "or"),
    (re.compile("ae|oe"), "e"),
    (re.compile("ases$"), "asis"),
)
"""From a word to the one that it is made of, British spellings too."""


@lru_cache(4096)
def _ordinary(word: str) -> bool:
    """Whether a word is ordinary English, made of such words, or formed like a condition."""
    known = ordinary_words()
    if is_prose(word) or word in NATURAL | CONDITIONS | ACIDS:
        return True
    bases = {word} | {pattern.sub(instead, word) for pattern, instead in _DERIVED}
    bases |= {pattern.sub(instead, base) for base in tuple(bases) for pattern, instead in _DERIVED}
    return any(base in known or f"{base}e" in known for base in bases if len(base) > 2) or any(
        word[:place] in known and word[place:] in known for place in range(4, len(word) - 3)
    )


_CLAUSE = re.compile(
    r"[.;:•!?\n]\s"
    r"|,\s(?=(?:and|but|or|so|then|while|whereas|which|who|because|since|although|though|if|when|unless|please)\b)"
    r"|\s(?=(?:while|whereas|because|so|although|though|then|please)\b)|\s[–—-]\s",
    re.IGNORECASE,
)
_EMPTY = frozenset({"no", "not", "also", "more", "see"})


def added(claim: str, held: str) -> bool:
    """Whether a clause of a claim that says something has no word of its sources."""
    own = stems(held)
    clauses = ([word.stem for word in words(part) if word.stem not in _EMPTY] for part in _CLAUSE.split(claim))
    return any(len(said) >= SAYS and own.isdisjoint(said) for said in clauses)
