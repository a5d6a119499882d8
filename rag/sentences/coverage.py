"""How likely the sentences that were found answer the question at all, and do not only lie nearest to it.

A label that is silent on what is asked still has a nearest sentence, of the right drug and with a fair score. What
tells the difference is whether the question's own words, or words that mean the same, stand in those sentences and
anywhere in the drug's labels. A logistic regression weighs that with the best sentence's score; `citerx train coverage`
fits it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import exp, log
from pathlib import Path
from typing import Protocol

import numpy as np

from ingest.recent import Recent
from rag.asked.sections import base
from rag.errors import ModelError
from rag.evidence import STOP
from rag.lexical import analysed
from rag.naming.spelling import ordinary_words
from rag.query import Query
from rag.sentences.reader import FOLDER, beside
from rag.types import Embedder, Evidence, Floats

FILE = "coverage.json"
FEATURES = ("score", "read", "meant", "said", "in_label", "terms", "section", "silent", "unknown")
"""Columns of `features`: log odds of the best sentence and what the reader gives it; shares of the question's terms
that the best sentences mean, that they say, and that the drug's labels have; how many terms there are; the probability
of the best sentence's section; whether the labels lack every section that would tell; words that nothing contains."""

BEST, WORDS = 3, 60
"""Sentences in which the terms are looked for, and words of them that are compared by meaning."""
COMMON = 1.3e-3
"""The least share of all passages that have a word of the language of labels; that others are absent means little."""
KEPT = 8192
"""Words whose vectors are remembered."""
_GENERAL = """
patient patients dose doses dosage dosing mg ml kg safe safety take takes taking taken use used using drug drugs
medicine medicines medication tablet tablets capsule capsules pill pills give given start starting started stop
stopping need needs year years old day days week weeks month months hour hours doctor pharmacist known effect effects
side cause causes caused risk risks common often long happen man woman person people adult adults recommended label
listed tell get getting help helps helpful work works ok okay right normal mean treat treatment treated therapy much
many what's i'm it's i've really still also please new now yes no there one two daily twice once prescribed does
doesn't dont mom mother father dad my wife husband son daughter she he problem
"""
_WORD = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")


class Corpus(Protocol):
    """What is asked of the whole index (`rag.view.View`)."""

    def frequency(self, stems: Sequence[str]) -> list[float]:
        """The share of passages that contain each analysed word, 0 to 1."""

    def labels_have(self, keys: tuple[str, ...], stems: Sequence[str], as_of: date | None) -> list[bool]:
        """Whether any label of these drugs contains each analysed word."""


class Reads(Protocol):
    """Reads sentences (`rag.sentences.reader.Reader`)."""

    def answers(self, question: str, sentences: Sequence[str]) -> list[float]:
        """How well each sentence answers, as log odds."""


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
        try:
            told = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if tuple(told["features"]) != FEATURES:
                raise ModelError(f"{folder / FILE}: made for other features; reinstall citerx")
            mean, scale, weights = (tuple(map(float, told[name])) for name in ("mean", "scale", "weights"))
            return Weights(mean, scale, weights, float(told["intercept"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{folder / FILE}: cannot be read: {error!r}; reinstall citerx") from error


class Coverage:
    """See the module. Threads may share it."""

    def __init__(self, reader: Reads, embedder: Embedder, weights: Weights) -> None:
        self._reader, self._embedder, self._weights = reader, embedder, weights
        self._vectors: Recent[str, Floats] = Recent(KEPT)

    def chance(
        self, query: Query, found: Sequence[Evidence], corpus: Corpus, as_of: date | None, *, silent: bool
    ) -> float:
        """0 to 1, where as many questions have an answer as have none; 0 where nothing was ``found``, best first.

        ``silent``: whether the labels of a drug have none of the sections that would tell what is asked.
        """
        if not found:
            return 0.0
        raw = np.array(self.features(query, found, corpus, as_of, silent=silent))
        odds = ((raw - self._weights.mean) / self._weights.scale) @ self._weights.weights + self._weights.intercept
        return 1 / (1 + exp(-float(odds)))

    def features(
        self, query: Query, found: Sequence[Evidence], corpus: Corpus, as_of: date | None, *, silent: bool
    ) -> list[float]:
        """The `FEATURES` of a question with its evidence, of which there must be some."""
        words, stems = terms(query)
        shares = np.array(corpus.frequency(stems))
        weights = -np.log(np.maximum(shares, 1e-6))
        common = weights * (shares >= COMMON)
        text = " ".join(f"{item.text} {item.hit.passage.section.replace('_', ' ')}" for item in found[:BEST])
        present = set(analysed(text.casefold()))
        said = np.array([stem in present for stem in stems], dtype=np.float32)
        held = corpus.labels_have(query.keys, stems, as_of) if query.drugs else [True] * len(stems)
        best = found[0]
        read = beside(best.hit.drugs, base(best.hit.passage.section), best.text)
        score = min(max(best.score, 1e-3), 0.999)
        nameless = [word for word, share in zip(words, shares, strict=True) if not share and _is_name(word)]
        return [
            log(score / (1 - score)),
            self._reader.answers(query.question, [read])[0],
            _share(weights, np.maximum(said, self._meant(words, text))),
            _share(common, said),
            _share(common, np.array(held, dtype=np.float32)),
            float(len(words)),
            best.hit.signals.get("section", 0.0),
            float(silent),
            float(len(nameless)),
        ]

    def _meant(self, words: Sequence[str], text: str) -> Floats:
        """The cosine of each word to the nearest one of the text, 0 to 1."""
        others = [word for word in dict.fromkeys(_WORD.findall(text.casefold())) if word not in STOP and len(word) > 2]
        if not words or not others:
            return np.zeros(len(words), dtype=np.float32)
        near = self._of(words) @ self._of(others[:WORDS]).T
        return np.asarray(np.clip(near.max(1), 0, 1), dtype=np.float32)

    def _of(self, words: Sequence[str]) -> Floats:
        """The words' vectors, remembered."""
        known = self._vectors.known(0, words)
        if new := [word for word in dict.fromkeys(words) if word not in known]:
            # one vector more than asked for: an embedder remembers single texts as questions
            known |= dict(zip(new, self._embedder.encode([*new, ""]), strict=False))
            self._vectors.keep(0, {word: known[word] for word in new})
        return np.stack([known[word] for word in words])


def terms(query: Query) -> tuple[list[str], list[str]]:
    """The words of a question that say what is asked, each with its stem: without drugs and words of any question."""
    text = query.question
    for mention in sorted(query.mentions, key=lambda one: -one.start):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    found = {
        stem: word
        for word in _WORD.findall(text.casefold())
        if word not in STOP and word not in query.keys
        for stem in analysed(word)
        if stem not in general() and len(stem) > 1
    }
    return list(found.values()), list(found)


@cache
def general() -> frozenset[str]:
    """Stems that say nothing of what is asked."""
    return frozenset(analysed(_GENERAL))


def _is_name(word: str) -> bool:
    known = ordinary_words()
    return not word[0].isdigit() and word not in known and word.removesuffix("s") not in known


def _share(weights: Floats, held: Floats) -> float:
    """The weighted share of what is held; 1 where nothing has weight."""
    total = float(weights.sum())
    return float((weights * held).sum()) / total if total else 1.0
