"""What says that nothing changed, and which way things go: the one list that answers, notices and checks share."""

from __future__ import annotations

import pytest

from rag.checks.cues import directions, levels, unchanged


@pytest.mark.parametrize(
    "text",
    [
        "Xanol had no effect on ynol.",
        "No clinically significant pharmacokinetic drug interactions were seen.",
        "Xanol did not increase the AUC of ynol.",
        "Xanol did not significantly raise exposure.",
        "Exposure is not affected by age.",
        "The AUC was unchanged.",
    ],
)
def test_what_says_that_nothing_changed(text: str) -> None:
    assert unchanged(text)


@pytest.mark.parametrize(
    "text",
    [
        "Xanol increased the AUC of ynol.",
        "No studies of drug interactions have been done.",
        "No formal drug interaction studies have been done.",
        "Do not take xanol with ynol.",
        "No dose is safe.",
    ],
)
def test_what_says_no_such_thing(text: str) -> None:
    assert not unchanged(text)


def test_ways_said_outright() -> None:
    assert levels("Exposure rose.") == {"up"}
    assert levels("Exposure fell, and clearance increased.") == {"up", "down"}
    assert levels("Take more water.") == frozenset()


@pytest.mark.parametrize(
    ("text", "family", "side"),
    [
        ("Never stop it suddenly.", "therapy", "one"),
        ("It should not be given.", "therapy", "other"),
        ("It should be given.", "therapy", "one"),
        ("Do not exceed the dose; stop when ill.", "therapy", "other"),
        ("No dosage adjustment of it in the elderly is necessary.", "need", "one"),
        ("It is not uncommon.", "often", "other"),
    ],
)
def test_a_negation_exchanges_the_sides_of_what_it_is_on(text: str, family: str, side: str) -> None:
    assert {one.side for one in directions(text) if one.family == family} == {side}
