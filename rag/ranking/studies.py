"""Which papers, trials or pages a question describes: they come first, before what labels say.

A question about a study tells of it as a whole (drugs, patients, comparison, figures), one about a label in the words
of one section. So a paper is compared by all of it that was found and a label by its best passage, both by the share of
the question's words that they have, each weighted with its rarity. Retracted papers are compared too: where one is what
is asked for, no other stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil

from ingest.schema import Document, Passage
from rag.asked.studies import Sought, is_called, sought
from rag.drugs import keys_of
from rag.evidence import STOP
from rag.lexical import analyse, analysed
from rag.query import Query
from rag.ranking.sides import Side
from rag.ranking.sides import found as named
from rag.types import Hit

LEAST, AHEAD = 0.25, 0.05
"""The share of the question that a paper has where one is asked for, and no less than a label's best passage; how far
it must be ahead where all that asks for it is a name which labels have too."""
LEAST_UNASKED, AHEAD_UNASKED, WORDS = 0.6, 0.35, 4
"""The same where no word asks for one, how far it must be ahead, and how many of the question's words it must have."""
CALLED, MENTIONED = 0.5, 0.25
"""Added where a paper's title, or its text, introduces a study by the name that the question has."""
NUMBERED = 2.0
"""Added where a paper has the number that the question gives."""
NEAR, NEAR_SEVERAL = 0.1, 1 / 3
"""What comes so near to the best one is asked for too; where studies are compared: one side would mislead."""
LETTERS, ALIKE = 6, 0.75
"""Letters of a word that may be like another, and the share of the longer one that they then have in common at the
beginning: "delirious" and "delirium" do, "neutropenia" and "neutrophil" do not."""
_CUES = """
trial trials study studies paper papers article articles report reports reported published evidence literature case
cases series cohort registry registered randomised randomized crossover find finding findings found show showed result
results does much many often frequent frequency number share percent against versus vs compared according summary
guideline guidance say says record agree disagree whether
"""

Rarity = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Described:
    """A source that the question describes: the ``share`` of the question that it has, ``match``: more where it is
    named, and in words why.
    """

    match: float
    share: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Source:
    """What was found of a document: its text, its words as the index has them, and the names that it introduces."""

    document: Document
    text: str
    words: frozenset[str]
    called: Mapping[str, float]

    @staticmethod
    def of(wanted: Sought, hits: Sequence[Hit]) -> _Source:
        title, text = hits[0].document.title, "\n".join(hit.passage.text for hit in hits)
        introduced = [name for name in wanted.names if is_called(name, title, text)]
        called = {name: CALLED if is_called(name, title) else MENTIONED for name in introduced}
        return _Source(hits[0].document, text, frozenset().union(*(_words_of(hit.passage) for hit in hits)), called)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is sought; the weights of its words, and the drugs that count as one word each.

    ``known``: names that labels have, which tell no paper from a label; ``absent``: it names a study beyond doubt that
    nothing found has, so that no other is asked for.
    """

    wanted: Sought
    weights: Mapping[str, float]
    sides: Sequence[Side]
    known: frozenset[str]
    absent: bool

    def share(self, source: _Source) -> tuple[float, int]:
        """The share of the question that a source has, and how many of its words."""
        have = [term for term in self.weights if term in source.words or _alike(term, source.words)]
        each = sum(self.weights.values()) / max(len(self.weights), 1) or 1.0
        text = "\n".join((source.document.title, *keys_of(source.document.drugs), source.text))
        told = each * sum(bool(named(side.names, text)) for side in self.sides)
        total = sum(self.weights.values()) + each * len(self.sides)
        return (sum(self.weights[term] for term in have) + told) / total if total else 1.0, len(have)

    def described(self, source: _Source, label: float) -> Described | None:
        """How well a source is described; None where labels, with the share ``label``, answer as well.

        A retracted one only where a certain study is meant: of others it is left out in silence.
        """
        share, count = self.share(source)
        extra, reason = self._named(source)
        certain = bool(reason)
        if not certain and (self.absent or (source.document.retracted and not self.wanted.one)):
            return None
        match = share + extra
        if certain or source.document.kind.value in self.wanted.kinds:
            least = label if extra or self.wanted.kinds else label + AHEAD
            leads = match >= LEAST and (match >= least or self.wanted.several)
        else:
            unasked = not self.wanted.kinds and not self.wanted.label and count >= WORDS
            leads = unasked and match >= max(LEAST_UNASKED, label + AHEAD_UNASKED)
        told = reason or f"it has {count} of the question's {len(self.weights)} words"
        return Described(match, share, told) if leads else None

    def _named(self, source: _Source) -> tuple[float, str]:
        """What a number or name adds, with the reason; empty where the question gives none of this source."""
        if source.document.document_id in self.wanted.numbers:
            return NUMBERED, "the question gives its number"
        if not source.called:
            return 0.0, ""
        name = max(source.called, key=source.called.__getitem__)
        return 0.0 if name in self.known else source.called[name], f"it is called {name}"


def described(
    query: Query, sides: Sequence[Side], papers: Iterable[Hit], labels: Iterable[Hit], rarity: Rarity
) -> dict[str, Described]:
    """The documents of ``papers`` that the question asks for, by id; none where labels answer as well."""
    wanted, told = sought(query.question), list(labels)
    found: dict[str, list[Hit]] = {}
    for hit in papers:
        found.setdefault(hit.document.document_id, []).append(hit)
    sources = {name: _Source.of(wanted, hits) for name, hits in found.items()}
    called = {name for source in sources.values() for name in source.called}
    terms = _terms(query, called)
    texts = (*(f"{name}\n{one.document.title}\n{one.text}" for name, one in sources.items()), *map(_text, told))
    question = _Question(
        wanted=wanted,
        weights=dict(zip(terms, rarity(terms), strict=True)),
        sides=sides,
        known=frozenset(name for name in wanted.names if any(name in hit.passage.text for hit in told)),
        absent=any(all(name not in text for text in texts) for name in wanted.outright if name not in called),
    )
    if not any(question.described(source, 0.0) for source in sources.values()):
        return {}  # most questions are about labels: then these need not be looked at
    label = max((question.share(_Source.of(Sought(), [hit]))[0] for hit in told), default=0.0)
    every = {name: question.described(source, label) for name, source in sources.items()}
    best = max((one.match for one in every.values() if one), default=0.0)
    least = best - (NEAR_SEVERAL if wanted.several else NEAR)
    return {name: one for name, one in every.items() if one and one.match >= least}


def _text(hit: Hit) -> str:
    return f"{hit.document.title}\n{hit.passage.text}"


@lru_cache(8192)
def _words_of(passage: Passage) -> frozenset[str]:
    """Remembered: the passages of a common drug are compared again and again."""
    return frozenset((*analysed(passage.text), *analysed(passage.context)))


def _terms(query: Query, names: Iterable[str]) -> list[str]:
    """The question's words without the drugs, the ``names`` of studies, and what any question or one on studies has."""
    text = query.question
    for one in sorted(query.mentions, key=lambda one: -one.start):
        text = f"{text[: one.start]} {text[one.end :]}"
    left_out = {*_general(), *analyse(" ".join((*names, *sought(text).outright)))}
    return [term for term in dict.fromkeys(analyse(text)) if term not in left_out]


@cache
def _general() -> frozenset[str]:
    return frozenset(analysed(" ".join((*sorted(STOP), _CUES))))


def _alike(term: str, there: Iterable[str]) -> bool:
    near = (word for word in there if len(term) >= LETTERS and word.startswith(term[:LETTERS]))
    return any(term[: (most := ceil(ALIKE * max(len(term), len(word))))] == word[:most] for word in near)
