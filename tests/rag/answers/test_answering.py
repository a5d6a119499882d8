"""Questions that name a class, an abbreviation of several drugs, or an allergy: what is looked at and said."""

from __future__ import annotations

import pytest

from rag.query import understand
from rag.types import Answer, Filters
from tests.rag.bookshelf import Bookshelf, document
from tests.rag.test_engine import check, codes, engine_of

MEMBERS = ("ramipril", "enalapril", "lisinopril", "quinapril", "captopril", "fosinopril", "benazepril")


def label(drug: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    against = f"Contraindications: {drug} must not be given after angioedema. Avoid {drug} in pregnancy."
    return (("boxed_warning", f"WARNING: HARM\nStop {drug} at once."), ("contraindications", against), *more)


def shelf_of(*drugs: str) -> Bookshelf:
    return Bookshelf([document(f"label:{drug}:1", label(drug), drug) for drug in drugs])


def message(answer: Answer, code: str) -> str:
    return next(notice.message for notice in answer.notices if notice.code == code)


def test_a_class_is_answered_from_members_with_their_warnings() -> None:
    shelf = shelf_of(*MEMBERS, "warfarin")
    answer = engine_of(shelf).ask("Contraindications of ACE inhibitors?", max_references=20)
    check(answer, shelf, limit=20)
    looked = {drug for item in answer.references for drug in item.drugs}
    assert looked < set(MEMBERS)
    assert len(looked) == 6
    assert {item.drug for item in answer.safety if item.section == "boxed_warning"} == looked
    told = message(answer, "class_members")
    assert all(drug in told for drug in looked)
    assert told.endswith("The corpus holds 1 more and lacks some.")
    assert answer.answer.startswith(told)
    assert answer.status == "answered"


def test_the_members_are_those_that_the_filter_allows() -> None:
    shelf = shelf_of(*MEMBERS)
    answer = engine_of(shelf).ask("Contraindications of ACE inhibitors?", filters=Filters(drugs=("captopril",)))
    assert {drug for item in answer.references for drug in item.drugs} == {"captopril"}
    assert "looked at: captopril." in message(answer, "class_members")


@pytest.mark.parametrize("question", ["Does ramipril interact with NSAIDs?", "ACE inhibitors together with NSAIDs?"])
def test_members_do_not_stand_for_a_class_that_interacts(question: str) -> None:
    assert "class_members" not in codes(engine_of(shelf_of(*MEMBERS, "ibuprofen")).ask(question))


def test_a_member_of_which_it_is_not_said_gives_no_statement() -> None:
    silent = document("label:enalapril:1", [("description", "Enalapril tablets are round.")], "enalapril")
    told = document("label:ramipril:1", label("ramipril"), "ramipril")
    answer = engine_of(Bookshelf([silent, told])).ask("Are ACE inhibitors contraindicated after angioedema?")
    cited = {number for statement in answer.statements for number in statement.citations}
    assert {drug for item in answer.references if item.number in cited for drug in item.drugs} == {"ramipril"}


def test_an_abbreviation_of_several_drugs_is_to_be_written_out() -> None:
    shelf = shelf_of("methotrexate", "mitoxantrone")
    answer = engine_of(shelf).ask("MTX dose?")
    told = message(answer, "unknown_drug")
    assert told == '"MTX" may mean methotrexate or mitoxantrone: write the name out. Nothing here is about it.'
    assert answer.status == "abstained"
    both = message(engine_of(shelf).ask("MTX with zorbimab"), "unknown_drug")
    assert "The corpus has no source for zorbimab. Nothing here is about them." in both


def test_an_allergy_makes_a_contraindication_touch_the_question() -> None:
    against = ("contraindications", "Not after shock. Do not give cefazolin to patients with penicillin allergy.")
    shelf = Bookshelf([document("label:z:1", [against], "cefazolin")])
    answer = engine_of(shelf).ask("penicillin allergy, what is the dose of cefazolin?")
    assert [(item.drug, item.section) for item in answer.safety] == [("cefazolin", "contraindications")]
    assert not engine_of(shelf).ask("What is the dose of cefazolin?").safety


PLAIN = "Swallow the tablets whole with a glass of water in the morning. " * 30
RULE = "The recommended dose of ramipril for heart failure is 2.5 mg twice daily."


@pytest.mark.parametrize(
    ("title", "question", "under"),
    [
        ("Patients with Renal Impairment", "Dose of ramipril for heart failure?", ["Patients with Renal Impairment"]),
        ("Pediatric Patients", "Dose of ramipril for heart failure?", None),
        ("Pediatric Patients", "Dose of ramipril for heart failure in a child?", ["Pediatric Patients"]),
    ],
)
def test_a_title_of_an_earlier_passage_is_told(title: str, question: str, under: list[str] | None) -> None:
    text = f"2 DOSAGE\n2.1 {title} Ramipril tablets may be crushed and put on food. {PLAIN}{RULE}"
    shelf = Bookshelf([document("label:r:1", [("dosage_and_administration", text)], "ramipril")])
    assert len(shelf.pages) > 1
    answer = engine_of(shelf).ask(question)
    check(answer, shelf)
    found = [[quote.text.strip() for quote in one.under] for one in answer.statements if one.text == RULE]
    assert found == ([under] if under else [])
    if under:
        assert f"{title}: {RULE}" in answer.answer
        assert all(text[quote.start : quote.end] == quote.text for one in answer.statements for quote in one.under)


def test_a_box_that_tells_of_the_condition_is_read_though_search_finds_other_passages() -> None:
    box = "Women who smoke should not use xanol."
    noise = [(f"warnings.{n}", f"Take xanol as note {n} says that you can take xanol.") for n in range(40)]
    shelf = Bookshelf([document("label:x:1", [("boxed_warning", box), *noise], "xanol")])
    query = understand("Can a smoker take xanol?", shelf.resolver())
    assert all(hit.passage.section != "boxed_warning" for hit in shelf.search(query, 24))
    assert engine_of(shelf).ask(query.question).statements[0].text == box
