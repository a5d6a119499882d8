"""From files to the store: outcomes, reports, and that running it again changes nothing."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import StoreError
from ingest.pipeline import BATCH_DOCUMENTS, InterruptedIngestError, Progress, Report, _records, _Run, ingest
from ingest.schema import Document, Fault, Mark
from ingest.sources import Limits, Source
from ingest.store import Store
from tests.ingest.material import article, label_record, write_articles, write_labels
from tests.shared_data import shared


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.open(f"sqlite:///{tmp_path / 'home' / 'store.db'}")) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sources"
    made.mkdir()
    return made


def non_zero(report: Report) -> dict[str, int]:
    return {outcome: number for outcome, number in report.totals.items() if number}


def test_files_become_documents_and_a_second_run_changes_nothing(store: Store, folder: Path) -> None:
    write_labels(folder / "labels.json", [label_record(number) for number in range(BATCH_DOCUMENTS + 20)])
    write_articles(folder / "articles", [article(1), article(2)])
    report = ingest(store, [str(folder)])
    assert non_zero(report) == {"ingested": BATCH_DOCUMENTS + 22}
    assert (report.lines, report.failed_share) == ([], 0)
    assert store.counts().documents == {"article": 2, "label": BATCH_DOCUMENTS + 20}
    revision, rows = store.revision(), list(store.index_rows())
    assert non_zero(ingest(store, [str(folder)])) == {"unchanged": BATCH_DOCUMENTS + 22}
    assert (store.revision(), list(store.index_rows())) == (revision, rows)


def test_every_passage_is_a_stretch_of_its_section(store: Store, folder: Path) -> None:
    ingest(store, [str(write_labels(folder / "labels", [label_record(1)]))])
    rows = list(store.index_rows())
    assert rows
    for row in rows:
        document = store.document(row.passage.document_id)
        section = document.section(row.passage.section) if document else None
        assert section
        assert section.text[row.passage.start : row.passage.end] == row.passage.text


def test_the_same_record_in_another_container_is_the_same(store: Store, folder: Path) -> None:
    plain = write_labels(folder / "labels.json", [label_record(1), label_record(2)])
    packed = folder / "labels.json.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "inner.json")
    (folder / "labels.json.gz").write_bytes(gzip.compress(plain.read_bytes()))
    report = ingest(store, [str(plain), str(packed), str(folder / "labels.json.gz")])
    assert non_zero(report) == {"ingested": 2, "unchanged": 4}


def test_versions_replacements_and_deletions(store: Store, folder: Path) -> None:
    write_labels(folder / "1", [label_record(1, 2), label_record(1, 1)])
    write_labels(folder / "2", [label_record(1, 2, dose=20)])
    write_articles(folder / "3", [article(1), article(2)], deleted=[2, 3])
    report = ingest(store, [str(folder / name) for name in "123"])
    assert non_zero(report) == {"ingested": 4, "replaced": 1, "deleted": 1}
    assert store.counts().superseded == 1
    assert store.counts().documents == {"article": 1, "label": 2}


def test_a_deleted_record_comes_back_only_where_it_was_revised_later(store: Store, folder: Path) -> None:
    write_articles(folder / "baseline", [article(1, revised=2020), article(2)])
    write_articles(folder / "update", [article(3, revised=2021)], deleted=[1, 2])
    write_articles(folder / "later", [article(1, revised=2022)])
    runs = (
        (("baseline", "update"), {"ingested": 3, "deleted": 2}),
        (("baseline", "update"), {"skipped": 2, "unchanged": 1}),
        (("later",), {"ingested": 1}),
        (("update", "baseline"), {"skipped": 2, "unchanged": 1}),
    )
    for names, expected in runs:
        report = ingest(store, [str(folder / name) for name in names])
        assert non_zero(report) == expected
    assert {line.reason for line in report.lines} == {
        "its source withdrew it, and this record was not revised after that"
    }
    assert store.counts().documents == {"article": 2}


def test_marks_are_reported_and_a_bad_one_is_a_fault(store: Store) -> None:
    run = _Run(store, None, Limits())
    good = Mark("pmid:1", "retraction", None, "a list")
    for mark in (good, good, Mark("1", "retraction")):
        run.take("list", mark)
    run.flush()
    assert non_zero(run.report) == {"marked": 1, "unchanged": 1, "faults": 1}
    assert run.report.lines[0].record == "'1'"


def test_trouble_is_a_line_and_stops_nothing(store: Store, folder: Path) -> None:
    write_labels(folder / "a-good", [label_record(1)])
    (folder / "b-notes.txt").write_text("neither XML nor JSON")
    whole = write_articles(folder / "c-torn", [article(number) for number in range(1, 40)])
    whole.write_bytes(whole.read_bytes()[:-500])
    (folder / "d-torn.zip").write_bytes(b"PK\x03\x04 and then nothing")
    (folder / "e-empty").write_text("")
    write_labels(folder / "f-good", [label_record(2), {"no": "label"}])
    report = ingest(store, [str(folder / "absent"), str(folder)])
    assert report.totals["skipped"] == 1
    assert report.totals["faults"] == len([line for line in report.lines if line.outcome == "fault"]) >= 5
    assert {Path(line.source).name for line in report.lines} == {
        "absent",
        "b-notes.txt",
        "c-torn",
        "d-torn.zip",
        "e-empty",
        "f-good",
    }
    assert all(line.reason for line in report.lines)
    assert store.counts().documents["label"] == 2
    assert report.totals["ingested"] > 30
    assert 0 < report.failed_share < 1


class Failing(io.BytesIO):
    """A file whose disk fails after its first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes, then an error in the place of the end."""
        if not (data := super().read(size)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return data


def test_an_error_of_the_disk_ends_one_file_only(folder: Path) -> None:
    content = write_articles(folder / "articles", [article(number) for number in range(1, 100)]).read_bytes()[:-200]
    source = Source("torn", len(content), lambda: Failing(content))
    *whole, (fault, position) = _records(source)
    assert [type(record) for record, _ in whole] == [Document] * 98
    assert fault == Fault("", f"cannot be read: {os.strerror(errno.EIO)}", len(content))
    assert position == len(content)


def test_a_store_that_fails_in_the_middle_keeps_the_report(tmp_path: Path, folder: Path) -> None:
    path = write_labels(folder / "labels", [label_record(number) for number in range(3 * BATCH_DOCUMENTS)])
    file = tmp_path / "store.db"
    with (
        closing(Store.open(f"sqlite:///{file}?timeout=0.1")) as store,
        closing(sqlite3.connect(file)) as blocker,
    ):

        def block(now: Progress) -> None:
            if now.records == BATCH_DOCUMENTS + 1:
                blocker.execute("begin immediate")

        with pytest.raises(InterruptedIngestError, match="another process is writing") as raised:
            ingest(store, [str(folder / "absent"), str(path)], block)
        assert non_zero(raised.value.report) == {"ingested": BATCH_DOCUMENTS, "faults": 1}
        assert store.counts().documents == {"label": BATCH_DOCUMENTS}


def test_the_report_is_json(store: Store, folder: Path) -> None:
    (folder / "notes").write_text("nothing")
    found = json.loads(json.dumps(ingest(store, [str(folder)]).to_json()))
    name = str(folder / "notes")
    assert found["files"][name] == found["totals"]
    assert found["totals"]["skipped"] == 1
    assert found["failed_share"] == 0
    assert {key: found["lines"][0][key] for key in ("outcome", "source")} == {"outcome": "skipped", "source": name}


def test_progress_grows_record_by_record(store: Store, folder: Path) -> None:
    path = write_labels(folder / "labels", [label_record(number) for number in range(120)])
    seen: list[Progress] = []
    ingest(store, [str(path)], seen.append)
    assert [now.records for now in seen] == list(range(1, 121))
    assert all(now.source == str(path) and 0 < now.position <= now.size == path.stat().st_size for now in seen)
    assert [now.position for now in seen] == sorted(now.position for now in seen)


def test_a_second_ingest_waits_its_turn_with_a_clear_error(store: Store, folder: Path) -> None:
    path = str(write_labels(folder / "labels", [label_record(1)]))
    with store.ingesting(), pytest.raises(StoreError, match="another ingest into this store is running"):
        ingest(store, [path])
    assert non_zero(ingest(store, [path])) == {"ingested": 1}


def test_real_labels_and_literature(store: Store) -> None:
    paths = [str(shared("labels/spl")), str(shared("literature/pubmed"))]
    report = ingest(store, paths)
    assert report.lines == []
    assert store.counts().documents == {"article": report.totals["ingested"] - 6, "label": 6}
    assert 340 <= report.totals["ingested"] + report.totals["unchanged"] + report.totals["replaced"] <= 360
    for row in store.index_rows():
        assert row.passage.text.strip()
    revision = store.revision()
    again = ingest(store, paths)
    assert set(non_zero(again)) == {"unchanged"}
    assert store.revision() == revision


def test_a_study_that_the_registry_updated_keeps_what_it_said(store: Store, folder: Path) -> None:
    study: dict[str, Any] = {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "Testomab for pain"},
        "statusModule": {"studyFirstPostDateStruct": {"date": "2015-01-01"}},
    }
    for day, text in (("2016-01-01", "For adults."), ("2018-01-01", "For children.")):
        study["statusModule"]["lastUpdatePostDateStruct"] = {"date": day}
        study["descriptionModule"] = {"briefSummary": text}
        (folder / "study.json").write_text(json.dumps({"protocolSection": study}))
        ingest(store, [str(folder)])
    found = [document for document, _ in store.versions("NCT00000001")]
    assert [(one.document_id, str(one.since), str(one.effective), str(one.revised)) for one in found] == [
        ("trial:NCT00000001", "2015-01-01", "2016-01-01", "2016-01-01"),
        ("trial:NCT00000001:2018-01-01", "2018-01-01", "2018-01-01", "2018-01-01"),
    ]
    assert [str(one.superseded_on) for one in found] == ["2018-01-01", "None"]
