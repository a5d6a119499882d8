"""What takes back or limits the sentence before it, so that neither is shown without the other."""

from __future__ import annotations

import re

from ingest.sentences import Span
from rag.checks.measures import AMOUNT

SHARED, STEM = 2, 6
"""How many words, known by their first letters, a sentence that limits another has of it."""
FAR = 4
"""Sentences within which a paragraph draws its conclusion."""

# Takes back whatever is said before it.
_TURNS = re.compile(
    r"(?:However|Nevertheless|Nonetheless|But|Yet|Except|Unless)\b|[^.;:]{1,60}, however,"
    r"|(?:[Ss]ome|[Tt]he|[Tt]hese|[Tt]hey)\b[^.;:]{0,60}\brecurred\b"
    r"|(?:This|These|That|Such|Doing so)\b[^.;:]{0,80}?\b(?:never|avoid(?:ed)?|contra-?indicated"
    r"|(?:must|should|may|can|do|does|is|are) not (?:be )?(?:\w+ly )?(?:recommended|used|done|given|taken|exceeded"
    r"|(?:co-?)?administered|combined|indicated|approved|apply)|cannot)\b"
)
# What is to be done about it, in a table that the store holds as lines.
_ADVICE = re.compile(r"(?:Interventions?|(?:Prevention or )?[Mm]anagement|Recommendations?):")
_IMPACT = re.compile(r"(?:Clinical )?(?:Impact|Effect|Implications?|Comment|Rationale)[^:\n]{0,30}:")
# Says how little it is worth.
_DOUBTS = re.compile(
    r"(?:Due to|Because of|Given|Owing to|In view of) (?:the |these |this )?(?:very )?(?:limited|insufficient|small"
    r"|sparse|lack|absence|confounding|uncontrolled)\b"
    r"|[^.;:]{0,120}\bcausal(?:ity| \w+)\b[^.;:]{0,120}\b(?:not|cannot|unknown|unclear|uncertain|confirmed)\b"
    r"|(?:Although t|T)he (?:clinical )?(?:significance|relevance|importance|implications?) of (?:this|these|the)\b"
    r"[^.;:]{0,100}\b(?:unknown|not|unclear|uncertain)\b"
)
_MOST = re.compile(
    r"(?:The )?(?:recommended )?(?:maximum|total)\b[^.;:]{0,60}\b(?:dos(?:e|es|age)|amount)\b"
    r"|[^.;:]{0,90}\b(?:not (?:to )?(?:be )?exceed(?:ed)?|up to a total of|should not exceed|more than \d[^.;:]{0,30}"
    r" (?:is|are) not recommended)\b"
    r"|[^.;:]{0,40}\b(?:doses?|dosages?)\b[^.;:]{0,60}\b(?:(?:over|above|greater than|higher than|more than)\b"
    r"[^.;:]{0,60}\bnot|exceeding|maximum)\b"
    r"|(?:(?:For|In) )?(?:\w+ )?patients\b[^.;]{0,200}\b(?:maximum|not (?:to )?exceed)\b",
    re.IGNORECASE,
)
_BUT = re.compile(r"[^.;:]{10,200}\bbut (?:retain\w*|not|no|only|did not|(?:is|are|was|were) not|without)\b")
_WORD = re.compile(r"[^\W\d_]{5,}")
# That there is an interaction, and not which way it goes.
_INTERACTS = re.compile(
    r"\ban interaction (?:between|of|with)\b[^.]{0,400}\b(?:reported|observed|seen|noted|described)\b"
)
# The next step of what is to be done.
_NEXT = re.compile(r"(?:Immediately|Then|Thereafter|Next|Afterwards?|Rinse|Repeat)\b")
# What to do about it.
_ADVISES = re.compile(
    r"(?:Monitor|Avoid|Reduce|Discontinue|Consider|Limit|Adjust|Withhold|Interrupt|Stop|Do not|Use caution|Administer"
    r"|Caution|Evaluate|Initiate|Increase|Decrease)\b|[^.;:]{0,60}\balso contra-?indicated\b"
    r"|[^.;:]{0,200}\b(?:(?:should|must|may) (?:not|have a|be (?:\w+ly )?(?:\w+ with caution|avoided|reduced"
    r"|discontinued|adjusted|monitored|stopped|given|withheld|considered|increased|decreased|limited))"
    r"|(?:not|is|are) recommended|contra-?indicated)\b"
)
_WAY = re.compile(r"(?:increas|decreas|rais|lower|reduc|elevat|prolong|potentiat|diminish|enhanc)", re.IGNORECASE)
_UNCHANGED = re.compile(
    r"[^.;:]{0,140}\b(?:was|were|is|are|did|does|do) not (?:\w+ly )?(?:affect|chang|alter|differ|increas|reduc)\w*"
)
# What was looked at, and not what was found.
_LOOKED = re.compile(
    r"[^.]{0,400}\b(?:effects? of|potential (?:for|of))\b[^.]{0,400}\b(?:was|were|(?:has|have) been) (?:studied"
    r"|evaluated|investigated|examined|assessed|monitored)\b[^.]*\.?$"
    r"|[^.]{0,400}\boutcomes?\b[^.]{0,400}\bwere compared\b[^.]*\.?$"
)
_CONCLUDES = re.compile(
    r"(?:Based on|Therefore|Thus|Hence|For (?:this|these) reasons?|Consequently|As a result|Because|Since)\b"
    r"[^.;]{0,220}\b(?:(?:should|must|may) not|contra-?indicated|avoided|not recommended|not to (?:breast|nurse))"
)


def takes_back(text: str, start: int, end: int) -> bool:
    """Whether the sentence ``text[start:end]`` takes back the one before it, whatever that says."""
    return _TURNS.match(text, start, end) is not None


def limits(text: str, said: Span, then: Span) -> bool:
    """Whether the sentence ``text[slice(*then)]``, right after ``said``, says how far that holds."""
    start, end = then
    if _ADVICE.match(text, start, end) and _IMPACT.match(text, *said):
        return True
    before = text[slice(*said)]
    if "\n" in text[said[1] : start]:
        return False
    if _LOOKED.match(before) or (_INTERACTS.search(before) and not _WAY.search(before)):
        return True
    if _DOUBTS.match(text, start, end) or (AMOUNT.search(before) and _MOST.match(text, start, end)):
        return True
    turns = _BUT.match(text, start, end) or (_WAY.search(before) and _UNCHANGED.match(text, start, end))
    return bool(turns) and _shares(before, text[start:end], SHARED)


def concludes(text: str, said: Span, then: Span) -> bool:
    """Whether a sentence further on in the paragraph forbids for a reason what ``said`` tells of."""
    match = _CONCLUDES.match(text, *then)
    least = 1 if match and "breast" in match.group() else SHARED
    return match is not None and _shares(text[slice(*said)], text[slice(*then)], least)


def caps(text: str, said: Span, then: Span) -> bool:
    """Whether a sentence further on in the paragraph says the most of a dose that ``said`` gives."""
    return AMOUNT.search(text[slice(*said)]) is not None and _MOST.match(text, *then) is not None


def advises(text: str, said: Span, then: Span) -> bool:
    """Whether the sentence right after ``said`` tells what to do about it."""
    if "\n" in text[said[1] : then[0]]:
        return False
    if _NEXT.match(text, *then):
        return True
    apart = _ADVISES.match(text, *said) and "contraindicated" not in text[slice(*said)].casefold()
    return not apart and _ADVISES.match(text, *then) is not None and _shares(text[slice(*said)], text[slice(*then)], 1)


def _shares(one: str, other: str, least: int) -> bool:
    return len(_stems(one) & _stems(other)) >= least


def _stems(text: str) -> set[str]:
    return {word.casefold()[:STEM] for word in _WORD.findall(text)}
