"""Normal text for label sections, and the small facts that both label parsers read the same way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from urllib.parse import urlsplit

from ingest.parse.dates import plausible

LICENCE = "public domain"

# Old labels carry glyphs of the Symbol font as private code points, and ligatures that no query has.
_REPAIRS = {
    "\uf0b7": "•", "\uf0a7": "•", "\uf0b3": "≥", "\uf0a3": "≤", "\uf0b1": "±", "\uf0b0": "°", "\uf06d": "µ",
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
}  # fmt: skip
# What nobody sees can instruct a language model, and keeps words apart from themselves. All of category Cf goes but the
# signs of other scripts that are seen (U+0600 to U+0605 and the like); so does what Unicode calls default ignorable:
# selectors of variants, tags, fillers. Source: Unicode 15.1, DerivedCoreProperties.txt, Default_Ignorable_Code_Point.
_UNSEEN = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Those that `str.isprintable` lets pass: it is far quicker than a search, and nearly all text needs no more.
_PRINTABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufb00-\ufb04\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ODD = re.compile(rf"[{_UNSEEN}\x00-\x1f\x7f-\x9f\u2028\u2029\uf06d\uf0a3-\uf0b7\ufb00-\ufb04\ud800-\udfff]")
_DEAD = re.compile(r"Error!\s?(?:Hyperlink reference|Reference source|Bookmark)[\w ]*\.")
_EMPTY = re.compile(r"\([;,]?\)|\[[;,]?\]")
_LOOSE = re.compile(r" (?=[®™]|[,.;:)\]](?:[ ,.;:)\]]|$))")
_DAILYMED = "https://dailymed.nlm.nih.gov/dailymed/drugInfo.cfm?setid="


def _repair(match: re.Match[str]) -> str:
    character = match.group()
    if character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029":
        return " "
    return "\ufffd" if "\ud800" <= character <= "\udfff" else _REPAIRS.get(character, "")  # half a pair: lost


def clean(text: str) -> str:
    """``text`` in NFC on one line: white space folded, control and invisible characters gone, old glyphs repaired."""
    text = " ".join(text.split())  # first, for what is left of most texts is printable
    if not text.isprintable() or (not text.isascii() and _PRINTABLE.search(text)):
        text = " ".join(_ODD.sub(_repair, text).split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def link(url: str) -> str:
    """A web address on one line; empty where it is none."""
    try:
        parts = urlsplit(clean(url))
    except ValueError:
        return ""
    return clean(url) if parts.scheme in {"http", "https"} and parts.netloc else ""


def is_identifier(text: str) -> bool:
    """Whether ``text`` can be an id: something, and no white space, control character or ``/``, as ids go into URLs."""
    return bool(text) and "/" not in text and " " not in text and text.isprintable()


def tidy(line: str) -> str:
    """A clean line without extraction debris: dead references, empty brackets, space before punctuation."""
    if "Error!" in line:
        line = " ".join(_DEAD.sub("", line).split())
    line = _LOOSE.sub("", line)
    if "(" in line or "[" in line:
        line = line.replace("( ", "(").replace("[ ", "[")
        if _EMPTY.search(line):
            line = _LOOSE.sub("", " ".join(_EMPTY.sub("", line).split()))
    return line.strip()


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names cleaned, without empty ones and without those that differ from an earlier one in case only."""
    kept: dict[str, str] = {}
    for name in map(clean, names):
        if name:
            kept.setdefault(name.casefold(), name)
    return tuple(kept.values())


def label_date(value: str) -> date | None:
    """The day of an HL7 time stamp (``20170828`` or ``20170828120000``); None where it is none (`dates.plausible`)."""
    if not re.match(r"\d{8}", value):
        return None
    try:
        return plausible(date(int(value[:4]), int(value[4:6]), int(value[6:8])))
    except ValueError:
        return None


def dailymed_url(set_id: str) -> str:
    """DailyMed's page of the label whose set id this is."""
    return _DAILYMED + set_id


def label_title(brands: Iterable[str], generics: Iterable[str], labeler: str) -> str:
    """A title for a label that has none: ``Brand (generic), labeler``."""
    brand, generic = " / ".join(tuple(brands)[:3]), ", ".join(tuple(generics)[:3])
    named = f"{brand} ({generic})" if brand and generic and brand.casefold() != generic.casefold() else brand or generic
    return ", ".join(part for part in (named, labeler) if part)


def numbered(slugs: Iterable[str]) -> list[str]:
    """The slugs made unique within one document: ``x``, ``x.2``, ``x.3``."""
    seen: dict[str, int] = {}
    unique = []
    for slug in slugs:
        seen[slug] = seen.get(slug, 0) + 1
        unique.append(slug if seen[slug] == 1 else f"{slug}.{seen[slug]}")
    return unique
