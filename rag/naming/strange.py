"""Names in a question that nothing known has: no vocabulary, no passage, no dictionary.

Such a name is a drug that was invented, is not sold here or is badly misspelt. Whatever the sources say of the other
drugs of the question would not answer it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from corpora.vocabulary.people import is_name
from rag.lexical import analysed
from rag.naming.spelling import (
    NAMED,
    has_stem,
    in_drug_position,
    is_disease,
    measured,
    medical_words,
    nearest,
    ordinary_words,
)
from rag.query import Query

LETTERS = 5
"""Of a shorter word too much is like it."""
_WORD = re.compile(r"(?<![\w'’-])[A-Za-z][a-z]+(?![\w'’-])")
_ENDINGS = ("ing", "ed", "er", "ly", "es", "est", "ier", "s")


def strange(query: Query, frequency: Callable[[Sequence[str]], list[float]]) -> tuple[str, ...]:
    """The words of a question that are written, placed or formed as a name of a drug and that nothing knows.

    ``frequency``: the share of passages that have each analysed word (`rag.view.View.frequency`).
    """
    text = query.question
    taken = [(one.start, one.end) for one in query.mentions] + [(one.start, one.end) for one in query.classes]
    found = []
    for word in _WORD.finditer(text):
        folded = word[0].lower()
        free = all(word.end() <= start or end <= word.start() for start, end in taken)
        if not free or len(folded) < LETTERS or word[0] in query.unresolved or is_english(folded) or is_disease(folded):
            continue
        if any(frequency(analysed(folded))) or is_name(folded, eponym=True) or nearest(folded, ordinary_words(), 1):
            continue
        if not measured(text, word.start(), word.end()) and _like_a_name(text, word.start(), word.end()):
            found.append(word[0])
    return tuple(dict.fromkeys(found))


def is_english(word: str) -> bool:
    """Whether a word in lower case is frequent English or medical, or is after an ending is taken off."""
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return _known(word) or any(_known(stem) or _known(f"{stem}e") for stem in stems)


def _known(word: str) -> bool:
    return word in ordinary_words() or word in medical_words()


def _like_a_name(text: str, start: int, end: int) -> bool:
    before = text[:start].rstrip()
    capital = text[start].isupper() and bool(before) and before[-1] not in ".?!:"
    word = text[start:end].lower()
    return capital or NAMED.fullmatch(word) is not None or has_stem(word) or in_drug_position(text, start, end)
