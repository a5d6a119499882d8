"""Questions of what is to be measured or watched: which tests, before a drug and while it is given."""

from __future__ import annotations

import re

TELLING, START = 0.5, 0.65

_ASKED = re.compile(
    r"\b(?:which|what)\s(?:[\w-]+\s){0,3}?(?:tests?|labs?|bloods|monitoring|parameters)\b"
    r"|\b(?:blood|lab|laboratory|baseline|screening)\s(?:work|tests?|monitoring)\b"
    r"|\b(?:what|which|how)\b[^?.]*\b(?:be|to|I|we|you)\s(?:monitor|check|measure|test)(?:ed)?\b"
    r"|\bmonitoring\s(?:is|are)\s(?:\w+\s)?(?:needed|required|recommended|necessary)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(?:before|baseline|prior\sto|start(?:ing|ed)?|initiat\w+)\b", re.IGNORECASE)
_IF = re.compile(r"\W*(?:if|should|when)\b", re.IGNORECASE)
"""What a finding leads to, which is not asked."""
_DONE = re.compile(
    r"\b(?:obtain|monitor|measure|check|assess|perform|evaluate|determine|screen|test|repeat)(?:e?d|ing)?\b"
    r"|\b(?:determinations?|measurements?|monitoring|tests|examinations?)\b",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"\b(?:(?:blood|platelet|cell)\scounts?|CBC|blood\s(?:pressure|glucose|tests?|levels?)|(?:liver|hepatic|renal|kidney|thyroid"
    r"|pulmonary)\s(?:function|enzymes?|tests?)|AST|ALT|transaminases?|aminotransferases?|bilirubin|creatinine|electrolytes"
    r"|potassium|sodium|magnesium|calcium|TSH|ECGs?|EKG|electrocardiogra\w+|(?:chest\s)?x-?rays?|ophthalm\w+|eye\sexam\w*"
    r"|INR|prothrombin|glucose|lipids?|triglycerides|cholesterol|tubercul\w+|pregnancy\stests?|serum\s(?:levels?|concentrations?)"
    r"|plasma\s(?:levels?|concentrations?)|body\sweight|hearing|audiomet\w+|echocardiogra\w+|LVEF|heart\srate|vital\ssigns"
    r"|urinalysis|proteinuria|hepatitis\s[BC]|HBV|HIV|trough)\b"
)


def asks_tests(question: str) -> bool:
    """Whether ``question`` asks what is to be measured."""
    return _ASKED.search(question) is not None


def tells_tests(question: str, text: str) -> float:
    """The least that a sentence is worth that says what is measured, 0 where it does not; more where question and
    sentence both speak of a drug's start."""
    if _IF.match(text) or not (_DONE.search(text) and _MEASURED.search(text)):
        return 0.0
    return START if _BEFORE.search(question) and _BEFORE.search(text) else TELLING
