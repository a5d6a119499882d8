"""An answer made again: the same bytes from any process, or what changed since, by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.passages import split
from ingest.schema import Document
from ingest.store import Store
from rag.answers.compose import answer_to_dict
from rag.answers.receipt import UNSEALED, Asked, asked_of, canonical, checksum, receipt_of
from rag.answers.replay import Change, Replay, compare
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.errors import GeneratorError, NotFoundError, ReplayError
from rag.generate import Extractive, Generator, Scripted
from rag.indexes.build import build
from rag.query import Query
from rag.sentences.reader import ScriptedJudge
from rag.settings import Settings
from rag.types import Draft, Evidence, Filters, Verdict
from rag.verify import SUPPORTED
from rag.view import DiskViews
from tests.rag.bookshelf import COLCHICINE, Bookshelf, corpus, document
from tests.rag.test_engine import Shelves
from tests.rag.test_evidence import PAIR

GOUT = "What is the dose of colchicine for gout flares?"
NEWER = [(slug, text.replace("1.2 mg", "1.8 mg")) for slug, text in COLCHICINE]
Plain = dict[str, Any]


def engine_of(shelf: Bookshelf, stamp: str = "g1", *, scripted: Generator | None = None, **limits: Any) -> Engine:  # noqa: ANN401
    views, numbers = Shelves(shelf), count(len(shelf.answers))
    views.current = stamp
    generators: dict[str, Generator] = {"extractive": Extractive(), **({"scripted": scripted} if scripted else {})}
    return Engine(shelf, views, HashEmbedder(256), generators, new_id=lambda: f"a{next(numbers)}", **limits)


def later(shelf: Bookshelf, documents: list[Document], stamp: str = "g2") -> Engine:
    """An engine over other documents that has the answers given before."""
    newer = Bookshelf(documents)
    newer.answers = shelf.answers
    return engine_of(newer, stamp)


def updated() -> list[Document]:
    """The corpus after a newer version of the label on colchicine, with another dose."""
    paths, label, paper = corpus()
    newer = document("label:c:5", NEWER, "colchicine", effective=date(2021, 1, 1), published=date(2021, 1, 1))
    return [paths, replace(label, superseded_on=date(2021, 1, 1)), newer, paper]


def parts(replay: Replay) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in (*replay.inputs, *replay.answer, *replay.sources):
        found.setdefault(change.part, []).append(change)
    return found


def test_the_same_bytes_and_nothing_kept() -> None:
    shelf = Bookshelf(corpus())
    given = engine_of(shelf).ask(PAIR)
    replay = engine_of(shelf).replay(given.answer_id)  # reopened
    assert replay.same
    assert replay.reads_the_same
    assert given.receipt is not None
    assert replay.then == replay.now == given.receipt.sha256
    assert (replay.inputs, replay.answer, replay.sources, replay.notes) == ((), (), (), ())
    assert list(shelf.answers) == [given.answer_id]


def test_the_receipt_says_what_the_answer_was_made_of() -> None:
    shelf = Bookshelf(corpus())
    writer = Scripted(lambda _, evidence: [Draft(evidence[0].text, (evidence[0],))], {"model": "m", "seed": "7"})
    engine = engine_of(shelf, scripted=writer, models={"retriever": "r-1"}, min_score=0.2, device="cuda")
    receipt = engine.ask(GOUT, generator="scripted", as_of=date(2024, 1, 1)).receipt
    assert receipt is not None
    assert receipt.index == "g1"
    assert receipt.models == {"embedder": "hash-256", "selector": "plain-hash-256", "retriever": "r-1"}
    assert receipt.generator == {"name": "scripted", "model": "m", "seed": "7"}
    assert receipt.settings == {
        "device": "cuda",
        "generator": "extractive",
        "max_references": 8,
        "min_coverage": 0.2,
        "min_score": 0.2,
    }
    assert receipt.request["as_of"] == "2024-01-01"
    assert receipt.request["max_references"] is None


def test_a_newer_version_is_named_with_what_it_changed() -> None:
    shelf = Bookshelf(corpus())
    given = engine_of(shelf).ask(GOUT)
    replay = later(shelf, updated()).replay(given.answer_id)
    found = parts(replay)
    assert not replay.same
    assert not replay.reads_the_same
    assert found["index"] == [Change("index", "", "g1", "g2")]
    changed = next(change for change in found["reference"] if change.name == "Colchicine")
    assert changed.then is not None
    assert changed.now is not None
    assert "version 4" in changed.then
    assert "version 5" in changed.now
    dose = [change for change in found["statement"] if "gout flares in adults" in change.name]
    assert [("1.2 mg" in change.name, change.now is None) for change in dose] == [(True, True), (False, False)]
    assert found["source"] == [
        Change("source", "label:c:4", "as cited", "replaced by a newer version on 2021-01-01"),
    ]


def test_another_generation_with_the_same_words_reads_the_same() -> None:
    shelf = Bookshelf(corpus())
    given = engine_of(shelf).ask(GOUT)
    replay = later(shelf, corpus()).replay(given.answer_id)
    assert (replay.same, replay.reads_the_same) == (False, True)
    assert replay.inputs == (Change("index", "", "g1", "g2"),)
    assert not replay.answer


def test_a_setting_a_model_and_a_prompt_are_named() -> None:
    def write(prompt: str) -> Scripted:
        return Scripted(lambda _, evidence: [Draft(evidence[0].text, (evidence[0],))], {"prompt": prompt})

    shelf = Bookshelf(corpus())
    before = engine_of(shelf, scripted=write("answer-v1"), min_score=0.25, models={"reader": "r-1"})
    given = before.ask(GOUT, generator="scripted")
    found = parts(
        engine_of(shelf, scripted=write("answer-v2"), min_score=0.99, models={"retriever": "x"}).replay(given.answer_id)
    )
    assert found["generator"] == [Change("generator", "prompt", "answer-v1", "answer-v2")]
    assert found["setting"] == [Change("setting", "min_score", "0.25", "0.99")]
    assert found["model"] == [Change("model", "reader", "r-1", None), Change("model", "retriever", None, "x")]
    assert found["status"] == [Change("status", "", "answered", "abstained")]
    assert [change.now for change in found["confidence"]] == ["0.0"]
    assert {change.name for change in found["notice"]} >= {"insufficient_evidence"}
    told = [change.told() for changes in found.values() for change in changes]
    assert "no longer there: model reader: r-1" in told
    assert "new model retriever: x" in told
    assert "setting min_score: 0.25 → 0.99" in told


def test_a_threshold_of_the_judge_is_named_where_it_changed() -> None:
    shelf = Bookshelf(corpus())
    judged = engine_of(shelf, judge=ScriptedJudge(lambda *_: Verdict(0.0, 0.0)))
    given = judged.ask(GOUT)
    assert given.receipt is not None
    assert {"supported", "sure_of_stance", "sure_of_conflict"} <= given.receipt.settings.keys()
    kept = shelf.answers[given.answer_id]
    kept["receipt"]["settings"]["supported"] = 0.6
    found = parts(judged.replay(given.answer_id))
    assert found["setting"] == [Change("setting", "supported", "0.6", str(SUPPORTED))]
    assert "supported" not in engine_of(Bookshelf(corpus())).ask(GOUT).receipt.settings  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"retracted": True}, "now marked: retracted"),
        ({"expression_of_concern": True}, "now marked: expression of concern"),
        ({"corrected": True}, "now marked: corrected"),
        ({"sections": ()}, "no longer stand in it"),
        (None, "no longer in the store"),
    ],
)
def test_what_became_of_a_cited_document_is_told(change: Plain | None, told: str) -> None:
    shelf = Bookshelf(corpus())
    given = engine_of(shelf).ask(GOUT)
    label = shelf.books.pop("label:c:4")
    if change is not None:
        shelf.books["label:c:4"] = replace(label, **change)
    found = parts(engine_of(shelf).replay(given.answer_id))["source"]
    assert [item.name for item in found] == ["label:c:4"]
    assert told in str(found[0].now)


def test_of_a_version_replaced_after_the_date_asked_about_that_alone_is_new() -> None:
    shelf = Bookshelf(corpus())
    given = engine_of(shelf).ask(GOUT, as_of=date(2020, 6, 1))
    replay = later(shelf, updated(), "g1").replay(given.answer_id)
    assert [(item.part, item.name, item.then) for item in replay.answer] == [("notice", "superseded_source", None)]
    assert not replay.sources


def test_an_altered_answer_is_told_from_the_one_given() -> None:
    shelf = Bookshelf(corpus())
    given = engine_of(shelf).ask(GOUT)
    shelf.answers[given.answer_id]["statements"][0]["text"] = "Take ten tablets."
    replay = engine_of(shelf).replay(given.answer_id)
    assert not replay.same
    assert given.receipt is not None
    assert "not the one that was given" in " ".join(replay.notes)
    assert given.receipt.sha256 == replay.now != replay.then


def test_an_answer_that_had_fallen_back_says_so() -> None:
    def fail(query: Query, evidence: Sequence[Evidence]) -> list[Draft]:
        raise GeneratorError(f"no model for {query.question!r} and {len(evidence)} sentences")

    shelf = Bookshelf(corpus())
    given = engine_of(shelf, scripted=Scripted(fail)).ask(GOUT, generator="scripted")
    writer = Scripted(lambda _, evidence: [Draft(evidence[0].text, (evidence[0],))])
    replay = engine_of(shelf, scripted=writer).replay(given.answer_id)
    assert replay.notes == ("The kept answer had fallen back from the generator scripted to extractive.",)
    assert [(change.part, change.then, change.now) for change in replay.inputs] == [
        ("generator used", "extractive", "scripted")
    ]
    gone = [change for change in parts(replay)["notice"] if change.now is None]
    assert [change.name for change in gone] == ["generator_fell_back"]


def test_what_cannot_be_made_again_says_why() -> None:
    shelf = Bookshelf(corpus())
    writer = Scripted(lambda _, evidence: [Draft(evidence[0].text, (evidence[0],))])
    written = engine_of(shelf, scripted=writer).ask(GOUT, generator="scripted").answer_id
    shelf.answers["old"] = {name: value for name, value in shelf.answers[written].items() if name != "receipt"}
    shelf.answers["odd"] = shelf.answers[written] | {"receipt": {"citerx": "1"}}
    told = {"none": "'none'", "old": "without a receipt", "odd": "cannot be read: index", written: "extractive"}
    for answer_id, reason in told.items():
        with pytest.raises((NotFoundError, ReplayError), match=reason):
            engine_of(shelf).replay(answer_id)


def test_an_answer_that_could_not_be_kept_has_the_checksum_of_what_was_given() -> None:
    shelf = Bookshelf(corpus())
    shelf.full = True
    answer = engine_of(shelf).ask(GOUT)
    assert answer.receipt is not None
    assert answer.receipt.sha256 == checksum(answer_to_dict(answer))


ANSWER = engine_of(Bookshelf(corpus())).ask(PAIR)
KEPT: Plain = json.loads(json.dumps(answer_to_dict(ANSWER)))
NAMES = st.lists(st.text(max_size=8), max_size=3).map(tuple)
DATES = st.none() | st.dates()
FILTERS = st.builds(Filters, NAMES, NAMES, NAMES, DATES, DATES, st.booleans())


@settings(max_examples=50, deadline=None)
@given(st.builds(Asked, st.text(), FILTERS, DATES, st.none() | st.integers(1, 20), st.none() | st.just("extractive")))
def test_a_request_is_read_as_it_was_asked(asked: Asked) -> None:
    kept = json.loads(json.dumps(asked.to_json()))
    assert asked_of(replace(receipt_of(KEPT), request=kept)) == asked


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths to every value that is neither a list nor an object."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for name, item in items for leaf in leaves(item, (*path, name))]
    yield from found or [path]


def altered(payload: Plain, path: tuple[str | int, ...]) -> Plain:
    changed: Any = deepcopy(payload)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    value = inner[path[-1]]
    inner[path[-1]] = not value if isinstance(value, bool) else value + 1 if isinstance(value, int | float) else "x"
    return dict(changed)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([path for path in leaves(KEPT) if path[0] not in UNSEALED]))
def test_whatever_differs_is_told(path: tuple[str | int, ...]) -> None:
    stored = altered(KEPT, path)
    assert canonical(stored) != canonical(KEPT)
    shelf = Bookshelf(corpus())
    replay = compare(stored, ANSWER, shelf.document)
    assert not replay.same
    assert replay.reads_the_same == (path[0] == "provenance")
    assert replay.notes  # its receipt has another checksum
    assert bool(replay.answer) == (path[0] != "provenance")


@settings(max_examples=20, deadline=None)
@given(st.permutations(list(KEPT)), st.sampled_from(sorted(UNSEALED)))
def test_order_of_keys_id_timings_and_receipt_do_not_count(order: list[str], unsealed: str) -> None:
    shuffled = {name: KEPT[name] for name in order} | {unsealed: "another"}
    assert checksum(shuffled) == receipt_of(KEPT).sha256


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with open_store(tmp_path) as store:
        put(store, corpus())
    return tmp_path


class open_store:  # noqa: N801 (a context manager)
    def __init__(self, home: Path) -> None:
        self.store = Store.open(Settings(home=home).database_url)

    def __enter__(self) -> Store:
        return self.store

    def __exit__(self, *_: object) -> None:
        self.store.close()


def put(store: Store, documents: list[Document]) -> None:
    with store.writing() as batch:
        for item in documents:
            batch.put(item, split(item))


def opened(home: Path) -> Engine:
    """The engine over the store and a fresh index of a home."""
    store, embedder, index = Store.open(Settings(home=home).database_url), HashEmbedder(256), home / "index"
    build(store, embedder, index)
    return Engine(store, DiskViews(index, store, embedder, "cpu"), embedder, {"extractive": Extractive()})


QUESTIONS = [PAIR, GOUT, "What is the dose of fictumab?", "grapefruit juice and simvastatin", "zzz"]


def test_another_process_gives_the_same_bytes(home: Path) -> None:
    engine = opened(home)
    answers = [engine.ask(question) for question in QUESTIONS for _ in range(2)]
    ours = [answer.receipt.sha256 for answer in answers if answer.receipt]
    assert ours[::2] == ours[1::2]
    assert len(set(ours)) == len(QUESTIONS)
    engine.close()
    code = (
        "import sys, json, pathlib; from tests.rag.answers.test_replay import QUESTIONS, opened\n"
        "engine = opened(pathlib.Path(sys.argv[1]))\n"
        "print(json.dumps([engine.ask(question).receipt.sha256 for question in QUESTIONS]))\n"
        "print(json.dumps([engine.replay(answer_id).same for answer_id in sys.argv[2:]]))\n"
    )
    ids = [answer.answer_id for answer in answers]
    # Another seed for the hashes of words: what depends on the order of a set would come out differently.
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, str(home), *ids]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=100)
    assert not done.returncode, done.stderr
    theirs, same = map(json.loads, done.stdout.splitlines())
    assert theirs == ours[::2]
    assert same == [True] * len(ids)


def test_a_label_ingested_since_is_named(home: Path) -> None:
    engine = opened(home)
    given = engine.ask(GOUT)
    engine.close()
    with open_store(home) as store:
        put(store, [document("label:c:5", NEWER, "colchicine", effective=date(2022, 2, 2))])
    engine = opened(home)
    replay = engine.replay(given.answer_id)
    engine.close()
    found = parts(replay)
    assert {"index", "newest source", "reference", "statement", "source"} <= found.keys()
    assert found["source"][0].now == "replaced by a newer version on 2022-02-02"
    assert any("version 4" in str(item.then) and "version 5" in str(item.now) for item in found["reference"])
