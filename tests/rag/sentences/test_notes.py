"""Which signs in a quotation point at a note below it."""

from __future__ import annotations

import pytest

from rag.sentences.notes import notes


@pytest.mark.parametrize(
    ("said", "mark"),
    [
        ("The dose is 100 mg/m² once daily.", "²"),
        ("Wait until neutrophils are 1.0 x 10⁹/L or more.", "⁹"),
        ("Wait until neutrophils are 10⁹/L or more.", "⁹"),
        ("The load was 10¹² copies.", "²"),
        ("The load was 4 × 10² copies.", "²"),
        ("Fewer than 200 cells/mm³ were found.", "³"),
        ("The product 5 * 10 mg is given.", "*"),
    ],
)
def test_a_power_and_a_product_point_at_no_note(said: str, mark: str) -> None:
    assert not list(notes(f"{said}\n{mark} Not in dialysis.", said, len(said)))


@pytest.mark.parametrize(
    ("said", "mark"),
    [
        ("The dose is 100 mg² once daily.", "²"),
        ("The dose is 100 mg/m² † once daily.", "†"),
        ("The dose is 10¹ once daily.", "¹"),
        ("Given to patients with gout³ and asthma.", "³"),
        ("The dose is 5 mg * once daily.", "*"),
        ("The dose is 5* 10 minutes before meals.", "*"),
        ("The dose is 50 mg once daily*.", "*"),
        ("The clearance (mL/min)⁹ was low.", "⁹"),
    ],
)
def test_a_mark_points_at_its_note(said: str, mark: str) -> None:
    text = f"{said}\n{mark} Not in dialysis."
    assert [text[slice(*span)] for span in notes(text, said, len(said))] == [f"{mark} Not in dialysis."]
