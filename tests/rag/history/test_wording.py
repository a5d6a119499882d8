"""Sentences in the same words that differ in a figure, a unit or a negation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.history.wording import apart, variants_in, wording

DOSE = "The usual starting dose of xanol in adults is 5 mg once daily with food."


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (DOSE.replace("5 mg", "10 mg"), "figure"),
        (DOSE.replace("5 mg", "5 mcg"), "unit"),
        (DOSE.replace("is 5", "is not 5"), "negation"),
        (DOSE.replace("5 mg", "5.0 mg"), None),
        (DOSE.replace("5 mg", "5000 mcg"), None),
        (DOSE.replace("adults", "children"), None),
        (f"2.1 {DOSE} [see Table 3]", None),
        (DOSE.replace("food.", "food (5.2)."), None),
        (DOSE, None),
    ],
)
def test_in_what_two_sentences_differ(other: str, kind: str | None) -> None:
    assert apart(DOSE, other) == kind
    assert apart(other, DOSE) == kind


def test_short_ones_and_names_of_products() -> None:
    assert wording("Take 5 mg daily.") is None
    assert apart(DOSE.replace("5", "6"), DOSE.replace("xanol", "xanolin"), {"xanol", "xanolin"}) == "figure"
    assert apart(DOSE.replace("5", "6"), DOSE.replace("xanol", "xanolin")) is None


def test_where_labels_say_both_nothing_differs() -> None:
    other = DOSE.replace("5 mg", "10 mg")
    assert list(variants_in([DOSE], [DOSE], [other])) == [("figure", DOSE, other)]
    assert not list(variants_in([DOSE], [DOSE], [other, DOSE]))
    assert not list(variants_in([DOSE], [DOSE, other], [other]))


@given(st.text(max_size=80))
def test_no_text_differs_from_itself(text: str) -> None:
    assert apart(text, text) is None
