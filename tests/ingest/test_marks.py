"""Lists that mark papers, from the file to what the store says: nothing is marked by mistake for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.pipeline import Report, ingest
from ingest.schema import Mark
from ingest.store import Store
from tests.ingest.material import article, write_articles


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(f"sqlite:///{tmp_path / 'home' / 'test.db'}")) as opened:
        ingest(opened, [str(write_articles(tmp_path / "papers.xml", [article(101), article(102)]))])
        yield opened


def take(store: Store, path: Path, content: str) -> Report:
    path.write_text(content)
    return ingest(store, [str(path)])


def retracted(store: Store) -> list[bool]:
    found = store.documents(["pubmed:101", "pubmed:102"])
    return [document.retracted for document in found.values()]


def test_an_export_that_looks_like_a_list_of_retractions_marks_nothing(store: Store, tmp_path: Path) -> None:
    report = take(store, tmp_path / "export.csv", "pmid,title,revised\n101,Trial 101,2020-01-01\n")
    assert (report.totals["marked"], report.totals["faults"], retracted(store)) == (0, 1, [False, False])
    assert "exactly pmid and revised" in report.lines[0].reason


def test_a_mistaken_list_is_taken_back_and_both_marks_stay(store: Store, tmp_path: Path) -> None:
    take(store, tmp_path / "mistaken.tsv", "pmid\trevised\n101\t2020-01-01\n102\t2021-01-01\n")
    assert retracted(store) == [True, True]
    (tmp_path / "later").mkdir()
    report = take(store, tmp_path / "later" / "mistaken.tsv", "pmid\tkind\n101\treinstated\n")
    assert (report.totals["marked"], retracted(store)) == (1, [False, True])
    told = Mark("pmid:101", "reinstatement", None, "mistaken.tsv"), Mark("pmid:101", "retraction", None, "mistaken.tsv")
    assert store.documents(["pubmed:101"])["pubmed:101"].marks == told
    take(store, tmp_path / "again.csv", "pmid,kind\n101,retracted\n")
    assert retracted(store) == [True, True]


def test_a_newer_version_of_a_review_is_told_by_either_record(store: Store, tmp_path: Path) -> None:
    def linked(pmid: int, sort: str, other: int) -> str:
        link = f"<CommentsCorrections RefType='{sort}'><PMID>{other}</PMID></CommentsCorrections>"
        lists = f"</Article><CommentsCorrectionsList>{link}</CommentsCorrectionsList>"
        return article(pmid).replace("</Article>", lists)

    ingest(store, [str(write_articles(tmp_path / "new.xml", [linked(103, "UpdateOf", 101)]))])
    ingest(store, [str(write_articles(tmp_path / "old.xml", [linked(104, "UpdateIn", 105)]))])
    found = store.documents([f"pubmed:{pmid}" for pmid in (101, 102, 103, 104)])
    assert [document.outdated() for document in found.values()] == [True, False, False, True]
    assert not any(document.corrected for document in found.values())
    assert found["pubmed:101"].marks == (Mark("pmid:101", "update", None, "pmid:103"),)
