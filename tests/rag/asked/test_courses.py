"""From one drug to another is not back again."""

from __future__ import annotations

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
        ("Can banol be given to a patient on xanol?", "Do not start xanol in a patient who takes banol.", -1),
        ("Can banol be given to a patient on xanol?", "Stop xanol before banol is given.", 1),
        ("Can xanol and banol be combined?", "Do not start xanol in a patient who takes banol.", 0),
        ("Can xanol be stopped?", "Stop xanol slowly.", 0),
    ],
)
def test_which_drug_is_begun(question: str, text: str, course: int) -> None:
    query = understand(question, BOOKS.resolver())
    hit = BOOKS.search(query, 24)[0]
    assert agrees(query, hit, text) == course
