from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.dense import HashEmbedder, MiniLM
from rag.errors import ModelError
from rag.evidence import Candidate, Selector, known
from rag.query import understand
from rag.sentences.reader import Reader
from rag.sentences.selectors import FEATURES, FILE, Plain, Tuned, Weights, features
from tests.contracts.selector import SelectorContract
from tests.rag.bookshelf import Bookshelf, corpus

EVEN = Weights(
    (0.0,) * len(FEATURES), (1.0,) * len(FEATURES), (1.0,) * len(FEATURES), (0.0,) * len(FEATURES) + (1.0,), 0.0
)


class Counting:
    """A reader that prefers long sentences, and says what it was shown."""

    name = "counting"

    def __init__(self) -> None:
        self.shown: list[str] = []

    def answers(self, question: str, sentences: Sequence[str]) -> list[float]:
        assert question
        self.shown = list(sentences)
        return [len(sentence) / 100 for sentence in sentences]


class TestPlain(SelectorContract):
    @pytest.fixture
    def selector(self) -> Selector:
        return Plain(HashEmbedder(256))


@pytest.fixture(scope="module")
def tuned() -> Tuned:
    reader = Reader.of(MiniLM(device="cpu", arithmetic="float32"))
    assert reader is not None
    return Tuned(reader, Weights.read())


class TestTuned(SelectorContract):
    @pytest.fixture
    def selector(self, tuned: Tuned) -> Selector:
        return tuned


@pytest.fixture
def found() -> list[Candidate]:
    shelf = Bookshelf(corpus())
    query = understand("colchicine in renal impairment", shelf.resolver())
    return known(query, shelf.search(query, 24))


def test_the_reader_sees_drug_and_section(found: list[Candidate]) -> None:
    reader = Counting()
    scores = Tuned(reader, EVEN).scores(understand("colchicine", Bookshelf(corpus()).resolver()), found)
    assert np.argmax(scores) == np.argmax([len(text) for text in reader.shown])
    label = next(place for place, item in enumerate(found) if item.hit.drugs == ("colchicine",))
    section = found[label].hit.passage.section.replace("_", " ")
    assert reader.shown[label] == f"colchicine | {section}: {found[label].text}"


def test_features_are_one_row_for_each_candidate(found: list[Candidate]) -> None:
    query = understand("colchicine in renal impairment", Bookshelf(corpus()).resolver())
    rows = features(query, found)
    assert rows.shape == (len(found), len(FEATURES))
    assert np.isfinite(rows).all()
    told = rows[:, FEATURES.index("population")]
    assert [bool(value) for value in told] == ["renal" in item.text.lower() for item in found]


def test_weights_of_other_features_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reinstall"):
        Weights.read(tmp_path)
    (tmp_path / FILE).write_text(json.dumps({"features": ["lexical"]}))
    with pytest.raises(ModelError, match="other features"):
        Weights.read(tmp_path)
