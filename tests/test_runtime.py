"""Models run side by side: the very same numbers alone, among others and from many threads; stopped when asked to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import SEEDS

from index import runtime
from index.corpus import load
from index.models import PRECISIONS, load_embedder
from index.runtime import MODEL, Feed, OnnxEmbedder, SideBySide
from index.sources import DEFAULT_MODEL
from index.types import Document
from rag.reader import SHIPPED, OnnxReader


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Texts of very different lengths, empty ones among them."""
    articles = [item.text for item in load([SEEDS]) if isinstance(item, Document)]
    paragraphs = [line for article in articles for line in article.splitlines()]
    return [*articles[:2], *paragraphs[:40], "", "Cuba", "¿Qué pasó?"]


def feed(length: int) -> Feed:
    ids = np.arange(1000, 1000 + length, dtype=np.int64)[None, :]
    return {"input_ids": ids, "token_type_ids": np.zeros_like(ids), "attention_mask": np.ones_like(ids)}


@pytest.mark.parametrize("precision", PRECISIONS)
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
    model = SideBySide(SHIPPED / MODEL)
    lengths = [3, 200, 8, 90, 1, 8]
    starts = [found[0].shape for found in model.run([feed(length) for length in lengths])]
    assert starts == [(1, length) for length in lengths]
    assert list(model.run([])) == []


def test_what_has_not_begun_is_dropped_when_the_caller_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, original = [], runtime.run

    def counted(*given: object) -> object:
        begun.append(given)
        return original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(runtime, "run", counted)
    model = SideBySide(SHIPPED / MODEL)
    outputs = model.run([feed(64)] * 2000)
    next(outputs)
    del outputs
    assert len(list(model.run([feed(3)]))) == 1  # comes after all that was still waiting
    assert len(begun) < 1000


def test_a_failing_text_fails_its_caller_and_nobody_else() -> None:
    model = SideBySide(SHIPPED / MODEL)
    beyond = feed(4)["input_ids"] + 10_000_000
    with pytest.raises(Exception, match="indices"):
        list(model.run([feed(5), {**feed(4), "input_ids": beyond}, feed(6)]))
    assert len(list(model.run([feed(5)] * 3))) == 3


def test_the_threads_of_a_model_end_with_it() -> None:
    model = SideBySide(SHIPPED / MODEL)
    list(model.run([feed(9)] * 20))
    running = [thread for thread in threading.enumerate() if thread in model._cores._threads]
    assert running
    del model
    for thread in running:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_models_are_not_refused_where_sums_are_only_rounded_otherwise(
    models: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_embedder(DEFAULT_MODEL, models, precision)
    monkeypatch.setattr(runtime, "_SLOWER_FUSED", [])
    assert isinstance(load_embedder(DEFAULT_MODEL, models, precision), OnnxEmbedder)
    OnnxReader(SHIPPED)
