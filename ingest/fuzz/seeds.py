"""The files that are damaged: real ones of a shared folder, else the starter corpus; cut down to single records."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import ijson

from ingest.errors import IngestError, SourceError
from ingest.fuzz import mutations, written
from ingest.fuzz.mutations import Mutant, mutate
from ingest.parse import detect
from ingest.schema import Document

MAX_SEED_BYTES = 100_000
"""A larger record is left out: its mutants take long and show nothing that smaller ones do not."""

PER_FORMAT = 40

_RECORD = re.compile(rb"<Pubmed(?:Book)?Article>.*?</Pubmed(?:Book)?Article>", re.DOTALL)
_SET = b"<?xml version='1.0' encoding='UTF-8'?>\n<PubmedArticleSet>%s</PubmedArticleSet>"
_DELETED = b"<DeleteCitation><PMID Version='1'>11</PMID><PMID>12</PMID></DeleteCitation>"


@dataclass(frozen=True, slots=True)
class Form:
    """A format and its files. ``share``: how many of ``CYCLE`` mutants are of it; ``names``: mutations that suit it.

    ``pack``: what it is put into, before or after it is damaged; empty for none.
    """

    name: str
    material: str
    share: int
    names: tuple[str, ...]
    pack: str = ""


FORMS = (
    Form("openFDA JSON", "openfda", 4, mutations.JSON),
    Form("openFDA JSON in a zip", "openfda", 2, mutations.JSON, "zip"),
    Form("SPL XML", "spl", 4, mutations.XML),
    Form("SPL XML in a zip of zips", "spl", 2, mutations.XML, "zips"),
    Form("PubMed XML", "pubmed", 5, mutations.XML),
    Form("PubMed XML in gzip", "pubmed", 2, mutations.XML, "gzip"),
    Form("JATS XML", "jats", 5, mutations.XML),
    Form("JATS XML in tar.gz", "jats", 2, mutations.XML, "tar.gz"),
    Form("JSON Lines of articles", "articles", 3, mutations.JSON),
    Form("JSON Lines of articles in gzip", "articles", 1, mutations.JSON, "gzip"),
    Form("label sections of 2016", "sections", 2, mutations.JSON),
    Form("list of withdrawals", "withdrawals", 1, mutations.TEXT),
    Form("Crossref JSON", "crossref", 2, mutations.JSON),
    Form("ClinicalTrials.gov JSON", "trials", 3, mutations.JSON),
    Form("HTML", "html", 4, mutations.XML),
    Form("Markdown", "markdown", 2, mutations.TEXT),
    Form("plain text", "prose", 1, mutations.TEXT),
    Form("text in a tar", "prose", 1, mutations.TEXT, "tar"),
    Form("PDF", "pdf", 2, mutations.PDF),
)
CYCLE = tuple(form for form in FORMS for _ in range(form.share))
Material = dict[str, tuple[bytes, ...]]


def material(starter: Path, shared: Path | None) -> Material:
    """The files of each format: those of ``shared`` where it has any, else the starter corpus in that format.

    Raises SourceError where ``shared`` is given and is no such folder.
    """
    spl = _files(starter / "labels", "*.xml")
    pubmed = _sets([starter / "literature.xml"])
    labels, papers = _documents(spl), _documents(pubmed)
    real = _shared(shared) if shared else {}
    if shared and not any(real.values()):
        raise SourceError(
            "holds none of the files that are damaged; give the folder of the shared data", source=str(shared)
        )
    labels = _documents(real.get("spl", ())) + _documents(real.get("openfda", ())) or labels
    papers = _documents(real.get("pubmed", ())) or papers
    made = {
        "openfda": _made(written.openfda, labels), "spl": spl, "pubmed": pubmed, "jats": _made(written.jats, papers),
        "articles": _made(written.article, papers), "sections": _made(written.sections_2016, labels),
        "withdrawals": (b"pmid\trevised\n11\t2016-01-02\n12\t\n13\t2016-05-06\n",),
        "crossref": _made(written.works, papers), "trials": _made(written.trial, papers),
        "html": _made(written.page, labels), "markdown": _made(written.markdown, labels),
        "prose": _made(written.prose, papers), "pdf": _made(written.pdf, labels),
    }  # fmt: skip
    return made | {name: files for name, files in real.items() if files}


def mutant(files: Material, seed: int, number: int) -> tuple[Form, Mutant]:
    """The mutant with this number: a function of the material, the seed and the number alone."""
    form = CYCLE[number % len(CYCLE)]
    rng = random.Random(f"{seed}:{number}")  # noqa: S311 (no secret)
    data = rng.choice(files[form.material])
    if form.pack and rng.random() < 0.5:
        made = mutate(packed(data, form.pack), rng, mutations.ARCHIVE)
        return form, replace(made, before=b"", after=b"")
    damaged = mutate(data, rng, form.names)
    return form, replace(damaged, data=packed(damaged.data, form.pack)) if form.pack else damaged


def packed(data: bytes, how: str) -> bytes:
    """``data`` in an archive of the kind ``how``, the same bytes every time."""
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    buffer = io.BytesIO()
    if how.startswith("tar"):
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name in ("1", "folder/2"):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return packed(buffer.getvalue(), "gzip") if how == "tar.gz" else buffer.getvalue()
    inner = packed(data, "zip") if how == "zips" else data
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as files:
        for name in ("1", "folder/2"):
            files.writestr(zipfile.ZipInfo(name), inner, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _shared(folder: Path) -> Material:
    papers = folder / "literature"
    return {
        "openfda": _spread(_labels(sorted((folder / "labels").glob("drug-label-*.zip")))),
        "spl": _files(folder / "labels" / "spl", "*.xml"),
        "pubmed": _sets(sorted((papers / "pubmed").glob("*.xml"))),
        "jats": _spread(_members(papers / "pmc-jats.zip")),
        "articles": _lines(papers / "abstracts.jsonl.gz"),
        "sections": _lines(folder / "labels" / "sections-2016.jsonl.gz"),
        "withdrawals": tuple(_first_lines(path, 60) for path in papers.glob("retracted_pmids.tsv")),
        "pdf": tuple(page for path in sorted((folder / "guidelines").glob("*.pdf")) for page in _pages(path)),
    }


def _spread(found: Iterator[bytes]) -> tuple[bytes, ...]:
    """``PER_FORMAT`` of the files that are not too large, from the first to the last."""
    fit = [data for data in found if 0 < len(data) <= MAX_SEED_BYTES]
    return tuple(fit[:: max(1, len(fit) // PER_FORMAT)][:PER_FORMAT])


def _files(folder: Path, pattern: str) -> tuple[bytes, ...]:
    return _spread(path.read_bytes() for path in sorted(folder.glob(pattern)))


def _labels(paths: Sequence[Path]) -> Iterator[bytes]:
    """Pairs of records."""
    for path in paths:
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as stream:
            records = islice(ijson.items(stream, "results.item", use_float=True), 0, 400, 5)
            for pair in zip(records, records, strict=False):
                yield json.dumps({"meta": {}, "results": pair}).encode()


def _sets(paths: Sequence[Path]) -> tuple[bytes, ...]:
    """Pairs of records, with a deletion after them."""
    records = [match[0] for path in paths for match in _RECORD.finditer(path.read_bytes())]
    return _spread(_SET % (b"".join(records[at : at + 2]) + _DELETED) for at in range(0, len(records), 2))


def _members(path: Path) -> Iterator[bytes]:
    if path.exists():
        with zipfile.ZipFile(path) as archive:
            yield from map(archive.read, archive.namelist())


def _lines(path: Path) -> tuple[bytes, ...]:
    """Five lines each, from the first two hundred."""
    if not path.exists():
        return ()
    with gzip.open(path) as stream:
        lines = list(islice(stream, 5 * PER_FORMAT))
    return _spread(b"".join(lines[at : at + 5]) for at in range(0, len(lines), 5))


def _first_lines(path: Path, number: int) -> bytes:
    with path.open("rb") as stream:
        return b"".join(islice(stream, number))


def _pages(path: Path) -> Iterator[bytes]:
    """Single pages of a PDF: as they are, and with their drawing unpacked, where damage reaches the operators."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject

    for number in (1, 4, 9):
        for unpacked in (False, True):
            writer = PdfWriter()
            page = writer.add_page(PdfReader(path).pages[number])
            for name in ("/Annots", "/B"):  # links lead to all other pages
                page.pop(name, None)
            if unpacked and (contents := page.get_contents()) is not None:
                contents.get_data()
                page[NameObject("/Contents")] = writer._add_object(contents)
            buffer = io.BytesIO()
            writer.write(buffer)
            yield buffer.getvalue()


def _documents(files: Sequence[bytes]) -> list[Document]:
    found: list[Document] = []
    for data in files[:PER_FORMAT]:
        try:
            records = list(detect(data[: 1 << 16], "")(io.BytesIO(data), ""))
        except IngestError:  # a real file may be one that cannot be read
            continue
        found += [record for record in records if isinstance(record, Document) and record.sections]
    return found


def _made(write: Callable[[Document], bytes], documents: Sequence[Document]) -> tuple[bytes, ...]:
    return _spread(write(document) for document in documents)
