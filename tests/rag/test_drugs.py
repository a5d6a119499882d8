"""Drug keys and the resolver: on names made up here, and on the names of all shared labels."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.vocabulary import concept_words, ingredient_names
from ingest.schema import DrugNames
from rag.drugs import Mention, Resolver, keys_of
from rag.naming.ingredients import canonical, ingredients
from rag.naming.spelling import in_drug_position, looks_like_drug, nearest, ordinary_words
from rag.naming.surfaces import tokenize
from tests.shared_data import shared

NAMES = [
    ("a", "generic", "PROPAFENONE HYDROCHLORIDE"),
    ("a", "brand", "Rythmol SR"),
    ("a", "unii", "33XCH0HOCD"),
    ("b", "generic", "colchicine"),
    ("b", "brand", "Colcrys"),
    ("c", "generic", "Amlodipine and Benazepril"),
    ("c", "brand", "Lotrel"),
    ("d", "generic", "AMLODIPINE BESYLATE"),
    ("d", "brand", "Norvasc"),
    ("e", "generic", "CAFFEINE"),
    ("e", "brand", "Stay Awake"),
    ("f", "generic", "ALCOHOL"),
    ("f", "brand", "Dove"),
    ("g", "generic", "BRENTUXIMAB VEDOTIN"),
    ("g", "brand", "ADCETRIS"),
    ("h", "generic", "DIPHENHYDRAMINE"),
    ("h", "brand", "Allergy Relief"),
    ("i", "generic", "LORATADINE"),
    ("i", "brand", "Allergy Relief"),
    ("j", "generic", "TRASTUZUMAB-DKST"),
    ("j", "substance", "TRASTUZUMAB"),
    ("k", "generic", "HYDRALAZINE HYDROCHLORIDE"),
    ("l", "generic", "ISOSORBIDE DINITRATE"),
    ("m", "generic", "prednisolone"),
]


@pytest.fixture(scope="module")
def resolver() -> Resolver:
    return Resolver.from_names(NAMES)


def found(resolver: Resolver, text: str) -> list[str]:
    return [mention.key for mention in resolver.resolve(text)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("PROPAFENONE HYDROCHLORIDE", "propafenone"),
        ("Atorvastatin calcium trihydrate", "atorvastatin"),
        ("sodium oxybate", "oxybate"),
        ("potassium chloride", "potassium chloride"),
        ("MAGNESIUM SULFATE", "magnesium sulfate"),
        ("isosorbide mononitrate", "isosorbide mononitrate"),
        ("ADO-TRASTUZUMAB EMTANSINE", "trastuzumab emtansine"),
        ("mogamulizumab-kpkc", "mogamulizumab"),
        ("peginterferon alfa-2b", "peginterferon alfa-2b"),
        ("MECLIZINE HCL 25MG CHEWABLE TABLETS", "meclizine"),
        ("ORAL SEMAGLUTIDE", "semaglutide"),
        ("tenofovir disoproxil fumarate", "tenofovir disoproxil"),
        ("tablets", ""),
    ],
)
def test_canonical(name: str, key: str) -> None:
    assert canonical(name) == key


def test_ingredients_of_a_combination_leave_carriers_out() -> None:
    assert ingredients("Elexacaftor, Tezacaftor, and Ivacaftor") == ("elexacaftor", "tezacaftor", "ivacaftor")
    assert ingredients("BUPIVACAINE HYDROCHLORIDE IN DEXTROSE") == ("bupivacaine",)
    assert ingredients("dextrose") == ("dextrose",)
    assert ingredients("TRAVOPROST OPHTHALMIC SOLUTION, 0.004%") == ("travoprost",)


def test_keys_prefer_substances_and_the_shorter_spelling() -> None:
    assert keys_of(DrugNames(generic=("PURIXAN",), substance=("MERCAPTOPURINE",))) == ("mercaptopurine",)
    solvate = DrugNames(generic=("TRAMETINIB",), substance=("TRAMETINIB DIMETHYL SULFOXIDE",))
    assert keys_of(solvate) == ("trametinib",)
    partly = DrugNames(generic=("Hydralazine and Isosorbide Dinitrate",), substance=("HYDRALAZINE HYDROCHLORIDE",))
    assert keys_of(partly) == ("hydralazine", "isosorbide dinitrate")
    assert keys_of(DrugNames(brand=("Only A Brand",))) == ()


@given(st.text(max_size=60))
def test_canonical_is_stable(name: str) -> None:
    assert canonical(canonical(name)) in {canonical(name), canonical(canonical(canonical(name)))}
    assert canonical(name) == canonical(name.upper().lower()) or not name.isascii()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("What are the interactions between propafenone and colchicine?", ["propafenone", "colchicine"]),
        ("is RYTHMOL safe", ["propafenone"]),
        ("Propafenone hydrochloride's dose", ["propafenone"]),
        ("colchicine-induced myopathy", ["colchicine"]),
        ("Lotrel dose", ["amlodipine and benazepril"]),
        ("amlodipine/benazepril", ["amlodipine and benazepril"]),
        ("amlodipine alone", ["amlodipine"]),
        ("how can I stay awake", []),
        ("Stay Awake tablets", ["caffeine"]),
        ("a dove flew by", []),
        ("Dove is a bird", []),
        ("dove dose", ["alcohol"]),
        ("Can I drink alcohol with colchicine?", ["colchicine"]),
        ("What is the dose of caffeine?", ["caffeine"]),
        ("caffeine and colchicine", ["colchicine"]),
        ("brentuximab dose", ["brentuximab vedotin"]),
        ("allergy relief", []),
        ("trastuzumab-dkst infusion", ["trastuzumab"]),
        ("", []),
        ("???", []),
    ],
)
def test_resolve(resolver: Resolver, text: str, keys: list[str]) -> None:
    assert found(resolver, text) == keys


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("What is the dose of zorbifloxin?", "zorbifloxin"),
        ("Does Blorvex interact with colchicine?", "Blorvex"),
        ("Is qwertymab safe in pregnancy?", "qwertymab"),
        ("trastuzumab emtansine dose", "trastuzumab emtansine"),
        ("isosorbide mononitrate dose", "isosorbide mononitrate"),
        ("amlodipine liposomal dose", "amlodipine liposomal"),
        ("liposomal colchicine dose", "liposomal colchicine"),
        ("What is the dose of atogepant?", "atogepant"),
        ("daridorexant in the elderly", "daridorexant"),
        ("prednisone dose", "prednisone"),
        ("tirzepatide and pregnancy", "tirzepatide"),
        ("gliclazide while breastfeeding", "gliclazide"),
        ("What is the dose of mavorixafor?", "mavorixafor"),
        ("What is the dose of resmetirom?", "resmetirom"),
        ("bempedoic acid dose", "bempedoic"),
        ("bempedoic acid in pregnancy", "bempedoic"),
        ("how is sotorasib given", "sotorasib"),
        ("efgartigimod vial volume", "efgartigimod"),
    ],
)
def test_an_unknown_drug_is_reported_and_no_other_is_taken(resolver: Resolver, text: str, word: str) -> None:
    reading = resolver.read(text)
    assert word in reading.unresolved
    assert {mention.key for mention in reading.mentions} <= {"colchicine"}


def test_what_two_edits_would_reach_is_only_suggested(resolver: Resolver) -> None:
    assert resolver.read("prednisone dose").lookalikes == {"prednisone": ("prednisolone",)}


@pytest.mark.parametrize("word", ["colchicin", "cholchicine", "colchicnie", "Colchicinne"])
def test_one_edit_is_corrected(resolver: Resolver, word: str) -> None:
    (mention,) = resolver.resolve(f"side effects of {word}")
    assert (mention.keys, mention.rule, mention.surface) == (("colchicine",), "spelling", word)


def test_conditions_and_tests_are_not_unknown_drugs(resolver: Resolver) -> None:
    for text in (
        "side effects of chemotherapy",
        "dose of radiotherapy",
        "Is hyperkalaemia dangerous?",
        "CYP3A4 effects",
    ):
        assert resolver.read(text).unresolved == ()


def test_a_name_of_two_drugs_is_ambiguous(resolver: Resolver) -> None:
    assert resolver.ambiguous["allergy relief"] == ("diphenhydramine", "loratadine")


def test_a_clear_majority_decides() -> None:
    rows = [(f"{number}", "brand", "Xyl") for number in range(9)]
    rows += [(f"{number}", "generic", "xylamine" if number else "zylamine") for number in range(9)]
    assert found(Resolver.from_names(rows), "Xyl dose") == ["xylamine"]


def test_a_filter_name_needs_no_prose_rules(resolver: Resolver) -> None:
    assert resolver.name("stay awake") == ("caffeine",)
    assert resolver.name("Propafenone Hydrochloride") == ("propafenone",)
    assert resolver.name("Unknowndrug sodium") == ("unknowndrug",)


def test_names_of_a_drug(resolver: Resolver) -> None:
    assert set(resolver.names(["propafenone"])) >= {"propafenone", "rythmol sr", "rythmol"}
    assert "stay awake" not in resolver.names(["caffeine"])
    assert resolver.names(["unheard"]) == ("unheard",)


@given(
    st.lists(
        st.sampled_from(["propafenone", "Rythmol SR", "and", "the", "colchicin", "?", "’s", "é", "\n"]), max_size=12
    )
)
def test_mentions_are_spans_in_order(words: list[str]) -> None:
    text = " ".join(words)
    mentions = Resolver.from_names(NAMES).resolve(text)
    assert all(text[mention.start : mention.end] == mention.surface for mention in mentions)
    assert all(one.end <= other.start for one, other in pairwise(mentions))


@given(st.text(max_size=80))
def test_tokens_are_spans_in_order(text: str) -> None:
    tokens = tokenize(text)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    assert all(one.end <= other.start for one, other in pairwise(tokens))


def test_spelling_rules() -> None:
    assert nearest("warfarn", ["warfarin", "water"], 1) == ("warfarin",)
    assert nearest("warf", ["warfa"], 1) == ()
    assert nearest("nimodipine", ["nifedipine"], 1) == ()
    assert {"the", "interaction", "dove"} <= ordinary_words()
    assert in_drug_position("dose of xyz", 8, 11)
    assert not in_drug_position("Is xyz red?", 3, 6)
    assert not looks_like_drug("the dose of morning", 12, 19)


def records() -> Iterator[tuple[str, DrugNames]]:
    for part in ("core", "complete"):
        with zipfile.ZipFile(shared(f"labels/drug-label-{part}.json.zip")) as archive:
            results = json.loads(archive.read(archive.namelist()[0]))["results"]
        for index, result in enumerate(results):
            block = result.get("openfda", {})
            fields = (tuple(block.get(f"{name}_name", ())) for name in ("generic", "brand", "substance"))
            yield f"{part}:{index}", DrugNames(*fields)


@pytest.fixture(scope="module")
def real() -> tuple[dict[str, DrugNames], Resolver]:
    labels = dict(records())
    rows = [
        (label, name_field, name)
        for label, names in labels.items()
        for name_field in ("generic", "brand", "substance")
        for name in getattr(names, name_field)
    ]
    return labels, Resolver.from_names(rows)


def test_every_real_label_has_a_key_and_few_names_are_ambiguous(real: tuple[dict[str, DrugNames], Resolver]) -> None:
    labels, resolver = real
    assert len(labels) == 1238
    assert all(keys_of(names) for names in labels.values())
    assert len(resolver) > 2000
    assert len(resolver.ambiguous) < 10


def test_every_real_generic_name_resolves_to_its_own_label(real: tuple[dict[str, DrugNames], Resolver]) -> None:
    labels, resolver = real
    wrong = [
        name
        for names in labels.values()
        for name in names.generic
        if not (set(keys_of(names)) & {key for mention in said(resolver, name) for key in mention.keys})
    ]
    assert len(wrong) <= 3, wrong


def said(resolver: Resolver, name: str) -> tuple[Mention, ...]:
    return resolver.resolve(f"What is the recommended dose of {name}?")


def test_a_real_drug_that_the_corpus_lacks_is_known_to_be_one() -> None:
    resolver = Resolver.from_names([("label:a:1", "generic", "Warfarin Sodium")])
    assert resolver.read("What should I monitor during lithium therapy?").unresolved == ("lithium",)
    assert resolver.read("How much water should an adult drink?").unresolved == ()


def test_brands_that_the_corpus_does_not_write_are_known() -> None:
    resolver = Resolver.from_names([("label:a:1", "generic", "Metoprolol Tartrate")])
    assert [mention.keys for mention in resolver.read("What is the dose of Lopressor?").mentions] == [("metoprolol",)]
    assert resolver.read("What is the dose of Crestor?").unresolved == ("Crestor",)


@pytest.mark.parametrize("brand", ["Abraxane", "Exparel"])
def test_a_brand_in_another_carrier_is_not_the_plain_drug(brand: str) -> None:
    resolver = Resolver.from_names([("label:a:1", "generic", "Paclitaxel"), ("label:b:1", "generic", "Bupivacaine")])
    reading = resolver.read(f"What is the dose of {brand}?")
    assert (reading.mentions, reading.unresolved) == ((), (brand,))


def test_what_follows_a_name_in_the_genitive_is_kept() -> None:
    resolver = Resolver.from_names([("label:a:1", "generic", "Metoprolol Tartrate")])
    assert resolver.read("warfarin's starting dose").unresolved == ("warfarin's",)


@pytest.mark.parametrize(
    "condition",
    [
        "psoriasis",
        "hyperemesis",
        "varicella",
        "lupus",
        "epilepsy",
        "migraine",
        "migraines",
        "heartburn",
        "gallstones",
        "toxoplasma",
        "shingles",
        "ferritin",
        "cytomegalovirus",
        "hypothyroid",
        "bilirubin",
        "eczema",
        "polyhydramnios",
    ],
)
def test_a_condition_in_pregnancy_is_no_unknown_drug(resolver: Resolver, condition: str) -> None:
    assert resolver.read(f"{condition} in pregnancy").unresolved == ()
    assert resolver.read(f"{condition} and pregnancy").unresolved == ()


@pytest.mark.parametrize("dosed", ["vasopressors", "chemotherapy", "radiation", "uric acid", "biologics"])
def test_a_kind_of_treatment_that_is_dosed_is_no_unknown_drug(resolver: Resolver, dosed: str) -> None:
    assert resolver.read(f"What is the dose of {dosed}?").unresolved == ()


def test_the_first_word_of_a_name_that_is_an_ingredient_needs_no_position() -> None:
    resolver = Resolver.from_names([("label:a:1", "generic", "ropeginterferon alfa-2b")])
    reading = resolver.read("Has ropeginterferon been shown to work in children?")
    assert ([mention.key for mention in reading.mentions], reading.unresolved) == (["ropeginterferon alfa-2b"], ())


@pytest.mark.parametrize("word", ["rheumatoid", "creatinine", "albumin", "epilepsy", "platelets", "lupus", "measles"])
@pytest.mark.parametrize(
    "asked",
    ["colchicine dose with {} 2.0, age 82", "colchicine dose in {} arthritis", "colchicine or {}"],
)
def test_medical_words_beside_a_drug_are_no_unknown_drugs(resolver: Resolver, word: str, asked: str) -> None:
    assert resolver.read(asked.format(word)).unresolved == ()


def test_words_of_the_concepts_are_no_unknown_drugs_but_where_they_are_ingredients(resolver: Resolver) -> None:
    taken = {
        word
        for word in concept_words()
        for place in ("dose of {}?", "colchicine with {}")
        if resolver.read(place.format(word)).unresolved
    }
    assert taken <= ingredient_names()


def test_a_substance_of_the_body_is_an_unknown_drug_where_it_is_dosed(resolver: Resolver) -> None:
    assert resolver.read("What is the dose of albumin?").unresolved == ("albumin",)
