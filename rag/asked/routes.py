"""By which way the products of labels are given, and what of that a question asks for.

A drug of which only eye drops or a cream is loaded has other doses, interactions and warnings than its tablets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from corpora.vocabulary import local_names
from ingest.schema import Document
from rag.asked.patient import routes_of
from rag.query import Query

PLACES = {
    "ophthalmic": "the eye",
    "otic": "the ear",
    "nasal": "the nose",
    "topical": "the skin or a mucous membrane",
    "vaginal": "the vagina",
    "rectal": "the rectum",
    "inhalation": "the airways",
    "dental": "the mouth",
}
"""The ways of giving a drug to a place of the body, as `rag.asked.patient.routes_of` calls them, and the places."""

_SAME = {
    "auricular (otic)": "otic",
    "respiratory (inhalation)": "inhalation",
    "cutaneous": "topical",
    "percutaneous": "topical",
    "conjunctival": "ophthalmic",
    "intraocular": "ophthalmic",
    "intravitreal": "ophthalmic",
    "intracameral": "ophthalmic",
    "oropharyngeal": "dental",
    "periodontal": "dental",
    "submucosal": "dental",
}
"""Routes of openFDA and SPL by the name of their place here."""
_MEANT = {
    "ophthalmic": r"eyes?|ocular|ophthalm\w+|conjunctivitis|keratitis|glaucoma|uveitis|blepharitis",
    "otic": r"ears?|otitis",
    "nasal": r"nose|nostrils?|nasal|rhinitis",
    "topical": r"skin|cutaneous|acne|tinea|psoriasis|eczema|dermatitis|rosacea|warts?|kerato\w+|scalp|nails?|wounds?",
    "vaginal": r"vagin\w+|vulv\w+",
    "rectal": r"rect\w+|an(?:us|al)|h(?:ae|e)morrhoid\w*",
    "inhalation": r"asthma|copd|airways?|lungs?|bronch\w+|inhal\w+|nebuli\w+",
    "dental": r"dent\w+|gums?|mouth\w*|throat|oropharyn\w+|thrush|periodont\w+",
}
"""Words by which a question that names no way of giving means a place."""
_MEANS = {place: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for place, words in _MEANT.items()}

_HARMS = re.compile(
    r"\b(?:harm\w*|damag\w*|injur\w*|hurt\w*|affect\w*|chang(?:e[sd]?|ing)|caus(?:e[sd]?|ing)|irritat\w*|burn\w*"
    r"|bleed\w*|dry\w*|rash\w*|ulcer\w*|discolo\w*|itch\w*|numb\w*|worsen\w*|toxic\w*|reactions?|bad\sfor|loss)\b",
    re.IGNORECASE,
)
_HARM_TOPICS = frozenset({"adverse_reactions", "interactions", "warnings", "boxed_warning", "overdose"})
_GIVEN_TOPICS = frozenset({"dosage", "indications"})
_TREATED = r"\b(?:for|against|to\streat|treat(?:s|ing|ment\sof)?)\s(?:(?:an?|the|my|her|his|of)\s)?(?:[\w-]+\s)?"
_MEANS_TREATED = {place: re.compile(rf"{_TREATED}(?:{words})\b", re.IGNORECASE) for place, words in _MEANT.items()}
_AT_ORGAN = re.compile(
    r"(?<!given\s)(?<!put\s)(?<!applied\s)(?<!used\s)(?<!drops\s)\b(?:on\sthe\sskin|in\sthe\s(?:eye|ear)s?)\b",
    re.IGNORECASE,
)
"""Where something happens, unless something is given there."""


def routes_of_label(document: Document) -> frozenset[str]:
    """The ways of giving that its source states, as a question's are called; empty where it states none."""
    return frozenset(_SAME.get(route, route) for route in document.routes)


def elsewhere(query: Query, keys: tuple[str, ...], labels: Iterable[Document]) -> str:
    """The place for which all these labels of a drug are, though the question does not ask for it; else empty.

    Empty too where the drug is given to places alone (latanoprost), or a label does not state how it is given.
    """
    routes = [routes_of_label(document) for document in labels]
    held = frozenset[str]().union(*routes)
    if not held or not all(routes) or not held <= PLACES.keys() or _local_alone(keys):
        return ""
    return "" if _places_asked(query) & held else place_of(held)


def _places_asked(query: Query) -> set[str]:
    """The ways of giving that a question names, else means by a place of the body or an illness of it.

    Where it asks for harm or interactions the place is what is harmed ("skin reactions"), unless it is treated.
    """
    text, topics = query.question, set(query.topics)
    harmed = not topics & _GIVEN_TOPICS and _HARMS.search(text)
    if not (harmed or _HARM_TOPICS & topics):
        return set(query.routes) or {place for place, meant in _MEANS.items() if meant.search(text)}
    named = set(query.routes) & set(routes_of(_AT_ORGAN.sub(" ", text)))
    return named or {place for place, meant in _MEANS_TREATED.items() if meant.search(text)}


def other_way(query: Query, labels: Iterable[Document]) -> str:
    """The place that a question asks for where none of these labels of its drug is for it; else empty."""
    routes = [routes_of_label(document) for document in labels]
    asked = PLACES.keys() & set(query.routes)
    return place_of(asked) if asked and routes and all(routes) and not asked & set().union(*routes) else ""


def place_of(routes: Iterable[str]) -> str:
    """The places of these routes in words: "the eye", "the eye or the ear"."""
    return " or ".join(PLACES[route] for route in PLACES if route in set(routes))


def _local_alone(keys: tuple[str, ...]) -> bool:
    return all(key.split()[0] in local_names() for key in keys)
