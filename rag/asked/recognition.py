"""Questions of how a harm shows: signs of poisoning, symptoms of an adverse effect.

Whom it befalls (the elderly, failing kidneys) then leads to how they are dosed, not to the signs, which are the same.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rag.query import Query

TELLING = 0.5
"""The least score of a sentence that lists the signs of the harm whose signs are asked for."""

_POISONED = r"(?:toxicit\w+|overdos\w+|poison\w+|intoxicat\w+)"
_HARM = rf"(?:{_POISONED}|(?P<which>\w+)\s(?:syndrome|reactions?|acidosis|damage|injury))"
_SEEN = (
    r"(?:recogni[sz]\w+|detect\w*|signs?|symptoms?|manifest\w*|present(?:s|ation|ing)?|features?|noticed?"
    r"|spot(?:ted)?|look(?:s|ing)?\slike)"
)
_ASKED = tuple(
    re.compile(form, re.IGNORECASE) for form in (rf"\b{_SEEN}\b.*?\b{_HARM}\b", rf"\b{_HARM}\b.*?\b{_SEEN}\b")
)
_TOLD = re.compile(
    r"\b(?:signs?|symptoms?|manifestations?|effects)\b[^.;]{0,60}\b(?:include[sd]?|are|were|consist\w*|such as)\b"
    r"|\b(?:signs?|symptoms?|manifestations?)\b[^.;]{0,60}\((?:e\.g|such|i\.e)"
    r"|\b(?:characteri[sz]ed|indicated|manifest(?:ed|s)?|presents?)\s(?:by|as|with)\b",
    re.IGNORECASE,
)
_TOXIC = re.compile(rf"\b{_POISONED}", re.IGNORECASE)
_BEFALLEN = frozenset({"elderly", "renal", "hepatic"})
_BEFORE = re.compile(r"(?:\b(?:in|with|and|of|for)\s)?(?:(?:an?|the|my)\s)?$", re.IGNORECASE)
_AFTER = re.compile(
    r"(?:\s(?:impair\w+|insufficien\w+|dysfunction|failure|disease|function|patients?|people|person|wom[ae]n|m[ae]n))*",
    re.IGNORECASE,
)


def harm(question: str) -> str | None:
    """The harm whose signs a question asks for: its first word ("serotonin"), empty for a poisoning; else None."""
    found = next(filter(None, (form.search(question) for form in _ASKED)), None)
    return (found["which"] or "").casefold() if found else None


def of_signs(query: Query) -> Query:
    """Such a question without those whom the harm befalls, all else at its place; any other as it is."""
    befallen = [one for one in query.populations if one.name in _BEFALLEN]
    if not befallen or harm(query.question) is None:
        return query
    text = query.question
    for one in befallen:
        start = one.start - len(_BEFORE.search(text[: one.start])[0])  # type: ignore[index]
        end = one.end + len(_AFTER.match(text[one.end :])[0])  # type: ignore[index]
        text = text[:start] + " " * (end - start) + text[end:]
    kept = tuple(one for one in query.populations if one not in befallen)
    topics = tuple(topic for topic in query.topics if topic not in {"geriatric", "renal", "hepatic"})
    return replace(query, question=text, populations=kept, topics=topics)


def tells_signs(question: str, section: str, text: str) -> bool:
    """Whether a sentence lists the signs of the harm that a question asks for."""
    which = harm(question)
    if which is None or not _TOLD.search(text):
        return False
    of_it = which in text.casefold() if which else _TOXIC.search(text) or section == "overdosage"
    return bool(of_it)
