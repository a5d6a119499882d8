"""What every CiteRx service does (docs/design.md, section 5). Subclass, override ``client``, inherit all tests.

``question`` must be answerable from the corpus that the client's service serves, ``unanswerable`` must not be.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

ANSWER = {
    "answer_id", "question", "status", "answer", "statements", "references", "safety", "notices", "confidence",
    "provenance", "timings_ms", "receipt",
}  # fmt: skip
REFERENCE = {
    "number", "document_id", "passage_id", "kind", "title", "section", "drugs", "version", "published", "superseded",
    "retracted", "editorial", "url", "citation", "quotes", "expression_of_concern", "corrected",
    "stance", "pages", "agreement", "scanned",
}  # fmt: skip
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
CHECKED = {"status", "supported", "unsupported", "statements", "quotes", "provenance"}
CHECKED_STATEMENT = {"text", "citations", "support", "score", "contradicted", "faults", "evidence"}
TODAY = "2015-01-31"
ASK_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"question": ""}, "#/question"),
    ({"question": " \n\t "}, "#/question"),
    ({"question": "x" * 2001}, "#/question"),
    ({"question": "colchicine\0"}, "#/question"),
    ({"question": "colchicine\x1b[31m"}, "#/question"),
    ({"question": 7}, "#/question"),
    ({"question": None}, "#/question"),
    ({"question": "x", "max_references": 0}, "#/max_references"),
    ({"question": "x", "max_references": 21}, "#/max_references"),
    ({"question": "x", "max_references": True}, "#/max_references"),
    ({"question": "x", "max_references": "8"}, "#/max_references"),
    ({"question": "x", "generator": "oracle"}, "#/generator"),
    ({"question": "x", "as_of": "2015-02-30"}, "#/as_of"),
    ({"question": "x", "as_of": 0}, "#/as_of"),
    ({"question": "x", "as_of": "2015-01-31T00:00:00"}, "#/as_of"),
    ({"question": "x", "filters": {"kinds": ["leaflet"]}}, "#/filters/kinds/0"),
    ({"question": "x", "filters": {"drugs": ["a", ""]}}, "#/filters/drugs/1"),
    ({"question": "x", "filters": {"drugs": "colchicine"}}, "#/filters/drugs"),
    ({"question": "x", "filters": {"published_after": "yesterday"}}, "#/filters/published_after"),
    ({"question": "x", "filters": {"published_after": TODAY, "published_before": "2014-01-01"}}, "#/filters"),
    ({"question": "x", "filter": {}}, "#/filter"),
    ({"question": "x", "filters": {"drug": ["a"]}}, "#/filters/drug"),
    ({"question": "x", "filters": {"include_retracted": True}}, "#/filters/include_retracted"),
    ({"question": "x", "filters": {"a/b~c": 1}}, "#/filters/a~1b~0c"),
    ({}, "#/question"),
]
SEARCH_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"question": "x", "k": 0}, "#/k"),
    ({"question": "x", "k": 101}, "#/k"),
    ({"question": "x", "k": 2.5}, "#/k"),
    ({"question": "x", "explain": "yes"}, "#/explain"),
    ({"question": "x", "max_references": 3}, "#/max_references"),
    ({"question": "x", "filters": {"include_retracted": "yes"}}, "#/filters/include_retracted"),
]


VERIFY_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "#"),
    ({"answer_id": "a", "text": "b"}, "#"),
    ({"answer_id": "a", "references": [{"number": 1, "text": "x"}]}, "#"),
    ({"answer_id": ""}, "#/answer_id"),
    ({"text": ""}, "#/text"),
    ({"text": "[1]"}, "#"),
    ({"text": "x" * 20_001}, "#/text"),
    ({"text": "One. " * 51}, "#"),
    ({"text": "x [1]", "references": [{"number": 1}]}, "#/references/0"),
    ({"text": "x [1]", "references": [{"number": 0, "text": "x"}]}, "#/references/0/number"),
    ({"text": "x [1]", "references": [{"number": 1, "text": "x"}, {"number": 1, "text": "y"}]}, "#"),
    ({"text": "x [1]", "references": [{"number": 1, "document_id": "x"}]}, "#/references/0"),
    ({"statements": []}, "#/statements"),
    ({"statements": [{"text": "x"}]}, "#/statements/0/citations"),
    ({"statement": "x"}, "#/statement"),
]


def refused(response: Any, status: int, slug: str) -> dict[str, Any]:  # noqa: ANN401 (the client's response)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()
    assert body["type"] == f"/problems#{slug}"
    assert body["status"] == status
    assert body["detail"]
    assert body["instance"] == response.request.url.path
    return body


class ServiceContract:
    question = "What are the interactions between propafenone and colchicine?"
    unanswerable = "How do I repair the gearbox of a bicycle?"

    @pytest.fixture
    def client(self) -> Iterator[TestClient] | TestClient:
        raise NotImplementedError

    def answer(self, client: TestClient, **fields: object) -> dict[str, Any]:
        response = client.post("/ask", json={"question": self.question, **fields})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def test_an_answer_has_the_shape_of_the_contract(self, client: TestClient) -> None:
        answer = self.answer(client)
        assert answer.keys() == ANSWER
        assert answer["question"] == self.question
        assert answer["status"] in {"answered", "partial"}
        assert answer["statements"]
        assert all(reference.keys() == REFERENCE for reference in answer["references"])
        assert 0 <= answer["confidence"] <= 1
        assert answer["timings_ms"].keys() >= {"retrieve", "generate", "verify", "total"}
        assert answer["provenance"]["index"] == client.get("/readyz").json()["index"]

    def test_markers_citations_and_references_agree(self, client: TestClient) -> None:
        answer = self.answer(client)
        numbers = [reference["number"] for reference in answer["references"]]
        cited = {number for statement in answer["statements"] for number in statement["citations"]}
        marked = {int(marker) for marker in re.findall(r"\[(\d+)\]", answer["answer"])}
        assert numbers == list(range(1, len(numbers) + 1))
        assert cited
        assert cited <= set(numbers)
        assert marked >= cited
        assert {item["reference"] for item in answer["safety"]} <= set(numbers)

    def test_every_quote_stands_in_its_document(self, client: TestClient) -> None:
        quotes = 0
        for reference in self.answer(client)["references"]:
            document = client.get(f"/documents/{reference['document_id']}").json()
            texts = {section["slug"]: section["text"] for section in document["sections"]}
            for quote in reference["quotes"]:
                quotes += 1
                assert texts[reference["section"]][quote["start"] : quote["end"]] == quote["text"]
                assert hashlib.sha256(quote["text"].encode()).hexdigest() == quote["sha256"]
        assert quotes

    def test_an_answer_is_kept(self, client: TestClient) -> None:
        answer = self.answer(client)
        kept = client.get(f"/answers/{answer['answer_id']}")
        assert kept.status_code == 200
        assert {key: kept.json()[key] for key in ANSWER} == answer

    def test_a_receipt_says_what_was_asked_and_has_a_checksum_that_anyone_can_compute(self, client: TestClient) -> None:
        answer = self.answer(client, filters={"drugs": ["colchicine"]}, max_references=5)
        receipt = client.get(f"/answers/{answer['answer_id']}").json()["receipt"]
        assert receipt == answer["receipt"]
        assert receipt.keys() == {"citerx", "index", "models", "generator", "request", "settings", "sha256"}
        assert receipt["request"].keys() == {"question", "filters", "as_of", "max_references", "generator"}
        assert (receipt["request"]["question"], receipt["request"]["max_references"]) == (self.question, 5)
        assert receipt["request"]["filters"]["drugs"] == ["colchicine"]
        assert (receipt["citerx"], receipt["index"]) == (
            client.get("/healthz").json()["version"],
            client.get("/readyz").json()["index"],
        )
        kept = {name: value for name, value in answer.items() if name not in {"answer_id", "timings_ms", "receipt"}}
        canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(canonical.encode()).hexdigest() == receipt["sha256"]

    def test_references_are_limited(self, client: TestClient) -> None:
        assert len(self.answer(client, max_references=1)["references"]) <= 1

    def test_the_same_question_has_the_same_answer(self, client: TestClient) -> None:
        first, second = self.answer(client), self.answer(client)
        assert {**first, "answer_id": "", "timings_ms": {}} == {**second, "answer_id": "", "timings_ms": {}}

    def test_named_generator_and_null_are_both_accepted(self, client: TestClient) -> None:
        named, default = self.answer(client, generator="extractive"), self.answer(client, generator=None)
        assert named["answer"] == default["answer"]

    def test_nothing_relevant_is_an_abstention_not_an_error(self, client: TestClient) -> None:
        response = client.post("/ask", json={"question": self.unanswerable})
        assert response.status_code == 200
        answer = response.json()
        assert answer["status"] == "abstained"
        assert all(statement["support"] == "unsupported" for statement in answer["statements"])
        assert answer["notices"]

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

    def test_what_became_of_an_answer_just_given(self, client: TestClient) -> None:
        answer = self.answer(client)
        assert client.get(f"/answers/{answer['answer_id']}/recall").json() == []
        refused(client.get("/answers/none/recall"), 404, "not-found")

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

    @pytest.mark.parametrize(("body", "pointer"), ASK_REFUSED)
    def test_ask_refuses_what_it_does_not_understand(
        self, client: TestClient, body: dict[str, Any], pointer: str
    ) -> None:
        problem = refused(client.post("/ask", json=body), 422, "validation")
        assert pointer in {error["pointer"] for error in problem["errors"]}

    @pytest.mark.parametrize(("body", "pointer"), SEARCH_REFUSED)
    def test_search_refuses_what_it_does_not_understand(
        self, client: TestClient, body: dict[str, Any], pointer: str
    ) -> None:
        problem = refused(client.post("/search", json=body), 422, "validation")
        assert pointer in {error["pointer"] for error in problem["errors"]}

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[1]", b'"text"', b"null", b'{"question": NaN}', b"\xef\xbb\xbf{}"]
    )
    def test_bodies_that_are_no_json_object_are_refused(self, client: TestClient, content: bytes) -> None:
        response = client.post("/ask", content=content, headers={"Content-Type": "application/json"})
        refused(response, 422, "validation")

    @pytest.mark.parametrize("content", [b'{"question": "\xff"}', b'{"question": ' + b"[" * 9000])
    def test_bytes_that_cannot_be_read_are_refused(self, client: TestClient, content: bytes) -> None:
        response = client.post("/ask", content=content, headers={"Content-Type": "application/json"})
        refused(response, 400, "bad-request")

    def test_a_lone_surrogate_is_refused(self, client: TestClient) -> None:
        headers = {"Content-Type": "application/json"}
        refused(client.post("/ask", content=rb'{"question": "\ud800"}', headers=headers), 422, "validation")

    def test_a_form_is_refused(self, client: TestClient) -> None:
        refused(client.post("/ask", data={"question": "x"}), 422, "validation")

    @pytest.mark.parametrize("path", ["/documents/label:no:1", "/passages/no", "/answers/no", "/no", "/documents/%00"])
    def test_what_is_not_there_is_a_problem(self, client: TestClient, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 404
        assert response.json()["type"] == "/problems#not-found"

    def test_a_wrong_method_is_a_problem_that_names_the_right_one(self, client: TestClient) -> None:
        response = client.get("/ask")
        refused(response, 405, "method-not-allowed")
        assert response.headers["allow"] == "POST"

    def test_a_large_body_is_a_problem_declared_or_not(self, client: TestClient) -> None:
        body = b'{"question": "' + b"x" * 100_000 + b'"}'
        headers = {"Content-Type": "application/json"}
        refused(client.post("/ask", content=body, headers=headers), 413, "body-too-large")
        undeclared = client.post("/ask", content=iter([body[:50_000], body[50_000:]]), headers=headers)
        refused(undeclared, 413, "body-too-large")

    def test_an_answer_just_given_is_borne_out(self, client: TestClient) -> None:
        answer = self.answer(client)
        response = client.post("/verify", json={"answer_id": answer["answer_id"]})
        assert response.status_code == 200, response.text
        checked = response.json()
        assert checked.keys() == CHECKED
        assert (checked["status"], checked["unsupported"]) == ("supported", 0)
        assert [one["text"] for one in checked["statements"]] == [one["text"] for one in answer["statements"]]
        assert all(one.keys() == CHECKED_STATEMENT for one in checked["statements"])
        assert all(quote["exact"] and quote["fault"] is None for quote in checked["quotes"])
        assert len(checked["quotes"]) == sum(len(reference["quotes"]) for reference in answer["references"])

    def test_the_parts_of_an_answer_can_be_checked_and_a_changed_one_is_found(self, client: TestClient) -> None:
        answer = self.answer(client)
        body = {name: answer[name] for name in ("statements", "references")}
        assert client.post("/verify", json=body).json()["status"] == "supported"
        quote = body["references"][0]["quotes"][0]
        changed = {**quote, "text": quote["text"][:-1] + "!"}
        body["references"][0] = {**body["references"][0], "quotes": [changed]}
        checked = client.post("/verify", json=body).json()
        assert checked["status"] in {"partial", "unsupported"}
        assert checked["quotes"][0] == {"number": 1, "exact": False, "fault": "text differs"}

    def test_text_is_checked_beside_passages_sections_and_words_of_ones_own(self, client: TestClient) -> None:
        reference = self.answer(client)["references"][0]
        quote = reference["quotes"][0]
        place = {"document_id": reference["document_id"], "section": reference["section"]}
        references = [
            {"number": 1, "passage_id": reference["passage_id"]},
            {"number": 2, **place, "start": quote["start"], "end": quote["end"]},
            {"number": 3, **place},
            {"number": 4, "text": quote["text"]},
        ]
        statements = [{"text": quote["text"], "citations": [number]} for number in (2, 3, 4, 5)]
        checked = client.post("/verify", json={"statements": statements, "references": references}).json()
        assert [one["support"] for one in checked["statements"]][-2:] == ["verbatim", "unsupported"]
        assert checked["statements"][0]["support"] == "verbatim"
        evidence = checked["statements"][0]["evidence"]
        assert hashlib.sha256(evidence["text"].encode()).hexdigest() == evidence["sha256"]
        assert checked["statements"][3]["faults"] == ["citation of nothing given"]
        text = client.post("/verify", json={"text": "Aspirin cures all. It is 7 mg [1].", "references": references[:1]})
        assert text.json()["statements"][0]["faults"] == ["no citation"]
        assert text.json()["status"] == "unsupported"

    @pytest.mark.parametrize(("body", "pointer"), VERIFY_REFUSED)
    def test_what_cannot_be_checked_is_refused(self, client: TestClient, body: dict[str, Any], pointer: str) -> None:
        problem = refused(client.post("/verify", json=body), 422, "validation")
        assert pointer in [error["pointer"] for error in problem["errors"]]

    def test_what_a_check_needs_is_named(self, client: TestClient) -> None:
        detail = refused(client.post("/verify", json={}), 422, "validation")["detail"]
        assert all(name in detail for name in ("answer_id", "text", "statements", "references"))
        assert "Content-Type" not in detail
        assert "Content-Type" in refused(client.post("/verify", json=[]), 422, "validation")["detail"]

    def test_an_answer_that_is_not_kept_cannot_be_checked(self, client: TestClient) -> None:
        refused(client.post("/verify", json={"answer_id": "no"}), 404, "not-found")

    def test_every_problem_type_is_listed(self, client: TestClient) -> None:
        listed = client.get("/problems").json()
        slug = client.get("/no").json()["type"].removeprefix("/problems#")
        assert listed[slug]["status"] == 404

    def test_alive_ready_and_measured(self, client: TestClient) -> None:
        assert client.get("/healthz").json()["status"] == "ok"
        ready = client.get("/readyz").json()
        assert ready["status"] == "ready"
        assert ready["passages"] > 0
        self.answer(client)
        client.get("/no/such/path")
        text = client.get("/metrics").text
        assert f'generation="{ready["index"]}"' in text
        for line in (
            'citerx_requests_total{method="POST",route="/ask",status="200"}',
            'citerx_requests_total{method="GET",route="other",status="404"}',
            'citerx_stage_seconds_count{route="/ask",stage="retrieve"}',
            'citerx_request_seconds_bucket{le="0.3",route="/ask"}',
            "citerx_answers_total{status=",
            "citerx_ready 1.0",
        ):
            assert line in text
