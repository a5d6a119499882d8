"""A quotation never loses the word that turns it round: headings, lead-ins, titles and lists."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.sentences.spans import LIST_WORDS, MAX_WORDS, is_row, quotable, trim

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
@example("• Do Not Use • The drug is contraindicated in gout.")
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
        barred = "contraindicated" in quote  # says itself what "• Do Not Use •" before it does
        assert not turned or barred or any(turn in quote for turn in TURNS)


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


def test_a_list_is_quoted_whole_or_not_at_all() -> None:
    items = "\n".join(f"• Use with inhibitor {number} in patients with renal impairment." for number in range(20))
    text = f"The drug is contraindicated in:\n{items}\nThe usual dose is one tablet."
    assert quotes(text) == ["The usual dose is one tablet."]
    short = "\n".join(items.split("\n")[:9])
    assert quotes(f"The drug is contraindicated in:\n{short}") == [f"The drug is contraindicated in:\n{short}"]
    assert len(short.split()) > MAX_WORDS
    assert quotes(f"Do not give it in:\n• {'very ' * LIST_WORDS}ill patients.\n• {ITEM}") == []
    assert quotes(f"Give it only where all of these hold:\n{items}") == []


def test_rows_after_a_lead_in_are_quoted_all_or_one_by_one() -> None:
    row = "Number: 70785-011-05; Size: Bottle of 5 tablets"
    lead = "The tablets are blue in color and oval in shape and are supplied as follows:"
    assert quotes(f"{lead}\n{row}\n{row}")[0] == f"{lead}\n{row}\n{row}"
    assert set(quotes("\n".join([lead, *[row] * 20]))) == {row}


def test_a_list_that_begins_in_its_sentence_is_not_cut() -> None:
    text = "The most common reactions are: - Gout in adults: sleep.\n- Asthma: rash, itch and sore throat in children."
    assert quotes(text) == [text]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Safety of anol in neonates has not been established. (see CONTRAINDICATIONS)",
            "Safety of anol in neonates has not been established. (see CONTRAINDICATIONS)",
        ),
        ("Anol is contraindicated in neonates [see Contraindications (4)].", "Anol is contraindicated in neonates"),
        ("Anol may raise levels of ynol in adults [see Warnings (5.2)].", "Anol may raise levels of ynol in adults"),
    ],
)
def test_a_reference_that_says_more_than_where_to_read_on_stays(text: str, said: str) -> None:
    assert quotes(text) == [said]


def test_a_list_letter_goes_with_its_entry_and_no_entry_with_the_next_sentence() -> None:
    said = "The study of ynol for 5 years was designed to tell which is best."
    found = quotes(f"Adults were given one of two. A. Anol for 5 years B. Ynol for 5 years {said}")
    assert found == ["Adults were given one of two.", said]
    assert quotes("Adults had chronic hepatitis B. The dose is 5 mg.")[0] == "Adults had chronic hepatitis B."


def test_a_numbered_title_is_cut_nowhere_or_whole() -> None:
    title = "Cardiovascular Death and Heart Failure in Permanent AF"
    text = f"5.2 {title} ANOL doubles the risk of death in patients with permanent AF."
    assert quotes(text) == [text[4:]]


@pytest.mark.parametrize(
    "said",
    [
        "Reactions have included anaphylaxis and rash.",
        "Acute reactions usually occur within the first week.",
        "The interaction may result from reduced absorption.",
        "The decrease in exposure is primarily due to calcium.",
        "Stop it in patients who have subsequent severe changes in liver values.",
        "In cases where the outcome was reported, it was good.",
    ],
)
def test_what_is_of_the_sentence_before_is_quoted_with_it(said: str) -> None:
    before = "Anol is contraindicated in patients with gout."
    assert f"{before} {said}" in quotes(f"{before} {said}")
    assert said not in quotes(f"{before} {said}")


@pytest.mark.parametrize("mark", ["• ", "1. ", "(2) ", "A) ", "- "])
def test_an_item_at_the_start_of_a_passage_has_to_be_a_sentence(mark: str) -> None:
    assert quotes(f"{mark}{ITEM}") == []
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


@pytest.mark.parametrize("ending", ["is", "are", "and", "with", "the", "than", "may", "due to"])
def test_what_is_cut_before_its_end_is_no_quote(ending: str) -> None:
    said = f"The usual dose of the drug in adults with gout {ending}"
    assert quotes(f"{said} [see Dosage (2.1)].") == []
    assert quotes(f"{said} 5 mg.") == [f"{said} 5 mg."]


@pytest.mark.parametrize(
    "said",
    [
        "No differences were seen between these volunteers and the others.",
        "Falls, above all at night, were the most common of these late events.",
        "Stopping the tablets appears to reverse these changes.",
        "Proof of this claim was obtained in two trials.",
        "Half the dose is enough in such patients.",
        "The effects of other resins on the drug were not studied.",
        "Other important measures in the ward include rest and fluids.",
    ],
)
def test_what_points_back_is_quoted_with_what_it_points_at(said: str) -> None:
    before = "Gait was unsteady in men over 80 who took ynol."
    assert f"{before} {said}" in quotes(f"{before} {said}")
    assert said not in quotes(f"{before} {said}")
    assert quotes(said) == []


@pytest.mark.parametrize(
    "said",
    [
        "Based on these data, the dose of ynol is 5 mg.",
        "If pain or fever develops in the first week, treatment of these symptoms can wait.",
        "Ynol raised the levels of tamol in adults by half when these drugs were given together.",
        "Patients with gout need less, since these patients clear it slowly.",
        "Tell your doctor before you take this medicine with food.",
        "Take inhibitors of the enzyme, such as ynol, with care.",
        "Ynol raises urate and lowers calcium; these changes are mild.",
    ],
)
def test_what_points_at_its_own_sentence_stands_alone(said: str) -> None:
    assert said in quotes(f"Gait was unsteady in old men. {said}")


def test_what_refers_to_the_above_is_no_quote() -> None:
    assert quotes("The above doses should be halved in adults with gout.") == []


def test_what_is_taken_back_within_the_next_sentence_is_quoted_with_it() -> None:
    text = "Attacks ended within an hour of the dose. There were, however, attacks that came back after three hours."
    assert quotes(text)[0] == text
    text = "Attacks ended within an hour of the dose. Some of them recurred on the next day."
    assert quotes(text)[0] == text


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("Pediatric Patients The dose is 5 mg.", "A missed dose should be taken at once."),
        ("Predialysis Patients The dose is 5 mg.", "In children, the first dose is 2 mg."),
        ("Moderate Hepatic Impairment The dose is 5 mg.", "In hepatic disease the dose is never raised."),
        ("Lymphoma The dose is 5 mg.", "The dose may be raised to 10 mg after a week."),
        ("For patients who take 20 mg once daily: The patient should take it.", "The dose should not be doubled."),
        ("Dosage for Pediatric Patients (7 Years and Older)\n•", "The recommended starting dosage is based on weight."),
    ],
)
def test_what_stands_under_a_group_or_illness_is_quoted_with_it(heading: str, said: str) -> None:
    text = f"{heading} {said}"
    assert text in quotes(text)
    assert said not in quotes(text)
    assert said not in quotes(f"{heading} {'It is a long day for every one of them all. ' * 12}{said}")


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("Pediatric Patients The dose is 5 mg.", "The dose in children is 5 mg."),
        ("Lymphoma The dose is 5 mg.", "The dose in lymphoma may be raised to 10 mg."),
        ("Lymphoma The dose is 5 mg.", "Liver values may rise in the first week."),
        ("Ynol tablets are taken as needed: The usual dose is 5 mg.", "The dose should not exceed 10 mg a day."),
        ("Pediatric Patients The dose is 5 mg.", "The recommended dose in all patients is 5 mg."),
        (
            "Pediatric Patients The dose is 5 mg. Missed Doses The dose is late.",
            "Each dose should be taken with water.",
        ),
        ("Risk Summary There are no data.", "The recommended dose should be kept."),
        ("Pediatric Patients The dose is 5 mg.\n2.2 Preparation\n", "Each dose should be taken with water."),
        ("Pediatric Patients The dose is 5 mg.\nMissed Dose\n", "Each dose should be taken with water."),
    ],
)
def test_what_names_it_or_stands_under_another_heading_stands_alone(heading: str, said: str) -> None:
    assert said in quotes(f"{heading} {said}".replace("\n ", "\n"))


@pytest.mark.parametrize(
    "item",
    [
        "Adjunctive treatment of sleep disorders in adults who are over 60 years of age.",
        "Known hypersensitivity to ynol; rash and fever have occurred.",
        "Prevention of gout in adults who take diuretics.",
    ],
)
def test_an_entry_is_quoted_with_the_words_that_it_completes(item: str) -> None:
    assert quotes(f"Rash has been seen in adults. (1.1) {item}") == ["Rash has been seen in adults."]
    lead = "YNOL is a bile acid indicated for: Treatment of gout in adults. (1.1)"
    assert quotes(f"{lead} {item}") == [f"{lead} {item}"]


def test_an_indication_begins_anew_after_the_list_that_was_cut() -> None:
    said = "YNOL is indicated for the treatment of gout in adults."
    assert quotes(f"YNOL is an antibody indicated for treatment of: Gout (G) {said}") == [said]


def test_examples_and_imprints_are_quoted_with_what_they_are_of() -> None:
    text = "Intervention: The drug should not be given with strong inhibitors.\nExamples: Anol, benol, cenol, denol"
    assert text in quotes(text)
    assert quotes("Examples: Anol, benol, clear cenol, denol and others") == []
    text = 'Tablets 5 mg: White, round and scored. Imprint on one side with "5".'
    assert text in quotes(text)
    assert text[39:] not in quotes(text)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("Weeks 1 and 2; With xanol: 25 mg every other day; Without: 25 mg daily", True),
        ("Dose: 5 mg; Frequency: daily", True),
        ("Take it daily; note: it stains", False),
        ("It is used in adults. Children; girls: 2 mg; boys: 3 mg", False),
        ("Use with caution; Renal impairment: reduce the dose; hepatic impairment: give the full dose.", False),
        ("Use with caution; Renal impairment: halve it. Wait; hepatic impairment: give the full dose", False),
    ],
)
def test_the_first_column_of_a_row_may_lack_a_header(line: str, row: bool) -> None:
    assert is_row(line) is row


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("Use anol in children only when the benefit outweighs the harm.", True),
        ("Use ANOL with caution in patients on strong inhibitors.", True),
        ("Use with extreme caution in patients on strong inhibitors.", True),
        ("Use of strong inhibitors in patients with gout.", False),
        ("Use with strong inhibitors in patients with gout.", False),
        ("Use in patients with strong inhibitors.", False),
        ("Use In Patients on strong inhibitors.", False),
    ],
)
def test_an_order_to_use_is_told_from_words_on_use(said: str, quoted: bool) -> None:
    assert (quotes(said) == [said]) == quoted


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("CAUTION SHOULD BE EXERCISED IN PATIENTS WITH A HISTORY OF PENICILLIN ALLERGY.", True),
        ("DO NOT GIVE XANOL BY RAPID INTRAVENOUS INJECTION INTO A SMALL VEIN.", True),
        ("WARNING: SUICIDAL THOUGHTS AND BEHAVIORS, DEPENDENCE AND WITHDRAWAL REACTIONS", False),
        ("HOWEVER, THE VAST MAJORITY OF THE CASES HAVE NOT PROGRESSED TO ANYTHING.", False),
        ("XANOL IS RED.", False),
    ],
)
def test_a_sentence_in_capitals_is_no_heading(text: str, whole: bool) -> None:
    found = {text[start:end].rstrip(".") for start, end in quotable(text)}
    assert (text.rstrip(".") in found) is whole
