"""Which figure is of whom: numbers with the patients, drugs, arms of a trial and phases of treatment beside them.

A text that gives 10 mg with one drug and 20 mg with another has both figures and both drugs, yet not 20 mg with the
first. Pure functions; what has no figure of the same unit beside it cannot be exchanged and is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise

from rag.checks.cues import Cue, alike, groups, near
from rag.checks.measures import Measure, measures

APART = 5
"""Words between a number and the group of patients that it is for."""
CROSSED = 1.1
"""How much more like each other's than like their own the surroundings of two exchanged numbers are in a source."""

Figure = tuple[Fraction, Fraction, str]
Pair = tuple[Figure, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Agent:
    """A drug, an arm of a trial, a strength or a phase that ``text[start:end]`` names; ``phase``: of a treatment."""

    key: str
    start: int
    end: int
    phase: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Figures of one unit that stand together and whom their part of the sentence names."""

    figures: frozenset[Figure]
    agents: frozenset[Agent]
    lead: frozenset[Agent]
    """Named before the first figure of the sentence, so perhaps of all of them."""

    def keys(self, *, phase: bool, lead: bool) -> frozenset[str]:
        """Who is named, with or without those of the beginning."""
        return frozenset(one.key for one in self.agents | (self.lead if lead else frozenset()) if one.phase == phase)


def group_exchanged(claim: str, texts: Sequence[str]) -> bool:
    """Whether ``texts`` give a number of the claim to another group, and the claim's group another such number."""
    bound = {pair for text in texts for pair in _bound(text)}
    return any(_rebound(pair, bound) for pair in _bound(claim) - bound)


@lru_cache(1024)
def _bound(text: str) -> frozenset[Pair]:
    """Each number with the group of patients that stands nearest to it: in "5 mg in children" these two."""
    cues = groups(text)
    pairs = set()
    for one in measures(text):
        nearest = min(((apart(text, one, cue), cue) for cue in cues), key=lambda pair: pair[0], default=None)
        if nearest and nearest[0] <= APART:
            pairs.add((_figure(one), (nearest[1].family, nearest[1].side)))
    return frozenset(pairs)


def apart(text: str, one: Measure, cue: Cue | Agent) -> int:
    """Words between a number and a cue; those that join or part count more."""
    between = text[min(one.end, cue.end) : max(one.start, cue.start)]
    return len(between.split()) + 3 * len(re.findall(r"\b(?:and|or|but)\b|[,;:.]", between))


def _figure(one: Measure) -> Figure:
    return one.low, one.high, one.unit


def _rebound(pair: Pair, bound: Set[Pair]) -> bool:
    figure, (family, side) = pair
    other_group = any(number == figure and group[0] == family and group[1] != side for number, group in bound)
    other_number = any(
        number != figure and number[2] == figure[2] and group == (family, side) for number, group in bound
    )
    return other_group and other_number


_ARMS = re.compile(
    r"\b(?P<placebo>placebo|vehicle|sham)\b|\b(?P<control>controls?|comparators?|(?:standard|usual)(?:\sof)?\scare)\b"
    r"|\b(?P<strong>strong|potent)(?=[^.;]{0,30}\b(?:inhib|induc))|\b(?P<moderate>moderate)(?=[^.;]{0,30}\b(?:inhib|induc))"
    r"|\b(?P<weak>weak|mild)(?=[^.;]{0,30}\b(?:inhib|induc))",
    re.IGNORECASE,
)
_PHASES = re.compile(
    r"\b(?P<maintenance>maintenance)\b|\b(?P<loading>loading)\b|\b(?P<initial>initial(?:ly)?|start(?:ing|ed)?|initiat\w+)\b",
    re.IGNORECASE,
)


def agents(text: str, drugs: Sequence[tuple[str, int, int]]) -> tuple[Agent, ...]:
    """The ``drugs`` (key and place) of a text, and the arms, strengths and phases that it names."""
    found = [Agent(*one) for one in drugs]
    found += [Agent(match.lastgroup or "", *match.span()) for match in _ARMS.finditer(text)]
    found += [Agent(match.lastgroup or "", *match.span(), phase=True) for match in _PHASES.finditer(text)]
    return tuple(found)


_SENTENCE = re.compile(r"(?:[.;!?]\s|\n|•)+")
_JOINS = re.compile(
    r"[,(]|\b(?:and|or|but|while|whereas|then|than|vs|versus|compared|before|after|followed|following)\b", re.IGNORECASE
)


def agent_exchanged(claim: str, own: Sequence[Agent], sources: Sequence[tuple[str, Sequence[Agent]]]) -> bool:
    """Whether a number of the claim is elsewhere said of others, and of those of the claim another number.

    ``own`` and the second of ``sources``: who is named in the claim and in each text.
    """
    told = [one for text, named in sources for one in stretches(text, named)]
    clear = set(_given(claim, own))
    known = {one for text, named in sources for one in _given(text, named)}
    if any(_turned(one) in known for one in clear - known):
        return True
    sure = {figure for one in clear & known for _, figure in one}
    return any(
        _exchanged(said, told, phase=phase)
        for said in stretches(claim, own)
        if len(said.figures) == 1
        for phase in (False, True)
        if phase or not said.figures <= sure
    )


def _turned(both: frozenset[Given]) -> frozenset[Given]:
    (one, first), (other, second) = both
    return frozenset({(one, second), (other, first)})


def _exchanged(said: Stretch, told: Sequence[Stretch], *, phase: bool) -> bool:
    (figure,) = said.figures
    same = [one for one in told if figure in one.figures]
    named = frozenset(key for one in same for key in one.keys(phase=phase, lead=True))
    others = [one for one in told if figure not in one.figures and figure[2] in {other[2] for other in one.figures}]
    rivals = frozenset(key for one in others for key in one.keys(phase=phase, lead=False))
    own = said.keys(phase=phase, lead=False)
    if not same or not (own - named) & rivals:
        return False
    return phase or bool(named - own)


Given = tuple[str, Figure]
"""An agent's key and a figure."""
MARGIN = 3
"""Words by which one way to give two figures to two agents must be shorter than the other, so that it is meant."""


def _given(text: str, named: Sequence[Agent]) -> Iterator[frozenset[Given]]:
    """Two agents of a sentence, each with its own of two figures of one unit, where it is clear whose is which."""
    for low, high in _parts(text):
        here = [one for one in named if low <= one.start < high and not one.phase]
        within = [one for one in measures(text) if low <= one.start < high]
        for one, other in combinations(within, 2):
            for agent, rival in combinations(here, 2) if _rivals(one, other) else ():
                if agent.key != rival.key and (found := _pairing(text, (one, other), (agent, rival), high)):
                    yield found


def _pairing(
    text: str, figures: tuple[Measure, Measure], both: tuple[Agent, Agent], end: int
) -> frozenset[Given] | None:
    (one, other), (agent, rival) = figures, both
    straight = apart(text, one, agent) + apart(text, other, rival)
    crossed = apart(text, one, rival) + apart(text, other, agent)
    if "respectively" in text[max(other.end, rival.end) : end] and (other.end <= agent.start or rival.end <= one.start):
        straight, crossed = 0, MARGIN
    if abs(straight - crossed) < MARGIN:
        return None
    first, second = (agent, rival) if straight < crossed else (rival, agent)
    return frozenset({(first.key, _figure(one)), (second.key, _figure(other))})


@lru_cache(1024)
def _parts(text: str) -> tuple[tuple[int, int], ...]:
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    return tuple((low, high) for low, high in zip([0, *ends], [*ends, len(text)], strict=True) if low < high)


def stretches(text: str, named: Sequence[Agent]) -> list[Stretch]:
    """The figures of each sentence and unit with those named in their part of it."""
    found: list[Stretch] = []
    for low, high in _parts(text):
        within = [one for one in measures(text) if low <= one.start < high]
        here = [one for one in named if low <= one.start < high]
        for unit in dict.fromkeys(one.unit for one in within):
            found += _of_unit(text, (low, high), [one for one in within if one.unit == unit], here)
    return found


def _of_unit(text: str, part: tuple[int, int], figures: Sequence[Measure], named: Sequence[Agent]) -> Iterator[Stretch]:
    together = [[figures[0]]]
    for one in figures[1:]:
        if _beside(text, part, together[-1][-1], one, named):
            together[-1].append(one)
        else:
            together.append([one])
    lead = frozenset(one for one in named if one.start < figures[0].start)
    cuts = [
        part[0],
        *(_cut(text, left[-1], right[0]) for left, right in pairwise(together)),
        part[1],
    ]
    for group, low, high in zip(together, cuts, cuts[1:], strict=False):
        inside = frozenset(one for one in named if low <= one.start < high)
        yield Stretch(frozenset(map(_figure, group)), inside, lead)


def _beside(text: str, part: tuple[int, int], one: Measure, other: Measure, named: Sequence[Agent]) -> bool:
    """Whether two figures share what is said: "5 or 10 mg", "12% vs 18%", "12% and 18%, respectively"."""
    between = text[one.end : other.start]
    parted = any(one.end <= agent.start < other.start for agent in named)
    return "respectively" in text[other.end : part[1]] or (not parted and len(between.split()) <= 2)


def _cut(text: str, left: Measure, right: Measure) -> int:
    """Where the part of the left figure ends: at the last word that joins both, else at the right one."""
    joins = [match.start() for match in _JOINS.finditer(text, left.end, right.start)]
    return joins[-1] if joins else right.start


Marked = tuple[int, int, Hashable]
"""Where a value stands in a text, and the value."""


def numbers_exchanged(claim: str, texts: Sequence[str]) -> bool:
    """Whether two numbers of one unit stand in the claim in each other's surroundings, or in each other's places.

    Both vote together, so that a claim in other words and another order passes where each has its own surroundings.
    """
    pairs = [(one, other) for one, other in combinations(measures(claim), 2) if _rivals(one, other)]
    if any(_crossed(claim, pair, texts) for pair in pairs):
        return True
    return bool(pairs) and any(reordered(claim, _numbers(claim), text, _numbers(text)) for text in texts)


def _rivals(one: Measure, other: Measure) -> bool:
    return one.unit == other.unit and _figure(one) != _figure(other)


def _crossed(claim: str, pair: tuple[Measure, Measure], texts: Sequence[str]) -> bool:
    one, other = (near(claim, each.start, each.end) for each in pair)
    own = crossed = 0.0
    for text in texts:
        places = [
            [near(text, held.start, held.end) for held in measures(text) if _figure(held) == _figure(each)]
            for each in pair
        ]
        if all(places):
            own = max(own, _most(one, places[0]) + _most(other, places[1]))
            crossed = max(crossed, _most(one, places[1]) + _most(other, places[0]))
    return crossed > CROSSED * own


def _most(around: Mapping[str, float], places: Sequence[Mapping[str, float]]) -> float:
    return max(alike(around, place) for place in places)


def _numbers(text: str) -> list[Marked]:
    return [(one.start, one.end, _figure(one)) for one in measures(text)]


def reordered(claim: str, own: Sequence[Marked], text: str, held: Sequence[Marked]) -> bool:
    """Whether ``text`` has the claim's words with the same values in another order, and nowhere in the claim's."""
    said, values = _masked(claim, own), [value for _, _, value in own]
    told, others = _masked(text, held), [value for _, _, value in held]
    said = said.rstrip(" .;,:")
    found = []
    at = told.find(said)
    while at >= 0 and said:
        before = told.count(_MASK, 0, at)
        found.append(others[before : before + len(values)])
        at = told.find(said, at + 1)
    return values not in found and any(Counter(one) == Counter(values) for one in found)


_MASK = "\x00"


def _masked(text: str, marked: Sequence[Marked]) -> str:
    """The words in lower case with one sign for each value, white space folded."""
    parts, start = [], 0
    for low, high, _ in marked:
        parts += [text[start:low], _MASK]
        start = high
    return " ".join("".join([*parts, text[start:]]).casefold().split())
