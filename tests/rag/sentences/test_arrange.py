"""What is shown beside what: repetitions, routes, rows of a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schema import Document, DrugNames, Kind, Passage
from rag.generate import MAX_STATEMENTS, Extractive
from rag.query import Query
from rag.sentences.arrange import ROWS, blocks, of_one_route, unrepeated
from rag.types import Evidence, Hit

LONG = "Reduce the dose of xanol by half in patients with severe renal impairment and monitor their kidneys closely"


def label(name: str, brand: str = "") -> Document:
    drugs = DrugNames(generic=("xanol",), brand=(brand,) if brand else ())
    return Document(
        f"label:{name}:1", Kind.LABEL, name, name, "1", "0" * 64, (), effective=date(2020, 1, 1), drugs=drugs
    )


def said(text: str, name: str = "a", start: int = 0, score: float = 0.9, passage: str = "") -> Evidence:
    page = Passage(f"{name}{start}", f"label:{name}:1", "dosage_and_administration", 0, 999, passage or text, "")
    return Evidence(Hit(page, label(name), score, ("xanol",)), text, start, start + len(text), score)


def texts(items: list[Evidence]) -> list[str]:
    return [item.text for item in items]


@pytest.mark.parametrize(
    ("lower", "stays"),
    [
        ("Reduce the dose by half in patients with severe renal impairment.", False),
        (f"{LONG}.", False),
        ("Reduce the dose by half in patients with severe renal impairment (below 30 mL/min).", True),
        ("Do not reduce the dose by half in patients with severe renal impairment.", True),
        ("The capsules are swallowed whole with a glass of water.", True),
    ],
)
def test_what_was_said_better_goes_unless_a_number_or_a_turn_differs(lower: str, stays: bool) -> None:
    assert texts(unrepeated([said(LONG), said(lower, "b")])) == [LONG, lower][: 1 + stays]


def test_a_refusal_does_not_hide_the_opposite() -> None:
    both = ["The use of xanol in pregnancy is not recommended.", "The use of xanol in pregnancy is recommended."]
    assert texts(unrepeated([said(both[0]), said(both[1], "b")])) == both


@given(st.lists(st.sampled_from(["Take 5 mg of it", "Take 10 mg of it", "Take it", "Never take it", "Take it cold"])))
def test_no_number_and_no_turn_is_lost(found: list[str]) -> None:
    kept = texts(unrepeated([said(text, str(place)) for place, text in enumerate(found)]))
    assert kept == sorted(kept, key=found.index)
    for mark in ("5", "10", "Never"):
        assert any(mark in text.split() for text in kept) == any(mark in text.split() for text in found)


def test_eye_drops_are_not_shown_beside_tablets() -> None:
    tablets = said("Take one a day.", "t", passage="Take one tablet a day.")
    drops = said("Use one drop.", "d", passage="Use one drop in the affected eye.")
    unknown = said("See the dose.", "u")
    assert texts(of_one_route([tablets, drops, unknown])) == ["Take one a day.", "See the dose."]
    assert texts(of_one_route([drops, tablets, unknown])) == ["Use one drop.", "See the dose."]
    assert len(of_one_route([unknown, drops, tablets])) == 3


def rows(count: int) -> list[Evidence]:
    """Rows of a table, the last one scored best."""
    made = [f"CrCl (mL/min): {10 * n} to {10 * n + 9}; Dose: {n} g; Interval: {n} h" for n in range(1, count + 1)]
    return [said(text, start=100 * n, score=0.5 + n / 100) for n, text in enumerate(made)][::-1]


def test_rows_of_a_table_stay_together_in_its_order() -> None:
    prose = [said("Take it with food.", start=900, score=0.4), said("Swallow it whole.", start=950, score=0.4)]
    found = blocks([rows(4)[0], prose[0], *rows(4)[1:], prose[1]])
    assert [texts(block) for block in found] == [texts(rows(4)[::-1]), *([item.text] for item in prose)]


@given(st.integers(1, 20))
def test_of_a_long_table_the_best_rows_are_shown_and_count_as_one_statement(count: int) -> None:
    prose = said("Take it with food in the morning.", start=9000, score=0.5)
    drafts = Extractive().generate(Query("dose of xanol"), [*rows(count), prose])
    starts = [draft.evidence[0].start for draft in drafts]
    assert len(drafts) == min(count, ROWS) + 1 <= MAX_STATEMENTS
    assert starts[:-1] == sorted(item.start for item in rows(count)[:ROWS])


def test_a_route_that_labels_state_is_not_guessed_from_their_words() -> None:
    drops = replace(label("b"), routes=("ophthalmic",))
    tablets = replace(label("a"), routes=("oral",))
    items = [
        replace(one, hit=replace(one.hit, document=document))
        for one, document in ((said("Take it twice."), tablets), (said("Use one drop by the hour.", "b"), drops))
    ]
    assert [item.hit.document.routes for item in of_one_route(items)] == [("oral",)]
    assert of_one_route([said("Take it twice."), said("Use one drop by the hour.", "b")])[1:]
