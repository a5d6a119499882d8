"""The retriever and the query engine inside stock LlamaIndex components."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import date

import pytest
from llama_index.core import get_response_synthesizer
from llama_index.core.base.response.schema import Response
from llama_index.core.embeddings.mock_embed_model import MockEmbedding
from llama_index.core.llms.mock import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.prompts.mixin import PromptDictType
from llama_index.core.query_engine import (
    CitationQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
)
from llama_index.core.question_gen.types import BaseQuestionGenerator, SubQuestion
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.schema import MetadataMode, QueryBundle
from llama_index.core.selectors import EmbeddingSingleSelector
from llama_index.core.tools import QueryEngineTool, ToolMetadata

from ingest.passages import split
from rag import llama
from rag.answers.compose import markers
from rag.llama import CiteRxQueryEngine, CiteRxRetriever
from rag.query import Query
from rag.types import Answer, Filters, Hit
from tests.rag.bookshelf import Bookshelf, corpus
from tests.rag.test_engine import engine_of
from tests.rag.test_evidence import PAIR

GOUT = "What is the dose of colchicine for gout flares?"
PASSAGES = {passage.passage_id: passage for document in corpus() for passage in split(document)}
LLM = MockLLM(max_tokens=16)


class Shelf:
    """Finds every passage of the small corpus, in order; says in which thread."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def search(
        self, question: str, k: int = 10, filters: Filters | None = None, as_of: date | None = None
    ) -> tuple[Query, list[Hit], dict[str, float]]:
        assert question
        assert (filters, as_of) == (None, None)
        self.threads.append(threading.get_ident())
        hits = [
            Hit(passage, document, 1 / rank, ("drug",))
            for rank, (passage, document) in enumerate(((p, d) for d in corpus() for p in split(d)), 1)
        ]
        return Query(question), hits[:k], {}


class Asking:
    """Hands on to an engine, and says in which thread and for what."""

    def __init__(self) -> None:
        self.engine = engine_of(Bookshelf(corpus()))
        self.threads: list[int] = []
        self.limits: list[object] = []

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        as_of: date | None = None,
        max_references: int | None = None,
        generator: str | None = None,
    ) -> Answer:
        self.threads.append(threading.get_ident())
        self.limits.append((filters, as_of, max_references, generator))
        return self.engine.ask(
            question, filters=filters, as_of=as_of, max_references=max_references, generator=generator
        )


class PerDrug(BaseQuestionGenerator):
    """Asks of each drug on its own: what a language model would do, without one."""

    def generate(self, tools: Sequence[ToolMetadata], query: QueryBundle) -> list[SubQuestion]:
        drugs = [drug for drug in ("propafenone", "colchicine") if drug in query.query_str]
        return [SubQuestion(sub_question=f"Interactions of {drug}", tool_name=str(tools[0].name)) for drug in drugs]

    async def agenerate(self, tools: Sequence[ToolMetadata], query: QueryBundle) -> list[SubQuestion]:
        return self.generate(tools, query)

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """It has none."""


def tool(engine: CiteRxQueryEngine) -> QueryEngineTool:
    return QueryEngineTool.from_defaults(engine, name="citerx", description="Drug labels and papers, cited.")


def test_nodes_can_be_cited() -> None:
    nodes = CiteRxRetriever(Shelf(), k=3).retrieve("What is colchicine?")
    assert len(nodes) == 3
    for node in nodes:
        passage = PASSAGES[node.node.node_id]
        assert node.text == passage.text
        assert (node.metadata["start"], node.metadata["end"]) == (passage.start, passage.end)
        assert "example.org" not in node.node.get_content(MetadataMode.LLM)


def test_a_stock_query_engine_runs_on_it() -> None:
    engine = RetrieverQueryEngine(CiteRxRetriever(Shelf(), k=2), response_synthesizer=get_response_synthesizer(llm=LLM))
    response = engine.query("What is colchicine?")
    assert len(response.source_nodes) == 2
    assert str(response)


def test_postprocessors_take_its_nodes() -> None:
    engine = RetrieverQueryEngine(
        CiteRxRetriever(Shelf(), k=4),
        response_synthesizer=get_response_synthesizer(llm=LLM),
        node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=0.4)],
    )
    assert [node.score for node in engine.query("What is colchicine?").source_nodes] == [1.0, 0.5]


def test_the_citation_engine_keeps_what_can_be_cited() -> None:
    engine = CitationQueryEngine(CiteRxRetriever(Shelf(), k=3), llm=LLM)
    response = asyncio.run(engine.aquery("What is colchicine?"))
    assert len(response.source_nodes) == 3
    for node, passage in zip(response.source_nodes, PASSAGES.values(), strict=False):
        assert node.metadata["document_id"] == passage.document_id
        assert passage.text in node.text


def test_fusion_with_another_retriever() -> None:
    retrievers: list[BaseRetriever] = [CiteRxRetriever(Shelf(), k=2), CiteRxRetriever(Shelf(), k=3)]
    fusion = QueryFusionRetriever(retrievers, llm=LLM, num_queries=1, similarity_top_k=5, use_async=False)
    assert [node.node.node_id for node in fusion.retrieve("What is colchicine?")] == list(PASSAGES)[:3]


def test_coroutines_do_not_block_the_loop() -> None:
    shelf, asking = Shelf(), Asking()

    async def both() -> None:
        await CiteRxRetriever(shelf, k=1).aretrieve("What is colchicine?")
        await CiteRxQueryEngine(asking).aquery(GOUT)

    asyncio.run(both())
    assert threading.get_ident() not in {*shelf.threads, *asking.threads}
    assert len(shelf.threads) == len(asking.threads) == 1


def test_a_response_is_the_answer_with_a_node_for_each_reference() -> None:
    answer = engine_of(Bookshelf(corpus())).ask(PAIR)
    response = CiteRxQueryEngine(engine_of(Bookshelf(corpus()))).query(PAIR)
    assert isinstance(response, Response)
    assert str(response) == answer.answer
    assert response.metadata is not None
    assert (response.metadata["status"], response.metadata["confidence"]) == (answer.status, answer.confidence)
    assert response.metadata["answer_id"] == answer.answer_id
    assert "no_direct_evidence" in {notice["code"] for notice in response.metadata["notices"]}
    assert [node.node.node_id for node in response.source_nodes] == [item.passage_id for item in answer.references]
    assert {node.metadata["number"] for node in response.source_nodes} == markers(str(response))
    for node, reference in zip(response.source_nodes, answer.references, strict=True):
        passage = PASSAGES[node.node.node_id]
        assert node.metadata["citation"] == reference.citation
        assert node.metadata["url"] == reference.url
        assert "stance" in node.metadata
        for quote in node.metadata["quotes"]:
            start = quote["start"] - passage.start
            assert passage.text[start : start + len(quote["text"])] == quote["text"]
            assert quote["text"] in node.text
        shown = node.node.get_content(MetadataMode.LLM)
        assert reference.quotes[0].sha256 not in shown


def test_an_abstention_is_a_response() -> None:
    response = CiteRxQueryEngine(Asking()).query("What is the dose of fictumab?")
    assert isinstance(response, Response)
    assert response.metadata is not None
    assert response.metadata["status"] == "abstained"
    assert "fictumab" in str(response)


def test_limits_reach_the_engine() -> None:
    asking, filters = Asking(), Filters(drugs=("colchicine",))
    engine = CiteRxQueryEngine(
        asking, filters=filters, as_of=date(2024, 1, 1), max_references=2, generator="extractive"
    )
    assert len(engine.query(PAIR).source_nodes) <= 2
    assert asking.limits == [(filters, date(2024, 1, 1), 2, "extractive")]


def test_a_tool_and_a_router_hand_on_answer_and_sources() -> None:
    wrapped = tool(CiteRxQueryEngine(Asking()))
    output = wrapped.call(GOUT)
    assert "1.2 mg" in str(output)
    router = RouterQueryEngine(
        EmbeddingSingleSelector.from_defaults(MockEmbedding(embed_dim=4)),
        [wrapped],
        summarizer=None,
        llm=LLM,
    )
    response = router.query(GOUT)
    assert "1.2 mg" in str(response)
    assert isinstance(response, Response)
    assert response.metadata is not None
    assert response.metadata["status"] == "answered"
    assert {node.node.node_id for node in response.source_nodes} <= PASSAGES.keys()
    again = asyncio.run(router.aquery(GOUT))
    assert str(again) == str(response)


@pytest.mark.parametrize("use_async", [False, True])
def test_sub_questions_bring_their_sources(use_async: bool) -> None:
    engine = SubQuestionQueryEngine.from_defaults(
        [tool(CiteRxQueryEngine(Asking()))],
        llm=LLM,
        question_gen=PerDrug(),
        response_synthesizer=get_response_synthesizer(llm=LLM),
        verbose=False,
        use_async=use_async,
    )
    response = engine.query(PAIR)
    named = {node.metadata["drugs"] for node in response.source_nodes if "quotes" in node.metadata}
    assert named == {"propafenone", "colchicine"}


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.strip() for line in str(llama.__doc__).splitlines() if line.startswith("    ")]
    assert lines[0].startswith("engine = Engine.open(")
    known = {**vars(llama), "engine": engine_of(Bookshelf(corpus()))}
    exec("\n".join(lines[1:]), known)
    assert " partial [" in capsys.readouterr().out


def test_prompts_of_the_engine_are_not_changed_from_outside() -> None:
    engine = CiteRxQueryEngine(Asking())
    assert engine.get_prompts() == {}
