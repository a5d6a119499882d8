"""What opens a paragraph and holds for the sentences after it: a group of patients, an illness, or the study that is
reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.sentences import Span, sentences
from rag.checks.cues import groups
from rag.checks.measures import AMOUNT
from rag.sentences.headings import begin, governs, heading

FAR, NEXT = 6, 2
"""How many sentences back a study is looked for, and a group of patients."""

_WHO = (
    r"(?:patients|mothers|women|men|males|females|adults|children|adolescents|infants|neonates|subjects|individuals"
    r"|persons|people|those|volunteers)"
)
_GROUP = re.compile(rf"(?:For|In|Among) (?:[\w-]+ ){{0,4}}?{_WHO}\b(?=[ ,])[^.;:•\n]{{0,140}}?(?=[,:] )")
_OPENS = re.compile(rf"(?:For|In|Among) (?:[\w-]+ ){{0,4}}?{_WHO}\b")
_SOME = re.compile(rf"(?:(?:For|In) )?(?:[\w-]+ ){{0,3}}?{_WHO}\b[^.;•\n]{{0,80}}?:", re.IGNORECASE)
_OWN = re.compile(
    rf"\b(?:in|for|among|if|when|all|other|both|most|some) (?:[\w-]+ ){{0,4}}{_WHO}\b"
    rf"|\b{_WHO} (?:with|who|receiving|on|taking)\b",
    re.IGNORECASE,
)
_DOSE = re.compile(rf"\b(?:dos(?:e|es|ed|age|ing)|titrat\w*)\b|{AMOUNT.pattern}", re.IGNORECASE)
_STUDY = re.compile(
    r"\b(?:stud(?:y|ies)|trials?|investigations?)\b[^.]{0,200}\b(?:conducted|performed|evaluat\w+|compar\w+|monitored"
    r"|assess\w+|randomi[sz]ed|obtained|enroll\w+|treated|examined|investigated|received|given|administered|established"
    r"|studied)\b"
    r"|\b(?:effects?|efficacy|safety|[Uu]se)\b[^.]{0,200}\b(?:evaluated|compared|monitored|assessed|established|studied"
    r"|demonstrated)\b[^.]{0,200}\b(?:stud(?:y|ies)|trials?|investigations?)\b"
    r"|(?:^|: )In (?:an?|one|two|three|several|the) [^.,]{0,200}\b(?:stud(?:y|ies)|trials?)\b"
    r"|\bwere (?:randomi[sz]ed|enrolled|treated)\b"
)
_RESULT = re.compile(
    r"\b(?:was|were|had|did|showed|demonstrated|improved|experienced|occurred|developed|received|resolved|achieved"
    r"|resulted|remained)\b|\b(?<!is )(?<!are )(?<!be )(?<!not )(?:reduc|increas|decreas|produc)ed (?:the|an?|by)\b"
)
_MAY = re.compile(r"\b(?:may|might|can|could|should|must|will)\b")
# What can only be said of a dose just told.
_CHANGED = r"(?:(?:doubl|halv|increas|decreas|reduc|rais|lower|titrat|adjust|repeat|divid)ed|given|taken)"
_GOES_ON = re.compile(
    r"(?:Then|Thereafter|Afterwards?|After|Maintenance|Subsequent(?:ly)?)\b"
    rf"|(?:The|This) (?:dose|dosage) (?:(?:is|(?:may|can|should|must) be) (?:then |\w+ly )?{_CHANGED}\b|may then\b)"
)
# Whoever speaks of the rest, of an age or a weight, speaks of others than the group before.
_REST = re.compile(
    rf"\b(?:otherwise|else|others?|without|usual\w*|normal\w*|every(?:one|body)|all|any|remaining|regardless|{_WHO}"
    r"|aged?|years?|months?|old|older|younger|weigh\w*)\b|\d kg\b",
    re.IGNORECASE,
)
# A dose for whom it is not said.
_GENERAL = re.compile(
    r"\b(?:recommended|standard|typical|general\w*|common|labell?ed|full|maxim\w+|minim\w+)\b[^.;]{0,40}\bdos(?:e|es|age|ages|ing)\b"
    r"|\b(?:maxim\w+|minim\w+|recommended)\b[^.;]{0,40}\d",
    re.IGNORECASE,
)
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
    """The group of patients, of which a paragraph tells several apart in the same words, or of the dose just before.

    None where any of what is said since may be of others: a group put over another's dose turns it round.
    """
    if _OWN.search(said) or _GROUP.match(said) or _FOUND_IN.search(said):
        return None
    found = [(place, span) for place, one in enumerate(before) if (span := _begins(text, one))]
    if not found or len(before) - found[-1][0] > NEXT:
        return None
    place, last = found[-1]
    since = before[place + 1 :]
    if any(heading(text, *one) for one in since) or _of_others(text[last[1] : before[place][1]]):
        return None
    if any(_of_others(words) or _GENERAL.search(words) for words in (*(text[slice(*one)] for one in since), said)):
        return None
    parallel = [one for _, one in found[:-1] if _kind(text, one) == _kind(text, last)]
    goes_on = _GOES_ON.match(said) and _DOSE.search(said) and _DOSE.search(text, *before[place])
    return last if parallel or goes_on else None


def _of_others(words: str) -> bool:
    return bool(groups(words)) or _REST.search(words) is not None


def is_opener(words: str) -> bool:
    """Whether a title is the opening words of another sentence ("In patients with gout") and no heading."""
    return _OPENS.match(words) is not None


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
