"""What a question asks: the drugs and classes it names, the sections that answer it, its patient and its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal, NamedTuple

from rag.asked.patient import Population, populations_of, routes_of
from rag.asked.roles import Allergy, Named, Treated, allergies, aside, with_roles
from rag.asked.sections import TOPICS, Topic, asked, slugs_of
from rag.asked.studies import asks_for_study
from rag.drugs import Mention, Reading, Resolver
from rag.naming.classes import ClassMention, DrugClass
from rag.naming.everyday import partner_words
from rag.naming.ingredients import unique
from rag.naming.surfaces import Token
from rag.neutral.idle import without_family
from rag.neutral.question import neutral

Shape = Literal["plain", "interaction", "comparison"]

_COMPARISON = re.compile(
    r"\b(?:vs\.?|versus|compar(?:e[sd]?|ing|ison|able)|differ(?:s|ent|ences?)?|better|safer|superior|inferior"
    r"|same as|rather than|instead of|more effective|switch(?:ing)?"
    r"|(?:more|less|fewer|higher|lower|greater)\b[^?.]*\bthan)\b"
)
_PAIR = re.compile(
    r"\b(?:between|together|interacts? with|at the same time|combine|(?:taken?|use[d]?|given|safe) with)\b"
)
_JOINED = re.compile(r"\band\b|\bwith\b|[/+&]")
_BESIDE = re.compile(
    r"\b(?:with|and|plus|on|taking|while|together|combin\w+|added?|adding|interact\w*|receiving|or|to)\b|[+/&]"
)
_MEMBERSHIP = re.compile(r"\b(?:is|are)\b[^?.,]*\b(?:an?|one\sof\sthe|what\skind\sof)\s$")
_CONTRAINDICATIONS = next(topic for topic in TOPICS if topic.name == "contraindications")
_INTERACTIONS = next(topic for topic in TOPICS if topic.name == "interactions")

CANDIDATES = 6
"""Members of a class that stand for it where no drug is named: those that most documents of the corpus are about."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood.

    ``drugs``: one group of keys for each drug, in the question's order; a combination is one group of several keys. A
    drug that is only not tolerated (`allergies`) or only did the harm that another treats is none of them.
    ``unresolved``: words that look like drugs the corpus does not know; an answer must not be about another drug.
    ``strange``: those of them that no vocabulary and no passage has (`rag.naming.strange`).
    ``study``: whether what studies found is asked for; answering asks whether one was found that is meant.
    ``lookalikes``: what an unresolved word may be mistaken for; ``readings``: what it may mean where that is not sure.
    ``sections``: slugs asked for, the surest first. ``classes``: classes named, but for those not tolerated.
    ``populations`` and ``routes``: the patient and the way of giving. ``beside``: everyday substances joined to a drug.
    ``kinds``: of several drugs that act on each other, the classes that each belongs to.
    """

    question: str
    mentions: tuple[Mention, ...] = ()
    drugs: tuple[tuple[str, ...], ...] = ()
    unresolved: tuple[str, ...] = ()
    lookalikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    shape: Shape = "plain"
    readings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[ClassMention, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    populations: tuple[Population, ...] = ()
    routes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    kinds: Mapping[tuple[str, ...], tuple[DrugClass, ...]] = field(default_factory=dict)
    strange: tuple[str, ...] = ()
    study: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """All drug keys, in order."""
        return unique(key for group in self.drugs for key in group)

    @property
    def candidates(self) -> tuple[tuple[str, ...], ...]:
        """Where only classes are named: members that the corpus holds, each a group, at most `CANDIDATES`.

        Of two classes that are compared both take turns; of two that act on each other the first alone, the second is
        among `partners`.
        """
        if self.drugs or self.unresolved or not self.classes:
            return ()
        asked_for = self.classes[:1] if self.shape == "interaction" else self.classes
        turns = (key for turn in zip_longest(*(one.keys for one in asked_for)) for key in turn if key)
        return tuple((key,) for key in unique(turns))[:CANDIDATES]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The drugs whose labels answer: those named, else the candidates of the classes named."""
        return self.drugs or self.candidates

    @property
    def partners(self) -> tuple[str, ...]:
        """Words for what a drug is asked beside: everyday substances, classes and members, what is not tolerated.

        A class that is itself what is asked about (plain, or the first of two) is none.
        """
        beside = self.classes if self.drugs or self.unresolved else self.classes[1:]
        named = beside if self.shape == "interaction" else ()
        classes = (word for one in named for word in (one.surface.casefold(), *one.drug_class.words))
        others = (one for one in self.allergies if not set(one.keys) & set(self.keys))
        feared = (word for one in others for word in (one.surface.casefold(), *one.keys))
        return unique((*partner_words(self.beside), *classes, *feared))

    @property
    def aside(self) -> tuple[str, ...]:
        """Words for what is not asked about but weighs: what is not tolerated, and the drugs whose harm is treated."""
        feared = (word for one in self.allergies for word in (one.surface.casefold(), *one.keys))
        harmful = (
            word for one in self.mentions if one.role == "treated" for word in (one.surface.casefold(), *one.keys)
        )
        return tuple(word for word in unique((*feared, *harmful)) if word not in self.keys)


def understand(question: str, resolver: Resolver) -> Query:
    """Reads ``question`` with the names that ``resolver`` knows; an empty question gives an empty query.

    What must not matter for an answer is taken out first (`rag.neutral`).
    """
    query = _read(question, resolver)
    words = (*(one.surface for one in query.mentions), *query.unresolved)
    plain = neutral(question, frozenset(word.casefold() for word in words))
    if plain == question:
        return query
    told = _read(plain, resolver)
    # Nothing medical may go with the rest: where a group of patients is lost, the question stays as it is.
    kept = {(one.name, one.value) for one in told.populations}
    return told if {(one.name, one.value) for one in populations_of(without_family(question))} <= kept else query


def _read(question: str, resolver: Resolver) -> Query:
    reading = resolver.read(question)
    text = question.casefold()
    said = _said(question, reading)
    drugs = _groups(text, tuple(one for one in said.mentions if one.role not in {"allergy", "treated"}))
    count = len(drugs) + len(said.unresolved)
    named = (*(one.surface for one in said.mentions), *(one.surface for one in said.classes))
    alternatives = len(named) > 1 and any(_offered(text, surface) for surface in named)
    alternatives |= any(one.role == "from" for one in said.mentions)
    count += _beside(text, said.classes, count + len(reading.beside)) + len(reading.beside)
    shape = _shape(text, count, alternatives, asked(said.text))
    topics = _topics(said.text, shape, not_tolerated=bool(said.allergies))
    return Query(
        question=question,
        study=asks_for_study(question),
        mentions=said.mentions,
        drugs=drugs,
        unresolved=said.unresolved,
        lookalikes=reading.lookalikes,
        topics=tuple(topic.name for topic in topics),
        sections=slugs_of(topics),
        shape=shape,
        readings=reading.readings,
        classes=said.classes,
        allergies=said.allergies,
        populations=populations_of(question),
        routes=routes_of(question),
        beside=reading.beside,
        kinds={keys: resolver.classes.of(keys) for keys in drugs} if shape == "interaction" and len(drugs) > 1 else {},
    )


def _offered(text: str, surface: str) -> bool:
    """Whether a drug is one of a choice: "... or apixaban", "... or a DOAC"."""
    return re.search(rf" or (?:an? |the )?{re.escape(surface.casefold())}", text) is not None


class _Said(NamedTuple):
    """What a question asks about, apart from what is not tolerated and what is treated; ``text`` lacks the latter."""

    text: str
    mentions: tuple[Mention, ...]
    classes: tuple[ClassMention, ...]
    unresolved: tuple[str, ...]
    allergies: tuple[Allergy, ...]


def _said(text: str, reading: Reading) -> _Said:
    """What a question names, apart by what is asked, not tolerated and treated."""
    unknown = {_place(text, word): word for word in reading.unresolved}
    known: tuple[Named, ...] = (*reading.mentions, *reading.classes)
    named = (*known, *unknown)
    apart = aside(text, known, tuple(unknown))
    return _Said(
        _without(text, apart.treated),
        with_roles(text, reading.mentions, apart),
        tuple(one for one in reading.classes if one not in apart),
        tuple(word for place, word in unknown.items() if place not in apart),
        allergies(text, named, apart.not_tolerated) if named else (),
    )


def _without(text: str, spans: Iterable[Treated]) -> str:
    """The text with blanks for what is treated: "alprazolam overdose" asks for no section on overdose."""
    for span in spans:
        text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
    return text


def _place(text: str, word: str) -> Token:
    start = text.find(word)
    return Token(word, start, start + len(word))


def _beside(text: str, classes: tuple[ClassMention, ...], drugs: int) -> int:
    """How many of the classes stand beside a drug or another class: "warfarin with NSAIDs".

    "Is imatinib a kinase inhibitor?" asks about one drug.
    """
    own = [one for one in classes if not _MEMBERSHIP.search(text[: one.start])]
    return len(own) if not drugs or _BESIDE.search(text) or _COMPARISON.search(text) else 0


def _groups(text: str, mentions: tuple[Mention, ...]) -> tuple[tuple[str, ...], ...]:
    """One group for each drug named. "Between sofosbuvir and velpatasvir" asks about two, though one tablet."""
    if len(mentions) == 1 and len(mentions[0].keys) > 1 and _PAIR.search(text) and _JOINED.search(mentions[0].surface):
        return tuple((key,) for key in mentions[0].keys)
    groups = {frozenset(mention.keys): mention.keys for mention in reversed(mentions)}
    return tuple(groups[keys] for keys in dict.fromkeys(frozenset(mention.keys) for mention in mentions))


def _shape(text: str, drugs: int, alternatives: bool, topics: tuple[Topic, ...]) -> Shape:
    """Two drugs are an interaction question unless they are compared; one drug is one where the question says so."""
    if drugs > 1 and _INTERACTIONS not in topics and (alternatives or _COMPARISON.search(text)):
        return "comparison"
    if drugs > 1 or _INTERACTIONS in topics:
        return "interaction"
    return "plain"


def _topics(question: str, shape: Shape, *, not_tolerated: bool) -> tuple[Topic, ...]:
    """The topics asked; two drugs without a cue ask for their interaction, an allergy for contraindications."""
    topics = asked(question)
    if not_tolerated and _CONTRAINDICATIONS not in topics:
        topics = (_CONTRAINDICATIONS, *topics)
    if shape == "interaction" and _INTERACTIONS not in topics:
        return (*topics, _INTERACTIONS)
    return topics
