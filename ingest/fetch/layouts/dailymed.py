"""DailyMed: zips of zips that one page names with their MD5, and single labels by drug."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from ingest.errors import FetchError
from ingest.fetch.layouts.listing import json_object, linked, number, objects
from ingest.fetch.plan import Ask, Item, Plan, Service, Wanted, file_name

_LINK = re.compile(
    r'href="((?:[^"]{0,999}/)?(dm_spl_[\w-]{1,99}\.zip))"'
    r"|MD5\s{0,9}(?:checksum)?\s{0,9}:?\s{0,9}(?:<[^>]{0,99}>\s{0,9}){0,9}([0-9a-f]{32})\b",
    re.IGNORECASE,
)
_UPDATE = re.compile(r"dm_spl_(daily|weekly|monthly)_update_(\w+)\.zip")
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_MOST_PAGES = 1000


def plan(service: Service, wanted: Wanted, ask: Ask, _day: str) -> Plan:
    """The full release; or the updates since a day; or the labels of some drugs."""
    if wanted.drugs:
        return Plan(tuple(_labels(service, wanted, ask)))
    url = service.bulk["page"]
    listed = releases(ask(url, {}), url)
    if wanted.since:
        return Plan(tuple(updates(listed, wanted.since, url)))
    full = [item for item in listed if re.fullmatch(service.bulk["full"], item.name)]
    if not full:
        raise FetchError(f"the page names no file like {service.bulk['full']}: the layout may have changed", url=url)
    return Plan(tuple(full))


def releases(page: bytes, url: str) -> list[Item]:
    """Every zip that the page links to over HTTP, each with the MD5 that follows it."""
    found: dict[str, Item] = {}
    last = ""
    for link, name, md5 in _LINK.findall(page.decode("utf-8", "replace")):
        if name:
            last = name
            target = linked(url, link)
            if name not in found and target.startswith("http"):
                found[name] = Item(target, file_name(target))
        elif last in found and not found[last].md5:
            item = found[last]
            found[last] = Item(item.url, item.name, stamp=md5.lower(), md5=md5.lower())
    unchecked = [name for name, item in found.items() if not item.md5]
    if not found or unchecked:
        what = f"no MD5 of {unchecked[0]}" if unchecked else "no release file"
        raise FetchError(f"the page has {what}: its layout may have changed", url=url)
    return list(found.values())


def updates(listed: list[Item], since: date, url: str) -> Iterator[Item]:
    """The fewest bytes that cover every working day since then: daily files, then weekly, then monthly ones."""
    periods = _periods(listed)
    if not periods or min(first for first, _, _ in periods) > since:
        reach = min((first for first, _, _ in periods), default=None)
        reason = f"updates reach back to {reach}, not to {since}: fetch the full release (without --since)"
        raise FetchError(reason, url=url)
    covered: set[date] = set()
    taken = []
    for first, last, item in sorted(periods, key=lambda period: (period[1] - period[0], period[0])):
        days = {day for day in _days(max(first, since), last) if day.weekday() < 5}
        if days - covered:
            covered |= days
            taken.append((last, item))
    yield from (item for _, item in sorted(taken, key=lambda one: one[0]))


def _periods(listed: list[Item]) -> list[tuple[date, date, Item]]:
    found = ((item, _UPDATE.fullmatch(item.name)) for item in listed)
    return [(*_period(match[2], item), item) for item, match in found if match]


def _period(told: str, item: Item) -> tuple[date, date]:
    """First and last day of an update file: MMDDYYYY, MMDDYY_MMDDYY, or a month and its year."""
    try:
        if month := re.fullmatch(r"([a-z]{3})[a-z]*(\d{4})", told.lower()):
            first = date(int(month[2]), _MONTHS[month[1]], 1)
            return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
        style = "%m%d%y" if "_" in told else "%m%d%Y"
        days = [datetime.strptime(day, style).replace(tzinfo=UTC).date() for day in told.split("_")]
    except (ValueError, KeyError) as error:
        raise FetchError("no date in the name of an update file: the layout may have changed", url=item.url) from error
    return days[0], days[-1]


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(number) for number in range((last - first).days + 1))


def _labels(service: Service, wanted: Wanted, ask: Ask) -> Iterator[Item]:
    """One XML file for each label of the drugs, once."""
    seen = set()
    for drug in wanted.drugs:
        labels = list(_found(service, drug, ask))
        if not labels:
            raise FetchError(f"DailyMed has no label of {drug!r}: check the name", url=service.api["search"])
        for label in labels:
            setid, published = str(label.get("setid", "")), str(label.get("published_date", ""))
            if not re.fullmatch(r"[0-9a-fA-F-]{36}", setid):
                raise FetchError(f"{setid!r} is no set id: the interface may have changed", url=service.api["search"])
            if setid not in seen and (wanted.since is None or _published(published, service) >= wanted.since):
                seen.add(setid)
                stamp = f"{label.get('spl_version')} {published}"
                yield Item(service.api["label"].format(id=setid), f"labels/{setid.lower()}.xml", stamp)


def _found(service: Service, drug: str, ask: Ask) -> Iterator[dict[str, Any]]:
    url = service.api["search"]
    for page in count(1):
        parameters = {"drug_name": drug, "pagesize": service.api["page"], "page": str(page)}
        answer = json_object(ask(url, parameters), url)
        yield from objects(answer, "data", url=url)
        if page >= min(number(answer, "metadata", "total_pages", url=url), _MOST_PAGES):
            return


def _published(told: str, service: Service) -> date:
    found = re.fullmatch(r"([A-Za-z]{3})[a-z]* (\d{1,2}), (\d{4})", told)
    try:
        return date(int(found[3]), _MONTHS[found[1].lower()], int(found[2])) if found else date.min
    except (ValueError, KeyError) as error:
        reason = f"published on {told!r}, which is no date: leave --since out"
        raise FetchError(reason, url=service.api["search"]) from error
