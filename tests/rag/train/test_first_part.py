"""Which part of a sentence a reader may learn to take as said."""

from __future__ import annotations

import pytest

from rag.train.readings import _first_part

FIRST = "Xanol tablets are taken once daily with a glass of water"


@pytest.mark.parametrize(
    ("rest", "part"),
    [
        (", and doses are taken with food.", f"{FIRST}."),
        ("; doses are taken with food.", f"{FIRST}."),
        (", but it is not for children.", ""),
        (", or it may be given twice.", ""),
        ("; however it is not for children.", ""),
        (".", ""),
    ],
)
def test_what_is_qualified_is_not_said_without_its_qualification(rest: str, part: str) -> None:
    assert _first_part(FIRST + rest) == part
