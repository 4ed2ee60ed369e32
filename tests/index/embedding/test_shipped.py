"""The default model as it is shipped: the file that its card names, near the original, the same on every processor."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from support.embedders import INFO
from support.paths import SEEDS

from citeqa.index.atomic import sha256
from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.corpus import load
from citeqa.index.embedding import loading
from citeqa.index.embedding.loading import SHIPPED, load_embedder
from citeqa.index.embedding.onnx_embedder import OnnxEmbedder
from citeqa.index.embedding.runtime import MODEL, TOKENIZER, session, tokenizer
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.embedding.weights import DEFAULT_MODEL, DEFAULT_MODEL_SHA256
from citeqa.index.errors import EmbedderError, IndexMismatchError
from citeqa.index.storage.settings import check_settings, settings_of
from citeqa.index.types import Document

CARD = (SHIPPED / "CARD.md").read_text(encoding="utf-8") if (SHIPPED / "CARD.md").exists() else ""
WRITTEN = [
    "When does the night ferry to the islands leave?",
    "The night ferry leaves at 23:40 from pier four; passengers must be on board a quarter of an hour before.",
    "Who is in charge of the water works?",
    "After eleven years the director of the water works, Mirela Kovač, hands over to her deputy on 1 March.",
    "The new line is 18.4 km long and cost 2.1 billion euros, 340 million more than planned.",
    "cheap hotels near the old market",
    "Bees dance to tell the others where the flowers are.",
]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> OnnxEmbedder:
    """The shipped form; its cache stays empty."""
    cache = tmp_path_factory.mktemp("cache")
    opened = load_embedder(DEFAULT_MODEL, cache, "int8")
    assert isinstance(opened, OnnxEmbedder)
    assert list(cache.iterdir()) == []
    return opened


@pytest.fixture(scope="module")
def passages(shipped: OnnxEmbedder) -> list[str]:
    """Passages of the seeds as an index embeds them, and texts that were written for this test."""
    chunker = Chunker(shipped.count_tokens, shipped.info.max_tokens, ChunkerSettings())
    documents = [item for item in load([SEEDS]) if isinstance(item, Document)]
    seeds = [indexed_text(chunker.heading(one), passage) for one in documents for passage in chunker.chunk(one)]
    return [*seeds, *WRITTEN]


def test_the_card_names_the_file_that_is_there() -> None:
    size = (SHIPPED / MODEL).stat().st_size
    assert size <= 24_000_000
    assert f"{size:,} bytes" in CARD
    assert f"`{sha256(SHIPPED / MODEL)}`" in CARD
    assert DEFAULT_MODEL_SHA256 in CARD
    assert "Apache-2.0" in CARD
    assert re.search(r"cosine 0\.\d{4}\s+in\s+the\s+mean,\s+0\.\d{4}\s+at\s+least", CARD)


def test_it_says_which_weights_and_which_form_it_is(shipped: OnnxEmbedder) -> None:
    info = shipped.info
    assert (info.name, info.sha256, info.precision) == (DEFAULT_MODEL, DEFAULT_MODEL_SHA256, "int8")
    assert info.form_sha256 == sha256(SHIPPED / MODEL)


def test_an_index_of_another_rounding_is_refused_with_the_command_that_mends_it(shipped: OnnxEmbedder) -> None:
    wanted = settings_of(shipped.info, ChunkerSettings())
    before = settings_of(replace(shipped.info, form_sha256=None), ChunkerSettings())  # rounded where it was made
    with pytest.raises(IndexMismatchError, match=r"embedder\.form_sha256 is None there.+citeqa index --rebuild"):
        check_settings("there", before, wanted)
    check_settings("there", wanted, wanted)


def test_a_form_that_is_not_shipped_is_no_setting() -> None:
    assert "embedder.form_sha256" not in settings_of(INFO, ChunkerSettings())


@pytest.mark.parametrize("name", [MODEL, TOKENIZER])
def test_damage_is_named_and_mended_by_installing_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(SHIPPED, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes()[:-1])
    monkeypatch.setattr(loading, "SHIPPED", copy)
    with pytest.raises(EmbedderError, match=rf"{name} has SHA-256 .+; reinstall citeqa"):
        load_embedder(DEFAULT_MODEL, tmp_path / "cache", "int8")


def test_vectors_are_the_same_alone_among_others_and_opened_again(shipped: OnnxEmbedder, passages: list[str]) -> None:
    together = shipped.embed_passages(passages)
    assert (OnnxEmbedder.open(SHIPPED).embed_passages(passages[::-1])[::-1] == together).all()
    for position in range(0, len(passages), 5):
        assert (shipped.embed_passages([passages[position]])[0] == together[position]).all()
        assert (shipped.embed_query(passages[position]) == together[position]).all()


@pytest.mark.slow
def test_vectors_are_near_those_of_sentence_transformers(
    shipped: OnnxEmbedder, reference: SentenceTransformerEmbedder, passages: list[str]
) -> None:
    cosines = (shipped.embed_passages(passages) * reference.embed_passages(passages)).sum(axis=1)
    assert cosines.mean() > MEAN
    assert cosines.min() > LEAST
    assert shipped.count_tokens(passages) == reference.count_tokens(passages)


MEAN, LEAST = 0.999, 0.998


# --- sums of products on x86 without VNNI


def saturating(activations: NDArray[np.uint8], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """Products of rows and columns as `vpmaddubsw` and `vpmaddwd` add them: two neighbours in 16 bits, saturated,
    then all in 32."""
    a, w = activations.astype(np.int32), weights.astype(np.int32)
    total = np.zeros((a.shape[0], w.shape[1]), dtype=np.int32)
    for first in range(0, a.shape[1], 2):
        pair = a[:, first : first + 2] @ w[first : first + 2]
        total += np.clip(pair, -(2**15), 2**15 - 1)
    return total


def products() -> list[tuple[str, str, NDArray[np.int8], str, str]]:
    """Of each product in integers: the names of its activations and of its result, its weights, and the names of their
    scales and of the integer that means zero in the activations."""
    graph = onnx.load(SHIPPED / MODEL).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    return [(node.input[0], node.output[0], constants[node.input[1]], *node.input[3:5]) for node in nodes]


@pytest.mark.slow
def test_every_product_is_what_processors_without_vnni_compute(tmp_path: Path, passages: list[str]) -> None:
    found = products()
    assert len(found) == 36
    model = onnx.load(SHIPPED / MODEL)
    constants: dict[str, Any] = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name in sorted({name for name, *_ in found}):
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.UINT8, None))
    for _, name, *_ in found:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / MODEL)
    running = session(tmp_path / MODEL)
    ids = np.array([tokenizer(SHIPPED / TOKENIZER, 64).encode(passages[0]).ids], dtype=np.int64)
    names = [value.name for value in running.get_outputs()]
    values = dict(zip(names, running.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)}), strict=True))
    full = 0
    for source, result, weights, scale, zero in found:
        activations = values[source][0]
        exact = activations.astype(np.int32) @ weights.astype(np.int32)
        assert (saturating(activations, weights) == exact).all()
        centred = exact - int(constants[zero]) * weights.astype(np.int32).sum(axis=0)
        assert (values[result][0] == centred.astype(np.float32) * constants[scale]).all()
        eight = np.rint(weights * (127 / 63)).astype(np.int8)
        full += int((saturating(activations, eight) != activations.astype(np.int32) @ eight.astype(np.int32)).sum())
    assert {int(constants[zero]) for *_, zero in found} == {64, 128}, "GELU's products have their own zero"
    assert full > 0, "weights of full 8 bits would not have saturated either: the test shows nothing"


def test_no_pair_of_products_can_saturate_whatever_the_text() -> None:
    for _, _, weights, _, _ in products():
        w = weights.astype(np.int64)
        one, other = w[0::2], w[1::2]
        assert (255 * (np.maximum(one, 0) + np.maximum(other, 0))).max() < 2**15
        assert (255 * (np.minimum(one, 0) + np.minimum(other, 0))).min() >= -(2**15)
