"""CiteRx as parts for LlamaIndex users: a retriever and a query engine. The engine itself does not use them.

    engine = Engine.open(Settings())
    nodes = CiteRxRetriever(engine, k=5, filters=Filters(kinds=("label",))).retrieve("colchicine and clarithromycin")
    response = CiteRxQueryEngine(engine).query("Can colchicine be taken with clarithromycin?")
    print(response, response.metadata["status"], [node.metadata["citation"] for node in response.source_nodes])

The retriever feeds any LlamaIndex query engine; what such an engine writes is not verified. The query engine gives
CiteRx's own answers, whose quotes are checked, and stands wherever LlamaIndex takes a query engine or a tool.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.query import Query
from rag.types import Answer, Filters, Hit, Reference


class Searches(Protocol):
    """What the retriever needs of the engine (`rag.engine.Engine`)."""

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[Query, list[Hit], dict[str, float]]:
        """The question as it was read, the best ``k`` passages, and the milliseconds it took."""


class Asks(Protocol):
    """What the query engine needs of the engine (`rag.engine.Engine`)."""

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
        max_references: int | None = None,
        generator: str | None = None,
    ) -> Answer:
        """The answer; None takes the setting."""


class CiteRxRetriever(BaseRetriever):
    """Drug-scoped hybrid retrieval as a LlamaIndex retriever. In coroutines it searches in a thread.

    A node's id is the passage id; its metadata hold ``document_id``, ``section``, ``start``, ``end`` (offsets into the
    section's text), ``title``, ``url`` and ``drugs``, so that what is made of it can be cited and checked, ``also``
    (documents with the same words) and ``why`` (the rules that moved it).
    """

    def __init__(
        self, engine: Searches, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> None:
        super().__init__()
        self._engine, self._k, self._filters, self._as_of = engine, k, filters, as_of

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        _, hits, _ = self._engine.search(query_bundle.query_str, self._k, self._filters, self._as_of)
        return [_node(hit) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class CiteRxQueryEngine(BaseQueryEngine):
    """CiteRx's answers as a LlamaIndex query engine: a `Response` of the text with its ``[1]`` markers.

    ``source_nodes``: one for each reference in its order, with the passage id, the quoted words as text, and metadata
    ``number``, ``document_id``, ``section``, ``quotes`` (text, offsets, hash), ``citation``, ``url``, ``stance`` and
    others; its score is that of the best statement citing it. ``metadata``: ``answer_id``, ``status``, ``confidence``,
    ``notices``, ``safety``. An abstention is a response as well: look at ``status``. Raises what the engine does.
    """

    def __init__(
        self,
        engine: Asks,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
        max_references: int | None = None,
        generator: str | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self._engine, self._filters, self._as_of = engine, filters, as_of
        self._max_references, self._generator = max_references, generator

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _response(
            self._engine.ask(
                query_bundle.query_str,
                filters=self._filters,
                as_of=self._as_of,
                max_references=self._max_references,
                generator=self._generator,
            )
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}  # prompts are versioned files of this project, not to be changed from outside


def _response(answer: Answer) -> Response:
    metadata = {
        "answer_id": answer.answer_id,
        "status": answer.status,
        "confidence": answer.confidence,
        "notices": [asdict(notice) for notice in answer.notices],
        "safety": [asdict(item) for item in answer.safety],
    }
    return Response(answer.answer, [_cited(reference, answer) for reference in answer.references], metadata)


def _cited(reference: Reference, answer: Answer) -> NodeWithScore:
    scores = [item.score for item in answer.statements if reference.number in item.citations]
    metadata = {
        "number": reference.number,
        "title": reference.title,
        "drugs": ", ".join(reference.drugs),
        "document_id": reference.document_id,
        "kind": reference.kind,
        "section": reference.section,
        "version": reference.version,
        "published": reference.published.isoformat() if reference.published else None,
        "superseded": reference.superseded,
        "citation": reference.citation,
        "url": reference.url,
        "stance": reference.stance,
        "quotes": [asdict(quote) for quote in reference.quotes],
    }
    text = "\n".join(quote.text for quote in reference.quotes)
    return NodeWithScore(node=_text_node(reference.passage_id, text, metadata), score=max(scores, default=None))


def _node(hit: Hit) -> NodeWithScore:
    passage, document = hit.passage, hit.document
    metadata = {
        "document_id": passage.document_id,
        "section": passage.section,
        "start": passage.start,
        "end": passage.end,
        "title": document.title,
        "url": document.url,
        "drugs": ", ".join(hit.drugs),
        "also": ", ".join(hit.also),
        "why": "; ".join(rule.reason for rule in hit.rules),
    }
    return NodeWithScore(node=_text_node(passage.passage_id, passage.text, metadata), score=hit.score)


def _text_node(node_id: str, text: str, metadata: dict[str, Any]) -> TextNode:
    """Title, drugs and section go to a language model; the rest is for citing, not to be read or embedded."""
    hidden = [name for name in metadata if name not in {"title", "drugs", "section"}]
    return TextNode(
        id_=node_id,
        text=text,
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=list(metadata),
    )
