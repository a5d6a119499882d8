"""The records that were read last, so that a busy drug's labels are not read from the database for every question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most ``size`` records of one revision of the store, the longest unused dropped first. Threads may share it.

    Whoever reads the revision and the records in one transaction never sees a record of another revision here.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._revision = -1
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, revision: int, keys: Iterable[K]) -> dict[K, V]:
        """The records kept of these keys; none where what is kept is of another revision."""
        with self._lock:
            if revision != self._revision:
                return {}
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
            return found

    def keep(self, revision: int, records: Mapping[K, V]) -> None:
        """Keeps the records; a later revision than before forgets all others, an earlier one is not kept."""
        with self._lock:
            if revision < self._revision:
                return
            if revision > self._revision:
                self._kept.clear()
                self._revision = revision
            for key, record in records.items():
                self._kept[key] = record
                self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
