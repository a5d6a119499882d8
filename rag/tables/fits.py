"""Whether a row of a table is for the question's patient: kidney function, age, weight, liver or group that it names.

A neighbouring row is true and still the wrong dose, so what the row says decides, not how near its words are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rag.asked.focus import names, names_partner
from rag.asked.patient import ADULT, OLD, Population, PopulationName, age_of, weight_of
from rag.checks.cues import GROUPS
from rag.checks.measures import AMOUNT
from rag.query import Query
from rag.sentences.spans import is_row
from rag.tables.columns import role_of
from rag.tables.ranges import Range, age_range, rate, weight_range

FITTING, OTHER = 0.75, 0.05
"""The least score of a row that is for the patient, and the most of one that is for others."""
PARTNER = 0.5
"""The least score of a row of a table of interactions that is on what the drug is asked beside."""

_DOSED = re.compile(
    r"\b(?:dosages?|dosing|dosed|max\w*|ceiling|limits?|strengths?|regimens?|intervals?|how (?:much|many|far)"
    r"|mg(?=/kg| per\b| by\b)|start(?:ing)?|begin|halve|adjust(?:ed|ing|ment)?|reduc(?:e|ing|tion)"
    r"|doses?(?= (?:for|in|at|of|with|when|per|range|by|and|a)\b|\s?[?,.;:]|$)"
    r"|(?:what|which|right|usual|first|initial|highest|lowest|largest|daily|recommended|safe|new) (?:\w+ )?doses?)\b",
    re.IGNORECASE,
)
"""What asks for a dose: "his dose was raised" does not."""
_GRADE = r"(?:mild|moderate|severe)"
_DAMAGED = r"\s(?:impair|insufficien|dysfunction|failure|disease)"
_ORGANS = {
    "renal": re.compile(rf"(?:{_GRADE}\W+(?:(?:to|or|and)\W+)?)*(?:renal|kidney){_DAMAGED}", re.IGNORECASE),
    "hepatic": re.compile(
        rf"(?:{_GRADE}\W+(?:(?:to|or|and)\W+)?)*(?:hepatic|liver){_DAMAGED}"
        r"|child[\s-]pugh\s(?:class\s)?[abc]\b(?:\W+(?:(?:to|or|and)\W+)?[abc]\b)?",
        re.IGNORECASE,
    ),
}
_NAMED = re.compile(r"(?-i:\be?GFR\b|\bCrCl\b|\bCLcr\b).*", re.IGNORECASE)
_CLASSES = {"a": "mild", "b": "moderate", "c": "severe"}
"""Child-Pugh classes as labels grade them (FDA, "Pharmacokinetics in Patients with Impaired Hepatic Function")."""
_GROUPS = {"old": GROUPS["elderly"][1], "grown": GROUPS["adult"][1], "young": GROUPS["child"][1]}
_LASTS = re.compile(r"\b(?:for|after|within|every|during|last\w*)\s(?:\w+\s)?\d", re.IGNORECASE)
# One condition of several: without the age a row may be for the patient all the same.
_LOOSE = re.compile(
    r"\b(?:any|one|two|three) of\b|\bbut\b|\bor\b(?! (?:older|younger|over|under|above|below|more|less|greater))"
)
_OVER = re.compile(r"\b(?:over|above|older|from|at least|more|greater)\b|[>≥]", re.IGNORECASE)
_UNDER = re.compile(r"\b(?:under|below|younger|up to|less|at most)\b|[<≤]", re.IGNORECASE)
_WEIGHT = re.compile(
    r"(?:(?:less|more|greater|at least|at most) (?:than )?|[<>≤≥]\s?|[\d.]+\s?kg to )*[\d.]+\s?kg\b", re.IGNORECASE
)
_TAKING = re.compile(
    r"(?<!\bnot )\b(?:taking|receiving|treated with|concomitant(?:ly)?(?: with)?)\b(?P<what>(?:(?!\bnot\b).)+)",
    re.IGNORECASE,
)
_EXCLUDING = re.compile(r"\b(?:not|without|neither|nor|other\s+than|except|excluding)\b", re.IGNORECASE)
"""What stands before those who are not meant."""
_STARTING = re.compile(
    r"\b(?:starting|initial|first|beginning|opening) (?:\w+ )?(?:dos(?:e|es|age)|regimen)\b"
    r"|\bstart (?:with|at|on what)\b"
    r"|\bhow\b[^?.,]{0,20}\b(?:start|begin|initiate)\b",
    re.IGNORECASE,
)
_LATER = re.compile(r"\bmaintenance\b|\b(?:weeks?|days?|months?)\s(?:[3-9]|[1-9]\d)\b", re.IGNORECASE)
"""A stage of a schedule after the first, in the cell or header that says which."""
_MEASURED = re.compile(
    r"\b(?:peak|cmax|c max|auc|half-life|t1/2|tmax|concentrations?|clearance \(m?L|(?:renal|oral|total) clearance)\b",
    re.IGNORECASE,
)
_PRESCRIBED = re.compile(
    r"\b(?:dos(?:e|es|age|ing)|regimen|interval|recommend\w*|adjust\w*|maxim\w+|what to do)\b", re.IGNORECASE
)
"""What the header of a column of measured values says, and that of one of doses."""
_RAISED = re.compile("[\u02b0-\u02b8\u1d2c-\u1d6a\u2070-\u209c\u00b9\u00b2\u00b3*†‡]+")
"""Marks of footnotes, which are letters to a regular expression."""
AGED = 60
_LONGEST = 120
"""Characters of a cell that says for whom a row is."""


def for_patient(query: Query, text: str) -> bool | None:
    """True where a row names what the patient has, False where it names what the patient has not.

    None where the question tells no such thing, or the text is no row or names none. Age, weight, liver and group
    count where a dose is asked for; a clearance or filtration rate always.
    """
    if not (query.populations or _dosed(query.question)) or not is_row(text) or measured(query, text):
        return None
    found = {told for told in (_by_rate(query, text), *_by_patient(query, text)) if told is not None}
    return None if not found else found == {True}


def for_partner(query: Query, text: str, own: int | None) -> bool:
    """Whether a row of a label's table of interactions is on another drug of the question, or what it is asked beside.

    Where a dose is asked for, a row of doses too that has a column for patients who take it.
    ``own``: which of the question's drugs the label is of, None where it is of none: such a row tells of other drugs.
    """
    if query.shape != "interaction" or own is None or not is_row(text):
        return False
    cells = _cells(text)
    header, partner = cells[0]
    repeated = len({name for name, _ in cells}) < len(cells)  # cells of several rows that a merged one runs together
    if repeated:
        return False
    return _names_any(query, own, [partner] if role_of(header) == "with" else _takers(query, cells))


def measured(query: Query, text: str) -> bool:
    """Whether a row tells what was measured in patients and no dose, where a dose is asked for."""
    if "dosage" not in query.topics or not is_row(text):
        return False
    headers = " ".join(header for header, _ in _cells(text)[1:])
    return _MEASURED.search(headers) is not None and not _PRESCRIBED.search(headers)


def later(query: Query, text: str) -> bool:
    """Whether a row is of a later stage of a schedule (maintenance, week 5) where the starting dose is asked for."""
    if not _STARTING.search(query.question) or not is_row(text):
        return False
    return _LATER.search(" ".join(_cells(text)[0])) is not None


def beside_partner(query: Query, text: str, own: int | None) -> bool:
    """Whether a row of a label's table of doses has a column for patients who take what the drug is asked beside."""
    asked = query.shape == "interaction" and own is not None and is_row(text)
    return asked and _names_any(query, own, _takers(query, _cells(text)))


def _names_any(query: Query, own: int | None, told: list[str]) -> bool:
    others = [index for index in range(len(query.drugs)) if index != own]
    return any(names_partner(query, one) or any(names(query, index, one) for index in others) for one in told)


def _takers(query: Query, cells: tuple[tuple[str, str], ...]) -> list[str]:
    """The drugs of columns for patients who take them, without those whom a column is not for."""
    headers = (_RAISED.sub(" ", header) for header, cell in cells[1:] if AMOUNT.search(cell))
    found = (match for header in headers if (match := _TAKING.search(header)))
    told = (match["what"] for match in found if not _EXCLUDING.search(match.string[: match.start("what")]))
    return [_EXCLUDING.split(one)[0] for one in told] if _dosed(query.question) else []


def _by_rate(query: Query, text: str) -> bool | None:
    values = [value for one in query.populations if (value := _rate_of(one)) is not None]
    ranges = [found for header, cell in _cells(text) if (found := _range(header, cell))] if values else []
    return any(value in one for one in ranges for value in values) if ranges else None


def _by_patient(query: Query, text: str) -> Iterator[bool | None]:
    """What the cells that say for whom a row is tell of the patient's age, weight and organs."""
    if not _dosed(query.question):
        return
    told = [(header, cell) for place, (header, cell) in enumerate(_cells(text)) if _says_whom(place, header)]
    yield _by_age(query, told)
    weight = weight_of(query.question)
    ranges = [found for header, cell in told if (found := weight_range(cell, header))] if weight else []
    yield any(weight in one for one in ranges) if weight and ranges else None
    for organ in {one.name for one in query.populations} & _ORGANS.keys():
        yield _by_organ(query.question, organ, " ".join(cell for _, cell in told))


def _by_age(query: Query, told: list[tuple[str, str]]) -> bool | None:
    """By the ages that a row names, else by the groups: adults, children, the elderly."""
    age, words = age_of(query.question), " ".join(cell for _, cell in told)
    said = {group for group, cue in _GROUPS.items() if cue.search(words)}
    ranges = [found for header, cell in told if (found := _ages(header, cell))] if age is not None else []
    if age is not None and ranges:
        within = any(_in_unit(age, one) in one for one in ranges)
        return True if within else None if age >= ADULT and said & {"grown", "old"} else False
    asked = _group(age, {one.name for one in query.populations})
    if asked == "old" and age is None and not said:
        return True if any(_is_old(found) for header, cell in told if (found := _ages(header, cell))) else None
    if not asked or not said:
        return None
    if asked == "old" and "old" in said:
        return True
    return None if said & {asked, "grown" if asked == "old" else asked} else False


def _is_old(ages: Range) -> bool:
    """Whether a range of ages begins where labels begin to speak of age: some do so from 60 years on."""
    return ages.unit == "year" and (ages.low or 0) >= AGED


def _group(age: float | None, named: set[PopulationName]) -> str:
    if age is None:
        return "young" if "child" in named else "old" if "elderly" in named else ""
    return "young" if age < ADULT else "old" if age >= OLD else "grown"


def _by_organ(question: str, organ: str, words: str) -> bool | None:
    """By how much an organ is impaired; where the question or the row does not say, it is for all such patients."""
    asked, said = grades(question, organ), grades(words, organ)
    if said is None:
        return None
    return bool(asked & said) if asked and said else True


def grades(text: str, organ: str) -> frozenset[str] | None:
    """The degrees in which ``text`` names an impaired organ; None where it does not name it."""
    found = list(_ORGANS[organ].finditer(text))
    words = " ".join(match.group().casefold() for match in found)
    letters = re.findall(r"\b[abc]\b", words) if "child" in words else []
    return frozenset((*re.findall(_GRADE, words), *(_CLASSES[letter] for letter in letters))) if found else None


def _dosed(question: str) -> bool:
    return _DOSED.search(question) is not None


@lru_cache(4096)
def _cells(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((header, cell) for header, _, cell in (cell.partition(": ") for cell in text.split("; ")))


def _says_whom(place: int, header: str) -> bool:
    return place == 0 or role_of(header) in {"age", "weight", "population", "renal"}


def _ages(header: str, cell: str) -> Range | None:
    """The ages of a cell, where they are read whole and are all that decides; a time that something lasts is none."""
    if len(cell) > _LONGEST or _LASTS.search(cell) or _LOOSE.search(cell):
        return None
    plain = _WEIGHT.sub("", cell)
    found = age_range(plain, header)
    if found is None or (_OVER.search(plain) and found.low is None) or (_UNDER.search(plain) and found.high is None):
        return None
    everyone = found.high is None and found.unit == "year" and (found.low or 0) <= 1  # "syphilis older than one year"
    return None if everyone else found


def _in_unit(age: float, one: Range) -> float:
    """The age in the unit of a range; a child of "6 to 14 years" is one until its 15th birthday."""
    return age * 12 if one.unit == "month" else float(int(age)) if age >= 1 else age


def _range(header: str, cell: str) -> Range | None:
    """The range of a cell; a column that is itself a range ("CrCl 30 to 50 mL/min: 250 mg") counts by its header."""
    named = _NAMED.search(cell)  # "eGFR less than 30": these have one unit, even where it stands in the caption alone
    return rate(cell, header) or rate(header, "") or (rate(named.group(), "mL/min") if named else None)


def _rate_of(one: Population) -> float | None:
    if one.unit != "mL/min":
        return None
    try:
        return float(one.value)
    except ValueError:  # a bound, as "<30"
        return None
