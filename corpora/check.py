"""The truth of the starter corpus, checked by machine (``citerx corpora check``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpora.checks import bibliography, drawn, numbers, shape, shared, wording
from corpora.checks.model import Article, Finding, Label, Line, Page, Study, articles, labels, pages, studies

__all__ = ["Finding", "run", "structure"]


@dataclass(frozen=True, slots=True)
class _Corpus:
    labels: list[Label]
    papers: list[Article]
    trials: list[Study]
    pages: list[Page]

    @property
    def lines(self) -> list[Line]:
        records: list[Label | Article | Study | Page] = [*self.labels, *self.papers, *self.trials, *self.pages]
        return [line for record in records for line in record.lines]

    @property
    def stems(self) -> set[str]:
        """What an exemption may name: the stems of the files, of papers the PMID."""
        records: list[Label | Study | Page] = [*self.labels, *self.trials, *self.pages]
        return {Path(record.file).stem for record in records} | {paper.pmid for paper in self.papers}


def structure(starter: Path) -> list[Finding]:
    """What is wrong with the shape of the records; needs the starter corpus alone."""
    return _structure(_read(starter))


def run(starter: Path, shared_data: Path) -> list[Finding]:
    """All that is wrong with the starter corpus: shape, wording, numbers, bibliography; empty is clean.

    ``shared_data`` is the folder with ``labels``, ``literature``, ... Reads it twice; about a minute on one core.
    """
    corpus = _read(starter)
    wanted = {paper.pmid for paper in corpus.papers} | drawn.papers(corpus.trials, corpus.pages)
    records = bibliography.records(shared_data, wanted)
    exempt = numbers.exemptions(starter.with_name("exceptions.toml"))
    real = numbers.collect(corpus.labels, shared.label_texts(shared_data))
    return [
        *_structure(corpus),
        *wording.copied(corpus.lines, shared.texts(shared_data)),
        *numbers.untrue(corpus.labels, real, exempt),
        *numbers.strays(exempt, corpus.stems),
        *drawn.trials(corpus.trials, records, exempt),
        *drawn.guidelines(corpus.pages, real, records, shared_data / "guidelines", exempt),
        *bibliography.wrong(corpus.papers, records, exempt),
    ]


def _read(starter: Path) -> _Corpus:
    return _Corpus(labels(starter), articles(starter), studies(starter), pages(starter))


def _structure(corpus: _Corpus) -> list[Finding]:
    return [
        *(finding for drug in corpus.labels for finding in shape.label(drug)),
        *(finding for paper in corpus.papers for finding in shape.article(paper)),
        *(finding for trial in corpus.trials for finding in shape.study(trial)),
        *(finding for page in corpus.pages for finding in shape.page(page)),
    ]
