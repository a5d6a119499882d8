from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.schema import Document, Mark
from rag.answers.compose import answer_to_dict, markers
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.errors import GeneratorError, IndexUnavailableError, NotFoundError
from rag.generate import Extractive, Generator, Scripted
from rag.index import Manifest
from rag.types import Answer, Draft, Filters
from rag.verify import exactness
from rag.view import View
from tests.rag.bookshelf import PROPAFENONE, Bookshelf, corpus, document
from tests.rag.test_evidence import PAIR, TEXTS


def view_of(shelf: Bookshelf, stamp: str = "g1", *, demonstration: bool = False) -> View:
    manifest = manifest_of(stamp, demonstration=demonstration)
    return View(stamp, manifest, shelf.resolver(), shelf, shelf, shelf)


class Shelves:
    """Views of a bookshelf; ``current`` is the pointer file."""

    def __init__(self, shelf: Bookshelf, *, demonstration: bool = False) -> None:
        self.shelf, self.current, self.demonstration, self.loads = shelf, "g1", demonstration, 0

    def stamp(self) -> str:
        return self.current

    def load(self) -> View:
        self.loads += 1
        return view_of(self.shelf, self.current, demonstration=self.demonstration)


def engine_of(shelf: Bookshelf, *, demonstration: bool = False, script: Scripted | None = None) -> Engine:
    numbers = count(1)
    generators: dict[str, Generator] = {"extractive": Extractive(), "scripted": script or Scripted(lambda *_: [])}
    views = Shelves(shelf, demonstration=demonstration)
    return Engine(shelf, views, HashEmbedder(256), generators, new_id=lambda: f"a{next(numbers)}")


@pytest.fixture
def engine() -> Engine:
    return engine_of(Bookshelf(corpus()))


def codes(answer: Answer) -> set[str]:
    return {notice.code for notice in answer.notices}


def check(answer: Answer, shelf: Bookshelf, limit: int = 8) -> None:
    """What holds for every answer whatever was asked."""
    numbers = [reference.number for reference in answer.references]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) <= limit
    for reference in answer.references:
        book = shelf.books[reference.document_id]
        assert reference.quotes
        assert not reference.retracted
        for quote in reference.quotes:
            section = book.section(reference.section)
            assert section is not None
            assert section.text[quote.start : quote.end] == quote.text
            assert exactness(book, reference.section, quote) is None
    quoted = {(item.number, quote.text) for item in answer.references for quote in item.quotes}
    for statement in answer.statements:
        assert statement.support == "verbatim"
        assert all((number, statement.text) in quoted for number in statement.citations)
        assert statement.text in answer.answer
    cited = {number for statement in answer.statements for number in statement.citations}
    assert markers(answer.answer) == set(numbers)
    assert cited | {item.reference for item in answer.safety} == set(numbers) or not answer.statements
    assert 0 <= answer.confidence <= 1
    assert (answer.status == "abstained") is (not answer.statements)
    assert answer.answer


def test_two_drugs_without_a_common_source(engine: Engine) -> None:
    answer = engine.ask(PAIR)
    check(answer, Bookshelf(corpus()))
    assert answer.status == "partial"
    assert "no_direct_evidence" in codes(answer)
    assert answer.answer.startswith("No passage of the indexed sources names propafenone and colchicine together")
    assert {reference.document_id for reference in answer.references} == {"label:p:2", "label:c:4"}
    assert "\nPropafenone: " in answer.answer
    assert "\nColchicine: " in answer.answer


def test_a_common_source_is_found_however_deep_it_lies() -> None:
    filler = [("drug_interactions", "\n".join(f"Interactions of propafenone and drug {n}." for n in range(400)))]
    told = [("overdosage", "Colchicine was fatal in one case.")]
    shelf = Bookshelf([*corpus(), document("label:p:3", [*filler, *told], "propafenone")])
    answer = engine_of(shelf).ask(PAIR)
    check(answer, shelf)
    assert "no_direct_evidence" not in codes(answer)
    assert answer.statements[0].text == "Colchicine was fatal in one case."


def test_boxed_warnings_and_touching_contraindications_are_always_listed(engine: Engine) -> None:
    answer = engine.ask("What is the dose of colchicine and propafenone in renal impairment?")
    found = {(item.drug, item.section) for item in answer.safety}
    assert found == {("propafenone", "boxed_warning"), ("colchicine", "contraindications")}
    assert "Boxed warning: propafenone [" in answer.answer


def test_a_warning_without_room_is_announced(engine: Engine) -> None:
    answer = engine.ask(PAIR, max_references=1)
    check(answer, Bookshelf(corpus()), limit=1)
    assert len(answer.references) == 1
    assert "safety_omitted" in codes(answer)


def test_an_unknown_drug_is_an_abstention(engine: Engine) -> None:
    answer = engine.ask("What is the dose of fictumab?")
    check(answer, Bookshelf(corpus()))
    assert (answer.status, answer.confidence) == ("abstained", 0.0)
    assert "unknown_drug" in codes(answer)
    assert "fictumab" in answer.answer


def test_one_unknown_drug_of_two_leaves_a_partial_answer(engine: Engine) -> None:
    answer = engine.ask("What are the interactions between colchicine and fictumab?")
    check(answer, Bookshelf(corpus()))
    assert answer.status == "partial"
    assert "fictumab" in next(notice.message for notice in answer.notices if notice.code == "unknown_drug")
    assert {reference.drugs for reference in answer.references} == {("colchicine",)}


def test_a_question_of_other_things_is_an_abstention_that_shows_the_nearest(engine: Engine) -> None:
    answer = engine.ask("How do I repair the gearbox of a plasma television?")
    check(answer, Bookshelf(corpus()))
    assert answer.status == "abstained"
    assert "insufficient_evidence" in codes(answer)
    assert 1 <= len(answer.references) <= 3
    assert "do not answer" in answer.answer


def test_nothing_found_at_all(engine: Engine) -> None:
    answer = engine.ask("zzz")
    assert (answer.status, answer.references) == ("abstained", ())
    assert "insufficient_evidence" in codes(answer)


def test_a_single_drug_is_answered_directly(engine: Engine) -> None:
    answer = engine.ask("What is the dose of colchicine for gout flares?")
    check(answer, Bookshelf(corpus()))
    assert answer.status == "answered"
    assert answer.answer.startswith("The recommended dose for gout flares in adults is 1.2 mg")
    assert answer.confidence > 0.3


def test_invented_statements_never_appear() -> None:
    shelf = Bookshelf(corpus())
    invented = "Both drugs are perfectly safe together."
    script = Scripted(lambda _, evidence: [Draft(invented, tuple(evidence)), Draft(evidence[0].text, (evidence[0],))])
    answer = engine_of(shelf, script=script).ask(PAIR, generator="scripted")
    check(answer, shelf)
    assert invented not in str(answer_to_dict(answer))
    assert (answer.status, len(answer.statements)) == ("partial", 1)
    assert "unsupported_removed" in codes(answer)


def test_only_invented_statements_are_an_abstention() -> None:
    shelf = Bookshelf(corpus())
    script = Scripted(lambda _, evidence: [Draft("Take both.", tuple(evidence))])
    answer = engine_of(shelf, script=script).ask(PAIR, generator="scripted")
    check(answer, shelf)
    assert answer.status == "abstained"


def test_a_store_that_changed_under_the_index_is_not_quoted() -> None:
    shelf = Bookshelf(corpus())
    engine = engine_of(shelf)
    changed = tuple((slug, text.replace("CYP3A4", "CYP2C9")) for slug, text in PROPAFENONE)
    shelf.books["label:p:2"] = document("label:p:2", changed, "propafenone")
    answer = engine.ask(PAIR)
    check(answer, shelf)
    assert "CYP3A4 can be expected" not in answer.answer


def test_retracted_papers_are_not_cited() -> None:
    paper = document(
        "pubmed:9", [("abstract", "Colchicine with propafenone was harmless in our study.")], retracted=True
    )
    shelf = Bookshelf([*corpus(), paper])
    answer = engine_of(shelf).ask(PAIR)
    check(answer, shelf)
    assert "harmless" not in answer.answer


def test_editorial_and_superseded_sources_are_announced() -> None:
    old = replace(corpus()[1], editorial=True, superseded_on=date(2021, 1, 1))
    shelf = Bookshelf([old])
    answer = engine_of(shelf).ask("Dose of colchicine for gout flares?", filters=Filters(include_superseded=True))
    assert {"editorial_source", "superseded_source"} <= codes(answer)
    assert answer.references[0].superseded
    then = engine_of(shelf).ask("Dose of colchicine for gout flares?", as_of=date(2020, 6, 1))
    assert then.statements
    assert not then.references[0].superseded
    (told,) = (notice.message for notice in then.notices if notice.code == "superseded_source")
    assert told == "In force on the day asked for, but replaced since: [1] (on 2021-01-01)."
    now = engine_of(shelf).ask("Dose of colchicine for gout flares?")
    assert (now.status, now.references) == ("abstained", ())


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("day", [None, date(2021, 1, 1)])
def test_a_retracted_paper_is_never_evidence_whatever_the_day_and_the_filter(known: bool, day: date | None) -> None:
    text = "Propafenone with colchicine was harmless in a trial of both drugs."
    paper = document("pubmed:8", [("abstract", text)], "propafenone", retracted=known)
    sound = engine_of(Bookshelf([*corpus(), replace(paper, retracted=False)])).ask(PAIR, as_of=day)
    assert "harmless" in sound.answer
    shelf = Bookshelf([*corpus(), paper])
    shelf.books["pubmed:8"] = replace(paper, retracted=True)  # the index may not know it yet
    for filters in (Filters(include_retracted=True), Filters(kinds=("article",), include_retracted=True)):
        answer = engine_of(shelf).ask(PAIR, filters=filters, as_of=day)
        assert "pubmed:8" not in {reference.document_id for reference in answer.references}
        assert "harmless" not in answer.answer
        _, hits, _ = engine_of(shelf).search(PAIR, 10, filters, day)
        assert [hit.document.retracted for hit in hits if hit.document.document_id == "pubmed:8"] == [True]


def test_who_says_what_became_of_a_source_is_told() -> None:
    paper = document(
        "pubmed:8",
        [("abstract", "Propafenone with colchicine was harmless in a trial of both drugs.")],
        corrected=True,
        expression_of_concern=True,
        marks=(Mark("pmid:8", "correction", date(2021, 3, 4), "pmid:9"), Mark("pmid:8", "correction", None, "a list")),
    )
    answer = engine_of(Bookshelf([*corpus(), paper])).ask(PAIR)
    number = next(one.number for one in answer.references if one.document_id == "pubmed:8")
    told = {notice.code: notice.message for notice in answer.notices}
    assert told["corrected_source"].endswith(f"of: [{number}] (pmid:9 on 2021-03-04, a list).")
    assert told["expression_of_concern"].endswith(f"about: [{number}].")


def test_versions_and_what_changed_are_looked_up() -> None:
    old = corpus()[1]
    new = replace(old, document_id="label:c:5", version="5")
    engine = engine_of(Bookshelf([old, new]))
    assert [one.version for one in engine.versions("c").versions] == ["4", "5"]
    assert engine.diff("c", "4", "5").changed == 0
    with pytest.raises(NotFoundError):
        engine.versions("d")


def test_what_became_of_an_answers_references_is_looked_up() -> None:
    shelf = Bookshelf(corpus())
    engine = engine_of(shelf)
    answer = engine.ask("Dose of colchicine for gout flares?")
    assert engine.recall(answer.answer_id) == []
    shelf.books["label:c:4"] = replace(corpus()[1], superseded_on=date(2022, 1, 1))
    assert {event.what for event in engine.recall(answer.answer_id)} == {"superseded"}


def test_the_demonstration_corpus_is_announced() -> None:
    answer = engine_of(Bookshelf(corpus()), demonstration=True).ask(PAIR)
    assert "demonstration_corpus" in codes(answer)
    assert answer.provenance.demonstration


def test_the_dictionary_is_the_contract(engine: Engine) -> None:
    answer = engine.ask(PAIR)
    written = answer_to_dict(answer)
    assert written["references"][0]["published"] == "2020-05-01"
    assert written["provenance"]["newest_source"] == "2020-05-01"
    assert isinstance(written["references"][0]["quotes"], list)
    assert written.keys() == {
        "answer_id", "question", "status", "answer", "statements", "references", "safety", "notices", "confidence",
        "provenance", "timings_ms", "receipt",
    }  # fmt: skip
    assert written["timings_ms"].keys() == {"retrieve", "generate", "verify", "total"}
    assert engine.answer(answer.answer_id) == written


def test_an_answer_that_cannot_be_kept_is_still_given() -> None:
    shelf = Bookshelf(corpus())
    shelf.full = True
    engine = engine_of(shelf)
    answer = engine.ask(PAIR)
    assert answer.statements
    assert "not_stored" in codes(answer)
    with pytest.raises(NotFoundError, match=answer.answer_id):
        engine.answer(answer.answer_id)


def test_the_same_question_has_the_same_answer_on_every_thread(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: engine.ask(PAIR), range(12)))
    assert len({answer.answer_id for answer in answers}) == 12
    assert len({str(replace(answer, answer_id="", timings_ms={})) for answer in answers}) == 1


def test_refresh_swaps_only_to_another_generation() -> None:
    shelf = Bookshelf(corpus())
    views = Shelves(shelf)
    engine = Engine(shelf, views, HashEmbedder(256), {"extractive": Extractive()})
    assert (engine.ready, engine.refresh(), views.loads) == (True, False, 1)
    views.current = "g2"
    assert engine.refresh()
    assert engine.ask(PAIR).provenance.index == "g2"
    views.current = ""
    assert not engine.refresh()
    assert engine.ready


def test_without_an_index_it_says_what_to_do() -> None:
    shelf = Bookshelf([])
    views = Shelves(shelf)
    views.current = ""
    engine = Engine(shelf, views, HashEmbedder(256), {"extractive": Extractive()})
    assert not engine.ready
    calls: list[Callable[[], object]] = [lambda: engine.ask(PAIR), lambda: engine.search(PAIR)]
    for call in calls:
        with pytest.raises(IndexUnavailableError, match="citerx index"):
            call()
    views.current = "g1"
    assert engine.refresh()
    assert engine.ask(PAIR).status == "abstained"


def test_look_ups(engine: Engine) -> None:
    query, hits, timings = engine.search(PAIR, 3)
    assert query.drugs == (("propafenone",), ("colchicine",))
    assert 0 < len(hits) <= 3
    assert timings.keys() == {"retrieve", "compare", "total"}
    assert engine.passage(hits[0].passage.passage_id) == hits[0].passage
    assert engine.document("label:c:4") == corpus()[1]
    for look_up in (engine.passage, engine.document, engine.answer):
        with pytest.raises(NotFoundError, match="'nothing'"):
            look_up("nothing")
    with pytest.raises(GeneratorError, match="extractive, scripted"):
        engine.ask(PAIR, generator="oracle")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["drug_interactions", "boxed_warning", "contraindications", "x"]), TEXTS), max_size=4
    ),
    st.lists(st.tuples(st.sampled_from(["drug_interactions", "boxed_warning", "y"]), TEXTS), max_size=4),
    st.sampled_from([PAIR, "dose of xanol", "xanol with ynol in renal impairment", "monitor levels"]),
    st.integers(1, 8),
)
def test_every_answer_keeps_its_promises(
    first: list[tuple[str, str]], second: list[tuple[str, str]], question: str, limit: int
) -> None:
    books: list[Document] = [
        document(name, dict(sections).items(), drug)
        for name, sections, drug in (("label:x:1", first, "xanol"), ("label:y:1", second, "ynol"))
    ]
    shelf = Bookshelf([replace(book, sections=tuple(part for part in book.sections if part.text)) for book in books])
    check(engine_of(shelf).ask(question, max_references=limit), shelf, limit)


def manifest_of(stamp: str, *, demonstration: bool) -> Manifest:
    return Manifest(
        generation=stamp,
        embedder="hash-256",
        dimension=256,
        passages=1,
        documents=1,
        revision=1,
        indexed_at="2020-05-02T00:00:00+00:00",
        newest_source=date(2020, 5, 1),
        demonstration=demonstration,
        row_ids="",
    )


def test_without_a_common_source_a_paper_on_the_shared_pathway_is_cited() -> None:
    review = document(
        "pubmed:9", [("abstract", "Narrative review of drug interactions.\nThe review goes through CYP3A4 and UGT1A1.")]
    )
    answer = engine_of(Bookshelf([*corpus(), review])).ask(PAIR)
    assert {"label:p:2", "label:c:4", "pubmed:9"} <= {reference.document_id for reference in answer.references}
    assert "no_direct_evidence" in {notice.code for notice in answer.notices}
    alone = engine_of(Bookshelf([review])).ask(PAIR)
    assert alone.status == "abstained"
