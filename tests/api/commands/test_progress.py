"""How far a long command is, where standard error is no terminal, and what an interrupt says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.commands.progress import EVERY, Lines, progress, resumable


def lines(calls: list[tuple[float, str, int, int | None, str]]) -> list[str]:
    """What is written where each call comes at its second."""
    clock: Iterator[float] = iter([0.0, *(call[0] for call in calls)])
    written: list[str] = []
    tell = Lines(written.append, lambda: next(clock))
    for _, *told in calls:
        tell(*told)  # type: ignore[arg-type]
    return written


def test_a_line_tells_rate_and_time_left() -> None:
    assert lines([(10, "a", 100, 1000, ""), (40, "a", 400, 1000, "")]) == [
        "a: 400 of 1,000, 10 a second, about 60 s left"
    ]


def test_the_rate_is_that_since_the_last_line() -> None:
    fast, slow = lines([(100, "a", 50_000, 90_000, ""), (200, "a", 50_500, 90_000, "")])
    assert fast.endswith("500 a second, about 80 s left")
    assert slow.endswith("5.0 a second, about 2.2 h left")


def test_what_comes_next_has_a_rate_of_its_own() -> None:
    (line,) = lines([(20, "a", 100, 100, ""), (60, "b", 400, 4000, "7 records")])
    assert line == "7 records · b: 400 of 4,000, 10 a second, about 6 min left"


def test_no_end_is_foretold_where_none_is_known_or_the_known_one_has_passed() -> None:
    assert lines([(40, "a", 400, None, "")]) == ["a: 400, 10 a second"]
    assert lines([(40, "gzip", 400, 100, "")]) == ["gzip: 400, 10 a second"]


@given(st.lists(st.tuples(st.floats(0, 50), st.sampled_from("ab"), st.integers(0, 9), st.sampled_from([None, 0, 9]))))
def test_lines_are_rare_and_whatever_comes_is_no_error(steps: list[tuple[float, str, int, int | None]]) -> None:
    seconds, calls = 0.0, list[tuple[float, str, int, int | None, str]]()
    for wait, *told in steps:
        seconds += wait
        calls.append((seconds, *told, ""))  # type: ignore[arg-type]
    assert len(lines(calls)) <= seconds / EVERY


def test_a_short_command_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as tell:
        for done in range(100):
            tell("a", done, 100)
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_says_that_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), resumable():
        raise KeyboardInterrupt
    assert re.fullmatch(r"citerx: interrupted; .* to go on\n", capsys.readouterr().err)
