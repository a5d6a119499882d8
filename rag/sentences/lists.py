"""Lists in running text: what introduces one, and a single item of one that is too long to be quoted whole.

An item says nothing without its lead-in ("... is contraindicated in patients with:"), so both are shown, the lead-in
above. Only where each item counts for itself: no steps, no conditions that must all be met.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.sentences import Span
from rag.sentences.clauses import FORBIDDING, IMPERATIVE, full
from rag.sentences.debris import is_debris
from rag.sentences.limits import takes_back

ITEM_WORDS, LEAD_WORDS = 100, 60
"""Words of an item with the sentences that go on about it, and of a lead-in, at most."""
NESTED = 4
"""Lead-ins of which each stands in the list of the one before, at most."""
SAME = 0.6
"""Share of the words of an item that the first one has where the list begins anew."""

_INLINE = re.compile(r":\s+[•●▪–-]\s+[^•●▪]*$")
_LISTS = re.compile(r"\bindicated\b[^.:]{0,40}:")
# What bars the things listed after it, and what a list completes.
BARS = re.compile(
    r"\bcontra-?indicat\w*|\b(?:do|does|should|must|may|can) not\b"
    r"|\b(?:cannot|don't|never|avoid\w*|unless|except|without)\b"
    r"|\bnot (?:be|recommended|indicated|use|for)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\b(?:in|with|if|who|for|to|of|when|are|is|by|include|includes|including|following)$")
# Lead-ins under each of whose items the same is said.
_EACH = re.compile(
    r"\b(?:contra-?indicated|indicated|not recommended|avoid(?:ed)?)\b|\b(?:do|should|must) not (?:be )?\w+",
    re.IGNORECASE,
)
_INDICATED = re.compile(r"(?<!contra)(?<!contra-)\bindicated\b", re.IGNORECASE)
_JOINT = re.compile(
    r"\b(?:all|both|each|criteria|steps?|as follows|unless|except\w*|only|without|until|procedures?|instructions?"
    r"|directions|order|preparation|example|regimens?)\b",
    re.IGNORECASE,
)
_ASKS = r"(?:Ask a doctor(?: or pharmacist)? before use|When using this product|Stop use and ask)\b"
FACT = re.compile(rf"{_ASKS}|(?:If pregnant or breast-?feeding|Keep out of reach of children)\b")
"""The words that head the parts of the warnings of all medicines sold without prescription."""
_FACTS = re.compile(rf"(?<=[a-z0-9)%])\s+(?=Do not use\b|{FACT.pattern})")
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBERED = re.compile(r"[\s.]*\(\d{1,2}(?:\.\d{1,2})*[,)]")
_BULLET = re.compile(r"(?:^|\s)(?:[•●▪◦∘]|[·*–—-]\s)\s*$")
# What would read as an order, and may be forbidden above: "Take more than two tablets."
_ORDERS = re.compile(
    r"(?:Use|Take|Drink|Eat|Drive|Chew|Crush|Split|Swallow|Mix|Share|Breast-?feed|Add|Apply|Put|Open|Shake|Freeze|Exceed"
    r"|Combine|Repeat|Switch|Restart|Break|Cut|Remove|Wear|Have|Get|Become|Plan|Go|Be|Let|Co-?administer|Dose|Double|Skip)\b"
    r"|.*\byou(?:r|rs)?\b"
)
_JOINED = re.compile(r"(?P<stop>[;,.]?)\s*\b(?P<word>and/or|and|or|plus)[\s,;]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A trimmed sentence or row; ``anew``: it is or had a numbered or capital heading; ``title``: of a prohibition.

    ``raw``: where it began before it was trimmed; ``led``: the place of the unit that introduces it, see `introduced`.
    """

    start: int
    end: int
    item: bool = False
    anew: bool = False
    title: bool = False
    row: bool = False
    raw: int = 0
    led: int | None = None


def leads(text: str, unit: Unit) -> bool:
    """Whether what follows may hang on the unit: a colon, a barring question or heading, a clause that goes on."""
    piece = text[unit.start : unit.end]
    if _LISTS.search(piece) or _INLINE.search(piece):
        return True
    bars = BARS.search(piece) is not None
    if unit.row or piece.isupper() or stopped(text, unit.end):
        return bars and not unit.row and (piece.isupper() or piece.endswith("?")) and piece[-1] not in ".!"
    if piece.endswith(("?", ":")):
        return bars or piece.endswith(":")
    opens = _OPEN.search(piece) or FACT.match(piece)
    return not unit.item and ";" not in piece and (bars or opens is not None)


def stopped(text: str, end: int) -> bool:
    """Whether a sentence ends at ``end``, by its stop or by the reference that closed it."""
    return text[end - 1] in '.!?)%"”]' or text[end : end + 2].strip()[:1] in {"[", "("}


def item(text: str, units: Sequence[Unit], place: int) -> Span | None:
    """The item at ``place`` with the sentences that go on about it in its line; None where it cannot be told or shown.

    Where items stand side by side in a line, what follows the last one may be no part of it.
    """
    unit = units[place]
    if not unit.item or unit.row or leads(text, unit) or not _BULLET.search(text[max(0, unit.raw - 2) : unit.start]):
        return None
    end = unit.end
    beside = text[max(0, unit.raw - 1) : unit.raw] not in {"", "\n"}
    for number, later in enumerate(units[place + 1 :], place + 1):
        apart = later.item or later.row or later.anew or "\n" in text[end : later.raw]
        if apart or leads(text, later) or not stopped(text, later.end):
            break
        last = not any(one.item for one in units[number + 1 : number + 3])
        if last and beside:
            return None
        if last and not takes_back(text, later.start, later.end):
            break
        end = later.end
    joined = _JOINED.search(text, unit.start, end)
    end = joined.start() if joined else end
    words = len(text[unit.start : end].split())
    return (unit.start, end) if 1 < words <= ITEM_WORDS and not is_debris(text[unit.start : end]) else None


def facts(text: str, start: int, end: int) -> Iterator[Span]:
    """The parts of the warnings of a medicine sold without prescription that lost their bullets and stops, each with
    the words that head it (`FACT`, "Do not use").
    """
    if re.search(_ASKS, text[start:end]):
        for match in _FACTS.finditer(text, start, end):
            yield start, match.start()
            start = match.end()
    yield start, end


def again(text: str, first: Unit, unit: Unit) -> bool:
    """Whether a list begins anew in short, with the numbers of its sections, as at the end of many a section."""
    if unit is first or not _NUMBERED.match(text, unit.end) or _NUMBERED.match(text, first.end):
        return False
    long, short = ([word.casefold() for word in _WORD.findall(text[one.start : one.end])] for one in (first, unit))
    same = len(set(short) & set(long))
    return bool(short) and short[0] in long and same >= SAME * len(set(short))


def plain(text: str, said: Span, over: Sequence[Span] = ()) -> bool:
    """Whether an item that is read without its lead-ins ``over``, perhaps unknown, would not say the contrary: it is no
    order, no sentence that they bar, no middle of one.
    """
    if full(text[slice(*said)]):
        return BARS.search(text, *said) is not None or not any(BARS.search(text, *one) for one in over)
    begins = bool(over) or not text[said[0]].islower()
    return begins and not any(order.match(text, *said) for order in (_ORDERS, FORBIDDING, IMPERATIVE))


def introduced(text: str, units: Sequence[Unit]) -> list[Unit]:
    """The units with what introduces each, should it be an item: the next before it without other text between."""
    found: list[Unit] = []
    for number, unit in enumerate(units):
        led = None
        if number:
            before = found[-1]
            carries = before.item or _goes_on(text, units, number - 1)
            led = number - 1 if leads(text, before) else before.led if carries else None
        found.append(replace(unit, led=led))
    return found


def _goes_on(text: str, units: Sequence[Unit], number: int) -> bool:
    """Whether a unit goes on in the line of the one before it."""
    unit = units[number]
    return number > 0 and not unit.row and not unit.anew and "\n" not in text[units[number - 1].end : unit.start]


def above(
    text: str, units: Sequence[Unit], alone: Sequence[bool], place: int, nested: int = NESTED
) -> tuple[Span, ...] | None:
    """What the item at ``place`` is to be read under, outermost first; None where it cannot be quoted by itself."""
    number = units[place].led
    if number is None or not nested or not _counts(text, units, place):
        return None
    lead = units[number]
    said = text[lead.start : lead.end]
    if lead.item and alone[number]:
        return None  # whether the item is one of its own list or of that above cannot be told
    if not said.endswith(":") or lead.row or _JOINT.search(said) or len(said.split()) > LEAD_WORDS or is_debris(said):
        return None
    whole = full(text[units[place].start : units[place].end])
    if whole and _INDICATED.search(said) and _bars(text, units[place]):
        return ()  # a limitation, of which the heading is lost
    if not alone[number]:
        outer = lead.led
        outermost = (
            above(text, units, alone, number, nested - 1) if outer is not None and _bars(text, units[outer]) else ()
        )
        if outermost and not BARS.search(said):
            return (*outermost, (lead.start, lead.end))
        if outer is None or lead.item or not whole or not said[0].isupper() or _bars(text, units[outer]):
            return None
    return ((lead.start, lead.end),) if whole or (_EACH.search(said) and full(said)) else None


def _bars(text: str, unit: Unit) -> bool:
    return BARS.search(text, unit.start, unit.end) is not None


def _counts(text: str, units: Sequence[Unit], place: int) -> bool:
    """Whether neither an item nor the one before it ends with a word that makes one condition of two."""
    return not any(
        (joined := _JOINED.search(text[unit.start : unit.end])) and not joined["stop"] and joined["word"] != "or"
        for unit in units[max(0, place - 1) : place + 1]
    )
