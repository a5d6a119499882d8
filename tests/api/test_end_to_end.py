"""The service over a real store, index and engine: the starter corpus, with the fake embedder in place of the model."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.resources import as_file, files
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
import torch
from starlette.testclient import TestClient

from api.app import create_app
from ingest.passages import split
from ingest.pipeline import ingest
from ingest.schema import Document, Mark
from ingest.store import Store
from rag.dense import HashEmbedder
from rag.engine import Engine
from rag.generate import Extractive
from rag.indexes.build import build
from rag.settings import Settings
from rag.view import DiskViews
from tests.api.test_service import QUESTION, ready, started, wait_until
from tests.contracts.service import ServiceContract
from tests.contracts.services import refused
from tests.rag.bookshelf import corpus, document


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings.database_url)
    with as_file(files("corpora") / "starter") as folder:
        assert ingest(store, [str(folder)]).totals["faults"] == 0
    yield store
    store.close()


def engine_of(settings: Settings, store: Store) -> Engine:
    embedder = HashEmbedder()
    views = DiskViews(settings.index_dir, store, embedder, "cpu")
    return Engine(store, views, embedder, {"extractive": Extractive()})


@pytest.fixture(scope="module")
def served(settings: Settings, store: Store) -> Iterator[TestClient]:
    build(store, HashEmbedder(), settings.index_dir)
    with started(lambda: engine_of(settings, store)) as client:
        wait_until(lambda: ready(client))
        yield client


class TestRealService(ServiceContract):
    @pytest.fixture
    def client(self, served: TestClient) -> TestClient:
        return served

    def test_the_demonstration_is_named_as_such(self, client: TestClient) -> None:
        answer = self.answer(client)
        assert answer["provenance"]["demonstration"]
        assert client.get("/readyz").json()["demonstration"]
        assert all(reference["editorial"] for reference in answer["references"])


def test_an_index_built_while_serving_is_taken_up(tmp_path: Path, store: Store) -> None:
    settings = Settings(home=tmp_path)
    with started(lambda: engine_of(settings, store)) as client:
        wait_until(lambda: client.get("/documents/none").status_code == 404)
        assert client.get("/readyz").status_code == 503
        manifest = build(store, HashEmbedder(), settings.index_dir)
        wait_until(lambda: ready(client))
        assert client.get("/readyz").json()["index"] == manifest.generation
        assert client.post("/search", json={"question": "colchicine"}).json()["hits"]


def open_counted(settings: Settings, store: Store, opened: list[Engine]) -> Engine:
    opened.append(engine_of(settings, store))
    return opened[-1]


def test_an_index_of_another_embedder_is_named_while_records_are_served(tmp_path: Path, store: Store) -> None:
    settings, opened = Settings(home=tmp_path), list[Engine]()
    build(store, HashEmbedder(16), settings.index_dir)
    with started(lambda: open_counted(settings, store, opened)) as client:
        wait_until(lambda: "hash-16, not hash-64" in client.get("/readyz").json()["detail"])
        document_id = next(store.index_rows()).passage.document_id
        assert client.get(f"/documents/{document_id}").status_code == 200
        assert "hash-16" in refused(client.post("/ask", json=QUESTION), 503, "not-ready")["detail"]
        build(store, HashEmbedder(), settings.index_dir)
        wait_until(lambda: ready(client))
        assert client.post("/ask", json=QUESTION).json()["status"] != "abstained"
    assert len(opened) == 1


def test_a_damaged_index_is_named_and_its_successor_taken_up(tmp_path: Path, store: Store) -> None:
    settings, opened = Settings(home=tmp_path), list[Engine]()
    build(store, HashEmbedder(), settings.index_dir)
    next(settings.index_dir.glob("*/vectors.npy")).write_bytes(b"half")
    with started(lambda: open_counted(settings, store, opened)) as client:
        wait_until(lambda: client.get("/documents/none").status_code == 404)
        refused(client.get("/readyz"), 503, "index-corrupt")
        build(store, HashEmbedder(), settings.index_dir, rebuild=True)
        wait_until(lambda: ready(client))
    assert len(opened) == 1


def test_an_answer_does_not_wait_for_a_bulk_ingest(tmp_path: Path, served: TestClient, store: Store) -> None:
    with store.writing():
        start = time.monotonic()
        answer = served.post("/ask", json=QUESTION).json()
        assert time.monotonic() - start < 5  # a writer waits 15 s
    assert "not_stored" in {notice["code"] for notice in answer["notices"]}
    assert answer["references"]
    kept = served.post("/ask", json=QUESTION).json()
    assert served.get(f"/answers/{kept['answer_id']}").status_code == 200
    impatient = Store.open(f"sqlite:///{tmp_path / 'other.db'}")
    impatient.save_answer("a", {})
    with impatient._engine.connect() as connection, connection.begin():  # the pooled connection is patient again
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 15_000
    impatient.close()


def test_the_service_computes_each_question_on_one_processor_thread(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        with TestClient(create_app(Settings(home=tmp_path, device="cpu", threads=2))) as client:
            wait_until(lambda: client.get("/documents/none").status_code == 404, seconds=60)
            with ThreadPoolExecutor(1) as pool:  # torch counts per thread; a new one has what the model was opened with
                assert pool.submit(torch.get_num_threads).result() == 1
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Store]:
    """A small store of its own, which a test may change."""
    store = Store.open(Settings(home=tmp_path).database_url)
    put(store, corpus())
    yield store
    store.close()


def put(store: Store, documents: Iterable[Document]) -> None:
    with store.writing() as batch:
        for item in documents:
            batch.put(item, split(item))


def taken_up(client: TestClient, generation: str) -> None:
    wait_until(lambda: client.get("/readyz").json()["index"] == generation)


def test_a_paper_retracted_after_it_was_cited_is_recalled_and_never_cited_again(
    tmp_path: Path, changing: Store
) -> None:
    settings, asked = Settings(home=tmp_path), {"question": "Does sulthiazine cure hiccups?"}
    text = "Sulthiazine cured hiccups in nine of ten adults of a trial."
    put(changing, [document("pubmed:8", [("abstract", text)], "sulthiazine", pmid="8", doi="10.1/Eight")])
    build(changing, HashEmbedder(), settings.index_dir)
    with started(lambda: engine_of(settings, changing)) as client:
        wait_until(lambda: ready(client))
        given = client.post("/ask", json=asked).json()
        assert {reference["document_id"] for reference in given["references"]} == {"pubmed:8"}
        with changing.writing() as batch:
            batch.mark(Mark("doi:10.1/eight", "retraction", date(2024, 1, 2), "doi:10.1/nine"))
        for rebuilt in (False, True):
            if rebuilt:
                taken_up(client, build(changing, HashEmbedder(), settings.index_dir).generation)
            for day in (None, "2023-01-01"):
                assert client.post("/ask", json={**asked, "as_of": day}).json()["references"] == []
                assert client.post("/search", json={**asked, "as_of": day}).json()["hits"] == []
        shown = client.post("/search", json={**asked, "filters": {"include_retracted": True}}).json()["hits"]
        assert [(hit["document_id"], hit["retracted"]) for hit in shown] == [("pubmed:8", True)]
        assert client.get("/documents/pubmed:8").json()["marks"] == [
            {"work": "doi:10.1/eight", "kind": "retraction", "on": "2024-01-02", "by": "doi:10.1/nine"}
        ]
        (event,) = client.get(f"/answers/{given['answer_id']}/recall").json()
        assert (event["number"], event["what"], event["on"], event["by"]) == (
            given["references"][0]["number"], "retracted", "2024-01-02", "doi:10.1/nine",
        )  # fmt: skip


def test_what_was_in_force_on_a_day_answers_for_it(tmp_path: Path, changing: Store) -> None:
    settings, asked = Settings(home=tmp_path), {"question": "What is the maximum daily dose of sulthiazine?"}
    versions = [
        document(
            f"label:s:{number}",
            [("dosage_and_administration", f"The maximum daily dose of sulthiazine is {10 * number} mg.")],
            "sulthiazine",
            effective=date(2020 + number, 1, 1),
            published=date(2020 + number, 1, 1),
            sha256=str(number),
        )
        for number in (1, 2)
    ]
    put(changing, versions)
    build(changing, HashEmbedder(), settings.index_dir)
    with started(lambda: engine_of(settings, changing)) as client:
        wait_until(lambda: ready(client))
        for day, dose, told in (("2021-06-01", "10 mg", True), ("2022-01-01", "20 mg", False), (None, "20 mg", False)):
            answer = client.post("/ask", json={**asked, "as_of": day}).json()
            assert [one["text"] for one in answer["statements"]] == [
                f"The maximum daily dose of sulthiazine is {dose}."
            ]
            assert ("superseded_source" in {notice["code"] for notice in answer["notices"]}) == told
        assert client.post("/ask", json={**asked, "as_of": "2020-12-31"}).json()["statements"] == []
        (change,) = client.get("/works/s/diff", params={"from": "2021-06-01"}).json()["sections"][0]["edits"]
        assert (change["kind"], change["numbers_before"], change["numbers_after"]) == ("changed", ["10"], ["20"])


RECORD = """<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">8</PMID>
<DateRevised><Year>{revised.year}</Year><Month>{revised.month}</Month><Day>{revised.day}</Day></DateRevised>
<Article><Journal><JournalIssue><PubDate><Year>2014</Year><Month>02</Month></PubDate></JournalIssue></Journal>
<ArticleTitle>Sulthiazine in hiccups</ArticleTitle><Abstract><AbstractText>{text}</AbstractText></Abstract></Article>
<ChemicalList><Chemical><NameOfSubstance>sulthiazine</NameOfSubstance></Chemical></ChemicalList>
</MedlineCitation></PubmedArticle></PubmedArticleSet>"""


def test_a_paper_whose_record_was_revised_says_what_it_said(tmp_path: Path, changing: Store) -> None:
    settings, asked = Settings(home=tmp_path / "home"), {"question": "Does sulthiazine cure hiccups?"}
    texts = {
        date(2015, 3, 1): "Sulthiazine cured hiccups in nine of ten adults of a trial.",
        date(2023, 5, 1): "Sulthiazine cured hiccups in two of ten adults of a trial.",
    }
    first, last = sorted(texts)

    def arrive(day: date) -> str:
        file = tmp_path / f"{day}.xml"
        file.write_text(RECORD.format(revised=day, text=texts[day]), encoding="utf-8")
        assert ingest(changing, [str(file)]).totals["ingested"] == 1
        return build(changing, HashEmbedder(), settings.index_dir).generation

    arrive(first)
    with started(lambda: engine_of(settings, changing)) as client:
        wait_until(lambda: ready(client))
        given = client.post("/ask", json=asked).json()
        assert [one["text"] for one in given["statements"]] == [texts[first]]
        taken_up(client, arrive(last))
        for as_of, name, said, notice in (
            (None, "pubmed:8:2023-05-01", last, None),
            ("2023-05-01", "pubmed:8:2023-05-01", last, None),
            ("2023-04-30", "pubmed:8", first, "superseded_source"),
            ("2014-06-01", "pubmed:8", first, "later_revision"),
        ):
            answer = client.post("/ask", json={**asked, "as_of": as_of}).json()
            assert [one["text"] for one in answer["statements"]] == [texts[said]]
            assert {one["document_id"] for one in answer["references"]} == {name}
            assert notice is None or notice in {one["code"] for one in answer["notices"]}
            (hit,) = client.post("/search", json={**asked, "as_of": as_of}).json()["hits"]
            assert (hit["text"], hit["effective"]) == (texts[said], str(said))
        assert client.post("/ask", json={**asked, "as_of": "2013-12-31"}).json()["references"] == []
        (event,) = client.get(f"/answers/{given['answer_id']}/recall").json()
        assert (event["document_id"], event["what"], event["on"]) == ("pubmed:8", "superseded", "2023-05-01")
        listed = client.get("/works/8/versions").json()["versions"]
        assert [(one["since"], one["effective"], one["superseded_on"]) for one in listed] == [
            ("2014-02-01", "2015-03-01", "2023-05-01"),
            ("2023-05-01", "2023-05-01", None),
        ]
        (change,) = client.get("/works/8/diff").json()["sections"][0]["edits"]
        assert (change["before"]["text"], change["after"]["text"]) == (texts[first], texts[last])


def test_questions_are_answered_while_the_index_is_swapped(tmp_path: Path, changing: Store) -> None:
    settings, stop, served_by = Settings(home=tmp_path), threading.Event(), Counter[tuple[int, str]]()

    def ask(client: TestClient) -> None:
        while not stop.is_set():
            response = client.post("/ask", json=QUESTION)
            served_by[response.status_code, response.json().get("provenance", response.json()).get("index", "")] += 1

    with started(lambda: engine_of(settings, changing)) as client, ThreadPoolExecutor(2) as pool:
        made = [build(changing, HashEmbedder(), settings.index_dir).generation]
        wait_until(lambda: ready(client))
        asking = [pool.submit(ask, client) for _ in range(2)]
        try:
            wait_until(lambda: (200, made[0]) in served_by)
            for number in range(3):
                put(changing, [document(f"label:x{number}:1", [("warnings", "Colchicine is strong.")], "xanol")])
                made.append(build(changing, HashEmbedder(), settings.index_dir).generation)
                wait_until(lambda: (200, made[-1]) in served_by)
        finally:
            stop.set()
        for one in asking:
            one.result()
    assert set(served_by) == {(200, generation) for generation in made}
    assert len(set(made)) == 4


def _rebuild_for_ever(settings: Settings, begun: Event) -> None:
    store = Store.open(settings.database_url)
    while True:
        build(store, HashEmbedder(), settings.index_dir, lambda _done, _total: begun.set(), rebuild=True)


def test_a_killed_build_leaves_the_service_answering(tmp_path: Path, changing: Store) -> None:
    settings = Settings(home=tmp_path)
    context = multiprocessing.get_context("forkserver")
    generation = build(changing, HashEmbedder(), settings.index_dir).generation
    with started(lambda: engine_of(settings, changing)) as client:
        wait_until(lambda: ready(client))
        before = client.post("/ask", json=QUESTION).json()["answer"]
        begun = context.Event()
        process = context.Process(target=_rebuild_for_ever, args=(settings, begun))
        process.start()
        assert begun.wait(60)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert client.post("/ask", json=QUESTION).json()["answer"] == before
    with started(lambda: engine_of(settings, changing)) as client:  # as after a restart
        wait_until(lambda: ready(client))
        assert client.get("/readyz").json()["index"] == generation
        assert client.post("/ask", json=QUESTION).json()["answer"] == before
        put(changing, [document("label:x:1", [("warnings", "Colchicine is strong.")], "xanol")])
        newer = build(changing, HashEmbedder(), settings.index_dir).generation
        wait_until(lambda: client.get("/readyz").json()["index"] == newer)
