"""Sentences that say nothing definite without the one before are told from those that do."""

from __future__ import annotations

import pytest

from rag.sentences.pointing import depends

POINTING = [
    "It is important in these patients.",
    "If the symptoms are not recognised in time, they may become worse.",
    "Subsequent severe changes call for a stop of treatment.",
    "In arriving at a diagnosis, other causes must be thought of.",
    "Hence, the clearance of the drug may be lower in these patients.",
    "Serum calcium 24 hours later was 10.3 mg/dL.",
    "No evidence of dependency phenomena was found.",
    "There was a significant improvement in survival in women receiving the drug.",
    "With 4 years of follow-up after this rerandomization, most of the women were alive.",
    "Use of the drug for this indication is supported by trials in adults.",
    "Acute symptoms should be treated with an inhaled beta-agonist.",
    "Another patient that was prescribed 400 mg daily took 800 mg on the first day.",
    "Seek medical help right away.",
    "Specifically, 24 patients had effusions.",
    "All patients were over the age of 60 years.",
    "The resulting elevated levels may prolong the interval.",
    "Since this dose is only an estimate, monitor the patient.",
]
DEFINITE = [
    "It is especially important not to use the drug at 20 weeks or later in pregnancy.",
    "There were no reported withdrawal symptoms with the drug during 14 days of observation.",
    "There was a significant improvement in survival compared with placebo.",
    "There was no significant difference between the drug and placebo.",
    "No evidence of carcinogenicity was observed in rats given the drug for two years.",
    "If this drug is used during pregnancy, tell the patient of the hazard to the fetus.",
    "Seek medical help right away if you have a rash or trouble breathing.",
]


@pytest.mark.parametrize("text", POINTING)
def test_what_points_back(text: str) -> None:
    assert depends(text, 0, len(text))


@pytest.mark.parametrize("text", DEFINITE)
def test_what_stands_by_itself(text: str) -> None:
    assert not depends(text, 0, len(text))
