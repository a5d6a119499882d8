"""A question for a figure is answered by a figure."""

from __future__ import annotations

import time

import pytest

from rag.asked.figures import asks_dose, asks_share, tells_dose, tells_share, without_figure


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Rate of rash on xanol?", True),
        ("Gallstones on xanol: how many adults get them?", True),
        ("How common is cough with xanol?", True),
        ("Hot flushes on xanol, in percent?", True),
        ("How often does xanol cause bleeding?", True),
        ("How often was bleeding reported with xanol?", True),
        ("What % of patients bled on xanol?", True),
        ("Share of xanol patients with a rash?", True),
        ("How likely is rash with xanol?", True),
        ("How many died on xanol?", True),
        ("How often does xanol need to be taken?", False),
        ("How often do I take xanol?", False),
        ("What fraction of the usual dose of xanol is given?", False),
        ("Is there a higher chance of rash with xanol?", False),
        ("How many tablets of xanol a day?", False),
        ("In how many days does xanol act?", False),
        ("Rate of infusion of xanol?", False),
        ("Infusion rate of xanol?", False),
        ("How often is xanol taken?", False),
        ("", False),
    ],
)
def test_what_asks_for_a_share(question: str, asks: bool) -> None:
    assert asks_share(question) is asks


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Rash occurred in 3% of patients", True),
        ("1 in 50 had it", True),
        ("Reaction: Rash; Xanol (%): 3; Placebo (%): 1", True),
        ("Cough is very common", True),
        ("Rash began after 2.6 months", False),
        ("Give 5 mg daily", False),
    ],
)
def test_what_tells_one(text: str, tells: bool) -> None:
    assert tells_share(text) is tells


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("First weeks of xanol beside banol, what dose?", True),
        ("How much xanol at night?", True),
        ("Xanol for a child, mg per kg a day?", True),
        ("Was the dose of xanol missed?", False),
        ("Is xanol safe?", False),
        ("What is the maximum daily dose of xanol over age 75?", True),
    ],
)
def test_what_asks_for_an_amount(question: str, asks: bool) -> None:
    assert asks_dose(question) is asks


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Xanol 25 mg every other day", True),
        ("Less than half of the usual dose", True),
        ("Children 6 to 12 years: 1 suppository", True),
        ("HLA-B*1502 may raise the risk of rash.", False),
        ("Avoid xanol", True),
        ("Group: All; Xanol: No adjustment", True),
        ("A total of 455 subjects (65 years of age or older) were exposed. Of those, 145 were 75 years old.", False),
        ("The recommended starting dose of xanol is 5 mg in patients.", True),
        ("2.5 mg for children.", True),
        ("10 mg to women once daily.", True),
        ("Administer a total of 8 units.", True),
        ("Apply a 1% cream.", True),
        ("Rash occurred in 3% of them, in 12 healthy male subjects.", False),
        ("Some 12 patients older than 75 years took 50 mg.", True),
        ("Too high a first dose may raise the risk of rash.", False),
    ],
)
def test_what_tells_an_amount(text: str, tells: bool) -> None:
    assert tells_dose(text) is tells
    assert without_figure("Xanol: which dose?", text) is not tells
    assert not without_figure("Is xanol safe?", text)


@pytest.mark.parametrize("text", ["1" * 5_000, "1," * 2_500, "1a" * 2_500, "1 " * 2_500])
def test_no_text_makes_the_search_for_figures_slow(text: str) -> None:
    begun = time.process_time()
    tells_dose(text)
    tells_share(text)
    assert time.process_time() - begun < 0.5
