"""Fitting coverage: the weights tell apart what the features tell apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rag.sentences.coverage import FEATURES, Weights
from rag.train.covering import answerable, fit


def test_the_fitted_weights_tell_answered_from_refused(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    answered = chance.normal(0.5, 1, (200, len(FEATURES))).tolist()
    refused = chance.normal(-0.5, 1, (40, len(FEATURES))).tolist()
    (tmp_path / "coverage.json").write_text(json.dumps(fit(answered, refused)), encoding="utf-8")
    weights = Weights.read(tmp_path)

    def odds(rows: list[list[float]]) -> float:
        raw = (np.array(rows) - weights.mean) / weights.scale
        return float((raw @ weights.weights + weights.intercept > 0).mean())

    assert odds(answered) > 0.9
    assert odds(refused) < 0.1


def test_rare_refusals_count_as_much_as_frequent_answers() -> None:
    same = [[0.0] * len(FEATURES)]
    assert abs(float(str(fit(same * 90, same * 10)["intercept"]))) < 0.01


def test_only_questions_of_the_half_with_an_answer_are_taken() -> None:
    questions = Path(__file__).parents[3] / "corpora" / "questions"
    tune, measure = answerable(questions, "tune"), answerable(questions, "measure")
    assert not set(tune) & set(measure)
    assert (len(tune), len(measure)) == (845, 238)
