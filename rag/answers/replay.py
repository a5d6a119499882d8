"""Makes a kept answer again on today's engine and says what changed since: inputs, answer, cited sources.

Nothing here asks or stores: `rag.engine.Engine.replay` does, and hands over both answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingest.schema import Document
from rag.answers.compose import answer_to_dict
from rag.answers.receipt import UNSEALED, asked_of, canonical, checksum, receipt_of
from rag.types import Answer, Quote, Receipt

FELL_BACK = "generator_fell_back"
MARKS = ("superseded", "retracted", "expression_of_concern", "corrected", "scanned", "editorial")

Plain = Mapping[str, Any]
Look = Callable[[str], Document | None]


@dataclass(frozen=True, slots=True)
class Change:
    """A ``part`` that differs, and which one of its sort (``name``); ``then`` or ``now`` None: was or is not there."""

    part: str
    name: str
    then: str | None
    now: str | None

    def told(self) -> str:
        """In plain words, on one line."""
        subject = f"{self.part} {self.name}".strip()
        if self.then is None:
            return f"new {subject}: {self.now}"
        if self.now is None:
            return f"no longer there: {subject}: {self.then}"
        return f"{subject}: {self.then} → {self.now}"


@dataclass(frozen=True, slots=True)
class Replay:
    """A kept answer beside the one that its question gets today. ``then``, ``now``: their checksums.

    ``same``: the same bytes, then nothing else is listed but ``sources`` and ``notes``. ``reads_the_same``: only
    provenance differs. ``inputs``: what answers are made of; ``sources``: cited documents as the store has them now.
    """

    answer_id: str
    question: str
    same: bool
    reads_the_same: bool
    then: str
    now: str
    inputs: tuple[Change, ...]
    answer: tuple[Change, ...]
    sources: tuple[Change, ...]
    notes: tuple[str, ...]


def compare(stored: Plain, again: Answer, look: Look) -> Replay:
    """What differs between a kept answer and ``again``; ``look`` finds documents as the store has them now.

    Raises `ReplayError` where either has no receipt.
    """
    receipt, plain = receipt_of(stored), answer_to_dict(again)
    same = canonical(stored) == canonical(plain)
    inputs = tuple(_inputs(stored, receipt, plain, receipt_of(plain)))
    sources = tuple(_sources(stored, asked_of(receipt).as_of, look))
    parts = () if same else tuple(_parts(stored, plain, look))
    return Replay(
        answer_id=str(stored["answer_id"]),
        question=str(stored["question"]),
        same=same,
        reads_the_same=not parts,
        then=checksum(stored),
        now=checksum(plain),
        inputs=inputs,
        answer=parts,
        sources=sources,
        notes=tuple(_notes(stored, receipt, explained=same or bool(inputs or sources))),
    )


def _inputs(stored: Plain, then: Receipt, plain: Plain, now: Receipt) -> Iterator[Change]:
    """What the answers were made of; a request is the same by nature."""
    yield from _single("program", then.citerx, now.citerx)
    yield from _single("index", then.index, now.index)
    for part, name in (
        ("index built", "indexed_at"),
        ("newest source", "newest_source"),
        ("generator used", "generator"),
    ):
        yield from _single(part, *(str(made["provenance"].get(name)) for made in (stored, plain)))
    for part, before, after in (
        ("model", then.models, now.models),
        ("generator", then.generator, now.generator),
        ("setting", then.settings, now.settings),
    ):
        yield from _each(part, _words(before), _words(after))


def _parts(stored: Plain, plain: Plain, look: Look) -> Iterator[Change]:
    """What a reader would find different; what is in none of the lists is named by its field, never left out."""
    found: dict[str, list[Change]] = {
        "status": list(_single("status", stored["status"], plain["status"])),
        "statements": list(_each("statement", _statements(stored), _statements(plain))),
        "references": list(_references(stored, plain, look)),
        "safety": list(_each("warning", _safety(stored), _safety(plain))),
        "notices": list(_each("notice", _notices(stored), _notices(plain))),
        "confidence": list(_single("confidence", str(stored["confidence"]), str(plain["confidence"]))),
    }
    yield from (change for changes in found.values() for change in changes)
    for field in sorted({*stored, *plain} - UNSEALED - {"provenance"}):
        follows = any(found.values()) if field == "answer" else found.get(field)  # the text is made of the rest
        if stored.get(field) != plain.get(field) and not follows:
            yield Change(field, "", "as it was", "differs in wording, order or numbering")


def _single(part: str, then: str, now: str) -> Iterator[Change]:
    if then != now:
        yield Change(part, "", then, now)


def _each(part: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys((*then, *now)):
        if then.get(name) != now.get(name):
            yield Change(part, name, then.get(name), now.get(name))


def _words(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _statements(answer: Plain) -> dict[str, str]:
    """What each statement rests on."""
    cited = {item["number"]: item["document_id"] for item in answer["references"]}
    return {
        f"“{item['text']}”": f"{item['support']}, {item['score']}, from "
        + ", ".join(dict.fromkeys(cited.get(number, "?") for number in item["citations"]))
        for item in answer["statements"]
    }


def _references(stored: Plain, plain: Plain, look: Look) -> Iterator[Change]:
    """Sources by work, so that a newer version stands beside the older one that it took the place of."""
    then, now = _works(stored, look), _works(plain, look)
    for work in dict.fromkeys((*then, *now)):
        before, after = then.get(work, []), now.get(work, [])
        told = [", ".join(dict.fromkeys(map(_reference, items))) or None for items in (before, after)]
        if told[0] != told[1]:
            yield Change("reference", (before or after)[0]["title"], told[0], told[1])


def _works(answer: Plain, look: Look) -> dict[str, list[Plain]]:
    found: dict[str, list[Plain]] = {}
    for item in answer["references"]:
        document = look(item["document_id"])
        found.setdefault(document.work_id if document else item["document_id"], []).append(item)
    return found


def _reference(item: Plain) -> str:
    marks = [mark.replace("_", " ") for mark in MARKS if item.get(mark)]
    stance = [item["stance"]] if item.get("stance") else []
    section = item["section"].replace("_", " ")
    return " ".join([f"version {item['version']}", section, *(f"({mark})" for mark in (*marks, *stance))])


def _safety(answer: Plain) -> dict[str, str]:
    cited = {item["number"]: item["document_id"] for item in answer["references"]}
    return _joined(
        (f"{item['drug']}, {item['section'].replace('_', ' ')}", cited.get(item["reference"], "?"))
        for item in answer["safety"]
    )


def _notices(answer: Plain) -> dict[str, str]:
    return _joined((item["code"], item["message"]) for item in answer["notices"])


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values of the same name beside each other, each once."""
    found: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        found.setdefault(name, {})[value] = None
    return {name: " ".join(values) for name, values in found.items()}


def _sources(stored: Plain, as_of: date | None, look: Look) -> Iterator[Change]:
    """Cited documents that the store no longer has as the answer cited them."""
    by_document: dict[str, list[Plain]] = {}
    for item in stored["references"]:
        by_document.setdefault(item["document_id"], []).append(item)
    for document_id, items in by_document.items():
        document = look(document_id)
        if document is None:
            yield Change("source", document_id, "in the store", "no longer in the store")
        elif changed := list(_since(items, document, as_of)):
            yield Change("source", document_id, "as cited", ", ".join(changed))


def _since(items: Sequence[Plain], document: Document, as_of: date | None) -> Iterator[str]:
    if document.outdated(as_of) and not items[0]["superseded"]:
        yield "replaced by a newer version" + (f" on {document.superseded_on}" if document.superseded_on else "")
    for mark in ("retracted", "expression_of_concern", "corrected"):
        if getattr(document, mark) and not items[0].get(mark):
            yield f"now marked: {mark.replace('_', ' ')}"
    if lost := [str(item["number"]) for item in items if not _stands(item, document)]:
        yield f"the words quoted by [{'], ['.join(lost)}] no longer stand in it"


def _stands(item: Plain, document: Document) -> bool:
    section = document.section(item["section"])
    return section is not None and all(
        Quote.of(section.text[quote["start"] : quote["end"]], quote["start"], quote["end"]).sha256 == quote["sha256"]
        for quote in item["quotes"]
    )


def _notes(stored: Plain, receipt: Receipt, *, explained: bool) -> Iterator[str]:
    if any(item["code"] == FELL_BACK for item in stored["notices"]):
        wanted, used = receipt.generator.get("name", "?"), stored["provenance"]["generator"]
        yield f"The kept answer had fallen back from the generator {wanted} to {used}."
    if checksum(stored) != receipt.sha256:
        yield f"The kept answer is not the one that was given: that one had the checksum {receipt.sha256}."
    elif not explained:
        yield "Nothing that the receipt records has changed: other documents of the store or the program's code have."
