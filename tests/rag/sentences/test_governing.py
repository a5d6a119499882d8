"""What stands further above in a section goes with the sentence that it governs, or the sentence is not shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse.tables import Grid, assemble
from ingest.schema import Document, Kind, Section
from rag.sentences.governing import AFTER, BACK, governed, placed
from rag.sentences.indications import named
from tests.rag.pieces import ask

FILLER = "Swallow the tablets whole with a glass of water in the morning. " * 40
RULE = "The starting dose is 5 mg/kg once daily for the first week."


def section(text: str, slug: str = "dosage_and_administration") -> Section:
    return Section(slug, "Dosage and Administration", ("Dosage and Administration",), text)


def shown(whole: Section, words: str) -> tuple[list[str], str] | None:
    start = whole.text.index(words)
    found = governed(whole, start, start + len(words))
    if found is None:
        return None
    return [whole.text[slice(*span)].strip() for span in found.under], whole.text[found.start : found.end]


@pytest.mark.parametrize(
    ("before", "title"),
    [
        (f"2 DOSAGE AND ADMINISTRATION\n2.1 Pediatric Patients {FILLER}", ["Pediatric Patients"]),
        (
            f"2 DOSAGE AND ADMINISTRATION\n2.3 Rheumatoid Arthritis The dose is 10 mg. {FILLER}",
            ["Rheumatoid Arthritis"],
        ),
        (f"2 DOSAGE AND ADMINISTRATION\n2.1 Pediatric Patients {FILLER}\n2.2 Recommended Dosage ", []),
        (f"DOSAGE AND ADMINISTRATION\n{FILLER}", []),
        (f"2.1 Adults and Pediatric Patients 2 Years of Age {FILLER}In adults and children: ", []),
    ],
)
def test_the_title_of_a_part_goes_with_what_it_governs(before: str, title: list[str]) -> None:
    whole = section(f"{before}{RULE}")
    words = whole.text[whole.text.index("In adults") :] if "In adults" in before else RULE
    assert shown(whole, words) == (title, words)


def test_a_sentence_is_lengthened_to_what_takes_it_back_in_the_next_passage() -> None:
    whole = section(f"{FILLER}{RULE} However, do not use it in gout.")
    assert shown(whole, RULE) == ([], f"{RULE} However, do not use it in gout.")


@pytest.mark.parametrize("first", ["Use with caution; ", ""])
def test_a_sentence_that_looks_like_a_row_is_lengthened_to_what_takes_it_back(first: str) -> None:
    said = f"{first}Renal impairment: reduce the dose; hepatic impairment: give the full dose."
    however = "However, never use it in hepatic failure."
    assert shown(section(f"{FILLER}\n{said} {however}"), said) == ([], f"{said} {however}")


@pytest.mark.parametrize(
    ("slug", "first", "words", "title"),
    [
        ("overdosage", "10 OVERDOSAGE", "Treatment should be symptomatic and supportive.", ["OVERDOSAGE"]),
        ("overdosage", "10 OVERDOSAGE", "In the event of overdosage, monitor the heart.", []),
        (
            "contraindications",
            "4 CONTRAINDICATIONS",
            "Anaphylaxis and rash have been seen in adults.",
            ["CONTRAINDICATIONS"],
        ),
        ("pediatric_use", "8.4 Pediatric Use", "The dose for children is 5 mg once daily.", []),
        ("warnings", "5 WARNINGS", "Treatment should be symptomatic and supportive.", []),
    ],
)
def test_the_name_of_a_section_is_shown_where_it_is_a_part_of_what_is_said(
    slug: str, first: str, words: str, title: list[str]
) -> None:
    assert shown(section(f"{first}\n{words}", slug), words) == (title, words)


def table(header: tuple[str, ...], *rows: tuple[str, ...], caption: str = "Table 1: Reactions in adults") -> Section:
    text, tables = assemble(["6 ADVERSE REACTIONS", Grid(caption, header, rows)])
    return Section("adverse_reactions", "Adverse Reactions", ("Adverse Reactions",), text, tables)


HEADER = ("Reaction", "Xanol %", "Placebo %")


def test_a_row_is_shown_under_its_table_and_its_group() -> None:
    whole = table(HEADER, ("Skin", "Skin", "Skin"), ("Rash", "13", "2"), ("Gut", "Gut", "Gut"), ("Pain", "3", "1"))
    row = "Reaction: Pain; Xanol %: 3; Placebo %: 1"
    assert shown(whole, row) == (["Table 1: Reactions in adults", "Gut"], row)


def test_a_row_without_a_first_cell_is_shown_under_that_of_the_row_above() -> None:
    header = ("Infection", "Clearance", "Dose (mg)")
    rows = (
        ("Two days", "", ""),
        ("Shingles", "≥60", "500 daily"),
        ("", "40-59", "250 daily"),
        ("", "<40", "125 daily"),
    )
    row = "Clearance: <40; Dose (mg): 125 daily"
    assert shown(table(header, *rows), row) == (["Table 1: Reactions in adults", "Two days", "Shingles"], row)
    long = table(header, ("Shingles " * 70, "≥60", "500 daily"), ("", "<40", "125 daily"))
    assert shown(long, row) is None


@pytest.mark.parametrize(
    ("whole", "row"),
    [
        (table(("Weight", "Dose", "Dose"), ("40 kg", "5 mg", "10 mg")), "Weight: 40 kg; Dose: 5 mg; Dose: 10 mg"),
        (
            table(("Weight", "A", "B"), ("kg", "First Cycle", "Second Cycle"), ("40", "5 mg", "10 mg")),
            "Weight: kg; A: First Cycle; B: Second Cycle",
        ),
        (
            table(("", "Xanol", "Placebo"), ("Characteristic", "n (%)", "n (%)"), ("Men", "4 (5)", "3 (4)")),
            "Characteristic; Xanol: n (%); Placebo: n (%)",
        ),
    ],
)
def test_a_row_whose_columns_are_not_told_is_not_shown(whole: Section, row: str) -> None:
    assert shown(whole, row) is None


def test_one_heading_over_several_doses_is_a_choice_among_them() -> None:
    whole = table(("Clearance (mL/min)", "Dose (mg)", "Dose (mg)"), ("15 to 29", "200 QD", "300 QD"))
    row = "Clearance (mL/min): 15 to 29; Dose (mg): 200 QD; Dose (mg): 300 QD"
    assert shown(whole, row) == (["Table 1: Reactions in adults"], row)


def test_a_title_that_is_near_is_quoted_with_its_sentence_in_one() -> None:
    words = "The dose is 5 mg once daily by mouth."
    assert shown(section(f"8.4 Pediatric Use\n{words}", "pediatric_use"), words) == ([], f"Pediatric Use\n{words}")


SENTENCE = FILLER[: len(FILLER) // 40]


@given(
    st.integers(0, 3 * BACK // len(SENTENCE)),
    st.sampled_from(["", "\n", "2.1 Pediatric Use ", "• "]),
    st.integers(0, 2 * AFTER),
)
def test_every_span_is_of_the_section_and_holds_what_was_quoted(before: int, head: str, after: int) -> None:
    whole = section(SENTENCE * before + f"\n{head}{RULE} " + FILLER[:after])
    start = whole.text.index(RULE)
    found = governed(whole, start, start + len(RULE))
    assert found is not None
    assert 0 <= found.start <= start < start + len(RULE) <= found.end <= len(whole.text)
    assert all(0 <= low < high <= found.start for low, high in found.under)


def test_what_the_store_has_otherwise_stays_as_it_is() -> None:
    _, items = ask("Is colchicine safe?")
    assert placed(items, lambda _: None) == items


LONG = "The tablets are white and round and have a score on one of their sides. " * 12


@pytest.mark.parametrize(
    ("before", "words", "under"),
    [
        (
            "For mothers with gout, avoid nursing. For mothers with nausea, there are few data. ",
            "The reported effects were inconsistent.",
            ["For mothers with nausea"],
        ),
        ("In patients with gout, the dose is 5 mg a day. ", "The dose is doubled to 10 mg.", ["In patients with gout"]),
        ("In patients with gout, monitor urate. ", "Adults are given 5 mg a day.", []),
        ("In patients with gout, the dose is 5 mg. ", "In patients with asthma, the dose is 10 mg.", []),
        ("In patients with gout, urate was 5 mg. ", "In vitro, the drug inhibited urate at 5 mg.", []),
        (
            "Otitis Externa: The dose is: For children: Five drops. ",
            "For patients 13 years and older: Ten drops (1.5 mg).",
            ["Otitis Externa:"],
        ),
        (
            "In one trial, ynol was compared with placebo for 9 weeks. ",
            "There were no reported signs of withdrawal.",
            ["In one trial, ynol was compared with placebo for 9 weeks."],
        ),
        ("In one trial, ynol was compared with placebo. ", "Ynol may cause signs of withdrawal.", []),
        ("In one trial, ynol was compared. In adults given tamol, it rose. ", "The level of urate was then low.", []),
    ],
)
def test_what_opens_a_paragraph_is_shown_with_what_it_holds_for(before: str, words: str, under: list[str]) -> None:
    found = shown(section(f"{LONG}\n{before}{words}", "adverse_reactions"), words)
    assert found is not None
    assert found[0] == under


@pytest.mark.parametrize(
    ("opener", "words"),
    [
        (
            "In pediatric patients, zanol dosing is 1 mg/kg daily.",
            "The recommended adult dose of zanol is 100 mg daily.",
        ),
        ("In pediatric patients, zanol dosing is 1 mg/kg daily.", "The dose for an adult may be increased to 100 mg."),
        (
            "For patients with renal impairment, the dose of zanol is 5 mg daily.",
            "The recommended dose otherwise is 50 mg daily.",
        ),
        (
            "In patients taking strong CYP3A4 inhibitors, the dose is 0.6 mg.",
            "The maximum daily dose without inhibitors is 1.2 mg.",
        ),
        (
            "For patients with severe renal impairment, the dose is 5 mg.",
            "Doses in normal renal function are 50 mg daily.",
        ),
        ("For children under 5 years, the dose is 5 mg.", "The dose is 50 mg in everyone else."),
        ("In children, the dose is 5 mg. The usual adult dose is 50 mg.", "The dose may be increased to 100 mg."),
        ("In children, the dose is 5 mg, in adults 50 mg.", "The dose may be increased to 100 mg."),
        (
            "For mothers with gout, avoid it. For mothers with nausea, the dose is 5 mg.",
            "The recommended dose otherwise is 50 mg daily.",
        ),
    ],
)
def test_a_group_is_not_put_over_what_may_be_said_of_others(opener: str, words: str) -> None:
    found = shown(section(f"{LONG}\n{opener} {words}"), words)
    assert found is not None
    assert found[0] == []


def test_the_title_of_a_numbered_part_is_shown_where_the_sentence_does_not_name_it() -> None:
    filler = "A high temperature may occur with stiff muscles. " * 12
    whole = section(f"5 WARNINGS\n5.4 Neuroleptic Malignant Syndrome {filler}Rule out heat stroke first.", "warnings")
    assert shown(whole, "Rule out heat stroke first.") == (
        ["Neuroleptic Malignant Syndrome"],
        "Rule out heat stroke first.",
    )
    whole = section(f"5 WARNINGS\n5.4 Malignant Syndrome {filler}In malignant syndrome, cool the patient.", "warnings")
    assert shown(whole, "In malignant syndrome, cool the patient.") == ([], "In malignant syndrome, cool the patient.")


def noted(*lines: str, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Section:
    text, tables = assemble([*lines, Grid("", header, rows, ("* By formula.", "† By total body weight."))])
    return Section("dosage_and_administration", "Dosage", ("Dosage",), text, tables)


def test_a_row_is_shown_with_the_lead_in_of_its_table_and_the_notes_it_points_at() -> None:
    whole = noted(
        "The initial dosage in renal impairment is shown in the table below. (2.3)",
        header=("CLcr * (mL/min)", "Dosage †"),
        rows=(("30 to 60", "10 mg/kg"), ("15 to 30", "5 mg/kg")),
    )
    row = "CLcr * (mL/min): 30 to 60; Dosage †: 10 mg/kg"
    lead = "The initial dosage in renal impairment is shown in the table below."
    assert shown(whole, row) == ([lead, "* By formula.", "† By total body weight."], row)


@pytest.mark.parametrize(("words", "fits"), [(10, True), (70, True), (101, False), (600, False)])
def test_a_note_is_shown_whole_or_its_quotation_is_not(words: int, fits: bool) -> None:
    said = "The dose is 50 mg once daily*."
    note = " ".join(["*", "Not", *["never"] * (words - 3), "renal."])
    found = shown(section(f"{said}\nSwallow it whole.\n{note}\nKeep it dry."), said)
    assert found == (([note], said) if fits else None)


def test_a_row_whose_note_cannot_be_shown_is_not_shown() -> None:
    rows = (("30 to 60", "10 mg"), ("15 to 30", "5 mg"))
    text, tables = assemble([Grid("Table 1: Doses", ("CLcr", "Dose *"), rows, (f"* Not {'in dialysis ' * 60}.",))])
    whole = Section("dosage_and_administration", "Dosage", ("Dosage",), text, tables)
    assert shown(whole, "CLcr: 30 to 60; Dose *: 10 mg") is None


def test_an_allele_points_at_no_note() -> None:
    whole = noted(
        "The doses by genotype are:", header=("Genotype", "Dose"), rows=(("CYP2C19*2", "10 mg"), ("CYP2C19*1", "5 mg"))
    )
    row = "Genotype: CYP2C19*2; Dose: 10 mg"
    assert shown(whole, row) == (["The doses by genotype are:"], row)


def test_what_has_an_impact_is_shown_with_what_to_do_about_it() -> None:
    rows = (("Clinical Impact:", "Higher levels of it"), ("Intervention:", "Halve the dose of anol"))
    grid, tables = assemble(["7 DRUG INTERACTIONS", Grid("Table 1: Interactions of anol", ("", ""), rows)])
    whole = Section("drug_interactions", "Drug Interactions", ("Drug Interactions",), grid, tables)
    row = "Clinical Impact: Higher levels of it"
    found = shown(whole, row)
    assert found == (["Table 1: Interactions of anol"], f"{row}\nIntervention: Halve the dose of anol")
    text = "Clinical Impact: Anol levels are higher in adults.\nIntervention: Halve the dose of anol in adults."
    assert shown(section(text, "drug_interactions"), text.partition("\n")[0]) == ([], text)


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("The outcome in infants was good.", "Due to limited data, a causal relation cannot be confirmed."),
        ("The dose is 5 mg once daily.", "The maximum dose is 20 mg or up to a total of 40 mg."),
        ("The initial dose is 20 mg once daily.", "Patients older than 60 years: maximum dose is 10 mg once daily."),
        ("The dose is 5 mg. Keep it dry.", "The total daily dosage should not exceed 20 mg."),
        ("Take 2 caplets or 2 tablets. Keep it dry.", "Do not exceed 8 tablets in a day."),
        ("Isolates exhibited resistance to inhibitors.", "All isolates had resistance to anol but retained others."),
        ("One case of an interaction between anol and ynol was reported.", "Levels of ynol were decreased by 50%."),
        ("The effect of anol on warfarin was studied in adults.", "In these adults, the INR did not change."),
        ("Anol raised levels of tamol by 27%.", "Based on the trial, anol should not be given with tamol."),
        (
            "Whether anol is excreted in milk is unknown.",
            "Since many drugs are excreted in milk, it must not be given.",
        ),
        ("Anol increased the exposure of tamoxol.", "Reduce the dosage of tamoxol by half."),
        ("Immerse the tablet in water and stir.", "Immediately drink the liquid."),
    ],
)
def test_a_sentence_is_shown_with_what_limits_it_or_says_what_to_do(said: str, then: str) -> None:
    whole = section(f"{said} {then}", "drug_interactions")
    words = said.partition(". ")[0].rstrip(".") + "."
    assert shown(whole, words) == ([], f"{said} {then}")


def test_nothing_is_added_that_ends_in_a_bare_lead_in_or_within_a_sentence() -> None:
    said = "Anol is contraindicated in children with asthma."
    assert shown(section(f"{said} Anol is also contraindicated in children with:\n• Gout"), said) == ([], said)
    then = f"Anol is also contraindicated in {'very ' * AFTER}ill children."
    assert shown(section(f"{said} {then}"), said) == ([], said)


def test_of_two_quotations_one_of_which_holds_the_other_one_is_left() -> None:
    _, items = ask("Is colchicine safe?")
    first = items[0]
    part = replace(first, text=first.text[:-1], end=first.end - 1)
    assert placed([part, first], lambda _: None) == [first]
    assert placed([first, part], lambda _: None) == [first]


def test_what_holds_several_quotations_stands_for_all_of_them() -> None:
    _, items = ask("Is colchicine safe?")
    whole = items[0]
    assert len(whole.text) > 30
    low, high, other = whole.start, whole.end, replace(items[-1], score=0.5)
    first = replace(whole, text=whole.text[:10], end=low + 10, score=0.9)
    last = replace(whole, text=whole.text[-10:], start=high - 10, score=0.8)
    long = replace(whole, score=0.1)
    assert placed([first, other, last, long], lambda _: None) == [replace(long, score=0.9), other]
    assert placed([other, last, long, first], lambda _: None) == [other, replace(long, score=0.8)]


EMPTY = replace(ask("Is colchicine safe?")[1][0], text="")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), max_size=6))
def test_no_quotation_that_is_left_holds_another(spans: list[tuple[int, int]]) -> None:
    made = [replace(EMPTY, start=low, end=low + length) for low, length in spans]
    kept = [(one.start, one.end) for one in placed(made, lambda _: None)]
    assert not any(a <= c and d <= b for n, (a, b) in enumerate(kept) for m, (c, d) in enumerate(kept) if n != m)
    assert all(any(one.start >= low and one.end <= high for low, high in kept) for one in made)


def test_the_heading_of_a_first_item_is_no_title_of_the_items_after_it() -> None:
    first = "Interaction Studies (See PRECAUTIONS) Oral contraceptives: Their levels were measured in ten women. "
    whole = section(
        f"{first}Coumarins: Bleeding has been reported. Dose adjustment may be necessary.", "drug_interactions"
    )
    assert shown(whole, "Dose adjustment may be necessary.") == ([], "Dose adjustment may be necessary.")


KIDNEYS = "For patients on dialysis, the starting dose should be 5 mg per day."


@pytest.mark.parametrize(
    ("between", "head"),
    [
        ("AGS Caution should be taken in these patients. ", ["AGS"]),
        ("Treatment of Night Cramps For treatment the dose is 9 mg. AGS Caution should be taken. ", ["AGS"]),
        ("Treatment of Night Cramps: 9 mg once daily. Ask for kidney disease. ", ["Treatment of Night Cramps"]),
        ("AGS must be confirmed before. ", []),
        ("AGS Caution should be taken.\nThe drug is taken with food. ", []),
    ],
)
def test_a_dose_goes_with_the_indication_that_heads_its_part_of_the_paragraph(between: str, head: list[str]) -> None:
    text = (
        "2 DOSAGE AND ADMINISTRATION\n• Treatment of Night Cramps: 9 mg once daily.\n• AGS: 5 to 10 mg once daily.\n"
        f"2.5 Dose Modification in Renal Impairment The dose depends on the kidneys. {between}{KIDNEYS}"
    )
    whole = section(text)
    names = named(Document("label:a:1", Kind.LABEL, "Anol", "a", "1", "0" * 64, (whole,)))
    found = governed(whole, text.index(KIDNEYS), len(text), names)
    assert found is not None
    assert [text[slice(*span)] for span in found.under] == head
