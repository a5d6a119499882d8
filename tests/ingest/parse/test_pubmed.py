"""PubMed records: what is kept, what is marked, and that damage costs only what it touches."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import LimitError, ParseError
from ingest.parse import pubmed
from ingest.parse.dates import from_parts, from_words
from ingest.schema import Deletion, Document, Fault, Mark, MarkKind, Record, Section
from tests.shared_data import shared

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "pubmed.json").read_text())

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


def read_until_error(content: bytes) -> tuple[list[Record], ParseError | None]:
    records: list[Record] = []
    try:
        records.extend(pubmed.parse(BytesIO(content), "test.xml"))
    except ParseError as error:
        return records, error
    return records, None


def document(xml: str) -> Document:
    (record,) = read(whole(xml))
    assert isinstance(record, Document)
    return record


def test_a_full_article() -> None:
    found = document(FULL)
    assert (found.document_id, found.work_id, found.version, found.pmid) == ("pubmed:101", "101", "2", "101")
    assert found.title == "Colony counts above 10^6 in E. coli and H2O."
    assert found.url == "https://pubmed.ncbi.nlm.nih.gov/101/"
    assert (found.journal, found.volume, found.issue, found.pages) == ("J Invent Trials", "12", "3", "10-9")
    assert found.published == found.effective == date(1998, 12, 1)
    assert found.authors == ("King ML Jr", "The Group", "Solo H")
    assert found.publication_types == ("Journal Article", "Retracted Publication")
    assert (found.retracted, found.expression_of_concern, found.corrected, found.editorial) == (True,) * 4
    assert (found.doi, found.pmcid) == ("10.1000/x.1", "PMC77")
    assert (found.drugs.substance, found.drugs.unii) == (("Naloxone", "Enzyme"), ("BBX060AN9V",))
    assert found.mesh == ("Humans",)
    assert found.licence == "Apache-2.0; (c) Nobody"
    theirs = document(FULL.replace('Owner="CiteRx"', 'Owner="NLM"'))
    assert (theirs.editorial, theirs.licence) == (False, "publisher's text; (c) Nobody")


def test_when_the_record_was_revised() -> None:
    day = "<DateRevised><Year>2023</Year><Month>04</Month><Day>05</Day></DateRevised>"
    revised, plain = document(simple("1").replace("<Article>", f"{day}<Article>")), document(simple("1"))
    assert (revised.revised, revised.effective) == (date(2023, 4, 5), date(2023, 4, 5))
    assert (plain.revised, plain.effective) == (None, plain.published)
    assert revised.published == plain.published


@pytest.mark.parametrize("mark", ["ExpressionOfConcernIn", "PartialRetractionIn"])
def test_a_partial_retraction_is_a_concern(mark: str) -> None:
    link = f'<CommentsCorrectionsList><CommentsCorrections RefType="{mark}"/></CommentsCorrectionsList>'
    found = document(simple("1").replace("</MedlineCitation>", f"{link}</MedlineCitation>"))
    assert (found.retracted, found.expression_of_concern, found.corrected) == (False, True, False)


def test_every_part_of_the_abstract_is_kept_under_its_own_slug() -> None:
    sections = {section.slug: section for section in document(FULL).sections}
    assert {slug: section.text for slug, section in sections.items()} == {
        "abstract.results": "Half, 1/2, died.",
        "abstract.results.2": "More.",
        "abstract": "Loose end.",
        "abstract.2": "Second loose end.",
        "abstract.2.2": "Odd.",
        "abstract.other": "Plain words.",
        "abstract.other.fre.but": "Texte.",
    }
    assert sections["abstract.results"].path == ("Abstract", "RESULTS")
    assert sections["abstract.other"].title == "Plain language summary"
    assert sections["abstract.other.fre.but"].path == ("Other abstract [fre]", "BUT")


def test_a_book_chapter() -> None:
    found = document(BOOK)
    assert (found.document_id, found.version, found.title) == ("pubmed:202", "7", "A chapter")
    assert (found.journal, found.authors) == ("Invented Summaries", ("Board",))
    assert (found.published, found.effective) == (date(2018, 9, 1), date(2020, 2, 1))
    assert found.publication_types == ("Review",)


def test_an_article_without_an_abstract_has_its_title_as_section() -> None:
    assert document(simple("1", "Only a title.")).sections == (Section("title", "Title", ("Title",), "Only a title."),)


def test_the_vernacular_title_stands_in() -> None:
    found = document(simple("1", "[Not Available].", "<VernacularTitle>Ein Titel.</VernacularTitle>"))
    assert found.title == "Ein Titel."


def test_deletions() -> None:
    first, fault, last = read(whole(DELETED))
    assert (first, last) == (Deletion("301"), Deletion("302"))
    assert isinstance(fault, Fault)


@pytest.mark.parametrize(
    ("bad", "record", "reason"),
    [
        ("<PubmedArticle/>", "record 2", "MedlineCitation|citation"),
        ("<PubmedArticle><MedlineCitation><Article/></MedlineCitation></PubmedArticle>", "record 2", "no PMID"),
        (simple("12a"), "record 2", "not a number"),
        (simple("5", ""), "pubmed:5", "title"),
        ("<PubmedArticle><MedlineCitation><PMID>6</PMID></MedlineCitation></PubmedArticle>", "pubmed:6", "title"),
        (simple("7", "A &kappa; B"), "pubmed:7", "entity &kappa;"),
        (simple("8", "A <m xmlns='relative/name'>x</m>"), "pubmed:8", "namespace"),
    ],
)
def test_a_bad_article_costs_only_itself(bad: str, record: str, reason: str) -> None:
    doctype = '<!DOCTYPE PubmedArticleSet SYSTEM "https://example.invalid/pubmed.dtd">'
    before, fault, after = read(whole(simple("1"), bad, simple("2"), head=doctype))
    assert isinstance(before, Document)
    assert isinstance(after, Document)
    assert isinstance(fault, Fault)
    assert (fault.record, fault.offset) == (record, 3)
    assert any(word in fault.reason for word in reason.split("|"))


@pytest.mark.parametrize(
    ("refs", "types", "marks"),
    [
        ("RetractionIn", "", (True, False, False)),
        ("RetractionOf", "Retraction of Publication", (False, False, False)),
        ("ErratumFor", "", (False, False, False)),
        ("UpdateIn", "", (False, False, False)),
        ("UpdateOf", "", (False, False, False)),
        ("ErratumIn", "", (False, False, True)),
        ("ExpressionOfConcernIn", "", (False, True, False)),
        ("Cites", "Retracted Publication", (True, False, False)),
    ],
)
def test_marks(refs: str, types: str, marks: tuple[bool, bool, bool]) -> None:
    listed = f"<PublicationTypeList><PublicationType>{types}</PublicationType></PublicationTypeList></Article>"
    links = f"<CommentsCorrectionsList><CommentsCorrections RefType='{refs}'/></CommentsCorrectionsList>"
    found, *_ = read(whole(simple("1").replace("</Article>", listed + links)))
    assert isinstance(found, Document)
    assert (found.retracted, found.expression_of_concern, found.corrected) == marks


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("RetractionOf", "retraction"),
        ("RetractedandRepublishedFrom", "retraction"),
        ("ExpressionOfConcernFor", "concern"),
        ("PartialRetractionOf", "concern"),
        ("ErratumFor", "correction"),
        ("UpdateOf", "update"),
        ("Cites", None),
        ("RetractionIn", None),
        ("CommentOn", None),
    ],
)
def test_what_a_notice_says_of_other_works(ref: str, kind: MarkKind | None) -> None:
    link = f"<CommentsCorrections RefType='{ref}'><RefSource>J X. 2001. doi: 10.1000/AbC.</RefSource>"
    links = f"{link}<PMID Version='1'>7</PMID></CommentsCorrections>{link}</CommentsCorrections>"
    itself = f"<CommentsCorrections RefType='{ref}'><PMID>5</PMID></CommentsCorrections>"
    nothing = f"<CommentsCorrections RefType='{ref}'><RefSource>J X</RefSource><PMID>x</PMID></CommentsCorrections>"
    day = "<ArticleDate><Year>2002</Year><Month>05</Month><Day>04</Day></ArticleDate>"
    lists = f"</Article><CommentsCorrectionsList>{links}{itself}{nothing}</CommentsCorrectionsList>"
    notice, *marks = read(whole(simple("5", extra=day).replace("</Article>", lists)))
    assert isinstance(notice, Document)
    named = ("pmid:7", "doi:10.1000/abc") if kind else ()
    assert marks == [Mark(work, kind, date(2002, 5, 4), "pmid:5") for work in named if kind]


@pytest.mark.parametrize(
    ("printed", "online", "said"),
    [
        ("<Year>2018</Year>", "", None),
        ("<Year>2018</Year><Month>Feb</Month>", "", None),
        ("<Year>2018</Year><Month>Feb</Month><Day>30</Day>", "", None),
        ("<Year>2018</Year><Month>Feb</Month><Day>01</Day>", "", date(2018, 2, 1)),
        ("<Year>2018</Year>", "<Year>2017</Year><Month>11</Month><Day>02</Day>", date(2017, 11, 2)),
        ("<Year>2017</Year>", "<Year>2018</Year><Month>11</Month><Day>02</Day>", None),
    ],
)
def test_a_notice_has_no_day_but_the_one_that_it_states(printed: str, online: str, said: date | None) -> None:
    days = f"<Journal><JournalIssue><PubDate>{printed}</PubDate></JournalIssue></Journal>"
    days += f"<ArticleDate>{online}</ArticleDate>" if online else ""
    link = "<CommentsCorrections RefType='RetractionOf'><PMID>7</PMID></CommentsCorrections>"
    lists = f"</Article><CommentsCorrectionsList>{link}</CommentsCorrectionsList>"
    _, mark = read(whole(simple("5", extra=days).replace("</Article>", lists)))
    assert mark == Mark("pmid:7", "retraction", said, "pmid:5")


@pytest.mark.parametrize(
    ("link", "by"),
    [
        ("<RefSource>J X. 2001. doi: 10.1000/AbC.</RefSource><PMID>7</PMID>", "pmid:7"),
        ("<RefSource>J X. 2001. doi: 10.1000/AbC.</RefSource>", "doi:10.1000/abc"),
        ("<RefSource>J X. 2001</RefSource>", "J X. 2001"),
    ],
)
def test_a_review_names_its_newer_version(link: str, by: str) -> None:
    itself = "<CommentsCorrections RefType='UpdateIn'><PMID>5</PMID></CommentsCorrections>"
    links = f"<CommentsCorrections RefType='UpdateIn'>{link}</CommentsCorrections>{itself}"
    lists = f"</Article><CommentsCorrectionsList>{links}</CommentsCorrectionsList>"
    found, *marks = read(whole(simple("5").replace("</Article>", lists)))
    assert isinstance(found, Document)
    assert marks == [Mark("pmid:5", "update", None, by)]


@pytest.mark.parametrize(
    ("printed", "online", "expected"),
    [
        ("<Year>2018</Year>", "", date(2018, 1, 1)),
        ("<Year>2018</Year><Month>Feb</Month><Day>30</Day>", "", date(2018, 2, 1)),
        ("<Year>2018</Year><Season>Autumn</Season>", "", date(2018, 9, 1)),
        ("<MedlineDate>Spring 1987</MedlineDate>", "", date(1987, 3, 1)),
        ("<MedlineDate>1976-1977</MedlineDate>", "", date(1976, 1, 1)),
        ("<MedlineDate>2000 Dec 24-31</MedlineDate>", "", date(2000, 12, 24)),
        ("<Year>2018</Year><Month>13</Month>", "", date(2018, 1, 1)),
        ("<Year>2018</Year>", "<Year>2017</Year><Month>11</Month><Day>02</Day>", date(2017, 11, 2)),
        ("<Year>1990</Year>", "<Year>2009</Year><Month>11</Month><Day>02</Day>", date(1990, 1, 1)),
        ("<Year>soon</Year>", "", None),
    ],
)
def test_dates(printed: str, online: str, expected: date | None) -> None:
    issue = f"<Journal><JournalIssue><PubDate>{printed}</PubDate></JournalIssue></Journal>"
    found = document(simple("1", extra=issue + (f"<ArticleDate>{online}</ArticleDate>" if online else "")))
    assert found.published == expected


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_no_date_text_raises(year: str, month: str, day: str) -> None:
    from_parts(year, month, day)
    from_parts("2001", month, day)
    from_words(f"{year} {month} {day}")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=12))
def test_labels_make_unique_slugs(labels: list[str]) -> None:
    taken: dict[str, Section] = {}
    for label in labels:
        slug = pubmed.unique_slug("abstract", label, taken)
        assert slug not in taken
        assert slug.isascii()
        assert slug.split(".")[0] == "abstract"
        taken[slug] = Section(slug, label, (label,), "x")


SET = whole(FULL, DELETED, simple("7", "Zürich"), BOOK, head='<?xml version="1.0" encoding="UTF-8"?>\n').encode()
ALL = read(SET)


@given(st.integers(0, len(SET)), st.booleans())
def test_truncation_yields_a_prefix(cut: int, wrapped: bool) -> None:
    content = json.dumps(SET.decode()).encode() if wrapped else SET
    records, failure = read_until_error(content[:cut])
    assert records == (ALL if failure is None else ALL[: len(records)])
    assert failure is None or failure.source == "test.xml"


@given(st.integers(0, len(SET) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_nothing_unforeseen(at: int, value: int) -> None:
    read_until_error(SET[:at] + bytes([value]) + SET[at + 1 :])


HEAD = '<?xml version="1.0"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//x" "https://example.invalid/x.dtd">\n'


@pytest.mark.parametrize("between", ["", "\n", " \n\n" * 30, "\ufeff", "\n<!-- note -->\n"])
@pytest.mark.parametrize("head", ["", HEAD])
def test_sets_put_together_in_one_file(head: str, between: str) -> None:
    first, second = whole(simple("1"), simple("2"), head=HEAD).rstrip(), whole(DELETED, simple("3"), head=head)
    if "note" in between and not head:
        between = "\n"
    if "note" in between:  # behind a set it belongs to that set; the next one begins with its declaration
        second = second + between
        between = "\n"
    records = read(first + between + second)
    assert [getattr(record, "work_id", "") for record in records] == ["1", "2", "301", "", "302", "3"]
    fault = records[3]
    assert isinstance(fault, Fault)
    assert (
        fault.offset
        == (first + between + second)[: (first + between + second).index("<DeleteCitation>")].count("\n") + 1
    )


@given(st.integers(0, 600), st.integers(1, 4))
def test_sets_are_told_apart_wherever_a_chunk_ends(padding: int, number: int) -> None:
    sets = [whole(simple(str(n), "x" * 9_000 + " " + "y" * padding), head=HEAD) for n in range(1, number + 1)] * 3
    found = read("".join(sets))
    assert [record.work_id for record in found if isinstance(record, Document)] == [
        str(n) for n in range(1, number + 1)
    ] * 3
    assert len(found) == 3 * number


def test_what_breaks_in_the_second_set_costs_nothing_of_the_first() -> None:
    first = whole(simple("1"), head=HEAD)
    records, failure = read_until_error((first + whole(simple("2"), "<oops>", head=HEAD)).encode())
    assert records == read(whole(simple("1"), simple("2")))
    assert failure is not None
    assert failure.offset == first.count("\n") + 6


def test_malformed_xml_names_its_line() -> None:
    records, failure = read_until_error(whole(simple("1"), "<oops>").encode())
    assert records == read(whole(simple("1")))
    assert failure is not None
    assert (failure.source, failure.offset) == ("test.xml", 4)
    assert "mismatch" in str(failure)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "json", "json-ascii", "indented", "crlf"])
def test_the_same_record_in_other_encodings(encoding: str) -> None:
    xml = whole(FULL, simple("7", "Zürich 😀"), head='<?xml version="1.0"?>\n')
    contents = {
        "json": lambda: json.dumps(xml, ensure_ascii=False).encode(),
        "json-ascii": lambda: b" " + json.dumps("\n" + xml).encode() + b"\n",
        "indented": lambda: b"\n  " + xml.encode(),
        "crlf": lambda: xml.replace("\n", "\r\n").encode(),
    }
    assert read(contents.get(encoding, lambda: xml.encode(encoding))()) == read(xml)


@pytest.mark.parametrize(("declared", "actual"), [("UTF-8", "latin-1"), ("UTF-16", "utf-8"), ("no-such", "utf-8")])
def test_a_wrong_encoding_is_said_so(declared: str, actual: str) -> None:
    xml = whole(simple("7", "Zürich"), head=f'<?xml version="1.0" encoding="{declared}"?>\n')
    with pytest.raises(ParseError):
        read(xml.encode(actual))


@pytest.mark.parametrize("text", ['"<a>', '"<a>\\x', '"\\ud83d" ', '"<a/>" 1', '"\xff'])
def test_broken_json_strings(text: str) -> None:
    with pytest.raises(ParseError):
        read(text.encode("latin-1"))


def test_long_json_string_with_pairs_across_chunks() -> None:
    xml = whole(simple("7", "😀" * 30_000))
    assert read(json.dumps(xml)) == read(xml)


def test_entities_are_never_expanded_and_dtds_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text('<!ENTITY kappa "from the disk">')
    head = f'<!DOCTYPE PubmedArticleSet SYSTEM "{secret}" [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "{secret}">]>'
    for name in ("a", "f", "kappa"):
        (record,) = read(whole(simple("1", f"x &{name};"), head=head))
        assert isinstance(record, Fault)


class Endless(BytesIO):
    """A start, and then the same filling for ever."""

    filling = b" filling" * 4096

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size) or self.filling


@pytest.mark.parametrize("start", ["<PubmedArticleSet><PubmedArticle><PMID a='1'>", "<PubmedArticleSet>", "<!--", '"'])
def test_what_never_ends_is_stopped(start: str) -> None:
    with pytest.raises((LimitError, ParseError)) as raised:
        list(pubmed.parse(Endless(start.encode()), "endless.xml"))
    assert raised.value.source == "endless.xml"


@pytest.mark.parametrize("name", sorted(GOLDEN["files"]))
def test_golden(name: str) -> None:
    expected = GOLDEN["files"][name]
    with shared(f"literature/pubmed/{name}").open("rb") as stream:
        records = list(pubmed.parse(stream, name))
    documents = [record for record in records if isinstance(record, Document)]
    assert len(documents) == len(records) == expected["documents"]
    assert sum(document.journal == "PDQ Cancer Information Summaries" for document in documents) == expected["books"]
    assert Counter(slug_kind(document) for document in documents) == expected["shapes"]
    picked = {index: documents[index] for index in (0, 9, -1) if -len(documents) <= index < len(documents)}
    assert {str(index): golden_row(document) for index, document in picked.items()} == expected["records"]


def slug_kind(document: Document) -> str:
    """How the abstract is built: ``title`` alone, ``plain`` or ``labelled``."""
    slugs = [section.slug for section in document.sections]
    return "title" if slugs == ["title"] else "plain" if slugs == ["abstract"] else "labelled"


def golden_row(document: Document) -> dict[str, object]:
    """Facts and hashes of a record, without its text."""
    texts = "\n".join(section.text for section in document.sections)
    return {
        "id": document.document_id,
        "version": document.version,
        "published": str(document.published),
        "title_length": len(document.title),
        "authors": len(document.authors),
        "slugs": [section.slug for section in document.sections],
        "texts_sha256": hashlib.sha256(texts.encode()).hexdigest(),
        "sha256": document.sha256,
    }
