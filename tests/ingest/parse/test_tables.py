from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ingest.parse.narrative import blocks, grid
from ingest.parse.tables import MAX_SPAN, Grid, assemble, render_row

WORDS = st.text("abcXYZ 0123%<>&", max_size=12)


def read(html: str) -> Grid:
    found = grid(etree.fromstring(html))
    assert found is not None
    return found


def plain(rows: list[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in rows) + "</table>"


def lines(xml: str) -> list[str]:
    return [block if isinstance(block, str) else "TABLE" for block in blocks(etree.fromstring(f"<text>{xml}</text>"))]


def test_header_of_several_rows_joins_the_texts_above_each_column() -> None:
    table = read(
        "<table><caption>Table 1</caption><thead><tr><th rowspan='2'>Drug</th><th colspan='2'>Change</th></tr>"
        "<tr><th>AUC</th><th>Cmax</th></tr></thead><tbody><tr><td>Alol</td><td>1</td><td>2</td></tr></tbody></table>"
    )
    assert table.caption == "Table 1"
    assert table.header == ("Drug", "Change, AUC", "Change, Cmax")
    assert table.lines() == ["Drug: Alol; Change, AUC: 1; Change, Cmax: 2"]


def test_spanning_cells_are_repeated_where_they_reach() -> None:
    table = read(
        "<table><tr><th>Drug</th><th>Dose</th><th>Note</th></tr><tr><td rowspan='2'>Alol</td><td>1</td><td>a</td></tr>"
        "<tr><td>2</td><td>b</td></tr><tr><td>Bol</td><td colspan='2'>not recommended with this</td></tr></table>"
    )
    assert table.lines() == [
        "Drug: Alol; Dose: 1; Note: a",
        "Drug: Alol; Dose: 2; Note: b",
        "Drug: Bol; Dose / Note: not recommended with this",
    ]


def test_plain_first_row_is_a_header_only_over_data() -> None:
    over_data = [("Age", "Dose"), ("6 years", "5 mL"), ("12 years", "9 mL")]
    repeated = [("Effect", "more of A"), ("Advice", "9 days off"), ("Effect", "9 of B")]
    assert read(plain(over_data)).header == ("Age", "Dose")
    assert read(plain(repeated)).header == ()


def test_headings_of_groups_stand_alone_and_are_no_caption() -> None:
    table = read(
        "<table><tr><td colspan='2'>Strong</td></tr><tr><td>Effect</td><td>much</td></tr>"
        "<tr><td colspan='2'>Weak</td></tr><tr><td>Effect</td><td>little</td></tr></table>"
    )
    assert (table.caption, table.header) == ("", ())
    assert table.lines() == ["Strong", "Effect; much", "Weak", "Effect; little"]


def test_title_row_is_the_caption() -> None:
    table = read(
        "<table><tr><td colspan='2'>Table 2: doses</td></tr><tr><td>Age</td><td>Dose</td></tr>"
        "<tr><td>Adult</td><td>5 mL</td></tr><tr><td>Child</td><td>2 mL</td></tr></table>"
    )
    assert (table.caption, table.header) == ("Table 2: doses", ("Age", "Dose"))


def test_footnotes_and_foot_follow_the_rows() -> None:
    table = read(
        "<table><tfoot><tr><td colspan='2'>a = all</td></tr></tfoot><tbody><tr><th>Drug</th><th>Dose</th></tr>"
        "<tr><td>Alol<footnote ID='f1'>With food.</footnote></td><td>1<footnoteRef IDREF='f1'/></td></tr></tbody>"
        "</table>"
    )
    text, (place,) = assemble([table, "After."])
    assert text == "Drug: Alol*; Dose: 1*\na = all\n* With food.\nAfter."
    assert text[place.start : place.end] == "Drug: Alol*; Dose: 1*"


def test_one_column_is_layout() -> None:
    assert read("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>").lines() == ["One.", "Two."]


def test_absurd_spans_are_limited() -> None:
    assert (
        len(read(f"<table><tr><td colspan='99999999' rowspan='{'9' * 5000}'>x</td></tr></table>").rows[0]) == MAX_SPAN
    )


def test_empty_table_is_none() -> None:
    assert grid(etree.fromstring("<table><tr><td/></tr></table>")) is None


def test_narrative_marks() -> None:
    assert lines(
        "10<sup>9</sup>/L, 1.73 m<sup>2 </sup>each, HbA<sub>1c</sub>, 12<sup>th</sup>, C<sub>max</sub><sup>a</sup>"
    ) == ["10⁹/L, 1.73 m² each, HbA1c, 12th, Cmaxᵃ"]
    assert lines("<paragraph>One<br/>two</paragraph><list><item>a</item><item>b</item></list>") == [
        "One",
        "two",
        "• a",
        "• b",
    ]
    assert lines("<list listType='ordered'><item>a<list><item>b</item></list></item></list>") == ["1. a", "• b"]
    assert lines("<paragraph>A<footnote>Why.</footnote> b ( ) .</paragraph>") == ["A* b.", "* Why."]


@given(st.lists(WORDS, max_size=5), st.lists(WORDS, max_size=5))
def test_a_row_keeps_every_cell(header: list[str], row: list[str]) -> None:
    line = render_row(header, row)
    assert all(cell in line for cell in row)


@given(
    st.lists(
        st.one_of(WORDS.filter(str.strip), st.lists(st.lists(WORDS, min_size=2, max_size=3), min_size=1, max_size=4))
    )
)
def test_spans_index_the_rows(parts: list[str | list[list[str]]]) -> None:
    made = [part if isinstance(part, str) else Grid("c", ("h", "i"), tuple(map(tuple, part)), ("n",)) for part in parts]
    text, tables = assemble(made)
    grids = [part for part in made if isinstance(part, Grid)]
    assert [text[table.start : table.end] for table in tables] == ["\n".join(part.lines()) for part in grids]


@given(
    st.lists(
        st.lists(st.tuples(WORDS, st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4), min_size=1, max_size=4
    )
)
def test_any_table_reads_without_losing_a_cell(rows: list[list[tuple[str, int, int]]]) -> None:
    table = etree.Element("table")
    for row in rows:
        element = etree.SubElement(table, "tr")
        for text, across, down in row:
            etree.SubElement(element, "td", colspan=str(across), rowspan=str(down)).text = text
    found = grid(table)
    kept = "" if found is None else "\n".join([found.caption, *found.header, *found.lines()])
    assert all(
        " ".join(text.split()).replace(" %", "%") in kept.replace(" %", "%") for row in rows for text, _, _ in row
    )
