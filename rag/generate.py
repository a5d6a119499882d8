"""What turns evidence into statements. Whatever a generator writes, ``rag.verify`` decides what is shown.

Conformance suite: ``tests/contracts/generator.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from types import MappingProxyType
from typing import Protocol

from ingest.schema import Kind
from rag.asked.courses import agrees
from rag.asked.focus import ADULTS, group_of, groups_of, mechanisms, names_other, of_several, shared_pathways
from rag.asked.touches import groups_in, lists
from rag.query import Query
from rag.sentences.arrange import blocks, of_one_route, unrepeated
from rag.sentences.grown import limited
from rag.sentences.spans import is_row
from rag.types import Draft, Evidence

MAX_STATEMENTS = 8
QUOTED = 5
"""How many quotations make an answer, or one for each drug; rows of one table count as one, their words as none."""
MAX_WORDS = 140
"""About what is taken in within 20 seconds of reading on a screen (skimming, grouped by drug)."""
WEAK = 0.6
"""A statement this much weaker than the best of its group is padding; the best of every group stays."""
BESIDE_DIRECT = 0.9
"""Where one sentence names both drugs, those about one must score nearly as high; where two do, they are left out."""
LONG_WORDS, LONG = 60, 0.15
"""A statement of more words ranks as if it scored this much less: run-on sentences and rows that list everything."""
PREFERENCE = 0.1
"""How much better a paper's sentence must score to come before a label's; the reverse where papers are asked for."""

ADVICE = 0.1
"""How much better a sentence ranks that says what to do about an interaction: the direct answer comes first."""
FORBIDS = 0.4
"""How much better a prohibition ranks where leave is asked for: exceptions and figures follow."""
COURSE = 0.3
"""How much better a sentence ranks that begins the drug that is asked about, and worse one that begins the other."""
CONCERNED = 0.2
"""How much better one ranks that speaks of the patients whom the question names."""
LIMITED = 0.15
"""How much worse one ranks that is of a group of patients where the question names none; rows go by patients."""
_ADVISES = re.compile(
    r"\b(?:avoid(?:ed)?|contra-?indicated|(?:do|should|must) not|not (?:be )?recommended|reduce the|do not exceed|limit"
    r"|may be (?:used|taken|given|administered)|no (?:dos(?:e|age) )?adjustment)\b",
    re.IGNORECASE,
)
_MAY = re.compile(
    r"^\W*(?:can|could|may|should|is|are)\b|\b(?:safe(?:ly|ty)?|okay|ok|allowed|permitted|contra-?indicated|planning)\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"(?<!not )\bcontra-?indicated\b|\bavoid(?:ed)?\b|\bnot (?:be )?recommended\b|\A(?:Stop|Discontinue)\b"
    r"|\b(?:do|does|should|must) not (?!(?:be )?(?:\w+ly )?(?:stop|discontinu|withdraw|interrupt|exceed))",
    re.IGNORECASE,
)
_EXCEPTS = re.compile(r"(?:If|Unless|Where|When|Except|Although|In the unusual|Only)\b")


class Generator(Protocol):
    """Writes statements from evidence, in the order of the answer; raises `GeneratorError` where it cannot.

    Each draft names the evidence it rests on, all of it from the evidence given; one that names none is counted as
    removed. No evidence: no drafts.
    """

    @property
    def made_of(self) -> Mapping[str, str]:
        """What else decides its text, for receipts: ``model``, ``prompt``, ``seed``; empty where nothing does."""

    def generate(self, query: Query, evidence: Sequence[Evidence]) -> list[Draft]:
        """At most a screenful of drafts; ``evidence`` comes best first."""


class Extractive:
    """Verbatim sentences: those that bring the question's drugs together first, then each drug's own, then the rest."""

    made_of: Mapping[str, str] = MappingProxyType({})

    def generate(self, query: Query, evidence: Sequence[Evidence]) -> list[Draft]:
        """Deterministic; every draft's text is its evidence's text."""
        if lists(query):  # in the order of their section: what is left out may be the patient's
            return [Draft(item.text, (item,)) for item in evidence]
        asked = blocks([item for item in evidence if item.hit.described])
        groups = [blocks(group) for group in _groups(query, evidence)]
        most = min(MAX_STATEMENTS, max(QUOTED, len(groups)))
        picked = _within_budget([*asked, *chain.from_iterable(zip_longest(*groups))], most)
        groups = [asked, *groups]
        return [Draft(item.text, (item,)) for group in groups for block in group if block in picked for item in block]


class Scripted:
    """A fake for tests: writes what ``script`` returns and says that it is ``made_of`` this."""

    def __init__(
        self,
        script: Callable[[Query, Sequence[Evidence]], list[Draft]],
        made_of: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._script, self.made_of = script, made_of

    def generate(self, query: Query, evidence: Sequence[Evidence]) -> list[Draft]:
        """Whatever the script says, true or not."""
        return self._script(query, evidence)


def group_name(query: Query, item: Evidence) -> str:
    """The heading under which an answer shows the evidence; empty for what brings the question's drugs together."""
    if names_other(query, item.hit, item.text):
        return ""
    index = group_of(query, item.hit)
    return "other sources" if index is None else " and ".join(query.drugs[index])


def _groups(query: Query, evidence: Sequence[Evidence]) -> list[list[Evidence]]:
    """Evidence by heading: both drugs together, each drug in the question's order, the rest; without the padding.

    Not that of a source which the question describes, beside which no other paper stands.
    """
    asked = any(item.hit.described for item in evidence)
    evidence = [item for item in evidence if not item.hit.described]
    direct = [item for item in evidence if names_other(query, item.hit, item.text)]
    others = [item for item in evidence if item not in direct]
    of_drug = [[item for item in others if group_of(query, item.hit) == index] for index in range(len(query.drugs))]
    rest = [item for item in others if group_of(query, item.hit) is None]
    if asked:
        rest = []
    elif any(of_drug) and not query.study:
        best = max(item.score for item in others)
        rest = [item for item in rest if item.score >= best] or _on_pathway(query, evidence, rest)[:1]
    if direct and query.shape == "interaction":
        enough = BESIDE_DIRECT * direct[0].score if len(direct) < 2 else math.inf
        of_drug, rest = [[item for item in group if item.score >= enough] for group in of_drug], []
    order = (rest, direct, *of_drug) if query.study else (direct, *of_drug, rest)
    ranked = [of_one_route(unrepeated(_ranked(query, group))) for group in order if group]
    return [[item for item in group if item.score >= WEAK * group[0].score] for group in ranked]


def _on_pathway(query: Query, evidence: Sequence[Evidence], rest: Sequence[Evidence]) -> list[Evidence]:
    """Of other sources, what speaks of an enzyme or transporter that two of the question's drugs share."""
    if not of_several(query):
        return []
    shared = shared_pathways(query, [(item.hit, item.text) for item in evidence])
    return [item for item in rest if mechanisms(item.text) & shared]


def _ranked(query: Query, group: Sequence[Evidence]) -> list[Evidence]:
    literature, patients = query.study, groups_of(query)

    def value(item: Evidence) -> float:
        paper = item.hit.document.kind is not Kind.LABEL
        told = item.score + PREFERENCE * (paper == literature) - LONG * (len(item.text.split()) > LONG_WORDS)
        course = agrees(query, item.hit, item.text)
        told += COURSE * course + FORBIDS * (forbids(query, item.text) and course >= 0)
        told += CONCERNED * bool(patients & groups_in(item.text))
        told += ADVICE * (query.shape == "interaction" and _ADVISES.search(item.text) is not None)
        return told - LIMITED * (not query.populations and _limited(item))

    return sorted(group, key=lambda item: -value(item))


def forbids(query: Query, text: str) -> bool:
    """Whether ``text`` forbids what the question asks leave for, to the patients of the question where it names some.

    What is pregnant or nursing is always a question of leave; an exception to a prohibition is none itself.
    """
    asked = {one.name for one in query.populations}
    if not (_MAY.search(query.question) or asked & {"pregnancy", "lactation"}) or "dosage" in query.topics:
        return False
    concerned = not asked or bool(groups_of(query) & groups_in(text))
    return concerned and _FORBIDS.search(text) is not None and not _EXCEPTS.match(text)


def _limited(item: Evidence) -> bool:
    """Whether it is of a group of patients, and not of adults too; a row where its table is."""
    text = " ".join(quote.text for quote in item.under) if is_row(item.text) else item.text
    return limited(text) and not ADULTS.search(text)


def _within_budget(turns: Sequence[list[Evidence] | None], most: int) -> list[list[Evidence]]:
    """From each group in turn, at most ``most`` and as many as the limit of words allows; the first always."""
    picked: list[list[Evidence]] = []
    words = 0
    for block in turns:
        if block is None:
            continue
        size = len(block[0].text.split()) if len(block) == 1 else 0
        if len(picked) < most and (not picked or words + size <= MAX_WORDS):
            picked.append(block)
            words += size
    return picked
