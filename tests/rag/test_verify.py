from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schema import Document
from rag.drugs import Resolver
from rag.errors import ModelError
from rag.sentences.reader import ScriptedJudge
from rag.types import Draft, Evidence, Hit, Judge, Quote, Verdict
from rag.verify import SUPPORTED, Checker, Verified, decide, exactness, support
from tests.contracts.judge import JudgeContract
from tests.rag.bookshelf import Bookshelf, document

TEXT = st.text(alphabet=st.sampled_from("abc é–𝒳.\n10"), min_size=2, max_size=60)


def shelf_of(text: str, **fields: object) -> Bookshelf:
    return Bookshelf([document("label:x:1", [("s", text)], "xanol", **fields)])


def evidence(shelf: Bookshelf, start: int, end: int) -> Evidence:
    book = next(iter(shelf.books.values()))
    page = replace(shelf.pages[0], section="s")
    return Evidence(Hit(page, book, 1.0), book.sections[0].text[start:end], start, end, 0.9)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, int, int]:
    text = "x" + draw(TEXT)
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


@given(spans())
def test_exact_quotes_survive(case: tuple[str, int, int]) -> None:
    text, start, end = case
    item = evidence(shelf_of(text), start, end)
    verified = Checker(shelf_of(text)).verify([Draft(item.text, (item,))])
    assert [draft.text for draft in verified.drafts] == [text[start:end]]
    assert not verified.removed


@given(spans(), st.text(min_size=1, max_size=3), st.integers(0, 60), st.integers(-2, 2))
def test_a_tampered_quote_never_survives(case: tuple[str, int, int], insert: str, at: int, shift: int) -> None:
    text, start, end = case
    item = evidence(shelf_of(text), start, end)
    place = at % (len(item.text) + 1)
    tampered = replace(
        item, text=item.text[:place] + insert + item.text[place:], start=start + shift, end=end + shift + len(insert)
    )
    checker = Checker(shelf_of(text))
    exact = 0 <= tampered.start < tampered.end <= len(text) and text[tampered.start : tampered.end] == tampered.text
    assert checker.confirmed(tampered) is exact
    assert bool(checker.verify([Draft(tampered.text, (tampered,))]).drafts) is exact
    # The words of the statement alone changed, the quotation left as it is.
    assert not checker.verify([Draft(item.text + insert, (item,))]).drafts


@given(spans(), st.integers(0, 63))
def test_a_changed_hash_is_seen(case: tuple[str, int, int], digit: int) -> None:
    text, start, end = case
    book = shelf_of(text).books["label:x:1"]
    quote = Quote.of(text[start:end], start, end)
    assert exactness(book, "s", quote) is None
    wrong = "0" if quote.sha256[digit] != "0" else "1"
    assert exactness(book, "s", replace(quote, sha256=quote.sha256[:digit] + wrong + quote.sha256[digit + 1 :]))


@pytest.mark.parametrize(
    ("fields", "as_of", "superseded", "expected"),
    [
        ({}, None, False, None),
        ({"retracted": True}, None, False, "retracted"),
        ({"retracted": True}, None, True, "retracted"),
        ({"superseded_on": date(2021, 1, 1)}, None, False, "superseded"),
        ({"superseded_on": date(2021, 1, 1)}, None, True, None),
        ({"superseded_on": date(2021, 1, 1)}, date(2020, 12, 31), False, None),
        ({"superseded_on": date(2021, 1, 1)}, date(2021, 1, 1), False, "not in force"),
        ({}, date(2020, 4, 30), False, "not in force"),
        ({}, date(2020, 5, 1), False, None),
    ],
)
def test_only_sources_in_force_may_be_cited(
    fields: dict[str, object], as_of: date | None, superseded: bool, expected: str | None
) -> None:
    shelf = shelf_of("The dose is one.", **fields)
    checker = Checker(shelf, as_of, superseded=superseded)
    assert checker.fault("label:x:1", "s", Quote.of("The dose", 0, 8)) == expected


@pytest.mark.parametrize(
    ("document_id", "section", "quote", "expected"),
    [
        ("label:none:1", "s", Quote.of("The", 0, 3), "document missing"),
        ("label:x:1", "none", Quote.of("The", 0, 3), "section missing"),
        ("label:x:1", "s", Quote.of("", 3, 3), "text differs"),
        ("label:x:1", "s", Quote.of("ose", -5, -2), "text differs"),
        ("label:x:1", "s", Quote.of("one.", 12, 99), "text differs"),
        ("label:x:1", "s", Quote("The", 0, 3, "0" * 64), "hash differs"),
    ],
)
def test_every_fault_has_its_reason(document_id: str, section: str, quote: Quote, expected: str) -> None:
    assert Checker(shelf_of("The dose is one.")).fault(document_id, section, quote) == expected


def test_removed_statements_are_counted_by_reason() -> None:
    shelf = shelf_of("The dose is one.")
    good = evidence(shelf, 0, 16)
    gone = replace(good, hit=replace(good.hit, passage=replace(good.hit.passage, document_id="label:y:1")))
    drafts = [
        Draft(good.text, (good, gone)),
        Draft("The dose is two.", (good,)),
        Draft(gone.text, (gone,)),
        Draft("x", ()),
    ]
    verified = Checker(shelf).verify(drafts)
    assert [(draft.text, draft.evidence) for draft in verified.drafts] == [(good.text, (good,))]
    assert verified.removed == {"not a quotation": 2, "document missing": 1}


def test_a_document_is_read_once_for_an_answer() -> None:
    class Counting:
        reads = 0

        def document(self, document_id: str) -> Document | None:
            self.reads += 1
            return shelf_of("The dose is one.").document(document_id)

    shelf = Counting()
    checker = Checker(shelf)
    for _ in range(3):
        checker.fault("label:x:1", "s", Quote.of("The", 0, 3))
    assert shelf.reads == 1


def test_a_title_that_does_not_stand_in_the_store_removes_what_stands_under_it() -> None:
    shelf = shelf_of("Adults: The dose is one.")
    item = evidence(shelf, 8, 24)
    under = replace(item, under=(Quote.of("Adults", 0, 6),))
    wrong = replace(item, under=(Quote.of("Infant", 0, 6),))
    verified = Checker(shelf).verify([Draft(item.text, (one,)) for one in (item, under, wrong)])
    assert [draft.evidence[0].under for draft in verified.drafts] == [(), under.under]
    assert verified.removed == {"text differs": 1}


def test_support_is_verbatim_or_nothing() -> None:
    item = evidence(shelf_of("The dose is one."), 0, 16)
    assert support("The dose is one.", [item]) == "verbatim"
    assert support("The dose is one", [item]) == "unsupported"


SOURCE = "Propafenone inhibits P-glycoprotein and may raise digoxin levels."
CLAIM = "Propafenone can increase digoxin levels."
NAMES = Resolver.from_names([("a", "generic", "propafenone"), ("b", "generic", "digoxin")])


def judging(supports: float, contradicts: float = 0.0) -> ScriptedJudge:
    return ScriptedJudge(lambda _text, _claim: Verdict(supports, contradicts))


def checked(claim: str, judge: Judge | None, names: Resolver | None = NAMES) -> Verified:
    shelf = shelf_of(SOURCE)
    item = evidence(shelf, 0, len(SOURCE))
    return Checker(shelf, judge=judge, names=names).verify([Draft(claim, (item,))])


class FailingJudge:
    name = "failing"

    def judge(self, _pairs: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        raise ModelError("no memory")


class TestScriptedJudge(JudgeContract):
    @pytest.fixture
    def judge(self) -> Judge:
        def words(text: str) -> set[str]:
            return set(text.casefold().strip(".").split())

        def script(text: str, claim: str) -> Verdict:
            same = words(text) - {"not"} == words(claim) - {"not"}
            denied = same and words(text) != words(claim)
            return Verdict(0.9 * (same and not denied), 0.9 * denied)

        return ScriptedJudge(script)


def test_what_rules_and_judge_bear_out_is_entailed_with_its_score() -> None:
    verified = checked(CLAIM, judging(0.9))
    assert [draft.text for draft in verified.drafts] == [CLAIM]
    assert verified.supports == (("entailed", 0.9),)
    quoted = checked(SOURCE, judging(0.0, 1.0))  # a quotation needs no judge
    assert quoted.supports == (("verbatim", 1.0),)


@pytest.mark.parametrize(
    ("claim", "judge", "reason"),
    [
        (CLAIM, None, "not a quotation"),
        (CLAIM, judging(SUPPORTED - 0.01), "not supported by its source"),
        (CLAIM, judging(0.2, 0.75), "contradicted by its source"),
        (CLAIM, judging(float("nan")), "not judged, the model failed"),
        (CLAIM, ScriptedJudge(lambda *_: Verdict(7.0, 0.0)), "not judged, the model failed"),
        (CLAIM, FailingJudge(), "not judged, the model failed"),
        ("Digoxin can increase propafenone levels.", judging(1.0), "drugs exchanged"),
        ("Propafenone can decrease digoxin levels.", judging(1.0), "direction differs"),
        ("Propafenone can increase digoxin levels by 40%.", judging(1.0), "number not in source"),
        ("Propafenone cannot increase digoxin levels.", judging(1.0), "negation not in source"),
    ],
)
def test_what_is_not_borne_out_is_removed_for_its_reason(claim: str, judge: Judge | None, reason: str) -> None:
    verified = checked(claim, judge)
    assert not verified.drafts
    assert not verified.supports
    assert verified.removed == {reason: 1}


def test_without_the_names_of_drugs_quotations_alone_pass() -> None:
    assert checked(CLAIM, judging(1.0), None).removed == {"not a quotation": 1}


def test_the_judge_never_reads_evidence_that_is_not_confirmed() -> None:
    read: list[str] = []

    def script(text: str, _claim: str) -> Verdict:
        read.append(text)
        return Verdict(1.0, 0.0)

    shelf = shelf_of(SOURCE)
    good = evidence(shelf, 0, len(SOURCE))
    forged = replace(good, text=CLAIM)
    checker = Checker(shelf, judge=ScriptedJudge(script), names=NAMES)
    verified = checker.verify([Draft(f"{CLAIM} ", (forged,)), Draft(f"{CLAIM} ", (good, forged))])
    assert [draft.evidence for draft in verified.drafts] == [(good,)]
    assert verified.removed == {"text differs": 1}
    assert set(read) == {SOURCE}


def two_sources(first: str, second: str) -> tuple[Bookshelf, list[Evidence]]:
    shelf = Bookshelf([document("label:x:1", [("s", first)], "xanol"), document("label:y:1", [("s", second)], "ynol")])
    pages = [replace(page, section="s") for page in shelf.pages]
    return shelf, [
        Evidence(Hit(page, shelf.books[page.document_id], 1.0), text, 0, len(text), 0.9)
        for page, text in zip(pages, (first, second), strict=True)
    ]


OTHER = "Digoxin is taken once daily."


def test_only_the_sources_that_bear_a_statement_out_are_cited() -> None:
    shelf, items = two_sources(SOURCE, OTHER)
    judge = ScriptedJudge(lambda text, _: Verdict(0.9 if SOURCE in text else 0.05, 0.0))
    verified = Checker(shelf, judge=judge, names=NAMES).verify([Draft(CLAIM, tuple(items))])
    assert [draft.evidence for draft in verified.drafts] == [(items[0],)]
    assert verified.supports == (("entailed", 0.9),)


def test_a_statement_that_follows_from_all_together_cites_all() -> None:
    shelf, items = two_sources(SOURCE, OTHER)
    judge = ScriptedJudge(lambda text, _: Verdict(0.8 if SOURCE in text and OTHER in text else 0.1, 0.0))
    verified = Checker(shelf, judge=judge, names=NAMES).verify([Draft(CLAIM, tuple(items))])
    assert [draft.evidence for draft in verified.drafts] == [tuple(items)]
    assert verified.supports == (("entailed", 0.8),)


def test_a_source_that_lacks_what_the_rules_look_for_is_not_cited_alone() -> None:
    shelf, items = two_sources(SOURCE, OTHER)
    claim = "Propafenone can increase digoxin levels, which is taken once daily."
    verified = Checker(shelf, judge=judging(0.9), names=NAMES).verify([Draft(claim, tuple(items))])
    assert [draft.evidence for draft in verified.drafts] == [tuple(items)]


@pytest.mark.parametrize(("unread", "kept"), [("both", 1), ("first", 0), ("all", 0)])
def test_what_a_judge_cannot_read_is_not_confirmed_by_it(unread: str, kept: int) -> None:
    def script(text: str, _claim: str) -> Verdict:
        cut = {"both": SOURCE in text and OTHER in text, "first": SOURCE in text, "all": True}[unread]
        return Verdict(float("nan"), float("nan")) if cut else Verdict(0.9 if SOURCE in text else 0.1, 0.0)

    shelf, items = two_sources(SOURCE, OTHER)
    verified = Checker(shelf, judge=ScriptedJudge(script), names=NAMES).verify([Draft(CLAIM, tuple(items))])
    assert len(verified.drafts) == kept
    assert verified.removed == ({} if kept else {"not judged, the model failed": 1})


class CountingWrong:
    name = "short"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        return [Verdict(0.9, 0.0)] * (len(pairs) - 1)


def test_a_judge_that_gives_too_few_verdicts_has_failed() -> None:
    shelf, items = two_sources(SOURCE, OTHER)
    verified = Checker(shelf, judge=CountingWrong(), names=NAMES).verify([Draft(CLAIM, tuple(items))])
    assert verified.removed == {"not judged, the model failed": 1}


def test_one_source_that_contradicts_outweighs_another_that_supports() -> None:
    verdicts = [Verdict(0.95, 0.02), Verdict(0.1, 0.8)]
    assert decide(verdicts, SUPPORTED) == "contradicted by its source"
    assert decide(verdicts[:1], SUPPORTED) == ("entailed", 0.95)
    assert decide([], SUPPORTED) == "not judged, the model failed"
