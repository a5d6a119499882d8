"""Verdicts of people on audited statements, read back beside the rule's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import EvaluationError
from rag.evals.answers.audited import _share, read
from rag.evals.answers.report import audited

YES, NO = True, False


def line(supported: bool | None, fault: str | None = None, by: str = "A. Reader") -> dict[str, Any]:
    human = None if supported is None else {"supported": supported, "by": by}
    return {"id": "q", "statement": "Take\u2028it.", "fault": fault, "sources": [], "human": human}


def written(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "audit.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines), encoding="utf-8")
    return path


def test_people_and_the_rule_are_counted_on_the_same_statements(tmp_path: Path) -> None:
    cut, lines = "lead-in cut off", [line(YES)] * 16
    lines += [line(NO, by="B"), line(NO, cut), line(NO), line(YES, cut), line(None, cut)]
    found = read(written(tmp_path, *lines))
    assert (found.statements, found.unread, found.by) == (20, 1, {"A. Reader": 19, "B": 1})
    assert (found.people.unsupported, found.people.share, found.rule.unsupported) == (3, 0.15, 2)
    assert (found.overlooked, found.overstrict) == (2, 1)
    assert found.people.low == pytest.approx(0.0524, abs=1e-4)  # Wilson's interval of 3 of 20
    assert found.people.high == pytest.approx(0.3604, abs=1e-4)
    told = "\n".join(audited(found))
    assert "| people | 20 | 3 | 15.0 % [5.2, 36.0] |" in told
    assert "| rule | 20 | 2 | 10.0 % [" in told


@given(st.lists(st.booleans(), min_size=1, max_size=400))
def test_the_interval_holds_the_share_and_is_never_empty(values: list[bool]) -> None:
    found = _share(values)
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert found.high > found.low


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([line(None)], "no statement has a verdict"),
        ([line(YES), {**line(YES), "human": "yes"}], "line 2: human"),
        ([{**line(YES), "human": {"supported": "yes", "by": "A"}}], "line 1: human.supported"),
        ([{**line(YES), "human": {"supported": True, "by": ""}}], "line 1: human.by"),
    ],
)
def test_what_is_no_verdict_is_told_with_its_line(tmp_path: Path, lines: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(EvaluationError, match=told):
        read(written(tmp_path, *lines))


def test_what_is_no_json_is_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"statement":\n', encoding="utf-8")
    with pytest.raises(EvaluationError, match="line 1: is no JSON"):
        read(path)
    with pytest.raises(EvaluationError, match="cannot be read"):
        read(tmp_path / "absent.jsonl")
