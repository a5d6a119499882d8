"""What every store must do. Subclass `StoreContract` and give the fixture ``url`` a fresh, empty database."""

from __future__ import annotations

from tests.contracts.store_keeping import KeepingContract
from tests.contracts.store_marks import MarksContract
from tests.contracts.store_versions import VersionsContract


class StoreContract(KeepingContract, VersionsContract, MarksContract):
    """All of it."""
