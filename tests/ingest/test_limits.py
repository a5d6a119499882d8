"""The limits that an ingest is given hold for what it takes in."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import pytest

from ingest.fuzz import written
from ingest.pipeline import MAX_LINES, MAX_LISTED, Line, Report, _records, ingest
from ingest.schema import Document, Fault, Kind, Section
from ingest.sources import LIMITS, Limits, Source
from ingest.store import Store
from rag.settings import Settings
from tests.ingest.material import article, write_articles
from tests.ingest.test_sources import zipped

T = TypeVar("T")


def test_a_text_beyond_the_limit_is_a_fault_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = write_articles(tmp_path / "a.xml", [article(1, "Long. " * 200), article(2)])
    with closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        report = ingest(store, [str(path)], limits=Limits(document_characters=1000))
    assert (report.totals["ingested"], report.totals["faults"]) == (1, 1)
    assert "more than 1000 characters" in report.lines[0].reason


def test_the_limits_of_archives_reach_the_walk(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"in.zip": zipped({"x": b"x"})}))
    with closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        report = ingest(store, [str(tmp_path / "a.zip")], limits=Limits(depth=1))
    assert "nested deeper than 1" in report.lines[0].reason


def test_settings_give_the_limits() -> None:
    assert Settings().limits == LIMITS
    given = Settings(limit_ratio=3, limit_depth=2, limit_members=5, limit_tar_members=6).limits
    assert given == Limits(ratio=3, depth=2, members=5, tar_members=6)


def test_a_report_has_the_first_lines_of_a_file_and_counts_all(tmp_path: Path) -> None:
    """A packed file of a megabyte can hold a billion lines that are no records."""
    good = {"pmid": 1, "title": "A title", "abstract": "One sentence."}
    (tmp_path / "a.jsonl").write_text(json.dumps(good) + "\n" + "x\n" * (MAX_LINES + 500))
    (tmp_path / "b.jsonl").write_text(json.dumps(good | {"pmid": 2}) + "\nx\n")
    with closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        report = ingest(store, [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")])
    assert (report.totals["ingested"], report.totals["faults"]) == (2, MAX_LINES + 501)
    assert len(report.lines) == MAX_LINES + 2
    assert report.lines[MAX_LINES] == Line("fault", str(tmp_path / "a.jsonl"), "", None, "and 500 more")
    assert report.lines[-1].record == "line 2"
    assert report.to_json()["lines"][MAX_LINES]["reason"] == "and 500 more"


def test_the_members_of_an_archive_are_bounded_together() -> None:
    report = Report()
    for number in range(MAX_LISTED + 5):
        report.fault(f"a.tar.gz!{number}", Fault("", "the file is empty"))
        report.skip(f"a.tar.gz!{number}", "", "hidden")
    report.fault("b.tar.gz!1", Fault("", "the file is empty"))
    assert report.totals["faults"] == MAX_LISTED + 6
    assert report.files["a.tar.gz"] == {"faults": 5, "skipped": 5}
    assert len(report.files) == MAX_LISTED + 2
    assert len(report.lines) == 2 * (MAX_LINES + 1) + 1


def deep(frames_left: int, act: Callable[[], T]) -> T:
    """What ``act`` gives when it is called with only so many frames left."""
    here = len(inspect.stack(0))

    def down(more: int) -> T:
        return down(more - 1) if more > 0 else act()

    return down(sys.getrecursionlimit() - here - frames_left)


def label() -> Document:
    section = Section("warnings", "Warnings", ("Warnings",), "Some words.", ())
    return Document("label:x:1", Kind.LABEL, "A label", "x", "1", "0" * 64, (section,))


@pytest.mark.parametrize("write", [written.trial, written.page, written.jats, written.markdown])
def test_what_is_nested_too_deep_for_its_reader_is_a_fault(write: Callable[[Document], bytes]) -> None:
    """How deep is too deep depends on who calls, so no parser can know; here nothing is left for any of them."""
    data = write(label())
    source = Source("deep", len(data), lambda: BytesIO(data))
    assert not any(isinstance(record, Fault) for record, _ in _records(source))
    ((fault, _),) = deep(15, lambda: list(_records(source)))
    assert isinstance(fault, Fault)
    assert fault.reason.startswith(("nested too deep", "its main content cannot be told"))


def test_brackets_beyond_the_limit_are_a_fault_in_every_json(tmp_path: Path) -> None:
    """A study nested 960 deep ended the whole ingest, since what writes JSON calls itself."""
    for number, write in enumerate((written.trial, written.openfda, written.article, written.sections_2016)):
        text = write(label()).decode()
        at = text.index("{", text.index("[") if "[" in text[:40] else 0) + 1
        (tmp_path / f"{number}.json").write_text(text[:at] + '"more": ' + "[" * 960 + "]" * 960 + ", " + text[at:])
    write_articles(tmp_path / "z.xml", [article(1)])
    with closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        report = ingest(store, [str(tmp_path / name) for name in ("0.json", "1.json", "2.json", "3.json", "z.xml")])
    assert (report.totals["ingested"], report.totals["faults"]) == (1, 4)
    assert all("deep" in line.reason or "left open" in line.reason for line in report.lines)
