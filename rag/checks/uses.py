"""What a text says of a use as such: that it is allowed or advised, forbidden, or that something speaks against it.

A claim may allow only what a source allows; a source that forbids is as good as "should not be used", one that merely
stopped a drug, or reports harm, is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.checks.cues import Cue, alike, near, negations
from rag.checks.measures import AMOUNT

SAID = 0.6
"""Share of what stands around a permission that a source has around the same words where it says the same."""

_MODAL = r"\b(?:can|may|might|could|should|must)\s(?:(?:\w+ly|also|still|then|now|therefore)\s)?"
_WELL = (
    r"safe|allowed|permitted|compatible|suitable|appropriate|acceptable|reasonable|fine|ok(?:ay)?|tolerated"
    r"|advis(?:ed|able)"
)
_ALLOWS = re.compile(
    rf"{_MODAL}(?:be\s(?:\w+\s)?(?:used|taken|given|co-?administered|administered|combined|started|initiated|treated"
    r"|prescribed|offered|continued|resumed|restarted)|receive|take|use|start|continue|resume)\b"
    rf"|\b(?:is|are|was|were)\s(?:\w+(?:ly|ll)\s)?(?:{_WELL}|recommended)\b|\b(?:an?|the)\s(?:\w+\s)?(?:choice|option)\b"
    rf"|\brecommend\w*",
    re.IGNORECASE,
)
_DOSED = (
    rf"{AMOUNT.pattern}[^.;]{{0,40}}"
    r"\b(?:every|daily|once|twice|times|hourly|weekly|nightly|(?:per|a|each)\s(?:day|week))\b"
)
_GRANTS = re.compile(
    r"\b(?:indicated|approved|effective(?:ly)?|safely|prefer\w*|alternative|first-line|with\scaution|tolerat\w*"
    r"|(?:can|may)\sbe\s\w+ed|dos(?:e|age)\s(?:is|of)|(?:used|treatment|therapy)\s(?:for|in|to|of|as|during))\b"
    rf"|{_DOSED}|(?:^|[.;:•,]\s*)(?:take|give|use|administer|start|begin|apply|inject|treat|initiate)\b",
    re.IGNORECASE,
)
_HARMED = re.compile(
    r"\b(?:death|died|fatal|toxic|life-threatening|overdos|reported|occurr|happened|caus(?:e[sd]|ing)\b)\w*",
    re.IGNORECASE,
)
_AS_USUAL = re.compile(
    r"\b(?:usual|normal|standard|full|regular|same|unchanged|unadjusted|ordinary|unreduced)\s(?:\w+\s){0,2}?dos(?:es?|age)\b"
    r"|\b(?:no|without(?:\sany?)?)\s(?:\w+\s){0,2}?(?:adjustments?|reductions?|change)\b"
    r"|\bdos(?:es?|age)\b[^.;]{0,40}\bnot\s(?:\w+\s){0,3}?(?:adjust|reduc|chang)\w*"
    r"|\b(?:adjustments?|reductions?|changes?)\b[^.;]{0,50}\bnot\s(?:be\s)?(?:need|requir|necessar|recommend)\w*",
    re.IGNORECASE,
)
_MAY = re.compile(r"\b(?:can|may|might|could|should|must)\b", re.IGNORECASE)


_REFUSES = re.compile(
    r"\bcontra-?indicat\w*|\brules\sout\b|\b(?:preclud|prohibit|forbid|forbad|disqualif)\w*", re.IGNORECASE
)
_OBJECTS = re.compile(
    r"\b(?:withh[eo]ld\w*|refrain\w*|discontinu\w*|stop(?:s|ped|ping)?|ceas\w*|suspend\w*|interrupt\w*|withdraw\w*"
    r"|withdrawn|held|hold(?=\s\w)|exclud\w*|ruled?\sout|unsafe|unsuitable|inadvisable|inappropriate|unacceptable"
    r"|incompatible)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(rf"{_REFUSES.pattern}|{_OBJECTS.pattern}|\bavoid\w*", re.IGNORECASE)


@lru_cache(2048)
def refusals(text: str) -> tuple[Cue, ...]:
    """Where ``text`` says contraindicated or ruled out, not negated: as good as "should not be used"."""
    return _undenied(_REFUSES, text)


@lru_cache(2048)
def objections(text: str) -> tuple[Cue, ...]:
    """Where ``text`` stops, withholds, excludes or calls unsafe: it speaks against calling a use allowed, and says no
    more than that; who stopped a drug need not have been told to."""
    return _undenied(_OBJECTS, text)


def _undenied(pattern: re.Pattern[str], text: str) -> tuple[Cue, ...]:
    found = (match.span() for match in pattern.finditer(text) if not _denied(text, match.start()))
    return tuple(Cue("negation", "against", *span) for span in found)


def _denied(text: str, start: int) -> bool:
    """Whether a negation stands right before a word."""
    return any(0 <= start - one.end < 25 for one in negations(text))


@lru_cache(2048)
def permissions(text: str) -> tuple[Cue, ...]:
    """Where ``text`` allows or advises a use, not negated, nor the end of one ("discontinuation is recommended")."""
    denied = [one.end for one in negations(text)]
    return tuple(
        Cue("permission", "", *match.span())
        for match in _ALLOWS.finditer(text)
        if not any(0 <= match.start() - end < 25 or match.start() <= end <= match.end() for end in denied)
        and not _AGAINST.search(_clause_around(text, *match.span()))
    )


def _clause_around(text: str, start: int, end: int) -> str:
    """The words just before and after, within the clause."""
    before = re.split(r"[.;:,•\n]", text[max(0, start - 50) : start])[-1]
    return before + text[start:end] + re.split(r"[.;:,•\n]", text[end : end + 25])[0]


def grants(text: str) -> bool:
    """Whether ``text`` tells of a use that may be called allowed: by a dose, an indication, "take", "do not stop", "no
    adjustment"; not in a clause that tells of harm."""
    stays = any(_denied(text, match.start()) for match in _OBJECTS.finditer(text))
    return stays or bool(as_usual(text)) or any(permissions(one) or _GRANTS.search(one) for one in _harmless(text))


def as_usual(text: str) -> tuple[tuple[int, int], ...]:
    """Where ``text`` speaks of a dose that stays as it is: "the usual dose", "no adjustment is needed"; as `grants`."""
    found = (match.span() for match in _AS_USUAL.finditer(text))
    return tuple(span for span in found if any(text[slice(*span)] in one for one in _harmless(text)))


def _harmless(text: str) -> list[str]:
    """The clauses that tell of no harm."""
    return [one for one in re.split(r"(?<=[.;])\s", text) if not _HARMED.search(one)]


def unallowed(claim: str, texts: Sequence[str]) -> bool:
    """Whether ``claim`` allows or advises a use, or the usual dose, of which no text tells."""
    if as_usual(claim) and _MAY.search(claim) and not any(map(as_usual, texts)):
        return True
    return not any(map(grants, texts)) and not all(_said_there(claim, cue, texts) for cue in permissions(claim))


def _said_there(claim: str, cue: Cue, texts: Sequence[str]) -> bool:
    """Whether a text says it in the same words in like surroundings."""
    around, said = near(claim, cue.start, cue.end), claim[cue.start : cue.end].casefold()
    places = ((text, match.span()) for text in texts for match in re.finditer(re.escape(said), text.casefold()))
    return any(alike(around, near(text, *span)) >= SAID * alike(around, around) for text, span in places)
