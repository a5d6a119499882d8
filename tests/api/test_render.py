"""What a terminal shows of a search: the sum that ends in each score."""

from __future__ import annotations

import io
import math
import re

import pytest
from rich.console import Console

from api import render
from ingest.schema import Document, Kind, Passage
from rag.query import Query
from rag.types import Hit, Rule

DOCUMENT = Document("x:1", Kind.ARTICLE, "A title", "1", "1", "0" * 64, ())
RULES = (Rule("title", 1.05, "its title names the drug"), Rule("age", 0.9, "older than the newest"))


def shown(**signals: float) -> str:
    score = signals["base"] * math.prod(rule.factor for rule in RULES)
    hit = Hit(Passage("1", "x:1", "abstract", 0, 5, "Text.", ""), DOCUMENT, score, (), signals, RULES)
    stream = io.StringIO()
    Console(file=stream, width=120).print(render.explained(Query("Text?"), [hit]))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        ({"fused": 0.02, "base": 0.02}, ""),
        ({"fused": 0.02, "base": 0.7, "rerank": 3.25}, "the reranker gave it 3.25"),
        ({"fused": 0.02, "base": 2.5e-9, "rerank": -15.0}, "the reranker gave it -15.00"),
        ({"fused": 0.02, "base": 1.25e-9}, "it was not read"),
    ],
)
def test_the_last_amount_times_the_factors_is_the_score(signals: dict[str, float], said: str) -> None:
    text = shown(lexical_rank=2.0, **signals)
    assert said in text
    assert ("instead" in text) == bool(said)
    amounts = [float(number) for number in re.findall(r"^\s*([\d.e-]+)  ", text, re.MULTILINE)]
    factors = [float(number) for number in re.findall(r"× ([\d.]+)", text)]
    (score,) = (float(number) for number in re.findall(r"= ([\d.e-]+)", text))
    assert (len(factors), amounts[0]) == (2, 0.02)
    assert amounts[-1] * math.prod(factors) == pytest.approx(score, rel=1e-3)
