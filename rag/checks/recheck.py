"""Checks any text with citations against the store of today: each quotation, and each statement beside what it cites.

The same rules and the same judge as for our own answers (`rag.verify`), and as strict: what cannot be confirmed is
unsupported, and says why. Long sources are read sentence by sentence, the few that share most words with the statement.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ingest.schema import Document, Passage
from ingest.sentences import sentences
from rag.checks.claims import Names, Source, flaws
from rag.checks.cues import stems
from rag.naming.ingredients import keys_of
from rag.sentences.headings import NEGATES
from rag.types import Judge, Quote, Support, Verdict
from rag.verify import SUPPORTED, UNJUDGED, Checker, decide, is_known, stated, verdicts_of

NEAREST, MOST = 3, 6
"""Sentences of one source, and of all, that a statement is read beside, alone and together: a judge reads tens a
second."""
CONTEXT = 300
"""Characters on either side of a span in which its sentence is looked for."""
READ = 400
"""Sentences of one source that are looked through: a whole long section."""
UNCITED, UNKNOWN, NO_JUDGE, NOTHING = (
    "no citation",
    "citation of nothing given",
    "no model to judge it: only quotations can be confirmed",
    "no source text to check against",
)


_QUOTED = ("text", "start", "end", "sha256")


@dataclass(frozen=True, slots=True)
class Assertion:
    """A statement and the numbers of the references that it cites."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """What a number stands for: ``text`` as the caller brings it, a passage, or a section of a document.

    Of a section all, ``start`` to ``end``, or its ``quotes`` alone.
    """

    number: int
    text: str = ""
    passage_id: str = ""
    document_id: str = ""
    section: str = ""
    start: int | None = None
    end: int | None = None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """Statements with their references, as anyone may bring them."""

    statements: tuple[Assertion, ...]
    references: tuple[Cited, ...]

    @staticmethod
    def of_answer(answer: Mapping[str, Any]) -> Claimed:
        """Those of a kept answer."""
        said = (Assertion(one["text"], tuple(one["citations"])) for one in answer["statements"])
        cited = (
            Cited(
                one["number"],
                document_id=one["document_id"],
                section=one["section"],
                quotes=tuple(Quote(*(quote[name] for name in _QUOTED)) for quote in one["quotes"]),
            )
            for one in answer["references"]
        )
        return Claimed(tuple(said), tuple(cited))


@dataclass(frozen=True, slots=True)
class Proof:
    """The sentence nearest to a statement; of the caller's own text ``document_id`` and ``section`` are empty."""

    reference: int
    text: str
    document_id: str
    section: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CheckedStatement:
    """A statement and what was found: ``faults`` in plain words, none where it is supported.

    ``score``: how surely it is supported, ``contradicted``: that a source says the contrary; 0 to 1.
    """

    text: str
    citations: tuple[int, ...]
    support: Support
    score: float
    contradicted: float
    faults: tuple[str, ...]
    evidence: Proof | None


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """A quotation of a reference: whether it stands in the store, and what is wrong with it or its document."""

    number: int
    exact: bool
    fault: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of a text. ``provenance``: the judge; empty where there is none."""

    status: Literal["supported", "partial", "unsupported"]
    supported: int
    unsupported: int
    statements: tuple[CheckedStatement, ...]
    quotes: tuple[CheckedQuote, ...]
    provenance: str


class Records(Protocol):
    """What checking needs of the store."""

    def document(self, document_id: str) -> Document | None:
        """The whole document, or None."""

    def passage(self, passage_id: str) -> Passage | None:
        """The passage, or None."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """``folded``: its words with single spaces; both are made once for all statements."""

    proof: Proof
    source: Source
    folded: str
    stems: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A reference's sentences, or why there are none; ``wholes``: its stretches of text, for statements that quote."""

    sentences: tuple[_Sentence, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    faults: tuple[str, ...]
    verdict: Verdict = field(default_factory=lambda: Verdict(0.0, 0.0))
    proof: Proof | None = None


_MARKS = r"\[\d[\d\s,;–-]*\]"
_MARKS_AFTER_STOP = re.compile(rf"([.!?][\"'”’)]*)\s*((?:{_MARKS}\s*)+)")


def assertions(text: str) -> tuple[Assertion, ...]:
    """The sentences of ``text`` with the numbers in brackets that stand in them or right after their full stop."""
    inside = _MARKS_AFTER_STOP.sub(lambda match: f" {match[2].strip()}{match[1]}\n", text)
    found = []
    for start, end in sentences(inside):
        sentence = inside[start:end]
        words = re.sub(r"\s+(?=[.,;:!?)])", "", " ".join(re.sub(_MARKS, " ", sentence).split()))
        if re.search(r"\w", words):
            numbers = (number for mark in re.findall(_MARKS, sentence) for number in _numbers(mark))
            found.append(Assertion(words, tuple(dict.fromkeys(numbers))))
    return tuple(found)


def _numbers(mark: str) -> Iterator[int]:
    for part in re.findall(r"\d{1,4}(?:\s*[–-]\s*\d{1,4})?", mark):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        yield from range(ends[0], min(ends[-1], ends[0] + 50) + 1)


def check(
    claimed: Claimed, records: Records, names: Names, judge: Judge | None, threshold: float = SUPPORTED
) -> Checked:
    """Each quotation and each statement of ``claimed`` against the store as it is now."""
    checker = Checker(records)
    opened = {one.number: _open(one, records, checker) for one in claimed.references}
    quotes = [
        CheckedQuote(one.number, fault not in _INEXACT, fault)
        for one in claimed.references
        for fault in (checker.fault(one.document_id, one.section, quote) for quote in one.quotes)
    ]
    reader = _Reader(names, judge, threshold)
    found = [reader.statement(one, opened) for one in claimed.statements]
    good = sum(one.support != "unsupported" for one in found)
    whole = good == len(found) and not any(quote.fault for quote in quotes)
    return Checked(
        status="supported" if whole else "partial" if good else "unsupported",
        supported=good,
        unsupported=len(found) - good,
        statements=tuple(found),
        quotes=tuple(quotes),
        provenance=judge.name if judge else "",
    )


_INEXACT = frozenset({"document missing", "section missing", "text differs", "hash differs"})


def _open(cited: Cited, records: Records, checker: Checker) -> _Opened:
    """The sentences that a reference stands for, where it may be cited."""
    if cited.text:
        return _Opened(tuple(_split(cited.number, ("", ""), cited.text, 0, Source(""))))
    document_id, section, spans = cited.document_id, cited.section, [(cited.start, cited.end)]
    if cited.quotes:
        spans = [(quote.start, quote.end) for quote in cited.quotes]
        faults = [checker.fault(document_id, section, quote) for quote in cited.quotes]
        if fault := next((fault for fault in faults if fault), None):
            return _Opened(fault=fault)
    elif cited.passage_id:
        passage = records.passage(cited.passage_id)
        if passage is None:
            return _Opened(fault="passage missing")
        document_id, section, spans = passage.document_id, passage.section, [(passage.start, passage.end)]
    return _of_section(cited, records.document(document_id), section, spans, checker)


def _of_section(
    cited: Cited,
    document: Document | None,
    slug: str,
    spans: Sequence[tuple[int | None, int | None]],
    checker: Checker,
) -> _Opened:
    found = document.section(slug) if document else None
    if document is None or found is None:
        return _Opened(fault="section missing" if document else "document missing")
    source = Source("", f"{slug} {document.title}", keys_of(document.drugs))
    read: list[_Sentence] = []
    for low, high in spans:
        start, end = low or 0, len(found.text) if high is None else high
        if not 0 <= start < end <= len(found.text):
            return _Opened(fault="text differs")
        text = found.text[start:end]
        if fault := checker.fault(document.document_id, slug, Quote.of(text, start, end)):
            return _Opened(fault=fault)
        if _cut_short(found.text, start, end):
            return _Opened(fault="cut short")
        read += _split(cited.number, (document.document_id, slug), text, start, source)
    return _Opened(tuple(read))


def _cut_short(text: str, start: int, end: int) -> bool:
    """Whether the span lacks words of its sentence that turn it round: "not recommended" without its "not"."""
    before = re.split(r"[.!?:;]\s|\n", text[max(0, start - CONTEXT) : start])[-1]
    after = "" if text[end - 1] in ".!?\n" else re.split(r"[.!?](?:\s|$)|\n", text[end : end + CONTEXT])[0]
    return any(NEGATES.search(part.lower()) for part in (before, after))


def _split(number: int, place: tuple[str, str], text: str, offset: int, source: Source) -> Iterator[_Sentence]:
    for start, end in sentences(text)[:READ]:
        words = text[start:end]
        digest = hashlib.sha256(words.encode()).hexdigest()
        proof = Proof(number, words, *place, offset + start, offset + end, digest)
        yield _Sentence(proof, Source(words, source.context, source.drugs), " ".join(words.split()), stems(words))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads statements beside sentences."""

    names: Names
    judge: Judge | None
    threshold: float

    def statement(self, said: Assertion, opened: Mapping[int, _Opened]) -> CheckedStatement:
        """One statement beside all that it cites."""
        if not said.citations:
            return _unsupported(said, _Found((UNCITED,)))
        cited = [opened.get(number, _Opened(fault=UNKNOWN)) for number in said.citations]
        pool = [one for reference in cited for one in reference.sentences]
        if quoted := next((one for one in _runs(pool, said.text)), None):
            return CheckedStatement(said.text, said.citations, "verbatim", 1.0, 0.0, (), quoted.proof)
        faults = tuple(dict.fromkeys(one.fault for one in cited if one.fault))
        near = [one for reference in cited for one in _nearest(said.text, reference.sentences, NEAREST)]
        near = _nearest(said.text, near, MOST)
        if not near:
            return _unsupported(said, _Found(faults or (NOTHING,)))
        return self._judged(said, near, faults)

    def _judged(self, said: Assertion, near: Sequence[_Sentence], faults: tuple[str, ...]) -> CheckedStatement:
        """Beside the nearest sentences, one by one and all together; the judge reads those that pass all rules."""
        ways = [[one] for one in near] + ([list(near)] if len(near) > 1 else [])
        broken = [flaws(said.text, [one.source for one in way], self.names) for way in ways]
        own = stems(said.text)
        shared = [max(len(one.stems & own) for one in way) for way in ways]
        sound = [place for place in range(len(ways)) if not broken[place]]
        read = sound or [min(range(len(ways)), key=lambda place: (len(broken[place]), -shared[place]))]
        pairs = [(_premise(ways[place]), said.text) for place in read]
        verdicts = verdicts_of(self.judge, pairs) if self.judge else ()
        known = [place for place, one in enumerate(verdicts) if is_known(one)]
        best = max(known, key=lambda place: verdicts[place].supports, default=0)
        way, decided = ways[read[best]], decide([verdicts[best]] if known else (), self.threshold)
        proof = max(way, key=lambda one: len(one.stems & own)).proof
        if decided == UNJUDGED:
            reason = UNJUDGED if self.judge else NO_JUDGE
            return _unsupported(said, _Found((*faults, *broken[read[best]], reason), proof=proof))
        verdict = Verdict(verdicts[best].supports, max(verdicts[place].contradicts for place in known))
        if isinstance(decided, str) or not sound:
            reasons = (decided,) if isinstance(decided, str) else ()
            return _unsupported(said, _Found((*faults, *broken[read[best]], *reasons), verdict, proof))
        score, against = round(verdict.supports, 3), round(verdict.contradicts, 3)
        return CheckedStatement(said.text, said.citations, decided[0], score, against, faults, proof)


def _premise(way: Iterable[_Sentence]) -> str:
    return " ".join(stated(one.source.text, one.source.drugs) for one in way)


def _runs(pool: Sequence[_Sentence], text: str) -> Iterator[_Sentence]:
    """The first sentence of each run of whole sentences that is the text, white space aside."""
    wanted = " ".join(text.split())
    for place, first in enumerate(pool):
        run = ""
        for one in pool[place:]:
            run = f"{run} {one.folded}".strip()
            if not wanted.startswith(run) or one.proof.reference != first.proof.reference:
                break
            if run == wanted:
                yield first


def _nearest(claim: str, found: Sequence[_Sentence], count: int) -> list[_Sentence]:
    """At most ``count`` sentences that share most words with the claim, in the order of the text."""
    own = stems(claim)
    shares = [(len(own & one.stems), -place) for place, one in enumerate(found)]
    best = sorted((share for share in shares if share[0]), reverse=True)[:count]
    return [found[-place] for place in sorted((place for _, place in best), reverse=True)]


def _unsupported(said: Assertion, found: _Found) -> CheckedStatement:
    score, against = round(found.verdict.supports, 3), round(found.verdict.contradicts, 3)
    return CheckedStatement(said.text, said.citations, "unsupported", score, against, found.faults, found.proof)
