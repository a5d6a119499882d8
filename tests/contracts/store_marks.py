"""Retractions and other marks in a store: for what they hold and who takes them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ingest.errors import ParseError
from ingest.schema import (
    Deletion,
    Mark,
    MarkKind,
)
from ingest.store import Store
from tests.contracts.stores import (
    RETRACTION,
    V1,
    StoreCase,
    mark,
    paper,
    put,
    read,
    record,
)


class MarksContract(StoreCase):
    def test_a_mark_holds_for_what_is_there_and_for_what_comes_later(self, store: Store) -> None:
        here, later = paper("pubmed:1", "1", "10.1/X"), paper("pmc:2", doi="10.1/x")
        put(store, here)
        revision = store.revision()
        assert mark(store, RETRACTION, RETRACTION) == ["marked", "unchanged"]
        assert store.revision() == revision + 1
        assert read(store, here) == replace(here, retracted=True, marks=(RETRACTION,))
        put(store, later)
        for document in (here, later):
            assert read(store, document) == replace(document, retracted=True, marks=(RETRACTION,))
            assert store.documents([document.document_id])[document.document_id].marks == (RETRACTION,)
        assert {row.retracted for row in store.index_rows()} == {True}
        assert store.counts().retracted == 2

    def test_a_mark_on_nothing_that_is_here_changes_nothing_yet(self, store: Store) -> None:
        put(store, V1)
        revision = store.revision()
        assert mark(store, RETRACTION) == ["marked"]
        assert store.revision() == revision

    def test_a_newer_record_takes_back_its_own_mark_and_no_other(self, store: Store) -> None:
        own = paper("pubmed:1", "1", revised=date(2020, 1, 1), retracted=True, corrected=True)
        doubt = Mark("pmid:1", "concern", None, "a list")
        put(store, own)
        mark(store, doubt)
        put(store, replace(own, revised=date(2021, 1, 1), sha256="new", retracted=False, corrected=False))
        found = read(store, own)
        assert (found.retracted, found.corrected, found.expression_of_concern) == (False, False, True)
        assert found.marks == (doubt,)

    def test_one_form_of_a_paper_tells_of_the_other_by_a_name_that_both_have(self, store: Store) -> None:
        record = paper("pubmed:1", "1", "10.1/x", revised=date(2020, 1, 1), retracted=True)
        text, other = paper("pmc:1", doi="10.1/x"), paper("pmc:9", doi="10.1/other")
        put(store, text, other)
        mark(store, replace(RETRACTION, work="pmid:1", kind="correction"))
        put(store, record)
        told = (
            replace(RETRACTION, work="pmid:1", kind="correction"),
            Mark("doi:10.1/x", "retraction", None, record.document_id),
        )
        assert read(store, text) == replace(text, retracted=True, corrected=True, marks=told)
        assert read(store, other) == other
        with store.writing() as batch:
            batch.withdraw(Deletion(record.work_id))
        assert read(store, text) == text

    @pytest.mark.parametrize("wrong", ["1", "isbn:1", "doi:a\0", "doi:a\ud800"])
    def test_a_mark_that_names_no_work_is_refused(self, store: Store, wrong: str) -> None:
        with store.writing() as batch, pytest.raises(ParseError, match="mark"):
            batch.mark(replace(RETRACTION, work=wrong))

    @pytest.mark.parametrize(("kind", "stays"), [("retraction", date(2021, 1, 1)), ("reinstatement", date(2019, 1, 1))])
    def test_of_two_days_of_a_mark_the_one_stays_that_marks_more(
        self, store: Store, kind: MarkKind, stays: date
    ) -> None:
        document, other = paper("pubmed:1", doi="10.1/x"), paper("pubmed:2", doi="10.1/y")
        put(store, document, other)
        dates = (None, date(2020, 2, 2), date(2021, 1, 1), date(2019, 1, 1), None)
        expected = ["marked", "marked"] + (["marked", "unchanged"] if kind == "retraction" else ["unchanged", "marked"])
        marks = [replace(RETRACTION, kind=kind, on=day) for day in dates]
        assert mark(store, *marks) == [*expected, "unchanged"]
        assert mark(store, *(replace(one, work="doi:10.1/y") for one in reversed(marks)))[0] == "marked"
        assert read(store, document).marks == (replace(marks[0], on=stays),)
        assert read(store, other).marks == (replace(marks[0], work="doi:10.1/y", on=stays),)

    @pytest.mark.parametrize("first", [0, 1])
    @pytest.mark.parametrize(
        ("days", "voice", "back"),
        [
            ((date(2020, 2, 2), date(2021, 1, 1)), "another", True),
            ((date(2020, 2, 2), date(2020, 2, 2)), "another", True),
            ((date(2020, 2, 2), date(2019, 1, 1)), "another", False),
            ((date(2020, 2, 2), date(2019, 1, 1)), "a list", False),
            ((None, date(2021, 1, 1)), "another", False),
            ((date(2020, 2, 2), None), "another", False),
            ((None, None), "a list", True),
            ((date(2020, 2, 2), None), "a list", True),
        ],
    )
    def test_a_reinstatement_takes_back_what_it_can_know_of_and_stays_to_be_seen(
        self, store: Store, days: tuple[date | None, date | None], voice: str, back: bool, first: int
    ) -> None:
        document, text = paper("pubmed:1", "1", "10.1/x"), paper("pmc:1", doi="10.1/x")
        put(store, document, text)
        said = Mark("pmid:1", "retraction", days[0], "a list")
        taken = Mark("doi:10.1/x", "reinstatement", days[1], voice)
        mark(store, (said, taken)[first], (taken, said)[first])
        for one in (document, text):
            assert read(store, one) == replace(one, retracted=not back, marks=(taken, said))
            assert store.documents([one.document_id])[one.document_id].marks == (taken, said)
        assert {row.retracted for row in store.index_rows()} == {not back}
        mark(store, replace(said, by="one more", on=date(2022, 1, 1)))
        assert read(store, text).retracted

    def test_no_reinstatement_takes_back_what_the_paper_says_itself(self, store: Store) -> None:
        own = paper("pubmed:1", "1", retracted=True)
        put(store, own)
        mark(store, Mark("pmid:1", "reinstatement", date(2024, 1, 1), "a list"))
        assert read(store, own).retracted

    def test_a_newer_version_elsewhere_is_told_in_every_form(self, store: Store) -> None:
        document, text, other = paper("pubmed:1", "1", "10.1/x"), paper("pmc:1", doi="10.1/x"), paper("pubmed:2", "2")
        put(store, document, text, other)
        newer = Mark("pmid:1", "update", None, "pmid:2")
        mark(store, newer, replace(newer, on=date(2022, 1, 1)))
        told = replace(newer, on=date(2022, 1, 1))
        assert read(store, text) == replace(text, marks=(told,))
        assert (read(store, document).outdated(), read(store, other).outdated()) == (True, False)
        assert not read(store, document).outdated(date(2021, 12, 31))

    def test_an_older_record_that_comes_later_clears_no_retraction(self, store: Store) -> None:
        old = replace(V1, revised=date(2020, 1, 1), title="Old", sha256="old")
        new = replace(V1, revised=date(2021, 1, 1), title="New", sha256="new", retracted=True)
        assert put(store, new, old, new) == ["ingested", "unchanged", "unchanged"]
        assert store.document(V1.document_id) == new
        undated = replace(V1, title="Undated", sha256="undated")
        same_day = replace(new, retracted=False, corrected=True, title="Same day", sha256="same day")
        assert put(store, undated, same_day) == ["unchanged", "replaced"]
        assert store.document(V1.document_id) == replace(same_day, retracted=True)
        newer = replace(V1, revised=date(2022, 1, 1), sha256="newer")
        assert put(store, newer) == ["replaced"]
        assert store.document(V1.document_id) == newer

    def test_a_record_without_a_date_clears_no_retraction(self, store: Store) -> None:
        assert put(store, replace(V1, retracted=True, sha256="bad"), V1) == ["ingested", "replaced"]
        assert store.document(V1.document_id) == replace(V1, retracted=True)

    def test_a_retraction_is_of_every_version_and_goes_with_a_newer_record(self, store: Store) -> None:
        old, bad = record(date(2015, 1, 1), "Old."), record(date(2018, 1, 1), "New.", retracted=True)
        put(store, bad, old)
        assert [document.retracted for document, _ in store.versions("pubmed:1")] == [True, True]
        assert {document.marks for document, _ in store.versions("pubmed:1")} == {()}
        put(store, record(date(2021, 1, 1), "New."))
        assert [document.retracted for document, _ in store.versions("pubmed:1")] == [False, False]
