"""An exported embedding model, run by onnxruntime without torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citeqa.index.atomic import sha256
from citeqa.index.embedding.embedder import EmbedderInfo, Vectors
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, Feed, OnnxModel, tokenizer
from citeqa.index.errors import EmbedderError

DESCRIPTION = "model.json"
# Cosine that the probe's vector must have here with the one it had where the model was exported. In 8 bits another
# order of the same sums gave 0.9996 at least, products that saturate 0.9970 at most.
SAME = {"fp32": 0.9999, "int8": 0.999}
_BLOCK = 4096  # texts tokenized and ordered by length together: bounds memory however many there are


class DamagedExportError(EmbedderError):
    """The files are not those that were exported; they can be exported again."""


class OnnxEmbedder:
    """An exported embedding model. May be shared between threads."""

    def __init__(self, folder: Path, info: EmbedderInfo) -> None:
        """Run the files in `folder` as they are; `open` checks them first."""
        self._info = info
        self._model = OnnxModel(folder / MODEL)
        self._counting = tokenizer(folder / TOKENIZER)
        special = self._counting.num_special_tokens_to_add(False)
        prefix = max(self.count_tokens([info.query_prefix, info.passage_prefix]))
        self._cutting = tokenizer(folder / TOKENIZER, info.max_tokens + special + prefix)

    @classmethod
    def open(cls, folder: Path) -> OnnxEmbedder:
        """Open an exported model.

        Raises:
            FileNotFoundError: if there is none.
            DamagedExportError: if a file is not the one that was exported.
            EmbedderError: if this processor computes other vectors than the one it was exported on: the precision
                would not be the one that an index names.
        """
        described = _read(folder)
        opened = cls(folder, EmbedderInfo(**described["embedder"]))
        probe = described["probe"]
        cosine = float(opened.embed_query(probe["text"]) @ np.array(probe["vector"], dtype=np.float32))
        needed = SAME[opened.info.precision]
        if not cosine >= needed:
            raise EmbedderError(
                f"the model {opened.info.name!r} in precision {opened.info.precision} gives other vectors on this "
                f"processor than on the one it was exported on (cosine {cosine:.5f}, needed {needed}); "
                "index the documents again, into another folder, with --precision fp32"
            )
        return opened

    @property
    def info(self) -> EmbedderInfo:
        return self._info

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(encoded.ids) for encoded in self._counting.encode_batch(list(texts), add_special_tokens=False)]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        vectors = np.empty((len(texts), self._info.dimension), dtype=np.float32)
        for start in range(0, len(texts), _BLOCK):
            block = vectors[start : start + _BLOCK]
            given = [self._info.passage_prefix + text for text in texts[start : start + _BLOCK]]
            ids = [encoded.ids for encoded in self._cutting.encode_batch(given)]
            order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))  # so that no core is left with a long one
            feeds = [_feed(ids[i]) for i in order]
            for row, (found,) in zip(order, self._model.run(feeds), strict=True):
                block[row] = _unit(found)
                if progress:
                    progress(1)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        [(found,)] = self._model.run([_feed(self._cutting.encode(self._info.query_prefix + text).ids)])
        return _unit(found)


def _feed(ids: Sequence[int]) -> Feed:
    tokens = np.array([ids], dtype=np.int64)
    return {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}


def _unit(found: NDArray[np.float32]) -> Vectors:
    """The one row of what the model gave, at unit length."""
    vector: Vectors = found[0] / np.linalg.norm(found[0])
    return vector


def _read(folder: Path) -> dict[str, Any]:
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    try:
        described: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        for name, expected in described["files"].items():
            found = sha256(folder / name)
            if found != expected:
                raise DamagedExportError(f"{folder / name} has SHA-256 {found}, needed {expected}")
        described["embedder"], described["probe"]["text"], described["probe"]["vector"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedExportError(f"{folder} does not hold an exported model: {error!r}") from None
    return described
