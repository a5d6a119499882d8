"""Large corpora for benchmarks: a store's own documents again and again, with other words and vectors nearby.

A copy's words are respelt at the same length (every drug's name and one other word in five), so offsets stay, drugs
differ and posting lists of common words grow as they would. Nothing is embedded: a copy's vector is the original's with
noise, of length one again.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import count, groupby, islice

import numpy as np
from numpy.typing import NDArray

from api.bench.service import BenchError
from ingest.schema import Document, DrugNames, Passage, Section, passage_id
from ingest.store import Store
from rag.indexes.build import content_hash

VOWELS, CONSONANTS = "aeiou", "bcdfghjklmnpqrstvwxyz"
CHANGED = 5
"""One word in so many is respelt, besides names of drugs."""

NOISE = 0.02
"""Standard deviation of what is added to each number of a vector: the copy's cosine with it is about 0.93 at 384."""

TOGETHER = 50
"""Documents written in one transaction."""

_WORD = re.compile(r"[A-Za-z]{4,}")


@dataclass(frozen=True, slots=True)
class Original:
    """A document with its passages and their vectors, shape ``(len(passages), dimension)``."""

    document: Document
    passages: tuple[Passage, ...]
    vectors: NDArray[np.float16]


class Respelling:
    """Respells words, each the same way wherever it stands. ``names``: lower-case words that are always respelt."""

    def __init__(self, replica: int, names: frozenset[str]) -> None:
        self._names, self._known = names, dict[str, str]()
        self._letters = str.maketrans(
            {
                **_rotated(VOWELS, replica),
                **_rotated(CONSONANTS, replica),
                **_rotated(VOWELS.upper(), replica),
                **_rotated(CONSONANTS.upper(), replica),
            }
        )

    def text(self, text: str) -> str:
        """The text with words of the same length."""
        return _WORD.sub(lambda match: self._word(match[0]), text)

    def _word(self, word: str) -> str:
        if word not in self._known:
            lower = word.lower()
            changes = lower in self._names or zlib.crc32(lower.encode()) % CHANGED == 0
            self._known[word] = word.translate(self._letters) if changes else word
        return self._known[word]


def fill(
    target: Store, source: Store, model: str, passages: int, on_step: Callable[[int], object], *, seed: int = 0
) -> int:
    """Fills an empty store with at least ``passages`` passages and their vectors; returns how many there are.

    Raises `BenchError` where the source lacks vectors of ``model``.
    """
    originals = _originals(source, model)
    if not originals:
        raise BenchError("the store is empty: ingest and index something first")
    names = frozenset(word.lower() for _, _, name in source.drug_names() for word in _WORD.findall(name))
    chance = np.random.default_rng(seed)
    copies = _copies(originals, names, chance)
    done = 0
    while done < passages:
        group = list(islice(copies, TOGETHER))
        with target.writing() as batch:
            for copy in group:
                batch.put(copy.document, copy.passages)
        target.put_vectors(
            model,
            {
                content_hash(passage): vector
                for copy in group
                for passage, vector in zip(copy.passages, copy.vectors, strict=True)
            },
        )
        done += sum(len(copy.passages) for copy in group)
        on_step(done)
    return done


def copied(original: Original, replica: int, respelling: Respelling, chance: np.random.Generator) -> Original:
    """Copy number ``replica`` of a document; the original itself for 0."""
    if replica == 0:
        return original
    document = _document(original.document, replica, respelling)
    texts = {section.slug: section.text for section in document.sections}
    passages = tuple(_passage(passage, document, texts[passage.section], respelling) for passage in original.passages)
    noise = NOISE * chance.standard_normal(original.vectors.shape, dtype=np.float32)
    vectors = original.vectors.astype(np.float32) + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Original(document, passages, vectors.astype(np.float16))


def _originals(source: Store, model: str) -> list[Original]:
    found = []
    for document_id, rows in groupby(source.index_rows(), key=lambda row: row.passage.document_id):
        document, passages = source.document(document_id), tuple(row.passage for row in rows)
        vectors = source.vectors(model, [content_hash(passage) for passage in passages])
        if document is None or any(content_hash(passage) not in vectors for passage in passages):
            raise BenchError(f"{document_id} has no vectors of {model}: run `citerx index` first")
        matrix = np.stack([vectors[content_hash(passage)] for passage in passages])
        plain = tuple(replace(section, tables=()) for section in document.sections)
        found.append(Original(replace(document, sections=plain), passages, matrix))
    return found


def _copies(originals: Sequence[Original], names: frozenset[str], chance: np.random.Generator) -> Iterator[Original]:
    """All documents in an order of chance, then their first copies, their second ones, and so on."""
    for replica in count():
        respelling = Respelling(replica, names)
        for place in chance.permutation(len(originals)):
            yield copied(originals[place], replica, respelling, chance)


def _document(document: Document, replica: int, respelling: Respelling) -> Document:
    sections = tuple(
        Section(section.slug, respelling.text(section.title), section.path, respelling.text(section.text))
        for section in document.sections
    )
    drugs = {name.name: tuple(map(respelling.text, getattr(document.drugs, name.name))) for name in fields(DrugNames)}
    return replace(
        document,
        document_id=f"{document.document_id}.{replica}",
        work_id=f"{document.work_id}.{replica}",
        title=respelling.text(document.title),
        sections=sections,
        drugs=DrugNames(**drugs),
    )


def _passage(passage: Passage, document: Document, text: str, respelling: Respelling) -> Passage:
    span = (passage.start, passage.end)
    name = passage_id(document.document_id, passage.section, *span)
    context = respelling.text(passage.context)
    return Passage(name, document.document_id, passage.section, *span, text[slice(*span)], context)


def _rotated(letters: str, places: int) -> Mapping[str, str]:
    places %= len(letters)
    return dict(zip(letters, letters[places:] + letters[:places], strict=True))
