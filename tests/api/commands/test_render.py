"""What a terminal shows of a search: the sum that ends in each score."""

from __future__ import annotations

import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from api.commands import console, render
from ingest.pipeline import Report
from ingest.schema import Document, Fault, Kind, Passage
from rag.answers.replay import Change, Replay
from rag.checks.recheck import Checked, CheckedQuote, CheckedStatement, Proof
from rag.query import Query
from rag.types import Answer, Hit, Provenance, Quote, Reference, Rule

DOCUMENT = Document("x:1", Kind.ARTICLE, "A title", "1", "1", "0" * 64, ())
RULES = (Rule("title", 1.05, "its title names the drug"), Rule("age", 0.9, "older than the newest"))


def shown(**signals: float) -> str:
    score = signals["base"] * math.prod(rule.factor for rule in RULES)
    hit = Hit(Passage("1", "x:1", "abstract", 0, 5, "Text.", ""), DOCUMENT, score, (), signals, RULES)
    stream = io.StringIO()
    console.show(render.explained(Query("Text?"), [hit]), Console(file=stream, width=120))
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


@pytest.mark.parametrize(
    ("same", "reads_the_same", "said"),
    [(True, True, "Same bytes: 22"), (False, True, "reads the same"), (False, False, "The answer differs now.")],
)
def test_a_replay_begins_with_its_verdict(same: bool, reads_the_same: bool, said: str) -> None:
    changes = () if same else (Change("reference", "[red]A\x1b[31m title", "version 1", "version 2"),)
    result = Replay("a1", "Text?", same, reads_the_same, "11", "22", (), changes, (), ("Noted.",))
    stream = io.StringIO()
    console.show(render.replayed(result), Console(file=stream, width=120))
    text = stream.getvalue()
    assert said in text
    assert "Note: Noted." in text
    assert ("reference [red]A [31m title: version 1 → version 2" in text) is not same
    assert ("then 11" in text) is not same


def reference(number: int) -> Reference:
    quotes = tuple(Quote.of(f"Quote {part} of source {number}, which is long enough.", 0, 9) for part in "ab")
    return Reference(
        number=number,
        document_id=f"label:{number}",
        passage_id=f"p{number}",
        kind="label",
        title="Xanol",
        section="drug_interactions",
        drugs=("xanol",),
        version="1",
        published=None,
        superseded=False,
        retracted=False,
        editorial=False,
        url="https://example.org/labels/one-word-that-is-longer-than-a-line",
        citation=f"Xanol {number} [drug label]. Some Company of a long name; version 1.",
        quotes=quotes,
    )


def test_references_are_numbered_in_a_column_with_their_quotes_beside_it() -> None:
    made = Provenance("g1", "e", "extractive", None, "", demonstration=False)
    references = tuple(reference(number) for number in (9, 10))
    answer = Answer("1", "q", "answered", "Xanol is safe. [9]", (), references, (), (), 0.9, made, {})
    stream = io.StringIO()
    console.show(render.answer(answer), Console(file=stream, width=40))
    lines = stream.getvalue().split("References\n")[1].splitlines()[:-4]
    assert [line[:5] for line in lines if "[drug" in line] == [" [9] ", "[10] "]
    beside = [line for line in lines if not re.match(r" ?\[\d+\] ", line)]
    assert beside
    assert all(line.startswith(" " * 5) and line[5] != " " for line in beside if line.strip())
    assert sum(references[0].url in line for line in lines) == 2  # longer than a line, and whole
    for number in (9, 10):
        assert all(f"“Quote {part} of source {number}," in stream.getvalue() for part in "ab")


def test_a_check_says_what_is_wrong_with_each_statement() -> None:
    proof = Proof(2, "The dose is 5 mg.", "x:1", "abstract", 0, 17, "0" * 64)
    statements = (
        CheckedStatement("The dose is 5 mg.", (2,), "verbatim", 1.0, 0.0, (), proof),
        CheckedStatement("The dose is 5 mL.", (2,), "unsupported", 0.1, 0.0, ("unit differs",), proof),
    )
    result = Checked("partial", 1, 1, statements, (CheckedQuote(3, True, "retracted"),), "")  # noqa: FBT003
    stream = io.StringIO()
    console.show(render.verified(result), Console(file=stream, width=120))
    text = stream.getvalue()
    assert "partial: 1 of 2 statements" in text
    assert "unsupported: The dose is 5 mL. [2]" in text
    assert text.count('nearest: "The dose is 5 mg."') == 1
    assert "unit differs" in text
    assert "A quotation of [3]: retracted" in text
    assert "No model judged" in text


def shown_of(renderable: RenderableType, width: int) -> str:
    stream = io.StringIO()
    console.show(renderable, Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [20, 80])
def test_paths_of_a_report_stay_whole(width: int) -> None:
    places = [f"/data/a-folder-whose-name-is-longer-than-any-terminal-{letter * 90}/labels.xml" for letter in "xy"]
    result = Report()
    for place in places:
        result.fault(place, Fault("label:1", "it ends in the middle", 7))
    lines = shown_of(render.report(result), width).splitlines()
    assert all(sum(place in line for line in lines) == 1 for place in places)
    assert lines[-1].strip()
    assert not any(line.endswith(" ") for line in lines)


@given(st.text(st.sampled_from("ab -/\t"), max_size=60), st.integers(21, 40), st.sampled_from(["", "[1] "]))
def test_wrapped_text_loses_no_word_and_breaks_none(said: str, width: int, first: str) -> None:
    out = shown_of(render.Wrapped(said, first=first), width)
    assert out.removeprefix(first.strip()).split() == said.split()


def test_what_is_held_is_shown_by_kind() -> None:
    rows = list(render.held({"store": "/a", "documents": {"article": 2, "label": 3}}))
    assert rows == [("store", "/a"), ("documents", 5), ("  article", 2), ("  label", 3)]
    assert shown_of(render.pairs(rows), 80).splitlines()[1:] == ["documents  5", "  article  2", "  label    3"]
