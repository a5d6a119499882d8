"""The kind of a file is told from its first bytes."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import UnknownFormatError
from ingest.parse import (
    FORMATS,
    HEAD_BYTES,
    Parser,
    articles,
    detect,
    marks,
    openfda,
    plain,
    pubmed,
    sections2016,
    spl,
    trials,
)
from ingest.sources import Source, walk
from tests.shared_data import shared

SPL = '<document xmlns="urn:hl7-org:v3"><id/></document>'
PREFIXED = '<h:document xmlns:h="urn:hl7-org:v3"><h:id/></h:document>'
PUBMED = "<PubmedArticleSet><PubmedArticle/></PubmedArticleSet>"
PROLOG = """<?xml version="1.0"?>
<?xml-stylesheet href="https://example.invalid/spl.xsl" type="text/xsl"?>
<!-- <PubmedArticleSet> <document xmlns="urn:hl7-org:v3"> {"results": []} -->
<!DOCTYPE %s SYSTEM "https://example.invalid/x.dtd" [<!ENTITY a "<PubmedArticleSet/>">]>
"""
LABEL = {"id": "1", "set_id": "2", "openfda": {}}


@pytest.mark.parametrize(
    ("text", "parser"),
    [
        (json.dumps({"set_id": "2", "drug_guess": "x", "confidence": 1}), sections2016.parse),
        (json.dumps({"pmid": "1", "title": "x"}), articles.parse),
        (json.dumps({"pmid": "1", "abstract": "x"}) + '\n{"any": "thing"}', articles.parse),
        (json.dumps({"protocolSection": {}}), trials.parse),
        (json.dumps([{"protocolSection": {}}]), trials.parse),
        (json.dumps({"nextPageToken": "x", "studies": []}), trials.parse),
        (json.dumps({"status": "ok", "message-type": "work", "message": {}}), marks.parse_crossref),
        (json.dumps({"DOI": "10.1/x", "update-to": []}), marks.parse_crossref),
        ("pmid\trevised\n1\t\n", marks.parse_table),
        ("Record ID,OriginalPaperDOI,RetractionNature\n", marks.parse_table),
        ("Words of a guideline. " * 9, plain.parse),
        ("# Heading\n\nWords of a guideline. " * 9, plain.parse),
        (SPL, spl.parse),
        (PREFIXED, spl.parse),
        (PROLOG % "document" + SPL, spl.parse),
        (PUBMED, pubmed.parse),
        (PROLOG % "PubmedArticleSet" + PUBMED, pubmed.parse),
        ("<PubmedArticle>", pubmed.parse),
        ("<PubmedBookArticleSet/>", pubmed.parse),
        ("<DeleteCitation/>", pubmed.parse),
        (json.dumps(PROLOG % "PubmedArticleSet" + PUBMED), pubmed.parse),
        (json.dumps("\ufeff\n" + PUBMED), pubmed.parse),
        (json.dumps({"meta": {}, "results": [LABEL]}, indent=2), openfda.parse),
        (json.dumps({"results": [LABEL]}), openfda.parse),
        (json.dumps([LABEL]), openfda.parse),
        (json.dumps(LABEL), openfda.parse),
        (json.dumps([{"spl_product_data_elements": ["x" * HEAD_BYTES], "set_id": "at the end"}]), openfda.parse),
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff", "\n \t", "\ufeff\r\n"])
def test_known(text: str, parser: Parser, before: str) -> None:
    assert detect((before + text).encode()[:HEAD_BYTES], "x.pdf") is parser


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf16(encoding: str) -> None:
    bom = "\ufeff" if encoding == "utf-16-be" else ""
    assert detect((bom + PROLOG % "PubmedArticleSet" + PUBMED).encode(encoding), "x") is pubmed.parse


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"", "nothing"),
        (b" \n", "nothing"),
        (b"plain words", "plain words"),
        (b"<document><id/></document>", "root element document"),
        (b"<artikel/>", "root element artikel"),
        (b"<!-- no more", "without a root"),
        (b"<?xml version='1.0' encoding='none-such'?><a/>", "broken XML"),
        (b'{"pmid": 1}', "pmid"),
        (b"a,b,c\n" + b"1,2,3\n" * 40, "a table with the columns"),
        (b"one\ttwo words\n" * 40, "a table of 2 columns"),
        (b"words and words " * 40 + b"\0", "binary"),
        (b"12.5 7 8 9 " * 40, "fewer than 20 words"),
        (b"12.5 7 8 9 ug " * 40, "mostly no words"),
        (b'{"set_id": "1"}\n{"set_id": "2"}\n', "lines"),
        (b'[1, 2, {"a"', "list"),
        (b'"a word"', "a word"),
        (b"{", "object"),
        (b"\xff\xfe", "without a root|broken"),
    ],
)
def test_unknown_says_what_was_seen_and_what_is_known(content: bytes, seen: str) -> None:
    with pytest.raises(UnknownFormatError) as raised:
        detect(content, "some.xml")
    assert str(raised.value).startswith("some.xml: ")
    assert any(word in str(raised.value) for word in seen.split("|"))
    assert all(row.name in str(raised.value) for row in FORMATS)


WHOLE = [text.encode() for text in (PROLOG % "d" + SPL, json.dumps(PUBMED), json.dumps({"meta": {"é": 1}}))]


@given(st.sampled_from(WHOLE), st.integers(0, 400), st.binary(max_size=8))
def test_any_bytes_get_a_parser_or_the_one_error(content: bytes, cut: int, rest: bytes) -> None:
    try:
        found = detect(content[:cut] + rest, "x")
    except UnknownFormatError:
        return
    assert found in {row.parse for row in FORMATS}


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"<a>"])
def test_deep_nesting_is_no_crash(opening: bytes) -> None:
    with pytest.raises(UnknownFormatError):
        detect(opening * (HEAD_BYTES // len(opening)), "deep")


@pytest.mark.parametrize(
    ("folder", "parser", "count"),
    [("literature/pubmed", pubmed.parse, 5), ("labels/spl", spl.parse, 6)],
)
def test_shared_files(folder: str, parser: Parser, count: int) -> None:
    sources = [found for found in walk([str(shared(folder))]) if isinstance(found, Source)]
    assert [detect(source.head(), source.name) for source in sources] == [parser] * count


@pytest.mark.parametrize("name", ["core", "complete", "history"])
def test_shared_bulk_labels(name: str) -> None:
    for found in walk([str(shared(f"labels/drug-label-{name}.json.zip"))]):
        assert isinstance(found, Source)
        assert detect(found.head(), found.name) is openfda.parse


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_a_byte_order_mark_that_lies_makes_no_text_of_other_letters(mark: bytes) -> None:
    words = b"Take one tablet by mouth in the morning with water. " * 20
    with pytest.raises(UnknownFormatError):
        list(detect(mark + words, "x")(BytesIO(mark + words), "x"))
    records = (
        mark + b'{"set_id": "1", "drug_guess": "testol", "text": "A dose of\0words."}\n' * 40
    )  # one bit was turned
    with pytest.raises(UnknownFormatError):
        detect(records.replace(b"\0", b" ", 39), "x")
    wide = words.decode().encode("utf-16")
    assert detect(wide, "x") is plain.parse


HEADLESS = {
    "JSON Lines": b'"title": "Testol", "abstract": "'
    + b"A study of the tests. " * 9
    + b'"}\n{"pmid": 2, "title": "B"}',
    "JSON": b'n": ["Take one tablet."], "warnings": ["'
    + b"Some words of a label. " * 9
    + b'"], "version": 3, "a": ""}]}',
    "XML": b"rate</PMID><ArticleTitle>Testol</ArticleTitle><AbstractText>" + b"A study. " * 20 + b"</AbstractText>",
}


@pytest.mark.parametrize("form", HEADLESS)
def test_data_that_lost_its_beginning_is_no_text(form: str) -> None:
    """It would be cited as a guideline, with its keys or tags in the words."""
    with pytest.raises(UnknownFormatError, match="whose beginning is damaged or missing"):
        detect(HEADLESS[form], "x")


def test_text_that_shows_an_example_stays_text() -> None:
    text = (
        "Call the service with "
        + '{"dose": 5}'
        + " or <dose>5</dose>, and read on. "
        + "More words of prose here. " * 9
    )
    assert detect(text.encode(), "x") is plain.parse
