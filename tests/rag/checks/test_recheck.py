"""Any text with citations against a store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checks.recheck import Assertion, Checked, Cited, Claimed, _cut_short, assertions, check
from rag.drugs import Resolver
from rag.sentences.reader import ScriptedJudge
from rag.types import Judge, Quote, Verdict
from tests.rag.bookshelf import Bookshelf, corpus

SECTION = "drug_interactions"
BOOK = "label:p:2"
CLAIM = "Propafenone can increase digoxin levels."
QUOTED = "Propafenone inhibits P-glycoprotein and may raise digoxin levels."
NAMES = Resolver.from_names([("a", "generic", "propafenone"), ("b", "generic", "digoxin")])
SURE = ScriptedJudge(lambda text, _claim: Verdict(0.95, 0.01) if "digoxin" in text else Verdict(0.1, 0.1))


def run(text: str, cited: Cited | None, judge: Judge | None = SURE, shelf: Bookshelf | None = None) -> Checked:
    references = (cited,) if cited else ()
    return check(Claimed((Assertion(text, (1,)),), references), shelf or Bookshelf(corpus()), NAMES, judge)


def quote(text: str) -> Quote:
    section = Bookshelf(corpus()).books[BOOK].section(SECTION)
    assert section is not None
    start = section.text.index(text)
    return Quote.of(text, start, start + len(text))


WHOLE = Cited(1, document_id=BOOK, section=SECTION)
PAGE = next(page for page in Bookshelf(corpus()).pages if page.document_id == BOOK and page.section == SECTION)


@pytest.mark.parametrize(
    "cited",
    [
        WHOLE,
        replace(WHOLE, start=quote(QUOTED).start, end=quote(QUOTED).end),
        replace(WHOLE, quotes=(quote(QUOTED),)),
        Cited(1, passage_id=PAGE.passage_id),
        Cited(1, text=f"Another sentence stands here. {QUOTED}"),
    ],
)
def test_every_kind_of_reference_bears_out_what_it_says(cited: Cited) -> None:
    (quoted,) = run(QUOTED, cited).statements
    assert (quoted.support, quoted.score, quoted.faults) == ("verbatim", 1.0, ())
    (entailed,) = run(CLAIM, cited).statements
    assert (entailed.support, entailed.score) == ("entailed", 0.95)
    assert entailed.evidence is not None
    assert entailed.evidence.text == QUOTED
    if not cited.text:
        section = Bookshelf(corpus()).books[BOOK].section(entailed.evidence.section)
        assert section is not None
        assert section.text[entailed.evidence.start : entailed.evidence.end] == QUOTED


@pytest.mark.parametrize(
    ("text", "cited", "fault"),
    [
        (CLAIM, None, "citation of nothing given"),
        (CLAIM, Cited(1, passage_id="none"), "passage missing"),
        (CLAIM, Cited(1, document_id="none", section="s"), "document missing"),
        (CLAIM, Cited(1, document_id=BOOK, section="s"), "section missing"),
        (CLAIM, replace(WHOLE, start=5, end=99_999), "text differs"),
        (CLAIM, replace(WHOLE, quotes=(replace(quote(QUOTED), start=1),)), "text differs"),
        ("Cats purr.", WHOLE, "no source text to check against"),
        ("Propafenone can lower digoxin levels.", WHOLE, "direction differs"),
        ("Propafenone can increase digoxin levels by 12%.", WHOLE, "number not in source"),
        ("Propafenone inhibits plasma levels.", Cited(1, text="Propafenone is old."), "not supported by its source"),
    ],
)
def test_what_is_not_borne_out_says_why(text: str, cited: Cited | None, fault: str) -> None:
    checked = run(text, cited)
    assert checked.status == "unsupported"
    assert checked.statements[0].support == "unsupported"
    assert fault in checked.statements[0].faults


def test_without_a_judge_quotations_alone_are_confirmed() -> None:
    assert run(QUOTED, WHOLE, None).status == "supported"
    (claim,) = run(CLAIM, WHOLE, None).statements
    assert claim.support == "unsupported"
    assert claim.faults == ("no model to judge it: only quotations can be confirmed",)


def test_an_abstention_says_nothing_that_could_be_wrong() -> None:
    assert check(Claimed((), ()), Bookshelf(corpus()), NAMES, None).status == "supported"


def test_part_of_a_sentence_is_no_quotation() -> None:
    source = Cited(1, text="It is not recommended in children.")
    assert run("recommended in children.", source).statements[0].support == "unsupported"


@pytest.mark.parametrize(
    ("fields", "fault"), [({"retracted": True}, "retracted"), ({"superseded_on": date(2021, 1, 1)}, "superseded")]
)
def test_a_source_that_no_longer_counts_bears_nothing_out(fields: dict[str, object], fault: str) -> None:
    shelf = Bookshelf(corpus())
    shelf.books[BOOK] = replace(shelf.books[BOOK], **fields)  # type: ignore[arg-type]
    checked = run(QUOTED, replace(WHOLE, quotes=(quote(QUOTED),)), shelf=shelf)
    assert [(one.exact, one.fault) for one in checked.quotes] == [(True, fault)]
    assert checked.statements[0].faults == (fault,)
    assert checked.status == "unsupported"


def test_a_text_is_taken_apart_at_its_sentences() -> None:
    text = "Claim one [1]. Claim two.[2][3] Claim three [1, 4-6]! No claim. [7]\nNothing cited. Last [9]."
    assert assertions(text) == (
        Assertion("Claim one.", (1,)),
        Assertion("Claim two.", (2, 3)),
        Assertion("Claim three!", (1, 4, 5, 6)),
        Assertion("No claim.", (7,)),
        Assertion("Nothing cited.", ()),
        Assertion("Last.", (9,)),
    )


@given(st.text(alphabet=st.sampled_from("ab .![]1,-–\n"), max_size=60))
def test_any_text_is_taken_apart(text: str) -> None:
    assert all(one.text.strip() and all(number >= 0 for number in one.citations) for one in assertions(text))


def test_a_span_without_its_negation_is_cut_short() -> None:
    text = "Store it dry. Xanol is not recommended in pregnancy. Unless told otherwise, take two tablets."
    whole = text.index("Xanol"), text.index(" Unless")
    assert not _cut_short(text, *whole)
    assert _cut_short(text, text.index("recommended"), whole[1])
    assert _cut_short(text, text.index("take two"), len(text))
    assert not _cut_short(text, 0, len("Store it dry."))


class Counting:
    """A judge that says how much it was given; ``less``: verdicts that it keeps back."""

    name = "counting"

    def __init__(self, less: int = 0) -> None:
        self.most, self.less = 0, less

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Verdict]:
        self.most = max(self.most, len(pairs))
        return [Verdict(0.1, 0.1)] * (len(pairs) - self.less)


def test_however_much_is_cited_few_pairs_are_judged() -> None:
    text = " ".join(f"Propafenone may raise digoxin levels in group {letter}." for letter in "abcdefgh")
    many = tuple(Cited(number, text=text) for number in range(1, 31))
    judge = Counting()
    check(Claimed((Assertion(CLAIM, tuple(range(1, 31))),), many), Bookshelf(corpus()), NAMES, judge)
    assert 1 < judge.most <= 7


def test_a_judge_that_gives_too_few_verdicts_has_failed() -> None:
    text = f"{QUOTED} Digoxin levels rise."
    (found,) = run(CLAIM, Cited(1, text=text), Counting(1)).statements
    assert "not judged, the model failed" in found.faults


def test_a_pair_that_is_not_read_counts_for_nothing() -> None:
    unread = ScriptedJudge(lambda text, _: Verdict(0.9, 0.0) if text == QUOTED else Verdict(nan, nan))
    (found,) = run(CLAIM, Cited(1, text=f"{QUOTED} Digoxin levels rise."), unread).statements
    assert (found.support, found.score, found.contradicted) == ("entailed", 0.9, 0.0)
    (none,) = run(CLAIM, Cited(1, text=f"{QUOTED} More."), ScriptedJudge(lambda *_: Verdict(nan, nan))).statements
    assert "not judged, the model failed" in none.faults
