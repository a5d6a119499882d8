"""How a harm shows: whom it befalls leads astray, and sentences that list its signs come first."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asked.recognition import harm, of_signs, tells_signs
from rag.query import Query
from tests.rag import pieces


def ask(question: str) -> Query:
    return pieces.ask(question)[0]


@pytest.mark.parametrize(
    ("question", "which"),
    [
        ("How should digoxin toxicity be recognised in an elderly patient?", ""),
        ("What are the signs of digoxin overdose?", ""),
        ("What are the symptoms of serotonin syndrome with sertraline?", "serotonin"),
        ("How does lactic acidosis present on metformin?", "lactic"),
        ("What is the dose of digoxin in an elderly patient?", None),
        ("How is digoxin overdose treated?", None),
        ("How do I treat patients who present with kidney injury?", None),
        ("What are the signs of digoxin toxicity, and can it be used in the elderly?", None),
        ("Signs of serotonin syndrome in the elderly", "serotonin"),
        ("What does digoxin toxicity look like?", ""),
        ("What are the signs of damage to the liver?", None),
    ],
)
def test_the_harm_whose_signs_are_asked_for(question: str, which: str | None) -> None:
    assert harm(question) == which


def test_whom_it_befalls_is_left_out_and_all_else_stays_where_it_is() -> None:
    query = ask("How should digoxin toxicity be recognised in an elderly patient with kidney disease on digoxin?")
    told = of_signs(query)
    assert told.question.split() == ["How", "should", "digoxin", "toxicity", "be", "recognised", "on", "digoxin?"]
    assert len(told.question) == len(query.question)
    assert not told.populations
    assert not {"geriatric", "renal"} & set(told.topics)
    child = ask("What are the signs of digoxin toxicity in a child?")
    assert of_signs(child) == child


@pytest.mark.parametrize(
    "question",
    [
        "What dose of colchicine for an elderly patient presenting with acute kidney injury?",
        "Can a patient with severe renal impairment who noticed an allergic reaction take colchicine?",
        "What dose of colchicine in renal impairment with symptoms of liver damage?",
        "What are the symptoms of lactic acidosis in renal impairment, and may metformin be given?",
        "What are the signs of kidney injury with colchicine?",
        "What are the signs of liver toxicity with colchicine?",
        "What are the signs of hepatic and renal damage with colchicine?",
    ],
)
def test_the_patient_of_any_other_question_and_the_organ_that_is_harmed_stay(question: str) -> None:
    query = ask(question)
    assert query.populations
    assert of_signs(query) == query


def test_only_whom_the_harm_befalls_is_left_out() -> None:
    told = of_signs(ask("What are the signs of kidney injury with colchicine in the elderly?"))
    assert [one.name for one in told.populations] == ["renal"]
    assert "renal" in told.topics
    assert "geriatric" not in told.topics


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Signs and symptoms of digoxin toxicity include anorexia and nausea.", True),
        ("Digoxin toxicity: Indicated by nausea and visual disturbances.", True),
        ("Signs of hypersensitivity include rash.", False),
        ("Some symptoms of toxicity resemble those of heart failure.", False),
    ],
)
def test_a_sentence_lists_the_signs_of_that_harm(text: str, tells: bool) -> None:
    assert tells_signs("What are the signs of digoxin toxicity?", "warnings", text) is tells


PHRASES = (
    "How is", "What are the signs of", "symptoms of", "digoxin toxicity", "lactic acidosis", "liver damage",
    "recognised", "in an elderly patient", "with kidney disease", "and", "severe renal impairment", "in a child", "?",
)  # fmt: skip


@given(st.lists(st.sampled_from(PHRASES), max_size=8).map(" ".join))
def test_what_is_left_out_is_blank_and_all_else_keeps_its_place(text: str) -> None:
    query = ask(text)
    told = of_signs(query)
    assert len(told.question) == len(text)
    assert all(new in {old, " "} for old, new in zip(text, told.question, strict=True))
    assert all(told.question[one.start : one.end] == one.surface for one in told.populations)
    gone = [one for one in query.populations if one not in told.populations]
    assert all(not told.question[one.start : one.end].strip() for one in gone)
    assert not gone or harm(text) is not None


@pytest.mark.parametrize("words", ["sign ", "signs liver ", "how to ", "may ", "what a ", "x", "xy injury ", "a-"])
def test_long_questions_take_time_in_proportion(words: str) -> None:
    began = process_time()
    harm((words * 20_000)[:20_000])
    assert process_time() - began < 0.5
