"""What opens a paragraph and holds for the sentences after it: a group of patients, an illness, or the study that is
reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.sentences import Span, sentences
from rag.sentences.headings import begin, governs, heading

FAR, NEXT = 6, 2
"""How many sentences back a study is looked for, and a group of patients."""

_WHO = (
    r"(?:patients|mothers|women|men|males|females|adults|children|adolescents|infants|neonates|subjects|individuals"
    r"|persons|people|those|volunteers)"
)
_GROUP = re.compile(rf"(?:For|In|Among) (?:[\w-]+ ){{0,4}}?{_WHO}\b(?=[ ,])[^.;:•\n]{{0,140}}?(?=[,:] )")
_SOME = re.compile(rf"(?:(?:For|In) )?(?:[\w-]+ ){{0,3}}?{_WHO}\b[^.;•\n]{{0,80}}?:", re.IGNORECASE)
_OWN = re.compile(
    rf"\b(?:in|for|among|if|when|all|other|both|most|some) (?:[\w-]+ ){{0,4}}{_WHO}\b"
    rf"|\b{_WHO} (?:with|who|receiving|on|taking)\b",
    re.IGNORECASE,
)
_DOSE = re.compile(r"\b(?:dos(?:e|es|ed|age|ing)|titrat\w*)\b|\d\s*(?:mg|mcg|g|mL|units?)\b", re.IGNORECASE)
_STUDY = re.compile(
    r"\b(?:stud(?:y|ies)|trials?|investigations?)\b[^.]*\b(?:conducted|performed|evaluat\w+|compar\w+|monitored|assess\w+"
    r"|randomi[sz]ed|obtained|enroll\w+|treated|examined|investigated|received|given|administered|established|studied)\b"
    r"|\b(?:effects?|efficacy|safety|[Uu]se)\b[^.]*\b(?:evaluated|compared|monitored|assessed|established|studied|demonstrated)"
    r"\b[^.]*\b(?:stud(?:y|ies)|trials?|investigations?)\b"
    r"|(?:^|: )In (?:an?|one|two|three|several|the) [^.,]*\b(?:stud(?:y|ies)|trials?)\b"
    r"|\bwere (?:randomi[sz]ed|enrolled|treated)\b"
)
_RESULT = re.compile(
    r"\b(?:was|were|had|did|showed|demonstrated|improved|experienced|occurred|developed|received|resolved|achieved"
    r"|resulted|remained)\b|\b(?<!is )(?<!are )(?<!be )(?<!not )(?:reduc|increas|decreas|produc)ed (?:the|an?|by)\b"
)
_MAY = re.compile(r"\b(?:may|might|can|could|should|must|will)\b")
_GOES_ON = re.compile(r"(?:The|This|Then|Thereafter|After|Maintenance|Subsequent|Doses?|Dosages?)\b")
# What says itself in whom it was found.
_FOUND_IN = re.compile(
    rf"\b(?:stud(?:y|ies)|trials?|investigations?|volunteers|subjects|in vitro|rats?|mice|rabbits?|dogs?|monkeys?"
    rf"|animals?|post-?marketing|(?:been|were|was) reported|{_WHO} (?:with|who|receiving|treated|taking|given))\b",
    re.IGNORECASE,
)


def opened(text: str, low: int, start: int, end: int) -> Span | None:
    """What ``text[start:end]`` is to be read under, of the sentences of its paragraph from ``low`` on: the nearest."""
    low = max(low, text.rfind("\n", 0, start) + 1)
    before = [(low + one, low + two) for one, two in sentences(text[low:start])]
    said = text[start:end]
    return _group(text, before, said) or _illness(text, before, said) or _study(text, before, said)


def _group(text: str, before: list[Span], said: str) -> Span | None:
    """The group of patients, of which a paragraph tells several apart in the same words, or of the dose just before."""
    if _OWN.search(said) or _GROUP.match(said) or _FOUND_IN.search(said):
        return None
    groups = [(place, found) for place, span in enumerate(before) if (found := _begins(text, span))]
    if (
        not groups
        or len(before) - groups[-1][0] > NEXT
        or any(heading(text, *one) for one in before[groups[-1][0] + 1 :])
    ):
        return None
    place, found = groups[-1]
    parallel = [one for _, one in groups[:-1] if _kind(text, one) == _kind(text, found)]
    goes_on = _GOES_ON.match(said) and _DOSE.search(said) and _DOSE.search(text, *before[place])
    return found if parallel or goes_on else None


def _kind(text: str, span: Span) -> list[str]:
    """The first words of a group: "For mothers with nausea", "For mothers with HIV"."""
    return text[slice(*span)].split()[:2]


def _illness(text: str, before: list[Span], said: str) -> Span | None:
    """Of a dose for some patients, the heading further up in the line that says for what."""
    if not _SOME.match(said) or not _DOSE.search(said):
        return None
    heads = (heading(text, *span) for span in reversed(before))
    found = next((head for head in heads if head and not _SOME.match(text[slice(*head)])), None)
    return found if found and governs(text[slice(*found)], said) else None


def _begins(text: str, span: Span) -> Span | None:
    match = _GROUP.match(text, begin(text, *span), span[1])
    return match.span() if match else None


def _study(text: str, before: list[Span], said: str) -> Span | None:
    if not _RESULT.search(said) or _FOUND_IN.search(said) or _MAY.search(said):
        return None
    for raw, high in _back(text, before):
        low = begin(text, raw, high)
        if _STUDY.search(text[low:high]):
            return low, high
        if _FOUND_IN.search(text, low, high):
            return None  # of others
    return None


def _back(text: str, before: list[Span]) -> Iterator[Span]:
    """The sentences back to the one under whose heading they stand."""
    for span in before[-1 : -FAR - 1 : -1]:
        yield span
        if heading(text, *span):
            return
