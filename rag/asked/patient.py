"""The patient and the route in a question: pregnancy, lactation, age, kidneys and liver, with their figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

PopulationName = Literal["pregnancy", "lactation", "child", "elderly", "renal", "hepatic"]

ADULT, OLD = 18, 65
"""Years from which a patient is no child, and years from which labels speak of geriatric use."""


@dataclass(frozen=True, slots=True)
class Population:
    """A group of patients in a question: ``text[start:end] == surface``.

    ``value`` and ``unit`` where a figure is given (``<30`` where it is a bound): an age (``years``, ``months``,
    ``weeks``, ``days``), eGFR or creatinine clearance (``mL/min``), the ``stage`` of kidney disease, the ``class`` of
    Child-Pugh, a ``trimester`` or ``weeks`` of pregnancy; ``dialysis`` is a unit with the kind as value, if any.
    """

    name: PopulationName
    surface: str
    start: int
    end: int
    value: str = ""
    unit: str = ""


_AGE = re.compile(
    r"\b(?:age[d]?:?\s)?(\d{1,3}(?:\.\d)?)[\s-]*(years?|yrs?|y/?o|yo|months?|mos?|weeks?|wks?|days?)\b(?:[\s-]*(?:old|of\sage))?|\bage[d]?:?\s(\d{1,3})\b"
    r"|\b(\d{1,3})\s?[mf]\b",
    re.IGNORECASE,
)
_THAN = r"(?:older|more|greater)\sthan"
_FROM = rf"(?:[>≥]=?|(?:over|above|at\sleast|{_THAN}(?:\sor\sequal\sto)?|equal\sto\sor\s{_THAN})\b)"
_UNTIL = r"(?:[<≤]=?|(?:under|below|(?:younger|less)\sthan(?:\sor\sequal\sto)?)\b)"
_NO_YEARS = (
    r"(?![.,]\d|[\s-]?(?:[a-z%]*/|mg|mcg|k?g\b|ml|%|percent|months?|weeks?|days?|hours?|minutes?|beats|units?|iu\b|meq"
    r"|lbs?\b|pounds?|kilo\w*|kgs?\b|stone|mm\w*|bmi|tablets?|pills?|capsules?|doses?|feet|inch\w*))"
)
"""What makes a bare number a weight, a count or a dose, and no age."""
_OLDEST = 120
_BOUND_AGE = re.compile(
    rf"\b(?:age[ds]?|patients?|people|persons?|adults?|wom[ae]n|m[ae]n|someone|anyone|those|everyone)\b"
    rf"(?:\s(?:of|is|aged?|who\s(?:is|are)|the\sage\sof))*\s?(?:(?P<least>{_FROM})|{_UNTIL})"
    r"\s?(?:the\sage\sof\s)?(?P<bound>\d{1,3})\b" + _NO_YEARS,
    re.IGNORECASE,
)
_AGE_BOUND = re.compile(
    rf"(?:\b|(?=[<>≤≥]))(?:(?P<least>{_FROM})|{_UNTIL})\s?(?:(?:the\s)?age(?:\sof)?\s?(?P<bound>\d{{1,3}})\b"
    r"(?![.,]\d|\s?(?:months?|weeks?|days?))|(?P<years>\d{1,3})[\s-](?:years?|yrs?)[\s-](?:old|of\sage)\b)",
    re.IGNORECASE,
)
_RANGE_BEFORE = re.compile(r"\d\s?(?:[-–—]|to|and)\s?$", re.IGNORECASE)
_RANGE_AFTER = re.compile(
    r"\s?(?:[-–—]|to\b)\s?\d{1,3}\b(?![.,]\d|\s?(?:mg|mcg|k?g|ml|units?|tablets?)\b)", re.IGNORECASE
)
_YEARS = r"(?:6[5-9]|[7-9]\d|1[01]\d)"
_OLD_AGE = re.compile(
    rf"\bage[ds]?\b(?:\s(?:of|is|was|from|{_FROM})|\s?[>≥]=?)*\s?{_YEARS}\b(?!\s?(?:days?|weeks?|months?))"
    rf"|(?:^|[\s(]){_FROM}\s?{_YEARS}[\s-](?:years?|yrs?)\b"
    rf"|\b{_YEARS}(?:[\s-](?:years?|yrs?)(?:[\s-](?:old|of\sage))?)?\s?(?:and|or)\s(?:older|over|above)\b"
    rf"|(?<!than\s)(?<!under\s)(?<!below\s)(?<!to\s)(?<![\d<≤.–-])(?<![<≤–-]\s)\b{_YEARS}[\s-](?:years?|yrs?)[\s-](?:old|of\sage)\b",
    re.IGNORECASE,
)
_A_YEAR = {"m": 12.0, "w": 52.18, "d": 365.25}
_BODY_WEIGHT = re.compile(r"(?<![/\d.])\b(\d{1,3}(?:\.\d+)?)\s?(?:kg|kilos?|kilograms?)\b", re.IGNORECASE)
_OLD = re.compile(r"old|\bage|y/?o", re.IGNORECASE)
_FIGURE = r"(?P<value>(?:[<>≤≥=]|less\sthan|below|under|above|over|of|is|was|at|\s|:)*\d{1,3}(?:\.\d+)?)"
_GROUPS: tuple[tuple[PopulationName, str, re.Pattern[str]], ...] = tuple(
    (name, unit, re.compile(cue, re.IGNORECASE))  # type: ignore[misc]
    for name, unit, cue in (
        ("hepatic", "class", r"\bchild[\s-]pugh(?:\s(?:class|score))?(?:\s(?P<value>[abc]))\b"),
        ("pregnancy", "trimester", r"\b(?:(?P<value>first|second|third|1st|2nd|3rd)\s)trimester\b"),
        (
            "pregnancy",
            "weeks",
            r"\b(?P<value>\d{1,2})\s?(?:weeks?|wks?)['’]?\s(?:pregnant|gestation\w*|of\spregnancy)\b",
        ),
        (
            "pregnancy",
            "",
            r"\b(?:pregnan\w+|gestation\w*|trimesters?|f[o]?etus|unborn|the\swomb|(?:expect|try|plan|hop)ing\s(?:for|to\shave)?\s?a\sbaby|conceiv\w+)\b",
        ),
        (
            "lactation",
            "",
            r"\b(?:breast[\s-]?(?:feed\w*|fed|milk)|lactati\w+|nursing\s(?:mother|woman|women|infant|bab)\w*|nursing)\b",
        ),
        (
            "child",
            "",
            r"\b(?:child(?:ren)?|kids?|p[a]?ediatrics?|infants?|neonat\w+|newborns?|toddlers?|bab(?:y|ies)|adolescents?|teen\w*|premature)\b",
        ),
        (
            "elderly",
            "",
            r"\b(?:elderly|geriatrics?|seniors?|older\s(?:adults?|patients?|people|persons?|wom[ae]n|m[ae]n)|old\sage)\b",
        ),
        (
            "renal",
            "mL/min",
            rf"\b(?:e?gfr|crcl|ccr|(?:creatinine\s)?clearance|cr\scl)\b\s?{_FIGURE}(?:\s?ml/min(?:/1\.73\s?m\S)?)?",
        ),
        (
            "renal",
            "stage",
            r"\b(?:ckd|(?:chronic\s)?kidney\sdisease)\s(?:stage\s)?(?P<value>[1-5][ab]?)\b|\bstage\s(?P<value2>[1-5][ab]?)\s(?:ckd|(?:chronic\s)?kidney)\b",
        ),
        ("renal", "dialysis", r"\b(?:(?P<value>h[a]?emo|peritoneal\s)?dialysis|esrd|crrt|(?:ca|ap)pd)\b"),
        (
            "renal",
            "",
            r"\b(?:renal(?:ly)?|kidneys?(?!\sstones?)|nephropath\w+|ckd|aki|e?gfr|crcl|creatinine\sclearance)\b",
        ),
        ("hepatic", "", r"\b(?:hepatic(?:ally)?|livers?|cirrho\w+|child[\s-]pugh)\b"),
    )
)
"""The groups, the more exact first: a vaguer cue inside the words of an exact one is the same finding."""

_NO_ILL = (
    r"(?!\s(?:candid\w+|yeast|thrush|infect\w+|bacteri\w+|trichom\w+|bleed\w*|dry\w*|atroph\w+|discharge|itch\w*"
    r"|cancers?|tumou?rs?|polyps?|congest\w+|allerg\w+|symptoms?|obstruct\w+|surgery|deliver\w+|births?))"
)
"""What makes a place the seat of an illness and no way of giving."""
_ROUTES = tuple(
    (route, re.compile(rf"\b(?:{cue})\b", re.IGNORECASE))
    for route, cue in (
        (
            "oral",
            r"oral(?:ly)?(?!\s(?:contracept|anticoag|hypogly))|by\smouth|p\.?o\.?|tablets?|capsules?|pills?|syrup|swallow\w*",
        ),
        ("intravenous", r"intravenous(?:ly)?|i\.?v\.?|infus\w+|drip"),
        ("intramuscular", r"intramuscular(?:ly)?|i\.?m\.?"),
        ("subcutaneous", r"subcutaneous(?:ly)?|s\.?c\.?|subq|sub-?q|under\sthe\sskin"),
        ("topical", r"topical(?:ly)?|creams?|ointments?|gel|lotion|on\sthe\sskin"),
        ("inhalation", r"inhal\w+|nebuli[sz]\w+|puffer"),
        ("nasal", rf"nasal(?:ly)?{_NO_ILL}|intranasal(?:ly)?|nose\sspray"),
        ("ophthalmic", r"ophthalmic|eye\sdrops?|in\sthe\seyes?|intraocular"),
        ("otic", r"otic|ear\sdrops?|in\sthe\sears?"),
        ("rectal", rf"rectal(?:ly)?{_NO_ILL}|suppositor\w+|enemas?"),
        ("vaginal", rf"vaginal(?:ly)?{_NO_ILL}|intravaginal(?:ly)?"),
        ("transdermal", r"transdermal(?:ly)?|patch(?:es)?"),
        ("sublingual", r"sublingual(?:ly)?|under\sthe\stongue"),
        ("buccal", r"buccal(?:ly)?"),
        ("intrathecal", r"intrathecal(?:ly)?"),
        ("epidural", r"epidural(?:ly)?"),
    )
)
_SHORT = frozenset({"im", "sc", "po"})
"""Routes that must be written in capitals or with points: "I'm", ..."""


def populations_of(text: str) -> tuple[Population, ...]:
    """The groups of patients that a question names, in its order, each stretch of text once."""
    found: list[Population] = []
    for one in (*_cued(text), *_aged(text)):
        if not any(other.start < one.end and one.start < other.end for other in found):
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.start))


def routes_of(text: str) -> tuple[str, ...]:
    """The routes that a question names, as openFDA calls them, lower case."""
    return tuple(
        route
        for route, cue in _ROUTES
        if any(match.group().lower() not in _SHORT or match.group().isupper() for match in cue.finditer(text))
    )


def _cued(text: str) -> Iterator[Population]:
    for name, unit, cue in _GROUPS:
        for match in cue.finditer(text):
            parts = [part for part in match.groupdict().values() if part]
            value = _figure(parts[0]) if parts else ""
            yield Population(name, match.group(), *match.span(), value, unit if value or unit == "dialysis" else "")


def _aged(text: str) -> Iterator[Population]:
    """Ages: of children below 18 years, of the elderly from 65; others are no group of their own."""
    for match, years, over in _bound_ages(text):
        if over and years >= OLD:
            yield Population("elderly", match.group(), *match.span(), f">{years:g}", "years")
        if not over and years <= ADULT:
            yield Population("child", match.group(), *match.span(), f"<{years:g}", "years")
    for match in _AGE.finditer(text):
        number, unit = next(part for part in (match.group(1), match.group(3), match.group(4)) if part), match.group(2)
        stated = unit is None or _OLD.search(match.group()) is not None
        if not stated:
            continue  # "for 7 days" is no age
        spelt = {"m": "months", "w": "weeks", "d": "days"}.get((unit or "y")[0].lower(), "years")
        years = float(number) if spelt == "years" else 0.0
        if years < ADULT or years >= OLD:
            yield Population("child" if years < ADULT else "elderly", match.group(), *match.span(), number, spelt)


def _bound_ages(text: str) -> Iterator[tuple[re.Match[str], float, bool]]:
    """Ages in years that bound a group, and whether they do so from below."""
    for pattern in (_BOUND_AGE, _AGE_BOUND):
        for match in pattern.finditer(text):
            told = match.groupdict()
            if (years := float(told["bound"] or told["years"])) <= _OLDEST:
                yield match, years, told["least"] is not None


def age_of(text: str) -> float | None:
    """The age in years of the one patient whose age ``text`` gives; None where it gives none, or several.

    Of "over 75" it is 76, of "under 18" 17: an age of that group.
    """
    bounds = list(_bound_ages(text))
    found = {years + (1 if over else -1) for _, years, over in bounds}
    found |= {
        float(match[1] or match[3] or match[4]) / _A_YEAR.get((match[2] or "y")[0].lower(), 1)
        for match in _AGE.finditer(text)
        if match[2] is None or _OLD.search(match.group())
        if not _in_range(text, match)
        if not any(one.start() < match.end() and match.start() < one.end() for one, _, _ in bounds)
    }
    return found.pop() if len(found) == 1 else None


def _in_range(text: str, age: re.Match[str]) -> bool:
    """Whether an age is an end of a range: "aged 18-64 years"."""
    before = text[max(0, age.start() - 8) : age.start()]
    return _RANGE_BEFORE.search(before) is not None or _RANGE_AFTER.match(text, age.end()) is not None


def weight_of(text: str) -> float | None:
    """The body weight in kg that ``text`` gives; None where it gives none, or several."""
    found = {float(match[1]) for match in _BODY_WEIGHT.finditer(text)}
    return found.pop() if len(found) == 1 else None


def of_old_age(text: str) -> bool:
    """Whether a text speaks of patients by an age from 65 on: "age ≥ 80 years", "65 years of age and older"."""
    return _OLD_AGE.search(text) is not None


def _figure(said: str) -> str:
    """A figure with its bound as a sign: "less than 30" is "<30"."""
    low = said.casefold().strip()
    number = re.search(r"\d+(?:\.\d+)?[ab]?$", low)
    if number is None:
        return {"first": "1", "1st": "1", "second": "2", "2nd": "2", "third": "3", "3rd": "3"}.get(low, low)
    words = low[: number.start()]
    if re.search(r"[<≤]|less|below|under", words):
        return f"<{number.group()}"
    return f">{number.group()}" if re.search(r"[>≥]|above|over", words) else number.group()
