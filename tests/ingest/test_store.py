"""The SQLite store: the contract, and what only a file can do wrong."""

from __future__ import annotations

import os
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.editions import UNKNOWN_DAY, superseded_on
from ingest.errors import StoreError
from ingest.records import MARKS, names_of
from ingest.schema import Document, DrugNames, Kind, Section, Table
from ingest.store import Store
from tests.contracts.store import StoreContract
from tests.contracts.stores import V1, cut, ends, history, label, put, record


class TestSqlite(StoreContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'deep' / 'er' / 'store.db'}"


@contextmanager
def fresh() -> Iterator[Store]:
    """A store of its own for one example."""
    with TemporaryDirectory() as folder, closing(Store.open(f"sqlite:///{folder}/store.db")) as store:
        yield store


# Everything that is text: all planes, combining marks, line breaks; no NUL and no surrogates.
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1, max_size=30)
names = st.lists(words, max_size=3).map(tuple)
days = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))
tables = st.builds(Table, words, names, st.lists(names, max_size=2).map(tuple), st.integers(0, 9), st.integers(0, 9))
sections = st.builds(
    Section,
    slug=st.text(string.ascii_lowercase, min_size=1, max_size=5),
    title=words,
    path=names,
    text=words,
    tables=st.lists(tables, max_size=2).map(tuple),
)
documents = st.builds(
    Document,
    document_id=words,
    kind=st.sampled_from(Kind),
    title=words,
    work_id=words,
    version=words,
    sha256=words,
    sections=st.lists(sections, max_size=4, unique_by=lambda section: section.slug).map(tuple),
    published=days,
    effective=days,
    revised=days,
    retracted=st.booleans(),
    expression_of_concern=st.booleans(),
    corrected=st.booleans(),
    editorial=st.booleans(),
    drugs=st.builds(DrugNames, names, names, names, names, names, names),
    labeler=words,
    authors=names,
    journal=words,
    volume=words,
    issue=words,
    pages=words,
    publication_types=names,
    mesh=names,
    doi=words,
    pmid=words,
    pmcid=words,
    url=words,
    licence=words,
    stands_for=names,
)


@settings(max_examples=40, deadline=None)
@given(documents)
def test_any_document_reads_back_exactly(document: Document) -> None:
    passages = cut(document)
    with fresh() as store:
        with store.writing() as batch:
            assert batch.put(document, passages) == "ingested"
        assert store.document(document.document_id) == document
        assert [row.passage for row in store.index_rows()] == passages
        revision = store.revision()
        assert put(store, document) == ["unchanged"]
        assert store.revision() == revision


versions = st.lists(
    st.tuples(
        st.none() | st.dates(date(2020, 1, 1), date(2020, 1, 4)), st.sampled_from(["1", "2", "9", "10", "a", "b"])
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@settings(max_examples=15, deadline=None)
@given(versions, st.randoms(use_true_random=False), st.integers(1, 6))
def test_the_order_of_arrival_and_the_batches_do_not_matter(
    given_versions: list[tuple[date | None, str]], random: object, size: int
) -> None:
    works = {f"{version}{day}": label(f"{version}{day}", day) for day, version in given_versions}
    arrivals = [replace(works[f"{version}{day}"], version=version) for day, version in given_versions]
    expected = {
        document.document_id: ended for document, ended in zip(arrivals, superseded_on(given_versions), strict=True)
    }
    random.shuffle(arrivals)  # type: ignore[attr-defined]
    with fresh() as store:
        for start in range(0, len(arrivals), size):
            with store.writing() as batch:
                for document in arrivals[start : start + size]:
                    batch.put(document, cut(document))
        assert ends(store) == expected


@given(versions)
def test_a_version_ends_no_earlier_than_it_began_and_the_newest_stays_current(
    given_versions: list[tuple[date | None, str]],
) -> None:
    ended = superseded_on(given_versions)
    for (day, _), end in zip(given_versions, ended, strict=True):
        assert end is None or day is None or end >= day
    assert None in ended
    current = [version for (_, version), end in zip(given_versions, ended, strict=True) if end is None]
    numbers = [int(version) for _, version in given_versions if version.isdigit()]
    assert {int(version) if version.isdigit() else -1 for version in current} == {max(numbers, default=-1)}


@given(versions, st.dates(date(2020, 1, 1), date(2020, 1, 5)))
def test_on_any_day_the_highest_number_in_force_is_the_current_one(
    given_versions: list[tuple[date | None, str]], today: date
) -> None:
    ended = superseded_on(given_versions)
    numbered = [
        (int(version), end is None or end > today)
        for (day, version), end in zip(given_versions, ended, strict=True)
        if day and day <= today and version.isdigit()
    ]
    assert {number for number, current in numbered if current} <= {max((number for number, _ in numbered), default=0)}


@pytest.mark.parametrize(
    ("given_versions", "ended"),
    [
        ([(date(2020, 6, 1), "11"), (date(2020, 5, 1), "12")], [date(2020, 6, 1), None]),
        ([(date(2020, 6, 1), "11"), (None, "12")], [date(2020, 6, 1), None]),
        ([(date(2020, 6, 1), "11"), (None, "12"), (date(2021, 1, 1), "13")], [date(2021, 1, 1)] * 2 + [None]),
        ([(None, "1"), (None, "2")], [UNKNOWN_DAY, None]),
        ([(date(2022, 1, 1), "ab-cd"), (date(2020, 1, 1), "1")], [date(2022, 1, 1), None]),
        ([(None, "ab"), (None, "cd")], [None, None]),
    ],
)
def test_a_lower_number_never_stays_current_beside_a_higher_one(
    given_versions: list[tuple[date | None, str]], ended: list[date | None]
) -> None:
    assert superseded_on(given_versions) == ended


WORDS = {date(2020, 1, 1): "Take 5 mg.", date(2020, 1, 2): "Take 5 mg.", date(2020, 1, 3): "Take 50 mg."}


@st.composite
def revisions(draw: st.DrawFn) -> Document:
    """A record of one paper, in the words of its day."""
    day = draw(st.none() | st.sampled_from(sorted(WORDS)))
    flags = {name: draw(st.booleans()) for name in MARKS}
    version = draw(st.sampled_from(["1", "2"]))
    made = record(day, f"{WORDS.get(day or date.max, 'Take 50 mg.')} ({version})", version=version, **flags)
    return replace(made, sha256=str(draw(st.integers(0, 10**9))))


def standing(store: Store) -> list[object]:
    """What must not depend on the order in which the records of one paper came; ids do."""
    return [
        (
            told,
            document.revised,
            document.version,
            [getattr(document, name) for name in MARKS],
        )
        for told, (document, _) in zip(history(store), store.versions("pubmed:1"), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(revisions(), min_size=2, max_size=5, unique_by=lambda one: one.sha256), st.data())
def test_the_order_of_the_records_of_one_paper_does_not_matter(arrivals: list[Document], data: st.DataObject) -> None:
    with fresh() as store, fresh() as other:
        put(store, *arrivals)
        put(other, *data.draw(st.permutations(arrivals)))
        assert standing(store) == standing(other)
        last = [
            one
            for one in arrivals
            if (one.revised or date.min)
            == max(two.revised or date.min for two in arrivals if two.version == one.version)
        ]
        documents = [document for document, _ in store.versions("pubmed:1")]
        assert {one.retracted for one in documents} == {any(one.retracted for one in last)}
        assert any(one.superseded_on is None for one in documents)
        revision = store.revision()
        assert set(put(store, *arrivals)) == {"unchanged"}
        assert store.revision() == revision


def test_versions_are_numbers_not_words() -> None:
    day = date(2020, 1, 1)
    assert superseded_on([(day, "10"), (day, "9"), (day, "x"), (day, "9" * 5000)]) == [None, day, day, day]


def test_a_newer_or_older_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    Store.open(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("update meta set value = 99 where name = 'schema'")
    with pytest.raises(StoreError, match=r"store\.db: .*schema version 99.*ingest into a new file"):
        Store.open(f"sqlite:///{file}")


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "photos.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("create table photos (name text)")
    with pytest.raises(StoreError, match="another program"):
        Store.open(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == [("photos",)]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database at all, but long enough to be read as one\n" * 50)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"notes\.txt: the file is not a database: name another file"):
        Store.open(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with closing(Store.open(f"sqlite:///{file}")) as store:
        put(store, V1)
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"store\.db: the database is damaged: restore a copy"):
        put(Store.open(f"sqlite:///{file}"), V1)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="name another place for the store"):
        Store.open(f"sqlite:///{tmp_path}/file/store.db")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check that the folder exists and may be written"):
        Store.open(f"sqlite:///{tmp_path}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="check"):
        Store.open(f"sqlite:///{tmp_path}/store.db")


@pytest.mark.parametrize("url", ["", "nonsense", "nodialect://x/y"])
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///"):
        Store.open(url)


def test_a_second_ingest_is_held_off(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with closing(Store.open(url)) as store, closing(Store.open(url)) as other:
        with store.ingesting(), pytest.raises(StoreError, match="another ingest"), other.ingesting():
            pass
        with other.ingesting():
            pass


def test_a_store_written_by_another_for_too_long_is_named(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with closing(Store.open(f"sqlite:///{file}?timeout=0.1")) as store, closing(sqlite3.connect(file)) as blocker:
        blocker.execute("begin immediate")
        with pytest.raises(StoreError, match="another process is writing"):
            put(store, V1)


@pytest.mark.parametrize(
    "doi", ["10.1000/X", "https://doi.org/10.1000/x", "doi: 10.1000/x.", "http://dx.doi.org/10.1000/x"]
)
def test_a_document_is_called_by_its_bare_doi(doi: str) -> None:
    assert names_of(replace(V1, doi=doi, pmid="")) == ("doi:10.1000/x",)
