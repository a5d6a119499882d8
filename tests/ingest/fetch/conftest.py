"""The server that the tests of fetching ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ingest.fetch.mirror import Mirror, serving


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving() as mirror:
        yield mirror
