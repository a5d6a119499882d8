"""Which figure is of whom: numbers with the patients, drugs, arms of a trial and phases of treatment beside them.

A text that gives 10 mg with one drug and 20 mg with another has both figures and both drugs, yet not 20 mg with the
first. Pure functions; what has no figure of the same unit beside it cannot be exchanged and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from rag.checks.cues import Cue, groups
from rag.checks.measures import Measure, measures

APART = 5
"""Words between a number and the group of patients that it is for."""

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
    return any(
        _exchanged(said, told, phase=phase)
        for said in stretches(claim, own)
        if len(said.figures) == 1
        for phase in (False, True)
    )


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
