"""A reader that runs an extractive ONNX model with onnxruntime, without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citeqa.index.atomic import sha256
from citeqa.index.context import NO_CONTEXT, Context
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, Feed, OnnxModel
from citeqa.index.types import Span
from citeqa.rag.reader.protocol import ReaderError, ReaderInfo
from citeqa.rag.reader.spans import best_spans
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.types import ScoredSpan

SHIPPED = Path(__file__).parents[1] / "models" / "reader"
DESCRIPTION, CONFIDENCE = "reader.json", "confidence.json"
SPANS = 8  # spans kept for each passage
SAME = 0.5  # how far the probe's margin may differ from the one stored; other rounding made 0.22 at most


class OnnxReader:
    """An extractive model run by onnxruntime. Safe to share between threads."""

    def __init__(self, folder: Path, *, probed: bool = True) -> None:
        """Open the reader in `folder`. Its answer to the probe question is checked, unless `probed` is false.

        Raises:
            ReaderError: if the reader is missing, a file differs from the original, or this processor computes other
                scores than the one the reader was made on.
        """
        self._folder = folder
        stored = _stored(folder, checked=True)
        self._info = _info(stored)
        self._model = OnnxModel(folder / MODEL)
        self._encoder = Encoder(folder / TOKENIZER, stored["max_tokens"])
        probe = stored["probe"]
        best = self.read(probe["question"], [probe["text"]], [probe["heading"]])[0][:1]
        if probed and (not best or abs(best[0].score - probe["margin"]) > SAME):
            found = f"{best[0].score:.3f}" if best else "nothing"
            raise ReaderError(
                f"the reader in {folder} gives other scores on this processor than where it was made "
                f"(margin {found}, needed {probe['margin']:.3f})"
            )

    @property
    def info(self) -> ReaderInfo:
        return self._info

    @property
    def confidence_file(self) -> Path | None:
        path = self._folder / CONFIDENCE
        return path if path.exists() else None

    def scores(self, feeds: Sequence[Feed]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """The start and end logit of each token of some windows."""
        return [(starts[0], ends[0]) for starts, ends in self._model.run(feeds)]

    def read(
        self, question: str, texts: Sequence[str], headings: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[ScoredSpan]]:
        contexts = contexts or [NO_CONTEXT] * len(texts)
        seen = self._encoder.encode_all(question, headings, texts, contexts)
        windows = [(place, window) for place, found in enumerate(seen) for window in found]
        windows.sort(key=lambda one: -len(one[1].ids))  # longest first, so that no core ends with a long one
        found: list[dict[Span, float]] = [{} for _ in texts]
        logits = self._model.run([window.feed for _, window in windows])
        for (place, window), (starts, ends) in zip(windows, logits, strict=True):
            margins = found[place]
            for span, margin in best_spans(texts[place], window, starts[0], ends[0], SPANS, contexts[place]):
                margins[span] = max(margin, margins.get(span, margin))
        return [
            sorted((ScoredSpan(span, margin) for span, margin in margins.items()), key=lambda s: (-s.score, s.span))[
                : 2 * SPANS if context.pieces else SPANS
            ]
            for margins, context in zip(found, contexts, strict=True)
        ]


def described(folder: Path) -> ReaderInfo:
    """What identifies the reader in a folder, without opening it. Raises ReaderError if that does not say it."""
    return _info(_stored(folder, checked=False))


def _info(stored: dict[str, Any]) -> ReaderInfo:
    return ReaderInfo(stored["name"], stored["files"][MODEL], stored["precision"])


def _stored(folder: Path, *, checked: bool) -> dict[str, Any]:
    """The description of a reader; `checked` compares the digests of its files too."""
    try:
        described: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        for name in (MODEL, TOKENIZER):
            needed = described["files"][name]
            found = sha256(folder / name) if checked else needed
            if found != needed:
                raise ReaderError(f"{folder / name} has SHA-256 {found}, needed {needed}; reinstall citeqa")
        probe, wanted = described["probe"], dict.fromkeys(("question", "heading", "text"), str) | {"margin": float}
        for values, types in ((described, {"name": str, "precision": str, "max_tokens": int}), (probe, wanted)):
            for name, kind in types.items():
                if type(values[name]) is not kind:
                    raise TypeError(f"{name!r} is not of type {kind.__name__}")
    except OSError as error:
        raise ReaderError(f"{error.filename} cannot be read: {error.strerror}; reinstall citeqa") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReaderError(f"{folder / DESCRIPTION} does not describe a reader: {error!r}; reinstall citeqa") from None
    return described
