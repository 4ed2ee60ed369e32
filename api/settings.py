"""Settings, and the only place where the environment is read. Each has a command-line option of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

SEEDS = Path(__file__).resolve().parents[1] / "seeds"


class Settings(BaseSettings):
    """What may be set from outside, each by an environment variable: `CITEQA_INDEX`, `CITEQA_MODEL` and so on."""

    model_config = SettingsConfigDict(env_prefix="CITEQA_", extra="forbid", frozen=True)

    index: Path = Field(default=Path(".citeqa"), description="folder that holds the index")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    model: str | None = Field(default=None, description="embedding model of a new index, by name or path")
    precision: Literal["fp32", "int8"] | None = Field(default=None, description="precision of a new index's vectors")
    reader: str | None = Field(
        default=None, description="question-answering model that reads, by name or path; the shipped one by default"
    )
    models: Path | None = Field(default=None, description="folder of exported models; models/ in the index by default")

    writing: bool = Field(default=False, description="whether documents may be added and removed over HTTP")

    @property
    def exported(self) -> Path:
        """Where exported models are kept."""
        return self.models or self.index / "models"
