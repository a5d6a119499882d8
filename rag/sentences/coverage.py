"""How likely the sentences that were found answer the question at all, and do not only lie nearest to it.

A label that is silent on what is asked still has a nearest sentence, of the right drug and with a fair score. What
tells the difference is whether the concepts of the question (`rag.sentences.concepts`) stand around those sentences
and anywhere in the drug's labels, and what it is asked to be used for among its uses. A logistic regression weighs that
with the scores of the sentences; `citerx train coverage` fits it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import exp, log
from pathlib import Path
from typing import Protocol

import numpy as np

from rag.asked.focus import group_of
from rag.asked.sections import base
from rag.dense import shipped
from rag.evidence import STOP
from rag.lexical import analysed
from rag.naming.classes import ClassMention
from rag.naming.strange import is_english
from rag.query import Query
from rag.sentences.concepts import Concept, Said, concepts
from rag.sentences.reader import FOLDER, beside
from rag.sentences.selectors import Reads
from rag.tables.fits import beside_partner, for_patient, measured
from rag.types import Evidence, Hit

FILE = "coverage.json"
FEATURES = (
    "score", "read", "third", "terms", "section", "silent", "unknown", "said", "use", "lacking", "others",
)  # fmt: skip
"""Columns of `features`: log odds of the best sentence and what the reader gives it; the score of the third; how many
concepts there are; the probability of the best sentence's section; whether the labels lack every section that would
tell; words that look like names and that nothing contains; the share of the concepts that the passages of the best
sentences say, by weight; the greatest weight of one that the drug is asked to be used for, but not said to be; that of
a listed one that the drug's labels lack; how many others they lack. A weight is minus the logarithm of the share of
passages that have the concept."""

BEST = 3
"""Sentences in whose passages the concepts are looked for."""
ROWS = 8
"""Sentences among which a row may be that of the patient: rows of one table score alike."""
RAREST = 1e-4
"""The least share of passages that weighs: what is rarer is as telling."""
USES = ("indications_and_usage", "dosage_and_administration", "clinical_studies", "purpose")
"""Sections that say what a drug is used for."""
NAME = 6
"""Letters of a word that may be an unknown name."""
_GENERAL = """
patient patients dose doses dosage dosing mg ml kg safe safety take takes taking taken use used using drug drugs
medicine medicines medication tablet tablets capsule capsules pill pills give given start starting started stop
stopping need needs year years old day days week weeks month months hour hours doctor pharmacist known effect effects
side cause causes caused risk risks common often long happen man woman person people adult adults recommended label
listed tell get getting help helps helpful work works ok okay right normal mean treat treatment treated therapy much
many what's i'm it's i've really still also please new now yes no there one two daily twice once prescribed does
doesn't dont mom mother father dad my wife husband son daughter she he problem
already also currently who whose recognise recognised recognize recognized cutoff threshold
"""
_SMALL = re.compile(r".*\d.*|mg|mcg|ug|ml|kg|[a-z]|iv|bid|tid|qd|sr|xr|er|pts?|yo|yr|.*n['’]t", re.IGNORECASE)
"""Numbers, units and abbreviations beside them."""
_USE = re.compile(
    r"\b(?:for(?!\s(?:how|me|my)\b)|in|against|after|treat(?:s|ing)?|help(?:s|ful|ing)?(?:\s(?:with|for|against))?"
    r"|benefit|improve|prevent)\s(?P<what>.+?)"
    r"(?=\s(?:what|which|how|when|where|and\show|is|are|does|do|can|should|if|would|will|at)\b|[?:;,.(]|\s-\s|$)",
    re.IGNORECASE,
)
"""What a drug is asked to be used for, with much that is not; what labels say of the rest does no harm."""

_AMOUNT = re.compile(
    r"\b(?:how\s(?:much|many)|max(?:imum)?|highest|dose\srange|half-life"
    r"|(?:daily|starting|initial|loading|maintenance|usual|recommended|adult|weekly)\sdos(?:e|es|age))\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?<![\w-])\d|\b(?:one|two|three|four|once|twice|half|single)\b", re.IGNORECASE)
_DOSE = re.compile(r"\bdos(?:e|es|age|ages)\b(?! range)", re.IGNORECASE)
_UNIT = re.compile(
    r"\b(?:m?c?g|units?|mL|mEq|IU|tablets?|capsules?|caplets?|drops?|puffs?|sprays?|inhalations?|patch(?:es)?)\b"
    r"|\b(?:mg|mcg|mL|units)/|\b(?:half|once|twice)\b",
    re.IGNORECASE,
)
"""What a dose is told in."""
_ANTIDOTE = re.compile(r"\bantidotes?\b|\brevers(?:e|es|al|ing)\b", re.IGNORECASE)
_REVERSES = re.compile(
    r"\bantidotes?\b|\brevers\w+|\bantagoni\w+|\bneutrali[sz]\w+|\bcounteract\w*|\b(?:ha?emo)?dialysis\b|\w(?:oxone|zenil)\b"
    r"|\b(?:treat\w*|manage\w*|administer\w*|given?) (?:with|of|by|for)\b",
    re.IGNORECASE,
)


class Corpus(Protocol):
    """What is asked of the whole index (`rag.view.View`)."""

    def frequency(self, stems: Sequence[str]) -> list[float]:
        """The share of passages that contain each analysed word, 0 to 1."""

    def labels_have(self, keys: tuple[str, ...], stems: Sequence[str], as_of: date | None) -> list[bool]:
        """Whether any label of these drugs contains each analysed word."""

    def alike(
        self, keys: tuple[str, ...], slugs: tuple[str, ...], words: Sequence[str], as_of: date | None
    ) -> Sequence[Hit]:
        """Passages of these sections of the drugs' labels that share most of the words."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the logistic regression, on standardised `features`."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    @staticmethod
    def read(folder: Path = FOLDER) -> Weights:
        """The shipped ones; raises `ModelError`."""
        return shipped(folder / FILE, Weights, FEATURES)


class Coverage:
    """See the module. Threads may share it."""

    def __init__(self, reader: Reads, weights: Weights) -> None:
        self._reader, self._weights = reader, weights

    def chance(
        self, query: Query, found: Sequence[Evidence], corpus: Corpus, as_of: date | None, *, silent: bool
    ) -> float:
        """0 to 1, where as many questions have an answer as have none; 0 where nothing was ``found``, best first, or an
        amount or an antidote is asked and the best sentences have none; 1 where a row's own range holds the patient's
        value, or a column of doses is for those who take the other drug.

        ``silent``: whether the labels of a drug have none of the sections that would tell what is asked.
        """
        if not found or _lacks_amount(query, found) or _lacks_antidote(query, found):
            return 0.0
        if any(_is_for(query, one) for one in found[:ROWS]):
            return 1.0
        raw = np.array(self.features(query, found, corpus, as_of, silent=silent))
        odds = ((raw - self._weights.mean) / self._weights.scale) @ self._weights.weights + self._weights.intercept
        return 1 / (1 + exp(-float(odds)))

    def features(
        self, query: Query, found: Sequence[Evidence], corpus: Corpus, as_of: date | None, *, silent: bool
    ) -> list[float]:
        """The `FEATURES` of a question with its evidence, of which there must be some."""
        asked = concepts_of(query)
        shares = [_share(corpus, concept) for concept in asked]
        weights = -np.log(np.maximum(np.array(shares, dtype=np.float32), RAREST))
        near = Said(
            " ".join(dict.fromkeys(f"{one.hit.passage.text} {one.hit.passage.context}" for one in found[:BEST]))
        )
        said = np.array([concept.told(near) for concept in asked], dtype=np.float32)
        held = [
            bool(told) or _in_labels(corpus, query, concept, as_of) for told, concept in zip(said, asked, strict=True)
        ]
        lacking = [(weight, concept) for weight, concept, there in zip(weights, asked, held, strict=True) if not there]
        unknown = [concept for concept, share in zip(asked, shares, strict=True) if not share and _is_name(concept)]
        best = found[0]
        read = beside(best.hit.drugs, base(best.hit.passage.section), best.text)
        score = min(max(best.score, 1e-3), 0.999)
        return [
            log(score / (1 - score)),
            self._reader.answers(query.question, [read])[0],
            found[BEST - 1].score if len(found) >= BEST else 0.0,
            float(len(asked)),
            best.hit.signals.get("section", 0.0),
            float(silent),
            float(len(unknown)),
            float((weights * said).sum() / weights.sum()) if weights.sum() else 1.0,
            max((_weight(corpus, concept) for concept in _unused(corpus, query, near, as_of)), default=0.0),
            max((float(weight) for weight, concept in lacking if concept.firm), default=0.0),
            float(sum(not concept.firm and concept not in unknown for _, concept in lacking)),
        ]


def concepts_of(query: Query) -> list[Concept]:
    """What a question asks about: without its drugs and the words of any question; a class with its members."""
    classes = [_class_concept(one) for one in query.classes]
    return [*_telling(query, _without_names(query)), *(one for one in classes if one.stems)]


def _without_names(query: Query) -> str:
    """The question, a full stop in the place of each drug and class."""
    text = query.question
    named = [(one.start, one.end) for one in query.mentions] + [(one.start, one.end) for one in query.classes]
    for start, end in sorted(named, reverse=True):
        text = f"{text[:start]} . {text[end:]}"
    return text


def _telling(query: Query, text: str) -> list[Concept]:
    return [one for one in concepts(text) if len(one.words) > 1 or _tells(query, one.words[0].casefold(), one.stems[0])]


def _tells(query: Query, word: str, stem: str) -> bool:
    return word not in STOP and word not in query.keys and stem not in general() and not _SMALL.fullmatch(word)


def _class_concept(mention: ClassMention) -> Concept:
    names = [analysed(name.casefold()) for name in (mention.surface, *mention.drug_class.words)]
    return Concept((mention.surface,), names[0], frozenset(name for name in names if name))


def _share(corpus: Corpus, concept: Concept) -> float:
    """Of all passages: of the most frequent name, of whose words the rarest counts."""
    return max((min(corpus.frequency(name)) for name in concept.lookups), default=0.0)


def _weight(corpus: Corpus, concept: Concept) -> float:
    return -log(max(_share(corpus, concept), RAREST))


def _in_labels(corpus: Corpus, query: Query, concept: Concept, as_of: date | None) -> bool:
    """Whether any label of the question's drugs has the words of any of its names; so where no drug is named."""
    return not query.drugs or any(all(corpus.labels_have(query.keys, name, as_of)) for name in concept.lookups)


def _unused(corpus: Corpus, query: Query, near: Said, as_of: date | None) -> Iterator[Concept]:
    """What a drug is asked to be used for, but neither the passages nor the labels say that it is."""
    for use in _USE.finditer(_without_names(query)) if query.drugs and query.shape == "plain" else ():
        for concept in _telling(query, use["what"]):
            if not concept.told(near) and not _is_use(corpus, query, concept, as_of):
                yield concept


def _is_use(corpus: Corpus, query: Query, concept: Concept, as_of: date | None) -> bool:
    words = sorted({stem for name in concept.lookups for stem in name})
    hits = corpus.alike(query.keys, USES, words, as_of)
    return concept.told(Said(" ".join(hit.passage.text for hit in hits)))


@cache
def general() -> frozenset[str]:
    """Stems that say nothing of what is asked."""
    return frozenset(analysed(_GENERAL))


def _lacks_amount(query: Query, found: Sequence[Evidence]) -> bool:
    """Of a dose, a figure beside what doses are told in: a rise of 40 % is none."""
    if not _AMOUNT.search(query.question):
        return False
    dose = _DOSE.search(query.question) is not None
    best = [one.text for one in found[:BEST] if not measured(query, one.text)]
    return not any(_FIGURE.search(text) and (not dose or _UNIT.search(text)) for text in best)


def _lacks_antidote(query: Query, found: Sequence[Evidence]) -> bool:
    return _ANTIDOTE.search(query.question) is not None and not any(_REVERSES.search(one.text) for one in found[:BEST])


def _is_for(query: Query, one: Evidence) -> bool:
    """Whether it is a row for the question's patient, or for those who take what the drug is asked beside."""
    own = bool(set(one.hit.drugs) & set(query.keys))
    return own and bool(for_patient(query, one.text) or beside_partner(query, one.text, group_of(query, one.hit)))


def _is_name(concept: Concept) -> bool:
    word = concept.words[0].casefold()
    return len(concept.words) == 1 and len(word) >= NAME and not is_english(word)
