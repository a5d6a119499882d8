"""Labels with the same text, and sentences that differ in a figure, counted without any embedding."""

from __future__ import annotations

from dataclasses import replace

from ingest.schema import Document, Fault
from rag.history.duplicates import duplicates, newest_labels
from tests.rag.bookshelf import document

TEXT = "The usual starting dose of xanol in adults is {} mg once daily with food. Do not crush the tablets before use."


def label(name: str, figure: int = 5, drug: str = "xanol") -> Document:
    return document(
        f"label:{name}:1", [("dosage", f"{TEXT.format(figure)}\n{'Store it dry. ' * 20}")], drug, labeler=name
    )


def test_equal_texts_are_one_group_and_other_figures_are_near() -> None:
    found = duplicates([label("a"), label("b"), label("c", 10), label("d", drug="zanol")])
    (section,) = found.sections
    assert (section.texts, section.distinct, section.groups, section.in_groups) == (4, 2, 1, 3)
    assert (section.near, section.in_near) == (1, 2)
    (group,) = found.largest
    assert (group.labels, group.drugs, group.labelers) == (3, ("xanol", "zanol"), 3)
    assert (found.sentences, found.agreeing, dict(found.differing)) == (2, 1, {"figure": 1})
    (example,) = found.examples
    assert (example.drug, example.labels, {text.split()[9] for text in example.texts}) == ("xanol", 3, {"5", "10"})


def test_a_label_that_says_both_differs_from_none() -> None:
    both = document("label:b:1", [("dosage", f"{TEXT.format(5)} {TEXT.format(10)}")], "xanol")
    assert not duplicates([label("a"), both]).differing


def test_sentences_that_name_the_product_are_compared_without_its_name() -> None:
    text = "The usual starting dose of {} in adults is {} mg once daily with food."

    def branded(brand: str, figure: int) -> Document:
        made = document(f"label:{brand}:1", [("dosage", text.format(brand, figure))], "xanol")
        return replace(made, drugs=replace(made.drugs, brand=(brand,)))

    assert not duplicates([branded("Alphanol", 5), branded("Betanol", 5)]).differing
    found = duplicates([branded("Alphanol", 5), branded("Betanol", 10)])
    assert (found.sentences, dict(found.differing)) == (1, {"figure": 1})


def test_of_a_label_the_newest_version_counts_and_faults_do_not() -> None:
    older, newer = label("a"), replace(label("a", 10), document_id="label:a:2", version="2")
    summary = replace(label("s"), editorial=True)
    faults: list[Fault] = []
    assert list(newest_labels([newer, Fault("", "torn"), older, summary], faults)) == [newer]
    assert faults == [Fault("", "torn")]
