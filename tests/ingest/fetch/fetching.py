"""What the tests of fetching share: a world whose sleep takes no time, and the layouts of the services, small."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
import time
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import BinaryIO, cast

import corpora
from ingest.fetch.client import Client, Limits, Outside
from ingest.fetch.plan import Service, Wanted, services
from ingest.fetch.run import Report, fetch
from ingest.pipeline import ingest
from ingest.store import Store
from tests.ingest.fetch.mirror import Mirror

SERVICES = services(corpora.sources())
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
QUICK = Limits(silence=5.0, window=5.0)


class World:
    """Sleeping moves the clock and is written down."""

    def __init__(self, room: int | None = None) -> None:
        self.slept: list[float] = []
        self.room = room

    def clock(self) -> float:
        return time.monotonic() + sum(self.slept)

    def now(self) -> datetime:
        return START + timedelta(seconds=sum(self.slept))

    def later(self, seconds: float) -> str:
        """An HTTP date that many seconds from the start."""
        return format_datetime(START + timedelta(seconds=seconds), usegmt=True)

    def open(self, path: Path, mode: str) -> BinaryIO:
        stream = cast("BinaryIO", path.open(mode))
        return stream if self.room is None else cast("BinaryIO", _Full(stream, self.room))

    def outside(self) -> Outside:
        return Outside(self.clock, self.slept.append, self.now, random.Random(7), self.open)


class _Full:
    """A file on a disk that has room for some bytes only."""

    def __init__(self, stream: BinaryIO, room: int) -> None:
        self.stream, self.room = stream, room

    def __enter__(self) -> _Full:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def write(self, data: bytes) -> int:
        self.room -= len(data)
        if self.room < 0:
            raise OSError(28, "No space left on device", self.stream.name)
        return self.stream.write(data)


def client(mirror: Mirror, world: World, limits: Limits = QUICK) -> Client:
    return Client({}, 1e6, limits, world.outside(), mirror.base)


def run(
    mirror: Mirror,
    command: str,
    to: Path,
    wanted: Wanted | None = None,
    world: World | None = None,
    *,
    limits: Limits = QUICK,
    dry_run: bool = False,
) -> Report:
    outside = (world or World()).outside()
    service = SERVICES[command]
    return fetch(service, wanted or Wanted(), to, base=mirror.base, limits=limits, outside=outside, dry_run=dry_run)


def service(command: str) -> Service:
    return SERVICES[command]


def label(number: int) -> dict[str, object]:
    """An openFDA record of our own."""
    return {
        "set_id": f"00000000-0000-4000-8000-{number:012}",
        "id": f"00000000-0000-4000-9000-{number:012}",
        "version": "1",
        "effective_time": "20200102",
        "indications_and_usage": [f"1 INDICATIONS AND USAGE Testol {number} is a drug that the tests made up."],
        "openfda": {"generic_name": [f"TESTOL {number}"], "brand_name": [f"Testa {number}"]},
    }


def openfda_partition(numbers: range) -> bytes:
    content = json.dumps({"meta": {}, "results": [label(number) for number in numbers]})
    return zipped({"drug-label.json": content.encode()})


def serve_openfda(mirror: Mirror, partitions: Mapping[str, tuple[bytes, int]], exported: str = "2026-11-20") -> None:
    """Partitions by name, each with its number of records, and the index that names them."""
    entries = []
    for name, (content, records) in partitions.items():
        mirror.files[f"/drug/label/{name}"] = content
        url = f"https://download.open.fda.gov/drug/label/{name}"
        entries.append(
            {"file": url, "size_mb": f"{len(content) / 2**20:.2f}", "records": records, "display_name": name}
        )
    told = {"export_date": exported, "total_records": sum(entry[1] for entry in partitions.values())}
    index = {"meta": {}, "results": {"drug": {"label": {**told, "partitions": entries}}}}
    mirror.files["/download.json"] = json.dumps(index).encode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # the same bytes at any time
    return stream.getvalue()


def spl(number: int) -> bytes:
    """A small label in DailyMed's format, made of our own words."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<document xmlns="urn:hl7-org:v3"><id root="00000000-0000-4000-9000-{number:012}"/>
<title>Testol {number} tablets</title><effectiveTime value="20200102"/>
<setId root="00000000-0000-4000-8000-{number:012}"/><versionNumber value="1"/>
<component><structuredBody><component><section><id root="00000000-0000-4000-a000-{number:012}"/>
<code code="34067-9" codeSystem="2.16.840.1.113883.6.1"/><title>Indications</title>
<text><paragraph>Testol {number} is a drug that the tests made up.</paragraph></text>
</section></component></structuredBody></component></document>""".encode()


def release(numbers: range) -> bytes:
    """A zip of zips."""
    return zipped({f"prescription/{number}.zip": zipped({f"{number}.xml": spl(number)}) for number in numbers})


def serve_dailymed(mirror: Mirror, releases: Mapping[str, bytes]) -> None:
    """The release files and the page that names them over HTTPS and FTP, each with its MD5."""
    rows = []
    for name, content in releases.items():
        mirror.files[f"/public-release-files/{name}"] = content
        md5 = hashlib.md5(content).hexdigest()
        rows.append(
            f'<li data-ddfilter="human">{name} [ <a href="https://dailymed-data.nlm.nih.gov/public-release-files/{name}">'
            f'HTTPS</a> ] [ <a href="ftp://public.nlm.nih.gov/nlmdata/.dailymed/{name}">FTP</a> ]'
            f"<ul><li><strong>MD5 checksum:</strong> {md5}</li></ul></li>"
        )
    page = f"<html><body><ul class='download'>{''.join(rows)}</ul></body></html>"
    mirror.files["/dailymed/spl-resources-all-drug-labels.cfm"] = page.encode()


def pubmed_set(numbers: range) -> bytes:
    records = "".join(
        f"<PubmedArticle><MedlineCitation><PMID Version='1'>{number}</PMID><Article><Journal><JournalIssue><PubDate>"
        f"<Year>2020</Year></PubDate></JournalIssue><Title>Journal of Tests</Title></Journal>"
        f"<ArticleTitle>Testol in study {number}.</ArticleTitle><Abstract><AbstractText>Study {number} of the tests."
        "</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
        for number in numbers
    )
    return f"<?xml version='1.0'?><PubmedArticleSet>{records}</PubmedArticleSet>".encode()


def serve_folder(mirror: Mirror, folder: str, files: Mapping[str, bytes], day: str = "2026-01-29") -> None:
    """Files and the page that an Apache makes of their folder."""
    rows = ['<a href="/parent/">Parent Directory</a>                 -   ', '<a href="README.txt">README.txt</a>  1K']
    for name, content in files.items():
        mirror.files[f"{folder}{name}"] = content
        rows.append(f'<a href="{name}">{name}</a>     {day} 14:48   {len(content)}')
    page = f"<html><head><title>Index of {folder}</title></head><body><pre>Name  Last modified  Size<hr>"
    mirror.files[folder] = (page + "\n".join(rows) + "\n<hr></pre></body></html>").encode()


def with_md5(files: Mapping[str, bytes]) -> dict[str, bytes]:
    beside = {
        f"{name}.md5": f"MD5({name})= {hashlib.md5(content).hexdigest()}\n".encode() for name, content in files.items()
    }
    return {**files, **beside}


def serve_pubmed(mirror: Mirror, baseline: int = 2, updates: int = 1) -> dict[str, bytes]:
    """So many files of ten records each; the listing has them out of order."""
    files = {f"pubmed26n{n:04}.xml.gz": packed(pubmed_set(range(10 * n, 10 * n + 10))) for n in range(1, baseline + 1)}
    newer = {
        f"pubmed26n{n:04}.xml.gz": packed(pubmed_set(range(10 * n, 10 * n + 10)))
        for n in range(baseline + 1, baseline + updates + 1)
    }
    serve_folder(mirror, "/pubmed/baseline/", dict(reversed(with_md5(files).items())))
    serve_folder(mirror, "/pubmed/updatefiles/", with_md5(newer), "2026-11-02")
    return {
        **{f"baseline/{name}": content for name, content in files.items()},
        **{f"updatefiles/{name}": content for name, content in newer.items()},
    }


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def package(names: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in names.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def filelist(names: Mapping[str, bytes]) -> bytes:
    head = "Article File,Article Citation,AccessionID,LastUpdated (YYYY-MM-DD HH:MM:SS),PMID,License,Retracted"
    lines = [f'{name},"J Tests. 2020; 1, 2",PMC1,2026-01-01 10:00:00,1,CC BY,no' for name in names]
    return "\n".join([head, *lines, ""]).encode()


def documents(folder: str) -> int:
    """How many documents `citerx ingest` makes of a folder; its report may name nothing that was not ingested."""
    store = Store.open("sqlite:///:memory:")
    try:
        report = ingest(store, [folder])
        assert not [line for line in report.lines if line.reason not in {"hidden", "an image or other media"}]
        return sum(store.counts().documents.values())
    finally:
        store.close()


def partitions() -> dict[str, tuple[bytes, int]]:
    return {
        "drug-label-0001-of-0002.json.zip": (openfda_partition(range(1, 13)), 12),
        "drug-label-0002-of-0002.json.zip": (openfda_partition(range(13, 20)), 7),
    }


def releases() -> dict[str, bytes]:
    return {
        "dm_spl_release_human_rx_part1.zip": release(range(1, 4)),
        "dm_spl_release_human_rx_part2.zip": release(range(4, 6)),
        "dm_spl_release_animal.zip": release(range(6, 7)),
        "dm_spl_daily_update_11202026.zip": release(range(5, 8)),
    }


def found(*, count: object = "1", ids: object = ("7",)) -> bytes:
    return json.dumps({"esearchresult": {"count": count, "idlist": ids}}).encode()
