"""Words that turn a statement round, and where they stand: negations, directions, groups of patients, recommendations.

A cue of a claim is compared with the cue of the source that has the likest words around it, so that in "raises A and
lowers B" the claim "lowers A" is not excused by the other half.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.lexical import analysed
from rag.naming.ingredients import word_set

REACH = 7.0
"""Words (a comma counts as one, a full stop as three) up to which something stands near a cue."""

_STOP = word_set(
    """
    a about an and any are as at be been being but by can could did do does for from had has have if in into is
    it its may might must of on or shall should so such than that the their them then there these they this
    those to was were when where which who will with would
    """
)
_TOKEN = re.compile(r"[^\W\d_]+\d\w*|\d[\d,]*(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)?|[.;:•]|,")


@dataclass(frozen=True, slots=True)
class Word:
    """A word that means something: its ``stem``, its place counted in such words, ``text[start:end]``."""

    stem: str
    place: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that decides: ``side`` of ``family`` ("level": "up" or "down"); ``strong``: never said in passing.

    ``keys``: of a negation the stems that it negates, the first of them above all.
    """

    family: str
    side: str
    start: int
    end: int
    strong: bool = False
    keys: tuple[str, ...] = ()


@lru_cache(2048)
def words(text: str) -> tuple[Word, ...]:
    """The words of ``text`` that mean something, numbers too, in their order."""
    found, place = [], 0.0
    for match in _TOKEN.finditer(text):
        said = match.group().casefold()
        if said in ",.;:•":
            place += 1.0 if said == "," else 3.0
        elif said not in _STOP:
            place += 1.0
            found.append(Word(_stem(said), place, *match.span()))
    return tuple(found)


def _stem(word: str) -> str:
    stems = analysed(word)
    return stems[0] if stems else word


def stems(text: str) -> frozenset[str]:
    """The stems of `words`."""
    return frozenset(word.stem for word in words(text))


@lru_cache(8192)
def near(text: str, start: int, end: int) -> Mapping[str, float]:
    """The stems around ``text[start:end]`` with their distance in words, up to `REACH`."""
    found = words(text)
    first = bisect_left(found, start, key=lambda word: word.end - 1)  # the first that does not end before it
    last = bisect_left(found, end, key=lambda word: word.start)  # the first that begins after it
    between = found[first - 1].place + 0.5 if first else 0.5
    low, high = (found[first].place, found[last - 1].place) if first < last else (between, between)
    around: dict[str, float] = {}
    for word in reversed(found[:first]):
        if low - word.place > REACH:
            break
        around.setdefault(word.stem, low - word.place)
    for word in found[last:]:
        if word.place - high > REACH:
            break
        around[word.stem] = min(word.place - high, around.get(word.stem, REACH))
    return around


def alike(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How much two surroundings have in common: every shared stem counts the more the nearer it stands in both."""
    return sum(1 / max(distance, other[stem], 1.0) for stem, distance in one.items() if stem in other)


_GIVEN = r"(?:used|taken|given|(?:co-?)?administered)"
_THAN = r"(?<!more\s)(?<!most\s)(?<!less\s)(?<!least\s)(?<!equally\s)(?<!as\s)"

# Family, strong, side and its words, other side and its words.
_PAIRS: tuple[tuple[str, bool, str, str], ...] = (
    ("level", True, r"increas\w*|rais(?:e[sd]?|ing)|elevat\w*|higher|enhanc\w*|potentiat\w*|prolong\w*|augment\w*|rose",
     r"decreas\w*|reduc\w*|lower(?:s|ed|ing)?|diminish\w*|shorten\w*|attenuat\w*|fell"),
    ("level", False, r"ris(?:e[sn]?|ing)|greater|more|longer|gain(?:s|ed)?|highest|up",
     r"less|fewer|smaller|declin\w*|loss(?:es)?|los[et]\w*|lowest|fall(?:s|ing)?|down"),
    ("course", True, r"improv\w*|better", r"wors(?:e|en|ens|ened|ening)|deteriorat\w*|exacerbat\w*"),
    ("order", False, r"before|prior\sto|preced\w*", r"after|following|subsequent\w*"),
    ("enzyme", False, r"inhibit\w*", r"induc\w*"),
    ("therapy", False, rf"start\w*|initiat\w*|begin\w*|commenc\w*|continu(?:e[sd]?|ing|ation)|resum(?:e[sd]?|ing|ption)"
     rf"|(?:should|must|may|can)\s(?:\w+\s)?be\s(?:\w+\s)?{_GIVEN}|(?<![\w\s]\s)(?:give|use|take|administer)",
     r"stop\w*|discontinu\w*|ceas\w*|cessation|withdraw\w*|withh[eo]ld\w*|interrupt\w*|suspend\w*"
     r"|(?:should|must)\sbe\sheld|hold(?=\s(?:\w+\s){1,3}(?:in|if|when|for|before|until)\b)"),
    ("often", True, r"rare(?:ly)?|uncommon(?:ly)?|infrequent(?:ly)?|seldom", rf"{_THAN}common(?:ly)?(?!\scold)"),
    ("often", False, r"unusual(?:ly)?", r"frequent(?:ly)?|often"),
    ("need", True, r"optional(?:ly)?|(?:if|when|where|as)\s(?:required|needed|necessary)",
     r"mandatory|compulsory|obligatory"),
    ("need", False, r"unnecessary",
     r"(?<!if\s)(?<!as\s)(?<!when\s)(?<!where\s)(?:required|needed|necessary|essential)"),
    ("most", False, r"maximum|maximal|at\smost|up\sto", r"minimum|minimal|at\sleast"),
    ("place", False, r"above", r"below"),
    ("height", False, r"high", r"low"),
    ("strength", False, r"strong\w*", r"weak\w*"),
    ("receptor", False, r"(?<!ant)agonist\w*", r"antagonist\w*"),
    ("rank", False, r"superior\w*", r"inferior\w*"),
    ("older", False, r"older", r"younger"),
    ("sign", False, r"positive", r"negative"),
)  # fmt: skip
_DIRECTIONS = tuple(
    (family, strong, re.compile(rf"\b(?:(?P<one>{one})|(?P<other>{other}))\b", re.IGNORECASE))
    for family, strong, one, other in _PAIRS
)
_TURNED = frozenset({"therapy", "need", "often"})
"""Families whose sides a negation exchanges: what is not to be stopped is to be continued."""
_HYPER = re.compile(r"\bhyp(?P<side>er|o)(?P<rest>[a-z]{4,})\b", re.IGNORECASE)


@lru_cache(2048)
def directions(text: str) -> tuple[Cue, ...]:
    """Which way things go: "increase" against "decrease", "before" against "after", "hyper-" against "hypo-"."""
    denied = negations(text)
    found = [
        Cue(family, _side(text, family, match, denied), *match.span(), strong)
        for family, strong, pattern in _DIRECTIONS
        for match in pattern.finditer(text)
    ]
    found += [Cue(f"hyp-{match['rest'].casefold()}", match["side"], *match.span()) for match in _HYPER.finditer(text)]
    return tuple(found)


def _side(text: str, family: str, match: re.Match[str], denied: Sequence[Cue]) -> str:
    turned = family in _TURNED and any(_denies(text, one, family, match) for one in denied)
    return "one" if (match["one"] is not None) != turned else "other"


def _denies(text: str, negation: Cue, family: str, match: re.Match[str]) -> bool:
    """Whether a negation is on a word that ``match`` found: in it, right before it, or before what is not needed."""
    if match.start() <= negation.start < match.end():
        return True
    between = text[negation.end : match.start()]
    if match.start() < negation.end or len(between) > 60 or re.search("[.,;:]", between):
        return False
    return family == "need" or (len(between) < 30 and _stem(match.group().split()[-1].casefold()) in negation.keys)


GROUPS: Mapping[str, tuple[str, re.Pattern[str]]] = {
    name: (axis, re.compile(rf"\b(?:{cue})\b", re.IGNORECASE))
    for axis, name, cue in (
        ("age", "child", r"child(?:ren)?(?![\s-]pugh)|pa?ediatrics?|infant\w*|neonat\w*|newborns?|adolescen\w*"),
        ("age", "adult", r"adults?"),
        ("age", "elderly", r"elderly|geriatrics?|seniors?|older\s(?:adults?|patients?|people|wom[ae]n|m[ae]n)"),
        ("state", "pregnant", r"pregnan\w*|gestation\w*|trimesters?"),
        ("state", "lactation", r"lactati\w*|breast-?\s?f(?:eed|ed)\w*|nursing|(?:human|breast)\smilk"),
        ("state", "postmenopausal", r"post-?menopausal"),
        ("organ", "renal", r"renal\w*|kidneys?|dialysis|creatinine|crcl|e?gfr|esrd|nephro\w*"),
        ("organ", "hepatic", r"hepat\w*|livers?|cirrho\w*|child[\s-]pugh"),
        ("sex", "female", r"wom[ae]n|females?|girls?"),
        ("sex", "male", r"m[ae]n|males?|boys?"),
        ("health", "healthy", r"healthy"),
        ("species", "rat", r"rats?"),
        ("species", "mouse", r"mice|mouse"),
        ("species", "rabbit", r"rabbits?"),
        ("species", "animal", r"animals?|monkeys?|dogs?"),
        ("degree", "mild", r"mild(?:ly)?"),
        ("degree", "moderate", r"moderate(?:ly)?"),
        ("degree", "severe", r"severe(?:ly)?"),
    )
}  # fmt: skip


@lru_cache(2048)
def groups(text: str) -> tuple[Cue, ...]:
    """The groups of patients, animals and degrees of disease that ``text`` names."""
    return tuple(Cue(axis, name, *match.span()) for name, (axis, cue) in GROUPS.items() for match in cue.finditer(text))


_NEGATION = re.compile(
    r"\b(?:not|never|no|none|nor|neither|without|cannot|unlikely|unable|avoid\w*|lack(?:s|ed|ing)?|absence"
    r"|free\sof|fail(?:s|ed|ure)?\sto)\b|n['’]t\b",
    re.IGNORECASE,
)
_USES = word_set("use take taken give given administ coadminist co combin prescrib recommend start initi receiv")
_FOLLOWING = re.compile(r"\s*(?:(?P<word>[^\W\d_]+(?:-[^\W\d_]+)*)|(?P<end>.))", re.DOTALL)
_PASSED = word_set(
    """
    be been being a an the any to have has had of yet also longer more
    """
)
_MODIFIERS = word_set(
    """
    need needs needed required necessary significant clinical relevant apparent specific known additional
    further adequate dosage dose concomitant concurrent important meaningful major substantial
    """
)
_ENDS = word_set(
    """
    in for with by during at on if when who that because unless and or but until between from
    """
)


@lru_cache(2048)
def negations(text: str) -> tuple[Cue, ...]:
    """The negations of ``text`` with what they negate: "not clinically significant" negates these two words.

    Side "against": those that speak against a use ("avoid", "should not be taken").
    """
    found = ((match, _negated(text, match)) for match in _NEGATION.finditer(text))
    return tuple(Cue("negation", _against(match.group(), keys), *match.span(), keys=keys) for match, keys in found)


_UNCHANGED = re.compile(
    r"\bno (?!(?:\w+ ){0,3}(?:stud(?:y|ies)|data|evidence|reports?|information)\b)(?:\w+ ){0,4}?"
    r"(?:effect|change|difference|increase|decrease|association|interaction)s?\b(?! (?:stud|data|trial))"
    r"|\bnot associated\b|\bun(?:changed|affected|altered)\b|\bnot (?:\w+ly )*(?:affected|altered|changed|influenced)\b"
    r"|\b(?:did|does|do|was|were|is|are) not (?:\w+ly )*(?:\w+ )?"
    r"(?:affect|alter|change|influence|differ|interact|increas|decreas|reduc|rais|lower|prolong)\w*",
    re.IGNORECASE,
)


def unchanged(text: str) -> bool:
    """Whether ``text`` says that something has no effect or did not change: "no clinically relevant interaction"."""
    return _UNCHANGED.search(text) is not None


def levels(text: str) -> frozenset[str]:
    """Which ways a text says outright that something goes: "up", "down"."""
    sides = {"one": "up", "other": "down"}
    return frozenset(sides[one.side] for one in directions(text) if one.family == "level" and one.strong)


def _against(said: str, keys: tuple[str, ...]) -> str:
    return "against" if said.casefold().startswith("avoid") or _USES & set(keys) else ""


def _negated(text: str, match: re.Match[str]) -> tuple[str, ...]:
    following = tuple(_chain(text, match.end()))
    if following and match.group().casefold() not in {"avoided", "none"}:
        return tuple(reversed(following))  # the head first
    before = [word.stem for word in words(text) if match.start() - 60 <= word.start and word.end <= match.start()]
    return (*before[-3:], *following)


def _chain(text: str, at: int) -> Iterator[str]:
    """The stems after a negation up to the first that is no mere modifier."""
    while match := _FOLLOWING.match(text, at):
        at, word = match.end(), (match["word"] or "").casefold()
        if not word or word in _ENDS:
            return
        if word in _PASSED:
            continue
        yield _stem(word)
        if not (word.endswith("ly") or word in _MODIFIERS):
            return


_ADVICE = re.compile(
    r"\b(?P<contraindicated>contra-?indicat\w*)|\b(?P<indicated>indicated)\b|\b(?P<recommended>recommend\w*)"
    r"|\b(?P<approved>approved)\b|\b(?P<safe>safe(?:ly)?)\b|\b(?P<effective>effective)\b|\b(?P<first>first-line)\b",
    re.IGNORECASE,
)


@lru_cache(2048)
def advice(text: str) -> frozenset[str]:
    """What ``text`` says outright of a use: contraindicated, indicated, recommended, approved, safe, effective."""
    return frozenset(match.lastgroup or "" for match in _ADVICE.finditer(text))
