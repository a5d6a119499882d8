"""A web server on this machine that serves what it is given, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Mishap = Callable[["Handler", bytes], None]
"""What happens in place of a right answer, once: the request, and the bytes that it asks for."""


class Mirror(ThreadingHTTPServer):
    """``files``: body by path, or by path and query. ``mishaps``: what goes wrong with a path, request by request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = defaultdict(dict)
        self.mishaps: dict[str, list[Mishap]] = defaultdict(list)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent: dict[str, int] = defaultdict(int)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Mirror
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        path = self.path if self.path in self.server.files else self.path.partition("?")[0]
        body = self.server.files.get(path)
        if self.server.mishaps[path]:
            self.server.mishaps[path].pop(0)(self, body or b"")
        elif body is None:
            self.answer(404, b"no such file")
        else:
            self.serve(body, self.server.headers[path])

    def serve(self, body: bytes, headers: Mapping[str, str]) -> None:
        """The file, or the rest of it where that is asked for and it is still the same."""
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        told = {"ETag": tag, **headers}
        asked = self.headers.get("Range", "")
        if not asked or self.headers.get("If-Range", told.get("ETag")) != told.get("ETag"):
            self.answer(200, body, told)
            return
        start = int(asked.removeprefix("bytes=").partition("-")[0])
        if start >= len(body):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        else:
            span = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            self.answer(206, body[start:], {**told, **span})

    def answer(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.server.sent[self.path] += len(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the base class)
        """Says nothing."""


def refuse(status: int, **headers: str) -> Mishap:
    """A status in place of the file; header names with ``_`` for ``-``."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _: handler.answer(status, b"not now", told)


def cut(after: int, *, tag: str = "", of: bytes | None = None) -> Mishap:
    """The file breaks off, though its length was told; ``tag`` and ``of``: those of an older version."""

    def act(handler: Handler, body: bytes) -> None:
        body = of or body
        true = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        handler.answer(200, body[:after], {"ETag": tag or true}, length=len(body))

    return act


def reset(after: int) -> Mishap:
    """The connection is reset in the middle of the file."""

    def act(handler: Handler, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        handler.answer(200, body[:after], {"ETag": tag}, length=len(body))
        handler.wfile.flush()
        time.sleep(0.1)  # the client shall have read what came
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return act


def drip(pause: float, *, first: int = 0) -> Mishap:
    """The file byte by byte, after some at once, for as long as anybody listens."""

    def act(handler: Handler, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        handler.answer(200, body[:first], {"ETag": tag}, length=len(body))
        for byte in body[first:]:
            time.sleep(pause)
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()

    return act


def drip_headers(pause: float) -> Mishap:
    """A status line, and then a header that never ends."""

    def act(handler: Handler, _: bytes) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _byte in range(100_000):
            time.sleep(pause)
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return act


def instead(body: bytes, **headers: str) -> Mishap:
    """Another body, with status 200."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _: handler.answer(200, body, told)


def redirect(to: str) -> Mishap:
    return lambda handler, _: handler.answer(302, b"", {"Location": to})


@contextmanager
def serving() -> Iterator[Mirror]:
    with Mirror() as mirror:
        thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield mirror
        finally:
            mirror.shutdown()
            thread.join()
