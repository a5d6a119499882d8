"""What a reader must be told: the warnings of the drug asked for, what changed, what was read, filtered or left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers.safety import listed
from rag.asked.touches import lists
from rag.query import understand
from rag.ranking.scope import Scope, allowed_by
from rag.types import Answer, Filters
from tests.rag.bookshelf import PROPAFENONE, Bookshelf, corpus, document
from tests.rag.test_engine import check, codes, engine_of, view_of
from tests.rag.test_evidence import PAIR

BOX = ("boxed_warning", "WARNING: FETAL TOXICITY\nThese tablets can injure the developing fetus.")
DOSE = ("dosage_and_administration", "The usual initial dose of xanol is 5 mg once daily.")
COMBINED = document("label:xy:1", [BOX, DOSE], "xanol and ynol")
PLAIN = document("label:x:1", [DOSE], "xanol")
PAPER = document("pubmed:7", [("abstract", "Colchicine levels rose with propafenone in a crossover trial.")])


def message(answer: Answer, code: str) -> str:
    return next(notice.message for notice in answer.notices if notice.code == code)


def test_the_box_of_a_combination_is_not_that_of_one_ingredient() -> None:
    shelf = Bookshelf([COMBINED, PLAIN])
    answer = engine_of(shelf).ask("What is the dose of xanol?")
    check(answer, shelf)
    assert not answer.safety
    assert not {item.section for item in answer.references} & {"boxed_warning"}


def test_where_there_is_only_a_combination_its_box_is_said_to_be_its_own() -> None:
    other = document("label:x:1", [DOSE], "zanol")
    answer = engine_of(Bookshelf([COMBINED, other])).ask("What is the dose of xanol?")
    assert {item.drug for item in answer.safety} == {"xanol and ynol"}


def test_a_box_is_quoted_from_its_start_however_many_labels_there_are() -> None:
    long = "\n".join(f"Xanol caused harm number {n} in a study of many patients who took it." for n in range(300))
    box = ("boxed_warning", f"WARNING: FIRST OF ALL\n{long}")
    labels = [document(f"label:x{n}:1", [box, DOSE], "xanol", effective=date(2000 + n, 1, 1)) for n in range(9)]
    shelf = Bookshelf(labels)
    hits = view_of(shelf).section(("xanol",), "boxed_warning", None).hits
    assert {hit.document.document_id for hit in hits} == {"label:x8:1"}
    assert hits[0].passage.start == 0
    assert len(hits) == len([page for page in shelf.pages if page.document_id == "label:x8:1"]) - 1
    assert view_of(shelf).section(("xanol",), "boxed_warning", None, {"label:x3:1"}).hits[0].document.version == "1"


@pytest.mark.parametrize("change", ["superseded", "text", "gone"])
def test_a_warning_that_changed_since_the_index_is_announced_first(change: str) -> None:
    shelf = Bookshelf(corpus())
    engine = engine_of(shelf)
    assert "safety_unavailable" not in codes(engine.ask(PAIR))
    old = shelf.books["label:p:2"]
    if change == "superseded":
        shelf.books["label:p:2"] = replace(old, superseded_on=date(2021, 1, 1))
    elif change == "text":
        new = tuple((slug, text.replace("WARNING", "SEVERE WARNING")) for slug, text in PROPAFENONE)
        shelf.books["label:p:2"] = document("label:p:2", new, "propafenone")
    else:
        del shelf.books["label:p:2"]
    answer = engine.ask(PAIR)
    check(answer, shelf)
    assert answer.status != "answered"
    assert answer.answer.startswith("The boxed warning of propafenone has changed since the index was built")


def test_dates_of_callers_are_not_remembered() -> None:
    view = view_of(Bookshelf(corpus()))
    for day in range(1, 20):
        assert view.section(("propafenone",), "boxed_warning", date(2021, 1, day)).hits
    assert not view._sections
    assert view.section(("propafenone",), "boxed_warning", None).hits
    assert len(view._sections) == 1


def test_another_drug_that_the_filter_allows_is_no_answer() -> None:
    shelf = Bookshelf(corpus())
    answer = engine_of(shelf).ask("What is the dose of propafenone?", filters=Filters(drugs=("colchicine",)))
    check(answer, shelf)
    assert answer.status == "abstained"


def test_only_labels_and_papers_of_the_filters_drugs_count_as_direct_evidence() -> None:
    told = document("label:p:3", [("overdosage", "Colchicine was fatal in one case.")], "propafenone")
    engine = engine_of(Bookshelf([*corpus(), told]))
    assert "no_direct_evidence" not in codes(engine.ask(PAIR, filters=Filters(drugs=("propafenone",))))
    kept = engine.ask(PAIR, filters=Filters(drugs=("colchicine",)))
    assert "that the filters allow" in message(kept, "no_direct_evidence")
    engine = engine_of(Bookshelf([*corpus(), PAPER]))
    assert "no_direct_evidence" not in codes(engine.ask(PAIR, filters=Filters(drugs=("propafenone",))))
    assert "no_direct_evidence" in codes(engine.ask(PAIR, filters=Filters(drugs=("digoxin",))))


def test_a_question_without_a_drug_is_asked_of_the_filters_drugs() -> None:
    shelf = Bookshelf(corpus())
    answer = engine_of(shelf).ask("Which drugs raise its plasma levels?", filters=Filters(drugs=("propafenone",)))
    check(answer, shelf)
    assert {item.drug for item in answer.safety} == {"propafenone"}
    assert answer.statements


def test_a_corrected_spelling_is_said_first() -> None:
    answer = engine_of(Bookshelf(corpus())).ask("What is the dose of colchicin for gout flares?")
    assert answer.answer.startswith('"colchicin" is read as colchicine.\n')
    assert answer.status == "answered"
    assert "spelling_corrected" not in codes(engine_of(Bookshelf(corpus())).ask("dose of Colchicine?"))


def test_statements_without_room_are_announced_and_not_called_missing() -> None:
    shelf = Bookshelf(corpus())
    answer = engine_of(shelf).ask(PAIR, max_references=1)
    check(answer, shelf, limit=1)
    assert "references_omitted" in codes(answer)
    assert "insufficient_evidence" not in codes(answer)
    assert answer.status == "partial"


def test_each_drug_has_a_reference_before_the_warnings() -> None:
    many = [("dosage_and_administration", "Interactions of propafenone call for care."), *PROPAFENONE]
    shelf = Bookshelf([document("label:p:2", many, "propafenone"), corpus()[1]])
    answer = engine_of(shelf).ask(PAIR, max_references=2)
    check(answer, shelf, limit=2)
    cited = {number for statement in answer.statements for number in statement.citations}
    drugs = {drug for item in answer.references if item.number in cited for drug in item.drugs}
    assert drugs == {"propafenone", "colchicine"}


def test_pairs_that_no_source_names_are_named() -> None:
    told = document("label:z:1", [("drug_interactions", "Zanol raises colchicine levels.")], "zanol")
    answer = engine_of(Bookshelf([*corpus(), told])).ask("Do propafenone, colchicine and zanol interact?")
    found = message(answer, "no_direct_evidence")
    assert "names propafenone and colchicine or propafenone and zanol together" in found


class Branded(Bookshelf):
    def drug_names(self) -> list[tuple[str, str, str]]:
        return [*super().drug_names(), ("label:m:1", "brand", "Relief Case Number")]


def test_a_pair_is_found_among_many_passages_that_share_words_of_its_names() -> None:
    acids = "\n".join(f"Propafenone gave relief with retinoic acid in case number {n}." for n in range(2000))
    sections = [("drug_interactions", acids), ("overdosage", "One death with mefenamic acid.")]
    shelf = Branded([document("label:p:2", sections, "propafenone"), document("label:m:1", [DOSE], "mefenamic acid")])
    assert len(shelf.pages) > 40
    answer = engine_of(shelf).ask("Interaction of propafenone with mefenamic acid?")
    assert "no_direct_evidence" not in codes(answer)


def test_concerns_and_corrections_reach_the_reader() -> None:
    book = replace(corpus()[1], expression_of_concern=True, corrected=True)
    answer = engine_of(Bookshelf([book])).ask("Dose of colchicine for gout flares?")
    assert {"expression_of_concern", "corrected_source"} <= codes(answer)
    assert answer.references[0].expression_of_concern
    assert answer.references[0].corrected
    plain = engine_of(Bookshelf([corpus()[1]])).ask("Dose of colchicine for gout flares?")
    assert not {"expression_of_concern", "corrected_source"} & codes(plain)


def test_the_bookshelf_keeps_a_scopes_dates() -> None:
    old = replace(PLAIN, superseded_on=date(2021, 1, 1))
    shelf = Bookshelf([old])
    assert not shelf.rows(Scope())
    assert shelf.rows(Scope(include_superseded=True))
    assert shelf.rows(Scope(as_of=date(2020, 12, 31)))
    assert not shelf.rows(Scope(as_of=date(2020, 1, 1)))
    assert not shelf.rows(Scope(published_after=date(2020, 6, 1), include_superseded=True))
    assert shelf.rows(allowed_by(Filters(published_before=date(2020, 6, 1), include_superseded=True), None))


def test_silence_of_a_label_without_warnings_is_said() -> None:
    bare = document("label:q:1", [("drug_interactions", "Quinapril raises the level of lithium.")], "quinapril")
    answer = engine_of(Bookshelf([*corpus(), bare])).ask("Does quinapril interact with lithium?")
    assert "safety_not_covered" in {notice.code for notice in answer.notices}
    other = engine_of(Bookshelf(corpus())).ask("What is the dose of colchicine?")
    assert "safety_not_covered" not in {notice.code for notice in other.notices}


DROPS = [
    ("dosage_and_administration", "Put one drop of ciprofloxacin into the affected eye every two hours."),
    ("contraindications", "Ciprofloxacin is contraindicated in hypersensitivity to quinolones."),
]
TIZANIDINE = [
    ("drug_interactions", "Tizanidine levels rise tenfold with ciprofloxacin."),
    ("contraindications", "Tizanidine is contraindicated with ciprofloxacin, a potent inhibitor of CYP1A2."),
]


def drops(name: str = "ciprofloxacin", *routes: str) -> Bookshelf:
    text = [(slug, said.replace("iprofloxacin", name[1:]).replace("C", name[0].upper())) for slug, said in DROPS]
    label = document("label:cip:1", text, name, routes=routes or ("ophthalmic",))
    return Bookshelf([label, document("label:tiz:1", TIZANIDINE, "tizanidine", routes=("oral",))])


@pytest.mark.parametrize(
    "question", ["Can ciprofloxacin be given with tizanidine?", "What is the dose of ciprofloxacin?"]
)
def test_eye_drops_alone_do_not_pass_for_the_drug(question: str) -> None:
    shelf = drops()
    answer = engine_of(shelf).ask(question)
    check(answer, shelf)
    assert answer.status == "partial"
    assert "All labels loaded for ciprofloxacin are of products for the eye" in answer.answer
    assert "tablets or injections may have others" in message(answer, "safety_not_covered")


@pytest.mark.parametrize(
    ("shelf", "question"),
    [
        (drops(), "What is the dose of ciprofloxacin eye drops?"),
        (drops(), "What is the dose of ciprofloxacin in conjunctivitis?"),
        (drops("latanoprost"), "What is the dose of latanoprost?"),
        (drops("ciprofloxacin", "ophthalmic", "oral"), "What is the dose of ciprofloxacin?"),
    ],
)
def test_a_route_is_no_matter_where_it_is_asked_for_or_the_only_one(shelf: Bookshelf, question: str) -> None:
    assert not {"route_not_covered", "safety_not_covered"} & codes(engine_of(shelf).ask(question))


@pytest.mark.parametrize(
    ("question", "route", "told"),
    [
        ("Does diclofenac cause skin reactions?", "topical", True),
        ("Does diclofenac cause dry mouth?", "dental", True),
        ("Can diclofenac harm the lungs?", "inhalation", True),
        ("Does diclofenac lead to hair and nail changes?", "topical", True),
        ("Does diclofenac cause pain in the eyes?", "ophthalmic", True),
        ("Does diclofenac gel cause skin reactions?", "topical", False),
        ("What are the side effects of diclofenac for acne?", "topical", False),
        ("Can diclofenac be used in acne?", "topical", False),
        ("What is the dose of diclofenac in asthma?", "inhalation", False),
        ("What is the dose of diclofenac in dry eyes?", "ophthalmic", False),
    ],
)
def test_a_place_that_is_harmed_is_no_way_of_giving(question: str, route: str, told: bool) -> None:
    effects = ("adverse_reactions", "Diclofenac caused skin reactions, dry mouth, lung harm and nail changes.")
    shelf = Bookshelf([document("label:d:1", [DOSE, effects], "diclofenac", routes=(route,))])
    assert ("route_not_covered" in codes(engine_of(shelf).ask(question))) is told


def test_a_way_of_giving_that_no_label_has_is_said() -> None:
    answer = engine_of(drops()).ask("How does ciprofloxacin raise levels of tizanidine eye drops?")
    assert "route_not_covered" not in codes(answer)
    answer = engine_of(drops()).ask("Is tizanidine ear drops contraindicated?")
    assert message(answer, "route_not_covered") == "No label loaded for tizanidine is of a product for the ear."


def test_a_contraindication_that_touches_the_question_is_read_before_what_sounds_harmless() -> None:
    quiet = [("pharmacokinetics", "Zanol had no effect on the levels of ketoconazole in a study of ten men."), CLASSED]
    shelf = Bookshelf([document("label:z:1", quiet, "zanol"), document("label:y:1", [DOSE], "ketoconazole")])
    answer = engine_of(shelf).ask("Can zanol be given with ketoconazole?")
    check(answer, shelf)
    first, second = answer.answer.splitlines()[:2]
    assert first.startswith("Contraindications of zanol: Zanol is contraindicated with strong CYP3A4 inhibitors. [")
    assert "no effect" in second
    assert answer.answer.count("Contraindications") == 1


CLASSED = ("contraindications", "Zanol is contraindicated with strong CYP3A4 inhibitors.")
BARRED = ("contraindications", "Zanol is contraindicated in patients who take ynol.")


def test_a_contraindication_that_is_shown_anyway_is_not_quoted_again() -> None:
    shelf = Bookshelf([document("label:z:1", [BARRED], "zanol"), document("label:y:1", [DOSE], "ynol")])
    answer = engine_of(shelf).ask("Can zanol be given with ynol?")
    assert answer.answer.count("contraindicated in patients who take ynol") == 1


@pytest.mark.parametrize(
    "said",
    [
        "Zanol with strong CYP3A4 inhibitors as ketoconazole is tolerated.",
        "Zanol is not contraindicated with strong CYP3A4 inhibitors as ketoconazole.",
        "Zanol with strong CYP3A4 inhibitors as ketoconazole is tolerated without dose adjustment.",
        "Zanol with strong CYP3A4 inhibitors as ketoconazole may be used and is rarely contraindicated.",
    ],
)
def test_near_equal_words_that_say_the_opposite_hide_no_contraindication(said: str) -> None:
    told = [("pharmacokinetics", said), CLASSED]
    shelf = Bookshelf([document("label:z:1", told, "zanol"), document("label:y:1", [DOSE], "ketoconazole")])
    answer = engine_of(shelf).ask("Can zanol be given with ketoconazole?")
    assert any(one.text == said for one in answer.statements)
    assert "Contraindications of zanol: Zanol is contraindicated with strong CYP3A4 inhibitors. [" in answer.answer


@pytest.mark.parametrize(
    ("question", "told"), [("Can xanol be taken in pregnancy?", True), ("What is the dose of xanol?", False)]
)
def test_what_a_box_says_of_the_patients_asked_about_is_read_first(question: str, told: bool) -> None:
    risk = ("pregnancy", "Xanol in pregnancy led to birth defects in 5 % of children.")
    answer = engine_of(Bookshelf([document("label:x:1", [BOX, DOSE, risk], "xanol")])).ask(question)
    first = answer.answer.partition("\n")[0]
    expected = "Boxed warning of xanol: WARNING: FETAL TOXICITY These tablets can injure the developing fetus. ["
    assert first.startswith(expected) is told
    assert ("\nBoxed warning: xanol" in answer.answer) is not told


def test_a_class_of_the_other_drug_is_read_in_the_labels_interactions() -> None:
    told = "Serotonin syndrome occurs with 5-HT3 antagonists beside SSRIs."
    noise = "\n".join(f"Zanol was given {n} times in a study of interactions of zanol." for n in range(20))
    labels = [("zanol", f"{noise}\n{told}"), ("escitalopram", "Escitalopram is a tablet.")]
    shelf = Bookshelf([document(f"label:{drug}:1", [("drug_interactions", text)], drug) for drug, text in labels])
    answer = engine_of(shelf).ask("Can zanol be given with escitalopram?")
    assert told in {one.text for one in answer.statements}
    assert "no_direct_evidence" in codes(answer)


def test_how_often_something_happens_is_not_answered_with_what_bars_the_drug() -> None:
    against = ("contraindications", "Zanol is contraindicated in active bleeding.")
    shelf = Bookshelf([document("label:z:1", [against, ("adverse_reactions", "Bleeding: 4 % on zanol.")], "zanol")])
    answer = engine_of(shelf).ask("How often does zanol cause bleeding?")
    assert answer.answer.startswith("Bleeding: 4 %")
    told = engine_of(shelf).ask("Can zanol be given in active bleeding?").answer
    assert "Zanol is contraindicated in active bleeding." in told.splitlines()[0]


@pytest.mark.parametrize("question", ["Who should not take zanol?", "What are the contraindications of zanol?"])
def test_contraindications_as_such_are_shown_as_their_section_has_them(question: str) -> None:
    items = "\n".join(f"• {name}" for name in ("Asthma", "Recent stroke", "Severe renal impairment", "Use of MAOIs"))
    section = f"4 CONTRAINDICATIONS\nZanol is contraindicated in patients with:\n{items}\n• Asthma (4)\n• Stroke (4.1)"
    shelf = Bookshelf([document("label:z:1", [("contraindications", section), ("warnings", "Zanol is red.")], "zanol")])
    (statement,) = engine_of(shelf).ask(question).statements
    assert statement.text == f"Zanol is contraindicated in patients with:\n{items}"


def test_contraindications_of_a_patient_or_beside_a_drug_are_not_all_of_them() -> None:
    section = "Zanol is contraindicated in asthma. Zanol must not be taken with alcohol."
    shelf = Bookshelf([document("label:z:1", [("contraindications", section)], "zanol")])
    for question in ("Is zanol contraindicated in asthma?", "Is zanol contraindicated with alcohol?"):
        assert not listed(view_of(shelf, "g"), understand(question, shelf.resolver()), None)


@given(st.lists(st.sampled_from(["4 CONTRAINDICATIONS", "\n• Asthma (4)", "Zanol", "\n", " (4) ", "• Stroke"])))
def test_what_is_shown_of_a_section_stands_in_it_where_it_says(parts: list[str]) -> None:
    text = "".join(parts).strip() or "None"
    shelf = Bookshelf([document("label:z:1", [("contraindications", text)], "zanol")])
    query = understand("contraindications of zanol", shelf.resolver())
    shown = listed(view_of(shelf, "g"), query, None)
    assert shown
    assert all(text[item.start : item.end] == item.text for item in shown)
    for word in ("Stroke", "Asthma"):
        assert (word in text) == any(word in item.text for item in shown)


@pytest.mark.parametrize(
    "section",
    [
        "CONTRAINDICATIONS\nZanol is contraindicated with MAOIs (4.1).\nZanol is contraindicated in asthma (4.2).",
        "4 CONTRAINDICATIONS\n• Asthma (4)\n• Severe stroke (4.1)",
        "Contraindications to zanol include asthma and gout.",
    ],
)
def test_no_contraindication_is_cut_off_as_a_short_form(section: str) -> None:
    shelf = Bookshelf([document("label:z:1", [("contraindications", section)], "zanol")])
    (shown,) = listed(view_of(shelf, "g"), understand("contraindications of zanol", shelf.resolver()), None)
    assert shown.text == section.removeprefix("4 ").removeprefix("CONTRAINDICATIONS\n")


@pytest.mark.parametrize("filters", [Filters(kinds=("article",)), Filters(sections=("warnings",))])
def test_contraindications_as_such_do_not_leave_the_filters(filters: Filters) -> None:
    shelf = Bookshelf([document("label:z:1", [("contraindications", "Zanol is contraindicated in asthma.")], "zanol")])
    assert not engine_of(shelf).ask("What are the contraindications of zanol?", filters=filters).statements
    allowed = Filters(kinds=("label",), sections=("contraindications",))
    assert engine_of(shelf).ask("What are the contraindications of zanol?", filters=allowed).statements


@pytest.mark.parametrize("question", ["Is zanol contraindicated in HIV?", "Is zanol contraindicated if I drink?"])
def test_a_question_on_one_patient_is_not_answered_with_the_list(question: str) -> None:
    labels = [("contraindications", "Zanol is contraindicated in asthma."), ("warnings", "Never give zanol in HIV.")]
    shelf = Bookshelf([document("label:z:1", labels, "zanol")])
    assert not lists(understand(question, shelf.resolver()))


def test_a_contraindication_in_other_words_for_the_same_illness_touches_the_question() -> None:
    against = "Zanol is contraindicated with a family history of medullary thyroid carcinoma."
    labels = [
        ("contraindications", against),
        ("warnings", "Counsel on the risk of medullary thyroid cancer with zanol."),
    ]
    shelf = Bookshelf([document("label:z:1", labels, "zanol")])
    answer = engine_of(shelf).ask("My sister had thyroid cancer, is zanol okay?")
    assert against in answer.answer.splitlines()[0]
