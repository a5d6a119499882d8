"""Two sections of labels as they were in 2016, a label a line, the drug only guessed.

Fields: ``set_id``, ``drug_guess``, ``confidence`` (0 to 1), ``clinical_pharmacology``, ``drug_interactions``. The lines
state neither version nor date. So the version is no number, which makes the text older than any numbered version of
the label, and there is no effective date; ``published`` is the last day of 2016, since before that day nothing shows
that the text was in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from ingest.errors import ParseError
from ingest.parse import loinc
from ingest.parse.jsonlines import Entry, entries
from ingest.parse.text import LICENCE, clean, dailymed_url, is_identifier, tidy
from ingest.schema import Document, DrugNames, Fault, Kind, Record, Section

FIELDS = frozenset({"set_id", "drug_guess", "confidence"})
VERSION = "2016-text"
SURE = 0.7
"""From here on a guess counts. Of 168 such labels whose record is in openFDA, 1 bears another drug, 1 one drug more."""

_SLUGS = ("drug_interactions", "clinical_pharmacology")
_GOES_ON = re.compile(r"[a-z.,;:)\]]")
_OPEN = re.compile(r"(?:\b[Ss]ee(?: also)?|[,(\[•-])$")


def parse(stream: BinaryIO, source: str) -> Iterator[Record]:
    """A label for each line; a line that is none is a Fault, which names the line and its first byte."""
    for entry in entries(stream, source):
        if isinstance(entry, Fault):
            yield entry
            continue
        try:
            yield _document(entry)
        except ParseError as error:
            yield entry.fault(error.reason, error.record)


def _document(entry: Entry) -> Document:
    set_id = entry.fields.get("set_id")
    if not isinstance(set_id, str) or not is_identifier(set_id):
        raise ParseError("no usable set_id: versions cannot be told apart")
    drug = _drug(entry, set_id)
    sections = tuple(section for slug in _SLUGS if (section := _section(entry, slug, set_id)))
    if not sections:
        raise ParseError("neither drug interactions nor clinical pharmacology", record=set_id)
    return Document(
        document_id=f"label:{set_id}:{VERSION}",
        kind=Kind.LABEL,
        title=f"{drug[:1].upper()}{drug[1:]}, label sections of 2016" if drug else f"Label {set_id}, sections of 2016",
        work_id=set_id,
        version=VERSION,
        sha256=entry.sha256(),
        sections=sections,
        published=date(2016, 12, 31),
        drugs=DrugNames(generic=(drug,)) if drug else DrugNames(),
        url=dailymed_url(set_id),
        licence=LICENCE,
    )


def _drug(entry: Entry, set_id: str) -> str:
    """The guessed drug where the guess is sure; of a combination all names, as openFDA writes them."""
    guess, confidence = entry.fields.get("drug_guess"), entry.fields.get("confidence")
    number = isinstance(confidence, int | float) and not isinstance(confidence, bool)
    if not isinstance(guess, str) or not isinstance(confidence, int | float) or not number or not 0 <= confidence <= 1:
        raise ParseError("drug_guess is no text or confidence no number from 0 to 1", record=set_id)
    return " and ".join(filter(None, map(clean, guess.split(";")))) if confidence >= SURE else ""


def _section(entry: Entry, slug: str, set_id: str) -> Section | None:
    text = entry.fields.get(slug)
    if not isinstance(text, str | None):
        raise ParseError(f"field {slug!r} is not a text but {type(text).__name__}", record=set_id)
    paragraphs = (_lines(paragraph) for paragraph in re.split(r"\n\s*\n", text or ""))
    joined = "\n".join(line for lines in paragraphs for line in lines)
    title = loinc.title_of(slug)
    return Section(slug, title, (title,), joined) if joined else None


def _lines(paragraph: str) -> Iterator[str]:
    """The lines of a paragraph; one that goes on with the sentence before it (after a cross reference) joins it."""
    held = ""
    for line in filter(None, map(clean, paragraph.split("\n"))):
        if held and (_GOES_ON.match(line) or _OPEN.search(held)):
            held = f"{held} {line}"
        else:
            yield from filter(None, [tidy(held)])
            held = line
    yield from filter(None, [tidy(held)])
