"""JATS full texts: what becomes of each part, and that nothing hostile gets far."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import IngestError, LimitError, ParseError
from ingest.parse import detect, jats
from ingest.parse.jatstext import polished
from ingest.passages import split
from ingest.schema import Document, Fault, Mark, Record
from tests.shared_data import shared

GOLDEN = Path(__file__).parents[2] / "golden" / "jats.json"
DOCTYPE = (
    '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving and Interchange DTD v1.0 20120330//EN" '
    '"JATS-archivearticle1.dtd">\n'
)
META = """<front><journal-meta><journal-id journal-id-type="nlm-ta">J Invent</journal-id><journal-title-group>
<journal-title>Journal of Inventions</journal-title></journal-title-group></journal-meta><article-meta>
<article-id pub-id-type="pmid">101</article-id><article-id pub-id-type="pmc">77</article-id>
<article-id pub-id-type="doi">10.1000/X.1</article-id><article-categories><subj-group subj-group-type="heading">
<subject>Trial</subject></subj-group></article-categories><title-group><article-title>Drops of CO<sub>2</sub><xref
ref-type="fn" rid="f">*</xref></article-title><subtitle>a trial</subtitle></title-group><contrib-group>
<contrib contrib-type="author"><name><surname>King</surname><given-names>Mary-Lou A.</given-names><suffix>Jr</suffix>
</name><xref ref-type="aff" rid="a">1</xref></contrib><contrib
contrib-type="author"><collab>The Group</collab></contrib>
<contrib contrib-type="editor"><name><surname>No</surname></name></contrib></contrib-group>
<pub-date pub-type="ppub"><month>3</month><year>2011</year></pub-date><pub-date pub-type="epub"><day>30</day>
<month>2</month><year>2010</year></pub-date><volume>12</volume><issue>4</issue><fpage>10</fpage><lpage>19</lpage>
<permissions><copyright-statement>(c) Nobody</copyright-statement><license
xlink:href="http://creativecommons.org/licenses/by/2.0"
xmlns:xlink="http://www.w3.org/1999/xlink"><license-p>Free.</license-p></license></permissions>{extra}
<abstract><sec><title>Background:</title><p>Drops were old.</p></sec>
<sec><title>Conclusion</title><p>New ones.</p></sec></abstract>
<abstract abstract-type="summary"><p>In short.</p></abstract>
<kwd-group kwd-group-type="MeSH"><kwd>Humans</kwd></kwd-group><kwd-group><kwd>drops</kwd><kwd>eyes</kwd></kwd-group>
</article-meta></front>"""
BODY = """<body><sec><title>1. Materials and Methods</title><p>Given 5 mg<sup><xref ref-type="bibr"
rid="B1">12</xref>,<xref
ref-type="bibr" rid="B2">13</xref></sup> daily [<xref ref-type="bibr" rid="B1">1</xref>-<xref ref-type="bibr"
rid="B2">4</xref>].
Counts of 10<sup>6</sup> (<xref ref-type="fig"
rid="F1">Figure 1</xref>)<fig><label>Figure 1</label><caption><title>Flow</title>
<p>Of all.</p></caption><graphic/></fig> were fine.</p><sec><title>Doses</title><p>By weight:</p><list
list-type="order">
<list-item><p>low</p></list-item><list-item><p>high</p></list-item></list>
<sec><title>More</title><p>Deep.</p></sec></sec></sec>
<sec><title>Results</title><table-wrap><label>Table 1</label><caption><p>Outcome</p></caption>
<table><thead><tr><th>Arm</th><th>Well<xref ref-type="table-fn"
rid="t">a</xref></th></tr></thead><tbody><tr><td>Drops</td><td>9</td></tr><tr><td>None</td>
<td>2</td></tr></tbody></table><table-wrap-foot><fn
id="t"><label>a</label><p>After a week.</p></fn></table-wrap-foot></table-wrap>
<p>Smith et al. (<xref ref-type="bibr" rid="B3">2010</xref>) agreed (Jones et al., <xref ref-type="bibr"
rid="B4">2011</xref>;
Wu, <xref ref-type="bibr" rid="B5">2012</xref>). So <inline-formula><mml:math
xmlns:mml="http://www.w3.org/1998/Math/MathML">
<mml:mfrac><mml:mn>1</mml:mn><mml:mi>n</mml:mi></mml:mfrac></mml:math></inline-formula>.</p></sec>
<sec><title>Competing interests</title><p>None.</p></sec></body>"""
BACK = """<back><ack><p>Thanks.</p></ack><ref-list><title>References</title><ref
id="B1"><element-citation><person-group><name>
<surname>A</surname></name></person-group><pub-id pub-id-type="doi">10.9/A</pub-id><pub-id
pub-id-type="pmid">5</pub-id>
</element-citation></ref><ref id="B2"><mixed-citation>B. <pub-id
pub-id-type="doi">10.9999/B</pub-id></mixed-citation></ref>
<ref id="B3"><mixed-citation>C D. <source>J X</source></mixed-citation></ref></ref-list></back>"""


def article(
    body: str = BODY, back: str = BACK, *, extra: str = "", kind: str = "research-article", head: str = DOCTYPE
) -> str:
    return f'{head}<article article-type="{kind}">{META.format(extra=extra)}{body}{back}</article>'


def read(xml: str | bytes) -> list[Record]:
    return list(jats.parse(io.BytesIO(xml.encode() if isinstance(xml, str) else xml), "test.nxml"))


def document(xml: str) -> Document:
    found = read(xml)[0]
    assert isinstance(found, Document), found
    return found


def texts(found: Document) -> dict[str, str]:
    return {section.slug: section.text for section in found.sections}


def paragraph(inner: str) -> str:
    return texts(document(article(f"<body><p>{inner}</p></body>")))["body"]


def related(sort: str, address: str) -> str:
    return f'<related-article related-article-type="{sort}" {address} xmlns:xlink="http://www.w3.org/1999/xlink">J</related-article>'


def test_what_the_article_states() -> None:
    found = document(article())
    assert (found.document_id, found.work_id, found.version) == ("pmc:PMC77", "PMC77", "1")
    assert (found.pmid, found.pmcid, found.doi) == ("101", "PMC77", "10.1000/X.1")
    assert found.title == "Drops of CO2*: a trial"
    assert (found.journal, found.volume, found.issue, found.pages) == ("J Invent", "12", "4", "10-19")
    assert found.authors == ("King MLA Jr", "The Group")
    assert found.published == found.effective == date(2010, 2, 1)
    assert (found.article_type, found.publication_types) == ("research-article", ("Journal Article", "Trial"))
    assert (found.licence, found.mesh) == ("CC BY 2.0; (c) Nobody", ("Humans",))
    assert found.cites == ("pmid:5", "doi:10.9999/b", "C D. J X")
    assert found.url == "https://pmc.ncbi.nlm.nih.gov/articles/PMC77/"
    assert (found.retracted, found.expression_of_concern, found.corrected) == (False, False, False)


def test_the_text_reads_well() -> None:
    found = document(article())
    assert texts(found) == {
        "abstract.background": "Drops were old.",
        "abstract.conclusions": "New ones.",
        "abstract.other": "In short.",
        "back.keywords": "drops; eyes",
        "body.methods": "Given 5 mg daily. Counts of 10⁶ (Figure 1) were fine.\nFigure 1. Flow. Of all.",
        "body.methods.doses": "By weight:\n1. low\n2. high\nMore\nDeep.",
        "body.results": "Table 1. Outcome.\nArm: Drops; Wellᵃ: 9\nArm: None; Wellᵃ: 2\nᵃ After a week.\n"
        "Smith et al. agreed. So 1/n.",
        "back.competing_interests": "None.",
        "back.acknowledgements": "Thanks.",
    }
    methods, results = found.section("body.methods.doses"), found.section("body.results")
    assert methods is not None
    assert methods.path == ("1. Materials and Methods", "Doses")
    assert results is not None
    (table,) = results.tables
    assert (table.caption, table.header, table.rows) == (
        "Table 1. Outcome.",
        ("Arm", "Wellᵃ"),
        (("Drops", "9"), ("None", "2")),
    )
    assert results.text[table.start : table.end] == "Arm: Drops; Wellᵃ: 9\nArm: None; Wellᵃ: 2"


def test_what_is_no_evidence_is_not_indexed() -> None:
    slugs = {passage.section for passage in split(document(article()))}
    assert "body.results" in slugs
    assert not any(slug.startswith("back") for slug in slugs)


def ref(number: str) -> str:
    return f'<xref ref-type="bibr" rid="b">{number}</xref>'


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f"5 mg<sup>{ref('12')}</sup> daily", "5 mg daily"),
        (f"5 mg{ref('<sup>12</sup>')}.", "5 mg."),
        (f"as known [{ref('1')}, {ref('3')}-{ref('7')}].", "as known."),
        (f"as known.[{ref('1')}–8] Then", "as known. Then"),
        (f"see e.g. [see e.g. [{ref('1')}-{ref('4')}]].", "see e.g.."[:-1]),
        (f"as known {ref('[1,2]')}, and", "as known, and"),
        (f"by Peach et al. [{ref('3')}]. Then", "by Peach et al. Then"),
        (f"Smith ({ref('2010')}) said", "Smith said"),
        (f"Smith, {ref('2010')}, said", "Smith, 2010, said"),
        (f"{ref('Smith et al. [12]')} said", "Smith et al. said"),
        (f"it is ({ref('Wu and Ho, 2010')}; see {ref('Li 2011a')}).", "it is."),
        (f"it is (n = 5 men; {ref('Wu 2010')})", "it is (n = 5 men; Wu 2010)"),
        (f"dose (5 mg {ref('3')})", "dose (5 mg)"),
        (f"area in m<sup>2</sup> {ref('4')} and", "area in m² and"),
        (f"({ref('1')}) and <sup>131</sup>I (12)", "and ¹³¹I (12)"),
        ("a &lt; 2 &#x1F600; &#8238;b&#8236; c&#173;d", "a < 2 😀 b cd"),
        ("x <disp-formula><graphic/></disp-formula> y", "x [formula] y"),
        ("<tex-math>\\begin{document}$$a+b$$\\end{document}</tex-math>", "a+b"),
        ("&nbsp;5&nbsp;&alpha;", "5 α"),
    ],
)
def test_marks_of_references_go(inner: str, expected: str) -> None:
    assert paragraph(inner) == expected


@given(st.text(max_size=60))
def test_a_line_is_always_one_clean_line(text: str) -> None:
    line = polished(text)
    assert "\n" not in line
    assert not re.search("[\ue000-\ue003]", polished(f"\ue000{text}"))


def test_wrappers_and_namespaces() -> None:
    plain = article(head="")
    spaced = plain.replace("<article ", '<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" ', 1)
    answer = (
        f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><r>{"".join(["<m>", spaced, "</m>"] * 3)}</r></OAI-PMH>'
    )
    wrapped = f"<pmc-articleset>{plain}{plain.replace('>77<', '>PMC78.2<')}</pmc-articleset>"
    one, other = (record for record in read(wrapped) if isinstance(record, Document))
    assert (one, other.document_id, other.version) == (document(plain), "pmc:PMC78", "2")
    for xml in (spaced, answer):
        found = read(xml)
        assert all(isinstance(record, Document) and texts(record) == texts(one) for record in found)
    assert len(read(answer)) == 3
    for xml in (plain, article(), wrapped, answer):
        assert detect(xml.encode(), "x") is jats.parse


@pytest.mark.parametrize(
    ("kind", "sort", "address", "work", "mark"),
    [
        (
            "retraction",
            "retracted-article",
            'ext-link-type="doi" xlink:href="10.1234/AbC"',
            "doi:10.1234/abc",
            "retraction",
        ),
        ("retraction", "retracted-article", 'ext-link-type="pubmed" xlink:href="0999"', "pmid:999", "retraction"),
        ("correction", "corrected-article", 'xlink:href="https://doi.org/10.1234/a"', "doi:10.1234/a", "correction"),
        ("expression-of-concern", "object-of-concern", 'ext-link-type="pmid" xlink:href="9"', "pmid:9", "concern"),
    ],
)
def test_notices_mark_the_article_that_they_are_about(kind: str, sort: str, address: str, work: str, mark: str) -> None:
    found, told = read(article(kind=kind, extra=related(sort, address)))
    assert isinstance(found, Document)
    assert not found.retracted
    assert isinstance(told, Mark)
    assert (told.work, told.kind, told.on, told.by) == (work, mark, None, "pmid:101")  # no year has a 30 February
    dated = article(kind=kind, extra=related(sort, address)).replace("<day>30</day>", "<day>03</day>")
    assert read(dated)[1] == replace(told, on=date(2010, 2, 3))


def test_a_notice_about_an_article_without_a_name_is_said() -> None:
    _, fault = read(article(kind="correction", extra=related("corrected-article", 'ext-link-type="pmc"')))
    assert isinstance(fault, Fault)
    assert "neither by PMID nor by DOI" in fault.reason


@pytest.mark.parametrize(
    ("sort", "marks"),
    [
        ("retraction-forward", (True, False, False)),
        ("object-of-concern-forward", (False, True, False)),
        ("correction-forward", (False, False, True)),
        ("companion", (False, False, False)),
    ],
)
def test_marks_of_the_article_itself(sort: str, marks: tuple[bool, bool, bool]) -> None:
    (found,) = read(article(extra=related(sort, 'xlink:href="10.1234/n"')))
    assert isinstance(found, Document)
    assert (found.retracted, found.expression_of_concern, found.corrected) == marks


def test_a_title_that_says_retracted() -> None:
    assert document(article().replace("Drops of", "RETRACTED: Drops of")).retracted
    assert not document(article().replace("Drops of", "Retracted drops of")).retracted


def test_articles_within_the_article() -> None:
    inner = (
        '<sub-article article-type="translation"><front-stub><title-group><article-title>Gotas</article-title>'
        "</title-group></front-stub><body><p>Texto.</p></body></sub-article>"
        '<sub-article article-type="decision-letter"><body><p>Accepted.</p></body></sub-article>'
    )
    found = texts(document(article(back=BACK + inner)))
    assert (found["sub.gotas"], found["back.decision_letter"]) == ("Texto.", "Accepted.")


def test_an_article_without_text_has_its_title() -> None:
    xml = re.sub(r"<abstract.*?</abstract>", "", article("", ""), flags=re.DOTALL)
    assert texts(document(xml)) == {"title": "Drops of CO2*: a trial", "back.keywords": "drops; eyes"}


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


def test_many_sections_of_one_name_do_not_take_long() -> None:
    started = time.monotonic()
    found = document(article(f"<body>{'<sec><title>Same</title><p>x</p></sec>' * 20_000}</body>"))
    assert len({section.slug for section in found.sections}) == len(found.sections) > 20_000
    assert time.monotonic() - started < 10


class Endless(io.BytesIO):
    """A start, and then the same filling for ever."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or b"<p>filling</p>" * 4096


@pytest.mark.parametrize("start", ["<article><body>", "<pmc-articleset>", "<!--", "<article><!--"])
def test_what_never_ends_is_stopped(start: str) -> None:
    with pytest.raises((LimitError, ParseError)):
        list(jats.parse(Endless(start.encode()), "endless.xml"))


WHOLE = article().encode()
(RIGHT,) = read(WHOLE)


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


@given(st.lists(st.text("ab.2 é", max_size=5), min_size=1, max_size=12))
def test_slugs_are_unique(titles: list[str]) -> None:
    secs = "".join(f"<sec><title>{title}</title><p>x</p></sec>" for title in titles)
    found = document(article(f"<body>{secs}</body>"))
    assert len({section.slug for section in found.sections}) == len(found.sections)
    assert all(section.slug.isascii() and section.path for section in found.sections)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_same_article_in_other_encodings(encoding: str) -> None:
    assert read(article().encode(encoding)) == [RIGHT]


def golden_row(found: Document) -> dict[str, object]:
    """Facts and hashes of an article, without its text."""
    return {
        "pmid": found.pmid,
        "published": str(found.published),
        "authors": len(found.authors),
        "licence": found.licence.split(";")[0],
        "cites": len(found.cites),
        "tables": sum(len(section.tables) for section in found.sections),
        "slugs": [section.slug for section in found.sections],
        "texts_sha256": hashlib.sha256("\n".join(section.text for section in found.sections).encode()).hexdigest(),
        "sha256": found.sha256,
    }


STATED = ("pmid", "doi", "authors", "published", "licence", "cites")


def golden(path: Path) -> dict[str, object]:
    """Counts over all articles of the archive, and some of them as facts and hashes."""
    with zipfile.ZipFile(path) as archive:
        records = [record for name in archive.namelist() for record in jats.parse(io.BytesIO(archive.read(name)), name)]
    documents = [record for record in records if isinstance(record, Document)]
    digest = hashlib.sha256()
    for found in documents:
        digest.update("\n".join(f"{section.slug}\n{section.text}" for section in found.sections).encode())
    return {
        "documents": len(documents),
        "faults": [record.record for record in records if isinstance(record, Fault)],
        "marks": sorted(f"{record.kind} {record.work}" for record in records if isinstance(record, Mark)),
        "types": dict(Counter(found.article_type for found in documents)),
        "with": {name: sum(bool(getattr(found, name)) for found in documents) for name in STATED},
        "sections": sum(len(found.sections) for found in documents),
        "tables": sum(len(section.tables) for found in documents for section in found.sections),
        "rows": sum(len(table.rows) for found in documents for section in found.sections for table in section.tables),
        "cites": sum(len(found.cites) for found in documents),
        "texts_sha256": digest.hexdigest(),
        "records": {found.document_id: golden_row(found) for found in (documents[0], documents[450], documents[-1])},
    }


def test_golden() -> None:
    path = shared("literature/pmc-jats.zip")
    assert golden(path) == json.loads(GOLDEN.read_text())
