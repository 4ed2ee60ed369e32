"""What reads: a question and passages become scored spans in those passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from citeqa.index.errors import CiteqaError
from citeqa.rag.types import ScoredSpan


class ReaderError(CiteqaError):
    """A reader's model cannot be used; the message says why and what mends it."""


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """What identifies a reader: its name, the digest of its weights, the precision it computes in."""

    name: str
    sha256: str
    precision: str


class Reader(Protocol):
    """Reads passages, each on its own: the spans and scores of one never depend on the others beside it."""

    @property
    def info(self) -> ReaderInfo:
        """What identifies this reader."""

    @property
    def confidence_file(self) -> Path | None:
        """The confidence that was fitted for this reader (see `rag.confidence.load`); None if none was."""

    def read(self, question: str, texts: Sequence[str], headings: Sequence[str]) -> list[list[ScoredSpan]]:
        """For each text its spans that may answer, best first; an empty list where nothing can.

        A span's score is its margin: how much more the reader believes in it than in no answer at all. `headings`
        says for each text where it is from (title, date), or is empty; no span is ever in a heading.
        """
