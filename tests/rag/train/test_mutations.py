"""Changed sentences: each has one change, of its kind, and the same for the same seed."""

from __future__ import annotations

import random
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.train.mutations import KINDS, mutations

DRUGS = ("colchicine", "warfarin", "Digoxin", "metformin hydrochloride", "ketoconazole")
SENTENCE = (
    "Colchicine 0.6 mg once daily is not recommended in patients with severe renal impairment because ketoconazole"
    " increased its exposure by 40% (see 7.2) over 24 hours."
)


def test_every_kind_is_found_in_a_sentence_that_offers_it() -> None:
    assert [changed.kind for changed in mutations(SENTENCE, random.Random(1), DRUGS)] == list(KINDS)


@given(st.integers(0, 2**20))
def test_each_changes_one_stretch_and_the_seed_decides(seed: int) -> None:
    changed = mutations(SENTENCE, random.Random(seed), DRUGS)
    assert changed == mutations(SENTENCE, random.Random(seed), DRUGS)
    for one in changed:
        assert one.text != SENTENCE
        assert SequenceMatcher(None, SENTENCE, one.text, autojunk=False).ratio() > 0.7


@given(st.integers(0, 2**20))
def test_a_drug_gives_way_to_another_in_the_same_case(seed: int) -> None:
    (changed,) = (one for one in mutations("Colchicine may harm.", random.Random(seed), DRUGS) if one.kind == "drug")
    assert changed.text[0].isupper()
    assert changed.text.removesuffix(" may harm.").casefold() in {name.casefold() for name in DRUGS[1:]}


@given(st.integers(0, 2**20))
def test_numbers_of_references_stay(seed: int) -> None:
    text = "7.1 Usage Give 5 mg to adults [see Warnings (5.2)]."
    for changed in mutations(text, random.Random(seed), DRUGS):
        assert changed.text.startswith("7.1 Usage")
        assert changed.text.endswith("[see Warnings (5.2)].")


@pytest.mark.parametrize("text", ["", "Nothing here.", "• ", "CYP3A4"])
def test_where_nothing_can_be_changed_there_is_nothing(text: str) -> None:
    assert mutations(text, random.Random(0), DRUGS) == []


@given(st.text(max_size=60), st.integers(0, 9))
def test_any_text_is_taken(text: str, seed: int) -> None:
    assert all(one.text != text and one.kind in KINDS for one in mutations(text, random.Random(seed), DRUGS))
