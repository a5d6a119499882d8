"""PMIDs and DOIs as strangers write them."""

from __future__ import annotations

import re

_DOI = re.compile(r"10\.\d{4,9}/\S+")


def pmid_of(value: object) -> str:
    """The PubMed id that a text or number is, without leading zeros; empty where it is none (``0``, ``12.5``)."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    digits = text.lstrip("0")
    return digits if digits.isascii() and digits.isdigit() and len(digits) <= 10 else ""


def doi_of(value: object) -> str:
    """The first DOI in a text, in lower case, without resolver and closing punctuation; empty where there is none."""
    match = _DOI.search(value) if isinstance(value, str) else None
    doi = match[0].lower().rstrip(".,;") if match else ""
    return doi if doi.isprintable() else ""
