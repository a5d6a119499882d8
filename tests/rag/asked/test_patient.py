"""The patient, the route and what is not tolerated."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asked.patient import age_of, of_old_age, populations_of, routes_of, weight_of
from rag.drugs import Resolver
from rag.query import Query, understand

NAMES = "cefazolin;penicillin g;warfarin;apixaban;ibuprofen;celecoxib;sulfamethoxazole;amoxicillin;epinephrine"
RESOLVER = Resolver.from_names([(name, "generic", name) for name in NAMES.split(";")])


def query(question: str) -> Query:
    return understand(question, RESOLVER)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ibuprofen in pregnancy", [("pregnancy", "", "")]),
        ("in the third trimester", [("pregnancy", "3", "trimester")]),
        ("safe at 20 weeks pregnant?", [("pregnancy", "20", "weeks")]),
        ("while breast-feeding", [("lactation", "", "")]),
        ("compatible with Ringer's lactate", []),
        ("a 7-year-old", [("child", "7", "years")]),
        ("a 6 month old infant", [("child", "6", "months"), ("child", "", "")]),
        ("for 7 days", []),
        ("a 40 year old man", []),
        ("an 82 yo woman", [("elderly", "82", "years")]),
        ("aged 70", [("elderly", "70", "years")]),
        ("In a patient aged 82 with gout", [("elderly", "82", "years")]),
        ("age >= 80", [("elderly", ">80", "years")]),
        ("age ≥80 years", [("elderly", ">80", "years")]),
        ("people over 75", [("elderly", ">75", "years")]),
        ("patients older than 65 years", [("elderly", ">65", "years")]),
        ("age greater than or equal to 80", [("elderly", ">80", "years")]),
        ("age < 12", [("child", "<12", "years")]),
        ("over age 75", [("elderly", ">75", "years")]),
        ("under the age of 12", [("child", "<12", "years")]),
        ("above 75 years of age", [("elderly", ">75", "years")]),
        ("under age 6 months", [("child", "6", "months")]),
        ("aged 6 months", [("child", "6", "months")]),
        ("given over 70 years", []),
        ("patients under 70", []),
        ("patients over 12", []),
        ("patients over 80 kg", []),
        ("older adults", [("elderly", "", "")]),
        ("eGFR 25", [("renal", "25", "mL/min")]),
        ("eGFR <30 mL/min/1.73 m2", [("renal", "<30", "mL/min")]),
        ("CrCl of less than 15 ml/min", [("renal", "<15", "mL/min")]),
        ("creatinine clearance above 60", [("renal", ">60", "mL/min")]),
        ("stage 4 CKD", [("renal", "4", "stage")]),
        ("CKD stage 3b", [("renal", "3b", "stage")]),
        ("on hemodialysis", [("renal", "hemo", "dialysis")]),
        ("on dialysis", [("renal", "", "dialysis")]),
        ("renal impairment", [("renal", "", "")]),
        ("Child-Pugh class B cirrhosis", [("hepatic", "b", "class"), ("hepatic", "", "")]),
        ("liver disease", [("hepatic", "", "")]),
        ("kidney stones", []),
        ("I am trying for a baby", [("pregnancy", "", "")]),
        ("", []),
    ],
)
def test_populations(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(one.name, one.value, one.unit) for one in populations_of(text)] == found


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("in patients with age ≥80 years", True),
        ("Patients aged 75 or older", True),
        ("age greater than 80", True),
        ("65 years of age and older", True),
        ("> 65 years", True),
        ("age greater than or equal to 80 years", True),
        ("those 75 and older", True),
        ("age less than or equal to 80 years", False),
        ("an 82-year-old man", True),
        ("less than 65 years of age", False),
        ("18 to 65 years of age", False),
        ("aged 18 years", False),
        ("at least 80 mg for 70 days", False),
        ("CrCl > 80 mL/min", False),
        ("dosage 75 mg", False),
        ("page 80", False),
    ],
)
def test_ages_of_older_adults_in_a_text(text: str, old: bool) -> None:
    assert of_old_age(text) is old


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("a 70-year-old", 70.0),
        ("18 months old", 1.5),
        ("aged 44", 44.0),
        ("for 7 days", None),
        ("siblings, 4 years old and 6 years old", None),
        ("people over 75", 76.0),
        ("a patient over 75, on a drug", 76.0),
        ("adults aged 18-64 years", None),
        ("children 6 to 12 years old", None),
        ("a 7-year-old on 5-10 mg", 7.0),
        ("a man aged 70 - 5 mg daily", 70.0),
        ("someone under 50 pounds", None),
        ("someone under 90 lb", None),
        ("patients over 50 kilograms", None),
        ("patients over 3 tablets daily", None),
        ("patients >100,000 platelets", None),
        ("patients under 90 mmHg", None),
        ("patients <1.5 INR", None),
        ("patients over 300", None),
        ("", None),
    ],
)
def test_the_age_of_the_one_patient(text: str, age: float | None) -> None:
    assert age_of(text) == age


@pytest.mark.parametrize(("text", "weight"), [("lean weight 70 kg", 70.0), ("5 mg/kg", None), ("20 kg or 30 kg", None)])
def test_the_weight_of_the_one_patient(text: str, weight: float | None) -> None:
    assert weight_of(text) == weight


@given(
    st.text(max_size=80)
    | st.sampled_from(["eGFR 25 in a 7 year old on dialysis", "Child-Pugh C, 80 yo, 3rd trimester"])
)
def test_populations_are_spans_in_order(text: str) -> None:
    found = populations_of(text)
    assert all(text[one.start : one.end] == one.surface for one in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@pytest.mark.parametrize(
    ("text", "routes"),
    [
        ("metronidazole IV versus oral", ("oral", "intravenous")),
        ("topical cream", ("topical",)),
        ("albuterol inhaler", ("inhalation",)),
        ("I'm taking it", ()),
        ("oral contraceptives", ()),
        ("given IM", ("intramuscular",)),
        ("eye drops", ("ophthalmic",)),
        ("vaginal candidiasis", ()),
        ("nasal congestion, nasal spray", ("nasal",)),
        ("fentanyl patch", ("transdermal",)),
    ],
)
def test_routes(text: str, routes: tuple[str, ...]) -> None:
    assert routes_of(text) == routes


@pytest.mark.parametrize(
    ("question", "drugs", "feared"),
    [
        ("penicillin allergy, can I give cefazolin?", ["cefazolin"], ["penicillin"]),
        ("Can a patient allergic to penicillin and sulfa take ibuprofen?", ["ibuprofen"], ["penicillin", "sulfa"]),
        ("anaphylaxis to amoxicillin: is cefazolin safe?", ["cefazolin"], ["amoxicillin"]),
        ("I have an egg allergy, is epinephrine ok?", ["epinephrine"], ["egg"]),
        ("zorbicillin allergy, can I give cefazolin?", ["cefazolin"], ["zorbicillin"]),
        ("sulfa allergy and celecoxib", ["celecoxib"], ["sulfa"]),
        ("Can ibuprofen cause an allergic reaction?", ["ibuprofen"], []),
        ("allergic reaction to amoxicillin", ["amoxicillin"], []),
        ("How is a seasonal allergy treated with epinephrine?", ["epinephrine"], []),
    ],
)
def test_what_is_not_tolerated_is_not_asked_about(question: str, drugs: list[str], feared: list[str]) -> None:
    found = query(question)
    assert [" and ".join(keys) for keys in found.drugs] == drugs
    assert [one.surface for one in found.allergies] == feared
    assert all(question[one.start : one.end] == one.surface for one in found.allergies)
    assert found.unresolved == ()
    if feared:
        assert "contraindications" in found.sections
        assert set(feared) <= set(found.partners)


def test_an_allergy_alone_is_asked_about() -> None:
    found = query("signs of penicillin allergy")
    assert found.allergies == ()
    assert [one.name for one in found.classes] == ["penicillin"]


@pytest.mark.parametrize(
    ("question", "roles"),
    [
        ("My mother is on warfarin, can she take ibuprofen?", ["current", "asked"]),
        ("Can I take ibuprofen while taking warfarin?", ["asked", "current"]),
        ("Can I take warfarin with ibuprofen?", ["asked", "asked"]),
        ("How to switch from warfarin to apixaban?", ["from", "asked"]),
        ("penicillin g allergy, cefazolin?", ["allergy", "asked"]),
    ],
)
def test_roles(question: str, roles: list[str]) -> None:
    assert [one.role for one in query(question).mentions] == roles


def test_a_switch_is_a_comparison_and_a_drug_taken_an_interaction() -> None:
    assert query("converting from warfarin to apixaban").shape == "comparison"
    assert query("My mother is on warfarin, can she take ibuprofen?").shape == "interaction"
