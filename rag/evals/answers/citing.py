"""LlamaIndex's `CitationQueryEngine`, set up as its documentation does, over the service's own search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from llama_index.core.llms import LLM, CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.schema import NodeWithScore

from ingest.sentences import sentences
from rag.answers.compose import References
from rag.checks.cues import stems
from rag.checks.recheck import assertions
from rag.engine import Engine
from rag.evals.answers.systems import Given
from rag.llama import CiteRxRetriever
from rag.llm.generators import open_generators
from rag.llm.language import LanguageModel
from rag.query import Query
from rag.settings import Settings
from rag.types import Evidence, Filters, Hit, Statement

SOURCES = 6
"""Passages that the query engine is given."""
COPIED = 3
"""Sources that the stand-in copies from."""

_PROMPT = re.compile(r"\n-{6}\n(?P<sources>.*)\n-{6}\nQuery: (?P<question>.*)\nAnswer: ", re.DOTALL)
_SOURCE = re.compile(r"^Source (\d+):\n", re.MULTILINE)
_NEXT = re.compile(r"\n\s*\ntitle: .*\Z", re.DOTALL)  # what LlamaIndex says of the next source before its number


class Copyist(CustomLLM):
    """In the place of a language model where there is none: copies sentences and cites them, the same ones always."""

    @property
    def metadata(self) -> LLMMetadata:
        """A context that no prompt of ours exceeds."""
        return LLMMetadata(context_window=32_768, num_output=512, model_name="copyist")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ANN401, ARG002
        """Of each of the first sources the sentence that shares most words with the question."""
        return CompletionResponse(text=copied(prompt))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ANN401, ARG002
        """All of it at once."""
        text = copied(prompt)
        yield CompletionResponse(text=text, delta=text)


def copied(prompt: str) -> str:
    """The stand-in's answer to LlamaIndex's prompt."""
    found = _PROMPT.search(prompt)
    if not found:
        return ""
    asked = stems(found["question"])
    _, *parts = _SOURCE.split(found["sources"])
    pairs = list(zip(parts[::2], parts[1::2], strict=True))[:COPIED]
    return "\n".join(f"{_nearest(text, asked)} [{number}]" for number, text in pairs)


def _nearest(text: str, asked: set[str] | frozenset[str]) -> str:
    own = _NEXT.sub("", text)
    pieces = [own[start:end] for start, end in sentences(own)]
    return max(pieces, key=lambda piece: len(stems(piece) & asked), default="")


def model_of(settings: Settings) -> LLM:
    """The language model of the settings, a server's before a local one; the stand-in where there is none."""
    generators = open_generators(settings)
    for name in ("openai", "transformers"):
        found = generators.get(name)
        if isinstance(found, LanguageModel):
            return found.llm
    return Copyist()


class Remembering:
    """Searches, and keeps the hits of the last question, from which citations are made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.hits: list[Hit] = []

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[Query, list[Hit], dict[str, float]]:
        """As the engine does."""
        query, self.hits, timings = self._engine.search(question, k, filters, as_of)
        return query, self.hits, timings


class Citing:
    """The query engine as a system. What it writes is not verified: every sentence that it cites counts as said."""

    def __init__(self, engine: Engine, llm: LLM) -> None:
        self._searches = Remembering(engine)
        self._engine = CitationQueryEngine(CiteRxRetriever(self._searches, SOURCES), llm)

    def answer(self, question: str) -> Given:
        """Abstains only where it writes nothing."""
        response = self._engine.query(question)
        places = {(hit.passage.document_id, hit.passage.section, hit.passage.start): hit for hit in self._searches.hits}
        references = References(len(response.source_nodes) or 1)
        cited = [_evidence(node, places) for node in response.source_nodes]
        said = [
            Statement(one.text, _numbers(one.citations, cited, references), "entailed", 1.0)
            for one in assertions(str(response) if response.source_nodes else "")
        ]
        return Given("answered" if said else "abstained", tuple(said), references.listed())


def _evidence(node: NodeWithScore, places: dict[tuple[str, str, int], Hit]) -> Evidence:
    """The source as a quotation; a chunk that its splitter changed stands for the whole passage."""
    metadata = node.node.metadata
    hit = places[metadata["document_id"], metadata["section"], metadata["start"]]
    chunk = _SOURCE.sub("", node.node.get_content(), count=1).strip()
    at = hit.passage.text.find(chunk)
    text, start = (chunk, hit.passage.start + at) if chunk and at >= 0 else (hit.passage.text, hit.passage.start)
    return Evidence(hit, text, start, start + len(text), 1.0)


def _numbers(said: Sequence[int], cited: Sequence[Evidence], references: References) -> tuple[int, ...]:
    """The references of the sources that a sentence cites; a number of no source cites nothing."""
    known = [references.number(cited[number - 1]) for number in said if 1 <= number <= len(cited)]
    return tuple(dict.fromkeys(number for number in known if number))
