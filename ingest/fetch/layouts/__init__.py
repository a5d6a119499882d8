"""How each service lays its data out: from a selection to what is to be fetched. The only parts that know a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ingest.fetch.layouts import dailymed, openfda, pmc, pubmed, trials
from ingest.fetch.plan import Ask, Plan, Service, Wanted

LAYOUTS: Mapping[str, Callable[[Service, Wanted, Ask, str], Plan]] = {
    "dailymed": dailymed.plan,
    "openfda": openfda.plan,
    "pmc": pmc.plan,
    "pubmed": pubmed.plan,
    "trials": trials.plan,
}
"""By the name that a description's ``layout`` gives. The last argument is the day, ``YYYY-MM-DD``."""
