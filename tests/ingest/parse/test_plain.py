"""Plain text and Markdown: sections by headings, lists and tables as lines, and what is not taken for text."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, LimitError, ParseError, UnknownFormatError
from ingest.parse import HEAD_BYTES, detect, plain
from ingest.parse.tables import render_row
from ingest.schema import Document, Kind

WORDS = (
    "Give fluids early and watch the patient closely for signs of shock, then call for help without any delay at all."
)
HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
MARKDOWN = f"""---
title: "Care of the invented fever"
date: 2024-05-06
url: https://example.org/fever
licence: CC BY 4.0
editorial: true
---

# Care of the invented fever

{WORDS}
Second line of *one* paragraph<br>and a [link](https://example.org).

## Treatment

### First line

1. Rest
2. Fluids
   - warm
   - sweet, but not too much

| Drug | Dose |
|------|-----:|
| A    | 5 mg |
| B    | 7 mg |

Afterwards.

<div><p>Hypertext <b>too</b></p><script>evil()</script></div>

## Treatment

```
code  line
```
"""
PLAIN = f"""CARE OF THE INVENTED FEVER

{WORDS}
It goes on
here.

1. Treatment

- Rest
- Fluids, and a line
  that goes on

1.1 First line

Rest is best.

Afterwards
----------

2 x 3 = 6 and 2*3*4 = 24, [sic].
"""


def document(content: str | bytes) -> Document:
    data = content if isinstance(content, bytes) else content.encode()
    (found,) = plain.parse(BytesIO(data), "some.md")
    assert isinstance(found, Document)
    return found


def test_markdown() -> None:
    found = document(MARKDOWN)
    assert found.document_id == f"text:{hashlib.sha256(MARKDOWN.encode()).hexdigest()[:16]}"
    assert (found.kind, found.title) == (Kind.GUIDELINE, "Care of the invented fever")
    assert (found.published, found.effective) == (date(2024, 5, 6), date(2024, 5, 6))
    assert (found.url, found.licence, found.editorial) == ("https://example.org/fever", "CC BY 4.0", True)
    texts = {section.slug: section.text for section in found.sections}
    assert texts == {
        "body": f"{WORDS} Second line of one paragraph\nand a link.",
        "body.first_line": "1. Rest\n2. Fluids\n• warm\n• sweet, but not too much\nDrug: A; Dose: 5 mg\n"
        "Drug: B; Dose: 7 mg\nAfterwards.\nHypertext\ntoo",
        "body.treatment": "code line",
    }
    assert found.sections[1].path == ("Treatment", "First line")
    (table,) = found.sections[1].tables
    rows = [render_row(table.header, row) for row in table.rows]
    assert found.sections[1].text[table.start : table.end] == "\n".join(rows)


def test_plain_text() -> None:
    found = document(PLAIN)
    assert found.title == "CARE OF THE INVENTED FEVER"
    assert [(section.slug, section.path, section.text) for section in found.sections] == [
        ("body", ("CARE OF THE INVENTED FEVER",), f"{WORDS} It goes on here."),
        ("body.1_treatment", ("1. Treatment",), "- Rest\n- Fluids, and a line that goes on"),
        ("body.1_1_first_line", ("1. Treatment", "1.1 First line"), "Rest is best."),
        ("body.afterwards", ("Afterwards",), "2 x 3 = 6 and 2*3*4 = 24, [sic]."),
    ]
    assert (found.published, found.url, found.editorial) == (None, "", False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = PLAIN.replace("fluids", "flüssige Getränke à volonté")
    content = text.replace("\n", "\r\n").encode(encoding)
    assert detect(content[:HEAD_BYTES], "x") is plain.parse
    assert document(content).sections == document(text).sections


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\xd8" * 20, b"\x81\x8d\x8f\x90\x9d\xff\xfe\xfd" * 9])
def test_an_encoding_that_cannot_be_told(content: bytes) -> None:
    with pytest.raises(ParseError, match="encoding cannot be told"):
        document(content)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x y", "file:///etc/passwd", 'https://x"onload'])
def test_a_link_that_is_none_is_left_out(url: str) -> None:
    assert document(f"---\nurl: {url}\n---\n{WORDS}").url == ""


def test_what_is_no_front_matter_stays_text() -> None:
    assert WORDS in document(f"---\n{WORDS}\n---\nMore.").sections[0].text
    assert document(f"---\ndate: someday\n---\n{WORDS}").published is None


def test_hidden_characters_are_gone() -> None:
    text = document(f"{WORDS} a\u202eb\u2066c\ufeffd\x85e\u2028f\xadg\0").sections[0].text
    assert text == f"{WORDS} abcd e fg"


def test_nothing_to_cite_is_an_error() -> None:
    with pytest.raises(ParseError, match="no text"):
        document("# Only\n\n## Headings\n")


def test_a_text_that_is_too_long() -> None:
    with pytest.raises(LimitError):
        document(b"word " * (plain.MAX_BYTES // 4))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "*a " * 20_000,
        "> " * 20_000,
        "`" * 9 + " `a" * 20_000,
        "<a " * 20_000,
        "- " * 5_000,
        "a|b\n-|-\n" * 9_000,
        "![" * 20_000,
        "#" * 50_000,
        "\\" * 50_000,
        "&amp" * 20_000,
        "_" * 50_000,
        "1. \n" * 20_000,
        "[a]: b\n" * 9_000,
    ],
)
@pytest.mark.timeout(10)
def test_markdown_that_is_meant_to_be_slow(text: str) -> None:
    try:
        document(f"# A heading\n\n{WORDS}\n\n{text}")
    except IngestError:
        return


@given(st.binary(min_size=300, max_size=900))
def test_binary_content_is_never_text(content: bytes) -> None:
    with pytest.raises(UnknownFormatError):
        detect(b"\x01" + content, "x")


@given(st.text(max_size=300), st.booleans())
def test_any_text_gives_clean_sections_or_the_one_error(text: str, marked: bool) -> None:
    content = (f"# H\n\n{text}" if marked else text).encode("utf-8", "replace")
    try:
        found = document(content)
    except IngestError:
        return
    slugs = [section.slug for section in found.sections]
    assert len(slugs) == len(set(slugs))
    for section in found.sections:
        assert all(
            line and line == " ".join(line.split()) and not HIDDEN.search(line) for line in section.text.split("\n")
        )
        for table in section.tables:
            rows = [render_row(table.header, row) for row in table.rows]
            assert section.text[table.start : table.end] == "\n".join(rows)


@given(st.lists(st.text("abc .,#|-*1\n", max_size=30), max_size=12).map("\n\n".join))
def test_no_word_of_plain_text_is_lost(text: str) -> None:
    if plain._MARKDOWN.search(text):
        return
    parts = plain._plain_parts(text)
    words = [word for part in parts for line in (part.title, *part.blocks) for word in str(line).split()]
    dropped = [word for word in text.split() if word not in words]
    assert all(plain._UNDERLINE.fullmatch(word) for word in dropped)
