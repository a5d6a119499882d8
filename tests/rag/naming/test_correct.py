"""Misspellings and abbreviations: resolved where sure, reported with what they may mean, never another drug."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.vocabulary import ingredient_names
from rag.drugs import Reading, Resolver
from rag.naming.correct import Speller, distance, skeleton
from tests.rag.misspellings import misspelt

GENERICS = sorted(name for name in ingredient_names() if len(name) >= 6)
BRANDS = {"rivaroxaban": "Xarelto", "apixaban": "Eliquis", "atorvastatin": "Lipitor", "pexidartinib": "Turalio"}
ROWS = [(name, "generic", name) for name in (*GENERICS, "pexidartinib", "magnesium sulfate", "isosorbide mononitrate")]
ROWS += [(generic, "brand", brand) for generic, brand in BRANDS.items()]
RESOLVER = Resolver.from_names(ROWS)


def keys(reading: Reading) -> set[str]:
    return {key for mention in reading.mentions for key in mention.keys}


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("propafanone", "propafenone"),
        ("colchacine", "colchicine"),
        ("levothyroxin", "levothyroxine"),
        ("metforman", "metformin"),
        ("atorvastatine", "atorvastatin"),
        ("amoxicilin", "amoxicillin"),
        ("azithromicin", "azithromycin"),
        ("fenytoin", "phenytoin"),
        ("kolchicine", "colchicine"),
        ("metoprolal", "metoprolol"),
        ("Xeralto", "rivaroxaban"),
        ("Eliqus", "apixaban"),
        ("Lipitor", "atorvastatin"),
        ("paracetamol", "acetaminophen"),
        ("salbutamol", "albuterol"),
        ("adrenaline", "epinephrine"),
        ("frusemide", "furosemide"),
        ("HCTZ", "hydrochlorothiazide"),
        ("ASA", "aspirin"),
        ("INH", "isoniazid"),
        ("5-FU", "fluorouracil"),
        ("6-MP", "mercaptopurine"),
        ("isosorbid mononitrate", "isosorbide mononitrate"),
    ],
)
def test_resolved(word: str, key: str) -> None:
    reading = RESOLVER.read(f"{word} and the kidneys")
    assert (keys(reading), reading.unresolved) == ({key}, ())


def test_a_combination_by_its_abbreviation() -> None:
    assert keys(RESOLVER.read("TMP-SMX rash")) == {"sulfamethoxazole", "trimethoprim"}


@pytest.mark.parametrize(
    ("word", "readings"),
    [
        ("hydroxazine", {"hydroxyzine", "hydralazine"}),
        ("hydralizine", {"hydroxyzine", "hydralazine"}),
        ("prednisolne", {"prednisolone", "prednisone"}),
        ("MTX", {"methotrexate", "mitoxantrone"}),
        ("AZT", {"zidovudine", "azathioprine"}),
        ("MSO4", {"morphine", "magnesium sulfate"}),
        ("HCT", {"hydrochlorothiazide", "hydrocortisone"}),
    ],
)
def test_what_may_be_two_drugs_is_reported(word: str, readings: set[str]) -> None:
    reading = RESOLVER.read(f"What is the dose of {word}?")
    assert (reading.mentions, reading.unresolved) == ((), (word,))
    assert readings <= set(reading.readings[word.casefold()])
    assert readings <= set(reading.lookalikes[word.casefold()])


def test_a_misspelt_drug_that_the_corpus_lacks_is_not_taken_for_one_that_it_holds() -> None:
    small = Resolver.from_names([("a", "generic", "hydralazine"), ("b", "generic", "prednisolone")])
    for word in ("hydroxyzin", "prednisne", "paracetamol", "hydroxazine"):
        reading = small.read(f"What is the dose of {word}?")
        assert (reading.mentions, reading.unresolved) == ((), (word,))


def test_a_new_drug_of_a_known_stem_is_not_taken_for_another_of_that_stem() -> None:
    small = Resolver.from_names([("a", "generic", "acalabrutinib")])
    reading = small.read("What is the dose of orelabrutinib?")
    assert (reading.mentions, reading.unresolved) == ((), ("orelabrutinib",))
    assert keys(small.read("What is the dose of acalabrutnib?")) == {"acalabrutinib"}


@pytest.mark.parametrize(
    "word", ["hydroxyzine", "hydralazine", "clonidine", "clonazepam", "prednisone", "prednisolone"]
)
def test_right_spelling_makes_no_noise(word: str) -> None:
    reading = RESOLVER.read(f"What is the dose of {word}?")
    assert (keys(reading), reading.unresolved, reading.lookalikes, reading.readings) == ({word}, (), {}, {})
    assert reading.mentions[0].rule == "generic"


@pytest.mark.parametrize(
    "text",
    ["cholesterol and glutamate in the intestine", "macular autoimmune disease", "his asa", "ocular pain", "Cockayne"],
)
def test_words_of_medicine_are_no_misspelt_drugs(text: str) -> None:
    reading = RESOLVER.read(text)
    assert (keys(reading) - {"aspirin"}, reading.unresolved) == (set(), ())


@pytest.mark.parametrize(("edits", "resolved", "found"), [(1, 0.6, 0.95), (2, 0.45, 0.93)])
def test_no_misspelling_becomes_another_drug(edits: int, resolved: float, found: float) -> None:
    """Of 300 names, one misspelling each: none is another drug, most resolve, nearly all are resolved or reported."""
    chance = random.Random(edits)
    counts: Counter[str] = Counter()
    for name in chance.sample(GENERICS, 300):
        word = misspelt(name, chance, edits)
        if word in GENERICS:
            continue
        reading = RESOLVER.read(f"What is the dose of {word}?")
        assert keys(reading) <= {name}, f"{word} for {name} is read as {keys(reading)}"
        counts["resolved" if keys(reading) else "reported" if reading.unresolved else "ignored"] += 1
    assert counts["resolved"] > resolved * counts.total()
    assert counts["resolved"] + counts["reported"] > found * counts.total()


WORDS = st.text("abcehioprstuxyz", min_size=1, max_size=12)


@given(WORDS, WORDS)
def test_the_distance_is_symmetric_and_at_least_that_of_the_sounds(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == 0
    assert (distance(one, other) > 0) == (one != other)
    assert skeleton(one) == skeleton(other) or distance(one, other) >= 1


@given(WORDS)
def test_what_is_suggested_is_among_the_nearest(word: str) -> None:
    names = [
        "propafenone",
        "propranolol",
        "prochlorperazine",
        "perphenazine",
        "citalopram",
        "escitalopram",
        "azacitidine",
    ]
    found = Speller({name: name for name in names}, ()).suggest(word)
    if found:
        assert found.cost == min(distance(word, name) for name in names) == distance(word, found.names[0])
        assert found.sure == (sum(distance(word, name) < found.cost + 2 for name in names) == 1)
