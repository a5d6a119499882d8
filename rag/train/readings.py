"""What the reader learns from: sentences beside questions, texts beside claims, from sets whose licences allow it.

Answers: BioASQ 7b-9b snippets, evidence-inference spans, COVID-QA, XQuAD. Claims: evidence-inference labels, BioASQ and
PubMedQA decisions, BioASQ's ideal answers, and sentences of drug labels against themselves with something changed.
Sentences judged for our own questions come from `rag.train.judged`. SciFact and HealthVer are never read here.
"""

from __future__ import annotations

import gzip
import html
import json
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ingest.sentences import sentences
from rag.lexical import analyse
from rag.train.mutations import mutations
from rag.train.pairs import rows
from rag.train.rewordings import reworded

SUPPORTED, CONTRADICTED, NEITHER = range(3)
LONGEST = 700
"""Characters of a text that are kept: about what the reader reads."""
HARD, EASY = 5, 2
"""Wrong sentences of a question: those that share its words, and some by chance."""
REWORDED = 0.6
"""Share of the changed sentences that are said in other words as well, so that other words alone tell nothing."""
REFUTES = {"number", "unit", "frequency", "negation", "direction"}
"""Changes after which a sentence says the contrary; after the others (drug, population) it says something else."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A question or claim with a text. ``target``: for an answer 0 to 1, for a claim its case (`SUPPORTED`, ...)."""

    task: Literal["answer", "claim"]
    question: str
    text: str
    target: float
    weight: float = 1.0


def answers(shared: Path, seed: int) -> list[Reading]:
    """Sentences beside questions of the literature."""
    folder, chance = shared / "train", random.Random(seed)  # noqa: S311 (no secret)
    found = list(_of_snippets(folder, chance))
    found += _of_spans(folder, chance)
    for name in ("covidqa.json.gz", "xquad_en.json.gz"):
        found += _of_squad(folder / name, chance)
    return found


def claims(shared: Path, labels: Sequence[tuple[str, Sequence[str]]], drugs: Sequence[str], seed: int) -> list[Reading]:
    """Texts beside claims; ``labels``: sentences of drug labels with their drugs, ``drugs``: names to swap in."""
    folder, chance = shared / "train", random.Random(seed)  # noqa: S311 (no secret)
    found = list(_of_trials(folder, chance))
    found += _of_decisions(folder)
    found += _of_ideal_answers(folder, drugs, chance)
    found += _of_conclusions(folder)
    found += _of_labels(labels, drugs, chance)
    return found


def _bioasq(folder: Path) -> list[dict[str, Any]]:
    """Batches 7 to 9; the tenth is kept for measurement."""
    return [row for row in rows(folder / "bioasq_7b_10b.jsonl.gz") if not row["batch"].startswith("10")]


def _trials(folder: Path) -> list[dict[str, str]]:
    """The results of evidence-inference, entities of HTML resolved."""
    found = rows(folder / "evidence_inference_train.jsonl.gz")
    return [{name: html.unescape(value).replace("\xa0", " ") for name, value in row.items()} for row in found]


def _of_snippets(folder: Path, chance: random.Random) -> Iterator[Reading]:
    asked = _bioasq(folder)
    texts = [sentence for row in asked for snippet in row["snippets"] for sentence in _split(snippet["text"])]
    owners = [
        number for number, row in enumerate(asked) for snippet in row["snippets"] for _ in _split(snippet["text"])
    ]
    similar = _similar(texts)
    for number, row in enumerate(asked):
        own = [place for place, owner in enumerate(owners) if owner == number]
        for place in chance.sample(own, min(4, len(own))):
            # Not each sentence of a snippet answers on its own.
            yield Reading("answer", row["question"], texts[place], 0.9)
        others = [place for place in similar(row["question"], 40) if owners[place] != number][:HARD]
        others += [
            place for place in chance.sample(range(len(texts)), min(EASY, len(texts))) if owners[place] != number
        ]
        for place in others:
            yield Reading("answer", row["question"], texts[place], 0.0)


def _of_spans(folder: Path, chance: random.Random) -> Iterator[Reading]:
    spans = _trials(folder)
    by_paper: dict[str, list[dict[str, Any]]] = {}
    for row in spans:
        by_paper.setdefault(row["pmcid"], []).append(row)
    for row in spans:
        if "\n" in row["evidence"].strip():
            continue
        question = f"What is the effect of {row['intervention']} compared with {row['comparator']} on {row['outcome']}?"
        yield Reading("answer", question, row["evidence"][:LONGEST], 1.0)
        others = [
            one
            for one in by_paper[row["pmcid"]]
            if one["outcome"] != row["outcome"] and row["outcome"].lower() not in one["evidence"].lower()
        ]
        for one in [*chance.sample(others, min(2, len(others))), chance.choice(spans)]:
            if one["evidence"] != row["evidence"]:
                yield Reading("answer", question, one["evidence"][:LONGEST], 0.0)


def _of_squad(path: Path, chance: random.Random) -> Iterator[Reading]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        articles = json.load(stream)["data"]
    for paragraph in (one for article in articles for one in article["paragraphs"]):
        spans = list(sentences(paragraph["context"]))
        for asked in paragraph["qas"]:
            start = asked["answers"][0]["answer_start"]
            here = next((place for place, (low, high) in enumerate(spans) if low <= start < high), None)
            if here is None:
                continue
            around = [place for place in range(max(0, here - 12), min(len(spans), here + 13)) if place != here]
            for place in [here, *chance.sample(around, min(5, len(around)))]:
                low, high = spans[place]
                yield Reading(
                    "answer", asked["question"], paragraph["context"][low:high][:LONGEST], float(place == here)
                )


CASES = {
    "significantly increased": ("increases", "raises", "reduces", "lowers"),
    "significantly decreased": ("reduces", "lowers", "increases", "raises"),
}
"""For a result's label the verbs of a true claim, two of each kind, and of a false one."""


def _of_trials(folder: Path, chance: random.Random) -> Iterator[Reading]:
    """Each result as a claim that holds and one that does not, now and then as a question."""
    for row in _trials(folder):
        text = " ".join(row["evidence"].split())[:LONGEST]
        who, what, than = row["intervention"], _lower(row["outcome"]), row["comparator"]
        if row["label"] in CASES:
            right, wrong = CASES[row["label"]][:2], CASES[row["label"]][2:]
            true = [
                f"{who} {chance.choice(right)} {what} compared with {than}.",
                f"{_capital(what)} differed between {who} and {than}.",
            ]
            false = [
                f"{who} {chance.choice(wrong)} {what} compared with {than}.",
                f"{who} had no effect on {what} compared with {than}.",
            ]
            asked = [
                (f"Does {who} {verb[:-1]} {what} compared with {than}?", SUPPORTED if verb in right else CONTRADICTED)
                for verb in (chance.choice(right), chance.choice(wrong))
            ]
        else:
            verb = chance.choice(("reduces", "increases", "improves", "lowers"))
            true = [
                f"{who} had no significant effect on {what} compared with {than}.",
                f"{_capital(what)} did not differ between {who} and {than}.",
            ]
            false = [f"{who} {verb} {what} compared with {than}.", f"{who} significantly {verb} {what}."]
            asked = [(f"Does {who} {verb[:-1]} {what} compared with {than}?", CONTRADICTED)]
        yield Reading("claim", chance.choice(true), text, SUPPORTED)
        yield Reading("claim", chance.choice(false), text, CONTRADICTED)
        question, case = chance.choice(asked)
        yield Reading("claim", question, text, case)


def _of_decisions(folder: Path) -> Iterator[Reading]:
    """BioASQ's yes/no questions beside each snippet: some snippets alone do not decide, hence the weight."""
    for row in _bioasq(folder):
        if row["type"] == "yesno" and row["exact_answer"] in {"yes", "no"}:
            case = SUPPORTED if row["exact_answer"] == "yes" else CONTRADICTED
            for snippet in row["snippets"][:5]:
                weight = 0.5 if case == SUPPORTED else 1.0  # most answers are yes
                yield Reading("claim", row["question"], snippet["text"][:LONGEST], case, weight)


def _of_ideal_answers(folder: Path, drugs: Sequence[str], chance: random.Random) -> Iterator[Reading]:
    """Written answers beside the snippets that they rest on, beside others on a like matter, and changed."""
    asked = [row for row in _bioasq(folder) if row["ideal_answer"] and row["snippets"]]
    ideals = [row["ideal_answer"][0] for row in asked]
    similar = _similar(ideals)
    for number, row in enumerate(asked):
        for sentence in _split(ideals[number])[:2]:
            best = sorted(row["snippets"], key=lambda one: -_shared(sentence, one["text"]))[:2]
            text = " ".join(one["text"] for one in best)[:LONGEST]
            yield Reading("claim", sentence, text, SUPPORTED, 0.7)
            for changed in chance.sample(found := mutations(sentence, chance, drugs), min(2, len(found))):
                yield Reading("claim", changed.text, text, _case(changed.kind))
            other = asked[chance.choice(similar(sentence, 6)[1:] or [number])]
            if other is not row:
                yield Reading("claim", sentence, chance.choice(other["snippets"])["text"][:LONGEST], NEITHER)


def _of_conclusions(folder: Path) -> Iterator[Reading]:
    """PubMedQA's questions beside the conclusions that decide them, and beside the results alone."""
    cases = {"yes": SUPPORTED, "no": CONTRADICTED, "maybe": NEITHER}
    for row in rows(folder / "pubmedqa_train500.jsonl.gz"):
        case = cases[row["final_decision"]]
        yield Reading("claim", row["question"], row["long_answer"][:LONGEST], case)
        yield Reading("claim", row["question"], row["contexts"][-1][:LONGEST], case, 0.5)
        yield Reading("claim", row["question"], row["contexts"][0][:LONGEST], NEITHER, 0.5)


def _of_labels(
    labels: Sequence[tuple[str, Sequence[str]]], drugs: Sequence[str], chance: random.Random
) -> Iterator[Reading]:
    """A label's sentence beside itself, its parts, itself with something changed, and other sentences like it."""
    texts = [text for text, _ in labels]
    similar = _similar(texts)
    for text, own in labels:
        shown = f"{', '.join(own)}: {text}"
        yield Reading("claim", text, shown, SUPPORTED, 0.3)
        if (other := reworded(text, chance)) != text:
            yield Reading("claim", other, shown, SUPPORTED)
        for changed in chance.sample(found := mutations(text, chance, drugs), min(2, len(found))):
            said = reworded(changed.text, chance) if chance.random() < REWORDED else changed.text
            yield Reading("claim", said, shown, _case(changed.kind))
        if part := _first_part(text):
            yield Reading("claim", part, shown, SUPPORTED)
            yield Reading("claim", text, f"{', '.join(own)}: {part}", NEITHER)
        other = texts[chance.choice(similar(text, 8)[1:] or [0])]
        if other != text:
            yield Reading("claim", other, shown, NEITHER)


def _case(kind: str) -> int:
    return CONTRADICTED if kind in REFUTES else NEITHER


def _first_part(text: str) -> str:
    """The text up to a semicolon or "and" after which a clause of its own begins; empty where there is none.

    What stands before "but" or "or" is not said without them.
    """
    verbs = "is|are|may|can|should|was|were|has|have"
    match = re.search(rf"(?:;|, and) (?!(?:but|or|however|unless|except)\b)(?=\w+ (?:\w+ )?(?:{verbs})\b)", text)
    return f"{text[: match.start()]}." if match and match.start() > 40 else ""


def _split(text: str) -> list[str]:
    return [text[low:high][:LONGEST] for low, high in sentences(text) if high - low > 30]


def _similar(texts: Sequence[str]) -> Callable[[str, int], list[int]]:
    """A search for the places of the texts that share most rare words with one; the best first."""
    having: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for term in set(analyse(text)):
            having.setdefault(term, []).append(place)
    places = {term: np.array(found) for term, found in having.items()}

    def nearest(text: str, count: int) -> list[int]:
        scores = np.zeros(len(texts))
        for term in set(analyse(text)) & places.keys():
            scores[places[term]] += math.log(len(texts) / len(places[term]))
        best: list[int] = np.argsort(-scores, kind="stable")[:count].tolist()
        return best

    return nearest


def _shared(one: str, other: str) -> float:
    words = set(analyse(one))
    return len(words & set(analyse(other))) / max(1, len(words))


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def shuffled(readings: Iterable[Reading], seed: int) -> list[Reading]:
    """The same in an order by chance."""
    found = list(readings)
    random.Random(seed).shuffle(found)  # noqa: S311 (no secret)
    return found
