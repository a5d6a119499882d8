"""The limits that an ingest is given hold for what it takes in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ingest.pipeline import ingest
from ingest.sources import LIMITS, Limits
from ingest.store import Store
from rag.settings import Settings
from tests.ingest.material import article, write_articles
from tests.ingest.test_sources import zipped


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
    assert Settings(limit_ratio=3, limit_depth=2).limits == Limits(ratio=3, depth=2)
