"""A quotation never loses the word that turns it round: headings, lead-ins, titles and lists."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.spans import MAX_WORDS, quotable, trim

# Written apart from the module's own list, so that a word lost there is missed here.
POLARITY = re.compile(
    r"\b(?:not|no|never|avoid|without|contraindicat\w*|discontinue|stop|do|must|only|unless|except|less|more|reduce"
    r"|warnings?|precautions?)\b",
    re.IGNORECASE,
)
TITLES = {"contraindications", "warnings", "warning", "precautions", "precaution"}
HEADS = ["5.1", "7", "4", "•", "1.", "CONTRAINDICATIONS", "WARNINGS AND PRECAUTIONS", "Warnings", "Contraindications"]
TURNS = ["Do Not Use", "Not Recommended", "AVOID USE", "Avoid", "STOP USE", "Never", "Without", "NO", "Reduce Dose"]
RESTS = [
    "Use in patients with severe renal impairment.",
    "Coadministration with clarithromycin in adults.",
    "The drug is contraindicated in gout.",
    "Drugs that inhibit the enzyme raise levels.",
    "in patients with severe hepatic impairment.",
    "with strong inhibitors of this enzyme.",
]
ITEM = "Use with strong inhibitors in patients with renal impairment."


def quotes(text: str) -> list[str]:
    return [text[start:end] for start, end in quotable(text)]


@given(
    st.tuples(
        st.lists(st.sampled_from(HEADS + TURNS + ["Hepatic", "Effect of", "SEVERE", "and"]), max_size=5),
        st.sampled_from(RESTS),
    ).map(lambda parts: " ".join([*parts[0], parts[1]]))
)
@example("5.1 Do Not Use in patients with severe hepatic impairment.")
def test_no_governing_word_is_trimmed_off(text: str) -> None:
    start, end = trim(text, 0, len(text))
    lost = {word.lower() for word in POLARITY.findall(text[:start])}
    assert lost <= TITLES
    if "contraindications" in lost:
        assert re.search(r"contraindicated|[Dd]o not|not recommended|Avoid|Never", text[start:end])
    for quote in quotes(text):  # a list number, or a bullet after bare words, makes a sentence of what follows
        listed = "1." in text or any(f"{turn} •" in text for turn in ("NO", "Reduce Dose", "STOP USE"))
        turned = not listed and any(turn in text for turn in TURNS)
        assert not turned or any(turn in quote for turn in TURNS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.1 Do Not Use in patients with severe gout.", "Do Not Use in patients with severe gout."),
        ("7.2 Not Recommended with strong inhibitors of it.", "Not Recommended with strong inhibitors of it."),
        ("5.3 AVOID USE Combination with it in adults.", "AVOID USE Combination with it in adults."),
        ("4 CONTRAINDICATIONS Use in patients with gout.", "CONTRAINDICATIONS Use in patients with gout."),
        ("CONTRAINDICATIONS Use in patients with gout.", "CONTRAINDICATIONS Use in patients with gout."),
        ("4 CONTRAINDICATIONS It is contraindicated in gout.", "It is contraindicated in gout."),
        ("Take it with food (see below; do not chew it).", "Take it with food (see below; do not chew it)."),
        (
            "4 CONTRAINDICATIONS\nKnown allergy to any part of it.",
            "CONTRAINDICATIONS\nKnown allergy to any part of it.",
        ),
    ],
)
def test_a_heading_that_governs_stays(text: str, expected: str) -> None:
    assert [quote for quote in quotes(text) if not quote.startswith("It ")] or "It is" in expected
    start, end = trim(text, 0, len(text)) if "\n" not in text else quotable(text)[0]
    assert text[start:end] == expected


@pytest.mark.parametrize(
    "lead",
    [
        "The drug is contraindicated in:\n• {}",
        "The drug is contraindicated in: • {}",
        "The drug is contraindicated in: 1. {}",
        "Do not use the drug in these patients: 1. {}",
        "Who should not take the drug?\n• {}",
        "4 CONTRAINDICATIONS\n• {}",
        "The drug is contraindicated for\n• {}",
    ],
)
def test_an_item_is_quoted_with_what_governs_it(lead: str) -> None:
    found = quotes(lead.format(ITEM))
    assert len(found) == 1
    assert found[0].endswith(ITEM)
    assert re.search(r"contraindicated|not|CONTRAINDICATIONS", found[0])


def test_a_list_too_long_to_quote_whole_leaves_no_bare_item() -> None:
    items = "\n".join(f"• Use with inhibitor {number} in patients with renal impairment." for number in range(20))
    text = f"The drug is contraindicated in:\n{items}\nThe usual dose is one tablet."
    first, last = quotes(text)
    assert first.startswith("The drug is contraindicated in:\n• Use with inhibitor 0 ")
    assert first.endswith("impairment.")
    assert len(first.split()) <= MAX_WORDS
    assert last == "The usual dose is one tablet."
    assert quotes(f"Do not give it in:\n• {'very ' * MAX_WORDS}ill patients.\n• {ITEM}") == []
    assert quotes(f"Give it only where all of these hold:\n{items}") == []


@pytest.mark.parametrize("mark", ["• ", "1. ", "(2) ", "A) ", "- "])
def test_an_item_at_the_start_of_a_passage_has_to_be_a_sentence(mark: str) -> None:
    assert quotes(f"{mark}{ITEM}\n{mark}Patients who are on strong inhibitors of it.") == []
    assert quotes(f"{mark}Take more than two tablets in a day.") == []
    assert len(quotes(f"{mark}The drug should not be given with strong inhibitors.")) == 1


def test_an_order_under_a_prohibition_is_no_quote() -> None:
    assert quotes("Do not:\n• Take more than two tablets.\n• Stop taking it at once.") == [
        "Do not:\n• Take more than two tablets.\n• Stop taking it at once."
    ]


def test_an_order_in_a_list_that_nothing_turns_round_stays() -> None:
    text = "Liver injury was seen in trials.\n• Monitor liver enzymes in all patients."
    assert quotes(text) == ["Liver injury was seen in trials.", "Monitor liver enzymes in all patients."]


def test_rows_after_a_lead_in_stay_quotable() -> None:
    row = "Inhibitor: ketoconazole; Dose: 0.6 mg"
    assert row in quotes(f"Do not exceed these doses.\n{row}\n{row}")
    assert row in quotes(f"Doses not to be exceeded:\n{row}")


@pytest.mark.parametrize(
    "turn",
    [
        "However, this must never be done in renal impairment.",
        "But not in patients with renal impairment who are at home.",
        "Except in renal impairment, where the usual dose is given.",
        "Unless there is renal impairment, the dose is then kept.",
        "This must never be done in renal impairment.",
        "Such doses should be avoided in renal impairment.",
        "Doing so is not recommended in renal impairment.",
        "Nevertheless, some patients need half of it.",
    ],
)
def test_a_sentence_is_never_quoted_without_the_next_one_that_takes_it_back(turn: str) -> None:
    said = "The dose may be doubled."
    assert quotes(f"{said} {turn}")[0] == f"{said} {turn}"
    assert said in quotes(f"{said} The tablets should be kept dry. {turn}")
    assert said not in quotes(f"{said} {turn}")
    assert said not in quotes(f"{said}\n{turn}")
    long = f"{turn.rstrip('.')} {'or ill ' * MAX_WORDS}at all."
    assert said not in quotes(f"{said} {long}")


def test_what_is_taken_back_twice_is_quoted_with_both() -> None:
    text = "The dose may be doubled. However, monitor the patient. This should never be done in renal impairment."
    assert quotes(text) == [text]


def test_a_sentence_that_only_goes_on_may_be_left_out() -> None:
    said = "The dose may be doubled."
    assert said in quotes(f"{said} This can be done at once.")
    assert said in quotes(f"{said} Ynol should never be given.")
