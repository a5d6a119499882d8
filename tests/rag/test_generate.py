from __future__ import annotations

import pytest

from rag.generate import MAX_STATEMENTS, MAX_WORDS, Extractive, Generator, Scripted, forbids, group_name
from rag.query import Query, understand
from rag.types import Draft, Evidence, Hit
from tests.contracts.generator import GeneratorContract
from tests.rag.bookshelf import Bookshelf, corpus, document
from tests.rag.test_evidence import PAIR, ask


class TestExtractive(GeneratorContract):
    @pytest.fixture
    def generator(self) -> Generator:
        return Extractive()


class TestScripted(GeneratorContract):
    @pytest.fixture
    def generator(self) -> Generator:
        return Scripted(lambda _, evidence: [Draft(item.text, (item,)) for item in evidence[:2]])


def evidence_of(shelf: Bookshelf, scores: dict[str, float]) -> list[Evidence]:
    """The first sentence of each named document with the score given."""
    found = []
    for name, score in scores.items():
        page = next(page for page in shelf.pages if page.document_id == name)
        book = shelf.books[name]
        hit = Hit(page, book, score, book.drugs.generic)
        found.append(Evidence(hit, page.text, page.start, page.end, score))
    return sorted(found, key=lambda item: -item.score)


def test_every_statement_is_its_evidence() -> None:
    for draft in Extractive().generate(*ask(PAIR)):
        assert [item.text for item in draft.evidence] == [draft.text]


def test_each_drug_has_its_share_in_the_order_of_the_question() -> None:
    query, evidence = ask(PAIR)
    groups = [group_name(query, draft.evidence[0]) for draft in Extractive().generate(query, evidence)]
    assert [name for name in dict.fromkeys(groups) if name] == ["propafenone", "colchicine"]


def test_an_answer_stays_short() -> None:
    facts = [f"Colchicine at dose number {n} has effect {n * 7} in {'very ' * 25}many adults." for n in range(30)]
    shelf = Bookshelf([document("label:c:1", [("dosage_and_administration", "\n".join(facts))], "colchicine")])
    query = understand("dose of colchicine", shelf.resolver())
    page = shelf.pages[0]
    hit = Hit(page, shelf.books["label:c:1"], 1.0, ("colchicine",))
    at = 0
    evidence = []
    for fact in facts:
        evidence.append(Evidence(hit, fact, at, at + len(fact), 0.9))
        at += len(fact) + 1
    drafts = Extractive().generate(query, evidence)
    assert 1 <= len(drafts) <= MAX_STATEMENTS
    assert sum(len(draft.text.split()) for draft in drafts) <= MAX_WORDS


def test_labels_come_before_papers_unless_papers_are_asked_for() -> None:
    shelf = Bookshelf(
        [
            document(
                "label:c:1", [("drug_interactions", "Colchicine with inhibitors needs a lower dose.")], "colchicine"
            ),
            document("pubmed:1", [("abstract", "Colchicine with inhibitors was harmful in a cohort.")], "colchicine"),
        ]
    )
    evidence = evidence_of(shelf, {"label:c:1": 0.6, "pubmed:1": 0.65})
    for question, first in (("colchicine with inhibitors", "label:c:1"), ("trials of colchicine", "pubmed:1")):
        query = understand(question, shelf.resolver())
        drafts = Extractive().generate(query, evidence)
        assert drafts[0].evidence[0].hit.document.document_id == first


def test_padding_is_left_out() -> None:
    shelf = Bookshelf(corpus())
    query = understand("interactions of colchicine", shelf.resolver())
    evidence = evidence_of(shelf, {"label:c:4": 0.9})
    weak = [Evidence(item.hit, item.text, item.start, item.end, 0.3) for item in evidence]
    assert len(Extractive().generate(query, [*evidence, *weak])) == 1


@pytest.mark.parametrize(
    ("question", "expected"), [("Which studies compare them?", True), ("Is it safe in renal impairment?", False)]
)
def test_questions_for_literature_are_recognised(question: str, expected: bool) -> None:
    assert understand(question, Bookshelf(corpus()).resolver()).study is expected


def test_without_a_drug_there_is_one_group() -> None:
    query: Query = Query("grapefruit juice")
    shelf = Bookshelf(corpus())
    assert len(Extractive().generate(query, evidence_of(shelf, {"pubmed:7": 0.8}))) == 1


def test_what_to_do_about_an_interaction_comes_before_what_a_study_measured() -> None:
    shelf = Bookshelf(
        [
            document("label:p:1", [("drug_interactions", "Avoid propafenone with colchicine.")], "propafenone"),
            document("label:p:2", [("pharmacokinetics", "Propafenone raised colchicine by 80 %.")], "propafenone"),
            document("label:c:1", [("overdosage", "Deaths were reported.")], "colchicine"),
        ]
    )
    query = understand("Can propafenone be given with colchicine?", shelf.resolver())
    drafts = Extractive().generate(query, evidence_of(shelf, {"label:p:1": 0.85, "label:p:2": 0.9}))
    assert [draft.text.split()[0] for draft in drafts] == ["Avoid", "Propafenone"]


PREGNANT = "Xanol is given in pregnancy if there is no alternative, and then with serial ultrasound."
BARRED = "Do not use xanol in pregnancy."


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Can xanol be taken in pregnancy?", BARRED),
        ("xanol in pregnancy", BARRED),
        ("What is the dose of xanol in pregnancy?", PREGNANT),
        ("xanol in the elderly", PREGNANT),
    ],
)
def test_a_prohibition_comes_before_its_exceptions(question: str, first: str) -> None:
    labels = [("label:x:1", BARRED), ("label:x:2", PREGNANT)]
    shelf = Bookshelf([document(name, [("pregnancy", text)], "xanol") for name, text in labels])
    query = understand(question, shelf.resolver())
    drafts = Extractive().generate(query, evidence_of(shelf, {"label:x:1": 0.6, "label:x:2": 0.9}))
    assert drafts[0].text == first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BARRED, True),
        ("Xanol is not recommended in pregnancy.", True),
        ("Women who become pregnant must not stop xanol abruptly.", False),
        ("If xanol is used in pregnancy, avoid high doses.", False),
        ("Xanol is not contraindicated in pregnancy.", False),
        ("Do not use xanol in children.", False),
        ("Xanol caused malformations in pregnancy.", False),
    ],
)
def test_what_forbids(text: str, expected: bool) -> None:
    shelf = Bookshelf([document("label:x:1", [("pregnancy", BARRED)], "xanol")])
    assert forbids(understand("Can xanol be taken in pregnancy?", shelf.resolver()), text) is expected


def test_what_is_for_adults_too_is_not_put_behind() -> None:
    every = "Switch from warfarin to xanol below an INR of 3 in adults and of 2.5 in pediatric patients."
    labels = {"label:x:1": every, "label:x:2": "Xanol is a tablet."}
    shelf = Bookshelf([document(name, [("warnings", text)], "xanol") for name, text in labels.items()])
    query = understand("How is xanol begun?", shelf.resolver())
    evidence = evidence_of(shelf, {"label:x:1": 0.9, "label:x:2": 0.8})
    assert Extractive().generate(query, evidence)[0].text == every


def test_the_course_that_is_asked_for_comes_first() -> None:
    there, back = "Switching from banol to xanol: wait a day.", "Switching from xanol to banol: wait a week."
    labels = {"label:x:1": ("xanol", back), "label:x:2": ("xanol", there), "label:b:1": ("banol", "Banol is a tablet.")}
    shelf = Bookshelf([document(name, [("warnings", text)], drug) for name, (drug, text) in labels.items()])
    query = understand("How do I switch from banol to xanol?", shelf.resolver())
    evidence = evidence_of(shelf, {"label:x:1": 0.9, "label:x:2": 0.8})
    assert Extractive().generate(query, evidence)[0].text == there
