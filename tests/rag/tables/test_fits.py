"""The row of a dose table that is for the question's patient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.drugs import Resolver
from rag.query import Query, understand
from rag.tables.fits import for_partner, for_patient, later, measured
from tests.rag.bookshelf import Bookshelf, corpus

RESOLVER: Resolver = Bookshelf(corpus()).resolver()
ROW = "Creatinine clearance (mL/min): 30 to 50; Dose (mg): 250; Frequency: every 12 hours"


def asked(question: str) -> Query:
    return understand(question, RESOLVER)


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("colchicine dose at CrCl 40", True),
        ("colchicine dose with a clearance of 35 mL/min", True),
        ("colchicine dose at eGFR 25", False),
        ("colchicine dose in renal impairment", None),
        ("colchicine 40 mg?", None),
    ],
)
def test_the_figure_of_the_question_decides(question: str, fits: bool | None) -> None:
    assert for_patient(asked(question), ROW) is fits


@pytest.mark.parametrize(
    "text",
    [
        "At a creatinine clearance of 30 to 50 mL/min give 250 mg every 12 hours.",  # a sentence, read as any other
        "With: Ketoconazole; Effect: More colchicine; What to do: Avoid",
        "",
    ],
)
def test_what_names_no_range_in_a_row_is_for_everybody(text: str) -> None:
    assert for_patient(asked("colchicine dose at CrCl 40"), text) is None


@pytest.mark.parametrize(
    ("question", "row", "fits"),
    [
        ("colchicine ceiling for a 70-year-old", "Patient group: Older than 60 years; Dose: 0.6 mg", True),
        ("colchicine dose at 81", "Patient group: Older than 60 years; Dose: 0.6 mg", None),
        ("colchicine dose, aged 81", "Indication: Gout, elderly; Dose: 0.6 mg", True),
        ("colchicine dose, aged 81", "Indication: Gout, adults; Dose: 1.2 mg", None),
        ("colchicine dose, aged 81", "Indication: Fever, 4 to 11 years; Dose: 0.6 mg", False),
        ("colchicine dose for a 7-year-old", "Age: 6 to 14 years; Dose: 0.6 mg", True),
        ("colchicine dose for a 14-year-old", "Age: 6 to below 14 years; Dose: 0.6 mg", False),
        ("colchicine dose for a 5-month-old", "Age: 1 month to below 6 months; Dose: 0.6 mg", True),
        ("colchicine dose for a child", "Indication: Gout, adults; Dose: 1.2 mg", False),
        ("colchicine dose for a 20-year-old", "Setting: Chemotherapy, adults and 12 to 17 years; Dose: 8 mg", None),
        ("colchicine dose for a 70-year-old", "Group: Older than 60 years or no monitoring; Dose: 1 mg", None),
        ("colchicine dose for a 70-year-old", "Disease: Syphilis older than one year; Dose: 1 mg", None),
        ("colchicine dose for a 9-year-old", "Group: Children over 8 years and less than 45 kg; Dose: 2 mg/kg", True),
        ("colchicine dose for a 5-year-old", "Group: Children over 8 years and less than 45 kg; Dose: 2 mg/kg", False),
        ("70-year-old, colchicine dose raised in May: is he at risk?", "Age: 65 years and older; Dose: 0.6 mg", None),
        ("colchicine dose for a 70-year-old", "Age: Greater than 12 years but still growing; Dose: 0.6 mg", None),
        ("does colchicine harm a 70-year-old?", "Patient group: Older than 60 years; Dose: 0.6 mg", None),
        ("colchicine dose in Child-Pugh C", "Patient: Severe hepatic impairment; Dose: 0.3 mg", True),
        ("colchicine dose in Child-Pugh B", "Patient: Severe hepatic impairment; Dose: 0.3 mg", False),
        ("colchicine dose in Child-Pugh B", "Patient: Child-Pugh class A or B; Dose: 0.3 mg", True),
        ("colchicine dose for a 70-year-old with Child-Pugh B", "Patient: Child-Pugh class A or B; Dose: 0.3 mg", True),
        ("colchicine dose in liver disease", "Patient: Hepatic impairment; Dose: 0.3 mg", True),
        ("colchicine dose in severe renal impairment", "Patient: Mild or moderate renal impairment; Dose: 1 mg", False),
        ("colchicine dose in severe renal impairment", "Patient: Kidney transplant; Dose: 1 mg", None),
        ("start of colchicine, kidney disease", "Situation: Adults, to lower kidney risk; Dose: 1 mg", None),
        ("colchicine dose in renal impairment", "Patient: Severe renal impairment; Dose: 1 mg", True),
        ("colchicine dose in severe renal impairment", "Patient: Renal impairment; Dose: 1 mg", True),
        ("colchicine dose at a weight of 30 kg", "Weight: 23.1 kg to 40 kg; Dose: 60 mg", True),
        ("colchicine dose at a weight of 50 kg", "Weight: 23.1 kg to 40 kg; Dose: 60 mg", False),
    ],
)
def test_age_weight_liver_and_group_decide_where_a_dose_is_asked_for(
    question: str, row: str, fits: bool | None
) -> None:
    assert for_patient(asked(question), row) is fits


@pytest.mark.parametrize(
    ("question", "row", "fits"),
    [
        ("colchicine and alcohol", "With: Alcohol; Effect: More; What to do: Avoid", True),
        ("colchicine with propafenone", "With: Propafenone, quinidine; Effect: More; What to do: Avoid", True),
        ("colchicine with propafenone", "With: Quinidine; Effect: More with propafenone; What to do: Avoid", False),
        ("colchicine with propafenone", "Patient: On propafenone; Dose: 1 mg; Frequency: daily", False),
        ("colchicine with propafenone", "Drug class: Propafenone; Clinical Effect: More; Clinical Effect: Less", False),
        ("colchicine dose", "With: Alcohol; Effect: More; What to do: Avoid", False),
        ("colchicine with propafenone", "Avoid propafenone with colchicine.", False),
        ("colchicine dose with propafenone", "Week 1; In patients TAKING Propafenoneᵃ: 1 mg; In others: 2 mg", True),
        (
            "colchicine dose with propafenone",
            "Week 1; In patients NOT TAKING Propafenone: 1 mg; In others: 2 mg",
            False,
        ),
        ("colchicine with propafenone", "Week 1; In patients TAKING Propafenone: 1 mg; In others: 2 mg", False),
        (
            "colchicine dose with propafenone",
            "Week 1; For Patients NOT Currently Taking Propafenone: 1 mg; Others: 2 mg",
            False,
        ),
        (
            "colchicine dose with propafenone",
            "Week 1; For Patients TAKING Drugs Other  Than Quinidine, Digoxin or Propafenone: 1 mg; Others: 2 mg",
            False,
        ),
        ("colchicine dose with propafenone", "Week 1; Without concomitant Propafenone: 1 mg; Others: 2 mg", False),
        ("colchicine dose with propafenone", "Week 1; Taking inhibitors except Propafenone: 1 mg; Others: 2 mg", False),
        ("colchicine dose with propafenone", "Week 1; Taking neither Digoxin nor Propafenone: 1 mg; Others: 2", False),
        (
            "colchicine dose with propafenone",
            "Week 1; TAKING Propafenone or Quinidine and NOT TAKING Digoxin: 1 mg; Others: 2 mg",
            True,
        ),
    ],
)
def test_the_row_on_the_partner(question: str, row: str, fits: bool) -> None:
    query = asked(question)
    assert for_partner(query, row, query.drugs.index(("colchicine",))) is fits
    assert not for_partner(query, row, None)


@given(st.integers(1, 17), st.integers(1, 17), st.integers(0, 17))
def test_a_row_is_for_children_of_its_ages(age: int, low: int, width: int) -> None:
    row = f"Age: {low} to {low + width} years; Dose: 1 mg; Frequency: daily"
    fits = for_patient(asked(f"colchicine dose for a {age}-year-old"), row)
    assert fits is (low <= age <= low + width) or (width == 0 and fits is None)


@pytest.mark.parametrize(("value", "fits"), [(25, True), (45, False)])
def test_a_filtration_rate_has_one_unit(value: int, fits: bool) -> None:
    row = "Situation: Inducer, eGFR less than 30; Dose: Do not start; Note: none"
    assert for_patient(asked(f"colchicine at eGFR {value}"), row) is fits


@given(st.integers(1, 150), st.integers(5, 60), st.integers(1, 60))
def test_a_row_is_for_those_within_its_range(value: int, low: int, width: int) -> None:
    row = f"Creatinine clearance (mL/min): {low} to {low + width}; Dose: 1 mg; Frequency: daily"
    query = asked(f"colchicine dose at CrCl {value}")
    assert for_patient(query, row) is (low <= value <= low + width)


@pytest.mark.parametrize(
    ("question", "row", "is_later"),
    [
        (
            "colchicine starting dose with propafenone",
            "Week 5; In patients TAKING Propafenone: 1 mg; Others: 2 mg",
            True,
        ),
        ("How do I start colchicine?", "Usual maintenance dose; Adults: 1 mg; Others: 2 mg", True),
        ("colchicine initial dose", "Weeks 1 and 2; Adults: 1 mg; Others: 2 mg", False),
        ("colchicine dose", "Week 5; Adults: 1 mg; Others: 2 mg", False),
        ("colchicine initial dose", "The maintenance dose is 2 mg daily.", False),
    ],
)
def test_a_later_stage_is_not_the_starting_dose(question: str, row: str, is_later: bool) -> None:
    assert later(asked(question), row) is is_later


@pytest.mark.parametrize(
    ("question", "row", "expected"),
    [
        ("Max colchicine dose with eGFR 38?", "Group: Clcr 31-60 mL/min; Peak level: 4.12; Renal clearance: 108", True),
        ("Max colchicine dose with eGFR 38?", "Group: Clcr 31-60 mL/min; Dose: 4 mg; AUC: 108", False),
        ("Max colchicine dose with eGFR 38?", ROW, False),
        ("colchicine levels at eGFR 38?", "Group: Clcr 31-60 mL/min; Peak level: 4.12; Renal clearance: 108", False),
    ],
)
def test_a_measured_row_is_no_dose(question: str, row: str, expected: bool) -> None:
    assert measured(asked(question), row) is expected
    if expected:
        assert for_patient(asked(question), row) is None


@pytest.mark.parametrize(
    ("cell", "fits"), [("Older than 60 years", True), ("Older than 50 years", None), ("Older than 2 years", None)]
)
def test_a_row_from_sixty_on_is_for_the_elderly(cell: str, fits: bool | None) -> None:
    assert (
        for_patient(asked("colchicine dose in the elderly"), f"Patient group: {cell}; Dose: 2 mg; Note: none") is fits
    )
