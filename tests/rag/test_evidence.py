from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.schema import Kind, Passage
from rag.asked.focus import names_other
from rag.dense import HashEmbedder
from rag.evidence import candidates, is_caption, select, tokens
from rag.query import Query, understand
from rag.sentences.selectors import Plain
from rag.sentences.spans import is_row, quotable, trim
from rag.types import Evidence, Hit
from tests.rag.bookshelf import Bookshelf, corpus, document

PAIR = "What are the interactions between propafenone and colchicine?"
PIECES = """The|dose|is|2.5|mg.|It|[see|Warnings|(5.1)].|•|7.1|DRUG|INTERACTIONS|and|renal|impairment,|include:|Age: 5;
Dose: 1 mg|( 7.2 )|é|Monitor|levels.|[3]|a""".replace("\n", "|")
WORDS = st.sampled_from(PIECES.split("|"))
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", "\n"])), max_size=60).map(
    lambda parts: "".join(word + gap for word, gap in parts).strip()
)


def ask(question: str, shelf: Bookshelf | None = None, shortlist: int = 20) -> tuple[Query, list[Evidence]]:
    shelf = shelf or Bookshelf(corpus())
    query = understand(question, shelf.resolver())
    return query, select(query, shelf.search(query, 24), Plain(HashEmbedder(256)), shortlist)


def quotes(text: str) -> list[str]:
    return [text[start:end] for start, end in quotable(text)]


@given(TEXTS)
def test_spans_are_trimmed_stretches_in_bounds(text: str) -> None:
    for start, end in quotable(text):
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert not re.search(r"\[\d+\]", text[start:end])


@given(TEXTS, st.integers(0, 40))
def test_trimming_only_takes_away(text: str, at: int) -> None:
    start, end = trim(text, min(at, len(text)), len(text))
    assert min(at, len(text)) <= start <= end <= len(text)


@settings(deadline=None)  # the first example loads what all use
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_evidence_indexes_the_text_of_its_section(texts: list[str]) -> None:
    shelf = Bookshelf([document("label:x:1", [(f"s{n}", text) for n, text in enumerate(texts) if text], "xanol")])
    query, evidence = ask("Dose of xanol in renal impairment?", shelf)
    assert query.keys == ("xanol",)
    for item in evidence:
        section = shelf.books["label:x:1"].section(item.hit.passage.section)
        assert section is not None
        assert section.text[item.start : item.end] == item.text
        assert 0 <= item.score <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "7 DRUG INTERACTIONS • Drugs that slow it may raise levels. ( 7.1 )",
            ["Drugs that slow it may raise levels."],
        ),
        ("7.1 Strong Inhibitors Drugs that inhibit it raise levels.", ["Drugs that inhibit it raise levels."]),
        ("Levels may double. ( 7.2 ) Avoid the use of both drugs.", ["Avoid the use of both drugs."]),
        ("Reduce the dose in renal impairment [see Dosage (2.4)].", ["Reduce the dose in renal impairment"]),
        ("12 Patients were given the drug in one trial.", ["12 Patients were given the drug in one trial."]),
        ("12 COPD patients were given the drug.", ["12 COPD patients were given the drug."]),
        ("The interactions of the drug are described in Table 1 below.", []),
        ("Use of Drugs in Older Adults\nsee full prescribing information for more of it.", []),
        ("• in those with renal impairment\n• with strong inhibitors of it", []),
    ],
)
def test_headings_and_debris_are_no_evidence(text: str, expected: list[str]) -> None:
    assert quotes(text) == expected


def test_a_dependent_sentence_brings_the_one_before() -> None:
    first, second = "The drug inhibits the transporter strongly.", "This may raise digoxin levels in blood."
    assert quotes(f"{first} {second}") == [first, f"{first} {second}"]
    assert quotes(f"{first}\n{second}") == [first]


def test_a_lead_in_brings_its_list_and_never_stands_alone() -> None:
    text = "The drug is contraindicated in patients with:\n• severe heart failure\n• severe asthma"
    assert quotes(text) == [text]
    assert quotes("The drug is contraindicated in patients with:") == []


def test_a_table_row_stays_whole() -> None:
    row = "Inhibitor: ketoconazole. Strong; Dose: 0.6 mg. Then none; Repeat: after 3 days"
    assert is_row(row)
    assert quotes(f"Dose adjustments\n{row}") == [row]


def test_sentences_that_name_the_other_drug_come_first() -> None:
    shelf = Bookshelf(
        [
            *corpus(),
            document(
                "label:p:9", [("precautions", "Raised exposure was seen after colchicine was added.")], "propafenone"
            ),
        ]
    )
    query, evidence = ask(PAIR, shelf)
    assert names_other(query, evidence[0].hit, evidence[0].text)
    assert "colchicine was added" in evidence[0].text


def test_a_shared_mechanism_outranks_what_is_unrelated() -> None:
    _, evidence = ask(PAIR)
    colchicine = [item for item in evidence if item.hit.drugs == ("colchicine",)]
    assert "CYP3A4" in colchicine[0].text or "P-gp" in colchicine[0].text


def test_both_drugs_are_on_the_shortest_list() -> None:
    _, evidence = ask(PAIR, shortlist=2)
    assert {item.hit.drugs for item in evidence} == {("propafenone",), ("colchicine",)}


def test_repeated_sentences_appear_once() -> None:
    text = "Colchicine is a substrate of CYP3A4 and the efflux transporter P-gp."
    shelf = Bookshelf([document(f"label:c:{n}", [("drug_interactions", text)], "colchicine") for n in range(3)])
    _, evidence = ask("Interactions of colchicine?", shelf)
    assert [item.text for item in evidence] == [text]


def test_a_question_of_other_things_scores_low() -> None:
    shelf = Bookshelf(corpus())
    query = Query("How do I repair the gearbox of a bicycle?")
    hits = [Hit(page, shelf.books[page.document_id], 1.0) for page in shelf.pages]
    off = max(item.score for item in select(query, hits, Plain(HashEmbedder(256))))
    on = ask("What is the dose of colchicine for gout flares?")[1][0].score
    assert off < 0.3 < on


def test_no_hits_no_evidence() -> None:
    assert select(Query("anything at all"), [], Plain(HashEmbedder(256))) == []


def test_candidates_of_overlapping_hits_are_not_doubled() -> None:
    book = corpus()[1]
    text = book.sections[2].text
    passage = Passage("x", book.document_id, "dosage_and_administration", 0, len(text), text, "")
    assert len(list(candidates([Hit(passage, book, 1.0), Hit(passage, book, 0.5)]))) == 1


def test_tokens_are_those_of_the_index_without_stop_words() -> None:
    assert tokens("kidney failure, the liver") == tokens("renal failure, hepatic")
    assert tokens("What are the interactions of CYP3A4 inhibitors?") == ("interact", "cyp3a4", "inhibitor")
    assert tokens("How is it metabolised") == tokens("metabolized")


TABLE = """Give it slowly.
A missed dose of xanol
Event: Late by more than a week; Xanol: 4 mg/kg
Event: Late by less; Xanol: 2 mg/kg
It is a powder."""


@pytest.mark.parametrize(("line", "caption"), [(0, False), (1, True), (2, False), (3, False), (4, False)])
def test_the_title_of_a_table_is_no_statement(line: int, caption: bool) -> None:
    words = TABLE.split("\n")[line]
    start = TABLE.index(words)
    assert is_caption(TABLE, start, start + len(words)) is caption


def test_a_row_that_is_not_read_as_one_is_no_title() -> None:
    text = TABLE.replace("A missed dose of xanol", "Event: Late; or lost; Xanol: 6 mg/kg")
    start = text.index("Event: Late; or")
    assert not is_caption(text, start, text.index("\n", start))


def test_a_row_on_another_drug_is_not_for_the_patient() -> None:
    rows = "".join(
        f"\nDrug and use: {name}; Kidney function: Creatinine clearance below 30 mL/min; Dose: {dose} mg"
        for name, dose in (("Banol", 1), ("Xanol", 2))
    )
    guide = replace(document("pdf:1", [("body.doses", f"Doses{rows}")], "xanol"), kind=Kind.GUIDELINE)
    _, evidence = ask("Dose of xanol at a creatinine clearance of 20 mL/min?", Bookshelf([guide]))
    scores = {("Xanol" in item.text): item.score for item in evidence if is_row(item.text)}
    assert scores[True] >= 0.75
    assert scores[False] <= 0.05


def test_the_dose_for_the_patients_age_comes_first() -> None:
    lines = "One may give xanol 40 mg to a person of any year.\nWho: Older than 60 years; Most: 20 mg once daily"
    shelf = Bookshelf([document("label:x:1", [("dosage_and_administration", lines)], "xanol")])
    _, evidence = ask("Can I give xanol 40 mg to a 75-year-old?", shelf)
    assert [item.text.split()[0] for item in evidence] == ["Who:", "One"]
    _, evidence = ask("Can I give xanol 40 mg to a 50-year-old?", shelf)
    assert evidence[0].text.startswith("One")
