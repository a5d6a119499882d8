"""DailyMed's releases, updates and single labels."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.errors import FetchError
from ingest.fetch.layouts import LAYOUTS, dailymed
from ingest.fetch.plan import Item, Wanted
from tests.ingest.fetch.fetching import service
from tests.ingest.fetch.layouts.planning import BASE, DAY, answers, plan


def listed(*names: str) -> list[Item]:
    return [Item(f"https://d.example/{name}", name, "m", md5="m") for name in names]


def test_dailymed_updates_cover_the_days_with_the_fewest_bytes() -> None:
    releases = listed(
        *(f"dm_spl_daily_update_{day}.zip" for day in ("11162026", "11172026", "11182026", "11192026", "11202026")),
        "dm_spl_weekly_update_111626_112026.zip",
        "dm_spl_weekly_update_110926_111326.zip",
        "dm_spl_weekly_update_110226_110626.zip",
        "dm_spl_monthly_update_oct2026.zip",
        "dm_spl_release_human_rx_part1.zip",
    )

    def taken(since: date) -> list[str]:
        return [item.name.removeprefix("dm_spl_")[:-4] for item in dailymed.updates(releases, since, BASE)]

    assert taken(date(2026, 11, 19)) == ["daily_update_11192026", "daily_update_11202026"]
    assert taken(date(2026, 11, 13)) == [
        "weekly_update_110926_111326",
        *(f"daily_update_111{n}2026" for n in "6789"),
        "daily_update_11202026",
    ]
    assert taken(date(2026, 10, 30))[0] == "monthly_update_oct2026"
    assert taken(date(2026, 10, 31))[0] == "weekly_update_110226_110626"  # a Saturday
    with pytest.raises(FetchError, match="reach back to 2026-10-01, not to 2026-09-30: fetch the full release"):
        taken(date(2026, 9, 30))


@pytest.mark.parametrize("name", ["dm_spl_daily_update_99992026.zip", "dm_spl_monthly_update_xyz2026.zip"])
def test_dailymed_update_without_a_date_is_refused(name: str) -> None:
    with pytest.raises(FetchError, match="no date in the name"):
        list(dailymed.updates(listed(name), date(2026, 1, 1), BASE))


def test_dailymed_page_gives_each_zip_its_own_md5() -> None:
    page = (
        b'<li><a href="/files/dm_spl_release_human_rx_part1.zip">HTTPS</a> <a href="ftp://x/dm_spl_release_human_rx_part1.zip">'
        b"</a><li>MD5 checksum: " + b"A" * 32 + b'</li><a href="https://d.example/dm_spl_release_animal.zip">x</a>'
        b"<b>MD5 Checksum:</b> <i>" + b"b" * 32 + b"</i>"
    )
    found = dailymed.releases(page, "https://d.example/page.cfm")
    assert [(item.name, item.md5, item.url) for item in found] == [
        ("dm_spl_release_human_rx_part1.zip", "a" * 32, "https://d.example/files/dm_spl_release_human_rx_part1.zip"),
        ("dm_spl_release_animal.zip", "b" * 32, "https://d.example/dm_spl_release_animal.zip"),
    ]


@pytest.mark.parametrize("page", [b"", b'<a href="/dm_spl_release_human_rx_part1.zip">x</a>'])
def test_dailymed_page_without_files_or_checksums_is_refused(page: bytes) -> None:
    with pytest.raises(FetchError, match="layout may have changed"):
        dailymed.releases(page, BASE)


def test_dailymed_page_without_the_full_release_is_refused() -> None:
    page = b'<a href="/dm_spl_release_animal.zip">x</a> MD5: ' + b"0" * 32
    told = {"spl-resources-all-drug-labels": page}
    with pytest.raises(FetchError, match="no file like dm_spl_release_human_rx"):
        LAYOUTS["dailymed"](service("dailymed"), Wanted(), answers(**told), DAY)


def setid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def found_labels(*labels: tuple[int, str]) -> dict[str, object]:
    data = [{"setid": setid(number), "spl_version": 3, "published_date": day} for number, day in labels]
    return {"data": data, "metadata": {"total_pages": 1, "total_elements": len(data)}}


def test_dailymed_labels_of_drugs_come_once_and_since_a_day() -> None:
    told = found_labels((1, "Mar 05, 2024"), (2, "Dec 31, 2019"), (1, "Mar 05, 2024"))
    names = [item.name for item in plan("dailymed", Wanted(("a", "b")), spls=told).items]
    assert names == [f"labels/{setid(1)}.xml", f"labels/{setid(2)}.xml"]
    (item,) = plan("dailymed", Wanted(("a",), since=date(2024, 3, 5)), spls=told).items
    assert item.url.endswith(f"/v2/spls/{setid(1)}.xml")
    assert item.stamp == "3 Mar 05, 2024"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (found_labels(), "no label of 'a'"),
        ({"data": [{"setid": "../../x"}], "metadata": {"total_pages": 1}}, "no set id"),
        (found_labels((1, "Foo 40, 2024")), "no date"),
        ({"data": []}, "metadata"),
    ],
)
def test_dailymed_answers_that_are_wrong_are_refused(told: object, reason: str) -> None:
    with pytest.raises(FetchError, match=reason):
        plan("dailymed", Wanted(("a",), since=date(2020, 1, 1)), spls=told)
