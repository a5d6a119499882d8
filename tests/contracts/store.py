"""What every store must do. Subclass `StoreContract` and give the fixture ``url`` a fresh, empty database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, update

from ingest.database import contents
from ingest.errors import ParseError, StoreError
from ingest.records import content_key
from ingest.schema import (
    Deletion,
    Document,
    DrugNames,
    Kind,
    Mark,
    MarkKind,
    Passage,
    Section,
    Table,
    pages_between,
    passage_id,
)
from ingest.store import Counts, Store

WORK = "0f0e0d0c-0000-4000-8000-000000000001"


def label(
    version: str, effective: date | None, *, text: str = "Take one.\nNot two.", editorial: bool = False
) -> Document:
    """A version of one work, with its section cut into passages by `cut`."""
    return Document(
        document_id=f"label:{WORK}:{version}",
        kind=Kind.LABEL,
        title="Examplomab",
        work_id=WORK,
        version=version,
        sha256=f"{text}|{effective}|{editorial}",
        sections=(
            Section("boxed_warning", "WARNING", ("WARNING",), "Danger: \U0001f480 é."),
            Section(
                "dosage",
                "Dosage",
                ("Use", "Dosage"),
                text,
                (Table("Doses", ("Age",), (("9",), ("10",)), 0, 4),),
                ((0, 7), (4, 8)),
            ),
        ),
        published=effective,
        effective=effective,
        editorial=editorial,
        drugs=DrugNames(generic=("examplomab", "examplomab"), ndc=("2", "1")),
    )


def cut(document: Document) -> list[Passage]:
    """One passage per line of each section."""
    passages = []
    for section in document.sections:
        start = 0
        for line in section.text.split("\n"):
            span = (start, start + len(line))
            start += len(line) + 1
            if not line:
                continue
            name = passage_id(document.document_id, section.slug, *span)
            place = (document.document_id, section.slug, *span)
            pages = pages_between(section.pages, *span)
            passages.append(Passage(name, *place, line, f"{document.title} | x", pages))
    return passages


def put(store: Store, *documents: Document) -> list[str]:
    """Each document in a transaction of its own; the outcomes."""
    outcomes: list[str] = []
    for document in documents:
        with store.writing() as batch:
            outcomes.append(batch.put(document, cut(document)))
    return outcomes


def ends(store: Store) -> dict[str, date | None]:
    """document id -> superseded_on, of everything."""
    return {row.passage.document_id: row.superseded_on for row in store.index_rows()}


def paper(name: str, pmid: str = "", doi: str = "", **fields: object) -> Document:
    """A paper as one source has it: its names are what marks find it by."""
    made = label("1", date(2010, 1, 1), text=f"Abstract of {name}.")
    made = replace(made, document_id=name, work_id=name, kind=Kind.ARTICLE, pmid=pmid, doi=doi)
    return replace(made, **fields)  # type: ignore[arg-type]


def mark(store: Store, *marks: Mark) -> list[str]:
    """Each mark in a transaction of its own; the outcomes."""
    outcomes: list[str] = []
    for one in marks:
        with store.writing() as batch:
            outcomes.append(batch.mark(one))
    return outcomes


def read(store: Store, document: Document) -> Document:
    """The document as the store has it now."""
    found = store.document(document.document_id)
    assert found
    return found


def record(day: date | None, words: str, **fields: Any) -> Document:  # noqa: ANN401
    """A paper of 2010 as its source had it, revised on ``day`` and in force since then as far as is known."""
    made = paper("pubmed:1", "1", revised=day, effective=day or date(2010, 1, 1), **fields)
    return replace(made, sha256=f"{day}|{words}|{fields}", sections=(Section("abstract", "", (), words),))


def history(store: Store, work: str = "pubmed:1") -> list[tuple[str, date | None, date | None, date | None]]:
    """The versions of a work, the oldest first: their words, and from when and until when each counts."""
    found = [store.document(one.document_id) for one, _ in store.versions(work)]
    return [
        ("".join(section.text for section in one.sections), one.since, one.effective, one.superseded_on)
        for one in found
        if one
    ]


RETRACTION = Mark("doi:10.1/x", "retraction", date(2020, 2, 2), "pmid:77")
V1, V2, V3 = label("9", date(2010, 1, 1)), label("10", date(2012, 1, 1)), label("11", date(2012, 1, 1))
UNDATED, UNDATED2 = label("0a0b", None), label("0c0d", None)


class StoreContract:
    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        opened = Store.open(url)
        yield opened
        opened.close()

    def test_a_document_reads_back_as_it_was(self, store: Store) -> None:
        assert put(store, V1) == ["ingested"]
        assert store.document(V1.document_id) == V1
        assert store.document("label:none:1") is None
        assert store.documents([V1.document_id, "none"]) == {V1.document_id: replace(V1, sections=())}

    def test_passages_are_stretches_of_their_section(self, store: Store) -> None:
        put(store, V1)
        expected = cut(V1)
        rows = list(store.index_rows())
        assert [row.passage for row in rows] == expected
        assert [row.ordinal for row in rows] == [0, 1, 1]
        assert store.passages([row.row_id for row in rows] + [10**6]) == {row.row_id: row.passage for row in rows}
        assert store.passage(expected[0].passage_id) == expected[0]
        assert store.passage("none") is None

    def test_the_same_again_changes_nothing(self, store: Store) -> None:
        put(store, V1)
        revision, rows = store.revision(), list(store.index_rows())
        assert put(store, V1) == ["unchanged"]
        assert (store.revision(), list(store.index_rows())) == (revision, rows)

    def test_other_content_replaces(self, store: Store) -> None:
        put(store, V1)
        before = {row.passage: row.row_id for row in store.index_rows()}
        changed = label("9", date(2010, 1, 1), text="Take one.\nNot three.")
        assert put(store, changed) == ["replaced"]
        assert store.document(V1.document_id) == changed
        after = {row.passage: row.row_id for row in store.index_rows()}
        assert list(after) == cut(changed)
        assert {passage: row for passage, row in after.items() if passage in before}.items() <= before.items()
        assert not (after.keys() - before.keys()) & before.keys()
        assert max(before.values()) < max(after.values())

    def test_two_files_that_tell_one_version_differently_settle(self, store: Store) -> None:
        other = label("9", date(2010, 1, 1), text="Take none.")
        assert put(store, V1, other) == ["ingested", "replaced"]
        revision = store.revision()
        assert store.holds(V1)
        assert store.holds(other)
        assert not store.holds(replace(V1, sha256="new"))
        assert put(store, V1, other) == ["unchanged", "unchanged"]
        assert store.revision() == revision
        assert store.document(V1.document_id) == other

    def test_row_ids_are_never_used_again(self, store: Store) -> None:
        put(store, V1)
        old = {row.row_id for row in store.index_rows()}
        with store.writing() as batch:
            assert batch.withdraw(Deletion(WORK, date(2020, 1, 1))) == 1
        put(store, replace(V1, revised=date(2020, 1, 2)))
        assert old.isdisjoint(row.row_id for row in store.index_rows())

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

    def test_a_retraction_is_of_every_version_and_goes_with_a_newer_record(self, store: Store) -> None:
        old, bad = record(date(2015, 1, 1), "Old."), record(date(2018, 1, 1), "New.", retracted=True)
        put(store, bad, old)
        assert [document.retracted for document, _ in store.versions("pubmed:1")] == [True, True]
        assert {document.marks for document, _ in store.versions("pubmed:1")} == {()}
        put(store, record(date(2021, 1, 1), "New."))
        assert [document.retracted for document, _ in store.versions("pubmed:1")] == [False, False]

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

    def test_vectors_of_texts_that_are_gone_are_dropped(self, store: Store) -> None:
        keys = [bytes([number % 256, number // 256]) for number in range(700)]
        for model in ("m", "n"):
            store.put_vectors(model, {key: np.ones(2, np.float16) for key in keys})
        assert store.prune_vectors(set(keys[:3])) == 2 * 697
        assert set(store.vectors("m", keys)) == set(store.vectors("n", keys)) == set(keys[:3])

    def test_kept_answers_are_listed_by_day(self, store: Store) -> None:
        store.save_answer("1", {"answer_id": "1"})
        store.save_answer("2", {"answer_id": "2"})
        ((first, one), (second, two)) = store.answers()
        assert first <= second
        assert (one, two) == ({"answer_id": "1"}, {"answer_id": "2"})
        assert [payload for _, payload in store.answers(date(2000, 1, 1))] == [one, two]
        assert list(store.answers(date(9999, 1, 1))) == []

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

    def test_the_same_words_are_found_in_other_documents(self, store: Store) -> None:
        other = replace(V1, document_id="label:other:1", work_id="other")
        lined = replace(other.sections[1], text="Take  one.\nNot two.", tables=(), pages=())
        put(store, V1, V2, replace(other, sections=(other.sections[0], lined)))
        names = {one.text: one.passage_id for one in cut(V1)}
        found = store.same_words(names.values())
        assert found[names["Take one."]] == tuple(sorted({V2.document_id, "label:other:1"}))
        assert store.same_words(["nothing"]) == {}

    def test_the_same_words_count_in_labels_in_force_of_the_drug(self, store: Store) -> None:
        names = ("other", "gone", "bad", "summary", "drug", "paper")
        made = {name: replace(V1, document_id=f"label:{name}:1", work_id=name) for name in names}
        made["newer"] = replace(label("10", date(2015, 1, 1), text="Else."), document_id="label:gone:2", work_id="gone")
        made["bad"] = replace(made["bad"], retracted=True)
        made["summary"] = replace(made["summary"], editorial=True)
        made["drug"] = replace(made["drug"], drugs=DrugNames(generic=("Zanol",), brand=("Examplomab",)))
        made["paper"] = replace(made["paper"], kind=Kind.ARTICLE)
        put(store, V1, *made.values())
        (name,) = (one.passage_id for one in cut(V1) if one.text == "Take one.")
        for naming, as_of, expected in (
            ("mplomab", None, ("label:other:1",)),
            ("", None, ("label:drug:1", "label:other:1")),
            ("mplomab", date(2014, 12, 31), ("label:gone:1", "label:other:1")),
            ("mplomab", date(2015, 1, 1), ("label:other:1",)),
            ("mplomab", date(2009, 12, 31), ()),
        ):
            assert store.same_words([name], naming, as_of).get(name, ()) == expected

    def test_the_tables_of_a_passages_section(self, store: Store) -> None:
        put(store, V1)
        names = [one.passage_id for one in cut(V1)]
        found = store.tables(names)
        assert set(found.values()) == {V1.sections[1].tables}
        assert names[0] not in found

    def test_drug_names(self, store: Store) -> None:
        put(store, V1)
        names = [("generic", "examplomab"), ("generic", "examplomab"), ("ndc", "2"), ("ndc", "1")]
        assert list(store.drug_names()) == [(V1.document_id, *pair) for pair in names]

    def test_counts_and_dates(self, store: Store) -> None:
        assert store.counts() == Counts({}, 0, 0, 0, 0)
        assert store.newest_source() is None
        assert not store.demonstration()
        article = replace(V3, document_id="pubmed:1", work_id="1", kind=Kind.ARTICLE, effective=None, retracted=True)
        put(store, V1, V2, article)
        assert store.counts() == Counts({"article": 1, "label": 2}, passages=9, works=2, superseded=1, retracted=1)
        assert store.newest_source() == date(2012, 1, 1)

    def test_a_failed_transaction_leaves_nothing(self, store: Store) -> None:
        put(store, V1)
        revision = store.revision()

        def put_and_fail() -> None:
            with store.writing() as batch:
                batch.put(V2, cut(V2))
                batch.put(label("bad", None, text="\0"), [])

        with pytest.raises(ParseError):
            put_and_fail()
        assert store.revision() == revision
        assert set(ends(store)) == {V1.document_id}

    @pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
    def test_text_that_no_database_can_keep_is_refused_alone(self, store: Store, text: str) -> None:
        bad = label("bad", None, text=text)
        assert not store.holds(replace(V2, document_id=text))
        with store.writing() as batch:
            with pytest.raises(ParseError, match=bad.document_id):
                batch.put(bad, [])
            with pytest.raises(ParseError):
                batch.put(replace(V2, document_id=text), [])
            batch.put(V1, cut(V1))
        assert set(ends(store)) == {V1.document_id}

    def test_a_passage_that_is_not_of_its_section_is_refused(self, store: Store) -> None:
        passages = cut(V1)
        wrong = [
            [replace(passages[0], text="Danger! ")],
            [replace(passages[0], end=10_000)],
            [replace(passages[0], section="none")],
            [replace(passages[0], document_id="none")],
            [passages[0], passages[0]],
        ]
        for case in wrong:
            with store.writing() as batch, pytest.raises(ParseError):
                batch.put(V1, case)

    def test_vectors_are_kept_by_model_and_content(self, store: Store) -> None:
        keys = [bytes([number % 256, number // 256]) for number in range(700)]
        items = {key: np.full(4, number, np.float16) for number, key in enumerate(keys)}
        store.put_vectors("m", items)
        store.put_vectors("m", {keys[0]: np.ones(4, np.float16), b"new": np.ones(4, np.float32)})
        found = store.vectors("m", [*keys, b"absent"])
        assert found.keys() == set(keys)
        assert all(np.array_equal(found[key], items[key]) and found[key].dtype == np.float16 for key in keys)
        assert store.vectors("m", [b"new"])[b"new"].tolist() == [1, 1, 1, 1]
        assert store.vectors("other", keys) == {}

    def test_answers_are_kept(self, store: Store) -> None:
        payload = {"z": [1, 2.5, None], "a": {"é": "\U0001f480"}}
        store.save_answer("1", {"old": True})
        store.save_answer("1", payload)
        assert store.answer("1") == payload
        assert list(store.answer("1") or ()) == ["z", "a"]
        assert store.answer("2") is None

    def test_a_store_opens_again(self, url: str, store: Store) -> None:
        put(store, V1)
        again = Store.open(url)
        assert (again.document(V1.document_id), again.revision()) == (V1, store.revision())
        again.close()

    def test_many_may_open_an_empty_store_at_once(self, url: str) -> None:
        stores: list[Store] = []
        threads = [threading.Thread(target=lambda: stores.append(Store.open(url))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [store.revision() for store in stores] == [0] * 6
        for store in stores:
            store.close()

    def test_readers_see_whole_transactions_while_one_writes(self, store: Store) -> None:
        put(store, V1)
        seen: list[set[str]] = []
        finished = threading.Event()

        def read() -> None:
            while not finished.is_set():
                seen.append(set(ends(store)))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for day in range(1, 21, 2):
            for said, versions in ((day, (V2, V3)), (day + 1, (V1,))):
                with store.writing() as batch:
                    batch.withdraw(Deletion(WORK, date(2020, 1, said)))
                    for version in versions:
                        batch.put(replace(version, revised=date(2020, 1, said + 1)), cut(version))
        finished.set()
        for reader in readers:
            reader.join()
        assert seen
        assert all(ids in ({V1.document_id}, {V2.document_id, V3.document_id}) for ids in seen)

    def test_a_stream_of_rows_keeps_its_snapshot(self, store: Store) -> None:
        put(store, V1)
        rows = store.index_rows()
        first = next(rows)
        with store.writing() as batch:
            batch.withdraw(Deletion(WORK))
        assert [first.passage, *(row.passage for row in rows)] == cut(V1)

    def test_an_error_of_the_database_names_it(self, store: Store) -> None:
        nobody_else = replace(cut(V2)[0], passage_id=cut(V1)[0].passage_id)
        put(store, V1)
        with pytest.raises(StoreError) as raised, store.writing() as batch:
            batch.put(V2, [nobody_else])
        assert raised.value.source == store.place
        assert set(ends(store)) == {V1.document_id}
