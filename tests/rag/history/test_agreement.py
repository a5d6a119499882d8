"""How many labels agree, which differ, and the rows of tables beside the quotations of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from ingest.schema import Document, DrugNames, Section, Table
from rag.engine import Engine
from rag.history.agreement import agreements
from rag.types import Agreement, Hit
from tests.rag.bookshelf import Bookshelf, document
from tests.rag.test_engine import engine_of

DOSE = "The usual starting dose of xanol tablets in adults is 5 mg once daily with food."
ASKED = "What is the usual starting dose of xanol?"


def label(maker: str, text: str = DOSE, drug: str = "xanol") -> Document:
    return document(f"label:{maker}-{drug}:1", [("dosage_and_administration", text)], drug, labeler=maker)


def hits(engine: Engine) -> dict[str, Hit]:
    return {hit.document.labeler: hit for hit in engine.search(ASKED)[1]}


def agreement(*others: Document, as_of: date | None = None) -> Agreement | None:
    shelf = Bookshelf([label("Alpha"), *others])
    name = shelf.pages[0].passage_id
    return agreements(shelf, {name: ("label:Alpha-xanol:1", ("xanol",))}, as_of).get(name)


def test_labels_with_the_same_words_agree() -> None:
    found = agreement(label("Beta"), label("Gamma", DOSE.replace(" in ", "  in\n")))
    assert found == Agreement(3, ("label:Beta-xanol:1", "label:Gamma-xanol:1"), ("Beta", "Gamma"))


def test_other_words_drugs_and_what_is_not_in_force_do_not_count() -> None:
    assert agreement(label("Beta", DOSE.replace("5", "6")), label("Gamma", drug="zanol")) is None
    gone = replace(label("Beta"), superseded_on=date(2021, 1, 1))
    assert agreement(gone, replace(label("Gamma"), editorial=True)) is None
    found = agreement(gone, as_of=date(2020, 12, 31))
    assert found is not None
    assert found.labels == 2
    assert agreement(label("Beta"), as_of=date(2019, 1, 1)) is None


def test_versions_of_one_label_are_one() -> None:
    again = replace(label("Beta"), document_id="label:Beta-xanol:2")
    own = replace(label("Alpha"), document_id="label:Alpha-xanol:2")
    found = agreement(label("Beta"), again, own)
    assert found is not None
    assert found.labels == 2


def test_an_agreement_names_twenty_and_counts_all() -> None:
    found = agreement(*(label(f"Maker{number:02}") for number in range(30)))
    assert found is not None
    assert (found.labels, len(found.document_ids), len(found.labelers)) == (31, 20, 20)


class Counting(Bookshelf):
    """Knows which documents were asked for."""

    asked: frozenset[str] = frozenset()

    def documents(self, document_ids: Iterable[str]) -> dict[str, Document]:
        wanted = list(document_ids)
        self.asked |= frozenset(wanted)
        return super().documents(wanted)


def test_wording_that_a_class_shares_is_not_read_in_the_labels_of_other_drugs() -> None:
    others = (label(f"Maker{number}", drug=f"zanol{number}") for number in range(30))
    shelf = Counting([label("Alpha"), label("Beta"), *others])
    found = agreements(shelf, {shelf.pages[0].passage_id: ("label:Alpha-xanol:1", ("xanol",))}, None)
    assert [one.labels for one in found.values()] == [2]
    assert shelf.asked == {"label:Alpha-xanol:1", "label:Beta-xanol:1"}


def test_hits_and_references_say_how_many_agree() -> None:
    engine = engine_of(Bookshelf([label("Alpha"), label("Beta"), label("Gamma", DOSE.replace("5 mg", "10 mg"))]))
    found = hits(engine)
    agreed = {name: one.agreement.labels if one.agreement else 1 for name, one in found.items()}
    assert (agreed["Alpha"], agreed["Gamma"]) == (2, 1)
    answer = engine.ask(ASKED)
    assert {2} <= {one.agreement.labels for one in answer.references if one.agreement}


def test_hits_say_which_labels_differ() -> None:
    engine = engine_of(Bookshelf([label("Alpha"), label("Beta", DOSE.replace("5 mg", "10 mg")), label("Gamma")]))
    found = hits(engine)
    assert {(one.kind, one.labeler, one.there) for one in found["Alpha"].variants} == {
        ("figure", "Beta", DOSE.replace("5 mg", "10 mg"))
    }
    assert {one.labeler for one in found["Beta"].variants} == {"Alpha", "Gamma"}
    salt = DrugNames(generic=("xanol",), substance=("XANOL SUCCINATE",))
    engine = engine_of(Bookshelf([label("Alpha"), replace(label("Beta", DOSE.replace("5", "9")), drugs=salt)]))
    assert not any(hit.variants for hit in hits(engine).values())


def test_a_quotation_that_is_a_row_says_which() -> None:
    header, rows = (
        ("Creatinine Clearance (mL/min)", "Xanol dose for adults"),
        (("< 30", "5 mg daily"), ("≥ 30", "9 mg daily")),
    )
    lines = [f"{header[0]}: {row[0]}; {header[1]}: {row[1]}" for row in rows]
    made = Table("Table 1: Xanol", header, rows, 0, len("\n".join(lines)))
    section = Section("dosage_and_administration", "Dosage", ("Dosage",), "\n".join(lines), (made,))
    shelf = Bookshelf([replace(label("Alpha"), sections=(section,))])
    quotes = [
        quote for one in engine_of(shelf).ask("xanol dose creatinine clearance").references for quote in one.quotes
    ]
    assert quotes
    for quote in quotes:
        assert quote.row is not None
        assert (quote.row.table, quote.row.header) == ("Table 1: Xanol", header)
        assert quote.text == lines[quote.row.number - 1]
        assert quote.row.reading.doses[0].low == (5, 9)[quote.row.number - 1]
