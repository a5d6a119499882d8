"""JSON Lines of articles, and lines in general: what is kept, and that a bad line costs itself only."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from contextlib import closing
from datetime import date
from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ParseError
from ingest.parse import articles, pubmed
from ingest.parse.abstracts import parts
from ingest.parse.jsonlines import Entry, entries
from ingest.parse.streams import lines, utf8
from ingest.passages import split
from ingest.schema import Document, Fault, Mark, Record
from ingest.store import Store
from tests.ingest.material import article
from tests.shared_data import shared

ONE = {
    "pmid": "101",
    "title": "A trial of testomab",
    "abstract": "BACKGROUND: Pain is common. MATERIALS AND METHODS: We asked 12 people. RESULTS: Ratio: 2.",
    "source": "invented",
    "retracted": False,
    "pmcid": "PMC9",
    "year": "2014",
}


def read(*records: dict[str, Any] | str | bytes, encoding: str = "utf-8") -> list[Record]:
    rows = [row if isinstance(row, str | bytes) else json.dumps(row, ensure_ascii=False) for row in records]
    content = b"\n".join(row if isinstance(row, bytes) else row.encode(encoding, "surrogatepass") for row in rows)
    return list(articles.parse(BytesIO(content), "folder/a.zip!b/list.jsonl"))


def document(record: dict[str, Any]) -> Document:
    found = read(record)[0]
    assert isinstance(found, Document), found
    return found


def test_an_article() -> None:
    found = document(ONE)
    assert (found.document_id, found.work_id, found.pmid, found.pmcid) == ("pubmed:101", "101", "101", "PMC9")
    assert (found.title, found.published, found.effective) == (
        "A trial of testomab",
        date(2014, 1, 1),
        date(2014, 1, 1),
    )
    assert (found.retracted, found.revised, found.version) == (False, None, "0")
    assert {section.slug: section.text for section in found.sections} == {
        "abstract.background": "Pain is common.",
        "abstract.materials_and_methods": "We asked 12 people.",
        "abstract.results": "Ratio: 2.",
    }
    assert found.sections[1].path == ("Abstract", "MATERIALS AND METHODS")
    assert document({"pmid": 7, "title": "T"}).sections[0].slug == "title"


def test_it_is_the_document_that_pubmed_makes() -> None:
    theirs = next(pubmed.parse(BytesIO(article(101).encode()), "x"))
    assert isinstance(theirs, Document)
    mine = document(ONE | {"title": "Trial 101", "abstract": "It worked in most. It failed in some."})
    for name in ("document_id", "work_id", "kind", "title", "sections", "url", "licence", "pmid"):
        assert getattr(mine, name) == getattr(theirs, name)


@pytest.mark.parametrize("revised", ["", "<DateRevised><Year>2021</Year></DateRevised>"])
@pytest.mark.parametrize("retracted", [False, True])
def test_the_fuller_record_stays_whatever_the_order(tmp_path: Path, revised: str, retracted: bool) -> None:
    theirs = next(pubmed.parse(BytesIO(article(101).replace("<Article>", f"{revised}<Article>").encode()), "x"))
    mine = read(ONE | {"retracted": retracted})
    for number, order in enumerate(permutations([[theirs], mine, [theirs]])):
        with closing(Store.open(f"sqlite:///{tmp_path}/{number}.db")) as store:
            for records in order:
                put(store, records)
            kept = store.document("pubmed:101")
        assert kept is not None
        assert (kept.title, kept.version, kept.retracted) == ("Trial 101", "1", retracted)


def put(store: Store, records: list[Record]) -> None:
    with store.writing() as batch:
        for record in records:
            if isinstance(record, Document):
                batch.put(record, split(record))
            elif isinstance(record, Mark):
                batch.mark(record)


@pytest.mark.parametrize("value", [True, 1, "true", "Yes", ["10.1000/notice"]])
def test_retracted(value: object) -> None:
    found, mark = read(ONE | {"retracted": value})
    assert isinstance(found, Document)
    assert found.retracted
    assert mark == Mark("pmid:101", "retraction", None, "list.jsonl")


@pytest.mark.parametrize("value", [False, 0, None, "", "false", "no", []])
def test_not_retracted(value: object) -> None:
    (found,) = read(ONE | {"retracted": value})
    assert isinstance(found, Document)
    assert not found.retracted


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "not JSON at column 1"),
        ('{"pmid": "5"', "not JSON at column"),
        ("[1]", "not an object"),
        ('"text"', "not an object"),
        ('{"pmid": 1, "pmid": 2}', "'pmid' twice"),
        ('{"pmid": NaN}', "NaN is no JSON"),
        ('{"pmid": -Infinity}', "-Infinity is no JSON"),
        ('{"pmid": ' + "9" * 5000 + "}", "not JSON"),
        ('{"pmid": 1e999, "title": "T"}', "not a number"),
        ('{"a": ' * 5000 + "1" + "}" * 5000, "nested too deep"),
        ("[" * 100_000, "nested too deep"),
        (b'{"pmid": "5", "title": "\xff"}', "not UTF-8 at byte"),
        ('{"title": "T"}', "not a number"),
        ('{"pmid": "0", "title": "T"}', "not a number"),
        ('{"pmid": true, "title": "T"}', "not a number"),
        ('{"pmid": 5, "title": " "}', "no title"),
        ('{"pmid": 5, "title": ["T"]}', "'title' is not a text"),
        ('{"pmid": 5, "title": "T", "abstract": {}}', "'abstract' is not a text"),
        ('{"pmid": 5, "title": "T", "year": "soon"}', "year"),
        ('{"pmid": 5, "title": "T", "retracted": "perhaps"}', "neither true nor false"),
        ('{"pmid": 5, "title": "T", "retracted": {}}', "neither true nor false"),
    ],
)
def test_a_bad_line_costs_only_itself(line: str | bytes, reason: str) -> None:
    first = json.dumps(ONE)
    before, fault, after = read(first, "", line, ONE | {"pmid": "102"})
    assert isinstance(before, Document)
    assert isinstance(after, Document)
    assert isinstance(fault, Fault)
    assert fault.record.startswith("line 3")
    assert fault.offset == len(first) + 2
    assert reason in fault.reason


def test_what_is_no_text_never_gets_into_one() -> None:
    (found,) = read(json.dumps(ONE | {"title": "A\0B\ud800\u202eC", "abstract": "One\r\n\ttwo\ufeff \u2066three"}))
    assert isinstance(found, Document)
    assert (found.title, found.sections[0].text) == ("A B\ufffdC", "One two three")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings(encoding: str) -> None:
    plain = [ONE | {"title": "Zürich 😀"}, ONE | {"pmid": "102"}]
    content = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in plain).encode(encoding)
    assert list(articles.parse(BytesIO(content), "list.jsonl")) == read(*plain)


def test_broken_utf16_is_said_so() -> None:
    with pytest.raises(ParseError, match="utf-16"):
        list(articles.parse(BytesIO(json.dumps(ONE).encode("utf-16") + b"\x00\xd8\x00"), "x"))


class Gigabyte(BytesIO):
    """An endless line after a start, until a gigabyte has been given."""

    given = 0

    def read(self, size: int | None = -1, /) -> bytes:
        if data := super().read(size):
            return data
        if self.given >= 1 << 30:
            return b""
        self.given += 1 << 16
        return b"x" * (1 << 16) if self.given < 1 << 30 else b"\n" + json.dumps(ONE).encode()


def test_a_gigabyte_line_is_a_fault_and_not_memory() -> None:
    stream = Gigabyte(json.dumps(ONE).encode() + b"\n")
    first, fault, last = articles.parse(stream, "x")
    assert isinstance(first, Document)
    assert first == last
    assert isinstance(fault, Fault)
    assert "longer than 16777216 bytes" in fault.reason


@given(st.binary(max_size=300), st.integers(1, 40))
def test_lines_are_the_bytes(content: bytes, limit: int) -> None:
    found = list(lines(BytesIO(content), limit))
    rows = content.split(b"\n")
    rows = rows[:-1] if rows[-1] == b"" else rows
    assert [line.data for line in found] == [row if len(row) <= limit else None for row in rows]
    assert all(content[line.offset :].startswith(rows[line.number - 1]) for line in found)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50), st.integers(1, 9))
def test_utf8_reads_in_any_steps(text: str, size: int) -> None:
    stream = utf8(BytesIO(text.encode("utf-16")), "x")
    read = b""
    while data := stream.read(size):
        assert len(data) <= size
        read += data
    assert read == text.encode()


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    try:
        found = list(entries(BytesIO(content), "x"))
    except ParseError:
        return
    assert all(isinstance(entry, Entry | Fault) for entry in found)


WORDS = st.sampled_from(
    [
        "BACKGROUND:",
        "Methods:",
        "results:",
        "CONCLUSION:",
        "Ratio:",
        "of.",
        "and",
        "(p=1).",
        "Data:",
        "We",
        "UNLABELLED:",
    ]
)


@given(st.lists(WORDS, max_size=30))
def test_an_abstract_loses_nothing_but_labels(found: list[str]) -> None:
    text = " ".join(found)
    sections = parts(text)
    slugs = [section.slug for section in sections]
    assert len(slugs) == len(set(slugs))
    left = [word for section in sections for word in section.text.split()]
    rest = iter(text.split())
    assert all(word in rest for word in left)  # the same order
    assert all(word.endswith(":") for word in Counter(text.split()) - Counter(left))


@pytest.mark.parametrize(
    "text",
    [
        "We compared two drugs. RESULTS: One was better. CONCLUSIONS: Good.",  # text before the first label
        "OBJECTIVE: To compare two drugs.",  # one label
        "Data: 5 were lost. Patients were seen.",
        "Methods We asked. Results They said.",  # no colon
        "results: none. methods: none.",
    ],
)
def test_what_may_be_part_of_a_sentence_is_left_alone(text: str) -> None:
    (section,) = parts(text)
    assert (section.slug, section.text) == ("abstract", text)


def test_golden() -> None:
    with gzip.open(shared("literature/abstracts.jsonl.gz")) as stream:
        records = list(articles.parse(cast("BinaryIO", stream), "abstracts.jsonl.gz"))
    found = [record for record in records if isinstance(record, Document)]
    marks = [record for record in records if isinstance(record, Mark)]
    assert (len(records), len(found), len(marks)) == (18_772, 18_752, 20)
    assert {f"pmid:{document.pmid}" for document in found if document.retracted} == {mark.work for mark in marks}
    assert sum(len(document.sections) > 1 for document in found) == 1_237
    assert sum(document.published is not None for document in found) == 4_310
