"""Which stretches of a passage can stand alone as a quotation, and where they begin and end.

A quotation is always one contiguous span, so that it stays checkable. It is shortened only at its ends (a section
number and heading run together with the sentence, bullets, a closing cross reference) and lengthened only to what it
depends on (the sentence before "This ...", the items after "... include:"). What a word of another stretch turns round
("Do Not Use" as a heading, "contraindicated in:" before a list) is quoted with that word or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.sentences import Span, sentences

MAX_WORDS = 70
"""A quotation grows by its context only up to here; longer single sentences stay as they are."""
MIN_WORDS = 5

_REFERENCE = r"\(\s*\d+(?:\.\d+)*(?:\s*,\s*\d+(?:\.\d+)*)*\s*\)"
_SEE = r"(?:\[\s*see\b[^\]]*\]|\(\s*see\b[^()]*(?:\([^()]*\)[^()]*)*\))"
_MARKS = re.compile(rf"(?:[•●▪◦·*–—-]\s+|{_REFERENCE}[\s.]*|{_SEE}[\s.]*)+", re.IGNORECASE)
_TAIL = re.compile(rf"(?:\s*(?:{_SEE}|{_REFERENCE}))+\s*\.?\s*$", re.IGNORECASE)
# Where text that lost its line breaks goes on after a reference "... occur. ( 7.2 ) Miconazole" or with "7.1 Inducers".
_RUN_TOGETHER = re.compile(rf"(?<=[.!?])\s*{_REFERENCE}\s+(?=[A-Z])|(?<=[.!?)\]])\s+(?=\d{{1,2}}\.\d{{1,2}}\s+[A-Z])")
# "7.1 Inducers", "7 DRUG INTERACTIONS", but not "12 COPD patients".
_NUMBER = re.compile(
    r"\d{1,2}(?:\.\d{1,2})+\.?\s+(?=[A-Z•])|\d{1,2}\.?\s+(?=[A-Z]{8}|[A-Z]{3,}(?: AND| OF)? [A-Z]{4}|OVERDOSE)"
)
_CAPITALS = re.compile(r"(?:[A-Z0-9][A-Z0-9/,:&()'-]*\s+){1,12}(?=[A-Z][a-z]|[•●▪◦]|\d{1,2}\.\d{1,2}\s+[A-Z][a-z])")
_KNOWN = re.compile(
    r"(?:(?:BOXED )?WARNINGS?|CONTRAINDICATIONS|PRECAUTIONS|DRUG INTERACTIONS|INDICATIONS AND USAGE)\b:?\s+(?=[A-Z])"
    r"|(?:Drug Interactions|Contraindications|(?:Boxed )?Warnings?|Precautions|Indications and Usage)"
    r"\s+(?=[A-Z][\w-]*\s[a-z])"
)
# A title run together with its sentence: "CYP2D6 and CYP3A4 Inhibitors Drugs that inhibit ..."; the sentence begins at
# the first capitalised word that a lower-case word follows, unless that word only continues the title.
_TITLE = re.compile(
    r"(?:(?:[A-Z0-9][\w/,()'-]*|and|or|of|with|in|on|the|to|for)\s+){1,12}?(?=[A-Z][a-z]+\s+(?!(?:and|or|of)\b)[a-z])"
)
_DEPENDENT = re.compile(
    r"(?:It|Its|This|These|Those|They|Their|Such|However|Therefore|Thus|Consequently|Moreover|Furthermore|Additionally"
    r"|In addition|In contrast|Conversely|Similarly|Likewise|Nevertheless|Both|Neither|The latter|The former"
    r"|As a result|In these|In this|In such)\b"
)
_ROW = re.compile(r"[^:;\n]{1,120}: [^;\n]+; [^:;\n]{1,120}: ")
# Bracketed numbers of a source's own reference list would be taken for the answer's.
_DEBRIS = re.compile(
    r"Error! |see full prescribing information for complete"
    r"|\[\d+(?:\s*[,–-]\s*\d+)*\]|^see\b|^refer to\b|^\(?(?:figure|table)\s+\d"
    r"|\b(?:is|are) (?:described|listed|shown|summari[sz]ed|presented|provided|given|included) in "
    r"(?:the )?(?:following )?(?:table|section|figure)\b",
    re.IGNORECASE,
)

# Words that turn round or govern what follows; a heading that has one is never cut off.
_GOVERNS = re.compile(
    r"\b(?:no|not|nor|non|none|never|neither|cannot|without|do|don't|does|must|should|only|unless|except\w*|less|fewer|more"
    r"|avoid\w*|contra-?indicat\w*|discontinu\w*|stop\w*|withh[eo]ld\w*|interrupt\w*|reduc\w*|increase|decrease"
    r"|limit|restrict\w*|prohibit\w*|lack|absence|warnings?|precautions?|caution\w*)\b",
    re.IGNORECASE,
)
_SECTION = re.compile(r"(?:contraindication|warning|precaution)s?", re.IGNORECASE)
# What a sentence says itself, so that the title of its section may go.
_FORBIDS = re.compile(
    r"\bcontraindicated\b|\b(?:should|must|may) not\b|\b(?:Do not|Avoid|Never|Discontinue|not recommended)\b"
)
_WARNS = re.compile(
    r"\b(?:may|can|could|should|must|risk|fatal|serious|severe|not|no|avoid|discontinue|monitor|caution|contraindicated"
    r"|occur|occurs|occurred|reported|increase[sd]?|decrease[sd]?|reduce[sd]?)\b",
    re.IGNORECASE,
)
_NEGATES = re.compile(r"\b(?:not|never|avoid|unless|except|only|without)\b")

_ITEM = re.compile(r"\s*(?:[•●▪◦]|[·*–—-]\s|[(\[]?(?:\d{1,2}|[A-Za-z]|[ivx]{1,4})[.)\]]\s)")
# "... in these patients: 1." is where the splitter ends the sentence; the number belongs to what follows.
_STRANDED = re.compile(r"(?<=[:;])\s+(?=(?:\d{1,2}|[A-Za-z])\.$)")
_VERB = (
    r"(?:is|are|was|were|has|have|had|may|might|must|can|could|should|will|would|do|does|did|cannot|need|needs|inhibits"
    r"|induces|occurs|occurred|requires|contains|reduces|raises|lowers|remains|appears|includes|depends|increases"
    r"|decreases|causes|caused|(?:results|resulted) in|(?:leads|led) to|(?:increased|decreased|reduced) (?:the|by)"
    r"|received|improved|potentiated|showed|demonstrated|experienced)\b"
)
_FINITE = re.compile(rf"\b{_VERB}", re.IGNORECASE)
# "Patients who are pregnant" is no sentence.
_RELATIVE = re.compile(
    rf"\b(?:(?:who|which|that)\s+(?:\w+ly\s+|also\s+|already\s+)?"
    rf"|(?:whom|whose|where|when|if|unless|while|because)\b[^,;.]{{0,60}}?\b){_VERB}(?:\s+(?:not\s+)?(?:have|be|been)\b)?",
    re.IGNORECASE,
)
_FORBIDDING = re.compile(r"(?:do not|don't|avoid|never)\s", re.IGNORECASE)
_TOGETHER = re.compile(r"\b(?:all|both|each|every)\b", re.IGNORECASE)
_IMPERATIVE = re.compile(
    r"(?:Adjust|Administer|Advise|Ask|Assess|Call|Consider|Counsel|Decrease|Dilute|Discard|Discontinue|Evaluate|Give|Hold"
    r"|Increase|Inform|Initiate|Inject|Instruct|Interrupt|Keep|Limit|Measure|Monitor|Observe|Obtain|Perform|Permanently"
    r"|Reduce|Refer|Resume|Start|Stop|Store|Take|Talk|Tell|Test|Titrate|Treat|Withhold"
    r"|Use (?:the|a|an|caution|only|with caution|lowest|aseptic|appropriate))\b"
)
# Fragments that read as advice: "Use with strong inhibitors."
_FRAGMENT = re.compile(
    r"(?:Use|Concomitant|Concurrent|Simultaneous|Co-?administ\w+|Administration|Combin\w+|Recommended|Known|History"
    r"|Hypersensitivity|(?:In )?(?:Patients|Persons|Women|Children|Infants|Pregnan\w+))\b[^:]*$",
    re.DOTALL,
)


_TITLED = re.compile(r"CONTRAINDICATIONS\b|Contraindications(?::|\s*$|\s+(?=[A-Z•]))")
# What bars the things listed after it, and what a list completes.
_BARS = re.compile(
    r"\bcontra-?indicat\w*|\b(?:do|does|should|must|may|can) not\b"
    r"|\b(?:cannot|don't|never|avoid\w*|unless|except|without)\b"
    r"|\bnot (?:be|recommended|indicated|use|for)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\b(?:in|with|if|who|for|to|of|when|are|is|by|include|includes|including|following)$")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A trimmed sentence or row; ``anew``: it is or had a numbered or capital heading; ``title``: of a prohibition."""

    start: int
    end: int
    item: bool = False
    anew: bool = False
    title: bool = False
    row: bool = False


def is_row(text: str) -> bool:
    """Whether ``text`` is a table row as the store holds it: ``Header 1: cell; Header 2: cell``."""
    return _ROW.match(text) is not None


def quotable(text: str) -> list[Span]:
    """Spans of ``text`` that read as complete statements or table rows, in order; context may make them overlap."""
    units = _units(text)
    alone = _alone(text, units)
    found = (_with_context(text, units, alone, index) for index in range(len(units)) if alone[index])
    return list(dict.fromkeys(span for span in found if span and _whole(text, span)))


def _units(text: str) -> list[_Unit]:
    """Trimmed sentences; a line that is a table row is one unit."""
    units: list[_Unit] = []
    base = 0
    for line in text.split("\n"):
        if is_row(line):
            units.append(_Unit(base, base + len(line), row=True))
        else:
            units.extend(_unit(text, start, end) for start, end in _pieces(text, line, base))
        base += len(line) + 1
    return [unit for unit in units if unit.start < unit.end]


def _pieces(text: str, line: str, base: int) -> Iterator[Span]:
    """Sentences of a line, parted where run together; a list number stays with its item."""
    carried = None
    for low, high in sentences(line):
        for start, end in _parted(text, base + low, base + high):
            begin = start if carried is None else carried
            stranded = _STRANDED.search(text, begin, end) if end < base + len(line.rstrip()) else None
            carried = stranded.end() if stranded else None
            yield begin, stranded.start() if stranded else end


def _unit(text: str, low: int, high: int) -> _Unit:
    start, end = trim(text, low, high)
    raw = text[low:high]
    number = _NUMBER.match(raw)
    item = not number and (_ITEM.match(raw) is not None or _ITEM.match(text, max(0, start - 2), end) is not None)
    heading = raw[number.end() :] if number else raw
    title = _TITLED.match(heading) is not None
    return _Unit(start, end, item, bool(number) or title or (raw.isupper() and not item), title)


def _parted(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentence cut where its source ran sentences together."""
    for match in _RUN_TOGETHER.finditer(text, start, end):
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
    first = start
    for _ in range(3):
        before = start
        for after in _steps(text, start, end):
            if not _loses(text[first:after], text[after:end]):
                start = after
                break
        if start == before:
            break
    tail = _TAIL.search(text, start, end)
    return start, (tail.start() if tail and not _NEGATES.search(tail.group()) else end)


def _steps(text: str, start: int, end: int) -> list[int]:
    """Where the statement may begin, the boldest cut first: after its heading, its number, its bullets."""
    marks = _skip(_MARKS, text, start, end)
    numbered = _skip(_NUMBER, text, marks, end)
    if numbered == marks:
        return [_skip_capitals(text, marks, end), marks]
    capitals = _skip(_CAPITALS, text, numbered, end)
    return [capitals if capitals > numbered else _skip(_TITLE, text, numbered, end), numbered, marks]


def _loses(cut: str, rest: str) -> bool:
    """Whether ``cut`` has words that ``rest`` needs; a section's title is missed only where ``rest`` is no warning."""
    words = _GOVERNS.findall(
        re.sub(_SEE, lambda see: see.group() if _NEGATES.search(see.group()) else "", cut, flags=re.IGNORECASE)
    )
    if not all(_SECTION.fullmatch(word) for word in words):
        return True
    if any(word.lower().startswith("contra") for word in words):
        return not _FORBIDS.search(rest)
    return bool(words) and not _WARNS.search(rest)


def _skip(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match and match.end() < end else start


def _skip_capitals(text: str, start: int, end: int) -> int:
    """Past an unnumbered heading: a section's own title, or capitals of two long words (one may be an abbreviation)."""
    known = _skip(_KNOWN, text, start, end)
    if known > start:
        return known
    match = _CAPITALS.match(text, start, end)
    return match.end() if match and len(re.findall(r"[A-Z]{4,}", match.group())) >= 2 else start


def _alone(text: str, units: list[_Unit]) -> list[bool]:
    """For each unit whether no lead-in, title or list before it governs it; before the passage there may be one."""
    alone: list[bool] = []
    lead = titled = fresh = False
    orders = False  # whether an item may be an order of its own: not where a prohibition or the unknown precedes it
    for unit in units:
        if unit.anew:
            orders, lead, titled = not unit.title, False, unit.title
        own = unit.row or unit.anew or _stands(text, unit, orders, lead or titled, fresh)
        alone.append(own)
        leads = _leads(text, unit)
        barring = leads and _BARS.search(text, unit.start, unit.end) is not None
        orders = not barring and (orders or (not alone[:-1] and not unit.item))
        fresh = leads and text[unit.end - 1] == ":"
        lead = leads or (lead and not (own and not unit.item))
    return alone


def _stands(text: str, unit: _Unit, orders: bool, governed: bool, fresh: bool) -> bool:
    """Whether a unit says the same without what is before it (``fresh``: right after a colon)."""
    piece = text[unit.start : unit.end]
    full = _FORBIDDING.match(piece) is not None or _FINITE.search(_RELATIVE.sub("", piece)) is not None
    if fresh or (governed and (unit.item or not full)):
        return False
    if unit.item:
        return full or (orders and _IMPERATIVE.match(piece) is not None)
    return full or not _FRAGMENT.match(piece) or _IMPERATIVE.match(piece) is not None


def _leads(text: str, unit: _Unit) -> bool:
    """Whether what follows may hang on the unit: a colon, a barring question or heading, a clause that goes on."""
    piece = text[unit.start : unit.end]
    bars = _BARS.search(piece) is not None
    if unit.row or piece.isupper() or _stopped(text, unit.end):
        return bars and not unit.row and (piece.isupper() or piece.endswith("?")) and piece[-1] not in ".!"
    if piece.endswith(("?", ":")):
        return bars or piece.endswith(":")
    return not unit.item and ";" not in piece and (bars or _OPEN.search(piece) is not None)


def _stopped(text: str, end: int) -> bool:
    """Whether a sentence ends at ``end``, by its stop or by the reference that closed it."""
    return text[end - 1] in '.!?)%"”]' or text[end : end + 2].strip()[:1] in {"[", "("}


def _with_context(text: str, units: list[_Unit], alone: list[bool], index: int) -> Span | None:
    """The unit with what it depends on; None where that is out of reach."""
    start, end = units[index].start, units[index].end
    listed = _list_end(text, units, alone, index) if _leads(text, units[index]) else None
    if listed is None and text[end - 1] in ":?":
        return None
    end = listed or end
    while _DEPENDENT.match(text, start, end):
        if not index or not alone[index - 1]:
            return None
        index, before = index - 1, units[index - 1]
        if "\n" in text[before.end : start] or _words(text, before.start, end) > MAX_WORDS:
            return None
        start = before.start
    return start, end


def _list_end(text: str, units: list[_Unit], alone: list[bool], index: int) -> int | None:
    """Where the last item ends that can be quoted with unit ``index``, which introduces them; None without any.

    A list of which all items have to hold together is not cut.
    """
    start, end = units[index].start, None
    for unit, own in zip(units[index + 1 :], alone[index + 1 :], strict=True):
        if own and not (unit.row and end is None):
            break
        if _words(text, start, unit.end) > MAX_WORDS:
            return None if _TOGETHER.search(text, start, units[index].end) else end
        if not re.search(r"\b(?:and|or|but)$|:$", text[unit.start : unit.end]):
            end = unit.end
    return end


def _words(text: str, start: int, end: int) -> int:
    return len(text[start:end].split())


def _whole(text: str, span: Span) -> bool:
    """Whether the span reads as a statement: no heading, no debris, no list fragment."""
    piece = text[span[0] : span[1]]
    if _DEBRIS.search(piece):
        return False
    if is_row(piece):
        return True
    words = piece.split()
    if len(words) < MIN_WORDS or piece[0].islower():
        return False
    lower = sum(word[0].islower() for word in words)
    return lower >= 2 and (_stopped(text, span[1]) or lower * 2 > len(words))
