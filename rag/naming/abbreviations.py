"""Abbreviations of conditions and measures written out, as labels do: whoever asks writes "DVT" or "TIA"."""

from __future__ import annotations

import re
from functools import cache

from corpora.vocabulary import abbreviations
from rag.naming.ingredients import word_set
from rag.naming.spelling import ordinary_words

SHORTEST = 3
"""Letters from which an abbreviation is one in small letters too, unless it is a word."""

WORDS = word_set("cad pad")
"""Those that are words too, though no frequent ones."""


def written_out(text: str, drugs: frozenset[str] = frozenset()) -> str:
    """``text`` with the words of `corpora.vocabulary.abbreviations`; ``drugs``: words in lower case that name drugs.

    >>> written_out("CrCl 25, enoxaparin for DVT prevention?")
    'creatinine clearance 25, enoxaparin for deep vein thrombosis prevention?'
    """
    return _cues().sub(lambda found: _words(found, drugs), text)


def _words(found: re.Match[str], drugs: frozenset[str]) -> str:
    short, plural = found["short"], found["plural"]
    words = abbreviations().get(short) or (_small().get(short) if short.islower() else None)
    if words is None or short.casefold() in drugs:
        return found.group()
    return words + plural


@cache
def _small() -> dict[str, str]:
    return {
        low: words
        for short, words in abbreviations().items()
        if len(low := short.casefold()) >= SHORTEST and low not in ordinary_words() | WORDS
    }


@cache
def _cues() -> re.Pattern[str]:
    forms = "|".join(sorted(map(re.escape, {*abbreviations(), *_small()}), key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?P<short>{forms})(?P<plural>s?)(?![\w-])")
