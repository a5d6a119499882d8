"""What answers no question is no quotation, however well it reads."""

from __future__ import annotations

import pytest

from rag.sentences.debris import is_empty_row
from rag.sentences.spans import quotable

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
    "The drug was better in all endpoints [e.g., survival: hazard ratio (HR) 0.79 (0.68, 0.92); OS: HR 0.86; 95% CI",
    "•C 4 H 6 O 5 and the molecular weight is 635.6 Daltons as the malate salt.",
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


@pytest.mark.parametrize(
    ("row", "stands"),
    [
        ("Reaction: Pain; Ynol, 2.5 mg: 5; Tamol, 20 mg: 7", False),
        ("Feature: T2 (>2 cm and <5 cm); YNOL 1 mg (N=31): 32.6; Tamol 20 mg (N=31): 34.2", False),
        ("Reaction: Pain; Ynol (N=20): 5 (25); Placebo: 0.1 ± 2", False),
        ("§ Effects (with those of the class: amnesia; and also with those of another: confusion)", False),
        ("Drug: Ynol; Ratio of AUC: 1.58 1.77; Ratio of Cmax: 1.56 1.47", False),
        ("Age: 5; Ynol [3] with food: twice", False),
        ("Feature: Characteristic; Ynol (N=20): n (%); Placebo (N=21): n (%)", False),
        ("Nodes: 1 to 3; Ynol, events (%): 84; Hazard ratio (95% CI): 0.85 (0.68, 1.06); P: 0.85", False),
        ("Nodes: 1 to 3; Ynol, events (%): 84; Hazard ratio (95% CI): 0.85 (0.68, 1.06); P: 0.15", True),
        ("Reaction: Pain; Ynol (N=20) %: 5; Placebo %: 7", True),
        ("Reaction: Pain; Ynol: 5%; Placebo: 7%", True),
        ("Parameter: Cmax (ng/mL); Ynol: 5; Tamol: 6", True),
        ("Weight: 10 to 15 kg; Tablets: 2; Times a day: 3", True),
        ("Clearance: 15 to 30 mL/min; Dose: 5 mg; Interval: 12 h", True),
        ("Drug: Ynol; Effect: raises levels; What to do: halve the dose", True),
        ("Drug: Ynol; Effect: ↑; Other: 2", True),
        ("Drug: Ynol; Ratio of AUC: 1.7; Ratio of Cmax: 1.5", True),
    ],
)
def test_a_row_of_bare_numbers_or_a_note_is_no_quote(row: str, stands: bool) -> None:
    assert bool(quotable(row)) is stands


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
