"""A reader whose every span and margin is written down in the test: for what is done with them afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from citeqa.index.context import Context
from citeqa.index.types import Span
from citeqa.rag.reader.protocol import ReaderInfo
from citeqa.rag.types import ScoredSpan


class ScriptedReader:
    """Finds the phrases it was given, with their margins, wherever a passage holds them."""

    def __init__(self, margins: dict[str, float]) -> None:
        self.info = ReaderInfo("scripted", "0" * 64, "fp32")
        self.margins = margins
        self.asked: list[str] = []

    @property
    def confidence_file(self) -> None:
        return None

    def read(
        self, question: str, texts: Sequence[str], headings: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[ScoredSpan]]:
        self.asked.append(question)
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> list[ScoredSpan]:
        found = [
            ScoredSpan(Span(start, start + len(phrase)), margin)
            for phrase, margin in self.margins.items()
            for start in range(len(text))
            if text.startswith(phrase, start)
        ]
        return sorted(found, key=lambda one: (-one.score, one.span))
