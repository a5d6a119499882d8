"""LlamaIndex's hybrid retriever as its documentation sets it up: BM25Retriever and a FAISS index under reciprocal rank.

Set up so that it does as well as it can: FAISS by inner product, because the fusion sorts by score and the L2 distances
of its documentation would be sorted the wrong way round; the row id as metadata, because it merges nodes by a hash of
text and metadata; no words added to the text; both parts asked for as many as our own fusion asks for. It writes the
fused scores into the nodes that its parts return, which here are made anew for every question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rag.errors import MissingExtraError
from rag.evals.collection import Collection
from rag.retrieve import DEPTH

if TYPE_CHECKING:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

Search = Callable[[str, int], list[tuple[int, float]]]

BLOCK = 1024
"""Nodes inserted at a time: LlamaIndex wants vectors as lists, 12 kB each."""


def build(collection: Collection) -> Search:
    """Reads the same words and vectors as the other systems; raises `MissingExtraError`."""
    try:
        from llama_index.retrievers.bm25 import BM25Retriever
    except ImportError as error:
        raise MissingExtraError("LlamaIndex's BM25 and FAISS parts are not installed: install citerx[eval]") from error
    nodes = _nodes(collection)
    index, words = _vector_index(collection, nodes), BM25Retriever(nodes=list(nodes))
    depths: dict[int, QueryFusionRetriever] = {}

    def search(question: str, k: int) -> list[tuple[int, float]]:
        if k not in depths:
            depths[k] = _retriever(index, words, k, len(nodes))
        return [(found.node.metadata["row"], found.score or 0.0) for found in depths[k].retrieve(question)]

    return search


def _nodes(collection: Collection) -> list[TextNode]:
    from llama_index.core.schema import TextNode

    return [
        TextNode(
            id_=item.passage_id,
            text=item.indexed,
            metadata={"row": item.row},
            excluded_embed_metadata_keys=["row"],
            excluded_llm_metadata_keys=["row"],
        )
        for item in collection.items.values()
    ]


def _vector_index(collection: Collection, nodes: Sequence[TextNode]) -> VectorStoreIndex:
    import faiss
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.vector_stores.faiss import FaissVectorStore

    context = StorageContext.from_defaults(
        vector_store=FaissVectorStore(faiss_index=faiss.IndexFlatIP(collection.embedder.dimension))
    )
    index = VectorStoreIndex([], storage_context=context, embed_model=_embedding(collection))
    matrix = collection.vectors()
    for start in range(0, len(nodes), BLOCK):
        block = nodes[start : start + BLOCK]
        vectors = matrix[start : start + BLOCK].astype("float32")
        index.insert_nodes(
            [
                node.model_copy(update={"embedding": vector.tolist()})
                for node, vector in zip(block, vectors, strict=True)
            ]
        )
    return index


def _embedding(collection: Collection) -> BaseEmbedding:
    """The collection's embedder as LlamaIndex wants one; passages come with their vectors."""
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class Ours(BaseEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            vector: list[float] = collection.embedder.encode([query])[0].tolist()
            return vector

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_query_embedding(text)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    return Ours(model_name=collection.embedder.name)


def _retriever(index: VectorStoreIndex, words: BM25Retriever, k: int, nodes: int) -> QueryFusionRetriever:
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
    from llama_index.retrievers.bm25 import BM25Retriever

    depth = min(max(DEPTH, k), nodes)
    lexical = BM25Retriever(existing_bm25=words.bm25, similarity_top_k=depth)
    lexical.corpus = words.corpus
    return QueryFusionRetriever(
        [index.as_retriever(similarity_top_k=depth), lexical],
        llm=MockLLM(),  # asked for no further queries, but without one it looks for OpenAI's
        mode=FUSION_MODES.RECIPROCAL_RANK,
        similarity_top_k=k,
        num_queries=1,
        use_async=False,
    )
