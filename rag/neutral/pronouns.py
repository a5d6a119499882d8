"""Pronouns of one person without sex: "does he take his tablets?" as "do they take their tablets?"."""

from __future__ import annotations

import re

_GIVES = re.compile(
    r"(?i)\b(?:gives?|gave|giving|offer(?:ed|s|ing)?|made?|makes?|making|lets?|help(?:s|ed)?|advised?"
    r"|prescribed|woke) $"
)
"""What stands before a person rather than before what is theirs: "gave her codeine", "made her faint"."""
_ALONE = re.compile(
    r"(?i)(?:\s*(?:[.,;:?!)]|$)|\s(?:[-–—]|to|on|in|at|for|from|with|and|or|but|if|when|while|because|as"
    r"|the|a|an|is|was|this|that|about|after|before|by|up|off|down|out|into|now|today|any|some|no|not|it"
    r"|so|than|again|yesterday|once|twice|soon|later|too|well|either|back|there|here|during|through|how"
    r"|what|whether|both|more|feel|very|safely|\d)\b)"
)
_VERBS = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "isn't": "aren't",
    "wasn't": "weren't",
    "hasn't": "haven't",
    "doesn't": "don't",
}
_ADVERBS = (
    r"(?:(?:also|now|still|only|just|never|often|always|sometimes|usually|already|recently|really"
    r"|currently|then) )?"
)
_NO_VERB = frozenset(
    [
        "always",
        "perhaps",
        "sometimes",
        "nevertheless",
        "besides",
        "afterwards",
        "this",
        "plus",
        "as",
        "us",
        "yes",
        "thus",
        "its",
        "is",
        "was",
        "has",
        "does",
        "across",
        "less",
        "unless",
        "towards",
        "days",
        "weeks",
        "months",
        "years",
        "tablets",
    ]
)


def without_sex(text: str) -> str:
    """``text`` with "they", "their" and "them" for one person's pronouns."""
    text = re.sub(r"(?i)\b(?:s?he|he|she) or (?:s?he)\b|\bs/he\b|\b(?:he|she)/(?:she|he)\b", "they", text)
    text = re.sub(r"(?i)\b(?:him|her|them)sel(?:f|ves)\b", "themselves", text)
    text = re.sub(r"(?i)\bhim\b", "them", text)
    text = re.sub(r"(?i)\bhers\b", "theirs", text)
    text = re.sub(r"(?i)\b(?<!bundle of )his\b(?!-| bundle| purkinje)(?=\s*[.?!,;]|$)", "theirs", text)
    text = re.sub(r"(?i)\b(?<!bundle of )his\b(?!-| bundle| purkinje)", "their", text)
    text = re.sub(r"(?i)\bher\b(?![-\d])", lambda found: _her(text, found), text)
    text = re.sub(
        r"(?i)\b(?:he|she)['’]s\b(?! (?:been|had|got|gotten|taken|started|stopped|developed|gained|lost|become"
        r"|begun|noticed|gone|ended|missed|forgotten|already|just|never|put))",
        "they are",
        text,
    )
    text = re.sub(r"(?i)\b(?:he|she)['’]s\b", "they have", text)
    text = re.sub(r"(?i)\b(?:he|she)\b(?!-)", "they", text)
    text = re.sub(r"(?i)\bthey['’]re\b", "they are", text)
    text = re.sub(r"(?i)\bthey['’]ve\b", "they have", text)
    text = re.sub(
        r"(?i)\b(is|was|has|does|isn't|wasn't|hasn't|doesn't) (?=they\b)",
        lambda found: _cased(found[1], _VERBS[found[1].lower()]) + " ",
        text,
    )
    text = re.sub(
        rf"(?i)\b(they {_ADVERBS})([a-z]+s|isn't|wasn't|hasn't|doesn't)\b",
        lambda found: found[1] + _plural(found[2]),
        text,
    )
    text = re.sub(
        r"(?i)(\bthey [^.?!,;]* and (?:(?:now|also|still|just) )?)(takes|wants|has|is|asks|needs|feels|gets"
        r"|uses|was|drinks|smokes|wonders|keeps|does)\b",
        lambda found: found[1] + _plural(found[2]),
        text,
    )
    return (
        re.sub(r"(^|[.?!] )(they|their|them|do|are|have|were)\b", lambda found: found[1] + found[2].capitalize(), text)
        if _changed(text)
        else text
    )


def _changed(text: str) -> bool:
    return re.search(r"(?i)\b(?:they|their|them)\b", text) is not None


def _her(text: str, found: re.Match[str]) -> str:
    if found.group() == "HER" and not text.isupper():
        return found.group()
    after = text[found.end() :]
    alone = _ALONE.match(after) is not None or _GIVES.search(text[: found.start()]) is not None
    return _cased(found.group(), "them" if alone else "their")


def _cased(old: str, new: str) -> str:
    return new.capitalize() if old[:1].isupper() else new


def _plural(verb: str) -> str:
    low = verb.lower()
    if low in _VERBS:
        return _VERBS[low]
    if low in _NO_VERB or low.endswith("ss"):
        return verb
    if low.endswith("ies") and len(low) > 4:
        return verb[:-3] + "y"
    if low.endswith(("sses", "shes", "ches", "xes", "goes", "zes")):
        return verb[:-2]
    return verb[:-1]
