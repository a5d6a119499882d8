"""What questions ask: drugs, sections, shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.asked.sections import TOPICS, asked, base, slugs_of
from rag.drugs import Resolver
from rag.neutral.question import neutral
from rag.query import understand
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
    assert query.question in {question, neutral(question)}
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


@pytest.mark.parametrize(
    "question",
    [
        "Should I use propafenone or an SSRI?",
        "Is propafenone the same as amlodipine?",
        "How do I change from propafenone to amlodipine?",
    ],
)
def test_a_choice_a_switch_and_sameness_are_comparisons(question: str) -> None:
    assert understand(question, RESOLVER).shape == "comparison"


NAMED = """acetylcysteine;acetaminophen;flumazenil;alprazolam;rituximab;celecoxib;ibuprofen;cefazolin;penicillin g
    ;carboplatin;leucovorin;methotrexate;argatroban;heparin sodium;sugammadex;rocuronium;digoxin;amiodarone;verapamil
    ;warfarin;apixaban;buprenorphine;methadone;carbamazepine;phenytoin;fluconazole;ferumoxytol;iron dextran;naloxone"""
RANGE = Resolver.from_names([(name.strip(), "generic", name.strip()) for name in NAMED.split(";")])


@pytest.mark.parametrize(
    ("question", "drugs"),
    [
        (
            "had anaphylaxis to acetylcysteine last year, can we give it again for paracetamol overdose?",
            "acetylcysteine",
        ),
        ("anaphylaxis to carboplatin: desensitize, restart?", "carboplatin"),
        ("allergic to celecoxib; can it be tried again, or is ibuprofen better?", "celecoxib ibuprofen"),
        ("rash from ibuprofen, is a rechallenge safe while on warfarin?", "ibuprofen warfarin"),
        ("rash to cefazolin. Rechallenge with penicillin g?", "penicillin g"),
        ("allergic to penicillin. I have cefazolin at home, can I take it?", "cefazolin"),
        ("reaction to iron dextran before, try ferumoxytol again?", "ferumoxytol"),
    ],
)
def test_a_drug_not_tolerated_is_asked_about_where_it_is_to_be_given_again(question: str, drugs: str) -> None:
    found = understand(question, RANGE)
    assert " ".join(" ".join(keys) for keys in found.drugs) == drugs
    assert found.allergies
    assert "contraindications" in found.sections
    assert not set(found.partners) & set(found.keys)


@pytest.mark.parametrize(
    ("question", "drug", "treated"),
    [
        ("flumazenil for alprazolam overdose, what dose?", "flumazenil", "alprazolam"),
        ("flumazenil for benzodiazepine overdose: dose", "flumazenil", ""),
        ("dose of sugammadex for reversal of rocuronium", "sugammadex", "rocuronium"),
        ("argatroban dose in heparin-induced thrombocytopenia", "argatroban", "heparin"),
        ("leucovorin rescue after high-dose methotrexate: dose?", "leucovorin", "methotrexate"),
        ("is buprenorphine dosed differently for methadone withdrawal", "buprenorphine", "methadone"),
    ],
)
def test_what_did_the_harm_is_not_asked_about(question: str, drug: str, treated: str) -> None:
    found = understand(question, RANGE)
    assert (found.drugs, found.shape, found.classes) == (((drug,),), "plain", ())
    assert [one.surface for one in found.mentions if one.role == "treated"] == ([treated] if treated else [])
    assert set(found.aside) == ({treated} if treated else set())
    assert found.sections[0] == "dosage_and_administration"


@pytest.mark.parametrize(
    ("question", "drugs"),
    [
        ("alprazolam overdose management", ["alprazolam"]),
        ("what to give for alprazolam overdose?", ["alprazolam"]),
        (
            "patient on carbamazepine, what should I give for acetaminophen overdose?",
            ["carbamazepine", "acetaminophen"],
        ),
        ("risk of digoxin toxicity with amiodarone", ["digoxin", "amiodarone"]),
        ("monitor for digoxin toxicity when starting verapamil?", ["digoxin", "verapamil"]),
        ("does fluconazole result in phenytoin toxicity", ["fluconazole", "phenytoin"]),
        ("does fluconazole increase warfarin-related bleeding", ["fluconazole", "warfarin"]),
        ("can I take ibuprofen after warfarin?", ["ibuprofen", "warfarin"]),
    ],
)
def test_harm_that_is_feared_or_alone_is_asked_about(question: str, drugs: list[str]) -> None:
    found = understand(question, RANGE)
    assert [" ".join(keys) for keys in found.drugs] == drugs
    assert not any(one.role == "treated" for one in found.mentions)


def test_starting_one_drug_after_another_is_a_switch() -> None:
    found = understand("starting apixaban after warfarin, what INR?", RANGE)
    assert (found.shape, [one.role for one in found.mentions]) == ("comparison", ["asked", "from"])


EATEN = Resolver.from_names(
    [(name, "generic", name) for name in ("levothyroxine", "warfarin", "metronidazole", "simvastatin", "atorvastatin")]
    + [("iron", "generic", "iron"), ("alcohol", "generic", "alcohol"), ("furosemide", "generic", "furosemide")]
)


@pytest.mark.parametrize(
    ("question", "drug", "partner"),
    [
        ("levothyroxine and iron", "levothyroxine", "iron"),
        ("Can I take iron and levothyroxine together?", "levothyroxine", "iron"),
        ("levothyroxine with calcium or iron", "levothyroxine", "calcium"),
        ("warfarin and alcohol", "warfarin", "alcohol"),
        ("warfarin and vitamin K", "warfarin", "vitamin k"),
        ("Is warfarin affected by cranberry juice?", "warfarin", "cranberry"),
        ("sertraline and St. John's wort", "", "st john's wort"),
        ("can I drink on metronidazole", "metronidazole", "alcohol"),
        ("a glass of wine while taking metronidazole", "metronidazole", "alcohol"),
        ("simvastatin grapefruit juice", "simvastatin", "grapefruit"),
        ("furosemide and potassium", "furosemide", "potassium"),
    ],
)
def test_an_everyday_substance_joined_to_a_drug_is_its_partner(question: str, drug: str, partner: str) -> None:
    found = understand(question, EATEN)
    assert (found.keys, found.shape) == ((drug,) if drug else (), "interaction")
    assert partner in found.partners
    assert "drug_interactions" in found.sections


@pytest.mark.parametrize(
    "question",
    [
        "Can patients with iron deficiency take levothyroxine?",
        "patient on furosemide with potassium 2.9",
        "potassium level on furosemide",
        "How often to check BP and potassium with furosemide?",
        "metronidazole for alcohol withdrawal",
        "Does warfarin contain alcohol?",
        "drink plenty of water with metronidazole",
        "warfarin and benzyl alcohol",
    ],
)
def test_what_is_measured_contained_or_treated_is_no_partner(question: str) -> None:
    assert understand(question, EATEN).beside == ()


@pytest.mark.parametrize("question", ["statins with grapefruit", "grapefruit and statins"])
def test_a_food_beside_a_class_is_the_partner_of_its_members(question: str) -> None:
    found = understand(question, EATEN)
    assert (found.unresolved, found.shape, found.partners) == ((), "interaction", ("grapefruit",))
    assert set(found.candidates) == {("simvastatin",), ("atorvastatin",)}


def test_alcohol_beside_an_unknown_drug_is_not_what_is_asked_about() -> None:
    found = understand("Is alcohol safe with metformin?", EATEN)
    assert (found.drugs, found.unresolved, found.beside) == ((), ("metformin",), ("alcohol",))


@pytest.mark.parametrize("measure", ["CrCl 40", "a creatinine clearance of 40"])
def test_the_creatinine_clearance_of_a_patient_asks_for_no_pharmacokinetics(measure: str) -> None:
    query = understand(f"dose of colchicine with {measure}", Resolver.from_names(NAMES))
    assert query.topics == ("dosage", "renal")
