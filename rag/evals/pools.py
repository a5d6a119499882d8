"""Question sets of the literature, made from shared material: each with a pool of texts that becomes a corpus.

BioASQ 7b-10b (CC BY 2.5): snippets as passages; 10b is for measuring. MedQuAD (CC BY 4.0): whole answers as passages; a
fifth of the topics, chosen by checksum, is for measuring. Both splits are the ones that training keeps to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.schema import Document, Kind, Passage, Section, passage_id
from ingest.store import Store
from rag.errors import EvaluationError
from rag.evals.collection import Collection, Judged, Place, digest
from rag.evals.questions import Question, Split
from rag.indexes.build import Progress, build
from rag.indexes.generations import stamp
from rag.train.pairs import held_out, rows
from rag.types import Embedder

SPARE = 10
"""Texts that no question needs, for each question of a quick try."""


@dataclass(frozen=True, slots=True)
class Pool:
    """``texts`` are distinct; ``relevant``: the numbers of those that answer each question."""

    name: str
    texts: tuple[str, ...]
    questions: tuple[Question, ...]
    relevant: tuple[tuple[int, ...], ...]


def bioasq(shared: Path) -> Pool:
    """BioASQ task b: a question's snippets among all snippets of 7b to 10b."""
    found = []
    for row in _read(shared / "train" / "bioasq_7b_10b.jsonl.gz"):
        split: Split = "measure" if row["batch"].startswith("10") else "tune"
        question = Question(row["id"], row["question"], "bioasq", split, slice=row["type"])
        found.append((question, [snippet["text"] for snippet in row["snippets"]]))
    return _pool("bioasq", found)


def medquad(shared: Path) -> Pool:
    """MedQuAD: a question's answer among all answers; the same question of two sources has two answers.

    A question of a topic for measuring is ``mixed`` where one of its answers is also that of a topic for training.
    """
    asked: dict[str, list[dict[str, Any]]] = {}
    for row in _read(shared / "train" / "medquad.jsonl.gz"):
        if row["answer"]:
            asked.setdefault(" ".join(row["question"].casefold().split()), []).append(row)
    every = [row for alike in asked.values() for row in alike]
    trained = {digest(row["answer"]) for row in every if not held_out(row["focus"])}
    found = []
    for number, alike in enumerate(asked.values(), 1):
        known = [digest(row["answer"]) in trained for row in alike]
        tune = not any(held_out(row["focus"]) for row in alike)
        split: Split = "tune" if tune else "mixed" if any(known) else "measure"
        question = Question(f"medquad-{number}", alike[0]["question"], "medquad", split, slice=alike[0]["type"])
        found.append((question, [row["answer"] for row in alike]))
    return _pool("medquad", found)


POOLS: dict[str, Callable[[Path], Pool]] = {"bioasq": bioasq, "medquad": medquad}


def reduced(pool: Pool, split: str, limit: int) -> Pool:
    """For a quick try: the first ``limit`` questions of the split, their texts and a few others. Easier than it all."""
    chosen = [place for place, one in enumerate(pool.questions) if split in {one.split, "all"}][:limit]
    needed = {number for place in chosen for number in pool.relevant[place]}
    others = [number for number in range(len(pool.texts)) if number not in needed][: SPARE * len(chosen)]
    return _pool(
        pool.name,
        [(pool.questions[place], [pool.texts[number] for number in pool.relevant[place]]) for place in chosen],
        [pool.texts[number] for number in others],
    )


def prepare(pool: Pool, work: Path, embedder: Embedder, progress: Progress) -> Place:
    """The pool's store and index, made in ``work`` where they are not there yet; a second run embeds nothing."""
    name = hashlib.sha256("\0".join(pool.texts).encode()).hexdigest()[:12]
    home = work / f"{pool.name}-{name}"
    home.mkdir(parents=True, exist_ok=True)
    url, index_dir = f"sqlite:///{home / 'citerx.db'}", home / "index"
    store = Store.open(url)
    try:
        if not stamp(index_dir):
            with store.writing() as batch:
                for text in pool.texts:
                    batch.put(*_document(text))
        build(store, embedder, index_dir, progress)
    finally:
        store.close()
    return Place(pool.name, url, index_dir, work)


def judge_pool(pool: Pool, collection: Collection) -> list[Judged]:
    """The questions of the pool with the passages that answer them."""
    by_text = {digest(item.text): collection.alike[row] for row, item in collection.items.items()}
    found = [by_text[digest(text)] for text in pool.texts]
    return [
        Judged(question, frozenset(found[number] for number in numbers))
        for question, numbers in zip(pool.questions, pool.relevant, strict=True)
    ]


def ideal_answers(shared: Path) -> dict[str, tuple[str, ...]]:
    """BioASQ's ideal answers, written by its experts, by question."""
    found = _read(shared / "train" / "bioasq_7b_10b.jsonl.gz")
    return {row["id"]: tuple(text for text in row.get("ideal_answer") or () if text.strip()) for row in found}


def _pool(name: str, found: Iterable[tuple[Question, Sequence[str]]], others: Iterable[str] = ()) -> Pool:
    numbers: dict[bytes, int] = {}
    texts: list[str] = []

    def number(text: str) -> int:
        if (key := digest(text)) not in numbers:
            numbers[key] = len(texts)
            texts.append(text)
        return numbers[key]

    listed = [
        (question, tuple(dict.fromkeys(number(text) for text in answers if text.strip())))
        for question, answers in found
    ]
    for text in others:
        number(text)
    questions, relevant = (tuple(part) for part in zip(*listed, strict=True)) if listed else ((), ())
    return Pool(name, tuple(texts), questions, relevant)


def _document(text: str) -> tuple[Document, list[Passage]]:
    """An article of one passage, whatever its length."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    name = f"pool:{sha256[:16]}"
    document = Document(name, Kind.ARTICLE, "", sha256[:16], "1", sha256, (Section("text", "", (), text),))
    return document, [Passage(passage_id(name, "text", 0, len(text)), name, "text", 0, len(text), text, "")]


def _read(path: Path) -> Iterable[dict[str, Any]]:
    try:
        return list(rows(path))
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}; --shared names the folder of shared data") from error
