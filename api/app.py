"""The application: routes, errors, metrics, the start page, and the task that keeps the index current."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

import anyio
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.deps import Engine, Service
from api.metrics import Observe
from api.routes import router
from rag.settings import Settings

WEB = Path(__file__).parent / "web"
DESCRIPTION = """Clinical answers in which every statement carries a citation that can be checked to the letter.

Decision support for clinicians; not a substitute for clinical judgement. Errors are problem JSON (RFC 9457), see
`/problems`."""


def create_app(settings: Settings, open_engine: Callable[[], Engine] | None = None) -> FastAPI:
    """The service over the store and the index that ``settings`` name; ``open_engine`` replaces the real engine."""
    service = Service(settings, open_engine or partial(real_engine, settings))
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="CiteRx",
        version=version("citerx"),
        description=DESCRIPTION,
        lifespan=_lifespan,
    )
    app.state.service = service
    app.include_router(router)
    app.add_api_route("/", _page, methods=["GET", "HEAD"], include_in_schema=False, response_class=FileResponse)
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    problems.install(app)
    app.add_middleware(problems.BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observe, metrics=service.metrics)  # added last: outermost, counts what the others answer
    return app


class SecurityHeaders:
    """Lets a page of this service load only this service's files; only /docs may run the script inside its page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        inline = " 'unsafe-inline'" if scope.get("path") == "/docs" else ""
        policy = f"default-src 'none'; script-src 'self'{inline}; style-src 'self'{inline}; img-src 'self' data:; "
        policy += "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self.app(scope, receive, with_headers)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.watch)  # healthz answers while the models load
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
    finally:
        service.close()


def real_engine(settings: Settings) -> Engine:
    """The engine that serves; takes seconds, see ``rag.engine.Engine.open``."""
    from rag.engine import Engine as RealEngine  # torch comes with it

    return RealEngine.open(settings, threads=1)  # the service answers several questions at once instead


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html")
