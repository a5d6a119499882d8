"""The dictionary of the resolver: every way in which the corpus writes its drugs, and what each stands for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from ingest.schema import DrugNames
from rag.naming.ingredients import FORMS, fold, ingredients, keys_of, word_set
from rag.naming.spelling import ordinary_words

Rule = Literal["generic", "substance", "brand", "short", "spelling", "synonym", "abbreviation"]
RULES: tuple[Rule, ...] = ("generic", "substance", "brand", "short")
"""In order of trust: where one surface stands for different drugs, the more trusted name wins."""

MAJORITY = 4
"""How many documents must agree for each that differs before a surface that names two drugs is taken for one."""

PRESENTATIONS = FORMS | word_set(
    """sr xr er cr ir dr la xl xt pm mlt odt rtu pen pfs pak pack kit co maintenance titration starter sprinkle respimat
    neohaler ellipta diskus handihaler aria hbr hcl hydrochloride sodium extended-release delayed-release"""
)
"""Words that end a brand name without changing the drug: "Rythmol SR", "Depakote ER", "Spiriva Respimat"."""

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")


class Token(NamedTuple):
    """A word of a text, folded, with its span."""

    text: str
    start: int
    end: int


class Entry(NamedTuple):
    """What a surface stands for."""

    keys: tuple[str, ...]
    rule: Rule


def tokenize(text: str) -> list[Token]:
    """The words of ``text``, case-folded, possessives removed; hyphens, slashes and other marks separate."""
    return [
        Token(re.sub(r"['’]s?$|['’]", "", match.group().casefold()), match.start(), match.end())
        for match in _TOKEN.finditer(text)
    ]


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name as surfaces spell them."""
    return tuple(token.text for token in tokenize(fold(name)))


def surfaces(documents: Iterable[Mapping[str, list[str]]]) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """Every way in which every document's drugs may be written."""
    for fields in documents:
        names = DrugNames(*(tuple(fields.get(name, ())) for name in ("generic", "brand", "substance")))
        keys = keys_of(names)
        if not keys:
            continue
        yield from ((words_of(key), Entry((key,), "generic")) for key in keys)
        yield from (
            (words_of(" ".join(order)), Entry(keys, "generic")) for order in (keys, keys[::-1]) if len(keys) == 2
        )
        yield from ((words, Entry((key,), "short")) for key in keys if (words := _head(key)))
        for rule, listed in (("generic", names.generic), ("substance", names.substance)):
            for name in listed:
                yield from _ingredient_surfaces(name, keys, "generic" if rule == "generic" else "substance")
        for name in names.brand:
            yield from ((words_of(form), Entry(keys, "brand")) for form in _brand_forms(name))


def _ingredient_surfaces(name: str, keys: tuple[str, ...], rule: Rule) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """A name of one ingredient stands for that ingredient, a name of all of them for the combination."""
    own = ingredients(name)
    if len(keys) == 1:
        yield from ((words_of(form), Entry(keys, rule)) for form in (name, *own))
    elif len(own) == 1 and own[0] in keys:
        yield words_of(name), Entry(own, rule)
    elif set(own) == set(keys):
        yield words_of(name), Entry(keys, rule)
        yield words_of(" and ".join(own)), Entry(keys, rule)


def _head(key: str) -> tuple[str, ...]:
    """The first word of a name of several, where it is a name and no English word: "brentuximab" of its conjugate."""
    head = key.split(maxsplit=1)[0]
    return words_of(head) if head != key and len(head) >= 7 and head not in ordinary_words() else ()


def _brand_forms(name: str) -> Iterator[str]:
    """A brand as it is written and without presentation, strength, bracketed generic name and "children's"."""
    bare = re.sub(r"\([^)]*\)", " ", fold(name))
    yield bare
    words = bare.split()
    if words and re.fullmatch(r"(?:children|infant|adult)['’]?s?", words[0]):
        words = words[1:]
    while len(words) > 1 and (words[-1] in PRESENTATIONS or len(words[-1]) == 1 or re.search(r"\d", words[-1])):
        words.pop()
    yield " ".join(words)


def choose(
    written: Iterable[tuple[tuple[str, ...], Entry]],
) -> tuple[dict[tuple[str, ...], Entry], dict[str, tuple[str, ...]]]:
    """One entry for each surface: the most trusted rule, then a clear majority; what has none is ambiguous."""
    counts: defaultdict[tuple[str, ...], Counter[frozenset[str]]] = defaultdict(Counter)
    first: dict[tuple[tuple[str, ...], frozenset[str]], Entry] = {}
    trust: dict[tuple[str, ...], int] = {}
    for words, entry in written:
        rank = RULES.index(entry.rule)
        if sum(map(len, words)) < 3 or rank > trust.get(words, rank):
            continue
        if rank < trust.get(words, len(RULES)):
            counts[words].clear()
        trust[words] = rank
        keys = frozenset(entry.keys)
        counts[words][keys] += 1
        first[words, keys] = entry if counts[words][keys] == 1 else first[words, keys]
    entries: dict[tuple[str, ...], Entry] = {}
    ambiguous: dict[str, tuple[str, ...]] = {}
    for words, found in counts.items():
        (best, count), *others = found.most_common()
        if others and count < MAJORITY * others[0][1]:
            ambiguous[" ".join(words)] = tuple(sorted({key for keys in found for key in keys}))
        else:
            entries[words] = first[words, best]
    return entries, ambiguous
