"""ClinicalTrials.gov studies: invented ones, in the shape of the API's version 2."""

from __future__ import annotations

import copy
import json
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import IngestError, LimitError, ParseError
from ingest.parse import trials
from ingest.parse.tables import render_row
from ingest.schema import Document, Fault, Kind, Mark, Record

PROTOCOL: dict[str, Any] = {
    "identificationModule": {
        "nctId": "NCT00000001",
        "briefTitle": "Testomab for Invented Pain",
        "officialTitle": "Long",
    },
    "statusModule": {
        "overallStatus": "ACTIVE_NOT_RECRUITING",
        "statusVerifiedDate": "2024-02",
        "startDateStruct": {"date": "2021-10", "type": "ACTUAL"},
        "completionDateStruct": {"date": "2025-11-24", "type": "ESTIMATED"},
        "studyFirstSubmitDate": "2021-08-02",
        "studyFirstPostDateStruct": {"date": "2021-08-19", "type": "ACTUAL"},
        "lastUpdatePostDateStruct": {"date": "2024-02-23", "type": "ACTUAL"},
    },
    "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Nobody Inc."}, "collaborators": [{"name": "Some Ltd"}]},
    "descriptionModule": {
        "briefSummary": "We compare.\n\n* a \\< b\n* c and <b and d>",
        "detailedDescription": "More.",
    },
    "conditionsModule": {"conditions": ["Invented Pain"], "keywords": ["pain"]},
    "designModule": {
        "studyType": "INTERVENTIONAL",
        "phases": ["PHASE2", "PHASE3"],
        "designInfo": {"allocation": "RANDOMIZED", "maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT"]}},
        "enrollmentInfo": {"count": 300, "type": "ACTUAL"},
    },
    "armsInterventionsModule": {
        "armGroups": [{"label": "A", "type": "EXPERIMENTAL", "interventionNames": ["Drug: Testomab"]}],
        "interventions": [
            {
                "type": "DRUG",
                "name": "Testomab 5 mg",
                "description": "Daily",
                "armGroupLabels": ["A"],
                "otherNames": ["Xa"],
            },
            {"type": "DRUG", "name": "Matching placebo"},
            {"type": "BEHAVIORAL", "name": "Walking"},
        ],
    },
    "outcomesModule": {
        "primaryOutcomes": [{"measure": "Pain score", "description": "0 to 10", "timeFrame": "Week 12"}]
    },
    "eligibilityModule": {
        "eligibilityCriteria": "Inclusion Criteria:\n\n1. Age \\>= 18\n2. Pain",
        "healthyVolunteers": False,
        "sex": "ALL",
        "minimumAge": "18 Years",
    },
    "referencesModule": {
        "references": [
            {"pmid": "101", "type": "RESULT", "citation": "Some. 2020."},
            {"citation": "Other. 2019."},
            {"pmid": "102", "retractions": [{"pmid": "103", "source": "J Invent. 2021"}]},
        ]
    },
}
GROUPS = [{"id": "OG000", "title": "Testomab"}, {"id": "OG001", "title": "Placebo"}]
RESULTS: dict[str, Any] = {
    "outcomeMeasuresModule": {
        "outcomeMeasures": [
            {
                "type": "PRIMARY",
                "title": "Pain score",
                "paramType": "MEAN",
                "dispersionType": "Standard Deviation",
                "unitOfMeasure": "points",
                "timeFrame": "Week 12",
                "groups": GROUPS,
                "denoms": [
                    {"units": "Eyes", "counts": [{"groupId": "OG000", "value": "400"}]},
                    {
                        "units": "Participants",
                        "counts": [{"groupId": "OG000", "value": "200"}, {"groupId": "OG001", "value": "100"}],
                    },
                ],
                "classes": [
                    {
                        "title": "Week 12",
                        "categories": [
                            {
                                "measurements": [
                                    {"groupId": "OG001", "value": "6.0", "spread": "1.2"},
                                    {"groupId": "OG000", "value": "4.5", "lowerLimit": "4.0", "upperLimit": "5.0"},
                                ]
                            }
                        ],
                    }
                ],
                "analyses": [
                    {
                        "groupIds": ["OG000", "OG001"],
                        "paramType": "Hazard Ratio (HR)",
                        "paramValue": "0.62",
                        "ciPctValue": "95",
                        "ciLowerLimit": "0.49",
                        "ciUpperLimit": "0.78",
                        "pValue": "<0.001",
                        "statisticalMethod": "Cox",
                    }
                ],
            }
        ]
    },
    "adverseEventsModule": {
        "timeFrame": "24 weeks",
        "eventGroups": [
            {"id": "EG000", "title": "Testomab", "seriousNumAffected": 0, "seriousNumAtRisk": 200},
            {"id": "EG001", "title": "Placebo", "seriousNumAffected": 3, "seriousNumAtRisk": 100},
        ],
        "seriousEvents": [
            {
                "term": "Fall",
                "organSystem": "Injury",
                "stats": [{"groupId": "EG001", "numAffected": 3, "numAtRisk": 100}],
            }
        ],
    },
}
STUDY = {"protocolSection": PROTOCOL, "resultsSection": RESULTS, "hasResults": True}


def read(value: object, encoding: str = "utf-8") -> list[Record]:
    return list(trials.parse(BytesIO(json.dumps(value).encode(encoding)), "x.json"))


def document(study: object = STUDY) -> Document:
    found = read(study)[0]
    assert isinstance(found, Document), found
    return found


def test_a_study() -> None:
    found = document()
    assert (found.document_id, found.work_id, found.kind) == ("trial:NCT00000001", "NCT00000001", Kind.TRIAL)
    assert found.title == "Testomab for Invented Pain"
    assert (found.published, found.effective, found.revised) == (
        date(2021, 8, 19),
        date(2024, 2, 23),
        date(2024, 2, 23),
    )
    assert (found.version, found.url) == ("2024-02-23", "https://clinicaltrials.gov/study/NCT00000001")
    assert found.drugs.substance == ("Testomab 5 mg",)
    assert (found.drugs.generic, found.drugs.brand) == ((), ())
    assert found.cites == ("pmid:101", "Other. 2019.", "pmid:102")
    assert found.publication_types == ("INTERVENTIONAL", "Phase 2", "Phase 3")
    assert found.authors == ("Nobody Inc.",)


def test_what_it_says() -> None:
    texts = {section.slug: section.text for section in document().sections}
    assert texts["brief_summary"] == "We compare.\n• a < b\n• c and <b and d>"
    assert texts["conditions"] == "Conditions: Invented Pain\nKeywords: pain"
    assert texts["eligibility"].split("\n") == [
        "Inclusion Criteria:",
        "1. Age >= 18",
        "2. Pain",
        "Minimum age: 18 Years",
        "Sex: All",
        "Healthy volunteers: no",
    ]
    assert texts["interventions"].split("\n")[0] == (
        "Intervention: Testomab 5 mg; Type: Drug; Description: Daily; Other names: Xa; Arms: A"
    )
    assert texts["outcomes"] == "Primary outcome: Pain score; Description: 0 to 10; Time frame: Week 12"
    assert "Phase: Phase 2, Phase 3" in texts["design"]
    assert "Masking: Double (Participant)" in texts["design"]
    assert "Overall status: Active not recruiting" in texts["status"]
    assert "Completion: 2025-11-24 (estimated)" in texts["status"]
    assert texts["sponsor"] == "Lead sponsor: Nobody Inc.\nCollaborators: Some Ltd"


def test_results_are_rows_with_their_groups() -> None:
    found = {section.slug: section for section in document().sections}
    assert found["results.outcomes"].path == ("Results", "Outcome results")
    assert found["results.outcomes"].text.split("\n") == [
        "Primary outcome: Pain score",
        "Pain score (points): Week 12, Mean; Testomab (N = 200): 4.5 (standard deviation 4.0 to 5.0); "
        "Placebo (N = 100): 6.0 (standard deviation 1.2)",
        "Time frame: Week 12",
        "Analysis, Testomab versus Placebo: Hazard Ratio (HR) 0.62 (95% confidence interval 0.49 to 0.78); "
        "p <0.001; Cox",
    ]
    assert found["results.adverse_events"].text.split("\n") == [
        "Time frame: 24 weeks",
        "Adverse events: Any serious event; Testomab: 0 of 200 participants; Placebo: 3 of 100 participants",
        "Serious adverse event: Fall (Injury); Placebo: 3 of 100 participants",
    ]


def test_a_retracted_reference_is_marked() -> None:
    assert read(STUDY)[1:] == [Mark("pmid:102", "retraction", None, "pmid:103")]


def other(number: int) -> dict[str, Any]:
    study = copy.deepcopy(STUDY)
    study["protocolSection"]["identificationModule"]["nctId"] = f"NCT{number:08}"  # type: ignore[index]
    return study


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_lists_and_pages(encoding: str) -> None:
    studies = [other(1), other(2)]
    assert read(studies, encoding) == read({"totalCount": 2, "studies": studies, "nextPageToken": "x"}, encoding)
    assert [record.document_id for record in read(studies) if isinstance(record, Document)] == [
        "trial:NCT00000001",
        "trial:NCT00000002",
    ]
    assert read({"studies": []}) == []


@pytest.mark.parametrize(
    ("study", "reason"),
    [
        (5, "not a study"),
        ({}, "no NCT number"),
        ({"protocolSection": []}, "no NCT number"),
        ({"protocolSection": {"identificationModule": {"nctId": "NCT1"}}}, "is none"),
        ({"protocolSection": {"identificationModule": {"nctId": "NCT00000009"}}}, "no title"),
        ({"protocolSection": {"identificationModule": {"nctId": "NCT00000009", "briefTitle": "T"}}}, "no text"),
    ],
)
def test_a_bad_study_costs_only_itself(study: object, reason: str) -> None:
    records = [record for record in read([other(1), study, other(2)]) if not isinstance(record, Mark)]
    before, fault, after = records
    assert isinstance(before, Document)
    assert isinstance(after, Document)
    assert isinstance(fault, Fault)
    assert fault.record.startswith("record 1")
    assert reason in fault.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", None),
        ("2024-02", date(2024, 2, 1)),
        ("2024-13", date(2024, 1, 1)),
        ("2024", date(2024, 1, 1)),
        ("2024-02-29T10:00:00", date(2024, 2, 29)),
        ("soon", None),
        ("", None),
    ],
)
def test_partial_dates(text: str, expected: date | None) -> None:
    assert trials.day(text) == expected


@pytest.mark.parametrize("content", ['{"protocolSection": ' + '{"a": ' * 200_000, "[" * 200_000])
def test_nesting_without_end_is_stopped(content: str) -> None:
    with pytest.raises(LimitError):
        list(trials.parse(BytesIO(content.encode()), "x"))


@pytest.mark.parametrize("content", ['{"hasResults": NaN}', '{"a": 1}', "[]", '[{"protocolSection": {}}'])
def test_broken_or_empty_json(content: str) -> None:
    with pytest.raises(ParseError):
        list(trials.parse(BytesIO(content.encode()), "x"))


WHOLE = json.dumps([STUDY]).encode()
KEYS = st.sampled_from(
    ["title", "text", "groups", "denoms", "classes", "measurements", "id", "value", "groupId", "type"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in a study."""
    pairs: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    return [path, *(found for key, inner in pairs for found in leaves(inner, (*path, key)))]


@example(("resultsSection", "outcomeMeasuresModule", "outcomeMeasures", 0, "groups", 0, "title"), None)
@example(("resultsSection", "outcomeMeasuresModule", "outcomeMeasures"), [{}, {}])
@given(st.sampled_from(leaves(STUDY)[1:]), VALUES)
def test_any_value_in_any_place_gives_clean_sections_or_a_fault(path: tuple[Any, ...], value: object) -> None:
    study: Any = copy.deepcopy(STUDY)
    place = study
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        records = read(study)
    except ParseError:  # NaN
        return
    for record in records:
        for section in record.sections if isinstance(record, Document) else ():
            assert all(line == " ".join(line.split()) and line for line in section.text.split("\n"))
            for table in section.tables:
                rows = [render_row(table.header, row) for row in table.rows]
                assert section.text[table.start : table.end] == "\n".join(rows)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_nothing_unforeseen(at: int, value: int) -> None:
    try:
        list(trials.parse(BytesIO(WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :]), "x"))
    except IngestError:
        return
