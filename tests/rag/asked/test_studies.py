"""How a question asks for a study, by words, name or number, and which part of it would answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asked.studies import GUIDANCE, RESULTS, STUDIES, is_called, is_part, sought


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("What did the cluster trial of oseltamivir find?", STUDIES),
        ("Is there a case of rhabdomyolysis on simvastatin?", STUDIES),
        ("Flecainide level in the confused woman who also took paroxetine?", STUDIES),
        ("According to the renal dosing summary, how is famotidine given?", GUIDANCE),
        ("PMID 12853193: deaths on carvedilol?", STUDIES),
        ("What is the dose of apixaban in the elderly?", frozenset()),
        ("Can the patient who takes warfarin have naproxen?", frozenset()),
        ("Does evidence of bleeding require stopping warfarin?", frozenset()),
        ("Is there evidence of benefit from warfarin?", STUDIES),
        ("A case of beer and metronidazole: what happens?", frozenset()),
        ("Is a short trial of famotidine reasonable?", frozenset()),
        ("Is there a trial of famotidine in hives?", STUDIES),
        ("Does the society's reminder matter for famotidine?", frozenset()),
    ],
)
def test_words_ask_for_kinds_of_sources(question: str, kinds: frozenset[str]) -> None:
    assert sought(question).kinds == kinds


def test_numbers_are_ids_of_documents() -> None:
    wanted = sought("nct00528879, PMID: 123 and PMC4567: which is larger?")
    assert wanted.numbers == ("trial:NCT00528879", "pubmed:123", "pmc:PMC4567")
    assert wanted.outright == ("NCT00528879", "123", "PMC4567")
    assert wanted.one


@pytest.mark.parametrize(
    ("question", "names", "outright"),
    [
        ("Deaths in CIBIS-II?", ("CIBIS-II",), ()),
        ("Deaths in the ELITE II trial?", ("ELITE II",), ("ELITE II",)),
        ("P024: response on letrozole?", ("P024",), ()),
        ("What did the PARADIGM-HF study find?", ("PARADIGM-HF",), ("PARADIGM-HF",)),
        ("Design of the ICU trial of enoxaparin?", ("ICU",), ()),
        ("What is the dose of enoxaparin?", (), ()),
    ],
)
def test_names_of_studies(question: str, names: tuple[str, ...], outright: tuple[str, ...]) -> None:
    wanted = sought(question)
    assert (wanted.names, wanted.outright) == (names, outright)


@pytest.mark.parametrize(
    ("question", "one", "several", "label"),
    [
        ("Can I rely on the 12-week trial of bupropion?", True, False, False),
        ("Is there evidence for bupropion in this?", False, False, False),
        ("Do studies agree on celecoxib and warfarin?", False, True, False),
        ("Is the evidence on celecoxib and warfarin consistent?", False, True, False),
        ("Any difference between old and young in studies of celecoxib?", False, False, False),
        ("What does the label say of trials in children?", False, False, True),
    ],
)
def test_a_certain_study_several_or_a_label(question: str, one: bool, several: bool, label: bool) -> None:
    wanted = sought(question)
    assert (wanted.one, wanted.several, wanted.label) == (one, several, label)


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("Who was enrolled in the gabapentin trial?", "abstract.population"),
        ("Could a man with an eGFR of 10 join the warfarin trial?", "eligibility"),
        ("What does the IMPRESSION study give before ticagrelor?", "arms"),
        ("Which outcome measures does NCT02017197 list?", "outcomes"),
        ("Design of the Danish trial of enoxaparin doses?", "abstract.design"),
        ("Primary outcome on ticagrelor and clopidogrel in PLATO?", "abstract.results"),
        ("How many women on glyburide needed insulin?", "body.results.2"),
    ],
)
def test_the_part_that_answers(question: str, slug: str) -> None:
    wanted = sought(question)
    assert is_part(slug, wanted.parts)
    assert not is_part("abstract.background", wanted.parts)
    assert wanted.part_named == (wanted.parts != RESULTS)


@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [
        ("CIBIS-II", "The Bisoprolol Study II (CIBIS-II): a randomised trial.", True),
        ("CIBIS", "The Bisoprolol Study II (CIBIS-II): a randomised trial.", False),
        ("CIBIS II", "The Bisoprolol Study II (CIBIS-II): a randomised trial.", True),
        ("PLATO", "Ticagrelor and clopidogrel: results from the PLATO trial", True),
        ("MORE", "Ondansetron is more effective than metoclopramide.", False),
        ("MORE", "Adverse effects of raloxifene: multiple outcomes of raloxifene evaluation.", True),
        ("ELITE", "Evaluation of losartan in the elderly: a trial", False),
        ("ISIS", "Mechanisms of insulin secretion in sepsis", False),
        ("SOLVD", "Enalapril and survival: studies of left ventricular dysfunction.", True),
        ("INR", "Branded and generic warfarin and the INR of patients", False),
    ],
)
def test_a_title_introduces_a_study_by_its_name_or_initials(name: str, title: str, expected: bool) -> None:
    assert is_called(name, title) is expected


def test_a_text_introduces_it_too() -> None:
    assert is_called("SPRUCE", "Tiotropium in primary care", "Placebo-controlled trial (SPRUCE) in 44 centres.")
    assert not is_called("SPRUCE", "Tiotropium in primary care", "Pollen of SPRUCE.")


@given(st.text(max_size=80))
def test_any_text_can_be_read(question: str) -> None:
    wanted = sought(question)
    assert set(wanted.outright) - set(wanted.names) == {number.partition(":")[2] for number in wanted.numbers} - set(
        wanted.names
    )
    assert not any(is_called(name, "") for name in wanted.names)
