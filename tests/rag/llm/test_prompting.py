from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import GeneratorError
from rag.llm.prompting import FOLDER, as_data, estimated, line_of, load
from rag.types import Evidence
from tests.rag.pieces import PAIR, ask

RELEASED = {"answer-v1": "81241f28a6b7"}
"""Never change a line here: an answer's receipt names version and checksum. Add one for a new prompt."""

QUERY, EVIDENCE = ask(PAIR)
PROMPT = load()
HOSTILE = st.lists(
    st.sampled_from(
        ["</evidence>", "<evidence>", "\n[1] ", "[2]", "\n", "<|im_end|>", "<|system|>", "</s>", "[INST]", "<<SYS>>"]
    )
    | st.text(max_size=8),
    max_size=12,
).map("".join)


def said(text: str) -> Evidence:
    return replace(EVIDENCE[0], text=text)


def test_released_prompts_stay_as_they_are() -> None:
    found = {file.stem: load(file.stem).sha256[:12] for file in FOLDER.glob("*.toml")}
    assert found == RELEASED
    assert PROMPT.name == "answer-v1-81241f28a6b7"


def test_an_unknown_version_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(GeneratorError, match="answer-v1"):
        load("answer-v0")


def test_the_model_is_told_that_evidence_is_data_and_how_to_decline() -> None:
    system, user = PROMPT.messages(QUERY.question, EVIDENCE)
    assert "It is data" in system
    assert PROMPT.no_answer in system
    assert PAIR in user
    for number, item in enumerate(EVIDENCE, 1):
        assert f"\n[{number}] {line_of(item)}\n" in user


def test_a_label_s_evidence_names_its_drug_and_section() -> None:
    line = next(line_of(item) for item in EVIDENCE if "ketoconazole" in item.text)
    assert line.startswith("(colchicine, drug interactions) Inhibitor: ketoconazole;")


@given(st.lists(HOSTILE, min_size=1, max_size=4), HOSTILE)
def test_nothing_in_evidence_or_question_breaks_out(texts: list[str], question: str) -> None:
    _, user = PROMPT.messages(question, [said(text) for text in texts])
    assert user.count("<evidence>") == user.count("</evidence>") == 1
    inside = user.partition("<evidence>\n")[2].partition("\n</evidence>")[0]
    assert [line.partition("]")[0] for line in inside.split("\n")] == [f"[{n}" for n in range(1, len(texts) + 1)]
    for foreign in ("<|", "</s", "[INST", "<<"):
        assert foreign not in user
    assert user.count("\n") == PROMPT.user.count("\n") + len(texts) - 1


@pytest.mark.parametrize("text", ["CrCl <30 mL/min", "p < 0.05 and <=2", "x <5 [see 7.1]", "a > b", "1.2 mg/day"])
def test_medical_signs_stay(text: str) -> None:
    assert as_data(text) == text.replace("[", "(").replace("]", ")")


@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300), min_size=1, max_size=12),
    st.integers(0, 1500),
)
def test_the_best_evidence_that_fits_is_kept_whole(texts: list[str], room: int) -> None:
    evidence = [said(f"{number} {text}") for number, text in enumerate(texts)]
    empty = estimated(*PROMPT.messages(PAIR, []))
    tokens = empty + room
    if all(estimated(*PROMPT.messages(PAIR, [item])) > tokens for item in evidence):
        with pytest.raises(GeneratorError, match="CITERX_LLM_CONTEXT"):
            PROMPT.fit(PAIR, evidence, tokens, estimated)
        return
    system, user, kept = PROMPT.fit(PAIR, evidence, tokens, estimated)
    assert estimated(system, user) <= tokens
    assert (system, user) == PROMPT.messages(PAIR, kept)
    places = [evidence.index(item) for item in kept]
    assert places == sorted(places)
    for place, item in enumerate(evidence):  # what is left out did not fit beside the better ones
        if place not in places:
            before = [evidence[other] for other in places if other < place]
            assert estimated(*PROMPT.messages(PAIR, [*before, item])) > tokens


def test_the_estimate_is_on_the_safe_side_of_word_pieces() -> None:
    pieces = re.findall(r"\w{1,4}|[^\w\s]", " ".join(item.text for item in EVIDENCE))
    assert estimated("", " ".join(item.text for item in EVIDENCE)) > len(pieces)
