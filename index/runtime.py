"""Models that run without torch: an exported file, its tokenizer, and onnxruntime."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from index.cores import cores
from index.embedder import EmbedderInfo, Vectors
from index.errors import EmbedderError
from index.files import sha256

MODEL, TOKENIZER, DESCRIPTION = "model.onnx", "tokenizer.json", "model.json"
SAME = 0.9999  # cosine that the probe's vector must have here with the one it had where the model was exported
_BATCH_TOKENS = 1024  # tokens run together: more does not go faster on two cores, and costs memory
_BLOCK = 4096  # texts tokenized and ordered by length together: bounds memory however many there are
_SLACK = 8  # texts of one batch differ in length by less than so many tokens


class DamagedExportError(EmbedderError):
    """The files are not those that were exported; they can be exported again."""


class OnnxEmbedder:
    """An exported embedding model. May be shared between threads; they take turns, each with every core."""

    def __init__(self, folder: Path, info: EmbedderInfo) -> None:
        """Run the files in `folder` as they are; `open` checks them first."""
        self._info = info
        self._session = session(folder / MODEL, spinning=True)
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._counting = tokenizer(folder / TOKENIZER)
        special = self._counting.num_special_tokens_to_add(False)
        prefix = max(self.count_tokens([info.query_prefix, info.passage_prefix]))
        self._cutting = tokenizer(folder / TOKENIZER, info.max_tokens + special + prefix)
        self._lock = threading.Lock()

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
        if not cosine >= SAME:
            raise EmbedderError(
                f"the model {opened.info.name!r} in precision {opened.info.precision} gives other vectors on this "
                f"processor than on the one it was exported on (cosine {cosine:.5f}, needed {SAME}); "
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
            for rows in batches([len(row) for row in ids]):
                block[rows] = self._run([ids[i] for i in rows])
                if progress:
                    progress(len(rows))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._run([self._cutting.encode(self._info.query_prefix + text).ids])[0]
        return vector

    def _run(self, ids: list[list[int]]) -> Vectors:
        length = max(len(row) for row in ids)
        tokens = np.zeros((len(ids), length), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for i, row in enumerate(ids):
            tokens[i, : len(row)] = row
            mask[i, : len(row)] = 1
        given = {"input_ids": tokens, "attention_mask": mask}
        with self._lock:
            (found,) = self._session.run(None, {name: given[name] for name in self._inputs})
        vectors: Vectors = found / np.linalg.norm(found, axis=1, keepdims=True)
        return vectors


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of texts to run together: of about one length, so that hardly anything is padded, and not too many."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    start = 0
    for end in range(1, len(order) + 1):
        if end < len(order):
            longest = lengths[order[end]]
            room = longest * (end + 1 - start) <= _BATCH_TOKENS and longest - lengths[order[start]] < _SLACK
            if room:
                continue
        yield order[start:end]
        start = end


def session(path: Path, *, spinning: bool = False) -> onnxruntime.InferenceSession:
    """A model that uses every core for one text.

    Its threads sleep between the steps of a run: spinning, as they do by default, they take the cores from whoever has
    work, be it another question or another program. `spinning` is for runs so short that waking the threads would be a
    good part of them; after the run those sleep as well.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def tokenizer(path: Path, max_length: int | None = None) -> Tokenizer:
    """A tokenizer that cuts at `max_length` tokens, or never; not to be changed, so that threads may share it."""
    loaded = Tokenizer.from_file(str(path))
    loaded.no_padding()
    if max_length is None:
        loaded.no_truncation()
    else:
        loaded.enable_truncation(max_length)
    return loaded


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
