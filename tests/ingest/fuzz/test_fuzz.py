"""A sample of ``citerx bench fuzz``, and that what must not be is found when it is there."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from importlib.resources import files
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from ingest.errors import IngestError
from ingest.fuzz.attempt import NEVER_TEXT, attempt, shortened
from ingest.fuzz.pool import Lost, work
from ingest.fuzz.run import Tally, Watch
from ingest.fuzz.same import untouched
from ingest.fuzz.seeds import CYCLE, FORMS, material, mutant, packed
from ingest.parse import FORMATS, detect
from ingest.sources import Source, walk
from tests.shared_data import shared

STARTER = Path(str(files("corpora"))) / "starter"


def test_a_sample_of_the_starter_corpus(tmp_path: Path) -> None:
    seeds = material(STARTER, None)
    for number in range(4 * len(CYCLE)):
        form, made = mutant(seeds, 1, number)
        found = attempt(number, made.data, made.steps, tmp_path, untouched(made.before, made.after))
        assert not found.finding, f"{form.name} {number} {made.steps}: {found.finding}\n{found.detail}"
        assert found.milliseconds < 10_000


def test_a_sample_of_the_real_files(tmp_path: Path) -> None:
    seeds = material(STARTER, shared("labels").parent)
    for number in range(len(CYCLE)):
        form, made = mutant(seeds, 2, number)
        found = attempt(number, made.data, made.steps, tmp_path, untouched(made.before, made.after))
        assert not found.finding, f"{form.name} {number} {made.steps}: {found.finding}\n{found.detail}"


ARTICLES = b"".join(
    json.dumps({"pmid": number, "title": "Testol", "abstract": f"Of {number} patients 5 mg helped."}).encode() + b"\n"
    for number in (1, 2, 3)
)
SET = b"<PubmedArticleSet>%s</PubmedArticleSet>" % b"".join(
    b"<PubmedArticle><MedlineCitation><PMID>%d</PMID><Article><ArticleTitle>Testol</ArticleTitle><Abstract>"
    b"<AbstractText>Of %d patients 5 mg helped.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
    % (number, number)
    for number in (1, 2, 3)
)


@pytest.mark.parametrize("data", [ARTICLES, SET], ids=["lines", "set"])
def test_what_was_not_touched_is_known_without_the_parsers(data: bytes) -> None:
    touched = data.replace(b"Of 2 patients", b"Of 9 patients")
    assert len(untouched(data, data)) == 3
    one, other = untouched(data, touched)
    assert b"Of 1 patients" in one
    assert b"Of 3 patients" in other
    assert untouched(data, data[: len(data) // 2].replace(b">", b"").replace(b'"', b"")) == ()
    labels = written_pair()
    assert len(untouched(labels, labels.replace(b"5 mg", b"6 mg", 1))) == 1


def written_pair() -> bytes:
    return json.dumps(
        {"results": [{"set_id": "a", "warnings": ["5 mg"]}, {"set_id": "b", "warnings": ["5 mg"]}]}
    ).encode()


@pytest.mark.parametrize("data", [ARTICLES, SET], ids=["lines", "set"])
def test_a_number_that_changed_elsewhere_is_a_finding(data: bytes, tmp_path: Path) -> None:
    """The file says 9 patients where the record that nobody touched says 3: as if a parser had let one leak."""
    records = untouched(data, data)
    assert attempt(0, data, (), tmp_path, records).finding == ""
    wrong = data.replace(b"Of 3 patients", b"Of 9 patients")
    assert attempt(0, wrong, (), tmp_path, records).finding == "pubmed:3 was not touched, and reads otherwise"


def test_a_record_that_went_without_a_word_is_a_finding(tmp_path: Path) -> None:
    records = untouched(ARTICLES, ARTICLES)
    *two, _ = ARTICLES.splitlines(keepends=True)
    assert attempt(0, b"".join(two), (), tmp_path, records).finding.startswith("pubmed:3 was not touched")
    assert attempt(0, b"".join([*two, b"{\n"]), (), tmp_path, records).finding == ""


def test_every_format_is_damaged_and_its_seeds_are_read(tmp_path: Path) -> None:
    seeds = material(STARTER, None)
    assert {form.material for form in FORMS} == set(seeds)
    read = set()
    for name, (first, *_) in seeds.items():
        found = attempt(0, first, (), tmp_path)
        assert (found.records > 0, found.faults, found.finding) == (True, 0, ""), f"{name}: {found.said}"
        read.add(detect(first[: 1 << 16], name))
    assert read == {row.parse for row in FORMATS}


@pytest.mark.parametrize("how", ["gzip", "zip", "zips", "tar", "tar.gz"])
def test_packed_files_come_out_again(how: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(packed(b"<a/>", how))
    found = list(walk([str(tmp_path / "x")]))
    assert not [item for item in found if isinstance(item, IngestError)]
    assert {item.head() for item in found if isinstance(item, Source)} == {b"<a/>"}


def test_a_mutant_depends_on_seed_and_number_alone() -> None:
    seeds = material(STARTER, None)
    assert mutant(seeds, 1, 5) == mutant(material(STARTER, None), 1, 5)
    assert mutant(seeds, 1, 5) != mutant(seeds, 2, 5)


def serve(connection: Connection) -> None:
    """Answers with the double; 1 ends the process, 2 hangs."""
    connection.send(None)
    while True:
        try:
            number = connection.recv()
        except EOFError:
            return
        if number == 1:
            os._exit(3)
        if number == 2:
            time.sleep(60)
        connection.send(2 * number)


def die(connection: Connection) -> None:
    """Is never ready."""
    connection.close()
    os._exit(4)


def test_crashes_and_hangs_are_told_and_the_rest_is_done() -> None:
    found = list(work(range(6), serve, 2, 1.5))
    lost = {item.number: item.reason for item in found if isinstance(item, Lost)}
    assert sorted(item for item in found if isinstance(item, int)) == [0, 6, 8, 10]
    assert lost == {1: "crash: the process ended with 3", 2: "hang: no end in 1.5 s"}


def test_processes_that_cannot_start_are_an_error() -> None:
    with pytest.raises(RuntimeError, match="ended with 4"):
        list(work([1], die, 1, 1))


def test_what_must_not_be_is_a_finding(tmp_path: Path) -> None:
    tally = Tally("A format")
    fine = attempt(0, b"Some words. " * 20, (), tmp_path)
    tally.add(fine, 0, Watch(memory_mib=1 << 20))  # the whole process counts, other tests included
    assert not tally.findings
    tally.add(Lost(7, "crash", 2.0), 0, Watch())
    tally.add(fine, 0, Watch(memory_mib=1))
    assert [(finding.number, finding.what.split(":")[0]) for finding in tally.findings] == [(7, "crash"), (0, "memory")]
    assert (tally.mutants, tally.slowest, tally.slowest_ms) == (3, 7, 2000)
    slow = replace(fine, number=8, milliseconds=2001.0)
    tally.add(slow, 0, Watch(seconds=2.1, memory_mib=1 << 20))
    tally.add(slow, 0, Watch(seconds=2, memory_mib=1 << 20))
    assert [finding.what for finding in tally.findings[2:]] == ["hang: 2.0 s of processor time"]


def test_text_that_may_not_be_stored() -> None:
    for letter in "\0\t\r\x7f\x85\u2028\u202e\u2066\u200f\ud800\U000e0041\ufe0f\u115f\xad\u200b":
        assert NEVER_TEXT.search(f"a{letter}b")
    assert not NEVER_TEXT.search("a\nb ≥ é 漢 😀 \u00a0")


def test_reasons_are_counted_without_what_differs() -> None:
    assert shortened("PMID 'x1' is not a number") == shortened("PMID 'y 2' is not a number")
    assert shortened("broken JSON after 12 records: bad") == "broken JSON after N records"


def test_the_command(tmp_path: Path) -> None:
    words = ["bench", "fuzz", "--only", "3", "--json", "--save", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    (tally,) = json.loads(done.stdout)
    assert (tally["format"], tally["mutants"]) == ("openFDA JSON", 1)
    seeds = material(STARTER, None)
    assert (tmp_path / "0-3").read_bytes() == mutant(seeds, 0, 3)[1].data


def test_the_command_ends_with_one_where_something_is_found() -> None:
    done = CliRunner().invoke(app, ["bench", "fuzz", "--only", "3", "--memory-mib", "64"])
    assert done.exit_code == 1
    assert "--seed 0 --only 3" in " ".join(done.stdout.split())
