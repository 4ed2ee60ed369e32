"""Models that run without torch: an exported file, its tokenizer, and onnxruntime."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from citeqa.index.cores import cores

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
_SLOWER_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]  # the first takes five times as long as its parts
Feed = Mapping[str, NDArray[Any]]  # what a model takes, by the names of its inputs; each of shape (texts, length)


class OnnxModel:
    """A model that runs texts one by one, as many at a time as there are cores, each on one of them.

    No text is padded, none can change what is computed for another, and no core waits for others within a text, which
    made it faster than batches with every core for each: ten texts of about 200 tokens by a third in 8 bits, by a
    fifth in fp32; one question alone takes 1.4 times as long in fp32, of sixteen 1.6 times as many get done. May be
    shared between threads: each has only a few texts waiting at a time, so that no one waits for all of another's.
    """

    def __init__(self, path: Path) -> None:
        self._session = session(path)
        self._ahead = 2 * cores()
        self._cores = ThreadPoolExecutor(cores(), thread_name_prefix="model")

    def run(self, feeds: Iterable[Feed]) -> Iterator[list[NDArray[np.float32]]]:
        """What the model gives for each text, in their order. What has not begun is dropped if the caller stops."""
        waiting = deque[Future[list[NDArray[np.float32]]]]()
        try:
            for feed in feeds:
                waiting.append(self._cores.submit(run, self._session, feed))
                if len(waiting) == self._ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def session(path: Path) -> onnxruntime.InferenceSession:
    """A model that runs on the core of whoever calls it; several may call it at once."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER_FUSED
    )


def run(model: onnxruntime.InferenceSession, feed: Feed) -> list[NDArray[np.float32]]:
    """Every output of a model; of what is fed it takes the inputs that it has."""
    found: list[NDArray[np.float32]] = model.run(None, {value.name: feed[value.name] for value in model.get_inputs()})
    return found


def tokenizer(path: Path, max_length: int | None = None) -> Tokenizer:
    """A tokenizer that cuts at `max_length` tokens, or never; not to be changed, so that threads may share it."""
    loaded = Tokenizer.from_file(str(path))
    loaded.no_padding()
    if max_length is None:
        loaded.no_truncation()
    else:
        loaded.enable_truncation(max_length)
    return loaded
