"""Lists of what was withdrawn, doubted, corrected or reinstated: tables of PMIDs and DOIs, and Crossref's works.

Layouts: exactly ``pmid, revised``, a list of retracted papers (``revised`` is the day of PubMed's record and of nothing
else); ``kind`` with ``pmid`` or ``doi`` and, if wanted, ``on`` and ``by``, which says of each paper what became of it;
Retraction Watch's CSV (gitlab.com/crossref/retraction-watch-data); works of Crossref's REST API with ``update-to`` (in
the notice) or ``updated-by`` (in the work; api.crossref.org/swagger-ui). A table with columns like these that does not
say that its papers were withdrawn is an error: so do exports of reference managers look.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import chain
from typing import BinaryIO, Literal

from ingest.errors import ParseError
from ingest.parse.articles import listed_in
from ingest.parse.dates import from_iso
from ingest.parse.identifiers import doi_of, pmid_of
from ingest.parse.jsonlines import Entry, entries
from ingest.parse.jsonstream import Guarded, items
from ingest.parse.streams import CHUNK, lines, utf8
from ingest.parse.text import clean
from ingest.schema import Fault, Mark, Record

Sort = Literal["retraction", "concern", "correction", "reinstatement"]

MAX_LINE_BYTES = 1 << 17
"""Of a table of withdrawals; also what one field may have (the limit of the csv module)."""

_KINDS: dict[str, Sort] = {
    "retraction": "retraction", "withdrawal": "retraction", "removal": "retraction", "retracted": "retraction",
    "retraction_and_replacement": "retraction",
    "expression_of_concern": "concern", "partial_retraction": "concern",
    "correction": "correction", "corrigendum": "correction", "erratum": "correction", "addendum": "correction",
    "clarification": "correction", "corrected": "correction",
    "reinstatement": "reinstatement", "reinstated": "reinstatement",
}  # fmt: skip
_NO_MARKS = {"new_version", "new_edition", "interim_update"}  # the work goes on; nothing was wrong with it
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?", re.ASCII)
_MESSAGE = re.compile(rb'\s*\{.*?"message"\s*:\s*\{', re.DOTALL)
_MESSAGE_TYPE = re.compile(rb'"message-type"\s*:\s*"([\w-]+)"')
_ITEMS = re.compile(rb'"items"\s*:\s*\[')
_DUMP = re.compile(rb'\s*\{\s*"items"\s*:\s*\[')


_RETRACTED = frozenset({"pmid", "revised"})
_TOLD = frozenset({"pmid", "doi", "kind", "on", "by"})
_ASKED = "keep exactly pmid and revised (all retracted), or pmid or doi with kind (retracted, reinstated, ...), on, by"


def columns(line: str) -> frozenset[str]:
    """The names in a table's first line where it looks like a list that `parse_table` reads; else nothing."""
    try:
        names = frozenset(clean(name) for name in next(csv.reader([line], delimiter=_delimiter(line)), ()))
    except csv.Error:
        return frozenset()
    like = _watch(names) or names >= _RETRACTED or ("kind" in names and names & {"pmid", "doi"})
    return names if like else frozenset()


def _watch(names: frozenset[str]) -> bool:
    return "RetractionNature" in names and bool(names & {"OriginalPaperPubMedID", "OriginalPaperDOI"})


def _delimiter(line: str) -> str:
    return "\t" if "\t" in line else ","


def parse_table(stream: BinaryIO, source: str) -> Iterator[Record]:
    """The marks of a table, one for the PMID and one for the DOI of a row; a row that names no work is a Fault.

    Faults name the line on which the row ends. Raises ParseError where the table's quotes break, and for one that does
    not say that its papers were withdrawn.
    """
    too_long: list[Fault] = []
    rows = _lines(stream, source, too_long)
    head = next(rows, "")
    names = columns(head)
    if not (_watch(names) or names == _RETRACTED or names <= _TOLD):
        reason = f"the columns {', '.join(sorted(names)[:8])} do not say what became of these papers, so none is marked"
        raise ParseError(f"{reason}; {_ASKED}", source=source)
    reader = csv.DictReader(chain([head], rows), delimiter=_delimiter(head))
    listed, all_retracted = listed_in(source), names == _RETRACTED
    nameless, first = 0, 0
    try:
        for row in reader:
            given = {clean(key): value for key, value in row.items() if key and value}
            found = list(_of_row(given | {"kind": "retraction"} if all_retracted else given, listed))
            if not found:
                nameless, first = nameless + 1, first or reader.line_num
            yield from (Fault(f"line {reader.line_num}", item) if isinstance(item, str) else item for item in found)
            yield from too_long
            too_long.clear()
    except csv.Error as error:
        raise ParseError(f"broken table: {error}", source=source, record=f"line {reader.line_num}") from error
    yield from too_long
    if nameless:  # Retraction Watch lists thousands of papers that are in no index
        yield Fault(f"line {first}", f"{nameless} rows from here on name neither a PMID nor a DOI")


def _lines(stream: BinaryIO, source: str, too_long: list[Fault]) -> Iterator[str]:
    """Lines as the csv module wants them; identifiers and dates are ASCII, so other bytes need not be understood."""
    for line in lines(utf8(stream, source), MAX_LINE_BYTES):
        if line.data is None:
            too_long.append(Fault(f"line {line.number}", f"longer than {MAX_LINE_BYTES} bytes", line.offset))
        else:
            yield line.data.decode(errors="replace") + "\n"


def _of_row(row: Mapping[str, str], listed: str) -> Iterator[Mark | str]:
    """The marks of a row or, as text, why there is none; nothing where it names no work."""
    works = _works(_first(row, "OriginalPaperPubMedID", "pmid"), _first(row, "OriginalPaperDOI", "doi"))
    nature = _first(row, "RetractionNature", "kind")
    kind = _KINDS.get(_word(nature))
    named = clean(row.get("by", ""))[:200] or listed
    notice = next(iter(_works(row.get("RetractionPubMedID"), row.get("RetractionDOI"))), named)
    if kind:
        day = _day(_first(row, "RetractionDate", "on"))
        yield from (Mark(work, kind, day, notice) for work in works)
    elif works:
        yield f"{', '.join(works)}: {clean(nature)[:80]!r} is no kind of withdrawal; no mark is set or taken back"


def _first(row: Mapping[str, str], *names: str) -> str:
    return next((row[name] for name in names if name in row), "")


def _works(pmid: object, doi: object) -> list[str]:
    pairs = (("pmid", pmid_of(pmid)), ("doi", doi_of(doi)))
    return [f"{name}:{value}" for name, value in pairs if value]


def _word(kind: object) -> str:
    return re.sub(r"[\s_-]+", "_", clean(kind).lower()) if isinstance(kind, str) else ""


def _day(text: str) -> date | None:
    """An ISO date or, as Retraction Watch writes it, month/day/year."""
    match = _AMERICAN.fullmatch(text.strip())
    return from_iso(f"{match[3]}-{int(match[1]):02}-{int(match[2]):02}" if match else text.strip()[:10])


def parse_crossref(stream: BinaryIO, source: str) -> Iterator[Record]:
    """The marks of Crossref's works: an answer of the API, a list, a single work, or a work a line.

    An update whose type is not known, or whose work has no DOI, is a Fault. Raises ParseError and LimitError as
    `ingest.parse.jsonstream.items` does; of a work a line, only that line is lost.
    """
    listed = listed_in(source)
    stream = utf8(stream, source)
    head = stream.read(CHUNK)
    reader = Guarded(head, stream, source, "a work of Crossref")
    prefix = _prefix(head)
    if prefix is None:
        for entry in entries(reader, source):  # type: ignore[arg-type]  # read() is all that it asks for
            yield from _of_entry(entry, listed)
            reader.next_record()
        return
    works = 0
    for number, work in enumerate(items(reader, prefix, source)):
        works += isinstance(work, dict) and bool(doi_of(work.get("DOI")))
        yield from _of_work(work, f"record {number}", listed)
    if not works:
        raise ParseError("no work with a DOI in this JSON", source=source, offset=reader.offset)


def _prefix(head: bytes) -> str | None:
    """Where ijson finds the works; None: one in each line."""
    if head.lstrip().startswith(b"["):
        return "item"
    first, _, rest = head.strip().partition(b"\n")
    if first.rstrip().endswith(b"}") and rest:
        return None
    if _DUMP.match(head):
        return "items.item"
    if _MESSAGE.match(head):
        said = _MESSAGE_TYPE.search(head)
        return "message.items.item" if (said[1] == b"work-list" if said else _ITEMS.search(head)) else "message"
    return ""


def _of_entry(entry: Entry | Fault, listed: str) -> Iterator[Record]:
    if isinstance(entry, Fault):
        yield entry
        return
    message = entry.fields.get("message")
    for record in _of_work(message if isinstance(message, dict) else entry.fields, f"line {entry.number}", listed):
        yield entry.fault(record.reason) if isinstance(record, Fault) else record


def _of_work(work: object, name: str, listed: str) -> Iterator[Record]:
    if not isinstance(work, dict):
        yield Fault(name, f"not a work but {type(work).__name__}")
        return
    own = doi_of(work.get("DOI"))
    found: list[Record] = []
    for key in ("update-to", "updated-by"):
        updates = work.get(key) or []
        if not isinstance(updates, list):
            yield Fault(name, f"field {key!r} is not a list but {type(updates).__name__}")
            continue
        found += [record for update in updates if (record := _update(update, key, own, name, listed))]
    yield from dict.fromkeys(found)  # the publisher and Retraction Watch may say the same


def _update(update: object, key: str, own: str, name: str, listed: str) -> Mark | Fault | None:
    if not isinstance(update, dict):
        return Fault(name, f"an entry of {key!r} is not an object")
    other = doi_of(update.get("DOI"))
    work, notice = (other, own) if key == "update-to" else (own, other)
    word = _word(update.get("type"))
    if word in _NO_MARKS:
        return None
    if not work or word not in _KINDS:
        reason = "names no DOI" if not work else f"has the unknown type {clean(str(update.get('type')))[:80]!r}"
        return Fault(f"{name} (doi:{own})" if own else name, f"an entry of {key!r} {reason}")
    return Mark(f"doi:{work}", _KINDS[word], _updated(update.get("updated")), f"doi:{notice}" if notice else listed)


def _updated(value: object) -> date | None:
    """Crossref's date: ``date-parts`` of year, month and day; None where the day is missing."""
    try:
        year, month, day = (int(part) for part in value["date-parts"][0])  # type: ignore[index]
        return date(year, month, day)
    except (TypeError, ValueError, KeyError, IndexError, OverflowError):
        return None
