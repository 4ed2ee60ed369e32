"""The reader protocol: a question and passages in, scored spans of those passages out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from citeqa.index.context import Context
from citeqa.index.errors import CiteqaError
from citeqa.rag.types import ScoredSpan


class ReaderError(CiteqaError):
    """A reader cannot be used; the message says why and how to fix it."""


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """What identifies a reader: its name, the digest of its weights, and its precision."""

    name: str
    sha256: str
    precision: str


class Reader(Protocol):
    """Reads each passage on its own: its spans and scores never depend on the other passages."""

    @property
    def info(self) -> ReaderInfo:
        """What identifies this reader."""

    @property
    def confidence_file(self) -> Path | None:
        """The file of the confidence fitted for this reader (see `rag.confidence.load`); None if there is none."""

    def read(
        self, question: str, texts: Sequence[str], headings: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[ScoredSpan]]:
        """For each text, the spans that may answer, best first; an empty list if none does.

        A span's score is its margin: how far it scores above "no answer". `headings` has for each text where it comes
        from (title, date, headings above it), or is empty; no span is ever in a heading. `contexts` has what else is
        known of each text, or is empty: a text with pieces is shown in them, and no span leaves a piece.
        """
