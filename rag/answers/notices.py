"""What an answer tells its reader beside statements: the wording of notices, each in plain words.

Pure functions over records; `rag.answers.answering` decides which apply, `rag.answers.conflicts` finds where sources
disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from ingest.parse import sections2016
from ingest.schema import Document
from rag.answers.compose import References, Shown, drugs_of, listing, section_name
from rag.asked.focus import says
from rag.asked.touches import vague
from rag.query import Query
from rag.types import Draft, Filters, Notice, Reference

LEADING = frozenset(
    {
        "spelling_corrected",
        "class_members",
        "generator_fell_back",
        "safety_unavailable",
        "safety_omitted",
        "unknown_drug",
        "retracted_source",
        "unknown_study",
        "no_direct_evidence",
        "insufficient_evidence",
        "population_not_covered",
        "partner_not_covered",
        "route_not_covered",
        "unsupported_removed",
    }
)
"""Notices that the answer's text opens with: what is missing is said before what is there."""
LACKING = LEADING - {"spelling_corrected", "class_members", "generator_fell_back"}
"""Those of them that make an answer partial; the others are said first though nothing is missing."""


def spelling(query: Query) -> list[Notice]:
    """How misspelt names were read."""
    corrected = dict.fromkeys((item.surface, item.key) for item in query.mentions if item.rule == "spelling")
    return [Notice("spelling_corrected", f'"{said}" is read as {key}.') for said, key in corrected]


def unknown(query: Query, shown: Shown) -> list[Notice]:
    """Which words may mean several drugs, which no source is about, and what is written like those."""
    if not query.unresolved:
        return []
    unsure = {word: query.readings.get(word.casefold(), ()) for word in query.unresolved}
    told = [f'"{word}" may mean {listing(names, "or")}: write the name out.' for word, names in unsure.items() if names]
    if unheld := [word for word, names in unsure.items() if not names]:
        told.append(f"The corpus has no source for {listing(unheld)}.")
    named = any(says(word, draft.text) for word in query.unresolved for draft, _ in shown)
    which = "it" if len(unsure) == 1 else "them"
    told.append(f"Only what other sources say of {which} is shown." if named else f"Nothing here is about {which}.")
    if alike := sorted({key for word in unheld for key in query.lookalikes.get(word.casefold(), ())}):
        told.append(f"Similar names that it knows: {', '.join(alike)}.")
    return [Notice("unknown_drug", " ".join(told))]


def retracted(documents: Sequence[Document]) -> list[Notice]:
    """Which papers that the question asks for have been retracted, by whom and when where that is known."""
    return [Notice("retracted_source", _withdrawn(document)) for document in documents]


def absent(query: Query, names: Sequence[str]) -> list[Notice]:
    """Which studies that the question names no source is, nor speaks of."""
    about = f" on {listing([' and '.join(keys) for keys in query.drugs])}" if query.drugs else ""
    told = f"No indexed source{about} is or names {listing(names, 'or')}: another study's findings would not answer."
    return [Notice("unknown_study", told)] if names else []


def _withdrawn(document: Document) -> str:
    since = [
        " on ".join(filter(None, (mark.by, str(mark.on or "")))) for mark in document.marks if mark.kind == "retraction"
    ]
    said = f" ({', '.join(filter(None, since))})" if any(since) else ""
    named = f'"{document.title.rstrip(".")}" ({document.document_id})'
    return (
        f"The paper that the question describes, {named}, has been retracted{said}: it is no evidence and not quoted."
    )


def apart(query: Query, pairs: Sequence[tuple[int, int]], filters: Filters) -> list[Notice]:
    """Which of the question's drugs (places in ``query.drugs``) no source names together."""
    if not pairs:
        return []
    names = [" and ".join(keys) for keys in query.drugs]
    sources = "indexed sources" if filters == Filters() else "indexed sources that the filters allow"
    if len(pairs) == len(names) * (len(names) - 1) // 2:
        together, each = listing(names), "each source speaks"
    else:
        together = listing([f"{names[one]} and {names[two]}" for one, two in pairs], "or")
        each = "of these each source speaks"
    told = f"No passage of the {sources} names {together} together; {each} for one drug only."
    return [Notice("no_direct_evidence", told)]


def missing(query: Query, drafts: Sequence[Draft]) -> list[Notice]:
    """Which of the question's drugs, and in a comparison classes, the ``drafts`` of an answer leave out."""
    told = [f"No relevant passage was found for {listing(lost)}." for lost in [silent(query, drafts)] if lost]
    if query.shape == "comparison" and query.drugs and (others := _classes_left_out(query, drafts)):
        told.append(f"Nothing that is shown is about {listing(others)}: name a drug of the class.")
    return [Notice("insufficient_evidence", " ".join(told))] if told else []


def silent(query: Query, drafts: Sequence[Draft]) -> list[str]:
    """The question's drugs that no draft is about."""
    told = {index for draft in drafts for index in drugs_of(query, draft)}
    return [" and ".join(keys) for index, keys in enumerate(query.drugs) if index not in told]


def _classes_left_out(query: Query, drafts: Sequence[Draft]) -> list[str]:
    """The classes that a drug is compared with and of which no draft speaks; not those that the drug belongs to."""
    text = "\n".join(draft.text for draft in drafts)
    others = [one for one in query.classes if not set(one.drug_class.everyone) & set(query.keys)]
    return [one.name for one in others if not any(says(word, text) for word in one.drug_class.words)]


def unanswered(query: Query, found: bool, lacking: Sequence[str], as_of: date | None = None) -> list[Notice]:
    """Why nothing is found. ``lacking``: drugs whose labels (of the day ``as_of``) have no section on it; ``found``:
    whether a passage is."""
    if query.unresolved and not query.drugs:
        return []  # `unknown` says it
    if lacking:
        loaded = f"{listing(lacking)} that was in force on {as_of}" if as_of else listing(lacking)
        return [Notice("insufficient_evidence", f"No label loaded for {loaded} has {_asked_for(query)}.")]
    if query.drugs and found:
        names = listing([" and ".join(keys) for keys in query.drugs])
        return [Notice("insufficient_evidence", f"No indexed source on {names} answers this question.")]
    if vague(query):
        told = "The question is too unspecific: name a drug and what you want to know of it."
        return [Notice("insufficient_evidence", told)]
    if found and not query.classes:
        told = "No indexed source answers this question, which names no drug or class that is known here."
    else:
        told = "No indexed source answers this question." if found else "Nothing in the index matches this question."
    return [Notice("insufficient_evidence", told)]


def declined(generator: str, given: int) -> list[Notice]:
    """That a generator wrote nothing though it was given sentences: no finding about the index."""
    told = f'The generator "{generator}" found no answer in the {given} sentences that it was given.'
    return [Notice("insufficient_evidence", told)]


def _asked_for(query: Query) -> str:
    return f"a section on {query.topics[0].replace('_', ' ')}" if query.topics else "a section on this"


def population(absent: Sequence[str]) -> list[Notice]:
    """Which groups of patients nothing that is shown speaks of."""
    told = f"Nothing that is shown speaks of {listing(absent)}."
    return [Notice("population_not_covered", told)] if absent else []


def partner(query: Query, absent: bool) -> list[Notice]:
    """That nothing which is shown names the class or food that the drug is asked beside."""
    named = listing([*query.beside, *(one.name for one in query.classes)])
    return [Notice("partner_not_covered", f"Nothing that is shown names {named}.")] if absent and named else []


def route(query: Query, elsewhere_of: Mapping[str, str], asked: str) -> list[Notice]:
    """Of which drugs all labels are for a place that the question does not ask for (by drug), and which place
    (``asked``) the question asks for that no label is for."""
    told = [
        f"All labels loaded for {drug} are of products for {place}: what holds for other products of it is not shown."
        for drug, place in elsewhere_of.items()
    ]
    if asked:
        names = listing([" and ".join(keys) for keys in query.drugs])
        told.append(f"No label loaded for {names} is of a product for {asked}.")
    return [Notice("route_not_covered", " ".join(told))] if told else []


def omitted(dropped: Sequence[Draft]) -> list[Notice]:
    """How many statements found no room."""
    if not dropped:
        return []
    count = f"{len(dropped)} statement{'s' if len(dropped) > 1 else ''}"
    return [Notice("references_omitted", f"Not shown for want of room, raise max_references: {count}.")]


def removed(reasons: Counter[str]) -> list[Notice]:
    """How many statements failed verification, by reason."""
    if not reasons:
        return []
    told = listing([f"{reason} ({count})" for reason, count in sorted(reasons.items())])
    return [Notice("unsupported_removed", f"Statements removed because they failed verification: {told}.")]


def fell_back(generator: str, reason: str) -> Notice:
    """That another generator than asked for wrote the answer."""
    told = (
        f'The generator "{generator}" could not write this answer: {reason.rstrip(".")}. Quotations are shown instead.'
    )
    return Notice("generator_fell_back", told)


def warning_changed(drug: str, section: str, url: str) -> Notice:
    """That a warning cannot be shown since the store no longer has the words that were indexed."""
    named = section_name(section)
    verb = "have" if named.endswith("s") else "has"
    where = f" at {url}" if url else ""
    told = f"The {named} of {drug} {verb} changed since the index was built; read the label{where}."
    return Notice("safety_unavailable", told)


def warnings_omitted(omitted_ones: Sequence[str]) -> list[Notice]:
    """Which warnings found no room."""
    told = f"Not quoted for want of room, raise max_references: {listing(omitted_ones)}."
    return [Notice("safety_omitted", told)] if omitted_ones else []


def without_warnings(drugs: Sequence[str], elsewhere_of: Mapping[str, str]) -> list[Notice]:
    """Of which drugs no label has a section of warnings, or only those of products for a place have (by drug): silence
    there must not read as safety."""
    told = []
    if drugs:
        said = f"The labels loaded for {listing(drugs)} have no boxed warning and no contraindications section"
        told.append(f"{said}; that does not mean that there are none.")
    for drug, place in elsewhere_of.items():
        said = f"The warnings of {drug} are not known here but for products for {place}"
        told.append(f"{said}; tablets or injections may have others, a boxed warning among them.")
    return [Notice("safety_not_covered", " ".join(told))] if told else []


def sources(references: Sequence[Reference], cited: References, *, demonstration: bool) -> list[Notice]:
    """What a reader must know about the sources cited and the corpus."""
    found, documents = [], cited.documents
    if demonstration:
        told = "Only the demonstration corpus is loaded: editorial summaries, not sources."
        found.append(Notice("demonstration_corpus", told))
    if (editorial := _numbers(references, "editorial")) and not demonstration:
        found.append(Notice("editorial_source", f"Editorial summaries, not the sources' own words: {editorial}."))
    if superseded := _numbers(references, "superseded", documents, "update"):
        found.append(Notice("superseded_source", f"A newer version exists of: {superseded}."))
    ended = (_ended(item.number, documents) for item in references if not item.superseded)
    if since := ", ".join(filter(None, ended)):
        found.append(Notice("superseded_source", f"In force on the day asked for, but replaced since: {since}."))
    if doubted := _numbers(references, "expression_of_concern", documents, "concern"):
        found.append(Notice("expression_of_concern", f"The journal has published a concern about: {doubted}."))
    if corrected := _numbers(references, "corrected", documents, "correction"):
        found.append(Notice("corrected_source", f"A correction has been published of: {corrected}."))
    return [*found, *_later(documents, cited.as_of), *_unsure(references, documents)]


def _later(documents: Mapping[int, Document], as_of: date | None) -> list[Notice]:
    """Of which sources only the text of a later day is known than the one asked for."""
    told = ", ".join(
        f"[{number}] (of {document.effective})"
        for number, document in documents.items()
        if as_of and document.effective and document.effective > as_of
    )
    message = f"The words are of a later revision, what was said on the day asked for is not known here: {told}."
    return [Notice("later_revision", message)] if told else []


def _unsure(references: Sequence[Reference], documents: Mapping[int, Document]) -> list[Notice]:
    """Of which sources nobody can be sure that they say so, or are of today."""
    found = []
    if scanned := _numbers(references, "scanned"):
        told = f"Read by machine from a scan, which may misread figures and units; check the page: {scanned}."
        found.append(Notice("scanned_source", told))
    old = (number for number, document in documents.items() if document.version == sections2016.VERSION)
    if numbers := ", ".join(f"[{number}]" for number in old):
        told = f"Label text of 2016 that states no version or date, and of which drug it is was guessed: {numbers}. "
        found.append(Notice("undated_source", f"{told}Check the label of today."))
    return found


def _ended(number: int, documents: Mapping[int, Document]) -> str:
    """When a source was replaced that was not yet on the day asked for; empty where it was not."""
    document = documents.get(number)
    newer = [mark.on for mark in (document.marks if document else ()) if mark.kind == "update"]
    day = (document.superseded_on if document else None) or next(filter(None, newer), None)
    return f"[{number}] (on {day})" if day else ""


def _numbers(
    references: Sequence[Reference], flag: str, documents: Mapping[int, Document] | None = None, kind: str = ""
) -> str:
    """The references with this flag, each with who else says so and when (``kind`` of the marks of its document)."""
    told = []
    for item in references:
        document = (documents or {}).get(item.number)
        said = [mark for mark in (document.marks if document else ()) if mark.kind == kind]
        words = ", ".join(" on ".join(filter(None, (mark.by, str(mark.on or "")))) for mark in said)
        if getattr(item, flag):
            told.append(f"[{item.number}]" + (f" ({words})" if words else ""))
    return ", ".join(told)
