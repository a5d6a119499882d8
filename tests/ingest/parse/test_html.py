"""HTML guidelines: the main content alone, whole, under its headings, in any encoding."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import IngestError, LimitError, ParseError
from ingest.parse import detect, html
from ingest.schema import Document, Kind

HEAD = """<title>Use of testomab | Invented Institute</title><link rel="canonical" href="https://example.org/g/1">
<meta property="og:site_name" content="Invented Institute"><meta name="author" content="A Body">
<meta property="article:published_time" content="2021-03-04T10:00:00Z">
<meta property="article:modified_time" content="2022-05-06T10:00:00Z">
<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">"""
MAIN = """<h1>Use of testomab</h1><p>Testomab is given to adults who have the invented disease.</p>
<h2>Doses</h2><p>Give the lowest dose that works.</p><p>Not for children.</p>
<ul><li>Begin with 5 mg.</li><li>Raise it weekly:<ol><li>in adults</li><li>more slowly in the old</li></ol></li></ul>
<h3>Kidneys</h3><p>Above 10<sup>6</sup> units stop.</p><script>var evil = "script";</script><style>.evil {}</style>
<table><caption>Table 1</caption><tr><th>Clearance</th><th colspan="2">Dose</th></tr>
<tr><td>over 60</td><td>10 mg</td><td>20 mg</td></tr><tr><td>below 30</td><td>2 mg</td><td>4 mg</td></tr></table>
<h2>Interactions</h2><p>Grapefruit raises its level.</p><p>Not for children.</p>
<h2>References</h2><ol><li>A paper of somebody.</li></ol>"""
AROUND = """<div class="cookie-consent"><p>We use cookies. <button>Accept</button></p></div>
<header><nav><ul><li><a href="/">Home</a></li><li><a href="/all">All guidelines</a></li></ul></nav></header>%s
<aside><p>Related pages</p></aside><footer><p>Copyright Invented Institute</p></footer>"""


def page(head: str = HEAD, main: str = f"<main>{MAIN}</main>") -> str:
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{AROUND % main}</body></html>'


def read(content: str | bytes) -> Document:
    data = content.encode() if isinstance(content, str) else content
    (found,) = html.parse(BytesIO(data), "g.html")
    assert isinstance(found, Document)
    return found


def texts(found: Document) -> str:
    return "\n".join(section.text for section in found.sections)


def test_a_guideline() -> None:
    found = read(page())
    checksum = hashlib.sha256(page().encode()).hexdigest()
    assert (found.document_id, found.work_id, found.sha256) == (*(f"html:{checksum[:16]}",) * 2, checksum)
    assert (found.kind, found.title, found.journal) == (Kind.GUIDELINE, "Use of testomab", "Invented Institute")
    assert (found.published, found.effective, found.revised) == (date(2021, 3, 4), date(2022, 5, 6), date(2022, 5, 6))
    assert (found.url, found.licence) == ("https://example.org/g/1", "https://creativecommons.org/licenses/by/4.0/")
    assert (found.authors, found.editorial) == (("A Body",), False)
    assert {section.slug: (section.path, section.text) for section in found.sections} == {
        "body.summary": (("Summary",), "Testomab is given to adults who have the invented disease."),
        "body.doses": (
            ("Doses",),
            "Give the lowest dose that works.\nNot for children.\n• Begin with 5 mg.\n• Raise it weekly:\n"
            "1. in adults\n2. more slowly in the old",
        ),
        "body.kidneys": (
            ("Doses", "Kidneys"),
            "Above 10^6 units stop.\nTable 1\nClearance: over 60; Dose: 10 mg; Dose: 20 mg\n"
            "Clearance: below 30; Dose: 2 mg; Dose: 4 mg",
        ),
        "body.interactions": (("Interactions",), "Grapefruit raises its level.\nNot for children."),
        "references": (("References",), "1. A paper of somebody."),
    }


def test_a_table_can_be_cited_by_its_rows() -> None:
    section = read(page()).section("body.kidneys")
    assert section is not None
    (table,) = section.tables
    assert (table.caption, table.header) == ("Table 1", ("Clearance", "Dose", "Dose"))
    assert section.text[table.start : table.end].split("\n")[1] == "Clearance: below 30; Dose: 2 mg; Dose: 4 mg"


@pytest.mark.parametrize(
    "main",
    [
        MAIN,
        f"<article>{MAIN}</article>",
        f"<div class='content'><div>{MAIN}</div></div>",
        f"<div role='main'>{MAIN}</div>",
    ],
)
def test_the_same_content_in_other_pages(main: str) -> None:
    assert texts(read(page(main=main))) == texts(read(page()))


def test_tables_that_stand_in_a_figure_a_paragraph_or_a_list() -> None:
    table = "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2 mg</td></tr></table>"
    main = f"{MAIN}<h2>More</h2><figure>{table}</figure><ul><li>An item {table}</li></ul>"
    section = read(page(main=f"<main>{main}</main>")).section("body.more")
    assert section is not None
    assert len(section.tables) == 2
    assert "• An item" in section.text


def test_our_own_summary_names_the_real_source() -> None:
    mark = f'<meta name="{html.EDITORIAL}" content="https://example.org/real">'
    found = read(page(head=HEAD + mark))
    assert (found.editorial, found.url, found.licence) == (True, "https://example.org/real", "Apache-2.0")


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        ("utf-8", "utf-8"), ("utf-8", "utf-8-sig"), ("windows-1252", "cp1252"), ("iso-8859-1", "cp1252"),
        ("utf-8", "cp1252"), ("", "cp1252"), ("iso-8859-1", "utf-8"), ("no-such", "utf-8"), ("utf-16", "utf-16"),
    ],
)  # fmt: skip
def test_encodings(declared: str, actual: str) -> None:
    mark = f'<meta charset="{declared}">' if declared else ""
    main = f"<main>{MAIN}<p>Größe und Übelkeit – naïve café, weiß, schön, für alle.</p></main>"
    found = read(page(head=mark + HEAD, main=main).encode(actual))
    assert "Größe und Übelkeit – naïve café" in texts(found)


@pytest.mark.parametrize(
    ("content", "error", "reason"),
    [
        ("", ParseError, "empty"),
        ("<html></html>", ParseError, "main content"),
        ("<html><body><div id='app'></div><script>var words = 'so many';</script></body></html>", ParseError, "script"),
        ("<html>" + "<p>" * (html.MAX_ELEMENTS + 1), LimitError, "elements"),
        ("<html>" + " " * html.MAX_BYTES, LimitError, "bytes"),
    ],
)
def test_what_is_no_guideline(content: str, error: type[IngestError], reason: str) -> None:
    with pytest.raises(error, match=reason) as raised:
        read(content)
    assert raised.value.source == "g.html"


def test_a_million_nested_elements() -> None:
    with pytest.raises(ParseError):
        read("<html><body>" + "<div>" * 1_000_000 + "words " * 100)


def test_control_characters_never_become_text() -> None:
    found = read(page(main=f"<main>{MAIN}<p>Give\0 it &#8238;at\x0b once\u202e to &#55357; all.</p></main>"))
    assert all(line.isprintable() for line in texts(found).split("\n"))


SMALL = page().encode()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=30), st.booleans())
def test_a_changed_page_raises_nothing_unforeseen(changes: list[tuple[int, int]], cut: bool) -> None:
    content = bytearray(SMALL)
    for at, value in changes:
        content[at] = value
    with contextlib.suppress(ParseError, LimitError):
        found = read(bytes(content[: changes[0][0]] if cut else content))
        for section in found.sections:
            assert all(line.isprintable() for line in section.text.split("\n"))
            for table in section.tables:
                assert len(section.text[table.start : table.end].split("\n")) == len(table.rows)


@pytest.mark.parametrize(
    "start",
    [
        "<!doctype html>",
        "<HTML lang='en'>",
        "\ufeff<!-- a -- b --->\n<html>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x">',
    ],
)
def test_a_page_is_told_from_its_beginning(start: str) -> None:
    assert detect(start.encode(), "x") is html.parse
    assert detect(start.removeprefix("\ufeff").encode("utf-16"), "x") is html.parse
