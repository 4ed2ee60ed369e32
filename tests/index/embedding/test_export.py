"""The exported form of a model: what serves is what was trained, and it runs without torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.models import save_tiny_model
from support.paths import SEEDS

from citeqa.index.documents.corpus import load
from citeqa.index.embedding import export
from citeqa.index.embedding.loading import PRECISIONS, load_embedder
from citeqa.index.embedding.onnx_embedder import DESCRIPTION, OnnxEmbedder
from citeqa.index.embedding.runtime import MODEL, TOKENIZER
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.errors import EmbedderError, IndexMismatchError
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Document

HEAVY = {"torch", "transformers", "sentence_transformers", "scipy", "sklearn", "onnx", "onnxscript"}
MODELS_AND_INDEXES = {"onnxruntime", "tokenizers", "faiss", "tantivy", "numpy", "fastapi", "uvicorn", "httpx"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def exported(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exported form of the tiny model; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("exported")
    load_embedder(str(tiny), folder, "fp32")
    return folder


@pytest.fixture(scope="module")
def paragraphs() -> list[str]:
    articles = [item.text for item in load([SEEDS]) if isinstance(item, Document)]
    return [line for article in articles for line in article.splitlines() if line.strip()]


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "cosine"), [("fp32", 0.99999), ("int8", 0.997)])
def test_the_exported_model_gives_the_originals_vectors(
    models: Path, reference: SentenceTransformerEmbedder, paragraphs: list[str], precision: str, cosine: float
) -> None:
    exported = load_embedder(DEFAULT_MODEL, models, precision)
    assert isinstance(exported, OnnxEmbedder)
    wanted, found = reference.embed_passages(paragraphs), exported.embed_passages(paragraphs)
    assert (wanted * found).sum(axis=1).min() > cosine
    assert exported.count_tokens(paragraphs) == reference.count_tokens(paragraphs)


@pytest.mark.slow
def test_another_model_is_exported_with_its_prefixes(tiny: Path, exported: Path) -> None:
    wanted, found = SentenceTransformerEmbedder(str(tiny)), load_embedder(str(tiny), exported, "fp32")
    assert isinstance(found, OnnxEmbedder)
    assert found.info == wanted.info
    for text in ("hello world", "world " * 100, ""):
        assert np.abs(found.embed_query(text) - wanted.embed_query(text)).max() < 1e-5
        assert np.abs(found.embed_passages([text]) - wanted.embed_passages([text])).max() < 1e-5


@pytest.mark.slow
def test_two_versions_of_a_model_never_share_an_export(tiny: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny, tmp_path / "model")
    first = load_embedder(str(copy), tmp_path / "cache", "fp32")
    shutil.rmtree(copy)
    save_tiny_model(tmp_path, dtype="float16")
    second = load_embedder(str(copy), tmp_path / "cache", "fp32")
    assert first.info.sha256 != second.info.sha256
    assert len(list((tmp_path / "cache").glob("[!.]*"))) == 2


@pytest.mark.slow
def test_an_export_that_disagrees_is_refused_and_the_original_serves(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(export.AGREEMENT, "fp32", 1.1)
    embedder = load_embedder(str(tiny), tmp_path, "fp32")
    assert isinstance(embedder, SentenceTransformerEmbedder)
    assert "it runs through sentence-transformers" in caplog.text
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [], "half an export was left behind"


@pytest.mark.slow
@pytest.mark.parametrize("name", [MODEL, TOKENIZER, DESCRIPTION])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_export_is_made_again(
    tiny: Path, exported: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, damage: str
) -> None:
    wanted = load_embedder(str(tiny), exported, "fp32").embed_query("hello")
    cache = shutil.copytree(exported, tmp_path / "cache")
    (file,) = cache.glob(f"*/{name}")
    if damage == "gone":
        file.unlink()
    else:
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2] + (b"" if damage == "cut" else b"\x00" + data[len(data) // 2 + 1 :]))
    assert np.array_equal(load_embedder(str(tiny), cache, "fp32").embed_query("hello"), wanted)
    assert "exporting the model" in caplog.text


@pytest.mark.slow
def test_a_processor_that_computes_other_vectors_is_refused(tiny: Path, exported: Path, tmp_path: Path) -> None:
    cache = shutil.copytree(exported, tmp_path / "cache")
    (file,) = cache.glob(f"*/{DESCRIPTION}")
    described = json.loads(file.read_text())
    described["probe"]["vector"] = described["probe"]["vector"][::-1]
    file.write_text(json.dumps(described))
    with pytest.raises(EmbedderError, match=r"gives other vectors on this processor .+ --precision fp32"):
        load_embedder(str(tiny), cache, "fp32")


@pytest.mark.slow
def test_precisions_are_never_mixed_in_one_index(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Hello world.")
    fp32, int8 = (load_embedder(str(tiny), tmp_path / "models", precision) for precision in PRECISIONS)
    update(tmp_path / "index", [tmp_path / "a.txt"], int8)
    with pytest.raises(IndexMismatchError, match="precision is 'int8' there, 'fp32' here"):
        update(tmp_path / "index", [tmp_path / "a.txt"], fp32)
    index = Index(tmp_path / "index")
    assert index.precision == "int8"
    with pytest.raises(IndexMismatchError):
        index.check(fp32.info)
    index.close()


def loaded_by(code: str) -> set[str]:
    """The modules that a program has loaded at its end."""
    program = f"import sys\n{code}\nprint('LOADED', *sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.partition("LOADED")[2].split())


@pytest.mark.slow
def test_a_question_loads_neither_torch_nor_anything_like_it(seeds_index: Path) -> None:
    asking = f"sys.argv = ['citeqa', 'ask', 'Who met Rubio?', '--index', {str(seeds_index)!r}]"
    loaded = loaded_by(f"{asking}\nfrom citeqa.api.cli.main import app\napp(standalone_mode=False)")
    assert "onnxruntime" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.slow
def test_serving_loads_neither_torch_nor_anything_like_it(seeds_index: Path, models: Path) -> None:
    serving = (
        "from pathlib import Path\nfrom citeqa.api.service import Service\n"
        "from citeqa.api.evaluation.local import serving\n"
        f"with serving(Service.open(Path({str(seeds_index)!r}), Path({str(models)!r}))) as client:\n"
        "    assert client.ask({'question': 'Who met Rubio?'})['evidence']"
    )
    assert loaded_by(serving) & HEAVY == set()


@pytest.mark.parametrize("command", ["--help", "ask", "serve"])
def test_help_loads_nothing_that_it_does_not_need(command: str) -> None:
    asked = f"sys.argv = ['citeqa', {command!r}, '--help']"
    loaded = loaded_by(f"{asked}\nfrom citeqa.api.cli.main import app\ntry:\n    app()\nexcept SystemExit:\n    pass")
    assert loaded & (HEAVY | MODELS_AND_INDEXES) == set()
