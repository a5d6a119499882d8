"""Dates as bibliographies write them: incomplete ("1998 Dec"), ranges ("1998 Dec-1999 Jan"), seasons."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)} | {"win": 1, "spr": 3, "sum": 6, "fal": 9, "aut": 9}
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_DAY = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\.?(?:\s+(\d{{1,2}})(?!\d))?", re.IGNORECASE)


AHEAD = timedelta(days=366)
"""How far in the future a date of a source may lie: journals date their issues ahead, by a year at most."""


def plausible(day: date | None) -> date | None:
    """The day; None where it is too far ahead to be the date of anything that a source has done.

    What is dated 9999 would stay the newest source, and in force, for ever.
    """
    return day if day is None or day <= datetime.now(UTC).date() + AHEAD else None


def from_words(text: str) -> date | None:
    """The first day that ``text`` names, as early as it may be: seasons begin in January, March, June, September."""
    year, named = _YEAR.search(text), _MONTH_DAY.search(text)
    if year is None:
        return None
    return from_parts(year[0], *(named.groups("") if named else ("", "")))


def from_iso(text: str) -> date | None:
    """The day of ``2024-02-29``; None for anything else: days that there are not, or not yet (`plausible`)."""
    if not _ISO.fullmatch(text):
        return None
    try:
        return plausible(date.fromisoformat(text))
    except ValueError:
        return None


def from_parts(year: str, month: str = "", day: str = "") -> date | None:
    """A date from digits or month names; missing or impossible parts fall back to the first of the month or year.

    None where the year is none or the day is not `plausible`.
    """
    if not _YEAR.fullmatch(year):
        return None
    number = _MONTHS.get(month[:3].lower()) or _number(month)
    for attempt in ((int(year), number, _number(day)), (int(year), number, 1)):
        try:
            return plausible(date(*attempt))
        except ValueError:
            continue
    return plausible(date(int(year), 1, 1))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else 1
