"""Which kept answers rest on what has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ingest.schema import Document, Mark
from rag.history.recall import Event, events_of, recalled
from tests.rag.bookshelf import Bookshelf, document

PAPER = document("pubmed:8", [("abstract", "It worked.")], revised=date(2021, 1, 1))
MARK = Mark("pmid:8", "retraction", date(2022, 2, 2), "pmid:9")
OLD = Mark("pmid:8", "retraction", date(2019, 2, 2), "pmid:6")
BACK = Mark("pmid:8", "reinstatement", date(2020, 2, 2), "a list")
NEWER = Mark("pmid:8", "update", date(2022, 3, 3), "pmid:10")


def kept(as_of: str | None = None, **flags: bool) -> dict[str, Any]:
    """An answer that cites the paper twice and something that is as it was."""
    cited = {"superseded": False, "retracted": False, "expression_of_concern": False, "corrected": False, **flags}
    references = [
        {"number": number, "document_id": name, "title": "A paper", **cited}
        for number, name in enumerate(("pubmed:8", "pubmed:7"), 1)
    ]
    receipt = {"request": {"as_of": as_of}}
    return {"answer_id": "a", "question": "Does it work?", "references": references, "receipt": receipt}


def events(answer: dict[str, Any], now: Document | None) -> list[Event]:
    shelf = Bookshelf([document("pubmed:7", [("abstract", "So.")]), *([now] if now else [])])
    return list(events_of(answer, shelf.documents))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, []),
        ({"retracted": True}, [("retracted", None, "")]),
        ({"retracted": True, "marks": (MARK,)}, [("retracted", date(2022, 2, 2), "pmid:9")]),
        ({"retracted": True, "marks": (OLD, BACK, MARK)}, [("retracted", date(2022, 2, 2), "pmid:9")]),
        ({"marks": (OLD, BACK)}, []),
        ({"marks": (NEWER,)}, [("superseded", date(2022, 3, 3), "pmid:10")]),
        ({"marks": (replace(NEWER, on=None),)}, [("superseded", None, "pmid:10")]),
        ({"expression_of_concern": True}, [("expression_of_concern", None, "")]),
        (
            {"corrected": True, "superseded_on": date(2023, 1, 1)},
            [("corrected", None, ""), ("superseded", date(2023, 1, 1), "")],
        ),
    ],
)
def test_what_became_of_a_reference_is_told(fields: dict[str, Any], told: list[tuple[str, date | None, str]]) -> None:
    found = events(kept(), replace(PAPER, **fields))
    assert [(event.what, event.on, event.by) for event in found] == told
    assert {(event.number, event.document_id, event.title) for event in found} <= {(1, "pubmed:8", "A paper")}


def test_what_the_answer_said_itself_is_no_news() -> None:
    now = replace(PAPER, corrected=True, superseded_on=date(2023, 1, 1))
    assert not events(kept(corrected=True, superseded=True), now)


def test_an_answer_for_a_day_is_not_recalled_for_what_was_replaced_later() -> None:
    now = replace(PAPER, superseded_on=date(2023, 1, 1))
    assert not events(kept(as_of="2022-12-31"), now)
    assert events(kept(as_of="2023-01-01"), now)
    assert events(kept(as_of="2020-01-01"), replace(PAPER, retracted=True))
    assert not events(kept(as_of="2022-03-02"), replace(PAPER, marks=(NEWER,)))
    assert events(kept(as_of="2022-03-03"), replace(PAPER, marks=(NEWER,)))


def test_what_the_store_lost_is_told() -> None:
    assert [event.what for event in events(kept(), None)] == ["gone"]


def test_only_answers_with_news_are_listed() -> None:
    shelf = Bookshelf([document("pubmed:7", [("abstract", "So.")]), replace(PAPER, retracted=True)])
    quiet = kept(retracted=True) | {"answer_id": "b", "receipt": None}
    (found,) = recalled([("2024-01-01", quiet), ("2024-01-02", kept())], shelf.documents)
    assert (found.answer_id, found.question, found.answered) == ("a", "Does it work?", "2024-01-02")
