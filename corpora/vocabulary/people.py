"""Words that tell of a person: names, peoples, beliefs, countries and work.

``names.txt``: given and family names in Latin letters, folded to ASCII, one a line, from the lists of Faker (MIT
licence), without those that stand in labels, abstracts or questions in lower case or often, and without names of
drugs; ``eponyms.txt``: those that diseases, tests or firms carry too. ``people.tsv``: ``people``, ``faith``,
``country``, ``work``, ``life`` and ``loose`` (how people live) or ``filler`` (says nothing alone), and a word in lower
case, beside Unicode CLDR's languages and territories in English, which Babel brings. ``people-medical.txt``:
ordinary English words that may matter for an answer: those that more than 3 of 1,238 labels, 40 of 16,394 health pages
or 100 of 18,752 abstracts use, and by hand words of food, drink, exposure, sports and complaints.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from babel import Locale

FOLDER = Path(__file__).parent

Kind = Literal["people", "faith", "country", "work", "life", "loose", "filler"]


@cache
def personal_names() -> frozenset[str]:
    """Given and family names, lower case, ASCII."""
    return frozenset((FOLDER / "names.txt").read_text(encoding="utf-8").split())


@cache
def eponyms() -> frozenset[str]:
    """Names that diseases, tests and firms carry too, lower case, ASCII."""
    return frozenset((FOLDER / "eponyms.txt").read_text(encoding="utf-8").split())


@cache
def words_of(kind: Kind) -> tuple[str, ...]:
    """The words of a kind, lower case, the longest first."""
    lines = (FOLDER / "people.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    words = {word for of, word in pairs if of == kind}
    if kind in {"people", "country"}:
        english = Locale("en")
        words |= _told(english.languages if kind == "people" else english.territories)
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


_OTHER_WORDS = frozenset({"latin", "picard", "pontic", "slave", "world"})
"""Names of CLDR that are other words, as are those of fewer than five letters that ``people.tsv`` leaves out."""


def _told(names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names.values() if len(name) > 4) - _OTHER_WORDS


def is_name(word: str, *, eponym: bool = False) -> bool:
    """Whether ``word``, or each part of a double name, is a name of people; "Nguyễn" as "nguyen".

    Names in `eponyms` count where ``eponym``.
    """
    names = personal_names() | eponyms() if eponym else personal_names()
    bare = unicodedata.normalize("NFKD", re.sub(r"['’]s?$", "", word)).encode("ascii", "ignore").decode().casefold()
    parts = bare.split("-")
    return bare.replace("'", "") in names or (len(parts) > 1 and all(part in names for part in parts))


@cache
def medical() -> frozenset[str]:
    """Ordinary English words that may matter for an answer, lower case."""
    return frozenset((FOLDER / "people-medical.txt").read_text(encoding="utf-8").split())
