"""Duplicates and shares: what is folded into one hit, and who gets which place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schema import Document, Kind, Passage
from rag.ranking.rounds import collapse, rounds
from rag.ranking.sides import pattern
from rag.types import Hit

SECTIONS = ("dosage_and_administration", "pregnancy", "overdosage")


def hit(key: str, text: str = "", drugs: tuple[str, ...] = ("a",), section: str = "pregnancy", score: float = 1) -> Hit:
    document = Document(f"label:{key}:1", Kind.LABEL, key, key, "1", "0" * 64, ())
    return Hit(Passage(key, document.document_id, section, 0, 9, text or key, ""), document, score, drugs)


def keys(hits: list[Hit]) -> list[str]:
    return [one.passage.passage_id for one in hits]


def test_the_same_words_are_one_hit_that_names_the_others() -> None:
    first, second = collapse([hit("1", "Take one."), hit("2", "take  ONE."), hit("3", "Take two.")])
    assert (keys([first, second]), first.also, second.also) == (["1", "3"], ("label:2:1",), ())


@pytest.mark.parametrize("other", ["Take 2 mg.", "Take 1.5 mg.", "Take 1 g.", "Take 1 mg"])
def test_a_number_or_a_sign_keeps_two_apart(other: str) -> None:
    assert len(collapse([hit("1", "Take 1 mg."), hit("2", other)], pattern(["zestril"]))) == 2


def test_by_which_of_its_names_a_drug_is_called_makes_no_difference() -> None:
    names = pattern(["zestril", "lisinopril"])
    told = [hit("1", "Stop Zestril early."), hit("2", "Stop lisinopril early."), hit("3", "Stop captopril early.")]
    assert [one.also for one in collapse(told, names)] == [("label:2:1",), ()]


def test_labels_of_different_drugs_stay_apart_where_no_drug_is_asked_about() -> None:
    assert len(collapse([hit("1", "Same.", ("a",)), hit("2", "Same.", ("b",))])) == 2
    assert len(collapse([hit("1", "Same.", ("a",)), hit("2", "Same.", ("a", "b"))], pattern(["a"]))) == 1


@given(st.lists(st.tuples(st.text("ab 1.", max_size=4), st.integers(0, 4)), max_size=12))
def test_every_document_is_kept_or_named_and_no_words_come_twice(told: list[tuple[str, int]]) -> None:
    hits = [hit(f"{number}-{document}", text or "-") for number, (text, document) in enumerate(told)]
    kept = collapse(hits)
    words = [" ".join(one.passage.text.casefold().split()) for one in kept]
    assert len(words) == len(set(words))
    named = [name for one in kept for name in (one.passage.document_id, *one.also)]
    assert sorted(named) == sorted(one.passage.document_id for one in hits)
    assert keys(kept) == [key for key in keys(hits) if key in set(keys(kept))]  # the best of each, in order


def test_one_drug_has_two_places_in_three() -> None:
    assert keys(rounds([[hit(name) for name in "abcd"]], [hit("x"), hit("y")], 9)) == ["a", "b", "x", "c", "d", "y"]


def test_where_a_label_belongs_to_both_drugs_each_gives_another() -> None:
    both, one, two = hit("both"), hit("one"), hit("two")
    assert keys(rounds([[both, one], [both, two]], [], 9)) == ["both", "two", "one"]


def test_a_comparison_sets_the_same_sections_side_by_side() -> None:
    dose, pregnancy, _ = SECTIONS
    one = [hit("a1", section=dose, score=3), hit("a2", section=pregnancy, score=2)]
    two = [hit("b1", section=pregnancy, score=3), hit("b2", section=dose, score=1), hit("b3", section="other")]
    assert keys(rounds([one, two], [], 9, compare=True)) == ["a2", "b1", "a1", "b2", "b3"]
    assert keys(rounds([one, two], [], 9)) == ["a1", "b1", "a2", "b2", "b3"]


lists = st.lists(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(SECTIONS)), max_size=6, unique_by=lambda pair: pair[0]),
    max_size=4,
)


@given(lists, st.integers(0, 5), st.integers(1, 40), st.booleans())
def test_each_drug_has_its_share(drawn: list[list[tuple[int, str]]], papers: int, k: int, compare: bool) -> None:
    drugs = [
        [hit(f"{drug}:{key}", drugs=(str(drug),), section=section, score=9 - place) for place, (key, section) in one]
        for drug, one in ((drug, list(enumerate(listed))) for drug, listed in enumerate(drawn))
    ]
    literature = [hit(f"paper:{number}", drugs=()) for number in range(papers)]
    shown = rounds(drugs, literature, k, compare=compare)
    everything = [one for listed in (*drugs, literature) for one in listed]
    assert len(shown) == min(k, len(everything))
    assert len(set(keys(shown))) == len(shown)
    available = [one[0].drugs for one in drugs if one]
    assert [one.drugs for one in shown[: len(available)]] == available[:k] or len(available) == 1
    for listed in (*drugs, literature) if not compare else ():
        its = [key for key in keys(shown) if key in set(keys(listed))]
        assert its == keys(listed)[: len(its)]
