"""Text that a service checks against its sources."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contracts.services import ServiceCase, refused

CHECKED = {"status", "supported", "unsupported", "statements", "quotes", "provenance"}
CHECKED_STATEMENT = {"text", "citations", "support", "score", "contradicted", "faults", "evidence"}
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


class VerifyContract(ServiceCase):
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
