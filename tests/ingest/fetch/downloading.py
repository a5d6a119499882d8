"""A file of a server that the tests of downloads ask for."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from ingest.fetch.client import Limits
from ingest.fetch.download import Got, download
from ingest.fetch.plan import Item
from tests.ingest.fetch.fetching import QUICK, World, client
from tests.ingest.fetch.mirror import Mirror

BODY = b"PK" + random.Random(3).randbytes(300_000)
MD5 = hashlib.md5(BODY).hexdigest()
ITEM = Item("https://files.example/a/file.zip", "a/file.zip", "1", md5=MD5)
PATH = "/a/file.zip"


def get(mirror: Mirror, to: Path, item: Item = ITEM, world: World | None = None, limits: Limits = QUICK) -> Got:
    with client(mirror, world or World(), limits) as opened:
        return download(opened, item, to, lambda _at, _size: None)
