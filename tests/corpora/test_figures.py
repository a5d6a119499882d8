"""Figures of a text: what counts as one, and that ours and a source's are read alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.checks.figures import GLUED, Figures, figures, fold, heads, measured
from corpora.checks.tables import columns

ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("10 to 20 mg", {("10", "mg"), ("20", "mg")}),
        ("60–270%", {("60", "%"), ("270", "%")}),
        ("1,200 mcg/kg/day", {("1200", "mcg/kg")}),
        ("30 mL per min", {("30", "ml/minute")}),
        ("30 mL/min/1.73 m2", {("30", "ml/minute")}),
        ("60 mg/m 2", {("60", "mg/m2")}),
        ("60 mg", {("60", "mg")}),
        ("18 to 20 units/kg/hour", {("18", "unit/kg/hour"), ("20", "unit/kg/hour")}),
        ("100,000/mm3", {("100000", "/mm3")}),
        ("450 msec and 5 mmol/L", {("450", "msec"), ("5", "mmol/l")}),
        ("30 seconds; 2 tablets; 50 µL", {("30", "second"), ("2", "tablet"), ("50", "ul")}),
        ("0.2 mg kg(-1)", {("0.2", "mg/kg")}),
        ("64 percent", {("64", "%")}),
        ("35.4 ± 8.1 mcg/mL", {("35.4", "mcg/ml"), ("8.1", "mcg/ml")}),
        ("25, 50 and 100 mg", {("25", "mg"), ("50", "mg"), ("100", "mg")}),
        ("11.7 vs 10.4%", {("11.7", "%"), ("10.4", "%")}),
        ("ratio 0.83, 95% CI", {("95", "%")}),
        ("20° to 25°C", {("20", "°c"), ("25", "°c")}),
        ("ninety hours", {("90", "hour")}),
        ("two hundred and twenty-eight days", {("228", "day")}),
        ("997tablets", {("997", "tablet")}),
        ("CYP3A4 and T4", set()),
        ("every 12 hours for 7 days", {("12", "hour"), ("7", "day")}),
    ],
)
def test_numbers_with_units(text: str, pairs: set[tuple[str, str]]) -> None:
    assert set(measured(fold(text))) == pairs


def test_a_word_with_digits_is_a_figure_unless_it_is_a_number_with_its_unit() -> None:
    assert figures("24x, CYP2D6, 24h, m2") == {("24x", GLUED), ("2d6", GLUED), ("24", "hour")}
    assert ("5x", GLUED) in figures("1.5x")
    assert ("beta2", GLUED) in figures("the beta 2 agonists", source=True)
    assert ("beta2", GLUED) not in figures("the beta 2 agonists")


def test_low_numbers_in_words_alone_count_in_sources_only() -> None:
    assert figures("one of the two, thirteen of them") == {("13", "")}
    assert {("1", ""), ("2", "")} <= figures("one of the two", source=True)


@given(st.integers(21, 99).filter(lambda number: number % 10), st.sampled_from([" ", "-"]))
def test_words_and_digits_are_one_figure(number: int, between: str) -> None:
    spelled = TENS[number // 10 - 2] + between + ONES[number % 10 - 1]
    assert figures(f"{spelled} weeks") == figures(f"{number} weeks")


@given(st.integers(1, 99_999), st.sampled_from(["mg", "mg/m2", "mL/min", "units/kg", "%", "hours", ""]))
def test_what_a_source_says_is_never_missing(number: int, unit: str) -> None:
    text = f"Take {number} {unit} of it"
    assert Figures(pending=iter([text])).missing(figures(text)) == set()
    assert Figures(pending=iter([text])).missing(figures(f"Take {number + 1} {unit}")) != set()


def test_texts_are_read_only_as_far_as_needed() -> None:
    pending = iter(["5 mg", "7 mg"])
    assert Figures(pending=pending).missing({("5", "mg")}) == set()
    assert list(pending) == ["7 mg"]


def test_a_head_names_the_unit_of_what_stands_below_and_beside_it() -> None:
    assert heads("Daily dose (mg/day)") == {"mg/day"}
    assert heads("Dose of 5 mg") == heads("Tablets") == set()
    table = """<table><tr><th rowspan="2">Creatinine clearance (mL/min)</th><th colspan="2">Change (%)</th></tr>
    <tr><th>AUC</th><th>Peak</th></tr><tr><td>15 to 29</td><td>60</td><td>70</td></tr></table>"""
    found = figures(columns(table))
    assert {("15", "ml/minute"), ("29", "ml/minute"), ("60", "%"), ("70", "%")} <= found
    assert ("15", "%") not in found
    assert ("60", "ml/minute") not in found
    assert columns("") == ""
