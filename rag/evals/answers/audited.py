"""Reads back what people said of audited statements: ``audit.jsonl`` with a verdict in ``human``, beside the rule's.

A verdict is ``{"supported": true | false, "by": "who"}``; null: not read. The people have the last word, the rule's
share stands beside theirs to tell what it overlooks. Intervals are Wilson's (1927), which hold at shares of 0 and 1.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import EvaluationError
from rag.evals.answers.result import Audited, Judged

Z = 1.959964
"""Standard deviations around the middle that hold 95 %."""


class _Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    supported: bool
    by: str = Field(min_length=1)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    statement: str
    fault: str | None
    human: _Verdict | None


@dataclass(frozen=True, slots=True)
class _Read:
    by: str
    people: bool
    rule: bool


def read(path: Path) -> Audited:
    """Shares of statements not supported; raises `EvaluationError` with the line, or where none has a verdict."""
    lines = list(_lines(path))
    found = [
        _Read(one.human.by, not one.human.supported, one.fault is not None) for one in lines if one.human is not None
    ]
    if not found:
        raise EvaluationError(
            f'{path}: no statement has a verdict; write {{"supported": true or false, "by": "who"}} into "human"'
        )
    return Audited(
        statements=len(found),
        unread=len(lines) - len(found),
        by=dict(Counter(one.by for one in found).most_common()),
        people=_share([one.people for one in found]),
        rule=_share([one.rule for one in found]),
        overlooked=sum(one.people and not one.rule for one in found),
        overstrict=sum(one.rule and not one.people for one in found),
    )


def _lines(path: Path) -> Iterator[_Line]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(text.split("\n"), 1):  # a quotation may have other line ends in it
        if line.strip():
            try:
                yield _Line.model_validate(json.loads(line))
            except (ValidationError, json.JSONDecodeError) as error:
                raise EvaluationError(f"{path}: line {number}: {_told(error)}") from error


def _told(error: ValidationError | json.JSONDecodeError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON: {error.msg}"
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _share(values: Sequence[bool]) -> Judged:
    """Wilson's score interval of a share of at least one."""
    count, share = len(values), sum(values) / len(values)
    middle = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
    half = Z / (1 + Z * Z / count) * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    return Judged(sum(values), share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))
