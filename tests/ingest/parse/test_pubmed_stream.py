"""PubMed files: sets in one file, encodings, and that damage costs only what it touches."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import LimitError, ParseError
from ingest.parse import pubmed
from ingest.schema import Document, Fault, Record
from tests.ingest.parse.citations import BOOK, DELETED, FULL, read, simple, whole


def read_until_error(content: bytes) -> tuple[list[Record], ParseError | None]:
    records: list[Record] = []
    try:
        records.extend(pubmed.parse(BytesIO(content), "test.xml"))
    except ParseError as error:
        return records, error
    return records, None


@pytest.mark.parametrize(
    ("bad", "record", "reason"),
    [
        ("<PubmedArticle/>", "record 2", "MedlineCitation|citation"),
        ("<PubmedArticle><MedlineCitation><Article/></MedlineCitation></PubmedArticle>", "record 2", "no PMID"),
        (simple("12a"), "record 2", "not a number"),
        (simple("5", ""), "pubmed:5", "title"),
        ("<PubmedArticle><MedlineCitation><PMID>6</PMID></MedlineCitation></PubmedArticle>", "pubmed:6", "title"),
        (simple("7", "A &kappa; B"), "pubmed:7", "entity &kappa;"),
        (simple("8", "A <m xmlns='relative/name'>x</m>"), "pubmed:8", "namespace"),
    ],
)
def test_a_bad_article_costs_only_itself(bad: str, record: str, reason: str) -> None:
    doctype = '<!DOCTYPE PubmedArticleSet SYSTEM "https://example.invalid/pubmed.dtd">'
    before, fault, after = read(whole(simple("1"), bad, simple("2"), head=doctype))
    assert isinstance(before, Document)
    assert isinstance(after, Document)
    assert isinstance(fault, Fault)
    assert (fault.record, fault.offset) == (record, 3)
    assert any(word in fault.reason for word in reason.split("|"))


SET = whole(FULL, DELETED, simple("7", "Zürich"), BOOK, head='<?xml version="1.0" encoding="UTF-8"?>\n').encode()
ALL = read(SET)


@given(st.integers(0, len(SET)), st.booleans())
def test_truncation_yields_a_prefix(cut: int, wrapped: bool) -> None:
    content = json.dumps(SET.decode()).encode() if wrapped else SET
    records, failure = read_until_error(content[:cut])
    assert records == (ALL if failure is None else ALL[: len(records)])
    assert failure is None or failure.source == "test.xml"


@given(st.integers(0, len(SET) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_nothing_unforeseen(at: int, value: int) -> None:
    read_until_error(SET[:at] + bytes([value]) + SET[at + 1 :])


HEAD = '<?xml version="1.0"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//x" "https://example.invalid/x.dtd">\n'


@pytest.mark.parametrize("between", ["", "\n", " \n\n" * 30, "\ufeff", "\n<!-- note -->\n"])
@pytest.mark.parametrize("head", ["", HEAD])
def test_sets_put_together_in_one_file(head: str, between: str) -> None:
    first, second = whole(simple("1"), simple("2"), head=HEAD).rstrip(), whole(DELETED, simple("3"), head=head)
    if "note" in between and not head:
        between = "\n"
    if "note" in between:  # behind a set it belongs to that set; the next one begins with its declaration
        second = second + between
        between = "\n"
    records = read(first + between + second)
    assert [getattr(record, "work_id", "") for record in records] == ["1", "2", "301", "", "302", "3"]
    fault = records[3]
    assert isinstance(fault, Fault)
    assert (
        fault.offset
        == (first + between + second)[: (first + between + second).index("<DeleteCitation>")].count("\n") + 1
    )


@given(st.integers(0, 600), st.integers(1, 4))
def test_sets_are_told_apart_wherever_a_chunk_ends(padding: int, number: int) -> None:
    sets = [whole(simple(str(n), "x" * 9_000 + " " + "y" * padding), head=HEAD) for n in range(1, number + 1)] * 3
    found = read("".join(sets))
    assert [record.work_id for record in found if isinstance(record, Document)] == [
        str(n) for n in range(1, number + 1)
    ] * 3
    assert len(found) == 3 * number


def test_what_breaks_in_the_second_set_costs_nothing_of_the_first() -> None:
    first = whole(simple("1"), head=HEAD)
    records, failure = read_until_error((first + whole(simple("2"), "<oops>", head=HEAD)).encode())
    assert records == read(whole(simple("1"), simple("2")))
    assert failure is not None
    assert failure.offset == first.count("\n") + 6


def test_malformed_xml_names_its_line() -> None:
    records, failure = read_until_error(whole(simple("1"), "<oops>").encode())
    assert records == read(whole(simple("1")))
    assert failure is not None
    assert (failure.source, failure.offset) == ("test.xml", 4)
    assert "mismatch" in str(failure)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "json", "json-ascii", "indented", "crlf"])
def test_the_same_record_in_other_encodings(encoding: str) -> None:
    xml = whole(FULL, simple("7", "Zürich 😀"), head='<?xml version="1.0"?>\n')
    contents = {
        "json": lambda: json.dumps(xml, ensure_ascii=False).encode(),
        "json-ascii": lambda: b" " + json.dumps("\n" + xml).encode() + b"\n",
        "indented": lambda: b"\n  " + xml.encode(),
        "crlf": lambda: xml.replace("\n", "\r\n").encode(),
    }
    assert read(contents.get(encoding, lambda: xml.encode(encoding))()) == read(xml)


@pytest.mark.parametrize(("declared", "actual"), [("UTF-8", "latin-1"), ("UTF-16", "utf-8"), ("no-such", "utf-8")])
def test_a_wrong_encoding_is_said_so(declared: str, actual: str) -> None:
    xml = whole(simple("7", "Zürich"), head=f'<?xml version="1.0" encoding="{declared}"?>\n')
    with pytest.raises(ParseError):
        read(xml.encode(actual))


@pytest.mark.parametrize("text", ['"<a>', '"<a>\\x', '"\\ud83d" ', '"<a/>" 1', '"\xff'])
def test_broken_json_strings(text: str) -> None:
    with pytest.raises(ParseError):
        read(text.encode("latin-1"))


def test_long_json_string_with_pairs_across_chunks() -> None:
    xml = whole(simple("7", "😀" * 30_000))
    assert read(json.dumps(xml)) == read(xml)


def test_entities_are_never_expanded_and_dtds_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text('<!ENTITY kappa "from the disk">')
    head = f'<!DOCTYPE PubmedArticleSet SYSTEM "{secret}" [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "{secret}">]>'
    for name in ("a", "f", "kappa"):
        (record,) = read(whole(simple("1", f"x &{name};"), head=head))
        assert isinstance(record, Fault)


class Endless(BytesIO):
    """A start, and then the same filling for ever."""

    filling = b" filling" * 4096

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or self.filling


@pytest.mark.parametrize("start", ["<PubmedArticleSet><PubmedArticle><PMID a='1'>", "<PubmedArticleSet>", "<!--", '"'])
def test_what_never_ends_is_stopped(start: str) -> None:
    with pytest.raises((LimitError, ParseError)) as raised:
        list(pubmed.parse(Endless(start.encode()), "endless.xml"))
    assert raised.value.source == "endless.xml"
