"""PubMed: the baseline, then the update files, in the order of their numbers; or the records that a query finds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from ingest.errors import FetchError
from ingest.fetch.layouts.entrez import ids
from ingest.fetch.layouts.listing import rows
from ingest.fetch.plan import Ask, Item, Plan, Service, Wanted

_DIGEST = re.compile(rb"\b([0-9a-fA-F]{32})\b")


def plan(service: Service, wanted: Wanted, ask: Ask, day: str) -> Plan:
    """Files of the two folders (``--since``: those listed since then), or pages of the records found."""
    if wanted.query or wanted.drugs:
        return Plan(tuple(pages(service, wanted, ids(service, wanted, ask), day)))
    items = []
    for folder in ("baseline", "updatefiles"):
        url = service.bulk[folder]
        for row in rows(ask(url, {}), url, service.bulk["file"]):
            if wanted.since is None or row.day is None or row.day >= wanted.since:
                beside = service.bulk["checksum"].format(url=row.url)
                items.append(Item(row.url, f"{folder}/{row.name}", row.told, beside=beside, told=with_checksum))
    notes = ("nothing was listed since then",) if not items else ()
    return Plan(tuple(items), notes=notes)


def with_checksum(item: Item, told: bytes) -> Item:
    """The item with the MD5 of its `.md5` file, ``MD5(name)= digest``; FetchError where that names another file."""
    found = _DIGEST.search(told)
    name = item.name.rpartition("/")[2]
    if found is None or (b"(" in told and name.encode() not in told):
        raise FetchError(f"holds no MD5 of {name}: run the same command again later", url=item.beside)
    return replace(item, md5=found[1].decode().lower())


def pages(service: Service, wanted: Wanted, found: list[str], day: str) -> Iterator[Item]:
    """Files of as many records each as one request gives; on another day they are fetched anew."""
    size = int(service.api["page"])
    for number, first in enumerate(range(0, len(found), size), 1):
        some = found[first : first + size]
        listed = ",".join(some)
        parameters = {"db": service.api["database"], "tool": service.api["tool"], "retmode": "xml", "id": listed}
        url = f"{service.api['records']}?{urlencode(parameters)}"
        stamp = f"{day} {hashlib.sha256(listed.encode()).hexdigest()[:16]}"
        yield Item(url, f"{wanted.key}/page-{number:04}.xml", stamp, records=len(some))
