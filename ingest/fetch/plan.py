"""What is asked for, what a source offers, and what is to be fetched: the records of fetching."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingest.errors import FetchError

Ask = Callable[[str, Mapping[str, str]], bytes]
"""A small answer (index, listing, list of ids): URL and parameters to its bytes. Raises FetchError."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A selection: any of these drugs, and this query in the service's own words, and changed since that day."""

    drugs: tuple[str, ...] = ()
    query: str = ""
    since: date | None = None

    @property
    def key(self) -> str:
        """A short name for the selection, the same in every run; empty for everything."""
        if self == Wanted():
            return ""
        told = "\n".join((*sorted(self.drugs), "", self.query, str(self.since or "")))
        return f"selection-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True)
class Service:
    """The table ``[fetch]`` of a ``corpora/sources/*.toml``.

    ``rates``: requests a second by host; no other host is ever asked (but a mirror's).
    """

    source: str
    homepage: str
    command: str
    layout: str
    selects: tuple[str, ...]
    rate: float
    rates: Mapping[str, float] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    bulk: Mapping[str, str] = field(default_factory=dict)
    api: Mapping[str, str] = field(default_factory=dict)

    def check(self, wanted: Wanted) -> None:
        """Raises FetchError where the service cannot select so, saying what to do instead."""
        for way in ("drugs", "query", "since"):
            if getattr(wanted, way) and way not in self.selects:
                reason = f"{self.command} cannot select by --{way}: {self.advice.get(way, 'leave it out')}"
                raise FetchError(reason, url=self.homepage)
        for drug in wanted.drugs:
            if not drug.strip() or re.search(r'["\\\n\[\]{}]', drug):
                raise FetchError(f"{drug!r} cannot be a drug's name: give plain names, --drugs colchicine,warfarin")


@dataclass(frozen=True, slots=True)
class Item:
    """One file to fetch: ``name`` is its path below the folder, ``stamp`` what the source says of this version of it.

    ``size``: bytes, at least and at most. ``records``: how many it must hold. ``beside``: URL of the small file that
    tells more, which ``told`` reads into a fuller item. ``page``: it is read whole into memory, so it must be small.
    """

    url: str
    name: str
    stamp: str = ""
    size: tuple[int, int] | None = None
    md5: str = ""
    records: int | None = None
    beside: str = ""
    told: Callable[[Item, bytes], Item] | None = None
    page: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What one page of an answer says: its records, how many there are in all, the URL of the next one or nothing."""

    records: int
    total: int | None
    following: str


@dataclass(frozen=True, slots=True)
class Pages:
    """An answer in pages, each of which names the next one; ``read`` takes body, headers and the page's URL."""

    first: str
    folder: str
    read: Callable[[bytes, Mapping[str, str], str], Page]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a selection comes to: files, or an answer in pages, and what the user should know."""

    items: tuple[Item, ...] = ()
    pages: Pages | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def expected(what: str, url: str) -> Iterator[None]:
    """Whatever reading an answer raises is a FetchError which says that ``what`` was expected."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = f"{what} was expected, what came is none ({type(error).__name__}: {str(error)[:200]})"
        raise FetchError(f"{reason}: the service's layout may have changed", url=url) from error


def services(folder: Path) -> dict[str, Service]:
    """The services that the descriptions in ``folder`` can be fetched from, by command."""
    found = {}
    for path in sorted(folder.glob("*.toml")):
        described = tomllib.loads(path.read_text(encoding="utf-8"))
        if table := described.get("fetch"):
            given = {**table, "selects": tuple(table["selects"])}
            service = Service(source=described["name"], homepage=described["homepage"], **given)
            found[service.command] = service
    return found


def file_name(url: str) -> str:
    """The last part of a URL's path as the name of a file; FetchError where it would be hidden or leave the folder."""
    try:
        name = unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:  # a broken IPv6 host
        name = ""
    if not _NAME.fullmatch(name):
        raise FetchError(f"the source names a file {name!r}, which is no file name: tell the source", url=url)
    return name
