"""From source files to the store: walk, detect, parse, split, put; and a report of all that did not get there.

Documents are committed fifty at a time, so that a killed run leaves whole documents only and a rerun does the rest.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, BinaryIO, Literal, cast

from ingest.errors import IngestError, ParseError, StoreError, UnknownFormatError
from ingest.parse import detect
from ingest.parse.text import clean
from ingest.passages import split
from ingest.schema import Deletion, Document, Fault, Mark, Passage
from ingest.sources import LIMITS, Ignored, Limits, Source, walk
from ingest.store import Batch, Store

BATCH_DOCUMENTS = 50
BATCH_CHARACTERS = 8_000_000
MAX_LINES = 1000
"""Of one file given to the walk, its members together, and one outcome: what a report says of each; it counts all."""
MAX_LISTED = 10_000
"""Members of one file that a report counts apart; what is in the rest is counted under the file's own name."""
OUTCOMES = ("ingested", "unchanged", "replaced", "skipped", "deleted", "marked", "faults")
SKIPPED = {
    "skipped": "an editorial summary; the store holds the real source",
    "withdrawn": "its source withdrew it, and this record was not revised after that",
}
Taken = Document | Deletion | Mark
Outcome = Literal["skipped", "fault"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: the source being read, bytes read of it, its size, and the records handled in all so far.

    Of a gzip file ``size`` is the packed and ``position`` the unpacked number of bytes.
    """

    source: str
    position: int
    size: int
    records: int


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was not ingested: ``skipped`` (no known format, or not needed) or ``fault``; where and why."""

    outcome: Outcome
    source: str
    record: str
    offset: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every record. ``files``: source name -> outcome (see ``OUTCOMES``) -> number of records.

    Counts are whole; names and lines are bounded, since one hostile file could have billions of either.
    """

    files: dict[str, Counter[str]] = field(default_factory=dict)
    _listed: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _told: dict[tuple[str, Outcome], list[Line]] = field(default_factory=dict, init=False, repr=False)
    _untold: Counter[tuple[str, Outcome]] = field(default_factory=Counter, init=False, repr=False)

    @property
    def lines(self) -> list[Line]:
        """What was not ingested: ``MAX_LINES`` of each file and outcome, then how many more there were."""
        found = []
        for (name, outcome), lines in self._told.items():
            more = self._untold[name, outcome]
            found += lines + ([Line(outcome, name, "", None, f"and {more} more")] if more else [])
        return found

    @property
    def totals(self) -> dict[str, int]:
        """Every outcome with its number over all sources."""
        return {outcome: sum(counts[outcome] for counts in self.files.values()) for outcome in OUTCOMES}

    @property
    def failed_share(self) -> float:
        """Faults as a share of everything but what was skipped, 0 to 1; 0 where there was nothing."""
        totals = self.totals
        return totals["faults"] / max(1, sum(totals.values()) - totals["skipped"])

    def to_json(self) -> dict[str, Any]:
        """The report in JSON's types: ``totals``, ``failed_share``, ``files``, ``lines``."""
        return {
            "totals": self.totals,
            "failed_share": self.failed_share,
            "files": {name: {outcome: counts[outcome] for outcome in OUTCOMES} for name, counts in self.files.items()},
            "lines": [asdict(line) for line in self.lines],
        }

    def count(self, source: str, outcome: str, number: int = 1) -> None:
        """Adds to a source's outcome; a source is listed from its first mention."""
        if source not in self.files:
            self._listed[file := _file(source)] += 1
            source = source if self._listed[file] <= MAX_LISTED else file
        self.files.setdefault(source, Counter())[outcome] += number

    def fault(self, source: str, fault: Fault) -> None:
        """Adds a record that could not be ingested."""
        self.count(source, "faults")
        self._tell("fault", source, fault.record, fault.offset, fault.reason)

    def skip(self, source: str, record: str, reason: str) -> None:
        """Adds something that was left out on purpose."""
        self.count(source, "skipped")
        self._tell("skipped", source, record, None, reason)

    def _tell(self, outcome: Outcome, source: str, record: str, offset: int | None, reason: str) -> None:
        key = _file(source), outcome
        if len(told := self._told.setdefault(key, [])) < MAX_LINES:
            told.append(Line(outcome, source, clean(record), offset, clean(reason)))
        else:
            self._untold[key] += 1


class InterruptedIngestError(StoreError):
    """The store refused in the middle of a run; ``report`` has what was committed or left out until then."""

    def __init__(self, error: StoreError, report: Report) -> None:
        super().__init__(error.reason, source=error.source, record=error.record, offset=error.offset)
        self.report = report


def ingest(
    store: Store,
    paths: Sequence[str],
    on_progress: Callable[[Progress], None] | None = None,
    limits: Limits = LIMITS,
) -> Report:
    """Brings every record under the paths (files, folders, archives, globs) into the store.

    What cannot be read becomes a line of the report and stops nothing else. Raises `StoreError` where another ingest
    is running, `InterruptedIngestError` where the store cannot be written; what was committed by then stays, whole.
    """
    run = _Run(store, on_progress, limits)
    with store.ingesting():
        try:
            run.walk(paths)
            run.flush()
        except StoreError as error:
            raise InterruptedIngestError(error, run.report) from error
    return run.report


def read(paths: Sequence[str], limits: Limits = LIMITS) -> Iterator[Document | Fault]:
    """The documents under the paths, and what could not be read; nothing is stored."""
    for found in walk(paths, limits):
        if isinstance(found, Source):
            yield from (record for record, _ in _records(found) if isinstance(record, Document | Fault))
        elif not isinstance(found, Ignored):
            yield Fault(found.record, found.reason, found.offset)


@dataclass(slots=True)
class _Run:
    store: Store
    on_progress: Callable[[Progress], None] | None
    limits: Limits
    report: Report = field(default_factory=Report)
    records: int = 0
    pending: list[tuple[str, Taken, list[Passage]]] = field(default_factory=list)
    pending_characters: int = 0

    def walk(self, paths: Sequence[str]) -> None:
        """Reads every source under the paths; what is none is reported."""
        for found in walk(paths, self.limits):
            if isinstance(found, Source):
                self.read(found)
            elif isinstance(found, Ignored):
                self.report.skip(found.name, "", found.reason)
            else:
                self.report.fault(found.source, Fault(found.record, found.reason, found.offset))

    def read(self, source: Source) -> None:
        """Takes every record of a source in; writes whenever enough of them wait."""
        self.report.count(source.name, "ingested", 0)
        newest: date | None = None
        before = self.records
        for record, position in _records(source):
            if isinstance(record, Document) and record.revised:
                newest = max(newest or record.revised, record.revised)
            if isinstance(record, Deletion) and record.on is None:  # PubMed's have no date: that of their file
                record = replace(record, on=newest)  # noqa: PLW2901
            if isinstance(record, Fault):
                self.report.fault(source.name, record)
            elif isinstance(record, Ignored):
                self.report.skip(source.name, "", record.reason)
            else:
                self.take(source.name, record)
            self.records += 1
            if self.on_progress:
                self.on_progress(Progress(source.name, position, source.size, self.records))
        if self.records == before:
            self.report.skip(source.name, "", "a known format with no record in it")

    def take(self, source: str, record: Taken) -> None:
        """Lets a record wait for the next transaction, which begins when there is enough for one."""
        if isinstance(record, Document):
            characters = sum(len(section.text) for section in record.sections)
            if characters > (most := self.limits.document_characters):
                self.report.fault(source, Fault(record.document_id, f"a text of more than {most} characters"))
                return
            if any(isinstance(waiting, Deletion) for _, waiting, _ in self.pending):
                self.flush()  # what the store holds must be true for the next document
            if self.store.holds(record):  # spares the split, half of the work
                self.report.count(source, "unchanged")
                return
            self.pending.append((source, record, split(record)))
            self.pending_characters += characters
        else:
            self.pending.append((source, record, []))
        if len(self.pending) >= BATCH_DOCUMENTS or self.pending_characters >= BATCH_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Writes what waits in one transaction, and reports it once it is committed."""
        if not self.pending:
            return
        written = []
        with self.store.writing() as batch:
            for source, record, passages in self.pending:
                written.append((source, record, _write(batch, record, passages)))
        for source, record, result in written:
            self.settle(source, record, result)
        self.pending.clear()
        self.pending_characters = 0

    def settle(self, source: str, record: Taken, result: str | int | Fault) -> None:
        """Enters the result of one write into the report."""
        if isinstance(result, Fault):
            self.report.fault(source, result)
        elif isinstance(result, int):
            self.report.count(source, "deleted", result)
        elif result in SKIPPED and isinstance(record, Document):
            self.report.skip(source, record.document_id, SKIPPED[result])
        else:
            self.report.count(source, result)


def _file(source: str) -> str:
    """The file that a source is or lies in."""
    return source.partition("!")[0]


def _write(batch: Batch, record: Taken, passages: list[Passage]) -> str | int | Fault:
    """The outcome of a document or mark, the number of documents a deletion removed, or why it cannot be stored."""
    if isinstance(record, Deletion):
        return batch.withdraw(record)
    try:
        return batch.mark(record) if isinstance(record, Mark) else batch.put(record, passages)
    except ParseError as error:
        return Fault(error.record, error.reason)


def _records(source: Source) -> Iterator[tuple[Taken | Fault | Ignored, int]]:
    """The records of a source, each with the bytes read so far; what ends the reading is the last of them."""
    stream: _Counted | None = None
    try:
        parse = detect(source.head(), source.name)
        with source.open() as opened:
            stream = _Counted(opened)
            for record in parse(cast("BinaryIO", stream), source.name):
                yield record, stream.position
    except UnknownFormatError as error:
        yield Ignored(source.name, error.reason), 0
    except IngestError as error:
        yield Fault(error.record, error.reason, error.offset), stream.position if stream else 0
    except RecursionError:  # the depth at which it comes is that of the caller's stack, so no parser can foresee it
        position = stream.position if stream else 0
        yield Fault("", "nested too deep to be read to its end", position), position
    except OSError as error:
        position = stream.position if stream else 0
        yield Fault("", f"cannot be read: {error.strerror or error}", position), position


class _Counted(io.BufferedIOBase):
    """A stream that knows how much was read of it; those inside archives cannot tell."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.position = stream, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._stream.read(-1 if size is None else size)
        self.position += len(data)
        return data
