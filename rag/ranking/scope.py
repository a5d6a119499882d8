"""What a search may return: a `Scope`, and the columns of an index that it is applied to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.asked.sections import base
from rag.types import Filters

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

UNDATED = np.iinfo(np.int32).max
"""A day that was not stated, and for ``superseded`` one that has not come: later than any day asked for."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Restricts a search. None allows everything, an empty set nothing; dates are inclusive.

    ``drugs``: keys of which a passage's document must have one. ``sections``: slugs, which a repeated section shares
    (``x`` also admits ``x.2``). ``published_after``/``before`` leave out what has no date. ``as_of``: only what was in
    force at the end of that day: effective (else published) by then, not superseded by then; undated passages are out.
    Without ``as_of``, what is superseded by now is out unless ``include_superseded``. What is retracted by now is out
    whatever ``as_of`` says, unless ``include_retracted``: nobody is served by evidence known to be unsound.
    """

    drugs: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    sections: frozenset[str] | None = None
    published_after: date | None = None
    published_before: date | None = None
    as_of: date | None = None
    include_superseded: bool = False
    include_retracted: bool = False


def allowed_by(filters: Filters, as_of: date | None) -> Scope:
    """What the caller's filters allow of every drug and kind; those are left to the searches."""
    return Scope(
        sections=frozenset(filters.sections) or None,
        published_after=filters.published_after,
        published_before=filters.published_before,
        include_superseded=filters.include_superseded,
        include_retracted=filters.include_retracted,
        as_of=as_of,
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """What an index knows of its passages beside words and vectors. Passages of a document are neighbours.

    Per passage: ``rows`` (the store's row ids), ``document`` (its number), ``section`` (index into ``sections``).
    Per document: ``starts`` (position of its first passage, one more at the end), ``kind`` (index into ``kinds``),
    ``published``, ``effective``, ``superseded`` (proleptic ordinals, `UNDATED`), ``retracted``.
    Documents of drug i: ``drug_documents[drug_starts[i]:drug_starts[i + 1]]`` (compressed sparse rows).
    """

    rows: Longs
    document: Ints
    section: Ints
    starts: Longs
    kind: Ints
    published: Ints
    effective: Ints
    superseded: Ints
    retracted: NDArray[np.bool_]
    drug_starts: Longs
    drug_documents: Ints
    drugs: tuple[str, ...]
    kinds: tuple[str, ...]
    sections: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, scope: Scope) -> Longs:
        """The positions of the passages in ``scope``, ascending."""
        documents = self._documents(scope)
        if len(documents) == len(self.kind):
            positions = np.arange(len(self.rows), dtype=np.int64)
        else:
            positions = _ranges(self.starts[documents], self.starts[documents + 1])
        if scope.sections is None:
            return positions
        asked = scope.sections
        codes = _codes(self.sections, lambda slug: slug in asked or base(slug) in asked)
        return positions[np.isin(self.section[positions], codes)]

    def _documents(self, scope: Scope) -> Longs:
        found = np.arange(len(self.kind), dtype=np.int64) if scope.drugs is None else self._about(scope.drugs)
        keep = np.ones(len(found), dtype=np.bool_)
        if scope.kinds is not None:
            keep &= np.isin(self.kind[found], _codes(self.kinds, scope.kinds.__contains__))
        if not scope.include_retracted:
            keep &= ~self.retracted[found]
        if scope.published_after:
            keep &= (self.published[found] >= scope.published_after.toordinal()) & (self.published[found] != UNDATED)
        if scope.published_before:
            keep &= self.published[found] <= scope.published_before.toordinal()
        if scope.as_of:
            keep &= self.effective[found] <= scope.as_of.toordinal()
        if not scope.include_superseded:
            keep &= self.superseded[found] > (scope.as_of.toordinal() if scope.as_of else UNDATED - 1)
        return found[keep]

    def _about(self, drugs: Iterable[str]) -> Longs:
        codes = _codes(self.drugs, frozenset(drugs).__contains__)
        parts = [self.drug_documents[self.drug_starts[code] : self.drug_starts[code + 1]] for code in codes]
        return np.unique(np.concatenate(parts)).astype(np.int64) if parts else np.empty(0, dtype=np.int64)

    def save(self, folder: Path) -> None:
        """Writes one ``.npy`` file per array and ``names.json`` into the folder."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        names = {name: arrays.pop(name) for name in NAMES}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Columns:
        """What `save` wrote; arrays of passages are mapped, not read. Raises OSError or ValueError."""
        names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        values: dict[str, Any] = {name: tuple(names[name]) for name in NAMES}
        for name in (field.name for field in fields(Columns) if field.name not in NAMES):
            values[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
        return Columns(**values)


NAMES = ("drugs", "kinds", "sections")


def ordinal(day: date | None) -> int:
    """The day's proleptic ordinal, `UNDATED` for none."""
    return day.toordinal() if day else UNDATED


def _ranges(starts: Longs, ends: Longs) -> Longs:
    """``start, start + 1, ... end - 1`` of every pair, one after the other."""
    lengths = ends - starts
    offsets = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    positions: Longs = np.arange(lengths.sum(), dtype=np.int64) + offsets
    return positions


def _codes(names: Sequence[str], wanted: Callable[[str], bool]) -> list[int]:
    return [code for code, name in enumerate(names) if wanted(name)]
