"""A whole measurement on the starter corpus: production retrieval beside the baselines, and what is written of it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.pipeline import ingest
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.errors import EvaluationError, IndexUnavailableError, UnknownNameError
from rag.evals.collection import Collection, Place, judge, opened
from rag.evals.command import Request, Written, run
from rag.evals.questions import load
from rag.evals.systems import DEFAULT, SYSTEMS, Search
from rag.indexes.build import build
from rag.settings import Settings
from rag.types import Floats

EMBEDDER = HashEmbedder(64)
QUESTIONS = """
[set]
name = "mine"
kind = "label"
description = "A few."

[[question]]
id = "1"
text = "Which medicines must not be taken with colchicine?"
drugs = ["colchicine"]
sections = ["drug_interactions", "contraindications"]
slice = "interactions"
style = "generic"

[[question]]
id = "2"
text = "How is Coumadin dosed?"
drugs = ["warfarin"]
sections = ["dosage_and_administration"]
slice = "dosage"
style = "brand"

[[question]]
id = "3"
text = "May the elderly take metformin?"
drugs = ["metformin"]
sections = ["geriatric_use"]
slice = "renal"
style = "population"

[[question]]
id = "4"
text = "Can digoxin be taken together with propafenone?"
drugs = ["digoxin", "propafenone"]
sections = ["drug_interactions"]
slice = "interactions"
style = "two-drug"

[[question]]
id = "5"
text = "How is ibuprofen dosed?"
drugs = ["ibuprofen"]
sections = ["dosage_and_administration"]
slice = "dosage"
style = "generic"
"""
BIOASQ = [
    {"id": "b1", "batch": "10B1", "type": "factoid", "question": "What does colchicine treat?", "snippets": ["a", "b"]},
    {"id": "b2", "batch": "9B1", "type": "yesno", "question": "Is digoxin a glycoside?", "snippets": ["c"]},
]
TEXTS = {"a": "Colchicine treats gout flares.", "b": "Gout is what colchicine treats.", "c": "Digoxin is a glycoside."}


class Counting:
    """Counts what it embeds."""

    name, dimension = EMBEDDER.name, EMBEDDER.dimension

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.texts += texts
        return EMBEDDER.encode(texts)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"), device="cpu")
    store = Store.open(settings.database_url)
    with as_file(files("corpora") / "starter") as folder:
        ingest(store, [str(folder)])
    build(store, EMBEDDER, settings.index_dir)
    store.close()
    return settings


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    (folder / "mine.toml").write_text(QUESTIONS)
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    (folder / "train").mkdir()
    rows = [row | {"snippets": [{"text": TEXTS[name]} for name in row["snippets"]]} for row in BIOASQ]
    with gzip.open(folder / "train" / "bioasq_7b_10b.jsonl.gz", "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def request_(questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Request:
    out = tmp_path_factory.mktemp("out")
    return Request(questions=questions, out=out, split="all", resamples=200, systems=tuple(SYSTEMS))


@pytest.fixture(scope="module")
def written(request_: Request, settings: Settings, said: list[str]) -> Written:
    return run(request_, settings, said.append, EMBEDDER)


@pytest.fixture(scope="module")
def labels(written: Written) -> dict[str, Any]:
    (collection,) = json.loads(written.result)["collections"]
    return dict(collection)


@pytest.fixture(scope="module")
def collection(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    place = Place("labels", settings.database_url, settings.index_dir, tmp_path_factory.mktemp("work"))
    with opened(place, EMBEDDER, "cpu") as collection:
        yield collection


def test_every_system_is_measured_on_the_questions_that_the_corpus_answers(
    labels: dict[str, Any], said: list[str]
) -> None:
    assert labels["questions"] == 4
    assert labels["left_out"] == {"no passage of the corpus answers": 1}
    assert any("answers 5" in line for line in said)
    assert set(labels["systems"]) == set(SYSTEMS)
    for system in labels["systems"].values():
        for value in system["means"].values():
            assert value["low"] - 1e-9 <= value["mean"] <= value["high"] + 1e-9


def test_the_service_beats_the_baseline_where_drugs_matter(labels: dict[str, Any]) -> None:
    ours, theirs = (labels["systems"][name]["means"]["wrong-drug@5"]["mean"] for name in ("citerx", "fusion"))
    assert ours == 0
    assert theirs > 0
    assert labels["systems"]["citerx"]["difference"]["wrong-drug@5"]["mean"] == pytest.approx(ours - theirs)
    assert labels["systems"]["fusion"]["difference"] == {}


def test_groups_add_up_to_the_whole(labels: dict[str, Any]) -> None:
    assert set(labels["groups"]) == {"slice", "style"}  # one set makes no groups
    for groups in labels["groups"].values():
        assert sum(group["questions"] for group in groups.values()) == 4
        for name, system in labels["systems"].items():
            total = sum(group["questions"] * group["systems"][name]["hit@3"]["mean"] for group in groups.values())
            assert total / 4 == pytest.approx(system["means"]["hit@3"]["mean"])


def test_the_report_states_what_the_result_states(request_: Request, labels: dict[str, Any]) -> None:
    lines = (request_.out / "report.md").read_text().splitlines()
    head = next(line for line in lines if line.startswith("| system |")).split("|")[2:-3]
    for name, system in labels["systems"].items():
        cells = next(line for line in lines if line.startswith(f"| {name} |")).split("|")[2:-3]
        for measure, cell in zip(head, cells, strict=True):
            value = system["means"][measure.strip()]
            assert [float(number) for number in re.findall(r"[\d.]+", cell)] == [
                round(value[key], 3) for key in ("mean", "low", "high")
            ]


def test_all_files_are_there_and_say_what_was_measured(request_: Request, written: Written) -> None:
    names = {path.name for path in request_.out.iterdir()}
    assert names >= {"result.json", "report.md", "misses.jsonl", "labels-systems.png", "labels-slices.png"}
    assert sum(line.startswith("| ") for line in written.summary.splitlines()) == 2 + len(SYSTEMS)
    result = json.loads(written.result)
    assert (request_.out / "result.json").read_text().strip() == written.result
    assert result["config"]["seed"] == 0
    assert result["provenance"]["versions"]["rank-bm25"]
    assert len(result["provenance"]["questions"]["mine"]) == 64
    assert result["collections"][0]["embedder"] == EMBEDDER.name


def test_a_miss_tells_what_was_expected_what_came_and_what_was_understood(
    request_: Request, labels: dict[str, Any]
) -> None:
    misses = [json.loads(line) for line in (request_.out / "misses.jsonl").read_text().splitlines()]
    assert len(misses) == round(4 * (1 - labels["systems"]["citerx"]["means"]["hit@1"]["mean"]))
    for miss in misses:
        assert miss["came"][0]["section"] not in miss["question"]["sections"]
        assert miss["understood"]["question"] == miss["question"]["text"]


def test_values_of_every_question_are_kept(request_: Request, labels: dict[str, Any]) -> None:
    rows = [json.loads(line) for line in (request_.out / "questions.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    for name, system in labels["systems"].items():
        mean = sum(row["systems"][name]["nDCG@10"] for row in rows) / 4
        assert mean == pytest.approx(system["means"]["nDCG@10"]["mean"], abs=1e-4)


def test_what_is_relevant_is_the_drugs_own_section(collection: Collection, questions: Path) -> None:
    (one,) = load(questions)
    found = {each.question.id: each.relevant for each in judge(one.questions, collection)}
    for number, drugs, sections in (
        ("2", {"warfarin"}, {"dosage_and_administration"}),
        ("4", {"digoxin", "propafenone"}, {"drug_interactions"}),
    ):
        items = [item for item in collection.items.values() if len(item.drugs) == 1 and item.drugs <= drugs]
        assert found[number] == {collection.alike[item.row] for item in items if item.section in sections}
        assert {next(iter(collection.items[row].drugs)) for row in found[number]} == drugs
    assert not found["5"]


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_returns_what_was_asked_for_best_first(collection: Collection, name: str) -> None:
    search: Search = SYSTEMS[name].build(collection)
    for k in (3, 10):
        found = search("Which medicines must not be taken with colchicine?", k)
        assert len({row for row, _ in found}) == len(found) == k
        assert all(row in collection.items for row, _ in found)
        if not name.startswith("citerx"):  # takes drugs in turn
            assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_dense_and_llamaindex_read_the_vectors_of_the_index(collection: Collection) -> None:
    question = "May the elderly take metformin?"
    exact = collection.vectors().astype(np.float32) @ EMBEDDER.encode([question])[0]
    rows = list(collection.items)
    best = sorted(range(len(rows)), key=lambda place: -exact[place])[:5]
    found = SYSTEMS["dense"].build(collection)(question, 5)
    assert [score for _, score in found] == pytest.approx([exact[place] for place in best], abs=1e-3)
    texts = EMBEDDER.encode([item.indexed for item in collection.items.values()])
    assert collection.vectors().astype(np.float32) == pytest.approx(texts, abs=1e-3)


def test_rank_bm25_and_tantivy_mostly_agree(collection: Collection) -> None:
    question = "What is the dose of colchicine for gout flares?"
    ours, theirs = (
        {row for row, _ in SYSTEMS[name].build(collection)(question, 10)} for name in ("tantivy-text", "bm25-text")
    )
    assert len(ours & theirs) >= 7


def test_a_pool_is_embedded_once_and_served_by_the_same_retriever(
    request_: Request, settings: Settings, shared: Path, tmp_path: Path
) -> None:
    wanted = replace(request_, sets=("bioasq",), shared=shared, out=tmp_path, split="measure", systems=DEFAULT)
    first, second = Counting(), Counting()
    (result,) = json.loads(run(wanted, settings, lambda _: None, first).result)["collections"]
    assert (result["name"], result["passages"], result["questions"]) == ("bioasq", 3, 1)
    assert result["left_out"] == {"split tune": 1}
    assert result["systems"]["citerx"]["means"]["nDCG@10"]["mean"] == pytest.approx(1)
    assert "wrong-drug@5" not in result["systems"]["citerx"]["means"]
    assert sum("glycoside" in text for text in first.texts) == 1
    run(wanted, settings, lambda _: None, second)
    assert set(second.texts) == {"What does colchicine treat?"}


def test_a_limit_asks_fewer_questions_and_the_report_warns(
    request_: Request, settings: Settings, tmp_path: Path
) -> None:
    limited = replace(request_, limit=2, out=tmp_path, systems=("tantivy",))
    (result,) = json.loads(run(limited, settings, lambda _: None, EMBEDDER).result)["collections"]
    assert result["questions"] == 2
    assert result["left_out"]["beyond the limit"] == 2
    assert "no figure for comparison" in (tmp_path / "report.md").read_text()


def test_names_that_there_are_not_are_refused_with_those_that_there_are(request_: Request, settings: Settings) -> None:
    with pytest.raises(UnknownNameError, match="unknown system elastic; there are: citerx"):
        run(replace(request_, systems=("elastic",)), settings, lambda _: None, EMBEDDER)
    with pytest.raises(UnknownNameError, match="unknown set yours; there are: mine, bioasq, medquad"):
        run(replace(request_, sets=("yours",)), settings, lambda _: None, EMBEDDER)


def test_a_shared_set_needs_its_folder(request_: Request, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="--shared"):
        run(replace(request_, sets=("medquad",), out=tmp_path), settings, lambda _: None, EMBEDDER)
    with pytest.raises(EvaluationError, match=r"medquad\.jsonl\.gz: cannot be read"):
        run(replace(request_, sets=("medquad",), out=tmp_path, shared=tmp_path), settings, lambda _: None, EMBEDDER)


def test_without_an_index_there_is_nothing_to_measure(request_: Request, tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailableError):
        run(replace(request_, out=tmp_path), Settings(home=tmp_path), lambda _: None, EMBEDDER)
