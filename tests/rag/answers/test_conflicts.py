"""Notices on disagreements: right ones appear, near misses do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schema import Document, DrugNames
from rag.answers.conflicts import Scene, mismatched, uncovered
from rag.asked.patient import Population, populations_of
from rag.asked.touches import groups_in, vague
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.errors import ModelError
from rag.generate import Scripted
from rag.history.differences import Limits, covers, differing, limits_of, opposed
from rag.query import Query, understand
from rag.sentences.reader import ScriptedJudge
from rag.types import Answer, Draft, Evidence, Hit, Quote, Statement, Verdict
from tests.rag.bookshelf import Bookshelf, document
from tests.rag.test_engine import Shelves, codes, engine_of

DOSE = "The usual starting dose of xanol tablets in adults is {} mg once daily with food."


def message(answer: Answer, code: str) -> str:
    return next(notice.message for notice in answer.notices if notice.code == code)


def label(maker: str, text: str, section: str = "dosage_and_administration", drug: str = "xanol") -> Document:
    return document(f"label:{maker}-{drug}:1", [(section, text)], drug, labeler=maker)


def test_two_labelers_with_different_figures_are_named_once() -> None:
    shelf = Bookshelf([label("Alpha", DOSE.format(5)), label("Beta", DOSE.format(10))])
    answer = engine_of(shelf).ask("What is the usual starting dose of xanol?")
    told = [notice.message for notice in answer.notices if notice.code == "labels_differ"]
    assert len(told) == 1
    assert {"5 mg", "10 mg"} == {f"{word} mg" for word in ("5", "10") if f"says {word} mg" in told[0]}
    assert "Alpha" in told[0]
    assert "Beta" in told[0]


@pytest.mark.parametrize(
    "second",
    [
        DOSE.format(5),
        f"{DOSE.format(10)} {DOSE.format(5)}",
        DOSE.format(10).replace("adults", "children"),
        DOSE.format(10).replace("starting", "maximum"),
    ],
)
def test_what_is_no_disagreement(second: str) -> None:
    shelf = Bookshelf([label("Alpha", DOSE.format(5)), label("Beta", second)])
    assert "labels_differ" not in codes(engine_of(shelf).ask("What is the usual starting dose of xanol?"))


def test_salts_and_the_same_labeler_are_not_compared() -> None:
    other = replace(label("Beta", DOSE.format(10)), drugs=DrugNames(generic=("xanol",), substance=("XANOL SUCCINATE",)))
    for second in (other, label("Alpha Pharma", DOSE.format(10))):
        shelf = Bookshelf([label("Alpha", DOSE.format(5)), second])
        assert "labels_differ" not in codes(engine_of(shelf).ask("What is the usual starting dose of xanol?"))


@given(st.integers(1, 900), st.integers(1, 900))
def test_only_figures_that_differ_differ(one: int, two: int) -> None:
    first, second = DOSE.format(one), DOSE.format(two)
    found = differing(first, [first], [second])
    assert found == (None if one == two else (f"{one} mg", f"{two} mg"))


def test_rows_of_tables_are_not_compared() -> None:
    rows = [f"Age: {age}; Dose: {dose} mg" for age, dose in (("six", 5), ("twelve", 10))]
    assert differing(rows[0], rows[:1], rows[1:]) is None


def test_a_label_that_names_what_the_other_does_not() -> None:
    told = label("Alpha", "Xanol raises the level of ynol and should be avoided.", "drug_interactions")
    silent = label("Beta", "Ynol may cause drowsiness with alcohol.", "drug_interactions", "ynol")
    answer = engine_of(Bookshelf([told, silent])).ask("Does xanol interact with ynol?")
    assert "names ynol; no label loaded for ynol names xanol" in message(answer, "one_sided_interaction")
    both = label("Beta", "Ynol levels rise with xanol.", "drug_interactions", "ynol")
    assert "one_sided_interaction" not in codes(
        engine_of(Bookshelf([told, both])).ask("Does xanol interact with ynol?")
    )


def test_a_class_of_the_drug_is_as_good_as_its_name() -> None:
    told = label("Alpha", "Clarithromycin raises the level of ynol.", "drug_interactions", "clarithromycin")
    for words, one_sided in (("strong CYP3A4 inhibitors", False), ("alcohol", True)):
        other = label("Beta", f"Do not give ynol with {words}.", "drug_interactions", "ynol")
        answer = engine_of(Bookshelf([told, other])).ask("Does clarithromycin interact with ynol?")
        assert ("one_sided_interaction" in codes(answer)) is one_sided


def test_a_paper_against_a_label() -> None:
    told = label("Alpha", "Xanol increases exposure to ynol.", "drug_interactions")
    paper = document("pubmed:1", [("abstract", "Studies find that xanol had no effect on ynol exposure.")])
    shelf = Bookshelf([told, label("Beta", "Ynol exposure and xanol.", "drug_interactions", "ynol"), paper])
    cite_all = Scripted(lambda _, evidence: [Draft(item.text, (item,)) for item in evidence])
    for judge, noticed in ((None, True), (Verdict(0, 0.9), True), (Verdict(0.9, 0), False)):
        scripted = ScriptedJudge(lambda *_, said=judge: said) if judge else None
        engine = Engine(shelf, Shelves(shelf), HashEmbedder(256), {"extractive": cite_all}, judge=scripted)
        answer = engine.ask("Do studies find that xanol increases exposure to ynol?")
        assert {item.kind for item in answer.references} == {"label", "article"}
        assert ("literature_differs" in codes(answer)) is noticed


class Failing:
    """A judge that fails, or gives one verdict too many."""

    name = "failing"

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.read: list[tuple[str, str]] = []

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        self.read += pairs
        if self.fails:
            raise ModelError("no memory")
        return [Verdict(0.9, 0.0)] * (len(pairs) + 1)


@pytest.mark.parametrize("fails", [True, False])
def test_a_judge_that_fails_hides_no_disagreement(fails: bool) -> None:
    told = label("Alpha", "Xanol increases exposure to ynol.", "drug_interactions")
    text = "Studies find that xanol had no effect on ynol exposure."
    paper = document("pubmed:1", [("abstract", text)], "xanol")
    shelf = Bookshelf([told, label("Beta", "Ynol exposure and xanol.", "drug_interactions", "ynol"), paper])
    cite_all = Scripted(lambda _, evidence: [Draft(item.text, (item,)) for item in evidence])
    judge = Failing(fails=fails)
    engine = Engine(shelf, Shelves(shelf), HashEmbedder(256), {"extractive": cite_all}, judge=judge)
    answer = engine.ask("Do studies find that xanol increases exposure to ynol?")
    assert "literature_differs" in codes(answer)
    assert (f"xanol: {text}", "Xanol increases exposure to ynol.") in judge.read


@pytest.mark.parametrize(
    ("one", "two", "against"),
    [
        ("A increases exposure to B.", "A had no effect on B AUC.", True),
        ("A increases exposure to B.", "A raised the AUC of B.", False),
        ("A increases exposure to B.", "A reduced the risk of bleeding with B.", False),
        ("A increases or decreases levels of B.", "A reduced levels of B.", False),
    ],
)
def test_opposed_sentences(one: str, two: str, against: bool) -> None:
    assert opposed(one, two) is against
    assert opposed(two, one) is against


RENAL = Population("renal", "eGFR 28", 0, 7, "28", "mL/min")
CHILD = Population("child", "6-year-old", 0, 10, "6", "years")


@pytest.mark.parametrize(
    ("group", "text", "limits"),
    [
        (RENAL, "For creatinine clearance 30 to 60 mL/min halve the dose.", [(30, 60)]),
        (RENAL, "Give 5 mL/kg over 30 min.", []),
        (CHILD, "In patients 12 years of age and older give one tablet.", [(12, float("inf"))]),
        (CHILD, "Children aged 2 to 5 years: one tablet.", [(2, 5)]),
        (CHILD, "Treat for 6 months.", []),
    ],
)
def test_limits(group: Population, text: str, limits: list[tuple[float, float]]) -> None:
    assert limits_of(group, text) == [Limits(*one) for one in limits]


def test_patients_other_than_the_questions() -> None:
    text = "The dose of xanol is 5 mg in patients with creatinine clearance 30 to 60 mL/min."
    engine = engine_of(Bookshelf([label("Alpha", text)]))
    told = message(engine.ask("What is the dose of xanol with eGFR 20?"), "population_mismatch")
    assert "[1] (30 to 60 mL/min)" in told
    assert "population_mismatch" not in codes(engine.ask("What is the dose of xanol with eGFR 45?"))
    adults = engine_of(Bookshelf([label("Alpha", "The dose of xanol in adults is 5 mg.")]))
    assert "of adults: [1]" in message(adults.ask("What is the dose of xanol in a child?"), "population_mismatch")


def test_what_is_too_unspecific_is_not_searched() -> None:
    shelf = Bookshelf([label("Alpha", DOSE.format(5))])
    answer = engine_of(shelf).ask("What is the dose?")
    assert (answer.status, answer.references) == ("abstained", ())
    assert "too unspecific" in answer.answer
    assert vague(understand("Is it safe in children?", shelf.resolver()))
    assert not vague(understand("What is the dose for gout?", shelf.resolver()))


def test_figures_of_a_group_alone_are_said_to_be_so_where_none_is_asked_for() -> None:
    engine = engine_of(Bookshelf([label("Alpha", "The dose of xanol in cirrhosis is 5 mg.")]))
    told = message(engine.ask("What is the dose of xanol?"), "population_mismatch")
    assert told.endswith("all that is shown is of: hepatic impairment.")
    assert "population_mismatch" not in codes(engine.ask("What is the dose of xanol in cirrhosis?"))
    both = "The dose of xanol in cirrhosis is 5 mg.\nThe dose of xanol is 20 mg."
    answer = engine_of(Bookshelf([label("Alpha", both)])).ask("What is the dose of xanol?")
    assert "population_mismatch" not in codes(answer)
    assert answer.statements[0].text == "The dose of xanol is 20 mg."


def test_the_class_of_child_and_pugh_is_no_child() -> None:
    engine = engine_of(Bookshelf([label("Alpha", "The dose of xanol in Child-Pugh class C is 5 mg.")]))
    assert message(engine.ask("What is the paediatric dose of xanol?"), "population_not_covered").endswith("children.")


def test_what_is_for_another_filtration_rate_goes_where_something_else_is_there() -> None:
    fits = "The dose of xanol is 9 mg in renal impairment."
    text = f"The dose of xanol is 5 mg below 15 mL/min creatinine clearance.\n{fits}"
    engine = engine_of(Bookshelf([label("Alpha", text)]))
    answer = engine.ask("What dose of xanol at a creatinine clearance of 20 mL/min?")
    assert [item.text for item in answer.statements] == [fits]


@pytest.mark.parametrize(
    ("asked", "text", "covered"),
    [
        ("age 70", "Patient group: Older than 60 years; Dose: no more than 20 mg", True),
        ("age 70", "Patients 80 years of age and older: 2.5 mg", True),  # older adults it does speak of
        ("age 70", "Adults older than 18 years: 40 mg", False),
        ("a 9-year-old", "Patient: 6 to 12 years of age; Dose: 5 mg", True),
    ],
)
def test_an_age_bound_covers_the_patient(asked: str, text: str, covered: bool) -> None:
    group = populations_of(asked)[0]
    assert (covers(group, text) or bool(groups_in(text))) is covered
    assert covers(group, text) is (covered and "80" not in text)


NOTED = (
    "The recommended dose of zanol is 50 mg daily*.\n* Zanol was not studied in patients with renal impairment.\n"
    "Renal impairment"
)


@pytest.mark.parametrize(
    ("above", "absent"),
    [
        ("* Zanol was not studied in patients with renal impairment.", ["renal impairment"]),
        ("Zanol was not studied in patients with renal impairment.", ["renal impairment"]),
        ("not studied in patients with renal impairment", ["renal impairment"]),
        ("Renal impairment", []),
    ],
)
def test_a_title_alone_says_of_whom_a_statement_is(above: str, absent: list[str]) -> None:
    query, shown = noted(NOTED, above, "What is the dose of zanol in renal impairment?")
    assert uncovered(query, shown) == absent


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("* Zanol was not studied in patients with renal impairment.", set()),
        ("Renal impairment", {"population_mismatch"}),
    ],
)
def test_a_note_makes_no_dose_one_of_some_patients(above: str, told: set[str]) -> None:
    shelf = Bookshelf([label("Alpha", NOTED, drug="zanol")])
    query, shown = noted(NOTED, above, "What is the dose of zanol?")
    view = engine_of(shelf).view
    numbers = {shown[0][0].evidence[0].hit.passage.passage_id: 1}
    assert {notice.code for notice in mismatched(Scene(view, query, shown, numbers, None))} == told


def noted(text: str, above: str, question: str) -> tuple[Query, list[tuple[Draft, Statement]]]:
    """The first line of ``text`` as a statement that is shown with other words of it."""
    shelf = Bookshelf([label("Alpha", text, drug="zanol")])
    page, start = shelf.pages[0], text.find(above)
    first = text.partition("\n")[0]
    under = (Quote.of(above, start, start + len(above)),)
    book = shelf.books[page.document_id]
    item = Evidence(Hit(page, book, 1.0, book.drugs.generic), first, 0, len(first), 0.9, under)
    draft = Draft(first, (item,))
    return understand(question, shelf.resolver()), [(draft, Statement(first, (1,), "verbatim", 0.9, under))]
