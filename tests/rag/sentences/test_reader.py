"""The shipped reader over the packaged embedder, and what is said of models that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from rag.dense import MiniLM
from rag.errors import ModelError
from rag.sentences.reader import CONFIG, FOLDER, WEIGHTS, CrossEncoder, Reader, ScriptedJudge, beside, write
from rag.types import Judge, Verdict
from tests.contracts.judge import JudgeContract

QUESTION = "Can nursing mothers take it?"
RIGHT = "Breast-feeding is not recommended during treatment."
WRONG = "Store the tablets at room temperature in the original bottle."
LONG = "An old patient with renal impairment takes many medicines. " * 60


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM(device="cpu", arithmetic="float32")


@pytest.fixture(scope="module")
def reader(embedder: MiniLM) -> Reader:
    found = Reader.of(embedder)
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "reader"))


class TestReader(JudgeContract):
    @pytest.fixture
    def judge(self, reader: Reader) -> Judge:
        return reader


def test_what_answers_scores_above_what_does_not(reader: Reader) -> None:
    right, wrong = reader.answers(QUESTION, [RIGHT, WRONG])
    assert right > wrong
    assert reader.answers(QUESTION, []) == []


def test_a_changed_number_is_not_supported(reader: Reader) -> None:
    text = "apixaban: The recommended dose is 5 mg taken orally twice daily."
    same, other = reader.judge(
        [(text, "The recommended dose is 5 mg twice daily."), (text, "The dose is 50 mg daily.")]
    )
    assert same.supports > other.supports


def test_a_pair_too_long_to_be_read_to_its_end_is_not_judged(reader: Reader) -> None:
    unless = (
        "Breast-feeding is recommended, " + "as for all who are well and take care of themselves, " * 30 + "unless ill."
    )
    long, short = reader.judge([(unless, RIGHT), (RIGHT, RIGHT)])
    assert math.isnan(long.supports)
    assert math.isnan(long.contradicts)
    assert short.supports > 0.5
    assert math.isnan(reader.judge([(RIGHT, unless)])[0].supports)


def test_alone_or_among_others_a_pair_gets_the_same(reader: Reader) -> None:
    alone = reader.answers(QUESTION, [RIGHT])
    among = reader.answers(QUESTION, [LONG, RIGHT, WRONG])
    assert alone[0] == pytest.approx(among[1], abs=1e-4)


def test_threads_may_share_it(reader: Reader) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: reader.answers(QUESTION, [RIGHT, WRONG]), range(8)))
    assert all(one == pytest.approx(found[0], abs=1e-4) for one in found)


def test_weights_survive_being_written(embedder: MiniLM, reader: Reader, tmp_path: Path) -> None:
    model = CrossEncoder(embedder.transformer, 3).eval()
    write(tmp_path, model, embedder.weights, 2.0)
    again = Reader(embedder, tmp_path)
    other = again.answers(QUESTION, [RIGHT])
    assert other != reader.answers(QUESTION, [RIGHT])
    with torch.inference_mode():
        model.answers.bias.add_(1)
    write(tmp_path, model, embedder.weights, 2.0)
    assert Reader(embedder, tmp_path).answers(QUESTION, [RIGHT])[0] == pytest.approx(other[0] + 1, abs=0.01)


def test_a_model_of_another_embedder_is_refused(embedder: MiniLM, folder: Path) -> None:
    told = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**told, "base": "other"}))
    assert Reader.of(embedder, folder) is None
    with pytest.raises(ModelError, match="made for weights other"):
        Reader(embedder, folder)


@pytest.mark.parametrize(("file", "key"), [(CONFIG, "temperature"), ("evidence.json", "last_intercept")])
def test_the_name_tells_calibration_and_selection_too(
    embedder: MiniLM, reader: Reader, folder: Path, file: str, key: str
) -> None:
    assert Reader(embedder, folder).name == reader.name
    told = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**told, key: told[key] + 0.5}))
    assert Reader(embedder, folder).name != reader.name


def test_a_damaged_file_is_refused(embedder: MiniLM, folder: Path) -> None:
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="SHA-256"):
        Reader(embedder, folder)
    (folder / CONFIG).unlink()
    with pytest.raises(ModelError, match="reinstall"):
        Reader.of(embedder, folder)


def test_the_shipped_models_stay_small() -> None:
    size = sum(path.stat().st_size for path in FOLDER.parent.rglob("*.safetensors"))
    assert size < 40_000_000


def test_a_paper_sentence_stands_alone() -> None:
    assert beside((), "abstract.results", RIGHT) == RIGHT
    assert beside(("xanol",), "nursing_mothers", RIGHT) == f"xanol | nursing mothers: {RIGHT}"


def test_the_script_judges() -> None:
    judge = ScriptedJudge(lambda text, claim: Verdict(float(text == claim), 0.0))
    assert judge.judge([("a", "a"), ("a", "b")]) == [Verdict(1.0, 0.0), Verdict(0.0, 0.0)]
