"""Which embedder runs: the exported form of a model where there is one, the model itself where there cannot be.

<cache>/<first digits of the model's digest>-<precision>/    the exported form
<cache>/names/<digest of a name>                             the digest of the hub's model that was loaded by it
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from citeqa.index.atomic import write_json
from citeqa.index.embedding.weights import digest

if TYPE_CHECKING:
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder

log = logging.getLogger(__name__)

PRECISIONS = ("fp32", "int8")


def load_embedder(model: str, cache: Path, precision: str = "fp32") -> Embedder:
    """The embedder for a model, ready to run.

    The first time, sentence-transformers loads the model and its exported form is written into `cache`; from then on
    torch is not imported. A model that cannot be exported runs through sentence-transformers, and the log says so.

    Raises:
        EmbedderError: if the model cannot be loaded, or does not run here as it did where it was exported.
    """
    from citeqa.index.embedding.onnx_embedder import DamagedExportError, OnnxEmbedder

    alias = cache / "names" / hashlib.sha256(model.encode()).hexdigest()[:16]
    known = digest(model) or (str(json.loads(alias.read_text())) if alias.exists() else None)
    if known:
        try:
            return OnnxEmbedder.open(_folder(cache, known, precision))
        except DamagedExportError as error:
            log.warning("exporting the model %s again: %s", model, error)
            shutil.rmtree(_folder(cache, known, precision))
        except FileNotFoundError:
            log.info("preparing the model %s: this is done once", model)
    from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder

    reference = SentenceTransformerEmbedder(model)
    if digest(model) is None:
        alias.parent.mkdir(parents=True, exist_ok=True)
        write_json(alias, reference.info.sha256)
    return _exported(reference, _folder(cache, reference.info.sha256, precision), precision)


def _folder(cache: Path, sha256: str, precision: str) -> Path:
    return cache / f"{sha256[:16]}-{precision}"


def _exported(reference: SentenceTransformerEmbedder, folder: Path, precision: str) -> Embedder:
    from citeqa.index.embedding.export import ExportError, export
    from citeqa.index.embedding.onnx_embedder import OnnxEmbedder

    try:
        export(reference, folder, precision)
    except ExportError as error:
        name = reference.info.name
        log.warning("%s cannot be exported (%s); it runs through sentence-transformers, more slowly", name, error)
        return reference
    return OnnxEmbedder.open(folder)
