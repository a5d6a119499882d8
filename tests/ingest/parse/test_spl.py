from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import LimitError, ParseError
from ingest.parse import spl
from ingest.schema import Document, Fault
from tests.ingest.parse.labels import GOLDEN, SET_ID, Endless, check_sections, label_xml, one_xml, section_xml, summary
from tests.shared_data import shared

PRODUCT = """<component><section><code code="48780-1"/><subject><manufacturedProduct><manufacturedProduct>
<code code="1-2" codeSystem="2.16.840.1.113883.6.69"/><name>Testex<suffix>XR</suffix></name>
<asEntityWithGeneric><genericMedicine><name>testol</name></genericMedicine></asEntityWithGeneric>
<asEquivalentEntity><code code="99" codeSystem="2.16.840.1.113883.6.88"/>
<definingMaterialKind><code code="9-9" codeSystem="2.16.840.1.113883.6.69"/></definingMaterialKind></asEquivalentEntity>
<ingredient classCode="ACTIM"><ingredientSubstance><code code="U1" codeSystem="2.16.840.1.113883.4.9"/>
<name>TESTOL CALCIUM</name>
<activeMoiety><activeMoiety>
<code code="U2" codeSystem="2.16.840.1.113883.4.9"/><name>TESTOL</name></activeMoiety></activeMoiety>
</ingredientSubstance></ingredient>
<ingredient classCode="IACT"><ingredientSubstance><code code="U3" codeSystem="2.16.840.1.113883.4.9"/><name>WATER</name>
</ingredientSubstance></ingredient>
<asContent><containerPackagedProduct>
<code code="1-2-3" codeSystem="2.16.840.1.113883.6.69"/></containerPackagedProduct></asContent>
</manufacturedProduct></manufacturedProduct></subject></section></component>"""
INTERACTIONS = section_xml("34073-7", "7 DRUG INTERACTIONS", "<paragraph>Ask.</paragraph>")


def parse(data: bytes) -> list[object]:
    return list(spl.parse(BytesIO(data), "test.xml"))


def test_facts_of_a_label() -> None:
    document = one_xml(PRODUCT + INTERACTIONS)
    assert (document.document_id, document.work_id, document.version) == (f"label:{SET_ID}:3", SET_ID, "3")
    assert (str(document.effective), document.labeler) == ("2024-02-29", "Test Works")
    assert document.publication_types == ("HUMAN PRESCRIPTION DRUG LABEL",)
    drugs = document.drugs
    assert (drugs.brand, drugs.generic, drugs.substance) == (("Testex XR",), ("testol",), ("TESTOL CALCIUM", "TESTOL"))
    assert (drugs.unii, drugs.rxcui, drugs.ndc) == (("U1", "U2"), ("99",), ("1-2", "1-2-3"))
    assert not document.editorial
    assert document.url.endswith(SET_ID)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (
            "These highlights do not include all the information needed to use TESTEX safely and effectively. "
            "See full prescribing information for TESTEX.<br/><br/>TESTEX<sup>®</sup> (testol 0.5 mg) tablets, "
            "for oral use<br/>Initial U.S. Approval: 1998",
            "TESTEX (testol 0.5 mg) tablets, for oral use",
        ),
        ("These highlights do not include all the information needed to use TESTEX safely and effectively.", "TESTEX"),
        ("Testol tablets", "Testol tablets"),
        ("Drug Facts", "Testex XR (testol), Test Works"),
        ("", "Testex XR (testol), Test Works"),
    ],
)
def test_title_is_fit_for_a_citation(title: str, expected: str) -> None:
    assert one_xml(PRODUCT + INTERACTIONS, title=title).title == expected


def test_coded_subsections_stand_alone_and_others_are_folded() -> None:
    inner = (
        section_xml("42229-5", "8.6 Renal", "<paragraph>Less.</paragraph>")
        + section_xml(
            "42228-7", "8.1 Pregnancy", "<paragraph>Harm.</paragraph>", section_xml("99999-9", "Data", "Rats.")
        )
        + section_xml("77290-5", "8.2 Lactation", "<paragraph>Unknown.</paragraph>")
    )
    document = one_xml(section_xml("43684-0", "8 POPULATIONS", "", inner) + section_xml("34069-5", "Empty", ""))
    assert [(section.slug, section.path, section.text) for section in document.sections] == [
        ("use_in_specific_populations", ("8 POPULATIONS",), "8.6 Renal\nLess."),
        ("pregnancy", ("8 POPULATIONS", "8.1 Pregnancy"), "Harm.\nData\nRats."),
        ("nursing_mothers", ("8 POPULATIONS", "8.2 Lactation"), "Unknown."),
    ]


def test_highlights_are_not_repeated_and_slugs_stay_unique() -> None:
    highlight = "<excerpt><highlight><text><paragraph>Short.</paragraph></text></highlight></excerpt>"
    other = section_xml("42229-5", "", "Loose.")
    document = one_xml(section_xml("34067-9", "USES", "Long.", highlight) + other + other)
    assert [(section.slug, section.text) for section in document.sections] == [
        ("indications_and_usage", "Long."),
        ("spl_unclassified_section", "Loose."),
        ("spl_unclassified_section.2", "Loose."),
    ]


def test_editorial_summary_links_to_the_real_label() -> None:
    related = (
        '<relatedDocument typeCode="XCRPT"><relatedDocument><setId root="real"/></relatedDocument></relatedDocument>'
    )
    document = one_xml(INTERACTIONS, head=related + related.replace("real", "second"), author=spl.EDITOR)
    assert document.editorial
    assert document.stands_for == ("real", "second")
    assert document.url == "https://dailymed.nlm.nih.gov/dailymed/drugInfo.cfm?setid=real"
    assert document.work_id == SET_ID
    real = one_xml(INTERACTIONS, head=related)
    assert (real.editorial, real.stands_for) == (False, ())


@pytest.mark.parametrize("odd", ["a b", "a/b", "/"])
@pytest.mark.parametrize("known", [SET_ID, 'value="3"'])
def test_an_id_that_would_break_a_url_is_refused(odd: str, known: str) -> None:
    content = label_xml(INTERACTIONS).replace(known.encode(), known.replace(SET_ID, odd).replace("3", odd).encode())
    (fault,) = spl.parse(BytesIO(content), "test.xml")
    assert isinstance(fault, Fault)
    assert odd in fault.reason


def test_indexing_file_keeps_substance_and_classes() -> None:
    kind = (
        '<asSpecializedKind><generalizedMaterialKind><code code="N1" displayName="Tester [EPC]"/>'
        "</generalizedMaterialKind></asSpecializedKind>"
    )
    substance = (
        '<identifiedSubstance><identifiedSubstance><code code="U1" codeSystem="2.16.840.1.113883.4.9"/>'
        f"<name>TESTOL</name>{kind}</identifiedSubstance></identifiedSubstance>"
    )
    document = one_xml(section_xml("48779-3", "", "", f"<subject>{substance}</subject>"))
    assert [(section.slug, section.text) for section in document.sections] == [
        ("spl_indexing_data_elements", "TESTOL: Tester [EPC]")
    ]
    assert (document.drugs.generic, document.drugs.unii) == (("TESTOL",), ("U1",))


def test_label_without_identity_is_a_fault() -> None:
    (fault,) = parse(b'<document xmlns="urn:hl7-org:v3"><id root="x"/></document>')
    assert isinstance(fault, Fault)
    assert fault.record == "x"


def test_document_type_declarations_are_refused() -> None:
    with pytest.raises(ParseError, match="document type"):
        parse(b'<!DOCTYPE document [<!ENTITY e "text">]><document xmlns="urn:hl7-org:v3"><title>&e;</title></document>')


def test_large_file_is_refused() -> None:
    with pytest.raises(LimitError):
        list(spl.parse(Endless(), "test.xml"))


@given(st.integers(0, 2000), st.binary(max_size=3))
def test_any_damage_is_a_parse_error(cut: int, junk: bytes) -> None:
    whole = label_xml(
        PRODUCT + section_xml("34073-7", "7 ≥", "<table><tr><td>a</td><td>b<sup>2</sup></td></tr></table>")
    )
    for data in (whole[:cut], whole[:cut] + junk + whole[cut:]):
        try:
            for record in spl.parse(BytesIO(data), "cut.xml"):
                assert isinstance(record, Document | Fault)
        except ParseError as error:
            assert error.source == "cut.xml"  # noqa: PT017 - damage in a text is no error


def test_golden_files() -> None:
    golden = json.loads(GOLDEN.read_text())["spl"]
    found = {}
    for path in sorted(shared("labels/spl").glob("*.xml")):
        with path.open("rb") as stream:
            (document,) = spl.parse(stream, path.name)
        assert isinstance(document, Document)
        check_sections(document)
        found[path.name] = summary(document)
    assert found == golden


def test_a_label_keeps_how_its_products_are_given() -> None:
    code = '<routeCode displayName="{}"/>'
    routes = "".join(map(code.format, ("ORAL", "ORAL", "NASAL")))
    head = section_xml("34067-9", "Uses", "<paragraph>It treats gout.</paragraph>")
    assert one_xml(head.replace("<text>", f"{routes}<text>", 1)).routes == ("oral", "nasal")
    assert one_xml(head).routes == ()
