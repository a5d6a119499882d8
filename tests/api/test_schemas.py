"""What a request may ask for: bounds on the work of one call."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.schemas import MOST_CHARACTERS, MOST_CITATIONS, VerifyRequest
from rag.checks.recheck import Claimed


def request(statements: int, citations: int, references: int, text: str = "It may harm.") -> dict[str, object]:
    cited = list(range(1, citations + 1))
    return {
        "statements": [{"text": "It may harm.", "citations": cited}] * statements,
        "references": [{"number": number, "text": text} for number in range(1, references + 1)],
    }


def test_what_one_call_may_ask_for() -> None:
    found = VerifyRequest.model_validate(request(MOST_CITATIONS // 5, 5, 5)).claimed()
    assert isinstance(found, Claimed)
    assert len(found.statements) == MOST_CITATIONS // 5
    repeated = request(50, 1, 1) | {"statements": [{"text": "It may harm.", "citations": [1] * 50}] * 50}
    VerifyRequest.model_validate(repeated)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (request(MOST_CITATIONS // 5 + 1, 5, 5), "citations together"),
        (request(1, 1, MOST_CHARACTERS // 20_000 + 1, "x" * 20_000), "characters together"),
        (
            {"text": "It may harm [1-50]. " * 5, "references": [{"number": 1, "text": "It may harm."}]},
            "citations together",
        ),
    ],
)
def test_unbounded_work_is_refused(asked: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        VerifyRequest.model_validate(asked)
