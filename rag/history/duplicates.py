"""Which labels say the same: texts that are equal word for word, and those that differ in a figure, unit or negation.

Nothing is embedded. Texts are equal by the hash of their words (white space aside), near-equal by the sequence of their
words without figures, units and negations (`rag.history.wording`), so that one pass over any number of labels is
enough.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Protocol

from ingest.editions import order
from ingest.records import words_key
from ingest.schema import Document, Fault, Kind
from ingest.sentences import sentences
from ingest.store import IndexRow
from rag.history.wording import Wording, apart, wording
from rag.types import Apart

LARGEST = 10
"""Groups and examples that a report lists."""
LONG = 200
"""Characters of a text that is worth listing: a heading alone is the same in many labels."""
TRIED = 12
"""Labels of a group of sentences that are compared with each other."""

Key = tuple[str, bytes]


class Shelf(Protocol):
    """What is needed of the store (`ingest.store.Store`)."""

    def index_rows(self) -> Iterable[IndexRow]:
        """Every passage."""

    def document(self, document_id: str) -> Document | None:
        """The whole document."""


@dataclass(frozen=True, slots=True)
class Group:
    """Labels that share a section's text; ``labelers``: how many different ones; the first ten document ids."""

    section: str
    characters: int
    labels: int
    drugs: tuple[str, ...]
    labelers: int
    document_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sections:
    """Of one kind of section: texts, distinct texts, groups of equal ones and the texts in them.

    ``near``: groups of distinct texts in the same words that differ in figures, units or negations, ``in_near``: those
    texts.
    """

    section: str
    texts: int
    distinct: int
    groups: int
    in_groups: int
    near: int
    in_near: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Two labels of a drug that say the same sentence but for what ``kind`` says; ``labels``: all that have it."""

    kind: Apart
    drug: str
    section: str
    labels: int
    documents: tuple[str, str]
    texts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """``sentences``: groups of sentences in the same words in two labels of a drug or more; of these ``agreeing`` are
    equal in all, in ``differing`` two labels differ and neither says both."""

    labels: int
    sections: tuple[Sections, ...]
    largest: tuple[Group, ...]
    sentences: int
    agreeing: int
    differing: Mapping[Apart, int]
    examples: tuple[Difference, ...]


@dataclass(slots=True)
class Count:
    """Takes one label after the other; keeps hashes, numbers and each variant of a sentence once, not the texts."""

    _labels: list[tuple[str, str, str]] = field(default_factory=list)
    _names: list[frozenset[str]] = field(default_factory=list)
    _texts: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    _lengths: dict[bytes, int] = field(default_factory=dict)
    _near: dict[Key, dict[int, set[bytes]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    _said: dict[tuple[str, str, bytes], dict[str, set[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def add(self, document: Document) -> None:
        """One label, in one version."""
        drug = " and ".join(sorted({name.casefold() for name in document.drugs.generic}))
        self._labels.append((document.document_id, drug, document.labeler))
        number = len(self._labels) - 1
        names = frozenset(word for name in (*document.drugs.generic, *document.drugs.brand) for word in _words(name))
        self._names.append(names)
        for section in document.sections:
            key = words_key(section.text)
            self._texts[section.slug, key].append(number)
            self._lengths[key] = len(section.text)
            parts: list[bytes] = []
            variants: list[object] = []
            for line in section.text.split("\n"):
                for start, end in sentences(line):
                    text = line[start:end].strip()
                    if made := wording(text, names):
                        parts.append(_key(made))
                        variants.append(made.variant)
                        if drug:
                            self._said[drug, section.slug, parts[-1]][text].add(number)
            if parts:
                words = hashlib.sha256(b"".join(parts)).digest()
                self._near[section.slug, words][hash(tuple(variants))].add(key)

    def result(self) -> Duplicates:
        """What was found."""
        slugs = Counter(slug for slug, _ in self._texts)
        shared = {key: found for key, found in self._said.items() if len(set.union(*found.values())) > 1}
        differing = list(filter(None, (self._difference(*key[:2], found) for key, found in sorted(shared.items()))))
        differing.sort(key=lambda one: (-one.labels, one.drug, one.texts))
        return Duplicates(
            labels=len(self._labels),
            sections=tuple(self._section(slug) for slug, _ in slugs.most_common()),
            largest=tuple(self._largest()),
            sentences=len(shared),
            agreeing=sum(len(found) == 1 for found in shared.values()),
            differing=Counter(one.kind for one in differing),
            examples=tuple(differing[:LARGEST]),
        )

    def _section(self, slug: str) -> Sections:
        groups = [found for (name, _), found in self._texts.items() if name == slug]
        near = [found for (name, _), found in self._near.items() if name == slug and len(found) > 1]
        several = [len(found) for found in groups if len(found) > 1]
        sizes = (sum(map(len, groups)), len(groups), len(several), sum(several))
        return Sections(slug, *sizes, len(near), sum(len(keys) for found in near for keys in found.values()))

    def _largest(self) -> Iterator[Group]:
        long = (
            (key, numbers) for key, numbers in self._texts.items() if len(numbers) > 1 and self._lengths[key[1]] >= LONG
        )
        ranked = sorted(long, key=lambda one: (-len(one[1]), one[0]))
        for (slug, words), numbers in ranked[:LARGEST]:
            labels = [self._labels[number] for number in numbers]
            drugs = tuple(sorted({drug for _, drug, _ in labels if drug}))
            labelers = len({labeler for _, _, labeler in labels if labeler})
            yield Group(
                slug, self._lengths[words], len(labels), drugs, labelers, tuple(name for name, _, _ in labels[:LARGEST])
            )

    def _difference(self, drug: str, slug: str, found: Mapping[str, set[int]]) -> Difference | None:
        """The first two labels of which neither has a sentence of the other's in this group."""
        said: dict[int, set[str]] = defaultdict(set)
        for text, numbers in found.items():
            for number in numbers:
                said[number].add(text)
        by_texts = {frozenset(texts): number for number, texts in sorted(said.items(), reverse=True)}
        for one, two in combinations(list(by_texts.items())[:TRIED], 2):
            names = self._names[one[1]] | self._names[two[1]]
            pairs = [(left, right, apart(left, right, names)) for left in sorted(one[0]) for right in sorted(two[0])]
            if pairs and all(kind for _, _, kind in pairs):
                left, right, kind = pairs[0]
                assert kind
                documents = (self._labels[one[1]][0], self._labels[two[1]][0])
                return Difference(kind, drug, slug, len(said), documents, (left, right))
        return None


def duplicates(labels: Iterable[Document]) -> Duplicates:
    """What these labels, each in one version, have in common."""
    count = Count()
    for label in labels:
        count.add(label)
    return count.result()


def newest_labels(
    records: Iterable[Document | Fault], faults: list[Fault], on_label: Callable[[int], None] | None = None
) -> Iterator[Document]:
    """The newest version of every label among the records; ``on_label`` is told how many were read.

    What could not be read is added to ``faults``.
    """
    newest: dict[str, Document] = {}
    for record in records:
        if isinstance(record, Fault):
            faults.append(record)
            continue
        if record.kind is not Kind.LABEL or record.editorial:
            continue
        known = newest.get(record.work_id)
        if known is None or order(record.effective, record.version) >= order(known.effective, known.version):
            newest[record.work_id] = record
        if on_label:
            on_label(len(newest))
    yield from newest.values()


def stored_labels(store: Shelf) -> Iterator[Document]:
    """The labels of a store that are in force."""
    for document_id in dict.fromkeys(row.passage.document_id for row in store.index_rows() if _current(row)):
        if (document := store.document(document_id)) and not document.editorial:
            yield document


def _current(row: IndexRow) -> bool:
    return row.kind is Kind.LABEL and row.superseded_on is None and not row.retracted


def _key(made: Wording) -> bytes:
    return hashlib.sha256(" ".join(made.words).encode()).digest()[:12]


def _words(name: str) -> list[str]:
    return name.casefold().split()
