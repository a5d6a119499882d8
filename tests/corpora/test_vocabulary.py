"""The vocabulary files are what their command makes, and what is written by hand in them leads somewhere."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpora.vocabulary import (
    FOLDER,
    NOT_DISTINCTIVE,
    abbreviations,
    ambiguous_abbreviations,
    brand_names,
    build,
    ingredient_names,
    synonyms,
)
from corpora.vocabulary.classes import aliases, class_members
from tests.shared_data import shared


def test_the_files_are_what_the_command_makes(tmp_path: Path) -> None:
    labels = shared("labels/drug-label-core.json.zip").parent
    build(shared("vocabulary/drugs_at_fda_products.txt.gz"), labels, tmp_path)
    for name in ("ingredients.txt", "brands.tsv", "local.txt", "classes.tsv"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_names_are_distinctive() -> None:
    names = ingredient_names()
    assert {"lithium", "empagliflozin", "warfarin", "sotorasib", "efgartigimod"} <= names
    assert len(names) == 1895
    assert not names & NOT_DISTINCTIVE


def test_brands_name_their_ingredients() -> None:
    assert brand_names()["lopressor hct"] == ("hydrochlorothiazide", "metoprolol tartrate")
    assert brand_names()["lanoxin"] == ("digoxin",)


@pytest.mark.parametrize(
    ("name", "members", "strangers"),
    [
        ("ACE inhibitor", {"lisinopril", "ramipril", "enalapril"}, {"losartan"}),
        ("SSRI", {"sertraline", "fluoxetine", "escitalopram oxalate"}, {"atomoxetine", "venlafaxine hydrochloride"}),
        ("beta blocker", {"metoprolol", "carvedilol", "labetalol"}, {"stanozolol"}),
        ("NSAID", {"ibuprofen", "naproxen", "celecoxib"}, {"acetaminophen"}),
        ("proton pump inhibitor", {"omeprazole", "pantoprazole"}, {"aripiprazole"}),
        ("macrolide", {"clarithromycin", "azithromycin"}, {"tacrolimus", "clindamycin"}),
        ("CYP3A4 inhibitor", {"clarithromycin", "ketoconazole", "ritonavir"}, {"rifampin"}),
        ("P-gp inhibitor", {"cyclosporine", "amiodarone"}, {"warfarin"}),
        ("DOAC", {"apixaban", "rivaroxaban", "dabigatran"}, {"warfarin", "fondaparinux"}),
        ("diuretic", {"furosemide", "hydrochlorothiazide", "spironolactone"}, {"lisinopril"}),
    ],
)
def test_everyday_classes_have_their_members(name: str, members: set[str], strangers: set[str]) -> None:
    found = set(class_members()["everyday", name])
    assert members <= found
    assert not strangers & found


def test_every_everyday_class_has_members_a_reason_and_names_of_its_own() -> None:
    listed = class_members()
    assert all(("everyday", alias.name) in listed for alias in aliases())
    assert all(len(listed["everyday", alias.name]) > 1 for alias in aliases() if alias.name != "cardiac glycoside")
    written = Counter(form.casefold() for alias in aliases() for form in alias.written)
    assert [form for form, count in written.items() if count > 1] == []
    text = (FOLDER / "aliases.toml").read_text(encoding="utf-8")
    assert text.count("\nwhy = ") == len(aliases())


def test_every_synonym_leads_to_an_ingredient() -> None:
    listed = {name for names in brand_names().values() for name in names}
    listed |= {name for members in class_members().values() for name in members} | ingredient_names()
    firsts = {name.split()[0] for name in listed}
    wanted = {name for synonym in synonyms() for name in synonym.ingredients}
    wanted |= {name for readings in ambiguous_abbreviations().values() for name in readings}
    assert [name for name in sorted(wanted) if name not in listed and name.split()[0] not in firsts] == []


def test_a_synonym_means_one_thing() -> None:
    written = Counter(synonym.written.casefold() for synonym in synonyms())
    assert {form for form, count in written.items() if count > 1} == {"valproate", "sodium valproate"}
    assert not {form.casefold() for form in ambiguous_abbreviations()} & written.keys()
    assert all(len(set(readings)) > 1 for readings in ambiguous_abbreviations().values())


def _texts(names: str = "") -> Iterator[str]:
    """The sections of the shared labels whose generic name has ``names``."""
    for file in sorted(shared("labels/drug-label-core.json.zip").parent.glob("*.zip")):
        with zipfile.ZipFile(file) as zipped:
            for member in zipped.namelist():
                for record in json.loads(zipped.read(member))["results"]:
                    if names in " ".join(record.get("openfda", {}).get("generic_name", [])).casefold():
                        yield from (part for value in record.values() if isinstance(value, list) for part in value[:1])


def test_labels_of_divalproex_call_it_valproate() -> None:
    texts = [text.casefold() for text in _texts("divalproex") if isinstance(text, str)]
    assert sum("valproate" in text for text in texts) > 20


def test_labels_write_every_abbreviation_out_as_we_do() -> None:
    listed = abbreviations()
    assert len(listed) == len((FOLDER / "abbreviations.tsv").read_text(encoding="utf-8").splitlines())
    explained: set[str] = set()
    short_forms, words = Counter[str](), Counter[str]()
    cue = re.compile(rf"\b(?:{'|'.join(listed)})\b")
    for text in (text for text in _texts() if isinstance(text, str)):
        found, folded = set(cue.findall(text)), _folded(text)
        short_forms.update(found)
        words.update(short for short, full in listed.items() if _folded(full) in folded)
        for short in found - explained:
            before = (part[-90:] for part in text.split(f"({short})")[:-1])
            explained |= {short} if any(_folded(part).endswith(_folded(listed[short])) for part in before) else set()
    assert set(listed) - explained == set()
    # where labels hardly write the words, a question that does finds less
    assert [short for short in listed if short_forms[short] > 1.5 * words[short]] == []


def _folded(words: str) -> str:
    """In small letters and the singular, hyphens as spaces."""
    return " ".join(words.casefold().replace("-", " ").split()).removesuffix("s")
