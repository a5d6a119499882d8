"""The whole of the reader's training on the starter corpus with a model of chance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.store import Store
from rag.dense import MiniLM
from rag.errors import TrainingError
from rag.sentences.reader import Config, Reader
from rag.sentences.selectors import FEATURES, Weights
from rag.settings import Settings
from rag.train.judged import sentences, written_claims
from rag.train.reader import Request, run
from rag.train.reading import Plan, trained
from rag.train.readings import CONTRADICTED, SUPPORTED, Reading, answers, claims
from rag.train.selecting import logistic
from tests.rag.train import tiny

CLAIMS = (
    "PMC1.nxml\t1\t0-48\tS\tColchicine makes gout flares rarer.\nPMC1.nxml\t1\t0-48\tC\tColchicine causes flares.\n"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def opened(home: Path) -> tuple[Settings, MiniLM]:
    return tiny.starter(home)


@pytest.fixture(scope="module")
def shared(home: Path) -> Path:
    return tiny.literature(home / "shared")


@pytest.fixture(scope="module")
def folder(home: Path, opened: tuple[Settings, MiniLM]) -> Path:
    """Questions on every drug with a judged sentence each, so that some fall on either side of each split."""
    settings, _ = opened
    store = Store.open(settings.database_url)
    drugs = ("levothyroxine", "propafenone", "metoprolol", "colchicine", "naproxen", "warfarin", "digoxin")
    rows, judged = [], ["# judged by chance"]
    for drug in drugs:
        document = next(
            row.passage.document_id
            for row in store.index_rows()
            if row.passage.section == "dosage_and_administration" and drug in row.passage.context.lower()
        )
        for number in range(4):
            name = f"{drug}-{number}"
            asked = {
                "text": f"How much {drug} is given {number}?",
                "drugs": [drug],
                "sections": ["dosage_and_administration"],
            }
            rows.append({"id": name, **asked})
            judged.append(f"{name}\t{document}\tdosage_and_administration\t0-40:2 41-90:0")
    store.close()
    found = tiny.questions(home / "questions", rows)
    (found / "sentences.tsv").write_text("\n".join(judged) + "\n")
    (found / "claims.tsv").write_text(CLAIMS)
    return found


def test_training_writes_a_reader_that_opens(
    home: Path, opened: tuple[Settings, MiniLM], shared: Path, folder: Path
) -> None:
    settings, embedder = opened
    configured = settings.model_copy(update={"embedder": str(home / "tiny")})
    request = Request(shared, folder, home / "out", home / "work", steps=(3, 3))
    said: list[str] = []
    told = run(request, configured, said.append)
    assert told["selector_questions"] > 0
    assert any(line.startswith("both: step 3 of 3") for line in said)
    reader = Reader(embedder, request.out)
    assert len(reader.answers("How much?", ["One tablet.", "Store it dry."])) == 2
    assert len(Weights.read(request.out).last) == len(FEATURES) + 1
    assert Config.read(request.out).temperature > 0
    again: list[str] = []
    assert run(request, configured, again.append) == told
    assert not any("step" in line for line in again)  # the finished stages are taken from the work folder
    assert json.loads((request.out / "training.json").read_text())["steps"] == [3, 3]


def quiet(line: str) -> None:
    """Says nothing."""


def test_a_cut_off_run_goes_on_as_if_it_had_not_been(opened: tuple[Settings, MiniLM], tmp_path: Path) -> None:
    _, embedder = opened
    readings = [Reading("answer", f"dose {n}?", f"take {n} tablets", float(n % 2)) for n in range(70)]
    readings += [Reading("claim", f"{n} is right", f"{n} is not right", n % 3) for n in range(40)]
    whole = trained(embedder, readings, Plan(4, 0), tmp_path / "whole.safetensors", quiet)
    trained(embedder, readings, replace(Plan(4, 0), every=2), tmp_path / "cut.safetensors", quiet)
    parts = {name: value for name, value in whole.own().items() if name.startswith("supports")}
    (tmp_path / "two.safetensors").write_bytes((tmp_path / "cut.safetensors").read_bytes())
    same = trained(embedder, readings, Plan(4, 0), tmp_path / "two.safetensors", quiet).own()
    assert all(np.allclose(value.float(), same[name].float(), atol=2e-3) for name, value in parts.items())


def test_the_tenth_batch_is_not_read(shared: Path) -> None:
    texts = [one.question + one.text for one in (*answers(shared, 0), *claims(shared, [], ["aspirin"], 0))]
    assert texts
    assert not any("tenth" in text or "warfarin" in text.lower() for text in texts)


def test_results_give_claims_that_hold_and_that_do_not(shared: Path) -> None:
    found = [one for one in claims(shared, [], ["aspirin"], 0) if one.text == "Pain was less."]
    assert {SUPPORTED, CONTRADICTED} <= {int(one.target) for one in found}
    held = [one.question for one in found if one.target == SUPPORTED]
    assert not any("no effect" in question or "increases" in question for question in held)


def test_written_claims_stand_beside_their_texts(
    opened: tuple[Settings, MiniLM], shared: Path, folder: Path, tmp_path: Path
) -> None:
    store = Store.open(opened[0].database_url)
    found = written_claims(folder, store, shared, lambda document: document.drugs.generic)
    assert [(one.text, int(one.target)) for one in found] == [
        ("Colchicine lowered the rate of gout flares.", SUPPORTED),
        ("Colchicine lowered the rate of gout flares.", CONTRADICTED),
    ]
    (tmp_path / "claims.tsv").write_text("PMC1.nxml\t1\tS\n")
    with pytest.raises(TrainingError, match="line 1: 3 fields"):
        written_claims(tmp_path, store, shared, lambda document: document.drugs.generic)
    with pytest.raises(TrainingError, match="cannot be read"):
        sentences(tmp_path)
    store.close()


def test_the_logistic_regression_finds_the_slope() -> None:
    chance = np.random.default_rng(0)
    x = chance.normal(size=(4000, 2))
    y = (chance.random(4000) < 1 / (1 + np.exp(-(2 * x[:, 0] - x[:, 1] + 0.5)))).astype(float)
    weights, intercept = logistic(x, y, np.ones(4000))
    assert weights == pytest.approx([2, -1], abs=0.2)
    assert intercept == pytest.approx(0.5, abs=0.15)
