"""Questions of how a harm shows: signs of poisoning, symptoms of an adverse effect.

Whom it befalls (the elderly, failing kidneys) then leads to how they are dosed, not to the signs, which are the same.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from rag.asked.patient import Population
from rag.asked.sections import asked
from rag.query import Query

TELLING = 0.5
"""The least score of a sentence that lists the signs of the harm whose signs are asked for."""

_POISONED = r"(?:toxicit\w+|overdos\w+|poison\w+|intoxicat\w+)"
_HARM = re.compile(
    rf"\b(?:{_POISONED}|(?!(?:of|the|an?|any|from|to|for|this|that|no)\s)(?P<which>\w{{1,40}})"
    r"\s(?:syndrome|reactions?|acidosis|damage|injury))\b",
    re.IGNORECASE,
)
_SIGNS = r"(?:signs?|symptoms?|manifestations?|presentations?|features?)\b"
_ASKED = re.compile(
    rf"\b(?:what|which)\s(?:(?!(?:for|to|in|with|of|on|against|about)\b)[\w-]+\s){{0,5}}{_SIGNS}"
    rf"|^\W*(?:(?:please|list|describe|name|give|tell|me|the|early|late|first|common|typical|clinical|warning)\s)*{_SIGNS}"
    r"|\bhow\s(?:to|does|do|is|are|can|could|would|should|might|may|will)\b[^.?!]{0,150}?"
    r"(?<!who\s)(?<!that\s)\b(?:recogni[sz]ed?|detect(?:ed)?|manifest|present|notice[d]?|spot(?:ted)?|look\slike)\b"
    r"|\bwhat\s(?:does|do|would)\b[^.?!]{0,150}?\blook\slike\b",
    re.IGNORECASE,
)
"""Forms of a question that itself asks for signs: a patient who presents with them, or noticed them, does not."""
_ELSE = re.compile(
    r"\b(?:safe(?:ly)?|allowed|ok(?:ay)?|treat\w*|manag\w*|prescri\w+|avoid\w*|start\w*|continu\w*|stop\w*|adjust\w*)\b"
    r"|\b(?:can|could|may|should|must)\b[^?.]{0,80}?\b(?:take|taken|give|given|use|used|receive)\b",
    re.IGNORECASE,
)
"""What is asked besides, or instead, of which the patient decides the answer."""
_OTHERS = frozenset({"dosage", "contraindications"})
_FAR = re.compile(r"\b(?:in|with|on|for|of|from|by|to|who|that|when|while|if|taking)\b|[.;:?!]", re.IGNORECASE)
_HARMED = re.compile(r"\b(?:damage|injury|harm|failure)\s(?:to|of)\s(?:the\s)?$", re.IGNORECASE)
_TOLD = re.compile(
    r"\b(?:signs?|symptoms?|manifestations?|effects)\b[^.;]{0,60}\b(?:include[sd]?|are|were|consist\w*|such as)\b"
    r"|\b(?:signs?|symptoms?|manifestations?)\b[^.;]{0,60}\((?:e\.g|such|i\.e)"
    r"|\b(?:characteri[sz]ed|indicated|manifest(?:ed|s)?|presents?)\s(?:by|as|with)\b",
    re.IGNORECASE,
)
_TOXIC = re.compile(rf"\b{_POISONED}", re.IGNORECASE)
_BEFALLEN = {"elderly": "geriatric", "renal": "renal", "hepatic": "hepatic"}
"""Whom a harm befalls, and the topic that this is."""
_BEFORE = re.compile(r"(?:\b(?:in|with|and|of|for)\s)?(?:(?:an?|the|my)\s)?$", re.IGNORECASE)
_AFTER = re.compile(
    r"(?:\s(?:impair\w+|insufficien\w+|dysfunction|failure|disease|function|patients?|people|person|wom[ae]n|m[ae]n))*",
    re.IGNORECASE,
)


def harm(question: str) -> str | None:
    """The harm whose signs a question asks for: its first word ("serotonin"), empty for a poisoning; else None."""
    found = _harm(question)
    return (found["which"] or "").casefold() if found else None


@lru_cache(256)
def _harm(question: str) -> re.Match[str] | None:
    """The words of the harm where its signs are all that is asked: no dose, and not whether a drug may be given."""
    form = _ASKED.search(question)
    if form is None or _ELSE.search(question) or _OTHERS & {topic.name for topic in asked(question)}:
        return None
    harms = list(_HARM.finditer(question))
    return next((one for one in harms if one.start() >= form.end()), harms[0] if harms else None)


def of_signs(query: Query) -> Query:
    """Such a question without those whom the harm befalls, all else at its place; any other as it is."""
    told = _harm(query.question)
    if told is None:
        return query
    befallen = [one for one in query.populations if one.name in _BEFALLEN and not _is_harmed(query.question, one, told)]
    text = query.question
    for one in befallen:
        start = one.start - len(_BEFORE.search(text[: one.start])[0])  # type: ignore[index]
        end = one.end + len(_AFTER.match(text[one.end :])[0])  # type: ignore[index]
        text = text[:start] + " " * (end - start) + text[end:]
    kept = tuple(one for one in query.populations if one not in befallen)
    gone = {_BEFALLEN[one.name] for one in befallen} - {_BEFALLEN.get(one.name, "") for one in kept}
    return replace(
        query, question=text, populations=kept, topics=tuple(topic for topic in query.topics if topic not in gone)
    )


def _is_harmed(text: str, one: Population, told: re.Match[str]) -> bool:
    """Whether an organ is what is harmed: in the words of the harm or right before them, or "damage to the liver"."""
    if _HARMED.search(text[: one.start]):
        return True
    return one.start < told.end() and not _FAR.search(text[one.end : max(one.end, told.start())])


def tells_signs(question: str, section: str, text: str) -> bool:
    """Whether a sentence lists the signs of the harm that a question asks for."""
    which = harm(question)
    if which is None or not _TOLD.search(text):
        return False
    of_it = which in text.casefold() if which else _TOXIC.search(text) or section == "overdosage"
    return bool(of_it)
