"""CiteRx as parts for LlamaIndex users. The engine itself does not use them."""

from __future__ import annotations

from typing import Protocol

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.types import Filters, Hit


class Searches(Protocol):
    """What the retriever needs of the engine (`rag.engine.Engine`)."""

    def search(self, question: str, k: int = 10, filters: Filters | None = None) -> tuple[list[Hit], dict[str, float]]:
        """The best ``k`` passages and the milliseconds it took."""


class CiteRxRetriever(BaseRetriever):
    """Drug-scoped hybrid retrieval as a LlamaIndex retriever.

    A node's id is the passage id; its metadata hold ``document_id``, ``section``, ``start``, ``end`` (offsets into the
    section's text), ``title``, ``url`` and ``drugs``, so that what is made of it can be cited and checked, ``also``
    (documents with the same words) and ``why`` (the rules that moved it).
    """

    def __init__(self, engine: Searches, k: int = 10, filters: Filters | None = None) -> None:
        super().__init__()
        self._engine, self._k, self._filters = engine, k, filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits, _ = self._engine.search(query_bundle.query_str, self._k, self._filters)
        return [_node(hit) for hit in hits]


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
    node = TextNode(
        id_=passage.passage_id,
        text=passage.text,
        metadata=metadata,
        # Offsets and addresses are for citing, not for a language model to read or an embedder to embed.
        excluded_llm_metadata_keys=["start", "end", "url", "document_id", "also", "why"],
        excluded_embed_metadata_keys=list(metadata),
    )
    return NodeWithScore(node=node, score=hit.score)
