"""For which of its indications a label says something: the heading that stands further up in the paragraph.

Labels that lost their line breaks run such headings together with the sentence after them: "Treatment of Gout Flares
For patients ... FMF Caution should be taken ...". They are known by being titles of numbered parts or of items of a
list elsewhere in the label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ingest.schema import Document
from ingest.sentences import Span, sentences
from rag.checks.measures import AMOUNT
from rag.sentences.headings import governs, heading, misses, names_patients, title
from rag.sentences.spans import is_row

SECTIONS = ("dosage_and_administration", "indications_and_usage")
MOST = 8
"""Words of the name of an indication, at most."""

_NUMBERED = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s+(?=[A-Z])", re.MULTILINE)
_ITEM = re.compile(r"(?:^|•)[ \t]*(?P<name>[A-Z][^.:;•\n]{2,70}):\s+(?=[A-Z\d])", re.MULTILINE)
_NO_NAME = re.compile(
    r"\b(?:indicated|clearance|administer|administration|options|information|instructions|outcome|general|concomitant|notes?|limitations?|use|adjustments?|switching|discontinuing|weight"
    r"|missed|tablets|capsules)\b|\([a-zL]*/?\w*\)$",
    re.IGNORECASE,
)
# "Dosage and Administration in Children:" in the middle of a line heads a part in which illnesses have headings of
# their own, up to the next of its kind.
_DOSAGE = r"(?:Dosages?|Dosing|Doses?|Administration|Use|Treatment)"
_PATIENTS = re.compile(
    rf"(?:^|(?<=[.:;)\]]\s)\s?)(?P<name>(?:(?:Recommended|Usual|Initial)\s)?(?:{_DOSAGE}(?:\sand\s\w+)?\s(?i:in|for|with)\s[^.:;\n•]{{3,70}}"
    rf"|(?:Adult|P(?:a)?ediatric|Geriatric)\s(?:Patients\s)?{_DOSAGE}(?:\s[^.:;\n•]{{1,40}})?)):\s+(?=[A-Z\d•])",
    re.MULTILINE,
)
_ACRONYM = re.compile(r"\((?P<name>[A-Z][A-Za-z]?[A-Z]+)\)")


def named(document: Document) -> tuple[str, ...]:
    """The names by which a label heads its indications, the longest first; none where it has fewer than two."""
    texts = (section.text for slug in SECTIONS if (section := document.section(slug)))
    found = {name for text in texts for name in _named(text)}
    return tuple(sorted(found, key=lambda name: (-len(name), name))) if len(found) > 1 else ()


@lru_cache(512)
def _named(text: str) -> frozenset[str]:
    return frozenset(name for name in map(str.strip, _titles(text)) if _is_name(name))


def _titles(text: str) -> Iterator[str]:
    for match in _NUMBERED.finditer(text):
        end = text.find("\n", match.start())
        if found := title(text, match.start(), len(text) if end < 0 else end):
            name = text[slice(*found)]
            yield _ACRONYM.sub("", name).strip(" :")
            yield from (acronym["name"] for acronym in _ACRONYM.finditer(name))
    yield from (match["name"] for match in _ITEM.finditer(text))


def _is_name(name: str) -> bool:
    """Whether a title has words of its own and none of patients or of anything else that all labels have."""
    plain = len(name.split()) <= MOST and not names_patients(name) and not _NO_NAME.search(name)
    return plain and misses(name, "")


def above(text: str, low: int, start: int, said: str, names: tuple[str, ...]) -> Span | None:
    """The heading in the paragraph from ``low`` on that ``said``, at ``start``, is to be read under; None without any,
    and where another heading follows it.
    """
    if not names:
        return None
    low = max(low, text.rfind("\n", 0, start) + 1)
    found = [match.span("name") for match in _heads(names).finditer(text, low, start)]
    if not found or not governs(text[slice(*found[-1])], said):
        return None
    last = found[-1]
    after = [(last[1] + one, last[1] + two) for one, two in sentences(text[last[1] : start])]
    return None if any(_headed_anew(text, span) for span in (*after[1:], (start, start + len(said)))) else last


def of_patients(text: str, low: int, start: int, said: str) -> list[Span]:
    """The heading for some patients, in the middle of a line from ``low`` on, that the dose ``said`` at ``start`` is to
    be read under, if there is one.
    """
    if not AMOUNT.search(said) or _PATIENTS.match(said) or said.startswith("Preparation"):
        return []
    found = [match.span("name") for match in _PATIENTS.finditer(text, low, start)]
    last = found[-1] if found else (0, 0)
    title = text[slice(*last)]
    heads = names_patients(title) and not is_row(text[text.rfind("\n", 0, last[0]) + 1 : last[1] + 200])
    return [last] if heads and _goes_on(text[last[1] : start]) and governs(title, said) else []


def _goes_on(between: str) -> bool:
    """Whether there is no line break after a heading, but about a table that its part has."""
    first, *rest = between.split("\n")
    return not rest or (first.endswith(":") and all(is_row(line) or line.startswith(("*", "†")) for line in rest[:-1]))


def _headed_anew(text: str, span: Span) -> bool:
    """Whether a sentence has another heading of its own; one of patients leaves the indication as it is."""
    own = heading(text, *span)
    return own is not None and not names_patients(text[slice(*own)])


@lru_cache(512)
def _heads(names: tuple[str, ...]) -> re.Pattern[str]:
    any_of = "|".join(map(_written, names))
    return re.compile(
        rf"(?:^|[.:;)\]•]\s+|\d\s)(?:(?:{any_of}):?\s+)*(?P<name>{any_of})(?::?\s+(?=[A-Z(•])|:\s+(?=\d))", re.MULTILINE
    )


def _written(name: str) -> str:
    """A name as it may be written; initials in capitals alone, since "All" is no leukaemia."""
    first, rest = re.escape(name[0]), re.escape(name[1:])
    return first + (rest if name.isupper() else f"(?i:{rest})")
