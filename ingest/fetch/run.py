"""A run of `citerx fetch`: plan, skip what is there, fetch the rest, write down what was fetched."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.errors import FetchError, FetchStoppedError
from ingest.fetch.client import Client, Limits, Outside
from ingest.fetch.download import Got, download
from ingest.fetch.layouts import LAYOUTS
from ingest.fetch.ledger import Ledger, opened
from ingest.fetch.paging import Answer
from ingest.fetch.plan import Item, Pages, Plan, Service, Wanted, expected

LIMITS = Limits()
OUTSIDE = Outside()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: the file under way, its bytes so far and in all, files done, and files in all where known."""

    name: str
    position: int
    size: int | None
    done: int
    files: int | None


@dataclass(slots=True)
class Report:
    """What became of a run. ``folder``: what to ingest; ``listed``: URL by name (dry run); ``failed``: why by name."""

    service: str
    folder: str
    listed: dict[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return asdict(self)


class InterruptedFetchError(FetchStoppedError):
    """A run had to end; ``report`` has what was fetched until then, which stays."""

    def __init__(self, error: FetchStoppedError, report: Report) -> None:
        super().__init__(error.reason, url=error.url, status=error.status)
        self.report = report


def fetch(
    service: Service,
    wanted: Wanted,
    to: Path,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    *,
    base: str = "",
    dry_run: bool = False,
    limits: Limits = LIMITS,
    outside: Outside = OUTSIDE,
) -> Report:
    """Fetches what is wanted into ``to``/<service>; files that are there and whole are not fetched again.

    A file that cannot be had is a line of the report, and the run goes on. Raises FetchError where nothing can be
    selected or listed, InterruptedFetchError where the run had to end: disk, time, another run, a service that is away.
    """
    service.check(wanted)
    folder = to / service.command
    report = Report(service.command, str(folder))
    with Client(service.rates, service.rate, limits, outside, base) as client:
        run = _Run(service, wanted, client, report, on_progress)
        try:
            if dry_run:
                run.show(run.plan())
            else:
                with opened(folder) as ledger:
                    run.take(run.plan(), ledger)
        except FetchStoppedError as error:
            raise InterruptedFetchError(error, report) from error
        finally:
            report.bytes = client.bytes
    return report


@dataclass(slots=True)
class _Run:
    service: Service
    wanted: Wanted
    client: Client
    report: Report
    on_progress: Callable[[Progress], None]
    files: int | None = None
    failures: int = 0

    @property
    def day(self) -> str:
        return self.client.outside.now().date().isoformat()

    @property
    def done(self) -> int:
        return len(self.report.fetched) + len(self.report.kept) + len(self.report.failed)

    def plan(self) -> Plan:
        """Asks the source what there is."""
        with expected(f"what {self.service.layout} offers, in the layout known of it", self.service.homepage):
            plan = LAYOUTS[self.service.layout](self.service, self.wanted, self.ask, self.day)
        self.report.notes += plan.notes
        self.files = None if plan.pages else len(plan.items)
        return plan

    def ask(self, url: str, parameters: Mapping[str, str]) -> bytes:
        """An index or a list, which the bar shows too."""
        self.on_progress(Progress(f"asking {url}", 0, None, self.done, self.files))
        return self.client.ask(url, parameters)

    def show(self, plan: Plan) -> None:
        """What a run would fetch."""
        for item in plan.items:
            self.report.listed[item.name] = self.client.real(item.url)
        if plan.pages:
            name = f"{plan.pages.folder}/page-0001.json and what follows it"
            self.report.listed[name] = self.client.real(plan.pages.first)

    def take(self, plan: Plan, ledger: Ledger) -> None:
        """Fetches what is not there, and says at the end that all of it is."""
        for item in plan.items:
            self.take_one(item, ledger)
        names = self.take_pages(plan.pages, ledger) if plan.pages else {item.name for item in plan.items}
        if names:
            parent = os.path.commonpath([Path(name).parent for name in names])
            self.report.folder = str(ledger.folder / parent)
        if self.report.failed:
            ledger.save()
            return
        older = [name for name in ledger.files if name not in names and self.of_this(name)]
        if older and self.wanted.since is None:
            found = f"{len(older)} files of earlier fetches are not among those of today, the first: {older[0]}"
            self.report.notes.append(found)
        ledger.complete[self.wanted.key or "all"] = self.client.outside.now().isoformat(timespec="seconds")
        ledger.save()

    def of_this(self, name: str) -> bool:
        """Whether a held file belongs to what this run fetches: its selection, or else the bulk files."""
        selected = name.startswith(("selection-", "labels/"))
        return name.startswith(f"{self.wanted.key}/") if self.wanted.key else not selected

    def take_one(self, item: Item, ledger: Ledger) -> None:
        """Fetches a file, unless this version of it is there; what goes wrong with it alone is reported."""
        try:
            if ledger.holds(item) or ledger.adopts(item) or ledger.adopts(item := self.filled(item)):
                self.report.kept.append(item.name)
            else:
                self.bring(item, ledger)
            self.failures = 0
        except FetchStoppedError:
            raise
        except FetchError as error:
            self.report.failed[item.name] = str(error)
            self.failures += 1
            if self.failures >= self.client.limits.failures:
                reason = f"{self.failures} files in a row could not be had, the last because {error.reason}"
                raise FetchStoppedError(reason, url=error.url, status=error.status) from error

    def filled(self, item: Item) -> Item:
        """The item with what the small file beside it tells."""
        if not (item.told and item.beside):
            return item
        beside = self.ask(item.beside, {})
        with expected(f"the small file beside {item.name}", item.beside):
            return item.told(item, beside)

    def bring(self, item: Item, ledger: Ledger) -> Got:
        """Fetches a file and writes it down."""

        def on_bytes(position: int, size: int | None) -> None:
            self.on_progress(Progress(item.name, position, size, self.done, self.files))

        got = download(self.client, item, ledger.folder, on_bytes)
        ledger.add(item, got.md5)
        self.report.fetched.append(item.name)
        return got

    def take_pages(self, pages: Pages, ledger: Ledger) -> set[str]:
        """Fetches an answer in pages, and gives the names of its files."""
        answer = Answer(pages, ledger, self.day)
        self.report.kept += answer.names
        self.report.notes.append(f"{answer.take(lambda item: self.bring(item, ledger))} records")
        return set(answer.names)
