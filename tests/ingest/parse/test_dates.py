"""Days that sources state, and those that cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse.dates import AHEAD, from_iso, from_parts, from_words, plausible
from ingest.parse.pdf import day_of
from ingest.parse.text import label_date
from ingest.parse.trials import day

TODAY = datetime.now(UTC).date()
FAR = TODAY + AHEAD + timedelta(days=2)  # midnight may pass between this line and the tests


@given(st.dates())
def test_what_is_more_than_a_year_ahead_is_no_day(given_day: date) -> None:
    found = {
        plausible(given_day),
        from_iso(given_day.isoformat()),
        label_date(f"{given_day:%Y%m%d}".zfill(8)),
    }
    if given_day < TODAY + AHEAD:
        assert found == {given_day}
    elif given_day >= FAR:
        assert found == {None}


@pytest.mark.parametrize(
    "found",
    [
        from_parts(str(FAR.year + 1), "Dec", "31"),
        from_parts("2099"),
        from_words("2099 Dec-2100 Jan"),
        from_iso("9999-12-31"),
        label_date("99991231"),
        label_date("20990101120000"),
        day("2099-02"),
        day_of("D:20990101120000Z"),
    ],
)
def test_every_way_to_read_a_day_asks_whether_it_can_be(found: date | None) -> None:
    assert found is None


def test_an_issue_of_next_month_is_a_day() -> None:
    soon = TODAY + timedelta(days=31)
    assert from_parts(str(soon.year), str(soon.month), str(soon.day)) == soon
