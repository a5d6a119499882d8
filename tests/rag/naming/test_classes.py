"""Classes of drugs in questions: found, with the members that the corpus holds, as what is asked or as partner."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.drugs import Resolver
from rag.query import CANDIDATES, Query, understand

HELD = """lisinopril;ramipril;enalapril maleate;losartan potassium;warfarin sodium;ibuprofen;naproxen;sertraline
    hydrochloride;tramadol hydrochloride;colchicine;ketoconazole;clarithromycin;simvastatin;imatinib mesylate;penicillin
    g potassium;amoxicillin;cefazolin sodium;benazepril;captopril;fosinopril;quinapril;moexipril;heparin sodium"""
ROWS = [(name.strip(), "generic", " ".join(name.split())) for name in HELD.split(";")]
RESOLVER = Resolver.from_names([*ROWS, ("second", "generic", "ramipril")])


def query(question: str) -> Query:
    return understand(question, RESOLVER)


@pytest.mark.parametrize(
    ("question", "name", "member"),
    [
        ("contraindications of ACE inhibitors", "ACE inhibitor", "lisinopril"),
        ("an ACE-inhibitor in pregnancy", "ACE inhibitor", "enalapril"),
        ("angiotensin-converting enzyme inhibitors", "ACE inhibitor", "ramipril"),
        ("dose of an ARB", "angiotensin receptor blocker", "losartan"),
        ("SSRI withdrawal", "SSRI", "sertraline"),
        ("NSAIDs and kidneys", "NSAID", "naproxen"),
        ("statins", "statin", "simvastatin"),
        ("side effects of macrolide antibiotics", "macrolide", "clarithromycin"),
        ("azole antifungals", "azole antifungal", "ketoconazole"),
        ("strong CYP3A4 inhibitors", "CYP3A4 inhibitor", "clarithromycin"),
        ("inhibitors of CYP3A", "CYP3A4 inhibitor", "ketoconazole"),
        ("Kinase Inhibitors", "kinase inhibitor", "imatinib"),
        ("Nonsteroidal Anti-inflammatory Drugs", "NSAID", "ibuprofen"),
        ("penicillins", "penicillin", "amoxicillin"),
    ],
)
def test_a_class_is_found_with_the_members_held(question: str, name: str, member: str) -> None:
    found = query(question)
    assert [one.name for one in found.classes] == [name]
    assert member in found.classes[0].keys
    assert set(found.classes[0].keys) <= RESOLVER.keys
    assert found.unresolved == ()


@pytest.mark.parametrize("question", ["the lama spat", "heparin dose", "an antidote", "the pit of despair", ""])
def test_what_is_no_class_is_none(question: str) -> None:
    assert query(question).classes == ()


def test_a_class_alone_stands_for_its_best_covered_members() -> None:
    found = query("contraindications of ACE inhibitors")
    assert (found.drugs, found.shape) == ((), "plain")
    assert len(found.candidates) == CANDIDATES < len(found.classes[0].keys)
    assert found.candidates[0] == ("ramipril",), "two documents are about it"
    assert found.groups == found.candidates
    assert found.partners == ()


def test_a_class_beside_a_drug_is_its_partner() -> None:
    found = query("Can I take warfarin with NSAIDs?")
    assert (found.drugs, found.groups, found.shape) == ((("warfarin",),), (("warfarin",),), "interaction")
    assert {"nsaids", "NSAID", "ibuprofen", "nonsteroidal anti-inflammatory drug", "celecoxib"} <= set(found.partners)
    assert "warfarin" not in found.partners
    assert found.sections[0] == "drug_interactions"


def test_two_classes_compare_or_interact() -> None:
    compared = query("Are ARBs better than ACE inhibitors?")
    assert compared.shape == "comparison"
    assert compared.candidates[:2] == (("losartan",), ("ramipril",))
    together = query("ACE inhibitors together with NSAIDs")
    assert together.shape == "interaction"
    assert ("ibuprofen",) not in together.candidates
    assert "ibuprofen" in together.partners


def test_what_class_a_drug_is_of_is_no_interaction() -> None:
    found = query("Is imatinib a kinase inhibitor?")
    assert (found.drugs, found.shape, found.partners) == ((("imatinib",),), "plain", ())


def test_an_unknown_drug_beside_a_class_stays_unknown() -> None:
    found = query("zorbifloxin with NSAIDs")
    assert (found.unresolved, found.shape, found.candidates) == (("zorbifloxin",), "interaction", ())


@given(
    st.lists(
        st.sampled_from(["ACE inhibitors", "warfarin", "with", "NSAID", "or", "the", "inhibitors of CYP3A4", "\n", "é"])
    )
)
def test_classes_are_spans(words: list[str]) -> None:
    found = query(" ".join(words))
    assert all(found.question[one.start : one.end] == one.surface for one in found.classes)
    named = (*((one.start, one.end) for one in found.classes), *((one.start, one.end) for one in found.mentions))
    spans = sorted(named)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
