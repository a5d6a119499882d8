"""Rules that a statement must pass beside the texts that it cites: what it names must stand there, and mean the same.

Pure functions. They know numbers with units, comparisons, frequencies, routes, drugs, groups of patients, negations and
directions. They find what a classifier overlooks; whether the rest follows from the text is the classifier's matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol, get_args

from rag.asked.patient import routes_of
from rag.checks.bindings import Agent, agent_exchanged, agents, apart, group_exchanged, numbers_exchanged, reordered
from rag.checks.cues import Cue, advice, alike, directions, groups, near, negations, stems, words
from rag.checks.foreign import added, addressed, unknown
from rag.checks.measures import Measure, frequencies, measures
from rag.checks.uses import as_usual, objections, permissions, refusals, unallowed
from rag.drugs import Mention, Reading

Flaw = Literal[
    "number not in source", "unit differs", "comparison differs", "number of something else",
    "frequency not in source", "route not in source", "population not in source", "population dropped",
    "drug not in source", "drugs exchanged", "name not in source", "negation not in source", "negation dropped",
    "direction differs", "recommendation not in source",
    "address or markup", "word not in source", "clause not in source",
]  # fmt: skip
FLAWS: tuple[Flaw, ...] = get_args(Flaw)
CLEARLY = 1.5
"""How much more the surroundings of another cue must be like the claim's own, so that it is the one meant."""
SAID = 0.6
"""Share of a clause's words that a claim has where it says what the clause says."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a claim cites: the words themselves, their context (section, title) and the drugs of the document."""

    text: str
    context: str = ""
    drugs: tuple[str, ...] = ()


class Names(Protocol):
    """What the rules need of the dictionary of drugs (`rag.drugs.Resolver`)."""

    def read(self, text: str) -> Reading:
        """The drugs that a text names, and words that look like drugs."""


def flaws(claim: str, sources: Sequence[Source], names: Names) -> tuple[Flaw, ...]:
    """What in ``claim`` does not stand in ``sources``, in the order of `FLAWS`, each once; none: it passes."""
    rules: tuple[Callable[[str, Sequence[Source]], Iterable[Flaw]], ...] = (
        _numbers, _frequencies, _routes, _groups, _dropped, _codes, _negations, _directions, _advice,
    )  # fmt: skip
    said, read = names.read(claim), [names.read(source.text) for source in sources]
    found = {flaw for rule in rules for flaw in rule(claim, sources)}
    found |= {flaw for rule in (_drugs, _whose, _words) for flaw in rule(claim, sources, said, read)}
    return tuple(flaw for flaw in FLAWS if flaw in found)


def _numbers(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    held = [(one, source.text) for source in sources for one in measures(source.text)]
    for one in measures(claim):
        same = [near(text, other.start, other.end) for other, text in held if _equal(one, other)]
        if not same:
            yield _number_flaw(one, [other for other, _ in held])
            continue
        rivals = [(other, text) for other, text in held if other.unit == one.unit and not _equal(one, other)]
        around = near(claim, one.start, one.end)
        if _elsewhere(around, same, [near(text, other.start, other.end) for other, text in rivals]):
            yield "number of something else"
    texts = [source.text for source in sources]
    if group_exchanged(claim, texts) or numbers_exchanged(claim, texts):
        yield "number of something else"


def _equal(one: Measure, other: Measure) -> bool:
    return (one.low, one.high, one.unit, one.bound) == (other.low, other.high, other.unit, other.bound)


def _number_flaw(one: Measure, held: Sequence[Measure]) -> Flaw:
    if any((other.low, other.high, other.unit) == (one.low, one.high, one.unit) for other in held):
        return "comparison differs"
    return "unit differs" if any(other.said == one.said for other in held) else "number not in source"


def _elsewhere(
    around: Mapping[str, float], same: Sequence[Mapping[str, float]], rivals: Sequence[Mapping[str, float]]
) -> bool:
    """Whether a rival's surroundings are clearly more like the claim's than those of what says the same."""
    best = max(alike(around, other) for other in same)
    return any(alike(around, other) > CLEARLY * best + 0.2 for other in rivals)


def _frequencies(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    held = [(one, source.text) for source in sources for one in frequencies(source.text)]
    for one in frequencies(claim):
        meant = {one.value, f"1/{one.value}"}  # "once daily" is daily; "daily" need not be once
        same = [near(text, other.start, other.end) for other, text in held if other.value in meant]
        rivals = [near(text, other.start, other.end) for other, text in held if other.value not in meant]
        if not same or _elsewhere(near(claim, one.start, one.end), same, rivals):
            yield "frequency not in source"


def _routes(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    said = set(routes_of(claim))
    if said and said - {route for source in sources for route in routes_of(f"{source.text} {source.context}")}:
        yield "route not in source"


_PEOPLE = re.compile(r"\b(?:patients?|humans?|volunteers?|people|persons?)\b", re.IGNORECASE)


_WOMENS = frozenset({"pregnant", "lactation", "postmenopausal"})
"""States that say of whom the text is without the word."""


def _groups(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    context = {cue.side for source in sources for cue in groups(_plain(source.context))}
    held = [(cue, source.text) for source in sources for cue in groups(source.text)]
    states = context & _WOMENS or any(cue.side in _WOMENS for cue, _ in held)
    animals = any(cue.family == "species" for cue, _ in held)
    if animals and _PEOPLE.search(claim) and not any(_PEOPLE.search(source.text) for source in sources):
        yield "population not in source"
    for cue in groups(claim):
        same = [near(text, other.start, other.end) for other, text in held if other.side == cue.side]
        rivals = [
            near(text, other.start, other.end)
            for other, text in held
            if other.family == cue.family and other.side != cue.side
        ]
        if not same and (cue.side in context or (cue.side == "female" and states)):
            continue
        if not same or _elsewhere(near(claim, cue.start, cue.end), same, rivals):
            yield "population not in source"


_GENERAL = frozenset({"patient", "take", "taken", "treat", "receiv", "no", "not"})
_CLAUSE = re.compile(r"[.;:•\n]\s|,\s(?=(?:and|but|or|while|whereas|which)\b)|\s(?=while\b|whereas\b)")
_IMPAIRED = re.compile(r"\b(?:renal|hepatic|kidney|liver|impair\w*|insufficiency|failure|disease)\b", re.IGNORECASE)


def _dropped(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    """Where the clause that the claim is nearest to is limited to a group which the claim leaves out."""
    own, named = stems(claim), {cue.family for cue in groups(claim)}
    named |= {"sex"} if "state" in named else set()
    shares: list[tuple[float, bool]] = []
    for text in (text for source in sources for text in _clauses(source.text)):
        limits = [
            cue for cue in groups(text) if cue.family != "degree" or _IMPAIRED.search(text, cue.end, cue.end + 30)
        ]
        meant = {word.stem for word in words(text) if not any(cue.start <= word.start < cue.end for cue in limits)}
        meant -= _GENERAL
        if len(meant) > 2 and (share := len(meant & own) / len(meant)) >= SAID:
            shares.append((share, any(cue.family not in named for cue in limits)))
    best = max((share for share, _ in shares), default=0.0)
    if shares and all(limited for share, limited in shares if share == best):
        yield "population dropped"


@lru_cache(1024)
def _clauses(text: str) -> tuple[str, ...]:
    return tuple(part for part in _CLAUSE.split(text) if part.strip())


_CODE = re.compile(r"(?<![\w.-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z][\w-]*")


def _codes(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    """Names with figures in them: CYP3A4, HER2, CD20."""
    held = _squeezed(" ".join(f"{source.text} {source.context}" for source in sources))
    counted = [(one.start, one.end) for one in frequencies(claim)]
    counted += [(one.start, one.end) for one in measures(claim)]
    names = [match for match in _CODE.finditer(claim) if not any(low <= match.start() < high for low, high in counted)]
    if any(_squeezed(match.group()) not in held for match in names):
        yield "name not in source"


def _squeezed(text: str) -> str:
    return re.sub(r"[\s\-–]", "", text).casefold()


def _negations(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    """Every negation needs one of its own in a source, and none that bears on what the claim says may be left out."""
    held = [(cue, source.text) for source in sources for cue in (*negations(source.text), *refusals(source.text))]
    open_ = list(range(len(held)))
    for cue in negations(claim):
        around = near(claim, cue.start, cue.end)
        fits = [(_fit(cue, around, *held[place]), place) for place in open_]
        best = max(fits, default=(0.0, -1))
        if best[0] <= 0:
            yield "negation not in source"
        else:
            open_.remove(best[1])
    left = [held[place] for place in open_ if not (as_usual(claim) and _of_the_usual(*held[place]))]
    against = left + [(cue, source.text) for source in sources for cue in objections(source.text)]
    if any(_left_out(claim, *one, sources) for one in left) or _allowed(claim, against, sources):
        yield "negation dropped"


def _of_the_usual(cue: Cue, text: str) -> bool:
    """Whether a negation is that of "no dose adjustment"."""
    return cue.side != "against" and any(low <= cue.start < high for low, high in as_usual(text))


def _fit(cue: Cue, around: Mapping[str, float], other: Cue, text: str) -> float:
    """How well a negation of a source bears out one of the claim; 0: not at all."""
    shared = set(cue.keys) & set(other.keys)
    common = alike(around, near(text, other.start, other.end))
    own = alike(around, around)
    against = 5.0 if cue.side == other.side == "against" and common > 0 else 0.0
    return 0.1 + common + 10 * len(shared) + against if shared or against or common >= 0.6 * own else 0.0


def _allowed(claim: str, left: Sequence[tuple[Cue, str]], sources: Sequence[Source]) -> bool:
    """Whether the claim allows a use that a source speaks against in like surroundings, and no source allows it."""
    allowed = [(cue, source.text) for source in sources for cue in permissions(source.text)]
    for cue in permissions(claim):
        around = near(claim, cue.start, cue.end)
        against = [alike(around, near(text, one.start, one.end)) for one, text in left if one.side == "against"]
        granted = [alike(around, near(text, one.start, one.end)) for one, text in allowed]
        if max(against, default=0.0) > max(granted, default=0.0):
            return True
    return False


def _left_out(claim: str, cue: Cue, text: str, sources: Sequence[Source]) -> bool:
    """Whether the claim has the negated word in the surroundings of this negation, itself not negated."""
    negated = {(one.start, one.end): set(one.keys) for one in negations(claim)}
    for word in words(claim):
        if word.stem not in cue.keys[:2] or any(
            word.stem in keys and abs(word.start - end) < 60 for (_, end), keys in negated.items()
        ):
            continue
        around = near(claim, word.start, word.end)
        here = alike(around, near(text, *_span(cue, word.stem, text)))
        bare = [alike(around, other) for other in _bare(word.stem, sources)]
        if here > max(bare, default=0.5):
            return True
    return False


def _span(cue: Cue, stem: str, text: str) -> tuple[int, int]:
    """Where the negated word stands: the nearest of its kind to the negation."""
    places = [
        (min(abs(word.start - cue.end), abs(cue.start - word.end)), word) for word in words(text) if word.stem == stem
    ]
    nearest = min(places, key=lambda one: one[0], default=None)
    return (nearest[1].start, nearest[1].end) if nearest else (cue.start, cue.end)


def _bare(stem: str, sources: Sequence[Source]) -> Iterator[Mapping[str, float]]:
    """The surroundings of a word where no negation is on it."""
    for source in sources:
        taken = [_span(cue, stem, source.text) for cue in negations(source.text) if stem in cue.keys]
        for word in words(source.text):
            if word.stem == stem and (word.start, word.end) not in taken:
                yield near(source.text, word.start, word.end)


def _directions(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    held = [(cue, source.text) for source in sources for cue in directions(source.text)]
    for cue in directions(claim):
        family = [
            (other.side == cue.side, near(text, other.start, other.end))
            for other, text in held
            if other.family == cue.family
        ]
        same = [around for right, around in family if right]
        rivals = [around for right, around in family if not right]
        near_by = near(claim, cue.start, cue.end)
        if _elsewhere(near_by, same, rivals) if same else rivals or cue.strong:
            yield "direction differs"


def _advice(claim: str, sources: Sequence[Source]) -> Iterator[Flaw]:
    held = {word for source in sources for word in advice(f"{source.text} {_plain(source.context)}")}
    if any(refusals(source.text) for source in sources):
        held |= {"contraindicated"}
    if any("indications" in source.context for source in sources):
        held |= {"indicated"} if any("indications_and" in source.context for source in sources) else {"contraindicated"}
    if advice(claim) - held:
        yield "recommendation not in source"
    if unallowed(claim, [source.text for source in sources]):
        yield "recommendation not in source"


def _plain(context: str) -> str:
    return context.replace("_", " ")


def _drugs(claim: str, sources: Sequence[Source], said: Reading, read: Sequence[Reading]) -> Iterator[Flaw]:
    """Drugs, classes and words that look like drugs must be named by a source or be what its document is about."""
    held = {key for one in read for mention in one.mentions for key in mention.keys}
    held |= {drug for source in sources for drug in source.drugs}
    text = " ".join(f"{source.text} {source.context} {' '.join(source.drugs)}" for source in sources).casefold()
    unknown = [
        *(mention.surface for mention in said.mentions if not set(mention.keys) <= held),
        *(one.surface for one in said.classes if not any(form.casefold() in text for form in one.drug_class.written)),
        *said.unresolved,
    ]
    known = stems(text)
    unknown = [surface for surface in unknown if not stems(surface) or not stems(surface) <= known]
    if any(surface.casefold() not in text for surface in unknown):
        yield "drug not in source"
    roles = {role for source, one in zip(sources, read, strict=True) for role in _roles(source.text, one)}
    turned = [(patient, verb, agent) for agent, verb, patient in set(_roles(claim, said)) - roles]
    own = _drug_places(said)
    if roles & set(turned) or (
        len({key for _, _, key in own}) > 1
        and any(reordered(claim, own, one.text, _drug_places(other)) for one, other in zip(sources, read, strict=True))
    ):
        yield "drugs exchanged"


def _drug_places(reading: Reading) -> list[tuple[int, int, str]]:
    return sorted((one.start, one.end, one.key) for one in reading.mentions)


_ACTS = re.compile(
    r"\b(?P<verb>increas|decreas|reduc|rais|lower|inhibit|induc|potentiat|enhanc|prolong|displac|antagoni[sz])\w*"
    r"(?P<by>\s+by\b)?",
    re.IGNORECASE,
)
_VERBS = dict.fromkeys(("increas", "rais", "potentiat", "enhanc"), "up") | dict.fromkeys(
    ("decreas", "reduc", "lower"), "down"
)
_SENTENCE = re.compile(r"[.;]\s")


def _roles(text: str, reading: Reading) -> Iterator[tuple[str, str, str]]:
    """Which drug does what to which: those before a verb, the verb, the first after it; the passive turned round."""
    named = [(one.start, one.end, one.key) for one in reading.mentions]
    others = [re.search(re.escape(name), text, re.IGNORECASE) for name in (*reading.unresolved, *reading.beside)]
    named += [(match.start(), match.end(), match.group().casefold()) for match in others if match]
    for match in _ACTS.finditer(text):
        before = [one for one in named if one[1] <= match.start() and not _SENTENCE.search(text, one[1], match.start())]
        after = [one for one in named if one[0] >= match.end() and not _SENTENCE.search(text, match.end(), one[0])]
        verb = _VERBS.get(match["verb"].casefold(), match["verb"].casefold())
        for agent in (one[2] for one in before if after):
            patient = min(after)[2]
            yield (patient, verb, agent) if match["by"] else (agent, verb, patient)


def _whose(claim: str, sources: Sequence[Source], said: Reading, read: Sequence[Reading]) -> Iterator[Flaw]:
    """Each number needs one source that has it and is about, or names, the drug nearest to it in the claim."""
    own = _agents(claim, said)
    named = [(source.text, _agents(source.text, one)) for source, one in zip(sources, read, strict=True)]
    held = [
        {key for mention in one.mentions for key in mention.keys} | set(source.drugs)
        for source, one in zip(sources, read, strict=True)
    ]
    for one in measures(claim):
        near_by = min(said.mentions, key=lambda drug: apart(claim, one, Agent("", drug.start, drug.end)), default=None)
        having = [
            place for place, source in enumerate(sources) if any(_equal(one, other) for other in measures(source.text))
        ]
        if near_by and having and not any(_about(near_by, sources[place], held[place]) for place in having):
            yield "number of something else"
    if agent_exchanged(claim, own, named):
        yield "number of something else"


def _about(drug: Mention, source: Source, held: set[str]) -> bool:
    return set(drug.keys) <= held or drug.surface.casefold() in f"{source.text} {source.context}".casefold()


def _agents(text: str, read: Reading) -> tuple[Agent, ...]:
    return agents(text, [(one.key, one.start, one.end) for one in read.mentions])


def _words(claim: str, sources: Sequence[Source], said: Reading, _read: Sequence[Reading]) -> Iterator[Flaw]:
    """Nothing may be said in words of which the sources know nothing; of drugs `_drugs` decides."""
    held = " ".join(f"{source.text} {_plain(source.context)} {' '.join(source.drugs)}" for source in sources)
    named = [*(one.surface for one in said.mentions), *(one.surface for one in said.classes), *said.unresolved]
    if addressed(claim, held):
        yield "address or markup"
    if unknown(claim, held, named):
        yield "word not in source"
    if added(claim, held):
        yield "clause not in source"
