"""Questions that ask for a study or a share, and look-alikes that do not, worded without a look at the rules.

The rules were mended on the half ``seen``. The half ``unseen`` was asked once, after that, and is not to be mended to:
its shares are what the rules are worth on questions that they were not made for.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rag.asked.figures import asks_share
from rag.asked.studies import asks_for_study

with (Path(__file__).parent / "paraphrases.tsv").open(encoding="utf-8", newline="") as lines:
    ROWS = list(csv.DictReader(lines, delimiter="\t"))
READS = {"study": asks_for_study, "share": asks_share}


@pytest.mark.parametrize(
    ("half", "asks", "wanted", "least"),
    [
        ("seen", "study", "yes", 30),
        ("seen", "study", "no", 30),
        ("seen", "share", "yes", 10),
        ("seen", "share", "no", 10),
        ("unseen", "study", "yes", 28),
        ("unseen", "study", "no", 29),
        ("unseen", "share", "yes", 9),
        ("unseen", "share", "no", 10),
    ],
)
def test_what_is_asked_for_is_told_in_other_words_too(half: str, asks: str, wanted: str, least: int) -> None:
    rows = [row["question"] for row in ROWS if (row["half"], row["asks"], row["wanted"]) == (half, asks, wanted)]
    assert len(rows) == (30 if asks == "study" else 10)
    wrong = [question for question in rows if READS[asks](question) is not (wanted == "yes")]
    assert len(rows) - len(wrong) >= least, wrong


def test_no_question_is_there_twice() -> None:
    assert len({row["question"] for row in ROWS}) == len(ROWS) == 160
