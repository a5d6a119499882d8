"""Receipts: what an answer was made of, what was asked, and the checksum that tells it from any other answer.

The checksum is SHA-256 over canonical JSON: keys sorted, no spaces, everything beyond ASCII escaped, and without
what differs each time (`UNSEALED`). So a reader can compute it from what ``GET /answers/{id}`` returns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rag.answers import conflicts, stances
from rag.answers.compose import answer_to_dict
from rag.errors import ReplayError
from rag.types import Answer, Filters, Receipt
from rag.verify import SUPPORTED

UNSEALED = frozenset({"answer_id", "timings_ms", "receipt"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was put to the engine; where a limit or generator is None, the settings decided."""

    question: str
    filters: Filters = field(default_factory=Filters)
    as_of: date | None = None
    max_references: int | None = None
    generator: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a receipt keeps it."""
        plain: dict[str, Any] = _ASKED.dump_python(self, mode="json")
        return plain


_ASKED = TypeAdapter(Asked)
_RECEIPT = TypeAdapter(Receipt)


def thresholds() -> dict[str, float]:
    """Probabilities that a judge must reach, by what they decide: no settings, but an answer depends on them."""
    return {"sure_of_conflict": conflicts.SURE, "sure_of_stance": stances.SURE, "supported": SUPPORTED}


def canonical(payload: Mapping[str, Any]) -> bytes:
    """The bytes that are compared: of an answer as `rag.answers.compose.answer_to_dict` or the service writes it."""
    kept = {key: value for key, value in payload.items() if key not in UNSEALED}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


def checksum(payload: Mapping[str, Any]) -> str:
    """SHA-256 over `canonical`, in hexadecimal."""
    return hashlib.sha256(canonical(payload)).hexdigest()


def sealed(answer: Answer, receipt: Receipt) -> Answer:
    """The answer with its receipt, and in it the answer's checksum."""
    return replace(answer, receipt=replace(receipt, sha256=checksum(answer_to_dict(answer))))


def receipt_of(payload: Mapping[str, Any]) -> Receipt:
    """The receipt of a kept answer; raises `ReplayError` where there is none that can be read."""
    found = payload.get("receipt")
    if found is None:
        raise ReplayError("the answer was kept without a receipt and cannot be made again; ask its question anew")
    try:
        receipt: Receipt = _RECEIPT.validate_python(found)
    except ValidationError as error:
        raise _unreadable(error) from error
    return receipt


def asked_of(receipt: Receipt) -> Asked:
    """What was asked; raises `ReplayError` where this version cannot read it."""
    try:
        asked: Asked = _ASKED.validate_python(receipt.request)
    except ValidationError as error:
        raise _unreadable(error) from error
    return asked


def _unreadable(error: ValidationError) -> ReplayError:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return ReplayError(f"the answer's receipt cannot be read: {where}: {first['msg']}; ask its question anew")
