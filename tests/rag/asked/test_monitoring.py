"""What is to be measured is answered by what says so."""

from __future__ import annotations

import pytest

from rag.asked.monitoring import START, TELLING, asks_tests, tells_tests
from rag.dense import HashEmbedder
from rag.evidence import select
from rag.query import understand
from rag.sentences.selectors import Plain
from tests.rag.bookshelf import Bookshelf, document

BASELINE = "Obtain blood counts at baseline and every month."
HARM = "Xanol can cause damage of the liver and of the blood."


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Which tests are needed before xanol?", True),
        ("What blood tests should be done before starting xanol?", True),
        ("What should be monitored with xanol?", True),
        ("How should I monitor a patient on xanol?", True),
        ("Is a patch test positive with xanol?", False),
        ("What is the dose of xanol?", False),
    ],
)
def test_what_asks_for_tests(question: str, asks: bool) -> None:
    assert asks_tests(question) is asks


@pytest.mark.parametrize(
    ("text", "least"),
    [
        (BASELINE, START),
        ("Prior to xanol, creatinine should be measured.", START),
        ("Monitor the potassium of all patients.", TELLING),
        ("If transaminases rise, obtain follow-up tests before the next dose.", 0),
        (HARM, 0),
        ("Liver function tests should be obtained before starting.", START),
        ("Blood counts should be monitored weekly.", TELLING),
        ("Renal function should be assessed before use.", START),
        ("Perform pregnancy testing each month.", TELLING),
        ("Monitor potassium, but do not repeat the other tests.", TELLING),
        ("Do not monitor potassium.", 0),
        ("Serum potassium has not been measured.", 0),
        ("Routine monitoring of potassium is not needed.", 0),
        ("No monitoring of potassium is needed.", 0),
        ("Xanol may cause false positive tests for glucose.", 0),
        ("Do not start xanol until potassium is measured.", START),
        ("Check for last signs of it and alt routes.", 0),
        ("Monitor patients for signs of depression.", 0),
    ],
)
def test_what_says_what_to_measure(text: str, least: float) -> None:
    assert tells_tests("Which tests before starting xanol?", text) == least
    assert tells_tests("Which tests while on xanol?", text) == min(least, TELLING)


def test_it_comes_before_the_harm_that_is_looked_for() -> None:
    books = Bookshelf([document("label:x:1", [("warnings", f"{HARM}\n{BASELINE}")], "xanol")])
    query = understand("What blood tests does the liver need before starting xanol?", books.resolver())
    found = select(query, books.search(query, 24), Plain(HashEmbedder(256)))
    assert [item.text for item in found] == [BASELINE, HARM]
