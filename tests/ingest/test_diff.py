"""What changed between two texts: nothing is lost, whatever they are."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.diff import Kind, applied, diff, inverse, pieces

lines = st.sampled_from(
    [
        "Take 10 mg daily.",
        "Take 20 mg daily.",
        "Do not use in children.",
        "Do not use in children below 12 years.",
        "Stop.",
        "WARNING",
        "Avoid alcohol with this medicine.",
        "…",
    ]
)
texts = st.lists(lines, max_size=12).map("\n".join) | st.text(max_size=80)


def bare(text: str) -> str:
    return re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)


@given(texts, texts)
def test_the_changes_make_one_text_of_the_other_both_ways(before: str, after: str) -> None:
    changes = diff(before, after)
    assert applied(before, changes) == [bare(piece.text) for piece in pieces(after)]
    assert applied(after, inverse(changes)) == [bare(piece.text) for piece in pieces(before)]


@given(texts, texts)
def test_every_sentence_is_counted_once_and_stands_where_it_says(before: str, after: str) -> None:
    changes = diff(before, after)
    for edit in changes.edits:
        assert (edit.before is None) == (edit.kind == "added")
        assert (edit.after is None) == (edit.kind == "removed")
        for piece, text in ((edit.before, before), (edit.after, after)):
            assert piece is None or text[piece.start : piece.end] == piece.text
    kinds: tuple[Kind, ...] = ("changed", "moved")
    both = changes.unchanged + sum(changes.count(kind) for kind in kinds)
    assert both + changes.count("removed") == len(pieces(before))
    assert both + changes.count("added") == len(pieces(after))


@given(texts)
def test_a_text_differs_from_itself_in_nothing_and_neither_does_another_layout(text: str) -> None:
    assert diff(text, text).edits == ()
    assert diff(text, "  " + text.replace(" mg", "\u00a0mg")).edits == ()


@pytest.mark.parametrize(
    ("before", "after", "kinds", "numbers"),
    [
        ("Not below 12 years of age.", "Not below 7 years of age.", ["changed"], (("12",), ("7",))),
        ("Take 5 mg and 5 mg.", "Take 5 mg.", ["changed"], (("5",), ())),
        ("Take 1,000 mg on 2 days.", "Take 1,000 mg on 2.5 days.", ["changed"], (("2",), ("2.5",))),
        ("Take 1 0 mg at bedtime.", "Take 10 mg at bedtime.", ["changed"], (("1", "0"), ("10",))),
        ("Alpha beta gamma.", "Delta epsilon zeta.", ["removed", "added"], ((), ())),
        ("One is this.\nTwo is that.", "Two is that.\nOne is this.", ["moved"], ((), ())),
        ("", "New.", ["added"], ((), ())),
    ],
)
def test_what_became_of_a_sentence_is_named_with_its_numbers(
    before: str, after: str, kinds: list[str], numbers: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    edits = diff(before, after).edits
    assert [edit.kind for edit in edits] == kinds
    assert (edits[0].numbers_before, edits[0].numbers_after) == numbers


def test_a_long_text_that_was_rewritten_takes_seconds_at_most() -> None:
    old = "\n".join(f"Old sentence {number} says that {number * 7} of it is so." for number in range(2500))
    new = "\n".join(f"Altogether otherwise {number * 3} stands there now, dear." for number in range(2500))
    same = "The same line again and again.\n" * 4000
    start = time.perf_counter()
    assert diff(old, new).count("added") == 2500
    assert diff(same + old, f"{old}\n{same}").unchanged >= 2500
    assert time.perf_counter() - start < 20
