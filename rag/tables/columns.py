"""What a column of a table is about, told by its header; in headerless tables of interactions by the first cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from rag.tables.ranges import FOOTNOTE, RENAL

Role = Literal[
    "with", "effect", "recommendation", "renal", "age", "weight", "population", "dose", "frequency", "arm", "text"
]
Field = Literal["effect", "recommendation", "partner"]

_KEYS: tuple[tuple[Field, str], ...] = (
    ("recommendation", r"(?:prevent\w*|intervention|(?:clinical )?management|recommendations?:?$)"),
    ("effect", r"(?:mechanism and )?clinical (?:impact|implications?|effect)\b"),
    ("partner", r"(?:examples?|drugs?|drug names?):?$"),
)
"""First cells of tables of interactions that say what the second one is."""
_CUES: tuple[tuple[Role, str], ...] = (
    (
        "with",
        r"^(?:(?:name of ?)?(?:the )?(?:concomitant|co-?administered|interacting|concurrent)\b"
        r"|drugs?(?:\(s\))? (?:or|that|with|affected)\b|drug ?[/ ] ?(?:substance|drug)|drug (?:class|name)"
        r"|(?:(?:other )?drugs?|agents?)(?:\(s\))?$|interaction drugs?$|factors?$|class(?:es)?\b"
        r"|(?:specific|examples of) |with$)",
    ),
    ("frequency", r"^(?:dos(?:e|age|ing) )?(?:frequency|interval)|dosing interval|frequency of dos"),
    ("population", r"\band (?:normal|usual) (?:dos|regimen)"),
    (
        "recommendation",
        r"recommendations?\b|manage|intervention|\bcomments?\b|\baction\b|prevent"
        r"|(?:dos\w+|treatment) (?:modif|adjust|reduc)",
    ),
    (
        "effect",
        r"\beffect|impact|implication|outcome|type of interaction|^interaction|change in|consequence"
        r"|clinical rationale|^drug interaction|\bconcentrations?\b|exposure\b",
    ),
    ("dose", r"\bdos(?:e|es|age|ages|ing)\b|regimen|posology|\bschedule\b"),
    ("age", r"^(?:patient |pediatric )*age\b"),
    ("weight", r"\bweight\b"),
    (
        "population",
        r"population|^patients?\b|indication|\bseverity|adverse (?:reaction|event)|\bgrade|diagnos|infection"
        r"|disease",
    ),
)
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("renal", RENAL),
    *((role, re.compile(cue, re.IGNORECASE)) for role, cue in _CUES),
)
_ARM = re.compile(
    r"\bn\s?=\s?[\d,]+|^(?!.*\bdos).*\(%\)|\bplacebo\b|^all grades?|, all grades?|\bgrades? [3≥]", re.IGNORECASE
)
_LONGEST_KEY = 80


def role_of(header: str) -> Role:
    """What the cells below a header are; ``text`` where it does not tell."""
    plain = FOOTNOTE.sub("", header).strip()
    if not plain:
        return "text"
    return "arm" if _ARM.search(plain) else next((role for role, cue in _ROLES if cue.search(plain)), "text")


def key_of(row: Sequence[str]) -> Field | None:
    """What the second cell of a row is by the words in the first; None where those are not known."""
    if len(row) < 2 or len(row[0]) > _LONGEST_KEY:
        return None
    first = row[0].strip()
    return next((field for field, cue in _KEYS if re.match(rf"(?:\d\.\s)?{cue}", first, re.IGNORECASE)), None)
