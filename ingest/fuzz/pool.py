"""Processes that do numbered work and may die or hang: each loss is told, the process replaced, the rest goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

START_SECONDS = 60
"""How long a new process may take until it is ready."""

Serve = Callable[[Connection], None]
"""Sends None when it is ready; then answers each number with an object, until the other end is closed.

Must be picklable: a function of a module, or a partial of one.
"""


@dataclass(frozen=True, slots=True)
class Lost:
    """The work with this number ended its process, or was ended since it took too long; ``seconds`` it had."""

    number: int
    reason: str
    seconds: float


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    number: int | None = None
    since: float = 0


def work(numbers: Iterable[int], serve: Serve, processes: int, seconds: float) -> Iterator[object | Lost]:
    """What ``serve`` answers to each number, in any order; Lost where it gives none within ``seconds``.

    Raises RuntimeError where a process does not even become ready.
    """
    todo = deque(numbers)
    workers = [_start(serve) for _ in range(min(processes, len(todo)))]
    try:
        while workers:
            wait([worker.connection for worker in workers], timeout=0.2)
            for worker in list(workers):
                for answer in _answers(worker, seconds):
                    if worker.number is not None:
                        yield answer
                    if isinstance(answer, Lost) or not todo:
                        _end(worker)
                        workers.remove(worker)
                        workers += [_start(serve)] if todo else []
                    else:
                        _give(worker, todo.popleft())
    finally:
        for worker in workers:
            _end(worker)


def _start(serve: Serve) -> _Worker:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, mine, since=time.monotonic())


def _give(worker: _Worker, number: int) -> None:
    worker.number, worker.since = number, time.monotonic()
    with contextlib.suppress(ConnectionError):  # it died while it waited: the next look finds out
        worker.connection.send(number)


def _answers(worker: _Worker, seconds: float) -> list[object]:
    """The answer where there is one, or Lost; nothing where the process is still at it."""
    took = time.monotonic() - worker.since
    try:
        if worker.connection.poll():
            return [worker.connection.recv()]
    except (EOFError, ConnectionError):
        worker.process.join(5)
        reason = f"crash: the process ended with {worker.process.exitcode}"
    else:
        if took < (START_SECONDS if worker.number is None else seconds):
            return []
        reason = f"hang: no end in {seconds:g} s"
    if worker.number is None:
        raise RuntimeError(f"a process did not become ready: {reason}")
    return [Lost(worker.number, reason, took)]


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join()
