"""What is said of other patients than the question's is left out, by the titles that it stands under."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.asked.focus import populations, under_fitting
from rag.asked.touches import groups_in
from rag.query import understand
from rag.types import Evidence, Quote
from tests.rag.bookshelf import Bookshelf, document
from tests.rag.pieces import ask


@pytest.mark.parametrize(
    ("question", "title", "stays"),
    [
        ("What is the dose of colchicine?", "Pediatric Patients", False),
        ("My dad takes colchicine twice a day, what if he forgets it?", "Pediatric Patients", False),
        ("What is the dose of colchicine in puberty?", "Pediatric Patients", True),
        ("What is the dose of colchicine for a 9-year-old?", "Pediatric Patients", True),
        ("What is the dose of colchicine for a child?", "Adult Patients", False),
        ("What is the dose of colchicine for a child?", "Adult and Pediatric Patients", True),
        ("What is the dose of colchicine?", "Patients with Renal Impairment", True),
        ("Colchicine dose in pregnancy?", "Patients with Renal Impairment", False),
        ("Colchicine dose in renal impairment?", "Patients with Renal Impairment", True),
    ],
)
def test_titles_of_other_patients(question: str, title: str, stays: bool) -> None:
    query, items = ask(question)
    item = replace(items[0], under=(Quote.of(title, 0, len(title)),))
    assert (under_fitting(query, [item]) == [item]) is stays


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Newborns should be monitored.", {"children"}),
        ("Patients aged 2 to less than 12 years receive 9 mg/kg.", {"children"}),
        ("Infections were more frequent in patients < 6 years of age.", {"children"}),
        ("Not for those younger than 2 weeks.", {"children"}),
        ("Not for those below 24 months.", {"children"}),
        ("Not for those under 18 months.", {"children"}),
        ("Given to patients < 12 years.", {"children"}),
        ("Given to those aged less than 24 months.", {"children"}),
        ("Given to those who were less than 12 years old.", {"children"}),
        ("Age: < 12 years", {"children"}),
        ("They had diabetes for < 5 years.", set()),
        ("In patients with survival < 5 years.", set()),
        ("A life expectancy less than 10 years.", set()),
        ("Women less than 65 years of age did as well.", set()),
        ("Estrogens were taken for less than 1 year.", set()),
        ("Progression within < 6 months.", set()),
        ("Use in seniors and older women.", {"older adults"}),
        ("Child-Pugh A", {"hepatic impairment"}),
    ],
)
def test_the_groups_of_patients_that_a_text_names(text: str, told: set[str]) -> None:
    assert populations(text) == groups_in(text) == told


def test_a_title_that_is_quoted_with_the_sentence_counts() -> None:
    query, items = ask("What is the starting dose of colchicine?")
    child = replace(items[0], text="Dosage for Pediatric Patients (7 Years and Older)\n• The dose is based on weight.")
    assert under_fitting(query, [child, items[1]]) == [items[1]]


def test_where_a_title_names_what_is_asked_about_another_titles_dose_goes() -> None:
    query, items = ask("What is the dose of colchicine for gout flares?")
    gout, fever, bare = (
        replace(items[0], under=tuple(Quote.of(title, 0, len(title)) for title in titles))
        for titles in (["Gout Flares"], ["Familial Mediterranean Fever"], [])
    )
    assert under_fitting(query, [fever, gout, bare]) == [gout, bare]
    assert under_fitting(query, [fever, bare]) == [fever, bare]


def test_a_list_that_begins_with_other_patients_stays() -> None:
    query, items = ask("Colchicine with a creatinine clearance of 8?")
    text = "Pediatric Use: Not studied. Renal Impairment: Not studied in dialysis. Hepatic Impairment: Not studied."
    item = replace(items[0], text=text)
    assert under_fitting(query, [item]) == [item]


@pytest.mark.parametrize("opener", ["In pediatric patients", "For patients with gout", "Among older children"])
def test_no_sentence_goes_for_a_title_that_is_inferred(opener: str) -> None:
    query, items = ask("What is the adult dose of colchicine for fever?")
    item = replace(items[0], under=(Quote.of(opener, 0, len(opener)),))
    fever = replace(items[0], under=(Quote.of("Familial Mediterranean Fever", 0, 28),))
    assert item in under_fitting(query, [item, fever])


def test_rows_and_parts_of_another_illness_go_where_one_is_of_the_questions() -> None:
    rows = [f"Indication: {name}; Clearance: 20 to 39 mL/min; Dose: {n} mg" for n, name in enumerate(ILLNESSES, 1)]
    shelf = Bookshelf([document("label:x:1", [("dosage_and_administration", "\n".join(rows))], "xanol")])
    hit = shelf.search(understand("xanol", shelf.resolver()), 1)[0]
    at = [hit.passage.text.index(row) for row in rows]
    found = [Evidence(hit, row, start, start + len(row), 0.8) for start, row in zip(at, rows, strict=True)]
    query = understand("xanol dose for shingles with CrCl 30", shelf.resolver())
    assert [item.text for item in under_fitting(query, found)] == [rows[2]]
    assert under_fitting(query, found[:2]) == found[:2]
    plain = understand("xanol dose with CrCl 30", shelf.resolver())
    assert under_fitting(plain, found) == found


ILLNESSES = ("Gout", "Atrial fibrillation", "Herpes zoster")
