"""Puts an answer together from verified drafts: numbered references, the text with its markers, notices.

Pure functions over records; nothing here reads the store or decides what may be shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from ingest.schema import Document, Kind, Passage, pages_between
from rag.answers.citations import vancouver
from rag.asked.focus import names
from rag.asked.sections import base
from rag.checks.cues import negations
from rag.checks.uses import permissions, refusals
from rag.evidence import tokens
from rag.generate import group_name
from rag.query import Query
from rag.sentences.notes import is_note
from rag.types import Answer, Draft, Evidence, Quote, Reference, Safety, Stance, Statement, Support

MAX_BARRED = 60
"""Words of a contraindication that the answer's text has in full."""
SAID = 0.6
"""Share of its words in one statement from which a contraindication is said already."""
NEAR = 25
"""Characters after a negation in which it denies a refusal."""
DISCLAIMER = "The nearest sections, which do not answer the question"

Shown = Sequence[tuple[Draft, Statement]]
"""What an answer says: each statement with the draft that it was made of."""


@dataclass(slots=True)
class References:
    """Numbers sources in the order of their first use: one reference for each passage, with all quotations from it.

    At most ``limit`` references; what would need one more gets no number.
    """

    limit: int
    as_of: date | None = None
    _sources: dict[str, list[Evidence]] = field(default_factory=dict)

    def number(self, item: Evidence) -> int | None:
        """The reference's number, from 1; None when there is no room for another."""
        key = item.hit.passage.passage_id
        if key not in self._sources:
            if len(self._sources) >= self.limit:
                return None
            self._sources[key] = []
        quoted = self._sources[key]
        if all((item.start, item.end) != (other.start, other.end) for other in quoted):
            quoted.append(item)
        return list(self._sources).index(key) + 1

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers given so far, by passage."""
        return {passage: number for number, passage in enumerate(self._sources, 1)}

    @property
    def documents(self) -> dict[int, Document]:
        """The document behind each number."""
        return {number: items[0].hit.document for number, items in enumerate(self._sources.values(), 1)}

    def listed(self, stances: Mapping[int, Stance] | None = None) -> tuple[Reference, ...]:
        """The references in order; ``stances`` by their numbers."""
        found = stances or {}
        return tuple(
            _reference(number, items, self.as_of, found.get(number))
            for number, items in enumerate(self._sources.values(), 1)
        )


def _reference(number: int, items: Sequence[Evidence], as_of: date | None, stance: Stance | None) -> Reference:
    hit = items[0].hit
    document = hit.document
    quotes = sorted({(item.start, item.end): Quote.of(item.text, item.start, item.end) for item in items}.items())
    pages = quoted_pages(hit.passage, [quote for _, quote in quotes])
    return Reference(
        number=number,
        document_id=document.document_id,
        passage_id=hit.passage.passage_id,
        kind=document.kind.value,
        title=document.title,
        section=hit.passage.section,
        drugs=hit.drugs,
        version=document.version,
        published=document.published,
        superseded=document.outdated(as_of),
        retracted=document.retracted,
        editorial=document.editorial,
        url=document.url,
        citation=vancouver(document, pages),
        quotes=tuple(quote for _, quote in quotes),
        expression_of_concern=document.expression_of_concern,
        corrected=document.corrected,
        stance=stance,
        pages=pages,
        scanned=any(_scanned(document, quoted_pages(hit.passage, [quote])) for _, quote in quotes),
    )


def _scanned(document: Document, pages: Sequence[int]) -> bool:
    """Whether a machine read a quotation from a scan: it stands on a page of which it read the text."""
    return not set(pages or (0,)).isdisjoint(document.scanned)


def quoted_pages(passage: Passage, quotes: Sequence[Quote]) -> tuple[int, ...]:
    """The pages that the quotations stand on, in order; none where the source has no pages."""
    found = (pages_between(passage.pages, quote.start, quote.end) for quote in quotes)
    return tuple(dict.fromkeys(number for pages in found for _, number in pages))


def statements(
    query: Query, drafts: Sequence[Draft], supports: Sequence[tuple[Support, float]], references: References
) -> tuple[list[tuple[Draft, Statement]], list[Draft]]:
    """The drafts that fit into the references, numbered in their order, and those that found no room.

    ``supports``: how each draft is supported, and how surely. Room goes to the first draft about each drug of the
    question, then to the others in their order. A quotation needs room for one of its sources, any other statement for
    all: it may rest on them together.
    """
    room: set[str] = set()
    kept: set[int] = set()
    for place in _priority(query, drafts):
        passages = _passages(drafts[place], supports[place][0])
        free = [one for one in passages if one in room][: references.limit]
        free += [one for one in passages if one not in room][: references.limit - len(room)]
        if len(free) == len(passages) or (free and supports[place][0] == "verbatim"):
            room.update(free)
            kept.add(place)
    shown = []
    for place in sorted(kept):
        draft, (support, sureness) = drafts[place], supports[place]
        cited = [item for item in _cited(draft, support) if item.hit.passage.passage_id in room]
        numbers = dict.fromkeys(number for item in cited if (number := references.number(item)))
        score = round(sureness * max(item.score for item in cited), 3)
        under = cited[0].under if support == "verbatim" else ()
        shown.append((draft, Statement(draft.text, tuple(numbers), support, score, under)))
    return shown, [draft for place, draft in enumerate(drafts) if place not in kept]


def _priority(query: Query, drafts: Sequence[Draft]) -> list[int]:
    """Places of the drafts, the first about each of the question's drugs before all others."""
    about = [
        next((place for place, draft in enumerate(drafts) if index in drugs_of(query, draft)), None)
        for index in range(len(query.drugs))
    ]
    return list(dict.fromkeys([*(place for place in about if place is not None), *range(len(drafts))]))


def _cited(draft: Draft, support: Support) -> list[Evidence]:
    """What a reader needs to check the draft: the quotation that it is, else all that it rests on."""
    return [item for item in draft.evidence if support != "verbatim" or item.text == draft.text]


def _passages(draft: Draft, support: Support) -> list[str]:
    return list(dict.fromkeys(item.hit.passage.passage_id for item in _cited(draft, support)))


def drugs_of(query: Query, draft: Draft) -> set[int]:
    """Which of the question's drugs a draft's evidence is about or names."""
    return {
        index
        for index, keys in enumerate(query.drugs)
        if any(_is_about(query, index, keys, item) for item in draft.evidence)
    }


def text_of(
    query: Query, shown: Shown, safety: Sequence[Safety], lead: Sequence[str], barred: Mapping[int, str] | None = None
) -> str:
    """The answer as a reader sees it: what is missing first, then a line for each drug, then the boxed warnings.

    ``barred``: words of contraindications and boxes that touch the question, by reference. They come before what was
    found by rank, which may sound harmless beside them; long ones, and what is shown anyway, are left to their
    reference.
    """
    told = {number: text for number, text in (barred or {}).items() if _unsaid(text, shown)}
    lines: dict[str, list[str]] = {}
    above: tuple[Quote, ...] = ()
    for draft, statement in shown:
        group = group_name(query, draft.evidence[0])
        fresh = [quote.text for quote in statement.under if quote not in above]
        titles = [words.strip(" :.") for words in fresh if not is_note(words)]
        said = f"{'. '.join(titles)}: {statement.text}" if titles else statement.text
        said = " ".join([said, *(f"({words})" for words in fresh if is_note(words))])
        lines.setdefault(group, []).append(f"{said} {_markers(statement.citations)}")
        above = statement.under
    headed = len(query.drugs) > 1
    body = [
        f"{group.capitalize()}: {' '.join(texts)}" if group and headed else " ".join(texts)
        for group, texts in lines.items()
    ]
    named = {item.reference: f"{section_name(item.section).capitalize()} of {item.drug}" for item in safety}
    first = [
        f"{named[number]}: {' '.join(words.split())} [{number}]" for number, words in told.items() if number in named
    ]
    return "\n".join([*lead, *first, *body, *_safety_lines([item for item in safety if item.reference not in told])])


def _unsaid(text: str, shown: Shown) -> bool:
    return len(text.split()) <= MAX_BARRED and not any(_says(statement.text, text) for _, statement in shown)


def _says(statement: str, text: str) -> bool:
    """Whether a statement has a contraindication word for word, or most of its words and refuses too.

    That the two are tolerated together has most of the words as well.
    """
    told, words = tokens(statement), set(tokens(text))
    if f" {' '.join(tokens(text))} " in f" {' '.join(told)} ":
        return True
    return _refuses(statement) and len(words & set(told)) >= SAID * len(words)


def _refuses(text: str) -> bool:
    """Whether a use is refused, and that is not denied ("is not contraindicated") nor any use allowed beside it."""
    denied = [one for one in negations(text) if one.side != "against"]
    barred = [one for one in negations(text) if one.side == "against"]
    plain = [one for one in refusals(text) if not any(0 <= one.start - no.end < NEAR for no in denied)]
    return bool(barred or plain) and not permissions(text)


def _safety_lines(safety: Sequence[Safety]) -> list[str]:
    lines: dict[str, dict[str, list[int]]] = {}
    for item in safety:
        lines.setdefault(item.section, {}).setdefault(item.drug, []).append(item.reference)
    told = {
        section: ", ".join(f"{drug} {_markers(numbers)}" for drug, numbers in drugs.items())
        for section, drugs in lines.items()
    }
    return [f"{section_name(section).capitalize()}: {drugs}" for section, drugs in told.items()]


def abstention(reason: str, nearest: Mapping[int, str]) -> str:
    """What an answer says that has no statements; ``nearest``: names of the sections to look at, by reference."""
    if not nearest:
        return reason
    named: dict[str, list[int]] = {}
    for number, name in nearest.items():
        named.setdefault(name, []).append(number)
    return f"{reason} {DISCLAIMER}: {'; '.join(f'{name} {_markers(numbers)}' for name, numbers in named.items())}"


def section_of(item: Evidence) -> str:
    """The section that evidence is from, as a reader calls it: "amiodarone, warnings and cautions"."""
    hit = item.hit
    owner = " and ".join(hit.drugs) if hit.drugs and hit.document.kind is Kind.LABEL else hit.document.title
    return f"{owner.rstrip('.')}, {section_name(hit.passage.section)}"


def section_name(slug: str) -> str:
    """A slug in words: "drug interactions"."""
    return base(slug).replace(".", ", ").replace("_", " ")


def _markers(numbers: Iterable[int]) -> str:
    return "".join(f"[{number}]" for number in numbers)


def markers(text: str) -> set[int]:
    """The reference numbers that an answer's text uses, apart from bracketed numbers of the sources themselves."""
    return {int(number) for number in re.findall(r"\[(\d+)\]", text)}


def confidence(query: Query, shown: Shown, direct: bool) -> float:
    """The mean over the question's drugs of the best statement about each (0 where there is none).

    Without a drug, the best statement. A question about several drugs that no source names together: times 0.7.
    """
    best: dict[int, float] = {}
    for draft, statement in shown:
        for index, keys in enumerate(query.drugs or ((),)):
            if not query.drugs or any(_is_about(query, index, keys, item) for item in draft.evidence):
                best[index] = max(best.get(index, 0.0), statement.score)
    total = sum(best.values()) / (max(1, len(query.drugs)) + len(query.unresolved))
    return round(total * (1.0 if direct else 0.7), 3)


def _is_about(query: Query, index: int, keys: tuple[str, ...], item: Evidence) -> bool:
    return bool(set(keys) & set(item.hit.drugs)) or names(query, index, item.text)


def listing(words: Sequence[str], conjunction: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f" {conjunction} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def answer_to_dict(answer: Answer) -> dict[str, Any]:
    """The answer as the service's contract writes it (docs/design.md, section 5): dates ISO, tuples as lists."""
    plain = _plain(asdict(answer))
    assert isinstance(plain, dict)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
