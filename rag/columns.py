"""What a column of a table is about, told by its header; in headerless tables of interactions by the first cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from rag.ranges import FOOTNOTE, RENAL

Role = Literal[
    "with", "effect", "recommendation", "renal", "age", "weight", "population", "dose", "frequency", "arm", "text"
]
Field = Literal["effect", "recommendation", "partner", ""]

_KEYS: tuple[tuple[Literal["effect", "recommendation", "partner"], re.Pattern[str]], ...] = (
    (
        "recommendation",
        re.compile(
            r"(?:\d\.\s)?(?:prevent\w*|intervention|(?:clinical )?management|recommendations?:?$)", re.IGNORECASE
        ),
    ),
    (
        "effect",
        re.compile(r"(?:\d\.\s)?(?:(?:mechanism and )?clinical (?:impact|implications?|effect)\b)", re.IGNORECASE),
    ),
    ("partner", re.compile(r"(?:\d\.\s)?(?:examples?|drugs?|drug names?):?$", re.IGNORECASE)),
)
"""First cells of tables of interactions that say what the second one is."""
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern, re.IGNORECASE))  # type: ignore[misc]
    for role, pattern in (
        ("arm", r"\bn\s?=\s?[\d,]+|^(?!.*\bdos).*\(%\)|\bplacebo\b|^all grades?|, all grades?|\bgrades? [3≥]"),
        ("renal", r"creatinine clearance|\bcl ?cr\b|\bcrcl\b|(?-i:\be?GFR\b)|glomerular|\b(?:renal|kidney) (?:function|impair|status|dysf)"),
        ("with", r"^(?:(?:name of ?)?(?:the )?(?:concomitant|co-?administered|interacting|concurrent)\b"
         r"|drugs?(?:\(s\))? (?:or|that|with|affected)\b|drug ?[/ ] ?(?:substance|drug)|drug (?:class|name)"
         r"|(?:(?:other )?drugs?|agents?)(?:\(s\))?$|interaction drugs?$|factors?$|class(?:es)?\b|(?:specific|examples of) )"),
        ("frequency", r"^(?:dos(?:e|age|ing) )?(?:frequency|interval)|dosing interval|frequency of dos"),
        ("recommendation", r"recommendations?\b|manage|intervention|\bcomments?\b|\baction\b|prevent|(?:dos\w+|treatment) (?:modif|adjust|reduc)"),
        ("effect", r"\beffect|impact|implication|outcome|type of interaction|^interaction|change in|consequence|clinical rationale|^drug interaction"
         r"|\bconcentrations?\b|exposure\b"),
        ("dose", r"\bdos(?:e|es|age|ages|ing)\b|regimen|posology|\bschedule\b"),
        ("age", r"^(?:patient |pediatric )*age\b"),
        ("weight", r"\bweight\b"),
        ("population", r"population|^patients?\b|indication|\bseverity|adverse (?:reaction|event)|\bgrade|diagnos|infection|disease"),
    )
)  # fmt: skip
_RENAL = dict(_ROLES)["renal"]


def _role(header: str) -> Role:
    plain = _FOOTNOTE.sub("", header).strip()
    return next((role for role, pattern in _ROLES if plain and pattern.search(plain)), "text")


def _key(row: Sequence[str]) -> str:
    """What the second cell of a row is by the word in the first; empty where that is none of the known ones."""
    found = (field for field, pattern in _KEYS if pattern.match(row[0].strip()))
    return next(found, "") if len(row) > 1 and len(row[0]) <= 80 else ""


