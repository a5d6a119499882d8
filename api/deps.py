"""What routes need: the engine of the index being served, opened and swapped in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, ParamSpec, Protocol, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from api.metrics import Metrics
from api.problems import PROBLEMS, NotReadyError, OverloadedError, slug_of
from ingest.schema import Document, Passage
from rag.checks.recheck import Checked, Claimed
from rag.history.recall import Event
from rag.history.versions import Versions, WorkDiff
from rag.indexes.generations import Manifest
from rag.query import Query
from rag.settings import Settings
from rag.types import Answer, Filters, Hit

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)
MAX_WAITING = 32
"""Questions that wait for their turn; who comes later would have given up before being answered."""


class View(Protocol):
    """One index generation."""

    @property
    def manifest(self) -> Manifest:
        """What the generation holds."""


class Engine(Protocol):
    """What the service needs of ``rag.engine.Engine``; every method may block, so the service calls them in threads."""

    @property
    def ready(self) -> bool:
        """Whether there is an index to answer from."""

    @property
    def view(self) -> View:
        """The generation being served; raises ``IndexUnavailableError`` or why it cannot be opened."""

    def refresh(self) -> bool:
        """Swaps to a newer index generation; false where there is none; raises where it cannot be opened."""

    def close(self) -> None:
        """Closes the store."""

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
        max_references: int | None = None,
        generator: str | None = None,
    ) -> Answer:
        """The answer, which is stored too; None takes the setting."""

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[Query, list[Hit], dict[str, float]]:
        """The question as it was read, the ``k`` best passages, and milliseconds per stage."""

    def verify(self, claimed: Claimed | str) -> Checked:
        """What of a text with citations, or of the kept answer with this id, holds; raises ``NotFoundError``."""

    def document(self, document_id: str) -> Document:
        """The document with its sections; raises ``NotFoundError``."""

    def passage(self, passage_id: str) -> Passage:
        """The passage; raises ``NotFoundError``."""

    def answer(self, answer_id: str) -> dict[str, Any]:
        """The stored answer, as ``/ask`` gave it; raises ``NotFoundError``."""

    def recall(self, answer_id: str) -> list[Event]:
        """What became of its references since; raises ``NotFoundError``."""

    def versions(self, work_id: str) -> Versions:
        """Every version of a work; raises ``NotFoundError``."""

    def diff(
        self, work_id: str, start: str | None = None, end: str | None = None, section: str | None = None
    ) -> WorkDiff:
        """What changed between two versions, see ``rag.history.versions.diff_of``; raises ``NotFoundError``."""


class Service:
    """The state of one application: settings, metrics, and the engine once there is one.

    ``limiter`` holds the questions answered at a time to ``settings.threads``: more would only share the processor.
    The engine is opened once; an index that cannot be read is its `refresh`'s failure, and look-ups go on.
    """

    def __init__(self, settings: Settings, open_engine: Callable[[], Engine], interval: float = 1.0) -> None:
        self.settings, self.open_engine, self.interval = settings, open_engine, interval
        self.metrics = Metrics()
        self.limiter = CapacityLimiter(settings.threads)
        self.engine: Engine | None = None
        self.reason = "The service is starting."

    async def watch(self) -> None:
        """Opens the engine, then looks for a newer index every ``interval`` seconds; after failures less often."""
        delay, told = self.interval, ""
        while True:
            try:
                await to_thread.run_sync(self._step)
                delay, told = self.interval, ""
            except Exception as error:  # the edge of a background task, which must outlive a damaged index
                if str(error) != told:
                    log.exception("the engine or a newer index cannot be opened; trying again")
                delay, told = min(2 * delay, 60.0), str(error)
                self.reason = PROBLEMS[slug_of(error)].detail
            await anyio.sleep(delay)

    def _step(self) -> None:
        if self.engine is None:
            self.engine = self.open_engine()
        else:
            self.engine.refresh()

    def close(self) -> None:
        """Closes the engine, where there is one."""
        if self.engine is not None:
            self.engine.close()

    @property
    def manifest(self) -> Manifest | None:
        """What the index being served holds; None where there is none."""
        return self.engine.view.manifest if self.engine is not None and self.engine.ready else None

    def require(self) -> Engine:
        """The engine, or ``NotReadyError``."""
        if self.engine is None:
            raise NotReadyError(self.reason)
        return self.engine

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs inference in a thread, so that the event loop stays free; waits for its turn.

        Raises ``OverloadedError`` where ``MAX_WAITING`` are waiting.
        """
        if self.limiter.statistics().tasks_waiting >= MAX_WAITING:
            raise OverloadedError
        return await to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self.limiter)


def get_service(request: Request) -> Service:
    """The state that ``create_app`` made."""
    service: Service = request.app.state.service
    return service


def get_engine(service: Annotated[Service, Depends(get_service)]) -> Engine:
    """The engine, or the 503 problem."""
    return service.require()


ServiceDep = Annotated[Service, Depends(get_service)]
EngineDep = Annotated[Engine, Depends(get_engine)]
