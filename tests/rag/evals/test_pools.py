"""The literature's question sets, from the real files."""

from __future__ import annotations

from rag.evals.collection import digest
from rag.evals.pools import Pool, bioasq, medquad, reduced
from rag.train.pairs import held_out, rows
from tests.shared_data import shared


def sound(pool: Pool) -> None:
    assert len({digest(text) for text in pool.texts}) == len(pool.texts)
    for numbers in pool.relevant:
        assert numbers
        assert len(set(numbers)) == len(numbers)


def test_bioasq_keeps_10b_for_measuring_among_all_snippets() -> None:
    source = shared("train/bioasq_7b_10b.jsonl.gz")
    pool = bioasq(source.parents[1])
    batches = {row["id"]: row for row in rows(source)}
    sound(pool)
    assert len(pool.questions) == len(batches)
    for question, numbers in zip(pool.questions, pool.relevant, strict=True):
        row = batches[question.id]
        assert (question.split == "measure") == row["batch"].startswith("10")
        assert {digest(pool.texts[number]) for number in numbers} == {digest(one["text"]) for one in row["snippets"]}


def test_medquad_keeps_topics_apart() -> None:
    source = shared("train/medquad.jsonl.gz")
    pool = medquad(source.parents[1])
    trained = {digest(row["answer"]) for row in rows(source) if row["answer"] and not held_out(row["focus"])}
    sound(pool)
    assert len({one.id for one in pool.questions}) == len(pool.questions)
    for question, numbers in zip(pool.questions, pool.relevant, strict=True):
        known = [digest(pool.texts[number]) in trained for number in numbers]
        assert {"tune": all(known), "mixed": any(known), "measure": not any(known)}[question.split]
    assert 0.1 < sum(one.split == "measure" for one in pool.questions) / len(pool.questions) < 0.3


def test_a_quick_try_has_the_answers_of_its_questions_and_a_few_other_texts() -> None:
    pool = bioasq(shared("train/bioasq_7b_10b.jsonl.gz").parents[1])
    small = reduced(pool, "tune", 5)
    assert [question.split for question in small.questions] == ["tune"] * 5
    answers = {number for numbers in small.relevant for number in numbers}
    assert len(small.texts) == len(answers) + 50
