"""Which stretches of a passage can stand alone as a quotation, and where they begin and end.

A quotation is always one contiguous span, so that it stays checkable. It is shortened only at its ends (a section
number and heading run together with the sentence, bullets, a closing cross reference) and lengthened only to what it
depends on (the sentence before "This ...", the items after "... include:"). What a word of another stretch turns round
("Do Not Use" as a heading, "contraindicated in:" before a list) is quoted with that word or not at all; so is what a
heading of the passage says of some patients or one illness alone ("Pediatric Patients").
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from ingest.sentences import Span, sentences
from rag.sentences import lists
from rag.sentences.clauses import FINITE, FORBIDDING, FRAGMENT, IMPERATIVE, full, shouted
from rag.sentences.debris import is_bare_row, is_debris, is_empty_row, is_title
from rag.sentences.headings import NEGATES, NUMBER, REFERENCE, SEE, anew, begin, binds, governs, heading
from rag.sentences.limits import FAR, advises, caps, concludes, limits, takes_back
from rag.sentences.lists import BARS, Unit, leads, stopped
from rag.sentences.pointing import ABOVE, depends

MAX_WORDS = 70
"""A quotation grows by its context only up to here; longer single sentences stay as they are."""
LIST_WORDS = 110
"""A list is quoted with its lead-in up to here, whole or not at all."""
ADVISED_WORDS, TURNED_WORDS = 65, 85
"""As far as this it grows by what is to be done about it; by what takes it back or what it points at."""
MIN_WORDS = 5
TITLE_WORDS = 12

_TAIL = re.compile(rf"(?:\s*(?:{SEE}|{REFERENCE}))+\s*\.?\s*$", re.IGNORECASE)
_BARRED = re.compile(r"contra-?indications?|boxed warning", re.IGNORECASE)
# Where text that lost its line breaks goes on after a reference "... occur. ( 7.2 ) Miconazole" or with "7.1 Inducers".
_RUN_TOGETHER = re.compile(rf"(?<=[.!?])\s*{REFERENCE}\s+(?=[A-Z])|(?<=[.!?)\]])\s+(?=\d{{1,2}}\.\d{{1,2}}\s+[A-Z])")
_CLOSED = re.compile(rf"(?:\s*(?:{SEE}|{REFERENCE}))+\s+(?-i:(?=[A-Z]))", re.IGNORECASE)
# Cells that hang on the one before, in a table that the store holds as lines.
_NEXT_CELL = re.compile(r"(?:Examples?(?: include)?|Intervention|(?:Prevention or )?[Mm]anagement|Recommendation):")
# A sentence that its source or a reference cut before its end.
CUT = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|may|must|should|will|of|in|at|to|for|with|by|from|the|an?|and|or|than"
    r"|that|which|as|if|when|between|per|include|includes|including|not|no)$"
)
_ROW = re.compile(r"[^:;\n]{1,120}: [^;\n]+; [^:;\n]{1,120}: ")
# A first cell without a header is told from a clause by the rest of the line, which is no sentence.
_HEADLESS = re.compile(rf"[^:;.\n]{{1,80}}; (?![^\n]*[.!?](?:\s|$)){_ROW.pattern}")
_CELLS = re.compile(r"; [^:;\n]{1,120}: \S")
_ITEM = re.compile(r"\s*(?:[•●▪◦]|[·*–—-]\s|[(\[]?(?:\d{1,2}|[A-Za-z]|[ivx]{1,4})[.)\]]\s)")
# "... in these patients: 1." is where the splitter ends the sentence; the number belongs to what follows.
_STRANDED = re.compile(
    r"(?<=[:;])\s+(?=(?:\d{1,2}|[A-Za-z])\.$)"
    r"|(?<=[a-z0-9)])\s+(?<!vitamin\s)(?<!hepatitis\s)(?<!influenza\s)(?<!type\s)(?<!class\s)(?<!group\s)(?<!factor\s)"
    r"(?<!amphotericin\s)(?<!polymyxin\s)(?<!Pugh\s)(?=[A-H]\.$)"
)
_TITLED = re.compile(r"CONTRAINDICATIONS\b|Contraindications(?::|\s*$|\s+(?=[A-Z•]))")


def is_row(text: str) -> bool:
    """Whether ``text`` is a table row as the store holds it: ``Header 1: cell; Header 2: cell``.

    The first column may lack a header: ``Weeks 1 and 2; Header 2: cell; Header 3: cell``; no sentence ends in such.
    """
    return _ROW.match(text) is not None or _HEADLESS.match(text) is not None


def quotable(text: str) -> list[Span]:
    """Spans of ``text`` that read as complete statements or table rows, in order; context may make them overlap.

    Of a list that is too long its items, each by itself: `standing` tells the lead-in that is to be shown with it.
    """
    units = _units(text)
    alone = _alone(text, units)
    found = (_headed(text, heads, span) for span, heads in _quoted(text, units, alone, range(len(units))))
    whole = [span for span in found if _whole(text, span)]
    return sorted(dict.fromkeys([*whole, *_items(text, units, alone, whole)]))


def standing(text: str, start: int, end: int) -> tuple[Span, tuple[Span, ...]] | None:
    """How a quotable stretch of a passage stands in ``text``, which has more of its section: lengthened to what it
    depends on there, and what governs it and is out of reach: a heading, or the lead-in of its list. None where it
    depends on more than that.
    """
    units = _units(text)
    alone = _alone(text, units)
    within = [place for place, unit in enumerate(units) if unit.start < end and start < unit.end]
    for span, head in _quoted(text, units, alone, within):
        headed = _headed(text, head, span)
        found = next((one for one in (headed, span) if _whole(text, one)), None)
        if found and found[0] <= start and end <= found[1]:
            last = _limited(text, units, *found)
            return ((found[0], last), () if found == headed else (head,)) if last else None
    return next((listed for place in within if (listed := _listed(text, units, alone, place, (start, end)))), None)


def _listed(
    text: str, units: list[Unit], alone: list[bool], place: int, said: Span
) -> tuple[Span, tuple[Span, ...]] | None:
    """An item of a list: with all of the list where that can be quoted, else alone, and its lead-in."""
    lead = units[place].led if units[place].item else None
    item = lists.item(text, units, place)
    if lead is None or item is None:
        return None
    for span, head in _quoted(text, units, alone, [lead]):
        if span[0] <= said[0] and said[1] <= span[1] and _headed(text, head, span) == span and _whole(text, span):
            return span, ()
    above = lists.above(text, units, alone, place)
    return (item, above) if above is not None and item[0] <= said[0] and said[1] <= item[1] else None


def _items(text: str, units: list[Unit], alone: list[bool], whole: Sequence[Span]) -> Iterator[Span]:
    """The items of lists that no other quotation has, also of one of which the lead-in is before the passage."""
    first = next((place for place, unit in enumerate(units) if not unit.item), len(units))
    for place, unit in enumerate(units):
        if not unit.item or alone[place] or _within(unit, whole):
            continue
        lead = unit.led
        if lead is not None and _within(units[lead], whole):
            continue  # the short form of a list that is quoted whole
        over = () if place < first else lists.above(text, units, alone, place)
        if over is not None and (span := lists.item(text, units, place)) and lists.plain(text, span, over):
            yield span


def _within(unit: Unit, spans: Sequence[Span]) -> bool:
    return any(span[0] <= unit.start < span[1] for span in spans)


def _quoted(text: str, units: list[Unit], alone: list[bool], places: Iterable[int]) -> Iterator[tuple[Span, Span]]:
    """Of these units the ones that can be quoted: with what they depend on, and the heading that each stands under."""
    heads = _heads(text, units)
    for place in places:
        if alone[place] and (span := _with_context(text, units, alone, place)):
            yield span, heads[span[0]]


def _units(text: str) -> list[Unit]:
    """Trimmed sentences; a line that is a table row is one unit."""
    units: list[Unit] = []
    base = 0
    for line in text.split("\n"):
        if is_row(line):
            units.append(Unit(base, base + len(line), row=True))
        else:
            units.extend(_unit(text, start, end) for start, end in _pieces(text, line, base))
        base += len(line) + 1
    return lists.introduced(text, [unit for unit in units if unit.start < unit.end])


def _pieces(text: str, line: str, base: int) -> Iterator[Span]:
    """Sentences of a line, parted where run together; a list number stays with its item."""
    carried = None
    for low, high in sentences(line):
        parted = _parted(text, base + low, base + high)
        for start, end in (fact for part in parted for fact in lists.facts(text, *part)):
            begin = start if carried is None else carried
            stranded = _STRANDED.search(text, begin, end) if end < base + len(line.rstrip()) else None
            carried = stranded.end() if stranded else None
            yield begin, stranded.start() if stranded else end


def _unit(text: str, low: int, high: int) -> Unit:
    start, end = trim(text, low, high)
    raw = text[low:high]
    number = NUMBER.match(raw)
    item = not number and (_ITEM.match(raw) is not None or _ITEM.match(text, max(0, start - 2), end) is not None)
    heading = raw[number.end() :] if number else raw
    title = _TITLED.match(heading) is not None
    anew = bool(number) or title or (raw.isupper() and not item) or lists.FACT.match(raw) is not None
    return Unit(start, end, item, anew, title, raw=low)


def _parted(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentence cut where its source ran sentences together; what follows a prohibition stays with it."""
    for match in _RUN_TOGETHER.finditer(text, start, end):
        yield from _unstopped(text, start, match.start())
        start = match.end()
    yield from _unstopped(text, start, end)


def _unstopped(text: str, start: int, end: int) -> Iterator[Span]:
    """Cut between two clauses where a reference closed the first without a stop: "... may occur (5.1) It can ..."."""
    closed = list(_CLOSED.finditer(text, start, end))
    for number, match in enumerate(closed, 1):
        rest = text[match.end() : closed[number].start() if number < len(closed) else end]
        before = text[start : match.start()]
        apart = FORBIDDING.match(rest) or (full(rest) and not BARS.search(before) and not FINITE.match(rest))
        if apart and full(before):
            yield start, match.start()
            start = match.end()
    yield start, end


def trim(text: str, start: int, end: int) -> Span:
    """The span without leading bullets, section numbers and run-together headings, and without closing references.

    >>> source = "7 DRUG INTERACTIONS 7.2 Digoxin Monitor digoxin levels [see Warnings (5.2)]."
    >>> start, end = trim(source, 0, len(source))
    >>> source[start:end]
    'Monitor digoxin levels'
    """
    start = begin(text, start, end)
    tail = _TAIL.search(text, start, end)
    return start, (tail.start() if tail and not _means(text[start : tail.start()], tail.group()) else end)


def _means(said: str, see: str) -> bool:
    """Whether a closing reference says more than where to read on: a negation, or that what is ``said`` is barred."""
    return NEGATES.search(see) is not None or (_BARRED.search(see) is not None and not BARS.search(said))


def _alone(text: str, units: list[Unit]) -> list[bool]:
    """For each unit whether no lead-in, title or list before it governs it; before the passage there may be one."""
    alone: list[bool] = []
    lead = titled = fresh = False
    orders = False  # whether an item may be an order of its own: not where a prohibition or the unknown precedes it
    before = None
    for unit in units:
        if unit.anew:
            orders, lead, titled = not unit.title, False, unit.title
        governed = (lead or titled) and not (before and _orders_on(text, before, unit))
        own = unit.row or unit.anew or _stands(text, unit, orders, governed, fresh)
        alone.append(own)
        lists_more = leads(text, unit)
        barring = lists_more and BARS.search(text, unit.start, unit.end) is not None
        orders = not barring and (orders or (not alone[:-1] and not unit.item))
        fresh = lists_more and text[unit.end - 1] == ":"
        lead = lists_more or (lead and not (own and not unit.item))
        before = unit
    return alone


def _orders_on(text: str, before: Unit, unit: Unit) -> bool:
    """Whether a unit is an order after a whole sentence of its paragraph, so that no list above goes on in it."""
    prose = (
        not (before.item or before.row or unit.item or leads(text, before)) and "\n" not in text[before.end : unit.raw]
    )
    said = text[before.start : before.end]
    return (
        prose and stopped(text, before.end) and full(said) and IMPERATIVE.match(text, unit.start, unit.end) is not None
    )


def _heads(text: str, units: list[Unit]) -> dict[int, Span]:
    """By its start, the heading that each unit stands under: a line of its own, or run together in the unit's line."""
    heads: dict[int, Span] = {}
    head, inline, told = (0, 0), False, True  # told: whether the heading's first sentence was read
    for unit in units:
        own = (unit.start, unit.end) if _is_line(text, unit) else heading(text, unit.raw, unit.end)
        left = inline and not unit.item and "\n" in text[head[1] : unit.start]
        if own or unit.anew or unit.row or left or anew(text, unit.raw, unit.end):
            head, inline, told = own or (0, 0), bool(own) and own != (unit.start, unit.end), False
        if not told and head[1] < unit.end:
            told = True
            head = head if binds(text[head[0] : head[1]], text[head[1] : unit.end]) else (0, 0)
        heads[unit.start] = head
    return heads


def _is_line(text: str, unit: Unit) -> bool:
    """Whether a unit is a heading in a line of its own."""
    whole = text[unit.raw - 1 : unit.raw] in ("", "\n") and text[unit.end : unit.end + 1] in ("", "\n")
    piece = text[unit.start : unit.end]
    plain = not (unit.item or unit.row or piece.endswith((".", ":", "?", ";", ","))) and piece[:1].isupper()
    return whole and plain and len(piece.split()) <= TITLE_WORDS and not full(piece)


def _headed(text: str, head: Span, span: Span) -> Span:
    """The span from the heading on whose words it needs; an empty one where that is out of reach."""
    (low, high), (start, end) = head, span
    if start < high or _CELLS.search(text, start, end) or not governs(text[low:high], text[start:end]):
        return start, end
    return (low, end) if _words(text, low, end) <= MAX_WORDS else (end, end)


def _stands(text: str, unit: Unit, orders: bool, governed: bool, fresh: bool) -> bool:
    """Whether a unit says the same without what is before it (``fresh``: right after a colon)."""
    piece = text[unit.start : unit.end]
    whole = full(piece.partition(";")[0] if FRAGMENT.match(piece) else piece)
    if fresh or (governed and (unit.item or not whole)):
        return False
    if unit.item:
        return whole or (orders and IMPERATIVE.match(piece) is not None)
    return whole or not FRAGMENT.match(piece) or IMPERATIVE.match(piece) is not None


def _with_context(text: str, units: list[Unit], alone: list[bool], index: int) -> Span | None:
    """The unit with what it depends on; None where that is out of reach."""
    start, end = units[index].start, units[index].end
    listed = _list_end(text, units, alone, index) if leads(text, units[index]) else None
    if listed is None and (text[end - 1] in ":?" or (leads(text, units[index]) and _goes_on(units, index))):
        return None
    last = _turned(text, units, start, listed or end)
    if last is None:
        return None
    end = last
    while not units[index].row and depends(text, start, units[index].end):
        if not index or not alone[index - 1]:
            return None
        index, before = index - 1, units[index - 1]
        parted = "\n" in text[before.end : start] and not _NEXT_CELL.match(text, start)
        if parted or _words(text, before.start, end) > TURNED_WORDS:
            return None
        start = before.start
    return start, end


def _goes_on(units: list[Unit], index: int) -> bool:
    return index + 1 < len(units) and units[index + 1].item


def _turned(text: str, units: list[Unit], start: int, end: int) -> int | None:
    """Where the sentences end that take back what ends at ``end``, or ``end``; None where they are out of reach."""
    for unit in units[bisect_left(units, end, key=lambda unit: unit.start) :]:
        if unit.item or unit.row or unit.anew or not takes_back(text, unit.start, unit.end):
            break
        if _words(text, start, unit.end) > TURNED_WORDS:
            return None
        end = unit.end
    return end


def _limited(text: str, units: list[Unit], start: int, end: int) -> int | None:
    """Where the sentences end that limit what ends at ``end``, or forbid it further on in its paragraph, then what to
    do about it where that is near; ``end`` without any, None where a limit is out of reach.
    """
    if _TITLED.match(text, start, end):
        end = _under_title(text, units, start, end)
    first = after = bisect_left(units, end, key=lambda unit: unit.start)
    line = text.find("\n", end)
    for place, unit in enumerate(units[first : first + FAR], first):
        if unit.item or unit.row or unit.anew or text[unit.end - 1] == ":":
            break
        said, then = (start, end), (unit.start, unit.end)
        near = line < 0 or unit.end <= line
        follows = place == after and (limits(text, said, then) or (after > first and takes_back(text, *then)))
        fits = _words(text, start, unit.end) <= TURNED_WORDS
        if follows or (near and (concludes(text, said, then) or (fits and caps(text, said, then)))):
            if not fits:
                return None
            end, after = unit.end, place + 1
    following = units[after] if after < len(units) else None
    plain = (
        following
        and not (following.item or following.row or following.anew or leads(text, following))
        and _words(text, start, following.end) <= ADVISED_WORDS
    )
    if not following or not plain or not advises(text, (start, end), (following.start, following.end)):
        return end
    return _turned(text, units, start, following.end) or end


def _under_title(text: str, units: list[Unit], start: int, end: int) -> int:
    """Where the paragraph ends that is quoted with its title, as all that it lists would be looked for there."""
    line = text.find("\n", end)
    rest = [unit for unit in units if unit.start >= end and (line < 0 or unit.end <= line)]
    return next((unit.end for unit in reversed(rest) if _words(text, start, unit.end) <= LIST_WORDS), end)


def _list_end(text: str, units: list[Unit], alone: list[bool], index: int) -> int | None:
    """Where the last item ends that can be quoted with unit ``index``, which introduces them; None without any.

    No list is cut: what it leaves out would seem not to be meant.
    """
    start, end, rows = units[index].start, None, False
    for unit, own in zip(units[index + 1 :], alone[index + 1 :], strict=True):
        if (own and not (unit.row and (rows or end is None))) or lists.again(text, units[index + 1], unit):
            break
        if _words(text, start, unit.end) > (MAX_WORDS if unit.row else LIST_WORDS):
            return None
        rows = unit.row
        if not re.search(r"\b(?:and|or|but)$|:$", text[unit.start : unit.end]):
            end = unit.end
    return end


def _words(text: str, start: int, end: int) -> int:
    return len(text[start:end].split())


def _whole(text: str, span: Span) -> bool:
    """Whether the span reads as a statement: no heading, no debris, no list fragment."""
    piece = text[span[0] : span[1]]
    if is_row(piece):
        return not is_empty_row(piece) and not is_bare_row(piece)
    if CUT.search(piece) or ABOVE.search(piece):
        return False
    if is_debris(piece) or piece.isupper():
        return not is_debris(piece) and stopped(text, span[1]) and shouted(piece)
    if is_title(piece) and not re.search(r"[:•\n]", piece) and not FINITE.search(piece):
        return False
    if len(_CLOSED.findall(piece)) > 1 and not full(piece):
        return False  # a list of which the sentence that governs it is out of reach
    words = piece.split()
    if len(words) < MIN_WORDS or piece[0].islower():
        return False
    lower = sum(word[0].islower() for word in words)
    return lower >= 2 and (stopped(text, span[1]) or lower * 2 > len(words))
