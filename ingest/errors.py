"""Every error that ingestion raises. Each one names the file, the record and the place, and what to do."""

from __future__ import annotations


class IngestError(Exception):
    """Base of all ingestion errors; ``where`` is ``file[: record][: offset]``."""

    def __init__(self, reason: str, *, source: str = "", record: str = "", offset: int | None = None) -> None:
        self.reason, self.source, self.record, self.offset = reason, source, record, offset
        super().__init__(f"{self.where}: {reason}" if self.where else reason)

    @property
    def where(self) -> str:
        """The place in words: source file, record in it, byte or line offset."""
        place = "" if self.offset is None else f"offset {self.offset}"
        return ": ".join(part for part in (self.source, self.record, place) if part)


class SourceError(IngestError):
    """A file, folder or archive member cannot be opened or read."""


class UnknownFormatError(IngestError):
    """The content is none of the formats that a parser exists for."""


class ParseError(IngestError):
    """The content claims a known format but breaks its rules at the place named."""


class LimitError(IngestError):
    """The content exceeds a safety limit (size, depth, ratio)."""


class StoreError(IngestError):
    """The store cannot be opened, read or written."""


class FetchError(IngestError):
    """A file or answer of a service cannot be had; ``source`` is its URL, ``status`` the HTTP status, if any."""

    def __init__(self, reason: str, *, url: str = "", status: int | None = None) -> None:
        self.url, self.status = url, status
        super().__init__(reason, source=url)


class FetchStoppedError(FetchError):
    """Nothing more can be fetched in this run: no room, no time, no permission, or the service is away."""
