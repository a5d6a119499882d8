"""Answers of a service: their shape, quotations, receipts, and what is no question."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contracts.services import ServiceCase, refused

ANSWER = {
    "answer_id", "question", "status", "answer", "statements", "references", "safety", "notices", "confidence",
    "provenance", "timings_ms", "receipt",
}  # fmt: skip
REFERENCE = {
    "number", "document_id", "passage_id", "kind", "title", "section", "drugs", "version", "published", "superseded",
    "retracted", "editorial", "url", "citation", "quotes", "expression_of_concern", "corrected",
    "stance", "pages", "agreement", "scanned",
}  # fmt: skip
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


class AskContract(ServiceCase):
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

    def test_what_became_of_an_answer_just_given(self, client: TestClient) -> None:
        answer = self.answer(client)
        assert client.get(f"/answers/{answer['answer_id']}/recall").json() == []
        refused(client.get("/answers/none/recall"), 404, "not-found")

    @pytest.mark.parametrize(("body", "pointer"), ASK_REFUSED)
    def test_ask_refuses_what_it_does_not_understand(
        self, client: TestClient, body: dict[str, Any], pointer: str
    ) -> None:
        problem = refused(client.post("/ask", json=body), 422, "validation")
        assert pointer in {error["pointer"] for error in problem["errors"]}
