"""The vocabulary files are what their command makes."""

from __future__ import annotations

from pathlib import Path

from corpora.vocabulary import FOLDER, NOT_DISTINCTIVE, brand_names, build, ingredient_names
from tests.shared_data import shared


def test_the_files_are_what_the_command_makes(tmp_path: Path) -> None:
    build(shared("vocabulary/drugs_at_fda_products.txt.gz"), tmp_path)
    for name in ("ingredients.txt", "brands.tsv"):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


def test_names_are_distinctive() -> None:
    names = ingredient_names()
    assert {"lithium", "empagliflozin", "warfarin"} <= names
    assert not names & NOT_DISTINCTIVE


def test_brands_name_their_ingredients() -> None:
    assert brand_names()["lopressor hct"] == ("hydrochlorothiazide", "metoprolol tartrate")
    assert brand_names()["lanoxin"] == ("digoxin",)
