"""Word search against trusted implementations of BM25, and against any text that a user may type."""

from __future__ import annotations

import math
import random
import shutil
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from rag.errors import IndexBuildError, IndexCorruptError
from rag.lexical import MAX_TERMS, Entry, Lexical, analyse, analysed, write

WORDS = [
    "dose",
    "tablet",
    "renal",
    "hepatic",
    "exposure",
    "inhibitor",
    "bleeding",
    "pregnancy",
    "nausea",
    "headache",
    "rash",
    "infusion",
    "placebo",
    "trial",
    "plasma",
    "kidney",
    "liver",
    "warfarin",
    "colchicine",
    "digoxin",
    "serum",
    "children",
    "elderly",
    "women",
    "men",
    "daily",
    "weekly",
    "2.5",
    "10",
    "mg",
]


def entry(position: int, text: str, context: str = "", *, drug: str = "d", section: str = "s") -> Entry:
    return Entry(position, text, context, "label", (section,), (drug,))


def made(folder: Path, entries: Sequence[Entry]) -> Lexical:
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, entries)
    return Lexical(folder)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    chance = random.Random(3)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    return [" ".join(chance.choices(WORDS, weights, k=chance.randint(5, 38))) for _ in range(300)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Lexical:
    entries = [
        entry(position, text, drug=f"drug {position % 7}", section=f"s{position % 3}")
        for position, text in enumerate(texts)
    ]
    return made(tmp_path_factory.mktemp("lexical"), entries)


QUESTIONS = [
    "warfarin bleeding",
    "renal dose of digoxin in elderly women",
    "2.5 mg",
    "headache headache rash",
    "Colchicine EXPOSURE with an inhibitor?",
]


def oracle_scores(texts: list[str], question: str) -> NDArray[np.float64]:
    """rank-bm25 on the same terms, with Lucene's form of a word's rarity, which never turns negative."""
    tokens = [analyse(text) for text in texts]
    oracle = BM25Okapi(tokens, k1=1.2, b=0.75)  # type: ignore[no-untyped-call]
    for term in oracle.idf:
        holders = sum(term in words for words in tokens)
        oracle.idf[term] = math.log(1 + (len(tokens) - holders + 0.5) / (holders + 0.5))
    scores: NDArray[np.float64] = oracle.get_scores(analyse(question))  # type: ignore[no-untyped-call]
    return scores


@pytest.mark.parametrize("question", QUESTIONS)
def test_scores_are_those_of_rank_bm25(index: Lexical, texts: list[str], question: str) -> None:
    expected = oracle_scores(texts, question)
    positions, scores = index.search(analyse(question), len(texts))
    assert sorted(positions.tolist()) == np.flatnonzero(expected).tolist()
    assert np.allclose(scores, expected[positions], atol=2e-4)
    assert np.array_equal(np.lexsort((positions, -scores)), np.arange(len(positions)))


def test_limit_gives_the_head_of_the_ranking(index: Lexical) -> None:
    terms = analyse("warfarin dose")
    positions, scores = index.search(terms, 300)
    assert index.search(terms, 5)[1].tolist() == scores[:5].tolist()
    assert index.search(terms, 5)[0].tolist() == positions[:5].tolist()


def test_filters_restrict_and_leave_scores_alone(index: Lexical) -> None:
    terms = analyse("dose")
    every = dict(zip(*(values.tolist() for values in index.search(terms, 300)), strict=True))
    positions, scores = index.search(terms, 300, drugs=["drug 2", "drug 5"], kinds=["label"], sections=["s1"])
    assert positions.tolist()
    assert set(positions.tolist()) == {place for place in every if place % 7 in {2, 5} and place % 3 == 1}
    assert scores.tolist() == [every[place] for place in positions.tolist()]


@pytest.mark.parametrize("empty", ["drugs", "kinds", "sections"])
def test_an_empty_filter_admits_nothing(index: Lexical, empty: str) -> None:
    none: list[str] = []
    filters = {empty: none}
    assert len(index.search(["dose"], 10, **filters)[0]) == 0  # type: ignore[arg-type]


def test_drug_terms_are_whole_names(index: Lexical) -> None:
    assert len(index.search(["dose"], 10, drugs=["drug"])[0]) == 0


def test_context_counts_as_much_as_it_is_told(tmp_path: Path) -> None:
    index = made(tmp_path, [entry(0, "warfarin tablets"), entry(1, "tablets for children", "warfarin")])
    assert set(index.search(["warfarin"], 5, context_boost=3.0)[0].tolist()) == {0, 1}
    assert index.search(["warfarin"], 5, context_boost=3.0)[0][0] == 1
    assert index.search(["warfarin"], 5, context_boost=0.1)[0][0] == 0
    assert index.search(["warfarin"], 5, context_boost=0.0)[0].tolist() == [0]


def test_equal_texts_come_in_order(tmp_path: Path) -> None:
    index = made(tmp_path, [entry(position, "same words") for position in range(50)])
    assert index.search(["same"], 10)[0].tolist() == list(range(10))


def test_numbers_and_codes_stay_whole() -> None:
    assert analyse("1,200 mg; 0.5%; CYP2D6*4; P-gp. 3.Next") == [
        "1,200",
        "mg",
        "0.5",
        "cyp2d6",
        "4",
        "p",
        "gp",
        "3",
        "next",
    ]
    assert analyse("Interactions interacting INTERACTED") == ["interact"] * 3
    assert analyse("naïve Ménière") == analyse("naive Meniere")


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_no_text_is_an_error(index: Lexical, text: str) -> None:
    positions, scores = index.search(analyse(text), 5)
    assert len(positions) == len(scores) <= 5


@pytest.mark.parametrize(
    "text", ["", "  ", '"', "a AND", "text:dose", "dose^9 +mg -rash", "(((", "[a TO b]", "*", "\ud800"]
)
def test_query_syntax_means_nothing(index: Lexical, text: str) -> None:
    positions, _ = index.search(analyse(text), 300)
    assert set(positions.tolist()) == {
        place for term in analyse(text) for place in index.search([term], 300)[0].tolist()
    }


def test_a_pasted_page_is_cut(index: Lexical) -> None:
    assert len(index.search([*(f"w{number}" for number in range(MAX_TERMS)), "dose"], 5)[0]) == 0
    assert len(index.search([*(f"w{number}" for number in range(MAX_TERMS - 1)), "dose"], 5)[0]) == 5


def test_threads_and_a_deleted_folder(tmp_path: Path, texts: list[str]) -> None:
    index = made(tmp_path / "index", [entry(position, text) for position, text in enumerate(texts)])
    expected = index.search(analyse("warfarin dose"), 20)[0].tolist()
    shutil.rmtree(tmp_path / "index")
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda question: index.search(analyse(question), 20), ["warfarin dose"] * 50):
            assert found[0].tolist() == expected


def test_nothing_indexed(tmp_path: Path) -> None:
    index = made(tmp_path, [])
    assert len(index) == 0
    assert len(index.search(["dose"], 5)[0]) == 0


def test_a_damaged_folder_says_what_to_do(tmp_path: Path) -> None:
    made(tmp_path, [entry(0, "x")])
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(IndexCorruptError, match=r"citerx index --rebuild"):
        Lexical(tmp_path)


def test_a_folder_that_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(IndexBuildError, match="absent"):
        write(tmp_path / "absent", [])
    with pytest.raises(IndexCorruptError, match="absent"):
        Lexical(tmp_path / "absent")


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z"]), max_size=200))
def test_words_met_before_are_analysed_alike(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    # a few letters of Hebrew and Indic scripts fall apart into letter and mark; no source here is written in them
    assume(not any(unicodedata.category(character).startswith("M") for character in composed))
    assert analysed(composed) == tuple(analyse(composed))
    assert analysed(composed) == tuple(analyse(composed))
