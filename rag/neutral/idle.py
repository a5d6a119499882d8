"""Whether words about a person say nothing that may matter: home, work, money, belief, language, family, places.

A word may go where it is ordinary English that labels, abstracts and health pages hardly use
(`corpora.vocabulary.people.medical`), or is listed as telling of a person or a life (`words_of`). A word that
is neither, such as a rare illness, stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from corpora.vocabulary import brand_names, ingredient_names
from corpora.vocabulary.people import Kind, eponyms, is_name, medical, words_of
from rag.naming.spelling import has_stem, ordinary_words
from rag.neutral.matters import MEDICAL, Kept
from rag.neutral.people import AGED, CLINICIANS, HYPHENED, KIN, PERSON, SEX, STANDING, YEARS

Weight = Literal["filler", "person", "life", "loose", "plain", "kept"]
"""``filler`` words say nothing alone; ``person``: who it is; ``life``: how one lives; ``loose``: that too, in a
clause of nothing else; ``plain``: ordinary, not medical; ``kept``: what may matter."""


_FAMILY = (
    r"(?:has|have|had|raising) (?:a|an|no|one|two|three|four|five|six|seven|several|many|twin)"
    r"(?: (?:young|small|little|teenage|adult|grown|grown-up|school-age))?"
    r" (?:kids|children|sons?|daughters?|grandchildren|grandkids|boys|girls)\b"
    r"(?! (?:who|with|on|taking|takes|that|aged|has|have|is|are)\b)"
)
_PHRASES = re.compile(
    r"(?i)\b(?:health (?:insurance|plan|cover(?:age)?)|insurance[: ]+blue cross|social security|free clinic"
    r"|(?:primary|high|secondary|middle) school|shared (?=(?:student )?housing|house|flat|room|apartment)|food stamps"
    r"|(?:covered|insured) (?:by|through|under|with) (?:the )?(?-i:[A-Z])\w+|air force|out of pocket"
    r"|lost (?:his|her|their|my) (?:job|home|house|insurance|wife|husband|coverage)"
    rf"|minimum wage|green card|{_FAMILY})\b"
)
"""Words that matter by themselves, but not so."""
SEXED = re.compile(rf"(?i)(?:{SEX}|{PERSON}|{'|'.join(KIN.values())})s?")
"""Words that tell the sex of a person, among others for a person."""
WORD = re.compile(r"[^\W\d_][\w'’./-]*(?<![.'’/-])|\d[\w.,/%-]*(?<![.,/-])|[^\w\s]")
_SIGNS = frozenset(",:;'’\"“”-–—.")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text with its place, and what it tells of a person."""

    text: str
    start: int
    end: int
    weight: Weight


def without_family(text: str) -> str:
    """``text`` without "has two teenage sons", whose age is not the patient's."""
    return re.sub(rf"(?i)\b(?:he|she|they|patient) {_FAMILY}", "", text)


@lru_cache(256)
def words_in(kept: Kept, text: str) -> tuple[Word, ...]:
    """Every word and sign of ``text``."""
    return tuple(_weighed(kept, text))


def _weighed(kept: Kept, text: str) -> Iterator[Word]:
    spans: list[tuple[int, int, Weight]] = [
        (*found.span(), "person") for found in _who(kept.sex, kept.age).finditer(text)
    ]
    spans += [(*found.span(), "life") for found in _PHRASES.finditer(text)]
    at = {low: (high, weight) for low, high, weight in reversed(spans)}
    place = 0
    while found := WORD.search(text, place):
        start, place = found.span()
        if listed := _listed(kept, text, start):
            place, weight = listed
        elif start in at and at[start][0] >= place:
            place, weight = at[start]
        else:
            placed = (_PLACED if found.group()[0].isupper() else _OF_A_TRADE).search(text[:start]) is not None
            year = re.fullmatch(r"(?:19|20)\d\d", found.group()) and not _BORN.search(text)
            weight = "plain" if year else _weight(kept, found.group(), placed=placed)
        yield Word(text[start:place], start, place, weight)


_BORN = re.compile(r"(?i)\b(?:born|birth|dob)\b")
"""What makes a year an age."""


def _listed(kept: Kept, text: str, start: int) -> tuple[int, Weight] | None:
    """Where a listed people, belief, country or work that begins at ``start`` ends, and whether it may go."""
    for words, kind in _by_first().get(_first(text[start : start + 40]), ()):
        end = start + len(words)
        if text[start:end].casefold() == words and (kind != "work" or text[start].islower() or _opens(text, start)):
            tail = _TAIL.match(text, end)
            end = tail.end() if tail else end
            if not re.match(r"[\w-]", text[end : end + 1]):
                stays = {"people": kept.origin, "country": kept.origin, "faith": kept.belief, "work": kept.work}[kind]
                return end, "kept" if stays else "person"
    return None


_TAIL = re.compile(f"(?i)(?:{HYPHENED}|s?(?:['’]s?)?)(?![\\w-])|")


def _opens(text: str, start: int) -> bool:
    """Whether a word begins a sentence, so that its capital tells nothing."""
    before = text[:start].rstrip()
    return not before or before[-1] in ".!?:;-–—(\n"


def _first(text: str) -> str:
    return text[:3].casefold()


@cache
def _by_first() -> Mapping[str, Sequence[tuple[str, Kind]]]:
    """Listed words by their first three letters, the longest first."""
    kinds: tuple[Kind, ...] = ("people", "country", "faith", "work")
    every = ((word, kind) for kind in kinds for word in words_of(kind))
    found: dict[str, list[tuple[str, Kind]]] = {}
    for words, of in sorted(every, key=lambda one: -len(one[0])):
        found.setdefault(_first(words), []).append((words, of))
    return found


_PLACED = re.compile(
    r"\b(?:(?:from|near|outside|moved to|from [A-Z][\w'’-]+ to)|(?:born|raised|lives?|living|lived|works?|working"
    r"|worked|based|deployed|stationed|studied|grew up|arrived|trip|job|farm|home|family) (?:[\w'’-]+ ){0,3}?in)"
    r" (?:[A-Z][\w'’-]+ )?$"
)
"""What stands before a place, so that an unknown word with a capital is one."""
_OF_A_TRADE = re.compile(
    r"(?i)\b(?:runs|owns|sells|plays|teaches|sings|manages|makes|builds|repairs|studies|coaches|loves|likes|enjoys|rides"
    r"|works (?:as|at|in|for)) (?:[\w'’-]+ ){0,2}$"
)
"""What stands before an unknown word for what someone does."""


@cache
def _who(sex: bool, age: bool) -> re.Pattern[str]:
    words = [STANDING, "patient|pt|person|individual|someone|somebody|anyone|everyone|people"]
    words += [rf"(?<=\ba ){CLINICIANS}", "member of (?:the|an?|our|my)"]
    words += [] if sex else [SEX, PERSON, *KIN.values()]
    words += [] if age else [AGED, rf"(?<!\d )\b{YEARS}(?= ?[,.;:)]|$)"]
    return re.compile(rf"(?i)(?<![\w-])(?:{'|'.join(words)})s?(?![\w-])")


def _weight(kept: Kept, word: str, *, placed: bool) -> Weight:
    low = re.sub(r"(?<!he)'s$", "", word.casefold().replace("’", "'"))
    if low in _common("filler") or word in _SIGNS:
        return "filler"
    if not word[0].isalpha() or low in {*kept.drugs, "adult", "adults"} or (kept.sex and SEXED.fullmatch(low)):
        return "kept"
    if low in _common("life"):
        return "kept" if kept.work and low in _AT_THE_WHEEL else "life"
    if re.search("[-/]", low):
        return _compound(kept, re.split("[-/]", low))
    if low in _common("loose"):
        return "loose"
    if is_medical(low) or re.search(r"[A-Z].*[A-Z]", word):
        return "kept"
    if len(low) > 2 and low in ordinary_words():
        return "life" if placed else "plain"
    if placed and not word.isupper():
        return "life"
    return "person" if word[0].isupper() and not word.isupper() and is_name(word) else "kept"


def _compound(kept: Kept, parts: Sequence[str]) -> Weight:
    """What a word of several tells: "Anglo-Indian", "hedge-fund"."""
    others = set(parts) - set(words_of("people"))
    if len(others) < len(set(parts)) and not any(map(is_medical, others)):
        return "kept" if kept.origin else "person"
    each = {_weight(kept, part, placed=False) for part in parts if part}
    return "kept" if "kept" in each else "plain" if each <= {"plain", "filler"} else "life"


_AT_THE_WHEEL = frozenset({"drive", "drives", "driver", "bus", "truck", "lorry", "taxi", "car"})


@cache
def _common(kind: Kind) -> frozenset[str]:
    return frozenset(words_of(kind))


def is_medical(low: str) -> bool:
    """Whether a lower-case word may matter for an answer, or is a drug."""
    return (
        low in medical()
        or MEDICAL.match(low) is not None
        or low in eponyms()
        or low in ingredient_names()
        or low in brand_names()
        or has_stem(low)
    )


def idle(words: Sequence[Word], *, person: bool = True) -> bool:
    """Whether words tell something of a person (where ``person`` is false: of a life), and nothing that may matter."""
    weights = {word.weight for word in words if not word.text[0].isdigit() or word.weight == "kept"}
    return "kept" not in weights and bool(weights & ({"life", "loose", "person"} if person else {"life", "loose"}))


def ordinary(words: Sequence[Word]) -> bool:
    """Whether two words or more are ordinary English and none may matter: "avid reader"; one may be a complaint."""
    weights = ["kept" if word.text[0].isdigit() else word.weight for word in words]
    return "kept" not in weights and weights.count("plain") > 1
