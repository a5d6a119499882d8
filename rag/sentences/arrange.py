"""What of the evidence on one drug is shown beside what: no repetitions, no other route, rows of a table together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.schema import Kind
from rag.asked.routes import PLACES, routes_of_label
from rag.evidence import tokens
from rag.sentences.spans import is_row
from rag.types import Evidence

SAID = 0.8
"""Share of a statement's words that a better one has, from which it says nothing new; all of its numbers, besides."""
ROWS, ROW_WORDS = 4, 160
"""How many rows of one table are shown together, and of how many words; one row always."""

_TURNS = re.compile(
    r"\b(?:no|not|never|neither|nor|without|unless|except|only|avoid|contraindicated|discontinue|stop|increase[sd]?"
    r"|decrease[sd]?|reduce[sd]?|higher|lower|more|less)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LOCAL = {
    "ophthalmic": re.compile(r"\bophthalmic|\bconjunctiv|\b(?:affected|each|the) eye|\beye drops?", re.IGNORECASE),
    "otic": re.compile(r"\botic\b|\bear drops?|\b(?:affected|each|the) ear\b", re.IGNORECASE),
    "topical": re.compile(
        r"\b(?:topical\w*|creams?|ointments?|lotions?|shampoos?|transdermal|patch(?:es)?)\b", re.IGNORECASE
    ),
    "nasal": re.compile(r"\b(?:nasal spray|intranasal|nostrils?)\b", re.IGNORECASE),
    "vaginal": re.compile(r"\b(?:intra)?vaginal (?:cream|gel|ring|insert|tablet|suppositor)", re.IGNORECASE),
}
_BODY = re.compile(
    r"\b(?:tablets?|capsules?|oral(?:ly)?|by mouth|systemic)\b"
    r"|\b(?:intravenous|infusion|intramuscular|subcutaneous)\w*",
    re.IGNORECASE,
)


def unrepeated(items: Sequence[Evidence]) -> list[Evidence]:
    """Without what an earlier (better) one says as well of the same drug: most words, all numbers, the same turns.

    Statements that differ in a number or in a "not" both stay, as do rows of tables beside each other.
    """
    kept: list[Evidence] = []
    for item in items:
        if not any(_says(better, item) for better in kept):
            kept.append(item)
    return kept


def _says(better: Evidence, item: Evidence) -> bool:
    if better.text.rstrip(".") == item.text.rstrip("."):
        return True
    if not set(better.hit.drugs) & set(item.hit.drugs) or (is_row(better.text) and is_row(item.text)):
        return False
    if set(_NUMBER.findall(item.text)) - set(_NUMBER.findall(better.text)) or _turns(item) != _turns(better):
        return False
    words = _words(item)
    return len(words & _words(better)) >= SAID * len(words)


def _turns(item: Evidence) -> set[str]:
    return {word.casefold() for word in _TURNS.findall(item.text)}


def _words(item: Evidence) -> set[str]:
    """The content words without the drug's names, which differ between manufacturers."""
    named = item.hit.document.drugs
    return set(tokens(item.text)) - {word for name in (*named.generic, *named.brand) for word in tokens(name)}


def of_one_route(items: Sequence[Evidence]) -> list[Evidence]:
    """Without labels of another way of giving than the first one's, where both can be told: no eye drops by tablets."""
    if len({item.hit.document.document_id for item in items}) < 2:
        return list(items)
    routes = _routes(items)
    first = routes.get(items[0].hit.document.document_id, "")
    return [item for item in items if not first or routes.get(item.hit.document.document_id, first) in ("", first)]


def _routes(items: Sequence[Evidence]) -> dict[str, str]:
    """The way of giving that a label states, or else its passages here: body or a place; "" where none or several."""
    texts: dict[str, str] = {}
    stated: dict[str, str] = {}
    for item in items:
        if routes := routes_of_label(item.hit.document):
            stated[item.hit.document.document_id] = _stated(routes)
        if item.hit.document.kind is Kind.LABEL:
            name = item.hit.document.document_id
            texts[name] = f"{texts.get(name, item.hit.document.title)}\n{item.hit.passage.text}"
    return {name: _route(text) for name, text in texts.items()} | stated


def _stated(routes: frozenset[str]) -> str:
    places = routes & {*PLACES, "transdermal"}
    return "body" if not places else min(places) * (routes == places and len(places) == 1)


def _route(text: str) -> str:
    if _BODY.search(text):
        return "body"
    places = [place for place, cue in _LOCAL.items() if cue.search(text)]
    return places[0] if len(places) == 1 else ""


def blocks(items: Sequence[Evidence]) -> list[list[Evidence]]:
    """Statements one by one, in their order; rows of one table together, in the table's order, where its best stood."""
    found: dict[object, list[Evidence]] = {}
    for place, item in enumerate(items):
        found.setdefault(_table(item) or place, []).append(item)
    return [_shown(block) for block in found.values()]


def _table(item: Evidence) -> tuple[str, ...]:
    """The table that a row is of, by document, section and the headers of its cells; nothing for prose."""
    if not is_row(item.text):
        return ()
    headers = (cell.partition(": ")[0] for cell in item.text.split("; ") if ": " in cell)
    return item.hit.document.document_id, item.hit.passage.section, *headers


def _shown(block: Sequence[Evidence]) -> list[Evidence]:
    """Of rows, best first, those that are shown, in the order of the table."""
    kept: list[Evidence] = []
    words = 0
    for item in block[:ROWS]:
        words += len(item.text.split())
        if kept and words > ROW_WORDS:
            break
        kept.append(item)
    return sorted(kept, key=lambda item: item.start)
