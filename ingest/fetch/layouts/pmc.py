"""PubMed Central: packages of articles with a list beside each; or the articles that a query finds, one by one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from lxml import etree

from ingest.errors import FetchError
from ingest.fetch.layouts.entrez import ids
from ingest.fetch.layouts.listing import rows
from ingest.fetch.plan import Ask, Item, Plan, Service, Wanted

_ARTICLE = re.compile(r"(PMC[0-9]{1,18})\.([0-9]{1,9})/\1\.\2\.xml")


def plan(service: Service, wanted: Wanted, ask: Ask, _day: str) -> Plan:
    """Packages (``--since``: those listed since then), or single articles from the cloud service."""
    if wanted.query or wanted.drugs:
        found = [f"PMC{number}" for number in ids(service, wanted, ask)]
        items = list(_articles(service, wanted, found, ask))
        missing = len(found) - len(items)
        notes = (f"{missing} of {len(found)} articles found are not in the cloud service",) if missing else ()
        return Plan(tuple(items), notes=notes)
    url = service.bulk["listing"]
    try:
        listed = rows(ask(url, {}), url, service.bulk["file"])
    except FetchError as error:
        if error.status in {404, 410}:
            raise FetchError(service.bulk["gone"], url=url, status=error.status) from error
        raise
    items = [
        Item(row.url, row.name, row.told, beside=_list_of(row.url, service), told=with_number)
        for row in listed
        if wanted.since is None or row.day is None or row.day >= wanted.since
    ]
    return Plan(tuple(items), notes=() if items else ("nothing was listed since then",))


def with_number(item: Item, told: bytes) -> Item:
    """The item with the number of articles that its list has lines for."""
    lines = csv.reader(io.StringIO(told.decode("utf-8-sig", "replace")))
    try:
        listed = "Article File" in next(lines, ())
        number = sum(bool(line) for line in lines)
    except csv.Error as error:
        raise FetchError(f"a list of articles was expected, this is no table ({error})", url=item.beside) from error
    if not listed:
        raise FetchError("holds no list of articles: the layout may have changed", url=item.beside)
    return replace(item, records=number)


def newest(listing: bytes, article: str, bucket: str) -> Item | None:
    """The newest version of an article's XML in a bucket's listing (S3's ListObjectsV2), with size and MD5."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(listing, parser)
    except etree.XMLSyntaxError as error:
        raise FetchError(f"the listing of {article} is no XML ({error.msg})", url=bucket) from error
    versions = {}
    for entry in root.iterfind("{*}Contents"):
        key = entry.findtext("{*}Key", "")
        if (found := _ARTICLE.fullmatch(key)) and found[1] == article:
            tag, size = entry.findtext("{*}ETag", "").strip('"'), entry.findtext("{*}Size", "")
            versions[int(found[2])] = (key, tag, size)
    if not versions:
        return None
    key, tag, size = versions[max(versions)]
    told = (int(size), int(size)) if re.fullmatch(r"[0-9]{1,18}", size) else None
    md5 = tag if re.fullmatch(r"[0-9a-f]{32}", tag) else ""  # of an upload in parts it is no MD5
    return Item(bucket + quote(key), key.rpartition("/")[2], tag, size=told, md5=md5)


def _articles(service: Service, wanted: Wanted, found: list[str], ask: Ask) -> Iterator[Item]:
    bucket = service.api["bucket"]
    for article in found:
        listing = ask(bucket, {"list-type": "2", "prefix": f"{article}."})
        if item := newest(listing, article, bucket):
            yield replace(item, name=f"{wanted.key}/{item.name}")


def _list_of(url: str, service: Service) -> str:
    return url.removesuffix(".tar.gz") + service.bulk["filelist"]
