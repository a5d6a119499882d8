"""The vocabulary file is what its command makes."""

from __future__ import annotations

from corpora.vocabulary import FILE, NOT_DISTINCTIVE, build, ingredient_names
from tests.shared_data import shared


def test_the_file_is_what_the_command_makes() -> None:
    products = shared("vocabulary/drugs_at_fda_products.txt.gz")
    assert build(products) == FILE.read_text(encoding="utf-8").split()


def test_names_are_distinctive() -> None:
    names = ingredient_names()
    assert {"lithium", "empagliflozin", "warfarin"} <= names
    assert not names & NOT_DISTINCTIVE
