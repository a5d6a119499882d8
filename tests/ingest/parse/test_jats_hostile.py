"""JATS that is damaged or hostile: it costs only itself, and soon."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, LimitError, ParseError
from ingest.parse import jats
from ingest.passages import split
from ingest.schema import Document, Fault
from tests.ingest.parse.fulltexts import DOCTYPE, WHOLE, article, read


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('pub-id-type="pmc"', 'pub-id-type="x"', "no PMC id"),
        (">77<", ">7/7<", "no PMC id"),
        ("article-meta", "other-meta", "front/article-meta"),
        ("Drops were", "Drops &unknown; were", "&unknown;"),
        ("<td>9</td>", "<td rowspan='200' colspan='200'>9</td>" * 3000, "cells"),
    ],
)
def test_a_bad_article_costs_only_itself(old: str, new: str, word: str) -> None:
    good = article(head="")
    bad = good.replace(old, new)
    before, fault, after = read(f"{DOCTYPE}<pmc-articleset>{good}{bad}{good}</pmc-articleset>")
    assert isinstance(before, Document)
    assert before == after
    assert isinstance(fault, Fault)
    assert word in fault.reason


def test_long_text_written_out_many_times_is_refused() -> None:
    cell = "<td rowspan='200'>" + "word " * 40_000 + "</td><td>1</td>"
    body = f"<body><table-wrap><table><tr>{cell}</tr>{'<tr><td>1</td></tr>' * 300}</table></table-wrap></body>"
    (fault,) = read(article(body))
    assert isinstance(fault, Fault)
    assert "characters" in fault.reason


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
HOSTILE = {
    "laughs": f'<!DOCTYPE article [<!ENTITY l0 "ha">{LAUGHS}]>' + article(head="").replace("Drops were", "&l8;"),
    "laughs in an attribute": f'<!DOCTYPE article [<!ENTITY l0 "ha">{LAUGHS}]><article article-type="&l8;"/>',
    "external entity": '<!DOCTYPE article [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    + article(head="").replace("Drops were", "&f;"),
    "parameter entity": '<!DOCTYPE article [<!ENTITY % f SYSTEM "file:///etc/hostname"> %f;]>' + article(head=""),
    "a million levels": "<article>" + "<a>" * 1_000_000,
    "a long text": f"<article><p>{'x' * 20_000_000}</p></article>",
    "a long attribute": f"<article a='{'x' * 20_000_000}'/>",
    "a NUL": article().replace("Drops", "Dr\0ps"),
    "a lone surrogate": article().replace("Drops", "Dr&#xD800;ps"),
    "half": article()[:3000],
    "another root": "<article-set/>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_an_error_soon(name: str) -> None:
    started = time.monotonic()
    with pytest.raises(IngestError):
        read(HOSTILE[name])
    assert time.monotonic() - started < 5


def test_deep_nesting_within_what_the_xml_parser_allows() -> None:
    for tag in ("p", "sec", "list><list-item", "fig><caption", "table><tr><td", "fn", "sup", "boxed-text"):
        opening = "".join(f"<{part.strip('<>')}>" for part in tag.split("><"))
        closing = "".join(f"</{part}>" for part in reversed(tag.split("><")))
        levels = 240 // len(tag.split("><"))
        (found,) = read(article(f"<body>{opening * levels}x{closing * levels}</body>"))
        assert isinstance(found, Document | Fault)


class Endless(io.BytesIO):
    """A start, and then the same filling for ever."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or b"<p>filling</p>" * 4096


@pytest.mark.parametrize("start", ["<article><body>", "<pmc-articleset>", "<!--", "<article><!--"])
def test_what_never_ends_is_stopped(start: str) -> None:
    with pytest.raises((LimitError, ParseError)):
        list(jats.parse(Endless(start.encode()), "endless.xml"))


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3), st.integers(0, 20))
def test_any_damage_is_an_error_a_fault_or_a_document(at: int, new: bytes, cut: int) -> None:
    damaged = WHOLE[:at] + new + WHOLE[at + cut :]
    try:
        found = read(damaged)
    except IngestError:
        return
    for record in found:
        if isinstance(record, Document):
            assert all(passage.text for passage in split(record))
