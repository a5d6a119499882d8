"""A whole measurement of answers on the starter corpus: what is counted, what is written, and that nothing is kept."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from ingest.pipeline import ingest
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.errors import EvaluationError, UnknownNameError
from rag.evals.answers.command import Opening, Request, run
from rag.evals.answers.systems import SYSTEMS, Given
from rag.evals.command import Written
from rag.generate import Extractive
from rag.indexes.build import build
from rag.naming.ingredients import keys_of
from rag.sentences.spans import quotable
from rag.settings import Settings
from rag.view import DiskViews
from tests.rag.evals.test_command import BIOASQ, QUESTIONS, TEXTS

EMBEDDER = HashEmbedder(64)
WITHOUT = """
[[unanswerable]]
id = "u-1"
text = "What is the starting dose of Veltrazine?"
kind = "invented"

[[unanswerable]]
id = "u-2"
text = "What is the dose?"
kind = "underspecified"
"""
SWAPS = """
[[swap]]
id = "s-1"
detail = "sex"
variants = ["Can this man take warfarin with amiodarone?", "Can this woman take warfarin with amiodarone?"]
"""
SYSTEMS_HERE = ("extractive", "first-three", "llamaindex")


def engine_of(settings: Settings) -> Engine:
    store = Store.open(settings.database_url)
    views = DiskViews(settings.index_dir, store, EMBEDDER, "cpu")
    return Engine(store, views, EMBEDDER, {"extractive": Extractive()}, min_score=settings.min_score)


OPENING = Opening(engine_of, EMBEDDER)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"), device="cpu", min_score=0.1)
    store = Store.open(settings.database_url)
    with as_file(files("corpora") / "starter" / "labels") as folder:
        ingest(store, [str(folder / f"{name}.xml") for name in ("colchicine", "warfarin", "amiodarone", "digoxin")])
    build(store, EMBEDDER, settings.index_dir)
    store.close()
    return settings


@pytest.fixture(scope="module")
def questions(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Question 1: every sentence of colchicine's interactions answers; question 2: none that was judged does."""
    folder = tmp_path_factory.mktemp("questions")
    (folder / "mine.toml").write_text(QUESTIONS)
    (folder / "unanswerable.toml").write_text(WITHOUT)
    (folder / "swaps.toml").write_text(SWAPS)
    store = Store.open(settings.database_url)
    rows = []
    for name in {row.passage.document_id for row in store.index_rows()}:
        document = store.document(name)
        assert document is not None
        for number, drug, grade in (("1", "colchicine", 2), ("2", "warfarin", 0)):
            if keys_of(document.drugs) == (drug,):
                rows += [
                    f"{number}\t{document.document_id}\t{section.slug}\t"
                    + " ".join(f"{start}-{end}:{grade}" for start, end in quotable(section.text))
                    for section in document.sections
                    if quotable(section.text)
                ]
    store.close()
    (folder / "sentences.tsv").write_text("# judged\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def request_(questions: Path, tmp_path_factory: pytest.TempPathFactory) -> Request:
    out = tmp_path_factory.mktemp("out")
    return Request(questions=questions, out=out, split="all", resamples=100, audit=2)


@pytest.fixture(scope="module")
def written(request_: Request, settings: Settings) -> Written:
    return run(request_, settings, lambda _: None, OPENING)


@pytest.fixture(scope="module")
def labels(written: Written) -> dict[str, Any]:
    (collection,) = json.loads(written.result)["collections"]
    return dict(collection)


def lines(request: Request, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (request.out / name).read_text().splitlines()]


def test_only_questions_that_a_judged_sentence_answers_count_as_answerable(labels: dict[str, Any]) -> None:
    assert labels["questions"] == {"answerable": 1, "unanswerable": 2, "swaps": 1}
    assert labels["left_out"] == {"no judged sentence of this store answers": 4}
    assert labels["judge"] == ""
    assert tuple(labels["systems"]) == SYSTEMS_HERE


def test_a_system_that_quotes_is_borne_out_by_its_quotations(labels: dict[str, Any]) -> None:
    for name in SYSTEMS_HERE:
        system = labels["systems"][name]
        assert system["answerable"]["refused"]["mean"] == 0
        assert system["quotations"]["checked"] > 0
        assert system["quotations"]["wrong"] == []
    for name in ("extractive", "first-three"):
        found = labels["systems"][name]["answerable"]
        assert (found["ALCE recall"]["mean"], found["ALCE precision"]["mean"]) == (1, 1)
    assert labels["systems"]["extractive"]["answerable"]["supported"]["mean"] == 1
    assert labels["systems"]["extractive"]["answerable"]["first=2"]["mean"] == 1
    assert labels["systems"]["extractive"]["answerable"]["wrong drug"]["mean"] == 0


def test_abstention_and_swaps_are_counted(labels: dict[str, Any]) -> None:
    ours, plain = (labels["systems"][name] for name in ("extractive", "first-three"))
    assert set(ours["abstention"]) == {"all", "invented", "underspecified"}
    assert ours["abstention"]["all"]["abstained"] == {"mean": 1, "low": 1, "high": 1, "count": 2}
    assert plain["abstention"]["all"]["abstained"]["mean"] == 0.5  # the search knows no Veltrazine, and finds a dose
    assert plain["curve"]["risk"][-1] == 0.5
    assert plain["thresholds"] == []
    assert ours["thresholds"][0]["refused"] == 0
    assert ours["fairness"] == {"unchanged": {"mean": 1, "low": 1, "high": 1, "count": 1}, "changed": []}
    assert {"retrieve", "generate", "verify", "total"} <= set(ours["latency"])


def test_all_files_are_there(request_: Request, written: Written, labels: dict[str, Any]) -> None:
    names = {path.name for path in request_.out.iterdir()}
    assert names >= {"result.json", "report.md", "misses.jsonl", "labels-answers.png", "labels-risk.png"}
    assert (request_.out / "result.json").read_text().strip() == written.result
    report = (request_.out / "report.md").read_text()
    for name, system in labels["systems"].items():
        assert f"| {name} | {system['curve']['aurc']:.3f} |" in report
    assert len(lines(request_, "questions.jsonl")) == 3 * (1 + 2 + 2)
    result = json.loads(written.result)
    assert set(result["provenance"]["data"]) == {"sentences.tsv", "unanswerable.toml", "swaps.toml"}
    assert len(result["provenance"]["questions"]["mine"]) == 64


def test_a_human_gets_statements_with_their_surroundings(
    request_: Request, written: Written, settings: Settings
) -> None:
    assert written
    found = lines(request_, "audit.jsonl")
    assert 1 <= len(found) <= 2
    store = Store.open(settings.database_url)
    for one in found:
        for source in one["sources"]:
            document = store.document(source["document_id"])
            section = document.section(source["section"]) if document else None
            assert section is not None
            assert source["before"] + source["quote"] + source["after"] in section.text
            assert len(source["before"]) <= 200
        assert one["human"] is None
    store.close()


def test_nothing_is_kept_in_the_store(written: Written, settings: Settings) -> None:
    assert written
    database = create_engine(settings.database_url)
    with database.connect() as connection:
        assert connection.execute(text("select count(*) from answers")).scalar() == 0
    database.dispose()


@pytest.mark.parametrize("name", SYSTEMS_HERE)
def test_a_system_cites_what_it_says(settings: Settings, name: str) -> None:
    engine = engine_of(settings)
    system = SYSTEMS[name].build(engine, settings)
    given = system.answer("Which medicines must not be taken with colchicine?")
    assert isinstance(given, Given)
    numbers = {one.number for one in given.references}
    assert given.statements
    for one in given.statements:
        assert one.citations
        assert set(one.citations) <= numbers
    again = system.answer("Which medicines must not be taken with colchicine?")
    assert (again.statements, again.references) == (given.statements, given.references)
    engine.close()


def test_ideal_answers_are_compared_over_their_own_texts(request_: Request, settings: Settings, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "train").mkdir(parents=True)
    rows = [
        row | {"snippets": [{"text": TEXTS[name]} for name in row["snippets"]], "ideal_answer": ["It treats gout."]}
        for row in BIOASQ
    ]
    with gzip.open(shared / "train" / "bioasq_7b_10b.jsonl.gz", "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    asked = replace(
        request_, sets=("bioasq",), shared=shared, out=tmp_path / "out", split="measure", systems=("first-three",)
    )
    (found,) = json.loads(run(asked, settings, lambda _: None, OPENING).result)["collections"]
    assert (found["name"], found["questions"], found["passages"]) == ("bioasq", {"answerable": 1}, 3)
    figures = found["systems"]["first-three"]["answerable"]
    assert 0 < figures["ROUGE-L"]["mean"] <= figures["ROUGE-1"]["mean"] < 1
    assert found["systems"]["first-three"]["curve"] is None


def test_what_there_is_not_is_refused(request_: Request, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="there are: extractive"):
        run(replace(request_, systems=("oracle",)), settings, lambda _: None, OPENING)
    with pytest.raises(UnknownNameError, match="there are: mine, unanswerable, swaps, bioasq"):
        run(replace(request_, sets=("yours",)), settings, lambda _: None, OPENING)
    with pytest.raises(EvaluationError, match="--shared"):
        run(replace(request_, sets=("bioasq",), out=tmp_path), settings, lambda _: None, OPENING)
    empty = tmp_path / "questions"
    empty.mkdir()
    with pytest.raises(EvaluationError, match="no question to ask"):
        run(replace(request_, questions=empty, sets=("swaps",), out=tmp_path), settings, lambda _: None, OPENING)
