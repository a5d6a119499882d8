"""What the rankers learn from: the candidates of every search as production compares them, and which of them answer.

Questions are read by a tower that did not learn from them: the rankers must see it as right and as wrong as it will be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.schema import Kind
from rag.dense import MiniLM
from rag.drugs import Resolver
from rag.lexical import Entry, Lexical, analyse, write
from rag.query import understand
from rag.ranking import rank
from rag.ranking.sides import sides_of
from rag.ranking.tuned import QuestionTower
from rag.retrieve import DEPTH, Passages, Retriever, Searchable
from rag.train.labels import Asked
from rag.train.pools import Pool, Wanted
from rag.types import Filters, Floats

ONLY_LABELS = Filters(kinds=(Kind.LABEL.value,))


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The candidates of one search: ``features`` (`rag.ranking.rank.features`), which ``answers`` it, what it
    weighs.
    """

    features: Floats
    answers: NDArray[np.bool_]
    weight: float = 1.0


class Reader:
    """In the reranker's place: reads with a tower, and keeps what it is asked to compare."""

    def __init__(self, embedder: MiniLM, tower: QuestionTower, sections: Sequence[str]) -> None:
        self._embedder, self._tower, self._sections = embedder, tower, sections
        self.questions: tuple[rank.Asked, ...] = ()
        self.compared: list[rank.Candidates] = []

    def read(self, questions: Sequence[str]) -> tuple[rank.Asked, ...]:
        """Vectors and section probabilities; forgets what was compared for the questions before."""
        long = self._embedder.dimension
        rows = self._embedder.run(self._tower, questions)
        likely = [dict(zip(self._sections, row[long:].tolist(), strict=True)) for row in rows]
        self.questions = tuple(rank.Asked(row[:long], one) for row, one in zip(rows, likely, strict=True))
        self.compared = []
        return self.questions

    def scores(self, candidates: rank.Candidates, *, label: bool) -> list[float]:
        """All alike; ``label`` makes no difference."""
        del label
        self.compared.append(candidates)
        return [0.0] * len(candidates.texts)

    def candidates(self, place: int) -> rank.Candidates | None:
        """What was compared for a question of the last `read`."""
        vector = self.questions[place].vector
        return next((one for one in self.compared if one.vector is vector), None)


@dataclass(frozen=True, slots=True)
class Library:
    """The store and the index that label questions are searched in, with the embedder and the names of drugs."""

    store: Passages
    index: Searchable
    embedder: MiniLM
    resolver: Resolver


def of_labels(
    asked: Iterable[Asked], library: Library, tower: QuestionTower, sections: Sequence[str]
) -> Iterator[Compared]:
    """The candidates that production finds in the labels of each question's drug; none where none answers."""
    reader = Reader(library.embedder, tower, sections)
    retriever = Retriever(library.store, library.index, library.embedder, library.resolver, reranker=reader)
    for one in asked:
        query = understand(one.full, library.resolver)
        sides = [side.keys for side in sides_of(query, ONLY_LABELS, library.resolver)]
        if not one.keys or one.keys not in sides:
            continue
        retriever.search(query, filters=ONLY_LABELS)
        found = reader.candidates(sides.index(one.keys) + 1)
        answers = np.array([slug in one.sections for slug in found.sections]) if found else np.zeros(0, dtype=np.bool_)
        if found and answers.any():
            yield Compared(rank.features(found, sections), answers, one.weight)


def of_literature(
    pool: Pool, wanted: Iterable[Wanted], towers: Sequence[QuestionTower], embedder: MiniLM
) -> Iterator[Compared]:
    """The union of what words and vectors find in the pool; ``towers``: of each fold, the one that left it out."""
    terms = lru_cache(20_000)(lambda place: analyse(pool.texts[place]))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), (Entry(place, text, "", "article", (), ()) for place, text in enumerate(pool.texts)))
        words = Lexical(Path(folder))
        for one in wanted:
            vector = embedder.run(towers[one.fold], [one.question])[0][: embedder.dimension]
            found = _candidates(one, pool, words, vector)
            answers = np.isin(found, one.answers)
            if answers.any():
                yield Compared(rank.features(_compared(one, pool, words, vector, found, terms)), answers)


def _candidates(one: Wanted, pool: Pool, words: Lexical, vector: Floats) -> NDArray[np.int64]:
    near = np.argsort(-(pool.vectors @ vector), kind="stable")[:DEPTH]
    shared, _ = words.search(analyse(one.question), DEPTH)
    return np.union1d(near, shared)


def _compared(  # noqa: PLR0917 (what a search is made of)
    one: Wanted,
    pool: Pool,
    words: Lexical,
    vector: Floats,
    found: NDArray[np.int64],
    terms: Any,  # noqa: ANN401
) -> rank.Candidates:
    asked, count = analyse(one.question), len(found)
    texts = [terms(int(place)) for place in found]
    vectors = pool.vectors[found]
    return rank.Candidates(asked, words.rarity(asked), texts, vector, vectors, [""] * count, {}, {}, [0] * count)


def packed(searches: Iterable[Compared]) -> dict[str, NDArray[Any]]:
    """The searches as a few arrays: rows one after the other, float16, and how many each search has."""
    every = list(searches)
    return {
        "features": np.concatenate([one.features for one in every]).astype(np.float16),
        "answers": np.concatenate([one.answers for one in every]),
        "sizes": np.array([len(one.answers) for one in every]),
        "weights": np.array([one.weight for one in every], dtype=np.float32),
    }


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> list[Compared]:
    """The inverse of `packed`."""
    ends = np.cumsum(arrays["sizes"])[:-1]
    rows, answers = np.split(arrays["features"].astype(np.float32), ends), np.split(arrays["answers"], ends)
    weights = arrays["weights"].tolist()
    return [Compared(*one) for one in zip(rows, answers, weights, strict=True)]
