"""Store and index brought up to date, as several commands need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.commands import console

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
    """Brings files into the store, with a progress bar."""
    from ingest import pipeline

    with console.bar() as bar:
        task = bar.add_task("ingest", total=None)

        def on_progress(now: pipeline.Progress) -> None:
            bar.update(
                task, description=f"{now.records} records · {now.source[-50:]}", completed=now.position, total=now.size
            )

        return pipeline.ingest(store, paths, on_progress, settings.limits)


def indexed(store: Store, settings: Settings, *, rebuild: bool = False) -> Manifest:
    """Brings the index up to date with the store, with a progress bar."""
    from rag.dense import open_embedder
    from rag.indexes.build import build

    with console.bar() as bar:
        task = bar.add_task("index", total=None)
        return build(
            store,
            open_embedder(settings),
            settings.index_dir,
            lambda done, total: bar.update(task, completed=done, total=total),
            rebuild=rebuild,
        )


def manifest(settings: Settings) -> Manifest | None:
    """What the newest complete index holds, or None."""
    from rag.errors import IndexUnavailableError
    from rag.indexes.generations import Manifest

    try:
        return Manifest.current(settings.index_dir)
    except IndexUnavailableError:
        return None
