"""Versions of a work in a store: which is in force when, what replaces what, what is deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest
from sqlalchemy import func, update

from ingest.database import contents
from ingest.records import content_key
from ingest.schema import (
    Deletion,
    Document,
)
from ingest.store import Store
from tests.contracts.stores import (
    UNDATED,
    UNDATED2,
    V1,
    V2,
    V3,
    WORK,
    StoreCase,
    cut,
    ends,
    history,
    label,
    paper,
    put,
    read,
    record,
)


class VersionsContract(StoreCase):
    @pytest.mark.parametrize("order", list(permutations((V1, V2, V3, UNDATED))))
    def test_versions_end_when_the_next_begins_in_any_order_of_arrival(
        self, store: Store, order: tuple[Document, ...]
    ) -> None:
        put(store, *order)
        assert ends(store) == {
            UNDATED.document_id: date(2010, 1, 1),
            V1.document_id: date(2012, 1, 1),
            V2.document_id: date(2012, 1, 1),
            V3.document_id: None,
        }

    def test_undated_versions_alone_stay_current(self, store: Store) -> None:
        put(store, UNDATED, UNDATED2)
        assert set(ends(store).values()) == {None}
        put(store, V1)
        assert ends(store) == {
            UNDATED.document_id: V1.effective,
            UNDATED2.document_id: V1.effective,
            V1.document_id: None,
        }

    def test_a_deleted_version_ends_nothing(self, store: Store) -> None:
        put(store, V1, V2)
        moved = replace(V2, work_id="another", sha256="moved")
        assert put(store, moved) == ["replaced"]
        assert ends(store) == {V1.document_id: None, V2.document_id: None}

    def test_a_deletion_takes_the_whole_work(self, store: Store) -> None:
        put(store, V1, V2, replace(V3, work_id="another"))
        revision = store.revision()
        with store.writing() as batch:
            assert batch.withdraw(Deletion(WORK)) == 2
        assert set(ends(store)) == {V3.document_id}
        assert next(store.drug_names()) == (V3.document_id, "generic", "examplomab")
        assert store.passage(cut(V1)[0].passage_id) is None
        assert store.revision() > revision
        revision = store.revision()
        with store.writing() as batch:
            assert batch.withdraw(Deletion(WORK)) == 0
        assert store.revision() == revision

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_a_deletion_holds_against_older_records_in_any_order(self, store: Store, order: tuple[int, ...]) -> None:
        old = paper("1", "1", revised=date(2020, 1, 1))
        new = replace(old, revised=date(2022, 1, 1), sha256="new")
        for step in order:
            with store.writing() as batch:
                if step == 0:
                    batch.withdraw(Deletion("1", date(2021, 1, 1)))
                else:
                    batch.put((old, new)[step - 1], cut(old))
        assert read(store, old) == new

    def test_a_deletion_without_a_date_is_as_new_as_what_it_removed(self, store: Store) -> None:
        old = paper("1", "1", revised=date(2020, 1, 1))
        new = replace(old, revised=date(2020, 1, 2), sha256="new")
        undated = replace(old, revised=None, sha256="undated")
        put(store, old)
        with store.writing() as batch:
            assert batch.withdraw(Deletion("1")) == 1
            assert batch.withdraw(Deletion("2")) == 0
        assert put(store, old, undated, new) == ["withdrawn", "withdrawn", "ingested"]
        assert put(store, paper("2", "2", revised=date(2030, 1, 1))) == ["withdrawn"]

    def test_a_new_way_of_reading_replaces_what_is_there_once(self, store: Store) -> None:
        put(store, V1, replace(V1, sha256="as another file tells it"))
        with store.writing() as batch:  # as an older release wrote it
            older = func.replace(contents.c.sha256, content_key(V1)[len(V1.sha256) :], "/0")
            batch._connection.execute(update(contents).values(sha256=older))
        assert not store.holds(V1)
        assert put(store, V1, V1) == ["replaced", "unchanged"]
        assert store.holds(V1)

    @pytest.mark.parametrize("arrivals", list(permutations((2015, 2018, 2021))))
    def test_a_revised_record_in_other_words_is_a_version_of_its_own(
        self, store: Store, arrivals: tuple[int, ...]
    ) -> None:
        days = {year: date(year, 6, 1) for year in arrivals}
        words = {2015: "Take 5 mg.", 2018: "Take 5  mg.", 2021: "Take 50 mg."}
        for year in arrivals:
            assert put(store, record(days[year], words[year]))[0] in {"ingested", "replaced"}
        assert [(told[0].split(), *told[1:]) for told in history(store)] == [
            (["Take", "5", "mg."], date(2010, 1, 1), days[2015], days[2021]),
            (["Take", "50", "mg."], days[2021], days[2021], None),
        ]
        assert store.document("pubmed:1")
        assert put(store, *(record(days[year], words[year]) for year in arrivals)) == ["unchanged"] * 3
        assert all(store.holds(record(days[year], words[year])) for year in arrivals)

    def test_what_was_cited_stays_as_it_was(self, store: Store) -> None:
        """The first to come keeps its id and words, whatever comes before or after it."""
        first, later, older = (record(date(year, 1, 1), f"Of {year}.") for year in (2018, 2021, 2015))
        put(store, first)
        rows = {row.passage: row.row_id for row in store.index_rows()}
        put(store, later, older)
        assert read(store, first) == replace(first, superseded_on=later.revised)
        found = {row.passage: row for row in store.index_rows()}
        assert rows == {passage: found[passage].row_id for passage in rows}
        assert {row.passage.document_id: (row.effective, row.superseded_on) for row in found.values()} == {
            "pubmed:1:2015-01-01": (date(2010, 1, 1), date(2018, 1, 1)),
            "pubmed:1": (date(2018, 1, 1), date(2021, 1, 1)),
            "pubmed:1:2021-01-01": (date(2021, 1, 1), None),
        }
        for passage in found:
            assert store.passage(passage.passage_id) == passage

    def test_words_between_two_records_of_the_same_words_end_the_older_run(self, store: Store) -> None:
        same, between, again = (
            record(date(year, 1, 1), words) for year, words in ((2015, "A."), (2018, "B."), (2021, "A."))
        )
        put(store, again, same, between)
        assert history(store) == [
            ("B.", date(2010, 1, 1), between.revised, again.revised),
            ("A.", again.revised, again.revised, None),
        ]

    def test_records_that_say_no_day_of_revision_are_one_version(self, store: Store) -> None:
        poor, rich = record(None, "Take 5 mg.", version="0"), record(date(2018, 1, 1), "Take 50 mg.")
        assert put(store, poor, rich, poor) == ["ingested", "replaced", "unchanged"]
        assert put(store, record(None, "Else.", version="1")) == ["unchanged"]
        assert history(store) == [("Take 50 mg.", date(2010, 1, 1), rich.revised, None)]

    def test_another_number_is_another_version(self, store: Store) -> None:
        first, second = (record(None, f"Of {number}.", version=number) for number in "12")
        assert put(store, second, first, second) == ["ingested", "ingested", "unchanged"]
        assert [words for words, *_ in history(store)] == ["Of 1.", "Of 2."]
        found = [document for document, _ in store.versions("pubmed:1")]
        assert [one.document_id for one in found] == ["pubmed:1:1", "pubmed:1"]
        assert [one.superseded_on is None for one in found] == [False, True]

    def test_two_numbers_of_one_day_have_ids_of_their_own(self, store: Store) -> None:
        day = date(2018, 1, 1)
        put(store, *(record(day, f"Of {number}.", version=number) for number in "123"))
        names = {document.document_id for document, _ in store.versions("pubmed:1")}
        assert names == {"pubmed:1", "pubmed:1:2018-01-01", "pubmed:1:2018-01-01.3"}

    def test_a_deletion_takes_the_versions_that_are_older(self, store: Store) -> None:
        old, new = record(date(2015, 1, 1), "Old."), record(date(2021, 1, 1), "New.")
        put(store, old, new)
        with store.writing() as batch:
            assert batch.withdraw(Deletion("pubmed:1", date(2018, 1, 1))) == 1
        assert history(store) == [("New.", date(2010, 1, 1), new.revised, None)]
        assert put(store, old, new) == ["withdrawn", "unchanged"]

    def test_versions_come_oldest_first_with_their_sections_counted(self, store: Store) -> None:
        put(store, V3, V1, V2, replace(V1, document_id="label:x:1", work_id="another"))
        found = store.versions(WORK)
        assert [document.version for document, _ in found] == ["9", "10", "11"]
        assert [document.superseded_on for document, _ in found] == [V2.effective, V3.effective, None]
        assert {sections for _, sections in found} == {2}
        assert store.versions("none") == []

    def test_an_editorial_summary_gives_way_to_the_real_source(self, store: Store) -> None:
        summary = label("9", date(2010, 1, 1), editorial=True)
        other_version = label("1", date(2030, 1, 1), editorial=True)
        assert put(store, summary, other_version) == ["ingested", "ingested"]
        assert store.demonstration()
        assert put(store, V1) == ["replaced"]
        assert not store.holds(summary)
        assert put(store, summary, other_version) == ["skipped", "skipped"]
        assert ends(store) == {V1.document_id: None}
        assert not store.demonstration()

    def test_a_summary_gives_way_to_each_label_that_it_stands_for(self, store: Store) -> None:
        summary = replace(
            label("1", date(2030, 1, 1), editorial=True),
            document_id="label:summary:1",
            work_id="summary",
            stands_for=("another", WORK),
        )
        unrelated = replace(summary, document_id="label:other:1", work_id="other", stands_for=("another",))
        assert put(store, summary, unrelated) == ["ingested", "ingested"]
        assert store.document(summary.document_id) == summary
        assert put(store, V1) == ["replaced"]
        assert put(store, summary, V2, unrelated) == ["skipped", "ingested", "unchanged"]
        assert ends(store) == {V1.document_id: V2.effective, V2.document_id: None, unrelated.document_id: None}
        assert put(store, replace(V3, document_id="label:another:1", work_id="another")) == ["replaced"]
        assert store.document(unrelated.document_id) is None
