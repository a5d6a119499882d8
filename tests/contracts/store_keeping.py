"""What a store keeps and gives back: documents, passages, vectors, answers; whole transactions."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from ingest.errors import ParseError, StoreError
from ingest.schema import (
    Deletion,
    DrugNames,
    Kind,
)
from ingest.store import Counts, Store
from tests.contracts.stores import (
    V1,
    V2,
    V3,
    WORK,
    StoreCase,
    cut,
    ends,
    label,
    put,
)


class KeepingContract(StoreCase):
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
