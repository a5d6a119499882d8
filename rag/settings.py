"""All settings of the service. Each is an environment variable ``CITERX_<NAME>`` and a row of the README's table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.sources import LIMITS, Limits

GeneratorName = Literal["extractive", "transformers", "openai"]


class Settings(BaseSettings):
    """Read from the environment; every field has a default that works offline on two processor cores."""

    model_config = SettingsConfigDict(env_prefix="CITERX_", frozen=True, extra="forbid")

    home: Path = Field(
        default=Path(".citerx"),
        description="Folder of the store and the indexes; a relative one lies in the folder that the command runs in",
    )
    store_url: str = Field(
        default="", description="SQLAlchemy URL of the store; empty: SQLite file `citerx.db` in the home"
    )
    embedder: str = Field(
        default="", description="Folder of a sentence-transformers model; empty: packaged all-MiniLM-L6-v2"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where models and vector search run")
    llm_folder: str = Field(
        default="", description="Folder of a local transformers model, the generator `transformers`; empty: none"
    )
    llm_adapter: str = Field(default="", description="Folder of a PEFT adapter for that model; empty: none")
    llm_4bit: bool = Field(default=False, description="Whether that model is loaded in 4 bits (bitsandbytes)")
    llm_server: str = Field(
        default="",
        description="Base URL, with its `/v1`, of an OpenAI-compatible server, the generator `openai`; empty: none",
    )
    llm_model: str = Field(default="", description="Which of that server's models is asked")
    llm_key: SecretStr = Field(default=SecretStr(""), description="Key of that server, where it wants one")
    llm_chat: bool = Field(
        default=True, description="Whether that server is asked by chat; false: plain text for completion"
    )
    llm_context: int = Field(
        default=4096, ge=256, description="Tokens that a language model takes, prompt and answer together"
    )
    llm_max_tokens: int = Field(default=512, ge=1, description="Tokens of a language model's answer at most")
    llm_temperature: float = Field(
        default=0.0, ge=0, le=2, description="0: a language model's likeliest words; above: drawn from the seed"
    )
    llm_seed: int = Field(default=0, ge=0, description="Seed of a language model's choices")
    llm_timeout: float = Field(
        default=60.0, gt=0, description="Seconds after which a language model's answer is given up"
    )
    generator: GeneratorName = Field(default="extractive", description="What writes the answers")
    host: str = Field(default="127.0.0.1", description="Address the service listens on")
    port: int = Field(default=8000, description="Port the service listens on")
    max_references: int = Field(
        default=8, ge=1, le=20, description="References of an answer when the request names no number"
    )
    min_score: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Score below which a sentence is left out, but for the exceptions under `score`; none: abstention",
    )
    min_coverage: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="How likely the evidence must be to answer the question at all; less: abstention",
    )
    threads: int = Field(
        default=2,
        ge=1,
        description="Questions served at once, reading shared with idle threads; processor threads of other commands",
    )
    error_threshold: float = Field(
        default=0.1, ge=0, le=1, description="Share of faulty records above which `citerx ingest` exits with 1"
    )
    limit_member_bytes: int = Field(
        default=LIMITS.member_bytes, ge=1, description="Bytes that one file in an archive may unpack to"
    )
    limit_ratio: int = Field(
        default=LIMITS.ratio, ge=1, description="How many times its own size an archive may unpack to in all"
    )
    limit_depth: int = Field(default=LIMITS.depth, ge=1, description="Archives within archives, a gzip counting as one")
    limit_members: int = Field(default=LIMITS.members, ge=1, description="Files that one zip archive may hold")
    limit_tar_members: int = Field(
        default=LIMITS.tar_members, ge=1, description="Files, folders and links that one tar archive may hold"
    )
    limit_document_characters: int = Field(
        default=LIMITS.document_characters, ge=1, description="Characters of text that one document may have"
    )

    @field_validator("generator")
    @classmethod
    def _set_up(cls, name: GeneratorName, info: ValidationInfo) -> GeneratorName:
        needed = {"transformers": "llm_folder", "openai": "llm_server"}.get(name)
        if needed and not info.data.get(needed):
            raise PydanticCustomError("generator", f"{name} needs CITERX_{needed.upper()}, which is not set")
        return name

    @property
    def database_url(self) -> str:
        """The URL of the store, the default filled in."""
        return self.store_url or f"sqlite:///{self.home / 'citerx.db'}"

    @property
    def limits(self) -> Limits:
        """What archives and documents may grow to when they are ingested."""
        return Limits(
            member_bytes=self.limit_member_bytes,
            ratio=self.limit_ratio,
            depth=self.limit_depth,
            members=self.limit_members,
            tar_members=self.limit_tar_members,
            document_characters=self.limit_document_characters,
        )

    @property
    def index_dir(self) -> Path:
        """Where index generations live."""
        return self.home / "index"
