"""Numbers with their units, ranges and comparisons, and how often something is done, as texts on medicines write them.

Only what is surely the same is made equal: 1 g and 1000 mg, "twice daily" and "BID", "65 years and older" and
"≥ 65 years". "Every 12 hours" is not "twice daily", and "over 65" is not "65 and over".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

Bound = Literal["", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number or a range (``low`` to ``high``) in base units (mcg, mL, second, day, month); ``unit`` "": bare.

    ``bound``: what the text says of it ("up to": ``<=``). It stands at ``start`` to ``end`` of the text; ``said``: the
    number as it is written there.
    """

    low: Fraction
    high: Fraction
    unit: str
    bound: Bound
    start: int
    end: int
    said: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often: "2/day", "every 12 hour", or "day" alone where the text only says daily; at ``start`` to ``end``."""

    value: str
    start: int
    end: int


_SPELT = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_WORDS = {word: Fraction(value) for value, word in enumerate(_SPELT)}
_WORDS |= {"thirty": Fraction(30), "forty": Fraction(40), "fifty": Fraction(50), "sixty": Fraction(60)}
_PARTS = {
    r"(?:one|a)[\s-]half|half|halved|½": Fraction(1, 2),
    r"(?:one|a)[\s-]third|⅓": Fraction(1, 3),
    r"two[\s-]thirds|⅔": Fraction(2, 3),
    r"(?:one|a)[\s-](?:quarter|fourth)|¼": Fraction(1, 4),
    r"three[\s-](?:quarters|fourths)|¾": Fraction(3, 4),
}
_TIMES = {r"doubl(?:e[sd]?|ing)|twice|two[\s-]?fold": Fraction(2), r"tripl(?:e[sd]?|ing)|three[\s-]?fold": Fraction(3)}

AMOUNT = re.compile(
    r"\d\s*(?:mg|mcg|(?-i:g)|mL|units?|IU|mEq|tablets?|capsules?)\b(?!\s?/\s?(?:min|d?L\b|mL|h\b|hrs?\b|hour))",
    re.IGNORECASE,
)
"""An amount of a drug, as doses are told; a level of potassium, a concentration or a rate is none."""

# Canonical unit: how it is written, its base unit, and how many of these it is.
_ATOMS: dict[str, tuple[str, str, Fraction]] = {
    "mg": (r"mg|milligrams?", "mcg", Fraction(1000)),
    "mcg": (r"mcg|µg|ug|micrograms?", "mcg", Fraction(1)),
    "ng": (r"ng|nanograms?", "mcg", Fraction(1, 1000)),
    "g": (r"(?-i:g)|gm|gms|grams?", "mcg", Fraction(1_000_000)),
    "kg": (r"kgs?|kilograms?", "kg", Fraction(1)),
    "lb": (r"lbs?|pounds?", "lb", Fraction(1)),
    "mL": (r"ml|cc|millilit(?:er|re)s?", "mL", Fraction(1)),
    "dL": (r"dl|decilit(?:er|re)s?", "mL", Fraction(100)),
    "L": (r"(?-i:[Ll])|lit(?:er|re)s?", "mL", Fraction(1000)),
    "uL": (r"mcl|µl|ul|microlit(?:er|re)s?", "mL", Fraction(1, 1000)),
    "second": (r"sec|seconds?", "second", Fraction(1)),
    "minute": (r"min|mins|minutes?", "second", Fraction(60)),
    "hour": (r"hours?|hrs?|hourly|(?-i:h)", "second", Fraction(3600)),
    "day": (r"days?", "day", Fraction(1)),
    "week": (r"weeks?|wks?", "day", Fraction(7)),
    "month": (r"months?", "month", Fraction(1)),
    "year": (r"years?|yrs?", "month", Fraction(12)),
    "%": (r"%|percent|per\scent", "%", Fraction(1)),
    "°C": (r"°\s?c|degrees?\scelsius", "°C", Fraction(1)),
    "°F": (r"°\s?f|degrees?\sfahrenheit", "°F", Fraction(1)),
    "mmol": (r"mmols?|millimoles?", "mmol", Fraction(1)),
    "mEq": (r"meqs?|milliequivalents?", "mEq", Fraction(1)),
    "unit": (r"(?:international\s)?units?|iu|(?-i:U)", "unit", Fraction(1)),
    "mmHg": (r"mm\s?hg", "mmHg", Fraction(1)),
    "1.73m2": (r"1\.73\s?m\s?2?", "1.73m2", Fraction(1)),
    "m2": (r"m\s?2", "m2", Fraction(1)),
    "cm2": (r"cm\s?2", "cm2", Fraction(1)),
    "mm3": (r"mm\s?3", "mm3", Fraction(1)),
    "cm": (r"cm", "cm", Fraction(1)),
    "mm": (r"mm", "mm", Fraction(1)),
    "Gy": (r"(?-i:Gy)", "cGy", Fraction(100)),
    "cGy": (r"(?-i:cGy)", "cGy", Fraction(1)),
    "uln": (r"(?:x|times(?:\sthe)?)\s?uln", "uln", Fraction(1)),
    "fold": (r"fold|times(?!\s(?:a|per|each|daily|weekly))|x\b", "fold", Fraction(1)),
    **{
        noun: (rf"{noun}{ending}", noun, Fraction(1))
        for nouns, ending in (
            ("tablet capsule drop puff inhalation spray patient subject cycle vial packet sachet trimester", "s?"),
            ("lozenge injection ampule bottle infusion case death trial pill session course", "s?"),
            ("dose teaspoon tablespoon", r"(?:s|ful|fuls)?"),
        )
        for noun in nouns.split()
    },
    **{
        one: (rf"{one}|{many}", one, Fraction(1))
        for one, many in (("woman", "women"), ("man", "men"), ("child", "children"), ("patch", "patches"))
    },
}
_ATOM = "|".join(f"(?:{written})" for written, _, _ in _ATOMS.values())
_POWER = r"x\s?10\s?\^?\s?\d{1,2}|10\s?\^\s?\d{1,2}"
_UNIT = (
    rf"(?:(?:{_POWER})(?:\s?/\s?(?:{_ATOM}))?|(?:{_ATOM})(?:(?:\s?/\s?|\s+per\s+)(?:\d+\s?)?(?:{_ATOM}))*)(?![\w])|°|%"
)
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SPELT_OUT = "|".join(sorted((word for word in _WORDS if word != "one"), key=len, reverse=True))
_LONGEST = 30
"""Characters of a number, at most: a longer run of digits is no measure, and would be too long to convert."""
_ONE = rf"\bone\b(?=[\s-](?:{_UNIT})|\s(?:to|or)\s)"
_NUMBER = rf"(?:(?<![\w.])(?<!\d,){_DIGITS}(?![\d])|\b(?:{_SPELT_OUT})\b|{_ONE})"
# A number that goes on in letters ("3A4", "5-HT") is a name; "five (5) minutes" are five minutes.
_MEASURE = re.compile(
    rf"(?P<number>{_NUMBER})(?:[\s-]?(?P<unit>{_UNIT})|(?=\s?\([\d.,]+\s?%?\)\s(?P<beyond>{_UNIT}))"
    r"|(?![A-Za-z]|-(?-i:[A-Z]{2})|-(?-i:[A-Z])\b))",
    re.IGNORECASE,
)
_SINGLE = re.compile(
    "|".join(
        rf"(?P<{name}{place}>(?<!\w)(?:{written})(?!\w))"
        for name, table in (("part", _PARTS), ("times", _TIMES))
        for place, written in enumerate(table)
    ),
    re.IGNORECASE,
)
_SAID: tuple[tuple[Bound, str], ...] = (
    ("<=", r"≤|<\s?=|\b(?:no|not)\s(?:more|greater|higher|longer|later|older)\sthan|\bat\smost|\bup\sto|\bwithin"
           r"|\bnot\s(?:to\s|be\s)?(?:exceed\w*|above|over)(?:\s[a-z]+){0,6}|\bmaximum(?:\s(?!plasma|serum|conc|time)[a-z]+){0,5}"
           r"|(?:less|lower|fewer|smaller|younger)\sthan\sor\sequal\sto|<\sor\s=\s?(?:to)?"),
    (">=", r"≥|>\s?=|\b(?:no|not)\s(?:less|fewer|lower|shorter|earlier|younger)\sthan|\bat\sleast"
           r"|\bminimum(?:\s[a-z]+){0,5}|(?:more|greater|higher|older)\sthan\sor\sequal\sto"
           r"|>\sor\s=\s?(?:to)?|\bnot\s(?:below|under)"),
    ("<", r"<|\b(?:less|fewer|lower|younger|smaller|shorter)\sthan|\b(?:below|under)"),
    (">", r">|\b(?:more|greater|higher|older|longer)\sthan|\b(?:above|over)|\bexceed\w*(?:\s[a-z]+){0,6}"),
)  # fmt: skip
_FILLER = (
    r"(?:\s?(?:or\sequal\sto|the\sages?\sof|ages?(?:\sof)?|an?|the|total(?:\sof)?|approximately|about|of|=|x))*\s?$"
)
_BEFORE = tuple((bound, re.compile(rf"(?:{words}){_FILLER}", re.IGNORECASE)) for bound, words in _SAID)
_OLD = r"(?:\s?-?old|\sof\sage|\sin\sage)?,?"
_AFTER: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    (">=", re.compile(rf"{_OLD}\s(?:or|and)\s(?:more|greater|older|above|higher|over|longer|up)\b", re.IGNORECASE)),
    ("<=", re.compile(rf"{_OLD}\s(?:or|and)\s(?:less|younger|below|lower|under|fewer|shorter)\b", re.IGNORECASE)),
)
_TO = re.compile(
    r"\s?-\s?|\s?(?:to|through)\s(?:(?P<less>less\sthan|under|below|<)\s?|<\s?)?|\s(?P<and>and)\s", re.IGNORECASE
)
_LISTED = re.compile(r"\s?(?:,|/|,?\s(?:or|and|vs\.?|versus|to)|,?\s?then)\s?", re.IGNORECASE)
_TYPOGRAPHY = str.maketrans("–—−‑‐\u00a0\u2009μ²³", "-----  µ23")


@lru_cache(4096)
def measures(text: str) -> tuple[Measure, ...]:
    """The numbers of ``text`` in its order, those of `frequencies` left out."""
    plain = text.translate(_TYPOGRAPHY)
    taken = [(one.start, one.end) for one in frequencies(text)]
    found = [one for one in _raw(plain) if not any(low <= one.start < high for low, high in taken)]
    return tuple(_bounded(plain, one) for one in _ranged(plain, _inherited(plain, found)))


def _raw(text: str) -> Iterator[Measure]:
    """Single numbers with their own units."""
    found = []
    for match in _MEASURE.finditer(text):
        written = match["number"].casefold()
        if len(written) > _LONGEST:
            continue
        value = _WORDS[written] if written in _WORDS else Fraction(written.replace(",", ""))
        unit, factor = _canonical(match["unit"] or match["beyond"] or "")
        found.append(Measure(value * factor, value * factor, unit, "", *match.span(), value))
    for match in _SINGLE.finditer(text):
        if not any(one.start <= match.start() < one.end for one in found):
            name = match.lastgroup or ""
            value = list((_PARTS if name.startswith("part") else _TIMES).values())[int(name[-1])]
            found.append(Measure(value, value, "" if name.startswith("part") else "fold", "", *match.span(), value))
    yield from sorted(found, key=lambda one: one.start)


@lru_cache(1024)
def _canonical(unit: str) -> tuple[str, Fraction]:
    """The unit by its base units, and what the number is multiplied by; "/day" at the end is a frequency."""
    if power := re.match(_POWER, unit, re.IGNORECASE):
        exponent = re.sub(r"\D", "", power.group())[2:]
        below = re.sub(r"[\s/]", "", unit[power.end() :]).casefold()
        return f"10^{exponent}/{below}" if below else f"10^{exponent}", Fraction(1)
    first, *others = re.split(r"\s?/\s?|\s+per\s+(?!cent)", unit, flags=re.IGNORECASE)
    name = _name(first)
    _, base, factor = _ATOMS.get(name, ("", name, Fraction(1)))
    rest = [_below(other) for other in others]
    while rest and rest[-1] == "day":
        rest.pop()
    return "/".join([base, *rest]), factor


def _below(part: str) -> str:
    """The unit below a stroke, which is not converted, with its number ("per 5 mL")."""
    match = re.match(r"(?!1\.73)\d+\s?", part)
    return f"{match.group().strip()}{_name(part[match.end() :])}" if match else _name(part)


def _name(written: str) -> str:
    forms = ((name, form) for name, (form, _, _) in _ATOMS.items())
    return next((name for name, form in forms if re.fullmatch(form, written, re.IGNORECASE)), written.casefold())


def _inherited(text: str, found: list[Measure]) -> list[Measure]:
    """Numbers of a list ("10, 20 and 40 mg/mL") and of a range with the unit that stands after the last of them."""
    shared, factor = list(found), Fraction(1)
    for place in range(len(shared) - 1, -1, -1):
        one = shared[place]
        following = shared[place + 1] if place + 1 < len(shared) else None
        between = text[one.end : following.start] if following else ""
        if one.unit not in {"", "°"}:
            written = _MEASURE.match(text, one.start)
            factor = _canonical(written["unit"] or written["beyond"] or "")[1] if written else Fraction(1)
        elif following and following.unit and (_LISTED.fullmatch(between) or _TO.fullmatch(between)):
            shared[place] = replace(one, low=one.low * factor, high=one.high * factor, unit=following.unit)
    return shared


def _ranged(text: str, found: list[Measure]) -> Iterator[Measure]:
    """Two numbers of one unit with "to" between them, or "and" after "between", as one."""
    place = 0
    while place < len(found):
        one = found[place]
        following = found[place + 1] if place + 1 < len(found) else None
        to = _TO.fullmatch(text[one.end : following.start]) if following else None
        if following and to and one.unit == following.unit and one.low < following.low and _is_range(text, one, to):
            yield replace(one, high=following.high, end=following.end, bound="<" if to["less"] else "")
            place += 2
        else:
            yield one
            place += 1


def _is_range(text: str, one: Measure, to: re.Match[str]) -> bool:
    before = text[max(0, one.start - 9) : one.start]
    return to["and"] is None or re.search(r"\bbetween\s$", before, re.IGNORECASE) is not None


def _bounded(text: str, one: Measure) -> Measure:
    if one.bound:
        return one
    before, after = text[max(0, one.start - 60) : one.start], text[one.end : one.end + 40]
    bounds = [bound for bound, pattern in _AFTER if pattern.match(after)]
    bounds += [bound for bound, pattern in _BEFORE if pattern.search(before)]
    return replace(one, bound=bounds[0]) if bounds else one


_COUNTS = {"once": "1", "twice": "2", "thrice": "3", **{word: str(value) for value, word in enumerate(_SPELT[:13])}}
_TIMED = rf"(?:{'|'.join(_SPELT[:13])}|\d{{1,2}})(?:\s?(?:to|or|-)\s?\w{{1,6}})?\s(?:times?|x)"
_PERIOD = r"day|week|month|year|night|hour"
_LATIN = {
    "bid": "2/day",
    "tid": "3/day",
    "qid": "4/day",
    "qd": "1/day",
    "qod": "every 2 day",
    "qhs": "bedtime",
    "hs": "bedtime",
}
_ADVERBS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "nightly": "night",
    "yearly": "year",
    "annually": "year",
    "hourly": "hour",
}
_FREQUENCY = re.compile(
    rf"\b(?P<count>once|twice|thrice|{_TIMED})[\s-](?:(?:a|an|per|each|every)\s)?"
    rf"(?P<period>{_PERIOD}|daily|weekly|monthly|nightly|yearly)\b"
    r"|\bevery\s(?P<other>other\s)?(?P<every>(?:\d+(?:\.\d+)?|\w+)(?:\s?(?:to|or|-)\s?(?:\d+|\w+))?[\s-])?"
    rf"(?P<each>{_PERIOD}|minute|morning|evening)s?\b"
    r"|\bq\s?\.?(?P<q>\d{1,2}(?:\s?-\s?\d{1,2})?)\s?(?P<hours>h|hr|hours?|d|days?|w|weeks?)\b"
    r"|\b(?P<latin>(?:[bt]\.?\s?i\.?d|q\.?\s?i\.?d|q\.?o\.?d|q\.?d|q\.?h\.?s|h\.s)\b\.?)"
    rf"|\b(?P<plain>{'|'.join(_ADVERBS)})\b"
    r"|(?:\b(?P<per>(?:a|per|each)\s(?:day|week|month|night|year))\b)|/\s?(?P<stroke>day)\b"
    r"|\b(?:at|before)\s(?P<bedtime>bedtime)\b",
    re.IGNORECASE,
)  # fmt: skip


@lru_cache(4096)
def frequencies(text: str) -> tuple[Frequency, ...]:
    """How often, each time that ``text`` says so, in its order."""
    plain = text.translate(_TYPOGRAPHY)
    found = ((match, _often(match)) for match in _FREQUENCY.finditer(plain))
    return tuple(Frequency(value, *match.span()) for match, value in found if value)


def _often(match: re.Match[str]) -> str:
    if match["count"]:
        period = match["period"].casefold()
        return f"{_figures(match['count'])}/{_ADVERBS.get(period, period)}"
    if match["each"]:
        number = "2" if match["other"] else _figures(match["every"] or "")
        each = match["each"].casefold()
        return f"every {number} {each}" if number else each if match["every"] is None else ""
    if match["q"]:
        unit = {"h": "hour", "d": "day", "w": "week"}[match["hours"][0].casefold()]
        return f"every {_figures(match['q'])} {unit}"
    if match["latin"]:
        return _LATIN[re.sub(r"[.\s]", "", match["latin"]).casefold()]
    if match["bedtime"]:
        return "bedtime"
    said = (match["plain"] or match["stroke"] or match["per"].split()[-1]).casefold()
    return _ADVERBS.get(said, said)


def _figures(said: str) -> str:
    """The number or range in words or digits: "two to three times" is "2-3"; empty where it is none."""
    parts = [_COUNTS.get(word, word) for word in re.findall(r"[a-z]+|\d+(?:\.\d+)?", said.casefold())]
    return "-".join(part for part in parts if re.fullmatch(r"[\d.]+", part))
