"""What questions ask: drugs, sections, shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.drugs import Resolver
from rag.query import understand
from rag.sections import TOPICS, asked, base, slugs_of
from tests.rag.test_drugs import NAMES

RESOLVER = Resolver.from_names(NAMES)


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("What is the starting dose of colchicine?", "dosage_and_administration"),
        ("How much colchicine for gout?", "dosage_and_administration"),
        ("Colchicine side effects", "adverse_reactions"),
        ("Can colchicine cause hair loss?", "adverse_reactions"),
        ("Is colchicine safe in pregnancy?", "pregnancy"),
        ("Can I take colchicine while breast-feeding?", "lactation"),
        ("colchicine for children", "pediatric_use"),
        ("use of colchicine in the elderly", "geriatric_use"),
        ("Colchicine overdose management", "overdosage"),
        ("When is colchicine contraindicated?", "contraindications"),
        ("Who should not take colchicine?", "contraindications"),
        ("Does colchicine have a black box warning?", "boxed_warning"),
        ("What interacts with colchicine?", "drug_interactions"),
        ("How should colchicine be stored?", "storage_and_handling"),
        ("How does colchicine work?", "mechanism_of_action"),
        ("half-life of colchicine", "pharmacokinetics"),
        ("What is colchicine used for?", "indications_and_usage"),
        ("colchicine warnings", "warnings_and_cautions"),
        ("colchicine in renal impairment", "use_in_specific_populations"),
        ("inactive ingredients of colchicine", "description"),
        ("How is colchicine supplied?", "how_supplied"),
        ("Is colchicine addictive?", "drug_abuse_and_dependence"),
    ],
)
def test_the_section_asked_for_comes_first(question: str, section: str) -> None:
    assert understand(question, RESOLVER).sections[0] == section


@pytest.mark.parametrize(
    ("question", "shape"),
    [
        ("What are the interactions between propafenone and colchicine?", "interaction"),
        ("Can I take propafenone with colchicine?", "interaction"),
        ("propafenone colchicine", "interaction"),
        ("What interacts with colchicine?", "interaction"),
        ("propafenone versus amlodipine", "comparison"),
        ("Should I use propafenone or amlodipine?", "comparison"),
        ("What is the dose of colchicine?", "plain"),
        ("Does zorbifloxin interact with colchicine?", "interaction"),
        ("", "plain"),
    ],
)
def test_shape(question: str, shape: str) -> None:
    assert understand(question, RESOLVER).shape == shape


def test_two_drugs_without_a_cue_ask_for_interactions() -> None:
    assert understand("propafenone colchicine", RESOLVER).sections[0] == "drug_interactions"


def test_groups_keep_order_and_combinations_whole() -> None:
    query = understand("Lotrel, colchicine, Rythmol and Colcrys", RESOLVER)
    assert query.drugs == (("amlodipine", "benazepril"), ("colchicine",), ("propafenone",))
    assert query.keys == ("amlodipine", "benazepril", "colchicine", "propafenone")


def test_a_combination_asked_as_two_drugs_is_two() -> None:
    query = understand("interaction between amlodipine and benazepril", RESOLVER)
    assert query.drugs == (("amlodipine",), ("benazepril",))
    assert understand("amlodipine and benazepril dose", RESOLVER).drugs == (("amlodipine", "benazepril"),)


def test_an_invented_drug_is_unresolved() -> None:
    query = understand("What is the dose of zorbifloxin?", RESOLVER)
    assert (query.drugs, query.unresolved) == ((), ("zorbifloxin",))


@given(st.text(max_size=200))
def test_any_text_is_understood(question: str) -> None:
    query = understand(question, RESOLVER)
    assert query.question == question
    assert len(set(query.sections)) == len(query.sections)


def test_slugs_come_in_rounds() -> None:
    topics = asked("dose and overdose")
    assert [topic.name for topic in topics] == ["overdose", "dosage"]
    assert slugs_of(topics) == ("overdosage", "dosage_and_administration", "dosage_forms_and_strengths")
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize(
    ("slug", "stem"), [("overdosage", "overdosage"), ("a.2", "a"), ("body.methods", "body.methods")]
)
def test_base(slug: str, stem: str) -> None:
    assert base(slug) == stem
