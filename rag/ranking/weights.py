"""What moves a passage up or down after its words and meaning have been compared: rules with a factor and a reason.

Reciprocal ranks lie close together (the first of two rankings has 1.8 times the score of the fiftieth), so a factor of
2 outweighs any rank and one of 1.1 about six places. Where a reranker read the passages, their scores are shares and a
factor of 2 doubles the odds. EXPERIMENTS.md has what each weight was measured to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ingest.schema import Document, Kind
from rag.asked.sections import base
from rag.asked.studies import is_part
from rag.naming.names import carrier
from rag.query import Query
from rag.ranking.sides import Side, found
from rag.types import STUDY, Hit, Rule

YEAR = 365.25  # days
PART = "part"
"""The rule of the part of a source that the question asks for."""
LEAFLETS = frozenset({"spl_medguide", "spl_patient_package_insert", "patient_medication_information"})

EVIDENCE: Mapping[str, frozenset[str]] = {
    "guideline": frozenset(
        {"Practice Guideline", "Guideline", "Consensus Development Conference", "Consensus Development Conference, NIH"}
    ),
    "meta-analysis": frozenset({"Meta-Analysis", "Network Meta-Analysis"}),
    "systematic review": frozenset({"Systematic Review"}),
    "randomised trial": frozenset({"Randomized Controlled Trial", "Equivalence Trial", "Pragmatic Clinical Trial"}),
    "trial": frozenset({"Controlled Clinical Trial", "Clinical Trial", "Adaptive Clinical Trial"}),
    "observational study": frozenset({"Observational Study", "Multicenter Study", "Twin Study", "Clinical Study"}),
    "case report": frozenset({"Case Reports"}),
    "review": frozenset({"Review"}),
    "comment": frozenset({"Editorial", "Letter", "Comment", "News", "Newspaper Article", "Interview", "Biography"}),
}
"""Levels of evidence and PubMed's publication types that state them, the first that applies; phases are trials."""


def evidence_factors() -> dict[str, float]:
    """A paper's factor by what it is; one that states none of these keeps its score, as observational studies do."""
    return {
        "guideline": 1.07,
        "meta-analysis": 1.07,
        "systematic review": 1.07,
        "randomised trial": 1.05,
        "trial": 1.02,
        "observational study": 1.0,
        "case report": 0.95,
        "review": 1.0,
        "comment": 0.9,
    }


@dataclass(frozen=True, slots=True)
class Weights:
    """The factors of the rules, each with why it is there; 1 switches one off (``section``: 0, ages: infinity)."""

    section: float = 1.5
    """Added to 1 for the section asked for first, halved with each place down the list: labels answer in sections."""
    partner: float = 4.0
    """Names the other drug or class of an interaction question, or what is not tolerated: it is about the pair."""
    brand: float = 1.2
    """The label carries the brand that the question used: its doses and forms may be its own."""
    combined: float = 0.1
    """The label has ingredients that were not asked for: what it says may be about them."""
    incomplete: float = 0.1
    """The label lacks ingredients that were asked for: it can tell half of the answer."""
    carrier: float = 0.02
    """The label is of the drug in liposomes, lipids or albumin and the question is not, or the other way round: the
    doses differ, and taking one for the other has killed."""
    leaflet: float = 0.8
    """A label's leaflet for patients where it was not asked for: it repeats the label in fewer and plainer words."""
    label_half_life: float = 60.0
    """Years by which a label must be older than the newest of its drug for half the score: labels are corrected."""
    both: float = 4.0
    """A paper that names two of the question's drugs, for each beyond the first: it may be about the pair."""
    literature_title: float = 1.05
    """The paper's title names the drug: the paper is about it and does not only mention it."""
    literature_half_life: float = 600.0
    """Years for half the score: of two papers alike the newer leads. Shorter ones cost relevance (40 years: a lot)."""
    undated_years: float = 5.0
    """How old a source without a date is taken to be, compared with the newest found."""
    described: float = 1000.0
    """A paper or trial that the question describes, to the power of how well: see `rag.ranking.studies`."""
    part: float = 100.0
    """The part of it that is asked for: what it found, unless who took part, what was given or planned is asked."""
    concern: float = 0.5
    """The journal has published an expression of concern about the paper."""
    superseded: float = 0.5
    """A newer version has replaced this one: found where a caller asks for such versions, or a work of its own."""
    evidence: Mapping[str, float] = field(default_factory=evidence_factors)
    """By level of evidence: a review of all trials before one trial, a trial before a case, all before a letter."""


def evidence_of(document: Document) -> str:
    """The level of evidence that a paper's publication types state, the strongest; empty where they state none."""
    if document.kind is Kind.GUIDELINE:
        return "guideline"
    stated = {"Clinical Trial" if kind.startswith("Clinical Trial") else kind for kind in document.publication_types}
    return next((level for level, types in EVIDENCE.items() if stated & types), "")


def newest(documents: Iterable[Document]) -> date | None:
    """The latest day that any of these took force, else appeared."""
    return max((day for document in documents if (day := _since(document))), default=None)


def label_rules(weights: Weights, query: Query, side: Side | None, hit: Hit, latest: date | None) -> tuple[Rule, ...]:
    """The rules for a passage of a label, found for ``side`` (None: no drug was named); ``latest`` as `newest`."""
    rules = [*_version(weights, hit.document)]
    if side is None or "rerank" not in hit.signals:  # within a drug's labels the reranker has weighed the sections
        rules = [*_section(weights, query, hit), *rules]
    if side is not None:
        rules += [*_names_partner(weights, side, hit), *_ingredients(weights, side, hit), *_brand(weights, side, hit)]
        rules += _carrier(weights, query, hit)
        rules += _age(weights, "newest label of this drug", weights.label_half_life, hit.document, latest)
    return tuple(rule for rule in rules if rule.factor != 1)


def paper_rules(weights: Weights, sides: Sequence[Side], hit: Hit, latest: date | None) -> tuple[Rule, ...]:
    """The rules for a passage of the literature."""
    rules = [*_subject(weights, sides, hit), *_version(weights, hit.document)]
    level = evidence_of(hit.document)
    if level:
        rules.append(Rule("evidence", weights.evidence.get(level, 1.0), f"its publication type says {level}"))
    if hit.document.expression_of_concern:
        rules.append(Rule("concern", weights.concern, "the journal has published an expression of concern about it"))
    rules += _age(weights, "newest paper found", weights.literature_half_life, hit.document, latest)
    return tuple(rule for rule in rules if rule.factor != 1)


def study_rules(weights: Weights, match: float, reason: str, hit: Hit, parts: tuple[str, ...]) -> Iterator[Rule]:
    """The rules for a passage of a source that the question describes, ``match`` as well; ``parts``: asked for."""
    yield Rule(STUDY, weights.described**match, f"the question describes this source: {reason}")
    if is_part(hit.passage.section, parts):
        yield Rule(PART, weights.part, "the part of it that is asked for")


def _section(weights: Weights, query: Query, hit: Hit) -> Iterator[Rule]:
    slug = base(hit.passage.section)
    if slug in query.sections:
        place = query.sections.index(slug)
        reason = f"{slug.replace('_', ' ')} is number {place + 1} of the sections that answer this"
        yield Rule("section", 1 + weights.section / 2**place, reason)
    elif slug in LEAFLETS:
        yield Rule("leaflet", weights.leaflet, "a leaflet for patients, which was not asked for")


def _names_partner(weights: Weights, side: Side, hit: Hit) -> Iterator[Rule]:
    name = found(side.partner, hit.passage.text)
    if name:
        yield Rule("partner", weights.partner, f"{side.title}'s label names {name}, the other side of the question")


def _ingredients(weights: Weights, side: Side, hit: Hit) -> Iterator[Rule]:
    missing = [key for key in side.keys if key not in hit.drugs]
    others = [key for key in hit.drugs if key not in side.keys]
    if missing:
        yield Rule("incomplete", weights.incomplete, f"the label lacks {', '.join(missing)}")
    elif others:
        yield Rule("combined", weights.combined, f"the label also has {', '.join(others)}")


def _brand(weights: Weights, side: Side, hit: Hit) -> Iterator[Rule]:
    carried = " | ".join(hit.document.drugs.brand).casefold()
    brand = next((brand for brand in side.brands if brand in carried), "")
    if brand:
        yield Rule("brand", weights.brand, f"the label carries the brand asked for, {brand}")


def _carrier(weights: Weights, query: Query, hit: Hit) -> Iterator[Rule]:
    names = hit.document.drugs
    own = carrier(" | ".join((hit.document.title, *names.brand, *names.generic)))
    if own and not carrier(query.question):
        yield Rule("carrier", weights.carrier, f"{own}: its doses are not those of the plain drug, which was asked for")
    elif not own and (asked := carrier(query.question)):
        yield Rule("carrier", weights.carrier, f"a label of the plain drug, where {asked} was asked for")


def _subject(weights: Weights, sides: Sequence[Side], hit: Hit) -> Iterator[Rule]:
    title = hit.document.title
    named = [side.title for side in sides if found(side.names, f"{title}\n{hit.passage.text}")]
    if len(named) > 1:
        yield Rule("both", weights.both ** (len(named) - 1), f"names {', '.join(named)} together")
    if any(found(side.names, title) for side in sides):
        yield Rule("title", weights.literature_title, "its title names the drug")


def _version(weights: Weights, document: Document) -> Iterator[Rule]:
    if document.outdated():
        day = f" on {document.superseded_on}" if document.superseded_on else ""
        yield Rule("superseded", weights.superseded, f"a newer version replaced it{day}")


def _age(weights: Weights, than: str, half_life: float, document: Document, latest: date | None) -> Iterator[Rule]:
    """Only differences count, so the order of two sources does not depend on today's date."""
    since = _since(document)
    if latest is None or since == latest:
        return
    years = (latest - since).days / YEAR if since else weights.undated_years
    told = f"{years:.1f} years older than" if since else f"undated: taken to be {years:.0f} years older than"
    yield Rule("age", 0.5 ** (max(years, 0.0) / half_life), f"{told} the {than}")


def _since(document: Document) -> date | None:
    """A label dates from when it took force; a paper from when it appeared, whatever was done to its record since."""
    dates = (document.effective, document.published)
    first, second = dates if document.kind is Kind.LABEL else reversed(dates)
    return first or second
