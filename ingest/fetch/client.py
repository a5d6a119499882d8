"""A polite HTTP client: paced, patient, and bounded in time, size, tries, redirects and hosts.

httpx counts its timeouts from the last byte, so that a server which drips could hold it for days: `_Watch` cuts such
a connection, and `Client.chunks` gives up on one that is slower than `Limits.slowest`.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar, cast
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from ingest.errors import FetchError, FetchStoppedError

AGAIN = {408, 425, 429, 500, 502, 503, 504}
ADVICE = {
    401: "the service asks for an account: see its homepage",
    403: "the service refuses: it may block this address, see its terms of use",
    404: "the service has no such file: its layout may have changed, or its index is ahead of its files",
    410: "the service has taken it away",
    414: "the selection is too long: name fewer drugs",
}
PROGRESS = 1 << 20  # bytes that make a try worth more than a failure

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may take: tries in a row that get nowhere, redirects, bytes, seconds, bytes a second."""

    tries: int = 6
    redirects: int = 5
    answer_bytes: int = 256 << 20
    file_bytes: int = 64 << 30
    total_bytes: int = 1 << 40
    silence: float = 30.0
    window: float = 60.0
    slowest: float = 1024.0
    total_seconds: float = 72 * 3600.0
    longest_wait: float = 900.0
    failures: int = 5


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run takes from the world, so that tests can give another one: clock, sleep, day, chance, files."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: random.Random = field(default_factory=random.Random)
    open: Callable[[Path, str], BinaryIO] = lambda path, mode: cast("BinaryIO", path.open(mode))


class AgainError(Exception):
    """A try failed in a way that may pass. ``wait``: seconds that the service asks for; ``gained``: bytes kept."""

    def __init__(self, reason: str, *, wait: float | None = None, gained: int = 0) -> None:
        self.reason, self.wait, self.gained = reason, wait, gained
        super().__init__(reason)


class Client:
    """One run's way to the network. ``base`` stands for scheme and host of every URL, for mirrors.

    No host is asked but those of ``rates`` and of ``base``, wherever an address comes from: an index, a redirect.
    """

    def __init__(self, rates: Mapping[str, float], rate: float, limits: Limits, outside: Outside, base: str) -> None:
        self.limits, self.outside, self.base = limits, outside, base.rstrip("/")
        self._rates, self._rate, self._next = rates, rate, dict[str, float]()
        self._places: set[tuple[str, str, int | None]] = {("https", host, 443) for host in rates}
        if base:
            self._places.add(_place(self.base))
        self._end = outside.clock() + limits.total_seconds
        self.bytes = 0
        self._http = httpx.Client(
            headers={"User-Agent": f"CiteRx/{version('citerx')} (citerx fetch)", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(limits.silence),
            limits=httpx.Limits(max_keepalive_connections=0),  # so that a watch knows its connection
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(self, url: str, parameters: Mapping[str, str]) -> bytes:
        """A small answer in memory, with retries. Raises FetchError."""
        url = f"{url}?{urlencode(parameters)}" if parameters else url

        def attempt() -> bytes:
            with self.get(url) as response:
                return b"".join(self.chunks(response, self.limits.answer_bytes))

        return self.persist(attempt, url)

    def persist(self, attempt: Callable[[], T], url: str) -> T:
        """The result of ``attempt``, tried again after each AgainError, ever later, as often as the limits say."""
        failures = 0
        while True:
            try:
                return attempt()
            except AgainError as error:
                failures = 1 if error.gained >= PROGRESS else failures + 1
                if failures >= self.limits.tries:
                    reason = f"{error.reason}; given up after {failures} tries: run the same command again later"
                    raise FetchError(reason, url=self.real(url)) from error
                self.wait(error.wait, failures, url)

    def wait(self, asked: float | None, failures: int, url: str) -> None:
        """Sleeps for as long as the service asks, else twice as long as last time, half of it left to chance."""
        if asked is not None and asked > self.limits.longest_wait:
            reason = f"the service asks to be left alone for {asked:.0f} s: run the same command again after that"
            raise FetchStoppedError(reason, url=self.real(url))
        delay = min(60.0, 2.0**failures) * self.outside.chance.uniform(0.5, 1) if asked is None else asked
        self.on_time(delay, url)
        self.outside.sleep(delay)

    def real(self, url: str) -> str:
        """Where a URL is asked for: itself, or the same path and query of the mirror."""
        if not self.base:
            return url
        parts = urlsplit(url)
        return f"{self.base}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """The open response, redirects followed: status 200 or, where ``headers`` ask for a range, 206 or 416 too.

        Raises AgainError where another try may help, FetchError where none will.
        """
        url, headers = self.real(url), headers or {}
        for _ in range(self.limits.redirects + 1):
            with self._exchange(url, headers) as response:
                if response.status_code not in {301, 302, 303, 307, 308}:
                    _judge(response, url, self.outside.now(), ranged="Range" in headers)
                    yield response
                    return
                url = _redirected(response, url)
        raise FetchError(f"redirected more than {self.limits.redirects} times: a circle?", url=url)

    @contextmanager
    def _exchange(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        try:
            self._pace(url)
            with closing(_Watch(self.limits.window)) as watch:
                request = self._http.build_request("GET", url, headers=dict(headers), extensions={"trace": watch.trace})
                with closing(self._http.send(request, stream=True)) as response:
                    response.extensions["watch"] = watch
                    yield response
        except httpx.TransportError as error:
            raise AgainError(f"the connection broke ({error or type(error).__name__})") from error
        except httpx.InvalidURL as error:
            raise FetchError(f"not a URL ({error})", url=url) from error

    def _pace(self, url: str) -> None:
        scheme, host, _ = place = _place(url)
        if scheme not in {"https", "http"} or (scheme == "http" and not self.base):
            raise FetchError("neither https nor a mirror's http: check the source's description", url=url)
        if place not in self._places:
            reason = f"{host!r} is no host of this source, so it is not asked: check where the address comes from"
            raise FetchError(f"{reason}; the hosts are those of [fetch.rates] in the source's description", url=url)
        now = self.outside.clock()
        self.on_time(delay := max(0.0, self._next.get(host, now) - now), url)
        if delay:
            self.outside.sleep(delay)
        self._next[host] = now + delay + 1 / self._rates.get(host, self._rate)

    def chunks(self, response: httpx.Response, most: int) -> Iterator[bytes]:
        """The body as it comes, unpacked by nobody. Raises AgainError where it drips, FetchError above ``most``."""
        watch, clock, url = response.extensions["watch"], self.outside.clock, str(response.url)
        since, window = clock(), 0
        total = 0
        for chunk in response.iter_raw():
            watch.seen()
            total, window, self.bytes = total + len(chunk), window + len(chunk), self.bytes + len(chunk)
            if total > most:
                raise FetchError(f"larger than {most} bytes: not what it should be", url=url)
            if self.bytes > self.limits.total_bytes:
                raise FetchStoppedError(f"the run has fetched its {self.limits.total_bytes} bytes", url=url)
            yield chunk
            self.on_time(0, url)
            if (passed := clock() - since) > self.limits.window:
                if window < self.limits.slowest * passed:
                    raise AgainError(f"the service sent {window} bytes in {passed:.0f} s only")
                since, window = clock(), 0

    def on_time(self, delay: float, url: str) -> None:
        """Raises FetchStoppedError where the run's time is, or with the delay would be, over."""
        if self.outside.clock() + delay > self._end:
            reason = f"the run's {self.limits.total_seconds:.0f} s are over: run the same command again, it goes on"
            raise FetchStoppedError(reason, url=url)


class _Watch:
    """Shuts the connection down when nothing was seen for ``patience`` seconds, whatever drips below."""

    def __init__(self, patience: float) -> None:
        self._patience, self._until = patience, time.monotonic() + patience
        self._done, self._socket = threading.Event(), cast("socket.socket | None", None)
        threading.Thread(target=self._run, daemon=True).start()

    def trace(self, name: str, information: Mapping[str, Any]) -> None:
        """What httpcore calls at every step; the two ways to a connection show its socket."""
        if name in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = information["return_value"].get_extra_info("socket")

    def seen(self) -> None:
        """Something came."""
        self._until = time.monotonic() + self._patience

    def close(self) -> None:
        """Ends the watch."""
        self._done.set()

    def _run(self) -> None:
        while not self._done.wait(max(0.0, self._until - time.monotonic())):
            if time.monotonic() >= self._until:
                if self._socket is not None:
                    try:
                        self._socket.shutdown(socket.SHUT_RDWR)
                    except OSError:  # closed in this moment
                        return
                return


def _place(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port as httpx will use them, which is what counts where two readers of URLs differ."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise FetchError(f"not a URL ({error})", url=url) from error
    return parsed.scheme, parsed.raw_host.decode("ascii"), parsed.port or {"https": 443, "http": 80}.get(parsed.scheme)


def _judge(response: httpx.Response, url: str, now: datetime, *, ranged: bool) -> None:
    status = response.status_code
    if status in AGAIN:
        raise AgainError(f"the service answers {status}", wait=_retry_after(response.headers.get("retry-after"), now))
    if status in {206, 416} and not ranged:
        raise AgainError(f"the service answers {status}, a part, though all was asked for: a proxy between?")
    if status not in {200, 206, 416}:
        advice = ADVICE.get(status, "the service refuses the request")
        raise FetchError(f"{advice} (HTTP status {status})", url=url, status=status)


def _redirected(response: httpx.Response, url: str) -> str:
    told = str(response.headers.get("location", ""))
    try:
        target = urljoin(url, told)
        follows = urlsplit(target).scheme == urlsplit(url).scheme and bool(urlsplit(target).hostname)
    except ValueError:
        follows = False
    if not follows:
        reason = f"redirected to {told!r}, which is no URL or has another scheme: not followed"
        raise FetchError(reason, url=url, status=response.status_code)
    return target


def _retry_after(told: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3)."""
    if not told:
        return None
    if told.strip().isdecimal():
        return float(told)
    try:
        then = parsedate_to_datetime(told)
    except ValueError:
        return None
    return max(0.0, (then - now).total_seconds()) if then.tzinfo else None
