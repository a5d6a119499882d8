"""What was judged and written for CiteRx itself: sentences beside our questions, claims beside texts.

`corpora/questions/sentences.tsv` and `claims.tsv` hold places, grades and claims, no text of a source: the text is
read from the user's own store, and from the open-access papers of the shared material.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from lxml import etree

from ingest.schema import Document
from rag.errors import TrainingError
from rag.train.readings import CONTRADICTED, LONGEST, NEITHER, SUPPORTED, Reading

SENTENCES, CLAIMS, PAPERS = "sentences.tsv", "claims.tsv", "pmc-jats.zip"
TARGETS = {0: 0.0, 1: 0.5, 2: 1.0}
"""Grades: 2 answers the question by itself, 1 is useful beside that, 0 neither."""
CASES = {"S": SUPPORTED, "C": CONTRADICTED, "N": NEITHER, "QY": SUPPORTED, "QN": CONTRADICTED}


class Shelf(Protocol):
    """What is needed of the store."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence beside a question (its id): where it stands and its grade."""

    question: str
    document: str
    section: str
    start: int
    end: int
    grade: int


def sentences(folder: Path) -> list[Judged]:
    """All judged sentences; raises `TrainingError` with the line."""
    found = []
    for question, document, section, spans in _rows(folder / SENTENCES, 4):
        for span in spans.split():
            place, _, grade = span.partition(":")
            start, _, end = place.partition("-")
            found.append(Judged(question, document, section, int(start), int(end), int(grade)))
    return found


def written_claims(
    folder: Path, shelf: Shelf, shared: Path, drugs: Callable[[Document], Sequence[str]]
) -> list[Reading]:
    """Claims beside label sentences in the store and beside sentences of open-access papers."""
    documents = lru_cache(256)(shelf.document)
    papers = _Papers(shared / "literature" / PAPERS)
    found = []
    for source, where, span, case, claim in _rows(folder / CLAIMS, 5):
        low, high = map(int, span.split("-"))
        if source.startswith("label:"):
            document = documents(source)
            section = document.section(where) if document else None
            text = f"{', '.join(drugs(document))}: {section.text[low:high]}" if document and section else ""
        else:
            text = papers.paragraph(source, int(where))[low:high]
        if text:
            found.append(Reading("claim", claim, " ".join(text.split())[:LONGEST], CASES[case]))
    return found


class _Papers:
    """Paragraphs of the papers, white space folded, in the order of the file."""

    def __init__(self, archive: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise TrainingError(f"{archive}: cannot be read: {error}; --shared names the folder above it") from error
        self._paragraphs = lru_cache(64)(self._read)

    def paragraph(self, name: str, number: int) -> str:
        """Empty where the paper has not so many."""
        found = self._paragraphs(name)
        return found[number] if number < len(found) else ""

    def _read(self, name: str) -> list[str]:
        root = etree.fromstring(self._archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))
        return [" ".join("".join(map(str, one.itertext())).split()) for one in root.iter("p")]


def _rows(path: Path, width: int) -> Iterator[list[str]]:
    """The fields of a tab-separated file; lines that begin with # say how it came about."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TrainingError(f"{path}: cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#"):
            fields = line.split("\t")
            if len(fields) != width:
                raise TrainingError(f"{path}, line {number}: {len(fields)} fields where there should be {width}")
            yield fields
