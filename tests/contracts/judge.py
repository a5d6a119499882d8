"""What every judge does. Subclass ``JudgeContract``, override the fixture ``judge``, inherit all tests."""

from __future__ import annotations

import pytest

from rag.types import Judge

PAIRS = [
    ("colchicine: Colchicine is a substrate of CYP3A4.", "Colchicine is a substrate of CYP3A4."),
    ("colchicine: Colchicine is a substrate of CYP3A4.", "Is colchicine a substrate of CYP3A4?"),
    ("Grapefruit juice raised the plasma concentration of simvastatin.", "Aspirin prevents strokes."),
]


SAME = [
    ("Colchicine is a substrate of CYP3A4.", "Colchicine is a substrate of CYP3A4."),
    ("Xanol must not be taken with ynol.", "Xanol must not be taken with ynol."),
]
OPPOSITE = [
    ("Xanol should be taken with food.", "Xanol should not be taken with food."),
    ("Xanol is contraindicated in pregnancy.", "Xanol is not contraindicated in pregnancy."),
]
UNRELATED = "Aspirin prevents strokes."


class JudgeContract:
    @pytest.fixture
    def judge(self) -> Judge:
        raise NotImplementedError

    def test_has_a_name(self, judge: Judge) -> None:
        assert judge.name.strip()

    def test_gives_one_verdict_of_probabilities_for_each_pair(self, judge: Judge) -> None:
        verdicts = judge.judge(PAIRS)
        assert len(verdicts) == len(PAIRS)
        for verdict in verdicts:
            assert 0 <= verdict.supports <= 1
            assert 0 <= verdict.contradicts <= 1
            assert verdict.supports + verdict.contradicts <= 1 + 1e-6

    def test_judges_nothing_where_there_is_nothing(self, judge: Judge) -> None:
        assert list(judge.judge([])) == []

    def test_is_deterministic_and_pairs_do_not_touch_each_other(self, judge: Judge) -> None:
        together = judge.judge(PAIRS)
        assert judge.judge(PAIRS) == together
        alone = [judge.judge([pair])[0] for pair in PAIRS]
        for one, other in zip(alone, together, strict=True):
            assert one.supports == pytest.approx(other.supports, abs=0.02)
            assert one.contradicts == pytest.approx(other.contradicts, abs=0.02)

    @pytest.mark.parametrize(("text", "claim"), SAME)
    def test_what_a_text_says_is_supported(self, judge: Judge, text: str, claim: str) -> None:
        same, other = judge.judge([(text, claim), (text, UNRELATED)])
        assert same.supports > other.supports
        assert same.supports > same.contradicts

    @pytest.mark.parametrize(("text", "claim"), OPPOSITE)
    def test_what_a_text_denies_is_contradicted(self, judge: Judge, text: str, claim: str) -> None:
        same, denied, other = judge.judge([(text, text), (text, claim), (text, UNRELATED)])
        assert denied.contradicts > max(same.contradicts, other.contradicts)
        assert denied.contradicts > denied.supports

    def test_texts_of_any_length_and_kind_are_judged(self, judge: Judge) -> None:
        assert len(judge.judge([("", ""), ("word " * 3000, "word " * 500), ("é\u200b𝒳", "•")])) == 3
