"""Truth of trial and guideline summaries: every number stands in what they are drawn from.

A trial's numbers stand in its papers, which name the trial. A guideline's stand in the guideline; in a summary of
labels those of a line stand in a label of a drug that the line names, or in the paper whose PMID it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from corpora.checks import shared
from corpora.checks.bibliography import Record
from corpora.checks.figures import Figure, Figures
from corpora.checks.model import Finding, Line, Page, Study
from corpora.checks.numbers import Exemption, Real, unconfirmed
from corpora.checks.shared import name_words

GUIDES = {"http://www.cdc.gov/HAI/prevent/prevent_pubs.html": "doc_004.pdf"}
"""The shared guideline that a summary with this source is drawn from; one without is drawn from labels."""

_PMID = re.compile(r"\bPMID (\d+)")


def papers(studies: Sequence[Study], pages: Sequence[Page]) -> set[str]:
    """The PMIDs whose records the check needs."""
    named = {pmid for page in pages for line in page.lines for pmid in _PMID.findall(line.text)}
    return named | {pmid for study in studies for pmid in study.papers}


def trials(studies: Sequence[Study], real: Mapping[str, Record], exempt: Sequence[Exemption]) -> Iterator[Finding]:
    """A finding for each unconfirmed number of a trial, and for papers that are not there or name another trial."""
    for study in studies:
        texts = [_text(real[pmid]) for pmid in study.papers if pmid in real]
        if len(texts) < len(study.papers) or not any(study.nct in text for text in texts):
            yield Finding("numbers", study.file, study.nct, "no shared paper of drawnFrom names the trial")
        known = Figures(pending=iter(texts))
        where = "no paper it is drawn from"
        yield from unconfirmed(study.nct, study.lines, lambda _, wanted: known.missing(wanted), exempt, where)  # noqa: B023


def guidelines(
    pages: Sequence[Page],
    real: Real,
    records: Mapping[str, Record],
    folder: Path,
    exempt: Sequence[Exemption],
) -> Iterator[Finding]:
    """A finding for each unconfirmed number of a page; ``folder`` holds the shared guidelines."""
    for page in pages:
        stem = Path(page.file).stem
        if page.source in GUIDES:
            known, where = Figures(pending=shared.texts(folder / GUIDES[page.source])), GUIDES[page.source]
            yield from unconfirmed(stem, page.lines, lambda _, wanted: known.missing(wanted), exempt, where)  # noqa: B023
        else:
            where = "no label of a drug that the line names"
            yield from unconfirmed(stem, page.lines, partial(_unnamed, real, records), exempt, where)


def _unnamed(real: Real, records: Mapping[str, Record], line: Line, wanted: set[Figure]) -> set[Figure]:
    """Those of ``wanted`` that no label and no paper has that the line names."""
    words = name_words(line.text)
    for drug, known in real.figures.items():
        if name_words(drug) <= words:
            wanted = known.missing(wanted)
    for pmid in _PMID.findall(line.text):
        wanted = Figures(pending=iter((pmid, _text(records[pmid]) if pmid in records else ""))).missing(wanted)
    return wanted


def _text(record: Record) -> str:
    return " ".join((record.title, record.abstract, record.body))
