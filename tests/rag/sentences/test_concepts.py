"""Concepts: the names that patients, charts and labels have for the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.sentences.concepts import Said, concepts


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ("throw up", "Vomiting was reported in 12 %."),
        ("pee", "Excreted in the urine."),
        ("spine", "For intravenous use only; fatal if given intrathecally."),
        ("CrCl", "In patients with renal impairment"),
        ("hair falling out", "Alopecia"),
        ("foetus", "embryo-fetal toxicity"),
    ],
)
def test_a_label_tells_a_concept_by_any_of_its_names(asked: str, label: str) -> None:
    (concept,) = concepts(asked)
    assert concept.told(Said(label))
    assert not concept.told(Said("Store below 25 degrees."))


def test_the_longest_name_is_taken_and_each_concept_once() -> None:
    assert [one.words for one in concepts("heart attack, another heart attack and a weak heart")] == [
        ("heart", "attack"),
        ("another",),
        ("and",),
        ("a",),
        ("weak", "heart"),
    ]


def test_names_in_capitals_count_only_so() -> None:
    sclerosis, ordinary = concepts("MS")[0], concepts("ms")[0]
    assert sclerosis.told(Said("relapsing forms of multiple sclerosis"))
    assert not ordinary.told(Said("relapsing forms of multiple sclerosis"))
    assert not concepts("leukemia")[0].told(Said("all patients"))


def test_what_is_done_with_any_drug_is_not_firm() -> None:
    assert concepts("vomiting")[0].firm
    assert not concepts("crush")[0].firm
    assert not concepts("zorquam")[0].firm


def test_a_name_of_two_words_stands_together() -> None:
    (concept,) = concepts("hair loss")
    assert concept.told(Said("hair loss occurred"))
    assert not concept.told(Said("loss of weight; dry hair"))


def test_its_own_name_is_looked_up_first() -> None:
    (concept,) = concepts("pee")
    assert concept.lookups[0] == ("pee",)
    assert ("urin",) in concept.lookups
    assert all(len(name) <= 2 for name in concept.lookups)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_every_concept_of_a_text_is_told_by_the_text(text: str) -> None:
    said = Said(text.replace("-", " "))
    assert all(one.told(said) for one in concepts(text) if len(one.words) == 1)
