"""Searches, versions and differences that a service shows."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contracts.services import ServiceCase, refused

HIT = {
    "rank", "score", "passage_id", "document_id", "kind", "drugs", "section", "title", "text", "published", "effective",
    "also", "superseded", "retracted", "expression_of_concern", "corrected", "agreement", "variants",
}  # fmt: skip
VERSION = {
    "document_id", "version", "title", "published", "effective", "since", "superseded_on", "retracted",
    "expression_of_concern", "corrected", "marks", "editorial", "sections", "url",
}  # fmt: skip
EXPLANATION = {"ranks", "fused", "rerank", "section", "base", "rules", "score"}
UNDERSTANDING = {
    "shape", "drugs", "searched", "classes", "sections", "populations", "routes", "unresolved", "lookalikes",
}  # fmt: skip
SEARCH_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"question": "x", "k": 0}, "#/k"),
    ({"question": "x", "k": 101}, "#/k"),
    ({"question": "x", "k": 2.5}, "#/k"),
    ({"question": "x", "explain": "yes"}, "#/explain"),
    ({"question": "x", "max_references": 3}, "#/max_references"),
    ({"question": "x", "filters": {"include_retracted": "yes"}}, "#/filters/include_retracted"),
]


class SearchContract(ServiceCase):
    def test_hits_come_best_first_in_the_shape_of_the_contract(self, client: TestClient) -> None:
        response = client.post("/search", json={"question": self.question, "k": 3})
        assert response.status_code == 200
        hits = response.json()["hits"]
        assert 0 < len(hits) <= 3
        assert all(hit.keys() == HIT for hit in hits)
        assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
        scores = [hit["score"] for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert response.json()["timings_ms"]

    def test_a_passage_stands_in_its_document(self, client: TestClient) -> None:
        hit = client.post("/search", json={"question": self.question, "k": 1}).json()["hits"][0]
        passage = client.get(f"/passages/{hit['passage_id']}").json()
        document = client.get(f"/documents/{hit['document_id']}").json()
        assert passage["text"] == hit["text"]
        assert document["title"] == hit["title"]
        section = next(section for section in document["sections"] if section["slug"] == passage["section"])
        assert section.keys() >= {"slug", "title", "path", "text", "tables"}
        assert section["text"][passage["start"] : passage["end"]] == passage["text"]

    def test_filters_hold(self, client: TestClient) -> None:
        hits = client.post("/search", json={"question": self.question, "k": 100}).json()["hits"]
        section = hits[0]["section"]
        filters = {"kinds": ["label"], "sections": [section], "published_before": date.max.isoformat()}
        narrowed = client.post("/search", json={"question": self.question, "k": 100, "filters": filters}).json()["hits"]
        assert {(hit["kind"], hit["section"]) for hit in narrowed} <= {("label", section)}
        none = {"question": self.question, "filters": {"published_before": "1800-01-01"}}
        assert client.post("/search", json=none).json()["hits"] == []

    def test_retracted_papers_are_found_where_they_are_asked_for(self, client: TestClient) -> None:
        body = {"question": self.question, "k": 5, "filters": {"include_retracted": True}}
        posted = client.post("/search", json=body).json()["hits"]
        linked = client.get("/search", params={"question": self.question, "k": "5", "include_retracted": "true"})
        assert posted
        assert linked.json()["hits"] == posted

    def test_an_explained_search_says_why_each_hit_is_there(self, client: TestClient) -> None:
        body = {"question": self.question, "k": 5}
        plain = client.post("/search", json=body).json()
        explained = client.post("/search", json=body | {"explain": True}).json()
        assert explained.keys() == plain.keys() | {"query"}
        assert explained["query"].keys() == UNDERSTANDING
        assert ["colchicine"] in explained["query"]["searched"]
        assert explained["hits"]
        for hit, same in zip(explained["hits"], plain["hits"], strict=True):
            why = hit.pop("explanation")
            assert hit == same
            assert why.keys() == EXPLANATION
            assert all(place >= 1 for place in why["ranks"].values())
            assert all(rule["name"] and rule["reason"] for rule in why["rules"])
            assert why["score"] == hit["score"]
            assert why["score"] == pytest.approx(why["base"] * math.prod(rule["factor"] for rule in why["rules"]))

    def test_a_link_searches_as_a_body_does(self, client: TestClient) -> None:
        for explain in (False, True):
            body = {"question": self.question, "k": 3, "filters": {"drugs": ["colchicine"]}, "explain": explain}
            posted = client.post("/search", json=body).json()
            params = {"question": self.question, "k": "3", "drug": ["colchicine"], "explain": str(explain).lower()}
            linked = client.get("/search", params=params)
            assert linked.status_code == 200, linked.text
            assert {**linked.json(), "timings_ms": {}} == {**posted, "timings_ms": {}}

    @pytest.mark.parametrize(
        ("params", "pointer"),
        [
            ({}, "#/question"),
            ({"question": "x", "k": "0"}, "#/k"),
            ({"question": "x", "drugs": "a"}, "#/drugs"),
            ({"question": "x", "as_of": "2015"}, "#/as_of"),
            ({"question": "x", "kind": "leaflet"}, "#/kind/0"),
        ],
    )
    def test_a_link_that_is_not_understood_is_refused(
        self, client: TestClient, params: dict[str, str], pointer: str
    ) -> None:
        problem = refused(client.get("/search", params=params), 422, "validation")
        assert pointer in {error["pointer"] for error in problem["errors"]}

    @pytest.mark.parametrize(("body", "pointer"), SEARCH_REFUSED)
    def test_search_refuses_what_it_does_not_understand(
        self, client: TestClient, body: dict[str, Any], pointer: str
    ) -> None:
        problem = refused(client.post("/search", json=body), 422, "validation")
        assert pointer in {error["pointer"] for error in problem["errors"]}

    def test_the_versions_of_a_work_and_what_changed(self, client: TestClient) -> None:
        reference = self.answer(client)["references"][0]
        work = client.get(f"/documents/{reference['document_id']}").json()["work_id"]
        listed = client.get(f"/works/{work}/versions")
        assert listed.status_code == 200, listed.text
        assert listed.json()["work_id"] == work
        versions = {one["document_id"]: one for one in listed.json()["versions"]}
        assert all(one.keys() == VERSION for one in versions.values())
        assert versions[reference["document_id"]]["sections"] >= 1
        params = {"from": reference["version"], "to": reference["document_id"], "section": reference["section"]}
        changed = client.get(f"/works/{work}/diff", params=params)
        assert changed.status_code == 200, changed.text
        found = changed.json()
        assert found["before"] == found["after"] == versions[reference["document_id"]]
        assert found["unchanged"] >= 1
        assert {(one["state"], len(one["edits"])) for one in found["sections"]} == {("unchanged", 0)}

    @pytest.mark.parametrize("path", ["versions", "diff", "diff?from=1&to=2"])
    def test_a_work_that_is_not_there_is_a_problem(self, client: TestClient, path: str) -> None:
        refused(client.get(f"/works/none/{path}"), 404, "not-found")

    def test_a_section_that_no_version_has_is_a_problem(self, client: TestClient) -> None:
        reference = self.answer(client)["references"][0]
        work = client.get(f"/documents/{reference['document_id']}").json()["work_id"]
        params = {"from": reference["version"], "section": "no_such_section"}
        refused(client.get(f"/works/{work}/diff", params=params), 404, "not-found")
        refused(client.get(f"/works/{work}/diff?since=1"), 422, "validation")
