"""The truth of the starter corpus, checked by machine (``citerx corpora check``)."""

from __future__ import annotations

from pathlib import Path

from corpora.checks import bibliography, numbers, shape, shared, wording
from corpora.checks.model import Article, Finding, Label, articles, labels

__all__ = ["Finding", "run", "structure"]


def structure(starter: Path) -> list[Finding]:
    """What is wrong with the shape of the records; needs the starter corpus alone."""
    return _structure(labels(starter), articles(starter))


def run(starter: Path, shared_data: Path) -> list[Finding]:
    """All that is wrong with the starter corpus: shape, wording, numbers, bibliography; empty is clean.

    ``shared_data`` is the folder with ``labels``, ``literature``, ... Reads it twice; about a minute on one core.
    """
    drugs, papers = labels(starter), articles(starter)
    records: list[Label | Article] = [*drugs, *papers]
    lines = [line for record in records for line in record.lines]
    return [
        *_structure(drugs, papers),
        *wording.copied(lines, shared.texts(shared_data)),
        *_numbers(starter, drugs, shared_data),
        *bibliography.wrong(papers, bibliography.records(shared_data, {paper.pmid for paper in papers})),
    ]


def _structure(drugs: list[Label], papers: list[Article]) -> list[Finding]:
    return [
        *(finding for drug in drugs for finding in shape.label(drug)),
        *(finding for paper in papers for finding in shape.article(paper)),
    ]


def _numbers(starter: Path, drugs: list[Label], shared_data: Path) -> list[Finding]:
    real = numbers.collect(drugs, shared.label_texts(shared_data))
    return list(numbers.untrue(drugs, real, numbers.exemptions(starter.with_name("exceptions.toml"))))
