"""Small source files of our own words for the tests of the pipeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape


def label_record(number: int, version: int = 1, *, dose: int = 10) -> dict[str, Any]:
    """An openFDA label record; ``version`` 1 to 9 gives the year 2011 to 2019."""
    return {
        "id": f"{number:08d}-0000-4000-8000-{version:012d}",
        "set_id": f"{number:08d}-0000-4000-9000-000000000000",
        "version": str(version),
        "effective_time": f"201{version}0101",
        "openfda": {"generic_name": [f"TESTOMAB {number}"], "brand_name": [f"Brand{number}"]},
        "dosage_and_administration": [f"Take {dose} mg of drug {number} daily. " * 40 + "Stop when it hurts."],
        "drug_interactions": [f"Avoid drug {number + 1} together with drug {number}."],
    }


def write_labels(path: Path, records: list[dict[str, Any]]) -> Path:
    """A file as the openFDA API answers."""
    path.write_text(json.dumps({"meta": {}, "results": records}))
    return path


def article(pmid: int, text: str = "It worked in most. It failed in some.", *, revised: int | None = None) -> str:
    """One PubmedArticle, last revised on the first day of a year."""
    day = f"<DateRevised><Year>{revised}</Year><Month>01</Month><Day>01</Day></DateRevised>" if revised else ""
    return (
        f"<PubmedArticle><MedlineCitation><PMID Version='1'>{pmid}</PMID>{day}<Article><Journal><JournalIssue><PubDate>"
        "<Year>2020</Year></PubDate></JournalIssue><Title>J Test</Title></Journal>"
        f"<ArticleTitle>Trial {pmid}</ArticleTitle><Abstract><AbstractText>{escape(text)}</AbstractText></Abstract>"
        "</Article></MedlineCitation></PubmedArticle>"
    )


def write_articles(path: Path, articles: list[str], deleted: list[int] | None = None) -> Path:
    """A PubmedArticleSet, with a DeleteCitation where ``deleted`` names any."""
    gone = "".join(f"<PMID Version='1'>{pmid}</PMID>" for pmid in deleted or [])
    tail = f"<DeleteCitation>{gone}</DeleteCitation>" if gone else ""
    path.write_text(f"<?xml version='1.0'?><PubmedArticleSet>{''.join(articles)}{tail}</PubmedArticleSet>")
    return path
