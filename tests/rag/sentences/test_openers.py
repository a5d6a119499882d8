"""What opens a paragraph, and that no text makes the search for it, or for what limits a sentence, slow."""

from __future__ import annotations

import time

import pytest

from rag.sentences.limits import limits
from rag.sentences.openers import is_opener, opened

SLOW = 1.0
"""Seconds of the processor: many times what any of these texts takes."""


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("In pediatric patients", True),
        ("For patients with renal impairment", True),
        ("Pediatric Patients", False),
        ("In Pediatric Patients", False),
        ("For gout flares", False),
    ],
)
def test_opening_words_are_told_from_headings(words: str, is_one: bool) -> None:
    assert is_opener(words) is is_one


@pytest.mark.parametrize(
    "words", ["effects of was studied ", "In a study was ", "trial effects of ", "In patients with a ", "the ", "1 "]
)
def test_no_text_makes_the_search_for_an_opener_slow(words: str) -> None:
    before = (words * 10_000)[:10_000] + ". "
    text = before + "Urate was then low."
    begun = time.process_time()
    opened(text, 0, len(before), len(text))
    assert time.process_time() - begun < SLOW


@pytest.mark.parametrize(
    "words", ["effects of was studied ", "potential for were ", "outcomes ", "an interaction with "]
)
def test_no_text_makes_the_search_for_a_limit_slow(words: str) -> None:
    said = (words * 10_000)[:10_000] + ". At 5 mg."
    text = f"{said} It was low."
    begun = time.process_time()
    limits(text, (0, len(said)), (len(said) + 1, len(text)))
    assert time.process_time() - begun < SLOW
