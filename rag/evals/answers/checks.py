"""What one answer is worth, statement by statement, against the store and against judged sentences.

Citation recall and precision are those of ALCE (Gao et al., 2023): a statement is recalled where all that it cites
bears it out together; a citation is precise where it bears the statement out alone, or the others do not without it.
In place of their language model judges what ``POST /verify`` judges with: the statement stands word for word in whole
sentences of its quotations, or no rule of `rag.checks.claims` objects and the shipped reader finds that it follows. So
a system that only quotes has values near 1 by construction: they say that its citations are sound, not that they
answer. That is what `Gold` is for. Neither is a human's judgement; ``--audit`` writes statements for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ingest.schema import Document
from rag.checks.recheck import Assertion, Checked, Cited, Claimed
from rag.errors import NotFoundError
from rag.evals.answers.sets import Spans
from rag.evals.answers.systems import Given
from rag.naming.ingredients import keys_of
from rag.types import Quote, Reference, Statement
from rag.verify import exactness

HALF = 0.5
"""Share of the shorter of two texts that must be common for one to stand for the other."""
SHORT = 5
"""Words below which a sentence is recognised by its place alone."""

Check = Callable[[Claimed], Checked]


@dataclass(slots=True)
class Shelf:
    """The documents of the store, each read once; ``find`` raises `NotFoundError`."""

    find: Callable[[str], Document]
    _read: dict[str, Document | None] = field(default_factory=dict)

    def document(self, document_id: str) -> Document | None:
        """The document, or None."""
        if document_id not in self._read:
            try:
                self._read[document_id] = self.find(document_id)
            except NotFoundError:
                self._read[document_id] = None
        return self._read[document_id]

    def text(self, document_id: str, section: str) -> str:
        """A section's text as ``GET /documents/{id}`` returns it; empty where there is none."""
        document = self.document(document_id)
        found = document.section(section) if document else None
        return found.text if found else ""

    def in_force(self, document_id: str) -> bool:
        """Whether it is there, not replaced and not retracted."""
        document = self.document(document_id)
        return document is not None and document.superseded_on is None and not document.retracted


def inexact(given: Given, shelf: Shelf) -> list[str]:
    """What is wrong with each quotation that is not what stands at its place, and each source not to be cited."""
    found = []
    for one in given.references:
        document = shelf.document(one.document_id)
        where = f"{one.document_id} {one.section}"
        if document is None:
            found.append(f"{where}: document missing")
            continue
        faults = [(quote, exactness(document, one.section, quote)) for quote in one.quotes]
        titles = (quote for said in given.statements if one.number in said.citations[:1] for quote in said.under)
        faults += [(quote, exactness(document, one.section, quote)) for quote in titles]
        found += [f"{where} {quote.start}-{quote.end}: {fault}" for quote, fault in faults if fault]
        if one.superseded or one.retracted or not shelf.in_force(one.document_id):
            found.append(f"{where}: replaced or retracted")
    return found


@dataclass(frozen=True, slots=True)
class Alce:
    """For each statement whether its citations bear it out together; for each citation whether it is precise."""

    recall: tuple[bool, ...]
    precision: tuple[bool, ...]


def alce(given: Given, check: Check) -> Alce:
    """Of the statements of one answer; ``check``: `Engine.verify`."""
    asked = {(one.text, part): Assertion(one.text, part) for one in given.statements for part in _parts(one.citations)}
    checked = check(Claimed(tuple(asked.values()), tuple(map(_cited, given.references))))
    borne = {key: one.support != "unsupported" for key, one in zip(asked, checked.statements, strict=True)}
    recall = [borne[one.text, one.citations] for one in given.statements]
    precision = [
        whole and (borne[one.text, (number,)] or not borne.get((one.text, _without(one.citations, number)), False))
        for one, whole in zip(given.statements, recall, strict=True)
        for number in one.citations
    ]
    return Alce(tuple(recall), tuple(precision))


def _parts(citations: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """All of them, each alone, all without each."""
    yield citations
    for number in citations if len(citations) > 1 else ():
        yield (number,)
        yield _without(citations, number)


def _without(citations: tuple[int, ...], number: int) -> tuple[int, ...]:
    return tuple(other for other in citations if other != number)


def _cited(one: Reference) -> Cited:
    return Cited(one.number, document_id=one.document_id, section=one.section, quotes=one.quotes)


def quotes_of(statement: Statement, given: Given) -> list[tuple[Reference, Quote]]:
    """The quotations that a statement is, else all of the references that it cites."""
    cited = [(one, quote) for one in given.references if one.number in statement.citations for quote in one.quotes]
    return [pair for pair in cited if pair[1].text == statement.text] or cited


@dataclass(frozen=True, slots=True)
class Gold:
    """The judged sentences of one question: by place, and by their words (case and white space aside)."""

    places: Mapping[tuple[str, str], Spans]
    words: Mapping[str, int]

    @staticmethod
    def of(places: Mapping[tuple[str, str], Spans], shelf: Shelf) -> Gold:
        """Of sentences whose documents the store has in force; the highest grade of equal words."""
        held = {place: spans for place, spans in places.items() if shelf.in_force(place[0]) and shelf.text(*place)}
        words: dict[str, int] = {}
        for place, spans in held.items():
            text = shelf.text(*place)
            for start, end, grade in spans:
                key = plain(text[start:end])
                words[key] = max(grade, words.get(key, 0))
        return Gold(held, words)

    @property
    def best(self) -> int:
        """The highest grade of all; -1 where the store has none of the sentences."""
        return max(self.words.values(), default=-1)

    def grade(self, statement: Statement, given: Given) -> int | None:
        """The best judged sentence that it has, by place or by its words; None where none of it was judged.

        A long statement has more chances: read it beside the number of words.
        """
        found = [
            grade
            for one, quote in quotes_of(statement, given)
            for start, end, grade in self.places.get((one.document_id, one.section), ())
            if _shared(start, end, quote.start, quote.end)
        ]
        said = plain(statement.text)
        found += [grade for words, grade in self.words.items() if words == said or _contains(words, said)]
        return max(found, default=None)


def plain(text: str) -> str:
    """Case and white space aside."""
    return " ".join(text.casefold().split())


def _shared(start: int, end: int, low: int, high: int) -> bool:
    return min(end, high) - max(start, low) >= HALF * max(1, min(end - start, high - low))


def _contains(words: str, said: str) -> bool:
    shorter, longer = sorted((words, said), key=len)
    return len(shorter.split()) >= SHORT and shorter in longer


def wrong_drug(statement: Statement, given: Given, named: frozenset[str], shelf: Shelf) -> bool:
    """Whether all that it cites are labels of drugs that the question does not name."""
    cited = [shelf.document(one.document_id) for one, _ in quotes_of(statement, given)]
    labels = [one for one in cited if one is not None]
    return bool(labels) and all(one.kind.value == "label" and not named & {*keys_of(one.drugs)} for one in labels)
