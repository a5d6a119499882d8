"""What reads as a statement and answers nothing: footnotes, captions, legends, pointers, boilerplate."""

from __future__ import annotations

import re
from itertools import pairwise

# Bracketed numbers of a source's own reference list would be taken for the answer's.
_NUMBERED = re.compile(r"\[\d+(?:\s*[,–-]\s*\d+)*\]")
_POINTER = re.compile(
    r"Error! |see full prescribing information for complete"
    rf"|{_NUMBERED.pattern}|^see\b|^refer to\b|^\(?(?:figure|table)\s+\d"
    r"|\b(?:is|are) (?:described|listed|shown|summari[sz]ed|presented|provided|given|included) (?:below\.?$|in "
    r"(?:the )?(?:following )?(?:table|section|figure)\b)"
    r"|\b(?:discussed|described)[^.]{0,40} (?:in greater detail|elsewhere|in other sections)\b[^:•\n]*$"
    r"|:\s*\n\s*Table \d|\bas shown in the following (?:table|graph|figure)s?\.?$",
    re.IGNORECASE,
)
# "The following reactions have been reported." where no list goes with it.
_NO_LIST = re.compile(
    r"(?:The|In addition,? the) following (?:[\w-]+ ){0,6}(?:is|are|was|were|has|have)(?: \w+)? (?:been )?"
    r"(?:identified|reported|observed|seen|described|discussed|listed|noted)\b[^:•\n]*$",
    re.IGNORECASE,
)
# One word boundary for all: every place of a text is tried, and most are none.
_BOILERPLATE = re.compile(
    r"\b(?:clinical (?:trials?|studies) are conducted under\b|reported voluntarily\b"
    r"|SUSPECTED ADVERSE REACTIONS\b|side effects to (?:the )?FDA\b|medical advice about side effects\b"
    r"|FDA-approved patient labeling\b"
    r"|read (?:this|the) (?:Medication Guide|Patient Information|Instructions for Use)"
    r"|Medication Guide has been approved\b|(?:Patient Information|Instructions for Use) has been approved\b"
    r"|sometimes prescribed for purposes other than\b|written for health ?(?:care )?professionals\b"
    r"|not all (?:of )?the possible side effects\b|side effect that bothers you\b|trademarks?\b|PDQ\b"
    r"|policy statement of\b|brands listed are\b)"
    r"|^(?:Manufactured|Marketed|Distributed|Made|Packaged) (?:and \w+ )?(?:for|by|in)\b|©"
    r"|^For more information,? (?:go to|call|visit|contact)\b",
    re.IGNORECASE,
)
# A note's sign before its words; one that tells what to do is kept.
_NOTE = re.compile(r"[†‡§¶#¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐ]|\*+(?=\S)|\*\*|Values of ")
_ADVICE = re.compile(
    r"\b(?:should|must|do not|avoid|contraindicated|recommended|not to exceed|reduce|adjust|administer|take|consider"
    r"|monitor|withhold|discontinue|resume)\b",
    re.IGNORECASE,
)
_LEGEND = re.compile(r"(?:\b[A-Z][\w/+-]{0,14} ?= ?[A-Za-z][^;=]*){2}|^(?:Abbreviations?:|[A-Z][\w/+-]{0,14} = [a-z])")
# Cut in two inside a reference.
_TORN = re.compile(
    r"^[^(\[]{0,12}[)\]]|\((?:\d+\.)$|\[(?:see|e\.g\.) [^\]]*$"
    r"|\b(?:CI|HR|OR|RR|p|P)[=:\s]*$|^•\s?(?:[A-Z][a-z]? ?\d+ ?){2}"
)
_WORD = re.compile(r"\b[^\W\d_]{4,}")
NEAR = 220
"""Characters within which a sentence shows that it is what every label repeats; others may be run together with it."""
TITLED = 0.6
"""Share of the longer words with a capital from which words without a verb are a title."""


def is_debris(text: str) -> bool:
    """Whether no question is answered by a stretch of prose, however well it matches."""
    if _POINTER.search(text) or _NO_LIST.match(text) or _TORN.search(text) or _BOILERPLATE.search(text, 0, NEAR):
        return True
    return _LEGEND.search(text) is not None or (_NOTE.match(text) is not None and not _ADVICE.search(text))


def is_title(text: str) -> bool:
    """Whether words without a finite verb are a caption or a heading: most of them have a capital."""
    words = _WORD.findall(text)
    return len(words) > 2 and sum(word[0].isupper() for word in words) > TITLED * len(words)


_CELL = re.compile(r"([^;]*?): (.*?)(?:; |$)", re.DOTALL)
_ARROW = re.compile(r"[↑↓↔←→✓✔•+√]")
# What makes a number of a cell say something, in the cell or in its header; "Ynol 20 mg" names an arm, no unit.
_UNIT = (
    r"%|(?:[mµμkn]?g|mcg|[mµμd]?l|m?mol|[mµμn]mol|[mµ]?IU|mEq|h|hr|min|cm|mm|kg|bpm|mmHg|U|units?)"
    r"|hours?|minutes?|days?|weeks?|months?|years?|percent\w*|fold"
)
_MEASURE = re.compile(
    rf"%|(?<![\d.,]\s)(?<![\d.,])\b(?:{_UNIT})(?=$|[\s/·.,)\]•*×])"
    r"|\b(?:ratio|rate|score|scale|number|count|change|increase|decrease|reduction|difference|times|doses?|dosage"
    r"|tablets?|capsules?|drops?|puffs?|vials?|volume|weight|level|class|mean|median|titers?|frequency|incidence"
    r"|AUC|Cmax|HR|OR|RR|p-value|CI)\b",
    re.IGNORECASE,
)
_TWO = re.compile(r"\d+(?:\.\d+)? \d+(?:\.\d+)?")
_MEASURED = re.compile(rf"(?:[(,\[]\s*(?:n\s*)?\(?(?:{_UNIT})(?:/[\w.]+)*[\s)\]]*$)|%", re.IGNORECASE)
_WORDS = re.compile(rf"[^\W\d_]{{4,}}|\d\s*(?:{_UNIT})(?![^\W\d_])|^(?:[A-Z][a-z]{{2}}|no|yes)\b", re.IGNORECASE)
_COUNTED = re.compile(r"\W*(?:n|no\.?|number|%|mean|sd|percent)?\W*(?:\(?(?:%|sd|n)\)?)?\W*", re.IGNORECASE)
_CHANCE = re.compile(r"p(?:[- ]?value)?\b[^a-z]*$", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
_NOTHING = re.compile(r"[\W_]*(?:n/?a|n/?r|n/?d)?[\W_]*", re.IGNORECASE)


def is_empty_row(text: str) -> bool:
    """Whether a table row says nothing beside its first cell: the others are empty, dashes, or the same words again.

    >>> is_empty_row("Event: Rash; Drug: -; Placebo: NA"), is_empty_row("Event: Rash; Drug: ↑; Placebo: -")
    (True, False)
    """
    first, *others = [cell.strip() for _, cell in _CELL.findall(text)] or [""]
    return all((_NOTHING.fullmatch(cell) and not _ARROW.search(cell)) or cell == first for cell in others)


def is_bare_row(text: str) -> bool:
    """Whether a table row is a note, or numbers that say nothing by themselves: no word, unit or measure by them.

    >>> is_bare_row("Event: Rash; Drug, 5 mg: 13; Placebo: 12"), is_bare_row("Event: Rash; Drug %: 13; Placebo %: 12")
    (True, False)
    """
    (_, first), *others = _CELL.findall(text) or [("", "")]
    if _NOTE.match(text) and not _ADVICE.search(text) and not any(cell[:1].isdigit() for _, cell in others):
        return True
    if _NUMBERED.search(text):
        return True  # as in prose
    if sum(_TWO.fullmatch(cell.strip()) is not None for _, cell in others) > 1:
        return True  # values of two things, of which is not said
    if _is_head(others) or _doubles(others):
        return True
    said = any(_WORDS.search(cell) or _ARROW.search(cell) or _MEASURE.search(head) for head, cell in others)
    return bool(others) and not said and not _MEASURED.search(first.strip())


def _is_head(others: list[tuple[str, str]]) -> bool:
    """Whether all cells but the first say what is counted, and no count: a row of the header."""
    return bool(others) and all(cell.strip() and _COUNTED.fullmatch(cell.strip()) for _, cell in others)


def _doubles(others: list[tuple[str, str]]) -> bool:
    """Whether the value of another column stands where a probability should: the source's cell spans both."""
    pairs = pairwise(others)
    return any(
        _CHANCE.match(head.strip()) is not None and _FIGURE.findall(cell)[:1] == _FIGURE.findall(before)[:1] != []
        for (_, before), (head, cell) in pairs
    )
