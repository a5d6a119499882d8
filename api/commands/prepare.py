"""Store and index brought up to date, as several commands need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.commands import console
from api.commands.progress import progress, resumable

if TYPE_CHECKING:
    from ingest.pipeline import Report
    from ingest.store import Store
    from rag.indexes.generations import Manifest
    from rag.settings import Settings


def starter(settings: Settings) -> None:
    """Ingests and indexes the starter corpus, unless the store holds real sources."""
    with console.store(settings) as store:
        if not store.counts().documents or store.demonstration():
            with console.starter_corpus() as folder:
                ingested(store, [folder], settings)
        held = manifest(settings)
        if held is None or (store.demonstration() and held.revision != store.revision()):
            indexed(store, settings)


def ingested(store: Store, paths: list[str], settings: Settings) -> Report:
    """Brings files into the store, and tells how far it is."""
    from ingest import pipeline

    with resumable(), progress() as tell:

        def on_progress(now: pipeline.Progress) -> None:
            size = None if now.source.endswith(".gz") else now.size  # a gzip's is that of the packed file
            tell(f"bytes of {now.source[-50:]}", now.position, size, f"{now.records:,} records")

        return pipeline.ingest(store, paths, on_progress, settings.limits)


def indexed(store: Store, settings: Settings, *, rebuild: bool = False) -> Manifest:
    """Brings the index up to date with the store, and tells how far it is."""
    from rag.dense import open_embedder
    from rag.indexes.build import build

    def on_progress(done: int, total: int) -> None:
        passages = total // 2  # first come their vectors, then their words
        if done <= passages:
            tell("index: vectors of passages", done, passages)
        else:
            tell("index: words of passages", done - passages, passages)

    with resumable():
        embedder = open_embedder(settings)
        with progress() as tell:
            return build(store, embedder, settings.index_dir, on_progress, rebuild=rebuild)


def manifest(settings: Settings) -> Manifest | None:
    """What the newest complete index holds, or None."""
    from rag.errors import IndexUnavailableError
    from rag.indexes.generations import Manifest

    try:
        return Manifest.current(settings.index_dir)
    except IndexUnavailableError:
        return None
