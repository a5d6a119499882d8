"""What each drug is in a question: asked about, taken already, given up for another, not tolerated, or what is treated.

"Penicillin allergy, can I give cefazolin?" asks about cefazolin, "flumazenil for alprazolam overdose" about flumazenil.
A drug is taken out of what is asked only where another drug or class remains.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rag.drugs import Mention, Role
from rag.naming.classes import ClassMention
from rag.naming.ingredients import word_set

_INTOLERANCE = r"(?:allerg\w*|anaphyla\w+|hypersensitiv\w+|intoleran\w+)"
_ALLERGY_AFTER = re.compile(rf"[\s-]*(?:\w+\s)?{_INTOLERANCE}", re.IGNORECASE)
_ALLERGY_BEFORE = re.compile(
    rf"(?:{_INTOLERANCE}(?:\s(?:reaction|rash))?|\b(?:reacted|reaction|rash|hives))\s(?:to|with|from|against)\s(?:\w+\s)?$",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*(?:,|/|&|\band\b|\bor\b|,\s*and\b)\s*", re.IGNORECASE)
_FROM = re.compile(
    r"(?:\b(?:switch\w*|chang\w+|convert\w*|conversion|transition\w*|mov(?:e|ing)|went|going)\b[^.?]*\bfrom"
    r"|\b(?:start|begin|initiat)\w*\b[^.?]*\bafter"
    r"|\b(?:instead\sof|stop(?:ped|ping)?|discontinu\w+|failed|replac(?:e|ing)))\s$",
    re.IGNORECASE,
)
_CURRENT = re.compile(
    r"(?:\b(?:already|currently|been|who(?:\s(?:is|are)|['’]s)|(?:i|he|she|patient|mother|child)(?:\s(?:am|is)|['’]?[ms])|while|when"
    r"|if)\s(?:on|taking|receiving|using|prescribed)|\b(?:patients?|people|women|someone|anyone)\s(?:on|taking|receiving)|\bon"
    r"|(?:^|[.,;]\s?|\band\s)i\stake|\b(?:adding|added)\b[^.?]*\bto)\s(?:my\s|daily\s|oral\s|chronic\s|long[\s-]term\s|low[\s-]dose\s)?$",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:again|re-?challeng\w+|re-?expos\w+|re-?introduc\w+|re-?start\w*|re-?administ\w+|re-?initiat\w+|re-?tr(?:y|ied)|resum\w+"
    r"|desensiti[sz]\w+|(?:give|given|take|use|have|get|try|receive|start|continue|tolerate)\s(?:it|that|this\sdrug))\b"
    r"(?:\s(?:(?:with|to|of|on|from|the|his|her|my)\s){0,2})?",
    re.IGNORECASE,
)
_HARM = (
    r"(?:over-?dos(?:e|es|age|ing)|toxicity|toxicities|poisonings?|intoxications?|reversal|withdrawal|extravasation"
    r"|ingestion)"
)
_HARM_AFTER = re.compile(
    rf"(?:\s(?:\w+\s)?(?:{_HARM}|od|addiction|dependence|(?:use|abuse)\sdisorder)\b|-(?:induced|related|associated)\b)",
    re.IGNORECASE,
)
_TREATING = (
    r"(?:(?<!risk\s)(?<!look\s)(?<!looking\s)(?<!watch\s)(?<!watching\s)(?<!monitor\s)(?<!monitored\s)(?<!monitoring\s)"
    r"(?<!signs\s)(?<!potential\s)(?<!increase\s)(?<!increases\s)(?<!rise\s)(?<!result\s)(?<!results\s)(?<!resulting\s)"
    r"\b(?:for|in|after|following|against|during|treat(?:s|ing)?|revers(?:e|es|ing)|manag(?:e|es|ing)|helps?\s(?:with|in)"
    r"|(?:patients?|man|woman|child|someone|presents|presenting)\swith)\s(?:[\w-]+\s){0,2})"
)
_HARM_TREATED = re.compile(rf"{_TREATING}$", re.IGNORECASE)
_HARM_OF = re.compile(
    rf"{_TREATING}(?:{_HARM}|bleed(?:s|ing)?|ha?emorrhages?)\s(?:of|from|with|by|due\sto|caused\sby|on|under)\s(?:[\w-]+\s)?$",
    re.IGNORECASE,
)
_RESCUE = re.compile(rf"\b(?:rescue|antidotes?|revers\w+|bleed\w*|ha?emorrhag\w+|inr|{_HARM})\b", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|following)\s(?:[\w-]+\s)?$", re.IGNORECASE)
_OTHER_ALLERGY = re.compile(
    r"\ballergic\sto\s(?:a\s|the\s)?([a-z]{3,})|\b([a-z]{3,})[\s-](?:allergy|allergies|allergic)\b", re.IGNORECASE
)
_NO_SUBSTANCE = word_set(
    """the any and with for are severe mild known drug food skin seasonal history documented reported true serious
    possible her his have has had get people patient patients cause causes not non was this that your about some who
    bad nasal eye"""
)
"""Words beside "allergy" that are no substance."""


class Named(Protocol):
    """A stretch of a question."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


@dataclass(frozen=True, slots=True)
class Allergy:
    """What is not tolerated: ``text[start:end] == surface``; ``keys`` where it is a drug or a class that is held."""

    surface: str
    start: int
    end: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Treated:
    """A drug or class whose harm is what is treated; ``text[start:end]`` tells of it ("digoxin toxicity")."""

    named: Named
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Aside:
    """What of a question stands aside from what it asks: not tolerated (``feared`` where not asked again), treated."""

    not_tolerated: list[Named]
    feared: list[Named]
    treated: list[Treated]

    def __contains__(self, one: object) -> bool:
        """Whether a drug or class is not asked about."""
        return one in self.feared or one in self.harmful

    @property
    def harmful(self) -> list[Named]:
        """What did the harm that is treated."""
        return [harm.named for harm in self.treated]


def aside(text: str, known: Sequence[Named], unknown: Sequence[Named]) -> Aside:
    """What is not asked about, of the drugs and classes that are known and those that are not; where alone, it is."""
    named = (*known, *unknown)
    borne_ill = not_tolerated(text, named)
    again = asked_again(text, named, borne_ill)
    feared = [one for one in borne_ill if one not in again]
    if len(feared) == len(named):
        return Aside([], [], [])
    found = Aside(borne_ill, feared, treated(text, [one for one in named if one not in borne_ill]))
    asked = any(one not in found and not _CURRENT.search(text[: one.start]) for one in known)
    return found if asked else replace(found, treated=[])


def with_roles(text: str, mentions: Sequence[Mention], apart: Aside) -> tuple[Mention, ...]:
    """The mentions with what the question says of each."""
    return tuple(replace(one, role=_role(text, one, apart)) for one in mentions)


def not_tolerated(text: str, named: Sequence[Named]) -> list[Named]:
    """Which of the drugs and classes of a question are not tolerated: both of "allergic to penicillin and sulfa"."""
    found: list[Named] = []
    last: Named | None = None
    for one in sorted(named, key=lambda one: one.start):
        after, before = text[one.end : one.end + 40], text[: one.start]
        joined = last is not None and _AND.fullmatch(text[last.end : one.start])
        if _ALLERGY_AFTER.match(after) or _ALLERGY_BEFORE.search(before) or joined:
            found.append(one)
            last = one if joined or _ALLERGY_BEFORE.search(before) else None
        else:
            last = None
    return found


def asked_again(text: str, named: Sequence[Named], feared: Sequence[Named]) -> list[Named]:
    """Which of what is not tolerated is asked about all the same: "anaphylaxis to rituximab, can we restart it?".

    "Again" or "it" means the drug named last before, unless another follows as its object ("rechallenge with ...").
    """
    found: list[Named] = []
    for cue in _AGAIN.finditer(text):
        before = [one for one in named if one.end <= cue.start()]
        follows = any(cue.start() < one.start <= cue.end() for one in named)
        if not follows and before:
            found.append(max(before, key=lambda one: one.start))
    return [one for one in feared if one in found]


def treated(text: str, named: Sequence[Named]) -> list[Treated]:
    """The drugs and classes whose harm is treated: "for alprazolam overdose", "leucovorin rescue after ...".

    Harm that is feared of the drugs asked about ("risk of digoxin toxicity with ...") is none of it.
    """
    found = []
    for one in named:
        before = text[: one.start]
        after = _HARM_AFTER.match(text, one.end)
        of = _HARM_OF.search(before)
        if of and not _FROM.search(before):
            found.append(Treated(one, of.start(), one.end))
        elif after and _HARM_TREATED.search(before):
            found.append(Treated(one, one.start, after.end()))
        elif _AFTER.search(before) and _RESCUE.search(before):
            found.append(Treated(one, one.start, one.end))
    return found


def allergies(text: str, named: Sequence[Named], feared: Sequence[Named]) -> tuple[Allergy, ...]:
    """What is not tolerated, in the question's order: drugs, classes and other substances ("egg allergy")."""
    found = [_allergy(text, one) for one in feared]
    for match in _OTHER_ALLERGY.finditer(text):
        start, end = match.span(1 if match.group(1) else 2)
        taken = any(one.start < end and start < one.end for one in named)
        if not taken and text[start:end].casefold() not in _NO_SUBSTANCE:
            found.append(Allergy(text[start:end], start, end))
    return tuple(sorted(found, key=lambda one: one.start))


def _allergy(text: str, one: Named) -> Allergy:
    keys = one.keys if isinstance(one, Mention | ClassMention) else ()
    return Allergy(text[one.start : one.end], one.start, one.end, keys)


def _role(text: str, mention: Mention, apart: Aside) -> Role:
    before = text[: mention.start]
    if mention in apart:
        return "allergy" if mention in apart.feared else "treated"
    if _FROM.search(before):
        return "from"
    return "current" if _CURRENT.search(before) else "asked"
