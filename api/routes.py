"""The routes of docs/design.md, section 5: thin, no logic of their own."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.deps import EngineDep, ServiceDep
from api.problems import PROBLEMS, describe
from api.schemas import (
    AskRequest,
    DiffParams,
    ExplainedResponse,
    Health,
    Readiness,
    SearchParams,
    SearchRequest,
    SearchResponse,
    VerifyRequest,
)
from ingest.schema import Document, Passage
from rag.checks.recheck import Checked
from rag.history.recall import Event
from rag.history.versions import Versions, WorkDiff
from rag.types import Answer

router = APIRouter()


@router.post("/ask", tags=["questions"], responses=describe(400, 413, 422, 500, 503))
async def ask(body: AskRequest, service: ServiceDep, engine: EngineDep) -> Answer:
    """Answer a question with statements that each cite the exact words of a source.

    `quotes[].start` and `end` index the section's text that `GET /documents/{document_id}` returns. Where nothing
    relevant is found, `status` is `abstained`: that is an answer (200), not an error.
    """
    answer = await service.run(
        engine.ask,
        body.question,
        filters=body.restriction(),
        as_of=body.as_of,
        max_references=body.max_references,
        generator=body.generator,
    )
    service.metrics.staged("/ask", answer.timings_ms)
    service.metrics.answers.labels(answer.status).inc()
    return answer


@router.post("/search", tags=["questions"], responses=describe(400, 413, 422, 500, 503))
async def search(body: SearchRequest, service: ServiceDep, engine: EngineDep) -> SearchResponse | ExplainedResponse:
    """Find the passages that an answer would be made from, best first.

    With `explain` each hit says which rankings and rules put it there, and `query` what was understood.
    """
    query, hits, timings = await service.run(engine.search, body.question, body.k, body.restriction(), body.as_of)
    service.metrics.staged("/search", timings)
    return (ExplainedResponse if body.explain else SearchResponse).of(query, hits, timings)


@router.get("/search", tags=["questions"], responses=describe(422, 500, 503))
async def search_link(
    params: Annotated[SearchParams, Query()], service: ServiceDep, engine: EngineDep
) -> SearchResponse | ExplainedResponse:
    """The same as a link that a browser opens: `/search?question=...&explain=true`."""
    return await search(params.request(), service, engine)


@router.post("/verify", tags=["questions"], responses=describe(400, 404, 413, 422, 500, 503))
async def verify(body: VerifyRequest, service: ServiceDep, engine: EngineDep) -> Checked:
    """Check any text with citations, or a kept answer again, against the sources as they are now.

    A statement is `verbatim` or `entailed` where what it cites bears it out, else `unsupported`, and `faults` says why.
    """
    return await service.run(engine.verify, body.claimed())


@router.get("/documents/{document_id:path}", tags=["records"], responses=describe(404, 422, 503))
async def document(document_id: str, engine: EngineDep) -> Document:
    """One version of a source, with its sections; quotes index the sections' `text`."""
    return await run_sync(engine.document, document_id)


@router.get("/passages/{passage_id}", tags=["records"], responses=describe(404, 422, 503))
async def passage(passage_id: str, engine: EngineDep) -> Passage:
    """A unit of retrieval: `text` stands at `start` to `end` of its section's text."""
    return await run_sync(engine.passage, passage_id)


@router.get("/answers/{answer_id}", tags=["records"], response_model=Answer, responses=describe(404, 422, 503))
async def answer(answer_id: str, engine: EngineDep) -> Response:
    """An answer that was given before, as it was given, with its receipt: what it was made of and its checksum."""
    return JSONResponse(await run_sync(engine.answer, answer_id))


@router.get("/answers/{answer_id}/recall", tags=["records"], responses=describe(404, 422, 503))
async def recall(answer_id: str, engine: EngineDep) -> list[Event]:
    """What became of an answer's references since it was given: retracted, doubted, corrected, replaced, gone."""
    return await run_sync(engine.recall, answer_id)


@router.get("/works/{work_id:path}/versions", tags=["records"], responses=describe(404, 422, 503))
async def versions(work_id: str, engine: EngineDep) -> Versions:
    """Every version of a label or paper, the oldest first, with the dates between which it was in force."""
    return await run_sync(engine.versions, work_id)


@router.get("/works/{work_id:path}/diff", tags=["records"], responses=describe(404, 422, 503))
async def diff(
    work_id: str, params: Annotated[DiffParams, Query()], service: ServiceDep, engine: EngineDep
) -> WorkDiff:
    """What changed from one version to another, sentence by sentence; by default from the last but one to the last.

    `before` and `after` of an edit index the section's text of their own version, as quotes do.
    """
    return await service.run(engine.diff, work_id, params.start, params.end, params.section)


@router.get("/healthz", tags=["operation"])
async def healthz() -> Health:
    """The process is alive; says nothing about the index."""
    return Health(version=version("citerx"))


@router.get("/readyz", tags=["operation"], responses=describe(503))
async def readyz(engine: EngineDep) -> Readiness:
    """Questions can be answered; 503 until an index is being served."""
    manifest = engine.view.manifest
    return Readiness(
        index=manifest.generation,
        embedder=manifest.embedder,
        documents=manifest.documents,
        passages=manifest.passages,
        indexed_at=manifest.indexed_at,
        newest_source=manifest.newest_source,
        demonstration=manifest.demonstration,
    )


@router.get("/metrics", tags=["operation"], response_class=Response)
async def metrics(service: ServiceDep) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(service.metrics.render(service.manifest), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems", tags=["operation"])
async def problems() -> dict[str, dict[str, Any]]:
    """Every kind of error that this service answers with; a problem's `type` points into this list."""
    return {slug: asdict(kind) for slug, kind in PROBLEMS.items()}
