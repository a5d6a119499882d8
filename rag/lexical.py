"""Word search: BM25 over passages in tantivy. Knows positions (0, 1, 2, ... in the index's order), not row ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from math import log
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Filter, Occur, Query, Tokenizer

from rag.errors import IndexBuildError, IndexCorruptError

CONTEXT_BOOST = 1.0
"""What a word found in a passage's context line weighs, where one in its text weighs 1."""

MAX_TERMS = 256
"""Distinct words of a question that are searched for; a pasted page must not hold up everybody else."""

HEAP_BYTES = 256_000_000
ANALYSER = "english_numbers"
# A number keeps its decimal point ("2.5", "1,200"); letters and digits stay together ("CYP3A4").
WORDS = r"[0-9]+(?:[.,][0-9]+)+|[\p{L}\p{M}\p{N}]+"
LONGEST_WORD = 60
_WORD = re.compile(r"[0-9]+(?:[.,][0-9]+)+|[^\W_]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed of one passage: words of ``text`` and ``context``; the rest as whole terms to filter by."""

    position: int
    text: str
    context: str
    kind: str
    sections: tuple[str, ...]
    drugs: tuple[str, ...]


def analyse(text: str) -> list[str]:
    """The terms of ``text`` as the index holds them: lower case, without accents, stemmed; numbers stay whole.

    >>> analyse("Naïve patients: 2.5 mg of a CYP3A4-inhibitor")
    ['naiv', 'patient', '2.5', 'mg', 'of', 'a', 'cyp3a4', 'inhibitor']
    """
    return list(_analyser().analyze(_encodable(text)))


def analysed(text: str) -> tuple[str, ...]:
    """`analyse` of composed (NFC) text, in half the time where its words have been met before."""
    return tuple(chain.from_iterable(map(_word, _WORD.findall(text))))


def write(folder: Path, entries: Iterable[Entry]) -> None:
    """Makes the index of ``entries`` in the empty, existing ``folder``; raises `IndexBuildError`.

    One thread writes, so that documents keep the order of their positions and a rebuild makes the same segments.
    """
    schema = _schema()
    with _explained(folder):
        index = tantivy.Index(schema, path=str(folder), reuse=False)
        index.register_tokenizer(ANALYSER, _analyser())
        writer = index.writer(HEAP_BYTES, 1)
    for entry in entries:
        document = tantivy.Document.from_dict(_fields(entry), schema)
        with _explained(folder):
            writer.add_document(document)
    with _explained(folder):
        writer.commit()
        writer.wait_merging_threads()


class Lexical:
    """Searches a folder that `write` made. Threads may share it; it stays usable when the folder is deleted."""

    def __init__(self, folder: Path) -> None:
        try:
            index = tantivy.Index.open(str(folder))
            index.register_tokenizer(ANALYSER, _analyser())
            index.config_reader("manual")  # a generation never changes: no thread that watches its files
            self._schema, self._searcher = index.schema, index.searcher()
        except (OSError, ValueError) as error:
            raise IndexCorruptError(f"{folder}: {error}; run `citerx index --rebuild`") from error

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(
        self,
        terms: Iterable[str],
        limit: int,
        *,
        drugs: Iterable[str] | None = None,
        kinds: Iterable[str] | None = None,
        sections: Iterable[str] | None = None,
        context_boost: float = CONTEXT_BOOST,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions and BM25 scores of the best ``limit`` passages that hold any of ``terms`` (see `analyse`).

        Best first, equal scores by position. Filters name terms of which a passage must have one; None allows all.
        They do not change scores.
        """
        query = self._words(terms, context_boost)
        filters = {"drug": drugs, "kind": kinds, "section": sections}
        required = [self._any(name, allowed) for name, allowed in filters.items() if allowed is not None]
        if required:
            query = Query.boolean_query([(Occur.Must, part) for part in (query, *required)])
        hits = self._searcher.search(query, max(limit, 1), count=False).hits
        addresses = [address for _, address in hits]
        positions = np.array(self._searcher.fast_field_values("position", addresses), dtype=np.int64)
        # Rounded, because the last digits depend on the order in which a passage's terms were added up.
        scores = np.array([score for score, _ in hits], dtype=np.float64).round(4)
        order = np.lexsort((positions, -scores))
        return positions[order], scores[order]

    def rarity(self, terms: Iterable[str]) -> list[float]:
        """BM25's inverse document frequency of each term in the field of the texts."""
        total = len(self)
        counts = [int(self._searcher.doc_freq("text", term)) for term in terms]
        return [log(1 + (total - count + 0.5) / (count + 0.5)) for count in counts]

    def frequency(self, terms: Iterable[str]) -> list[float]:
        """The share of passages that have each term in the field of the texts."""
        return [int(self._searcher.doc_freq("text", term)) / max(1, len(self)) for term in terms]

    def _words(self, terms: Iterable[str], context_boost: float) -> Query:
        counted = list(Counter(terms).items())[:MAX_TERMS]
        fields = (("text", 1.0), ("context", context_boost))
        parts = [
            (Occur.Should, Query.boost_query(Query.term_query(self._schema, field, term, "freq"), count * boost))
            for term, count in counted
            for field, boost in fields
            if boost
        ]
        return Query.boolean_query(parts) if parts else Query.empty_query()

    def _any(self, field: str, values: Iterable[str]) -> Query:
        """Passages with one of ``values``, at no score; a union of terms is faster here than a term set."""
        parts = [(Occur.Should, Query.term_query(self._schema, field, _encodable(value), "basic")) for value in values]
        return Query.const_score_query(Query.boolean_query(parts), 0.0) if parts else Query.empty_query()


@lru_cache(100_000)
def _word(word: str) -> tuple[str, ...]:
    return tuple(map(intern, analyse(word)))


@cache
def _analyser() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(Tokenizer.regex(WORDS))
    filters = (Filter.remove_long(LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold(), Filter.stemmer("english"))
    for step in filters:
        builder = builder.filter(step)
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("position", fast=True)
    for name in ("text", "context"):
        builder.add_text_field(name, tokenizer_name=ANALYSER, index_option="freq")
    for name in ("drug", "kind", "section"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _fields(entry: Entry) -> dict[str, Any]:
    filters = {"drug": list(entry.drugs), "kind": entry.kind, "section": list(entry.sections)}
    return {"position": entry.position, "text": entry.text, "context": entry.context, **filters}


def _encodable(text: str) -> str:
    """Lone surrogates, which JSON may carry, replaced: tantivy takes UTF-8 only."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """tantivy tells every failure of its writer as a ValueError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise IndexBuildError(f"{folder}: cannot be written: {error}; check free space and permissions") from error
