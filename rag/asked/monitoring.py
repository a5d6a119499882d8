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
    r"\b(?:AST|ALT|INR|CBC|ECGs?|EKG|TSH|HBV|HIV|LVEF|(?i:(?:blood|platelet|cell)\scounts?"
    r"|blood\s(?:pressure|glucose|tests?|levels?)|(?:liver|hepatic|renal|kidney|thyroid|pulmonary)\s(?:function|enzymes?|tests?)"
    r"|transaminases?|aminotransferases?|bilirubin|creatinine|electrolytes|potassium|sodium|magnesium|calcium"
    r"|electrocardiogra\w+|(?:chest\s)?x-?rays?|ophthalm\w+|eye\sexam\w*|prothrombin|glucose|lipids?|triglycerides"
    r"|cholesterol|tubercul\w+|pregnancy\stest(?:s|ing)?|(?:serum|plasma)\s(?:levels?|concentrations?)|body\sweight|hearing"
    r"|audiomet\w+|echocardiogra\w+|heart\srate|vital\ssigns|urinalysis|proteinuria|hepatitis\s[BC]|trough))\b"
)
_TESTS = r"(?:determinations?|measurements?|monitoring|test(?:s|ing)|examinations?)\b"
_NOT_DONE = re.compile(
    rf"\bfalse[\s-](?:positive|negative)\s(?:\w+\s){{0,3}}?{_TESTS}|\bno\s(?:\w+\s){{0,3}}?{_TESTS}"
    rf"|\b{_TESTS}(?:(?!\b(?:if|when|who|whom|where|use)\b)[^.;,]){{0,80}}?"
    r"\b(?:(?:is|are|was|were)\s(?:not|never|rarely)\s(?:\w+ly\s)?(?:needed|required|necessary|recommended|indicated)"
    r"|unnecessary)\b"
    rf"|(?:\b(?:not|never|cannot)|n['’]t)\s(?:be\s|been\s)?(?:\w+ly\s)?{_DONE.pattern}",
    re.IGNORECASE,
)
"""What is said not to be measured, and what a drug does to tests."""


def asks_tests(question: str) -> bool:
    """Whether ``question`` asks what is to be measured."""
    return _ASKED.search(question) is not None


def tells_tests(question: str, text: str) -> float:
    """The least that a sentence is worth that says what is measured, 0 where it does not; more where question and
    sentence both speak of a drug's start."""
    done = _NOT_DONE.sub(" ", text)
    if _IF.match(text) or not (_DONE.search(done) and _MEASURED.search(done)):
        return 0.0
    return START if _BEFORE.search(question) and _BEFORE.search(text) else TELLING
