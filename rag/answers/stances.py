"""On which side of a yes/no question each cited source is: ``supports``: yes, ``contradicts``: no, else ``mentions``.

Rules come first, for words that labels use in one sense; what they leave open the judge decides, where it is sure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from ingest.schema import Kind
from rag.answers.conflicts import Scene, beyond
from rag.asked.focus import group_of, groups_of, names_other, of_several, says
from rag.asked.touches import CLASS, Touch, groups_in
from rag.checks.cues import levels, negations, unchanged
from rag.checks.uses import permissions, refusals
from rag.query import Query
from rag.types import Evidence, Judge, Stance
from rag.verify import stated, verdicts_of

Asks = Literal["allowed", "forbidden", "interacts", "fact"]
"""What yes means: it may be done, it must not be done, drugs act on each other, or anything else is so."""

SURE = 0.7
"""How probable a judge must find a side."""

_YES_NO = re.compile(
    r"^(?:(?:so|and|but|please|hi|hello|doctor|quick question)[\s,:]+)*"
    r"(?:can|could|is|are|was|were|does|do|did|should|shall|may|might|must|will|would|has|have|am)\b(?!\s+you\s+(?:tell|explain|list))",
    re.IGNORECASE,
)
_LATE = re.compile(
    r"[,;:.]\s*(?:and\s+)?(?:can|could|is|are|does|do|should|may|will|would)\s+(?:\w+\s){1,12}[^?]*\?\s*$"
    r"|\b(?:safe|ok|okay|allowed|contraindicated)\b[^.]{0,40}\?\s*$",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"^(?:is|are|does|do|should|would|can)\b.*\b(?:or)\s(?!not\b|older\b|younger\b|more\b|less\b)", re.IGNORECASE
)
_OPEN = re.compile(r"^(?:what|which|how|when|why|where|who)\b", re.IGNORECASE)
_FORBIDDEN_ASKED = re.compile(
    r"\b(?:contra-?indicat\w*|avoid\w*|unsafe|dangerous|harmful|forbidden|prohibited"
    r"|(?:should|must|can)(?:\s?not|n['’]t))\b",
    re.IGNORECASE,
)
_ALLOWED_ASKED = re.compile(
    r"^\W*(?:can|could|may|should|shall|might|is it (?:safe|ok|okay|possible|all right|fine))\b"
    r"|\b(?:safe(?:ly)?|ok|okay|allowed|recommended|permitted|appropriate|suitable"
    r"|be (?:given|used|taken|prescribed|combined|(?:co-?)?administered))\b",
    re.IGNORECASE,
)
_INTERACTS_ASKED = re.compile(r"\binteract\w*", re.IGNORECASE)
_EFFECT_ASKED = re.compile(
    r"\b(?:cause[sd]?|increase[sd]?|decrease[sd]?|raise[sd]?|lower[sd]?|reduce[sd]?|affect\w*|lead|prolong|induce|need|require)\b",
    re.IGNORECASE,
)

# Narrower than `rag.checks.uses`, since a side is shown to the reader: who is "not taking it" is not forbidden it, and
# "a lower dose is recommended" allows nothing.
_FORBIDS = re.compile(
    r"\b(?:avoid(?:ed)?|must not|never"
    r"|not (?:be )?(?:recommended|used|taken|given|(?:co-?)?administered|combined|initiated|prescribed|started)"
    r"|do not (?:use|take|give|(?:co-?)?administer|combine|prescribe|initiate|start))\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:if|unless|whether|except)\b[^.;,]*$", re.IGNORECASE)
"""What stands before a "contraindicated" that is not said to be so."""
_NOT_FORBIDDING = re.compile(
    r"\b(?:(?:not|no longer|never) (?:be )?(?:contra-?indicated|avoided)|to avoid|unless|except"
    r"|avoid(?:ed|ing)? (?:abrupt|excess|driving)"
    r"|not (?:be )?(?:recommended|used|given|taken) (?:as|if|when|unless|until|more|for more))\b",
    re.IGNORECASE,
)
_ALLOWS = re.compile(
    r"\b(?:(?:can|may) (?:be )?(?:safely )?(?:used|taken|given|administered|co-?administered|combined)"
    r"|no (?:dos(?:e|age) )?adjustments?\b[^.]{0,40}\b(?:necessary|required|needed|recommended)"
    r"|no (?:dos(?:e|age)) adjustments?|(?:is|are) considered (?:compatible|safe))\b",
    re.IGNORECASE,
)
_ON_CONDITION = re.compile(
    r"\b(?:if|only|unless|provided|outweighs?|with caution|reduced? (?:the )?dos\w+|lower|not available|prior to)\b",
    re.IGNORECASE,
)
_EFFECT = re.compile(
    r"\b(?:increas\w+|decreas\w+|rais\w+|reduc\w+|elevat\w+|potentiat\w+|enhanc\w+|prolong\w+|inhibit\w+|induc\w+|interact\w*"
    r"|toxicit\w+|fatal\w*|risk\w*|contra-?indicated|avoid(?:ed)?|monitor\w*|adjust\w+|altered?|lower\w*)\b",
    re.IGNORECASE,
)


_UNPREVENTED = re.compile(r"\bnot (?:\w+ )?(?:prevent|avoid|eliminate|preclude|abolish|remove)\b", re.IGNORECASE)
"""A denial that what is asked is prevented: a judge takes it for a denial of that itself."""
_EXCEPTED = re.compile(r"\b(?:unless|except)\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|only)\b", re.IGNORECASE)
_STOPPING = re.compile(r"\b(?:stop\w*|withh[eo]ld|discontinu\w*|quit\w*|restart\w*)\b", re.IGNORECASE)
"""Whether a drug is to be stopped: "never" and "avoid" then speak of stopping, and no rule can tell."""

_HANDLING = (
    r"crush", r"chew", r"split|divid|cut\b|halv|in half", r"break(?:ing)?\b|broken", r"dissolv", r"open(?:ed)?\b",
    r"mix", r"dilut", r"sprinkl", r"refrigerat", r"fr(?:eez|oz)",
)  # fmt: skip
"""What people ask whether they may do with a tablet or capsule."""
_STRETCH = r"(?:(?!\b(?:not|but|never|avoid)\b)[^.;]){0,60}?\b"


def asks(query: Query) -> Asks | None:
    """What yes would mean; None where the question cannot be answered with yes or no."""
    text = query.question.strip()
    if _OPEN.match(text) or query.shape == "comparison" or _CHOICE.search(text):
        return None
    if not (_YES_NO.match(text) or _LATE.search(text)):
        return None
    if _FORBIDDEN_ASKED.search(text):
        return "forbidden"
    if _INTERACTS_ASKED.search(text):
        return "interacts"
    if _EFFECT_ASKED.search(text):
        return "fact"
    return "allowed" if _ALLOWED_ASKED.search(text) or _LATE.search(text) else "fact"


def stances(scene: Scene, judge: Judge | None) -> dict[int, Stance]:
    """The side of each reference that backs a statement, by its number; empty where no yes/no question is asked."""
    asked = asks(scene.query)
    if asked is None:
        return {}
    quoted = [(number, item) for number, item, _ in scene.cited()]
    ruled = [by_rule(scene.query, asked, item, _touch(scene, item)) for _, item in quoted]
    left = [item for (_, item), side in zip(quoted, ruled, strict=True) if side is None]
    judged = {text: _sober(scene.query, asked, text, side) for text, side in _judged(scene.query, left, judge).items()}
    sides: dict[int, set[Stance]] = {}
    for (number, item), side in zip(quoted, ruled, strict=True):
        sides.setdefault(number, set()).add(side or _careful(asked, item, judged.get(item.text, "mentions")))
    return {number: _together(found) for number, found in sides.items()}


def _careful(asked: Asks, item: Evidence, side: Stance) -> Stance:
    """What a judge says of a label's sentence, but never that a use is allowed: only words that say so may."""
    if item.hit.document.kind is not Kind.LABEL or asked not in ("allowed", "forbidden"):
        return side
    return side if side == ("contradicts" if asked == "allowed" else "supports") else "mentions"


def _touch(scene: Scene, item: Evidence) -> Touch | None:
    """What else than its own drug a sentence must speak of."""
    own = group_of(scene.query, item.hit)
    alone = 0 if len(scene.query.drugs) == 1 else None
    index = alone if own is None else own
    return None if index is None else Touch.of(scene.query, index, scene.view.resolver)


def by_rule(query: Query, asked: Asks, item: Evidence, touch: Touch | None = None) -> Stance | None:
    """The side that the words of a label's sentence show; None where a judge may tell, or nobody.

    A sentence that does not speak of what the question singles out, or limits what it says to patients whom the
    question does not have, is on neither side.
    """
    text = item.text
    if (side := _handled(query, asked, item)) is not None:
        return side
    if len(item.hit.drugs) > 1 and _of_another_part(query, item):
        return "mentions"
    if not _on_point(query, item, touch) or _of_others(query, text):
        return None if asked == "fact" else "mentions"
    barred = _FORBIDS.search(text) is not None and not _NOT_FORBIDDING.search(text)
    forbids = barred or _contraindicated(text)
    allows = _ALLOWS.search(text) is not None and not _ON_CONDITION.search(text)
    if asked == "interacts":
        no = unchanged(text)
        if negations(text) and not no and not forbids:  # what is denied, no rule can tell
            return None
        return _side(yes=_EFFECT.search(text) is not None, no=no)
    if _STOPPING.search(query.question) or (_STOPPING.search(text) and not refusals(text)):
        return None
    if asked == "fact":
        return _directed(query, text)
    if item.hit.document.kind is not Kind.LABEL or forbids == allows:
        return None
    return "supports" if forbids == (asked == "forbidden") else "contradicts"


def _contraindicated(text: str) -> bool:
    """Whether a sentence says so, though some be excepted."""
    found = (one for one in refusals(text) if text[one.start : one.end].casefold().startswith("contra"))
    return any(not _SUPPOSED.search(text[: one.start]) for one in found)


_AMOUNT = r"(?:levels?|concentrations?|exposures?|AUC|Cmax|effects?)"
_OTHER_AMOUNT = re.compile(r"\b(?:dos\w+|clearance|half-li\w+|eliminat\w+|metaboli\w+)\b", re.IGNORECASE)


def _directed(query: Query, text: str) -> Stance | None:
    """Of a question whether one drug raises or lowers the other: which way the sentence says that the level of the
    other goes. A lower dose or clearance says nothing of it, or the contrary."""
    way, said = levels(query.question), levels(text)
    if not of_several(query) or len(way) != 1:
        return None
    denied = unchanged(text) or any(one.side != "against" for one in negations(text))
    if len(said) != 1 or denied:
        return None if denied else "mentions"
    other = re.escape(max(query.mentions, key=lambda one: one.start).surface)
    of_it = (
        rf"\b{other}\b(?:['’]s?)? (?:(?:plasma|serum|blood|systemic) )?{_AMOUNT}\b"
        rf"|\b{_AMOUNT} of (?:\w+ ){{0,2}}?{other}\b"
    )
    if _OTHER_AMOUNT.search(text) or not re.search(of_it, text, re.IGNORECASE):
        return None
    return "supports" if way == said else "contradicts"


def _of_another_part(query: Query, item: Evidence) -> bool:
    """Whether a sentence in the label of a combination names another of its ingredients and none of the question's."""
    parts = set(item.hit.drugs)
    own = parts & set(query.keys)
    return any(says(part, item.text) for part in parts - own) and not any(says(part, item.text) for part in own)


def _handled(query: Query, asked: Asks, item: Evidence) -> Stance | None:
    """Of a question whether a product may be crushed, opened and the like: what its own label says of just that."""
    verbs = [stem for stem in _HANDLING if re.search(rf"\b(?:{stem})", query.question, re.IGNORECASE)]
    own = item.hit.document.kind is Kind.LABEL and group_of(query, item.hit) is not None
    if not verbs or not own or asked not in ("allowed", "forbidden") or _of_others(query, item.text):
        return None
    what = rf"{_STRETCH}(?:{'|'.join(verbs)})"
    allowed = re.search(rf"\b(?:can|may|could)\b{what}", item.text, re.IGNORECASE) is not None
    barred = re.search(rf"\b(?:not|never|avoid){what}", item.text, re.IGNORECASE) is not None
    if allowed == barred or _ON_CONDITION.search(item.text):
        return None
    return "supports" if allowed == (asked == "allowed") else "contradicts"


def _side(*, yes: bool, no: bool) -> Stance | None:
    return None if yes == no else "supports" if yes else "contradicts"


def _of_others(query: Query, text: str) -> bool:
    """Whether a sentence is limited to patients of whom the question says nothing."""
    asked, told = groups_of(query), groups_in(text)
    return (bool(told) and not asked & told) or beyond(query, text)


def _on_point(query: Query, item: Evidence, touch: Touch | None) -> bool:
    """Whether a sentence brings the drugs together, or speaks of the patients or conditions, that are singled out."""
    if of_several(query) and names_other(query, item.hit, item.text):
        return True
    if touch is None or not touch:
        return not of_several(query)
    if of_several(query):
        return touch.strength(item.text) >= CLASS
    section = groups_in(item.hit.passage.section.replace("_", " "))
    return touch.strength(item.text) > 0 or bool(groups_of(query) & section)


def _judged(query: Query, items: Sequence[Evidence], judge: Judge | None) -> Mapping[str, Stance]:
    if judge is None or not items:
        return {}
    texts = {item.text: (stated(item.text, item.hit.drugs), query.question) for item in items}
    found: dict[str, Stance] = {}
    for text, verdict in zip(texts, verdicts_of(judge, list(texts.values())), strict=False):  # none where it failed
        if max(verdict.supports, verdict.contradicts) >= SURE:
            found[text] = "supports" if verdict.supports > verdict.contradicts else "contradicts"
    return found


def _sober(query: Query, asked: Asks, text: str, side: Stance) -> Stance:
    """What a judge found where the words can bear it: no side of what has an exception, and that two drugs may be given
    together only of what allows it."""
    allowing = permissions(text) or unchanged(text)
    bold = asked == "allowed" and side == "supports" and of_several(query) and (not allowing or _IF.search(text))
    return "mentions" if bold or _EXCEPTED.search(text) or _UNPREVENTED.search(text) else side


def _together(sides: set[Stance]) -> Stance:
    """One side for all quotations of a source: neither where they are on both."""
    clear = sides - {"mentions"}
    return clear.pop() if len(clear) == 1 else "mentions"
