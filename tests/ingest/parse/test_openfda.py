from __future__ import annotations

import json
import zipfile
from io import BytesIO

import ijson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import LimitError, ParseError
from ingest.parse import HEAD_BYTES, detect, openfda
from ingest.parse.loinc import BY_CODE, BY_SLUG, SECTIONS
from ingest.schema import Document, Fault, Record
from tests.ingest.parse.labels import GOLDEN, SET_ID, Endless, check_sections, label_json, one_json, read_json, summary
from tests.shared_data import shared

DOSES = (
    "<table><tr><td>Age</td><td>Dose</td></tr>"
    "<tr><td>Adult</td><td>5 mL</td></tr><tr><td>Child</td><td>2 mL</td></tr></table>"
)
FILES = ("core", "complete", "history")


def parse(data: bytes) -> list[Record]:
    return list(openfda.parse(BytesIO(data), "test.json"))


def text_of(slug: str, **fields: object) -> str:
    section = one_json(**fields).section(slug)
    assert section is not None
    return section.text


def test_fast_json_reader_is_in_use() -> None:
    assert ijson.backend == "yajl2_c"


def test_facts_of_a_record() -> None:
    names = {
        "brand_name": ["Testex"],
        "generic_name": ["TESTOL"],
        "manufacturer_name": ["Works"],
        "unii": ["U1"],
        "rxcui": ["7"],
        "route": ["OPHTHALMIC", "AURICULAR (OTIC)"],
    }
    document = one_json(
        description=["It is white."], openfda={**names, "product_ndc": ["1-2"], "package_ndc": ["1-2-3"]}
    )
    assert document.document_id == f"label:{SET_ID}:3"
    assert document.title == "Testex (TESTOL), Works"
    assert str(document.effective) == str(document.published) == "2024-02-29"
    assert (document.drugs.ndc, document.drugs.rxcui, document.labeler) == (("1-2", "1-2-3"), ("7",), "Works")
    assert document.url.endswith(SET_ID)
    assert document.routes == ("ophthalmic", "auricular (otic)")


@pytest.mark.parametrize("odd", ["a b", "a/b", "a\tb", "a\n", " a", "a\0b", "a\u202eb", "a\u00a0b"])
@pytest.mark.parametrize("field", ["set_id", "version", "id"])
def test_an_id_that_would_break_a_url_is_refused_alone(field: str, odd: str) -> None:
    fault, document = read_json(label_json(**{field: odd}), label_json())
    assert isinstance(fault, Fault)
    assert fault.reason.startswith(f"{field} ")
    assert fault.reason.isprintable()
    assert isinstance(document, Document)


def test_missing_facts() -> None:
    record = {
        "set_id": SET_ID,
        "id": "aaaa",
        "effective_time": "20231399",
        "package_label_principal_display_panel": ["Box"],
    }
    (document,) = read_json(record)
    assert isinstance(document, Document)
    assert (document.version, document.effective, document.title) == ("aaaa", None, "Box")


@pytest.mark.parametrize(
    ("elements", "brand", "generic"),
    [
        ("Testex testol calcium TESTOL CALCIUM TESTOL WATER", ("Testex",), ("testol calcium",)),
        ("Testol Testol TESTOL WATER", ("Testol",), ("Testol",)),
        ("Testex Testol Testex Testol TESTOL TESTOL WATER", ("Testex",), ("Testol",)),
        ("WATER SALT", (), ()),
    ],
)
def test_names_from_product_data(elements: str, brand: tuple[str, ...], generic: tuple[str, ...]) -> None:
    drugs = one_json(spl_product_data_elements=[elements], openfda={}).drugs
    assert (drugs.brand, drugs.generic) == (brand, generic)


def test_subsections_and_bullets_begin_lines() -> None:
    text = (
        "7 DRUG INTERACTIONS Avoid A (7.1). 7.1 Alol In a trial a dose of 7.5 mg or 7.2 M did harm. "
        "7.2 Bol • stop it • ask 3 ng • h/mL"
    )
    assert text_of("drug_interactions", drug_interactions=[text]).split("\n") == [
        "7 DRUG INTERACTIONS",
        "Avoid A (7.1).",
        "7.1 Alol In a trial a dose of 7.5 mg or 7.2 M did harm.",
        "7.2 Bol",
        "• stop it",
        "• ask 3 ng • h/mL",
    ]


def test_table_run_gives_way_to_rows() -> None:
    section = one_json(
        dosage_and_administration=["2 DOSAGE AND ADMINISTRATION Give: Age Dose Adult 5 mL Child 2 mL Then rest."],
        dosage_and_administration_table=[DOSES],
    ).section("dosage_and_administration")
    assert section is not None
    assert section.text.split("\n")[1:] == ["Give:", "Age: Adult; Dose: 5 mL", "Age: Child; Dose: 2 mL", "Then rest."]
    assert [table.header for table in section.tables] == [("Age", "Dose")]


def test_table_that_the_text_lacks_goes_to_the_end() -> None:
    fields = {"dosage_and_administration": ["Take it."], "dosage_and_administration_table": [f"{DOSES} {DOSES}"]}
    rows = ["Age: Adult; Dose: 5 mL", "Age: Child; Dose: 2 mL"]
    assert text_of("dosage_and_administration", **fields).split("\n") == ["Take it.", *rows, *rows]
    assert text_of("dosage_and_administration", dosage_and_administration_table=[DOSES]).split("\n") == rows


def test_debris_goes() -> None:
    assert (
        text_of("description", description=["White (see Error! Hyperlink reference not valid. ) , \u200bround [ ] ."])
        == "White (see), round."
    )


def test_parent_holds_its_childs_finished_text() -> None:
    child = "8.1 Pregnancy Risk Summary Harm (8.1). Age Dose Adult 5 mL Child 2 mL End • one • two"
    document = one_json(
        use_in_specific_populations=[f"8 USE IN SPECIFIC POPULATIONS Care. {child} 8.4 Pediatric Use Not known."],
        use_in_specific_populations_table=[DOSES],
        pregnancy=[child],
        pregnancy_table=[DOSES],
        pediatric_use=["8.4 Pediatric Use Not known."],
    )
    parent, *children = (
        document.section(slug) for slug in ("use_in_specific_populations", "pregnancy", "pediatric_use")
    )
    assert parent is not None
    assert all(part is not None and f"\n{part.text}" in parent.text for part in children)
    assert children[0] is not None
    assert children[0].path == ("Use in Specific Populations", "Pregnancy")
    assert len(parent.tables) == len(children[0].tables) == 1


def test_texts_of_one_field() -> None:
    document = one_json(warnings=["Beware of the dog. It bites.", "It bites.", "Beware of the cat."])
    assert [(section.slug, section.text) for section in document.sections] == [
        ("warnings", "Beware of the dog. It bites."),
        ("warnings.2", "Beware of the cat."),
    ]


def test_key_order_does_not_matter() -> None:
    record = label_json(drug_interactions=["None known at all."], boxed_warning=["Beware of it."], odd_field=["Odd."])
    (first,), (second,) = read_json(record), read_json(dict(reversed(record.items())))
    assert first == second
    assert isinstance(first, Document)
    assert [section.slug for section in first.sections] == ["boxed_warning", "drug_interactions", "odd_field"]


def test_layouts_give_the_same_document() -> None:
    record = json.dumps(label_json(description=["It is white."])).encode()
    expected = read_json(label_json(description=["It is white."]))
    for data in (record, b"[" + record + b"]", b"\xef\xbb\xbf" + record, b' {"results": [' + record + b"]}"):
        assert parse(data) == expected
    assert parse(record + b"\n" + record + b"\n") == expected * 2


@pytest.mark.parametrize(
    "record",
    [
        5,
        "a",
        None,
        {"id": "x"},
        {"set_id": 7},
        {"set_id": "s"},
        label_json(openfda=["x"]),
        label_json(warnings={"a": 1}),
        label_json(warnings=[["a"]]),
    ],
)
def test_bad_record_is_a_fault_and_the_rest_goes_on(record: object) -> None:
    fault, document = read_json(record, label_json(description=["It is white."]))
    assert isinstance(fault, Fault)
    assert fault.record.startswith("record 0")
    assert isinstance(document, Document)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"meta": {}}', b'{"error": {"code": "NOT_FOUND"}}', b'{"set_id": "\xff"}']
)
def test_unusable_file(data: bytes) -> None:
    with pytest.raises(ParseError):
        parse(data)


def test_endless_record_is_refused() -> None:
    with pytest.raises(LimitError):
        list(openfda.parse(Endless(), "test.json"))


def test_absurd_depth_is_refused() -> None:
    with pytest.raises(LimitError):
        parse(b'{"set_id": "s", "x": ' + b"[" * 50_000)


def test_truncated_file_gives_what_was_whole_first() -> None:
    data = json.dumps({"results": [label_json(description=["One."]), label_json(description=["Two."])]}).encode()
    records = openfda.parse(BytesIO(data[:-30]), "cut.json")
    assert isinstance(next(records), Document)
    with pytest.raises(ParseError) as caught:
        next(records)
    assert (caught.value.source, caught.value.record, caught.value.offset) == ("cut.json", "record 1", len(data) - 30)


@given(st.integers(0, 400))
def test_any_truncation_is_a_parse_error(cut: int) -> None:
    data = json.dumps({"results": [label_json(description=["It is ≥ white."], description_table=[DOSES])]}).encode()
    try:
        for record in openfda.parse(BytesIO(data[:cut]), "cut.json"):
            assert isinstance(record, Document)
    except ParseError as error:
        assert error.offset == min(cut, len(data))  # noqa: PT017 - no error is right as well once all is there


@settings(max_examples=60)
@given(st.text(), st.text(), st.text(st.sampled_from("7. 128•AbTable(")))
def test_any_text_becomes_normal_text(first: str, second: str, third: str) -> None:
    parent = f"{first} {second} {third}"
    document = one_json(
        drug_interactions=[parent, third],
        precautions=[second],
        drug_interactions_table=[f"<table><td>{first}<td>{second}</table>"],
    )
    check_sections(document)


def test_a_heading_without_a_text_is_no_section() -> None:
    document = one_json(boxed_warning=["BOXED WARNING"], warnings=["WARNINGS\nNone."], purpose=["Purpose:"])
    assert [section.slug for section in document.sections] == ["warnings"]


def test_every_section_code_and_slug_is_named_once() -> None:
    assert len(BY_CODE) == len(BY_SLUG) == len(SECTIONS) == 88


@pytest.mark.parametrize("name", FILES)
def test_golden_records(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())[name]
    with (
        zipfile.ZipFile(shared(f"labels/drug-label-{name}.json.zip")) as archive,
        archive.open(f"drug-label-{name}.json") as stream,
    ):
        records = list(ijson.items(stream, "results.item", use_float=True))
    chosen = read_json(records[0], records[9], records[-1])
    for document in chosen:
        assert isinstance(document, Document)
        check_sections(document)
    assert {"records": len(records), "chosen": [summary(document) for document in chosen]} == golden


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("shape", ["list", "answer", "record"])
def test_other_encodings(encoding: str, shape: str) -> None:
    record = {"set_id": SET_ID, "id": "1", "version": "3", "description": ["Zürich \N{GRINNING FACE} " * 9_000]}
    shapes = {"list": [record], "answer": {"meta": {}, "results": [record]}, "record": record}
    content = json.dumps(shapes[shape], ensure_ascii=False)
    found = list(openfda.parse(BytesIO(content.encode(encoding)), "x"))
    assert found == list(openfda.parse(BytesIO(content.encode()), "x"))
    assert isinstance(found[0], Document)
    assert detect(content.encode(encoding)[:HEAD_BYTES], "x") is openfda.parse


def test_broken_utf16_is_said_so() -> None:
    content = json.dumps([{"set_id": SET_ID}] * 9_000).encode("utf-16") + b"\x00\xd8 "
    with pytest.raises(ParseError):
        list(openfda.parse(BytesIO(content), "x"))


def test_a_field_s_name_becomes_clean_text() -> None:
    document = one_json(**{"a\u202eb\0": ["Some words."], "\u2066": ["Other words."], "a b": ["More words."]})
    assert sorted(section.slug for section in document.sections) == ["a b", "ab", "unnamed"]
