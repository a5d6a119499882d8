"""The systems compared, each of which answers a question with statements that cite references.

The service with each generator that the settings have, the first three passages of its search as they stand, and
LlamaIndex's query engine with citations over the same search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from rag.answers.compose import References
from rag.engine import Engine
from rag.settings import Settings
from rag.types import Evidence, Hit, Reference, Statement, Status

PASSAGES = 3
"""Passages of the plain baseline."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a system answers, in the contract's words. ``notices``: codes; ``timings_ms``: of stages that it tells.

    A statement's ``support`` is what the system says of it. ``confidence``: 1 where it has none of its own.
    """

    status: Status
    statements: tuple[Statement, ...]
    references: tuple[Reference, ...]
    notices: tuple[str, ...] = ()
    confidence: float = 1.0
    timings_ms: Mapping[str, float] = field(default_factory=dict)


class System(Protocol):
    """Answers questions. Conformance: every one of `SYSTEMS` runs in ``tests/rag/evals/test_answers.py``."""

    def answer(self, question: str) -> Given:
        """The answer, kept nowhere; raises what `Engine.ask` does."""


class Service:
    """The engine with one of its generators."""

    def __init__(self, engine: Engine, generator: str) -> None:
        self._engine, self._generator = engine, generator

    def answer(self, question: str) -> Given:
        """As ``POST /ask`` answers."""
        found = self._engine.ask(question, generator=self._generator, keep=False)
        codes = tuple(notice.code for notice in found.notices)
        return Given(found.status, found.statements, found.references, codes, found.confidence, found.timings_ms)


class FirstThree:
    """The first passages of the search, each a statement that quotes itself whole."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def answer(self, question: str) -> Given:
        """Abstains only where nothing is found."""
        _, hits, timings = self._engine.search(question, PASSAGES)
        references = References(PASSAGES)
        quoted = [quote(hit) for hit in hits]
        said = [Statement(item.text, (references.number(item) or 0,), "verbatim", 1.0) for item in quoted]
        return Given("answered" if said else "abstained", tuple(said), references.listed(), timings_ms=timings)


def quote(hit: Hit) -> Evidence:
    """The whole passage."""
    return Evidence(hit, hit.passage.text, hit.passage.start, hit.passage.end, 1.0)


@dataclass(frozen=True, slots=True)
class Kind:
    """``note``: one line for the report; ``build`` makes a system ready; ``own``: whether it is the service."""

    note: str
    build: Callable[[Engine, Settings], System]
    own: bool = False


def _service(engine: Engine, _settings: Settings, name: str) -> System:
    return Service(engine, name)


def _first_three(engine: Engine, _settings: Settings) -> System:
    return FirstThree(engine)


def _llamaindex(engine: Engine, settings: Settings) -> System:
    from rag.evals.answers.citing import Citing, model_of  # LlamaIndex's query engines take seconds to import

    return Citing(engine, model_of(settings))


SYSTEMS: Mapping[str, Kind] = {
    "extractive": Kind("the service, quotations alone", partial(_service, name="extractive"), own=True),
    "transformers": Kind("the service with the local language model", partial(_service, name="transformers"), own=True),
    "openai": Kind("the service with the language model of the server", partial(_service, name="openai"), own=True),
    "first-three": Kind("the first three passages of the service's search, whole", _first_three),
    "llamaindex": Kind(
        "LlamaIndex CitationQueryEngine over the service's search, with the settings' language model; where there is "
        "none with a stand-in that is no language model: of each of the first three sources it copies the sentence "
        "that shares most words with the question",
        _llamaindex,
    ),
}
"""A new system is one more row."""


def usual(settings: Settings) -> tuple[str, ...]:
    """The systems that these settings can run."""
    absent = {"transformers": not settings.llm_folder, "openai": not settings.llm_server}
    return tuple(name for name in SYSTEMS if not absent.get(name))
