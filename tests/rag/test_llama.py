"""The retriever inside stock LlamaIndex components."""

from __future__ import annotations

from llama_index.core import get_response_synthesizer
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine

from ingest.passages import split
from rag.llama import CiteRxRetriever
from rag.types import Filters, Hit
from tests.rag.bookshelf import corpus


class Shelf:
    """Finds every passage of the small corpus, in order."""

    def search(self, question: str, k: int = 10, filters: Filters | None = None) -> tuple[list[Hit], dict[str, float]]:
        assert question
        assert filters is None
        hits = [Hit(passage, document, 1.0, ("drug",)) for document in corpus() for passage in split(document)]
        return hits[:k], {}


def test_nodes_can_be_cited() -> None:
    nodes = CiteRxRetriever(Shelf(), k=3).retrieve("What is colchicine?")
    passages = {passage.passage_id: passage for document in corpus() for passage in split(document)}
    assert len(nodes) == 3
    for node in nodes:
        passage = passages[node.node.node_id]
        assert node.text == passage.text
        assert (node.metadata["start"], node.metadata["end"]) == (passage.start, passage.end)


def test_a_stock_query_engine_runs_on_it() -> None:
    engine = RetrieverQueryEngine(
        CiteRxRetriever(Shelf(), k=2), response_synthesizer=get_response_synthesizer(llm=MockLLM(max_tokens=16))
    )
    response = engine.query("What is colchicine?")
    assert len(response.source_nodes) == 2
    assert str(response)
