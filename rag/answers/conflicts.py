"""Where sources disagree, or speak of other patients than the question: found in what is shown and its neighbours.

A false alarm costs trust, so each rule asks for near-equal words, the same unit or the same pair of drugs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ingest.schema import Document, Kind
from rag.answers.compose import Shown
from rag.asked.focus import ADULTS, NAMES, group_of, groups_of, mechanisms, populations, titles
from rag.asked.patient import Population
from rag.asked.sections import base
from rag.asked.touches import class_pattern, groups_in, names_of
from rag.checks.measures import measures
from rag.evidence import candidates
from rag.history.differences import Limits, covers, differing, limits_of, opposed, value_of
from rag.naming.ingredients import word_set
from rag.query import Query
from rag.sentences.meant import by_figures, for_figures
from rag.sentences.notes import is_note
from rag.types import Draft, Evidence, Hit, Judge, Notice
from rag.verify import is_known, stated, verdicts_of
from rag.view import View

LOOKED_AT = 3
"""Shown statements with figures whose counterparts in other labels are looked for: a search of milliseconds each."""
SURE = 0.5
"""How probable a judge must find a contradiction that the rules found."""

COMPARED = word_set(
    """boxed_warning contraindications dosage_and_administration drug_interactions warnings_and_cautions warnings
    precautions general_precautions use_in_specific_populations pregnancy nursing_mothers lactation pediatric_use
    geriatric_use overdosage indications_and_usage pharmacokinetics"""
)
"""Sections whose figures should be the same in all labels of a drug; strengths and packages are not."""


@dataclass(frozen=True, slots=True)
class Scene:
    """An answer before its notices: what is shown, and the references' numbers by passage."""

    view: View
    query: Query
    shown: Shown
    numbers: Mapping[str, int]
    as_of: date | None

    def cited(self) -> Iterator[tuple[int, Evidence, Draft]]:
        """What backs the statements, each with its reference's number."""
        for draft, statement in self.shown:
            for item in draft.evidence:
                number = self.numbers.get(item.hit.passage.passage_id)
                if number in statement.citations:
                    yield number, item, draft


def conflicts(scene: Scene, judge: Judge | None) -> list[Notice]:
    """What a reader must know of disagreements, each with the numbers of the references."""
    return [
        *one_sided(scene),
        *labels_differ(scene),
        *literature_differs(scene, judge),
        *mismatched(scene),
    ]


def one_sided(scene: Scene) -> list[Notice]:
    """A label that names another drug of the question, of which no label names this one or a class of it."""
    found: dict[tuple[int, int], int] = {}
    if scene.query.shape != "interaction" or len(scene.query.drugs) < 2:
        return []
    for number, item, _ in scene.cited():
        own = group_of(scene.query, item.hit)
        if own is None or item.hit.document.kind is not Kind.LABEL:
            continue
        for other, keys in enumerate(scene.query.drugs):
            names = names_of(scene.query, keys, scene.view.resolver)
            if other != own and _named(names).search(item.text):
                found.setdefault((own, other), number)
    return [_one_sided(scene, *pair, number) for pair, number in found.items() if _silent(scene, *pair)]


def _one_sided(scene: Scene, own: int, other: int, number: int) -> Notice:
    told, silent = (" and ".join(scene.query.drugs[place]) for place in (own, other))
    message = (
        f"The label of {told} [{number}] names {silent}; no label loaded for {silent} names {told} or a class of it."
    )
    return Notice("one_sided_interaction", message)


def _silent(scene: Scene, own: int, other: int) -> bool:
    """Whether labels of drug ``other`` tell of interactions and none names drug ``own``, a class or a pathway of it."""
    view, keys = scene.view, scene.query.drugs[own]
    if not view.section(scene.query.drugs[other], "drug_interactions", scene.as_of).hits:
        return False
    classes = view.resolver.classes.of(keys)
    words = [*names_of(scene.query, keys, view.resolver), *(form for one in classes for form in one.written)]
    patterns = [_named(names_of(scene.query, keys, view.resolver)), *map(class_pattern, classes)]
    passages = view.alike(scene.query.drugs[other], (), words, scene.as_of)
    own_ways = {way for _, item, _ in scene.cited() for way in mechanisms(item.text)}
    return not any(pattern.search(hit.passage.text) for hit in passages for pattern in patterns) and not any(
        own_ways & mechanisms(hit.passage.text) for hit in passages
    )


def _named(names: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE)


def labels_differ(scene: Scene) -> list[Notice]:
    """Figures that a label of another labeler gives otherwise where it says the same in the same words."""
    found: dict[frozenset[str], Notice] = {}
    looked: set[str] = set()
    for number, item, _ in scene.cited():
        comparable = item.hit.document.kind is Kind.LABEL and base(item.hit.passage.section) in COMPARED
        if not comparable or item.text in looked or len(looked) == LOOKED_AT or not measures(item.text):
            continue
        looked.add(item.text)
        if one := _differing(scene, number, item):
            found.setdefault(*one)
    return list(found.values())


def _differing(scene: Scene, number: int, item: Evidence) -> tuple[frozenset[str], Notice] | None:
    """What differs, with the documents and figures that make it the same finding from either side."""
    words, slug = re.findall(r"[A-Za-z]{3,}", item.text), base(item.hit.passage.section)
    hits = scene.view.alike(item.hit.drugs, (slug,), words, scene.as_of)
    document = item.hit.document
    own = sentences_of(hits, document)
    for other in {hit.document.document_id: hit.document for hit in hits if another_makers(hit, item.hit)}.values():
        names = product_words(document) | product_words(other)
        if pair := differing(item.text, own, sentences_of(hits, other), names):
            drug = " and ".join(item.hit.drugs)
            told = f"{document.labeler or document.document_id} [{number}] says {pair[0]}"
            against = f"{other.labeler or 'another label'} ({other.document_id}) says {pair[1]}"
            message = f"Labels of {drug} differ in the same sentence, perhaps of other products: {told}, {against}."
            key = frozenset({document.document_id, other.document_id, *pair})
            return key, Notice("labels_differ", message)
    return None


def sentences_of(hits: Sequence[Hit], document: Document) -> list[str]:
    """The quotable sentences of a document's hits."""
    return [one.text for one in candidates(hit for hit in hits if hit.document.document_id == document.document_id)]


def another_makers(hit: Hit, than: Hit) -> bool:
    """Whether a hit is of the same substance, salt included, in a label of another labeler."""
    one, two = hit.document, than.document
    same = set(hit.drugs) == set(than.drugs) and _substances(one) == _substances(two)
    known = one.labeler or two.labeler  # of two labels without one nothing says that they are of the same
    return same and one.work_id != two.work_id and (not known or _maker(one.labeler) != _maker(two.labeler))


def _substances(document: Document) -> frozenset[str]:
    names = (name.casefold() for name in document.drugs.substance or document.drugs.generic)
    return frozenset(_HYDRATE.sub("", name) for name in names)


_HYDRATE = re.compile(r",?\s+(?:anhydrous|(?:hemi|mono|di|tri)?hydrate)\b")


def product_words(document: Document) -> frozenset[str]:
    """The words of a product's names, by which near-equal sentences of two labels may differ."""
    drugs = document.drugs
    names = " ".join((*drugs.generic, *drugs.brand, *drugs.substance, document.title)).casefold()
    return frozenset(re.findall(r"[^\W\d_]+", names))


def _maker(labeler: str) -> str:
    return " ".join(re.findall(r"[a-z]+", labeler.casefold())[:1])


def literature_differs(scene: Scene, judge: Judge | None) -> list[Notice]:
    """A cited paper that reports the other direction, or none, for what a cited label says of the same drugs.

    With a judge only where it finds the contradiction too; where it fails, as without one.
    """
    cited = list(scene.cited())
    pairs = {
        (label[0], paper[0]): (stated(paper[1].text, paper[1].hit.drugs), label[1].text)
        for label in cited
        for paper in cited
        if label[1].hit.document.kind is Kind.LABEL
        and paper[1].hit.document.kind is Kind.ARTICLE
        and opposed(label[1].text, paper[1].text)
        and _same_drugs(scene, label[1], paper[1])
    }
    if judge is not None and (found := verdicts_of(judge, list(pairs.values()))):
        denied = {key for key, one in zip(pairs, found, strict=True) if is_known(one) and one.contradicts < SURE}
        pairs = {key: pair for key, pair in pairs.items() if key not in denied}
    return [
        Notice("literature_differs", f"The paper [{paper}] reports otherwise than the label [{label}].")
        for label, paper in pairs
    ]


def _same_drugs(scene: Scene, label: Evidence, paper: Evidence) -> bool:
    """Whether a paper's sentence names all drugs of the question, and the label's is about one and names the others."""
    for index, keys in enumerate(scene.query.drugs):
        names = _named(names_of(scene.query, keys, scene.view.resolver))
        if not names.search(paper.text) or not (names.search(label.text) or index == group_of(scene.query, label.hit)):
            return False
    return bool(scene.query.drugs)


def mismatched(scene: Scene) -> list[Notice]:
    """References all of whose statements are limited to ages or kidney function other than the question's."""
    found: dict[str, Notice] = {}
    for group in scene.query.populations:
        limits: dict[int, list[Limits]] = {}
        for number, item, _ in scene.cited():
            if not for_figures(scene.query, item.text):
                limits.setdefault(number, []).extend(limits_of(group, item.text))
        value = value_of(group)
        outside = {number: all_ for number, all_ in limits.items() if all_ and not any(value in one for one in all_)}
        if value is not None and outside:
            told = ", ".join(f"[{number}] ({_told(group, ranges)})" for number, ranges in outside.items())
            message = f'Asked for "{group.surface}", but what these say is limited to others: {told}.'
            found.setdefault(group.name, Notice("population_mismatch", message))
    return list(found.values()) or _of_adults(scene) or _of_some(scene)


def beyond(query: Query, text: str) -> bool:
    """Whether a sentence is limited to ages or kidney function other than the question's."""
    if for_figures(query, text):
        return False
    known = [(value, limits_of(group, text)) for group in query.populations if (value := value_of(group)) is not None]
    return any(limits and not any(value in one for one in limits) for value, limits in known)


def _of_adults(scene: Scene) -> list[Notice]:
    """References that speak of adults alone where a child is asked about."""
    if "children" not in groups_of(scene.query):
        return []
    texts: dict[int, str] = {}
    for number, item, _ in scene.cited():
        texts[number] = f"{texts.get(number, '')}\n{item.text}"
    adult = [f"[{number}]" for number, text in texts.items() if ADULTS.search(text) and not groups_in(text)]
    told = f"Asked for a child, but what these say is of adults: {', '.join(adult)}."
    return [Notice("population_mismatch", told)] if adult else []


def _of_some(scene: Scene) -> list[Notice]:
    """That all which is shown is of groups of patients, though the question names none and asks for a figure."""
    if scene.query.populations or not _OF_ALL & set(scene.query.topics[:1]):
        return []
    cited = (" ".join([*_openers(item), item.text]) for _, item, _ in scene.cited())
    told = [populations(text) for text in cited]
    if not told or not all(told):
        return []
    groups = ", ".join(sorted(frozenset[str]().union(*told)))
    return [Notice("population_mismatch", f"No group of patients is asked for, but all that is shown is of: {groups}.")]


def _openers(item: Evidence) -> list[str]:
    """What tells of whom a quotation is: titles and openings, but no note and nothing on whom nobody has studied."""
    return [quote.text for quote in item.under if not is_note(quote.text) and not _UNSTUDIED.search(quote.text)]


_UNSTUDIED = re.compile(
    r"\b(?:not|never)\s(?:\w+\s){0,2}?(?:studied|established|evaluated|investigated|assessed|tested|known|determined)"
    r"|\bno\s(?:\w+\s){0,3}?(?:stud(?:y|ies)|data|information|experience)\b",
    re.IGNORECASE,
)
_OF_ALL = frozenset({"dosage", "pharmacokinetics"})
"""Topics of which what holds for some patients is misread as what holds for all."""


def _told(group: Population, limits: Sequence[Limits]) -> str:
    unit = "mL/min" if group.name == "renal" else "years"
    return f"{' and '.join(one.told for one in limits)} {unit}"


def uncovered(query: Query, shown: Shown, before: Sequence[str] = ()) -> list[str]:
    """The groups of patients asked about of which no statement speaks, by its words, an age of theirs, its titles or as
    its section, and none of the warnings ``before`` them.

    A note or an opening that names them is not what the statement says of them.
    """
    told = set(groups_in(" ".join(before)))
    for draft, statement in shown:
        told |= {NAMES[one.name] for one in query.populations if covers(one, statement.text)}
        fit = by_figures(query, statement.text)
        told |= {NAMES[one.name] for one in query.populations if fit.get("renal" if one.name == "renal" else "age")}
        above = [one for one in titles(statement.under) if not _UNSTUDIED.search(one)]
        told |= groups_in(" ".join([*above, statement.text]))
        for item in draft.evidence:
            told |= groups_in(base(item.hit.passage.section).replace("_", " "))
    return sorted(groups_of(query) - told)
