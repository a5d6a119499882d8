"""The checks of wording, numbers and bibliography: on made-up sources, and on the shared data where it is present.

The whole check reads all shared texts (about 40 s): here the numbers are those of some drugs, and the wording is
compared with their real labels and all abstracts; ``citerx corpora check`` takes everything.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import starter
from corpora.checks import bibliography, drawn, numbers, shared, wording
from corpora.checks.model import Label, Line, Page, Study, articles, labels, pages, studies
from tests.shared_data import shared as shared_file

SAMPLE = [label for label in labels(starter()) if label.drug in {"colchicine", "digoxin"}] + labels(starter())[::16]
PAGES, STUDIES = pages(starter()), studies(starter())
RECORDS: list[Label | Page | Study] = [*labels(starter()), *PAGES, *STUDIES]
LINES = [line for record in RECORDS for line in record.lines]
TEN = ["alpha", "beta", "gamma", "delta", "kappa", "sigma", "omega", "theta", "zeta", "lambda"]


def line(text: str) -> Line:
    return Line("a.xml", "line 1", text)


@pytest.fixture(scope="module")
def real_labels() -> list[shared.LabelText]:
    """The real labels of the sampled drugs."""
    shared_file("labels/drug-label-core.json.zip")
    wanted = [shared.name_words(label.drug) for label in SAMPLE]
    found = shared.label_texts(shared_file("labels").parent)
    return [text for text in found if any(words <= text.names for words in wanted)]


@pytest.fixture(scope="module")
def exempt() -> list[numbers.Exemption]:
    return numbers.exemptions(starter().with_name("exceptions.toml"))


@given(
    st.lists(st.sampled_from(TEN), min_size=wording.RUN, max_size=40),
    st.lists(st.sampled_from(TEN), max_size=60),
    st.integers(0, 60),
    st.booleans(),
)
def test_a_run_is_found_exactly_where_a_plain_search_finds_it(
    ours: list[str], theirs: list[str], at: int, plant: bool
) -> None:
    source = theirs[:at] + (ours[: wording.RUN] if plant else []) + theirs[at:]
    runs = {tuple(ours[i : i + wording.RUN]) for i in range(len(ours) - wording.RUN + 1)}
    windows = {tuple(source[i : i + wording.RUN]) for i in range(len(source) - wording.RUN + 1)}
    found = wording.copied([line(" ".join(ours))], [" ".join(source)])
    assert bool(found) == bool(runs & windows)


def test_case_hyphens_and_punctuation_do_not_hide_a_copy() -> None:
    ours = line("Take the first-line drug with food, at night; stop if rash appears (or fever).")
    source = "x TAKE THE FIRST LINE DRUG WITH FOOD AT NIGHT. STOP IF RASH appears y"
    (finding,) = wording.copied([ours], [source])
    assert finding.check == "wording"
    assert "line 1" in finding.place


def test_eleven_words_and_a_run_over_two_sources_are_no_copy() -> None:
    words = [f"w{number}" for number in range(12)]
    assert wording.copied([line(" ".join(words))], [" ".join(words[:11])]) == []
    assert wording.copied([line(" ".join(words))], [" ".join(words[:6]), " ".join(words[6:])]) == []


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("10 to 20 mg", {("10", "mg"), ("20", "mg")}),
        ("60–270%", {("60", "%"), ("270", "%")}),
        ("1,200 mcg/kg/day", {("1200", "mcg/kg")}),
        ("30 mL per min", {("30", "ml")}),
        ("64 percent", {("64", "%")}),
        ("35.4 ± 8.1 mcg/mL", {("35.4", "mcg/ml"), ("8.1", "mcg/ml")}),
        ("25, 50 and 100 mg", {("25", "mg"), ("50", "mg"), ("100", "mg")}),
        ("CYP3A4 and T4", set()),
        ("every 12 hours for 7 days", {("12", "hour"), ("7", "day")}),
    ],
)
def test_numbers_with_units(text: str, pairs: set[tuple[str, str]]) -> None:
    assert set(numbers.measured(numbers.fold(text))) == pairs


def test_a_wrong_dose_a_foreign_set_id_and_a_needless_exemption_are_found() -> None:
    (label,) = [label for label in labels(starter()) if label.drug == "colchicine"]
    planted = dataclasses.replace(label, set_ids=("none",), lines=(line("Take colchicine 7 mg."),))
    real = numbers.Numbers()
    real.add("colchicine 0.6 mg, 7 days")
    exempt = numbers.Exemption("colchicine", "9", "mg", "planted")
    known = numbers.Real({"colchicine": real}, {"some": {"197541"}})
    reasons = [finding.reason for finding in numbers.untrue([planted], known, [exempt])]
    assert len(reasons) == 5  # the dose, the set id, the exemption, and the codes, which only that label could confirm
    assert any("code 'SML2Y3J35T' is in none" in reason for reason in reasons)
    assert any("'7 mg' is in no label" in reason for reason in reasons)


def test_numbers_are_those_of_the_real_labels(
    real_labels: list[shared.LabelText], exempt: list[numbers.Exemption]
) -> None:
    assert list(numbers.untrue(SAMPLE, numbers.collect(SAMPLE, real_labels), exempt)) == []


def test_numbers_of_trials_are_those_of_their_papers(exempt: list[numbers.Exemption]) -> None:
    real = bibliography.records(shared_file("literature").parent, drawn.papers(STUDIES, []))
    assert list(drawn.trials(STUDIES, real, exempt)) == []
    planted = [dataclasses.replace(STUDIES[0], lines=(line("HbA1c fell by 4.44%."),))]
    assert [finding.reason for finding in drawn.trials(planted, real, [])] == [
        "'4.44 %' is in no paper it is drawn from"
    ]
    (finding,) = drawn.trials([dataclasses.replace(STUDIES[0], nct="NCT00000001", lines=())], real, [])
    assert "names the trial" in finding.reason


def test_numbers_of_guidelines_are_those_of_the_guideline_or_of_the_labels_named(
    exempt: list[numbers.Exemption],
) -> None:
    folder = shared_file("guidelines/doc_004.pdf").parent
    guides = [page for page in PAGES if page.source in drawn.GUIDES]
    assert len(guides) == 2
    assert list(drawn.guidelines(guides, numbers.Real({}), {}, folder, exempt)) == []
    planted = [dataclasses.replace(guides[0], lines=(line("Discard within 444 days."),))]
    assert [finding.place for finding in drawn.guidelines(planted, numbers.Real({}), {}, folder, [])] == ["line 1"]
    known = numbers.Numbers()
    known.add("30 mg once daily, PMID")
    real = numbers.Real({"enoxaparin": known})
    lines = (line("Enoxaparin: 30 mg"), line("Gabapentin: 30 mg"), line("One paper, PMID 16858720"))
    (other,) = drawn.guidelines([dataclasses.replace(guides[0], source="", lines=lines)], real, {}, folder, [])
    assert other.reason.startswith("'30 mg'")


def test_a_dose_ten_times_too_high_is_found(real_labels: list[shared.LabelText]) -> None:
    (label,) = [label for label in labels(starter()) if label.drug == "digoxin"]
    planted = dataclasses.replace(label, lines=(line("Take digoxin 2,345 mcg daily."),))
    (finding,) = numbers.untrue([planted], numbers.collect([planted], real_labels), [])
    assert "2345 mcg" in finding.reason


def test_wording_is_ours_in_the_labels_and_abstracts(real_labels: list[shared.LabelText]) -> None:
    abstracts = shared.texts(shared_file("literature/abstracts.jsonl.gz"))
    ours = LINES + [part for article in articles(starter()) for part in article.lines]
    assert wording.copied(ours, itertools.chain((label.text for label in real_labels), abstracts)) == []


def test_a_sentence_of_a_real_abstract_is_found() -> None:
    path = shared_file("literature/abstracts.jsonl.gz")
    record = next(record for record in shared.json_lines(path) if len(record["abstract"].split()) > 100)
    copied = " ".join(record["abstract"].split()[20:60])
    assert wording.copied([line(copied)], [record["abstract"]])


def test_bibliography_is_the_real_records() -> None:
    found = articles(starter())
    real = bibliography.records(shared_file("literature").parent, {article.pmid for article in found})
    assert list(bibliography.wrong(found, real)) == []
    retracted = {pmid for pmid, record in real.items() if record.retracted}
    assert "20067456" in retracted
    assert len(retracted) == 8
    title = dataclasses.replace(real["25148570"], title="Another", authors=("Nobody",), retracted=True)
    reasons = [finding.reason for finding in bibliography.wrong(found, real | {"25148570": title})]
    assert len(reasons) == 3


def test_a_pmid_that_nobody_knows_is_found() -> None:
    assert {finding.reason for finding in bibliography.wrong(articles(starter()), {})} == {
        "PMID is not in the shared literature"
    }


def test_shared_texts_reads_one_file_as_well_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one <b>two</b>", encoding="utf-8")
    assert list(shared.texts(tmp_path)) == list(shared.texts(tmp_path / "a.txt")) == ["one  two "]
