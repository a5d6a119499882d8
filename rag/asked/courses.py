"""Which of two drugs a question begins and which is there already or given up: what is said of the other way is none.

"Do not start sertraline in a patient on linezolid" does not answer whether linezolid may be given to one on sertraline,
and how to go from rivaroxaban to warfarin is not how to go from warfarin to rivaroxaban.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.asked.focus import also_called
from rag.query import Query
from rag.types import Hit

_THE = r"\s(?:(?:the|your|taking|using|treatment|therapy|with|of|oral|intravenous)\s){0,3}"
_STOP = r"\b(?:discontinu\w+|stop(?:ping|ped)?|withdraw\w*)" + _THE
_FORBIDS = re.compile(
    r"\bcontra-?indicated\b|(?<!\bto )\bavoid(?:ed)?\b|\b(?:do|should|must) not\b[^.]{0,200}\b(?:with|together)\b",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"^\W*(?:start|initiat|begin)\w*|\bnot\s(?:be\s)?(?:start|initiat|begin)", re.IGNORECASE)
_STOPPED = r"\b(?:should|must) be (?:stopped|discontinued|withdrawn)\b"
_SENTENCE = re.compile(r"(?<=[.:])\s+(?=[A-Z])")
_START = r"\b(?:start(?:ing|ed)?|initiat\w+|begin(?:ning)?|add(?:ing)?)" + _THE


def agrees(query: Query, hit: Hit, text: str) -> int:
    """1 where ``text`` begins the drug that the question begins, or goes from the one to the other as it does; -1 where
    it is the other way round, or of others than these; 0 where it tells neither or forbids both together, or the
    question names no two such drugs."""
    held = [keys for keys in query.drugs if _role(query, keys) in {"from", "current"}]
    begun = [keys for keys in query.drugs if _role(query, keys) == "asked"]
    if len(held) != 1 or len(begun) != 1:
        return 0
    old, new = _called(query, hit, held[0]), _called(query, hit, begun[0])
    if any(_forbids(sentence, old, new) for sentence in _SENTENCE.split(text)):
        return 0
    if re.search(rf"\b(?:from|to)\b[^.:]{{0,60}}\bother than (?:{old}|{new})\b", text, re.IGNORECASE):
        return -1
    stops = re.search(rf"{_STOP}{old}|\b{old}\b[^.]{{0,60}}{_STOPPED}", text, re.IGNORECASE) is not None
    return (stops or _goes(text, old, new)) - _goes(text, new, old)


def _forbids(sentence: str, old: str, new: str) -> bool:
    """Whether it forbids the two together, be it said which to stop or not; to start one of them is another matter."""
    both = all(re.search(rf"\b{name}\b", sentence, re.IGNORECASE) for name in (old, new))
    return both and _FORBIDS.search(sentence) is not None and not _BEGUN.search(sentence)


def _goes(text: str, old: str, new: str) -> bool:
    """Whether a text goes from ``old`` to ``new``, stops the one before the other, or begins the other."""
    forms = (
        rf"\bfrom\s(?:\w+\s){{0,3}}?{old}\b[^.]{{0,200}}\bto\s(?:\w+\s){{0,3}}?{new}\b",
        rf"{_STOP}{old}\b[^.]{{0,100}}\bbefore\s(?:\w+\s){{0,3}}?{new}\b",
        _START + new,
    )
    return any(re.search(form, text, re.IGNORECASE) for form in forms)


def _role(query: Query, keys: Sequence[str]) -> str:
    return next((one.role for one in query.mentions if one.keys == tuple(keys)), "")


def _called(query: Query, hit: Hit, keys: tuple[str, ...]) -> str:
    """A pattern for the names of a drug: its own, as the question writes it, and the brand of a label that is of it."""
    own = hit.document.drugs.brand if set(keys) & set(hit.drugs) else ()
    surfaces = (one.surface for one in query.mentions if one.keys == keys)
    return rf"(?:{'|'.join(map(re.escape, (*keys, *also_called(keys), *surfaces, *own)))})"
