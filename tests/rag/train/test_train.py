"""The whole of training on the starter corpus with a model of chance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from api.cli import app
from ingest.store import Store
from rag.dense import MiniLM
from rag.drugs import Resolver
from rag.errors import EmbedderMismatchError, TrainingError
from rag.evals.questions import load, side
from rag.index import Index
from rag.indexes import generations
from rag.ranking.rank import Candidates, width
from rag.ranking.tuned import Tuned
from rag.settings import Settings
from rag.train.command import Request, run
from rag.train.features import Library, of_labels, packed, unpacked
from rag.train.labels import Asked, Labels, from_phrasings, from_questions
from rag.train.lessons import BATCH, Lesson
from rag.train.losses import any_of
from rag.train.pools import Pool, pools
from rag.train.ranker import fit
from rag.train.tower import Plan, States, Upper, new, trained
from tests.rag.train import tiny

TOPICS = {
    "How much {} is given?": "dosage_and_administration",
    "May {} be taken in pregnancy?": "pregnancy",
    "Which medicines interact with {}?": "drug_interactions",
    "May children take {}?": "pediatric_use",
    "How does {} work?": "mechanism_of_action",
    "Who must not take {}?": "contraindications",
}
TUNE = ("levothyroxine", "propafenone", "metoprolol", "colchicine", "naproxen", "warfarin", "digoxin")
ROWS = [
    {"id": f"{drug}-{section}", "text": text.format(drug), "drugs": [drug], "sections": [section]}
    for drug in (*TUNE, "simvastatin")
    for text, section in TOPICS.items()
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def opened(home: Path) -> tuple[Settings, MiniLM]:
    return tiny.starter(home)


@pytest.fixture(scope="module")
def settings(opened: tuple[Settings, MiniLM]) -> Settings:
    return opened[0]


@pytest.fixture(scope="module")
def embedder(opened: tuple[Settings, MiniLM]) -> MiniLM:
    return opened[1]


@pytest.fixture(scope="module")
def questions(home: Path) -> Path:
    return tiny.questions(home / "questions", ROWS)


@pytest.fixture(scope="module")
def shared(home: Path) -> Path:
    return tiny.literature(home / "shared")


@pytest.fixture(scope="module")
def labels(settings: Settings) -> Labels:
    return Labels(generations.current(settings.index_dir))


@pytest.fixture(scope="module")
def library(settings: Settings, embedder: MiniLM) -> Library:
    store = Store.open(settings.database_url)
    return Library(store, Index.open(settings.index_dir, "cpu"), embedder, Resolver.from_store(store))


@pytest.fixture(scope="module")
def asked(questions: Path, labels: Labels, library: Library) -> list[Asked]:
    (one,) = load(questions)
    return list(from_questions(one.questions, labels, library.resolver))


@pytest.fixture(scope="module")
def literature(shared: Path, home: Path, embedder: MiniLM) -> tuple[Pool, ...]:
    return pools(shared, home / "work", embedder, 0, lambda _: None)


@pytest.fixture(scope="module")
def lesson(labels: Labels, asked: list[Asked], literature: tuple[Pool, ...]) -> Lesson:
    wanted = [one for pool in literature for one in pool.wanted]
    return Lesson(labels, asked, {pool.name: pool for pool in literature}, wanted)


def quiet(_: str) -> None:
    """Nobody listens."""


def test_questions_are_put_as_the_drugs_labels_are_asked_them(asked: list[Asked], labels: Labels) -> None:
    assert {one.keys[0] for one in asked} == set(TUNE)  # simvastatin is kept for measuring
    assert all(side(one.keys[0]) == "tune" for one in asked)
    one = next(one for one in asked if one.full == "May children take colchicine?")
    assert (one.text, one.sections, one.keys) == ("May children take the drug?", ("pediatric_use",), ("colchicine",))
    places = labels.of(one.keys)
    assert labels.within(places, one.sections).sum() == 1
    assert {one.fold for one in asked} == {0, 1}
    assert len({(one.keys, one.fold) for one in asked}) == len(TUNE)


def test_nothing_of_drugs_for_measuring_and_no_literature_is_in_reach(labels: Labels) -> None:
    assert len(labels.of(("simvastatin",))) == 0
    assert not any("abstract" in slug for slug in labels.sections)
    chance = np.random.default_rng(0)
    places = labels.elsewhere(("colchicine",), ("pregnancy",), 100, chance)
    assert all(set(labels.of((drug,)).tolist()) & set(places.tolist()) for drug in TUNE if drug != "colchicine")
    assert not any(set(labels.of((drug,)).tolist()) & set(places.tolist()) for drug in ("simvastatin", "amiodarone"))
    assert not set(places.tolist()) & set(labels.of(("colchicine",)).tolist())
    assert set(labels.section[places]) == {labels.sections.index("pregnancy")}
    assert len(labels.elsewhere(("colchicine",), ("pregnancy",), 3, chance)) == 3


def test_phrasings_are_filled_with_drugs_to_tune_on(questions: Path, labels: Labels) -> None:
    found = list(from_phrasings(questions / "phrasings.toml", labels, 3, np.random.default_rng(0)))
    assert len(found) == 2 * 3  # none asks who makes it
    assert {one.text for one in found} == {"How much the drug is given?", "the drug dose"}
    for one in found:
        assert one.keys[0] in one.full
        assert side(one.keys[0]) == "tune"
        assert one.weight == 0.5
    with pytest.raises(TrainingError, match=r"other\.toml"):
        list(from_phrasings(questions / "other.toml", labels, 3, np.random.default_rng(0)))


def test_a_pool_has_each_question_once_and_leaves_the_last_batch_out(
    literature: tuple[Pool, ...], shared: Path, home: Path, embedder: MiniLM
) -> None:
    bioasq, medquad, *_ = literature
    assert not any("tenth batch" in text for text in bioasq.texts)
    assert [bioasq.texts[number] for number in bioasq.wanted[0].answers] == ["Colchicine treats gout flares."]
    assert np.allclose(bioasq.vectors, embedder.encode(bioasq.texts), atol=1e-3)
    assert 0 < len(medquad.wanted) <= 4
    said: list[str] = []
    pools(shared, home / "work", embedder, 0, said.append)
    assert not any("embedded" in line for line in said)
    with pytest.raises(TrainingError, match="--shared"):
        pools(home / "absent", home / "work", embedder, 0, quiet)


def test_states_are_those_of_the_transformer(embedder: MiniLM, labels: Labels) -> None:
    """The tuned layers over remembered states read as the whole tower over text does, padding or not."""
    tower = new(embedder, len(labels.sections), 0)
    texts = ["How much of the drug is given?", "pregnancy"]
    expected = embedder.run(tower, texts)
    assert np.allclose(expected[:, : embedder.dimension], embedder.encode(texts), atol=1e-5)  # untrained: as the base
    states = States(embedder)
    tower.transformer = Upper(tower.tuned)
    with torch.no_grad():
        found = tower(states(texts)).numpy()
    assert np.allclose(found, expected, atol=5e-3)
    assert not np.allclose(found[0], found[1], atol=5e-3)


def hits(embedder: MiniLM, lesson: Lesson, tower: Any) -> float:  # noqa: ANN401 (a model)
    """How often the nearest passage of the drug's labels answers."""
    vectors = embedder.run(tower, [one.text for one in lesson.asked])[:, : embedder.dimension]
    right = []
    for one, vector in zip(lesson.asked, vectors, strict=True):
        places = lesson.labels.of(one.keys)
        best = int(np.argmax(lesson.labels.vectors(places) @ vector))
        right.append(bool(lesson.labels.within(places[[best]], one.sections)[0]))
    return float(np.mean(right))


def test_training_teaches_and_a_run_that_was_cut_off_ends_with_the_same_weights(
    embedder: MiniLM, lesson: Lesson, tmp_path: Path
) -> None:
    plan, states = Plan(steps=60, seed=3, every=20, pace=30), States(embedder)
    tower = trained(states, lesson, plan, tmp_path / "whole.safetensors", quiet)

    def cut(line: str) -> None:
        if "step 40" in line:
            raise KeyboardInterrupt

    broken = tmp_path / "broken.safetensors"
    with pytest.raises(KeyboardInterrupt):
        trained(States(embedder), lesson, plan, broken, cut)
    said: list[str] = []
    resumed = trained(States(embedder), lesson, plan, broken, said.append)
    assert [line.split(",")[0] for line in said] == ["broken: step 60 of 60"]
    for (name, one), other in zip(tower.own().items(), resumed.own().values(), strict=True):
        assert torch.equal(one, other), name
    finished: list[str] = []
    trained(states, lesson, plan, broken, finished.append)
    assert not finished

    untrained = new(embedder, len(lesson.labels.sections), plan.seed)
    assert hits(embedder, lesson, tower) > hits(embedder, lesson, untrained) + 0.2
    likely = embedder.run(tower, [one.text for one in lesson.asked])[:, embedder.dimension :].argmax(1)
    right = [lesson.labels.sections[place] in one.sections for one, place in zip(lesson.asked, likely, strict=True)]
    assert np.mean(right) > 0.6


def test_what_is_below_the_tuned_layers_stays_as_it_is(embedder: MiniLM, lesson: Lesson, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in embedder.transformer.state_dict().items()}
    trained(States(embedder), lesson, Plan(2, 0), tmp_path / "x.safetensors", quiet)
    assert all(torch.equal(before[name], value) for name, value in embedder.transformer.state_dict().items())


def test_without_a_fold(lesson: Lesson) -> None:
    one, two = lesson.without(0), lesson.without(1)
    assert {each.fold for each in one.asked} | {each.fold for each in one.wanted} == {1}
    assert len(one.asked) + len(two.asked) == len(lesson.asked)
    assert min(BATCH.values()) > 0


def test_label_features_are_of_the_candidates_that_production_compares(
    library: Library, labels: Labels, asked: list[Asked], embedder: MiniLM
) -> None:
    tower = new(embedder, len(labels.sections), 0)
    found = list(of_labels(asked, library, tower, labels.sections))
    assert len(found) == len(asked)  # every starter label is smaller than what one ranking contributes
    for one, search in zip(asked, found, strict=True):
        places = labels.of(one.keys)
        assert search.features.shape == (len(places), width(labels.sections))
        assert search.answers.sum() == labels.within(places, one.sections).sum()
    again = unpacked(packed(found))
    assert [one.weight for one in again] == [one.weight for one in found]
    assert all(np.array_equal(one.answers, other.answers) for one, other in zip(again, found, strict=True))
    assert np.allclose(again[3].features, found[3].features, atol=2e-2)


def test_a_ranker_learns_its_searches_and_a_seed_gives_it_again(
    library: Library, labels: Labels, asked: list[Asked], embedder: MiniLM
) -> None:
    searches = list(of_labels(asked, library, new(embedder, len(labels.sections), 0), labels.sections))
    ranker, same = (fit(searches, labels.sections, any_of, seed=1, epochs=40) for _ in range(2))
    assert np.array_equal(ranker.hidden, same.hidden)
    right = []
    for one in searches:
        x = (one.features - ranker.mean) / ranker.scale
        own = (one.features - one.features.mean(0)) / (one.features.std(0) + 1e-3)
        first = np.maximum(np.concatenate([x, own], 1) @ ranker.hidden + ranker.hidden_bias, 0)
        scores = np.maximum(first @ ranker.second + ranker.second_bias, 0) @ ranker.out
        right.append(one.answers[int(scores.argmax())])
    assert np.mean(right) > 0.8


@pytest.fixture(scope="module")
def request_(questions: Path, shared: Path, home: Path) -> Request:
    return Request(shared, questions, home / "out", home / "work", steps=4, fold_steps=2)


@pytest.fixture(scope="module")
def told(request_: Request, settings: Settings, embedder: MiniLM) -> dict[str, Any]:
    return run(request_, settings, quiet, embedder)


def candidates(embedder: MiniLM, tuned: Tuned) -> Candidates:
    (asked,) = tuned.read(["How much of the drug is given?"])
    vectors = embedder.encode(["the dose is small", "pregnancy"])
    return Candidates(["dose"], [1.0], [["dose"], ["x"]], asked.vector, vectors, ["a", "b"], asked.likely, {}, [0, 0])


def test_the_models_that_are_written_load_and_read(
    told: dict[str, Any], request_: Request, labels: Labels, embedder: MiniLM
) -> None:
    tuned = Tuned.of(embedder, request_.out)
    assert tuned is not None
    assert tuned.sections == labels.sections
    (asked,) = tuned.read(["How much of the drug is given?"])
    assert np.linalg.norm(asked.vector) == pytest.approx(1, abs=1e-3)
    assert sum(np.exp(list(asked.likely.values()))) == pytest.approx(1, abs=1e-3)
    for label in (True, False):
        assert len(set(tuned.scores(candidates(embedder, tuned), label=label))) == 2
    assert json.loads((request_.out / "training.json").read_text()) == told
    assert told["label_examples"] == {"question": len(TUNE) * len(TOPICS), "phrasing": 4}


def test_a_rerun_takes_finished_stages_over_and_another_seed_does_not(
    told: dict[str, Any], request_: Request, settings: Settings, embedder: MiniLM
) -> None:
    said: list[str] = []
    again = replace(request_, out=request_.out.with_name("again"))
    assert run(again, settings, said.append, embedder) == told
    assert not any("step" in line or "embedded" in line for line in said if "stages in" not in line)
    for name in ("model.safetensors", "config.json"):
        assert (again.out / name).read_bytes() == (request_.out / name).read_bytes()
    said.clear()
    other = run(replace(again, seed=1), settings, said.append, embedder)
    assert other["key"] != told["key"]
    assert any("step 2 of 2" in line for line in said)


def test_whole_runs_of_a_seed_write_the_same_bytes(
    told: dict[str, Any], request_: Request, settings: Settings, embedder: MiniLM, tmp_path: Path
) -> None:
    assert run(replace(request_, out=tmp_path / "out", work=tmp_path / "work"), settings, quiet, embedder) == told
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == (request_.out / "model.safetensors").read_bytes()


def test_another_embedders_index_is_refused(request_: Request, settings: Settings, tmp_path: Path) -> None:
    tiny.model(tmp_path / "other", ["dose"])
    other = MiniLM(tmp_path / "other", device="cpu", arithmetic="float32")
    with pytest.raises(EmbedderMismatchError):
        run(request_, settings, quiet, other)


def test_without_a_question_to_tune_on_it_says_so(
    request_: Request, settings: Settings, embedder: MiniLM, tmp_path: Path
) -> None:
    folder = tiny.questions(tmp_path / "questions", [row for row in ROWS if row["drugs"] == ["simvastatin"]])
    with pytest.raises(TrainingError, match="no question on a drug to tune on"):
        run(replace(request_, questions=folder), settings, quiet, embedder)


def test_the_command_trains(told: dict[str, Any], request_: Request, settings: Settings, home: Path) -> None:
    del told  # its stages are there
    environment = {"CITERX_HOME": str(home), "CITERX_EMBEDDER": str(home / "tiny"), "CITERX_THREADS": "1"}
    options = ["--shared", str(request_.shared), "--questions", str(request_.questions), "--work", str(request_.work)]
    steps = ["--steps", "4", "--fold-steps", "2", "--json"]
    done = CliRunner().invoke(app, ["train", "retriever", *options, *steps], env=environment)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["steps"] == 4
    assert "written to" in done.stderr
    assert (settings.home / "models" / "retriever" / "config.json").exists()
