"""openFDA: an index of partitions for everything, pages of the search interface for a selection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ingest.errors import FetchError
from ingest.fetch.layouts.listing import field, json_object, number, objects
from ingest.fetch.plan import Ask, Item, Page, Pages, Plan, Service, Wanted, file_name

_NEXT = re.compile(r'<([^<>]+)>\s{0,9};\s{0,9}rel="?next"?', re.IGNORECASE)


def plan(service: Service, wanted: Wanted, ask: Ask, _day: str) -> Plan:
    """All partitions, since an update may touch every record; or the pages of a search."""
    if wanted.key:
        return Plan(pages=search(service, wanted))
    url = service.bulk["index"]
    return partitions(json_object(ask(url, {}), url), service)


def partitions(index: dict[str, Any], service: Service) -> Plan:
    """What the index lists, with the number of records and, between a million bytes and a MiB for each MB, the size."""
    url = service.bulk["index"]
    place = service.bulk["path"].split()
    entries = field(index, *place, "partitions", url=url)
    exported = str(field(index, *place, "export_date", url=url))
    if not isinstance(entries, list) or not entries:
        raise FetchError("the index lists no partitions: the service may be under maintenance", url=url)
    items = []
    for entry in entries:
        file, megabytes, records = (field(entry, key, url=url) for key in ("file", "size_mb", "records"))
        try:
            size = (int((float(megabytes) - 0.01) * 1e6), int((float(megabytes) + 0.01) * 2**20))
            stamp = f"{exported} {megabytes} {records}"
            items.append(Item(str(file), file_name(str(file)), stamp, size=size, records=int(records)))
        except (ArithmeticError, TypeError, ValueError) as error:
            reason = f"size_mb and records were expected to be numbers: the index may have changed ({error})"
            raise FetchError(reason, url=url) from error
    if (told := field(index, *place, "total_records", url=url)) != sum(item.records or 0 for item in items):
        raise FetchError(f"the partitions do not add up to the {told} records that the index tells of", url=url)
    return Plan(tuple(items), notes=(f"exported on {exported}",))


def search(service: Service, wanted: Wanted) -> Pages:
    """The search that the selection comes to (Lucene's words, joined by AND)."""
    parts = [f"({wanted.query})"] if wanted.query else []
    if wanted.drugs:
        parts.append("(" + " OR ".join(service.api["drug"].format(drug=drug) for drug in wanted.drugs) + ")")
    if wanted.since:
        parts.append(service.api["since"].format(since=wanted.since))
    parameters = {"search": " AND ".join(parts), "limit": service.api["page"]}
    return Pages(f"{service.api['search']}?{urlencode(parameters)}", wanted.key, _page)


def _page(body: bytes, headers: Mapping[str, str], url: str) -> Page:
    answer = json_object(body, url)
    total = number(answer, "meta", "results", "total", url=url)
    found = _NEXT.search(headers.get("link", ""))
    # only the query is taken over, so that a mirror stays asked and no other host is
    following = f"{url.partition('?')[0]}?{urlsplit(found[1]).query}" if found else ""
    return Page(len(objects(answer, "results", url=url)), total, following)
