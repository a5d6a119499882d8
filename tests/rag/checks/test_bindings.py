"""Two numbers that change places, or two drugs, say something else; in other words and another order they may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checks.bindings import numbers_exchanged, reordered
from rag.checks.claims import Source, flaws
from rag.drugs import Resolver

DRUGS = ("apixaban", "warfarin", "sertraline", "duloxetine", "simvastatin", "rifampin", "digoxin")
NAMES = Resolver.from_names((str(place), "generic", name) for place, name in enumerate(DRUGS))
SAID = (  # a source, and the same in other words and the other order
    ("Bleeding occurred in {f} of patients on {a} and {g} of patients on {b}.",
     "Patients on {b} bled in {g}, those on {a} in {f}."),
    ("Nausea was reported by {f} of patients on {a} and {g} on {b}.", "Nausea: {b} {g}, {a} {f}."),
    ("The binding of {a} is {f} and of {b} {g}.", "{b} has a binding of {g} and {a} one of {f}."),
    ("{a} ({f}) as compared to {b} ({g}).", "{b} ({g}) as compared to {a} ({f})."),
)  # fmt: skip
shares = st.lists(st.integers(2, 97), min_size=2, max_size=2, unique=True).map(lambda two: [f"{one}%" for one in two])
drugs = st.permutations(DRUGS).map(lambda names: names[:2])


@given(st.sampled_from(SAID), drugs, shares)
def test_two_numbers_or_drugs_that_change_places_are_refused(
    said: tuple[str, str], names: list[str], numbers: list[str]
) -> None:
    (a, b), (f, g) = names, numbers
    source = [Source(said[0].format(a=a, b=b, f=f, g=g))]
    for form in said:
        assert "number of something else" not in flaws(form.format(a=a, b=b, f=f, g=g), source, NAMES)
        assert flaws(form.format(a=a, b=b, f=g, g=f), source, NAMES)
        assert flaws(form.format(a=b, b=a, f=f, g=g), source, NAMES)


TWICE = "It raised the Cmax and AUC of digoxin by 23% and 81%, respectively."


@pytest.mark.parametrize(
    ("claim", "text", "exchanged"),
    [
        (TWICE.replace("23", "#").replace("81", "23").replace("#", "81"), TWICE, True),
        (TWICE, TWICE, False),
        (TWICE, f"{TWICE} It raised the Cmax and AUC of digoxin by 81% and 23%, respectively.", False),
        ("Give it 1 hour before or 2 hours after food.", "Give it 2 hours before or 1 hour after food.", True),
        ("After food wait 1 hour, before food 2 hours.", "Give it 2 hours before food or 1 hour after food.", False),
        ("Give 5 mg or 10 mg.", "Give 5 mL or 10 mg.", False),
        ("No number.", TWICE, False),
        ("", "", False),
    ],
)
def test_numbers_in_each_others_places_are_told(claim: str, text: str, exchanged: bool) -> None:
    assert numbers_exchanged(claim, [text]) is exchanged


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_read_and_is_never_exchanged_with_itself(claim: str, text: str) -> None:
    assert isinstance(numbers_exchanged(claim, [text]), bool)
    assert not numbers_exchanged(text, [text])


def test_the_same_words_with_drugs_in_another_order_are_told() -> None:
    text, claim = "Rifampin lowers digoxin; digoxin is given.", "Digoxin lowers rifampin; digoxin is given."
    held = [(0, 8, "rifampin"), (16, 23, "digoxin"), (25, 32, "digoxin")]
    assert reordered(claim, [(0, 7, "digoxin"), (15, 23, "rifampin"), (25, 32, "digoxin")], text, held)
    assert not reordered(text, held, text, held)
