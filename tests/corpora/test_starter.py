"""The starter corpus by itself: shape, editorial mark, codes. Needs no shared data."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora import sources, starter
from corpora.check import structure
from corpora.checks import shape
from corpora.checks.model import articles, labels, pages, studies
from ingest.parse import pubmed, spl
from ingest.pipeline import read as read_all
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
    assert len(DRUGS) >= 120
    found = articles(starter())
    assert len({article.pmid for article in found}) == len(found) >= 80
    retracted = [one for one in found if one.element.xpath(".//PublicationType[. = 'Retracted Publication']") != []]
    assert len(retracted) >= 5
    assert len(studies(starter())) == 5
    assert sorted(Path(page.file).suffix for page in pages(starter())) == [".html", ".html", ".html", ".pdf"]


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
    records = []
    for path in sorted(starter().glob("literature*.xml")):
        with path.open("rb") as stream:
            records += [record for record in pubmed.parse(stream, path.name) if isinstance(record, Document)]
    assert len(records) == len(articles(starter()))
    assert all(record.editorial and record.sections for record in records)
    assert "20067456" in [record.pmid for record in records if record.retracted]


@pytest.mark.parametrize("folder", ["trials", "guidelines"])
def test_the_parsers_read_the_mark_and_the_link_of_trials_and_guidelines(folder: str) -> None:
    found = list(read_all([str(starter() / folder)]))
    documents = [record for record in found if isinstance(record, Document)]
    assert len(documents) == len(found) == len(list((starter() / folder).iterdir()))
    sources = {study.mark["source"] for study in studies(starter())} | {page.source for page in pages(starter())}
    for document in documents:
        assert (document.editorial, document.licence) == (True, "Apache-2.0")
        assert document.url in sources
        assert document.sections


def test_the_pdf_is_what_its_script_writes(tmp_path: Path) -> None:
    script = starter().with_name("starter-sources") / "injection_safety.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "made.pdf")], check=True)
    kept = starter() / "guidelines" / "injection-safety-outpatient.pdf"
    assert (tmp_path / "made.pdf").read_bytes() == kept.read_bytes()


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


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("trials/NCT00528879.json", '"editorial": true', '"editorial": false', "no mark"),
        ("trials/NCT00528879.json", "study/NCT00528879", "study/NCT00528880", "must link to the registry"),
        ("trials/NCT00528879.json", "nlm.nih.gov/23425012/", "nlm.nih.gov/1/", "must link to papers"),
        ("guidelines/renal-dosing.html", "citerx:editorial", "citerx:other", "no mark"),
        ("guidelines/renal-dosing.html", "Editorial summary", "Summary", "must begin with"),
        ("guidelines/renal-dosing.html", 'content="CiteRx', 'content="Someone', "author must be"),
    ],
)
def test_a_planted_fault_of_a_trial_or_guideline_is_found(
    name: str, old: str, new: str, reason: str, tmp_path: Path
) -> None:
    original = (starter() / name).read_text(encoding="utf-8")
    assert old in original
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(original.replace(old, new), encoding="utf-8")
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
