"""Requests that no service understands, and what it tells of itself."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.contracts.services import ServiceCase, refused


class ProblemsContract(ServiceCase):
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
