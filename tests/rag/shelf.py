"""A store in memory for tests of the index: passages of chance, and an embedder that counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.schema import Kind, Passage, passage_id
from rag.dense import HashEmbedder
from rag.index import Scope
from rag.types import Floats

Half = NDArray[np.float16]
EMBEDDER = HashEmbedder(32)
EVERYTHING = Scope(include_superseded=True, include_retracted=True)


@dataclass(frozen=True)
class Row:
    row_id: int
    passage: Passage
    kind: Kind = Kind.LABEL
    published: date | None = None
    effective: date | None = None
    superseded_on: date | None = None
    retracted: bool = False
    drugs: tuple[str, ...] = ()


@dataclass
class Shelf:
    """A store in memory. ``on_vectors`` runs before cached vectors are looked up, so that a test can interfere."""

    rows: list[Row]
    cache: dict[bytes, Half] = field(default_factory=dict)
    number: int = 1
    interference: list[Row] = field(default_factory=list)

    def index_rows(self) -> Iterator[Row]:
        return iter(list(self.rows))

    def drug_names(self) -> Iterator[tuple[str, str, str]]:
        names = {row.passage.document_id: row.drugs for row in self.rows}
        return ((document, "generic", name) for document, drugs in names.items() for name in drugs)

    def passages(self, row_ids: Iterable[int]) -> dict[int, Passage]:
        wanted = set(row_ids)
        return {row.row_id: row.passage for row in self.rows if row.row_id in wanted}

    def vectors(self, model: str, hashes: Iterable[bytes]) -> dict[bytes, Half]:
        assert model
        if self.interference:
            self.rows.append(self.interference.pop())
        return {key: self.cache[key] for key in hashes if key in self.cache}

    def put_vectors(self, model: str, items: Mapping[bytes, Half]) -> None:
        assert model
        self.cache |= items

    def revision(self) -> int:
        return self.number

    def newest_source(self) -> date | None:
        return max((row.effective for row in self.rows if row.effective), default=None)

    def demonstration(self) -> bool:
        return False


@dataclass
class Counting:
    """Counts the texts that it embeds; fails at the text numbered ``fail_at``."""

    texts: int = 0
    fail_at: int = 10**9
    name: str = EMBEDDER.name
    dimension: int = EMBEDDER.dimension

    def encode(self, texts: Iterable[str]) -> Floats:
        batch = list(texts)
        self.texts += len(batch)
        if self.texts > self.fail_at:
            raise KeyboardInterrupt
        return EMBEDDER.encode(batch)


def passage(document: str, section: str, number: int, text: str) -> Passage:
    span = (100 * number, 100 * number + len(text))
    return Passage(passage_id(document, section, *span), document, section, *span, text, f"{document} | {section}")


WORDS = [
    "dose",
    "renal",
    "bleeding",
    "rash",
    "pregnancy",
    "nausea",
    "infusion",
    "kidney",
    "warfarin",
    "colchicine",
    "digoxin",
    "2.5",
    "mg",
]
DRUGS = ("warfarin", "colchicine", "digoxin", "amiodarone")
SECTIONS = ("dosage", "pregnancy", "spl_unclassified_section", "spl_unclassified_section.2")


def shelf(seed: int = 0, documents: int = 60, first_row: int = 1) -> Shelf:
    chance = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(documents):
        day = date(2010, 1, 1) + timedelta(days=int(chance.integers(4000)))
        dated = chance.random() < 0.8
        superseded = chance.random() < 0.3
        about = tuple(chance.choice(DRUGS, size=int(chance.integers(0, 3)), replace=False).tolist())
        base = Row(
            0,
            passage("x", "x", 0, "x"),
            kind=list(Kind)[int(chance.integers(3))],
            published=day if dated else None,
            effective=day if dated and chance.random() < 0.7 else None,
            superseded_on=day + timedelta(days=400) if superseded else None,
            retracted=bool(chance.random() < 0.1),
            drugs=about,
        )
        for part in range(int(chance.integers(1, 9))):
            text = " ".join(chance.choice(WORDS, size=6).tolist())
            section = SECTIONS[part % len(SECTIONS)]
            found = passage(f"doc:{number:04d}", section, part, text)
            rows.append(replace(base, row_id=first_row + len(rows), passage=found))
    return Shelf(rows)
