"""What was understood, in words that a reader can check."""

from __future__ import annotations

from typing import get_args

from rag.asked.explain import FOUND, explain, understanding
from rag.drugs import Resolver
from rag.naming.surfaces import Rule as Found
from rag.query import understand
from rag.types import Hit
from tests.rag.bookshelf import Bookshelf, corpus

RESOLVER = Resolver.from_names(
    [("1", "generic", "propafenone hydrochloride"), ("1", "brand", "Rythmol"), ("2", "generic", "colchicine")]
)


def test_drugs_with_how_they_were_found() -> None:
    told = understanding(understand("Does Rythmol interact with colchicine?", RESOLVER))
    assert [(drug.surface, drug.drugs, drug.rule) for drug in told.drugs] == [
        ("Rythmol", ("propafenone",), "brand"),
        ("colchicine", ("colchicine",), "generic"),
    ]
    assert told.searched == (("propafenone",), ("colchicine",))
    assert told.shape == "interaction"


def test_every_way_to_find_a_drug_is_explained() -> None:
    assert FOUND.keys() == set(get_args(Found))


def test_sections_with_the_words_that_ask_for_them() -> None:
    asked = understanding(understand("Is colchicine safe in pregnancy?", RESOLVER)).sections
    assert asked[0].section == "pregnancy"
    assert '"pregnancy"' in asked[0].reason


def test_two_drugs_without_a_cue_ask_for_their_interaction() -> None:
    asked = understanding(understand("propafenone, colchicine", RESOLVER)).sections
    assert asked[0].section == "drug_interactions"
    assert "shape" in asked[0].reason


def test_unknown_names() -> None:
    told = understanding(understand("What is the dose of zorbifloxin?", RESOLVER))
    assert told.unresolved == ("zorbifloxin",)
    assert told.searched == ()


def test_a_hit_that_no_ranking_found_is_its_own_base() -> None:
    shelf = Bookshelf(corpus())
    hit = Hit(shelf.pages[0], shelf.books[shelf.pages[0].document_id], 0.5)
    why = explain(hit)
    assert (why.base, why.score, why.ranks, why.rerank) == (0.5, 0.5, {}, None)
