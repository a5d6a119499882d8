"""Numbers, units and frequencies: how texts write them, what is the same, and what must not be."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checks.measures import AMOUNT, Measure, frequencies, measures


def read(text: str) -> list[tuple[str, str, str, str]]:
    return [(str(one.low), str(one.high), one.unit, one.bound) for one in measures(text)]


def one(text: str) -> tuple[Fraction, Fraction, str, str]:
    (found,) = measures(text)
    return found.low, found.high, found.unit, found.bound


SAME = [
    ("5 to 10 mg", "5-10 mg"),
    ("5 mg–10 mg", "5 to 10 milligrams"),
    ("between 6 and 12 years", "6-12 years"),
    ("1 g", "1,000 mg"),
    ("0.5 mg", "500 mcg"),
    ("500 µg", "500 micrograms"),
    ("two tablets", "2 tablets"),
    ("≥ 65 years", "65 years of age and older"),
    ("at least 65 years", "65 years or older"),
    ("less than 30 mL/min", "<30 mL/min"),
    ("below 30 mL/min", "under 30 mL/minute"),
    ("CrCl <30 mL/min/1.73 m 2", "less than 30 mL/min/1.73 m²"),
    ("should not exceed 40 mg", "up to 40 mg"),
    ("do not exceed a total daily dose of 40 mg", "no more than 40 mg"),
    ("60 minutes", "1 hour"),
    ("7 days", "one week"),
    ("24 months", "2 years"),
    ("38%", "38 percent"),
    ("5 mg/kg/day", "5 mg/kg daily"),
    ("doubled", "2-fold"),
    ("50 mg/m 2", "50 mg/m²"),
]
DIFFERENT = [
    ("5 mg", "5 mcg"),
    ("5 mg", "5 mg/kg"),
    ("5 mg/kg", "5 mg/m2"),
    ("5 mg", "5 mL"),
    ("5 mg", "up to 5 mg"),
    ("over 65 years", "65 years and over"),
    ("over 65 years", "under 65 years"),
    ("≤ 5 mg", "< 5 mg"),
    ("at least 5 mg", "at most 5 mg"),
    ("5 to 10 mg", "10 mg"),
    ("24 hours", "24 days"),
    ("two tablets", "two capsules"),
    ("20 °C", "20 °F"),
    ("5 mg", "0.5 mg"),
    ("6 to 12 years", "6 to less than 12 years"),
    ("half a tablet", "one tablet"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_the_same_is_read_the_same(left: str, right: str) -> None:
    assert one(left) == one(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_what_differs_is_read_differently(left: str, right: str) -> None:
    assert read(left) != read(right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10, 20 and 40 mg/mL", ["10000", "20000", "40000"]),
        ("20° to 25°C", ["20"]),
        ("10 or 20 mg", ["10000", "20000"]),
        ("AUC by 38% and C max by 43%", ["38", "43"]),
        ("CYP3A4, 5-HT and p53", []),
        ("70.1%vs48.9%, p<0.001", ["701/10", "1/1000"]),
        ("12 (238)", ["12", "238"]),
        ("six (6) doses", ["6", "6"]),
        ("one of the drugs", []),
    ],
)
def test_lists_share_their_unit_and_names_are_no_numbers(text: str, expected: list[str]) -> None:
    assert [low for low, *_ in read(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twice daily", "2/day"),
        ("BID", "2/day"),
        ("b.i.d.", "2/day"),
        ("two times a day", "2/day"),
        ("2 times per day", "2/day"),
        ("three times daily", "3/day"),
        ("once weekly", "1/week"),
        ("every 8 hours", "every 8 hour"),
        ("q8h", "every 8 hour"),
        ("every eight hours", "every 8 hour"),
        ("every other day", "every 2 day"),
        ("every 4 to 6 hours", "every 4-6 hour"),
        ("daily", "day"),
        ("every day", "day"),
        ("two to three times a day", "2-3/day"),
    ],
)
def test_frequencies(text: str, expected: str) -> None:
    assert [found.value for found in frequencies(f"10 mg {text}")] == [expected]
    assert [found.unit for found in measures(f"10 mg {text}")] == ["mcg"]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5 mg", True),
        ("2.5 MG", True),
        ("300mcg", True),
        ("10 Units", True),
        ("20 mEq daily", True),
        ("2 tablets", True),
        ("5 mEq/L", False),
        ("p.D482G", False),
        ("12 years", False),
        ("40 mmHg", False),
        ("30 mL/min", False),
        ("12 mg/dL", False),
        ("20 mcg/mL", False),
        ("5 mg/hour", False),
        ("5 mg/L", False),
        ("5 mg/kg", True),
        ("5 mg/day", True),
        ("5 mg/m2", True),
        ("5 mg/lb", True),
    ],
)
def test_what_is_an_amount_of_a_drug(text: str, amount: bool) -> None:
    assert bool(AMOUNT.search(text)) is amount


@given(st.integers(1, 99_999), st.sampled_from(["mg", "mL", "%", "hours", "mg/kg", "tablets", "mEq/L"]))
def test_a_number_is_found_where_it_stands(value: int, unit: str) -> None:
    for written in (str(value), f"{value:,}"):
        text = f"The amount is {written} {unit} here."
        (found,) = measures(text)
        assert text[found.start : found.end] == f"{written} {unit}"
        assert found.low == found.high


@given(st.decimals(0, 1000, places=2), st.decimals(0, 1000, places=2))
def test_two_numbers_are_the_same_only_where_they_are(left: str, right: str) -> None:
    assert (read(f"give {left} mg") == read(f"give {right} mg")) is (Fraction(left) == Fraction(right))


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    found = measures(text)
    assert all(isinstance(one, Measure) and 0 <= one.start < one.end <= len(text) for one in found)
    assert all(0 <= one.start < one.end <= len(text) for one in frequencies(text))


@pytest.mark.parametrize("digits", ["1" * 6_000, "0." + "1" * 6_000, "1,111" + ",111" * 2_000])
def test_a_number_beyond_all_reason_is_no_measure(digits: str) -> None:
    assert [str(found.low) for found in measures(f"{digits} mg, then 5 mL")] == ["5"]
