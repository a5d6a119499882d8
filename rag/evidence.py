"""From hits to sentences: which sentences of the passages found answer the question, best first.

Every quotable sentence is a candidate. What is cheap to know of them (`Candidate`) picks the few that a `Selector`
reads (`rag.sentences.selectors`): each drug of the question gets its share, and what says the same is read once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Protocol

from rank_bm25 import BM25Plus

from ingest.schema import Kind
from ingest.sentences import Span
from rag.asked import conditions
from rag.asked.figures import FIGURELESS, without_figure
from rag.asked.focus import focus, group_of, names, of_several, tells_intolerance
from rag.asked.monitoring import asks_tests, tells_tests
from rag.asked.recognition import TELLING, tells_signs
from rag.asked.sections import base
from rag.asked.touches import names_kind
from rag.checks.measures import AMOUNT
from rag.history.differences import covers
from rag.lexical import analyse
from rag.naming.ingredients import word_set
from rag.query import Query
from rag.sentences.grown import GROWN, YOUNG, for_adult, of_grown, of_well, of_young
from rag.sentences.meant import for_figures
from rag.sentences.spans import is_row, quotable
from rag.tables.fits import FITTING, OTHER, PARTNER, beside_partner, for_partner, for_patient, later, measured
from rag.types import Evidence, Hit

NEAR_DUPLICATE = 0.85
"""Jaccard overlap of word sets above which the lower-scored of two sentences says nothing new."""

KINDS = 2
"""Sentences of a drug on a class of the other one that are read in any case."""
OTHERS = 0.4
"""The most that a dose for another clearance or age scores: shown, with a notice, where there is no other."""
BEHIND = 0.001
"""How much less than what tells of the condition asked about all else scores at the most."""

STOP = frozenset(
    re.findall(
        r"\w+",
        """a about an and any are as at be been between by can could did do does for from given had happen happens has
        have how i if in into is it its know me my of on or patient patients please should so some taken taking tell
        than that the their them there these this to together use used using was we were what when where which while
        who why will with would you your""",
    )
)
# Words that only say that an interaction is asked for; sentences that repeat them say the least.
_CUES = frozenset({"interact", "combin", "drug", "safe", "effect"})
_TESTED = word_set("boxed_warning warnings_and_cautions warnings precautions general_precautions laboratory_tests"
                   " dosage_and_administration")  # fmt: skip
_TOGETHER = word_set("drug_interactions warnings_and_cautions warnings precautions"
                     " general_precautions dosage_and_administration")  # fmt: skip
_WORD = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_ORGANS = (re.compile(r"\bkidneys?\b"), "renal"), (re.compile(r"\blivers?\b"), "hepatic")
"""Two words for one thing, of which a question has the one and its label the other."""
_TITLED = re.compile(r"\bTable \d+[.:]?\s(?=[A-Z])")
_HOWEVER = re.compile(r"[\s.]*(?:However|But),? [^.]*(?:\.\d[^.]*)*\.")
_BRITISH = re.compile(r"(?<=[a-z]{4})is(?=(?:e[ds]?|ing|ations?)\b)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence before it is read. ``place``: of its hit in the search, from 0.

    ``lexical``: BM25 over the candidates, divided by the sum of the question terms' idf and cut at 1: about 1 where a
    sentence has every term once; a term that no candidate has weighs as much as the rarest one. ``focus``:
    `rag.asked.focus`.
    """

    hit: Hit
    text: str
    start: int
    end: int
    place: int = 0
    focus: float = 0.0
    lexical: float = 0.0


class Selector(Protocol):
    """Tells how well sentences answer (`rag.sentences.selectors`). Conformance suite:
    ``tests/contracts/selector.py``.
    """

    @property
    def name(self) -> str:
        """Identifies weights; part of an answer's receipt."""

    @property
    def read(self) -> int:
        """How many sentences of a question it reads."""

    def first(self, query: Query, found: Sequence[Candidate]) -> Sequence[float]:
        """What each is worth before it is read, at no great cost."""

    def scores(self, query: Query, found: Sequence[Candidate]) -> Sequence[float]:
        """How well each answers, 0 to 1."""


def select(query: Query, hits: Sequence[Hit], selector: Selector, most: int | None = None) -> list[Evidence]:
    """The sentences of ``hits`` that were read, at most ``most`` (None: what the selector reads), best first.

    Scores have three decimals, so that ties are ties on every machine.
    """
    found = known(query, hits)
    if not found:
        return []
    worth = zip(selector.first(query, found), found, strict=True)
    ranked = [item for _, item in sorted(worth, key=lambda one: (not _least(query, one[1]), -one[0], *_place(one[1])))]
    kinds = _kinds(query, ranked)
    ranked = [*kinds, *(item for item in ranked if item not in kinds)]
    kept = _distinct(_shares(query, ranked), selector.read if most is None else most)
    scores = [_weighed(query, item, score) for item, score in zip(kept, selector.scores(query, kept), strict=True)]
    told = [conditions.tells_condition(query, item.hit, item.text) for item in kept]
    # What says nothing of the condition asked about comes after what does.
    limit = conditions.TELLING - BEHIND if any(told) else 1.0
    evidence = [
        Evidence(item.hit, item.text, item.start, item.end, round(score if tells else min(score, limit), 3))
        for item, score, tells in zip(kept, scores, told, strict=True)
    ]
    return sorted(evidence, key=lambda item: (-item.score, item.hit.document.document_id, item.start))


def _weighed(query: Query, item: Candidate, score: float) -> float:
    """The score with what a sentence says of its patients or partner, and whether it tells a figure that is asked."""
    if later(query, item.text) or measured(query, item.text) or of_well(query, item.text):
        return min(score, OTHER)
    if _fits(query, item) is False:
        return min(score, OTHER)
    if _dosed_by_figures(query, item) is False:
        return min(score, OTHERS)
    if least := _least(query, item) or PARTNER * _of_kind(query, item):
        return least + (1 - least) * score
    if for_adult(query) and of_young(item.text):
        return score * YOUNG
    return score * FIGURELESS if without_figure(query.question, item.text) else score


def _least(query: Query, item: Candidate) -> float:
    """The least score of what is for the question's patient or partner, or of the kind that it asks for; 0 of all
    else."""
    own = group_of(query, item.hit)
    if _fits(query, item) or _dosed_by_figures(query, item) or beside_partner(query, item.text, own):
        return FITTING
    if conditions.tells_condition(query, item.hit, item.text) or _of_age(query, item):
        return conditions.TELLING
    if own is not None and tells_intolerance(query, item.text):
        return conditions.TELLING
    signs = tells_signs(query.question, base(item.hit.passage.section), item.text)
    partner = for_partner(query, item.text, own)
    return max(PARTNER * partner, GROWN * _for_adult(query, item), TELLING * signs, _of_tests(query, item))


def _kinds(query: Query, ranked: Sequence[Candidate]) -> list[Candidate]:
    """Of each drug the best of what speaks of a class of the other: those that name the drug itself may be more."""
    found = [item for item in ranked if _of_kind(query, item)]
    turns = ([item for item in found if group_of(query, item.hit) == own] for own in range(len(query.drugs)))
    return [item for turn in turns for item in turn[:KINDS]]


def _of_kind(query: Query, item: Candidate) -> bool:
    """Whether a drug's label speaks of a class of the other drug where it says what goes together and what does not."""
    own = group_of(query, item.hit)
    told = own is not None and of_several(query) and base(item.hit.passage.section) in _TOGETHER
    return told and names_kind(query, own or 0, item.text)


def _fits(query: Query, item: Candidate) -> bool | None:
    """`for_patient`; a row of a table on many drugs is for the patient only where it names one of the question's."""
    fits = for_patient(query, item.text)
    if not fits or not query.drugs or item.hit.document.kind is Kind.LABEL:
        return fits
    return any(names(query, index, item.text) for index in range(len(query.drugs)))


def _dosed_by_figures(query: Query, item: Candidate) -> bool | None:
    """Whether a dose in a label is for a patient of the question's clearance or age, by figures that the sentence, or
    the title of its table, names; None where none are."""
    dosage = base(item.hit.passage.section) == "dosage_and_administration" and group_of(query, item.hit) is not None
    if "dosage" not in query.topics or not dosage:
        return None
    return for_figures(query, _title(item) if is_row(item.text) else item.text + _turn(item))


def _turn(item: Candidate) -> str:
    """The sentence that turns to other patients right behind it, with which it is shown."""
    found = _HOWEVER.match(item.hit.passage.text, item.end - item.hit.passage.start)
    return found.group() if found else ""


def _title(item: Candidate) -> str:
    """The title of the table among whose rows it stands, in the line above them; empty where that is a sentence."""
    above = item.hit.passage.text[: item.start - item.hit.passage.start].splitlines()
    line = next((line for line in reversed(above) if line and not is_row(line)), "")
    return _TITLED.split(line)[-1] if _TITLED.search(line) or not line.rstrip().endswith((".", ":", ";")) else ""


def _of_tests(query: Query, item: Candidate) -> float:
    """The least score of what tells what to measure with the one drug of a question that asks this; 0 of all else."""
    told = base(item.hit.passage.section) in _TESTED and group_of(query, item.hit) is not None
    asked = told and query.shape == "plain" and asks_tests(query.question)
    return tells_tests(query.question, item.text) if asked else 0.0


def _for_adult(query: Query, item: Candidate) -> bool:
    """Whether it is a dose for the adult that is asked about, from the label of a drug of the question."""
    dosage = base(item.hit.passage.section) == "dosage_and_administration" and group_of(query, item.hit) is not None
    return dosage and for_adult(query) and of_grown(item.text)


def _of_age(query: Query, item: Candidate) -> bool:
    """Whether it tells a dose for ages that are those of the patient, where a dose is asked about."""
    asked = "dosage" in query.topics and item.hit.document.kind is Kind.LABEL
    return asked and AMOUNT.search(item.text) is not None and any(covers(one, item.text) for one in query.populations)


def known(query: Query, hits: Iterable[Hit]) -> list[Candidate]:
    """The candidates with all that is known of them before any is read."""
    found = list(candidates(hits))
    if not found:
        return []
    pairs = [(item.hit, item.text) for item in found]
    return [
        replace(candidate, focus=value, lexical=lexical)
        for candidate, value, lexical in zip(found, focus(query, pairs), _lexical(query, found), strict=True)
    ]


def candidates(hits: Iterable[Hit]) -> Iterable[Candidate]:
    """The quotable sentences of the hits, offsets into their section's text, each span of a section once."""
    seen: set[tuple[str, str, int, int]] = set()
    for place, hit in enumerate(hits):
        passage = hit.passage
        for start, end in _quotable(passage.text):
            key = (passage.document_id, passage.section, passage.start + start, passage.start + end)
            if key not in seen:
                seen.add(key)
                yield Candidate(hit, passage.text[start:end], *key[2:], place)


@lru_cache(4096)
def _quotable(text: str) -> tuple[Span, ...]:
    return tuple(span for span in quotable(text) if not is_caption(text, *span))


def is_caption(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is the title of a table: a line without a stop right above a row.

    It says which rows follow and nothing of what they say.
    """
    below = text[end + 1 :].partition("\n")[0]
    piece = text[start:end]
    titled = text[end : end + 1] == "\n" and not piece.endswith((".", "!", "?", ";", ":"))
    return titled and "\n" not in piece and ": " not in piece and is_row(below)


@lru_cache(16384)
def tokens(text: str) -> tuple[str, ...]:
    """The terms of the index (`rag.lexical.analyse`) without stop words, British -ise as -ize.

    Remembered, since popular passages come again and again.
    """
    folded = text.casefold()
    for everyday, medical in _ORGANS:
        folded = everyday.sub(medical, folded)
    words = (word for word in _WORD.findall(folded) if word not in STOP)
    return tuple(analyse(_BRITISH.sub("iz", " ".join(words))))


def question_terms(query: Query) -> list[str]:
    """The question's terms, drugs by their keys rather than as written (brand names, misspellings)."""
    text = query.question
    for mention in sorted(query.mentions, key=lambda mention: -mention.start):
        text = f"{text[: mention.start]} {' '.join(mention.keys)} {text[mention.end :]}"
    cue = _CUES if of_several(query) else frozenset()
    return [term for term in dict.fromkeys(tokens(text)) if term not in cue]


def _lexical(query: Query, found: Sequence[Candidate]) -> list[float]:
    """BM25 (rank-bm25, idf always positive) as a share of what a sentence with every question term would get."""
    bags = [
        [
            *tokens(item.text),
            *tokens(item.hit.passage.section.replace("_", " ")),
            *tokens(" ".join(item.hit.drugs)),
        ]
        for item in found
    ]
    unknown = set(tokens(" ".join(query.unresolved))) if query.drugs else set()
    model = BM25Plus(bags, delta=0)  # type: ignore[no-untyped-call]
    # A notice says that a drug is unknown; the sentences of the other drug need not be worse for it.
    terms = [term for term in question_terms(query) if term not in unknown or term in model.idf]
    ideal = sum(model.idf.get(term, math.log(len(bags) + 1)) for term in terms)
    if not ideal:
        return [0.0] * len(found)
    scores = model.get_scores(terms)  # type: ignore[no-untyped-call]
    return [min(1.0, float(score) / ideal) for score in scores]


def _place(item: Candidate) -> tuple[str, int]:
    return item.hit.document.document_id, item.start


def _shares(query: Query, ranked: Sequence[Candidate]) -> list[Candidate]:
    """The ranked candidates, one of each of the question's drugs in turn."""
    groups: dict[int | None, list[Candidate]] = {}
    for item in ranked:
        groups.setdefault(group_of(query, item.hit), []).append(item)
    return [item for item in chain.from_iterable(zip_longest(*groups.values())) if item is not None]


def _distinct(ranked: Sequence[Candidate], count: int) -> list[Candidate]:
    """The first ``count`` that no better one of the same drugs repeats almost word for word, contains or overlaps."""
    kept: list[tuple[Candidate, set[str]]] = []
    for item in ranked:
        if len(kept) == count:
            break
        words = set(tokens(item.text))
        if not any(_overlap(item, before) or _repeats(item, words, before, other) for before, other in kept):
            kept.append((item, words))
    return [item for item, _ in kept]


def _overlap(item: Candidate, before: Candidate) -> bool:
    one, two = item.hit.passage, before.hit.passage
    same = (one.document_id, one.section) == (two.document_id, two.section)
    return same and item.start < before.end and before.start < item.end


def _repeats(item: Candidate, words: set[str], before: Candidate, other: set[str]) -> bool:
    if item.hit.drugs != before.hit.drugs or _figures(words) != _figures(other):
        return False  # rows of a dose table differ in nothing else
    return words <= other or len(words & other) >= NEAR_DUPLICATE * len(words | other)


def _figures(words: Iterable[str]) -> set[str]:
    return {word for word in words if word[0].isdigit()}
