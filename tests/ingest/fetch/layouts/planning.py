"""Plans made of answers that are given: no network here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from ingest.fetch.layouts import LAYOUTS
from ingest.fetch.plan import Plan, Wanted
from tests.ingest.fetch.fetching import service

DAY = "2026-11-21"
BASE = "https://ftp.example/folder/"


def answers(**told: object) -> Callable[[str, Mapping[str, str]], bytes]:
    """Answers by the last part of the URL's path; what is asked besides is an error."""

    def ask(url: str, _parameters: Mapping[str, str]) -> bytes:
        value = told[urlsplit(url).path.rstrip("/").rpartition("/")[2].partition(".")[0] or "bucket"]
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    return ask


def plan(command: str, wanted: Wanted, **told: object) -> Plan:
    return LAYOUTS[service(command).layout](service(command), wanted, answers(**told), DAY)


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


APACHE = b"""<html><pre>Name  Last modified  Size<hr><a href="?C=N;O=D">Name</a>
<a href="/pubmed/">Parent Directory</a>   -
<a href="pubmed26n0010.xml.gz">pubmed26n0010.xml.gz</a>   2026-01-30 14:48   19M
<a href="pubmed26n0010.xml.gz.md5">pubmed26n0010.xml.gz.md5</a>   2026-01-30 14:48   64
<a href="pubmed26n0009.xml.gz">pubmed26n0009.xml.gz</a>   2026-01-29 14:48   18M
<a href="pubmed26n10000.xml.gz">x</a>   2026-01-31 14:48   18M
<a href="README.txt">README.txt</a>  2026-01-29 1K</pre>"""


def searched(count: int, ids: list[str], **more: object) -> dict[str, object]:
    return {"esearchresult": {"count": str(count), "idlist": ids, **more}}
