"""NCBI's search (E-utilities, https://www.ncbi.nlm.nih.gov/books/NBK25499/): from a selection to ids."""

from __future__ import annotations

import re

from ingest.errors import FetchError
from ingest.fetch.layouts.listing import field, json_object, number
from ingest.fetch.plan import Ask, Service, Wanted

_FOREVER = "3000"


def ids(service: Service, wanted: Wanted, ask: Ask) -> list[str]:
    """The ids that the selection finds, oldest first. Raises FetchError for none, and for more than are given out."""
    url, most = service.api["search"], int(service.api["most"])
    answer = json_object(ask(url, {**_parameters(service, wanted), "retmax": str(most)}), url)
    result = field(answer, "esearchresult", url=url)
    if not isinstance(result, dict):
        raise FetchError("an object was expected as esearchresult: the service's interface may have changed", url=url)
    if wrong := result.get("ERROR") or answer.get("error"):
        raise FetchError(
            f"the service does not understand the query ({wrong}): write it as its web page takes it", url=url
        )
    count, found = number(result, "count", url=url), [str(one) for one in field(result, "idlist", url=url)]
    if unknown := result.get("errorlist", {}).get("phrasesnotfound"):
        raise FetchError(f"the service does not know {', '.join(map(repr, unknown))}: check the spelling", url=url)
    if not count:
        raise FetchError("the service finds nothing for this selection: check it on its web page", url=url)
    if count > most:
        reason = f"{count} records found, {most} are given out: narrow it, with --since too, or fetch without --query"
        raise FetchError(reason, url=url)
    if len(found) != count or not all(re.fullmatch(r"[0-9]{1,18}", one) for one in found):
        raise FetchError(f"{len(found)} ids came, {count} were told of: run the same command again", url=url)
    return sorted(found, key=int)


def _parameters(service: Service, wanted: Wanted) -> dict[str, str]:
    parts = [f"({wanted.query})"] if wanted.query else []
    if wanted.drugs:
        parts.append("(" + " OR ".join(service.api["drug"].format(drug=drug) for drug in wanted.drugs) + ")")
    if only := service.api.get("only"):
        parts.append(only)
    told = {"db": service.api["database"], "tool": service.api["tool"], "retmode": "json", "term": " AND ".join(parts)}
    if wanted.since:
        told |= {"datetype": service.api["date"], "mindate": f"{wanted.since:%Y/%m/%d}", "maxdate": _FOREVER}
    return told
