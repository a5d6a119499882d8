"""Each rule alone: when it applies, by how much, and that it says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schema import Document, DrugNames, Kind, Mark, Passage
from rag.query import Query
from rag.ranking.sides import Side, pattern
from rag.ranking.weights import EVIDENCE, Weights, evidence_of, label_rules, newest, paper_rules
from rag.types import Hit

WEIGHTS = Weights()
LISINOPRIL = Side(("lisinopril",), pattern(["lisinopril", "zestril"]), ("Zestril",), ("zestril",))
ASKED = Query("?", sections=("pregnancy", "warnings"))
TODAY = date(2024, 1, 1)


def made(kind: Kind = Kind.ARTICLE, text: str = "Text.", section: str = "abstract", **fields: Any) -> Hit:  # noqa: ANN401
    document = replace(Document("x:1", kind, "A title", "1", "1", "0" * 64, (), published=TODAY), **fields)
    drugs = tuple(name for listed in document.drugs.generic for name in listed.split(" and "))
    return Hit(Passage("1", "x:1", section, 0, len(text), text, ""), document, 1.0, drugs)


def label(text: str = "Text.", section: str = "overdosage", drugs: str = "lisinopril", **fields: Any) -> Hit:  # noqa: ANN401
    return made(Kind.LABEL, text, section, drugs=DrugNames(generic=(drugs,), brand=("Zestril",)), **fields)


def on_label(hit: Hit, side: Side | None = None, query: Query = ASKED, latest: date | None = TODAY) -> dict[str, float]:
    rules = label_rules(WEIGHTS, query, side, hit, latest)
    assert all(len(rule.reason) > 10 for rule in rules)
    return {rule.name: rule.factor for rule in rules}


def on_paper(hit: Hit, *sides: Side, latest: date | None = TODAY) -> dict[str, float]:
    return {rule.name: rule.factor for rule in paper_rules(WEIGHTS, sides, hit, latest)}


def test_a_plain_passage_has_no_rules() -> None:
    assert on_label(label()) == on_paper(made()) == {}


def test_the_sections_asked_for_in_their_order() -> None:
    first, second = (on_label(label(section=slug))["section"] for slug in ("pregnancy.2", "warnings"))
    assert (first, second) == (1 + WEIGHTS.section, 1 + WEIGHTS.section / 2)


def test_sections_are_no_rule_in_a_drugs_labels_that_a_reranker_has_read() -> None:
    side = replace(LISINOPRIL, brands=())
    for slug in ("pregnancy", "spl_medguide"):
        read = replace(label(section=slug), signals={"rerank": 0.0})
        assert on_label(read, side) == {}
        assert on_label(read) == on_label(label(section=slug)) == on_label(label(section=slug), side) != {}


def test_a_leaflet_stands_back_unless_it_is_asked_for() -> None:
    leaflet = label(section="spl_medguide")
    assert on_label(leaflet) == {"leaflet": WEIGHTS.leaflet}
    assert on_label(leaflet, query=Query("?", sections=("spl_medguide",))) == {"section": 1 + WEIGHTS.section}


def test_ingredients_missing_and_not_asked_for() -> None:
    both = Side(("lisinopril", "hydrochlorothiazide"))
    assert on_label(label(), both) == {"incomplete": WEIGHTS.incomplete}
    combined = on_label(label(drugs="lisinopril and hydrochlorothiazide"), replace(LISINOPRIL, brands=()))
    assert combined == {"combined": WEIGHTS.combined}


def test_a_label_of_another_carrier_stands_far_back() -> None:
    plain, carried = replace(LISINOPRIL, brands=()), Query("Vyxeos dose")
    liposomal = made(Kind.LABEL, drugs=DrugNames(generic=("lisinopril",), brand=("Vyxeos",)))
    assert on_label(liposomal, plain) == on_label(label(), plain, carried) == {"carrier": WEIGHTS.carrier}
    assert on_label(liposomal, plain, carried) == on_label(label(), plain) == {}


def test_the_brand_and_the_partner() -> None:
    side = replace(LISINOPRIL, partners=("aliskiren",), partner=pattern(["aliskiren"]))
    assert on_label(label("Not with Aliskiren."), side) == {"partner": WEIGHTS.partner, "brand": WEIGHTS.brand}


def test_an_older_label_stands_behind_the_newest_and_what_is_undated_a_little() -> None:
    side = replace(LISINOPRIL, brands=())
    old = on_label(label(effective=date(1964, 1, 1)), side)
    assert old["age"] == pytest.approx(0.5 ** (60 / WEIGHTS.label_half_life), abs=1e-3)
    assert old["age"] < on_label(label(published=None), side)["age"] < 1
    assert on_label(label(published=None), side, latest=None) == {}


@given(st.dates(date(1950, 1, 1), TODAY), st.dates(date(1950, 1, 1), TODAY))
def test_of_two_papers_alike_the_newer_one_leads_whatever_else_was_found(one: date, two: date) -> None:
    factors = [
        [on_paper(made(published=day), latest=latest).get("age", 1.0) for day in (one, two)]
        for latest in (TODAY, date(2030, 1, 1))
    ]
    for first, second in factors:
        assert (first > second) == (one > two)
        assert (first == second) == (one == two)


@pytest.mark.parametrize(
    ("types", "level"),
    [
        (("Journal Article", "Meta-Analysis"), "meta-analysis"),
        (("Journal Article", "Review", "Systematic Review"), "systematic review"),
        (("Randomized Controlled Trial", "Letter"), "randomised trial"),
        (("Clinical Trial, Phase II", "Journal Article"), "trial"),
        (("Case Reports", "Review"), "case report"),
        (("Practice Guideline",), "guideline"),
        (("Editorial",), "comment"),
        (("Journal Article",), ""),
        ((), ""),
    ],
)
def test_the_level_of_evidence_is_the_strongest_that_the_publication_types_state(
    types: tuple[str, ...], level: str
) -> None:
    hit = made(publication_types=types)
    assert evidence_of(hit.document) == level
    assert on_paper(hit).get("evidence", 1.0) == WEIGHTS.evidence.get(level, 1.0)


def test_every_level_has_a_weight_and_they_fall_from_guideline_to_comment() -> None:
    assert WEIGHTS.evidence.keys() == EVIDENCE.keys()
    order = ("guideline", "meta-analysis", "randomised trial", "trial", "observational study", "case report", "comment")
    factors = [WEIGHTS.evidence[level] for level in order]
    assert factors == sorted(factors, reverse=True)
    assert evidence_of(made(Kind.GUIDELINE).document) == "guideline"


def test_a_paper_on_both_drugs_a_title_a_concern() -> None:
    other = Side(("aliskiren",), pattern(["aliskiren"]))
    hit = made(text="Aliskiren and zestril.", title="Zestril", expression_of_concern=True)
    expected = {"both": WEIGHTS.both, "title": WEIGHTS.literature_title, "concern": WEIGHTS.concern}
    assert on_paper(hit, LISINOPRIL, other) == expected


def test_a_review_that_a_newer_one_updates_counts_as_replaced() -> None:
    hit = made(marks=(Mark("pmid:1", "update", None, "pmid:2"), Mark("pmid:1", "reinstatement")))
    assert on_paper(hit) == {"superseded": WEIGHTS.superseded}


def test_a_weight_of_one_is_no_rule() -> None:
    weights = replace(WEIGHTS, brand=1.0, leaflet=1.0)
    assert label_rules(weights, ASKED, LISINOPRIL, label(section="spl_medguide"), TODAY) == ()


def test_the_newest() -> None:
    dates = [label(effective=date(2020, 1, 1)).document, made(published=None).document]
    assert newest(dates) == date(2020, 1, 1)
    assert newest([]) is None
