"""A full text in JATS of our own words for the tests."""

from __future__ import annotations

import io

from ingest.parse import jats
from ingest.schema import Document, Record

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


WHOLE = article().encode()
