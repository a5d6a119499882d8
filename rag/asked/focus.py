"""What a sentence must name to be about the question: its drugs together, a shared mechanism, the population asked for.

These are rules on words, on purpose: they say why a sentence was preferred, and they hold for any embedder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from corpora.vocabulary import synonyms
from rag.asked.patient import PopulationName
from rag.asked.sections import base
from rag.checks import cues
from rag.naming.ingredients import canonical
from rag.query import Query
from rag.sentences.concepts import Said, concepts
from rag.sentences.headings import heading, names_topic, title
from rag.sentences.notes import is_note
from rag.sentences.openers import is_opener
from rag.sentences.spans import is_row
from rag.types import Evidence, Hit, Quote

SHORT = 4
"""Words of a title that is the name of an illness and no more."""
MANY = 3
"""Groups of patients in one statement from which it is a list of them."""
MECHANISM, SECTION = 0.7, 0.3
"""Focus of a sentence about two drugs that names only a mechanism which both share, or only stands in the section."""

_YOUNG_AGE = r"(?:(?:1[0-8]|[1-9])[\s-]years?|\d{1,2}[\s-]months?)\b"
POPULATIONS: dict[str, re.Pattern[str]] = {
    "pregnancy": re.compile(
        r"\b(?:pregnan\w*|fo?etus\w*|fo?etal|in utero|(?:in|the) womb|unborn|trimester\w*"
        r"|(?:expect|try|plan|hop)ing (?:for |to have )?a baby)",
        re.IGNORECASE,
    ),
    "breast-feeding": cues.GROUPS["lactation"][1],
    "renal impairment": re.compile(
        r"\b(?:renal|kidney(?! stone)\w*|dialysis|creatinine|CrCl|eGFR|ESRD)", re.IGNORECASE
    ),
    "hepatic impairment": re.compile(r"\b(?:hepatic|liver|cirrho\w*|child-pugh)", re.IGNORECASE),
    "children": re.compile(
        rf"{cues.GROUPS['child'][1].pattern}"
        r"|\b(?:younger than|under|below) (?:1[0-8]|[1-9]|one|two|three|four|five|six|ten|twelve|eighteen)"
        r" (?:years?|months?|weeks?)\b|\b(?:younger than|under|below) \d{1,2} months?\b"
        # of an age, not of how long something lasted
        rf"|(?:\bless than|<)\s?{_YOUNG_AGE}[ -](?:of age|old)\b"
        rf"|\b(?:age[ds]?|patients)(?: (?:of|is|are|were|who|from|to|\d{{1,2}}|years?|months?)){{0,5}}:?"
        rf"\s?(?:\bless than|<)\s?{_YOUNG_AGE}"
        r"|\b\d{1,2} (?:months?|weeks?) (?:of age|old|and older)\b",
        re.IGNORECASE,
    ),
    "older adults": cues.GROUPS["elderly"][1],
}

NAMES: dict[PopulationName, str] = {
    "pregnancy": "pregnancy",
    "lactation": "breast-feeding",
    "renal": "renal impairment",
    "hepatic": "hepatic impairment",
    "child": "children",
    "elderly": "older adults",
}
"""The names in `POPULATIONS` of the groups that `rag.asked.patient` finds."""
_YOUNG = re.compile(
    r"\b(?:grand)?(?:sons?|daughters?|boys?|girls?|kids?|bab(?:y|ies))\b|\b(?:toddler|newborn|teen|minor|pupil|puberty"
    r"|juvenile|under (?:1[0-8]|\d)\b|young)|\b(?:1[0-7]|\d)[ -]?(?:years?|yrs?|yo\b|y/o|months?|weeks?)",
    re.IGNORECASE,
)
"""Words that may mean a child, though not all do: what is said of children is then not left out."""
ADULTS = cues.GROUPS["adult"][1]

INTOLERANCE = re.compile(
    r"\b(?:cross[\s‑-]*(?:react|sensitiv)|hypersensitiv|allerg|anaphyla|intoleran|angio-?edema|reactions?\s(?:to|after)\b)",
    re.IGNORECASE,
)
_BARS = re.compile(
    r"\bcontra-?indicated\b|\b(?:not|never)\s(?:be\s)?(?:given|taken|used|recommended)\b|\bavoid", re.IGNORECASE
)
_MECHANISM = re.compile(
    r"\b(?:CYP ?\d\w{1,3}|P-?gp|P-glycoprotein|OATP\w*|BCRP|UGT\w*|QTc?|INR|serotonin\w*|hyperkal\w+|hypoglyc\w+"
    r"|hypotensi\w+|bradycardi\w+|nephrotox\w+|bleeding)\b",
    re.IGNORECASE,
)


def focus(query: Query, items: Sequence[tuple[Hit, str]]) -> list[float]:
    """How much each sentence (with its hit) is about what the question singles out, 0 to 1; 0 where it does not.

    One drug: 1 in the section that surely answers, 0.5 in others that may. Several: 1 for a sentence that names two of
    them, 0.7 for a mechanism that sentences of another share, else 0.3 of what its section gives. A population asked
    for weighs half.
    """
    wanted = populations(query.question)
    shared = shared_mechanisms(query, items) if of_several(query) else set()
    plain = [_plain_focus(query, hit, text, shared) for hit, text in items]
    if not wanted:
        return plain
    named = [len(wanted & populations(text)) / len(wanted) for _, text in items]
    return [(value + share) / 2 for value, share in zip(plain, named, strict=True)]


def is_focused(query: Query) -> bool:
    """Whether the question singles out anything that `focus` looks for."""
    return bool(query.sections) or of_several(query) or bool(populations(query.question))


@lru_cache(16384)
def populations(text: str) -> frozenset[str]:
    """The populations that ``text`` speaks of, by their names in `POPULATIONS`."""
    return frozenset(name for name, pattern in POPULATIONS.items() if pattern.search(text))


def groups_of(query: Query) -> frozenset[str]:
    """The groups of patients that the question asks about, by their names in `POPULATIONS`."""
    return frozenset(NAMES[one.name] for one in query.populations)


def group_of(query: Query, hit: Hit) -> int | None:
    """Which of the question's drugs the hit's document is about: its index, None where it is none or several."""
    about = [index for index, keys in enumerate(query.drugs) if set(keys) & set(hit.drugs)]
    return about[0] if len(about) == 1 else None


def names(query: Query, index: int, text: str) -> bool:
    """Whether ``text`` names the question's drug ``index`` by one of its keys, their other names or as the question
    writes it."""
    keys = query.drugs[index]
    surfaces = {mention.surface.casefold() for mention in query.mentions if mention.keys == keys}
    return any(says(name, text) for name in (*keys, *also_called(keys), *sorted(surfaces)))


def names_other(query: Query, hit: Hit, text: str) -> bool:
    """Whether a sentence of ``hit`` brings two drugs of the question together, known to the corpus or not."""
    own = group_of(query, hit)
    known = sum(index == own or names(query, index, text) for index in range(len(query.drugs)))
    return known + sum(says(word, text) for word in query.unresolved) >= 2


@lru_cache(1024)
def also_called(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Other names of the drug of these keys: labels of other drugs call divalproex valproate."""
    listed = (one for one in synonyms() if not one.abbreviation)
    return tuple(one.written for one in listed if set(map(canonical, one.ingredients)) == set(keys))


def says(word: str, text: str) -> bool:
    """Whether ``text`` has ``word`` at the start of a word, in whatever case."""
    return re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) is not None


def of_several(query: Query) -> bool:
    """Whether the question asks how drugs act on each other."""
    return query.shape == "interaction" and len(query.drugs) + len(query.unresolved) > 1


def _plain_focus(query: Query, hit: Hit, text: str, shared: set[str]) -> float:
    slug = base(hit.passage.section)
    section = 1.0 if query.sections[:1] == (slug,) else 0.5 * (slug in query.sections)
    if not of_several(query):
        return section
    if names_other(query, hit, text):
        return 1.0
    return MECHANISM if mechanisms(text) & shared else SECTION * section


def mechanisms(text: str) -> set[str]:
    """Enzymes, transporters and effects through which drugs act on each other, without spaces and hyphens."""
    folded = {re.sub(r"[\s-]", "", match).casefold() for match in _MECHANISM.findall(text)}
    return {"pgp" if term == "pglycoprotein" else term for term in folded}


def shared_mechanisms(query: Query, items: Iterable[tuple[Hit, str]]) -> set[str]:
    """Mechanisms (CYP3A4, P-gp, QT, ...) that stand in sentences of at least two of the question's drugs, folded."""
    owners: dict[str, set[int]] = {}
    for hit, text in items:
        group = group_of(query, hit)
        for term in mechanisms(text) if group is not None else ():
            owners.setdefault(term, set()).add(group or 0)
    return {term for term, groups in owners.items() if len(groups) > 1}


def shared_pathways(query: Query, items: Iterable[tuple[Hit, str]]) -> set[str]:
    """The shared mechanisms that are enzymes or transporters: what papers on interactions are about."""
    return {term for term in shared_mechanisms(query, items) if term.startswith(("cyp", "pgp", "oatp", "bcrp", "ugt"))}


def fitting(query: Query, found: Sequence[Evidence]) -> list[Evidence]:
    """``found`` without what is said of another partner or another group of patients than the question's.

    Where a sentence names the partner that a drug is asked beside (a class, a food), only such stay, else those of the
    sections asked for; where one is about the patient asked for, or about nobody, those about other patients alone go.
    """
    kept = list(found)
    if query.partners:
        kept = [item for item in found if tells_intolerance(query, item.text) or _bars_partner(query, item.text)]
        kept = kept or [item for item in found if names_partner(query, item.text) and not query.allergies]
        kept = kept or [item for item in found if base(item.hit.passage.section) in query.sections]
    wanted = populations(query.question)
    others = [item for item in kept if (told := populations(item.text)) and wanted and not told & wanted]
    return [item for item in kept if item not in others] or kept


def under_fitting(query: Query, found: Sequence[Evidence]) -> list[Evidence]:
    """``found`` without what stands under a title of other patients than the question's: a child's dose for an adult.

    Where a title names what the question asks about (an illness), what stands under another title of that section goes.
    """
    asked = populations(query.question) | groups_of(query)
    young = "children" in asked or _YOUNG.search(query.question) is not None
    kept = [item for item in found if _lists(item.text) or not _of_others(asked, item, young)]
    named = {_place(item) for item in kept if _is_asked(query, item)}
    kept = [item for item in kept if not _above(item) or _place(item) not in named or _is_asked(query, item)]
    told = {item.hit.drugs for item in kept if _tells_illness(query, " ".join([*_above(item), item.text]))}
    return [item for item in kept if item.hit.drugs not in told or not _of_other_illness(query, item)]


def _tells_illness(query: Query, text: str) -> bool:
    said, asked = Said(text), query.question
    for one in query.populations:
        asked = asked.replace(one.surface, ";")
    return any(one.firm and one.told(said) for one in concepts(asked))


def _of_other_illness(query: Query, item: Evidence) -> bool:
    """Whether it stands under the name of an illness, or is a row of one, and says nothing of the question's."""
    first = item.text.partition("; ")[0].partition(": ")[2] if is_row(item.text) else ""
    short = [words.strip(" :") for words in _above(item) if len(words.split()) <= SHORT]
    short = [words for words in (*short, first) if not populations(words)]
    ill = any(one.firm for words in short for one in concepts(words))
    return ill and not _tells_illness(query, " ".join([*_above(item), item.text]))


def _lists(text: str) -> bool:
    """Whether it goes through one group of patients after the other, whatever it begins with."""
    return len(populations(text)) >= MANY


def _titles(item: Evidence) -> str:
    """What it stands under, or begins with."""
    begins = heading(item.text, 0, len(item.text)) or title(item.text, 0, max(0, item.text.find("\n")))
    return " ".join([*_above(item), item.text[slice(*begins)] if begins else ""])


def _of_others(asked: frozenset[str], item: Evidence, young: bool) -> bool:
    """Whether titles name groups of patients and none of those asked about; ``young``: that one may be a child."""
    titles = _titles(item)
    told = populations(titles)
    if ADULTS.search(titles):
        return "children" in asked and "children" not in told
    if "children" in told:
        return not young
    return bool(told and asked and not (told | populations(item.text)) & asked)


def _is_asked(query: Query, item: Evidence) -> bool:
    return any(names_topic(words, query.question) for words in _above(item))


def _above(item: Evidence) -> list[str]:
    return titles(item.under)


def titles(under: Sequence[Quote]) -> list[str]:
    """The titles of what a quotation is shown with; nothing that opens its paragraph (of whom that holds is inferred),
    no note."""
    said = (quote.text for quote in under if not quote.text.endswith("."))
    return [words for words in said if not is_note(words) and not is_opener(words)]


def _place(item: Evidence) -> tuple[str, str]:
    return item.hit.document.document_id, item.hit.passage.section


def unpartnered(query: Query, texts: Sequence[str]) -> bool:
    """Whether a drug is asked beside a class or a food and no text names it."""
    return bool(query.partners) and not any(names_partner(query, text) for text in texts)


def _bars_partner(query: Query, text: str) -> bool:
    """Whether ``text`` forbids the drug to who does not tolerate what the question says."""
    return bool(query.allergies) and _BARS.search(text) is not None and names_partner(query, text)


def tells_intolerance(query: Query, text: str) -> bool:
    """Whether ``text`` speaks of an allergy to what the question says is not tolerated; resistance to it is none."""
    return bool(query.allergies) and INTOLERANCE.search(text) is not None and names_partner(query, text)


def names_partner(query: Query, text: str) -> bool:
    """Whether ``text`` names what the drug is asked beside.

    As a whole word: the alcohols that a drug becomes are not the alcohol that one drinks.
    """
    forms = (rf"\b{re.escape(word)}(?:ic\s(?:beverages?|drinks?|products?))?\b" for word in query.partners)
    return any(re.search(form, text, re.IGNORECASE) for form in forms)
