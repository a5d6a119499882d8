"""What PubMed's records say became of them and of other works."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.schema import Document, Mark, MarkKind
from tests.ingest.parse.citations import document, read, simple, whole


@pytest.mark.parametrize("mark", ["ExpressionOfConcernIn", "PartialRetractionIn"])
def test_a_partial_retraction_is_a_concern(mark: str) -> None:
    link = f'<CommentsCorrectionsList><CommentsCorrections RefType="{mark}"/></CommentsCorrectionsList>'
    found = document(simple("1").replace("</MedlineCitation>", f"{link}</MedlineCitation>"))
    assert (found.retracted, found.expression_of_concern, found.corrected) == (False, True, False)


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
