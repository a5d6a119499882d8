"""Sentence spans and passages: offsets exact, nothing lost, nothing cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.passages import MAX_ROW_WORDS, MAX_WORDS, RUN_ON_WORDS, Headings, split
from ingest.schema import Document, DrugNames, Kind, Passage, Section, Table
from ingest.sentences import sentences

HEADING = re.compile(r"2\.\d\s+[A-Z]")
words = st.text(alphabet="abcXYZ 0159.,;:()[]•\n?!", max_size=400)


def document(*sections: Section) -> Document:
    return Document(
        "label:s:1",
        Kind.LABEL,
        "Title",
        "s",
        "1",
        "0" * 64,
        sections,
        drugs=DrugNames(generic=("Colchicine",), brand=("Colcrys",)),
    )


def section(slug: str, text: str) -> Section:
    return Section(slug, slug.title(), (slug.title(),), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Take 1.5 mg daily. Avoid alcohol.", ["Take 1.5 mg daily.", "Avoid alcohol."]),
        ("Use caution (e.g. Diltiazem). Stop.", ["Use caution (e.g. Diltiazem).", "Stop."]),
        ("Avoid it [see Warnings (5.2)]. Then stop.", ["Avoid it [see Warnings (5.2)].", "Then stop."]),
        ("It is avoided. [see Warnings (5.2)] Stop.", ["It is avoided. [see Warnings (5.2)]", "Stop."]),
        ("Seen in the U.S. Population. Yes.", ["Seen in the U.S. Population.", "Yes."]),
        ("Rare with E. coli. Give vitamin K. Then wait.", ["Rare with E. coli.", "Give vitamin K.", "Then wait."]),
        ("• One thing • Another thing", ["• One thing", "• Another thing"]),
        ("1. Swallow whole. 2. Drink water.", ["1. Swallow whole.", "2. Drink water."]),
        ("Heading\nFirst row\nSecond row", ["Heading", "First row", "Second row"]),
        ('She said "stop." Then left.', ['She said "stop."', "Then left."]),
    ],
)
def test_sentences_of_label_text(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(words)
def test_sentences_cover_everything_in_order(text: str) -> None:
    spans = sentences(text)
    position = 0
    for start, end in spans:
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        assert "\n" not in text[start:end]
        position = end
    assert not text[position:].strip()


@given(st.lists(words, min_size=1, max_size=4))
@settings(max_examples=60)
def test_passages_are_exact_slices_and_lose_no_sentence(texts: list[str]) -> None:
    made = document(*(section(f"s{number}", text) for number, text in enumerate(texts)))
    passages = split(made)
    covered: dict[str, list[Passage]] = {}
    for passage in passages:
        text = next(s.text for s in made.sections if s.slug == passage.section)
        assert text[passage.start : passage.end] == passage.text
        covered.setdefault(passage.section, []).append(passage)
    assert len({passage.passage_id for passage in passages}) == len(passages)
    every = "\n".join(passage.text for passage in passages)
    for item in made.sections:
        for start, end in sentences(item.text):
            assert item.text[start:end] in every


def test_passages_are_bounded_and_run_ons_cut() -> None:
    passages = split(document(section("description", "word " * 1000), section("warnings", "A b c d. " * 300)))
    assert max(len(passage.text.split()) for passage in passages) <= RUN_ON_WORDS
    assert all(len(p.text.split()) <= MAX_WORDS for p in passages if p.section == "warnings")


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", ["word ", "Abc. ", "• x ", "1. A", "a\n", "x (see 1). ", "2.1 Dose\nx. "])
def test_time_grows_with_the_length_alone(unit: str) -> None:
    """A square of these lengths would take minutes."""
    text = (unit * (1_500_000 // len(unit))).strip()
    passages = split(document(section("description", text)))
    assert sum(passage.end - passage.start for passage in passages) > len(text) / 2


@given(st.lists(st.sampled_from(["2.1 Dose", "2.2 Other Things", "Words.", "", "x 2.3 None"]), max_size=12), st.data())
def test_the_heading_above_is_the_nearest_line_that_is_one(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    before = text[:start].split("\n")
    starts = [len("\n".join(before[:number])) + bool(number) for number in range(len(before))]
    found = [at for at in starts if at < start and HEADING.match(text, at)]
    expected = text[found[-1] :].split("\n")[0] if found and not HEADING.match(text, start) else ""
    assert Headings(text).above(start) == expected


def table_section(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Section:
    lines = ["; ".join(f"{name}: {cell}" for name, cell in zip(header, row, strict=True)) for row in rows]
    text = "\n".join(["Before the table.", *lines, "After it."])
    start = len("Before the table.\n")
    return Section("s", "S", ("S",), text, (Table("", header, tuple(rows), start, start + len("\n".join(lines))),))


def test_a_table_row_is_never_cut_from_its_headers() -> None:
    long = ("ritonavir", "Take less of it. Wait. " * 120)
    made = table_section(("Drug", "Advice"), [("aspirin", "Stop. Then ask."), long, ("warfarin", "word " * 500)])
    lines = [line.strip() for line in made.text.split("\n")]
    passages = [passage.text for passage in split(document(made))]
    assert all(any(line in text for text in passages) for line in lines)
    assert lines[2] in passages
    assert lines[3] in passages


def test_an_endless_row_is_cut_between_cells() -> None:
    header = tuple(f"H{number}" for number in range(30))
    made = table_section(header, [("dose " * 99,) * 30, ("word " * 2500,) + ("x",) * 29])
    passages = split(document(made))
    assert max(len(passage.text.split()) for passage in passages) <= MAX_ROW_WORDS
    assert [passage.text for passage in passages[1:4]] == [p.text for p in passages[1:4] if p.text.startswith("H")]
    assert " ".join(passage.text for passage in passages).split() == made.text.split()


def test_prose_in_a_frame_is_cut_as_prose() -> None:
    made = table_section(("",), [("One thing is said. " * 200,)])
    assert max(len(passage.text.split()) for passage in split(document(made))) <= MAX_WORDS


def test_a_subsections_text_is_not_indexed_again_with_its_parent() -> None:
    child = "Colchicine crosses the placenta and the data are limited to published reports of cohorts."
    parent = f"8 USE IN SPECIFIC POPULATIONS\n{child}\nOther words."
    passages = split(document(section("use_in_specific_populations", parent), section("pregnancy", child)))
    assert [passage.section for passage in passages if child in passage.text] == ["pregnancy"]
    assert [passage.text for passage in passages if passage.section == "use_in_specific_populations"] == [
        "8 USE IN SPECIFIC POPULATIONS",
        "Other words.",
    ]


def test_context_names_drug_section_and_heading() -> None:
    text = "7.1 CYP3A4 inhibitors\n" + "Dose is reduced with these. " * 60
    contexts = {passage.context for passage in split(document(section("drug_interactions", text)))}
    assert "colchicine, colcrys | Drug_Interactions | 7.1 CYP3A4 inhibitors" in contexts


def test_parts_that_are_no_prose_are_not_indexed() -> None:
    assert split(document(section("spl_product_data_elements", "Colchicine tablet " * 20))) == []
