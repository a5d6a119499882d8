"""A closed-loop benchmark of the service: each of n clients asks its next question when it has the last answer."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import numpy as np

from ingest.store import Store

SECTIONS = (
    "drug interactions", "contraindications", "warnings", "boxed warning", "adverse reactions", "dosage",
    "indications", "use in pregnancy", "pediatric use", "geriatric use", "overdosage", "mechanism of action",
)  # fmt: skip
WARM_UP = 5  # requests per route whose time is not counted


class BenchError(Exception):
    """The benchmark cannot run or the service failed during it; the message says which."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What one route took at one concurrency: milliseconds as the client sees them."""

    route: str
    concurrency: int
    requests: int
    p50_ms: float
    p95_ms: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one run; ``start_to_ready_s`` is None for a service that was running before."""

    passages: int
    start_to_ready_s: float | None
    resident_mib: float | None
    latencies: tuple[Latency, ...]


def questions(store: Store, number: int, seed: int) -> list[str]:
    """Questions about the store's own drugs, one or two at a time; the same for the same store and seed."""
    names = sorted({name.lower() for _, field, name in store.drug_names() if field == "generic" and len(name) < 60})
    if len(names) < 2:
        raise BenchError("the store names fewer than two drugs: ingest labels first")
    chance = random.Random(seed)  # noqa: S311 (no secret)
    made = []
    for _ in range(number):
        one, other = chance.sample(names, 2)
        plain = f"What does the label of {one} say about {chance.choice(SECTIONS)}?"
        made.append(chance.choice((plain, plain, f"Can {one} be taken together with {other}?")))
    return made


def run(
    asked: Sequence[str],
    url: str | None,
    concurrencies: Sequence[int],
    on_step: Callable[[str], None],
    *,
    patience: float = 120,
) -> Measured:
    """Measures the service at ``url``, or one started for it where ``url`` is None.

    Raises ``BenchError`` where it is not ready within ``patience`` seconds, or fails.
    """
    with _service(url, patience) as (base, start_to_ready_s):
        latencies = []
        for route in ("/ask", "/search"):
            _closed_loop(base, route, asked[:WARM_UP], 1)
            for concurrency in concurrencies:
                on_step(f"{route} at concurrency {concurrency}")
                latencies.append(_closed_loop(base, route, asked, concurrency))
        passages = httpx.get(f"{base}/readyz").json()["passages"]
        return Measured(passages, start_to_ready_s, _resident_mib(base), tuple(latencies))


@contextmanager
def _service(url: str | None, patience: float) -> Iterator[tuple[str, float | None]]:
    """The base URL of a ready service and, where it was started here, the seconds that took."""
    if url is not None:
        _ready_within(url.rstrip("/"), lambda: None, patience)
        yield url.rstrip("/"), None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "api.cli", "serve", "--host", "127.0.0.1", "--port", str(port), "--quiet"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
    try:
        base = f"http://127.0.0.1:{port}"
        _ready_within(base, process.poll, patience)
        yield base, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait(30)


def _ready_within(base: str, ended: Callable[[], int | None], seconds: float) -> None:
    deadline, told = time.monotonic() + seconds, "it does not answer"
    while time.monotonic() < deadline and ended() is None:
        try:
            response = httpx.get(f"{base}/readyz", timeout=5)
        except httpx.TransportError as error:
            told = str(error)
        else:
            if response.status_code == 200:
                return
            told = response.json()["detail"]
        time.sleep(0.05)
    raise BenchError(f"the service at {base} did not become ready: {told}")


def _closed_loop(base: str, route: str, asked: Sequence[str], concurrency: int) -> Latency:
    """``concurrency`` clients share the questions evenly; every client has its own connection."""

    def client(part: Sequence[str]) -> list[float]:
        with httpx.Client(base_url=base, timeout=60) as session:
            return [_timed(session, route, question) for question in part]

    start = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        shares = [asked[offset::concurrency] for offset in range(concurrency)]
        milliseconds = [value for values in pool.map(client, shares) for value in values]
    elapsed = time.perf_counter() - start
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Latency(route, concurrency, len(asked), float(p50), float(p95), len(asked) / elapsed)


def _timed(session: httpx.Client, route: str, question: str) -> float:
    start = time.perf_counter()
    response = session.post(route, json={"question": question})
    if response.status_code != 200:
        raise BenchError(f"{route} answered {response.status_code} to {question!r}: {response.text[:200]}")
    return (time.perf_counter() - start) * 1000


def _resident_mib(base: str) -> float | None:
    """The service's own word, from its metrics; only Linux has it."""
    found = re.search(r"^process_resident_memory_bytes (\S+)", httpx.get(f"{base}/metrics").text, re.MULTILINE)
    return float(found[1]) / 2**20 if found else None
