"""ClinicalTrials.gov, version 2 of its interface: pages, each with a token for the next."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from ingest.errors import FetchError
from ingest.fetch.layouts.listing import json_object, number, objects
from ingest.fetch.plan import Ask, Page, Pages, Plan, Service, Wanted


def plan(service: Service, wanted: Wanted, _ask: Ask, _day: str) -> Plan:
    """The pages of a search, or of the whole registry."""
    parameters = {"format": "json", "pageSize": service.api["page"], "countTotal": "true"}
    if wanted.query:
        parameters["query.term"] = wanted.query
    if wanted.drugs:
        parameters["query.intr"] = " OR ".join(f'"{drug}"' for drug in wanted.drugs)
    if wanted.since:
        parameters["filter.advanced"] = service.api["since"].format(since=wanted.since)
    return Plan(pages=Pages(f"{service.api['search']}?{urlencode(parameters)}", wanted.key or "all", _page))


def _page(body: bytes, _headers: Mapping[str, str], url: str) -> Page:
    answer = json_object(body, url)
    studies, token = objects(answer, "studies", url=url), answer.get("nextPageToken", "")
    if not isinstance(token, str):
        raise FetchError("a text was expected as nextPageToken: the interface may have changed", url=url)
    total = number(answer, "totalCount", url=url) if "totalCount" in answer else None
    place, _, query = url.partition("?")
    following = f"{place}?{urlencode({**dict(parse_qsl(query)), 'pageToken': token})}" if token else ""
    return Page(len(studies), total, following)
