"""Question files: what is refused and how it is told, and that the halves share no drug."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.drugs import Resolver
from rag.errors import EvaluationError
from rag.evals.questions import Question, QuestionSet, load, side, split_of
from rag.naming.ingredients import ingredients

HEAD = '[set]\nname = "mine"\nkind = "label"\ndescription = "A few."\n'
GOOD = """
[[question]]
id = "a"
text = "Is colchicine safe in pregnancy?"
drugs = ["colchicine"]
sections = ["pregnancy"]
slice = "pregnancy"
style = "generic"
"""
DRUGS = ["colchicine", "warfarin", "digoxin", "simvastatin", "sertraline", "naproxen", "amlodipine and benazepril"]


def written(folder: Path, *contents: str) -> Path:
    for number, content in enumerate(contents):
        (folder / f"{number}.toml").write_text(content)
    return folder


def test_a_file_becomes_a_set(tmp_path: Path) -> None:
    (one,) = load(written(tmp_path, HEAD + GOOD))
    (question,) = one.questions
    assert (one.name, question.set, question.id) == ("mine", "mine", "a")
    assert question.groups == (frozenset({"colchicine"}),)
    assert question.split == side("colchicine")
    assert len(one.sha256) == 64


@pytest.mark.parametrize(
    ("style", "groups"),
    [
        ("two-drug", ({"amlodipine"}, {"benazepril", "hydrochlorothiazide"})),
        ("brand", ({"amlodipine", "benazepril", "hydrochlorothiazide"},)),
    ],
)
def test_several_names_are_one_combination_but_in_a_two_drug_question(style: str, groups: tuple[set[str], ...]) -> None:
    drugs = ("amlodipine besylate", "benazepril and hydrochlorothiazide")
    question = Question("q", "?", "mine", "mixed", drugs, style=style)
    assert question.groups == groups
    assert question.keys == {"amlodipine", "benazepril", "hydrochlorothiazide"}


def test_other_data_of_the_folder_is_passed_over(tmp_path: Path) -> None:
    assert len(load(written(tmp_path, HEAD + GOOD, '[topics.x]\nphrasings = ["{drug}?"]\n'))) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[set", "0.toml: cannot be read"),
        (GOOD, "0.toml: [set]: name"),
        (HEAD.replace("label", "paper") + GOOD, "[set]: kind"),
        (HEAD + GOOD.replace('"generic"', '"shouted"'), "question 1 (a): style"),
        (HEAD + GOOD.replace('["colchicine"]', "[]"), "question 1 (a): drugs"),
        (HEAD + GOOD.replace('["pregnancy"]', "[]"), "question 1 (a): sections"),
        (HEAD + GOOD + 'mood = "sad"\n', "question 1 (a): mood"),
        (HEAD + GOOD + GOOD, "question 'a' is there twice"),
        (HEAD + "[[quiz]]\n" + GOOD, "unknown tables ['quiz']"),
    ],
)
def test_a_wrong_file_is_told_with_file_and_question(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        load(written(tmp_path, content))
    assert told in str(caught.value)


def test_an_id_belongs_to_one_set(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="'a' is in mine and in yours"):
        load(written(tmp_path, HEAD + GOOD, HEAD.replace("mine", "yours") + GOOD))


@given(st.lists(st.lists(st.sampled_from(DRUGS), min_size=1, max_size=3), max_size=30))
def test_no_drug_is_in_both_halves(asked: list[list[str]]) -> None:
    halves: dict[str, set[str]] = {"tune": set(), "measure": set(), "mixed": set()}
    for drugs in asked:
        halves[split_of(drugs)] |= {key for drug in drugs for key in ingredients(drug)}
    assert not halves["tune"] & halves["measure"]


def test_both_halves_are_there_and_a_question_across_them_is_in_neither() -> None:
    tuned = next(drug for drug in DRUGS if split_of([drug]) == "tune")
    measured = next(drug for drug in DRUGS if split_of([drug]) == "measure")
    assert split_of([tuned, measured]) == split_of([f"{tuned} and {measured}"]) == "mixed"


@pytest.fixture(scope="module")
def shipped() -> tuple[QuestionSet, ...]:
    with as_file(files("corpora") / "questions") as folder:
        return load(folder)


def test_the_shipped_sets_share_no_drug_between_halves(shipped: tuple[QuestionSet, ...]) -> None:
    questions: list[Question] = [question for one in shipped for question in one.questions]
    keys = {
        split: {key for one in questions if one.split == split for key in one.keys} for split in ("tune", "measure")
    }
    assert keys["tune"]
    assert keys["measure"]
    assert not keys["tune"] & keys["measure"]


def test_what_was_written_for_tuning_is_about_drugs_to_tune_on(shipped: tuple[QuestionSet, ...]) -> None:
    for one in shipped:
        if one.name.startswith("tuning"):
            assert {question.split for question in one.questions} <= {"tune"}, one.name


def test_the_sets_for_measuring_have_about_equal_halves(shipped: tuple[QuestionSet, ...]) -> None:
    worded = [one for one in shipped if one.name.startswith("labels") and one.name != "labels-plain"]
    splits = [question.split for one in worded for question in one.questions]
    assert 0.3 < splits.count("measure") / len(splits) < 0.6
    assert splits.count("mixed") / len(splits) < 0.2


def test_the_plain_set_is_for_measuring_alone(shipped: tuple[QuestionSet, ...]) -> None:
    (plain,) = (one for one in shipped if one.name == "labels-plain")
    assert {question.split for question in plain.questions} == {"measure"}


def test_drugs_beside_stand_in_the_text_and_are_not_what_is_asked(shipped: tuple[QuestionSet, ...]) -> None:
    questions = [question for one in shipped for question in one.questions if question.beside]
    known = {drug for question in questions for drug in question.beside}
    resolver = Resolver.from_names([(drug, "generic", drug) for drug in sorted(known)])
    assert questions
    for question in questions:
        beside = {key for drug in question.beside for key in ingredients(drug)}
        read = {key for mention in resolver.resolve(question.text) for key in mention.keys}
        assert beside <= read, f"{question.id}: {question.text}"
        assert not beside & question.keys, question.id
        assert question.named == question.keys | beside


def test_drugs_beside_are_read_from_the_file(tmp_path: Path) -> None:
    more = GOOD.replace('drugs = ["colchicine"]', 'drugs = ["colchicine"]\nbeside = ["digoxin", "warfarin sodium"]')
    question = load(written(tmp_path, HEAD + more))[0].questions[0]
    assert question.beside == ("digoxin", "warfarin sodium")
    assert question.named == {"colchicine", "digoxin", "warfarin"}
    assert question.split == split_of(["colchicine"])
