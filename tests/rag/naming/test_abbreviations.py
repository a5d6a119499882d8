"""Conditions that a question abbreviates are written out as labels do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.vocabulary import abbreviations
from rag.asked.patient import populations_of
from rag.naming.abbreviations import written_out


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Past TIA?", "Past transient ischemic attack?"),
        ("dvt or uti", "deep vein thrombosis or urinary tract infection"),
        ("two UTIs", "two urinary tract infections"),
        ("RAF pilot in Co-PE", "RAF pilot in Co-PE"),
        ("an ra of pe", "an ra of pe"),  # too short to be sure in small letters
        ("Dvt", "Dvt"),
        ("gist of it", "gist of it"),
        ("", ""),
    ],
)
def test_conditions_are_written_out(text: str, written: str) -> None:
    assert written_out(text) == written


def test_a_drug_is_left_alone() -> None:
    assert written_out("MI and RA", frozenset({"ra"})) == "myocardial infarction and RA"


def test_a_clearance_stays_one() -> None:
    (found,) = populations_of(written_out("CrCl 25 mL/min"))
    assert (found.name, found.value, found.unit) == ("renal", "25", "mL/min")


@given(st.lists(st.sampled_from([*abbreviations(), "dose", "of", "5 mg", "?", "tia"])).map(" ".join))
def test_what_is_written_out_stays(text: str) -> None:
    assert written_out(written_out(text)) == written_out(text)
