"""All settings of the service. Each is an environment variable ``CITERX_<NAME>`` and a row of the README's table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

GeneratorName = Literal["extractive"]


class Settings(BaseSettings):
    """Read from the environment; every field has a default that works offline on two processor cores."""

    model_config = SettingsConfigDict(env_prefix="CITERX_", frozen=True, extra="forbid")

    home: Path = Field(default=Path(".citerx"), description="Folder of the store and the indexes")
    store_url: str = Field(
        default="", description="SQLAlchemy URL of the store; empty: SQLite file `citerx.db` in the home"
    )
    embedder: str = Field(
        default="", description="Folder of a sentence-transformers model; empty: packaged all-MiniLM-L6-v2"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where models and vector search run")
    generator: GeneratorName = Field(default="extractive", description="What writes the answers")
    host: str = Field(default="127.0.0.1", description="Address the service listens on")
    port: int = Field(default=8000, description="Port the service listens on")
    max_references: int = Field(
        default=8, ge=1, le=20, description="References of an answer when the request names no number"
    )
    min_score: float = Field(
        default=0.32, ge=0, le=1, description="Evidence score below which a sentence answers nothing; none: abstention"
    )
    threads: int = Field(
        default=2,
        ge=1,
        description="Questions served at once, each on one processor thread; processor threads of the other commands",
    )
    error_threshold: float = Field(
        default=0.1, ge=0, le=1, description="Share of faulty records above which `citerx ingest` exits with 1"
    )

    @property
    def database_url(self) -> str:
        """The URL of the store, the default filled in."""
        return self.store_url or f"sqlite:///{self.home / 'citerx.db'}"

    @property
    def index_dir(self) -> Path:
        """Where index generations live."""
        return self.home / "index"
