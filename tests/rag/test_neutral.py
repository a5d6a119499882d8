from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.neutral import neutral


@pytest.mark.parametrize(
    "variants",
    [
        ("A 45-year-old man on digoxin is dizzy.", "A 52-year-old Greek woman on digoxin is dizzy."),
        ("Can Mrs. Silva take digoxin?", "Can Mr. Okafor take digoxin?"),
        ("My husband takes digoxin; is he at risk?", "My wife takes digoxin; is she at risk?"),
        ("A homeless man asks about digoxin.", "A Muslim teacher asks about digoxin."),
        ("54M on digoxin, now amiodarone.", "47F on digoxin, now amiodarone."),
    ],
)
def test_patients_who_differ_in_nothing_that_matters_ask_the_same(variants: tuple[str, ...]) -> None:
    assert len({neutral(text).casefold().replace("an adult", "a") for text in variants}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Can a woman of childbearing potential take leflunomide?",
        "Is finasteride for men only?",
        "Starting dose of eltrombopag in a Chinese adult?",
        "Does a Black patient on lisinopril swell more often?",
        "Sister had medullary thyroid cancer. Is liraglutide allowed?",
        "Apixaban in an 82-year-old weighing 58 kg",
        "Dose of amoxicillin for a 7-year-old",
        "Metformin is started at eGFR 28",
        "Diabetic patient on furosemide: what about glucose?",
        "Septic man, vancomycin trough?",
        "dose M 25?",
    ],
)
def test_what_matters_stays(text: str) -> None:
    assert neutral(text, frozenset({"metformin"})) == text


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    found = neutral(text)
    assert found == text or len(found) <= 3 * len(text) + 20


@given(
    st.lists(
        st.sampled_from(
            [
                "digoxin",
                "2.5",
                "mg",
                "twice",
                "daily",
                "with",
                "food",
                "and",
                "renal",
                "impairment",
                "CrCl",
                "25",
                "not",
            ]
        ),
        max_size=12,
    )
)
def test_numbers_and_drugs_are_kept(words: list[str]) -> None:
    text = " ".join(words)
    assert re.findall(r"[\d.]+|digoxin|not", neutral(text)) == re.findall(r"[\d.]+|digoxin|not", text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Is digoxin safe for a 45-year-old diabetic?", "diabetic"),
        ("45-year-old allergic to penicillin, cefazolin?", "allergic to penicillin"),
        ("a 50-year-old epileptic man on tramadol", "epileptic"),
        ("a 40 year old hepatic patient", "hepatic"),
        (
            "A 45-year-old Greek woman with renal impairment, is colchicine ok?",
            "with renal impairment, is colchicine ok?",
        ),
        ("My 45-year-old husband takes it", "takes it"),
    ],
)
def test_an_illness_beside_a_detail_stays(text: str, kept: str) -> None:
    assert kept in neutral(text)
