"""Versions on real labels: 566 of 120, 2009 to 2024."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import pairwise

import pytest

from ingest.diff import diff
from ingest.parse import detect
from ingest.schema import Document
from ingest.sources import Source, walk
from ingest.store import Store
from tests.shared_data import shared

HISTORY = "labels/drug-label-history.json.zip"
# How many labels have so many versions.
VERSIONS = {2: 27, 3: 23, 4: 18, 5: 12, 6: 8, 7: 12, 8: 15, 9: 1, 11: 1, 12: 1, 13: 1, 14: 1}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """All versions without passages, which are not needed to order them."""
    (source,) = walk([str(shared(HISTORY))])
    assert isinstance(source, Source)
    with closing(Store.open(f"sqlite:///{tmp_path_factory.mktemp('home') / 'store.db'}")) as opened:
        with opened.writing() as batch, source.open() as stream:
            for record in detect(source.head(), source.name)(stream, source.name):
                assert isinstance(record, Document)
                assert batch.put(record, []) == "ingested"
        yield opened


@pytest.fixture(scope="module")
def works(store: Store) -> dict[str, list[Document]]:
    """The versions of each label, the oldest first."""
    names = {document_id.split(":")[1] for document_id, _, _ in store.drug_names()}
    return {name: [document for document, _ in store.versions(name)] for name in sorted(names)}


def test_every_version_is_there(works: dict[str, list[Document]]) -> None:
    assert Counter(len(versions) for versions in works.values()) == VERSIONS
    assert sum(map(len, works.values())) == 566
    for versions in works.values():
        numbers = [int(document.version) for document in versions]
        assert numbers == sorted(set(numbers))
        assert all(document.effective for document in versions)


def test_on_every_day_exactly_one_version_is_in_force(works: dict[str, list[Document]]) -> None:
    """No hole and no overlap from the first day on, though ten labels are numbered otherwise than they are dated."""
    out_of_order = 0
    for versions in works.values():
        spans = [(document.effective or date.max, document.superseded_on or date.max) for document in versions]
        begins = [start for start, _ in spans]
        out_of_order += begins != sorted(begins)
        assert [end for _, end in spans].count(date.max) == 1
        assert spans[-1][1] == date.max
        assert all(start <= end for start, end in spans)
        lasting = sorted((start, end) for start, end in spans if start < end)
        assert lasting[0][0] == min(begins)
        assert all(end == start for (_, end), (start, _) in pairwise(lasting))
    assert out_of_order == 10


def boxed_warning(store: Store, versions: list[Document], day: date) -> str:
    """What it said on that day."""
    (found,) = (
        document
        for document in versions
        if document.effective
        and document.effective <= day
        and (document.superseded_on is None or day < document.superseded_on)
    )
    whole = store.document(found.document_id)
    section = whole.section("boxed_warning") if whole else None
    return section.text if section else ""


# A label, the day on which another version took force, and what its boxed warning then differs in: sentences changed,
# removed and added, and the numbers that took the place of others.
CHANGED = [
    # escitalopram: the age below which it is not approved
    ("13bb8267-1cab-43e5-acae-55a4d957630a", date(2023, 5, 12), (2, 0, 0), {("12", "7")}),
    # upadacitinib: deaths and cardiovascular events join infections, malignancy and thrombosis
    ("2966aec7-2ef0-923c-d8ff-fe1a957bf095", date(2021, 12, 14), (8, 3, 20), {("5.3", "5.5")}),
    # cabozantinib: the whole warning goes
    ("1a0c3bea-c87b-4d25-bb44-5f0174da6b34", date(2020, 2, 11), (0, 13, 0), set()),
]


@pytest.mark.parametrize(("work", "day", "counts", "numbers"), CHANGED)
def test_what_a_boxed_warning_says_depends_on_the_day(
    store: Store, work: str, day: date, counts: tuple[int, int, int], numbers: set[tuple[str, str]]
) -> None:
    versions = [document for document, _ in store.versions(work)]
    changes = diff(*(boxed_warning(store, versions, when) for when in (day - timedelta(days=1), day)))
    assert (changes.count("changed"), changes.count("removed"), changes.count("added")) == counts
    pairs = {(edit.numbers_before, edit.numbers_after) for edit in changes.edits}
    assert {(*then, *now) for then, now in pairs if then and now} == numbers
