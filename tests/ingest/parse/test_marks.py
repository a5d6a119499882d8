"""Lists of withdrawals, in the layouts that are about."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, LimitError, ParseError
from ingest.parse import detect, marks
from ingest.parse.identifiers import doi_of, pmid_of
from ingest.schema import Fault, Mark, Record
from tests.shared_data import shared

WATCH = (
    "Record ID,Title,URLS,RetractionDate,RetractionDOI,RetractionPubMedID,OriginalPaperDate,OriginalPaperDOI,"
    "OriginalPaperPubMedID,RetractionNature,Reason\n"
)


def read(content: str | bytes, name: str = "some/list.csv") -> list[Record]:
    data = content if isinstance(content, bytes) else content.encode()
    return list(detect(data[: 1 << 16], name)(BytesIO(data), name))


def crossref(value: object) -> list[Record]:
    return read(json.dumps(value), "works.json")


def test_pmids_of_retracted_papers_the_day_of_whose_record_is_not_that_of_the_retraction() -> None:
    found = read("pmid\trevised\n101\t2013-11-21\n0102\t\n0\t2013-11-21\n103\t2013-02-30\nx\t\n")
    assert found == [
        Mark("pmid:101", "retraction", None, "list.csv"),
        Mark("pmid:102", "retraction", None, "list.csv"),
        Mark("pmid:103", "retraction", None, "list.csv"),
        Fault("line 4", "2 rows from here on name neither a PMID nor a DOI"),
    ]


@pytest.mark.parametrize("head", ["pmid,title,revised", "pmid,revised,kind", "doi,kind,journal", "title,pmid,kind"])
def test_a_table_that_does_not_say_that_its_papers_were_withdrawn_marks_none(head: str) -> None:
    row = ",".join("retracted" if name == "kind" else "101" for name in head.split(","))
    with pytest.raises(ParseError, match=r"do not say what became of these papers.*exactly pmid and revised") as raised:
        read(f"{head}\n{row}\n")
    assert raised.value.source == "some/list.csv"


def test_a_list_says_of_each_paper_what_became_of_it() -> None:
    found = read(
        "pmid,doi,kind,on,by\n101,,retracted,2020-02-03,\n102,10.1000/A,Reinstated,,other.csv\n"
        ",10.1000/b,expression of concern,2020,\n103,,Journal Article,,\n104,,,,\n"
    )
    assert found[:4] == [
        Mark("pmid:101", "retraction", date(2020, 2, 3), "list.csv"),
        Mark("pmid:102", "reinstatement", None, "other.csv"),
        Mark("doi:10.1000/a", "reinstatement", None, "other.csv"),
        Mark("doi:10.1000/b", "concern", None, "list.csv"),
    ]
    faults = [record for record in found[4:] if isinstance(record, Fault)]
    assert [(fault.record, "no kind of withdrawal" in fault.reason) for fault in faults] == [
        ("line 5", True),
        ("line 6", True),
    ]
    assert len(found) == 6


def row(nature: str, *, pmid: str = "0", doi: str = "", notice: str = "unavailable", notice_pmid: str = "0") -> str:
    title = '"A ""quoted"" title,\nof two lines"'
    return f"1,{title},,4/15/2021 0:00,{notice},{notice_pmid},6/10/2018 0:00,{doi},{pmid},{nature},+Reason;\n"


def test_retraction_watch() -> None:
    found = read(
        WATCH
        + row("Retraction", pmid="101", doi="10.1000/ABC.", notice="10.1000/note")
        + row("Expression of concern", doi="10.1000/b", notice_pmid="77")
        + row("Correction", pmid="103")
        + row("Reinstatement", pmid="105", notice="10.1000/back")
        + row("Rehabilitation", pmid="104")
        + row("", pmid="106")
        + row("Retraction", doi="unavailable")
    )
    day = date(2021, 4, 15)
    assert found[:5] == [
        Mark("pmid:101", "retraction", day, "doi:10.1000/note"),
        Mark("doi:10.1000/abc", "retraction", day, "doi:10.1000/note"),
        Mark("doi:10.1000/b", "concern", day, "pmid:77"),
        Mark("pmid:103", "correction", day, "list.csv"),
        Mark("pmid:105", "reinstatement", day, "doi:10.1000/back"),
    ]
    unknown, empty, nameless = found[5:]
    assert isinstance(unknown, Fault)
    assert isinstance(empty, Fault)
    assert isinstance(nameless, Fault)
    assert (unknown.record, "pmid:104" in unknown.reason, "Rehabilitation" in unknown.reason) == ("line 11", True, True)
    assert (empty.record, "pmid:106" in empty.reason) == ("line 13", True)
    assert (nameless.record, nameless.reason[:6]) == ("line 15", "1 rows")


def test_a_line_that_is_too_long_is_a_fault() -> None:
    first, last, fault = read(b"pmid\trevised\n1\t\n" + b"9" * (1 << 20) + b"\t\n2\t\n")
    assert (first, last) == (
        Mark("pmid:1", "retraction", None, "list.csv"),
        Mark("pmid:2", "retraction", None, "list.csv"),
    )
    assert isinstance(fault, Fault)
    assert (fault.record, fault.offset) == ("line 3", 16)


def test_a_quote_that_is_never_closed_ends_in_an_error() -> None:
    content = (WATCH + row("Retraction", pmid="1") + '2,"' + "\nx" * 200_000).encode()
    stream = marks.parse_table(BytesIO(content), "list.csv")
    assert isinstance(next(stream), Mark)
    with pytest.raises(ParseError, match="broken table"):
        list(stream)


def update(kind: str, doi: str, year: list[Any] | None = None) -> dict[str, Any]:
    return {"DOI": doi, "type": kind, "source": "publisher", "updated": {"date-parts": [year or [2020, 2, 3]]}}


NOTICE = {
    "DOI": "10.1000/Notice",
    "publisher": "Nobody",
    "update-to": [
        update("retraction", "10.1000/A"),
        update("expression_of_concern", "https://doi.org/10.1000/B"),
        update("withdrawal", "10.1000/c", [2020]),
        update("Erratum", "10.1000/d", [None]),
        update("partial_retraction", "10.1000/e", [2020, 13]),
        update("new_version", "10.1000/f"),
        update("reinstatement", "10.1000/g"),
        update("retraction", "10.1000/A") | {"source": "retraction-watch"},
    ],
}
MARKS = [
    Mark("doi:10.1000/a", "retraction", date(2020, 2, 3), "doi:10.1000/notice"),
    Mark("doi:10.1000/b", "concern", date(2020, 2, 3), "doi:10.1000/notice"),
    Mark("doi:10.1000/c", "retraction", None, "doi:10.1000/notice"),
    Mark("doi:10.1000/d", "correction", None, "doi:10.1000/notice"),
    Mark("doi:10.1000/e", "concern", None, "doi:10.1000/notice"),
    Mark("doi:10.1000/g", "reinstatement", date(2020, 2, 3), "doi:10.1000/notice"),
]
WORK = {"DOI": "10.1000/W", "publisher": "Nobody", "updated-by": [update("retraction", "10.1000/n")]}
OWN = Mark("doi:10.1000/w", "retraction", date(2020, 2, 3), "doi:10.1000/n")


@pytest.mark.parametrize(
    "content",
    [
        {"status": "ok", "message-type": "work-list", "message": {"facets": {}, "items": [NOTICE, WORK]}},
        {"message-type": "work-list", "message": {"items": [NOTICE, WORK]}, "status": "ok"},
        {"items": [NOTICE, WORK]},
        [NOTICE, WORK],
    ],
)
def test_works_of_crossref(content: object) -> None:
    assert crossref(content) == [*MARKS, OWN]
    assert read(json.dumps(content, indent=1).encode("utf-16")) == [*MARKS, OWN]


def test_a_single_work() -> None:
    answer = {"status": "ok", "message-type": "work", "message-version": "1.0.0", "message": NOTICE}
    assert crossref(NOTICE) == crossref(answer) == read(json.dumps(NOTICE, indent=2)) == MARKS
    assert crossref(WORK) == [OWN]


def test_a_work_a_line() -> None:
    rows = [json.dumps(NOTICE), "{broken", json.dumps({"message": WORK}), "[1]"]
    found = read("\n".join(rows))
    assert found[:6] == MARKS
    assert found[7] == OWN
    assert [(fault.record, fault.offset) for fault in found if isinstance(fault, Fault)] == [
        ("line 2", len(rows[0]) + 1),
        ("line 4", sum(map(len, rows[:3])) + 3),
    ]


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (5, "not a work"),
        (WORK | {"updated-by": {"a": 1}}, "not a list"),
        (WORK | {"updated-by": ["x"]}, "not an object"),
        (WORK | {"updated-by": [update("abduction", "10.1000/n")]}, "unknown type 'abduction'"),
        (NOTICE | {"update-to": [update("retraction", "unavailable")]}, "no DOI"),
        (NOTICE | {"update-to": [{"DOI": "10.1000/n"}]}, "unknown type 'None'"),
    ],
)
def test_a_bad_work_costs_only_itself(work: object, reason: str) -> None:
    fault, mark = crossref([work, WORK])
    assert mark == OWN
    assert isinstance(fault, Fault)
    assert reason in fault.reason


def test_json_that_holds_no_work_is_said_so() -> None:
    with pytest.raises(ParseError, match="no work with a DOI"):
        crossref({"items": [{"a": 1}]})


def test_nesting_without_end_is_stopped() -> None:
    with pytest.raises(LimitError):
        read('{"DOI": "10.1000/x", "publisher": ' + "[" * 200_000)


SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(SIMPLE, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
UPDATES = st.fixed_dictionaries(
    {}, optional={"DOI": VALUES, "type": VALUES, "updated": st.dictionaries(st.just("date-parts"), VALUES)}
)


@given(st.fixed_dictionaries({"DOI": VALUES, "publisher": VALUES, "update-to": VALUES | st.lists(UPDATES, max_size=3)}))
def test_no_work_raises_anything_unforeseen(work: dict[str, Any]) -> None:
    try:
        found = read(json.dumps(work))
    except IngestError:
        return
    assert all(isinstance(record, Mark | Fault) for record in found)


@given(st.text(max_size=40), st.integers())
def test_identifiers_are_clean(text: str, number: int) -> None:
    for value in (pmid_of(text), pmid_of(number)):
        assert value == "" or (value.isascii() and value.isdigit() and value[0] != "0")
    doi = doi_of(f"doi: 10.1000/{text}")
    assert doi == "" or (doi.isprintable() and " " not in doi and doi == doi.lower())


def test_golden() -> None:
    path = shared("literature/retracted_pmids.tsv")
    found = [record for record in read(path.read_bytes(), str(path)) if isinstance(record, Mark)]
    assert (len(found), len({mark.work for mark in found})) == (4_552, 4_552)
    assert {mark.on for mark in found} == {None}
    assert {(mark.kind, mark.by) for mark in found} == {("retraction", "retracted_pmids.tsv")}
