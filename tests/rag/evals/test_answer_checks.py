"""What one answer is worth, against values worked out by hand; data files and how they are refused."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from ingest.schema import Document, DrugNames, Kind, Section
from rag.checks.recheck import Checked, CheckedStatement, Claimed
from rag.errors import EvaluationError, NotFoundError
from rag.evals.answers import audit, sets
from rag.evals.answers.abstention import Outcome, curve, thresholds
from rag.evals.answers.audit import fault
from rag.evals.answers.checks import Check, Gold, Shelf, alce, inexact, wrong_drug
from rag.evals.answers.citing import copied
from rag.evals.answers.fairness import changes
from rag.evals.answers.rouge import scorer
from rag.evals.answers.sets import Swap
from rag.evals.answers.systems import Given
from rag.evals.questions import load, side, split_of
from rag.types import Quote, Reference, Statement

TEXT = "Gout flares end sooner with it. Give 0.6 mg daily to adults. It must not be given in renal failure."
DOCUMENT = Document(
    "label:a:1", Kind.LABEL, "Label", "a", "1", "0" * 64, (Section("dosage", "Dosage", (), TEXT),),
    drugs=DrugNames(generic=("colchicine",)),
)  # fmt: skip
FLARES, DAILY, RENAL = ((TEXT.index(word), TEXT.index(stop) + 1) for word, stop in (
    ("Gout", ". Give"), ("Give", ". It"), ("It must", "."),
))  # fmt: skip
RENAL = (RENAL[0], len(TEXT))


def find(document_id: str) -> Document:
    if document_id != DOCUMENT.document_id:
        raise NotFoundError(document_id)
    return DOCUMENT


SHELF = Shelf(find)


def reference(
    number: int, *spans: tuple[int, int], document_id: str = "label:a:1", retracted: bool = False
) -> Reference:
    quotes = tuple(Quote.of(TEXT[start:end], start, end) for start, end in spans)
    return Reference(
        number, document_id, f"p{number}", "label", "Label", "dosage", ("colchicine",), "1", date(2022, 3, 1),
        superseded=False, retracted=retracted, editorial=False, url="", citation="", quotes=quotes,
    )  # fmt: skip


def said(text: str, *citations: int) -> Statement:
    return Statement(text, citations, "verbatim", 0.9)


def answer(statements: Sequence[Statement], *references: Reference) -> Given:
    return Given("answered", tuple(statements), references)


def borne(*parts: tuple[int, ...]) -> Check:
    """A check that finds a statement supported where it cites exactly one of ``parts``."""

    def check(claimed: Claimed) -> Checked:
        found = tuple(
            CheckedStatement(
                one.text, one.citations, "entailed" if one.citations in parts else "unsupported", 1.0, 0.0, (), None
            )
            for one in claimed.statements
        )
        return Checked("supported", len(found), 0, found, (), "")

    return check


@pytest.mark.parametrize(
    ("citations", "parts", "recall", "precision"),
    [
        ((1,), [(1,)], True, [True]),
        ((1,), [], False, [False]),
        ((), [], False, []),
        ((1, 2), [(1, 2), (1,)], True, [True, False]),  # the second says nothing, and is not needed
        ((1, 2), [(1, 2)], True, [True, True]),  # only together
        ((1, 2), [(1, 2), (1,), (2,)], True, [True, True]),
        ((1, 2, 3), [(1, 2, 3), (1, 2)], True, [True, True, False]),
        ((1, 2), [(1,)], False, [False, False]),
    ],
)
def test_citations_are_counted_as_alce_counts_them(
    citations: tuple[int, ...], parts: list[tuple[int, ...]], recall: bool, precision: list[bool]
) -> None:
    found = alce(answer([said("x", *citations)], *(reference(one, FLARES) for one in citations)), borne(*parts))
    assert found.recall == (recall,)
    assert list(found.precision) == precision


def test_a_quotation_must_stand_at_its_place_and_its_source_be_in_force() -> None:
    good = reference(1, FLARES, DAILY)
    assert inexact(answer([], good), SHELF) == []
    moved = replace(good, quotes=(Quote.of("Gout flares", 1, 12),))
    forged = replace(good, quotes=(Quote(TEXT[0:4], 0, 4, "0" * 64),))
    for wrong, told in (
        (moved, "text differs"),
        (forged, "hash differs"),
        (reference(1, FLARES, retracted=True), "replaced or retracted"),
        (reference(1, FLARES, document_id="label:b:1"), "document missing"),
    ):
        (found,) = inexact(answer([], wrong), SHELF)
        assert told in found


GOLD = Gold.of({("label:a:1", "dosage"): ((*FLARES, 0), (*DAILY, 2)), ("label:gone:1", "dosage"): ((0, 9, 2),)}, SHELF)


@pytest.mark.parametrize(
    ("text", "span", "grade"),
    [
        (TEXT[slice(*DAILY)], DAILY, 2),
        (TEXT[slice(*FLARES)], FLARES, 0),
        (TEXT, (0, len(TEXT)), 2),  # a long statement has the best of its sentences
        (TEXT[slice(*RENAL)], RENAL, None),
        ("give 0.6  MG daily to adults.", RENAL, 2),  # elsewhere, in the same words
    ],
)
def test_a_statement_has_the_best_judged_sentence_in_it(text: str, span: tuple[int, int], grade: int | None) -> None:
    assert GOLD.best == 2
    assert GOLD.grade(said(text, 1), answer([], reference(1, span))) == grade


def test_a_store_without_the_sentences_has_no_gold() -> None:
    assert Gold.of({("label:gone:1", "dosage"): ((0, 9, 2),)}, SHELF).best == -1


def test_a_label_of_no_drug_named_is_a_wrong_one() -> None:
    given = answer([said("x", 1)], reference(1, FLARES))
    assert wrong_drug(given.statements[0], given, frozenset({"warfarin"}), SHELF)
    assert not wrong_drug(given.statements[0], given, frozenset({"colchicine", "warfarin"}), SHELF)


@pytest.mark.parametrize(
    ("before", "quote", "after", "told"),
    [
        ("Gout is common. ", "It may raise levels of digoxin.", " Monitor.", None),
        ("7 DRUG INTERACTIONS ", "Strong inhibitors raise the exposure to the drug.", "", None),
        ("", "Take the tablets with food.", "", None),
        ("Patients should not ", "take the tablets with food.", "", "negation before it cut off"),
        ("In most of the patients ", "the tablets were taken with food.", "", "begins inside a sentence"),
        ("", "Take the tablets with food", " and a full glass of water.", "ends inside a sentence"),
        ("", "Take the tablets with food", ", unless you are told to fast.", "condition after it cut off"),
        ("", "Take the tablets with food", " (7.1). Then rest.", None),
        ("It is contraindicated in these patients, whatever the dose:\n", "known liver disease", "", "lead-in cut off"),
        # What the code that cuts quotations must not decide itself.
        ("Hepatic Impairment ", "Reduce the dose of it by half.", "", "lead-in cut off"),
        ("Giardiasis ", "The recommended dose is 2 g once daily.", "", "lead-in cut off"),
        ("2.1 Giardiasis ", "The recommended dose for giardiasis is 2 g once daily.", "", None),
        ("2 DOSAGE AND ADMINISTRATION ", "The recommended dose is 2 g once daily.", "", None),
        ("Limitations of Use ", "It is indicated for mild pain.", "", "negation before it cut off"),
        ("Do Not Use ", "Patients with severe gout take it.", "", "negation before it cut off"),
        ("4 CONTRAINDICATIONS ", "It is contraindicated in gout.", "", None),
        ("4 CONTRAINDICATIONS ", "Patients with severe gout.", "", "negation before it cut off"),
        ("Oral tablets (Xanol) ", "are taken with food.", "", "begins inside a sentence"),
        ("Monitor levels. (7.2) ", "It may raise levels of digoxin.", "", None),
        ("Do not give it in these:\n• Patients with gout.\n• ", "Patients with asthma.", "", "lead-in cut off"),
        ("Tell patients this:\n• Gout hurts.\n• ", "It may raise levels of digoxin.", "", None),
        ("", "Take the tablets with food.", " However, never do it at night.", "condition after it cut off"),
        ("", "Take the tablets with food.", " This should not be done at night.", "condition after it cut off"),
        ("", "Take the tablets with food.", " This can be done at night.", None),
    ],
)  # fmt: skip
def test_words_around_a_quotation_that_change_it_are_found(
    before: str, quote: str, after: str, told: str | None
) -> None:
    assert fault(before + quote + after, len(before), len(before) + len(quote)) == told


def test_what_cuts_quotations_does_not_judge_how_they_are_cut() -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(Path(audit.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
        for name in [node.module]
    }
    assert not imported & {
        "rag.sentences.spans",
        "rag.sentences.headings",
        "rag.sentences.debris",
        "rag.sentences.arrange",
    }


def outcome(confidence: float, *grades: int | None, answerable: bool = True) -> Outcome:
    return Outcome(answerable, bool(grades), confidence, tuple((confidence, grade) for grade in grades))


def test_risk_by_coverage_is_that_worked_out_by_hand() -> None:
    found = curve([outcome(0.9, 2), outcome(0.8, 0), outcome(0.7, 1, answerable=False), outcome(0.0), outcome(0.6, 1)])
    assert found.coverage == (0.2, 0.4, 0.6, 0.8)
    assert found.risk == pytest.approx((0, 1 / 2, 2 / 3, 2 / 4), abs=1e-3)
    assert found.aurc == pytest.approx((0 + 1 / 2 + 2 / 3 + 1 / 2) / 4)
    assert curve([outcome(0.0)]).coverage == ()


OUTCOMES = st.lists(
    st.builds(
        Outcome,
        st.booleans(),
        st.booleans(),
        st.sampled_from([0.2, 0.5, 0.8]),
        st.lists(st.tuples(st.floats(0, 1), st.sampled_from([None, 0, 1, 2])), min_size=1, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=12,
)


@examples(OUTCOMES, st.randoms(use_true_random=False))
def test_the_order_of_questions_does_not_matter_and_the_end_is_the_whole(found: list[Outcome], chance: Random) -> None:
    first = curve(found)
    mixed = list(found)
    chance.shuffle(mixed)
    assert curve(mixed) == first
    answered = [one for one in found if one.answered]
    if answered:
        assert first.coverage[-1] == pytest.approx(len(answered) / len(found), abs=1e-4)
        assert first.risk[-1] == pytest.approx(sum(one.wrong() for one in answered) / len(answered), abs=1e-4)
        assert 0 <= first.aurc <= 1


@examples(OUTCOMES)
def test_a_higher_threshold_answers_less(found: list[Outcome]) -> None:
    rows = thresholds(found)
    for lower, higher in pairwise(rows):
        assert lower.coverage >= higher.coverage
        assert lower.abstained <= higher.abstained
        assert lower.refused <= higher.refused


def test_a_threshold_drops_statements_and_judges_by_the_first_that_is_left() -> None:
    one = Outcome(answerable=True, answered=True, confidence=0.9, statements=((0.3, 2), (0.6, 0)))
    assert (one.wrong(0.0), one.wrong(0.5), one.given(0.5), one.given(0.7)) == (False, True, True, False)


def test_a_swap_that_changes_the_sources_is_told() -> None:
    swap = Swap("s", "sex", ("he", "she", "they"), "measure")
    first = answer([said("x", 1)], reference(1, FLARES))
    other = answer([said("x", 1)], reference(1, DAILY))
    assert changes(swap, [first, first, first]) == []
    (changed,) = changes(swap, [first, first, other])
    assert (changed.variant, changed.part, changed.after) == ("they", "cited", [["label:a:1", "dosage", *DAILY]])


def test_the_stand_in_copies_what_shares_most_words_and_cites_it() -> None:
    first = "Source 1:\nIt is a tablet. Colchicine ends gout flares.\n\n\n"
    sources = f"{first}title: What ends gout flares\n\nSource 2:\nGout hurts.\n"
    prompt = f"For example:\nSource 1:\nWater.\n\n------\n{sources}\n------\nQuery: What ends gout flares?\nAnswer: "
    assert copied(prompt).split("\n") == ["Colchicine ends gout flares. [1]", "Gout hurts. [2]"]
    assert copied("something else") == ""


def test_rouge_is_f1_with_the_nearest_ideal_answer() -> None:
    found = scorer()("gout flares are treated", ["nothing alike", "colchicine treats gout flares"])
    assert found == pytest.approx({"ROUGE-1": 3 / 4, "ROUGE-L": 2 / 4})  # treated and treats have one stem
    assert scorer()("", ["colchicine"]) == {"ROUGE-1": 0, "ROUGE-L": 0}


ROW = '[[unanswerable]]\nid = "u"\ntext = "?"\nkind = "outside"\n'
SWAP = '[[swap]]\nid = "s"\ndetail = "sex"\nvariants = ["he", "she"]\n'


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("unanswerable.toml", ROW.replace("outside", "odd"), "unanswerable 1: kind"),
        ("unanswerable.toml", ROW + ROW, "'u' is there twice"),
        ("unanswerable.toml", ROW + SWAP, "[[unanswerable]] alone"),
        ("swaps.toml", SWAP.replace(', "she"', ""), "swap 1: variants"),
        ("sentences.tsv", "# head\nA\tlabel:a:1\tdosage\t0-9:3\n", "line 2"),
        ("sentences.tsv", "A\tlabel:a:1\t0-9:2\n", "line 1"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(EvaluationError) as caught:
        (sets.unanswerable(tmp_path), sets.swaps(tmp_path), sets.grades(tmp_path))
    assert name in str(caught.value)
    assert told in str(caught.value)


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    assert (sets.unanswerable(tmp_path), sets.swaps(tmp_path), dict(sets.grades(tmp_path))) == ((), (), {})


def test_the_shipped_data_can_be_used_and_keeps_the_halves() -> None:
    with as_file(files("corpora") / "questions") as folder:
        without, swaps, judged = sets.unanswerable(folder), sets.swaps(folder), sets.grades(folder)
        known = {question.id for one in load(folder) for question in one.questions}
    assert set(judged) <= known
    assert len(without) >= 200
    assert {one.kind for one in without} == {"invented", "unknown", "absent", "outside", "underspecified"}
    assert all(one.split == (split_of(one.drugs) if one.drugs else side(one.id)) for one in without)
    assert not {one.id for one in without} & known
    assert len(swaps) >= 50
    assert all(len(set(one.variants)) == len(one.variants) for one in swaps)
    every = [(start, end) for places in judged.values() for spans in places.values() for start, end, _ in spans]
    assert all(start < end for start, end in every)
