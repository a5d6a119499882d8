"""What answers no question is no quotation, however well it reads."""

from __future__ import annotations

import pytest

from rag.debris import is_empty_row
from rag.spans import quotable

KEPT = [
    "Keep it and all medicines out of the reach of children.",
    "† Reduce the dose to 5 mg in patients with renal impairment.",
    "The following serious reactions are described elsewhere in the label: liver injury, rash.",
    "Store it at 25 degrees in the original bottle.",
    "The most common reactions are listed by frequency and were mild.",
]
DROPPED = [
    "† Includes rash, rash pruritic and rash papular.",
    "Values of zero may be observed.",
    "ULN = upper limit of normal, ALT = alanine transferase.",
    "Because clinical trials are conducted under widely varying conditions, rates cannot be compared.",
    "To report SUSPECTED ADVERSE REACTIONS, contact the maker or call the agency.",
    "Advise the patient to read the FDA-approved patient labeling (Medication Guide).",
    "The following adverse reactions have been identified during use of the drug.",
    "The following reactions are discussed in greater detail in other sections of the label.",
    "Mean scores by visit are shown below.",
    "Effect of Xanol on Lipid Levels in Patients with High Cholesterol (Mean Change)",
    "5)] Nephrotoxicity of the drug was seen in some patients [see Warnings (5.",
    "Distributed by: Some Company, and it is a registered trademark of theirs.",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_may_answer_is_quoted(text: str) -> None:
    assert [text[start:end] for start, end in quotable(text)]


@pytest.mark.parametrize("text", DROPPED)
def test_what_answers_nothing_is_not_quoted(text: str) -> None:
    assert quotable(text) == []


@pytest.mark.parametrize(
    ("row", "empty"),
    [
        ("Event: Rash; Drug: ; Placebo: -", True),
        ("Event: Rash; Drug: NA; Placebo: —", True),
        ("Event: Rash; Drug: Rash; Placebo: Rash", True),
        ("Drug: Phenytoin; Level: ↑; Other: ↓", False),
        ("Clearance: 15 to 30; Dose: none; Interval: -", False),
        ("Event: Rash; Drug: 0; Placebo: -", False),
    ],
)
def test_a_row_that_says_nothing_is_empty(row: str, empty: bool) -> None:
    assert is_empty_row(row) is empty


def test_sentences_run_together_at_a_reference_are_parted() -> None:
    text = "It may cause bleeding in adults (5.1) The drug can harm the liver (5.2)"
    assert [text[start:end] for start, end in quotable(text)] == ["The drug can harm the liver"]
    text = f"The drug{text[2:]}"
    assert [text[start:end] for start, end in quotable(text)] == [
        "The drug may cause bleeding in adults", "The drug can harm the liver",
    ]  # fmt: skip


def test_what_a_prohibition_governs_is_not_parted_from_it() -> None:
    text = (
        "The drug is contraindicated in adults who bleed (5.1) Patients who have gout (5.2) Renal failure is one (5.3)"
    )
    assert all("contraindicated" in text[start:end] for start, end in quotable(text))
