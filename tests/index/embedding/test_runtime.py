"""Models run side by side: the very same numbers alone, among others and from many threads; stopped when asked to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from support.paths import SEEDS

from citeqa.index.cores import cores
from citeqa.index.documents.corpus import load
from citeqa.index.embedding import runtime
from citeqa.index.embedding.loading import PRECISIONS, load_embedder
from citeqa.index.embedding.onnx_embedder import OnnxEmbedder
from citeqa.index.embedding.runtime import MODEL, Feed, OnnxModel
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.types import Document
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Texts of very different lengths, empty ones among them."""
    articles = [item.text for item in load([SEEDS]) if isinstance(item, Document)]
    paragraphs = [line for article in articles for line in article.splitlines()]
    return [*articles[:2], *paragraphs[:40], "", "Cuba", "¿Qué pasó?"]


def feed(length: int) -> Feed:
    ids = np.arange(1000, 1000 + length, dtype=np.int64)[None, :]
    return {"input_ids": ids, "token_type_ids": np.zeros_like(ids), "attention_mask": np.ones_like(ids)}


@pytest.mark.parametrize("precision", [pytest.param("fp32", marks=pytest.mark.slow), "int8"])
def test_a_vector_is_the_same_to_the_bit_whatever_is_embedded_beside_it(
    models: Path, texts: list[str], precision: str
) -> None:
    embedder = load_embedder(DEFAULT_MODEL, models, precision)
    together = embedder.embed_passages(texts)
    with ThreadPoolExecutor(4) as threads:
        alone = list(threads.map(lambda text: embedder.embed_passages([text])[0], texts))
    assert np.array_equal(np.array(alone), together)
    assert np.array_equal(embedder.embed_passages(texts[::-1])[::-1], together)


def test_outputs_are_in_the_order_of_what_was_fed() -> None:
    model = OnnxModel(SHIPPED / MODEL)
    lengths = [3, 200, 8, 90, 1, 8]
    starts = [found[0].shape for found in model.run([feed(length) for length in lengths])]
    assert starts == [(1, length) for length in lengths]
    assert list(model.run([])) == []


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the texts are that any model has begun to compute, in that order."""
    lengths, original = list[int](), runtime.run

    def counted(model: onnxruntime.InferenceSession, fed: Feed) -> list[NDArray[np.float32]]:
        lengths.append(fed["input_ids"].size)
        return original(model, fed)

    monkeypatch.setattr(runtime, "run", counted)
    return lengths


@pytest.mark.slow
def test_who_has_one_text_does_not_wait_for_all_of_somebody_elses(begun: list[int]) -> None:
    model = OnnxModel(SHIPPED / MODEL)
    many = model.run([feed(64)] * 500)
    next(many)
    assert len(list(model.run([feed(3)]))) == 1
    assert len(begun) <= 2 * cores() + 1
    assert len(list(many)) == 499


def test_what_has_not_begun_is_dropped_when_the_caller_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()
    lengths = list[int]()

    def held(model: onnxruntime.InferenceSession, fed: Feed) -> list[NDArray[np.float32]]:
        lengths.append(fed["input_ids"].size)
        if lengths != [1]:  # all but the first stay on their cores
            begun.release()
            assert go_on.wait(60)
        return []

    monkeypatch.setattr(runtime, "run", held)
    model = OnnxModel(SHIPPED / MODEL)
    outputs = model.run([feed(1), *[feed(2)] * 100])
    next(outputs)
    for _ in range(cores()):
        assert begun.acquire(timeout=60)
    del outputs
    go_on.set()
    list(model.run([feed(3)]))  # its turn comes after all that was waiting
    assert lengths == [1, *[2] * cores(), 3]


def test_a_failing_text_fails_its_caller_and_nobody_else() -> None:
    model = OnnxModel(SHIPPED / MODEL)
    beyond = feed(4)["input_ids"] + 10_000_000
    with pytest.raises(Exception, match="indices"):
        list(model.run([feed(5), {**feed(4), "input_ids": beyond}, feed(6)]))
    assert len(list(model.run([feed(5)] * 3))) == 3


def test_the_threads_of_a_model_end_with_it() -> None:
    model = OnnxModel(SHIPPED / MODEL)
    list(model.run([feed(9)] * 20))
    running = [thread for thread in threading.enumerate() if thread in model._cores._threads]
    assert running
    del model
    for thread in running:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.slow
def test_models_are_not_refused_where_sums_are_only_rounded_otherwise(
    models: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_embedder(DEFAULT_MODEL, models, precision)
    monkeypatch.setattr(runtime, "_SLOWER_FUSED", [])
    assert isinstance(load_embedder(DEFAULT_MODEL, models, precision), OnnxEmbedder)
    OnnxReader(SHIPPED)
