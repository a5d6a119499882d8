"""Rows of dose and interaction tables as typed fields: what is read, and what is left as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse.tables import render_row
from ingest.schema import Section, Table
from rag.tables.ranges import Range, rate
from rag.tables.rows import Dose, Share, read, row_at

RENAL = ("Creatinine Clearance (mL/min)", "Dose (mg)", "Frequency")


def table(header: tuple[str, ...], *rows: tuple[str, ...], caption: str = "") -> Table:
    text = "\n".join(render_row(header, row) for row in rows)
    return Table(caption, header, rows, 0, len(text))


@pytest.mark.parametrize(
    ("cell", "low", "high", "above", "below"),
    [
        ("30 to 60", 30, 60, False, False),
        ("30-59*", 30, 59, False, False),
        ("> 30 to 60", 30, 60, True, False),
        ("Greater than or equal to 30 to less than 60", 30, 60, False, True),
        ("< 30", None, 30, False, True),
        ("≥60", 60, None, False, False),
        ("50 to 31", 31, 50, False, False),
        ("CrCl 15 to 29 mL/min", 15, 29, False, False),
        ("10", 10, 10, False, False),
    ],
)
def test_a_range_of_kidney_function(cell: str, low: float, high: float, above: bool, below: bool) -> None:
    assert rate(cell, "Creatinine Clearance (mL/min)") == Range(low, high, "mL/min", above, below)


@pytest.mark.parametrize("cell", ["Hemodialysis", "5069", "30 mg", "50% of 30", "weight 30 to 60", ""])
def test_what_is_no_range_of_kidney_function(cell: str) -> None:
    assert rate(cell, "Creatinine Clearance (mL/min)") is None


def test_an_infusion_rate_is_no_kidney_function() -> None:
    assert rate("5 to 10 mL/min", "Infusion rate") is None


def test_bounds_count_as_they_are_told() -> None:
    assert 30 in Range(30, 60, "mL/min")
    assert 30 not in Range(30, 60, "mL/min", above=True)
    assert 60 not in Range(30, 60, "mL/min", below=True)
    assert 200 in Range(60, None, "mL/min")


def test_a_renal_dose_takes_its_units_from_the_header() -> None:
    found = read(table(RENAL, ("< 30", "250 to 500", "Every 12 hours"), ("≥ 30", "None", "")), 0)
    assert (found.kind, found.complete) == ("dose", True)
    assert found.renal == Range(None, 30, "mL/min", below=True)
    assert found.doses == (Dose("250 to 500 mg", 250, 500, "mg", "every 12 hour", column="Dose (mg)"),)
    assert not read(table(RENAL, ("≥ 30", "None", "")), 0).doses


def test_a_column_for_a_kidney_function_gives_it_to_its_doses() -> None:
    header = ("Indication", "CrCl 30 to 60 mL/min", "CrCl less than 30 mL/min")
    doses = read(table(header, ("Ulcer", "20 mg once daily", "10 mg every other day")), 0).doses
    assert [(one.low, one.frequency, one.renal) for one in doses] == [
        (20, "1/day", Range(30, 60, "mL/min")),
        (10, "every 2 day", Range(None, 30, "mL/min", below=True)),
    ]


def test_kidney_functions_may_stand_in_a_row_above_the_doses() -> None:
    found = table((), ("Creatinine clearance (mL/min)", "40 to 30", "less than 15"), ("Dose", "5 mg", "2 mg"))
    assert [one.renal for one in read(found, 1).doses] == [
        Range(30, 40, "mL/min"),
        Range(None, 15, "mL/min", below=True),
    ]


def test_what_is_no_amount_is_advice() -> None:
    found = read(table(("eGFR (mL/min)", "Recommended Dosage"), ("< 15", "Not recommended")), 0)
    assert (found.doses, found.recommendation) == ((), "Not recommended")


def test_advice_beside_an_amount_stays() -> None:
    header = ("Renal function", "Dose regimen")
    found = read(table(header, ("CrCl 30 to 59 mL/min", "No adjustment; not more than 1 g once daily")), 0)
    assert (found.doses[0].low, found.recommendation) == (1, "No adjustment; not more than 1 g once daily")
    assert not read(table(header, ("CrCl 30 to 59 mL/min", "1 g orally once daily")), 0).recommendation


def test_the_usual_dose_is_none_for_the_kidney_function_beside_it() -> None:
    header = ("Indication and Normal Dosage Regimen", "Creatinine Clearance (mL/min)", "Adjusted Dose (mg)")
    found = read(table(header, ("Cold sores, 1000 mg daily", "< 20", "250")), 0)
    assert [(one.low, one.column) for one in found.doses] == [(250, "Adjusted Dose (mg)")]
    assert found.population == "Cold sores, 1000 mg daily"


def test_ages_and_weights() -> None:
    header = ("Age", "Weight", "Dose")
    found = read(table(header, ("2 to less than 6 years", "less than 14 kg", "5 mg twice daily")), 0)
    assert found.age == Range(2, 6, "year", below=True)
    assert found.weight == Range(None, 14, "kg", below=True)


def test_an_interaction_by_its_header() -> None:
    header = ("Concomitant Drug Class: Drug Name", "Effect on Concentration", "Clinical Comment")
    found = read(table(header, ("Azoles: xanazole", "↑ zanol", "Reduce the dose of zanol.")), 0, "drug_interactions")
    assert (found.kind, found.complete) == ("interaction", True)
    assert (found.partner, found.effect) == ("Azoles: xanazole", "↑ zanol")
    assert found.recommendation == "Reduce the dose of zanol."


def test_an_interaction_by_its_first_cell_and_group() -> None:
    rows = (("Azoles", "Azoles"), ("Clinical Impact:", "More zanol."), ("Intervention:", "Avoid."), ("Examples:", "x"))
    found = [read(table((), *rows), number, "drug_interactions") for number in range(4)]
    assert [one.kind for one in found] == ["other", *["interaction"] * 3]
    assert [one.partner for one in found[1:]] == ["Azoles", "Azoles", "Azoles, x"]
    assert (found[1].effect, found[2].recommendation) == ("More zanol.", "Avoid.")


def test_without_a_group_the_partner_is_not_guessed() -> None:
    found = read(table((), ("Clinical Impact:", "More zanol.")), 0, "drug_interactions")
    assert (found.partner, found.effect, found.complete) == ("", "More zanol.", False)


def test_percentages_of_each_arm_where_a_sign_says_so() -> None:
    header = ("Reaction", "Zanol (N=100) %", "Placebo (N=98) n (%)", "Score")
    found = read(table(header, ("Rash", "12", "<1", "7")), 0, "adverse_reactions")
    assert (found.kind, found.reaction) == ("adverse_reaction", "Rash")
    assert found.shares == (Share(header[1], 12.0),)
    assert found.rest == ((header[2], "<1"), (header[3], "7"))
    counted = read(table(header, ("Rash", "12", "4 (<5)", "7")), 0, "adverse_reactions")
    assert counted.shares[1] == Share(header[2], 5.0, "<")


def test_a_table_of_nothing_known_stays_text() -> None:
    found = read(table(("A", "B"), ("one", "two")), 0, "clinical_studies")
    assert (found.kind, found.rest) == ("other", (("A", "one"), ("B", "two")))


CELLS = st.text("ab1 2-<>mg/%().\u2264", max_size=12)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4), st.lists(CELLS, max_size=4))
def test_any_table_is_read_and_no_row_is_found_where_another_stands(rows: list[list[str]], header: list[str]) -> None:
    made = [tuple(row) for row in rows]
    lines = [render_row(tuple(header), row) for row in made]
    found = Table("Doses", tuple(header), tuple(made), 5, 5 + len("\n".join(lines)))
    start = 5
    for number, line in enumerate(lines):
        read(found, number, "dosage_and_administration")
        if line:
            row = row_at((found,), start, start + len(line), "dosage_and_administration")
            assert row is not None
            assert (row.number, row.cells, row.table) == (number + 1, made[number], "Doses")
        start += len(line) + 1


def test_a_span_over_two_rows_is_no_row() -> None:
    found = table(RENAL, ("< 30", "5", "daily"), ("≥ 30", "9", "daily"))
    section = Section("dosage", "Dosage", (), "\n".join(render_row(RENAL, row) for row in found.rows), (found,))
    assert row_at(section.tables, 0, len(section.text), "dosage") is None
    assert row_at(section.tables, len(section.text) + 1, len(section.text) + 5, "dosage") is None


def test_an_effect_that_is_quoted_with_what_to_do_about_it_is_one_row() -> None:
    rows = (
        ("Azoles", "Azoles"),
        ("Clinical Impact:", "More zanol."),
        ("Intervention:", "Avoid."),
        ("Clinical Impact:", "Less zanol."),
    )
    found = table(("", ""), *rows)
    lines = [render_row(found.header, row) for row in rows]
    start = len(lines[0]) + 1
    end = start + len(lines[1]) + 1 + len(lines[2])
    row = row_at((found,), start, end, "drug_interactions")
    assert row is not None
    assert (row.number, row.cells, row.group) == (2, rows[1], "Azoles")
    assert (row.reading.effect, row.reading.recommendation) == ("More zanol.", "Avoid.")
    assert row_at((found,), start, end + 5, "drug_interactions") is None
    assert row_at((found,), start + len(lines[1]) + 1, found.end, "drug_interactions") is None
    alone = row_at((found,), start, start + len(lines[1]), "drug_interactions")
    assert alone is not None
    assert alone.reading.recommendation == ""


def test_a_dose_beside_a_range_heads_no_column() -> None:
    rows = (("30 to 50 mL/min", "250"), ("below 30 mL/min", "125"))
    table = Table("Dose by creatinine clearance", ("Creatinine clearance (mL/min)", "Dose (mg)"), rows, 0, 1)
    reading = read(table, 1, "dosage_and_administration")
    assert reading.renal is None or 250 not in reading.renal
    assert all(dose.renal is None or 250 not in dose.renal for dose in reading.doses)


def test_a_row_without_a_first_cell_is_of_the_group_of_the_row_above() -> None:
    header = ("Infection", "Creatinine Clearance (mL/min)", "Dose (mg)")
    rows = (("Shingles", "≥60", "500"), ("", "40-59", "250"))
    assert read(table(header, *rows), 1, "dosage_and_administration").population == "Shingles"
    assert read(table(("", "", ""), *rows), 1, "dosage_and_administration").population == ""
