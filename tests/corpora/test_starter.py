"""The starter corpus by itself: shape, editorial mark, codes. Needs no shared data."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora import sources, starter
from corpora.check import structure
from corpora.checks import shape
from corpora.checks.model import articles, labels
from ingest.parse import pubmed, spl
from ingest.schema import Document

DRUGS = {path.stem for path in (starter() / "labels").glob("*.xml")}
SAMPLE = "colchicine.xml"


def read(path: Path) -> Document:
    with path.open("rb") as stream:
        (record,) = spl.parse(stream, path.name)
    assert isinstance(record, Document)
    return record


def test_every_record_has_the_shape() -> None:
    assert structure(starter()) == []


def test_it_holds_what_the_readme_promises() -> None:
    asked = {
        "propafenone",
        "colchicine",
        "warfarin",
        "amiodarone",
        "clarithromycin",
        "metformin",
        "lisinopril",
        "digoxin",
    }
    assert asked <= DRUGS
    assert len(DRUGS) >= 15
    assert len(articles(starter())) >= 10


@pytest.mark.parametrize("drug", sorted(DRUGS))
def test_the_label_parser_reads_names_sections_and_rows(drug: str) -> None:
    document = read(starter() / "labels" / f"{drug}.xml")
    names = " ".join(document.drugs.generic).lower()
    assert all(word in names for word in drug.split("-"))
    assert document.editorial
    assert document.work_id == shape.label_id(drug)
    assert document.effective is not None
    assert "spl_unclassified_section" not in {section.slug for section in document.sections}
    interactions = document.section("drug_interactions")
    assert interactions is not None
    rows = [line for line in interactions.text.splitlines() if line.startswith("With: ")]
    assert rows
    assert all("; Effect: " in row and "; What to do: " in row for row in rows)


def test_the_literature_parser_reads_summaries_and_the_retraction() -> None:
    with (starter() / "literature.xml").open("rb") as stream:
        records = [record for record in pubmed.parse(stream, "literature.xml") if isinstance(record, Document)]
    assert len(records) == len(articles(starter()))
    assert all(record.editorial and record.sections for record in records)
    assert [record.pmid for record in records if record.retracted] == ["20067456"]


def test_set_ids_are_distinct_and_the_real_ones_are_named() -> None:
    found = labels(starter())
    assert len({shape.label_id(label.drug) for label in found}) == len(found)
    assert all(label.set_ids for label in found)


Edit = Callable[[str], str]
FAULTS: dict[str, tuple[Edit, str]] = {
    "mark": (lambda text: text.replace(shape.AUTHOR, "Somebody"), "editorial mark"),
    "set id": (lambda text: text.replace(shape.label_id("colchicine"), shape.label_id("other")), "must be"),
    "link": (lambda text: text.replace('typeCode="XCRPT"', 'typeCode="RPLC"'), "typeCode XCRPT"),
    "code": (lambda text: text.replace('"34070-3"', '"34070-0"'), "a code is unknown"),
    "cell": (
        lambda text: text.replace("<td>Avoid</td>", "", 1).replace("<td>Reduce colchicine</td>", "", 1),
        "cells of the header",
    ),
    "header": (lambda text: text.replace("<th>What to do</th>", "<th>Action</th>"), "needs a table headed"),
    "pronoun": (lambda text: text.replace("Colchicine may be taken", "It may be taken"), "name the drug"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_of_shape_is_found(fault: str, tmp_path: Path) -> None:
    edit, reason = FAULTS[fault]
    original = (starter() / "labels" / SAMPLE).read_text(encoding="utf-8")
    changed = edit(original)
    assert changed != original
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / SAMPLE).write_text(changed, encoding="utf-8")
    assert any(reason in finding.reason for finding in structure(tmp_path)), structure(tmp_path)


def test_a_literature_summary_without_its_note_is_found(tmp_path: Path) -> None:
    shutil.copytree(starter(), tmp_path / "starter")
    path = tmp_path / "starter" / "literature.xml"
    path.write_text(path.read_text(encoding="utf-8").replace('Owner="CiteRx"', 'Owner="NLM"', 1), encoding="utf-8")
    assert [finding.check for finding in structure(tmp_path / "starter")] == ["shape"]


@pytest.mark.parametrize("path", sorted(sources().glob("*.toml")), ids=lambda path: path.stem)
def test_source_descriptions_are_complete(path: Path) -> None:
    described = tomllib.loads(path.read_text(encoding="utf-8"))
    assert described["name"] == path.stem
    for key in ("title", "homepage", "urls", "format", "parser", "licence", "citation", "notes"):
        assert described[key], key
    assert all(url.startswith("https://") for url in described["urls"])


def test_the_extended_corpus_has_the_same_shape() -> None:
    extended = starter().with_name("extended")
    assert structure(extended) == []
    found = labels(extended)
    assert len(found) >= 100
    assert not {label.drug for label in found} & DRUGS


def test_the_papers_of_both_corpora_are_told_apart_and_some_are_retracted() -> None:
    every = [*articles(starter()), *articles(starter().with_name("extended"))]
    numbers = [article.pmid for article in every]
    assert len(numbers) == len(set(numbers)) >= 90
    assert sum(article.element.xpath(".//PublicationType[. = 'Retracted Publication']") != [] for article in every) >= 5
