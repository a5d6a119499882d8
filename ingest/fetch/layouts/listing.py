"""Folders as web servers list them (Apache's and nginx's index pages), and answers in JSON."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urljoin

from ingest.errors import FetchError
from ingest.fetch.plan import file_name

# Every repetition is bounded, so that a page made for it cannot keep the search busy.
_ROW = re.compile(
    r'<a\s{1,9}href="([^"?#]{1,999})"[^>]{0,300}>.{0,300}?</a>([^\n]*?)(?=<a\s|\n|$)', re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(r"<[^>]*>")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?: \d{2}:\d{2}(?::\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Row:
    """A file of a listing: its name, its URL, the day it is of, and all that the row says of it (date, rough size)."""

    name: str
    url: str
    day: date | None
    told: str


def rows(page: bytes, url: str, pattern: str) -> list[Row]:
    """The files of a listing whose whole name the pattern matches, by name, which is the order of their numbers.

    Raises FetchError where there is none.
    """
    found = {}
    for link, rest in _ROW.findall(page.decode("utf-8", "replace")):
        target = linked(url, link)
        name = target.rpartition("/")[2]
        if re.fullmatch(pattern, name):
            told = " ".join(_TAG.sub(" ", rest).split())
            found[name] = Row(file_name(target), target, _day(told), told)
    if not found:
        raise FetchError(f"the listing names no file like {pattern}: the service may have moved them", url=url)
    return [found[name] for name in sorted(found, key=lambda name: (len(name), name))]


def linked(page: str, link: str) -> str:
    """Where a link of a page leads. Raises FetchError where it can lead nowhere."""
    try:
        return urljoin(page, html.unescape(link))
    except ValueError as error:
        raise FetchError(f"the page links to {link[:200]!r}, which is no address", url=page) from error


def _day(told: str) -> date | None:
    found = _DAY.search(told)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:  # as good as none: such a file is taken
        return None


def json_object(answer: bytes, url: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises FetchError where it is none."""
    try:
        value = json.loads(answer)
    except ValueError as error:
        raise FetchError(f"the answer is no JSON ({error}): the service may be under maintenance", url=url) from error
    except RecursionError as error:
        raise FetchError("the answer is JSON nested too deep to be an answer", url=url) from error
    if not isinstance(value, dict):
        raise FetchError("the answer is no JSON object: the service's interface may have changed", url=url)
    return value


def field(value: Any, *path: str, url: str) -> Any:  # noqa: ANN401 (JSON)
    """What lies at ``path`` in nested objects. Raises FetchError that names the path."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            reason = f"the answer has no {'.'.join(path)}: the service's interface may have changed"
            raise FetchError(reason, url=url)
        value = value[key]
    return value


def objects(value: Any, *path: str, url: str) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
    """The list of objects at ``path``. Raises FetchError where it is none."""
    found = field(value, *path, url=url)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        reason = f"a list of objects was expected as {'.'.join(path)}: the service's interface may have changed"
        raise FetchError(reason, url=url)
    return found


def number(value: Any, *path: str, url: str) -> int:  # noqa: ANN401 (JSON)
    """The whole number at ``path``, written as a number or a text. Raises FetchError where it is none."""
    found = field(value, *path, url=url)
    if not isinstance(found, int | str) or not re.fullmatch(r"[0-9]{1,18}", str(found), re.ASCII):
        reason = f"a number was expected as {'.'.join(path)}, not {str(found)[:80]!r}"
        raise FetchError(f"{reason}: the service's interface may have changed", url=url)
    return int(found)
