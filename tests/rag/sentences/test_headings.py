"""A heading that was run together with its sentence goes only where the sentence says its words again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences.headings import GOVERNS, begin
from rag.sentences.spans import quotable

PIECES = """Renal|Impairment|Risk Summary|Distribution|Sexual Dysfunction|Hypersensitivity|WARNINGS|7.1|5. 3|•|1.|(5.2)
AND|Do Not Use|Avoid|Without|Pediatric Patients|The dose|In patients|XANOL is|Advise patients|may cause|sexual|renal
impairment|of|with|only|is contraindicated.|hypersensitivity.|mg daily.|[see Warnings (5.1)]|é|It|recommended"""
TEXTS = st.lists(st.sampled_from(re.split(r"[|\n]", PIECES)), min_size=1, max_size=12).map(" ".join)


def begun(text: str) -> str:
    return text[begin(text, 0, len(text)) :]


@pytest.mark.parametrize(
    ("heading", "sentence"),
    [
        ("Risk Summary", "There are no data on its use in pregnant women."),
        ("Data Animal Data", "In rats given the drug, no harm was seen."),
        ("Limitations of Use", "XANOL is not meant for acute pain."),
        ("10 OVERDOSAGE", "In overdosage, give charcoal."),
        ("Sexual Dysfunction", "Use of the drug may cause symptoms of sexual dysfunction."),
        ("Thyroid Disorders", "XANOL can cause immune-mediated thyroid disorders."),
        ("Warfarin", "The effects of warfarin and the drug on bleeding are added."),
        ("Lactation Risk Summary", "There is no information on its presence in human milk."),
        ("Seizures", "Seizures have occurred with the drug."),
        ("Major Depressive Disorder", "The starting dose for the treatment of MDD is 1 mg."),
        ("5. 3", "Malignancies were seen in trials of the drug."),
        ("1.", "Necrosis of the liver has been reported."),
    ],
)
def test_what_the_sentence_says_itself_goes(heading: str, sentence: str) -> None:
    assert begun(f"{heading} {sentence}") == sentence


@pytest.mark.parametrize(
    "text",
    [
        "Panic Disorder The starting dose is 1 mg once a day.",
        "Hepatic Impairment Reduce the dose by half.",
        "Pediatric Patients The dose is 5 mg/kg.",
        "Nursing Mothers The drug is metabolised quickly.",
        "Oral XANOL is contraindicated with oral contraceptives.",
        "Codeine Sulfate Tablets are contraindicated after codeine sulfate reactions.",
        "Do Not Use The drug may harm.",
        "Limitations of Use Xanol is indicated for mild pain.",
        "Limitation of Use Xanol is indicated for mild pain.",
        "If XANOL is taken twice a day, skip the dose.",
        "When XANOL is stopped, pain may return.",
        "Unapproved Use Xanol is given for mild pain.",
        "Overdosage Xanol is given with charcoal.",
        "Thyroid Disorders: XANOL can cause thyroid disorders.",
    ],
)
def test_what_only_the_heading_says_stays(text: str) -> None:
    assert begun(text) == text


def test_of_a_number_and_its_title_the_number_goes_where_the_title_is_needed() -> None:
    assert begun("2.3 Giardiasis The recommended dose is 2 g.") == "Giardiasis The recommended dose is 2 g."
    assert begun("2.3 Recommended Dosage The recommended dose is 2 g.") == "The recommended dose is 2 g."


@given(TEXTS)
def test_a_beginning_is_no_part_of_a_word_and_cuts_no_word_that_governs(text: str) -> None:
    start = begin(text, 0, len(text))
    assert start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
    cut = re.sub(r"\[see [^\]]*\]", "", text[:start])
    assert {word.lower() for word in GOVERNS.findall(cut)} <= {"warnings"}


@given(TEXTS)
def test_quotations_are_stretches_of_whole_words(text: str) -> None:
    for start, end in quotable(text):
        assert 0 <= start < end <= len(text)
        assert start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
        assert end == len(text) or not (text[end - 1].isalnum() and text[end].isalnum())
