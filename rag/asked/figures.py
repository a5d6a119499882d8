"""Questions for a figure: how frequent something is, or which dose. A sentence that tells none does not answer them."""

from __future__ import annotations

import re

FIGURELESS = 0.6
"""What the score of a sentence without a figure is multiplied by where one is asked for."""

_ASKED = re.compile(
    r"(?:\b(?:share|proportion|percentage|percent|fraction)|%) of\b"
    r"(?! (?:(?:the|an?|my|each) )?(?:\w+ )?(?:dos|regimen))"
    r"|\b(?:(?<!infusion )rates?|incidence|frequency|prevalence|(?<!er )chances?|probability|likelihood|odds) of\b"
    r"(?! (?:(?:the )?infusion|administration|dosing|doses?|monitoring|absorption|elimination)\b)"
    r"|\bin percent\b|\bhow (?:common|frequent|rare|likely|probable)\b"
    r"|\bhow many (?:\w+ )?(?:patients?|people|women|men|adults|children|boys|girls|users|of (?:them|those|these))\b"
    r"|\bhow many (?:had|have|got|get|died|die|developed|develop|stopped|stop|discontinued|withdrew)\b"
    r"|\b(?:in|on) how many\b(?! (?:years|months|weeks|days|hours|minutes|doses|steps|divided)\b)"
    # what happens often, not what is to be done often
    r"|\bhow (?:often|commonly|frequently) (?:is|are|was|were|has|have)\b[^?;.]*"
    r"\b(?:seen|reported|observed|noted|occurred|happened)\b"
    r"|\bhow (?:often|commonly|frequently) (?:do|does|did)\b(?! (?:I|you|we|he|she|they)\b)(?![^?;.]*"
    r"\b(?:needs?|ha(?:ve|s) to|take|taken|gives?|given|dos\w+|check|test|monitor|measure|repeat|inject|apply|change))",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"\d\s?%|\bpercent\b|(?<!\d)\d[\d,.]{0,12} (?:in|of|out of|per) (?:the )?\d|\bper [\d,]+"
    r"|\b(?:very )?(?:common|rare|uncommon|frequent)(?:ly)?\b"
    r"|\(%\)|\b(?:all|none|half|one|two|most|few) (?:of|in)\b",
    re.IGNORECASE,
)


def asks_share(question: str) -> bool:
    """Whether ``question`` asks how many or how often, not how much or when to take."""
    return _ASKED.search(question) is not None


def tells_share(text: str) -> bool:
    """Whether ``text`` has a share or a word for one."""
    return _TOLD.search(text) is not None


_DOSE_ASKED = re.compile(
    r"\b(?:what|which) (?:\w+ )?(?:dose|dosage|strength)\b"
    r"|\b(?:max(?:imum|imal)?|highest|largest|ceiling|recommended|usual|starting|initial) (?:\w+ )?dos(?:e|age)\b"
    r"|\bhow (?:much|many (?:mg|mcg|milligrams|micrograms|tablets|units))"
    r"|\b(?:dose|dosage) ?\?|\bmg (?:per|/) ?kg\b",
    re.IGNORECASE,
)
_DOSE_TOLD = re.compile(
    r"(?<![\w*.-])\d|%|\b(?:one|two|three|four)\b"
    r"|\b(?:half|halve\w*|third|fourth|quarter|percent|double\w*|fold|times|same|usual|maximum|tablets?"
    r"|no (?:change|dose)|lower\w*|reduc\w+|adjust\w*|increas\w+ (?:to|by)|avoid\w*|contraindicated"
    r"|not (?:be )?(?:recommended|used|given|exceed\w*))\b",
    re.IGNORECASE,
)


_UNIT = (
    r"(?:mg|mcg|µg|k?g|mL|units?|IU|mEq|mmol|tablets?|capsules?|drops?|doses?|milligrams?|micrograms?|puffs?|sprays?)\b"
)
_FORM = r"(?:creams?|ointments?|gels?|lotions?|solutions?|suspensions?|foams?|shampoos?|sprays?|drops?|dextrose)\b"
_COUNTED = re.compile(
    rf"\b(?:total of|of the|of those,?) \d[\d,]{{0,12}}\b(?!\.\d|\s?{_UNIT})"
    rf"|(?<!\d)\d[\d,.]{{0,12}}\s?(?:%(?!\s(?:\w+\s){{0,2}}{_FORM})"
    rf"|(?:(?!{_UNIT}|(?:in|for|to)\b)\w{{1,30}}\s){{0,2}}(?:subjects|patients|people|volunteers|women|men|children)\b)"
    r"|\b\d{1,3}\s?(?:(?:to|or|and|[-–])\s?\d{1,3}\s?)?[\s-]?(?:years?|yrs?)\b|\bage[ds]?\s\d+",
    re.IGNORECASE,
)
"""Figures that are no amount: how many were counted, and how old they were."""


def asks_dose(question: str) -> bool:
    """Whether ``question`` asks for an amount."""
    return _DOSE_ASKED.search(question) is not None


def tells_dose(text: str) -> bool:
    """Whether ``text`` has an amount, or says how one changes or that there is none."""
    return _DOSE_TOLD.search(_COUNTED.sub(" ", text)) is not None


def without_figure(question: str, text: str) -> bool:
    """Whether a figure is asked for that ``text`` does not tell."""
    return (asks_share(question) and not tells_share(text)) or (asks_dose(question) and not tells_dose(text))
