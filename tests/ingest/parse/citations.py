"""PubMed records of our own words for the tests."""

from __future__ import annotations

from io import BytesIO

from ingest.parse import pubmed
from ingest.schema import Document, Record

FULL = """<PubmedArticle>
<MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="2">101</PMID>
<Article PubModel="Print"><Journal><JournalIssue><Volume>12</Volume><Issue>3</Issue>
<PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue>
<Title>Journal of Invented Trials</Title><ISOAbbreviation>J Invent Trials</ISOAbbreviation></Journal>
<ArticleTitle>Colony counts above 10<sup>6</sup> in <i>E.&#160;coli</i> and H<sub>2</sub>O.</ArticleTitle>
<Pagination><MedlinePgn>10-9</MedlinePgn></Pagination><ELocationID EIdType="doi" ValidYN="Y">10.1000/x.1</ELocationID>
<Abstract><AbstractText Label="RESULTS" NlmCategory="RESULTS">Half, <mml:math
xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mfrac><mml:mn>1</mml:mn><mml:mn>2</mml:mn></mml:mfrac></mml:math>,
died.</AbstractText><AbstractText Label="RESULTS">More.</AbstractText><AbstractText>Loose end.</AbstractText>
<AbstractText Label="UNLABELLED">Second loose end.</AbstractText><AbstractText Label="2">Odd.</AbstractText>
<AbstractText Label="EMPTY"> </AbstractText><CopyrightInformation>(c) Nobody</CopyrightInformation></Abstract>
<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>King</LastName><ForeName>Mary Lou</ForeName>
<Initials>ML</Initials><Suffix>Jr</Suffix></Author><Author ValidYN="N"><LastName>Kingg</LastName></Author>
<Author><CollectiveName>The Group</CollectiveName></Author><Author><LastName>Solo</LastName><ForeName>Han</ForeName>
</Author></AuthorList><Language>eng</Language><PublicationTypeList><PublicationType>Journal Article</PublicationType>
<PublicationType UI="D016441">Retracted Publication</PublicationType></PublicationTypeList></Article>
<ChemicalList><Chemical><RegistryNumber>BBX060AN9V</RegistryNumber><NameOfSubstance>Naloxone</NameOfSubstance>
</Chemical><Chemical><RegistryNumber>EC 1.1.1.1</RegistryNumber><NameOfSubstance>Enzyme</NameOfSubstance></Chemical>
<Chemical><RegistryNumber>50-00-0</RegistryNumber><NameOfSubstance>Enzyme</NameOfSubstance></Chemical></ChemicalList>
<CommentsCorrectionsList><CommentsCorrections RefType="ErratumIn"><PMID Version="1">999</PMID></CommentsCorrections>
<CommentsCorrections RefType="ExpressionOfConcernIn"><RefSource>x</RefSource></CommentsCorrections>
</CommentsCorrectionsList><MeshHeadingList><MeshHeading><DescriptorName>Humans</DescriptorName></MeshHeading>
</MeshHeadingList><OtherAbstract Type="plain-language-summary" Language="eng"><AbstractText>Plain words.</AbstractText>
</OtherAbstract><OtherAbstract Type="Publisher" Language="fre"><AbstractText Label="BUT">Texte.</AbstractText>
</OtherAbstract><GeneralNote Owner="CiteRx">Summary in our words</GeneralNote></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">101</ArticleId><ArticleId IdType="pmc">PMC77</ArticleId>
</ArticleIdList><ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.9/cited</ArticleId>
<ArticleId IdType="pmc">PMC1</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>"""
BOOK = """<PubmedBookArticle><BookDocument><PMID Version="7">202</PMID><Book><BookTitle>Invented Summaries</BookTitle>
<PubDate><Year>2002</Year></PubDate></Book><ArticleTitle>A chapter</ArticleTitle><AuthorList Type="authors"><Author>
<CollectiveName>Board</CollectiveName></Author></AuthorList><PublicationType>Review</PublicationType><Abstract>
<AbstractText>Chapter text.</AbstractText></Abstract><ContributionDate><Year>2018</Year><Month>9</Month>
</ContributionDate><DateRevised><Year>2020</Year><Month>02</Month><Day>31</Day></DateRevised></BookDocument></PubmedBookArticle>"""
DELETED = "<DeleteCitation><PMID Version='1'>301</PMID><PMID>x</PMID><PMID Version='1'>302</PMID></DeleteCitation>"


def simple(pmid: str, title: str = "A title", extra: str = "") -> str:
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>{title}</ArticleTitle>{extra}"
        "</Article></MedlineCitation></PubmedArticle>"
    )


def whole(*records: str, head: str = "") -> str:
    return f"{head}<PubmedArticleSet>\n" + "\n".join(records) + "\n</PubmedArticleSet>\n"


def read(xml: str | bytes) -> list[Record]:
    return list(pubmed.parse(BytesIO(xml.encode() if isinstance(xml, str) else xml), "test.xml"))


def document(xml: str) -> Document:
    (record,) = read(whole(xml))
    assert isinstance(record, Document)
    return record
