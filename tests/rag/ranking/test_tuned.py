"""The shipped models over the packaged embedder, and what is said of models that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rag.dense import HashEmbedder, MiniLM, check_weights
from rag.errors import ModelError
from rag.ranking.rank import Asked, Candidates
from rag.ranking.tuned import CONFIG, FOLDER, LABEL, LITERATURE, WEIGHTS, Config, QuestionTower, Tuned, write
from tests.rag.matrices import unit

QUESTIONS = {
    "What is the recommended dose of the drug?": "dosage_and_administration",
    "What are the side effects of the drug?": "adverse_reactions",
    "What happens in an overdose of the drug?": "overdosage",
    "Which drugs interact with the drug?": "drug_interactions",
    "Who should not take the drug?": "contraindications",
    "What is the drug used for?": "indications_and_usage",
}
LONG = ("An old patient with renal impairment takes many medicines. " * 40)[:2000]


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM(device="cpu", arithmetic="float32")


@pytest.fixture(scope="module")
def tuned(embedder: MiniLM) -> Tuned:
    found = Tuned.of(embedder)
    assert found is not None
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "retriever"))


def candidates(asked: Asked, count: int = 3) -> Candidates:
    return Candidates(
        terms=("dose",),
        rarity=(2.0,),
        texts=[("dose", "of", str(place)) for place in range(count)],
        vector=asked.vector,
        vectors=unit(1, count, len(asked.vector)),
        sections=["dosage_and_administration", "overdosage", "unheard_of"][:count],
        likely=asked.likely,
        cues={},
        starts=[0] * count,
    )


def config_with(folder: Path, **changed: object) -> None:
    told = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(told | changed))


def test_the_lower_layers_are_the_embedders_own(embedder: MiniLM, tuned: Tuned) -> None:
    base: Any = embedder.transformer
    tower, layers = tuned._tower, Config.read(FOLDER).layers
    theirs, own = list(base.encoder.layer), list(tower.transformer.encoder.layer)
    assert tower.transformer.embeddings is base.embeddings
    assert [one is other for one, other in zip(theirs, own, strict=True)] == [True] * (6 - layers) + [False] * layers
    assert own[-layers:] == list(tower.tuned)
    assert not any(name.startswith("transformer.") for name in tower.own())


def test_the_embedder_encodes_as_if_there_were_no_tuned_models(embedder: MiniLM, tuned: Tuned) -> None:
    (asked,) = tuned.read(["Is it safe?"])
    alone = MiniLM(device="cpu", arithmetic="float32").encode(["Is it safe?"])
    assert np.array_equal(embedder.encode(["Is it safe?"]), alone)
    assert not np.allclose(asked.vector, alone[0], atol=0.01)


def test_a_unit_vector_and_probabilities_for_any_text(tuned: Tuned) -> None:
    check(tuned, ["", "?", LONG, "\ud800 \x00", *QUESTIONS])


def test_bfloat16_gives_unit_vectors_too(tuned: Tuned) -> None:
    coarse = Tuned(MiniLM(device="cpu", arithmetic="bfloat16"))
    check(coarse, ["Is it safe?"])
    (one,), (two,) = tuned.read(["Is it safe?"]), coarse.read(["Is it safe?"])
    assert 0.99 < float(one.vector @ two.vector) < 1 - 1e-7


def check(tuned: Tuned, texts: list[str]) -> None:
    for asked in tuned.read(texts):
        assert asked.vector.shape == (384,)
        assert float(np.linalg.norm(asked.vector)) == pytest.approx(1, abs=1e-5)
        assert math.fsum(map(math.exp, asked.likely.values())) == pytest.approx(1, abs=1e-4)
        assert tuple(asked.likely) == tuned.sections


def test_plain_questions_ask_for_the_section_that_answers(tuned: Tuned) -> None:
    read = tuned.read(list(QUESTIONS))
    assert [max(asked.likely, key=asked.likely.__getitem__) for asked in read] == list(QUESTIONS.values())


def test_reading_again_and_in_threads_gives_the_same(embedder: MiniLM, tuned: Tuned) -> None:
    """To the last digits but one: how many processors a thread finds free decides the order of its sums."""
    other, texts = Tuned(embedder), [[question, "Is it safe?"] for question in QUESTIONS]
    expected = [tuned.read(asked) for asked in texts]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(other.read, [*texts, *texts]))
    for one, two in zip([*expected, *expected], found, strict=True):
        for was, now in zip(one, two, strict=True):
            assert now.likely == pytest.approx(was.likely, abs=1e-4)
            assert np.allclose(now.vector, was.vector, atol=1e-5)


def test_a_question_reads_alike_whatever_is_read_beside_it(tuned: Tuned) -> None:
    (alone,), (beside, _) = tuned.read(["Is it safe?"]), tuned.read(["Is it safe?", LONG])
    assert np.allclose(alone.vector, beside.vector, atol=1e-5)
    assert list(alone.likely.values()) == pytest.approx(list(beside.likely.values()), abs=1e-3)


@pytest.mark.parametrize("label", [True, False])
def test_scores_are_numbers_for_every_candidate(tuned: Tuned, label: bool) -> None:
    (asked,) = tuned.read(["What is the recommended dose of the drug?"])
    for count in (1, 3):
        scores = tuned.scores(candidates(asked, count), label=label)
        assert len(scores) == count
        assert all(isinstance(score, float) and math.isfinite(score) for score in scores)


def test_in_labels_the_section_asked_for_decides_among_passages_alike(tuned: Tuned) -> None:
    """Three passages that share words and vector: only the sections tell them apart."""
    for question, slug in QUESTIONS.items():
        (asked,) = tuned.read([question])
        found = candidates(asked)
        alike = replace(
            found,
            texts=[found.texts[0]] * 3,
            vectors=np.repeat(asked.vector[None], 3, axis=0),
            sections=("how_supplied", slug, "nonclinical_toxicology"),
        )
        scores = tuned.scores(alike, label=True)
        assert max(scores) == scores[1]


def test_another_embedder_has_none(tmp_path: Path, embedder: MiniLM, folder: Path) -> None:
    assert Tuned.of(HashEmbedder()) is None
    assert Tuned.of(HashEmbedder(), tmp_path / "absent") is None
    config_with(folder, base="another")
    assert Tuned.of(embedder, folder) is None
    with pytest.raises(ModelError, match=r"made for weights another, not for those of all-MiniLM"):
        Tuned(embedder, folder)


def test_changed_weights_are_refused(embedder: MiniLM, folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors: SHA-256 is .*; reinstall citerx"):
        Tuned.of(embedder, folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors: cannot be read: .*; reinstall citerx"):
        Tuned.of(embedder, folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"base": "x"}', '{"base": "x", "layers": null}'])
def test_a_damaged_configuration_is_named(embedder: MiniLM, folder: Path, content: str) -> None:
    (folder / CONFIG).write_text(content)
    with pytest.raises(ModelError, match=r"config\.json: cannot be read: .*; reinstall citerx"):
        Tuned.of(embedder, folder)


@pytest.mark.parametrize("changed", [{"sections": ["warnings"]}, {"layers": 2}, {"layers": 4}])
def test_weights_of_another_shape_are_refused(embedder: MiniLM, folder: Path, changed: dict[str, object]) -> None:
    config_with(folder, **changed)
    with pytest.raises(ModelError, match=r"model\.safetensors: not what config\.json describes"):
        Tuned.of(embedder, folder)


def test_weights_that_lack_a_part_are_refused(embedder: MiniLM, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    whole = load_file(folder / WEIGHTS)
    for part in ("projection", "label.out", "tuned.0.output.dense.weight"):
        save_file({name: value for name, value in whole.items() if name != part}, folder / WEIGHTS)
        with pytest.raises(ModelError, match="SHA-256 is") as refused:
            check_weights(folder / WEIGHTS, "0")
        config_with(folder, sha256=str(refused.value).split("SHA-256 is ")[1][:64])
        with pytest.raises(ModelError, match=rf"not what config\.json describes: .*{part}"):
            Tuned.of(embedder, folder)


def test_what_is_written_is_read_back(embedder: MiniLM, tuned: Tuned, tmp_path: Path) -> None:
    torch.manual_seed(0)
    tower = QuestionTower(embedder.transformer, layers=1, sections=len(tuned.sections)).eval()
    rankers = {LABEL: tuned._label, LITERATURE: tuned._literature}
    write(tmp_path / "made", tower, embedder.weights, tuned.sections, rankers)
    made = Tuned.of(embedder, tmp_path / "made")
    assert made is not None
    assert made.name.startswith("made-")
    assert made.sections == tuned.sections
    (asked,) = made.read(["Is it safe?"])
    assert np.allclose(asked.vector, embedder.run(tower, ["Is it safe?"])[0, : embedder.dimension], atol=1e-3)
    assert np.allclose(asked.vector, embedder.encode(["Is it safe?"])[0], atol=1e-3)  # nothing was trained
    for label in (True, False):
        assert made.scores(candidates(asked), label=label) == tuned.scores(candidates(asked), label=label)
    write(tmp_path / "again", tower, embedder.weights, tuned.sections, rankers)
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (tmp_path / "made" / WEIGHTS).read_bytes()
    assert (tmp_path / "again" / CONFIG).read_bytes() == (tmp_path / "made" / CONFIG).read_bytes()


def test_what_ships_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.parent.rglob("*") if path.is_file()) < 40 * 2**20
