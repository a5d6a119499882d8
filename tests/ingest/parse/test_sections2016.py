"""Label sections of 2016: what their lines say, and what they do not."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date
from io import BytesIO
from typing import Any, BinaryIO, cast

import pytest

from ingest.editions import superseded_on
from ingest.parse import sections2016
from ingest.schema import Document, Fault, Record
from tests.shared_data import shared

ONE = {
    "set_id": "00000001-0000-4000-9000-000000000000",
    "drug_guess": "testomab; placebin",
    "confidence": 0.9,
    "clinical_pharmacology": "12 CLINICAL PHARMACOLOGY\n\nIt binds (See\nWARNINGS\n.)\n\n•\nTightly",
    "drug_interactions": "",
}


def read(*records: dict[str, Any]) -> list[Record]:
    return list(sections2016.parse(BytesIO("\n".join(map(json.dumps, records)).encode()), "x"))


def test_a_label() -> None:
    (found,) = read(ONE)
    assert isinstance(found, Document)
    assert found.document_id == f"label:{ONE['set_id']}:2016-text"
    assert (found.work_id, found.effective, found.published) == (ONE["set_id"], None, date(2016, 12, 31))
    assert found.drugs.generic == ("testomab and placebin",)
    (section,) = found.sections
    assert section.slug == "clinical_pharmacology"
    assert section.text == "12 CLINICAL PHARMACOLOGY\nIt binds (See WARNINGS.)\n• Tightly"


def test_it_is_older_than_any_numbered_version_and_no_newer_than_an_undated_one() -> None:
    (found,) = read(ONE)
    assert isinstance(found, Document)
    own = (found.effective, found.version)
    assert superseded_on([(date(2009, 1, 1), "1"), own])[0] is None
    assert superseded_on([(date(2009, 1, 1), "1"), own])[1] is not None
    assert superseded_on([(None, "0c5a-id"), own])[0] is None


@pytest.mark.parametrize("confidence", [0, 0.3, 0.69])
def test_a_guess_that_is_not_sure_names_no_drug(confidence: float) -> None:
    (found,) = read(ONE | {"confidence": confidence})
    assert isinstance(found, Document)
    assert found.drugs.generic == ()
    assert "estomab" not in found.title


@pytest.mark.parametrize(
    "change",
    [
        {"set_id": None},
        {"set_id": "a b"},
        {"set_id": "../etc"},
        {"confidence": True},
        {"confidence": 1e300},
        {"confidence": "1"},
        {"drug_guess": ["x"]},
        {"clinical_pharmacology": " \n"},
        {"clinical_pharmacology": ["x"]},
    ],
)
def test_a_bad_line_costs_only_itself(change: dict[str, Any]) -> None:
    before, fault, after = read(ONE, ONE | change, ONE)
    assert before == after
    assert isinstance(fault, Fault)
    assert (fault.record.split(" (")[0], fault.offset) == ("line 2", len(json.dumps(ONE)) + 1)


def test_golden() -> None:
    with gzip.open(shared("labels/sections-2016.jsonl.gz")) as stream:
        records = list(sections2016.parse(cast("BinaryIO", stream), "x"))
    found = [record for record in records if isinstance(record, Document)]
    (fault,) = (record for record in records if isinstance(record, Fault))
    assert (len(found), fault.record.split(" (")[0]) == (15_145, "line 2384")  # the one line without any text
    assert Counter(len(document.sections) for document in found) == {2: 11_115, 1: 4_030}
    assert sum(bool(document.drugs.generic) for document in found) == 7_592
    assert len({document.work_id for document in found}) == 15_145
