"""Sources that a question describes lead, labels otherwise; a retracted one only where it is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from ingest.schema import Document, DrugNames, Kind
from rag.drugs import Resolver
from rag.query import understand
from rag.retrieve import Retriever
from rag.types import Filters, Hit
from tests.rag.drugshelf import Shelf, Words

Held = tuple[Document, dict[str, str]]


def paper(pmid: str, title: str, design: str, result: str, *, retracted: bool = False) -> Held:
    document = Document(f"pubmed:{pmid}", Kind.ARTICLE, title, pmid, "1", "0" * 64, (), published=date(2020, 1, 1))
    return replace(document, retracted=retracted), {"abstract.design": design, "abstract.result": result}


def label(drug: str, parts: dict[str, str]) -> Held:
    names = DrugNames(generic=(drug,))
    return Document(f"label:{drug}:1", Kind.LABEL, f"{drug} label", drug, "1", "0" * 64, (), drugs=names), parts


SHELF = [
    label(
        "carvedilol",
        {
            "indications_and_usage": "Carvedilol lowers mortality in heart failure.",
            "clinical_studies": "In the CAPRICORN trial of carvedilol after infarction 12% died, 15% on placebo.",
            "dosage_and_administration": "Carvedilol starts at 3.125 mg twice daily in heart failure.",
        },
    ),
    label("metoprolol", {"indications_and_usage": "Metoprolol treats heart failure and angina."}),
    paper("1", "Carvedilol or metoprolol (COMET)", "A trial of carvedilol in heart failure.", "34% died, against 40%."),
    paper(
        "2", "Carvedilol and metoprolol compared", "Small trial of carvedilol in heart failure.", "They did as well."
    ),
    paper("3", "Carvedilol for tremor", "A trial of carvedilol in 12 dentists.", "Tremor fell.", retracted=True),
    paper("4", "Carvedilol in cirrhosis", "A cohort with portal hypertension.", "Variceal rebleeding fell by half."),
    (
        Document("trial:NCT00000001", Kind.TRIAL, "Carvedilol in dialysis", "NCT00000001", "1", "0" * 64, ()),
        {"eligibility": "Adults on dialysis take carvedilol.", "arms": "Carvedilol; placebo.", "outcomes": "Death."},
    ),
]


def ask(question: str, *, filters: Filters | None = None, shelf: Sequence[Held] = SHELF) -> list[Hit]:
    store = Shelf(shelf)
    resolver = Resolver.from_store(store)
    return Retriever(store, store, Words(), resolver).search(understand(question, resolver), 10, filters)


def first(question: str) -> tuple[str, str]:
    hit = ask(question)[0]
    return hit.document.document_id, hit.passage.section


@pytest.mark.parametrize(
    ("question", "document_id", "section"),
    [
        ("COMET: deaths on carvedilol and metoprolol?", "pubmed:1", "abstract.result"),
        ("How was the COMET trial of carvedilol designed?", "pubmed:1", "abstract.design"),
        ("PMID 2: carvedilol or metoprolol?", "pubmed:2", "abstract.result"),
        ("NCT00000001: who could join with carvedilol?", "trial:NCT00000001", "eligibility"),
        ("NCT00000001: which arms?", "trial:NCT00000001", "arms"),
        ("Variceal rebleeding in portal hypertension and cirrhosis on carvedilol?", "pubmed:4", "abstract.result"),
    ],
)
def test_what_is_described_leads_with_the_part_asked_for(question: str, document_id: str, section: str) -> None:
    assert first(question) == (document_id, section)


@pytest.mark.parametrize(
    "question",
    [
        "What is the dose of carvedilol in heart failure?",
        "How many died after infarction on carvedilol and on placebo in the CAPRICORN trial?",
        "How many died after infarction on carvedilol in clinical trials?",
    ],
)
def test_labels_lead_where_they_answer_as_well(question: str) -> None:
    hits = ask(question)
    assert hits[0].document.document_id == "label:carvedilol:1"
    assert not any(hit.described for hit in hits)


@pytest.mark.parametrize(
    ("word", "alike"),
    [("cirrhotic", True), ("hyperthyroidism", False), ("hypertensive", True)],
)
def test_words_alike_are_those_that_share_most_of_their_letters(word: str, alike: bool) -> None:
    shelf = [
        SHELF[0],
        paper("5", "Carvedilol, hypertension and rebleeding in cirrhosis", "A small trial.", "Fewer bled."),
    ]
    [found] = {hit.signals["described"] for hit in ask(f"Carvedilol trial: {word}?", shelf=shelf) if hit.described}
    assert (found == 1.0) is alike


def test_studies_that_are_compared_are_there_on_both_sides() -> None:
    shelf = [
        SHELF[0],
        paper("6", "Carvedilol: tremor, mood and sleep", "A trial of carvedilol.", "All got better."),
        paper("7", "Carvedilol: tremor and mood", "A trial of carvedilol.", "Both got worse."),
    ]
    for question, found in {
        "Do trials of carvedilol agree": {"6", "7"},
        "Which trial of carvedilol was": {"6"},
    }.items():
        hits = ask(f"{question} on tremor, mood and sleep?", shelf=shelf)
        assert {hit.document.work_id for hit in hits if hit.described} == found


def test_the_rules_say_why() -> None:
    hit = ask("COMET: deaths on carvedilol and metoprolol?")[0]
    assert hit.described
    assert [rule.reason for rule in hit.rules][:2] == [
        "the question describes this source: it is called COMET",
        "the part of it that is asked for",
    ]
    assert not any(hit.described for hit in ask("What is the dose of carvedilol?"))


def test_a_study_that_is_not_here_makes_no_other_one_lead() -> None:
    assert not any(hit.described for hit in ask("What did the PARADIGM-HF trial show for carvedilol in heart failure?"))
    assert not any(hit.described for hit in ask("NCT99999999: carvedilol in heart failure?"))


def test_a_number_leads_to_no_paper_on_another_drug() -> None:
    assert not any(hit.described for hit in ask("NCT00000001: dose of metoprolol?"))


def test_a_retracted_paper_is_asked_for_only_where_a_certain_one_is_meant() -> None:
    meant = "What did the trial of carvedilol for tremor in dentists show?"
    every = Filters(include_retracted=True)
    assert [hit.document.document_id for hit in ask(meant, filters=every) if hit.described][:1] == ["pubmed:3"]
    assert not any(hit.document.retracted for hit in ask(meant))
    general = ask("Is there evidence for carvedilol in tremor of dentists?", filters=every)
    assert not any(hit.described and hit.document.retracted for hit in general)


def test_filters_hold_for_what_a_number_names() -> None:
    hits = ask("NCT00000001: which arms?", filters=Filters(kinds=("article",)))
    assert {hit.document.kind for hit in hits} <= {Kind.ARTICLE}


def test_no_passage_comes_twice() -> None:
    for question in ("COMET: deaths on carvedilol and metoprolol?", "NCT00000001: which arms?"):
        found = [hit.passage.passage_id for hit in ask(question)]
        assert len(found) == len(set(found))
