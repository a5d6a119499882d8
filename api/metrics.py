"""Prometheus metrics of one application (its own registry, so that two applications of a process do not mix)."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.indexes.generations import Manifest

BUCKETS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.3, 0.5, 0.8, 1.5, 3, 10)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Metrics:
    """Requests, latency per route and stage (seconds), answers by status, and the index being served."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "citerx_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "citerx_request_seconds", "Time to answer a request", ["route"], registry=self.registry, buckets=BUCKETS
        )
        self.stages = Histogram(
            "citerx_stage_seconds", "Time of a stage", ["route", "stage"], registry=self.registry, buckets=BUCKETS
        )
        self.answers = Counter("citerx_answers", "Answers given", ["status"], registry=self.registry)
        self.ready = Gauge("citerx_ready", "1 when an index is served", registry=self.registry)
        self.index = Gauge(
            "citerx_index_info", "The index being served", ["generation", "embedder"], registry=self.registry
        )
        self.size = Gauge("citerx_index_records", "Records in the index", ["record"], registry=self.registry)

    def staged(self, route: str, timings_ms: Mapping[str, float]) -> None:
        """Counts the stages of one request; ``timings_ms`` in milliseconds."""
        for stage, milliseconds in timings_ms.items():
            self.stages.labels(route, stage).observe(milliseconds / 1000)

    def render(self, manifest: Manifest | None) -> bytes:
        """The exposition in Prometheus' text format, for the index that ``manifest`` describes."""
        self.ready.set(manifest is not None)
        self.index.clear()
        if manifest:
            self.index.labels(manifest.generation, manifest.embedder).set(1)
            self.size.labels("passages").set(manifest.passages)
            self.size.labels("documents").set(manifest.documents)
        return generate_latest(self.registry)


class Observe:
    """Counts and times every request. Unknown paths and methods share one label: callers must not invent labels."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()  # an exception that passes through here ends as 500

        async def observed(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.latency.labels(route).observe(time.perf_counter() - start)
