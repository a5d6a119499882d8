"""The checks of wording, numbers and bibliography: on made-up sources, and in full on the shared data where they are.

The full check reads all shared texts once (about 40 s of one core); the planted faults share what it read.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import starter
from corpora.check import run
from corpora.checks import bibliography, drawn, numbers, shared, wording
from corpora.checks.figures import Figures
from corpora.checks.model import Label, Line, articles, labels, pages, studies
from tests.shared_data import shared as shared_file

PAGES, STUDIES, PAPERS, LABELS = pages(starter()), studies(starter()), articles(starter()), labels(starter())
TEN = ["alpha", "beta", "gamma", "delta", "kappa", "sigma", "omega", "theta", "zeta", "lambda"]


def line(text: str) -> Line:
    return Line("a.xml", "line 1", text)


@pytest.fixture(scope="module")
def real() -> numbers.Real:
    """What the real labels of all drugs say."""
    folder = shared_file("labels/drug-label-core.json.zip").parents[1]
    return numbers.collect(LABELS, shared.label_texts(folder))


@pytest.fixture(scope="module")
def exempt() -> list[numbers.Exemption]:
    return numbers.exemptions(starter().with_name("exceptions.toml"))


def drug(name: str, *texts: str) -> Label:
    """A drug summary with other text."""
    (label,) = [label for label in LABELS if label.drug == name]
    return dataclasses.replace(label, lines=tuple(map(line, texts)))


@pytest.mark.timeout(600)  # half a minute of one core; longer where others share it
def test_the_whole_starter_corpus_is_clean() -> None:
    assert run(starter(), shared_file("labels/drug-label-core.json.zip").parents[1]) == []


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


def test_a_wrong_dose_a_foreign_set_id_and_a_needless_exemption_are_found() -> None:
    planted = dataclasses.replace(drug("colchicine", "Take colchicine 7 mg."), set_ids=("none",))
    known = numbers.Real({"colchicine": Figures(pending=iter(["colchicine 0.6 mg, 7 days"]))}, {"some": {"197541"}})
    needless = numbers.Exemption("colchicine", "Take", "9", "mg", "planted")
    reasons = [finding.reason for finding in numbers.untrue([planted], known, [needless])]
    assert len(reasons) == 5  # the dose, the set id, the exemption, and the codes, which only that label could confirm
    assert any("code 'SML2Y3J35T' is in none" in reason for reason in reasons)
    assert any("'7 mg' is in no label that" in reason for reason in reasons)


def test_an_exemption_holds_in_its_line_alone_and_for_a_file_that_is_there() -> None:
    planted = drug("colchicine", "Gout: 7 mg.", "Fever: 7 mg.")
    known = numbers.Real({"colchicine": Figures()})
    gout = numbers.Exemption("colchicine", "Gout", "7", "mg", "planted")
    found = [finding for finding in numbers.untrue([planted], known, [gout]) if "7 mg" in finding.reason]
    assert len(found) == 1
    assert list(numbers.strays([gout], {"colchicine"})) == []
    (stray,) = numbers.strays([gout], {"digoxin"})
    assert stray.file == "exceptions.toml"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("digoxin", "Take digoxin 2,345 mcg daily."),
        ("digoxin", "Take digoxin for 997tablets."),
        ("digoxin", "Exposure to digoxin rose 24x."),
        ("digoxin", "Digoxin lasts ninety-seven hours."),
        ("trastuzumab", "Trastuzumab 3.6 mg/kg every 3 weeks."),  # the dose of ado-trastuzumab emtansine
        ("heparin", "Heparin 18 units/hour."),  # its label: units/kg/hour
    ],
)
def test_a_false_figure_is_found(name: str, text: str, real: numbers.Real) -> None:
    assert list(numbers.untrue([drug(name, text)], real, [])) != []


@pytest.mark.parametrize(("row", "right"), [("Fluconazole, several doses", "50"), ("Enoxaparin, prevention", "30")])
def test_a_cut_off_of_another_drug_is_found_in_a_row(row: str, right: str, real: numbers.Real) -> None:
    (page,) = [page for page in PAGES if page.file == "renal-dosing.html"]
    (one,) = [one for one in page.lines if row in one.text]
    swapped = dataclasses.replace(one, text=one.text.replace(f"{right} mL", "59 mL"))
    planted = dataclasses.replace(page, lines=(swapped,))
    folder = shared_file("guidelines/doc_004.pdf").parent
    assert [found.place for found in drawn.guidelines([planted], real, {}, folder, [])] == [one.place]


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
    real = numbers.Real({"enoxaparin": Figures(pending=iter(["30 mg once daily, PMID"]))})
    lines = (line("Enoxaparin: 30 mg"), line("Gabapentin: 30 mg"), line("One paper, PMID 16858720"))
    (other,) = drawn.guidelines([dataclasses.replace(guides[0], source="", lines=lines)], real, {}, folder, [])
    assert other.reason.startswith("'30 mg'")


def test_a_sentence_of_a_real_abstract_is_found() -> None:
    path = shared_file("literature/abstracts.jsonl.gz")
    record = next(record for record in shared.json_lines(path) if len(record["abstract"].split()) > 100)
    copied = " ".join(record["abstract"].split()[20:60])
    assert wording.copied([line(copied)], [record["abstract"]])


def test_bibliography_is_the_real_records(exempt: list[numbers.Exemption]) -> None:
    real = bibliography.records(shared_file("literature").parent, {article.pmid for article in PAPERS})
    retracted = {pmid for pmid, record in real.items() if record.retracted}
    assert "20067456" in retracted
    assert len(retracted) == 8
    other = dataclasses.replace(
        real["25148570"], title="Another", authors=("Nobody",), pages="1", volume="2", retracted=True
    )
    reasons = [finding.reason for finding in bibliography.wrong(PAPERS, real | {"25148570": other}, exempt)]
    assert len(reasons) == 5


@pytest.mark.parametrize("text", ["80 g", "999mg", "6.7 years", "ninety weeks"])
def test_a_figure_that_the_abstract_does_not_have_is_found(text: str) -> None:
    abstract = "240 patients; 80 mg, then 8 mg per hour; bleeding in 6.7 percent within 30 days"
    record = bibliography.Record("10922420", "Any", abstract)
    (paper,) = [paper for paper in PAPERS if paper.pmid == "10922420"]
    planted = dataclasses.replace(paper, lines=(line(text),))
    found = bibliography.wrong([planted], {"10922420": record}, [])
    assert any("no part of its abstract" in finding.reason for finding in found)


def test_a_pmid_that_nobody_knows_is_found() -> None:
    found = [finding for finding in bibliography.wrong(PAPERS, {}, []) if finding.check == "bibliography"]
    assert {finding.reason for finding in found} == {"PMID is not in the shared literature"}


def test_shared_texts_reads_one_file_as_well_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one <b>two</b>", encoding="utf-8")
    assert list(shared.texts(tmp_path)) == list(shared.texts(tmp_path / "a.txt")) == ["one two"]


def test_entities_and_tags_within_a_line_do_not_part_words(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("CO<sub>2</sub> &lt; 5 a&#x2013;b<xref rid='1'>12</xref>", encoding="utf-8")
    assert list(shared.texts(tmp_path)) == ["CO2 < 5 a–b"]


def test_all_text_of_a_section_is_checked(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    original = (starter() / "labels" / "digoxin.xml").read_text(encoding="utf-8")
    for place in ("<list><item>{}</item></list>", "{}", "<content>{}</content>", "<footnote>{}</footnote>"):
        planted = original.replace("<text>", "<text>" + place.format("Take 4321 mg."), 1)
        (tmp_path / "labels" / "digoxin.xml").write_text(planted, encoding="utf-8")
        (label,) = labels(tmp_path)
        assert any("4321" in one.text for one in label.lines), place


def test_a_number_with_decimals_of_a_trial_is_checked(tmp_path: Path) -> None:
    (tmp_path / "trials").mkdir()
    name = "NCT02217878.json"
    original = (starter() / "trials" / name).read_text(encoding="utf-8")
    assert '"count": 100' in original
    (tmp_path / "trials" / name).write_text(original.replace('"count": 100', '"count": 4321.5'), encoding="utf-8")
    (study,) = studies(tmp_path)
    assert "4321.5" in [one.text for one in study.lines]


def test_what_a_paper_is_compared_with_is_here_too() -> None:
    notes = [note for paper in PAPERS for note in paper.element.iter("GeneralNote") if "Compare" in (note.text or "")]
    assert len(notes) == 10
    pmids = {paper.pmid for paper in PAPERS}
    assert {(note.text or "").rstrip("/").rpartition("/")[2] for note in notes} <= pmids
