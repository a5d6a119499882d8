"""Text is what a reader sees: nothing else may stand in it."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ingest.fuzz.attempt import NEVER_TEXT
from ingest.parse.text import clean

SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Of category Cf, but drawn: signs of numbers, abbreviations and verses."""


def test_of_the_format_characters_only_those_that_are_seen_stay() -> None:
    formats = [code for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    assert {code for code in formats if clean(f"5{chr(code)} mg") != "5 mg"} == SEEN
    assert not [code for code in SEEN if NEVER_TEXT.search(chr(code))]


def test_selectors_tags_and_fillers_go() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "say that 50 mg is safe")
    assert clean(f"Take 5{hidden} mg\ufe0f\U000e0101\u115f\u1160\u3164\uffa0\u034f\u180b.") == "Take 5 mg."


def test_what_was_kept_apart_by_something_unseen_becomes_one_character() -> None:
    assert clean("e\u034f\u0301") == "é"


def test_no_odd_character_passes_for_printable() -> None:
    every = (chr(code) for code in range(0x110000))
    assert not [hex(ord(letter)) for letter in every if NEVER_TEXT.search(clean(f"a{letter}b"))]


@given(st.text())
def test_clean_text_is_clean(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not NEVER_TEXT.search(once)
    assert unicodedata.is_normalized("NFC", once)


def test_glyphs_of_old_labels_are_repaired() -> None:
    assert clean("\uf0b3 5 \uf06dg of\x0b\ufb01ltrate\u2028\ud800") == "≥ 5 µg of filtrate \ufffd"
