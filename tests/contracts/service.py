"""What every CiteRx service does (docs/design.md, section 5). Subclass, override ``client``, inherit all tests.

``question`` must be answerable from the corpus that the client's service serves, ``unanswerable`` must not be.
"""

from __future__ import annotations

from tests.contracts.service_ask import AskContract
from tests.contracts.service_problems import ProblemsContract
from tests.contracts.service_search import SearchContract
from tests.contracts.service_verify import VerifyContract


class ServiceContract(AskContract, SearchContract, VerifyContract, ProblemsContract):
    """All of it."""
