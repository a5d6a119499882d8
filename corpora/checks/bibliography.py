"""Bibliography: PMID, title, year, authors, journal and retraction of each literature summary are the real record's,
and every number in it stands in the real abstract. What the shared records do not state, a summary may not state."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from corpora.checks.figures import Figures
from corpora.checks.model import Article, Finding, content, words
from corpora.checks.numbers import Exemption, unconfirmed
from corpora.checks.shared import json_lines


@dataclass(frozen=True, slots=True)
class Record:
    """What the shared data state of one paper; empty where they state nothing. ``body``: the text of the paper."""

    pmid: str
    title: str
    abstract: str = ""
    year: str = ""
    pmcid: str = ""
    retracted: bool = False
    authors: tuple[str, ...] = ()
    journal: str = ""
    doi: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    body: str = ""


def records(shared: Path, pmids: set[str]) -> dict[str, Record]:
    """The shared records of these papers: abstracts, then full-text metadata, then PubMed's own XML."""
    folder = shared / "literature"
    found = {r["pmid"]: _abstract(r) for r in json_lines(folder / "abstracts.jsonl.gz") if r["pmid"] in pmids}
    found |= {pmid: record for pmid, record in _pubmed(folder / "pubmed", pmids).items() if pmid not in found}
    withdrawn = {
        row.split("\t")[0] for row in (folder / "retracted_pmids.tsv").read_text(encoding="utf-8").splitlines()
    }
    with zipfile.ZipFile(folder / "pmc-jats.zip") as archive:
        members = {Path(name).stem: name for name in archive.namelist()}
        for pmid, record in found.items():
            full = archive.read(members[record.pmcid]) if record.pmcid in members else b""
            found[pmid] = replace(_jats(record, full), retracted=record.retracted or pmid in withdrawn)
    return found


def wrong(articles: Sequence[Article], real: dict[str, Record], exempt: Sequence[Exemption]) -> Iterator[Finding]:
    """A finding for each statement of a literature summary that its real record contradicts or does not make."""
    for article in articles:
        record = real.get(article.pmid)
        reasons = ["PMID is not in the shared literature"] if record is None else _reasons(article, record)
        yield from (Finding("bibliography", article.file, f"pubmed:{article.pmid}", reason) for reason in reasons)
        known = Figures(pending=iter(() if record is None else (record.abstract,)))
        where = "no part of its abstract"
        yield from unconfirmed(article.pmid, article.lines, lambda _, wanted: known.missing(wanted), exempt, where)  # noqa: B023


def _reasons(article: Article, record: Record) -> Iterator[str]:
    stated = _stated(article.element)
    for name in ("title", "year", "journal", "volume", "issue", "pages", "doi", "pmcid", "authors"):
        ours, theirs = getattr(stated, name), getattr(record, name)
        if ours != theirs and (ours or name == "title"):
            yield f"{name} {ours!r} is not the record's {theirs!r}"
    if stated.retracted != record.retracted:
        yield f"retracted is {record.retracted} in the record, {stated.retracted} here"


def _stated(element: _Element) -> Record:
    article = "MedlineCitation/Article"
    names = element.iterfind(f"{article}/AuthorList/Author")
    types = {content(kind) for kind in element.iterfind(f"{article}/PublicationTypeList/PublicationType")}
    links = {link.get("RefType") for link in element.iter("CommentsCorrections")}
    identifiers = {
        found.get("IdType"): content(found) for found in element.iterfind("PubmedData/ArticleIdList/ArticleId")
    }
    return Record(
        pmid=content(element.find("MedlineCitation/PMID")),
        title=content(element.find(f"{article}/ArticleTitle")),
        abstract=content(element.find(f"{article}/Abstract")),
        year=content(element.find(f"{article}/Journal/JournalIssue/PubDate/Year")),
        pmcid=identifiers.get("pmc", ""),
        retracted="Retracted Publication" in types and "RetractionIn" in links,
        authors=tuple(f"{content(name.find('ForeName'))} {content(name.find('LastName'))}" for name in names),
        journal=content(element.find(f"{article}/Journal/Title")),
        doi=identifiers.get("doi", ""),
        volume=content(element.find(f"{article}/Journal/JournalIssue/Volume")),
        issue=content(element.find(f"{article}/Journal/JournalIssue/Issue")),
        pages=content(element.find(f"{article}/Pagination/MedlinePgn")),
    )


def _abstract(record: dict[str, object]) -> Record:
    title, abstract = words(str(record["title"])), str(record.get("abstract") or "")
    year, pmcid = str(record.get("year") or ""), str(record.get("pmcid") or "")
    return Record(str(record["pmid"]), title, abstract, year, pmcid, bool(record.get("retracted")))


def _jats(record: Record, full: bytes) -> Record:
    if not full:
        return record
    root = etree.fromstring(
        full, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    )
    meta = root.find(".//article-meta")
    authors = meta.iterfind(".//contrib[@contrib-type='author']/name") if meta is not None else ()
    first, last = (content(root.find(f".//article-meta/{name}")) for name in ("fpage", "lpage"))
    electronic = content(root.find(".//article-meta/elocation-id"))
    return replace(
        record,
        authors=tuple(f"{content(name.find('given-names'))} {content(name.find('surname'))}" for name in authors),
        volume=content(root.find(".//article-meta/volume")),
        issue=content(root.find(".//article-meta/issue")),
        pages=f"{first}-{last}" if last and last != first else first or electronic,
        journal=content(root.find(".//journal-title")),
        doi=content(root.find(".//article-meta/article-id[@pub-id-type='doi']")),
        body=words(" ".join(map(str, root.itertext()))),
    )


def _pubmed(folder: Path, pmids: set[str]) -> dict[str, Record]:
    """The records of PubMed's XML files; one of them is wrapped in a JSON string."""
    found = {}
    for path in sorted(folder.glob("*.xml")):
        text = path.read_text(encoding="utf-8-sig").strip()
        data = (json.loads(text if text.endswith('"') else f'{text}"') if text.startswith('"') else text).encode()
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
        for element in root.iter("PubmedArticle"):
            record = _stated(element)
            if record.pmid in pmids:
                found[record.pmid] = record
    return found
