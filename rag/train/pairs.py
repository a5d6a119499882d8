"""Question-passage pairs that the embedder and the reranker are tuned on, from sets whose licences allow it.

Sources and licences: BioASQ 7b-9b (CC BY 2.5), MedQuAD (CC BY 4.0), PubMedQA's 500 training questions (MIT),
evidence-inference (MIT), COVID-QA (Apache-2.0), XQuAD (CC BY-SA 4.0), openFDA labels (public domain).
SciFact and HealthVer are not read here: their licences do not allow it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage that answers it."""

    question: str
    passage: str


def held_out(name: str) -> bool:
    """Whether a drug or a topic is kept for measurement: a fifth of them, chosen by a checksum of the name."""
    return zlib.crc32(name.lower().encode()) % 5 == 0


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def bioasq(folder: Path) -> Iterator[Pair]:
    """Questions of 7b to 9b with their gold snippets; 10b is kept for measurement."""
    for row in rows(folder / "bioasq_7b_10b.jsonl.gz"):
        if not row["batch"].startswith("10"):
            for snippet in row["snippets"]:
                yield Pair(row["question"], snippet["text"])


def medquad(folder: Path) -> Iterator[Pair]:
    """NIH question and answer pairs whose topic is not held out."""
    for row in rows(folder / "medquad.jsonl.gz"):
        if row["answer"] and not held_out(row["focus"]):
            yield Pair(row["question"], row["answer"])


def pubmedqa(folder: Path) -> Iterator[Pair]:
    """Questions with the parts of the abstract that they were made of."""
    for row in rows(folder / "pubmedqa_train500.jsonl.gz"):
        for context in row["contexts"]:
            yield Pair(row["question"], context)


def evidence_inference(folder: Path) -> Iterator[Pair]:
    """Outcome, intervention and comparator as a question, with the evidence span."""
    for row in rows(folder / "evidence_inference_train.jsonl.gz"):
        question = f"What is the effect of {row['intervention']} compared with {row['comparator']} on {row['outcome']}?"
        yield Pair(question, row["evidence"])


def squad(path: Path, width: int = 600) -> Iterator[Pair]:
    """SQuAD-style questions with the window of ``width`` characters around the answer."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        articles = json.load(stream)["data"]
    for article in articles:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            for question in paragraph["qas"]:
                for answer in question["answers"][:1]:
                    start = max(0, answer["answer_start"] - width // 2)
                    yield Pair(question["question"], text[start : start + width])


SETS: dict[str, Callable[[Path], Iterator[Pair]]] = {
    "bioasq": bioasq,
    "medquad": medquad,
    "pubmedqa": pubmedqa,
    "evidence_inference": evidence_inference,
    "covidqa": lambda folder: squad(folder / "covidqa.json.gz"),
    "xquad": lambda folder: squad(folder / "xquad_en.json.gz"),
}
