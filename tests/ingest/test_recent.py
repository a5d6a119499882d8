"""Records kept in memory: never of another revision, never more than told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingest.recent import Recent
from ingest.schema import Deletion
from ingest.store import Store
from tests.contracts.stores import V1, cut


def test_a_changed_document_is_read_anew_by_every_reader(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'citerx.db'}"
    reader, writer = Store.open(url), Store.open(url)
    with writer.writing() as batch:
        batch.put(V1, cut(V1))
    before = reader.documents([V1.document_id])
    assert reader.documents([V1.document_id])[V1.document_id] is before[V1.document_id]
    rows = [row.row_id for row in reader.index_rows()]
    assert len(reader.passages(rows)) == len(rows) > 0
    with writer.writing() as batch:
        batch.put(replace(V1, retracted=True, sha256="b" * 64), cut(V1))
    assert not before[V1.document_id].retracted
    assert reader.documents([V1.document_id])[V1.document_id].retracted
    with writer.writing() as batch:
        batch.withdraw(Deletion(V1.work_id))
    assert reader.documents([V1.document_id]) == {}
    assert reader.passages(rows) == {}


def test_records_come_in_the_order_asked_for(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'citerx.db'}")
    with store.writing() as batch:
        batch.put(V1, cut(V1))
    rows = [row.row_id for row in store.index_rows()][::-1]
    assert list(store.passages(rows[1:])) == rows[1:]
    assert list(store.passages([*rows, 10**6])) == rows


steps = st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9), max_size=4)), max_size=20)


@given(steps)
def test_what_is_kept_is_of_the_revision_asked_for(written: list[tuple[int, list[int]]]) -> None:
    recent: Recent[int, tuple[int, int]] = Recent(5)
    for revision, keys in written:
        recent.keep(revision, {key: (revision, key) for key in keys})
        assert len(recent) <= 5
        for asked in range(4):
            found = recent.known(asked, range(10))
            assert all(record == (asked, key) for key, record in found.items())
    latest = max((revision for revision, _ in written), default=-1)
    last = [keys for revision, keys in written if revision == latest][-1:]
    assert set(recent.known(latest, range(10))) >= {*(last[0] if last else [])}


def test_the_longest_unused_goes_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep(1, {"a": 1, "b": 2})
    assert recent.known(1, ["a"]) == {"a": 1}
    recent.keep(1, {"c": 3})
    assert recent.known(1, "abc") == {"a": 1, "c": 3}
