"""What is quoted of a source that the question describes; what is said of a retracted one, and of one not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from ingest.schema import Document, Mark
from rag.answers import notices
from rag.answers.studies import absent_studies, asked_for, quoted, sureness
from rag.evidence import Candidate
from rag.query import Query
from rag.ranking.weights import PART
from rag.types import STUDY, Hit, Rule
from tests.rag.bookshelf import Bookshelf, document
from tests.rag.test_engine import engine_of

TEXTS = (
    ("abstract.design", "A randomised trial of carvedilol and metoprolol in heart failure."),
    ("abstract.result", "Of the patients 34% died on one and 40% on the other. Strokes were few."),
)
PAPER = document("pubmed:1", TEXTS)
OTHER = document("pubmed:2", (("abstract.result", "Deaths were as frequent on carvedilol as on metoprolol."),))


class Repeating:
    """Scores a sentence by the words that it shares with the question, as a reader of single sentences may."""

    name, read = "repeating", 14

    def first(self, query: Query, found: Sequence[Candidate]) -> list[float]:
        return self.scores(query, found)

    def scores(self, query: Query, found: Sequence[Candidate]) -> list[float]:
        asked = set(query.question.casefold().split())
        return [len(asked & set(item.text.casefold().split())) / len(asked) for item in found]


def hits(*documents: Document, share: float = 0.8, part: str = "abstract.result") -> list[Hit]:
    shelf = Bookshelf(documents)
    rules = (Rule(STUDY, 10.0, "it is described"),)
    return [
        Hit(
            page,
            shelf.books[page.document_id],
            1.0,
            signals={"described": share},
            rules=(*rules, Rule(PART, 100.0, "the part")) if page.section == part else rules,
        )
        for page in shelf.pages
    ]


def texts(question: str, found: Sequence[Hit]) -> list[str]:
    return [item.text for item in quoted(Query(question), found, Repeating(), 0.3)]


def test_the_part_asked_for_comes_first_and_the_rest_where_a_certain_study_is_meant() -> None:
    told = texts("Deaths on carvedilol and metoprolol in the heart failure trial", hits(PAPER))
    assert told[0].startswith("Of the patients 34% died")
    assert told[-1].startswith("A randomised trial")
    general = texts("Any trial of carvedilol and metoprolol in heart failure", hits(PAPER))
    assert general == told[:-1]


def test_where_no_section_is_the_part_the_best_one_is() -> None:
    assert texts("Any trial of carvedilol in heart failure", hits(PAPER, part="eligibility"))[0].startswith(
        "A randomised"
    )


def test_a_source_with_little_of_the_question_must_answer_by_its_sentences() -> None:
    question = "How many people lost their hair there on carvedilol"
    assert texts(question, hits(PAPER, share=0.4)) == []
    assert sureness(Query(question), quoted(Query(question), hits(PAPER, share=0.4), Repeating(), 0.0)) == 0.0
    assert sureness(Query(question), quoted(Query(question), hits(PAPER), Repeating(), 0.0)) == 0.8


def test_studies_take_turns_where_it_is_asked_what_they_say_together() -> None:
    found, other = hits(PAPER, OTHER), "Deaths were as frequent on carvedilol as on metoprolol."
    assert [document.document_id for document in asked_for(found)] == ["pubmed:1", "pubmed:2"]
    assert texts("Do studies agree on carvedilol?", found)[1] == other
    assert texts("What is known of carvedilol in trials?", found)[-1] == other


def test_a_study_that_nothing_names_is_absent() -> None:
    shelf = engine_of(Bookshelf([PAPER])).view
    query = Query("What did the PARADIGM-HF trial find?")
    assert absent_studies(shelf, query, []) == ("PARADIGM-HF",)
    assert absent_studies(shelf, query, [replace(PAPER, title="The PARADIGM-HF trial")]) == ()
    assert absent_studies(shelf, Query("PMID 1: what was found?"), [PAPER]) == ()
    assert absent_studies(shelf, Query("NCT00000009: what was found?"), [PAPER]) == ("NCT00000009",)


def test_an_answer_names_the_study_that_is_absent_and_shows_no_other() -> None:
    answer = engine_of(Bookshelf([PAPER])).ask("What did the PARADIGM-HF trial find on heart failure?")
    assert answer.status == "abstained"
    assert answer.answer.startswith("No indexed source is or names PARADIGM-HF")


def test_what_is_said_of_a_retracted_paper() -> None:
    marked = replace(PAPER, retracted=True, marks=(Mark("pmid:1", "retraction", date(2009, 10, 1), "pmid:9"),))
    [notice] = notices.retracted([marked])
    assert notice.code == "retracted_source"
    assert "(pubmed:1), has been retracted (pmid:9 on 2009-10-01)" in notice.message
    assert "retracted: it" in notices.retracted([replace(PAPER, retracted=True)])[0].message
    assert {"retracted_source", "unknown_study"} <= notices.LACKING
