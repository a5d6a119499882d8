"""ClinicalTrials.gov, version 2 of its interface: pages, each with a token for the next."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from ingest.errors import FetchError
from ingest.fetch.layouts.listing import field, json_object
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
    studies, token = field(answer, "studies", url=url), answer.get("nextPageToken", "")
    if not isinstance(studies, list) or not isinstance(token, str):
        raise FetchError("the answer holds no list of studies: the interface may have changed", url=url)
    if not token:
        return Page(len(studies), answer.get("totalCount"), "")
    place, _, query = url.partition("?")
    parameters = {**dict(parse_qsl(query)), "pageToken": token}
    return Page(len(studies), answer.get("totalCount"), f"{place}?{urlencode(parameters)}")
