"""What a reader is told: a generator that failed, why nothing is shown, and the warnings that touch a question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from ingest.parse import sections2016
from ingest.schema import Document, Kind, Mark, Section
from rag.asked.touches import Touch
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.errors import GeneratorError
from rag.generate import Extractive, Generator, Scripted
from rag.query import Query, understand
from rag.sentences.reader import ScriptedJudge
from rag.types import Answer, Draft, Evidence, Reference, Verdict
from tests.rag.bookshelf import COLCHICINE, PROPAFENONE, Bookshelf, corpus, document
from tests.rag.test_engine import Shelves, check, codes, engine_of

GOUT = "What is the dose of colchicine for gout flares?"
STORED = "How should colchicine be stored in a refrigerator?"


def message(answer: Answer, code: str) -> str:
    return next(notice.message for notice in answer.notices if notice.code == code)


def fails(_query: Query, _evidence: Sequence[Evidence]) -> list[Draft]:
    raise GeneratorError("the server is down.")


def test_quotations_are_shown_where_a_generator_fails() -> None:
    shelf = Bookshelf(corpus())
    question = GOUT
    answer = engine_of(shelf, script=Scripted(fails)).ask(question, generator="scripted")
    check(answer, shelf)
    assert answer.provenance.generator == "extractive"
    assert message(answer, "generator_fell_back").startswith(
        'The generator "scripted" could not write this answer: the'
    )
    plain = engine_of(shelf).ask(question)
    assert answer.statements == plain.statements
    assert answer.status == plain.status == "answered"
    with pytest.raises(GeneratorError):
        engine_of(shelf).ask(question, generator="oracle")


@pytest.mark.parametrize(("limit", "shown"), [(8, 1), (1, 0)])
def test_an_entailed_statement_carries_all_that_it_rests_on(limit: int, shown: int) -> None:
    shelf = Bookshelf(corpus())
    text = "Colchicine is a substrate of CYP3A4, and drugs that inhibit CYP3A4 can raise levels of propafenone."
    script = Scripted(lambda _, found: [Draft(text, tuple(item for item in found if "CYP3A4" in item.text))])
    judge = ScriptedJudge(lambda *_: Verdict(0.9, 0.0))
    generators: dict[str, Generator] = {"extractive": Extractive(), "scripted": script}
    engine = Engine(shelf, Shelves(shelf), HashEmbedder(256), generators, judge=judge)
    answer = engine.ask("Interactions of propafenone and colchicine?", generator="scripted", max_references=limit)
    if "unsupported_removed" in codes(answer):
        pytest.fail(message(answer, "unsupported_removed"))
    assert [(one.support, len(one.citations)) for one in answer.statements] == [("entailed", 2)] * shown
    if shown:
        quotes = [quote.text for item in answer.references for quote in item.quotes]
        assert sum("CYP3A4" in quote for quote in quotes) >= 2
    else:
        assert answer.status == "abstained"
        assert len(answer.references) <= limit


def test_an_abstention_names_the_nearest_sections() -> None:
    answer = engine_of(Bookshelf(corpus())).ask("How do I repair the gearbox of a plasma television?")
    assert "The nearest sections, which do not answer the question: " in answer.answer
    assert "colchicine, " in answer.answer or "propafenone, " in answer.answer
    assert "names no drug or class" in message(answer, "insufficient_evidence")


def test_a_label_without_such_a_section_is_said() -> None:
    answer = engine_of(Bookshelf(corpus())).ask(STORED)
    assert answer.status == "abstained"
    assert message(answer, "insufficient_evidence") == "No label loaded for colchicine has a section on storage."


def test_a_section_that_came_later_is_not_there_on_an_earlier_day() -> None:
    kept = ("how_supplied", "Bottles of 30 tablets. Keep away from damp.")
    old = document("label:c:1", COLCHICINE, "colchicine", effective=date(2019, 1, 1), superseded_on=date(2021, 1, 1))
    new = document("label:c:2", [*COLCHICINE, kept], "colchicine", effective=date(2021, 1, 1))
    shelf = Bookshelf([*corpus()[:1], old, new])
    engine = Engine(shelf, Shelves(shelf), HashEmbedder(256), {"extractive": Extractive()}, min_score=0.99)
    assert "section on storage" not in engine.ask(STORED).answer
    then = message(engine.ask(STORED, as_of=date(2020, 1, 1)), "insufficient_evidence")
    assert then == "No label loaded for colchicine that was in force on 2020-01-01 has a section on storage."


def test_what_a_generator_did_not_find_is_not_said_to_be_nowhere() -> None:
    answer = engine_of(Bookshelf(corpus())).ask(GOUT, generator="scripted")
    assert answer.status == "abstained"
    told = message(answer, "insufficient_evidence")
    assert re.match(r'The generator "scripted" found no answer in the \d+ sentences that it was given\.', told)
    assert "No indexed source" not in answer.answer


def test_where_all_that_was_written_is_removed_nothing_is_said_of_the_index() -> None:
    script = Scripted(lambda _, found: [Draft("Take it as you like.", tuple(found[:1]))])
    answer = engine_of(Bookshelf(corpus()), script=script).ask(GOUT, generator="scripted")
    assert answer.status == "abstained"
    assert "insufficient_evidence" not in codes(answer)
    assert answer.answer.startswith("Statements removed because they failed verification: not a quotation (1).")


def test_a_sentence_without_a_citation_is_counted_as_removed() -> None:
    script = Scripted(lambda _, found: [Draft(found[0].text, (found[0],)), Draft("It may kill.", ())])
    answer = engine_of(Bookshelf(corpus()), script=script).ask(GOUT, generator="scripted")
    assert "no citation (1)" in message(answer, "unsupported_removed")
    assert answer.status == "partial"
    assert "It may kill." not in answer.answer


def test_the_side_of_a_comparison_that_is_missing_is_said() -> None:
    answer = engine_of(Bookshelf(corpus())).ask("Is colchicine better than NSAIDs for gout flares?")
    assert "Nothing that is shown is about NSAID" in message(answer, "insufficient_evidence")
    assert answer.status == "partial"


SHELF = Bookshelf(
    [document(f"label:{drug}:1", [("x", f"{drug} is here.")], drug) for drug in ("sildenafil", "simvastatin", "xanol")]
    + [
        document(f"label:{drug}:1", [("x", f"{drug} is.")], drug)
        for drug in (
            "itraconazole",
            "verapamil",
            "phenelzine",
            "tucatinib",
            "ceritinib",
            "ticagrelor",
            "ivosidenib",
            "topiramate",
        )
    ]
)


@pytest.mark.parametrize(
    ("question", "text", "touching"),
    [
        ("sildenafil with nitroglycerin", "Not with organic nitrates in any form.", None),
        ("Can simvastatin be given with itraconazole?", "Concomitant use of strong CYP3A4 inhibitors.", True),
        ("Can simvastatin be given with verapamil?", "Concomitant use of strong CYP3A4 inhibitors.", False),
        ("Can simvastatin be given with verapamil?", "Concomitant use of CYP3A4 inhibitors.", True),
        ("Can simvastatin be given with tucatinib?", "Contraindicated with strong CYP3A4 inhibitors.", True),
        ("Can simvastatin be given with ceritinib?", "Contraindicated with strong CYP3A4 inhibitors.", True),
        ("Can simvastatin be given with ticagrelor?", "Contraindicated with strong CYP3A4 inhibitors.", False),
        ("Can simvastatin be given with ivosidenib?", "Contraindicated with strong CYP3A4 inducers.", True),
        ("Can simvastatin be given with topiramate?", "Contraindicated with strong CYP3A4 inducers.", False),
        ("Can xanol be given with phenelzine?", "Use with monoamine oxidase inhibitors or within 14 days.", True),
        ("Can xanol be given with nitrates?", "Patients who take nitroglycerin.", True),
        ("Can I drink alcohol with xanol?", "Avoid alcoholic beverages.", True),
        ("xanol in heart failure", "Contraindicated in uncontrolled heart failure.", True),
        ("xanol in heart failure", "Contraindicated in heart block.", False),
        ("xanol and narrow-angle glaucoma", "Patients with angle-closure glaucoma.", True),
        ("dose of xanol", "Known hypersensitivity to xanol.", False),
        ("xanol in a 6-year-old", "Children younger than 12 years of age.", True),
        ("xanol intrathecally", "Fatal if given by the intrathecal route.", True),
        ("Is xanol safe in pregnancy?", "Pregnant women.", True),
        ("Is xanol safe in pregnancy?", "Nursing mothers.", False),
        ("xanol in a patient aged 82", "Patients with age ≥ 80 years.", True),
        ("xanol where age >= 80", "Patients aged 75 years or older.", True),
        ("xanol for someone over 80", "Patients 65 years of age and older.", True),
        ("xanol in a patient aged 82", "Patients 18 years of age and older.", False),
        ("xanol in a patient aged 82", "Take it for more than 80 days at 75 mg or more.", False),
    ],
)
def test_what_touches_a_question(question: str, text: str, touching: bool | None) -> None:
    query = understand(question, SHELF.resolver())
    if touching is None:
        assert query.unresolved
        touching = False
    assert bool(Touch.of(query, 0, SHELF.resolver()).strength(text)) is touching


def test_a_box_is_quoted_with_its_risk_and_not_its_trial() -> None:
    box = (
        "A trial of 210 patients over 10 weeks had a modal duration of 8 weeks. Xanol can cause fatal bleeding. "
        "Short studies did not show an increase in the risk of falls. Avoid xanol in patients with asthma."
    )
    shelf = Bookshelf([document("label:x:1", [("boxed_warning", box), ("x", "The dose of xanol is 5 mg.")], "xanol")])
    answer = engine_of(shelf).ask("What is the dose of xanol?")
    number = answer.safety[0].reference
    quotes = {quote.text for quote in answer.references[number - 1].quotes}
    assert quotes == {"Xanol can cause fatal bleeding.", "Avoid xanol in patients with asthma."}


TRIAL = "Propafenone with colchicine was harmless in a trial of both drugs."
BOTH = "Can propafenone be given with colchicine?"


def cited(paper: Document, as_of: date | None = None) -> tuple[Reference, dict[str, str]]:
    """The reference to a paper that answers what is asked, and the notices beside it."""
    answer = engine_of(Bookshelf([*corpus(), paper])).ask(BOTH, as_of=as_of)
    reference = next(one for one in answer.references if one.document_id == paper.document_id)
    return reference, {notice.code: notice.message for notice in answer.notices}


@pytest.mark.parametrize(
    ("on", "as_of", "superseded", "told"),
    [
        (date(2021, 3, 4), None, True, "A newer version exists of: [{}] (pmid:9 on 2021-03-04)."),
        (None, None, True, "A newer version exists of: [{}] (pmid:9)."),
        (date(2021, 3, 4), date(2021, 3, 4), True, "A newer version exists of: [{}] (pmid:9 on 2021-03-04)."),
        (
            date(2021, 3, 4),
            date(2021, 3, 3),
            False,
            "In force on the day asked for, but replaced since: [{}] (on 2021-03-04).",
        ),
    ],
)
def test_a_review_that_a_newer_one_updates_is_not_cited_without_saying_so(
    on: date | None, as_of: date | None, superseded: bool, told: str
) -> None:
    mark = Mark("pmid:8", "update", on, "pmid:9")
    reference, notices = cited(document("pubmed:8", [("abstract", TRIAL)], marks=(mark,)), as_of)
    assert reference.superseded is superseded
    assert notices["superseded_source"] == told.format(reference.number)


@pytest.mark.parametrize(
    ("as_of", "told"),
    [
        (None, False),
        (date(2015, 1, 1), True),
        (date(2021, 12, 31), True),
        (date(2022, 1, 1), False),
    ],
)
def test_words_of_a_later_revision_than_the_day_asked_for_are_said_to_be_so(as_of: date | None, told: bool) -> None:
    first = date(2014, 1, 1)
    paper = document("pubmed:8", [("abstract", TRIAL)], published=first, since=first, effective=date(2022, 1, 1))
    reference, notices = cited(paper, as_of)
    assert ("later_revision" in notices) is told
    if told:
        assert notices["later_revision"].endswith(f"[{reference.number}] (of 2022-01-01).")


@pytest.mark.parametrize(
    ("pages", "scanned", "expected"),
    [
        (((0, 6),), (), False),
        (((0, 6),), (6,), True),
        (((0, 6), (40, 7)), (7,), True),
        (((0, 6), (400, 7)), (7,), False),
        (((400, 1),), (0,), True),
        (((400, 1),), (1,), False),
    ],
)
def test_what_a_machine_read_from_a_scan_is_said_to_be_so(
    pages: tuple[tuple[int, int], ...], scanned: tuple[int, ...], expected: bool
) -> None:
    guideline = document("pdf:8", [], scanned=scanned, kind=Kind.GUIDELINE)
    text = f"{TRIAL}\n{'It says more of other things. ' * 20}"
    section = Section("body", "Body", ("Body",), text, pages=pages)
    reference, notices = cited(replace(guideline, sections=(section,)))
    assert reference.scanned is expected
    assert ("scanned_source" in notices) is expected
    if expected:
        assert notices["scanned_source"].endswith(f"check the page: [{reference.number}].")


def test_a_label_text_of_2016_is_said_to_be_old_and_its_drug_guessed() -> None:
    def codes_of(version: str) -> dict[str, str]:
        label = document(f"label:p:{version}", PROPAFENONE, "propafenone")
        answer = engine_of(Bookshelf([label, *corpus()[1:]])).ask("Interactions of propafenone and digoxin?")
        assert label.document_id in {one.document_id for one in answer.references}
        return {notice.code: notice.message for notice in answer.notices}

    old = codes_of(sections2016.VERSION)
    assert re.search(r"of 2016 .* guessed: (?:\[\d\](?:, )?)+\. Check the label of today\.", old["undated_source"])
    assert "undated_source" not in codes_of("2")
