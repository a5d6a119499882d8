"""An answer in pages: one file for each; a run that was cut off goes on after its last page on the same day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ingest.errors import FetchError
from ingest.fetch.download import Got
from ingest.fetch.ledger import Ledger
from ingest.fetch.plan import Item, Page, Pages, expected

_NOTHING = "the service finds nothing for this selection: check it on its web page"


class Answer:
    """What is there of an answer. The ledger keeps the steps: name, records, records in all, next URL."""

    def __init__(self, pages: Pages, ledger: Ledger, day: str) -> None:
        self._pages, self._ledger, self._day = pages, ledger, day
        kept = ledger.pages.get(pages.folder)
        if kept is None or kept["day"] != day or not self._whole(kept["steps"]):
            kept = {"day": day, "steps": []}
        self._steps: list[dict[str, Any]] = kept["steps"]  # the ledger's own, which grows with it
        ledger.pages[pages.folder] = kept

    @property
    def names(self) -> list[str]:
        """The files that are there."""
        return [step["name"] for step in self._steps]

    def take(self, bring: Callable[[Item], Got]) -> int:
        """Brings the pages that are not there; the number of records of all.

        Raises FetchError where the service finds nothing, or gives fewer records than it told of.
        """
        url = self._steps[-1]["following"] if self._steps else self._pages.first
        while url:
            name = f"{self._pages.folder}/page-{len(self._steps) + 1:04}.json"
            page = self._page(Item(url, name, self._day, page=True), bring)
            if page.following and page.following in (self._pages.first, *(step["following"] for step in self._steps)):
                self._forget()
                raise FetchError("the service names the same next page twice: run the same command again", url=url)
            told = {"name": name, "records": page.records, "total": page.total, "following": page.following}
            self._ledger.step(self._pages.folder, self._day, len(self._steps), told)
            url = page.following
        self._forget()  # an answer that is whole, or wrong, is asked for anew by the next run
        return self._sum()

    def _page(self, item: Item, bring: Callable[[Item], Got]) -> Page:
        """One page, in its place, and what it says of the rest."""
        try:
            got = bring(item)
        except FetchError as error:
            if error.status == 404 and item.url == self._pages.first:
                raise FetchError(_NOTHING, url=error.url, status=404) from error
            if error.status in {400, 404, 410}:  # the token of the next page is not taken any more
                self._forget()
            raise
        with expected("a page of records", item.url):
            return self._pages.read((self._ledger.folder / item.name).read_bytes(), got.headers, item.url)

    def _whole(self, steps: list[dict[str, Any]]) -> bool:
        """Whether all pages that were fetched are there, and more are to come."""
        items = (Item("", step["name"], self._day) for step in steps)
        return bool(steps) and bool(steps[-1]["following"]) and all(self._ledger.holds(item) for item in items)

    def _sum(self) -> int:
        records = sum(int(step["records"]) for step in self._steps)
        told = max((step["total"] or 0 for step in self._steps), default=0)
        if records == 0:
            raise FetchError(_NOTHING, url=self._pages.first)
        if records < told:
            reason = f"{records} records came of {told} that the service told of: run the same command again"
            raise FetchError(reason, url=self._pages.first)
        return records

    def _forget(self) -> None:
        del self._ledger.pages[self._pages.folder]
        self._ledger.save()
