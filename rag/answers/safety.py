"""The safety floor: what a reader must see of every drug named, fetched by rule and not by rank."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from rag.answers.compose import References
from rag.asked.figures import asks_share
from rag.asked.routes import elsewhere, other_way
from rag.asked.touches import Touch, groups_in, lists, strongest
from rag.checks.cues import unchanged
from rag.evidence import Candidate, candidates, tokens
from rag.query import Query
from rag.types import Evidence, Hit
from rag.view import Part, View

Place = Callable[[Sequence[Evidence]], list[Evidence]]
SENTENCES = 2
"""How many sentences of a boxed warning or of contraindications are quoted; the reference leads to the rest."""
AGAIN = 0.7
"""Share of the words of a line of the short form that the long one must have."""
SAME = 0.6
"""Share of common words above which a sentence repeats another: labels give their warnings twice, in full and short."""

_GRAVE = re.compile(
    r"\b(?:increas\w+ (?:the |in )?(?:risks?|mortality|incidence)|risks? of|fatal\w*|deaths?|mortality|life-threatening"
    r"|can (?:cause|result|lead)|may (?:cause|result|lead)|causes?|harm\w*|contraindicated|do not|avoid)\b",
    re.IGNORECASE,
)
_RISK = re.compile(
    r"\b(?:risks?|serious|severe|should not|must not|not recommended|discontinue\w*|toxicit\w+|occur\w*|reported)\b",
    re.IGNORECASE,
)
_NARRATIVE = re.compile(
    r"\b(?:trials?|stud(?:y|ies)|analys[ei]s|placebo|randomi[sz]ed|modal|incidence|per \d[\d,]* |compared (?:to|with)"
    r"|observed in \d|ratio|cohort|survey|mg/kg/day|rats?|mice)\b|\d\s?%|\bn\s?=|\bvs\b",
    re.IGNORECASE,
)
_UNSHOWN = re.compile(r"\b(?:did|does|do) not (?:show|demonstrate|suggest)\b", re.IGNORECASE)
_BARS = re.compile(r"\b(?:contra-?indicated|not|avoid\w*|never)\b", re.IGNORECASE)
_NAMED = re.compile(r"\s*(?:\d+\.?\s+)?(?:CONTRA-?INDICATIONS\b[\s:.]*|(?i:contra-?indications)\s*[:\n]\s*)")
_NUMBERED = re.compile(r"\(\s?4(?:\.\d+)?\s?\)\.?\s*$", re.MULTILINE)
_SHORT = re.compile(r"(?:(?:^|\n)[^\n]*\(\s?4(?:\.\d+)?\s?\)\.?)*\s*\Z")
_DIGEST = re.compile(r"\(\s*\d+(?:\.\d+)?\s*\).+\(\s*\d+(?:\.\d+)?\s*\)", re.DOTALL)
"""The short form of a section before it: items with the numbers of the paragraphs that they stand for."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Sentences that must be shown for a drug: the label section they are from and the evidence.

    ``drug`` is what the label is of, which may have more ingredients than the question's drug. No evidence: the index
    knows that there is such a section, but the store has it no longer. ``first``: what of it is said before what was
    found by rank: contraindications that touch the question, what a box says of the question's patients.
    """

    drug: str
    section: str
    evidence: tuple[Evidence, ...]
    first: tuple[Evidence, ...] = ()


def floor(view: View, query: Query, as_of: date | None, cited: Collection[str], place: Place) -> list[Warned]:
    """For each drug of the question its boxed warning and the contraindications that touch the question.

    ``place``: as each can be shown in its section (`rag.sentences.governing.placed`). Of several labels of a drug one
    in ``cited`` (document ids) is taken, else the one that fits best (`View.section`).
    """
    found: list[Warned] = []
    for index, keys in enumerate(query.drugs):
        touch = Touch.of(query, index, view.resolver)
        box = view.section(keys, "boxed_warning", as_of, cited)
        if box.hits or box.changed:
            boxed = _boxed(box, touch, place)
            found.append(Warned(_drug(keys, box.hits), "boxed_warning", boxed, _concerning(boxed, touch)))
        against = view.section(keys, "contraindications", as_of, cited)
        quoted = _barring(query, against, touch, place)
        if quoted or against.changed:
            said = () if asks_share(query.question) else quoted  # how often something happens, nothing bars
            found.append(Warned(_drug(keys, against.hits), "contraindications", quoted, said))
    return [item for place, item in enumerate(found) if item not in found[:place]]


def _boxed(box: Part, touch: Touch, place: Place) -> tuple[Evidence, ...]:
    """The sentences of a box that touch the question, else those that tell the risk, before what a trial was like."""
    sentences = list(candidates(box.hits))
    touching = strongest([item.text for item in sentences], touch)
    plain = sorted(range(len(sentences)), key=lambda place: _plainness(sentences[place].text))
    picked = _distinct([sentences[place] for place in (*touching, *plain)])
    return tuple(place(_evidence(sorted(picked, key=sentences.index)))) or tuple(map(_whole, box.hits[:1]))


def _concerning(boxed: Sequence[Evidence], touch: Touch) -> tuple[Evidence, ...]:
    """The sentences of a box that are on the groups of patients asked about, and on no others."""
    told = [(part, groups_in(part.text)) for part in boxed]
    return tuple(part for part, groups in told if groups and groups <= touch.groups)


def _plainness(text: str) -> int:
    """The less the sooner a reader should see it; what only a trial was like comes after what it showed."""
    if _UNSHOWN.search(text) or unchanged(text):
        return 2
    return bool(_NARRATIVE.search(text)) - 2 * bool(_GRAVE.search(text)) - bool(_RISK.search(text))


def _barring(query: Query, against: Part, touch: Touch, place: Place) -> tuple[Evidence, ...]:
    """The contraindications that touch the question; where it asks for contraindications as such, the first.

    What touches but cannot be quoted as a sentence (a broken list) is quoted with its whole passage.
    """
    sentences = list(candidates(against.hits))
    sentences.sort(key=lambda item: (_DIGEST.search(item.text) is not None, not _BARS.search(item.text)))
    touching = strongest([item.text for item in sentences], touch)
    if touching and (shown := place(_evidence(_distinct([sentences[at] for at in touching])))):
        return tuple(shown)
    if not touch:
        return tuple(place(_evidence(sentences[:1]))) if "contraindications" in query.topics else ()
    return tuple(_whole(hit) for hit in against.hits if touch.strength(hit.passage.text))[:1]


def listed(view: View, query: Query, as_of: date | None) -> list[Evidence]:
    """The contraindications of the one drug as their section has them, where they are asked for as such.

    Sentences alone would leave out items of lists that say nothing by themselves. What only says in short what is said
    before it goes.
    """
    hits = view.section(query.drugs[0], "contraindications", as_of).hits if lists(query) else ()
    found: list[Evidence] = []
    for hit in hits:
        item = _inner(hit, frozenset(tokens(" ".join(one.text for one in found))))
        found += [item] if item.text else []
    return found


def _inner(hit: Hit, said: frozenset[str]) -> Evidence:
    """A passage without the name of its section before it and the section's short form behind it; ``said``: the words
    of the passages before."""
    text = hit.passage.text
    cut = _NAMED.match(text)
    start = cut.end() if cut and cut.end() < len(text) else 0
    end = _SHORT.search(text, start).start()  # type: ignore[union-attr]
    kept = said | frozenset(tokens(text[start:end]))
    if (
        not kept
        or _NUMBERED.search(text[start:end])
        or not all(_says_again(line, kept) for line in text[end:].splitlines())
    ):
        end = len(text)
    return Evidence(hit, text[start:end], hit.passage.start + start, hit.passage.start + end, 1.0)


def _says_again(line: str, said: frozenset[str]) -> bool:
    words = frozenset(tokens(_NUMBERED.sub("", line)))
    return len(words & said) >= AGAIN * len(words)


def _distinct(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The first of them that do not repeat each other."""
    kept: list[tuple[Candidate, frozenset[str]]] = []
    for item in ranked:
        words = frozenset(tokens(item.text))
        if all(len(words & other) <= SAME * min(len(words), len(other)) for _, other in kept):
            kept.append((item, words))
    return [item for item, _ in kept[:SENTENCES]]


def _drug(keys: Sequence[str], hits: Sequence[Hit]) -> str:
    """What a warning is about: the drug asked for, or what its label says it is where that is another."""
    other = hits and set(hits[0].drugs) != set(keys)
    return " and ".join(hits[0].drugs if other else keys)


def _evidence(items: Sequence[Candidate]) -> tuple[Evidence, ...]:
    return tuple(Evidence(item.hit, item.text, item.start, item.end, 1.0) for item in items)


def _whole(hit: Hit) -> Evidence:
    return Evidence(hit, hit.passage.text, hit.passage.start, hit.passage.end, 1.0)


def unwarned(view: View, query: Query, as_of: date | None) -> list[str]:
    """The drugs of which no loaded label has a section of warnings."""
    return [
        " and ".join(keys)
        for keys in query.drugs
        if not any(view.section(keys, slug, as_of).hits for slug in ("boxed_warning", "contraindications"))
    ]


def places_of(view: View, query: Query, as_of: date | None) -> tuple[dict[str, str], str]:
    """The question's drugs of which there are labels of another way of giving alone, with the place that these are
    for; and the place that is asked for, but no label of the one drug is for (see `rag.asked.routes`)."""
    labels = {keys: view.labels(keys, as_of) for keys in query.drugs}
    places = {" and ".join(keys): elsewhere(query, keys, found) for keys, found in labels.items()}
    asked = other_way(query, next(iter(labels.values()))) if len(labels) == 1 else ""
    return {drug: place for drug, place in places.items() if place}, asked


def passages(warned: Sequence[Warned]) -> int:
    """How many passages are quoted."""
    return len({part.hit.passage.passage_id for item in warned for part in item.evidence})


def barred(warned: Sequence[Warned], references: References) -> dict[int, str]:
    """What is said first, by its references, contraindications before boxed warnings."""
    quoted: dict[int, list[str]] = {}
    for item in sorted(warned, key=lambda one: one.section != "contraindications"):
        for part in item.first:
            if part in item.evidence and (number := references.number(part)):
                words = [*(quote.text.strip(" :") for quote in part.under), part.text]
                quoted.setdefault(number, []).append(": ".join(words))
    return {number: " ".join(texts) for number, texts in quoted.items()}
