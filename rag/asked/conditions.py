"""Whether a drug may be given in a condition that the question names: what tells of that condition decides.

"Epilepsy" is told by a sentence on seizures (``corpora/vocabulary/concepts.txt``). What a drug is used for, and what it
may cause, is asked otherwise and is no such question.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ingest.schema import Kind
from rag.asked.sections import base
from rag.naming.ingredients import word_set
from rag.query import Query
from rag.sentences.concepts import Concept, Said, concepts
from rag.types import Hit

TELLING = 0.75
"""The least score of a sentence of a drug's label that tells of the condition asked about."""
SECTIONS = word_set(
    """boxed_warning contraindications warnings_and_cautions warnings precautions general_precautions
    use_in_specific_populations do_not_use ask_doctor"""
)
"""Where a label says for whom a drug is not."""

_PERMITTED = re.compile(
    r"\b(?:safe(?:ly)?|contraindicated|avoid(?:ed)?|okay|ok)\b"
    r"|\b(?:can|could|should|may|must)\b[^?.]*\b(?:give|given|take|taken|use|used|prescribed?|start(?:ed)?|receive|have)\b",
    re.IGNORECASE,
)
_NOT = r"(?:without|no|not)\b"
_CONDITION = re.compile(
    r"(?<!not\s)(?<!n['’]t\s)(?<!never\s)(?<!no\s)(?<!without\s)(?<!without\sa\s)"
    rf"\b(?:in|with|has|have|had|having|history\sof|known)\s(?P<what>(?:(?!\b{_NOT})[^?.,;])+)"
    rf"|\b(?:can|could|should|may|must)\s(?:an?|my|the|his|her|some)\s(?P<who>(?:(?!\b{_NOT})[^?.,;])+?)\s(?=take|use|have|get|be\b|receive)",
    re.IGNORECASE,
)


def asks_condition(query: Query) -> bool:
    """Whether it is asked if the one drug of the question may be given in a listed condition."""
    plain = query.shape == "plain" and len(query.drugs) == 1
    return plain and bool(_asked(query.question, _named(query)))


def tells_condition(query: Query, hit: Hit, text: str) -> bool:
    """Whether ``text`` of a label speaks of the condition in which the one drug of the question is to be given."""
    if hit.document.kind is not Kind.LABEL or not asks_condition(query):
        return False
    own = set(hit.drugs) == set(query.drugs[0]) and base(hit.passage.section) in SECTIONS
    asked = _asked(query.question, _named(query)) if own else ()
    said = Said(text) if asked else None
    return said is not None and any(one.told(said) for one in asked)


def _named(query: Query) -> tuple[str, ...]:
    return (*(one.surface for one in query.mentions), *(one.surface for one in query.populations))


@lru_cache(256)
def _asked(question: str, known: tuple[str, ...]) -> tuple[Concept, ...]:
    """The listed conditions of a question whether a drug may be given in them, without its drugs and patients."""
    if not _PERMITTED.search(question):
        return ()
    for name in known:
        question = question.replace(name, ";")
    named = (found["what"] or found["who"] for found in _CONDITION.finditer(question))
    return tuple(one for words in named for one in concepts(words) if one.firm)
