"""On which side of a yes/no question a source is, by rules first."""

from __future__ import annotations

import pytest

from rag.answers.stances import asks, by_rule
from rag.asked.touches import Touch
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.generate import Extractive
from rag.query import understand
from rag.sentences.reader import ScriptedJudge
from rag.types import Answer, Evidence, Hit, Judge, Verdict
from tests.rag.bookshelf import Bookshelf, document
from tests.rag.test_engine import Shelves

CRUSHED = "For patients who cannot swallow tablets whole, xanol tablets can be crushed, mixed with water, and drunk."
SHELF = Bookshelf(
    [
        document("label:x:1", [("contraindications", "Do not use xanol in asthma.")], "xanol"),
        document("label:y:1", [("drug_interactions", "Ynol is well tolerated by most patients.")], "ynol"),
    ]
)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Can xanol be given with ynol?", "allowed"),
        ("Is xanol contraindicated in asthma?", "forbidden"),
        ("Should xanol be avoided in asthma?", "forbidden"),
        ("Does xanol interact with ynol?", "interacts"),
        ("Does xanol cause drowsiness?", "fact"),
        ("Asthma: is xanol safe?", "allowed"),
        ("What is the dose of xanol?", None),
        ("How is xanol stored?", None),
        ("Xanol vs ynol", None),
    ],
)
def test_what_is_asked(question: str, asked: str | None) -> None:
    assert asks(understand(question, SHELF.resolver())) == asked


@pytest.mark.parametrize(
    ("question", "text", "side"),
    [
        ("Can xanol be given in asthma?", "Xanol is contraindicated in asthma.", "contradicts"),
        ("Is xanol contraindicated in asthma?", "Xanol is contraindicated in asthma.", "supports"),
        ("Is xanol safe in asthma?", "Xanol is contraindicated in asthma, except in attacks.", "contradicts"),
        ("Is xanol safe in asthma?", "Xanol is not contraindicated in asthma.", None),
        ("Should xanol be avoided in asthma?", "Avoid abrupt withdrawal of xanol.", "mentions"),
        ("Can xanol be given in asthma?", "Xanol may be used in asthma.", "supports"),
        ("Can xanol be given in asthma?", "Xanol may be used in asthma only if nothing else helps.", None),
        ("Can xanol be given with ynol?", "Avoid xanol with ynol.", "contradicts"),
        ("Can xanol be given with ynol?", "Avoid xanol with alcohol.", "mentions"),
        ("Can xanol be given with ynol?", "Xanol with ynol is contraindicated in renal impairment.", "mentions"),
        ("Does xanol interact with ynol?", "Xanol increases levels of ynol.", "supports"),
        ("Does xanol lower ynol levels?", "Avoid ynol with xanol, which will decrease its exposure.", None),
        ("Does xanol lower ynol levels?", "Xanol will decrease the exposure of ynol.", "supports"),
        ("Does xanol raise ynol levels?", "Reduce the dose of ynol by half with xanol.", None),
        ("Does xanol raise ynol levels?", "Xanol reduces the clearance of ynol.", None),
        ("Does xanol raise ynol levels?", "Lower doses of ynol are recommended with xanol.", None),
        ("Does xanol raise ynol levels?", "Ynol increases xanol levels.", None),
        ("Can xanol be given with ynol?", "Xanol may be used with ynol unless ynol is contraindicated.", None),
        ("Can xanol be given with ynol?", "Unless contraindicated, give xanol with ynol.", None),
        ("Can xanol be given with ynol?", "Xanol is not absolutely contraindicated with ynol.", None),
        ("Does xanol raise ynol levels?", "Xanol decreases levels of ynol.", "contradicts"),
        ("Does xanol raise ynol levels?", "Avoid xanol with ynol.", "mentions"),
        ("Does xanol interact with ynol?", "Xanol did not affect ynol.", "contradicts"),
        ("Is xanol safe in pregnancy?", "Do not use xanol in nursing mothers.", "mentions"),
        ("Does xanol interact with ynol?", "Xanol did not increase the AUC of ynol.", None),
        ("Does xanol interact with ynol?", "Xanol with ynol caused no meaningful increases in levels.", None),
        ("Does xanol interact with ynol?", "No dose adjustment of xanol is needed with ynol.", None),
        ("Does xanol interact with ynol?", "Xanol is not an inhibitor of what clears ynol.", None),
        ("Does xanol interact with ynol?", "Avoid xanol with ynol; do not combine them.", "supports"),
        ("Can xanol be stopped suddenly?", "Never stop xanol suddenly.", None),
        ("Can I stop xanol before surgery in asthma?", "In asthma, xanol must not be stopped.", None),
        ("Should xanol be discontinued in asthma?", "Avoid xanol in asthma.", None),
        ("Can xanol be given in asthma?", "In asthma, xanol must not be stopped.", None),
        ("Can xanol be given in asthma?", "In asthma, never discontinue xanol.", None),
        ("Can xanol tablets be crushed?", CRUSHED, "supports"),
        ("Can I crush xanol?", CRUSHED, "supports"),
        ("Is it safe to crush xanol tablets?", "Xanol tablets must not be crushed or chewed.", "contradicts"),
        ("Can I chew xanol?", "Swallow xanol whole; do not crush, split or chew it.", "contradicts"),
        ("Should xanol capsules be opened?", "The capsules may be opened and sprinkled on food.", "supports"),
        ("Can I chew xanol?", "The tablets can be crushed but must not be chewed.", "contradicts"),
        ("Can xanol be crushed in pregnancy?", "In children, the tablets can be crushed.", "mentions"),
        ("Can I crush xanol?", "The tablets can be split.", "mentions"),
        ("Can xanol be used with eGFR 20?", "No dose adjustment is needed with eGFR 30 to 60 mL/min.", "mentions"),
    ],
)
def test_rules(question: str, text: str, side: str | None) -> None:
    query = understand(question, SHELF.resolver())
    hit = Hit(SHELF.pages[0], SHELF.books["label:x:1"], 1.0, ("xanol",))
    asked = asks(query)
    assert asked is not None
    found = by_rule(query, asked, Evidence(hit, text, 0, len(text), 1.0), Touch.of(query, 0, SHELF.resolver()))
    assert found == side


def ask(question: str, judge: Judge | None = None) -> Answer:
    return Engine(SHELF, Shelves(SHELF), HashEmbedder(256), {"extractive": Extractive()}, judge=judge).ask(question)


def test_references_of_yes_no_questions_alone_have_a_stance() -> None:
    assert [item.stance for item in ask("Is xanol contraindicated in asthma?").references] == ["supports"]
    assert {item.stance for item in ask("What are contraindications of xanol?").references} == {None}


@pytest.mark.parametrize(
    ("verdict", "stance"),
    [(Verdict(0.9, 0.0), "supports"), (Verdict(0.0, 0.9), "contradicts"), (Verdict(0.5, 0.4), "mentions")],
)
def test_the_judge_decides_what_rules_leave_open(verdict: Verdict, stance: str) -> None:
    question = "Is ynol well tolerated?"
    assert {item.stance for item in ask(question).references} == {"mentions"}
    assert {item.stance for item in ask(question, ScriptedJudge(lambda *_: verdict)).references} == {stance}


@pytest.mark.parametrize(
    ("question", "verdict", "stance"),
    [
        ("Can xanol be given in asthma?", Verdict(0.9, 0.0), "mentions"),
        ("Can xanol be given in asthma?", Verdict(0.0, 0.9), "contradicts"),
        ("Should xanol be avoided in asthma?", Verdict(0.9, 0.0), "supports"),
        ("Should xanol be avoided in asthma?", Verdict(0.0, 0.9), "mentions"),
    ],
)
def test_no_judge_says_of_a_label_that_a_use_is_allowed(question: str, verdict: Verdict, stance: str) -> None:
    shelf = Bookshelf(
        [document("label:x:1", [("warnings", "Deaths in asthma have been reported with xanol.")], "xanol")]
    )
    judge = ScriptedJudge(lambda *_: verdict)
    answer = Engine(shelf, Shelves(shelf), HashEmbedder(256), {"extractive": Extractive()}, judge=judge).ask(question)
    assert {item.stance for item in answer.references} == {stance}
