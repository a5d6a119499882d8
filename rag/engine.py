"""A question in, a checked answer out. Read this file to follow one question through the whole of `rag`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from ingest.errors import StoreError
from ingest.schema import Document, Passage, Table
from ingest.store import Store
from rag.answers.answering import respond
from rag.answers.compose import answer_to_dict
from rag.answers.finding import Request
from rag.answers.receipt import Asked, asked_of, receipt_of, sealed, thresholds
from rag.answers.replay import Replay, compare
from rag.checks.recheck import Checked, Claimed, check
from rag.dense import open_embedder
from rag.errors import GeneratorError, IndexUnavailableError, NotFoundError, RagError, ReplayError
from rag.evidence import Selector
from rag.generate import Generator
from rag.history.agreement import beside, compared
from rag.history.recall import Event, events_of
from rag.history.versions import Versions, WorkDiff, diff_of, versions_of
from rag.llm.generators import open_generators
from rag.query import Query, understand
from rag.ranking.tuned import Tuned
from rag.sentences.coverage import Coverage
from rag.sentences.coverage import Weights as CoverageWeights
from rag.sentences.reader import Reader
from rag.sentences.selectors import Plain, Weights
from rag.sentences.selectors import Tuned as TunedSelector
from rag.settings import Settings
from rag.types import Answer, Embedder, Filters, Hit, Judge, Notice, Receipt
from rag.view import DiskViews, View

log = logging.getLogger(__name__)

NO_INDEX = "no index is loaded: run `citerx ingest PATH...` and `citerx index`"

Timings = dict[str, float]
Record = TypeVar("Record")


class Library(Protocol):
    """What the engine needs of the store (`ingest.store.Store`)."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""

    def documents(self, document_ids: Iterable[str]) -> Mapping[str, Document]:
        """The documents that exist of these, without their sections."""

    def versions(self, work_id: str) -> Sequence[tuple[Document, int]]:
        """Every version of a work without its sections, and how many it has; the oldest first."""

    def passage(self, passage_id: str) -> Passage | None:
        """The passage, or None."""

    def same_words(
        self, passage_ids: Iterable[str], naming: str = "", as_of: date | None = None
    ) -> Mapping[str, Sequence[str]]:
        """For each passage the other labels in force that have the same words and ``naming`` in a drug's name."""

    def tables(self, passage_ids: Iterable[str]) -> Mapping[str, Sequence[Table]]:
        """The tables of the section that each passage is from."""

    def save_answer(self, answer_id: str, payload: Mapping[str, Any]) -> None:
        """Keeps an answer."""

    def answer(self, answer_id: str) -> dict[str, Any] | None:
        """A kept answer, or None."""

    def close(self) -> None:
        """Lets go of connections."""


class Views(Protocol):
    """Where index generations come from (`rag.view.DiskViews`)."""

    def stamp(self) -> str:
        """Names the newest complete generation; empty where there is none. Cheap: asked before every question."""

    def load(self) -> View:
        """That generation, opened; raises `IndexUnavailableError` or `IndexCorruptError`."""


class Engine:
    """Answers questions from one index generation at a time. Threads may share it.

    The same question on the same generation gets the same answer, apart from its id and timings. Where no generation
    can be opened the engine still looks up records; `view` says why, and `refresh` tries again.

    ``selector``: scores sentences; None: by words and the embedder. ``coverage``: tells whether they answer at all;
    None: their scores alone do. ``judge``: confirms what is no quote and tells on which side sources are; None: quotes
    alone are shown. ``models`` (names with checksums, by use) and ``device`` are
    for receipts: what else decides an answer.
    """

    def __init__(
        self,
        library: Library,
        views: Views,
        embedder: Embedder,
        generators: Mapping[str, Generator],
        *,
        generator: str = "extractive",
        max_references: int = 8,
        min_score: float = 0.3,
        min_coverage: float = 0.2,
        coverage: Coverage | None = None,
        selector: Selector | None = None,
        judge: Judge | None = None,
        models: Mapping[str, str] | None = None,
        device: str = "cpu",
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._library, self._views, self._generators = library, views, generators
        self._generator, self._max_references, self._min_score = generator, max_references, min_score
        self._min_coverage, self.coverage = min_coverage, coverage
        self.selector, self._judge, self._new_id = selector or Plain(embedder), judge, new_id
        self._models = {"embedder": embedder.name, "selector": self.selector.name, **(models or {})}
        if judge:
            self._models["judge"] = judge.name
        self._settings = {
            "device": device,
            "generator": generator,
            "max_references": max_references,
            "min_score": min_score,
            "min_coverage": min_coverage,
            **(thresholds() if judge else {}),
        }
        self._view: View | None = None
        self._trouble: RagError | StoreError = IndexUnavailableError(NO_INDEX)
        self._swap = threading.Lock()
        with suppress(RagError, StoreError):  # `view` raises it
            self.refresh()

    @staticmethod
    def open(settings: Settings, threads: int | None = None) -> Engine:
        """The engine over the store and the index of the settings; ``threads`` as `open_embedder` takes them.

        Without a usable index it opens and is not ready; `view` then raises `IndexUnavailableError` or what else
        `refresh` met. Raises `ModelError`, `StoreError`.
        """
        with ExitStack() as undo:
            store = Store.open(settings.database_url)
            undo.callback(store.close)
            embedder = open_embedder(settings, threads)
            tuned, reader = Tuned.of(embedder), Reader.of(embedder)
            engine = Engine(
                store,
                DiskViews(settings.index_dir, store, embedder, settings.device, reranker=tuned),
                embedder,
                open_generators(settings),
                generator=settings.generator,
                max_references=settings.max_references,
                min_score=settings.min_score,
                min_coverage=settings.min_coverage,
                coverage=Coverage(reader, CoverageWeights.read()) if reader else None,
                selector=TunedSelector(reader, Weights.read()) if reader else None,
                judge=reader,
                models={"retriever": tuned.name} if tuned else {},
                device=embedder.device,
            )
            undo.pop_all()
        return engine

    def close(self) -> None:
        """Closes the store; nothing may be asked afterwards."""
        self._library.close()

    @property
    def ready(self) -> bool:
        """Whether there is an index to answer from."""
        return self._view is not None

    @property
    def view(self) -> View:
        """The generation that serves; where there is none, raises `IndexUnavailableError` or what `refresh` met."""
        view = self._view
        if view is None:
            raise self._trouble.with_traceback(None)  # or it would hold the frames of every time it was raised
        return view

    def refresh(self) -> bool:
        """Swaps to a newer index generation if there is one; questions in progress finish on the old one.

        Raises `IndexUnavailableError`, `IndexCorruptError`, `MissingExtraError`, `StoreError` where the newer one
        cannot be opened; the old one then goes on serving.
        """
        with self._swap:
            stamp = self._views.stamp()
            if not stamp or (self._view is not None and self._view.stamp == stamp):
                return False
            try:
                self._view = self._views.load()
            except (RagError, StoreError) as error:
                self._trouble = error
                raise
            return True

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
        max_references: int | None = None,
        generator: str | None = None,
        keep: bool = True,
    ) -> Answer:
        """The answer, with ``keep`` in the store under its id; see `rag.answers.answering` for how it comes about.

        Raises what `view` does, and `GeneratorError`. An answer that could not be kept is still given, with the
        notice ``not_stored``: a reader at the bedside needs it more than the record does.
        """
        asked = Asked(question, filters or Filters(), as_of, max_references, generator)
        return self._kept(*self._made(asked)) if keep else sealed(*self._made(asked))

    def replay(self, answer_id: str) -> Replay:
        """A kept answer beside the one that its question gets now, which is not kept; see `rag.answers.replay`.

        Raises `NotFoundError`, `ReplayError` and what `view` does.
        """
        stored = self.answer(answer_id)
        try:
            again = sealed(*self._made(asked_of(receipt_of(stored))))
        except GeneratorError as error:
            raise ReplayError(f"the answer {answer_id!r} cannot be made again: {error}") from error
        return compare(stored, again, cache(self._library.document))

    def verify(self, claimed: Claimed | str) -> Checked:
        """What of a text with citations its sources bear out now, see `rag.checks.recheck`; a string: the id of a kept
        answer.

        Raises `NotFoundError` and what `view` does.
        """
        view = self.view
        if isinstance(claimed, str):
            claimed = Claimed.of_answer(self.answer(claimed))
        return check(claimed, self._library, view.resolver, self._judge)

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[Query, list[Hit], Timings]:
        """The question as it was read, the best ``k`` passages, each with the labels that agree with it or differ, and
        the milliseconds (``retrieve``, ``compare``, ``total``).
        """
        view, started = self.view, time.perf_counter()
        query = understand(question, view.resolver)
        hits = view.searcher.search(query, k, filters or Filters(), as_of)
        found = time.perf_counter()
        hits = compared(self._library, view, hits, as_of)
        ended = time.perf_counter()
        spent = {"retrieve": found - started, "compare": ended - found, "total": ended - started}
        return query, hits, {name: round(1000 * seconds, 1) for name, seconds in spent.items()}

    def document(self, document_id: str) -> Document:
        """The whole document; raises `NotFoundError`."""
        return _found(self._library.document(document_id), "document", document_id)

    def passage(self, passage_id: str) -> Passage:
        """The passage; raises `NotFoundError`."""
        return _found(self._library.passage(passage_id), "passage", passage_id)

    def answer(self, answer_id: str) -> dict[str, Any]:
        """A kept answer as the contract writes it; raises `NotFoundError`."""
        return _found(self._library.answer(answer_id), "answer", answer_id)

    def versions(self, work_id: str) -> Versions:
        """Every version of a work; raises `NotFoundError`."""
        return versions_of(self._library, work_id)

    def diff(
        self, work_id: str, start: str | None = None, end: str | None = None, section: str | None = None
    ) -> WorkDiff:
        """What changed between two versions of a work, see `rag.history.versions.diff_of`; raises `NotFoundError`."""
        return diff_of(self._library, work_id, start, end, section)

    def recall(self, answer_id: str) -> list[Event]:
        """What became of a kept answer's references since it was given; raises `NotFoundError`."""
        return list(events_of(self.answer(answer_id), self._library.documents))

    def _made(self, asked: Asked) -> tuple[Answer, Receipt]:
        """The answer and what it was made of; raises what `ask` does."""
        name = asked.generator or self._generator
        if name not in self._generators:
            there = ", ".join(sorted(self._generators))
            raise GeneratorError(f"the generator {name!r} is not set up here; there are: {there}")
        view, writer = self.view, self._generators[name]
        request = Request(
            answer_id=self._new_id(),
            question=asked.question,
            filters=asked.filters,
            as_of=asked.as_of,
            max_references=asked.max_references or self._max_references,
            generator=name,
            min_score=self._min_score,
            min_coverage=self._min_coverage,
        )
        receipt = Receipt(
            citerx=version("citerx"),
            index=view.manifest.generation,
            models=self._models,
            generator={"name": name, **writer.made_of},
            request=asked.to_json(),
            settings=self._settings,
            sha256="",
        )
        answer = respond(view, self._library, self.selector, writer, request, judge=self._judge, coverage=self.coverage)
        return beside(self._library, answer, asked.as_of), receipt

    def _kept(self, answer: Answer, receipt: Receipt) -> Answer:
        """The sealed answer, in the store unless that is not possible now."""
        given = sealed(answer, receipt)
        try:
            self._library.save_answer(given.answer_id, answer_to_dict(given))
        except StoreError as error:
            log.warning("answer %s is not kept: %s", answer.answer_id, error)
            notice = Notice("not_stored", "This answer could not be stored and cannot be fetched again by its id.")
            return sealed(replace(answer, notices=(*answer.notices, notice)), receipt)
        return given


def _found(record: Record | None, what: str, name: str) -> Record:
    if record is None:
        raise NotFoundError(f"no {what} has the id {name!r}")
    return record
