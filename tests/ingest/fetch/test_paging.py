"""Interfaces that give their records page by page, by links or tokens."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest.errors import FetchError
from ingest.fetch.plan import Wanted
from tests.ingest.fetch.fetching import QUICK, documents, label, run
from tests.ingest.fetch.mirror import Handler, Mirror, instead, refuse


def paged_openfda(numbers: range, page: int) -> dict[str, bytes]:
    """What one request after another gets, by `search_after`."""
    pages = [list(numbers)[start : start + page] for start in range(0, len(numbers), page)]
    total = len(numbers)
    return {
        str(at): json.dumps(
            {"meta": {"results": {"total": total}}, "results": [label(number) for number in some]}
        ).encode()
        for at, some in enumerate(pages)
    }


class Paged:
    """An interface that gives its pages one by one; ``after`` names the parameter that says where to go on."""

    def __init__(self, pages: dict[str, bytes], after: str) -> None:
        self.pages, self.after, self.asked = pages, after, list[str]()

    def __call__(self, handler: Handler, _body: bytes) -> None:
        parameters = parse_qs(urlsplit(handler.path).query)
        at = parameters.get(self.after, ["0"])[-1]
        self.asked.append(at)
        headers = {}
        if str(int(at) + 1) in self.pages:
            link = f"https://api.fda.gov{handler.path}&{self.after}={int(at) + 1}"
            headers["Link"] = f'<{link}>; rel="Next"'
        handler.answer(200, self.pages[at], headers)


def test_openfda_selection_is_paged_to_its_end(mirror: Mirror, tmp_path: Path) -> None:
    paged = Paged(paged_openfda(range(1, 26), 10), "search_after")
    mirror.mishaps["/drug/label.json"] = [refuse(429, Retry_After="1"), *[paged] * 3]
    wanted = Wanted(drugs=("testol",))
    report = run(mirror, "openfda", tmp_path, wanted)
    assert [Path(name).name for name in report.fetched] == ["page-0001.json", "page-0002.json", "page-0003.json"]
    assert report.folder == str(tmp_path / "openfda" / wanted.key)
    assert "25 records" in report.notes
    assert documents(report.folder) == 25


def test_openfda_pages_that_are_missing_are_noticed(mirror: Mirror, tmp_path: Path) -> None:
    pages = paged_openfda(range(1, 26), 10)
    del pages["2"]
    mirror.mishaps["/drug/label.json"] = [Paged(pages, "search_after")] * 2
    with pytest.raises(FetchError, match="20 records came of 25 that the service told of"):
        run(mirror, "openfda", tmp_path, Wanted(drugs=("testol",)))


def test_an_interface_that_finds_nothing_says_so_with_404(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="finds nothing for this selection"):
        run(mirror, "openfda", tmp_path, Wanted(drugs=("testol",)))


def studies(at: int, last: int) -> bytes:
    """A page of the registry: three studies, the number of all, and the token of the next page."""
    found = [
        {
            "protocolSection": {
                "identificationModule": {"nctId": f"NCT{3 * at + number:08}", "briefTitle": f"Testol {number}"},
                "descriptionModule": {"briefSummary": "The tests made this study up."},
            }
        }
        for number in range(3)
    ]
    page: dict[str, object] = {"studies": found}
    if at == 0:
        page["totalCount"] = 3 * (last + 1)
    if at < last:
        page["nextPageToken"] = f"token-{at + 1}"
    return json.dumps(page).encode()


class Registry:
    def __init__(self, last: int, broken_at: int | None = None) -> None:
        self.last, self.broken_at, self.asked = last, broken_at, list[int]()

    def __call__(self, handler: Handler, _body: bytes) -> None:
        token = parse_qs(urlsplit(handler.path).query).get("pageToken", ["token-0"])[0]
        at = int(token.removeprefix("token-"))
        self.asked.append(at)
        if at == self.broken_at:
            handler.answer(403, b"no more today")
        else:
            handler.answer(200, studies(at, self.last))


def test_trials_are_paged_by_token_and_gone_on_with_on_the_same_day(mirror: Mirror, tmp_path: Path) -> None:
    path = "/api/v2/studies"
    first = Registry(4, broken_at=3)
    mirror.mishaps[path] = [first] * 4
    wanted = Wanted(query="gout", since=date(2026, 1, 1))
    with pytest.raises(FetchError, match="403"):
        run(mirror, "trials", tmp_path, wanted)
    assert first.asked == [0, 1, 2, 3]
    second = Registry(4)
    mirror.mishaps[path] = [second] * 2
    report = run(mirror, "trials", tmp_path, wanted)
    assert second.asked == [3, 4]
    assert (len(report.kept), len(report.fetched)) == (3, 2)
    assert "15 records" in report.notes
    third = Registry(1)
    mirror.mishaps[path] = [third] * 2
    report = run(mirror, "trials", tmp_path, wanted)  # a new question
    assert third.asked == [0, 1]
    assert report.kept == []
    assert documents(report.folder) == 15  # the older pages are there still
    assert any("3 files of earlier fetches" in note for note in run_all_notes(mirror, tmp_path))


def run_all_notes(mirror: Mirror, to: Path) -> list[str]:
    """The notes of a run over a selection without a day, whose older pages are more than those of today."""
    wanted = Wanted(query="gout")
    mirror.mishaps["/api/v2/studies"] = [Registry(4)] * 5
    run(mirror, "trials", to, wanted)
    mirror.mishaps["/api/v2/studies"] = [Registry(1)] * 2
    return run(mirror, "trials", to, wanted).notes


def test_a_token_that_is_not_taken_any_more_starts_anew(mirror: Mirror, tmp_path: Path) -> None:
    path = "/api/v2/studies"
    mirror.mishaps[path] = [Registry(2, broken_at=1)] * 2
    with pytest.raises(FetchError):
        run(mirror, "trials", tmp_path, Wanted(query="gout"))
    mirror.mishaps[path] = [refuse(400)]
    with pytest.raises(FetchError):
        run(mirror, "trials", tmp_path, Wanted(query="gout"))
    registry = Registry(2)
    mirror.mishaps[path] = [registry] * 3
    assert "9 records" in run(mirror, "trials", tmp_path, Wanted(query="gout")).notes
    assert registry.asked == [0, 1, 2]


def test_a_registry_that_goes_in_a_circle_is_left(mirror: Mirror, tmp_path: Path) -> None:
    circle = json.dumps({"studies": [{}], "nextPageToken": "x"}).encode()
    mirror.mishaps["/api/v2/studies"] = [instead(circle)] * 50
    with pytest.raises(FetchError, match="the same next page twice"):
        run(mirror, "trials", tmp_path)
    assert len(mirror.asked) == 2


def test_a_page_may_be_no_longer_than_an_answer(mirror: Mirror, tmp_path: Path) -> None:
    """It is read into memory whole."""
    mirror.mishaps["/api/v2/studies"] = [Registry(0)]
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        run(mirror, "trials", tmp_path, limits=replace(QUICK, answer_bytes=100))
