"""Whether evidence answers at all: the features on a corpus in memory, the shipped weights on plain cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.lexical import analyse
from rag.query import understand
from rag.sentences.coverage import FEATURES, FILE, Coverage, Weights, concepts_of
from rag.types import Evidence, Hit
from tests.rag.bookshelf import Bookshelf, corpus

SHELF = Bookshelf(corpus())
EVEN = Weights((0.0,) * len(FEATURES), (1.0,) * len(FEATURES), (1.0,) * len(FEATURES), 0.0)


class Reads:
    """Every sentence reads the same."""

    name = "even"

    def answers(self, question: str, sentences: Sequence[str]) -> list[float]:  # noqa: ARG002 (as the real one)
        return [0.5 for _ in sentences]


def frequency(stems: Sequence[str]) -> list[float]:
    pages = [set(analyse(page.text)) for page in SHELF.pages]
    return [sum(stem in page for page in pages) / len(pages) for stem in stems]


class Corpus:
    """The bookshelf, asked for single words."""

    def frequency(self, stems: Sequence[str]) -> list[float]:
        return frequency(stems)

    def labels_have(self, keys: tuple[str, ...], stems: Sequence[str], as_of: object) -> list[bool]:  # noqa: ARG002
        pages = [set(analyse(page.text)) for page in SHELF.pages if page.document_id.startswith("label:")]
        return [any(stem in page for page in pages) for stem in stems]

    def alike(
        self,
        keys: tuple[str, ...],
        slugs: tuple[str, ...],
        words: Sequence[str],  # noqa: ARG002 (as the real one)
        as_of: object,  # noqa: ARG002 (as the real one)
    ) -> list[Hit]:
        hits = SHELF.search(understand(" and ".join(keys), SHELF.resolver()), 50)
        return [hit for hit in hits if hit.passage.section in slugs]


def features(question: str, *, score: float = 0.5, silent: bool = False) -> dict[str, float]:
    query = understand(question, SHELF.resolver())
    hits = SHELF.search(query, 5)
    found = [Evidence(hit, hit.passage.text, hit.passage.start, hit.passage.end, score) for hit in hits]
    coverage = Coverage(Reads(), EVEN)
    told = coverage.features(query, found, Corpus(), None, silent=silent)
    return dict(zip(FEATURES, told, strict=True))


def test_concepts_are_what_is_asked_without_drugs_numbers_and_words_of_any_question() -> None:
    query = understand("What is the recommended dose of colchicine 0.6 mg for gout flares?", SHELF.resolver())
    assert [one.words for one in concepts_of(query)] == [("gout",), ("flares",)]


def test_a_word_for_a_limit_is_no_concept() -> None:
    query = understand("colchicine cutoff for gout", SHELF.resolver())
    assert [one.words for one in concepts_of(query)] == [("gout",)]


def test_a_class_is_one_concept_with_its_members() -> None:
    query = understand("Does colchicine interact with statins?", SHELF.resolver())
    (found,) = (one for one in concepts_of(query) if one.words == ("statins",))
    assert ("simvastatin",) in found.names


def test_what_the_label_says_is_covered_and_what_it_lacks_is_not() -> None:
    told, absent = features("colchicine for gout flares?"), features("colchicine for restless zebras?")
    assert (told["said"], told["use"], told["others"]) == (1.0, 0.0, 0.0)
    assert absent["said"] < 1
    assert absent["use"] > 0
    assert absent["others"] == 1.0
    assert (told["terms"], absent["terms"]) == (2.0, 2.0)


def test_a_listed_concept_that_the_labels_lack_weighs_by_its_rarity() -> None:
    assert features("Does colchicine turn hair grey?")["lacking"] == 0.0
    assert features("Does colchicine cause tinnitus?")["lacking"] > 0


def test_where_an_amount_is_asked_sentences_without_one_cover_nothing() -> None:
    query = understand("maximum dose of colchicine for gout?", SHELF.resolver())
    item = Evidence(SHELF.search(query, 1)[0], "For gout flares take 1.2 mg.", 0, 28, 0.9)
    coverage = Coverage(Reads(), EVEN)
    assert coverage.chance(query, [item], Corpus(), None, silent=False) > 0
    silent = replace(item, text="CYP3A4-mediated deaths have occurred.")
    assert coverage.chance(query, [silent], Corpus(), None, silent=False) == 0.0
    share = replace(item, text="Cimetidine raised the peak of colchicine by 60%.")
    assert coverage.chance(query, [share], Corpus(), None, silent=False) == 0.0
    fold = understand("How many fold does cimetidine raise colchicine?", SHELF.resolver())
    assert coverage.chance(fold, [share], Corpus(), None, silent=False) > 0


@pytest.mark.parametrize(
    ("text", "covers"),
    [
        ("An overdose of colchicine can be fatal.", False),
        ("Naloxone is given at once.", True),
        ("Colchicine is not removed by hemodialysis.", True),
        ("There is no specific antidote.", True),
    ],
)
def test_where_an_antidote_is_asked_the_danger_alone_covers_nothing(text: str, covers: bool) -> None:
    query = understand("antidote for colchicine overdose?", SHELF.resolver())
    item = Evidence(SHELF.search(query, 1)[0], text, 0, len(text), 0.9)
    assert (Coverage(Reads(), EVEN).chance(query, [item], Corpus(), None, silent=False) > 0) is covers


def test_a_name_that_nothing_holds_is_counted() -> None:
    assert features("Does colchicine help with zorquamide flares?")["unknown"] == 1.0
    assert features("Does colchicine help with sudden flares?")["unknown"] == 0.0


def test_the_score_and_the_reader_come_as_log_odds() -> None:
    found = features("colchicine for gout?", score=0.9)
    assert found["score"] == pytest.approx(np.log(9))
    assert found["read"] == 0.5
    assert features("colchicine for gout?", silent=True)["silent"] == 1.0


@settings(deadline=None)
@given(st.text(max_size=60))
def test_shares_are_shares_whatever_is_asked(question: str) -> None:
    query = understand(f"colchicine {question}", SHELF.resolver())
    hits = SHELF.search(understand("colchicine", SHELF.resolver()), 3)
    found = [Evidence(hit, hit.passage.text, 0, 1, 0.5) for hit in hits]
    coverage = Coverage(Reads(), EVEN)
    told = dict(zip(FEATURES, coverage.features(query, found, Corpus(), None, silent=False), strict=True))
    assert all(0 <= told[name] <= 1 + 1e-6 for name in ("said",))
    assert 0 <= coverage.chance(query, found, Corpus(), None, silent=False) <= 1


def test_a_row_whose_range_holds_the_patient_answers() -> None:
    query = understand("dose of colchicine with creatinine clearance 20 mL/min?", SHELF.resolver())
    item = Evidence(SHELF.search(query, 1)[0], "Creatinine clearance: 15 to 30 mL/min; Dose: 0.3 mg", 0, 28, 0.2)
    assert Coverage(Reads(), EVEN).chance(query, [item], Corpus(), None, silent=False) == 1.0
    other = replace(item, text="Creatinine clearance: 50 to 80 mL/min; Dose: 0.6 mg")
    assert Coverage(Reads(), EVEN).chance(query, [other], Corpus(), None, silent=False) < 1.0


def test_uses_are_asked_of_one_drug_alone() -> None:
    assert features("Does colchicine interact with warfarin taken for zebras?")["use"] == 0.0


def test_nothing_found_covers_nothing() -> None:
    query = understand("colchicine for gout?", SHELF.resolver())
    assert Coverage(Reads(), EVEN).chance(query, [], Corpus(), None, silent=False) == 0.0


def test_the_shipped_weights_prefer_what_is_covered() -> None:
    weights = Weights.read()
    coverage = Coverage(Reads(), weights)
    chances = []
    for question in ("What is colchicine's dose for gout flares?", "What is colchicine's dose for restless zorquam?"):
        query = understand(question, SHELF.resolver())
        hits = SHELF.search(query, 5)
        found = [Evidence(hit, hit.passage.text, 0, 1, 0.5) for hit in hits]
        chances.append(coverage.chance(query, found, Corpus(), None, silent=False))
    assert chances[0] > chances[1]


def test_weights_for_other_features_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Weights.read(tmp_path)
    told = {"features": ["another"], "mean": [0], "scale": [1], "weights": [1], "intercept": 0}
    (tmp_path / FILE).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ModelError, match="other features"):
        Weights.read(tmp_path)


def test_a_better_sentence_covers_more() -> None:
    query = understand("colchicine for gout flares?", SHELF.resolver())
    item = Evidence(SHELF.search(query, 1)[0], "For gout flares take 1.2 mg.", 0, 28, 0.2)
    coverage = Coverage(Reads(), EVEN)
    low, high = (
        coverage.chance(query, [replace(item, score=score)], Corpus(), None, silent=False) for score in (0.2, 0.8)
    )
    assert low < high
