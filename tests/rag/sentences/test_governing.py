"""What stands further above in a section goes with the sentence that it governs, or the sentence is not shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse.tables import Grid, assemble
from ingest.schema import Section
from rag.sentences.governing import AFTER, BACK, governed, placed
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


def test_an_item_of_a_list_whose_lead_in_bars_it_is_not_shown_alone() -> None:
    item = "• Adults are given the drug with inhibitors of this enzyme."
    whole = section(f"The drug must not be used in these ways:\n{item}\n{item[:-1]} too.", "warnings")
    assert shown(whole, item[2:]) is None


@pytest.mark.parametrize(
    ("slug", "first", "words", "title"),
    [
        ("overdosage", "10 OVERDOSAGE", "Treatment should be symptomatic and supportive.", ["OVERDOSAGE"]),
        ("overdosage", "10 OVERDOSAGE", "In the event of overdosage, monitor the heart.", []),
        (
            "contraindications",
            "4 CONTRAINDICATIONS",
            "Reactions have included anaphylaxis and rash.",
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


def test_the_heading_of_a_first_item_is_no_title_of_the_items_after_it() -> None:
    first = "Interaction Studies (See PRECAUTIONS) Oral contraceptives: Their levels were measured in ten women. "
    whole = section(
        f"{first}Coumarins: Bleeding has been reported. Dose adjustment may be necessary.", "drug_interactions"
    )
    assert shown(whole, "Dose adjustment may be necessary.") == ([], "Dose adjustment may be necessary.")
