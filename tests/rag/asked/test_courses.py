"""From one drug to another is not back again."""

from __future__ import annotations

import time

import pytest

from rag.asked.courses import agrees
from rag.query import understand
from tests.rag.bookshelf import Bookshelf, document

BOOKS = Bookshelf(
    [
        document("label:x:1", [("dosage_and_administration", "Xanol is a drug.")], "xanol"),
        document("label:b:1", [("dosage_and_administration", "Banol is a drug.")], "banol"),
    ]
)


@pytest.mark.parametrize(
    ("question", "text", "course"),
    [
        ("How do I switch from xanol to banol?", "Switching from xanol to banol: wait a day.", 1),
        ("How do I switch from xanol to banol?", "Discontinue xanol and start banol the next day.", 1),
        ("How do I switch from xanol to banol?", "Switching from banol to xanol: wait a day.", -1),
        ("How do I switch from xanol to banol?", "Discontinue banol before xanol is given.", -1),
        ("How do I switch from xanol to banol?", "Banol may cause rash.", 0),
        ("How do I switch from xanol to banol?", "Switching from xanol to drugs other than banol: stop xanol.", -1),
        ("How do I switch from xanol to banol?", "Switching from drugs other than xanol to banol: wait.", -1),
        ("How do I switch from xanol to banol?", "Switching from xanol to banol: start banol to avoid clots.", 1),
        ("Can banol be given to a patient on xanol?", "Xanol should be stopped promptly, and banol can be given.", 1),
        ("Can banol be given to a patient on xanol?", "Starting xanol in one on banol is contraindicated.", -1),
        ("Can banol be given to a patient on xanol?", "Do not start xanol in a patient who takes banol.", -1),
        ("Can banol be given to a patient on xanol?", "Stop xanol before banol is given.", 1),
        ("Can banol be given to a patient on xanol?", "Start xanol a day later.", -1),
        ("Can banol be given to a patient on xanol?", "Do not start xanol in one who is treated with banol.", -1),
        ("Can banol be given to a patient on xanol?", "Stop banol where a rash appears.", 0),
        (
            "Can banol be given to a patient on xanol?",
            "Banol and xanol are contraindicated together; discontinue banol before starting xanol.",
            0,
        ),
        (
            "Can banol be given to a patient on xanol?",
            "Do not use banol with xanol; stop banol at least 14 days before starting xanol.",
            0,
        ),
        ("Can xanol and banol be combined?", "Do not start xanol in a patient who takes banol.", 0),
        ("Can xanol be stopped?", "Stop xanol slowly.", 0),
    ],
)
def test_which_drug_is_begun(question: str, text: str, course: int) -> None:
    query = understand(question, BOOKS.resolver())
    hit = BOOKS.search(query, 24)[0]
    assert agrees(query, hit, text) == course


@pytest.mark.parametrize("words", ["from xanol ", "stop ", "banol do not "])
def test_no_text_makes_the_search_for_a_course_slow(words: str) -> None:
    query = understand("How do I switch from xanol to banol?", BOOKS.resolver())
    hit = BOOKS.search(query, 24)[0]
    begun = time.process_time()
    agrees(query, hit, words * 3_000)
    assert time.process_time() - begun < 1
