"""Every error of the service as problem JSON (RFC 9457).

``PROBLEMS`` is the whole list: ``GET /problems`` shows it and a problem's ``type`` points into it. ``BY_ERROR`` and
``BY_STATUS`` alone decide which exception becomes which problem. Details never carry what an unexpected exception says.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.errors import StoreError
from rag.errors import (
    EmbedderMismatchError,
    GeneratorError,
    IndexBuildError,
    IndexCorruptError,
    IndexUnavailableError,
    MissingExtraError,
    ModelError,
    NotFoundError,
)

log = logging.getLogger(__name__)
MAX_BODY = 64 * 1024  # bytes; the longest question with every filter that makes sense takes less
MEDIA_TYPE = "application/problem+json"


class NotReadyError(Exception):
    """The service has not opened an index yet; the message says why, in words that may be shown."""


class OverloadedError(Exception):
    """Too many questions are waiting for their turn."""


class Problem(BaseModel):
    """What every error answers (RFC 9457); ``errors`` names the fields that a validation refused."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of problem: its status, its title, and the detail where the error brings none."""

    status: int
    title: str
    detail: str


PROBLEMS = {
    "bad-request": Kind(400, "Bad request", "The request cannot be read: its body is no UTF-8, or nested too deep."),
    "not-found": Kind(404, "Not found", "There is nothing here; /openapi.json lists what there is."),
    "method-not-allowed": Kind(405, "Method not allowed", "The Allow header lists the methods of this path."),
    "body-too-large": Kind(413, "Body too large", f"A request's body may have {MAX_BODY} bytes."),
    "validation": Kind(
        422, "Request not valid", "The body is no JSON, or a field is not as wanted: `errors` names each and says why."
    ),
    "generator": Kind(
        422, "Generator not usable", "This generator is not set up or not installed; an unknown name is `validation`."
    ),
    "internal": Kind(500, "Internal error", "The service failed on this request; its log says why."),
    "not-ready": Kind(503, "Not ready", "The service is starting or there is no index yet: run `citerx index`."),
    "index-corrupt": Kind(503, "Index damaged", "The index does not match its manifest: run `citerx index --rebuild`."),
    "index-build": Kind(503, "Index not built", "The index cannot be built; the service's log says why."),
    "overloaded": Kind(503, "Overloaded", "Too many questions are waiting; ask again after `Retry-After` seconds."),
    "model": Kind(503, "Model not usable", "A model cannot be loaded; the service's log says why."),
    "store": Kind(503, "Store not usable", "The store cannot be read; the service's log says why."),
}
BY_STATUS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}
BY_ERROR: dict[type[Exception], str] = {
    NotReadyError: "not-ready",
    OverloadedError: "overloaded",
    IndexUnavailableError: "not-ready",
    IndexCorruptError: "index-corrupt",
    IndexBuildError: "index-build",
    NotFoundError: "not-found",
    GeneratorError: "generator",
    MissingExtraError: "generator",
    ModelError: "model",
    StoreError: "store",
}
# Their messages are written for the caller; the others' may name paths of the machine and go to the log.
SHOWN = (NotReadyError, EmbedderMismatchError, NotFoundError, GeneratorError, MissingExtraError)


def slug_of(error: Exception) -> str:
    """Which problem an exception is: that of its own class, else of the nearest one it derives from."""
    return next((BY_ERROR[kind] for kind in type(error).__mro__ if kind in BY_ERROR), "internal")


def problem(
    request: Request,
    slug: str,
    detail: str = "",
    errors: Sequence[dict[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response for the problem ``slug`` of ``PROBLEMS``; ``detail`` replaces the general one."""
    kind = PROBLEMS[slug]
    body = Problem(
        type=f"/problems#{slug}",
        title=kind.title,
        status=kind.status,
        detail=detail or kind.detail,
        instance=request.url.path,
        errors=list(errors) or None,
    )
    headers = {**(headers or {}), **({"Retry-After": "2"} if kind.status == 503 else {})}
    return JSONResponse(body.model_dump(exclude_none=True), kind.status, headers, MEDIA_TYPE)


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of a route's errors."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    titles = {status: [kind.title for kind in PROBLEMS.values() if kind.status == status] for status in statuses}
    return {status: {"description": " / ".join(titles[status]), "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Turns every exception that reaches the edge of ``app`` into a problem."""
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    for error in BY_ERROR:
        app.add_exception_handler(error, _on_known)
    app.add_exception_handler(Exception, _on_unexpected)


class BodyLimit:
    """Answers 413 to a body above ``MAX_BODY``, declared or not; FastAPI's own limit answers in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        left = MAX_BODY

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        if declared.isdecimal() and int(declared) > MAX_BODY:
            response = problem(Request(scope), "body-too-large", headers={"Connection": "close"})
            await response(scope, receive, send)
        else:
            await self.app(scope, limited, send)


def _on_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [{"pointer": _pointer(item), "detail": _explain(item)} for item in error.errors()]
    detail = "; ".join(f"{item['pointer']}: {item['detail']}" for item in errors[:3])
    return problem(request, "validation", detail, errors)


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    slug = BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal")
    return problem(request, slug, headers=error.headers)


def _on_known(request: Request, error: Exception) -> JSONResponse:
    show = isinstance(error, SHOWN)
    if not show and not isinstance(error, IndexUnavailableError | OverloadedError):
        log.error("%s: %s", request.url.path, error)
    return problem(request, slug_of(error), str(error) if show else "")


def _on_unexpected(request: Request, _error: Exception) -> JSONResponse:
    return problem(request, "internal")  # the server logs the exception


def _pointer(item: dict[str, Any]) -> str:
    """The JSON pointer of a refused field, ``#/filters/kinds/0``; ``#`` is the body itself."""
    place = item["loc"][1:] if item["type"] != "json_invalid" else ()
    return "/".join(["#", *(str(part).replace("~", "~0").replace("/", "~1") for part in place)])


def _explain(item: dict[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "unknown field; check its spelling against /openapi.json"
    if item["type"] == "json_invalid":
        return f"not valid JSON at character {item['loc'][-1]}: {item['ctx']['error']}"
    if item["loc"] == ("body",) and item["type"] != "value_error":  # it is no object
        return "a JSON object with `Content-Type: application/json` is expected"
    return str(item["msg"]).removeprefix("Value error, ")
