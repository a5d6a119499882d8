"""Which sentences point at what is said before them, and say nothing definite without it: "these effects", "It ..."."""

from __future__ import annotations

import re

FAR = 8
"""Words of a sentence after which "these drugs" may be those that it named."""

_DEPENDENT = re.compile(
    r"(?:It(?! is (?:\w+ ){0,2}(?:important|essential|necessary|advisable)(?: not)? (?:to|that)\b)"
    r"|Its|This|These|Those|They|Their|Such|Doing so|But|Yet|Nonetheless|However|Therefore|Hence"
    r"|Specifically|All (?:patients|subjects) (?:were|had)|Thus|Consequently|Moreover|Furthermore|Additionally"
    r"|In addition|In contrast|Conversely|Similarly|Likewise|Nevertheless|Both|Neither|The latter|The former"
    r"|As a result|In these|In this|In such"
    r"|(?:The )?[Ee]ffects? of other|Other (?:\w+ )?(?:considerations|measures|signs|symptoms"
    r"|manifestations|features|causes|factors|options)"
    r"|(?:Acute s|S)ymptoms (?:should|must|may|can) be|The result(?:ing|ant)|(?:If t|When t|T)he symptoms"
    r"|Subsequent (?:severe|changes|worsening)|In (?:arriving at|making) (?:a|the) (?:differential )?diagnosis"
    r"|The (?:mechanism of (?:the|this) )?interaction\b(?! (?:between|of|with)\b)"
    r"|(?:Acute|Chronic|Such) reactions|Reactions (?:have )?included?"
    r"|The (?:in|de)creases? in \w+ (?:is|was|were|are) (?:primarily|mainly|likely|probably|thought|due)"
    r"|In (?:the )?cases where|(?:Of|Among) (?:these|those)"
    r"|The (?:remaining|other) (?:patients|subjects)|(?:The e|E)ffects? of treatment"
    r"|Another (?:patient|subject|case|study|trial)|(?:Since|Because|As|If|When) this (?:dose|dosage|is|was|has|may)"
    r"|(?:Imprint(?:ed)?|Debossed|Engraved|Printed) (?:on|with))\b"
)
_EXAMPLES = re.compile(r"Examples?(?: include)?:")
# What points at words before it, and what of these may stand in the same sentence.
_POINTS = re.compile(
    r"\b(?:these|such(?! (?:as|a|an|that)\b))\s+(?:(?!as\b)[\w-]+\s+){0,2}?(?P<noun>[\w-]{4,})\b(?!:|\s(?:who|whose)\b)"
    r"|\bthis (?:claim|indication|effect|finding|population|age group|group|condition|reaction|event|interaction|result"
    r"|study|trial|analysis|re-?randomi[sz]ation|regimen|subgroup|arm|syndrome|combination|setting|risk"
    r"|difference|increase|decrease)\b"
)
_REASON = re.compile(r"(?:Based on|For|From|Given|In light of|Because of)(?: \w+ of)? $")
_DRUGS = re.compile(r"(?:drug|agent|product|medication|medicine|compound|inhibitor|inducer)", re.IGNORECASE)
_TURN_OF_CLAUSE = re.compile(
    r"(?:\S+\s+){3,}?\S*(?:[;:(]|,\s+(?:and|but|or|nor|so|as|while|where|which|who|with|if|when|in|an?)\b"
    r"|\s(?:because|since|although|while|whereas|that|who|which)\b)"
    r"|(?:If|Should|When|While|Although|Since|Because|As|In|For|With|Unless)\s(?:\S+\s+){4,}?\S+,\s"
    r"|(?:\S+,\s+){2,}(?:and|or)\s"
)
_PEOPLE = re.compile(
    r"\b(?:patient|subject|wom[ae]n|men|male|female|child|infant|neonate|adult|individual|person|people|volunteer)",
    re.IGNORECASE,
)
# "No evidence of dependence was found." of whom, "Serum calcium 24 hours later was ..." after what.
_NOBODY = re.compile(
    r"(?:No|There (?:was|were) no) (?!(?:\w+ ){0,6}(?:in|with|among|between|by|after|during|for|from|on)\b)[^,;:]{3,90}"
    r"\b(?:found|seen|observed|noted|reported|detected|identified|apparent|evident)\.?$"
)
_LATER = re.compile(r"[^,;:]{0,60}\b(?:minutes?|hours?|days?|weeks?|months?|years?) later\b")
_HELP = re.compile(r"(?:Seek|Get|Call for) (?:\w+ )?(?:medical|emergency) \w+(?: \w+){0,3}\.?$")
# "There was a significant improvement in survival": over what?
_BETTER = re.compile(
    r"\bthere (?:was|were) (?:an? |no )?(?:(?:statistically )?significant(?:ly)? (?:\w+ )?"
    r"(?:reduction|increase|decrease|difference)s?|(?:\w+ ){0,3}(?:improvement|benefit|prolongation)s?)\b",
    re.IGNORECASE,
)
_THAN = re.compile(
    r"\b(?:than|compar\w+|versus|vs|placebo|relative|over|between|baseline|control\w*|among|when|after the addition)\b",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\b(?:who|which) (?:have|had|develop) subsequent\b|\b[Tt]his treatment arm\b")
ABOVE = re.compile(
    r"\b(?:the above|outlined above|(?<!as )(?:mentioned|described|listed|discussed|noted|stated) above"
    r"|above-?\s?(?:mentioned|described|listed)|aforementioned)\b",
    re.IGNORECASE,
)


def depends(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` begins with, or points at, what is said before it."""
    if any(pattern.match(text, start, end) for pattern in (_DEPENDENT, _EXAMPLES, _NOBODY, _LATER, _HELP)):
        return True
    piece = text[start:end]
    if _AFTER.search(piece) or (_BETTER.search(piece) and not _THAN.search(piece)):
        return True
    return any(not _pointed(piece[: match.start()], match["noun"] or "") for match in _POINTS.finditer(piece))


def _pointed(before: str, noun: str) -> bool:
    """Whether what comes before "these ..." in its sentence may be what it points at, or it is a mere reason."""
    if _REASON.match(before) or _TURN_OF_CLAUSE.match(before):
        return True
    people = _PEOPLE.match(noun) is not None and _PEOPLE.search(before) is not None
    drugs = _DRUGS.match(noun) is not None and len(before.split()) >= FAR
    return people or drugs or bool(noun and noun[:5].lower() in before.lower())
