"""An item of a list is quoted with its lead-in or not at all."""

from __future__ import annotations

import time

import pytest

from rag.sentences.spans import quotable
from tests.rag.sentences.test_governing import FILLER, section, shown
from tests.rag.sentences.test_spans import quotes

LEAD = "The drug must not be used in these ways:"
BARRED = "Adults are given the drug with inhibitors of this enzyme."
ITEMS = "".join(f"\n• Patients with a history of the illness of the number {number} of all" for number in range(12))


def test_of_a_list_that_is_too_long_each_item_that_does_not_read_as_an_order_is_quoted() -> None:
    items = "\n".join(f"• Renal impairment of the grade {number} in patients on inhibitors" for number in range(20))
    found = quotes(f"The drug is contraindicated in:\n{items}\n• Gout [see Warnings (5.1)]; or\n• Use in gout")
    assert found[:1] == ["Renal impairment of the grade 0 in patients on inhibitors"]
    assert len(found) == 21
    barred = "Adults are given the drug with its inhibitors."
    assert barred not in quotes(f"It must not be used in these ways:\n{items}\n• {barred}")
    assert quotes(f"Give it only where all of these hold:\n{items}") == []


def test_a_phrase_at_the_start_of_a_passage_may_be_an_item_of_a_list_before_it() -> None:
    assert quotes("• History of heart failure (4)\n• Severe gout") == ["History of heart failure", "Severe gout"]
    assert quotes("1. History of heart failure (4)\n2. Severe gout") == []


def test_a_list_ends_where_it_begins_anew_in_short() -> None:
    full = "Anol is contraindicated in:\n• Severe impairment of the liver [see Warnings (5.1)]\n• Gout of the great toe"
    again = "• Severe liver impairment (4)\n• Gout of the great toe (4)"
    assert quotes(f"{full}\n{again}")[0] == full
    more = "Anol is indicated for:\n• Adults: seizures with a focal onset\n• Children: seizures with a focal onset"
    assert quotes(f"{more} (1)") == [more]


def test_an_order_after_a_sentence_is_in_no_list_above() -> None:
    order = "Allow at least five weeks between the two drugs."
    listed = "CONTRAINDICATIONS\nThe drug is contraindicated in:\n• Gout of the great toe\nIt is not taken with others."
    assert order in quotes(f"{listed} {order}")
    assert order not in quotes(f"CONTRAINDICATIONS\nThe drug is contraindicated in:\n{order}")


def test_an_item_of_a_list_whose_lead_in_bars_it_is_not_shown_alone() -> None:
    text = f"{LEAD}\n• {BARRED}\n• {BARRED[:-1]} too."
    assert shown(section(text, "warnings"), BARRED) == ([], text)
    steps = f"Do this as follows:\n1. {BARRED}\n2. {FILLER}"
    assert shown(section(steps, "warnings"), BARRED) is None


@pytest.mark.parametrize(
    ("list_", "said", "under"),
    [
        (f"Anol is contraindicated in:\n• Heart failure{ITEMS}", "Heart failure", ["Anol is contraindicated in:"]),
        (f"Anol is contraindicated in:{ITEMS}\n• Gout; or", "Gout; or", None),
        (f"Anol is contraindicated in:{ITEMS}\n• Severe gout; or", "Severe gout", ["Anol is contraindicated in:"]),
        (
            f"Anol is contraindicated in:{ITEMS}\n• A high risk of clots in women who:\n• Smoke tobacco",
            "Smoke tobacco",
            ["Anol is contraindicated in:", "A high risk of clots in women who:"],
        ),
        (f"Anol is contraindicated in:{ITEMS} and\n• Severe gout", "Severe gout", None),
        (f"Anol is contraindicated except in:{ITEMS}\n• Severe gout", "Severe gout", None),
        (f"All of these must be met before Anol is given:{ITEMS}\n• He has gout.", "He has gout.", None),
        (f"Patients with gout:{ITEMS}\n• Severe gout", "Severe gout", None),
        (f"Patients with gout:{ITEMS}\n• The dose is 5 mg.", "The dose is 5 mg.", ["Patients with gout:"]),
        (f"Anol is indicated for:{ITEMS}\n• Anol is not indicated in gout.", "Anol is not indicated in gout.", []),
        (
            f"Anol is given once daily to adults for:{ITEMS}. For Adults with Renal Impairment:\n• Do not begin it.",
            "Do not begin it.",
            ["For Adults with Renal Impairment:"],
        ),
    ],
)
def test_an_item_of_a_list_that_is_too_long_is_shown_under_its_lead_in(
    list_: str, said: str, under: list[str] | None
) -> None:
    assert shown(section(list_, "warnings"), said) == (None if under is None else (under, said))


PART = "Dosage and Administration in Children:"
DOSE = "Chills: The recommended dosage is 12 mg/kg once daily."


@pytest.mark.parametrize(
    ("between", "said", "under"),
    [
        ("Gout: Gout is treated with it.", DOSE, [PART[:-1]]),
        ("The dose is by weight:\nChildren: 3 mg; Adults: 100 mg\n* By age.\nGout: It is treated.", DOSE, [PART[:-1]]),
        ("Gout: Gout is treated with it.", "Chills: The recommended dosage in children is 5 mg daily.", []),
        ("Gout: Gout is treated with it.", "Chills: Treatment is for at least two weeks.", []),
        ("Dosage in Adults: Gout is treated with it.", DOSE, []),
        ("Gout is treated with it.\nThe drug is taken with food.", DOSE, []),
    ],
)
def test_a_dose_in_a_part_for_children_within_a_line_is_shown_under_its_heading(
    between: str, said: str, under: list[str]
) -> None:
    text = f"DOSAGE AND ADMINISTRATION\n{FILLER} {PART} {between} {FILLER} {said}"
    assert shown(section(text, "dosage_and_administration"), said) == (under, said)


def test_warnings_that_lost_their_stops_are_parted_at_the_words_that_head_them() -> None:
    facts = (
        "Do not use if you are allergic to it right before heart surgery",
        "Ask a doctor before use if you have gout a sore toe",
        "Stop use and ask a doctor if your toe turns red or hot",
    )
    assert quotes(" ".join(facts)) == list(facts)
    listed = "Ask a doctor before use if the child has\n■ glaucoma\n■ a breathing problem such as bronchitis"
    assert quotes(listed) == [listed]
    other = "In pediatric patients Do not use the drug if the child has gout."
    assert quotes(other) == [other]


@pytest.mark.parametrize(
    "words", ["• a ", "• a\n", "Do not use: • ", "The drug is contraindicated in:\n• a ", "• Use in gout: "]
)
def test_no_list_makes_the_search_for_quotations_slow(words: str) -> None:
    text = (words * 8_000)[:8_000]
    begun = time.process_time()
    quotable(text)
    assert time.process_time() - begun < 1


def test_lead_ins_within_lead_ins_have_no_end_of_the_stack() -> None:
    assert quotable("Do not use: • " * 3_000) == []
