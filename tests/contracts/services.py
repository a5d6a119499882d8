"""What the contract of services shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient


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


class ServiceCase:
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
