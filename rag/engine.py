"""A question in, a checked answer out. Read this file to follow one question through the whole of `rag`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from ingest.errors import StoreError
from ingest.schema import Document, Passage
from ingest.store import Store
from rag.answering import Request, respond
from rag.compose import answer_to_dict
from rag.dense import open_embedder
from rag.errors import GeneratorError, IndexUnavailableError, NotFoundError, RagError
from rag.generate import Extractive, Generator
from rag.query import Query, understand
from rag.settings import Settings
from rag.tuned import Tuned
from rag.types import Answer, Embedder, Filters, Hit, Notice
from rag.view import DiskViews, View

log = logging.getLogger(__name__)

NO_INDEX = "no index is loaded: run `citerx ingest PATH...` and `citerx index`"

Timings = dict[str, float]
Record = TypeVar("Record")


class Library(Protocol):
    """What the engine needs of the store (`ingest.store.Store`)."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""

    def passage(self, passage_id: str) -> Passage | None:
        """The passage, or None."""

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
        min_score: float = 0.32,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._library, self._views, self._embedder, self._generators = library, views, embedder, generators
        self._generator, self._max_references, self._min_score = generator, max_references, min_score
        self._new_id = new_id
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
            engine = Engine(
                store,
                DiskViews(settings.index_dir, store, embedder, settings.device, reranker=Tuned.of(embedder)),
                embedder,
                {"extractive": Extractive()},
                generator=settings.generator,
                max_references=settings.max_references,
                min_score=settings.min_score,
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
    ) -> Answer:
        """The answer, kept in the store under its id; see `rag.answering` for how it comes about.

        Raises what `view` does, and `GeneratorError`. An answer that could not be kept is still given, with the
        notice ``not_stored``: a reader at the bedside needs it more than the record does.
        """
        name = generator or self._generator
        if name not in self._generators:
            raise GeneratorError(f"unknown generator {name!r}; there are: {', '.join(sorted(self._generators))}")
        request = Request(
            answer_id=self._new_id(),
            question=question,
            filters=filters or Filters(),
            as_of=as_of,
            max_references=max_references or self._max_references,
            generator=name,
            min_score=self._min_score,
        )
        answer = respond(self.view, self._library, self._embedder, self._generators[name], request)
        return self._kept(answer)

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[list[Hit], Timings]:
        """The best ``k`` passages, and the milliseconds it took (``retrieve``, ``total``)."""
        view, started = self.view, time.perf_counter()
        query = understand(question, view.resolver)
        hits = view.searcher.search(query, k, filters or Filters(), as_of)
        elapsed = round(1000 * (time.perf_counter() - started), 1)
        return hits, {"retrieve": elapsed, "total": elapsed}

    def understand(self, question: str) -> Query:
        """What `search` looks for: the question read with the names of the generation that serves."""
        return understand(question, self.view.resolver)

    def document(self, document_id: str) -> Document:
        """The whole document; raises `NotFoundError`."""
        return _found(self._library.document(document_id), "document", document_id)

    def passage(self, passage_id: str) -> Passage:
        """The passage; raises `NotFoundError`."""
        return _found(self._library.passage(passage_id), "passage", passage_id)

    def answer(self, answer_id: str) -> dict[str, Any]:
        """A kept answer as the contract writes it; raises `NotFoundError`."""
        return _found(self._library.answer(answer_id), "answer", answer_id)

    def _kept(self, answer: Answer) -> Answer:
        try:
            self._library.save_answer(answer.answer_id, answer_to_dict(answer))
        except StoreError as error:
            log.warning("answer %s is not kept: %s", answer.answer_id, error)
            notice = Notice("not_stored", "This answer could not be stored and cannot be fetched again by its id.")
            return replace(answer, notices=(*answer.notices, notice))
        return answer


def _found(record: Record | None, what: str, name: str) -> Record:
    if record is None:
        raise NotFoundError(f"no {what} has the id {name!r}")
    return record
