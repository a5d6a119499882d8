"""Label questions to learn from: those on drugs of the half ``tune``, with the sections that answer them.

They come from `corpora/questions`: the question sets, and phrasings by topic that are filled with names of drugs. What
answers a question is every passage of an accepted section of the drug's own labels, as the user's index holds them.
"""

from __future__ import annotations

import tomllib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.schema import Kind
from rag.asked.sections import base
from rag.drugs import Resolver
from rag.errors import TrainingError
from rag.evals.questions import Question, side
from rag.indexes.vectors import read
from rag.query import understand
from rag.ranking.scope import Columns, Longs, Scope
from rag.ranking.sides import sides_of, without
from rag.retrieve import THE_DRUG
from rag.types import Filters, Floats

LABELS = frozenset({Kind.LABEL.value})
FEWEST = 16
"""Passages that the labels of a drug have at least, for phrasings to be filled with its name."""
PHRASED = 0.5
"""What a filled phrasing weighs, where a question that was written for a label weighs 1."""

TOPICS = {
    "boxed_warning": "boxed_warning",
    "overdose": "overdosage",
    "lactation": "lactation nursing_mothers use_in_specific_populations",
    "pregnancy": "pregnancy use_in_specific_populations",
    "pediatric": "pediatric_use use_in_specific_populations",
    "geriatric": "geriatric_use use_in_specific_populations",
    "contraindications": "contraindications",
    "interactions": "drug_interactions",
    "storage": "storage_and_handling how_supplied",
    "supply": "how_supplied dosage_forms_and_strengths",
    "forms": "dosage_forms_and_strengths how_supplied",
    "pharmacokinetics": "pharmacokinetics clinical_pharmacology",
    "mechanism": "mechanism_of_action clinical_pharmacology pharmacodynamics",
    "carcinogenesis": "carcinogenesis_and_mutagenesis_and_impairment_of_fertility nonclinical_toxicology",
    "studies": "clinical_studies",
    "abuse": "drug_abuse_and_dependence abuse dependence controlled_substance",
    "ingredients": "description",
    "dosage": "dosage_and_administration",
    "renal": "use_in_specific_populations dosage_and_administration",
    "hepatic": "use_in_specific_populations dosage_and_administration",
    "adverse_reactions": "adverse_reactions",
    "warnings": "warnings_and_cautions warnings",
    "indications": "indications_and_usage",
    "patient": "information_for_patients",
}
"""Where labels answer the phrasings of a topic; the other topics of the file ask nothing of a label."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its drug's labels are asked it (``text``) and as it was written (``full``).

    ``sections``: slugs that answer it; ``keys``: the drug whose labels have one of them, empty where none has; examples
    of a ``fold`` (0 or 1) are read by a tower that did not learn from them.
    """

    text: str
    full: str
    sections: tuple[str, ...]
    keys: tuple[str, ...]
    fold: int
    weight: float


class Labels:
    """The label passages of an index that may be learnt from: in force, all drugs of the document of ``tune``.

    ``sections``: base slugs of all labels, sorted; ``section``: index into it of every passage, -1 for literature.
    """

    def __init__(self, folder: Path) -> None:
        """``folder``: a generation of the index; raises `TrainingError` where it has no label to tune on."""
        self._columns = columns = Columns.load(folder)
        self._vectors = read(folder / "vectors.npy")
        slugs = [base(slug) for slug in columns.sections]
        every = columns.select(Scope(kinds=LABELS))
        self.sections = tuple(sorted({slugs[code] for code in np.unique(columns.section[every])}))
        places = {slug: place for place, slug in enumerate(self.sections)}
        self.section = np.array([places.get(slug, -1) for slug in slugs], dtype=np.int64)[columns.section]
        self._usable = np.zeros(len(columns), dtype=np.bool_)
        self._usable[every] = ~_measured(columns)[columns.document[every]]
        if not self._usable.any():
            raise TrainingError(f"{folder}: no label of a drug to tune on; ingest labels, then run `citerx index`")
        self._known: dict[tuple[str, ...], Longs] = {}

    def of(self, keys: tuple[str, ...]) -> Longs:
        """The positions of the passages of the labels with one of these ingredients."""
        if keys not in self._known:
            found = self._columns.select(Scope(kinds=LABELS, drugs=frozenset(keys)))
            self._known[keys] = found[self._usable[found]]
        return self._known[keys]

    def within(self, positions: Longs, sections: Sequence[str]) -> NDArray[np.bool_]:
        """Which of these passages are of one of these sections."""
        wanted = [place for place, slug in enumerate(self.sections) if slug in sections]
        return np.isin(self.section[positions], wanted)

    def elsewhere(
        self, keys: tuple[str, ...], sections: Sequence[str], most: int, chance: np.random.Generator
    ) -> Longs:
        """``most`` passages or fewer by chance of these sections, but of other drugs."""
        found = np.flatnonzero(self._usable)
        found = np.setdiff1d(found[self.within(found, sections)], self.of(keys), assume_unique=True)
        return chance.choice(found, size=min(most, len(found)), replace=False)

    def vectors(self, positions: Longs) -> Floats:
        """Shape ``(len(positions), dimension)``."""
        return self._vectors[positions].astype(np.float32)

    def drugs(self) -> list[str]:
        """Drugs to tune on that have labels of some length."""
        return [key for key in self._columns.drugs if side(key) == "tune" and len(self.of((key,))) >= FEWEST]


def from_questions(questions: Iterable[Question], labels: Labels, resolver: Resolver) -> Iterator[Asked]:
    """The questions of the half ``tune``, once for each drug that they name."""
    for question in questions:
        accepted = tuple(slug for slug in question.sections if slug in labels.sections)
        if question.split != "tune" or not accepted:
            continue
        named = sides_of(understand(question.text, resolver), Filters(), resolver)
        own = [one for one in named if set(one.keys) <= question.keys and _answered(labels, one.keys, accepted)]
        fold = fold_of(min(question.keys))
        for one in own:
            text = without(question.text, one.surfaces, THE_DRUG)
            yield Asked(text, question.text, accepted, one.keys, fold, 1.0)
        if not own:
            yield Asked(question.text, question.text, accepted, (), fold, 1.0)


def from_phrasings(file: Path, labels: Labels, times: int, chance: np.random.Generator) -> Iterator[Asked]:
    """Every phrasing of a topic that labels answer, filled with ``times`` drugs by chance; raises `TrainingError`."""
    drugs = labels.drugs()
    for topic, phrasing in _phrasings(file):
        accepted = tuple(slug for slug in TOPICS[topic].split() if slug in labels.sections)
        fold = fold_of(phrasing)
        for place in chance.choice(len(drugs), size=min(times, len(drugs)), replace=False) if accepted else ():
            text, full = (phrasing.replace("{drug}", name) for name in (THE_DRUG, drugs[place]))
            keys = (drugs[place],)
            yield Asked(text, full, accepted, keys if _answered(labels, keys, accepted) else (), fold, PHRASED)


def fold_of(name: str) -> int:
    """0 or 1, by a checksum."""
    return zlib.crc32(f"fold{name}".encode()) % 2


def _answered(labels: Labels, keys: tuple[str, ...], accepted: Sequence[str]) -> bool:
    return bool(labels.within(labels.of(keys), accepted).any())


def _measured(columns: Columns) -> NDArray[np.bool_]:
    """Whether each document is about a drug that is kept for measuring."""
    found = np.zeros(len(columns.kind), dtype=np.bool_)
    for code, key in enumerate(columns.drugs):
        if side(key) == "measure":
            found[columns.drug_documents[columns.drug_starts[code] : columns.drug_starts[code + 1]]] = True
    return found


def _phrasings(file: Path) -> Iterator[tuple[str, str]]:
    try:
        topics = tomllib.loads(file.read_text(encoding="utf-8"))["topics"]
        listed = [(topic, phrasing) for topic, rows in topics.items() for phrasing in rows["phrasings"]]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{file}: no [topics.NAME] with phrasings can be read: {error}") from error
    return ((topic, phrasing) for topic, phrasing in listed if topic in TOPICS)
