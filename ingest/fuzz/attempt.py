"""One mutant through the real ingest into a store of its own, and what is wrong with how that went."""

from __future__ import annotations

import re
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.fuzz.same import changed
from ingest.pipeline import Report, ingest
from ingest.schema import Document
from ingest.store import Store

NEVER_TEXT = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What no stored text may hold: control characters but line breaks, what is not seen, lone surrogates."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBERS = re.compile(r"\d+")
_LONGEST_REASON = 60
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a mutant was read. ``said``: why what was not read was not, one entry per line of the report.

    ``milliseconds`` are of processor time, as a busy machine makes everything slow. ``finding``: what must not be,
    empty where all is well; ``detail`` says more of it.
    """

    number: int
    steps: tuple[str, ...]
    records: int
    faults: int
    skipped: int
    said: tuple[str, ...]
    milliseconds: float
    peak_mib: float
    finding: str = ""
    detail: str = ""


def attempt(number: int, data: bytes, steps: tuple[str, ...], folder: Path, same: tuple[bytes, ...] = ()) -> Attempt:
    """Ingests ``data`` as a file of ``folder`` into an empty store there; the records ``same`` must read as alone."""
    path, database = folder / "mutant", _empty_store(folder)
    path.write_bytes(data)
    started = time.process_time()
    report, finding, detail = Report(), "", ""
    try:
        with closing(Store.open(f"sqlite:///{database}")) as store:
            report = ingest(store, [str(path)])
            wrong = [*_wrong(report, store), changed(path, same, said=bool(report.lines))]
            finding = "; ".join(dict.fromkeys(filter(None, wrong)))
    # Whatever comes out of an ingest is what is looked for; this is the edge of the process.
    except BaseException as error:  # noqa: BLE001
        finding = f"{type(error).__name__}: {_place(error)}"
        detail = "".join(traceback.format_exception(error, limit=-8))[-4000:]
    milliseconds = (time.process_time() - started) * 1000
    totals = report.totals
    return Attempt(
        number, steps, totals["ingested"] + totals["marked"] + totals["deleted"], totals["faults"], totals["skipped"],
        tuple(f"{line.outcome}: {shortened(line.reason)}" for line in report.lines[:100]),
        milliseconds, peak_mib(), finding, detail,
    )  # fmt: skip


def _empty_store(folder: Path) -> Path:
    """A fresh copy of an empty database, which is quicker than to make one."""
    empty, database = folder / "empty.db", folder / "store.db"
    if not empty.exists():
        Store.open(f"sqlite:///{empty}").close()
    for old in folder.glob("store.db*"):
        old.unlink()
    shutil.copyfile(empty, database)
    return database


def _place(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/ingest/" in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "outside"


def _wrong(report: Report, store: Store) -> Iterator[str]:
    """Silence, lines without a reason, and documents that are not as documents must be."""
    if not report.lines and not any(report.totals.values()):
        yield "nothing was read and nothing was said"
    if not all(line.reason.strip() for line in report.lines):
        yield "a line without a reason"
    if any(NEVER_TEXT.search(line.reason) for line in report.lines):
        yield "control characters in a reason"
    if any("allocat" in line.reason.lower() for line in report.lines):
        yield "no memory was left"
    passages = [row.passage for row in store.index_rows()]
    documents = {name: store.document(name) for name in {passage.document_id for passage in passages}}
    for document in documents.values():
        yield from _unclean(document) if document else ("a passage without its document",)
    for passage in passages:
        section = document.section(passage.section) if (document := documents[passage.document_id]) else None
        if section is None or section.text[passage.start : passage.end] != passage.text:
            yield "a passage that is no stretch of its section"


def _unclean(document: Document) -> Iterator[str]:
    shown = (document.title, document.labeler, document.journal, document.url, document.licence, *document.authors,
             *document.drugs.generic, *document.drugs.brand, *document.cites)  # fmt: skip
    if any(NEVER_TEXT.search(text) or "\n" in text for text in shown):
        yield "control characters in what is said of a document"
    for section in document.sections:
        if NEVER_TEXT.search(section.text) or "\n\n" in section.text or section.text != section.text.strip():
            yield "control characters or stray white space in a section's text"
        if NEVER_TEXT.search(section.title + section.slug) or "\n" in section.title:
            yield "control characters in a section's title"
        if not all(0 <= table.start <= table.end <= len(section.text) for table in section.tables):
            yield "a table outside of its section's text"


def shortened(reason: str) -> str:
    """The reason without what differs from file to file: its first clause, quoted words and numbers left out."""
    bare = _NUMBERS.sub("N", _QUOTED.sub("…", reason.replace("\n", " ")))
    return re.split(r": |; | \(", bare)[0][:_LONGEST_REASON]


def peak_mib() -> float:
    """The most memory that this process has had so far, in MiB."""
    try:  # what the system counts for a process that was started includes that of its parent
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / _MIB if sys.platform == "darwin" else peak / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
