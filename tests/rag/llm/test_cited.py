from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import GeneratorError
from rag.llm.cited import BEYOND, REPEATED, UNCITED, UNKNOWN, parse, render
from rag.types import Draft, Evidence
from tests.rag.pieces import PAIR, ask

NO_ANSWER = "The evidence does not answer the question."
FIRST = ask(PAIR)[1][0]
EVIDENCE = [replace(FIRST, text=f"Finding number {n} of the label.", start=n) for n in range(1, 8)]
WORDS = st.lists(
    st.sampled_from(
        ["colchicine", "raises", "1.2", "mg", "(0.6 mg)", "P-gp,", "CYP3A4", "e.g.", "twice-daily", "5%", "<30"]
    ),
    min_size=2,
    max_size=8,
)
SENTENCE = st.builds(
    lambda words, end: "It " + " ".join(words) + "x" + end, WORDS, st.sampled_from([".", "!", "?", ""])
)
CITED = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True).map(lambda at: tuple(EVIDENCE[n] for n in at))
ANYTHING = st.lists(
    st.text(max_size=6)
    | st.sampled_from(
        [
            "[1]",
            "[9]",
            "[1-3]",
            "[0]",
            "[",
            "]",
            ". ",
            "\n",
            "- ",
            "Answer: ",
            "<think>",
            "</think>",
            "levels rise",
            "[3-1]",
            "[1,",
            "\ud800",
            "\x00",
            "[99999999999]",
            "**",
            NO_ANSWER,
        ]
    ),
    max_size=20,
).map("".join)


def read(text: str) -> list[tuple[str, list[int]]]:
    return [
        (draft.text, [EVIDENCE.index(item) + 1 for item in draft.evidence])
        for draft in parse(text, EVIDENCE, NO_ANSWER).drafts
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Levels rise [1].", [1]),
        ("Levels rise. [1]", [1]),
        ("Levels rise.[1]", [1]),
        ("Levels rise.\n[1]", [1]),
        ("Levels rise [1]", [1]),
        ("Levels rise [1][3].", [1, 3]),
        ("Levels rise [1] [3].", [1, 3]),
        ("Levels rise [1, 3].", [1, 3]),
        ("Levels rise [1], [3].", [1, 3]),
        ("Levels rise [1] and [3].", [1, 3]),
        ("Levels rise [1-3].", [1, 2, 3]),
        ("Levels rise [1–3, 5].", [1, 2, 3, 5]),
        ("Levels rise [3][3].", [3]),
        ("Levels rise [Evidence 2].", [2]),
        ("Levels rise 【2】.", [2]),
        ("- Levels rise [1].", [1]),
        ("* **Levels rise** [1].", [1]),
        ("1. Levels rise [1].", [1]),
        ("## Answer: Levels rise [1].", [1]),
        ("**Answer:** Levels rise [1].", [1]),
        ("<think>Levels fall [2].</think>Levels rise [1].", [1]),
        ("Levels fall [2].</think>\n\nLevels rise [1].", [1]),
        ("Levels rise [1]. <think>Levels fall [2].", [1]),
        ("Levels\nrise [1].", [1]),
    ],
)
def test_citations_are_read_however_they_are_written(text: str, numbers: list[int]) -> None:
    ((words, cited),) = read(text)
    assert words.rstrip(".") == "Levels rise"
    assert cited == numbers


def test_each_sentence_keeps_its_own_citations() -> None:
    text = "Levels rise. [1] Monitor patients [2][4]. pH matters, e.g. in ulcers [3]. Give 1.2 mg once. [5]"
    assert read(text) == [
        ("Levels rise.", [1]),
        ("Monitor patients.", [2, 4]),
        ("pH matters, e.g. in ulcers.", [3]),
        ("Give 1.2 mg once.", [5]),
    ]


def test_citations_within_a_sentence_count_for_all_of_it() -> None:
    assert read("Ketoconazole [1] and ritonavir [2] raise levels.") == [
        ("Ketoconazole and ritonavir raise levels.", [1, 2])
    ]


def test_what_cannot_be_checked_is_dropped_and_counted() -> None:
    text = (
        "Levels rise [1]. Trust me. Levels fall [8]. Levels drop [1][0]. Levels climb [6-9]. "
        "Levels sink [99999999999]. Levels rise [2]. And the dose of"
    )
    parsed = parse(text, EVIDENCE, NO_ANSWER)
    assert [draft.text for draft in parsed.drafts] == ["Levels rise."]
    assert parsed.dropped == {UNCITED: 2, UNKNOWN: 4, REPEATED: 1}
    lost = ["Trust me.", "Levels fall.", "Levels drop.", "Levels climb.", "Levels sink.", "And the dose of"]
    assert parsed.uncited == [Draft(text, ()) for text in lost]


@pytest.mark.parametrize(
    "text", ["Levels rise [1].", "The answer: Levels rise [1].", "Findings:\nLevels rise [1].\n---\n"]
)
def test_what_claims_nothing_is_not_missed(text: str) -> None:
    assert parse(text, EVIDENCE, NO_ANSWER).uncited == []


@pytest.mark.parametrize(
    "text", [f"{NO_ANSWER} However X is fine [1].", f"X is fine [1]. {NO_ANSWER}", f"{NO_ANSWER} Sorry."]
)
def test_a_model_that_declines_and_goes_on_has_declined(text: str) -> None:
    parsed = parse(text, EVIDENCE, NO_ANSWER)
    assert parsed.drafts == parsed.uncited == []


def test_a_list_of_references_is_no_answer() -> None:
    assert read("Levels rise [1].\n\nReferences:\n[1] Label of colchicine.\n[2] A paper.") == [("Levels rise.", [1])]


def test_at_most_a_screenful() -> None:
    parsed = parse("\n".join(f"Fact {n} [1]." for n in range(1, 12)), EVIDENCE, NO_ANSWER)
    assert len(parsed.drafts) == 8
    assert parsed.dropped == {BEYOND: 3}


def test_what_was_copied_comes_back_in_the_source_s_own_signs() -> None:
    item = replace(FIRST, text="Avoid it [see Warnings (5.2)] where CrCl <the limit.")
    parsed = parse("Avoid it (see Warnings (5.2)) where CrCl < the limit [1].", [item], NO_ANSWER)
    assert parsed.drafts == [Draft(item.text, (item,))]


@pytest.mark.parametrize(
    "text", [NO_ANSWER, f" {NO_ANSWER}\n", NO_ANSWER.rstrip(".").upper(), f"<think>Hm.</think>{NO_ANSWER}"]
)
def test_a_model_may_decline(text: str) -> None:
    assert parse(text, EVIDENCE, NO_ANSWER).drafts == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "wrote nothing: raise CITERX_LLM_MAX_TOKENS"),
        (" \n\x00", "wrote nothing: raise CITERX_LLM_MAX_TOKENS"),
        ("<think>The label says", "wrote nothing: raise CITERX_LLM_MAX_TOKENS"),
        ("Levels rise.", "nothing that can be checked \\(no citation: 1\\)"),
        ("Levels rise [9].", "nothing that can be checked \\(citation of nothing given: 1\\)"),
        ("[1]", "nothing that can be checked"),
    ],
)
def test_without_anything_usable_it_is_an_error(text: str, told: str) -> None:
    with pytest.raises(GeneratorError, match=told):
        parse(text, EVIDENCE, NO_ANSWER)


@given(
    st.lists(st.builds(Draft, SENTENCE, CITED), min_size=1, max_size=8, unique_by=lambda draft: draft.text.rstrip(".!"))
)
def test_what_is_rendered_is_read_back(drafts: list[Draft]) -> None:
    parsed = parse(render(drafts, EVIDENCE), EVIDENCE, NO_ANSWER)
    assert parsed.drafts == drafts
    assert not parsed.dropped


@given(ANYTHING, st.integers(0, 7))
def test_whatever_is_written_cites_only_what_was_given(text: str, given_count: int) -> None:
    shown: list[Evidence] = EVIDENCE[:given_count]
    try:
        parsed = parse(text, shown, NO_ANSWER)
    except GeneratorError:
        return
    for draft in parsed.drafts:
        assert draft.text.strip()
        assert draft.text.encode()
        assert draft.evidence
        assert all(item in shown for item in draft.evidence)
        assert "[1]" not in draft.text


def test_long_junk_is_read_in_time() -> None:
    started = time.perf_counter()
    for junk in ("[1 ", "[1] ", "[ ", "[1].", "[1", "<think>", " . ", "[1][", "[1],", "a\n", "((", "-  "):
        with pytest.raises(GeneratorError):
            parse(junk * (20_000 // len(junk)), [], NO_ANSWER)
    assert time.perf_counter() - started < 20
